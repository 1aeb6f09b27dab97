// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_GRANTED_PLACES_HPP
#define COFFER_HTTP_GRANTED_PLACES_HPP

#include <coffer/any_vault.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/http/access.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// The environments and spaces that grants name, as they were when they were looked at. Of two
/// looks, the same grants given, the results are equal where nothing of it was removed between
/// them: what is removed and made again under the same id is another.
class granted_places {
public:
    /// As the vault knows them now. Errors: unknown_scope (one is not there), those of reading.
    static auto look(vault_operations& vault, std::span<const grant> grants)
        -> result<granted_places> {
        granted_places out;
        for (const auto& g : grants) {
            if (g.environment.empty()) continue;
            auto seen = mark_of_environment(vault, g.environment);
            if (seen && !g.space.empty()) {
                auto inner = mark_of_space(vault, g);
                if (!inner) return inner.error();
                seen->append("/").append(*inner);
            }
            if (!seen) return seen.error();
            out.marks_.push_back(*std::move(seen));
        }
        return out;
    }
    /// The same after asking the store for what others did.
    static auto look_anew(vault_operations& vault, std::span<const grant> grants)
        -> result<granted_places> {
        if (auto asked = vault.refresh(system_environment); !asked) return asked.error();
        for (const auto& g : grants)
            if (!g.space.empty())
                if (auto asked = vault.refresh(g.environment); !asked) return asked.error();
        return look(vault, grants);
    }

    friend auto operator==(const granted_places&, const granted_places&) -> bool = default;

private:
    /// Its entry in the registry, whose note and version another making or removal changes.
    static auto mark_of_environment(vault_operations& vault, std::string_view id)
        -> result<std::string> {
        const auto all = vault.resolver().at({.environment = system_environment});
        if (!all) return all.error();
        const auto told = all->explain("environment/" + std::string(id));
        if (!told) return told.error();
        if (told->outcome != errc{}) return errc::unknown_scope;
        const auto& entry = told->layers[told->decides];
        return std::to_string(entry.version) + ":" + entry.note;
    }
    /// The id of its own entry, a new one each time that it is made.
    static auto mark_of_space(vault_operations& vault, const grant& g) -> result<std::string> {
        const auto all = vault.entries(g.environment);
        if (!all) return all.error();
        const auto own = std::ranges::find_if(*all, [&](const scoped_entry& e) {
            return e.space == g.space && e.actor.empty() && e.entry.name.empty();
        });
        if (own == all->end()) return errc::unknown_scope;
        return format::to_hex(own->entry.id);
    }

    std::vector<std::string> marks_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
