// SPDX-License-Identifier: BSL-1.0
#include "missing_key.hpp"

#include "key_steps.hpp"
#include "problem.hpp"
#include "stored_heads.hpp"
#include "text.hpp"

#include <coffer/names.hpp>

#include <algorithm>
#include <vector>

namespace command {

namespace {

using coffer::keyring::kek_state;

/// The KEK ids that the head lists: those that the keyring has not, has for others alone, has and
/// may not use, or may use.
struct needed_keks {
    std::vector<std::string> missing{};
    std::vector<std::string> disabled{};
    std::vector<std::string> destroyed{};
    std::vector<std::string> for_others{};
    std::vector<std::string> usable{};
    bool wraps = false; ///< A KEK is active for the environment.
};

auto lacking(session& s, const coffer::format::head& head) -> needed_keks {
    needed_keks out;
    const auto here = keks_of(key_place_of(s));
    const auto add = [](auto& to, const std::string& id) {
        if (std::ranges::find(to, id) == to.end()) to.push_back(id);
    };
    const auto speaks = [&](const coffer::keyring::kek_info& k) {
        return std::ranges::any_of(k.environments, [&](const auto& e) {
            return e == head.environment || e == coffer::keyring::kek_set::any;
        });
    };
    out.wraps = std::ranges::any_of(
        here, [&](const auto& k) { return k.state == kek_state::active && speaks(k); });
    for (const auto& dek : head.deks) {
        const auto found = std::ranges::find(here, dek.kek_id, &coffer::keyring::kek_info::id);
        if (found == here.end())
            add(out.missing, dek.kek_id);
        else if (found->state == kek_state::disabled)
            add(out.disabled, dek.kek_id);
        else if (found->state == kek_state::destroyed)
            add(out.destroyed, dek.kek_id);
        else
            add(speaks(*found) ? out.usable : out.for_others, dek.kek_id);
    }
    return out;
}

} // namespace

auto missing_key_words(session& s, const std::string& environment) -> std::string {
    try {
        if (!s.has_keys()) return {};
        const auto head =
            stored_head(s.config(), environment.empty() ? std::string(coffer::system_environment)
                                                        : environment);
        if (!head) return {};
        const auto place = s.config().text("keys");
        const auto [ids, disabled, destroyed, for_others, usable, wraps] = lacking(s, *head);
        if (!destroyed.empty())
            return ": it is under " + printable(join(destroyed, ", ")) +
                   ", which is destroyed; a copy of the keyring from before is all that opens it";
        if (!disabled.empty())
            return ": it is under " + printable(join(disabled, ", ")) + ", which is disabled in " +
                   printable(place) + "; undone by hand, by its \"state\" there (\"decrypt_only\")";
        const std::string cure =
            "\n        Where it was made: coffer keys copy --to F; here: "
            "coffer keys copy --from F. See docs/operating.md#several-keyrings";
        if (ids.empty() && for_others.empty())
            return wraps ? std::string()
                         : ": it is under " + printable(join(usable, ", ")) +
                               ", and none that may wrap speaks for it; coffer keys rotate-kek "
                               "--env " +
                               printable(head->environment) + " makes one";
        if (ids.empty())
            return ": it is under " + printable(join(for_others, ", ")) + ", which is in " +
                   printable(place) + ", but not for it" + cure;
        const auto what =
            ": it is under " + printable(join(ids, ", ")) + ", which is not in " + printable(place);
        if (key_variables(s.config()).empty()) return what + cure;
        return what + ". Name the variable that holds that key behind the others (--keys " +
               printable(place) + ",OLDER) and run coffer keys rewrap; then it can go.";
    } catch (const problem&) { // the first one is told
        return {};
    }
}

} // namespace command
