// SPDX-License-Identifier: BSL-1.0
// The command's own server, byte by byte.
#include "served.hpp"

#include "http/raw_client.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>

using coffer_test::raw_client;

namespace {

struct wire : coffer_test::served {
    auto port() const -> std::uint16_t {
        return static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
    }
    auto text(const std::string& method, const std::string& target, const std::string& body = {},
              bool with_token = true) const -> std::string {
        auto out = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
        if (with_token) out += "Authorization: Bearer " + token + "\r\n";
        if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        return out + "\r\n" + body;
    }
    auto ask(const std::string& method, const std::string& target,
             const std::string& body = {}) const -> coffer_test::raw_reply {
        return raw_client(port()).ask(text(method, target, body));
    }
};

const std::string secrets = "/v1/secrets?environmentId=dev";

} // namespace

TEST_CASE("a GET that is sent right behind a POST sees what that wrote") {
    const wire w;
    raw_client client(w.port());
    for (int i = 0; i < 20; ++i) {
        const auto value = "v" + std::to_string(i);
        client.send(w.text("POST", "/v1/secrets",
                           R"({"name":"PIPED","value":")" + value + R"(","environmentId":"dev"})") +
                    w.text("GET", secrets));
        CHECK(client.receive().status == 200);
        CHECK(client.receive().body.find("\"" + value + "\"") != std::string::npos);
    }
}

TEST_CASE("HEAD is answered without a body, whatever the answer is") {
    const wire w;
    raw_client client(w.port());
    const auto head = [&](const std::string& target, bool with_token = true) {
        client.send(w.text("HEAD", target, {}, with_token));
        const auto answer = client.receive(true);
        CHECK(answer.header("content-length") != "0");
        return answer.status;
    };
    CHECK(head(secrets) == 200);
    CHECK(head(secrets, false) == 401);
    CHECK(head("/v1/secrets/us_sec_x") == 405);
    CHECK(head("/v1/nothing") == 404);
    CHECK(head("/v1/../secrets") == 404);
    CHECK(client.ask(w.text("GET", secrets)).status == 200); // nothing is left in between
}

TEST_CASE("paths with dots lead nowhere, and tell nothing without a token") {
    const wire w;
    raw_client client(w.port());
    for (const std::string target :
         {"/v1/secrets/..", "/v1/./secrets", "/v1/secrets/%2e%2E", "/v1/x/../secrets", "/v1/.."}) {
        CHECK(client.ask(w.text("GET", target, {}, false)).status == 401);
        const auto status = client.ask(w.text("GET", target)).status;
        CHECK((status == 404 || status == 405));
    }
    CHECK(client.ask(w.text("GET", "/../v1/secrets", {}, false)).status == 404);
    CHECK(client.ask(w.text("GET", secrets)).status == 200);
}

TEST_CASE("bodies of 64 KiB are taken, and what is in them comes back") {
    const wire w;
    constexpr std::size_t size = std::size_t{64} << 10;
    const auto padded = [](const std::string& before, const std::string& behind) {
        return before + std::string(size - before.size() - behind.size(), 'm') + behind;
    };
    const auto environment = padded(R"({"name":"big","isProd":false,"metadata":{"a":")", R"("}})");
    const auto made = w.ask("POST", "/v1/environments", environment);
    REQUIRE(made.status == 200);
    CHECK(made.body.find(std::string(65'000, 'm')) != std::string::npos);
    const auto space = padded(R"({"environmentId":"dev","metadata":{"a":")", R"("}})");
    CHECK(w.ask("POST", "/v1/spaces", space).status == 200);
    const auto listed = w.ask("GET", "/v1/spaces?environmentId=dev");
    CHECK(listed.body.find(std::string(65'000, 'm')) != std::string::npos);
    const auto secret = padded(R"({"name":"N","value":"v","environmentId":"dev","x":")", R"("})");
    CHECK(w.ask("POST", "/v1/secrets", secret).status == 200);
    CHECK(w.ask("POST", "/v1/secrets", std::string(std::size_t{1} << 20, ' ')).status == 413);
}

TEST_CASE("of a parameter that is repeated the first counts, an empty one for none") {
    const wire w;
    const auto status = [&](const std::string& query) {
        return w.ask("GET", "/v1/secrets?" + query).status;
    };
    CHECK(status("environmentId=dev&environmentId=none") == 200);
    CHECK(status("environmentId=none&environmentId=dev") == 404);
    CHECK(status("environmentId=&spaceId=acme&spaceId=none") == 200);
    CHECK(status("spaceId=none&spaceId=acme") == 404);
}

TEST_CASE("a verb asks all that it asks over one connection") {
    const wire w;
    const coffer_test::client box(w);
    const auto connections = [&] {
        const auto body = w.ask("GET", "/metrics").body;
        const std::string_view name = "\ncoffer_http_connections_total ";
        const auto at = body.find(name);
        REQUIRE(at != body.npos);
        return std::stoul(body.substr(at + name.size()));
    };
    const auto of = [&](const coffer_test::sandbox::words& args, std::string_view in = {}) {
        const auto before = connections();
        box.ok(args, in);
        return connections() - before - 1; // less the one that asks
    };
    CHECK(of({"get", "SLACK_TOKEN", "-e", "dev", "-s", "acme"}) == 1);
    CHECK(of({"list", "-e", "dev", "--all-spaces", "--missing"}) == 1);
    CHECK(of({"set", "SLACK_TOKEN", "-e", "dev"}, "next") == 1);
    CHECK(of({"token", "create", "--full"}) == 1);
}
