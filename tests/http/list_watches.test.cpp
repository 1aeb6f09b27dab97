// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/list_watches.hpp>
#include <coffer/http/x_tokens.hpp>

#include "support/catch.hpp"
#include "watched_world.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace coffer_test;
using coffer::http::role;

namespace {

/// A service with real tokens in it, beside those by which the tests ask.
struct list_world : watched_world {
    std::shared_ptr<http::token_registry> registry = std::make_shared<http::token_registry>(vault);

    list_world() {
        const auto sessions = std::make_shared<http::session_registry>(registry);
        http::api_options with;
        with.tokens = tokens;
        with.more = http::x::token_routes(sessions, std::make_shared<http::first_code>(registry));
        service = make_service(vault, std::move(with));
        look_often();
    }
    auto revision_of(const std::string& list, std::string_view token = full) -> std::string {
        return reply::text_of(get(list, token).body.as_object(), "revision");
    }
    /// Somebody who was shown a list, and waits for another one.
    auto shown(const std::string& list, const std::string& query = {},
               std::string_view token = full) -> std::unique_ptr<waiting_client> {
        const auto more = (query.empty() ? "?" : query + "&") + "revision=";
        return std::make_unique<waiting_client>(
            *this, list + "/watch" + more + revision_of(list + query, token), token);
    }
    auto mint(http::grant what) -> std::string {
        return registry->mint({.name = "t", .grants = {std::move(what)}, .created_by = "local"})
            .value()
            .row.id;
    }
};

const std::string environments = "/v1/x/environments";
const std::string all_tokens = "/v1/x/tokens";

} // namespace

TEST_CASE("x/environments/watch: answers when the list that was shown is another") {
    list_world w; // of which the time stands still: nobody is answered for waiting long
    const auto other = w.new_environment("other");
    const auto changes = [&](auto&& change) {
        const auto before = w.revision_of(environments);
        const auto one = w.shown(environments);
        change();
        const auto now = one->answer().text("revision");
        CHECK(now != before);
        CHECK(now == w.revision_of(environments));
    };
    changes([&] { w.new_environment("third"); });
    changes([&] { w.send("PATCH", environments + w.query(at(other)), R"({"name":"renamed"})"); });
    changes([&] { w.put(at(other), "A", "1"); }); // the rows count names
    changes([&] { w.send("DELETE", "/v1/environments/" + other); });
    CHECK(w.get(environments + "/watch?revision=older").text("revision") ==
          w.revision_of(environments));
}

TEST_CASE("x/environments/watch: what changes no row that the caller is shown is told to nobody") {
    list_world w;
    w.know("here", {{.as = role::environment_admin, .environment = w.e}});
    const auto before = w.revision_of(environments, "here");
    const auto one = w.shown(environments, {}, "here");
    const auto all = w.shown(environments);
    w.new_environment("third");
    all->answer();
    CHECK(one->is_waiting()); // it is looked at before the other
    w.time.advance(std::chrono::milliseconds(25'000));
    CHECK(one->answer().text("revision") == before);
}

TEST_CASE("x/tokens/watch: answers when the list that was shown is another, not when one is used") {
    list_world w;
    const auto of_e = w.query(at(w.e));
    const auto waiting = w.shown(all_tokens, of_e);
    const auto id = w.mint({.as = role::service, .environment = w.e});
    const auto with_it = w.revision_of(all_tokens + of_e);
    CHECK(waiting->answer().text("revision") == with_it);
    w.registry->note_use(id, "192.0.2.1", 1'700'000'000'000);
    CHECK(w.get(all_tokens + of_e).text("lastUsedFrom") == "192.0.2.1");
    CHECK(w.revision_of(all_tokens + of_e) == with_it);
    const auto revoked = w.shown(all_tokens, of_e);
    REQUIRE(w.registry->revoke(id));
    CHECK(revoked->answer().text("revision") == w.revision_of(all_tokens + of_e));
}

TEST_CASE("x/tokens/watch: of tokens that the caller may not revoke it learns nothing") {
    list_world w;
    const auto other = w.new_environment("other");
    w.know("here", {{.as = role::environment_admin, .environment = w.e}});
    const auto before = w.revision_of(all_tokens, "here");
    const auto one = w.shown(all_tokens, {}, "here");
    const auto all = w.shown(all_tokens);
    w.mint({.as = role::service, .environment = other});
    w.mint({.as = role::instance_operator});
    all->answer();
    CHECK(one->is_waiting());
    w.time.advance(std::chrono::milliseconds(25'000));
    CHECK(one->answer().text("revision") == before);
    w.know("service", {{.as = role::service, .environment = w.e}});
    check_error(w.get(all_tokens + "/watch", "service"), 403);
}

TEST_CASE("Who waits for a list is told before its service ends, and may outlive it") {
    auto w = std::make_unique<list_world>();
    const auto one = w->shown(environments);
    w->service->parts().end();
    CHECK(one->answer().text("revision") == w->revision_of(environments));
    const auto late = w->shown(all_tokens);
    late->answer();
    CHECK(w->service->parts().waiting_for_lists->waiting() == 0);
    w.reset(); // while their answers are still held
}
