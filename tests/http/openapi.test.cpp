// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <coffer/http/first_code.hpp>
#include <coffer/http/sessions.hpp>
#include <coffer/http/x_audit.hpp>
#include <coffer/http/x_events.hpp>
#include <coffer/http/x_tokens.hpp>

#include "support/temporary_folder.hpp"

#include <set>
#include <string>

using namespace coffer_test;

namespace {

auto text_of(const json::value& v) -> std::string {
    return {v.as_string().c_str(), v.as_string().size()};
}

/// As much of JSON Schema as the document uses, and stricter: a member that no schema of an object
/// tells of is a misfit, unless one says `additionalProperties`. Says where a value does not fit, or
/// nothing.
class validator {
public:
    explicit validator(const json::value& document) : document_(document) {}

    auto misfit(const json::value& schema, const json::value& v, const std::string& at) const
        -> std::string {
        if (auto why = misfit_told(schema, v, at); !why.empty()) return why;
        return untold(std::vector{&schema}, v, at);
    }

private:
    using schemas = std::vector<const json::value*>;

    /// Whether what is told of a value is so.
    auto misfit_told(const json::value& schema, const json::value& v, const std::string& at) const
        -> std::string {
        const auto& s = schema.as_object();
        if (const auto* ref = s.if_contains("$ref"))
            return misfit_told(resolved(text_of(*ref)), v, at);
        if (const auto* all = s.if_contains("allOf"))
            for (const auto& one : all->as_array())
                if (auto why = misfit_told(one, v, at); !why.empty()) return why;
        if (const auto* one_of = s.if_contains("oneOf")) {
            std::size_t fit = 0;
            for (const auto& one : one_of->as_array())
                fit += misfit_told(one, v, at).empty() ? 1 : 0;
            if (fit != 1) return at + ": fits " + std::to_string(fit) + " of oneOf";
        }
        if (const auto* type = s.if_contains("type"); type != nullptr && !is_of(*type, v))
            return at + ": is no " + json::serialize(*type);
        if (const auto* one = s.if_contains("const"); one != nullptr && *one != v)
            return at + ": not the one value";
        if (const auto* some = s.if_contains("enum")) {
            bool found = false;
            for (const auto& one : some->as_array())
                found |= one == v;
            if (!found) return at + ": none of the values: " + json::serialize(v);
        }
        if (const auto* required = s.if_contains("required"); required != nullptr && v.is_object())
            for (const auto& name : required->as_array())
                if (!v.as_object().contains(name.as_string()))
                    return at + ": lacks " + text_of(name);
        return {};
    }
    /// Whether every part of a value that several schemas tell of together is told of, and fits.
    auto untold(schemas all, const json::value& v, const std::string& at) const -> std::string {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& s = all[i]->as_object();
            if (const auto* ref = s.if_contains("$ref")) all.push_back(&resolved(text_of(*ref)));
            for (const char* const several : {"allOf", "oneOf"})
                if (const auto* parts = s.if_contains(several))
                    for (const auto& one : parts->as_array())
                        if (several[0] == 'a' || misfit_told(one, v, at).empty())
                            all.push_back(&one);
        }
        if (v.is_object()) {
            for (const auto& [name, value] : v.as_object())
                if (auto why = untold_member(all, name, value, at); !why.empty()) return why;
        } else if (v.is_array()) {
            const auto& list = v.as_array();
            for (std::size_t i = 0; i < list.size(); ++i)
                if (auto why = untold_item(all, list[i], at + "/" + std::to_string(i));
                    !why.empty())
                    return why;
        }
        return {};
    }
    auto untold_member(const schemas& all, std::string_view name, const json::value& value,
                       const std::string& at) const -> std::string {
        bool told = false;
        for (const auto* one : all) {
            const auto& s = one->as_object();
            const json::value* schema = nullptr;
            if (const auto* known = s.if_contains("properties"))
                schema = known->as_object().if_contains(name);
            if (schema == nullptr) {
                const auto* others = s.if_contains("additionalProperties");
                told |= others != nullptr;
                if (others != nullptr && others->is_object()) schema = others;
            }
            if (schema == nullptr) continue;
            told = true;
            if (auto why = misfit(*schema, value, at + "/" + std::string(name)); !why.empty())
                return why;
        }
        const bool anything = std::ranges::any_of(all, [](const auto* one) {
            return !one->as_object().contains("type") && !one->as_object().contains("$ref") &&
                   !one->as_object().contains("allOf") && !one->as_object().contains("oneOf");
        });
        return told || anything ? std::string()
                                : at + ": has " + std::string(name) + ", which is not documented";
    }
    auto untold_item(const schemas& all, const json::value& item, const std::string& at) const
        -> std::string {
        for (const auto* one : all)
            if (const auto* items = one->as_object().if_contains("items"))
                return misfit(*items, item, at);
        const bool anything = std::ranges::any_of(
            all, [](const auto* one) { return !one->as_object().contains("type"); });
        return anything ? std::string() : at + ": is not documented";
    }
    auto resolved(const std::string& ref) const -> const json::value& {
        return document_.at("components").at("schemas").at(ref.substr(ref.rfind('/') + 1));
    }
    static auto is_of(const json::value& type, const json::value& v) -> bool {
        if (type.is_array())
            return std::ranges::any_of(type.as_array(),
                                       [&](const auto& one) { return is_of(one, v); });
        const auto t = text_of(type);
        return (t == "object" && v.is_object()) || (t == "array" && v.is_array()) ||
               (t == "string" && v.is_string()) || (t == "boolean" && v.is_bool()) ||
               (t == "integer" && (v.is_int64() || v.is_uint64())) ||
               (t == "number" && v.is_number()) || (t == "null" && v.is_null());
    }

