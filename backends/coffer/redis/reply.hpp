// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_REPLY_HPP
#define COFFER_REDIS_REPLY_HPP

#include <coffer/result.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis {

/// What a reply of Redis is. Maps and sets are arrays here; booleans, doubles and big numbers
/// texts.
enum class reply_kind : unsigned char { text, number, null, array, push, error };

/// One reply, or one element of one.
struct reply {
    reply_kind kind = reply_kind::null;
    std::int64_t number = 0;
    std::string text{}; ///< Of a text or an error: any bytes.
    std::vector<reply> items{};

    auto is(reply_kind what) const noexcept -> bool { return kind == what; }
};

/// Takes replies out of a stream of bytes in the protocol RESP3 (and its subset RESP2), as the
/// Redis documentation "Redis serialization protocol specification" has it. Whoever sends them is
/// not trusted: no memory is taken for what is announced but not sent, and what is sent is bounded.
///
/// Refused, as `tampered`: anything that is not of the protocol; a line over 16 KiB; depth over 8;
/// streamed and attributed replies, which nobody asks Redis for. As `too_large`: a reply over the
/// limit. After a refusal the stream can't be used any more. For one thread at a time.
class reply_parser {
public:
    static constexpr std::size_t most_depth = 8;
    static constexpr std::size_t most_line = std::size_t{16} << 10;

    /// How much memory each of the next replies may take: its texts, and sizeof(reply) an element.
    void limit(std::size_t bytes) noexcept { most_bytes_ = bytes; }

    /// Where up to `size` bytes that were read may be put; follow with took().
    auto room(std::size_t size) -> std::span<char> {
        if (begin_ == end_) begin_ = end_ = searched_ = 0;
        if (buffer_.size() - end_ < size) {
            if (begin_ != 0) {
                std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
                end_ -= begin_;
                searched_ -= std::min(searched_, begin_);
                begin_ = 0;
            }
            if (buffer_.size() - end_ < size) buffer_.resize(end_ + size);
        }
        return {buffer_.data() + end_, size};
    }
    void took(std::size_t size) noexcept { end_ += size; }
    /// For those who have the bytes elsewhere.
    void feed(std::string_view data) {
        std::ranges::copy(data, room(data.size()).begin());
        took(data.size());
    }

    /// How many bytes would help most, at least 1: so that a large value is read in large pieces.
    auto wanted() const noexcept -> std::size_t {
        constexpr std::size_t least = std::size_t{16} << 10;
        constexpr std::size_t most = std::size_t{1} << 20;
        if (!bulk_) return least;
        const auto held = end_ - begin_;
        return std::clamp(*bulk_ + 2 > held ? *bulk_ + 2 - held : 1, least, most);
    }
    /// Whether nothing has come that was not taken out.
    auto idle() const noexcept -> bool { return begin_ == end_ && !bulk_ && open_.empty(); }

    /// The next whole reply; nothing if more bytes are needed.
    auto next() -> result<std::optional<reply>> {
        for (;;) {
            std::optional<reply> element;
            const auto state = bulk_ ? take_bulk(element) : take_line(element);
            if (state == step::broken) return errc::tampered;
            if (state == step::too_large) return errc::too_large;
            if (state == step::starved) return std::optional<reply>();
            if (!element) continue; // a bulk or an aggregate was begun
            if (auto whole = place(*std::move(element))) {
                bytes_ = 0;
                return whole;
            }
        }
    }

private:
    enum class step : unsigned char { went_on, starved, broken, too_large };
    struct aggregate {
        reply held{};
        std::size_t missing = 0;
    };

    /// Puts an element where it belongs; answers the reply if that completed it.
    auto place(reply element) -> std::optional<reply> {
        while (!open_.empty()) {
            auto& parent = open_.back();
            parent.held.items.push_back(std::move(element));
            if (--parent.missing != 0) return std::nullopt;
            element = std::move(parent.held);
            open_.pop_back();
        }
        return element;
    }

    auto take_bulk(std::optional<reply>& out) -> step {
        const auto size = *bulk_;
        if (end_ - begin_ < size + 2) return step::starved;
        const char* const from = buffer_.data() + begin_;
        if (from[size] != '\r' || from[size + 1] != '\n') return step::broken;
        const auto skipped = bulk_kind_ == '=' ? std::size_t{4} : 0; // "txt:"
        if (size < skipped) return step::broken;
        out = reply{bulk_kind_ == '!' ? reply_kind::error : reply_kind::text,
                    0,
                    std::string(from + skipped, size - skipped),
                    {}};
        consume(size + 2);
        bulk_.reset();
        return step::went_on;
    }

