// SPDX-License-Identifier: BSL-1.0
// The listener on recorded cases. COFFER_LISTENER_CASES, in the environment, names another file of
// the same form.
#include "replay.hpp"
#include "support/catch.hpp"

#include <coffer/testing/fake_secrets.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

namespace {

namespace json = boost::json;

auto cases_file() -> json::object {
    const char* named = std::getenv("COFFER_LISTENER_CASES");
    std::ifstream file(named != nullptr ? named : COFFER_LISTENER_CASES);
    std::stringstream text;
    text << file.rdbuf();
    json::parse_options how;
    how.max_depth = 1000;
    return json::parse(text.str(), {}, how).as_object();
}

/// Plays a case of topics, filters, namespaces, order, errors or removal: what it came to, in the
/// form of its `expect`.
auto played(const json::object& a_case, const json::object& file) -> json::object {
    coffer::listener_options with;
    int reported = 0;
    with.on_error = [&](const coffer::event&, const std::exception_ptr&) { ++reported; };
    with.visible = {{"_accessToken", coffer_test::text_of(file, "token")},
                    {"_apiUrl", coffer_test::text_of(file, "apiUrl")}};
    coffer::listener root{coffer::testing::fake_secrets{}, with};
    coffer_test::replay play(root);
    play.carry_out(a_case.at("steps").as_array());
    bool rejected = false;
    try {
        if (const auto* event = a_case.if_contains("event"))
            rejected = !root.dispatch(coffer_test::value_of(*event));
    } catch (const std::runtime_error&) {
        rejected = true;
    }
    return {{"fired", !play.order().empty()},
            {"order", play.order()},
            {"rejected", rejected},
            {"reported", reported}};
}

/// A member as JavaScript pastes it into a text; empty where it is falsy there.
auto text_if_any(const json::object& o, const char* name) -> std::string {
    const auto* member = o.if_contains(name);
    if (member == nullptr) return {};
    const auto value = coffer_test::value_of(*member);
    return value.is_falsy() ? std::string() : coffer::to_javascript_text(value);
}

/// A source that answers as the case's server does and notes what was asked, as the request's
/// target.
class recorded_server {
public:
    explicit recorded_server(const json::array& responses)
        : state_(std::make_shared<state>(state{responses})) {}

    auto at(coffer::context where) const -> coffer::result<coffer::view> {
        auto target = target_of(where);
        for (int asked = 0; asked < 21; ++asked) {
            const auto& now = answer_to(target);
            const auto location = header_of(now, "location");
            if (!is_redirect(status_of(now)) || location.empty()) return rows_of(now);
            target = location.starts_with('/') ? location : "/v1/" + location;
        }
        return coffer::errc::unavailable;
    }
    auto requests() const -> const json::array& { return state_->requests; }

private:
    auto answer_to(const std::string& target) const -> const json::object& {
        const auto& responses = state_->responses;
        const auto& now = responses.at(std::min(state_->requests.size(), responses.size() - 1));
        state_->requests.emplace_back(target);
        return now.as_object();
    }
    static auto status_of(const json::object& response) -> std::int64_t {
        const auto* status = response.if_contains("status");
        return status == nullptr ? 200 : status->as_int64();
    }
    static auto is_redirect(std::int64_t status) -> bool {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }
    static auto header_of(const json::object& response, const char* name) -> std::string {
        const auto* headers = response.if_contains("headers");
        return headers == nullptr || headers->is_null()
                   ? std::string()
                   : coffer_test::text_of(headers->as_object(), name);
    }
    static auto rows_of(const json::object& now) -> coffer::result<coffer::view> {
        const auto status = status_of(now);
        if (status < 200 || status > 399) return coffer::errc::unavailable;
        auto type = header_of(now, "content-type");
        if (type.empty()) type = coffer_test::text_of(now, "contentType", "application/json");
        if (type.find("application/json") == std::string::npos) return coffer::errc::unsupported;
        if (status == 204 || status == 304) return coffer::errc::unavailable; // they have no body
        const auto body = body_of(now);
        if (!body || body->is_null()) return coffer::errc::unavailable;
        const auto* data = body->is_object() ? body->get_object().if_contains("data") : nullptr;
        coffer::testing::fake_secrets rows;
        if (data != nullptr && !data->is_null()) {
            if (!data->is_array()) return coffer::errc::unsupported;
            for (const auto& row : data->get_array()) {
                if (row.is_null()) return coffer::errc::unsupported;
                if (row.is_object()) add(rows, row.get_object());
            }
        }
        return rows.at({.environment = "whichever"}); // its ids may be of any form
    }

