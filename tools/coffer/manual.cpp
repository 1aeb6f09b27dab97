// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"

#include "text.hpp"

namespace command {

namespace {

template <class Options>
auto options_text(const Options& options) -> std::string {
    table rows;
    for (const auto& option : options)
        rows.row({"  " + option_text(option), std::string(option.help)});
    return rows.text();
}

auto verbs_text() -> std::string {
    table rows;
    for (const auto& v : all_verbs())
        if (v.shown)
            rows.row({"  " + std::string(v.name) + " " + std::string(v.arguments),
                      std::string(v.summary)});
    return rows.text();
}

/// `## title` and a text that stands as it is.
auto section(std::string_view title, std::string_view text) -> std::string {
    return "\n## " + std::string(title) + "\n\n```\n" + std::string(text) + "```\n";
}

auto settings_text() -> std::string {
    auto out = "\n## Settings\n\n" + std::string(find_verb("config")->details) +
               "\n\n| flag | variable | file |\n|---|---|---|\n";
    for (const auto& row : manual::settings_of()) {
        out += "|";
        for (const auto& cell : row)
            out.append(" ").append(cell).append(" |");
        out += "\n";
    }
    return out + "\n" + std::string(manual::about_settings());
}

auto json_text() -> std::string {
    table rows;
    for (const auto& all : {manual::json_shapes(), manual::json_answers()})
        for (const auto& shape : all)
            rows.row({std::string(shape.name), std::string(shape.fields)});
    return "\n## JSON\n\n" + std::string(manual::about_json()) + "\n```\n" + rows.text() + "```\n";
}

} // namespace

auto option_text(const option_spec& option) -> std::string {
    std::string text(option.flags);
    if (const auto comma = text.find(','); comma != text.npos) text.insert(comma + 1, " ");
    if (option.argument == takes::value) text += " " + std::string(option.value);
    if (option.argument == takes::optional_value) text += std::string(option.value);
    return text;
}

auto usage_of(const verb& v) -> std::string {
    return "coffer " + std::string(v.name) + (v.options.empty() ? "" : " [OPTION…]") +
           (v.arguments.empty() ? "" : " " + std::string(v.arguments));
}

auto details_of(const verb& v) -> std::string {
    std::string out(v.details);
    if (v.local)
        out.append(out.empty() ? "" : "\n\n")
            .append("It works beside the store alone, not through a server.");
    return out;
}

auto help_text(const verb* of) -> std::string {
    if (of == nullptr)
        return "coffer VERB …: secrets of environments and spaces\n\n" + verbs_text() +
               "\nEverywhere\n" + options_text(global_options()) + "\nExit codes\n" +
               std::string(manual::exit_codes()) + "\ncoffer help VERB says more.\n";
    auto out = usage_of(*of) + "\n  " + std::string(of->summary) + "\n";
    if (const auto details = details_of(*of); !details.empty()) out += "\n" + details + "\n";
    if (!of->options.empty()) out.append("\n").append(options_text(of->options));
    return out;
}

auto markdown_manual() -> std::string {
    auto out = "# The command\n\n<!-- made by `coffer help --markdown`; a test compares "
               "-->\n\n## Rules\n\n" +
               std::string(manual::rules()) + section("Verbs", verbs_text()) +
               section("Everywhere", options_text(global_options())) + settings_text() +
               section("Exit codes", manual::exit_codes()) + json_text();
    for (const auto& v : all_verbs())
        if (v.shown) out += section(v.name, help_text(&v));
    return out;
}

} // namespace command
