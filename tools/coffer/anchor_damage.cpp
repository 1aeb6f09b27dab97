// SPDX-License-Identifier: BSL-1.0
#include "anchor_damage.hpp"

#include "text.hpp"

#include <coffer/keyring/anchor_file.hpp>
#include <coffer/names.hpp>

#include <filesystem>

namespace command {

auto anchor_damage(session& s) -> std::string {
    if (s.is_remote() || !s.has_keys() || s.in.has("no-anchor")) return {};
    const auto file = anchor_of(s.config());
    if (file.empty()) return {};
    const auto read = coffer::keyring::anchor_file(file).recall(s.config().text("realm"),
                                                                coffer::system_environment);
    if (read || read.error() != coffer::errc::tampered) return {};
    return "the anchor " + printable(file.string()) +
           " is damaged, so nothing of the store is used; the store may be whole: coffer verify "
           "--no-anchor\n        See docs/operating.md#damaged";
}

} // namespace command
