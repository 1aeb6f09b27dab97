// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SCOPE_METADATA_HPP
#define COFFER_COMMAND_SCOPE_METADATA_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace command {

/// What an environment's or a space's JSON metadata says; members that are not known are kept.
struct scope_metadata {
    std::string name{};
    bool is_prod = false;

    static auto read(std::string_view json) -> scope_metadata;
    /// The same text with another name.
    static auto rename(std::string_view json, std::string_view name) -> std::string;
    /// The same text, marked as PROD or not.
    static auto mark(std::string_view json, bool prod) -> std::string;
    static auto make(std::string_view name, bool prod) -> std::string;
    /// What an environment's says that programs need, a JSON object: `{}` where it says nothing.
    static auto requirements(std::string_view json) -> std::string;
};

/// What an entry's note says: `{"note":…,"rotate_by":"2026-01-31"}`, or plain text.
struct entry_note {
    std::string text{};
    std::string rotate_by{};

    static auto read(std::string_view note) -> entry_note;
    auto write() const -> std::string;
    /// For people: the text, and when it is time to rotate.
    auto shown() const -> std::string;
};

} // namespace command

#endif
