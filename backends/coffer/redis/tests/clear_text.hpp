// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_CLEAR_TEXT_HPP
#define COFFER_REDIS_TESTS_CLEAR_TEXT_HPP

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace redis_test {

/// Looks through what goes to a server, or comes from it, and ends the test program if there is
/// something in clear that has to be sealed. Takes it in pieces, in any thread.
class clear_text {
public:
    /// Also these bytes: as they are, as MONITOR writes them, and as hex digits.
    void look_for(std::string_view bytes) {
        const std::lock_guard lock(mutex_);
        const auto digit = [](unsigned n) { return "0123456789abcdef"[n & 15U]; };
        std::string repr;
        std::string hex;
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            const std::string two{digit(byte >> 4U), digit(byte)};
            hex += two;
            constexpr std::string_view marks = "\n\r\t\a\b\"\\";
            constexpr std::string_view letters = "nrtab\"\\";
            if (const auto at = marks.find(c); at != marks.npos)
                repr += {'\\', letters[at]};
            else if (byte < 0x20 || byte > 0x7e)
                repr += "\\x" + two;
            else
                repr += c;
        }
        words_.push_back({std::string(bytes)});
        words_.push_back({std::move(repr)});
        words_.push_back({std::move(hex)});
    }
    void look_through(std::string_view part) {
        const std::lock_guard lock(mutex_);
        const auto old = held_.size();
        held_ += part;
        for (auto& word : words_)
            for (auto at = held_.find(word.text); at != held_.npos;
                 at = held_.find(word.text, at + 1))
                if (at + word.text.size() > old && !is_escaped(at) && word.by_chance-- == 0) {
                    std::fprintf(stderr, "a Redis was told in clear: %s\n", word.text.c_str());
                    std::abort();
                }
        constexpr std::size_t longest = 256;
        if (held_.size() > longest) held_.erase(0, held_.size() - longest);
    }

private:
    /// Whether the word would begin with the digits of a byte: MONITOR writes `\xacme` for three.
    auto is_escaped(std::size_t at) const -> bool {
        return at >= 2 && held_[at - 2] == '\\' && held_[at - 1] == 'x';
    }

    struct sought {
        std::string text{};
        int by_chance = 0; ///< So often it is let pass.
    };

    std::mutex mutex_{};
    std::string held_{}; ///< The end of what was looked through.
    /// What vaults and the command keep in tests over a Redis: names, spaces and values. Four
    /// letters are in what is sealed by chance too, once in 4 GiB, five once in a TiB; what is in
    /// clear comes again.
    std::vector<sought> words_{{"NAME_"},    {"CANARY_"}, {"LARGE_"},   {"SLACK_TOKEN"}, {"DB_URL"},
                               {"canary"},   {"globex"},  {"crest", 1}, {"brick's"},     {"value "},
                               {"note ", 1}, {"middle "}, {"acme", 2}};
};

} // namespace redis_test

#endif
