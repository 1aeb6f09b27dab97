// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_REWRAP_HPP
#define COFFER_ALGORITHM_REWRAP_HPP

#include <coffer/algorithm/listed_dek.hpp>

#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::algorithm {

/// A DEK that was wrapped anew, and its keys, ready for use.
template <Cipher C>
struct rewrapped_dek {
    bytes was{}; ///< How it was wrapped.
    format::head_dek listed{};
    std::shared_ptr<const tree::dek_keys<C>> keys{};

    /// Whether this is what becomes of a DEK that a head lists, under that KEK.
    auto is_of(const format::head_dek& before, std::string_view kek_id) const -> bool {
        return was == before.wrapped && listed.kek_id == kek_id;
    }
};

/// Wraps one DEK of a verified head under another KEK (docs/format.md, Writing, step 7): it is
/// unwrapped, held against its commitment and wrapped anew. Nothing else of it changes.
///
/// Value: see rewrapped_dek. Errors: tampered (what was unwrapped is not this DEK), invalid_argument
/// (the KEK's id, or what the key side answers, is nothing that a head can hold), and what the key
/// side answers: unknown_key and key_disabled of either KEK among it.
template <Cipher C>
class rewrap {
public:
    using value_type = rewrapped_dek<C>;
    using action = std::variant<unwrap, wrap, result<value_type>>;

    rewrap(const C& cipher, subject of, format::head_dek listed, std::string kek_id)
        : cipher_(cipher), of_(std::move(of)), listed_(std::move(listed)),
          kek_id_(std::move(kek_id)) {}

    auto start() -> action { return unwrap_of(of_, listed_); }
    auto on(result<key_bytes> answer) -> action {
        if (!answer) return done(answer.error());
        dek_ = *std::move(answer);
        if (auto keys = keys_of(cipher_, of_, listed_, dek_); !keys) return done(keys.error());
        return wrap{kek_id_, key_bytes(std::as_const(dek_).view()),
                    format::wrap_aad(binding_of(of_, listed_), kek_id_)};
    }
    auto on(result<bytes> answer) -> action {
        if (!answer) return done(answer.error());
        if (!format::is_kek_id(kek_id_) || !format::is_wrapped_dek(*answer))
            return done(errc::invalid_argument);
        value_type out;
        out.listed = listed_;
        out.was = std::exchange(out.listed.wrapped, *std::move(answer));
        out.listed.kek_id = kek_id_;
        auto keys = keys_of(cipher_, of_, out.listed, dek_);
        if (!keys) return done(keys.error());
        out.keys = *std::move(keys);
        return done(std::move(out));
    }

private:
    static auto done(result<value_type> with) -> action {
        return action(std::in_place_type<result<value_type>>, std::move(with));
    }

    C cipher_;
    subject of_;
    format::head_dek listed_;
    std::string kek_id_;
    key_bytes dek_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
