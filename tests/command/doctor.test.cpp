// SPDX-License-Identifier: BSL-1.0
#include "served.hpp"

#include <coffer/clock.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/vault.hpp>

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

namespace {

/// The machine's clock, set wrong.
class wrong_clock final : public coffer::clock {
public:
    explicit wrong_clock(std::chrono::hours by) : by_(by) {}
    auto wall() const noexcept -> std::chrono::milliseconds override {
        return coffer::machine_clock().wall() + by_;
    }
    auto boot() const noexcept -> std::chrono::milliseconds override {
        return coffer::machine_clock().boot();
    }

private:
    std::chrono::hours by_;
};

/// Sets a value in dev as a program does whose clock is wrong.
void set_with(const sandbox& box, std::chrono::hours by, std::string_view name) {
    const auto settings = sandbox::read(box.work() / "coffer.json");
    const auto realm = settings.find("\"realm\":\"") + 9;
    const wrong_clock time(by);
    coffer::options with;
    with.realm = settings.substr(realm, settings.find('"', realm) - realm);
    with.time = &time;
    coffer::vault v(coffer::file::open(box.work() / "coffer-store").value(),
                    coffer::cryptopp::aes_256_gcm{}, coffer::keyring::open(box.keyring()).value(),
                    with);
    REQUIRE(v.put({.environment = "dev"}, name, coffer::secret(std::string_view("v"))));
}

} // namespace

TEST_CASE("doctor holds the clock against every write that it could read, not the newest head") {
    const sandbox box;
    box.fill();
    CHECK(has(box.ok({"doctor"}), ", after every write\n"));
    set_with(box, std::chrono::hours(24 * 700), "AHEAD");
    set_with(box, std::chrono::hours(-24 * 1000), "BEHIND"); // the head is an old one now
    const auto ahead = box.run({"doctor"});
    CHECK(ahead.code == 2);
    CHECK(has(ahead.out, "NO  clock"));

    const auto text = sandbox::read(box.document("dev"));
    box.write(box.document("dev"), text.substr(0, text.size() / 2));
    const auto damaged = box.run({"doctor"});
    CHECK(has(damaged.out, "no write to hold it against was read"));
    CHECK_FALSE(has(damaged.out, "after every write"));
    box.ok({"env", "create", "other"});
    CHECK(has(box.run({"doctor"}).out, ", after every write of what could be read"));
}

TEST_CASE("a damaged anchor is named as what it is by whatever reads the store") {
    const sandbox box;
    box.fill();
    const fs::path anchor = box.keyring().string() + ".anchor";
    box.write(anchor, "garbage\n");
    for (const sandbox::words& args : {sandbox::words{"get", "DB_URL"},
                                       {"env", "list"},
                                       {"verify"},
                                       {"verify", "-e", "dev"},
                                       {"serve", "--listen", "127.0.0.1:0"}}) {
        const auto refused = box.run(args);
        INFO(args.front() << ": " << refused.out << refused.err);
        CHECK(refused.code == 7);
        CHECK(has(refused.err, "the anchor " + anchor.string() + " is damaged"));
        CHECK_FALSE(has(refused.err, "behind Coffer's back"));
    }
    // The way back.
    CHECK(has(box.ok({"verify", "--no-anchor"}), "all is whole"));
    fs::remove(anchor);
    box.check_filled();
}

TEST_CASE("doctor and keys status name the KEK that the keyring lacks, and the way to it") {
    const sandbox box;
    box.fill();
    const auto before = sandbox::read(box.keyring());
    box.ok({"keys", "rotate-kek", "--yes"});
    box.ok({"keys", "rewrap", "--yes"});
    const auto needed = coffer_test::keks(box).back();
    box.write(box.keyring(), before);
    const auto what = "the keyring lacks the key of coffer.system (the list of environments and "
                      "tokens): it is under " +
                      needed + ", which is not in file:";
    const std::string cure = "Where it was made: coffer keys copy --to F; here: coffer keys copy "
                             "--from F. See docs/operating.md#several-keyrings";
    const auto said = box.run({"doctor"});
    INFO(said.out);
    CHECK(said.code == 9);
    CHECK(has(said.out, "NO  store    " + what));
    CHECK(has(said.out, ": " + cure + "\n"));
    const auto json = box.run({"doctor", "--json"}).out;
    CHECK(has(json, "\"said\":\"" + what));
    CHECK(has(json, "\"cure\":\"" + cure + "\""));
    CHECK(has(box.run({"keys", "status", "--json"}).out,
              R"("error":"unknown_key","message":")" + what));
    CHECK(has(box.run({"keys", "rewrap", "-e", "coffer.system", "--yes"}).out, what));
}
