// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <string>
#include <vector>

// POST /v1/x/keys/rotate-kek, disable and shred with a key side that does as it is told. What the
// command's does is tests/command/serve.test.cpp's to show.

using namespace coffer_test;
using coffer::errc;
using coffer::scope;
using http::kek_refusal;

namespace {

auto has(std::string_view all, std::string_view part) -> bool {
    return all.find(part) != std::string_view::npos;
}

/// An operator's token and his session, an admin, and what the key side was asked for.
struct kek_world : api_world {
    std::string e = new_environment();
    std::vector<std::string> asked{};
    std::vector<std::string> lines_before{}; ///< In the audit log when something was asked for.
    kek_refusal refuses{errc{}, {}};

    explicit kek_world(http::api_options with = {}) : api_world({}, std::move(with)) {
        know("operator", {{.as = http::role::instance_operator}});
        know("session", {{.as = http::role::instance_operator}}, true);
        know("admin", {{.as = http::role::environment_admin, .environment = e, .reveal = true}});
    }
    void manage() {
        http::kek_changes out;
        out.rotate = [this](std::string_view environment)
            -> http::kek_outcome<std::vector<http::replaced_kek>> {
            note("rotate " + std::string(environment));
            if (refuses.code != errc{}) return refuses;
            return std::vector<http::replaced_kek>{{"kek-1", "kek-2"}};
        };
        out.disable = [this](std::string_view kek) -> http::kek_outcome<std::monostate> {
            note("disable " + std::string(kek));
            if (refuses.code != errc{}) return refuses;
            return std::monostate();
        };
        out.shred =
            [this](std::string_view environment, std::string_view name, std::string_view by,
                   const http::on_ended_token& ended) -> http::kek_outcome<http::shred_receipt> {
            note("shred " + std::string(environment) + " " + std::string(name) + " " +
                 std::string(by));
            if (refuses.code != errc{}) return refuses;
            http::ended_token lost;
            lost.row.id = "lost";
            lost.row.name = "its listener";
            ended(lost);
            return http::shred_receipt{.environment = std::string(environment),
                                       .at = 1'700'000'000'000,
                                       .destroyed = {{"kek-1", 1'600'000'000'000, false},
                                                     {"kek-2", 1'700'000'000'000, true}},
                                       .shared = {"kek-0"},
                                       .text = "it was shredded\n"};
        };
        service->parts().change_keks = std::move(out);
    }
    void note(std::string what) {
        asked.push_back(std::move(what));
        const auto& last = audit->records.back();
        lines_before.push_back(std::string(last.action) + " " + std::to_string(last.status));
    }
    auto post(std::string_view what, std::string_view body = "{}",
              std::string_view token = "operator") -> reply {
        return send("POST", "/v1/x/keys/" + std::string(what), body, token);
    }
    auto shred(std::string_view name, std::string_view token = "operator") -> reply {
        return post("shred?environmentId=" + e, object({{"name", name}}), token);
    }
};

} // namespace

TEST_CASE("x/keys: KEKs are not changed where whoever runs the service does not let it") {
    kek_world w;
    CHECK(has(w.get("/v1/x/keys").raw.body, R"("managed":false)"));
    for (const auto& answer :
         {w.post("rotate-kek"), w.post("disable", R"({"kekId":"kek-1"})"), w.shred("one")}) {
        check_error(answer, 501);
        CHECK(has(answer.raw.body, R"("code":"unsupported")"));
    }
    w.manage();
    CHECK(has(w.get("/v1/x/keys").raw.body, R"("managed":true)"));
}

TEST_CASE("x/keys: KEKs are an operator's to change, who has entered the token a moment ago") {
    kek_world w;
    w.manage();
    const std::string kek = R"({"kekId":"kek-1"})";
    for (const auto* token : {"admin", "session"})
        for (const auto& answer : {w.post("rotate-kek", "{}", token),
                                   w.post("rotate-kek?environmentId=" + w.e, "{}", token),
                                   w.post("disable", kek, token), w.shred("one", token)}) {
            check_error(answer, 403);
            CHECK(has(answer.raw.body, std::string_view(token) == "session"
                                           ? R"("code":"confirm")"
                                           : R"("code":"denied")"));
        }
    CHECK(w.asked.empty());
    w.tokens->all.find("session")->second.confirmed_at = coffer::machine_clock().boot();
    CHECK(w.post("rotate-kek", "{}", "session").status() == 200);
    CHECK(w.post("disable", kek, "session").status() == 200);
    CHECK(w.shred("one", "session").status() == 200);
    const std::vector<std::string> all{"rotate ", "disable kek-1",
                                       "shred " + w.e + " one id-of-session"};
    CHECK(w.asked == all);
}

