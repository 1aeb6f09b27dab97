// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

using coffer_test::has;
using coffer_test::sandbox;

namespace {

namespace fs = std::filesystem;

auto anchor_of(const sandbox& box) -> fs::path {
    return box.keyring().string() + ".anchor";
}
auto store_of(const sandbox& box) -> fs::path {
    return box.work() / "coffer-store";
}

} // namespace

TEST_CASE("a backup has every version, no key, and brings a lost store back") {
    const sandbox box;
    box.fill();
    box.ok({"set", "DB_URL"}, "second");
    box.ok({"rollback", "DB_URL", "--to", "1"});
    const auto made = box.ok({"backup", "saved"});
    CHECK(has(made, "dev            copied"));
    CHECK(has(made, "coffer.system  copied"));
    for (const auto& entry : fs::recursive_directory_iterator(box.work() / "saved"))
        if (entry.is_regular_file())
            CHECK_FALSE(has(sandbox::read(entry.path()), "coffer_keyring"));
    CHECK(has(box.ok({"verify", "--store", "file:" + (box.work() / "saved").string()}),
              "all is whole"));
    CHECK(has(box.ok({"backup", "saved"}), "was there"));
    box.ok({"set", "NEWER"}, "newer");
    CHECK(has(box.ok({"backup", "saved"}), "dev            brought up to date"));

    fs::remove_all(store_of(box));
    CHECK(box.run({"get", "DB_URL"}).code == 6);
    CHECK(box.run({"restore", "saved"}).code == 2); // it asks first
    CHECK(has(box.ok({"restore", "saved", "--dry-run"}), "nothing was done"));
    CHECK_FALSE(fs::exists(store_of(box)));
    CHECK(has(box.ok({"restore", "saved", "--yes"}), "copied"));
    box.check_filled();
    CHECK(box.ok({"get", "NEWER"}) == "newer");
    CHECK(box.ok({"get", "DB_URL", "--version", "2", "--show"}) == "second");
    CHECK(has(box.ok({"restore", "saved", "--yes", "--json"}), R"("copied":0)"));
}

TEST_CASE(
    "an older backup is refused, by the store and by the anchor, unless that is what is meant") {
    const sandbox box;
    box.fill();
    box.ok({"backup", "saved"});
    box.ok({"set", "DB_URL"}, "newer");
    box.ok({"env", "create", "later"});
    const auto by_store = box.run({"restore", "saved", "--yes"});
    CHECK(by_store.code == 4);
    CHECK(has(by_store.err, "seen of coffer.system, dev: values and tokens that were revoked"));
    CHECK(box.ok({"get", "DB_URL"}) == "newer");

    const auto saved = box.work() / "whole";
    fs::copy(store_of(box), saved, fs::copy_options::recursive);
    fs::remove_all(store_of(box));
    CHECK(box.run({"restore", "saved", "--yes"}).code == 4); // the anchor remembers
    CHECK_FALSE(fs::exists(store_of(box) / "dev.json"));
    fs::remove_all(store_of(box));
    fs::copy(saved, store_of(box), fs::copy_options::recursive);

    CHECK(
        has(box.ok({"restore", "saved", "--yes", "--accept-rollback"}), "dev            put back"));
    box.check_filled();
    box.ok({"set", "DB_URL"}, "after");
    CHECK(box.ok({"get", "DB_URL"}) == "after");

    // What was given up is refused where it comes back.
    const auto put = [&](const fs::path& copy) {
        fs::remove_all(store_of(box));
        fs::copy(copy, store_of(box), fs::copy_options::recursive);
    };
    put(saved);
    CHECK(has(box.run({"get", "DB_URL"}).err, "rolled_back"));

    // A run that was stopped between the two: nothing is believed, and the next finishes.
    put(box.work() / "saved");
    CHECK(box.run({"get", "DB_URL"}).code == 7);
    CHECK(has(box.ok({"restore", "saved", "--yes", "--accept-rollback"}), "was there"));
    box.check_filled();
    CHECK(has(box.run({"verify"}).out, "coffer.system"));
}

