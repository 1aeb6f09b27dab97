// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::has;
using coffer_test::sandbox;

TEST_CASE("no verb repeats the password of an address") {
    sandbox box;
    box.fill();
    for (const char* store : {"redis://:hunter2@127.0.0.1:1", "redis://:hunter2/x@127.0.0.1:1",
                              "valkey://:hunter2@127.0.0.1", "Redis://:hunter2@127.0.0.1",
                              "redis://127.0.0.1:1?password=hunter2"})
        for (const sandbox::words& args :
             std::vector<sandbox::words>{{"config"},
                                         {"config", "--json"},
                                         {"list", "-v"},
                                         {"doctor"},
                                         {"init"},
                                         {"init", "--dry-run"},
                                         {"copy", "--from", store, "--to", "file:elsewhere"}}) {
            auto with = args;
            if (args[0] != "copy") with.insert(with.end(), {"--store", store});
            const auto done = box.run(with);
            INFO(store << ": " << args[0] << "\n" << done.out << done.err);
            CHECK_FALSE(has(done.out + done.err, "hunter2"));
        }
    box.variables["COFFER_SERVER"] = "https://u:hunter2@127.0.0.1";
    for (const sandbox::words& args : std::vector<sandbox::words>{
             {"config"}, {"list"}, {"whoami"}, {"login"}, {"keys", "status"}, {"doctor"}}) {
        const auto done = box.run(args, "x");
        INFO(args[0] << "\n" << done.out << done.err);
        CHECK_FALSE(has(done.out + done.err, "hunter2"));
    }
}

TEST_CASE("a store and keys that name no file are refused, and so is an id that would be a path") {
    const sandbox box;
    box.fill();
    CHECK(box.run({"list", "--store", "file:"}).code == 2);
    CHECK(has(box.run({"list", "--store", "file:"}).err, "names no folder"));
    for (const char* keys : {"file:", "passphrase:"})
        CHECK(has(box.run({"list", "--keys", keys}).err, "name no file"));
    for (const char* id : {"a/b", "..", "a b", "a\nb", "a\x1b", "", "ä"}) {
        INFO("'" << id << "'");
        CHECK(box.run({"env", "create", "other", "--id", id}).code == 2);
        CHECK(box.run({"space", "create", "other", "--id", id}).code == 2);
    }
    CHECK(box.run({"env", "create", "other", "--id", std::string(65, 'x')}).code == 2);
    box.ok({"space", "create", "other", "--id", "us_sp-1.a"});
}
