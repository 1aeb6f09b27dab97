// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_HTTP_API_WORLD_HPP
#define COFFER_TESTS_HTTP_API_WORLD_HPP

// A service in the test's own process: requests go to the handler as structs, no socket is opened.

#include <coffer/http/api.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/service_vault.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace coffer_test {

namespace http = coffer::http;
namespace json = boost::json;

/// Tokens by their text: a test says who stands behind each.
class known_tokens final : public http::authenticator {
public:
    std::map<std::string, http::principal, std::less<>> all{};
    coffer::errc trouble{}; ///< If set, nobody can be told.

    auto authenticate(std::string_view bearer, const http::request&)
        -> coffer::result<http::principal> override {
        if (trouble != coffer::errc{}) return trouble;
        const auto found = all.find(bearer);
        return found == all.end() ? coffer::result<http::principal>(coffer::errc::denied)
                                  : coffer::result<http::principal>(found->second);
    }
    auto try_authenticate(std::string_view bearer, const http::request&)
        -> std::optional<http::principal> override {
        const auto found = all.find(bearer);
        return found == all.end() ? std::nullopt : std::optional(found->second);
    }
};

/// Keeps what it was told, or refuses to.
class kept_audit final : public http::audit_hook {
public:
    std::vector<http::audit_record> records{};
    bool works = true;

    auto append(const http::audit_record& r) -> bool override {
        const std::lock_guard lock(mutex_);
        if (works) records.push_back(r);
        return works;
    }
    auto prepare(const http::audit_record&) -> bool override { return works; }
    auto writable() -> bool override { return works; }

private:
    std::mutex mutex_;
};

/// A store in memory that can be cut off. A handle.
class cut_off_store {
public:
    auto load(std::string_view partition, std::span<const std::string> keys)
        -> coffer::result<coffer::cut> {
        ++state_->loads;
        if (state_->countdown != 0 && --state_->countdown == 0) state_->meanwhile();
        const std::lock_guard lock(state_->mutex);
        state_->last = partition;
        if (state_->away || state_->lost == partition) return coffer::errc::unavailable;
        auto found = state_->inner.load(partition, keys);
        for (std::size_t i = 0; found && i < keys.size(); ++i)
            if (keys[i] == state_->missing) found->objects[i].reset();
        return found;
    }
    auto commit(std::string_view partition, coffer::revision expected, coffer::revision next,
                std::span<const coffer::object_write> writes)
        -> coffer::result<coffer::commit_outcome> {
        if (state_->away) return coffer::errc::unavailable;
        std::size_t most = 0;
        for (const auto& write : writes)
            if (write.value && write.value->size() > most) {
                most = write.value->size();
                const std::lock_guard lock(state_->mutex);
                state_->largest = write.key;
            }
        return state_->inner.commit(partition, expected, next, writes);
    }
    auto limits() const noexcept -> coffer::store_limits { return state_->inner.limits(); }
    void away(bool is) { state_->away = is; }
    auto loads() const -> std::size_t { return state_->loads; }
    /// Somebody else does something right before the n-th load from now. For one thread.
    void before_load(std::size_t n, std::function<void()> meanwhile) {
        state_->countdown = n;
        state_->meanwhile = std::move(meanwhile);
    }
    auto is_armed() const -> bool { return state_->countdown != 0; }
    /// The partition that was loaded last can't be loaded from now on.
    void lose_last() {
        const std::lock_guard lock(state_->mutex);
        state_->lost = state_->last;
    }

    /// The largest object of the last commit is not there, or is there again.
    void miss_largest(bool is) {
        const std::lock_guard lock(state_->mutex);
        state_->missing = is ? state_->largest : std::string();
    }

private:
    struct state {
        coffer::memory::store inner{};
        std::atomic<bool> away{false};
        std::atomic<std::size_t> loads{0};
        std::size_t countdown = 0;
        std::function<void()> meanwhile{};
        std::mutex mutex{};
        std::string last{};
        std::string lost{"(none)"};
        std::string largest{};
        std::string missing{};
    };
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// What came back.
struct reply {
    http::response raw{};
    json::value body{};

    auto status() const -> unsigned { return raw.status; }
    auto header(std::string_view name) const -> std::string {
        for (const auto& h : raw.headers)
            if (h.name == name) return h.value;
        return {};
    }
    auto data() const -> const json::value& { return body.at("data"); }
    /// The n-th row of `data`, or `data` itself where it is no list.
    auto row(std::size_t n = 0) const -> const json::object& {
        return data().is_array() ? data().get_array().at(n).as_object() : data().as_object();
    }
    auto text(std::string_view member, std::size_t n = 0) const -> std::string {
        return coffer_test::reply::text_of(row(n), member);
    }
    static auto text_of(const json::object& in, std::string_view member) -> std::string {
        const auto* found = in.if_contains({member.data(), member.size()});
        if (found == nullptr) return "(absent)";
        return found->is_string()
                   ? std::string(found->get_string().c_str(), found->get_string().size())
                   : json::serialize(*found);
    }
    /// Names and values of a list.
    auto values() const -> std::map<std::string, std::string> {
        std::map<std::string, std::string> out;
        for (const auto& r : data().as_array()) {
            const auto name = text_of(r.as_object(), "name");
            if (!out.emplace(name, text_of(r.as_object(), "value")).second) out[name] = "(twice)";
        }
        return out;
    }
};

using values = std::map<std::string, std::string>;

/// Anything that can stand in a JSON text.
struct any_json {
    json::value held{};
    any_json(std::string_view text) : held(json::string_view(text.data(), text.size())) {}
    any_json(const std::string& text) : any_json(std::string_view(text)) {}
    any_json(const char* text) : any_json(std::string_view(text)) {}
    any_json(bool flag) : held(flag) {}
    any_json(int number) : held(number) {}
    any_json(std::nullptr_t) {}
    any_json(json::value v) : held(std::move(v)) {}
};

inline auto object(std::vector<std::pair<std::string_view, any_json>> members) -> std::string {
    json::object out;
    for (const auto& [name, value] : members)
        out[json::string_view(name.data(), name.size())] = value.held;
    return json::serialize(out);
}

inline auto escaped(std::string_view text) -> std::string {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (std::isalnum(u) != 0 || c == '_' || c == '-')
            out += c;
        else
            (out += '%').append({digits[u >> 4], digits[u & 15]});
    }
    return out;
}