TEST_CASE("restore checks all of a backup before it writes any of it, and cures a damaged store") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    box.ok({"backup", "saved"});
    const auto spoil = [](const fs::path& folder, std::string_view environment) {
        for (const auto& entry : fs::directory_iterator(folder))
            if (entry.path().filename().string().starts_with(environment) &&
                entry.path().extension() == ".json") { // a lock lies beside it
                auto text = sandbox::read(entry.path());
                const auto at = text.find("\"head\"") + 60;
                REQUIRE(at < text.size());
                text[at] = text[at] == 'A' ? 'B' : 'A';
                fs::remove(entry.path());
                coffer_test::sandbox().write(entry.path(), text);
            }
    };
    fs::copy(box.work() / "saved", box.work() / "bad", fs::copy_options::recursive);
    spoil(box.work() / "bad", "staging");
    fs::remove_all(store_of(box));
    CHECK(box.run({"restore", "bad", "--yes", "--accept-rollback"}).code == 7);
    CHECK((!fs::exists(store_of(box)) || fs::is_empty(store_of(box))));
    box.ok({"restore", "saved", "--yes"});
    spoil(store_of(box), "dev");
    CHECK(box.run({"get", "DB_URL"}).code == 7);
    box.ok({"restore", "saved", "--yes", "--accept-rollback"});
    box.check_filled();
    box.ok({"verify"});
}

TEST_CASE("a copy that was stopped while it put back what a whole one lacked goes on") {
    const sandbox box;
    box.fill();
    for (const bool restoring : {false, true}) {
        box.ok({"backup", "saved"});
        const auto there =
            restoring ? box.document("dev") : box.work() / "saved" / box.document("dev").filename();
        const auto whole = sandbox::read(there);
        // The head as it is there, an object that is missing, and the revision of a copy on its way.
        auto text = whole;
        const auto line = text.find("\n\"", text.find("\"head\"")) + 1;
        REQUIRE(text.compare(line, 11, "\"_revision\"") != 0);
        text.erase(line, text.find('\n', line) + 1 - line);
        const auto revision = text.find("\"_revision\":\"") + 13;
        text.replace(revision, 32, "0123456789abcdef0123456789abcdef");
        box.write(there, text);
        const auto done =
            restoring ? box.ok({"restore", "saved", "--yes"}) : box.ok({"backup", "saved"});
        CHECK(has(done, "dev            finished"));
        CHECK(sandbox::read(there) == whole);
    }
    box.check_filled();
}

TEST_CASE("what is damaged is left out of a backup and named, and all else is in it") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    for (const auto* const value : {"a", "b", "c"})
        box.ok({"set", "DB_URL"}, value);
    const auto document = box.document("dev");
    const auto whole = sandbox::read(document);
    int lost = 0;
    int unused = 0;
    bool named = false;
    for (auto at = whole.find("\n\"") + 1; at != 0; at = whole.find("\n\"", at) + 1) {
        const auto value = whole.find("\":\"", at) + 3;
        const auto key = whole.substr(at, value - at);
        if (key.starts_with("\"_") || key.starts_with("\"head")) continue;
        CAPTURE(key);
        auto text = whole;
        text[value + 1] = text[value + 1] == 'A' ? 'B' : 'A';
        box.write(document, text);
        const auto verified = box.run({"verify", "--no-anchor"});
        const auto saved = box.run({"backup", "saved"});
        CHECK(saved.code == verified.code);
        CHECK(has(saved.out, "coffer.system  copied"));
        CHECK(has(saved.out, "staging        copied"));
        CHECK(has(saved.err, "1 object of dev is damaged and left out"));
        CHECK(has(saved.err, "nothing refers to it") == (verified.code == 0));
        CHECK(box.run({"verify", "--store", "file:saved", "--no-anchor"}).code == verified.code);
        named = named || has(saved.err, "damaged: SLACK_TOKEN in dev/acme v1: tampered");
        (verified.code == 0 ? unused : lost)++;
        // What the damage took is in the older backup still, and comes back from it.
        box.write(document, whole);
        box.ok({"backup", "saved"});
        box.write(document, text);
        CHECK(box.run({"backup", "saved"}).code == verified.code);
        box.ok({"restore", "saved", "--yes"});
        CHECK(sandbox::read(document) == whole);
        fs::remove_all(box.work() / "saved");
    }
    CHECK(lost > 0);
    CHECK(unused > 0);
    CHECK(named);
}

