// SPDX-License-Identifier: BSL-1.0
#include "agent_server.hpp"
#include "event_source.hpp"
#include "kept_copy.hpp"
#include "problem.hpp"
#include "remote.hpp"
#include "remote_tokens.hpp"

/// Work through a server in a build without OpenSSL.
namespace command {

namespace {
[[noreturn]] void absent() {
    throw problem(coffer::errc::unsupported,
                  "this build talks to no server: it was made without OpenSSL. Name a store");
}
} // namespace

auto server_text(const settings&) -> std::string {
    absent();
}
auto token_for(const settings&) -> found_token {
    absent();
}
auto kept_token_file(const std::string&) -> std::filesystem::path {
    absent();
}
auto open_calls(session&) -> std::shared_ptr<coffer::http::caller> {
    absent();
}
auto open_calls(session&, const coffer::secret&) -> std::shared_ptr<coffer::http::caller> {
    absent();
}
auto open_remote_vault(session&) -> coffer::any_vault {
    absent();
}
auto remote_values(session&, coffer::context, std::span<const std::string>)
    -> coffer::result<std::vector<coffer::named_secret>> {
    absent();
}
auto remote_uses(session&, std::string_view) -> std::map<std::string, std::size_t, std::less<>> {
    absent();
}
auto remote_requirements(session&, std::string_view) -> std::string {
    absent();
}
auto token_actor(session&) -> std::string {
    absent();
}
auto ask_server(session&, coffer::http::caller&, const remote_request&) -> std::string {
    absent();
}
auto ask_page(session&, coffer::http::caller&, const remote_request&) -> remote_page {
    absent();
}

auto ask_readiness(session&) -> std::optional<remote_readiness> {
    absent();
}

void keep_copy(session&, const place&, const coffer::view&, std::span<const coffer::named_secret>) {
    absent();
}
auto open_copy(session&) -> kept_copy {
    absent();
}
void forget_copies(const std::string&) {
    absent();
}
auto server_tokens::mint(session&, coffer::http::token_wish) -> coffer::http::minted_token {
    absent();
}
auto server_tokens::list(session&) -> std::vector<coffer::http::token_row> {
    absent();
}
void server_tokens::revoke(session&, std::string_view) {
    absent();
}

agent_server::agent_server(session& s) : s_(s) {
    absent();
}
void agent_server::require_token() {
    absent();
}
auto agent_server::mint(const coffer::scope&, std::chrono::milliseconds) -> event_token {
    absent();
}
void agent_server::revoke(const event_token&) noexcept {}
void agent_server::know_values(const coffer::scope&, const event_token&, coffer::redactor&) {
    absent();
}
event_source::event_source(session& s) : s_(s) {
    absent();
}
void event_source::follow(const std::function<bool(std::string_view)>&) {
    absent();
}

} // namespace command
