// SPDX-License-Identifier: BSL-1.0
// The anchor of keys that keep none of their own.
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

namespace fs = std::filesystem;
using coffer_test::has;
using coffer_test::sandbox;

namespace {

constexpr const char* kek = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A store under a key in a variable, filled, and an old copy of it put back after one more write.
struct put_back : sandbox {
    explicit put_back(const std::string& anchor) {
        variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", kek}};
        if (!anchor.empty()) variables["COFFER_ANCHOR"] = (home() / anchor).string();
        fill();
        fs::copy(store(), work() / "old", fs::copy_options::recursive);
        ok({"set", "DB_URL"}, "newer");
        fs::rename(store(), work() / "newest");
        fs::copy(work() / "old", store(), fs::copy_options::recursive);
    }
    auto store() const -> fs::path { return work() / "coffer-store"; }
};

} // namespace

TEST_CASE("keys in a variable know an old copy of the store by the anchor that is named for them") {
    const put_back box("anchor");
    CHECK(fs::exists(box.home() / "anchor"));
    for (const sandbox::words& verb : {sandbox::words{"get", "DB_URL"},
                                       {"list"},
                                       {"verify"},
                                       {"set", "NEW"},
                                       {"run", "--", "true"}}) {
        const auto refused = box.run(verb, "value");
        INFO(refused.out << refused.err);
        CHECK(has(refused.out + refused.err, "rolled_back"));
    }
    CHECK(box.run({"get", "DB_URL"}).code == 7);
    CHECK(has(box.ok({"verify", "--no-anchor"}), "all is whole"));
    CHECK(has(box.ok({"config", "--json"}), R"("anchor":{"value":")" +
                                                (box.home() / "anchor").string() +
                                                R"(","from":"COFFER_ANCHOR"})"));
}

TEST_CASE("without one they take an old copy for the newest, and doctor says so") {
    put_back box("");
    CHECK(box.run({"get", "DB_URL"}).code == 0);
    const auto blind = box.run({"doctor"});
    CHECK(blind.code == 6);
    CHECK(has(blind.out, "NO  anchor"));
    CHECK(has(blind.out, "ok  environment dev")); // and it looks at all else
    box.variables["COFFER_ANCHOR"] = (box.home() / "anchor").string();
    box.ok({"get", "DB_URL"});
    CHECK_FALSE(has(box.ok({"doctor"}), "NO  anchor"));
}

TEST_CASE("restore on purpose moves the named anchor, and what was given up stays known") {
    put_back box("anchor");
    CHECK(box.run({"restore", "old", "--yes"}).code == 4);
    box.ok({"restore", "old", "--yes", "--accept-rollback"});
    box.check_filled();
    fs::remove_all(box.store());
    fs::rename(box.work() / "newest", box.store());
    CHECK(box.run({"get", "DB_URL"}).code == 7);
}

TEST_CASE("an anchor that can't be one is refused") {
    sandbox box;
    box.fill();
    const auto own = box.run({"get", "DB_URL", "--anchor", "a"});
    CHECK(own.code == 2);
    CHECK(has(own.err, "--anchor names an anchor, and these keys keep one of their own"));

    sandbox fresh;
    fresh.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", kek}};
    const auto with = [&](const std::string& anchor) {
        return fresh.run({"init", "--env", "dev", "--anchor", anchor});
    };
    const auto inside = with("coffer-store/anchor");
    INFO(inside.err);
    CHECK(inside.code == 5);
    CHECK(has(inside.err, "lies in the store's own folder"));
    CHECK(with("").code == 2);
    const auto nowhere = with("none/anchor");
    CHECK(nowhere.code == 6);
    CHECK(has(nowhere.err, "none/anchor (from --anchor) is not there"));
    CHECK(fs::is_empty(fresh.work()));
    fresh.variables["COFFER_ANCHOR"] = "anchor"; // of whichever folder it is called in
    CHECK(fresh.run({"init"}).code == 2);

    box.variables = {{"MY_KEK", kek}};
    const auto both = box.run({"verify", "--store", "file:coffer-store", "--keys", "env:MY_KEK",
                               "--anchor", "a", "--no-anchor"});
    CHECK(both.code == 2);
    CHECK(has(both.err, "--anchor and --no-anchor"));
    box.write(box.work() / "coffer.json", R"({"anchor":"a"})");
    CHECK(has(box.run({"config"}).err, R"(may not say "anchor")"));
}

TEST_CASE("init notes the anchor beside the keys that it is for") {
    sandbox box;
    box.variables = {{"MY_KEK", kek}};
    box.ok({"init", "--env", "dev", "--keys", "env:MY_KEK", "--anchor", "anchor"});
    const auto noted = sandbox::read(box.home() / ".config/coffer/config.json");
    CHECK(has(noted, (box.work() / "anchor").string()));
    box.ok({"set", "NAME"}, "value");
    fs::create_directory(box.work() / "below"); // which has the same anchor
    box.folder = box.work() / "below";
    CHECK(box.ok({"get", "NAME"}) == "value");
    CHECK(fs::is_empty(box.folder));
}

TEST_CASE("what files say of an anchor is for keys that keep none") {
    sandbox box;
    box.fill();
    const auto file = box.home() / ".config/coffer/config.json";
    box.write(file, R"({"keys":"env:MY_KEK","anchor":"~/a","profiles":{"files":{"keys":"file:)" +
                        box.keyring().string() + R"("},"none":{"anchor":""}}})");
    box.variables = {{"MY_KEK", kek}};
    for (const sandbox::words& verb :
         {sandbox::words{"get", "DB_URL", "--profile", "files"},
          {"get", "DB_URL", "--keys", "file:" + box.keyring().string()}})
        CHECK(box.run(verb).code == 0);
    const auto other = [&](const char* folder) { // a store under the key in the variable
        box.folder = box.work() / folder;
        fs::create_directory(box.folder);
    };
    other("with");
    box.ok({"init", "--env", "dev"});
    CHECK(fs::exists(box.home() / "a"));
    fs::remove(box.home() / "a");
    other("without");
    box.ok({"init", "--env", "dev", "--profile", "none"});
    CHECK_FALSE(fs::exists(box.home() / "a"));
}
