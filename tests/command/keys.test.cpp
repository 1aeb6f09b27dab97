// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::dev_token;
using coffer_test::has;
using coffer_test::keks;
using coffer_test::sandbox;

TEST_CASE("keys without a verb tells apart what people mix up") {
    const sandbox box;
    const auto text = box.ok({"keys"});
    for (const auto* verb :
         {"status", "rotate-kek", "rewrap", "rotate-dek", "disable", "shred", "copy"})
        CHECK(has(text, "coffer keys " + std::string(verb)));
    CHECK(has(text, "coffer set"));
    CHECK(box.run({"keys", "--json"}).code == 2);
}

TEST_CASE("a KEK that may have leaked: a new one, rewrap, disable the old one, new DEKs") {
    const sandbox box;
    box.fill();
    REQUIRE(keks(box).size() == 1);
    const auto old = keks(box).front();
    const auto before = box.ok({"keys", "status"});
    INFO(before);
    CHECK(has(before, old + "  active, default  2 environments  coffer.system, dev"));
    CHECK(has(before, "DEK 1  active"));

    // Nothing before it was confirmed, and nothing while it is needed.
    for (const sandbox::words& verb :
         {sandbox::words{"keys", "rotate-kek"}, {"keys", "rewrap"}, {"keys", "rotate-dek"}}) {
        CHECK(box.run(verb).code == 2);
        auto dry = verb;
        dry.emplace_back("--dry-run");
        CHECK(has(box.ok(dry), "nothing was done"));
    }
    const auto refused = box.run({"keys", "disable", old, "--yes"});
    CHECK(refused.code == 4);
    CHECK(has(refused.err, "coffer.system, dev"));
    CHECK(box.ok({"keys", "status"}) == before);

    const auto rotated = box.ok({"keys", "rotate-kek", "--yes"});
    REQUIRE(keks(box).size() == 2);
    const auto fresh = keks(box).back();
    CHECK(has(rotated, fresh + " is active; " + old + " only opens what is under it"));
    CHECK(has(box.ok({"keys", "status"}), old + "  decrypt-only     2 environments"));
    box.check_filled();
    CHECK(box.run({"keys", "disable", old, "--yes"}).code == 4);
    CHECK(box.run({"keys", "disable", fresh, "--yes"}).code == 4);

    const auto rewrapped = box.ok({"keys", "rewrap", "--yes", "--json"});
    CHECK(has(rewrapped, R"("environment":"coffer.system","kekId":")" + fresh + R"(","deks":1)"));
    CHECK(has(rewrapped, R"("environment":"dev","kekId":")" + fresh + R"(","deks":1)"));
    CHECK(has(box.ok({"keys", "rewrap", "--yes"}), "was there"));
    CHECK(has(box.ok({"keys", "disable", old, "--yes"}), old + " is disabled"));
    box.check_filled();

    const auto sealed = box.ok({"keys", "rotate-dek", "-e", "dev", "--yes", "--json"});
    CHECK(has(sealed, R"("dek":2,"resumed":false,"finished":true,"resealed":)"));
    CHECK(has(box.ok({"keys", "rotate-dek", "-e", "coffer.system", "--yes"}), "under DEK 2"));
    box.check_filled();
    const auto after = box.ok({"keys", "status"});
    INFO(after);
    CHECK(has(after, "DEK 2  active"));
    CHECK_FALSE(has(after, "DEK 1"));
    box.ok({"verify"});
}

TEST_CASE("an environment gets a KEK of its own") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    const auto shared = keks(box).front();
    CHECK(has(box.ok({"keys", "rotate-kek", "-e", "dev", "--yes"}), "is active for dev"));
    const auto own = keks(box).back();
    box.ok({"keys", "rewrap", "-e", "dev", "--yes"});
    const auto status = box.ok({"keys", "status"});
    INFO(status);
    CHECK(has(status, shared + "  active, default  2 environments  coffer.system, staging"));
    CHECK(has(status, own + "  active           1 environment   dev"));
    box.check_filled();
}

