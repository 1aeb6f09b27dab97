// SPDX-License-Identifier: BSL-1.0
#include "remote.hpp"

#include "problem.hpp"
#include "remote_calls.hpp"
#include "text.hpp"

#include <coffer/http/caller.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/remote_vault.hpp>

#include <cstdlib>

#include <boost/json/serialize.hpp>

namespace command {

namespace http = coffer::http;
using coffer::errc;

namespace {

auto address_of(const std::string& server, const std::string& from) -> http::server_address {
    auto address = http::server_address::parse(server);
    if (address) return *std::move(address);
    const auto shown = "the server " + printable(shown_address(server)) + " (from " + from + ")";
    if (address.error().code == errc::denied)
        throw problem(errc::denied, shown + " is asked over plain HTTP, where everybody on the way "
                                            "reads the token: only https, or http to this machine");
    refuse(shown + " is no address: https://HOST[:PORT]");
}

auto address_of(const settings& from) -> http::server_address {
    const auto* const named = from.find("server");
    if (named == nullptr) refuse("no server is named: say --server URL, or set COFFER_SERVER");
    return address_of(named->value, named->from);
}

/// A token that its owner did not keep for one server goes to one that its owner names.
void require_own_server(const settings& from, const std::string& token) {
    const auto& server = *from.find("server");
    if (server.who == said_by::folder_file)
        refuse(token + " would go to " + printable(shown_address(server.value)) + ", which " +
               server.from +
               " names: that file may be anybody's. Say --server, or keep a token for that server "
               "with coffer login");
}

auto from_file(const std::filesystem::path& file, const std::string& from) -> found_token {
    auto read = http::detail::read_token_file(file.string());
    if (read) return {*std::move(read), from, std::filesystem::absolute(file)};
    const auto shown = "the token in " + printable(file.string()) + " (from " + from + ")";
    switch (read.error().code) {
    case errc::not_found: throw problem(errc::denied, shown + " is not there");
    case errc::denied:
        throw problem(errc::denied, shown + " is refused: it must be a file of yours, mode 0600");
    case errc::invalid_argument: refuse(shown + " is no token: one line, nothing else");
    default: throw problem(read.error().code, shown + " can't be read");
    }
}

auto connect(const settings& from, const http::server_address& to, http::client_options with)
    -> std::shared_ptr<http::caller> {
    with.server = to.text();
    const auto* const ca = from.find("ca");
    if (ca != nullptr) with.authorities = path_of(*ca).string();
    auto made = http::caller::open(std::move(with));
    if (!made && made.error().code == errc::invalid_argument)
        refuse("this is no token: it is letters and digits on one line");
    if (!made && made.error().code == errc::unavailable && ca != nullptr)
        refuse("the authorities in " + printable(path_of(*ca).string()) + " (from " + ca->from +
               ") can't be read: a PEM file of certificates");
    return need(std::move(made));
}

} // namespace

auto connect(const settings& from, const std::string& server,
             const std::filesystem::path& token_file, const std::string& named_by)
    -> std::shared_ptr<http::caller> {
    const auto to = address_of(server, named_by);
    (void)from_file(token_file, named_by); // says what is wrong with it
    http::client_options with;
    with.token_file = std::filesystem::absolute(token_file).string(); // the agent moves on
    return connect(from, to, std::move(with));
}

auto server_text(const settings& from) -> std::string {
    return address_of(from).text();
}

auto kept_token_file(const std::string& server) -> std::filesystem::path {
    return config_folder() / "tokens" / http::encoded(server);
}

auto token_for(const settings& from) -> found_token {
    const auto server = server_text(from);
    const auto* const file = from.find("token-file");
    const char* const variable = std::getenv("COFFER_TOKEN");
    const bool said = variable != nullptr && *variable != 0;
    if (said && (file == nullptr || file->who != said_by::flag)) {
        require_own_server(from, "COFFER_TOKEN");
        return {coffer::secret(std::string_view(variable)), "COFFER_TOKEN", {}};
    }
    // What stands beside a server in the user's file is that server's alone.
    if (file != nullptr && file->who == said_by::user_file) {
        if (from.find("server")->who == said_by::user_file)
            return from_file(file->base / file->value, file->from);
    } else if (file != nullptr) {
        require_own_server(from, "the token of " + file->from);
        return from_file(file->base / file->value, file->from);
    }
    const auto kept = kept_token_file(server);
    std::error_code ignored;
    if (!std::filesystem::exists(kept, ignored))
        throw problem(errc::denied, "there is no token for " + server + "; see coffer help login");
    return from_file(kept, "coffer login");
}

auto open_calls(session& s) -> std::shared_ptr<http::caller> {
    auto token = token_for(s.config());
    s.detail("server " + server_text(s.config()) + ", token from " + token.from);
    http::client_options with;
    with.token_file = token.file.string();
    if (token.file.empty()) with.token = std::move(token.text);
    return connect(s.config(), address_of(s.config()), std::move(with));
}

auto open_calls(session& s, const coffer::secret& token) -> std::shared_ptr<http::caller> {
    http::client_options with;
    with.token = token.clone();
    return connect(s.config(), address_of(s.config()), std::move(with));
}

auto open_remote_vault(session& s) -> coffer::any_vault {
    return coffer::any_vault(std::make_shared<http::remote_vault>(
        s.calls(), std::chrono::milliseconds(s.config().max_stale())));
}
auto open_remote_vault(session& s, const coffer::secret& token) -> coffer::any_vault {
    return coffer::any_vault(std::make_shared<http::remote_vault>(
        open_calls(s, token), std::chrono::milliseconds(s.config().max_stale())));
}

auto remote_values(session& s, coffer::context where, std::span<const std::string> names)
    -> coffer::result<std::vector<coffer::named_secret>> {
    const auto in = http::ask_fresh_values(
        *s.calls(), where, true, std::chrono::milliseconds(s.config().max_stale()), names);
    if (!in) return in.error();
    return http::wire_view(in->rows, coffer::machine_clock()).all(in->fresh);
}

auto remote_uses(session& s, std::string_view environment)
    -> std::map<std::string, std::size_t, std::less<>> {
    const coffer::context where{.environment = environment};
    const auto in =
        need(s.calls()->call(
                 {.method = "GET", .target = "/v1/x/secrets" + http::query_of(where), .body = {}}),
             where);
    std::map<std::string, std::size_t, std::less<>> out;
    for (const auto& one : in.list("rows")) {
        if (!one.is_object()) continue;
        const auto* uses = one.get_object().if_contains("usedBy");
        if (uses != nullptr && uses->is_object())
            out[std::string(http::text_in(one.get_object(), "name"))] =
                http::number_in(uses->get_object(), "over") +
                http::number_in(uses->get_object(), "hidden");
    }
    return out;
}

auto remote_requirements(session& s, std::string_view environment) -> std::string {
    const coffer::context where{.environment = environment};
    auto in = s.calls()->call(
        {.method = "GET", .target = "/v1/x/requirements" + http::query_of(where), .body = {}});
    if (!in && in.error().code == errc::not_found)
        throw problem(errc::denied,
                      "this token is not told what programs need in " + place_name(where), where);
    const auto answer = need(std::move(in), where);
    const auto* const found = answer.object().if_contains("requirements");
    return found == nullptr ? "{}" : boost::json::serialize(*found);
}

auto token_actor(session& s) -> std::string {
    const auto in = need(s.calls()->call({.method = "GET", .target = "/v1/x/whoami", .body = {}}));
    const auto* const me = in.data();
    const auto* const grants =
        me == nullptr || !me->is_object() ? nullptr : me->get_object().if_contains("grants");
    if (grants == nullptr || !grants->is_array() || grants->get_array().size() != 1) return {};
    const auto& only = grants->get_array().front();
    return only.is_object() ? std::string(http::text_in(only.get_object(), "actorId")) : "";
}

auto ask_page(session& s, http::caller& through, const remote_request& what) -> remote_page {
    http::outgoing out{.method = what.method,
                       .target = what.target,
                       .body = http::wiped_text(what.body),
                       .only_reads = what.method == "GET"};
    auto in = through.call(std::move(out));
    const auto server = server_text(s.config());
    if (!in && in.error().code == errc::denied)
        throw problem(errc::denied, server + ": " + words_for(in.error(), {}, {}));
    if (!in && in.error().code == errc::not_found && what.needs) // or to be seen by this token
        throw problem(errc::denied, words_for(http::refused(*what.needs), what.where.view(), {}),
                      what.where.view());
    if (!in && in.error().code == errc::not_found)
        in = http::refused(http::refusal::no_coffer, errc::unsupported);
    if (!in)
        if (auto said = words_of_server(in.error(), server); !said.empty())
            throw problem(in.error().code, std::move(said));
    s.detail("asked " + server);
    const auto answer = need(std::move(in));
    return {answer.data() == nullptr ? "{}" : boost::json::serialize(*answer.data()),
            http::number_in(answer.whole(), "next")};
}

auto ask_server(session& s, http::caller& through, const remote_request& what) -> std::string {
    return ask_page(s, through, what).data;
}

auto ask_readiness(session& s) -> std::optional<remote_readiness> {
    const auto in = s.calls()->readiness();
    if (!in) return std::nullopt;
    return remote_readiness{std::string(http::text_in(in->whole(), "status")),
                            std::string(http::text_in(in->whole(), "why")),
                            http::number_in(in->whole(), "degraded")};
}

} // namespace command
