// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_MANUAL_HPP
#define COFFER_COMMAND_MANUAL_HPP

#include "verb.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

/// What the command says of itself. All forms are made from the verbs' own tables and these texts.
namespace command {

/// The help of one verb, or of the command where it is null.
auto help_text(const verb* of) -> std::string;
/// All of it, as docs/command.md has it.
auto markdown_manual() -> std::string;
/// All of it as a man page: roff, with the macros of man(7), in ASCII.
auto man_page() -> std::string;

/// How an option is written: `-o, --output FILE`, `--generate[=32]`.
auto option_text(const option_spec& option) -> std::string;
/// `coffer set [OPTION…] NAME…`.
auto usage_of(const verb& v) -> std::string;
/// What a verb's help says below its summary: its details, and where it works if not everywhere.
auto details_of(const verb& v) -> std::string;

/// The texts that belong to no verb. Those in Markdown use `**`, backticks and `N. ` alone, in
/// paragraphs of their own.
namespace manual {

/// A setting: its flag, its variable, its member of a file; Markdown.
using setting = std::array<std::string_view, 3>;

auto rules() -> std::string_view;               ///< Markdown: one item for each rule.
auto settings_of() -> std::span<const setting>; ///< In the order of `coffer config`.
auto about_settings() -> std::string_view;      ///< Markdown: what the table doesn't say.
auto exit_codes() -> std::string_view;          ///< Lines of a code, two blanks and its meaning.

/// What is written with `--json`: `{name: text, space: text|null, names?: [text]}`. A test holds the
/// verbs against it.
struct json_shape {
    std::string_view name; ///< A verb, or a word in capitals that other shapes use.
    std::string_view fields;
};

auto about_json() -> std::string_view; ///< Markdown: how to read the shapes.
auto json_shapes() -> std::span<const json_shape>;
auto json_answers() -> std::span<const json_shape>; ///< In the order of the help.

} // namespace manual

} // namespace command

#endif
