// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_TERMINAL_HPP
#define COFFER_COMMAND_TERMINAL_HPP

#include <coffer/bytes.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace command {

auto stdin_is_terminal() noexcept -> bool;
auto stdout_is_terminal() noexcept -> bool;
auto stderr_is_terminal() noexcept -> bool;

/// Asks on the terminal, whatever stdin and stdout are; nullopt if there is none to ask on.
auto ask_yes_no(std::string_view question) -> std::optional<bool>;

/// The same for a line; empty if none was typed.
auto ask_line(std::string_view question) -> std::optional<std::string>;

/// Asks for a line that is not shown while it is typed; nullopt if there is no terminal. A signal
/// leaves the terminal as it was. Throws problem for more than one line, and for one so long that a
/// terminal may have cut it; `instead` ends that sentence with where such a text comes from.
auto ask_unseen(std::string_view prompt, std::string_view instead = {})
    -> std::optional<coffer::wiped_bytes>;

} // namespace command

#endif
