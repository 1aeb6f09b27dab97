// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using coffer_test::has;
using coffer_test::sandbox;

namespace {

/// The names of the verbs, as the headings of the manual have them.
auto verbs_in(const std::string& page) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (auto at = page.find("\n## init\n"); at != page.npos; at = page.find("\n## ", at + 1))
        out.push_back(page.substr(at + 4, page.find('\n', at + 1) - at - 4));
    return out;
}

/// Words with one blank between them.
auto words_of(const std::string& text) -> std::string {
    std::string out;
    std::istringstream in(text);
    for (std::string word; in >> word;)
        out.append(out.empty() ? "" : " ").append(word);
    return out;
}

/// What stands for an escape that begins behind a backslash at `at`, which is moved behind it.
auto unescaped(const std::string& line, std::size_t& at) -> std::string {
    const std::map<std::string, std::string> names{
        {"(aq", "'"}, {"(ga", "`"},     {"(ha", "^"},    {"(ti", "~"}, {"(dq", "\""},
        {"fB", ""},   {"fR", ""},       {"e", "\\"},     {"-", "-"},   {"&", ""},
        {":", ""},    {"[u2026]", "…"}, {"[u2013]", "–"}};
    for (const auto& [name, text] : names)
        if (line.compare(at, name.size(), name) == 0) {
            at += name.size();
            return text;
        }
    FAIL("an unknown escape: " << line.substr(at));
    return {};
}

/// What a man page says: without its requests and escapes.
auto said_by(const std::string& page) -> std::string {
    std::string out;
    std::istringstream in(page);
    for (std::string line; std::getline(in, line); out += '\n') {
        if (line.starts_with('.'))
            line = line.starts_with(".SH ") || line.starts_with(".SS ") ? line.substr(4) : "";
        for (std::size_t at = 0; at < line.size();)
            if (line[at] == '\\')
                out += unescaped(line, ++at);
            else
                out += line[at++];
    }
    return out;
}

} // namespace

TEST_CASE("docs/command.md is what the command says of itself") {
    const sandbox box;
    CHECK(sandbox::read(COFFER_COMMAND_PAGE) == box.ok({"help", "--markdown"}));
}

TEST_CASE("coffer help VERB is coffer VERB --help, for every verb, and needs no store") {
    const sandbox box;
    const auto page = box.ok({"help", "--markdown"});
    const auto verbs = verbs_in(page);
    for (const auto& name : verbs) {
        const auto space = name.find(' ');
        sandbox::words words{name.substr(0, space)};
        if (space != name.npos) words.push_back(name.substr(space + 1));
        auto help = words;
        help.insert(help.begin(), "help");
        words.emplace_back("--help");
        INFO(name);
        const auto text = box.ok(help);
        CHECK(text == box.ok(words));
        CHECK(has(page, "```\n" + text + "```"));
    }
    CHECK(verbs.size() > 25);
    CHECK(box.run({"help", "nonsense"}).code == 2);
    CHECK(has(box.ok({"--help"}), "Exit codes"));
    CHECK(box.ok({"version"}) == box.ok({"--version"}));
}

TEST_CASE("the man page says all that the help says") {
    const sandbox box;
    const auto page = box.ok({"help", "--man"});
    const auto said = words_of(said_by(page));
    for (const auto& name : verbs_in(box.ok({"help", "--markdown"}))) {
        const auto space = name.find(' ');
        sandbox::words words{"help", name.substr(0, space)};
        if (space != name.npos) words.push_back(name.substr(space + 1));
        INFO(name);
        CHECK(has(said, "coffer " + name + " " + words_of(box.ok(words))));
    }
    std::istringstream overview(box.ok({"help"}));
    for (std::string line; std::getline(overview, line);)
        if (line.starts_with("  ")) {
            INFO(line);
            CHECK(has(said, words_of(line)));
        }
}

TEST_CASE("the man page is roff that no name or text of it steers") {
    const sandbox box;
    const auto page = box.ok({"help", "--man"});
    const std::set<std::string> requests{".TH", ".ad", ".nh", ".SH", ".SS",
                                         ".TP", ".IP", ".PP", ".nf", ".fi"};
    std::string sections;
    bool filled = true;
    std::istringstream in(page);
    for (std::string line; std::getline(in, line);) {
        INFO(line);
        CHECK_FALSE(line.empty());
        CHECK_FALSE(line.starts_with('\''));
        if (filled) CHECK_FALSE(line.starts_with(' '));
        if (line == ".nf" || line == ".fi") filled = line == ".fi";
        if (line.starts_with('.')) CHECK(requests.contains(line.substr(0, line.find(' '))));
        if (line.starts_with(".SH ")) sections += line.substr(4) + "|";
        for (const char c : line)
            CHECK(std::isprint(static_cast<unsigned char>(c)) != 0);
    }
    CHECK(page.starts_with(".TH COFFER 1 "));
    CHECK(sections ==
          "NAME|SYNOPSIS|DESCRIPTION|VERBS|OPTIONS|ENVIRONMENT|EXIT STATUS|JSON|EACH VERB|");
    if (box.run_program({"groff", "--version"}).code != 0) {
        WARN("skipped: there is no groff; only the lines were looked at");
        return;
    }
    const auto set = box.run_program({"groff", "-man", "-ww", "-Tutf8", "-P-cbou"}, page);
    INFO(set.err);
    CHECK(set.code == 0);
    CHECK(set.err.empty());
    CHECK(has(set.out, "EXIT STATUS"));
}

