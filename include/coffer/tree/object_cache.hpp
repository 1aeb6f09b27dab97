// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_OBJECT_CACHE_HPP
#define COFFER_TREE_OBJECT_CACHE_HPP

#include <coffer/format/entry.hpp>

#include <cstring>
#include <unordered_map>

namespace coffer::inline COFFER_ABI::tree {

/// Object names are hashes already: their first bytes spread well enough.
struct object_name_hash {
    auto operator()(const format::object_name& name) const noexcept -> std::size_t {
        std::size_t h = 0;
        std::memcpy(&h, name.data(), sizeof h);
        return h;
    }
};

template <class T>
using by_object_name = std::unordered_map<format::object_name, T, object_name_hash>;

/// Sealed objects by name; only what was compared with its name gets in.
using object_cache = by_object_name<bytes>;

} // namespace coffer::inline COFFER_ABI::tree

#endif
