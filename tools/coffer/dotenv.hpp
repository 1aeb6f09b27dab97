// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_DOTENV_HPP
#define COFFER_COMMAND_DOTENV_HPP

#include <coffer/bytes.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// One thing that stands in a file to import.
struct imported {
    std::string name{};
    coffer::wiped_bytes value{};
    std::size_t line = 0; ///< From 1; 0 where lines mean nothing (JSON).
    std::string
        problem{};     ///< Why it can't be taken; empty if it can. Never holds a part of a value.
    std::string was{}; ///< Its name in the file, if it was given another.
};

/// Names of a file, and what they are taken as.
using renames = std::map<std::string, std::string, std::less<>>;

/// Reads a dotenv file. Values are literal: no `$` is expanded.
///
///     NAME=plain text          trailing blanks and ` # comment` are cut off
///     NAME='as it is $HOME \n' may go over several lines
///     NAME="line\nline"        \n \r \t \\ \" \$ \` stand for what they say; all else for itself
///     export NAME=…            the same
///
/// A name that is renamed may be any text before the `=`.
auto parse_dotenv(std::string_view text, const renames& names = {}) -> std::vector<imported>;

/// Reads a JSON object: `{"NAME":"text","KEY":{"base64":"…"}}`. Throws problem if it is none.
auto parse_json_secrets(std::string_view text, const renames& names = {}) -> std::vector<imported>;

/// [A-Za-z_][A-Za-z0-9_]*: a name that dotenv files, shells and environments can hold.
auto is_variable_name(std::string_view name) noexcept -> bool;

/// Appends `NAME=value` and a newline so that parse_dotenv() reads exactly this value. The value
/// holds no NUL.
void append_dotenv(coffer::wiped_bytes& to, std::string_view name, std::string_view value);
/// Appends `export NAME='value'` and a newline, safe to source by any sh. The value holds no NUL.
void append_shell(coffer::wiped_bytes& to, std::string_view name, std::string_view value);

} // namespace command

#endif
