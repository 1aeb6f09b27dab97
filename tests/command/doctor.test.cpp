// SPDX-License-Identifier: BSL-1.0
#include "served.hpp"

#include <filesystem>

using coffer_test::client;
using coffer_test::has;
using coffer_test::sandbox;
using coffer_test::served;
namespace fs = std::filesystem;

TEST_CASE("doctor says of each thing beside a store that it is well, and opens no value") {
    const sandbox box;
    box.fill();
    const auto said = box.ok({"doctor"});
    for (const char* what : {"version", "memory", "keys", "store", "environment dev", "clock"})
        CHECK(has(said, "ok  " + std::string(what) + " "));
    CHECK_FALSE(has(said, "NO  ")); // a folder may be called anything
    CHECK(has(box.ok({"doctor", "--json"}), "{\"ok\":true,\"findings\":[{\"what\":\"version\""));
}

TEST_CASE("doctor tells what is wrong with keys and store, and the cure") {
    const sandbox box;
    box.fill();
    fs::permissions(box.keyring(), fs::perms::group_read, fs::perm_options::add);
    const auto loose = box.run({"doctor"});
    CHECK(loose.code == 5);
    CHECK(has(loose.out, "NO  keys"));
    CHECK(has(loose.out, "mode 0600"));
    fs::permissions(box.keyring(), fs::perms::owner_read | fs::perms::owner_write);
    CHECK(box.run({"doctor"}).code == 0);

    const auto text = sandbox::read(box.document("dev"));
    box.write(box.document("dev"), text.substr(0, text.size() / 2));
    const auto damaged = box.run({"doctor", "--json"});
    CHECK(damaged.code == 7);
    CHECK(has(damaged.out, "\"what\":\"environment dev\",\"state\":\"tampered\""));
    CHECK(has(damaged.out, "{\"ok\":false"));
    fs::rename(box.work() / "coffer-store", box.work() / "elsewhere");
    CHECK(box.run({"doctor"}).code == 6);
}

TEST_CASE("doctor blames the anchor for its damage, and folders that others may write in") {
    const sandbox box;
    box.fill();
    const fs::path anchor = box.keyring().string() + ".anchor";
    const auto whole = sandbox::read(anchor);
    box.write(anchor, whole + "x\n");
    const auto damaged = box.run({"doctor"});
    CHECK(damaged.code == 7);
    CHECK(has(damaged.out, "NO  anchor"));
    CHECK(has(damaged.out, anchor.string() + " is damaged"));
    CHECK_FALSE(has(damaged.out, "NO  store"));
    box.write(anchor, whole);
    CHECK(box.run({"doctor"}).code == 0);

    for (const auto& folder : {box.keyring().parent_path(), box.work() / "coffer-store"}) {
        fs::permissions(folder, fs::perms::others_write, fs::perm_options::add);
        const auto loose = box.run({"doctor"});
        CHECK(loose.code == 5);
        CHECK(has(loose.out, "others may write in " + folder.string()));
        fs::permissions(folder, fs::perms::others_write, fs::perm_options::remove);
    }
    CHECK(box.run({"doctor"}).code == 0);
}

TEST_CASE("doctor looks through a server at the server, its store and the token") {
    served s;
    client box(s);
    const auto said = box.ok({"doctor"});
    CHECK(has(said, "server   " + s.url + ", version "));
    CHECK(has(said, "ok  token    tests ("));
    auto two_days = box.ok({"token", "create", "--full", "--expires", "2d"});
    two_days.pop_back();
    box.variables["COFFER_TOKEN"] = box.variables["COFFER_TOKEN"] + "x";
    CHECK(box.run({"doctor"}).code == 5);
    box.variables["COFFER_TOKEN"] = two_days;
    const auto soon = box.run({"doctor"});
    CHECK(soon.code == 1);
    CHECK(has(soon.out, "NO  token"));
    s.stop();
    CHECK(box.run({"doctor"}).code == 6);
}

TEST_CASE("doctor and verify count no environment as a name or a value of its own") {
    const sandbox box;
    box.ok({"init"});
    CHECK(has(box.ok({"doctor"}), ", 0 names and spaces"));
    CHECK(has(box.ok({"verify"}), "1 record opened"));
    box.ok({"set", "A"}, "x");
    CHECK(has(box.ok({"doctor"}), ", 1 name or space"));
    CHECK(has(box.ok({"verify"}), "2 records opened"));
    box.ok({"space", "create", "acme"});
    CHECK(has(box.ok({"doctor"}), ", 2 names and spaces"));
}
