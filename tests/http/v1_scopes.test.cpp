// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace coffer_test;

namespace {

auto shown(const json::value& v) -> std::string {
    return json::serialize(v);
}

/// All ids that the pages of a list hold, in order.
auto paged(api_world& w, const std::string& list, int size) -> std::vector<std::string> {
    std::vector<std::string> out;
    const char* const joint = list.find('?') == list.npos ? "?" : "&";
    for (std::int64_t number = 1, pages = 1; number <= pages; ++number) {
        const auto r = w.get(list + joint + "pageSize=" + std::to_string(size) +
                             "&pageNumber=" + std::to_string(number));
        REQUIRE(r.status() == 200);
        const auto& p = r.body.at("pagination");
        pages = p.at("pageCount").as_int64();
        CHECK(p.at("currentPage").as_int64() == number);
        CHECK(r.data().as_array().size() <= static_cast<std::size_t>(size));
        for (std::size_t i = 0; i < r.data().as_array().size(); ++i)
            out.push_back(r.text("id", i));
    }
    return out;
}

} // namespace

TEST_CASE("An environment is made, read, changed, listed and removed (contract 8)") {
    api_world w;
    const auto made = w.send(
        "POST", "/v1/environments",
        R"({"name":"life","isProd":true,"guestAuthentication":["magic_link"],"id":"mine",)"
        R"("metadata":{"team":"a","pi":3.141592653589793,"big":1e400,"n":12345678901234567890123},)"
        R"("features":{"x":1},"accountId":"other","namespaces":["d"],"translationsPath":null})");
    REQUIRE(made.status() == 200);
    const auto id = made.text("id");
    CHECK(id.starts_with("us_env_"));
    CHECK(id.size() == 7 + 16);
    CHECK(made.text("name") == "life");
    CHECK(made.text("isProd") == "true");
    CHECK(made.text("accountId").starts_with("us_acc_"));
    CHECK(made.text("features") == "{}");
    CHECK(made.text("guestAuthentication") == R"(["magic_link"])");
    CHECK(made.text("translationsPath") == "(absent)");
    const auto& text = made.raw.body;
    CHECK(text.find(R"("metadata":{"team":"a","pi":3.141592653589793,"big":1e400,)"
                    R"("n":12345678901234567890123})") != text.npos);
    CHECK(w.get("/v1/environments/" + id).raw.body == text);

    const auto changed = w.send("PATCH", "/v1/environments/" + id,
                                R"({"name":"renamed","metadata":null,"isProd":null})");
    REQUIRE(changed.status() == 200);
    CHECK(shown(changed.body.at("name")) == "\"renamed\""); // bare, not in `data`
    CHECK(shown(changed.body.at("isProd")) == "true");
    CHECK(w.get("/v1/environments/" + id).raw.body.find("3.141592653589793") != text.npos);

    const auto gone = w.send("DELETE", "/v1/environments/" + id);
    CHECK(shown(gone.body) == R"({"data":{"success":true}})");
    for (const char* method : {"GET", "DELETE"})
        check_error(w.send(method, "/v1/environments/" + id), 404);
    check_error(w.send("PATCH", "/v1/environments/" + id, "{}"), 404);
}

TEST_CASE("Metadata may be anything, and comes out as it was written") {
    api_world w;
    const auto e = w.new_environment();
    const auto made =
        w.send("POST", "/v1/spaces",
               R"({"environmentId":")" + e + R"(","metadata":[1,null,"\u0000x",-0.0]})");
    REQUIRE(made.status() == 200);
    CHECK(made.raw.body.find(R"("metadata":[1,null,"\u0000x",-0.0])") != http::wiped_text::npos);
}

TEST_CASE("What an environment must have, and of which kind") {
    api_world w;
    const auto id = w.new_environment();
    for (const std::string_view body :
         {R"({"isProd":false})", R"({"name":"n"})", R"({"name":"","isProd":false})",
          R"({"name":7,"isProd":false})", R"({"name":"n","isProd":"no"})",
          R"({"name":"n","isProd":false,"guestAuthentication":"magic_link"})",
          R"({"name":"n","isProd":false,"guestAuthentication":["other"]})",
          R"({"name":"n","isProd":false,"metadata":[]})",
          R"({"name":"n","isProd":false,"namespaces":[1]})",
          R"({"name":"n","isProd":false,"translationsPath":1})", "", "[]"}) {
        INFO(body);
        check_error(w.send("POST", "/v1/environments", body), 400);
        if (body.find("isProd\":false}") == body.npos && body != R"({"name":"n"})")
            check_error(w.send("PATCH", "/v1/environments/nobody", body), 400); // before 404
    }
    check_error(w.send("PATCH", "/v1/environments/" + id, R"({"name":""})"), 400);
    CHECK(w.get("/v1/environments/" + id).text("name") == "one");
}