TEST_CASE("keys that come from outside, an id that is not there, and what --force does") {
    sandbox box;
    box.fill();
    CHECK(box.run({"keys", "disable", "kek-2020-01-0000", "--yes"}).code == 9);
    const auto only = keks(box).front();
    box.ok({"keys", "disable", only, "--yes", "--force"});
    const auto status = box.run({"keys", "status"});
    CHECK(has(status.out, only + "  disabled, default"));
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 9);
    CHECK(box.run({"keys", "rotate-kek", "--yes"}).code == 9);
    box.variables["MY_KEY"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    CHECK(box.run({"keys", "rotate-kek", "--yes", "--keys", "env:MY_KEY"}).code == 3);
}

namespace {

/// Gives dev a KEK of its own, and goes over to it.
auto move_dev(const sandbox& box) -> std::string {
    box.ok({"keys", "rotate-kek", "-e", "dev", "--yes"});
    const auto own = keks(box).back();
    box.ok({"keys", "rewrap", "-e", "dev", "--yes"});
    box.ok({"keys", "rotate-dek", "-e", "dev", "--yes"});
    return own;
}
void copy_all(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

} // namespace

TEST_CASE("shred destroys what opens an environment, and nothing else") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    box.ok({"set", "KEPT", "-e", "staging"}, "kept");
    const auto shared = keks(box).front();
    CHECK(box.run({"keys", "shred", "--yes"}).code == 2); // a setting names dev: that is not enough
    CHECK(box.run({"keys", "shred", "--yes", "-e", "coffer.system"}).code == 2);
    CHECK(box.run({"keys", "shred", "--yes", "-e", "none"}).code == 1);
    const auto needed = box.run({"keys", "shred", "-e", "dev", "--yes"});
    CHECK(needed.code == 4);
    CHECK(has(needed.err, shared + ", which others need"));
    box.ok({"keys", "rotate-kek", "-e", "dev", "--yes"});
    const auto under = box.run({"keys", "shred", "-e", "dev", "--yes"});
    CHECK(under.code == 4);
    CHECK(has(under.err, "dev is under " + shared));
    box.check_filled();

    const auto first = move_dev(box);
    const auto second = move_dev(box); // every KEK of its own goes
    const auto store = box.work() / "coffer-store";
    const auto keys = box.keyring().parent_path();
    copy_all(store, box.work() / "copy");
    copy_all(keys, box.work() / "keys-copy");
    CHECK(box.run({"keys", "shred", "-e", "dev"}).code == 2);
    CHECK(has(box.ok({"keys", "shred", "-e", "dev", "--dry-run"}), "nothing was done"));
    const auto thought_better =
        box.on_terminal({"keys", "shred", "-e", "dev"}, {{"Type dev to go on: ", "y\n"}});
    CHECK(thought_better.code == 130);
    box.check_filled();

    const auto done =
        box.on_terminal({"keys", "shred", "-e", "dev"}, {{"Type dev to go on: ", "dev\n"}});
    INFO(done.out);
    CHECK(done.code == 0);
    for (const auto& part : {"dev was shredded, ", "head ", "closed", "at the earliest"})
        CHECK(has(done.out, part));
    for (const auto& id : {first, second, shared})
        CHECK(has(done.out, id));
    CHECK(has(done.out, "it was under " + shared + " as well"));
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 1);
    CHECK(box.ok({"get", "KEPT", "-e", "staging"}) == "kept");
    CHECK(has(box.ok({"keys", "status"}), first + "  destroyed"));
    CHECK(has(box.ok({"keys", "shred", "-e", "dev", "--yes"}), "was shredded before"));
    box.ok({"verify"});

    // A copy of the store from before opens no more; with the keyring from before it does.
    const auto reading = [&](const std::filesystem::path& ring) {
        std::filesystem::remove(ring.string() + ".anchor");
        return box.run({"get", "SLACK_TOKEN", "-e", "dev", "--store",
                        "file:" + (box.work() / "copy").string(), "--keys",
                        "file:" + ring.string()});
    };
    CHECK(reading(box.keyring()).code == 9);
    CHECK(reading(box.work() / "keys-copy/keyring.json").out == dev_token);
}