TEST_CASE("a secret may be called like a verb, and an option may stand before or behind the verb") {
    const sandbox box;
    box.fill();
    box.ok({"set", "list"}, "value");
    CHECK(box.ok({"get", "list"}) == "value");
    CHECK(box.ok({"-e", "dev", "get", "-s", "acme", "list"}) == "value");
    box.ok({"env", "rename", "dev", "list"});
    CHECK(box.ok({"get", "--", "list"}) == "value");
}

TEST_CASE("completion offers verbs, options, environments, spaces and names, never values, and "
          "asks nothing") {
    sandbox box;
    CHECK(has(box.ok({"complete", "--", "se"}), "set\n"));
    CHECK(box.ok({"complete", "--", "list", "-e", ""}).empty()); // no store: silent
    box.fill();
    CHECK(box.ok({"complete", "--", "env", "re"}) == "remove\nrename\n");
    CHECK(box.ok({"complete", "--", "get", "--sh"}) == "--show\n");
    CHECK(box.ok({"complete", "--", "get", "-e", ""}) == "dev\n");
    CHECK(box.ok({"complete", "--", "get", "-s", "a"}) == "acme\n");
    CHECK(box.ok({"complete", "--", "get", "--space=a"}) == "--space=acme\n");
    CHECK(box.ok({"complete", "--", "export", "--format="}) ==
          "--format=dotenv\n--format=json\n--format=shell\n");
    CHECK(box.ok({"complete", "--", "get", "--show=a"}).empty());
    CHECK(box.ok({"complete", "--", "get", "-s", "acme", ""}) == "DB_URL\nSLACK_TOKEN\n");
    CHECK(box.ok({"complete", "--", "help", "ver"}) == "verify\nversion\n");
    CHECK(box.ok({"complete", "--", "keys", "rota"}) == "rotate-dek\nrotate-kek\n");
    CHECK(box.ok({"complete", "--", "export", "--format", ""}) == "dotenv\njson\nshell\n");
    CHECK(box.ok({"complete", "--", "completion", "b"}) == "bash\n");
    box.variables["COFFER_KEYS"] = "passphrase:/nowhere";
    CHECK(box.ok({"complete", "--", "get", ""}).empty());
    for (const char* shell : {"bash", "zsh", "fish"})
        CHECK(has(box.ok({"completion", shell}), "coffer complete --"));
    CHECK(box.run({"completion", "tcsh"}).code == 2);
}

TEST_CASE("the bash completion works in bash") {
    sandbox box;
    box.fill();
    if (box.run_program({"bash", "-c", "true"}).code != 0) {
        WARN("skipped: there is no bash");
        return;
    }
    const auto done = box.run_program({"bash", "-c",
                                       "coffer() { \"$0\" \"$@\"; }; source <(coffer completion "
                                       "bash); COMP_WORDS=(coffer get S); "
                                       "COMP_CWORD=2; _coffer; printf %s \"${COMPREPLY[*]}\"",
                                       coffer_test::coffer_program()});
    CHECK(done.out == "SLACK_TOKEN");

    // Bash cuts words at = and :, and puts what it is given behind the last cut.
    box.ok({"set", "db:url"}, "v");
    box.ok({"set", "db:user"}, "v");
    const auto offered = [&](const std::string& words, const std::string& line) {
        return box
            .run_program({"bash", "-c",
                          "coffer() { \"$0\" \"$@\"; }; source <(coffer completion bash); "
                          "COMP_WORDS=(" +
                              words +
                              "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
                              "COMP_LINE='" +
                              line +
                              "'; COMP_POINT=${#COMP_LINE}; _coffer; "
                              "printf %s \"${COMPREPLY[*]}\"",
                          coffer_test::coffer_program()})
            .out;
    };
    CHECK(offered("coffer get --env = d", "coffer get --env=d") == "dev");
    CHECK(offered("coffer get --env =", "coffer get --env=") == "dev");
    CHECK(offered("coffer get --env = dev SL", "coffer get --env=dev SL") == "SLACK_TOKEN");
    CHECK(offered("coffer get db : u", "coffer get db:u") == "url user");
    CHECK(offered("coffer get db :", "coffer get db:") == "url user");
    CHECK(offered("coffer get db", "coffer get db") == "db:url db:user");

    // A name is whatever somebody called it, and what completion puts on the line is executed.
    box.ok({"set", "ZED_KEY$(touch owned)"}, "v");
    box.ok({"set", "ZED_OTHER; two words"}, "v");
    const auto quoted =
        box.run_program({"bash", "-c",
                         "coffer() { \"$0\" \"$@\"; }; source <(coffer completion bash); "
                         "COMP_WORDS=(coffer get ZED); COMP_CWORD=2; _coffer; "
                         "for one in \"${COMPREPLY[@]}\"; do eval \"printf '<%s>' $one\"; done",
                         coffer_test::coffer_program()});
    CHECK(quoted.out == "<ZED_KEY$(touch owned)><ZED_OTHER; two words>");
    CHECK_FALSE(std::filesystem::exists(box.work() / "owned"));
}
