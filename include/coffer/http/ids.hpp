// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_IDS_HPP
#define COFFER_HTTP_IDS_HPP

#include <coffer/any_vault.hpp>
#include <coffer/format/codec.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace coffer::inline COFFER_ABI::http {

/// A prefix and 16 random characters of `0-9A-Z` (82 bits), without `ENV` in them, since a driver
/// of the JavaScript listener takes an id that holds `env` for an environment's.
/// Errors: those of the cipher's generator.
inline auto make_id(const any_vault& vault, std::string_view prefix) -> result<std::string> {
    constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    constexpr unsigned fair = 256 / 36 * 36; // bytes beyond would favour the first letters
    for (;;) {
        std::string out;
        while (out.size() < 16) {
            std::array<std::byte, 32> noise{};
            if (auto made = vault->random(noise); !made) return made.error();
            for (const auto b : noise)
                if (const auto n = std::to_integer<unsigned>(b); n < fair && out.size() < 16)
                    out.push_back(letters[n % letters.size()]);
        }
        if (out.find("ENV") == out.npos) return std::string(prefix) + out;
    }
}

/// Ten hexadecimal digits that lead from a secret's id to its environment: FNV-1a with 64 bits,
/// folded to 40 (http://www.isthe.com/chongo/tech/comp/fnv/). No secret, and no proof of anything.
inline auto environment_mark(std::string_view environment) -> std::string {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : environment) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3;
    }
    hash = (hash >> 40) ^ (hash & 0xff'ffff'ffff);
    std::array<std::byte, 5> folded{};
    for (std::size_t i = 0; i < folded.size(); ++i)
        folded[i] = static_cast<std::byte>(hash >> (8 * (4 - i)));
    return format::to_hex(folded);
}

inline constexpr std::string_view secret_id_prefix = "us_sec_";

/// The ids on the wire of one environment's secrets: `us_sec_`, the mark of the environment, the
/// secret's own 16 bytes in hex.
class wire_ids {
public:
    explicit wire_ids(std::string_view environment)
        : text_(std::string(secret_id_prefix) + environment_mark(environment)),
          shared_(text_.size()) {
        text_.resize(shared_ + 2 * std::tuple_size_v<format::secret_id>);
    }
    /// Valid until the next call.
    auto of(const format::secret_id& id) & -> std::string_view {
        format::to_hex(id, text_.data() + shared_);
        return text_;
    }

private:
    std::string text_;
    std::size_t shared_; ///< How much of it all ids begin with.
};

inline auto wire_id(std::string_view environment, const format::secret_id& id) -> std::string {
    wire_ids ids(environment);
    return std::string(ids.of(id));
}

} // namespace coffer::inline COFFER_ABI::http

#endif
