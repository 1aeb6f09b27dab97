// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_VERB_HPP
#define COFFER_COMMAND_VERB_HPP

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace command {

class session;

/// What stands behind an option.
enum class takes : unsigned char {
    nothing,
    value,
    optional_value, ///< `--generate` or `--generate=64`.
};

/// One option: parser, help, completion and docs/command.md are all made from it.
struct option_spec {
    std::string_view flags; ///< `-s,--space`: the long name, without its dashes, is the key.
    takes argument = takes::nothing;
    std::string_view value{}; ///< How the value is called: `FILE`.
    std::string_view help{};
};

/// What completion offers for a verb's arguments.
enum class completes : unsigned char { nothing, names, environments, spaces, files, verbs };

/// Which of --env, --space and --actor a verb heeds: none; --env; all but --space; all. Where one is
/// typed that the verb does not heed, it is refused: nothing would come of it, and who typed it means
/// it. What a file or a variable says of them is for the verbs that heed it.
enum class scope_options : unsigned char {
    none,
    environment,
    environment_and_actor,
    all,
};

inline constexpr std::size_t any_number = 1000;

/// One verb.
struct verb {
    std::string_view name; ///< `set`, `env create`.
    std::string_view arguments{};
    std::size_t least = 0; ///< How many arguments there have to be, and may be.
    std::size_t most = 0;
    completes offers = completes::nothing;
    std::string_view summary{};
    std::string_view details{};
    std::vector<option_spec> options{};
    auto(*run)(session& here) -> int = nullptr;
    scope_options scopes = scope_options::none;
    bool local = false; ///< Beside the store alone, never through a server.
    bool shown = true;  ///< Not in help: for scripts that the command itself writes.
};

/// Every verb, in the order of the help; every option that all of them take.
auto all_verbs() -> std::span<const verb>;
auto global_options() -> std::span<const option_spec>;
auto find_verb(std::string_view name) -> const verb*;
/// `--space` of `-s,--space`.
auto long_name(const option_spec& option) -> std::string_view;

/// What was typed, taken apart.
class invocation {
public:
    const verb* what = nullptr;
    std::vector<std::string> arguments{};
    std::vector<std::string> after_dashes{}; ///< What stands behind `--`, where the verb runs it.
    std::map<std::string, std::string, std::less<>> options{};

    /// `--version` by itself; `get NAME --version N` is another.
    auto asks_version() const -> bool {
        return has("version") && (what == nullptr || what->name != "get");
    }
    auto has(std::string_view option) const -> bool { return options.contains(option); }
    auto text(std::string_view option) const -> std::optional<std::string>;
    /// Throws a usage problem if it is no number.
    auto number(std::string_view option) const -> std::optional<std::uint64_t>;
};

/// Whether a verb heeds this option, which is one of all verbs.
auto heeds(const verb& v, const option_spec& option) -> bool;

/// Refuses those of --env, --space and --actor that were typed and that `heeded` does not hold.
/// Throws problem (invalid_argument): `who` names what does not heed them.
void refuse_unheeded(const invocation& in, scope_options heeded, std::string_view who);

/// Takes a command line apart. Throws problem (invalid_argument) for one that it does not
/// understand, or that has options which the verb does not heed; what was typed is not repeated,
/// since it may be a value. `out.what` is set as soon as it is known.
void parse(int argc, char** argv, invocation& out);

} // namespace command

#endif
