// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/format/head.hpp>
#include <coffer/version.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace {

auto run_help(session& s) -> int {
    if (s.in.has("markdown") || s.in.has("man")) {
        put(s.in.has("man") ? man_page() : markdown_manual());
        return 0;
    }
    if (s.in.arguments.empty()) {
        put(help_text(nullptr));
        return 0;
    }
    const auto name = join(s.in.arguments, " ");
    const auto* const v = find_verb(name);
    if (v != nullptr) {
        put(help_text(v));
        return 0;
    }
    bool is_group = false;
    for (const auto& other : all_verbs())
        if (other.shown && other.name.starts_with(name + " ")) {
            put((is_group ? "\n" : "") + help_text(&other));
            is_group = true;
        }
    if (!is_group) refuse("there is no such verb; see coffer help");
    return 0;
}

auto number_text() -> std::string {
    const auto number = [](int n) { return std::to_string(n); };
    return number(COFFER_VERSION_MAJOR) + "." + number(COFFER_VERSION_MINOR) + "." +
           number(COFFER_VERSION_PATCH);
}

auto run_version(session& s) -> int {
    if (s.json())
        put_json(boost::json::object{{"version", number_text()},
                                     {"format", coffer::format::format_number}});
    else
        put_line(version_text());
    return 0;
}

} // namespace

auto version_text() -> std::string {
    return "coffer " + number_text() + " (format " + std::to_string(coffer::format::format_number) +
           ")";
}

auto version_verb() -> verb {
    return {
        .name = "version", .summary = "the version, and of the stored format", .run = run_version};
}

auto help_verb() -> verb {
    return {.name = "help",
            .arguments = "[VERB]",
            .most = 2,
            .offers = completes::verbs,
            .summary = "what a verb does; the same as coffer VERB --help",
            .options = {{"--markdown", takes::nothing, {}, "all of it, as docs/command.md has it"},
                        {"--man", takes::nothing, {}, "all of it, as a man page"}},
            .run = run_help};
}

} // namespace command
