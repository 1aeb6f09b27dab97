// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_NEW_DEK_HPP
#define COFFER_ALGORITHM_NEW_DEK_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/format/head.hpp>
#include <coffer/tree/dek_keys.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::algorithm {

/// A DEK that was made and wrapped, and its keys, ready for use.
template <Cipher C>
struct made_dek {
    format::head_dek listed{};
    std::shared_ptr<const tree::dek_keys<C>> keys{};
};

/// Makes a DEK and wraps it under the KEK that the key side names (docs/format.md, Writing).
///
/// Value: see made_dek. Errors: unavailable (no randomness), invalid_argument (the key side's answer
/// is one that no head can hold), and what the key side answers.
template <Cipher C>
class new_dek {
public:
    using value_type = made_dek<C>;
    using action = std::variant<key_for, wrap, result<value_type>>;

    new_dek(const C& cipher, subject of, std::uint32_t number)
        : cipher_(cipher), of_(std::move(of)), number_(number) {}

    auto start() -> action { return key_for{of_.environment}; }
    auto on(result<std::string> answer) -> action {
        if (!answer) return done(answer.error());
        kek_id_ = *std::move(answer);
        if (!format::is_kek_id(kek_id_)) return done(errc::invalid_argument);
        if (auto drawn = cipher_.random(dek_.span()); !drawn) return done(drawn.error());
        return wrap{kek_id_, key_bytes(std::as_const(dek_).view()),
                    format::wrap_aad(binding(), kek_id_)};
    }
    auto on(result<bytes> answer) -> action {
        if (!answer) return done(answer.error());
        if (!format::is_wrapped_dek(*answer)) return done(errc::invalid_argument);
        value_type out{{number_, C::id, {}, 0, kek_id_, *std::move(answer)}, nullptr};
        out.listed.commitment = keys_of(out.listed)->commitment();
        out.keys = keys_of(out.listed);
        return done(std::move(out));
    }

private:
    static auto done(result<value_type> with) -> action {
        return action(std::in_place_type<result<value_type>>, std::move(with));
    }
    auto binding() const -> format::dek_binding {
        return {of_.realm, of_.environment, number_, C::id};
    }
    auto keys_of(const format::head_dek& listed) const -> std::shared_ptr<const tree::dek_keys<C>> {
        return tree::make_dek_keys<C>(cipher_, std::as_const(dek_).view(), binding(), listed);
    }

    C cipher_;
    subject of_;
    std::uint32_t number_;
    std::string kek_id_{};
    key_bytes dek_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
