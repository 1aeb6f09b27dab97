// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"

#include "text.hpp"
#include "verbs.hpp"

#include <algorithm>
#include <cstdint>

namespace command {

namespace {

/// The character that begins at `at`, which is moved behind it; the texts are UTF-8.
auto next_character(std::string_view text, std::size_t& at) -> std::uint32_t {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(at++);
    if (first < 0x80) return first;
    std::uint32_t out = first >= 0xf0   ? first & 0x07U
                        : first >= 0xe0 ? first & 0x0fU
                                        : first & 0x1fU;
    while (at < text.size() && (byte(at) & 0xc0U) == 0x80)
        out = out << 6U | (byte(at++) & 0x3fU);
    return out;
}

/// A character as roff reads it: what would steer it, or be made prettier, stands for itself.
auto escaped(std::uint32_t c) -> std::string {
    switch (c) {
    case '\\': return "\\e";
    case '-': return "\\-";
    case '\'': return "\\(aq";
    case '`': return "\\(ga";
    case '^': return "\\(ha";
    case '~': return "\\(ti";
    case '"': return "\\(dq";
    default: break;
    }
    if (c < 0x80) return {static_cast<char>(c)};
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string number;
    for (int shift = c > 0xffff ? 20 : 12; shift >= 0; shift -= 4)
        number += digits[c >> static_cast<unsigned>(shift) & 0xfU];
    return "\\[u" + number + "]";
}

/// Whether a line may end in front of `at`, though no blank is there: JSON and lists get long.
auto breaks_behind(std::string_view text, std::size_t at) -> bool {
    return (text[at - 1] == ',' || text[at - 1] == '|') && at < text.size() && text[at] != ' ' &&
           text[at] != '\n';
}

/// A text in which nothing is a request: a line's first dot or quote isn't either.
auto literal(std::string_view text) -> std::string {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '.' && (at == 0 || text[at - 1] == '\n')) out += "\\&";
        out += escaped(next_character(text, at));
        if (breaks_behind(text, at)) out += "\\:";
    }
    return out;
}

/// Markdown as manual.hpp names it: `**` and backticks make what they stand around bold.
auto marked(std::string_view text) -> std::string {
    std::string out;
    bool bold = false;
    const auto turn = [&] { out += (bold = !bold) ? "\\fB" : "\\fR"; };
    while (!text.empty()) {
        const auto mark = std::min(text.find("**"), text.find('`'));
        const auto plain = literal(text.substr(0, mark));
        // Within a line a dot is one: the mark before it has begun it.
        out += !out.empty() && out.back() != '\n' && plain.starts_with("\\&") ? plain.substr(2)
                                                                              : plain;
        if (mark == text.npos) break;
        turn();
        text.remove_prefix(mark + (text[mark] == '*' ? 2 : 1));
    }
    return out;
}

/// Parts of a text that empty lines stand between.
auto paragraphs(std::string_view text) -> std::vector<std::string_view> {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = text.find("\n\n");
        out.push_back(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 2);
        if (out.back().ends_with('\n')) out.back().remove_suffix(1);
    }
    return out;
}

auto heading(std::string_view title) -> std::string {
    return ".SH " + literal(title) + "\n";
}

/// An item: what is explained, already roff, and the explanation.
auto item(const std::string& what, const std::string& text) -> std::string {
    return ".TP\n" + what + "\n" + text + "\n";
}

template <class Options>
auto items_of(const Options& options) -> std::string {
    std::string out;
    for (const auto& option : options)
        out += item("\\fB" + literal(option_text(option)) + "\\fR", literal(option.help));
    return out;
}

auto rules_section() -> std::string {
    auto out = heading("DESCRIPTION") +
               "Secrets of environments and spaces, beside a store or through a server.\n";
    for (std::string_view rest = manual::rules(); !rest.empty();) {
        // An item ends where a line begins that is not set in.
        auto end = rest.find('\n');
        while (end + 1 < rest.size() && rest[end + 1] == ' ')
            end = rest.find('\n', end + 1);
        const auto one = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        const auto number = one.find(' ');
        std::string text;
        for (const auto& line : split(one.substr(number + 1), '\n'))
            text += (text.empty() ? "" : "\n") + line.substr(line.find_first_not_of(' '));
        out += ".IP " + literal(one.substr(0, number)) + " 4\n" + marked(text) + "\n";
    }
    return out;
}

auto verbs_section() -> std::string {
    auto out = heading("VERBS");
    for (const auto& v : all_verbs())
        if (v.shown) {
            const auto more = v.arguments.empty() ? "" : " " + std::string(v.arguments);
            out += item("\\fB" + literal(v.name) + "\\fR" + literal(more), literal(v.summary));
        }
    return out;
}

auto settings_section() -> std::string {
    auto out = heading("ENVIRONMENT") + literal(find_verb("config")->details) + "\n";
    for (const auto& [flag, variable, member] : manual::settings_of())
        out += item(marked(variable), (flag.empty() ? "" : "Flag: " + marked(flag) + ". ") +
                                          "In a file: " + marked(member) + ".");
    for (const auto& one : paragraphs(manual::about_settings()))
        out += ".PP\n" + marked(one) + "\n";
    return out;
}

auto exit_section() -> std::string {
    auto out = heading("EXIT STATUS");
    for (const auto& line : split(manual::exit_codes(), '\n')) {
        const auto code = line.substr(2, line.find(' ', 2) - 2);
        out += item("\\fB" + code + "\\fR",
                    literal(line.substr(line.find_first_not_of(' ', 2 + code.size()))));
    }
    return out;
}

auto json_section() -> std::string {
    auto out = heading("JSON");
    for (const auto& one : paragraphs(manual::about_json()))
        out += ".PP\n" + marked(one) + "\n";
    for (const auto& all : {manual::json_shapes(), manual::json_answers()})
        for (const auto& shape : all)
            out += item("\\fB" + literal(shape.name) + "\\fR", literal(shape.fields));
    return out;
}

/// What help_text() says, in the same order. A paragraph in columns stays as it stands.
auto verb_section(const verb& v) -> std::string {
    const auto name = "coffer " + std::string(v.name);
    auto out = ".SS " + literal(name) + "\n\\fB" + literal(name) + "\\fR" +
               literal(usage_of(v).substr(name.size())) + "\n.PP\n" + literal(v.summary) + "\n";
    const auto details = details_of(v);
    for (const auto& one : paragraphs(details)) {
        const bool columns = one.find("  ") != one.npos;
        out += columns ? ".PP\n.nf\n" + literal(one) + "\n.fi\n" : ".PP\n" + literal(one) + "\n";
    }
    return out + items_of(v.options);
}

} // namespace

auto man_page() -> std::string {
    const auto version = version_text();
    // Names and flags are not cut apart at line ends, and lines are not stretched.
    auto out = ".TH COFFER 1 \"\" \"" + literal(version.substr(0, version.find(" ("))) +
               "\"\n.ad l\n.nh\n" + heading("NAME") + "coffer \\- " +
               literal("secrets of environments and spaces") + "\n" + heading("SYNOPSIS") +
               "\\fBcoffer\\fR " + literal("VERB [OPTION…] …") + "\n" + rules_section() +
               verbs_section() + heading("OPTIONS") + "Every verb takes these.\n" +
               items_of(global_options()) + settings_section() + exit_section() + json_section() +
               heading("EACH VERB");
    for (const auto& v : all_verbs())
        if (v.shown) out += verb_section(v);
    return out;
}

} // namespace command
