// SPDX-License-Identifier: BSL-1.0
#include "dotenv.hpp"
#include "glob.hpp"
#include "only_values.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "steering_variables.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/detail/base64.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/keyring/wiping_resource.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace command {

using coffer::named_secret;

namespace {

void put_json_secrets(const std::vector<named_secret>& all) {
    coffer::keyring::wiping_resource memory;
    const boost::json::storage_ptr storage(&memory);
    boost::json::object out(storage);
    for (const auto& s : all) {
        const auto bytes = s.value.expose_secret();
        auto& member = out[s.name];
        if (coffer::format::is_utf8(bytes)) {
            member.emplace_string().assign(bytes.data(), bytes.size());
            continue;
        }
        const auto text = coffer::detail::base64_text(coffer::as_bytes(bytes));
        member.emplace_object()["base64"].emplace_string().assign(text.data(), text.size());
    }
    put_json(boost::json::value(std::move(out), storage));
}

/// A part that is left out without a word would be missed only when it is needed.
void require_expressible(const std::vector<named_secret>& all, const std::string& format) {
    std::vector<std::string> names;
    for (const auto& s : all)
        if (!is_variable_name(s.name) ||
            s.value.expose_secret().find('\0') != std::string_view::npos)
            names.push_back("\"" + printable(s.name) + "\"");
    if (!names.empty())
        refuse(join(names, ", ") + " can't be written as " + format +
               " (the name is no variable's, or the value holds a NUL): use --format json, or "
               "leave it out with --except");
}

/// What is sourced is run by a shell: who may set values must not choose what that runs.
void require_harmless(const std::vector<named_secret>& all, const glob_list& only) {
    std::vector<std::string> names;
    for (const auto& s : all)
        if (steers_programs(s.name) && !only.names(s.name)) names.push_back(printable(s.name));
    if (!names.empty())
        refuse(join(names, ", ") +
               " would say what the shell runs that sources it: leave it out "
               "with --except, or name it there: --only '*," +
               join(names, ",") + "'");
}

auto run_export(session& s) -> int {
    const auto format = s.in.text("format").value_or(s.json() ? "json" : "dotenv");
    if (format != "dotenv" && format != "json" && format != "shell")
        refuse("--format is dotenv, json or shell");
    if (stdout_is_terminal() && !s.in.has("show"))
        refuse("secrets would be written to your terminal; pipe them, or say --show");
    const auto only = only_list(s);
    const auto at = s.here();
    const auto view = need(s.vault()->resolver().at(at.where()), at.where());
    s.saw(view.fresh());
    auto all = need_only_values(s, at, view);
    for (const auto& one : all)
        s.saw(one.value.fresh());
    for (const auto& line : only.idle(all))
        s.notice(line);
    const glob_list except(s.in.text("except").value_or(""));
    std::erase_if(all, [&](const named_secret& one) { return except.matches(one.name); });
    if (format == "json") {
        put_json_secrets(all);
    } else {
        require_expressible(all, format);
        if (format == "shell") require_harmless(all, only);
        coffer::wiped_bytes out;
        for (const auto& one : all)
            (format == "shell" ? append_shell : append_dotenv)(out, one.name,
                                                               one.value.expose_secret());
        put(coffer::as_text(out));
    }
    s.hint(count(all.size(), "secret") + " of " + at.text());
    return 0;
}

} // namespace

auto export_verb() -> verb {
    return {
        .name = "export",
        .summary = "all values that resolve here, to be read back by import or source",
        .details =
            "What is hidden or expired is left out. dotenv and json are read back exactly by "
            "import;\n"
            "shell is safe to source: it is refused with names like PATH and LD_PRELOAD, unless "
            "--only names them\nwithout a pattern. Refuses to write to a terminal unless --show is "
            "given.",
        .options = {{"--format", takes::value, "dotenv|json|shell", "dotenv, if nothing is said"},
                    {"--only", takes::value, "G", "names that match: 'SLACK_*,DB_URL'"},
                    {"--except", takes::value, "G", "names that match are left out"},
                    {"--show", takes::nothing, {}, "also on a terminal"}},
        .run = run_export,
        .scopes = scope_options::all};
}

} // namespace command
