// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_PROBLEM_HPP
#define COFFER_COMMAND_PROBLEM_HPP

#include <coffer/result.hpp>
#include <coffer/scope.hpp>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace command {

/// Why the command ends without having done what it was asked: thrown, and told once, by main. Its
/// texts never hold a value, nor anything that was typed and could be one.
struct problem : std::exception {
    problem(coffer::errc what, std::string text, coffer::context at = {},
            std::string_view which = {})
        : code(what), message(std::move(text)), where(at), name(which) {}
    auto what() const noexcept -> const char* override { return message.c_str(); }

    coffer::errc code;
    std::string message;
    coffer::scope where{};
    std::string name{};
    /// The failure of the vault that its message is made from.
    std::optional<coffer::failure> because{};
};

/// The exit code that belongs to an error (docs/command.md, Exit codes).
auto exit_code_of(coffer::errc code) noexcept -> int;

/// Whether stored data is not as it was written, or older than was known.
constexpr auto is_damage(coffer::errc code) noexcept -> bool {
    return code == coffer::errc::tampered || code == coffer::errc::rolled_back;
}

/// What becomes of several things, of which some fail: as a whole the first failure, but damage before
/// any other.
class verdict {
public:
    void add(coffer::errc why) noexcept {
        if (worst_ == coffer::errc{} || is_damage(why)) worst_ = why;
    }
    /// errc{} if nothing failed.
    auto worst() const noexcept -> coffer::errc { return worst_; }
    auto exit_code() const noexcept -> int {
        return worst_ == coffer::errc{} ? 0 : exit_code_of(worst_);
    }

private:
    coffer::errc worst_{};
};

/// A usage error: exit code 2.
[[noreturn]] void refuse(std::string message);

/// Refuses what was typed for a name and is none.
void need_name(std::string_view typed);

/// Where it is said what to do about stored data that is not as it has to be; empty for what is no
/// error of stored data.
auto cure_of(coffer::errc code) noexcept -> std::string_view;

/// What the system or a library says of a failure, in brackets behind other words: ` (Connection
/// refused)`; empty if it says nothing.
auto cause_words(std::error_code cause) -> std::string;

/// A failure in people's words; of stored data with its cure, on a line of its own.
auto words_for(const coffer::failure& why, coffer::context where, std::string_view name)
    -> std::string;

/// A failure as a problem, in those words.
auto problem_of(const coffer::failure& why, coffer::context where, std::string_view name)
    -> problem;

/// The words of a server that can't be reached, is none, or answers that it can't do it now, with its
/// address; empty for what is no such failure.
auto words_of_server(const coffer::failure& why, const std::string& server) -> std::string;

/// The value of a result, or its failure as a problem.
template <class T>
auto need(coffer::result<T>&& got, coffer::context where = {}, std::string_view name = {}) -> T {
    if (!got) throw problem_of(got.error(), where, name);
    if constexpr (!std::is_void_v<T>) return *std::move(got);
}

} // namespace command

#endif
