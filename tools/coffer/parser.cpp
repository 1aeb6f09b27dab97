// SPDX-License-Identifier: BSL-1.0
#include "problem.hpp"
#include "text.hpp"
#include "verb.hpp"

#include <coffer/http/nearest.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

namespace command {

auto long_name(const option_spec& option) -> std::string_view {
    return option.flags.substr(option.flags.rfind(',') + 1);
}

auto find_verb(std::string_view name) -> const verb* {
    for (const auto& v : all_verbs())
        if (v.name == name) return &v;
    return nullptr;
}

auto invocation::text(std::string_view option) const -> std::optional<std::string> {
    const auto at = options.find(option);
    return at == options.end() ? std::nullopt : std::optional(at->second);
}

auto invocation::number(std::string_view option) const -> std::optional<std::uint64_t> {
    const auto given = text(option);
    if (!given) return std::nullopt;
    const auto n = parse_number(*given);
    if (!n) refuse("--" + std::string(option) + " takes a number");
    return n;
}

namespace {

/// The word that was probably meant; never what was typed, which may be anything.
auto did_you_mean(std::string_view typed, const std::vector<std::string_view>& known)
    -> std::string {
    const auto best = coffer::http::nearest(typed, known);
    return best.empty() ? "." : "; did you mean " + std::string(best) + "?";
}

/// What other programs call a verb.
auto other_word_for(std::string_view typed) -> std::string_view {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> all{
        {{"rm", "unset"},
         {"del", "unset"},
         {"delete", "unset"},
         {"remove", "unset"},
         {"ls", "list"},
         {"show", "get"},
         {"put", "set"},
         {"add", "set"},
         {"exec", "run"}}};
    for (const auto& [word, verb] : all)
        if (word == typed) return verb;
    return {};
}

/// One parser level: the whole command, a group like `env`, or a verb.
struct level {
    CLI::App* app = nullptr;
    const verb* what = nullptr;
    std::map<std::string, std::string> texts{};
    std::map<std::string, bool> flags{};
    std::vector<std::string> arguments{};

    void add(const option_spec& option) {
        const std::string flags_text(option.flags);
        const std::string key(long_name(option).substr(2));
        if (option.argument == takes::nothing) {
            app->add_flag(flags_text, flags[key])
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
            return;
        }
        auto* const made = option.argument == takes::value ? app->add_option(flags_text, texts[key])
                                                           : app->add_flag(flags_text, texts[key]);
        made->multi_option_policy(CLI::MultiOptionPolicy::Throw);
        if (option.value.find("[,") != option.value.npos) made->join(','); // a list
    }
    void take(invocation& out) const {
        for (const auto& [key, set] : flags)
            if (set) out.options[key];
        for (const auto& [key, text] : texts)
            if (app->count("--" + key) > 0) out.options[key] = text;
    }
};

class parser {
public:
    parser() {
        root_.app = &app_;
        app_.set_help_flag();
        app_.allow_extras();
        app_.fallthrough();
        app_.require_subcommand(0, 1); // a secret may be called like a verb
        for (const auto& option : global_options())
            root_.add(option);
        for (const auto& v : all_verbs())
            add(v);
    }

