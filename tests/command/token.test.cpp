// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <string>

using coffer_test::has;
using coffer_test::sandbox;

namespace {

/// The id in the one line that `token create` prints, `cof_<id>_…`.
auto id_in(const std::string& token) -> std::string {
    REQUIRE(token.size() == 70);
    CHECK(token.starts_with("cof_"));
    CHECK(token.back() == '\n');
    return token.substr(4, 12);
}

} // namespace

TEST_CASE("a token is printed once, listed without its text, and revoked") {
    const sandbox box;
    box.fill();
    const auto made =
        box.run({"token", "create", "--role", "service", "--env", "dev", "--space", "acme",
                 "--names", "SLACK_*,DB_URL", "--write", "--expires", "300d", "--name", "agent"});
    REQUIRE(made.code == 0);
    const auto id = id_in(made.out);
    CHECK_FALSE(has(made.err, made.out.substr(17, 43)));
    const auto full = id_in(box.ok({"token", "create", "--full"}));
    const auto listed = box.ok({"token", "list"});
    CHECK(has(listed, id));
    CHECK(has(listed, "agent"));
    CHECK(has(listed, "service of dev/acme, write, names SLACK_*,DB_URL"));
    CHECK(has(listed, "full: everything"));
    CHECK_FALSE(has(box.ok({"token", "list", "--json"}), made.out.substr(17, 43)));
    CHECK(box.run({"token", "revoke", id, "--no-input"}).code == 2); // nobody said yes
    box.ok({"token", "revoke", id, "--yes"});
    CHECK_FALSE(has(box.ok({"token", "list"}), id));
    CHECK(has(box.ok({"token", "list"}), full));
    CHECK(box.run({"token", "revoke", id, "--yes"}).code == 1);
}

TEST_CASE("a token that nobody limited on purpose is not made") {
    const sandbox box;
    box.fill();
    const auto refused = [&](sandbox::words more) {
        sandbox::words all{"token", "create"};
        all.insert(all.end(), more.begin(), more.end());
        const auto ended = box.run(all);
        CHECK(ended.out.empty());
        return ended.code;
    };
    CHECK(refused({}) == 2);
    CHECK(refused({"--role", "king"}) == 2);
    CHECK(refused({"--role", "service"}) == 2); // of which environment?
    CHECK(refused({"--role", "space-admin", "--env", "dev"}) == 2);
    CHECK(refused({"--role", "auditor", "--env", "dev", "--write"}) == 2);
    CHECK(refused({"--role", "env-admin", "--env", "dev", "--expires", "91d"}) == 2);
    CHECK(refused({"--full", "--role", "service"}) == 2);
    CHECK(box.ok({"token", "list"}).empty());
    CHECK(box.ok({"token", "list", "--json"}) == "{\"tokens\":[]}\n");
}

TEST_CASE("a limit that a role does not have is refused, not dropped") {
    const sandbox box;
    box.fill();
    const auto refused = [&](sandbox::words more, const std::string& advice) {
        sandbox::words all{"token", "create"};
        all.insert(all.end(), more.begin(), more.end());
        const auto ended = box.run(all);
        CHECK(ended.code == 2);
        CHECK(ended.out.empty());
        CHECK(has(ended.err, advice));
    };
    refused({"--full", "-e", "dev"}, "leave --env out, or say --role");
    refused({"--full", "-s", "acme"}, "leave --space out, or say --role");
    refused({"--role", "operator", "-e", "dev"}, "leave --env and --space out");
    refused({"--role", "operator", "-s", "acme"}, "leave --env and --space out");
    refused({"--role", "operator", "--names", "A*"}, "--names are a service's");
    refused({"--role", "env-admin", "-e", "dev", "-s", "acme"}, "or make a space-admin");
    refused({"--role", "env-admin", "-e", "dev", "--actor", "u1"}, "--actor and --names");
    refused({"--role", "auditor", "-s", "acme"}, "leave --space out");
    refused({"--role", "auditor", "-e", "dev", "-s", "acme"}, "leave --space out");
    refused({"--role", "service", "-e", "dev", "-s", ""}, "--space is empty");
    refused({"--role", "service", "-e", "dev", "--actor", ""}, "--actor is empty");
    CHECK(box.ok({"token", "list"}).empty());
}

TEST_CASE("a token that could not be told is revoked, and that is said") {
    const sandbox box;
    box.fill();
    for (const char* const away : {">/dev/full", ">&-"}) {
        const auto done =
            box.run_program({"sh", "-c", "exec \"$0\" token create --full " + std::string(away),
                             coffer_test::coffer_program()});
        INFO(away << ": " << done.err);
        CHECK(done.code == 6);
        CHECK(has(done.err, "the token was made, not told, and revoked"));
        CHECK(box.ok({"token", "list"}).empty());
    }
    CHECK(has(box.ok({"verify"}), "all is whole")); // nothing was written into a file of the store
}