TEST_CASE("Pages hold every environment once, in the order in which they were made") {
    api_world w;
    std::vector<std::string> made;
    for (int i = 0; i < 12; ++i)
        made.push_back(w.new_environment());
    CHECK(w.get("/v1/environments").data().as_array().size() == 10);
    CHECK(shown(w.get("/v1/environments").body.at("pagination")) ==
          R"({"currentPage":1,"pageCount":2,"totalCount":12})");
    CHECK(paged(w, "/v1/environments", 5) == made);
    CHECK(w.get("/v1/environments?pageNumber=99").data().as_array().empty());
    CHECK(w.get("/v1/environments?pageSize=100000000&pageNumber=100000000").status() == 200);
    for (const char* number : {"2147483648", "9007199254740991", "18446744073709551615"}) {
        const auto beyond =
            w.get("/v1/environments?pageSize=4294967296&pageNumber=" + std::string(number));
        CHECK(beyond.data().as_array().empty());
        CHECK(shown(beyond.body.at("pagination")).find("\"currentPage\":" + std::string(number)) ==
              1);
        CHECK(w.get("/v1/environments?pageSize=" + std::string(number)).data().as_array().size() ==
              12);
    }
    for (const char* wrong : {"pageSize=0", "pageNumber=0", "pageSize=-1", "pageSize=x",
                              "pageSize=1.5", "pageSize=+1", "pageSize=99999999999999999999999"})
        check_error(w.get(std::string("/v1/environments?") + wrong), 400);
}

TEST_CASE("With an environment go its spaces and secrets, and its ids are never used again") {
    api_world w;
    const auto e = w.new_environment();
    const auto s = w.new_space(e);
    const auto a = w.put(at(e), "A", "a").text("id");
    const auto b = w.put(at(e, s), "B", "b").text("id");
    CHECK(w.send("DELETE", "/v1/environments/" + e).status() == 200);
    check_error(w.list(at(e)), 404);
    check_error(w.get("/v1/secrets?spaceId=" + s), 404);
    check_error(w.get("/v1/spaces/" + s), 404);
    check_error(w.get("/v1/spaces?environmentId=" + e), 404);
    check_error(w.send("DELETE", "/v1/secrets/" + a), 404);
    check_error(w.send("DELETE", "/v1/secrets/" + b), 404);
    check_error(w.put(at(e), "A", "a"), 404);
    CHECK(w.new_environment() != e);
}

TEST_CASE("A space is made, read, changed, listed and removed (contract 9)") {
    api_world w;
    const auto e = w.new_environment();
    const auto made = w.send("POST", "/v1/spaces",
                             R"({"name":"first","environmentId":")" + e +
                                 R"(","namespace":"ns","labels":["x"],"metadata":{"a":1},)"
                                 R"("displayOrder":1.5,"id":"mine","createdAt":"1999"})");
    REQUIRE(made.status() == 200);
    const auto id = made.text("id");
    CHECK(id.starts_with("us_sp_"));
    CHECK(id.substr(6).find("ENV") == std::string::npos);
    CHECK(made.text("environmentId") == e);
    CHECK(made.text("createdAt").size() == std::string("2024-05-06T07:08:09.123Z").size());
    CHECK(made.text("updatedAt") == made.text("createdAt"));
    CHECK(made.text("displayOrder") == "1.5E0"); // 1.5, as this test's own reader writes it
    CHECK(w.get("/v1/spaces/" + id).raw.body == made.raw.body);

    const auto other = w.new_environment("two");
    const auto renamed = w.send("PATCH", "/v1/spaces/" + id,
                                R"({"name":"second","environmentId":")" + other + "\"}");
    CHECK(renamed.text("name") == "second");
    CHECK(renamed.text("environmentId") == e);
    CHECK(renamed.text("metadata") == R"({"a":1})");
    CHECK(renamed.text("createdAt") == made.text("createdAt"));
    CHECK(renamed.text("updatedAt") > made.text("updatedAt"));
    CHECK(w.send("PATCH", "/v1/spaces/" + id, R"({"name":""})").text("name") == "second");

    CHECK(shown(w.send("DELETE", "/v1/spaces/" + id).body) == R"({"data":{"success":true}})");
    check_error(w.get("/v1/spaces/" + id), 404);
    check_error(w.send("DELETE", "/v1/spaces/" + id), 404);
    check_error(w.send("PATCH", "/v1/spaces/" + id, "{}"), 404);
}

