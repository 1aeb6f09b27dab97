// SPDX-License-Identifier: BSL-1.0
// The client of a server is a source like any other: it keeps the laws of SecretSource.
#include "api_world.hpp"
#include "test_server.hpp"

#include <coffer/http/client.hpp>
#include <coffer/http/x_values.hpp>
#include <coffer/testing/catch2.hpp>

#include "support/catch.hpp"

namespace http = coffer::http;
using coffer_test::api_world;

namespace {

/// A server on the loopback, whose vault the laws write into; what they cut off is the server.
struct make_client {
    struct served {
        api_world world{{.recheck_after = std::chrono::milliseconds(0)}, with_values()};
        std::unique_ptr<coffer_test::test_server> server =
            std::make_unique<coffer_test::test_server>(
                std::shared_ptr<http::handler>(std::shared_ptr<void>(), world.service.get()));
    };
    std::shared_ptr<served> now{};

    static auto with_values() -> http::api_options {
        http::api_options out;
        out.more = http::x::values_routes();
        return out;
    }
    auto operator()() -> http::source {
        now = std::make_shared<served>();
        http::client_options with;
        with.server = "http://" + now->server->host();
        with.token = coffer::secret(api_world::full);
        return http::source::open(std::move(with)).value();
    }
    void put(http::source&, coffer::context where, std::string_view name, std::string_view value) {
        // The second time they are there, which is a conflict.
        [[maybe_unused]] auto made = now->world.vault->create_environment(where.environment, "{}");
        if (!where.space.empty()) made = now->world.vault->create_space(where, "{}");
        std::vector<coffer::named_value> one(1);
        one.front().name = name;
        for (const char c : value)
            one.front().value.push_back(static_cast<std::byte>(c));
        now->world.vault->put_many(where, std::move(one), {}).value();
    }
    void cut_off(http::source&) {
        now->server->stop();
        now->server->wait();
        now->server.reset();
    }
};

} // namespace

TEST_CASE("the client of a server keeps the source laws", "[net]") {
    coffer::testing::run_source_laws(make_client{});
}