    const json::value& document_;
};

/// A service with all that one can add: tokens, an audit log, events, metrics.
struct world : api_world {
    temporary_folder folder = temporary_folder::in_memory();
    std::shared_ptr<http::token_registry> registry = std::make_shared<http::token_registry>(vault);
    std::shared_ptr<http::session_registry> sessions =
        std::make_shared<http::session_registry>(registry);
    std::shared_ptr<http::first_code> first = std::make_shared<http::first_code>(registry);
    reply redeemed{};    ///< The answer to the one-time code,
    std::string admin{}; ///< and the token in it.
    json::value document{};
    std::set<std::string> answered{};

    world() {
        const auto log =
            http::audit_log::open(vault, folder / "audit", {.segment_size = 1 << 20}).value();
        http::api_options with;
        with.tokens = sessions;
        with.audit = log;
        with.reveal = http::reveal_mode::reason;
        with.metrics = [] { return std::string("# none\n"); };
        for (auto& rows : {http::x::token_routes(sessions, first), http::x::audit_routes(log),
                           http::x::event_routes(std::make_shared<http::event_hub>())})
            with.more.insert(with.more.end(), rows.begin(), rows.end());
        service = std::make_unique<http::api>(vault, std::move(with));
        service->parts().keks = [] {
            return std::vector<http::kek_facts>{{"kek-1", "active", 1'700'000'000'000, {"*"}}};
        };
        service->parts().keys_kept = "file";
        service->parts().change_keks = http::kek_changes{
            [](auto) {
                return std::vector<http::replaced_kek>{{"kek-1", "kek-2"}};
            },
            [](auto) { return std::monostate(); },
            [](auto environment, auto, auto, const auto&) {
                return http::shred_receipt{.environment = std::string(environment),
                                           .unread = coffer::errc::tampered,
                                           .destroyed = {{"kek-1", 1, true}},
                                           .shared = {"kek-0"},
                                           .text = "shredded"};
            }};
        redeemed = send("POST", "/v1/x/session/code",
                        object({{"code", first->make().value()}, {"name", "tests"}}), "");
        admin = redeemed.text("token");
        document = ask("GET", "/v1/x/openapi.json").body;
    }

    auto ask(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view token = {}) -> reply {
        return send(method, target, body, token.empty() ? std::string_view(admin) : token);
    }
    /// The schema of what a route answers with 200, or otherwise.
    auto schema_of(std::string_view method, const std::string& pattern, bool good) const
        -> const json::value& {
        std::string lower;
        for (const char c : method)
            lower += static_cast<char>(c + 32);
        return document.at("paths")
            .at(pattern)
            .at(lower)
            .at("responses")
            .at(good ? "200" : "default")
            .at("content")
            .at("application/json")
            .at("schema");
    }
    auto checked(std::string_view method, const std::string& target, std::string_view body = {},
                 std::string_view token = {}) -> reply {
        return checked(method, target, ask(method, target, body, token));
    }
    auto checked(std::string_view method, const std::string& target, reply r) -> reply {
        http::decoded_texts texts;
        const auto segments = http::target(target).segments(texts).value();
        const auto found = service->routes().find(method, segments);
        REQUIRE(found.row != nullptr);
        const std::string pattern(found.row->pattern);
        const validator v(document);
        INFO(std::string(method) + " " + target);
        CHECK(v.misfit(schema_of(method, pattern, r.status() < 400), r.body, "") == "");
        if (r.status() < 400) answered.insert(std::string(method) + " " + pattern);
        return r;
    }
};

} // namespace