/// A service, compiled once (api_world.cpp): else each test compiles every route.
auto make_service(coffer::any_vault vault, http::api_options with) -> std::unique_ptr<http::api>;

struct api_world {
    static constexpr const char* full = "full-token";

    cut_off_store store{};
    coffer::keyring::memory_keyring keys{};
    std::shared_ptr<known_tokens> tokens = std::make_shared<known_tokens>();
    std::shared_ptr<kept_audit> audit = std::make_shared<kept_audit>();
    coffer::any_vault vault;
    std::unique_ptr<http::api> service;

    explicit api_world(coffer::options how = {}, http::api_options with = {})
        : vault(service_vault(store, keys, std::move(how))) {
        know(full, http::full_grants());
        with.tokens = tokens;
        with.audit = audit;
        service = make_service(vault, std::move(with));
    }

    /// The query of a scope.
    static auto query(const coffer::scope& where) -> std::string {
        std::string out = "?environmentId=" + escaped(where.environment);
        if (!where.space.empty()) out += "&spaceId=" + escaped(where.space);
        if (!where.actor.empty()) out += "&actorId=" + escaped(where.actor);
        return out;
    }
    static auto query(const coffer::scope& where, std::string_view name) -> std::string {
        return query(where) + "&name=" + escaped(name);
    }

    void know(const std::string& token, std::vector<http::grant> grants, bool session = false) {
        http::principal who;
        who.token_id = "id-of-" + token;
        who.name = "name of " + token;
        who.grants = std::move(grants);
        who.is_session = session;
        tokens->all[token] = who;
    }

    static auto request_of(std::string_view method, std::string_view target, std::string_view body,
                           std::string_view token) -> http::request {
        http::request in;
        in.method = method;
        in.target = target;
        in.peer = "192.0.2.7";
        in.headers.push_back({"host", "127.0.0.1:8460"});
        if (!token.empty()) in.headers.push_back({"authorization", "Bearer " + std::string(token)});
        if (!body.empty()) in.headers.push_back({"content-type", "application/json"});
        in.body.assign(body);
        return in;
    }
    static auto read(http::response out) -> reply {
        reply r;
        r.raw = std::move(out);
        if (r.raw.content_type == "application/json")
            r.body = json::parse(json::string_view(r.raw.body.data(), r.raw.body.size()));
        return r;
    }
    auto send(std::string_view method, std::string_view target, std::string_view body = {},
              std::string_view token = full) -> reply {
        const auto in = request_of(method, target, body, token);
        auto now = service->try_now(in);
        return read(now ? *std::move(now) : service->handle(in));
    }
    auto get(std::string_view target, std::string_view token = full) -> reply {
        return send("GET", target, {}, token);
    }

    // What most tests begin with.
    auto new_environment(std::string_view name = "one") -> std::string {
        const auto made =
            send("POST", "/v1/environments", object({{"name", name}, {"isProd", false}}));
        REQUIRE(made.status() == 200);
        return made.text("id");
    }
    auto new_space(const std::string& environment) -> std::string {
        const auto made = send("POST", "/v1/spaces", object({{"environmentId", environment}}));
        REQUIRE(made.status() == 200);
        return made.text("id");
    }
    auto put(const coffer::scope& where, std::string_view name, std::string_view value,
             std::string_view token = full) -> reply {
        json::object o;
        o["name"] = json::string_view(name.data(), name.size());
        o["value"] = json::string_view(value.data(), value.size());
        if (!where.environment.empty()) o["environmentId"] = any_json(where.environment).held;
        if (!where.space.empty()) o["spaceId"] = any_json(where.space).held;
        if (!where.actor.empty()) o["actorId"] = any_json(where.actor).held;
        return send("POST", "/v1/secrets", json::serialize(o), token);
    }
    auto list(const coffer::scope& where, std::string_view token = full) -> reply {
        return get("/v1/secrets" + query(where), token);
    }
};

inline auto at(std::string environment, std::string space = {}, std::string actor = {})
    -> coffer::scope {
    coffer::scope out;
    out.environment = std::move(environment);
    out.space = std::move(space);
    out.actor = std::move(actor);
    return out;
}

/// Whether an answer is an error of the contract's form (§5), and not more.
inline void check_error(const reply& r, unsigned status) {
    CHECK(r.status() == status);
    REQUIRE(r.body.is_object());
    const auto* errors = r.body.get_object().if_contains("errors");
    REQUIRE(errors != nullptr);
    REQUIRE(errors->is_array());
    REQUIRE_FALSE(errors->get_array().empty());
    for (const auto& e : errors->get_array())
        CHECK_FALSE(e.at("message").as_string().empty());
    CHECK(r.raw.content_type == "application/json");
}

} // namespace coffer_test

#endif