TEST_CASE("x/keys: what changes KEKs is in the audit log before it is done, and after") {
    kek_world w;
    w.manage();
    CHECK(w.post("rotate-kek?environmentId=" + w.e).text("to") == "kek-2");
    CHECK(w.asked.back() == "rotate " + w.e);
    CHECK(w.lines_before.back() == "kek.rotate 0");
    CHECK(w.audit->records.back().status == 200);
    CHECK(w.audit->records.back().where.environment == w.e);
    CHECK(w.audit->records.back().names == std::vector<std::string>{"kek-2"});
    CHECK(w.post("disable", R"({"kekId":"kek-1"})").status() == 200);
    CHECK(w.lines_before.back() == "kek.disable 0");
    CHECK(w.audit->records.back().names == std::vector<std::string>{"kek-1"});
    CHECK(w.audit->records.back().principal_name == "name of operator");
    CHECK(w.shred("one").status() == 200);
    CHECK(w.lines_before.back() == "environment.shred 0");
    const auto& records = w.audit->records;
    CHECK(records.back().names == std::vector<std::string>{"kek-2"});
    CHECK(records.at(records.size() - 2).action == "token.revoke");
    CHECK(records.at(records.size() - 2).where.environment == w.e);
    // Of a refusal it tells what was tried.
    check_error(w.post("disable", R"({"kekId":"kek-1"})", "admin"), 403);
    CHECK(records.back().names == std::vector<std::string>{"kek-1"});
    // What can't be written down is not done.
    w.asked.clear();
    w.audit->works = false;
    for (const auto& answer :
         {w.post("rotate-kek"), w.post("disable", R"({"kekId":"kek-1"})"), w.shred("one")})
        check_error(answer, 503);
    CHECK(w.asked.empty());
}

namespace {

/// Writes down that a change comes, and no more.
class full_audit final : public http::audit_hook {
public:
    auto append(const http::audit_record& r) -> bool override { return r.status != 0; }
    auto prepare(const http::audit_record&) -> bool override { return true; }
    auto writable() -> bool override { return true; }
};

} // namespace

TEST_CASE("x/keys: room for a line is not enough for a change of KEKs: it is written before") {
    kek_world w;
    w.manage();
    w.service->parts().audit = std::make_shared<full_audit>();
    for (const auto& answer :
         {w.post("rotate-kek"), w.post("disable", R"({"kekId":"kek-1"})"), w.shred("one")})
        check_error(answer, 503);
    CHECK(w.asked.empty());
}

TEST_CASE("x/keys: what the key side refuses is told in its words") {
    kek_world w;
    w.manage();
    w.refuses = {errc::conflict, "kek-1 was not disabled: it is active."};
    const auto refused = w.post("disable", R"({"kekId":"kek-1"})");
    check_error(refused, 409);
    CHECK(has(refused.raw.body, "kek-1 was not disabled: it is active."));
    CHECK(has(refused.raw.body, R"("code":"conflict")"));
    check_error(w.shred("one"), 409);
    CHECK(w.audit->records.back().status == 409);
    w.refuses = {errc::invalid_argument, "this is not its name"};
    CHECK(has(w.shred("other").raw.body, R"("key":"name","message":"this is not its name")"));
    w.refuses = {errc::timed_out, {}};
    check_error(w.post("rotate-kek"), 503);
    // What is not there looks as it does everywhere.
    w.refuses = {errc::unknown_scope, "a word too much"};
    const auto unknown = w.get("/v1/x/secrets?environmentId=nowhere").raw.body;
    CHECK(w.shred("one").raw.body == unknown);
    w.refuses = {};
    w.asked.clear();
    CHECK(w.post("rotate-kek?environmentId=nowhere").raw.body == unknown);
    CHECK(w.post("shred?environmentId=coffer.system", R"({"name":"x"})").raw.body == unknown);
    check_error(w.post("shred", R"({"name":"x"})"), 400);
    check_error(w.post("disable", "{}"), 400);
    check_error(w.post("disable", object({{"kekId", std::string(256, 'k')}})), 400);
    CHECK(w.asked.empty());
}

TEST_CASE("x/keys: the receipt of a shredded environment, and who listens is told of its end") {
    kek_world w;
    w.manage();
    std::vector<std::string> told;
    w.service->parts().changed = [&](const http::secret_change& c) {
        CHECK(c.name.empty());
        CHECK(c.id.empty());
        told.push_back(std::string(c.what) + " " + c.where.environment);
    };
    const auto done = w.shred("one");
    CHECK(done.text("environmentId") == w.e);
    CHECK(done.text("shreddedAt") == "2023-11-14T22:13:20.000Z");
    CHECK(done.text("closed") == "true");
    CHECK(done.text("error") == "(absent)");
    CHECK(done.text("destroyed") ==
          R"([{"kekId":"kek-1","createdAt":"2020-09-13T12:26:40.000Z","now":false},)"
          R"({"kekId":"kek-2","createdAt":"2023-11-14T22:13:20.000Z","now":true}])");
    CHECK(done.text("shared") == R"(["kek-0"])");
    CHECK(done.text("receipt") == "it was shredded\n");
    CHECK(told == std::vector<std::string>{"deleted " + w.e});
}
