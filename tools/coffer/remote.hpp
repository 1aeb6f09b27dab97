// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REMOTE_HPP
#define COFFER_COMMAND_REMOTE_HPP

#include "session.hpp"

#include <coffer/any_vault.hpp>
#include <coffer/bytes.hpp>
#include <coffer/http/access.hpp>
#include <coffer/scope.hpp>
#include <coffer/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Work through a server. A token is sent only where its owner meant it to go: one that was kept by
/// `coffer login`, to the server that it was kept for; one from a flag, a variable or the user's
/// file, never to a server that a folder's file names.
namespace command {

/// A token, and where it was found, for people.
struct found_token {
    coffer::secret text{};
    std::string from{};
    std::filesystem::path file{}; ///< The file that keeps it, absolute; empty: none does.
};

/// The server that the settings name, in one spelling. Throws problem (invalid_argument) if they
/// name none, or none that a token may be sent to.
auto server_text(const settings& from) -> std::string;
/// The token for it. Throws problem: denied (there is none), invalid_argument (one that may not go
/// to this server).
auto token_for(const settings& from) -> found_token;
/// Where `coffer login` keeps the token of a server.
auto kept_token_file(const std::string& server) -> std::filesystem::path;

/// Calls to the server, with the token for it. One that a file keeps is read again when it is
/// refused. Throws problem.
auto open_calls(session& s) -> std::shared_ptr<coffer::http::caller>;
/// The same with another token.
auto open_calls(session& s, const coffer::secret& token) -> std::shared_ptr<coffer::http::caller>;
/// The server's vault, with the token of the settings, or another.
auto open_remote_vault(session& s) -> coffer::any_vault;
auto open_remote_vault(session& s, const coffer::secret& token) -> coffer::any_vault;

/// The values that these names have in a context: one request, for these alone. Those that have
/// none are left out. Errors: those of a view's all().
auto remote_values(session& s, coffer::context where, std::span<const std::string> names)
    -> coffer::result<std::vector<coffer::named_secret>>;

/// How many spaces of an environment have an entry of their own of each name: one request, however
/// many spaces there are. Throws problem.
auto remote_uses(session& s, std::string_view environment)
    -> std::map<std::string, std::size_t, std::less<>>;

/// What programs need of an environment, as its server keeps it: JSON. Throws problem: denied (a
/// token that does not see the environment itself).
auto remote_requirements(session& s, std::string_view environment) -> std::string;

/// The actor that the token is for, if it has one grant and that names one; else none. Throws
/// problem.
auto token_actor(session& s) -> std::string;

/// What a request leads to: its `data` as JSON text. Throws problem.
struct remote_request {
    std::string_view method = "GET";
    std::string target{};
    std::string body{};
    /// The right that it takes, and where: what a server says is not there, the token has no right
    /// in. Without one it is no server that knows such a request.
    std::optional<coffer::http::right> needs{};
    coffer::scope where{};
};
auto ask_server(session& s, coffer::http::caller& through, const remote_request& what)
    -> std::string;
/// The same of a list that comes in pages.
struct remote_page {
    std::string data{};
    std::uint64_t next = 0; ///< What to give as `after` for the page behind it; 0: it is the last.
};
auto ask_page(session& s, coffer::http::caller& through, const remote_request& what) -> remote_page;

/// What /readyz of the server says.
struct remote_readiness {
    std::string status{};
    std::string why{};
    std::uint64_t degraded = 0; ///< Environments that can't be served.
};
/// Nothing where it is not to be had there. Throws problem.
auto ask_readiness(session& s) -> std::optional<remote_readiness>;

} // namespace command

#endif
