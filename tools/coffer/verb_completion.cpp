// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <algorithm>
#include <csignal>

#include <sys/time.h>
#include <unistd.h>

namespace command {

namespace {

// Bash puts what it is given on the line as it is, where a name is a command's text: zsh and fish
// quote by themselves. It also cuts words at = and : (COMP_WORDBREAKS): they are joined again where
// the line has no blank between, and what stands before the last cut is not given a second time.
constexpr std::string_view bash_script = R"(_coffer() {
    local -a words=()
    local i word rest=$COMP_LINE
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $rest != [[:blank:]]* && ($word == [=:]* || ${words[-1]} == *[=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        rest=${rest#"${rest%%[![:blank:]]*}"}
        rest=${rest#"$word"}
    done
    [[ $word == [=:]* ]] && word=
    local cut=${words[-1]%"$word"}
    mapfile -t COMPREPLY < <(coffer complete -- "${words[@]:1}" 2>/dev/null)
    for i in "${!COMPREPLY[@]}"; do printf -v "COMPREPLY[i]" %q "${COMPREPLY[i]#"$cut"}"; done
}
complete -o default -F _coffer coffer
)";
constexpr std::string_view zsh_script = R"(#compdef coffer
_coffer() {
    local -a found
    found=("${(@f)$(coffer complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
if [[ "${funcstack[1]}" == _coffer ]]; then _coffer; else compdef _coffer coffer; fi
)";
constexpr std::string_view fish_script =
    "complete -c coffer -f -a '(coffer complete -- (commandline -opc)[2..-1] (commandline -ct) "
    "2>/dev/null)'\n";

auto run_completion(session& s) -> int {
    const auto& shell = s.in.arguments.front();
    if (shell == "bash")
        put(bash_script);
    else if (shell == "zsh")
        put(zsh_script);
    else if (shell == "fish")
        put(fish_script);
    else
        refuse("completion is for bash, zsh or fish");
    return 0;
}

/// The line so far, as far as completion understands it.
struct half_line {
    std::string current{};
    std::string expects{}; ///< The option whose value is being typed.
    std::string before{};  ///< `--env=`, where the value is typed in one word with it.
    const verb* what = nullptr;
    std::vector<std::string> words{}; ///< Of the verb, while there is none.
    std::size_t arguments = 0;        ///< That came behind the verb.
    invocation typed{};
};

auto option_of(const verb* what, std::string_view word) -> const option_spec* {
    const auto is = [&](const option_spec& o) {
        return long_name(o) == word || (word.size() == 2 && o.flags.starts_with(word));
    };
    if (what != nullptr)
        for (const auto& o : what->options)
            if (is(o)) return &o;
    for (const auto& o : global_options())
        if (is(o)) return &o;
    return nullptr;
}

auto read_line(const std::vector<std::string>& words) -> half_line {
    half_line line;
    if (words.empty()) return line;
    line.current = words.back();
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const auto& word = words[i];
        if (!word.starts_with("-")) {
            if (line.what != nullptr) {
                ++line.arguments;
            } else {
                line.words.push_back(word);
                line.what = find_verb(join(line.words, " "));
            }
            continue;
        }
        const auto equals = word.find('=');
        const auto* const option = option_of(line.what, std::string_view(word).substr(0, equals));
        if (option == nullptr || option->argument != takes::value) continue;
        const std::string key(long_name(*option).substr(2));
        if (equals != word.npos)
            line.typed.options[key] = word.substr(equals + 1);
        else if (i + 2 == words.size())
            line.expects = key;
        else
            line.typed.options[key] = words[++i];
    }
    const auto equals = line.current.find('=');
    if (equals == line.current.npos || !line.current.starts_with("--")) return line;
    const auto* const option =
        option_of(line.what, std::string_view(line.current).substr(0, equals));
    if (option == nullptr || option->argument == takes::nothing) return line;
    line.expects = long_name(*option).substr(2);
    line.before = line.current.substr(0, equals + 1);
    line.current.erase(0, equals + 1);
    return line;
}

auto options_of(const half_line& line) -> std::vector<std::string> {
    std::vector<std::string> out;
    if (line.what != nullptr)
        for (const auto& o : line.what->options)
            out.emplace_back(long_name(o));
    for (const auto& o : global_options())
        if (line.what == nullptr || heeds(*line.what, o)) out.emplace_back(long_name(o));
    return out;
}

/// The next word of the verbs that go on as this line began.
auto verbs_of(const std::vector<std::string>& begun) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& v : all_verbs()) {
        const auto words = split(v.name, ' ');
        if (!v.shown || words.size() <= begun.size() ||
            !std::equal(begun.begin(), begun.end(), words.begin()))
            continue;
        out.push_back(words[begun.size()]);
    }
    return out;
}

auto offers_of(session& s, completes what) -> std::vector<std::string> {
    switch (what) {
    case completes::environments: return need(s.vault()->environments());
    case completes::spaces: return need(s.vault()->spaces(s.environment_here().environment));
    case completes::verbs: return verbs_of({});
    case completes::names: {
        std::vector<std::string> out;
        const auto view = need(s.vault()->resolver().at(s.here().where()));
        for (const auto& e : view.list())
            out.push_back(e.name);
        return out;
    }
    default: return {};
    }
}

/// `a|b|c`, as help spells what may stand in a place; nothing if it is spelt in another way.
auto alternatives(std::string_view spelt) -> std::vector<std::string> {
    const bool listed =
        spelt.find('|') != spelt.npos && std::ranges::all_of(spelt, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '|';
        });
    return listed ? split(spelt, '|') : std::vector<std::string>();
}

/// Never asks: a passphrase is none of completion's business.
auto candidates(const half_line& line) -> std::vector<std::string> {
    if (line.expects.empty() && line.current.starts_with("-")) return options_of(line);
    if (line.expects.empty() && line.what == nullptr) return verbs_of(line.words);
    const auto* const option =
        line.expects.empty() ? nullptr : option_of(line.what, "--" + line.expects);
    if (auto spelt = alternatives(option != nullptr      ? option->value
                                  : line.expects.empty() ? line.what->arguments
                                                         : std::string_view());
        !spelt.empty())
        return spelt;
    if (line.expects.empty() && line.arguments == 0) // a verb that others begin with: coffer keys
        if (auto longer = verbs_of(split(line.what->name, ' ')); !longer.empty()) return longer;
    session s(line.typed);
    if (s.config().text("keys").starts_with("passphrase:")) return {};
    if (line.expects == "env") return offers_of(s, completes::environments);
    if (line.expects == "space") return offers_of(s, completes::spaces);
    return line.expects.empty() ? offers_of(s, line.what->offers) : std::vector<std::string>();
}

extern "C" void give_up(int) {
    ::_exit(0);
}

auto run_complete(session& s) -> int {
    ::signal(SIGALRM, give_up);
    const itimerval patience{{0, 0}, {0, 300'000}};
    ::setitimer(ITIMER_REAL, &patience, nullptr);
    const auto line = read_line(s.in.after_dashes);
    std::vector<std::string> found;
    try {
        found = candidates(line);
    } catch (const problem&) {
        return 0;
    }
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const auto& word : found)
        if (word.starts_with(line.current) && printable(word) == word) put_line(line.before + word);
    return 0;
}

} // namespace

auto completion_verbs() -> std::vector<verb> {
    return {{.name = "completion",
             .arguments = "bash|zsh|fish",
             .least = 1,
             .most = 1,
             .summary = "a script that completes verbs, options, environments, spaces and names",
             .details = "source <(coffer completion bash). Never values; gives up after 300 ms; "
                        "asks for nothing.",
             .run = run_completion},
            {.name = "complete",
             .arguments = "-- WORD…",
             .summary = "what the scripts ask",
             .run = run_complete,
             .shown = false}};
}

} // namespace command
