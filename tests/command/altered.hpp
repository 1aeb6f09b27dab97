// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_COMMAND_ALTERED_HPP
#define COFFER_TESTS_COMMAND_ALTERED_HPP

#include "sandbox.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace coffer_test {

/// Alters one character of what stands behind a key of a document, `offset` characters in.
inline auto altered(std::string text, std::size_t key, std::size_t offset) -> std::string {
    auto& c = text.at(text.find("\":\"", key) + 3 + offset);
    c = c == 'A' ? 'B' : 'A';
    return text;
}

/// Alters the record of a document of which verify then says `line`.
inline void alter_record(const sandbox& box, const std::filesystem::path& document,
                         std::string_view line) {
    const auto whole = sandbox::read(document);
    for (auto at = whole.find("\n\"") + 1; at != 0; at = whole.find("\n\"", at) + 1) {
        if (whole.compare(at, 2, "\"_") == 0 || whole.compare(at, 6, "\"head\"") == 0) continue;
        box.write(document, altered(whole, at, 1));
        if (has(box.run({"verify"}).out, line)) return;
    }
    FAIL("no record is " << line);
}

} // namespace coffer_test

#endif