TEST_CASE("The document tells of every route of the table, and of no other") {
    const world w;
    CHECK(text_of(w.document.at("openapi")) == "3.1.0");
    std::set<std::string> in_table;
    for (const auto& r : w.service->routes().rows()) {
        INFO(std::string(r.method) + " " + std::string(r.pattern));
        CHECK(http::doc_of(r) != nullptr);
        CHECK(in_table.insert(std::string(r.method) + " " + std::string(r.pattern)).second);
    }
    std::set<std::string> in_document;
    for (const auto& [pattern, methods] : w.document.at("paths").as_object())
        for (const auto& [method, operation] : methods.as_object()) {
            std::string upper;
            for (const char c : method)
                upper += static_cast<char>(c - 32);
            in_document.insert(upper + " " + std::string(pattern));
        }
    CHECK(in_document == in_table);
    std::set<std::string> docs;
    for (const auto& d : http::operation_docs)
        CHECK(docs.insert(std::string(d.method) + " " + std::string(d.pattern)).second);
    CHECK(docs == in_table);
}

TEST_CASE("Every route that answers JSON says of which form; the document itself is another's") {
    const world w;
    for (const auto& d : http::operation_docs) {
        INFO(std::string(d.method) + " " + std::string(d.pattern));
        CHECK(d.body != "Any");
        CHECK((d.answer != "Any" || d.answer_type != "application/json" ||
               d.pattern == "/v1/x/openapi.json"));
    }
}

TEST_CASE("Every schema that is referred to is there, and every one there is referred to") {
    const world w;
    const auto text = json::serialize(w.document);
    std::set<std::string> named;
    const std::string mark = "#/components/schemas/";
    for (auto i = text.find(mark); i != text.npos; i = text.find(mark, i + 1)) {
        const auto from = i + mark.size();
        named.insert(text.substr(from, text.find('"', from) - from));
    }
    for (const auto& name : named)
        CHECK(w.document.at("components").at("schemas").as_object().contains(name));
    for (const auto& s : http::schema_docs)
        CHECK(named.count(std::string(s.name)) == 1);
}