TEST_CASE("the question of shred counts what the environment holds, and not the environment") {
    const sandbox box;
    box.ok({"init"});
    move_dev(box);
    const auto asks = [&] { return box.ok({"keys", "shred", "-e", "dev", "--dry-run"}); };
    CHECK(has(asks(), "environment dev with 0 names and spaces: "));
    box.ok({"set", "ONE"}, "1");
    CHECK(has(asks(), "environment dev with 1 name or space: "));
    box.ok({"space", "create", "acme"});
    CHECK(has(asks(), "environment dev with 2 names and spaces: "));
}

TEST_CASE("shred takes an id and no name, and calls nothing closed that it did not see") {
    const sandbox box;
    box.fill();
    const auto own = move_dev(box);
    box.ok({"env", "remove", "dev", "--yes"}); // a run was stopped here
    box.ok({"env", "create", "dev", "--id", "dev2"});
    box.ok({"keys", "rotate-kek", "-e", "dev2", "--yes"});
    const auto others = keks(box).back();
    const auto again = box.ok({"keys", "shred", "-e", "dev", "--yes", "--json"});
    CHECK(has(again, R"("environment":"dev",)"));
    CHECK_FALSE(has(box.ok({"keys", "status"}), others + "  destroyed"));

    box.ok({"env", "create", "other name", "--id", "third"});
    const auto named = box.run({"keys", "shred", "-e", "other name", "--yes"});
    CHECK(named.code == 2);
    CHECK(has(named.err, "--env third"));

    // Another store, of which no anchor tells that it is not the one of these keys.
    std::filesystem::create_directory(box.work() / "elsewhere");
    copy_all(box.keyring().parent_path(), box.work() / "ring");
    std::filesystem::remove(box.work() / "ring/keyring.json.anchor");
    const auto unseen = box.run({"keys", "shred", "-e", "dev2", "--yes", "--json", "--store",
                                 "file:" + (box.work() / "elsewhere").string(), "--keys",
                                 "file:" + (box.work() / "ring/keyring.json").string()});
    INFO(unseen.out + unseen.err);
    CHECK(unseen.code == 0);
    CHECK(has(unseen.out, R"("closed":false,"error":"unknown_scope")"));
}

