// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_LISTED_DEK_HPP
#define COFFER_ALGORITHM_LISTED_DEK_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/format/head.hpp>
#include <coffer/tree/dek_keys.hpp>

#include <memory>

/// What every algorithm does with a DEK that a head lists.
namespace coffer::inline COFFER_ABI::algorithm {

inline auto binding_of(const subject& of, const format::head_dek& listed) -> format::dek_binding {
    return {of.realm, of.environment, listed.number, listed.cipher};
}

/// Asks the key side for it.
inline auto unwrap_of(const subject& of, const format::head_dek& listed) -> unwrap {
    return {listed.kek_id, of.environment, listed.wrapped,
            format::wrap_aad(binding_of(of, listed), listed.kek_id)};
}

/// Its keys, from what the key side answered. Errors: tampered (it is not what the head commits to).
template <Cipher C>
auto keys_of(const C& cipher, const subject& of, const format::head_dek& listed,
             const key_bytes& dek) -> result<std::shared_ptr<const tree::dek_keys<C>>> {
    auto keys = tree::make_dek_keys<C>(cipher, dek.view(), binding_of(of, listed), listed);
    if (!equal_constant_time(keys->commitment(), listed.commitment)) return errc::tampered;
    return keys;
}

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