TEST_CASE("a backup with a damaged object is put back without it; nobody's copy of it is lost") {
    const sandbox box;
    box.fill();
    box.ok({"backup", "saved"});
    const auto there = box.document("dev");
    const auto saved = box.work() / "saved" / there.filename();
    auto text = sandbox::read(saved);
    const auto whole = text;
    const auto line = text.find("\n\"", text.find("\"head\"")) + 1;
    const auto value = text.find("\":\"", line) + 3;
    REQUIRE(text.compare(line, 2, "\"_") != 0);
    text[value + 1] = text[value + 1] == 'A' ? 'B' : 'A';
    box.write(saved, text);
    box.ok({"set", "DB_URL"}, "newer");
    const auto done = box.run({"restore", "saved", "--yes", "--accept-rollback"});
    CHECK(has(done.out, "dev            put back"));
    CHECK(has(done.err, "1 object of dev is damaged and left out"));
    const auto object = whole.substr(line, whole.find('"', value) - line);
    CHECK(has(sandbox::read(there), object)); // what the store had of it
    box.check_filled();

    // Without the keys nobody knows what it was.
    fs::rename(box.keyring(), box.home() / "away");
    const auto copied = box.run({"copy", "--from", "file:saved", "--to", "file:other"});
    CHECK(copied.code == 7);
    CHECK(has(copied.err, "With the keys, coffer verify says which values that are, if any"));
    CHECK(has(copied.out, "coffer.system  copied"));
    CHECK(has(box.run({"copy", "--from", "file:saved", "--to", "file:more", "--json"}).out,
              R"("code":"tampered")"));
}

TEST_CASE("an environment whose head is damaged stays out of a backup, the others are in it") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    auto text = sandbox::read(box.document("dev"));
    const auto at = text.find("\"head\"") + 200;
    text[at] = text[at] == 'A' ? 'B' : 'A';
    box.write(box.document("dev"), text);
    const auto saved = box.run({"backup", "saved"});
    CHECK(saved.code == 7);
    CHECK(has(saved.err, "the head of dev at file:"));
    CHECK(has(saved.out, "staging        copied"));
    CHECK(has(saved.out, "coffer.system  copied"));
    CHECK_FALSE(fs::exists(box.work() / "saved" / box.document("dev").filename()));
}

TEST_CASE("a backup goes where nothing else is") {
    const sandbox box;
    box.fill();
    CHECK(box.run({"backup"}).code == 2);
    CHECK(box.run({"backup", store_of(box).string()}).code == 5);
    CHECK(box.run({"backup", (store_of(box) / "in").string()}).code == 5);
    // Beside the keys it would make them unusable.
    CHECK(box.run({"backup", box.keyring().parent_path().string()}).code == 4);
    box.check_filled();
    CHECK(box.run({"restore", "nowhere", "--yes"}).code == 6);
    CHECK(box.run({"restore", store_of(box).string(), "--yes"}).code == 2);
    CHECK(has(box.ok({"backup", "saved", "--dry-run"}), "would be copied"));
    CHECK_FALSE(fs::exists(box.work() / "saved"));
}

TEST_CASE("restore goes into no store of a folder's file that says where a password lies") {
    const sandbox box;
    box.fill();
    box.ok({"backup", "saved"});
    // Nobody listens there: who is refused has not even asked.
    const std::string foreign =
        "redis://127.0.0.1:1/?timeout_ms=100&password_file=" + box.keyring().string();
    box.write(box.work() / "coffer.json", R"({"store":")" + foreign + R"("})");
    for (const auto& args : {sandbox::words{"restore", "saved", "--yes"},
                             sandbox::words{"restore", "saved", "--dry-run"},
                             sandbox::words{"backup", "other"}, sandbox::words{"verify"}}) {
        const auto done = box.run(args);
        CHECK(done.code == 5);
        CHECK(has(done.err, "coffer.json names may not say where a password lies"));
    }
    // One's own word is believed.
    CHECK(box.run({"restore", "saved", "--yes", "--store", foreign}).code != 5);
}

TEST_CASE("a backup is verified though it is older than what was seen, and that leaves no trace") {
    const sandbox box;
    box.fill();
    box.ok({"backup", "saved"});
    box.ok({"set", "DB_URL"}, "newer");
    const auto seen = sandbox::read(anchor_of(box));
    CHECK(box.run({"verify", "--store", "file:saved"}).code == 7);
    CHECK(has(box.ok({"verify", "--store", "file:saved", "--no-anchor"}), "all is whole"));
    CHECK(sandbox::read(anchor_of(box)) == seen);
    CHECK(box.run({"get", "DB_URL", "--store", "file:saved"}).code == 7);
    CHECK(box.run({"get", "DB_URL", "--no-anchor"}).code == 2); // of verify alone
}

