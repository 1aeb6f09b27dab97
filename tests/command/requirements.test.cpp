// SPDX-License-Identifier: BSL-1.0
// What programs need, as a server keeps it.
#include "served.hpp"

#include "http/raw_client.hpp"

#include <string>

using coffer_test::client;
using coffer_test::has;
using coffer_test::raw_client;
using coffer_test::sandbox;
using coffer_test::served;

namespace {

/// Says what programs need in dev, as the page does.
auto put(const served& s, const std::string& requirements) -> coffer_test::raw_reply {
    const auto body = "{\"requirements\":" + requirements + "}";
    const auto port = static_cast<std::uint16_t>(std::stoul(s.url.substr(s.url.rfind(':') + 1)));
    return raw_client(port).ask(
        "PUT /v1/x/requirements?environmentId=dev HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Authorization: Bearer " +
        s.token + "\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
}
void keep(const served& s, const std::string& requirements) {
    REQUIRE(put(s, requirements).status == 200);
}

auto token_of(const served& s, sandbox::words limits) -> std::string {
    limits.insert(limits.begin(), {"token", "create", "-e", "dev", "--role"});
    auto out = s.here.ok(limits);
    out.pop_back();
    return out;
}

} // namespace

TEST_CASE("check without a file checks what is kept with the environment") {
    const served s;
    client box(s);
    const sandbox::words check{"check", "-e", "dev"};
    const auto nothing = box.run(check);
    CHECK(nothing.code == 2);
    CHECK(has(nothing.err, "nothing is kept of what programs need in environment dev"));
    keep(s, R"({"billing":[{"name":"STRIPE_KEY"},{"name":"DB_URL","pattern":"^mysql://"}],)"
            R"("mail":[{"name":"SLACK_TOKEN"}]})");
    const std::string all = "invalid  DB_URL      dev  does not match ^mysql://\n"
                            "missing  STRIPE_KEY  dev  required by billing\n";
    CHECK(box.run(check).out == all);
    CHECK(s.here.run(check).out == all);
    CHECK(has(box.run({"check", "-e", "dev", "--all-spaces"}).out,
              "required by billing; missing in 2 of 2 spaces"));
    box.write(box.work() / "need.json", R"({"other":[{"name":"DB_URL"}]})");
    CHECK(box.ok({"check", "need.json", "-e", "dev"}).empty());
    box.variables["COFFER_TOKEN"] = token_of(s, {"service", "--names", "S*"});
    CHECK(box.run(check).out == "missing  STRIPE_KEY  dev  required by billing\n");
    box.variables["COFFER_TOKEN"] = token_of(s, {"service", "-s", "acme"});
    const auto unseen = box.run({"check", "-e", "dev", "-s", "acme"});
    CHECK(unseen.code == 5);
    CAPTURE(unseen.err);
    CHECK(has(unseen.err, "not told what programs need in environment dev"));
}

TEST_CASE("list says to people what programs need and do not have") {
    const served s;
    client box(s);
    const auto shown = [&](const sandbox::words& more = {}) {
        sandbox::words args{"list", "-e", "dev", "-s", "acme"};
        args.insert(args.end(), more.begin(), more.end());
        return box.on_terminal(args).out;
    };
    CHECK_FALSE(has(shown(), "missing"));
    keep(s, R"({"billing":[{"name":"STRIPE_KEY"},{"name":"DB_URL"}],"mail":[{"name":"BETA"}]})");
    box.ok({"set", "BETA", "-e", "dev"}, "1");
    box.ok({"hide", "BETA", "-e", "dev", "-s", "acme"});
    const std::string_view missing = ", 1 missing (STRIPE_KEY, required by billing)";
    CHECK(has(shown(), "3 names in dev/acme: 1 hidden, 1 inherited, 1 overridden"));
    CHECK(has(shown(), missing));
    CHECK(has(s.here.on_terminal({"list", "-e", "dev", "-s", "acme"}).out, missing));
    CHECK_FALSE(has(shown({"--own"}), "missing"));
    CHECK(box.run({"list", "-e", "dev", "-s", "acme"}).err.empty());
    keep(s,
         R"({"a":[{"name":"M1"},{"name":"M2"}],"b":[{"name":"M2"},{"name":"M3"},{"name":"M4"}]})");
    CHECK(has(shown(), "4 missing (M1, required by a; M2, required by a, b; M3, required by b; "
                       "coffer check shows all)"));
    box.variables["COFFER_TOKEN"] = token_of(s, {"service", "-s", "acme"});
    CHECK_FALSE(has(shown(), "missing"));
}

TEST_CASE(
    "a pattern that would keep everybody busy is refused where it is set and where it is read") {
    const served s;
    const client box(s);
    const std::string needs =
        R"json({"app":[{"name":"DB_URL","pattern":"((((a{1,255}){1,255}){1,255}){1,255})"}]})json";
    const auto refused = put(s, needs);
    CHECK(refused.status == 400);
    CHECK(has(refused.body, "the pattern of DB_URL is too long"));
    CHECK(box.run({"check", "-e", "dev"}).code == 2); // nothing was kept

    box.write(box.work() / "need.json", needs);
    const auto own = box.run({"check", "need.json", "-e", "dev"});
    CHECK(own.code == 2);
    CHECK(has(own.err, "coffer: the pattern of DB_URL is too long: 1,024 bytes"));
    box.write(box.work() / "need.json", R"({"app":[{"name":"DB_URL","pattern":"(a)\\1"}]})");
    CHECK(has(box.run({"check", "need.json", "-e", "dev"}).err, "a back-reference"));
    box.write(box.work() / "need.json", R"({"app":[{"name":"DB_URL","pattern":"(a"}]})");
    CHECK(
        has(box.run({"check", "need.json", "-e", "dev"}).err, "is no extended regular expression"));
}
