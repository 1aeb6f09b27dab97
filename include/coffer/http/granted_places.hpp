// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_GRANTED_PLACES_HPP
#define COFFER_HTTP_GRANTED_PLACES_HPP

#include <coffer/any_vault.hpp>
#include <coffer/format/secret_id.hpp>
#include <coffer/http/access.hpp>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
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
        for (const auto environment : environments_of(grants)) {
            const auto all = vault.entries(environment);
            if (!all) return all.error();
            if (!out.mark(*all, {})) return errc::unknown_scope;
            for (const auto& g : grants)
                if (g.environment == environment && !g.space.empty() && !out.mark(*all, g.space))
                    return errc::unknown_scope;
        }
        return out;
    }
    /// The same after asking the store for what others did.
    static auto look_anew(vault_operations& vault, std::span<const grant> grants)
        -> result<granted_places> {
        for (const auto environment : environments_of(grants))
            if (auto asked = vault.refresh(environment); !asked) return asked.error();
        return look(vault, grants);
    }

    friend auto operator==(const granted_places&, const granted_places&) -> bool = default;

private:
    static auto environments_of(std::span<const grant> grants) -> std::set<std::string_view> {
        std::set<std::string_view> out;
        for (const auto& g : grants)
            if (!g.environment.empty()) out.insert(g.environment);
        return out;
    }
    /// Adds the id of a scope's own entry, a new one each time that the scope is made; false: it has
    /// none, and so is not there.
    auto mark(const std::vector<scoped_entry>& all, std::string_view space) -> bool {
        const auto own = std::ranges::find_if(all, [&](const scoped_entry& e) {
            return e.space == space && e.actor.empty() && e.entry.name.empty();
        });
        if (own == all.end()) return false;
        own_entries_.push_back(own->entry.id);
        return true;
    }

    std::vector<format::secret_id> own_entries_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