TEST_CASE("shred goes on where it was stopped, and tells what it could not close") {
    const sandbox box;
    box.fill();
    const auto own = move_dev(box);
    box.ok({"env", "remove", "dev", "--yes"}); // as far as a run came that was killed then
    const auto done = box.ok({"keys", "shred", "-e", "dev", "--yes", "--json"});
    INFO(done);
    CHECK(has(done, R"("environment":"dev","shreddedAt":")"));
    CHECK(has(done, R"("closed":true,"destroyed":[{"kekId":")" + own));
    CHECK(has(done, R"("aloneSince":"20)"));
    CHECK(has(box.ok({"keys", "status"}), own + "  destroyed"));

    box.ok({"env", "create", "staging"});
    box.ok({"keys", "rotate-kek", "-e", "staging", "--yes"});
    const auto other = keks(box).back();
    box.ok({"keys", "rewrap", "-e", "staging", "--yes"});
    box.ok({"keys", "disable", other, "--yes", "--force"});
    const auto unread = box.run({"keys", "shred", "-e", "staging", "--yes"});
    CHECK(unread.code == 0);
    CHECK(has(unread.out, "not closed: key_disabled"));
    CHECK(has(box.run({"keys", "status"}).out, other + "  destroyed"));
}

TEST_CASE("a sealed copy of the keyring brings it back") {
    sandbox box;
    box.fill();
    const auto copy = (box.home() / "copy.json").string();
    const std::string typed = "a long passphrase";
    CHECK(box.run({"keys", "copy", "--yes"}).code == 2);
    CHECK(box.run({"keys", "copy", "--yes", "--to", copy, "--from", copy}).code == 2);
    CHECK(box.run({"keys", "copy", "--to", copy}, typed).code == 2); // it asks first
    CHECK(box.run({"keys", "copy", "--to", copy, "--yes"}, "short").code == 2);
    const auto inside = (box.work() / "coffer-store/copy.json").string();
    CHECK(box.run({"keys", "copy", "--to", inside, "--yes"}, typed).code == 5);
    CHECK_FALSE(std::filesystem::exists(copy));

    CHECK(has(box.ok({"keys", "copy", "--to", copy, "--yes"}, typed + "\n"), "1 KEK sealed into"));
    CHECK((std::filesystem::status(copy).permissions() & std::filesystem::perms(077)) ==
          std::filesystem::perms::none);
    CHECK_FALSE(has(sandbox::read(copy), "kek-"));
    CHECK(box.run({"keys", "copy", "--to", copy, "--yes"}, typed).code == 4);
    CHECK(box.run({"keys", "copy", "--from", copy}, typed).code == 2); // it asks first
    CHECK(has(box.ok({"keys", "copy", "--from", copy, "--yes"}, typed),
              "the keyring has all that the copy has"));

    std::filesystem::remove(box.keyring());
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 9);
    const auto wrong = box.run({"keys", "copy", "--from", copy, "--yes"}, "another passphrase");
    CHECK(wrong.code == 5);
    CHECK_FALSE(has(wrong.err, "another passphrase"));
    CHECK(box.run({"keys", "copy", "--from", box.keyring().string() + ".anchor", "--yes"}, typed)
              .code == 7);
    CHECK(has(box.ok({"keys", "copy", "--from", copy, "--yes"}, typed), "1 KEK is back from "));
    box.check_filled();
    box.ok({"keys", "rotate-kek", "--yes"});
    const auto of_two = (box.home() / "two.json").string();
    box.ok({"keys", "copy", "--to", of_two, "--yes"}, typed);
    std::filesystem::remove(box.keyring());
    CHECK(has(box.ok({"keys", "copy", "--from", of_two, "--yes"}, typed), "2 KEKs are back from "));
    box.variables["MY_KEY"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const auto other = copy + "2";
    CHECK(box.run({"keys", "copy", "--to", other, "--yes", "--keys", "env:MY_KEY"}, typed).code ==
          3);
}

TEST_CASE("of a disabled key it is said which it is, and how it comes back") {
    const sandbox box;
    box.fill();
    const auto kek = keks(box).front();
    const auto whole = sandbox::read(box.keyring());
    const auto with_state = [&](std::string_view state) {
        auto text = whole;
        const auto at = text.find(R"("state":"active")");
        REQUIRE(at != text.npos);
        box.write(box.keyring(), text.replace(at + 9, 6, state));
    };
    with_state("disabled");
    const auto what = ": it is under " + kek + ", which is disabled in file:";
    const auto refused = box.run({"get", "DB_URL"});
    CHECK(refused.code == 9);
    CHECK(has(refused.err, what));
    const auto status = box.run({"keys", "status"});
    CHECK(status.code == 9);
    CHECK(has(status.out, "coffer.system  key_disabled" + what));
    CHECK(has(status.out, "dev            key_disabled" + what));
    with_state("decrypt_only"); // as it is said
    box.check_filled();
}

TEST_CASE("a keyring takes in what was made beside another one") {
    const sandbox box;
    box.fill();
    const auto copy = (box.home() / "copy.json").string();
    const std::string typed = "a long passphrase";
    const auto mine = sandbox::read(box.keyring());
    // On another host, over the same store: an environment under the KEK that both have, and one
    // under a KEK of its own.
    box.ok({"env", "create", "staging"});
    box.ok({"set", "A", "-e", "staging"}, "a");
    box.ok({"env", "create", "alone"});
    box.ok({"keys", "rotate-kek", "-e", "alone", "--yes"});
    box.ok({"keys", "rewrap", "-e", "alone", "--yes"});
    const auto theirs = keks(box);
    REQUIRE(theirs.size() == 2);
    box.ok({"keys", "copy", "--to", copy, "--yes"}, typed);
    box.write(box.keyring(), mine);

    const auto listed = box.ok({"env", "list"});
    CHECK(has(listed, "staging      !unknown_key"));
    box.check_filled();
    const auto refused = box.run({"get", "A", "-e", "staging"});
    CHECK(refused.code == 9);
    CHECK(has(refused.err, "it is under " + theirs[0] + ", which is in file:"));
    CHECK(has(refused.err, "but not for it"));
    CHECK(has(box.run({"list", "-e", "alone"}).err,
              "it is under " + theirs[1] + ", which is not in file:"));

    CHECK(has(box.ok({"keys", "copy", "--from", copy, "--yes", "--json"}, typed),
              R"("keks":1,"environments":2)"));
    CHECK(box.ok({"get", "A", "-e", "staging"}) == "a");
    box.ok({"list", "-e", "alone"});
    CHECK(has(box.ok({"verify"}), "all is whole"));
    CHECK(keks(box) == theirs);
}

TEST_CASE(
    "an environment that is made while another keyring rotates its KEK goes over to the new") {
    const sandbox box;
    box.fill();
    const std::string typed = "a long passphrase";
    const auto old = keks(box).front();
    copy_all(box.keyring().parent_path(), box.home() / "second");
    const auto second = [&](sandbox::words args, std::string_view in = {}) {
        args.insert(args.end(),
                    {"--yes", "--keys", "file:" + (box.home() / "second/keyring.json").string()});
        return box.ok(args, in);
    };
    second({"keys", "rotate-kek"});
    box.ok({"env", "create", "staging"});
    box.ok({"set", "A", "-e", "staging"}, "a");

    const auto from_here = (box.home() / "from-here.json").string();
    const auto from_there = (box.home() / "from-there.json").string();
    box.ok({"keys", "copy", "--to", from_here, "--yes"}, typed);
    second({"keys", "copy", "--to", from_there}, typed);
    second({"keys", "copy", "--from", from_here}, typed);
    box.ok({"keys", "copy", "--from", from_there, "--yes"}, typed);
    const auto fresh = keks(box).back();
    CHECK(fresh != old);
    CHECK(has(box.ok({"keys", "rewrap", "-e", "staging", "--yes", "--json"}),
              R"("environment":"staging","kekId":")" + fresh + R"(","deks":1)"));
    CHECK(has(second({"keys", "rewrap"}), "staging        under " + fresh + "  was there"));
    second({"keys", "rotate-dek", "-e", "staging"});
    CHECK(box.ok({"get", "A", "-e", "staging"}) == "a");
    box.check_filled();
}

TEST_CASE("where no KEK is active any more it is said what makes one") {
    const sandbox box;
    box.fill();
    const auto kek = keks(box).front();
    auto text = sandbox::read(box.keyring());
    const auto at = text.find(R"("state":"active")");
    REQUIRE(at != text.npos);
    box.write(box.keyring(), text.replace(at + 9, 6, "decrypt_only"));
    for (const sandbox::words& verb :
         {sandbox::words{"keys", "rewrap", "-e", "dev"}, {"keys", "rotate-dek", "-e", "dev"}}) {
        auto args = verb;
        args.emplace_back("--yes");
        const auto refused = box.run(args);
        INFO(refused.out << refused.err);
        CHECK(refused.code == 9);
        CHECK(has(refused.out + refused.err,
                  "the key of environment dev is disabled, destroyed, or only opens: it is under " +
                      kek +
                      ", and none that may wrap speaks for it; coffer keys rotate-kek --env "
                      "dev makes one"));
    }
    box.ok({"keys", "rotate-kek", "-e", "dev", "--yes"}); // as it is said
    box.ok({"keys", "rewrap", "-e", "dev", "--yes"});
    box.check_filled();
}

TEST_CASE("the passphrase of a copy is typed twice, unseen") {
    const sandbox box;
    box.fill();
    const auto copy = (box.home() / "copy.json").string();
    const auto slip =
        box.on_terminal({"keys", "copy", "--to", copy}, {{"Go on? [y/N] ", "y\n"},
                                                         {"(not shown): ", "a long passphrase\n"},
                                                         {"once more: ", "b\n"}});
    CHECK(slip.code == 2);
    CHECK(has(slip.out, "two passphrases"));
    CHECK_FALSE(has(slip.out, "a long passphrase"));
    CHECK_FALSE(std::filesystem::exists(copy));
    const auto done =
        box.on_terminal({"keys", "copy", "--to", copy}, {{"Go on? [y/N] ", "y\n"},
                                                         {"(not shown): ", "a long passphrase\n"},
                                                         {"once more: ", "a long passphrase\n"}});
    CHECK(done.code == 0);
    CHECK_FALSE(has(done.out, "a long passphrase"));
    std::filesystem::remove(box.keyring());
    box.ok({"keys", "copy", "--from", copy, "--yes"}, "a long passphrase");
    box.check_filled();
}

TEST_CASE(
    "a second store joins the keyring aloud, and keys that others need are not taken from it") {
    sandbox box;
    const auto first = box.ok({"init", "--realm", "first"});
    CHECK_FALSE(has(first, "were there before"));
    box.ok({"env", "create", "scratch"});
    box.ok({"set", "MINE"}, "mine");
    std::filesystem::create_directory(box.home() / "second");
    box.folder = box.home() / "second";
    const auto second = box.ok({"init", "--realm", "second"});
    CHECK(has(second, "These keys were there before, and open the stores of the realms first"));
    CHECK(has(second, "coffer init --keys file:PATH"));
    box.ok({"env", "create", "scratch"});
    box.ok({"set", "OTHER", "-e", "scratch"}, "other");

    box.folder = box.work();
    const auto old = keks(box).front();
    box.ok({"keys", "rotate-kek", "--yes"});
    box.ok({"keys", "rewrap", "--yes"});
    const auto disabled = box.run({"keys", "disable", old, "--yes"});
    CHECK(disabled.code == 4);
    CHECK(has(disabled.err, "the keyring opens other stores too, of the realms second"));
    box.ok({"keys", "rotate-kek", "-e", "scratch", "--yes"});
    box.ok({"keys", "rewrap", "-e", "scratch", "--yes"});
    box.ok({"keys", "rotate-dek", "-e", "scratch", "--yes"});
    const auto shredded = box.run({"keys", "shred", "-e", "scratch", "--yes"});
    CHECK(shredded.code == 4);
    CHECK(has(shredded.err, "scratch was not shredded"));

    box.folder = box.home() / "second";
    CHECK(box.ok({"get", "OTHER", "-e", "scratch"}) == "other");
    box.ok({"keys", "rewrap", "--yes"});
    box.folder = box.work();
    box.ok({"keys", "disable", old, "--yes", "--even-if-shared"});
    box.folder = box.home() / "second";
    CHECK(box.ok({"get", "OTHER", "-e", "scratch"}) == "other");
    box.folder = box.work();
    box.ok({"keys", "shred", "-e", "scratch", "--yes", "--even-if-shared"});
    box.folder = box.home() / "second";
    CHECK(box.run({"get", "OTHER", "-e", "scratch"}).code == 9); // what the option is asked for
}

TEST_CASE("where a store is, keys that are gone are to be put back, not made") {
    const sandbox box;
    box.fill();
    std::filesystem::remove(box.keyring());
    const auto gone = box.run({"list"});
    CHECK(gone.code == 9);
    CHECK(has(gone.err, "coffer keys copy --from F"));
    CHECK_FALSE(has(gone.err, "help init"));
    std::filesystem::remove_all(box.work() / "coffer-store");
    std::filesystem::create_directory(box.work() / "coffer-store");
    CHECK(has(box.run({"list"}).err, "help init"));
}