TEST_CASE("a backup comes back on a new machine, with the sealed keyring and nothing else") {
    sandbox box;
    box.fill();
    box.ok({"backup", "saved"});
    const auto elsewhere = box.home() / "elsewhere";
    fs::create_directory(elsewhere);
    fs::rename(box.work() / "saved", elsewhere / "saved");
    fs::remove(anchor_of(box));
    box.folder = elsewhere;

    const auto blind = box.run({"verify", "--store", "file:saved"});
    CHECK(blind.code == 3);
    CHECK(has(blind.err, "the store is of another realm: coffer-store-"));
    CHECK(has(blind.err, "and the settings name none"));
    CHECK(has(box.run({"list", "-e", "dev", "--store", "file:saved"}).err, "COFFER_REALM"));

    const auto done = box.run({"restore", "saved", "--store", "file:store", "--yes"});
    CHECK(done.code == 0);
    CHECK(has(done.err, "coffer.json names the store and its realm coffer-store-"));
    CHECK(box.ok({"get", "DB_URL", "--show"}) == coffer_test::db_url);
    CHECK(has(box.ok({"verify"}), "all is whole"));
    box.ok({"restore", "saved", "--yes"}); // and is the store that is named from now on
}

TEST_CASE("a backup of another realm is refused, and verify tells what lies there unseen") {
    const sandbox box;
    box.fill();
    box.ok({"backup", "saved"});
    const auto theirs = box.document("dev");
    fs::remove_all(store_of(box));
    fs::remove(box.work() / "coffer.json");
    box.ok({"init", "--realm", "another", "--env", "dev"});
    const auto refused = box.run({"restore", "saved", "--yes"});
    CHECK(refused.code == 3);
    CHECK(has(refused.err, "this backup is of another realm: coffer-store-"));
    CHECK(has(refused.err, "coffer.json names another"));
    CHECK(has(box.ok({"verify"}), "all is whole"));
    for (const auto& entry : fs::directory_iterator(box.work() / "saved"))
        if (!fs::exists(store_of(box) / entry.path().filename()))
            fs::copy(entry.path(), store_of(box));
    const auto mixed = box.run({"verify"});
    CHECK(mixed.code == 3);
    CHECK(has(mixed.out, "what lies there too is of another realm: coffer-store-"));
    CHECK_FALSE(has(mixed.out, "all is whole"));
    // Damage of the other realm's dev is none of this one's dev, which is whole.
    const auto document = store_of(box) / theirs.filename();
    auto text = sandbox::read(document);
    for (auto line = text.find("\n\""); line != std::string::npos;
         line = text.find("\n\"", line + 1)) {
        const auto value = text.find("\":\"", line) + 3;
        if (!std::string_view(text).substr(line + 2).starts_with("_") &&
            !std::string_view(text).substr(line + 2).starts_with("head"))
            text[value + 1] = text[value + 1] == 'A' ? 'B' : 'A';
    }
    box.write(document, text);
    const auto both = box.run({"backup", "both"});
    CHECK(both.code == 7);
    CHECK(has(both.err, "With the keys of realm coffer-store-"));
    CHECK_FALSE(has(both.err, "nothing is lost"));
}

TEST_CASE("a folder that is no backup is refused, and what does not belong to a store is named") {
    const sandbox box;
    box.fill();
    fs::create_directory(box.work() / "empty");
    CHECK(box.run({"restore", "empty", "--yes"}).code == 2);
    box.ok({"backup", "part"});
    for (const auto& entry : fs::directory_iterator(box.work() / "part"))
        if (entry.path().filename().string().starts_with("coffer-system."))
            fs::remove(entry.path());
    const auto part = box.run({"restore", "part", "--yes"});
    CHECK(part.code == 7);
    CHECK(has(part.err, "holds no whole backup"));
    CHECK(has(part.err, "is missing"));
    const auto verified = box.run({"verify", "--store", "file:part", "--no-anchor"});
    CHECK(verified.code == 7);
    CHECK(has(verified.out, "coffer.system  is missing"));
    CHECK_FALSE(has(verified.out, "all is whole"));

    box.write(store_of(box) / "notes.json", "{}");
    const auto stray = box.run({"backup", "saved"});
    CHECK(stray.code == 7);
    CHECK(has(stray.err, "notes in the store can't be read"));
    CHECK(has(stray.out, "coffer.system  copied"));
    fs::remove(store_of(box) / "notes.json");
    fs::copy(box.document("dev"), store_of(box) / "dev.bak.json");
    const auto twice = box.run({"backup", "saved"});
    CHECK(twice.code == 7);
    CHECK(has(twice.err, "dev.bak in the store is a copy of dev under another name"));
}
