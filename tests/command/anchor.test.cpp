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
        if (!anchor.empty()) variables["COFFER_ANCHOR"] = anchor;
        fill();
        fs::copy(store(), work() / "old", fs::copy_options::recursive);
        ok({"set", "DB_URL"}, "newer");
        fs::remove_all(store());
        fs::copy(work() / "old", store(), fs::copy_options::recursive);
    }
    auto store() const -> fs::path { return work() / "coffer-store"; }
};

} // namespace

TEST_CASE("keys in a variable know an old copy of the store by the anchor that is named for them") {
    const put_back box("../anchor"); // from where the command is called
    CHECK(fs::exists(box.work() / "../anchor"));
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
    CHECK(has(box.ok({"config"}), "anchor"));
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
    put_back box("../anchor");
    box.ok({"backup", "saved", "--keys", "env:MY_KEK"});
    fs::remove_all(box.work() / "saved");
    fs::rename(box.work() / "old", box.work() / "saved");
    CHECK(box.run({"restore", "saved", "--yes"}).code == 4);
    box.ok({"restore", "saved", "--yes", "--accept-rollback"});
    box.check_filled();
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
    CHECK(fs::is_empty(fresh.work()));

    box.variables = {{"MY_KEK", kek}};
    const auto both = box.run({"verify", "--store", "file:coffer-store", "--keys", "env:MY_KEK",
                               "--anchor", "a", "--no-anchor"});
    CHECK(both.code == 2);
    CHECK(has(both.err, "--anchor and --no-anchor"));
    box.write(box.work() / "coffer.json", R"({"anchor":"a"})");
    CHECK(has(box.run({"config"}).err, R"(may not say "anchor")"));
}

TEST_CASE("an anchor that the user's file names for other keys is none for a keyring file") {
    sandbox box;
    box.fill();
    const auto file = box.home() / ".config/coffer/config.json";
    box.write(file, R"({"keys":"env:MY_KEK","anchor":"a"})");
    box.variables["COFFER_KEYS"] = "file:" + box.keyring().string();
    box.check_filled();
    CHECK_FALSE(fs::exists(file.parent_path() / "a"));
}
