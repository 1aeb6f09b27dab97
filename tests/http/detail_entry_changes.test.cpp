// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/entry_changes.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <vector>

using coffer::scoped_entry;
using coffer::http::detail::changed_entries;

namespace {

auto entry(std::string space, std::string name, unsigned char id, std::uint64_t version)
    -> scoped_entry {
    scoped_entry out;
    out.space = std::move(space);
    out.entry.name = std::move(name);
    out.entry.id.fill(std::byte{id});
    out.entry.version = version;
    return out;
}

} // namespace

TEST_CASE("entries that came, went, have another version or are others are found, in order") {
    const std::vector<scoped_entry> before{entry("s", "SAME", 1, 1), entry("s", "GONE", 2, 1),
                                           entry("s", "NEWER", 3, 1), entry("s", "OTHER", 4, 1),
                                           entry("", "", 5, 1)};
    const std::vector<scoped_entry> after{entry("", "", 5, 2), entry("s", "CAME", 6, 1),
                                          entry("s", "NEWER", 3, 2), entry("s", "OTHER", 7, 1),
                                          entry("s", "SAME", 1, 1)};
    std::string told;
    for (const auto& one : changed_entries(before, after)) {
        told += (one.is != nullptr ? one.is : one.was)->entry.name;
        told += one.was == nullptr ? "+ " : one.is == nullptr ? "- " : " ";
    }
    CHECK(told == " CAME+ GONE- NEWER OTHER ");
    CHECK(changed_entries(after, after).empty());
}