TEST_CASE("What a space must have: an environment that is there; a name is made up") {
    api_world w;
    const auto e = w.new_environment();
    const auto post = [&](const std::string& body) { return w.send("POST", "/v1/spaces", body); };
    check_error(post(R"({"name":"x"})"), 400);
    check_error(post(R"({"name":"x","environmentId":""})"), 400);
    check_error(post(R"({"name":"x","environmentId":7})"), 400);
    check_error(post(R"({"name":"x","environmentId":"nowhere"})"), 404);
    check_error(post(R"({"name":"x","environmentId":"coffer.system"})"), 404);
    for (const char* wrong : {R"("name":7)", R"("labels":"x")", R"("labels":[1])",
                              R"("displayOrder":"1")", R"("guestAuthentication":["x"])"})
        check_error(post(R"({"environmentId":")" + e + "\"," + wrong + "}"), 400);
    CHECK_FALSE(post(R"({"environmentId":")" + e + "\"}").text("name").empty());
}

TEST_CASE("Spaces are listed by environment or all, in pages") {
    api_world w;
    const auto e = w.new_environment();
    const auto f = w.new_environment("two");
    std::set<std::string> in_e;
    for (int i = 0; i < 5; ++i)
        in_e.insert(w.new_space(e));
    const auto in_f = w.new_space(f);
    const auto of_e = paged(w, "/v1/spaces?environmentId=" + e, 2);
    CHECK(of_e.size() == 5);
    CHECK(std::set<std::string>(of_e.begin(), of_e.end()) == in_e);
    CHECK(paged(w, "/v1/spaces?environmentId=" + f, 2) == std::vector<std::string>{in_f});
    CHECK(paged(w, "/v1/spaces", 4).size() == 6);
    CHECK(paged(w, "/v1/spaces?environmentId=&search=zz&sortField=x", 4).size() == 6);
    check_error(w.get("/v1/spaces?environmentId=nowhere"), 404);
    check_error(w.get("/v1/spaces?environmentId=nowhere&pageSize=x"), 400);
    // Somebody else's environment is not looked at, so that it can't be told from one that is not.
    w.know("of-f", {{.as = http::role::environment_admin, .environment = f}});
    const auto loads = w.store.loads();
    w.store.away(true);
    check_error(w.get("/v1/spaces?environmentId=" + e, "of-f"), 404);
    check_error(w.get("/v1/spaces?environmentId=nowhere", "of-f"), 404);
    CHECK(w.store.loads() == loads);
}

TEST_CASE("However many rename an environment at once, all do, one after the other") {
    api_world w;
    const auto id = w.new_environment();
    constexpr int callers = 150;
    std::atomic<int> there{0};
    std::atomic<int> well{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i)
        threads.emplace_back([&, i] {
            ++there;
            while (there < callers)
                std::this_thread::yield();
            const auto body = R"({"name":"n)" + std::to_string(i) + "\"}";
            const auto in = w.request_of("PATCH", "/v1/environments/" + id, body, api_world::full);
            if (w.service->handle(in).status == 200) ++well;
        });
    for (auto& t : threads)
        t.join();
    CHECK(well == callers);
    CHECK(w.vault->status(id).value().generation > callers);
}

TEST_CASE("Several spaces are removed at once, all or none") {
    api_world w;
    const auto e = w.new_environment();
    const auto a = w.new_space(e);
    const auto b = w.new_space(e);
    check_error(w.send("DELETE", "/v1/spaces"), 400);
    check_error(w.send("DELETE", "/v1/spaces?spaceIds="), 400);
    check_error(w.send("DELETE", "/v1/spaces?spaceIds=" + a + "&spaceIds=nowhere"), 404);
    CHECK(w.get("/v1/spaces/" + a).status() == 200);
    CHECK(w.send("DELETE", "/v1/spaces?spaceIds=" + a + "&spaceIds=" + b + "&spaceIds=" + a)
              .status() == 200);
    check_error(w.get("/v1/spaces/" + a), 404);
    check_error(w.get("/v1/spaces/" + b), 404);
    std::vector<std::string> noted;
    for (const auto& r : w.audit->records)
        if (r.action == "space.remove") {
            CHECK(r.where.environment == e);
            CHECK(r.status == 200);
            CHECK(r.principal_id == "id-of-full-token");
            noted.push_back(r.where.space);
        }
    CHECK(noted == std::vector{a, b});
    CHECK(w.audit->records.at(w.audit->records.size() - 3).action == "spaces.remove");
    CHECK(w.audit->records.at(w.audit->records.size() - 3).where == at(e));
}