TEST_CASE("Real answers are of the form that the document gives them") {
    world w;
    const auto e = w.checked("POST", "/v1/environments",
                             R"({"name":"n","isProd":false,"namespaces":["x"],"metadata":{"a":1}})")
                       .text("id");
    w.checked("GET", "/v1/environments");
    w.checked("GET", "/v1/environments/" + e);
    w.checked("PATCH", "/v1/environments/" + e, R"({"languageOverride":"de"})");
    const auto s = w.checked("POST", "/v1/spaces",
                             R"({"environmentId":")" + e +
                                 R"(","metadata":[1],"labels":["l"],"displayOrder":2})")
                       .text("id");
    w.checked("GET", "/v1/spaces");
    w.checked("GET", "/v1/spaces/" + s);
    w.checked("PATCH", "/v1/spaces/" + s, R"({"name":"s"})");
    const auto body = [&](std::string_view more) {
        return R"({"name":"A","value":"v","environmentId":")" + e + "\"" + std::string(more) + "}";
    };
    w.checked("POST", "/v1/secrets", body(""));
    const auto id = w.checked("POST", "/v1/secrets", body(R"(,"spaceId":")" + s + "\"")).text("id");
    w.checked("POST", "/v1/secrets", body(R"(,"actorId":"ann")"));
    w.checked("GET", "/v1/secrets" + w.query(at(e, s, "ann")));
    w.checked("DELETE", "/v1/secrets/" + id);

    const auto scope = w.query(at(e, s));
    const auto name = w.query(at(e, s), "A");
    const std::string x = "/v1/x";
    w.checked("POST", x + "/environments", R"({"name":"x","id":"x"})");
    w.checked("PATCH", x + "/environments?environmentId=x", R"({"reveal":"allowed"})");
    w.checked("POST", x + "/spaces?environmentId=x", R"({"name":"y","id":"y"})");
    w.checked("PATCH", x + "/spaces?environmentId=x&spaceId=y", R"({"name":"z"})");
    w.checked("GET", x + "/spaces?environmentId=x");
    w.checked("DELETE", x + "/spaces?environmentId=x&spaceId=y");
    w.checked("DELETE", x + "/environments?environmentId=x");
    w.checked("GET", x + "/environments");
    w.checked("GET", x + "/environments/watch");
    w.checked("PUT", x + "/requirements" + w.query(at(e)),
              R"({"requirements":{"app":[{"name":"A","pattern":"x"},{"name":"M"}]}})");
    w.checked("GET", x + "/requirements" + w.query(at(e)));
    w.checked(
        "PUT", x + "/secret" + name,
        R"({"value":{"base64":"/w=="},"note":"n","rotateBy":"2030-01-01","expiresAt":"2099-01-01"})");
    w.checked("GET", x + "/secrets" + scope);
    w.checked("GET", x + "/secrets" + w.query(at(e)));
    w.checked("GET", x + "/secret" + name);
    w.checked("GET", x + "/secret" + w.query(at(e), "A"));
    w.checked("POST", x + "/secret/value" + name, "{}");
    w.checked("POST", x + "/secret/value" + w.query(at(e, s, "ann"), "A"), "{}");
    w.checked("POST", x + "/values" + w.query(at(e, s, "ann")), "{}");
    w.checked("GET", x + "/secret" + w.query(at(e, {}, "ann"), "A"));
    w.checked("GET", x + "/secret" + name);
    w.checked("PUT", x + "/secret" + name + "&ifVersion=7", R"({"value":"w"})"); // a conflict
    w.checked("POST", x + "/batch" + scope, R"({"remove":["NOT_THERE"]})");
    w.checked("POST", x + "/secret/reveal" + name, R"({"reason":"r"})");
    w.checked("POST", x + "/secret/hide" + name);
    w.checked("POST", x + "/secret/unhide" + name);
    w.checked("POST", x + "/secret/rollback" + name, R"({"to":1})");
    w.checked("DELETE", x + "/secret" + name);
    w.checked("POST", x + "/secret/undelete" + name);
    w.checked("POST", x + "/batch" + scope, R"({"set":[{"name":"B","value":"v"}],"remove":["A"]})");
    w.checked("POST", x + "/values" + scope, "{}");
    w.checked("GET", x + "/matrix" + w.query(at(e)) + "&all=1");
    w.checked("GET", x + "/watch" + scope + "&after=0");
    w.checked("GET", x + "/keys");
    w.checked("POST", x + "/keys/rewrap");
    w.checked("POST", x + "/keys/rotate-dek" + w.query(at(e)));
    w.checked("POST", x + "/keys/rotate-kek");
    w.checked("POST", x + "/keys/disable", R"({"kekId":"kek-1"})");
    w.checked("POST", x + "/keys/shred" + w.query(at(e)), R"({"name":"n"})");
    w.checked("GET", x + "/admins" + scope);
    w.checked("GET", x + "/whoami");
    w.checked("GET", x + "/session/code");
    w.checked("POST", x + "/session/code", w.redeemed);
    const auto session = w.checked("POST", x + "/session").text("token");
    w.checked("GET", x + "/whoami", {}, session);
    w.checked("POST", x + "/session/confirm", object({{"token", w.admin}}), session);
    w.checked("DELETE", x + "/session", {}, session);
    const auto minted = w.checked("POST", x + "/tokens",
                                  R"({"name":"t","grants":[{"role":"service","environmentId":")" +
                                      e + R"(","names":["A*"],"actorId":"ann"}]})");
    w.checked("GET", x + "/tokens");
    w.checked("GET", x + "/tokens/watch");
    w.checked("DELETE", x + "/tokens?id=" + minted.text("id"));
    w.checked("POST", "/v1/events",
              R"({"topic":"a:b","more":1,"context":{"environmentId":")" + e + "\"}}");
    w.checked("POST", "/v1/events", R"({"topic":"a:b","context":{"spaceId":")" + s + "\"}}");
    w.checked("GET", x + "/audit?limit=1000");
    w.checked("GET", x + "/audit/verify");
    w.checked("GET", "/livez");
    w.checked("GET", "/readyz");
    w.checked("DELETE", "/v1/spaces?spaceIds=" + s);
    const auto t = w.ask("POST", "/v1/spaces", R"({"environmentId":")" + e + "\"}").text("id");
    w.checked("DELETE", "/v1/spaces/" + t);
    w.checked("DELETE", "/v1/environments/" + e);

    w.checked("GET", "/v1/secrets");
    w.checked("GET", x + "/secrets?environmentId=nowhere");
    for (const auto* text : {"GET /v1/x/openapi.json", "GET /v1/x/events", "GET /metrics"})
        w.answered.insert(text);
    for (const auto& r : w.service->routes().rows()) {
        INFO(std::string(r.method) + " " + std::string(r.pattern));
        CHECK(w.answered.count(std::string(r.method) + " " + std::string(r.pattern)) == 1);
    }
}