    struct state {
        json::array responses;
        json::array requests{};
    };
    /// A text is sent as it is. Nothing: it is no JSON.
    static auto body_of(const json::object& response) -> std::optional<json::value> {
        const auto& body = response.at("body");
        if (!body.is_string()) return body;
        json::error_code wrong;
        auto parsed = json::parse(body.get_string(), wrong);
        return wrong ? std::nullopt : std::optional(std::move(parsed));
    }
    static void add(coffer::testing::fake_secrets& rows, const json::object& row) {
        const auto* name = row.if_contains("name");
        if (name == nullptr || !name->is_string()) return; // nobody asks for it
        const auto text = text_if_any(row, "value");
        if (text.empty())
            rows.erase(coffer::testing::every_context, std::string(name->get_string()));
        else
            rows.set(std::string(name->get_string()), text);
    }
    /// As the JavaScript client pastes it together, and the two URL parsers behind it take it.
    static auto target_of(coffer::context where) -> std::string {
        auto target = "/v1/secrets?environmentId=" + std::string(where.environment);
        if (!where.space.empty()) target.append("&spaceId=").append(where.space);
        if (!where.actor.empty()) target.append("&actorId=").append(where.actor);
        while (static_cast<unsigned char>(target.back()) <= 0x20)
            target.pop_back();
        std::string out;
        for (const char c : target.substr(0, target.find('#'))) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '\t' || c == '\n' || c == '\r') continue;
            if (byte > 0x20 && byte < 0x7F &&
                std::string_view("\"<>'`|{}^\\").find(c) == std::string_view::npos) {
                out += c;
                continue;
            }
            const char* digits = "0123456789ABCDEF";
            (out += '%') += digits[byte >> 4];
            out += digits[byte & 15];
        }
        return out;
    }

    std::shared_ptr<state> state_;
};

auto asked(coffer::event& e, const json::object& call) -> json::object {
    const auto* options = call.if_contains("options");
    const auto other =
        options != nullptr && options->is_object() ? options->get_object() : json::object();
    const auto id = [&](const char* name) { return text_if_any(other, name); };
    const auto environment = id("environmentId"), space = id("spaceId"), actor = id("actorId");
    const auto key = coffer_test::text_of(call, "key");
    const auto got = e.secrets(key, {.environment = environment, .space = space, .actor = actor});
    if (got) return {{"value", got->expose_secret()}};
    // JavaScript knows two errors; the typed one that C++ gives is behind the second.
    if (environment.empty() && e.where().environment.empty())
        return {{"error", "environmentId is required to fetch secrets"}};
    return {{"error", "Secret " + key + " not found"}};
}

/// The case's expectation of a call; `*` is any error. A value is a text here, whatever it was sent
/// as.
auto fits(const json::object& got, const json::object& expected) -> bool {
    if (const auto* error = expected.if_contains("error"))
        return *error == "*" ? got.contains("error") : got == expected;
    return got == json::object{{"value", text_if_any(expected, "value")}};
}

auto different(const json::array& targets) -> std::set<std::string> {
    std::set<std::string> out;
    for (const auto& one : targets)
        out.emplace(one.as_string());
    return out;
}

void play_secrets(const json::object& a_case) {
    const recorded_server server(a_case.at("responses").as_array());
    coffer::listener root{server};
    std::vector<json::object> results;
    for (const auto& calls : a_case.at("calls").as_array())
        root.on("**", [&results, &calls](coffer::event& e) {
            for (const auto& call : calls.as_array())
                results.push_back(asked(e, call.as_object()));
        });
    const auto dispatched = root.dispatch(coffer_test::value_of(a_case.at("event")));
    CHECK((dispatched && dispatched->failed == 0));
    const auto& expect = a_case.at("expect").as_object();
    const auto& expected = expect.at("results").as_array();
    CHECK(results.size() == expected.size());
    const auto* at_once = a_case.if_contains("parallel");
    const bool parallel = at_once != nullptr && at_once->is_bool() && at_once->as_bool();
    // Which of the calls at the same time gets which of several answers, is not for us to say.
    const bool any_order = parallel && a_case.at("responses").as_array().size() > 1;
    for (std::size_t i = 0; i < std::min(results.size(), expected.size()); ++i) {
        INFO(json::serialize(results[i]));
        if (!any_order) CHECK(fits(results[i], expected[i].as_object()));
    }
    // Calls at the same time are for asynchronous listeners; this one asks once for each scope.
    if (parallel)
        CHECK(different(server.requests()) == different(expect.at("requests").as_array()));
    else
        CHECK(json::serialize(server.requests()) == json::serialize(expect.at("requests")));
}

} // namespace

TEST_CASE("the listener does what the recorded listener did, in every case of the file") {
    const auto file = cases_file();
    REQUIRE_FALSE(file.at("cases").as_array().empty()); // whichever file it is
    for (const auto& one : file.at("cases").as_array()) {
        const auto& a_case = one.as_object();
        INFO(a_case.at("category").as_string().c_str()
             << ": " << a_case.at("name").as_string().c_str());
        try {
            if (a_case.at("category") == "secrets")
                play_secrets(a_case);
            else
                CHECK(played(a_case, file) == a_case.at("expect").as_object());
        } catch (const std::exception& e) { // of this case: the others are played
            FAIL_CHECK(e.what());
        }
    }
}
