// SPDX-License-Identifier: BSL-1.0
// Keys in environment variables, and how they are rotated.
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::dev_token;
using coffer_test::has;
using coffer_test::keks;
using coffer_test::sandbox;

namespace {

constexpr const char* key_of_before = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* key_of_now = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// The id of the KEK that `keys status` says a variable holds.
auto kek_in(const std::string& status, const std::string& state_and_variable) -> std::string {
    const auto at = status.find("  " + state_and_variable);
    REQUIRE(at != status.npos);
    const auto begin = status.rfind('\n', at) + 1; // npos + 1 is 0
    return status.substr(begin, at - begin);
}

} // namespace

TEST_CASE("a KEK in a variable is rotated: a new one before it, rewrap, and the older one can go") {
    sandbox box;
    box.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", key_of_before}};
    box.fill();
    const auto old = kek_in(box.ok({"keys", "status"}), "active, MY_KEK");

    box.variables = {
        {"COFFER_KEYS", "env:MY_KEK,MY_OLD"}, {"MY_KEK", key_of_now}, {"MY_OLD", key_of_before}};
    const auto before = box.ok({"keys", "status"});
    INFO(before);
    const auto fresh = kek_in(before, "active, MY_KEK");
    CHECK(kek_in(before, "decrypt-only, MY_OLD") == old);
    CHECK(has(before, "decrypt-only, MY_OLD  2 environments  coffer.system, dev"));
    CHECK(has(box.ok({"keys", "status", "--json"}), R"("variable":"MY_OLD","wraps":["coffer.)"));
    box.check_filled();
    const auto rewrapped = box.ok({"keys", "rewrap", "--yes", "--json"});
    CHECK(has(rewrapped, R"("environment":"coffer.system","kekId":")" + fresh + R"(","deks":1)"));
    CHECK(has(rewrapped, R"("environment":"dev","kekId":")" + fresh + R"(","deks":1)"));
    CHECK(has(box.ok({"keys", "status"}), "decrypt-only, MY_OLD  0 environments"));
    box.check_filled();

    box.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", key_of_now}};
    box.check_filled();
    box.ok({"keys", "rotate-dek", "-e", "dev", "--yes"});
    box.ok({"keys", "rotate-dek", "-e", "coffer.system", "--yes"});
    box.ok({"verify"});
    box.variables["MY_KEK"] = key_of_before;
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 9);
}

TEST_CASE("a store that is still under an older KEK says which one, and what to do") {
    sandbox box;
    box.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", key_of_before}};
    box.fill();
    const auto old = kek_in(box.ok({"keys", "status"}), "active, MY_KEK");
    const auto needs = "it is under " + old + ", which is not in env:MY_KEK";
    const std::string cure = "(--keys env:MY_KEK,OLDER) and run coffer keys rewrap";

    box.variables["MY_KEK"] = key_of_now;
    for (const sandbox::words& verb :
         {sandbox::words{"get", "SLACK_TOKEN"}, {"list"}, {"serve", "--no-anchor"}}) {
        const auto refused = box.run(verb);
        INFO(refused.err);
        CHECK(refused.code == 9);
        CHECK(has(refused.err, needs));
        CHECK(has(refused.err, cure));
    }
    for (const sandbox::words& verb :
         {sandbox::words{"keys", "status"}, {"keys", "rewrap", "--yes"}}) {
        const auto refused = box.run(verb);
        INFO(refused.out);
        CHECK(refused.code == 9);
        CHECK(has(refused.out, needs));
    }
    // One environment alone is left.
    box.variables = {
        {"COFFER_KEYS", "env:MY_KEK,MY_OLD"}, {"MY_KEK", key_of_now}, {"MY_OLD", key_of_before}};
    box.ok({"keys", "rewrap", "-e", "coffer.system", "--yes"});
    box.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", key_of_now}};
    const auto left = box.run({"get", "SLACK_TOKEN"});
    CHECK(left.code == 9);
    CHECK(has(left.err, "the key of environment dev: " + needs));
    CHECK(has(box.run({"keys", "status"}).out, "unknown_key: " + needs));

    // A keyring file of before says it too, without talk of variables.
    sandbox with_file;
    with_file.fill();
    const auto first = sandbox::read(with_file.keyring());
    with_file.ok({"keys", "rotate-kek", "--yes"});
    const auto second = keks(with_file).back();
    with_file.ok({"keys", "rewrap", "--yes"});
    with_file.write(with_file.keyring(), first);
    const auto older = with_file.run({"get", "SLACK_TOKEN"});
    CHECK(older.code == 9);
    CHECK(has(older.err, "it is under " + second + ", which is not in file:"));
    CHECK_FALSE(has(older.err, "OLDER"));
}

TEST_CASE("a variable that is missing or holds no key is named, and what it holds is not shown") {
    sandbox box;
    box.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", key_of_before}};
    box.fill();
    const auto with = [&](const std::string& keys, const std::string& old) {
        box.variables = {{"COFFER_KEYS", keys}, {"MY_KEK", key_of_now}};
        if (!old.empty()) box.variables["MY_OLD"] = old;
        return box.run({"get", "SLACK_TOKEN"});
    };
    CHECK(with("env:MY_KEK,MY_OLD", key_of_before).out == dev_token);
    const auto missing = with("env:MY_KEK,MY_OLD", "");
    CHECK(missing.code == 9);
    CHECK(has(missing.err, "unknown_key: the variable MY_OLD, which --keys names, is not set"));
    const auto cut = std::string(key_of_before).substr(0, 40);
    const auto malformed = with("env:MY_KEK,MY_OLD", cut);
    CHECK(malformed.code == 2);
    CHECK(has(malformed.err, "the variable MY_OLD holds no key"));
    CHECK(has(malformed.err, "openssl rand -base64 32"));
    CHECK_FALSE(has(malformed.err, cut.substr(0, 8)));
    const auto twice = with("env:MY_KEK,MY_OLD", key_of_now);
    CHECK(twice.code == 4);
    CHECK(has(twice.err, "the variable MY_OLD holds the same key"));
    CHECK_FALSE(has(twice.err, std::string(key_of_now).substr(0, 8)));
    CHECK(has(with("env:MY_KEK,MY_KEK", "").err, "--keys names MY_KEK twice"));
    CHECK(with("env:", "").code == 2);
    const auto key_itself = with(std::string("env:") + key_of_before, "");
    CHECK(key_itself.code == 2);
    CHECK_FALSE(has(key_itself.err, std::string(key_of_before).substr(0, 8)));
}

TEST_CASE("no program that is run is handed any of the variables with keys") {
    sandbox box;
    box.variables = {{"COFFER_KEYS", "env:MY_KEK"}, {"MY_KEK", key_of_before}};
    box.fill();
    box.variables = {{"COFFER_KEYS", "env:MY_KEK,MY_OLD"},
                     {"MY_KEK", key_of_now},
                     {"MY_OLD", key_of_before},
                     {"MY_OWN", "here"}};
    for (const sandbox::words& how : {sandbox::words{}, {"--redact"}}) {
        sandbox::words args{"run"};
        args.insert(args.end(), how.begin(), how.end());
        args.insert(args.end(), {"--", "env"});
        const auto seen = "\n" + box.ok(args);
        CHECK(has(seen, "\nMY_OWN=here\n"));
        CHECK_FALSE(has(seen, "MY_KEK="));
        CHECK_FALSE(has(seen, "MY_OLD="));
    }
}