TEST_CASE("What was removed is told and noted, though it can't be told which tokens it ends") {
    std::size_t seen = 0; // that it was removed, and yet not answered so
    for (const bool several : {false, true}) {
        bool cut = true;
        for (std::size_t n = 1; cut; ++n) {
            api_world w;
            const auto space = w.new_space(w.new_environment());
            std::vector<std::string> told;
            w.service->parts().changed = [&](const http::secret_change& one) {
                told.push_back(one.where.space);
            };
            w.audit->records.clear();
            w.store.before_load(n, [&] { w.store.away(true); });
            const auto done =
                w.send("DELETE", several ? "/v1/spaces?spaceIds=" + space : "/v1/spaces/" + space);
            cut = !w.store.is_armed();
            w.store.before_load(0, {});
            w.store.away(false);
            const bool there = w.get("/v1/spaces/" + space).status() == 200;
            INFO(several << " cut off before load " << n);
            CHECK((cut || done.status() == 200));
            CHECK((done.status() != 200 || !there));
            CHECK(told == (there ? std::vector<std::string>() : std::vector{space}));
            const auto lines =
                std::ranges::count_if(w.audit->records, [&](const http::audit_record& r) {
                    return r.action == "space.remove" && r.where.space == space &&
                           r.status == (several ? 200 : done.status());
                });
            CHECK(lines == (several && there ? 0 : 1));
            if (done.status() != 200 && !there) ++seen;
        }
    }
    CHECK(seen >= 2);
}

TEST_CASE("An id that two environments have is told apart by environmentId") {
    api_world w;
    for (const char* id : {"us_env_dev", "us_env_prod"}) {
        w.vault->create_environment(id, "{}").value();
        w.vault->create_space({.environment = id, .space = "us_spa_123"}, "{}").value();
    }
    check_error(w.get("/v1/secrets?spaceId=us_spa_123"), 400);
    check_error(w.put(at("", "us_spa_123"), "N", "v"), 400);
    check_error(w.get("/v1/spaces/us_spa_123"), 400);
    CHECK(w.get("/v1/spaces/us_spa_123?environmentId=us_env_dev").text("environmentId") ==
          "us_env_dev");
    CHECK(w.put(at("us_env_dev", "us_spa_123"), "N", "v").status() == 200);
    CHECK(w.list(at("us_env_prod", "us_spa_123")).values().empty());
    CHECK(w.get("/v1/spaces/us_spa_123?environmentId=us_env_dev").text("name") == "us_spa_123");
    check_error(w.get("/v1/spaces/us_spa_123?environmentId=nowhere"), 404);
    // One that has its id alone: the contract has no such parameter there, and it means nothing.
    w.vault->create_space({.environment = "us_env_dev", .space = "alone"}, "{}").value();
    for (const char* other : {"us_env_prod", "nowhere", "%zz"})
        CHECK(w.get("/v1/spaces/alone?environmentId=" + std::string(other)).text("environmentId") ==
              "us_env_dev");
}

TEST_CASE("What the command wrote of a scope is kept by those who know less of it") {
    api_world w;
    w.vault->create_environment("e", R"({"name":"by hand","isProd":true,"reveal":"never"})")
        .value();
    const auto before = w.get("/v1/environments/e");
    CHECK(before.text("name") == "by hand");
    CHECK(before.text("isProd") == "true");
    CHECK(w.send("PATCH", "/v1/environments/e", R"({"name":"changed"})").status() == 200);
    const auto kept = w.vault->describe({.environment = "e"}).value();
    CHECK(kept.find(R"("reveal":"never")") != kept.npos);
    w.vault->set_description({.environment = "e"}, "no JSON at all").value();
    CHECK(w.get("/v1/environments/e").text("name") == "e");
}

TEST_CASE(
    "A space that was just made is found by its id alone, without a look at every environment") {
    api_world w;
    for (int i = 0; i < 20; ++i)
        REQUIRE(w.send("POST", "/v1/environments", R"({"name":"other","isProd":false})").status() ==
                200);
    const auto in =
        w.send("POST", "/v1/environments", R"({"name":"mine","isProd":false})").text("id");
    const auto made =
        w.send("POST", "/v1/spaces", R"({"name":"new","environmentId":")" + in + "\"}");
    REQUIRE(made.status() == 200);
    const auto before = w.store.loads();
    CHECK(w.get("/v1/secrets?spaceId=" + made.text("id")).status() == 200);
    CHECK(w.store.loads() - before < 10);
}
