// SPDX-License-Identifier: BSL-1.0
#include "missing_key.hpp"

#include "key_steps.hpp"
#include "problem.hpp"
#include "text.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <vector>

namespace command {

auto stored_head(const settings& config, const std::string& environment)
    -> std::optional<coffer::format::head> {
    const auto realm = config.text("realm");
    const std::vector<std::string> wanted{"head"};
    auto store = open_store(config);
    const auto read = store.load(
        coffer::format::partition_name(coffer::cryptopp::aes_256_gcm(), realm, environment),
        wanted);
    if (!read || !read->objects.front()) return std::nullopt;
    auto head = coffer::format::decode_head(*read->objects.front());
    if (!head || head->realm != realm || head->environment != environment) return std::nullopt;
    return *std::move(head);
}

namespace {

/// The KEK ids that the head lists and the keyring has not.
auto lacking(session& s, const coffer::format::head& head) -> std::vector<std::string> {
    std::vector<std::string> out;
    const auto here = keks_of(key_place_of(s));
    for (const auto& dek : head.deks)
        if (std::ranges::find(here, dek.kek_id, &coffer::keyring::kek_info::id) == here.end() &&
            std::ranges::find(out, dek.kek_id) == out.end())
            out.push_back(dek.kek_id);
    return out;
}

} // namespace

auto missing_key_words(session& s, const std::string& environment) -> std::string {
    try {
        if (!s.has_keys()) return {};
        const auto head =
            stored_head(s.config(), environment.empty() ? std::string(coffer::system_environment)
                                                        : environment);
        const auto ids = head ? lacking(s, *head) : std::vector<std::string>();
        if (ids.empty()) return {};
        const auto place = s.config().text("keys");
        const auto what =
            ": it is under " + printable(join(ids, ", ")) + ", which is not in " + printable(place);
        if (key_variables(s.config()).empty()) return what + ": docs/operating.md#keys";
        return what + ". Name the variable that holds that key behind the others (--keys " +
               printable(place) + ",OLDER) and run coffer keys rewrap; then it can go.";
    } catch (const problem&) { // the first one is told
        return {};
    }
}

} // namespace command
