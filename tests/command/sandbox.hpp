// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_COMMAND_SANDBOX_HPP
#define COFFER_TESTS_COMMAND_SANDBOX_HPP

#include "support/temporary_folder.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer_test {

/// How a run of the command ended.
struct ran {
    int code = -1; ///< 128 + signal if one ended it.
    std::string out{};
    std::string err{};
};

/// A home and a working folder of their own, and the command in them: no variable, no file and no
/// terminal of the machine reaches it.
class sandbox {
public:
    using words = std::vector<std::string>;

    sandbox();

    /// Runs `coffer WORDS…` without a terminal, with `in` on its stdin.
    auto run(const words& args, std::string_view in = {}) const -> ran;
    /// The same, and fails the test unless it ended with 0. Answers stdout.
    auto ok(const words& args, std::string_view in = {}) const -> std::string;
    /// Runs any program so.
    auto run_program(const words& command, std::string_view in = {}) const -> ran;
    /// One step of a talk on a terminal.
    struct exchange {
        std::string wait_for{};
        std::string type{};
        std::function<void()> before{}; ///< Done between the two.
    };
    /// Runs the command on a terminal of its own. `out` is all that the terminal showed.
    auto on_terminal(const words& args, const std::vector<exchange>& script = {}) const -> ran;
    auto program_on_terminal(const words& command, const std::vector<exchange>& script = {}) const
        -> ran;

    /// `coffer init`, then: SLACK_TOKEN and DB_URL in dev, spaces acme and globex, SLACK_TOKEN
    /// overridden in acme.
    void fill() const;
    /// Fails the test unless every value that fill() set is read where it is seen.
    void check_filled() const;

    auto work() const -> std::filesystem::path { return root_ / "work"; }
    auto home() const -> std::filesystem::path { return root_ / "home"; }
    auto keyring() const -> std::filesystem::path {
        return home() / ".config/coffer/keys/keyring.json";
    }
    /// The document of an environment.
    auto document(std::string_view environment) const -> std::filesystem::path;
    void write(const std::filesystem::path& file, std::string_view text) const;
    static auto read(const std::filesystem::path& file) -> std::string;

    std::map<std::string, std::string> variables{}; ///< Set for every run.
    std::filesystem::path folder{};                 ///< Where it runs.
    bool out_does_not_wait = false; ///< Its stdout is a pipe that answers EAGAIN where it is full.

private:
    auto environment() const -> words;
    [[noreturn]] void execute(const words& command) const;

    temporary_folder root_{};
};

/// Waits for something that comes: as long as a slow machine may take. False: it did not.
auto eventually(const std::function<bool()>& done) -> bool;

/// The command under test.
auto coffer_program() -> std::string;

/// The ids of the KEKs, in the order in which they were made.
auto keks(const sandbox& box) -> std::vector<std::string>;

/// The values that fill() sets: no run may show them unasked.
inline constexpr std::string_view dev_token = "xoxb-canary-everyone-8c1f";
inline constexpr std::string_view acme_token = "xoxb-canary-acme-77e0";
inline constexpr std::string_view db_url = "postgres://canary:pw-5d5d@db/app";

inline auto has(std::string_view text, std::string_view part) -> bool {
    return text.find(part) != text.npos;
}

} // namespace coffer_test

#endif