    auto take_line(std::optional<reply>& out) -> step {
        const std::string_view held(buffer_.data() + begin_, end_ - begin_);
        const auto end = held.find('\n', searched_ > begin_ ? searched_ - begin_ : 0);
        if (end == held.npos) {
            searched_ = end_;
            return held.size() > most_line ? step::broken : step::starved;
        }
        if (end > most_line || end < 2 || held[end - 1] != '\r') return step::broken;
        const auto state = understand(held[0], held.substr(1, end - 2), out);
        consume(end + 1);
        return state;
    }

    auto understand(char kind, std::string_view line, std::optional<reply>& out) -> step {
        if (!account(sizeof(reply))) return step::too_large;
        switch (kind) {
        case '+':
        case ',':
        case '(':
        case '#': return simple(reply_kind::text, line, out);
        case '-': return simple(reply_kind::error, line, out);
        case ':': {
            out.emplace();
            out->kind = reply_kind::number;
            const auto [rest, wrong] =
                std::from_chars(line.data(), line.data() + line.size(), out->number);
            return wrong == std::errc() && rest == line.data() + line.size() ? step::went_on
                                                                             : step::broken;
        }
        case '_': out.emplace(); return line.empty() ? step::went_on : step::broken;
        case '$':
        case '!':
        case '=': return begin_bulk(kind, line, out);
        case '*': return begin_aggregate(reply_kind::array, line, 1, out, true);
        case '~': return begin_aggregate(reply_kind::array, line, 1, out);
        case '%': return begin_aggregate(reply_kind::array, line, 2, out);
        case '>': return begin_aggregate(reply_kind::push, line, 1, out);
        default: return step::broken;
        }
    }

    auto simple(reply_kind kind, std::string_view line, std::optional<reply>& out) -> step {
        if (!account(line.size())) return step::too_large;
        out = reply{kind, 0, std::string(line), {}};
        return step::went_on;
    }
    auto begin_bulk(char kind, std::string_view line, std::optional<reply>& out) -> step {
        if (line == "-1" && kind == '$') {
            out.emplace();
            return step::went_on;
        }
        const auto size = length(line);
        if (!size) return step::broken;
        if (!account(*size)) return step::too_large;
        bulk_ = *size;
        bulk_kind_ = kind;
        return step::went_on;
    }
    auto begin_aggregate(reply_kind kind, std::string_view line, std::size_t each,
                         std::optional<reply>& out, bool may_be_null = false) -> step {
        if (line == "-1" && may_be_null) {
            out.emplace();
            return step::went_on;
        }
        const auto count = length(line);
        if (!count || open_.size() == most_depth || (kind == reply_kind::push && !open_.empty()))
            return step::broken;
        if (*count > most_bytes_ / sizeof(reply) / each) return step::too_large;
        if (*count == 0) {
            out = reply{kind, 0, {}, {}};
            return step::went_on;
        }
        open_.push_back({reply{kind, 0, {}, {}}, *count * each});
        return step::went_on;
    }
    /// Digits alone, without a needless zero in front.
    static auto length(std::string_view line) noexcept -> std::optional<std::size_t> {
        std::size_t size = 0;
        const auto [rest, wrong] = std::from_chars(line.data(), line.data() + line.size(), size);
        if (wrong != std::errc() || rest != line.data() + line.size()) return std::nullopt;
        if (line.size() > 1 && line.front() == '0') return std::nullopt;
        return size;
    }
    auto account(std::size_t size) noexcept -> bool {
        if (size > most_bytes_ || bytes_ > most_bytes_ - size) return false;
        bytes_ += size;
        return true;
    }
    void consume(std::size_t size) noexcept {
        begin_ += size;
        searched_ = begin_;
    }

    std::string buffer_{};
    std::size_t begin_ = 0;    ///< What is before it was taken out.
    std::size_t end_ = 0;      ///< What is after it has not been read.
    std::size_t searched_ = 0; ///< No line ends before it.
    std::size_t most_bytes_ = std::size_t{1} << 20;
    std::size_t bytes_ = 0;
    std::optional<std::size_t> bulk_{};
    char bulk_kind_ = '$';
    std::vector<aggregate> open_{};
};

} // namespace coffer::inline COFFER_ABI::redis

#endif