TEST_CASE("Answers that are made while the store is away are of that form too, and say how old") {
    world w;
    const auto e = w.ask("POST", "/v1/environments", R"({"name":"n","isProd":false})").text("id");
    const auto s = w.ask("POST", "/v1/spaces", object({{"environmentId", e}})).text("id");
    REQUIRE(w.put(at(e), "A", "v", w.admin).status() == 200);
    REQUIRE(w.put(at(e, s), "A", "v", w.admin).status() == 200);
    const auto scope = w.query(at(e, s));
    const std::string x = "/v1/x";
    const auto read_all = [&] {
        std::vector<reply> out;
        for (const auto& target :
             {"/v1/secrets" + scope, std::string("/v1/environments"), "/v1/environments/" + e,
              std::string("/v1/spaces"), "/v1/spaces/" + s, x + "/environments",
              x + "/spaces" + w.query(at(e)), x + "/secrets" + scope,
              x + "/secret" + w.query(at(e, s), "A"), x + "/matrix" + w.query(at(e)),
              x + "/requirements" + w.query(at(e)), x + "/watch" + scope + "&after=0", x + "/keys",
              x + "/admins" + scope, x + "/tokens", x + "/audit" + w.query(at(e))})
            out.push_back(w.checked("GET", target));
        out.push_back(w.checked("POST", x + "/values" + scope, "{}"));
        out.push_back(w.checked("POST", x + "/secret/value" + w.query(at(e, s), "A"), "{}"));
        return out;
    };
    for (const auto& r : read_all())
        CHECK_FALSE(r.body.as_object().contains("stale"));
    w.store.away(true);
    for (const auto& r : read_all()) {
        INFO(json::serialize(r.body));
        CHECK(r.status() == 200);
        CHECK(r.body.as_object().contains("stale"));
        CHECK(r.header("x-coffer-stale") == "1");
    }
}

TEST_CASE("The document tells of 415 where a body that is not marked as JSON gets it") {
    const world w;
    for (const auto& r : w.service->routes().rows()) {
        if (r.method == "GET" || r.pattern.find('{') != r.pattern.npos) continue;
        INFO(std::string(r.method) + " " + std::string(r.pattern));
        auto in = w.request_of(r.method, r.pattern, "{}", w.admin);
        in.headers.back().value = "text/plain";
        std::string lower;
        for (const char c : r.method)
            lower += static_cast<char>(c + 32);
        const auto& told = w.document.at("paths").at(r.pattern).at(lower).at("responses");
        CHECK((w.service->handle(in).status == 415) == told.as_object().contains("415"));
    }
}

TEST_CASE("The document tells of the header that a stream of events is gone on with") {
    const world w;
    const auto& all = w.document.at("paths").at("/v1/x/events").at("get").at("parameters");
    CHECK(std::ranges::any_of(all.as_array(), [](const json::value& one) {
        return text_of(one.at("name")) == "Last-Event-ID" && text_of(one.at("in")) == "header";
    }));
}

TEST_CASE("Who asks the audit log for changes is told of every route that makes one") {
    world w;
    for (const auto& r : w.service->routes().rows()) {
        const auto changing = r.needs == http::right::write || r.needs == http::right::spaces ||
                              r.needs == http::right::keys || r.needs == http::right::tokens;
        INFO(std::string(r.method) + " " + std::string(r.pattern) + " " + std::string(r.action));
        CHECK(http::x::is_change(r.action) ==
              ((r.method != "GET" && changing && r.action != "event.post") ||
               r.action == "session.first"));
    }
}
