// SPDX-License-Identifier: BSL-1.0
#include "shared_keys.hpp"

#include "opening.hpp"
#include "problem.hpp"
#include "text.hpp"

#include <coffer/keyring/anchor_file.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>

namespace command {

auto other_realms_of_keys(const settings& from, std::string_view environment)
    -> std::vector<std::string> {
    std::vector<std::string> out;
    const auto file = anchor_of(from);
    const auto in = coffer::posix::open_regular(file);
    if (file.empty() || !in) return out;
    const auto text = coffer::posix::read_all(*in, std::size_t{1} << 26);
    const auto marks =
        text ? coffer::keyring::detail::read_anchor(coffer::as_text(*text)) : std::nullopt;
    if (!marks) return out;
    const auto here = from.text("realm");
    for (const auto& [where, mark] : *marks)
        if (where.first != here && (environment.empty() || where.second == environment) &&
            (out.empty() || out.back() != where.first))
            out.push_back(where.first);
    return out;
}

auto realm_words(const std::vector<std::string>& realms) -> std::string {
    std::vector<std::string> out;
    for (const auto& realm : realms)
        out.push_back(realm.empty() ? "(none)" : printable(realm));
    return join(out, ", ");
}

void refuse_shared(const std::vector<std::string>& realms, const std::string& what_not) {
    if (realms.empty()) return;
    throw problem(coffer::errc::conflict,
                  printable(what_not) + ": the keyring opens other stores too, of the realms " +
                      realm_words(realms) +
                      ". What is under it there could not be opened any more. See to them first "
                      "(coffer keys rewrap in each), then say --even-if-shared.");
}

auto shared_option() -> option_spec {
    return {"--even-if-shared", takes::nothing, {}, "even if other stores need it"};
}

} // namespace command