    void parse(std::vector<std::string> words, invocation& out) {
        std::reverse(words.begin(), words.end()); // as CLI11 takes them
        try {
            app_.parse(std::move(words));
        } catch (const CLI::ParseError& why) { // its text repeats what was typed
            find(out);
            refuse(option_in(why, out) +
                   " lacks its value, has one too many, or is given twice; see " + help_of(out));
        }
        find(out);
        root_.take(out);
        if (chosen_ != nullptr) chosen_->take(out);
        if (out.has("help") || out.asks_version()) return;
        if (out.what == nullptr) no_verb();
        out.arguments = chosen_->arguments;
        check_extras(out);
    }

private:
    auto group(const std::string& name) -> CLI::App* {
        auto& made = groups_[name];
        if (made == nullptr) made = app_.add_subcommand(name)->require_subcommand(0, 1);
        return made;
    }
    void add(const verb& v) {
        auto& made = *verbs_.emplace_back(std::make_unique<level>());
        const auto space = v.name.find(' ');
        made.what = &v;
        made.app = space == v.name.npos
                       ? group(std::string(v.name))
                       : group(std::string(v.name.substr(0, space)))
                             ->add_subcommand(std::string(v.name.substr(space + 1)));
        made.app->set_help_flag();
        made.app->allow_extras(); // told below, in words that do not repeat them
        for (const auto& option : v.options)
            made.add(option);
        if (v.most > 0) made.app->add_option("arguments", made.arguments)->expected(0, -1);
    }
    void find(invocation& out) {
        for (const auto& v : verbs_)
            if (v->app->parsed()) {
                chosen_ = v.get();
                out.what = v->what;
            }
    }
    /// The option that a complaint of the parser names. Texts of other kinds hold what was typed.
    static auto option_in(const CLI::ParseError& why, const invocation& in) -> std::string {
        const std::string_view text = why.what();
        const auto is_in = [&](const option_spec& option) {
            const auto name = long_name(option);
            const auto at = text.find(name);
            if (at == text.npos) return false;
            const auto behind = text.substr(at + name.size());
            return behind.empty() ||
                   (behind[0] != '-' && std::isalnum(static_cast<unsigned char>(behind[0])) == 0);
        };
        if (dynamic_cast<const CLI::ArgumentMismatch*>(&why) == nullptr) return "an option";
        for (const auto& option : global_options())
            if (is_in(option)) return std::string(long_name(option));
        if (in.what != nullptr)
            for (const auto& option : in.what->options)
                if (is_in(option)) return std::string(long_name(option));
        return "an option";
    }
    static auto help_of(const invocation& in) -> std::string {
        return in.what == nullptr ? "coffer help" : "coffer help " + std::string(in.what->name);
    }
    [[noreturn]] void no_verb() {
        for (const auto* group : app_.get_subcommands())
            refuse("coffer " + group->get_name() + " needs one of its verbs; see coffer help " +
                   group->get_name());
        std::vector<std::string_view> known;
        for (const auto& v : all_verbs())
            if (v.shown) known.push_back(v.name);
        const auto rest = app_.remaining(true);
        if (rest.empty()) refuse("what shall be done? See coffer help");
        const auto other = other_word_for(rest.front());
        refuse("there is no such verb" +
               (other.empty() ? did_you_mean(rest.front(), known)
                              : "; did you mean " + std::string(other) + "?") +
               " See coffer help");
    }
    void check_extras(const invocation& in) {
        const auto rest = app_.remaining(true);
        if (rest.empty()) return;
        std::vector<std::string_view> known;
        for (const auto& option : global_options())
            known.push_back(long_name(option));
        for (const auto& option : in.what->options)
            known.push_back(long_name(option));
        const auto& word = rest.front();
        const auto typed = std::string_view(word).substr(0, word.find('='));
        if (typed.starts_with("-"))
            refuse("coffer " + std::string(in.what->name) + " has no such option" +
                   did_you_mean(typed, known) + " See " + help_of(in));
        if (in.what->name == "run")
            refuse("put -- before the command that is to be run: coffer run [OPTION…] -- CMD…");
        refuse("coffer " + std::string(in.what->name) + " takes fewer arguments; see " +
               help_of(in));
    }

    CLI::App app_{"coffer"};
    level root_{};
    std::map<std::string, CLI::App*> groups_{};
    std::vector<std::unique_ptr<level>> verbs_{};
    const level* chosen_ = nullptr;
};

struct scope_option {
    std::string_view name;
    scope_options needs; ///< What a verb that heeds it declares, or more.
};
constexpr std::array<scope_option, 3> all_scope_options{
    {{"env", scope_options::environment},
     {"space", scope_options::all},
     {"actor", scope_options::environment_and_actor}}};

void check_count(const invocation& in) {
    const auto n = in.arguments.size();
    const auto usage =
        "coffer " + std::string(in.what->name) + " " + std::string(in.what->arguments);
    if (n < in.what->least) refuse("too few arguments: " + usage);
    if (n > in.what->most) refuse("too many arguments: " + usage);
}

} // namespace

auto heeds(const verb& v, const option_spec& option) -> bool {
    const auto name = long_name(option).substr(2);
    return std::ranges::none_of(all_scope_options, [&](const scope_option& one) {
        return one.name == name && v.scopes < one.needs;
    });
}

void refuse_unheeded(const invocation& in, scope_options heeded, std::string_view who) {
    for (const auto& one : all_scope_options)
        if (heeded < one.needs && in.has(one.name))
            refuse(std::string(who) + " heeds no --" + std::string(one.name) +
                   ": leave it out. Nothing was done; see coffer help " +
                   std::string(in.what->name));
}

void parse(int argc, char** argv, invocation& out) {
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto dashes = std::find(words.begin(), words.end(), "--");
    std::vector<std::string> behind;
    if (dashes != words.end()) {
        behind.assign(dashes + 1, words.end());
        words.erase(dashes, words.end());
    }
    parser().parse(std::move(words), out);
    if (out.has("help") || out.asks_version()) return;
    if (out.what->name == "run" || out.what->name == "complete")
        out.after_dashes = std::move(behind);
    else
        out.arguments.insert(out.arguments.end(), behind.begin(), behind.end());
    check_count(out);
    refuse_unheeded(out, out.what->scopes, "coffer " + std::string(out.what->name));
}

} // namespace command
