// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_ENTRY_CHANGES_HPP
#define COFFER_HTTP_DETAIL_ENTRY_CHANGES_HPP

#include <coffer/entries.hpp>

#include <map>
#include <string_view>
#include <tuple>
#include <vector>

namespace coffer::inline COFFER_ABI::http::detail {

/// What differs between two states of an environment; null where an entry was not there, or is there
/// no more. Points into the two.
struct entry_change {
    const scoped_entry* was = nullptr;
    const scoped_entry* is = nullptr;
};

/// The entries that came, went, have another version or are others by now, by space, actor and name:
/// what is the environment's own comes first.
inline auto changed_entries(const std::vector<scoped_entry>& before,
                            const std::vector<scoped_entry>& after) -> std::vector<entry_change> {
    using key = std::tuple<std::string_view, std::string_view, std::string_view>;
    const auto key_of = [](const scoped_entry& e) { return key(e.space, e.actor, e.entry.name); };
    std::map<key, entry_change> all;
    for (const auto& e : before)
        all[key_of(e)].was = &e;
    for (const auto& e : after)
        all[key_of(e)].is = &e;
    std::vector<entry_change> out;
    for (const auto& [at, one] : all)
        if (one.was == nullptr || one.is == nullptr || one.was->entry.id != one.is->entry.id ||
            one.was->entry.version != one.is->entry.version)
            out.push_back(one);
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
