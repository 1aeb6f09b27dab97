// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_REPEATED_HEAD_HPP
#define COFFER_HTTP_DETAIL_REPEATED_HEAD_HPP

#include <coffer/bytes.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/strict_head.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace coffer::inline COFFER_ABI::http::detail {

/// The head of the last request on a connection, without its token. Programs send the same over and
/// over, and a head that differs from one that was good in no byte but the token's can't be read in
/// another way: what was found out from the one is true of the other, and it need not be parsed
/// again. Not thread-safe.
class repeated_head {
public:
    /// Whether a head may be kept: a GET of HTTP/1.1 that is whole without a body, has a token, is
    /// short, and has no other header that is a secret.
    static auto can_be(std::string_view head, const head_facts& facts) noexcept -> bool {
        return facts.fault == head_fault::none && facts.method == "GET" && !facts.http_1_0 &&
               !facts.chunked && !facts.sized && !facts.expects_continue &&
               !facts.authorization.empty() && !facts.other_secret && head.size() <= longest;
    }
    /// Keeps one for which can_be() holds; `token` is a part of it.
    void keep(std::string_view head, std::string_view token) {
        text_.assign(head);
        token_at_ = static_cast<std::size_t>(token.data() - head.data());
        token_size_ = token.size();
        wipe(text_.data() + token_at_, token_size_);
    }
    void forget() noexcept {
        wipe(text_.data(), text_.size());
        text_.clear();
    }
    auto holds() const noexcept -> bool { return !text_.empty(); }
    /// Of the head that is kept, and so of one that repeats it.
    auto size() const noexcept -> std::size_t { return text_.size(); }

    /// The token, a part of `data`, where that begins with a head which repeats the one kept.
    auto token_in(std::string_view data) const noexcept -> std::optional<std::string_view> {
        if (text_.empty() || data.size() < text_.size()) return std::nullopt;
        const auto end = token_at_ + token_size_;
        const std::string_view mine(text_);
        const auto token = data.substr(token_at_, token_size_);
        if (data.substr(0, token_at_) != mine.substr(0, token_at_) ||
            data.substr(end, mine.size() - end) != mine.substr(end) || !is_value(token))
            return std::nullopt;
        return token;
    }

private:
    static constexpr std::size_t longest = std::size_t{1} << 10;

    /// Whether it is the whole of a field's value wherever blanks stand around that: nothing that
    /// ends a line, no blank at either end.
    static auto is_value(std::string_view token) noexcept -> bool {
        return good_value(token) && trim_blanks(token).size() == token.size();
    }

    wiped_text text_{};
    std::size_t token_at_ = 0;
    std::size_t token_size_ = 0;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
