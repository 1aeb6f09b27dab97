// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_FIRST_CODE_HPP
#define COFFER_HTTP_FIRST_CODE_HPP

#include <coffer/http/tokens.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// The one-time code of the first start: with it, whoever reads the server's own output makes the
/// first token, once. It is good for ten minutes and five tries, and only while there is no token
/// at all. 40 random bits. Thread-safe.
class first_code {
public:
    static constexpr std::chrono::milliseconds good_for = std::chrono::minutes(10);
    static constexpr int most_tries = 5;

    explicit first_code(std::shared_ptr<token_registry> tokens) : tokens_(std::move(tokens)) {}

    /// Makes the code, `7K2M-94QX`; empty, and no code, where there is a token already. Errors:
    /// those of reading tokens, of the generator.
    auto make() -> result<std::string> {
        const auto first = nobody_yet();
        if (!first) return first.error();
        if (!*first) return std::string();
        std::array<std::byte, size> noise{};
        if (auto made = tokens_->vault()->random(noise); !made) return made.error();
        const std::lock_guard lock(mutex_);
        code_.clear();
        for (const auto b : noise)
            code_ += letters[std::to_integer<std::size_t>(b) % letters.size()];
        until_ = tokens_->time().boot() + good_for;
        tries_ = most_tries;
        return code_.substr(0, size / 2) + "-" + code_.substr(size / 2);
    }

    /// Whether a code is waiting. Errors: those of reading tokens.
    auto is_open() -> result<bool> {
        const std::lock_guard lock(mutex_);
        return is_good() ? nobody_yet() : result<bool>(false);
    }

    /// Makes the first token for who has the code, if `ready`, which is asked once the code is
    /// right, answers true. Every call with a code is a try; small letters and a missing dash are
    /// understood. Errors: denied (wrong, too old, too many tries, or there is a token by now: all
    /// alike); those of minting, and unavailable where it is not ready, after which the code is
    /// still good.
    template <class Ready>
    auto redeem(std::string_view typed, token_wish wish, Ready&& ready) -> result<minted_token> {
        const std::lock_guard lock(mutex_);
        if (!is_good()) return errc::denied;
        if (!is_code(typed)) {
            --tries_;
            return errc::denied;
        }
        const auto first = nobody_yet();
        if (!first) return first.error();
        if (!*first) return errc::denied;
        if (!ready()) return errc::unavailable;
        auto made = tokens_->mint(std::move(wish));
        if (made) code_.clear();
        return made;
    }

private:
    static constexpr std::size_t size = 8;
    /// Crockford's base32: no letter that an eye takes for another.
    static constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    auto nobody_yet() -> result<bool> {
        const auto all = tokens_->list();
        return all ? result<bool>(all->empty()) : result<bool>(all.error());
    }
    auto is_good() const -> bool {
        return !code_.empty() && tries_ > 0 && tokens_->time().boot() < until_;
    }
    auto is_code(std::string_view typed) const -> bool {
        std::string plain;
        for (const char c : typed.substr(0, 2 * size))
            if (c != '-' && c != ' ')
                plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        return plain.size() == code_.size() &&
               equal_constant_time(as_bytes(plain), as_bytes(code_));
    }

    std::shared_ptr<token_registry> tokens_;
    std::mutex mutex_;
    std::string code_{};
    std::chrono::milliseconds until_{};
    int tries_ = 0;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
