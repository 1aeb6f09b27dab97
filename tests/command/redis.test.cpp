// SPDX-License-Identifier: BSL-1.0
// The command over a Redis of the test's own, and copies between stores.
#include "../../backends/coffer/redis/tests/cluster.hpp"
#include "../../backends/coffer/redis/tests/proxy.hpp"
#include "../../backends/coffer/redis/tests/sentinel.hpp"
#include "../../backends/coffer/redis/tests/tls_server.hpp"
#include "sandbox.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

#include <optional>

#include <sys/stat.h>

using coffer_test::acme_token;
using coffer_test::db_url;
using coffer_test::dev_token;
using coffer_test::has;
using coffer_test::sandbox;

namespace {

auto fill_redis(const sandbox& box, const std::string& store) {
    box.ok({"init", "--store", store});
    box.ok({"set", "SLACK_TOKEN"}, dev_token);
    box.ok({"set", "DB_URL"}, db_url);
    box.ok({"space", "create", "acme"});
    box.ok({"set", "SLACK_TOKEN", "-s", "acme"}, acme_token);
}
/// A Redis as it is deployed: one server, or a cluster whose nodes speak nothing but TLS.
class deployed {
public:
    explicit deployed(bool as_cluster) {
        if (!as_cluster) {
            address = one_.emplace().address();
            return;
        }
        files_.emplace();
        address = all_.emplace("600000", &*files_).address();
    }
    void remove_everything() const {
        if (one_) one_->cli({"FLUSHALL"});
        if (!all_) return;
        for (const auto& node : all_->nodes)
            if (redis_test::cluster::is_primary(*node)) node->cli({"FLUSHALL"});
    }
    std::string address{};

private:
    std::optional<redis_test::server> one_{};
    std::optional<redis_test::tls_files> files_{};
    std::optional<redis_test::cluster> all_{};
};

/// The keys of all partitions in a Redis.
auto keys_in(const redis_test::server& at) -> std::vector<std::string> {
    std::istringstream in(at.cli({"KEYS", "*"}));
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        out.push_back(line);
    return out;
}

} // namespace

TEST_CASE("verbs of values and tokens work over Redis as over a folder") {
    const deployed at(GENERATE(false, true));
    const sandbox box;
    fill_redis(box, at.address);
    CHECK(box.ok({"get", "SLACK_TOKEN"}) == dev_token);
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == acme_token);
    CHECK(has(box.ok({"list", "-s", "acme"}), "DB_URL       inherited"));
    CHECK(has(box.ok({"explain", "SLACK_TOKEN", "-s", "acme"}), "shadows"));
    CHECK(has(box.ok({"verify"}), "all is whole"));
    box.ok({"unset", "DB_URL", "--yes"});
    CHECK(box.run({"get", "DB_URL"}).code == 1);
    box.ok({"hide", "SLACK_TOKEN", "-s", "acme"});
    CHECK(box.run({"get", "SLACK_TOKEN", "-s", "acme"}).code == 1);
    box.ok({"unhide", "SLACK_TOKEN", "-s", "acme"});
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == acme_token);
    box.ok({"set", "SLACK_TOKEN"}, "second");
    CHECK(has(box.ok({"history", "SLACK_TOKEN"}), "2"));
    box.ok({"rollback", "SLACK_TOKEN", "--to", "1"});
    CHECK(box.ok({"get", "SLACK_TOKEN"}) == dev_token);
    box.ok({"import", "-", "--yes"}, "IMPORTED=by import\n");
    CHECK(has(box.ok({"export", "--format", "dotenv"}), "by import"));
    CHECK(has(box.ok({"run", "--", "sh", "-c", "test \"$IMPORTED\" = 'by import' && echo same"}),
              "same"));
    const auto token = box.ok({"token", "create", "--full", "--name", "over-redis"});
    CHECK(has(box.ok({"token", "list"}), "over-redis"));
    box.ok({"token", "revoke", token.substr(4, 12), "--yes"});
    CHECK_FALSE(has(box.ok({"token", "list"}), "over-redis"));
    CHECK(box.run({"git", "enroll"}).code == 2);

    std::filesystem::remove(box.work() / "coffer.json");
    CHECK(box.run({"init", "--store", at.address}).code == 4); // it is in use
    CHECK_FALSE(std::filesystem::exists(box.work() / "coffer.json"));
    box.ok({"init", "--store", at.address + "&prefix=second:"});
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 1);
}

TEST_CASE("verbs of scopes, keys and backups work over Redis as over a folder") {
    const deployed at(GENERATE(false, true));
    const sandbox box;
    fill_redis(box, at.address);
    box.ok({"unset", "DB_URL", "--yes"});
    box.ok({"undelete", "DB_URL"});
    CHECK(box.ok({"get", "DB_URL"}) == db_url);
    CHECK(has(box.run({"diff", "dev", "dev/acme"}).out, "SLACK_TOKEN"));
    CHECK(box.run({"diff", "dev", "dev/acme"}).code == 1);
    box.write(box.work() / "need.json", R"({"billing":[{"name":"DB_URL"},{"name":"ABSENT"}]})");
    CHECK(box.run({"check", "need.json"}).out == "missing  ABSENT  dev  required by billing\n");

    box.ok({"env", "create", "staging"});
    box.ok({"set", "KEPT", "-e", "staging"}, "kept");
    box.ok({"env", "rename", "staging", "Rehearsal"});
    CHECK(has(box.ok({"env", "list"}), "Rehearsal"));
    CHECK(box.ok({"get", "KEPT", "-e", "staging"}) == "kept");
    box.ok({"space", "create", "globex"});
    box.ok({"space", "rename", "globex", "Globex Inc"});
    CHECK(has(box.ok({"space", "list"}), "Globex Inc"));
    box.ok({"space", "remove", "globex", "--yes"});
    CHECK_FALSE(has(box.ok({"space", "list"}), "Globex Inc"));

    CHECK(has(box.ok({"doctor"}), at.address.substr(0, at.address.find('/'))));
    const auto old = box.ok({"keys", "status"});
    CHECK(has(old, "active"));
    box.ok({"keys", "rotate-kek", "--yes"});
    CHECK(has(box.ok({"keys", "status"}), "decrypt-only"));
    box.ok({"keys", "rewrap", "--yes"});
    CHECK(has(box.ok({"keys", "rotate-dek", "-e", "dev", "--yes"}), "under DEK 2"));
    const auto id = old.substr(old.find("kek-"), std::string_view("kek-2020-01-0000").size());
    CHECK(has(box.ok({"keys", "disable", id, "--yes"}), "is disabled"));
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == acme_token);
    const auto sealed = (box.home() / "copy.json").string();
    box.ok({"keys", "copy", "--to", sealed, "--yes"}, "a long passphrase");
    CHECK(std::filesystem::exists(sealed));

    CHECK(has(box.ok({"backup", "saved"}), "copied"));
    at.remove_everything();
    CHECK(box.run({"get", "DB_URL"}).code != 0);
    CHECK(has(box.ok({"restore", "saved", "--yes"}), "copied"));
    CHECK(box.ok({"get", "DB_URL"}) == db_url);
    CHECK(box.ok({"get", "KEPT", "-e", "staging"}) == "kept");
    CHECK(has(box.ok({"verify"}), "all is whole"));
    box.ok({"set", "DB_URL"}, "newer");
    CHECK(box.run({"restore", "saved", "--yes"}).code == 4); // older than what is there

    box.ok({"keys", "rotate-kek", "-e", "staging", "--yes"});
    box.ok({"keys", "rewrap", "-e", "staging", "--yes"});
    CHECK(has(box.ok({"keys", "shred", "-e", "staging", "--yes"}), "staging"));
    CHECK_FALSE(has(box.ok({"env", "list"}), "Rehearsal"));
    box.ok({"env", "create", "gone"});
    box.ok({"env", "remove", "gone", "--yes"});
    CHECK_FALSE(has(box.ok({"env", "list"}), "gone"));
    CHECK(box.run({"get", "KEPT", "-e", "staging"}).code == 1);
}

TEST_CASE(
    "the command works over TLS, a Unix socket, Sentinels and a cluster, and copies between") {
    const redis_test::server at;
    const sandbox box;
    fill_redis(box, at.address());
    const auto copied_and_whole = [&](const std::string& place) {
        CAPTURE(place);
        CHECK(has(box.ok({"copy", "--from", at.address(), "--to", place}), "copied"));
        CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme", "--store", place}) == acme_token);
        CHECK(has(box.ok({"verify", "--store", place}), "all is whole"));
        box.ok({"set", "MORE", "--store", place}, "of its own");
        CHECK(box.ok({"get", "MORE", "--store", place}) == "of its own");
        CHECK(has(box.ok({"list", "--store", place}), "MORE"));
        // And back, to a place that has the older state.
        CHECK(has(box.ok({"copy", "--from", place, "--to", at.address()}), "brought up to date"));
        CHECK(box.ok({"get", "MORE"}) == "of its own");
        box.ok({"unset", "MORE", "--yes"});
    };
    SECTION("a Unix socket, and another Redis") {
        const redis_test::server other;
        copied_and_whole("redis+unix:" + other.path().string() + "?" + redis_test::patient);
    }
    SECTION("TLS with a certificate of the client's own") {
        const redis_test::tls_server tls;
        copied_and_whole("rediss://localhost:" + std::to_string(tls.port()) + "?" +
                         tls.address_options());
        const auto refused =
            box.run({"list", "--store", "rediss://localhost:" + std::to_string(tls.port())});
        CHECK(refused.code == 5);
        CHECK(has(refused.err, "certificate is not trusted"));
    }
    SECTION("Sentinels") {
        const redis_test::server primary;
        const redis_test::sentinel asked(primary);
        copied_and_whole("redis+sentinel://127.0.0.1:" + std::to_string(asked.port()) + "/main?" +
                         redis_test::patient);
    }
    SECTION("a cluster, and from one prefix of it to another") {
        const redis_test::cluster all;
        const auto place = all.address();
        copied_and_whole(place);
        const auto other = place + "&prefix=other:";
        box.ok({"copy", "--from", at.address(), "--to", other});
        CHECK(has(box.ok({"copy", "--from", other, "--to", place}), "brought up to date"));
        CHECK(box.ok({"get", "SLACK_TOKEN", "--store", place}) == dev_token);
    }
}

TEST_CASE("init on a Redis with a password leaves settings that every verb takes") {
    redis_test::server at({"--requirepass", "right-horse"});
    sandbox box;
    const auto file = box.home() / "redis-password";
    box.write(file, "right-horse\n");
    ::chmod(file.c_str(), 0600);
    const auto address = at.address() + "&password_file=" + file.string();
    const auto config = box.home() / ".config/coffer/config.json";
    SECTION("in the user's own file, from a flag") {
        const auto said = box.ok({"init", "--store", address});
        CHECK(has(said, config.string()));
        CHECK_FALSE(has(said, "And "));
        CHECK(has(sandbox::read(config), "password_file="));
    }
    SECTION("in the user's own file, from a variable") {
        box.variables["COFFER_STORE"] = address;
        box.ok({"init"});
        box.variables.clear();
    }
    SECTION("with keys of its own, both in one file") {
        box.ok({"init", "--store", address, "--keys",
                "file:" + (box.home() / "own/keyring.json").string()});
        CHECK(has(sandbox::read(config), "own/keyring.json"));
    }
    SECTION("not over settings that are there: it is said what to set") {
        box.write(config, "{}\n");
        const auto said = box.ok({"init", "--store", address});
        CHECK(has(said, "And set COFFER_STORE to " + address));
        CHECK(sandbox::read(config) == "{}\n");
        box.variables["COFFER_STORE"] = address;
    }
    CHECK_FALSE(has(sandbox::read(box.work() / "coffer.json"), "password"));
    box.ok({"set", "DB_URL"}, db_url);
    CHECK(box.ok({"get", "DB_URL"}) == db_url);
    CHECK(box.ok({"run", "--", "sh", "-c", "printf %s \"$DB_URL\""}) == db_url);
    CHECK(box.run({"doctor"}).code == 0);
    CHECK(box.run({"init", "--store", address}).code == 4); // it is done
}

TEST_CASE("what is wrong with a Redis is said, with what mends it") {
    redis_test::server at({"--requirepass", "right-horse"});
    const sandbox box;
    const auto refused = box.run({"init", "--store", at.address()});
    CHECK(refused.code == 5);
    CHECK(has(refused.err, "user or password are wrong, or missing"));
    const auto in_address = box.run(
        {"env", "list", "--store", "redis://:right-horse@127.0.0.1:" + std::to_string(at.port())});
    CHECK(in_address.code == 2);
    INFO(in_address.err);
    CHECK(has(in_address.err, "a password does not belong into an address"));
    CHECK_FALSE(has(in_address.err, "right-horse"));

    const auto file = box.home() / "redis-password";
    box.write(file, "right-horse\n");
    ::chmod(file.c_str(), 0600);
    const auto address = at.address() + "&password_file=" + file.string();
    const auto none = box.run({"get", "DB_URL", "-e", "dev", "--store", address + "-typo"});
    CHECK(none.code == 6); // not 1: that a name is not there is another thing
    CHECK(has(none.err, file.string() + "-typo (No such file"));
    ::chmod(file.c_str(), 0644);
    const auto open_to_all = box.run({"init", "--store", address});
    CHECK(open_to_all.code == 5);
    CHECK(has(open_to_all.err, file.string()));
    CHECK_FALSE(has(open_to_all.err, "wrong owner"));
    ::chmod(file.c_str(), 0600);
    box.ok({"init", "--store", address});
    box.write(box.home() / "wrong-password", "left-horse\n");
    ::chmod((box.home() / "wrong-password").c_str(), 0600);
    const auto wrong = at.address() + "&password_file=" + (box.home() / "wrong-password").string();
    const auto nobody = box.run({"list", "--store", wrong});
    CHECK(nobody.code == 5);
    CHECK(has(nobody.err, "access denied (user or password are wrong, or missing): redis://"));
    CHECK(box.run({"list", "--store", address}).code == 0);
    // Somebody else's folder may not say which of our files goes over the wire.
    box.write(box.work() / "coffer.json", R"({"store":")" + address + R"(","env":"dev"})");
    const auto folders = box.run({"list"});
    CHECK(folders.code == 5);
    CHECK(has(folders.err, "COFFER_STORE"));

    redis_test::run_program({"redis-cli", "-s", at.path().string(), "-a", "right-horse", "CONFIG",
                             "SET", "maxmemory-policy", "allkeys-lru"},
                            (at.folder() / "evict").string());
    const auto evicting = box.run({"list", "--store", address});
    CHECK(evicting.code == 3);
    CHECK(has(evicting.err, "redis-cli CONFIG SET maxmemory-policy noeviction"));
    at.kill();
    CHECK(box.run({"list", "--store", address}).code == 6);
}

TEST_CASE("copy brings a store from a folder to Redis and back, and goes on where it was") {
    const redis_test::server at;
    const sandbox box;
    box.fill();
    const auto folder = "file:" + (box.work() / "coffer-store").string();
    const auto back = "file:" + (box.work() / "back").string();
    const auto first = box.ok({"copy", "--from", folder, "--to", at.address()});
    CHECK(has(first, "dev            copied"));
    CHECK(has(first, "coffer.system  copied"));
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme", "--store", at.address()}) == acme_token);
    CHECK(has(box.ok({"copy", "--from", folder, "--to", at.address(), "--json"}), "\"copied\":0"));

    box.ok({"copy", "--from", at.address(), "--to", back});
    CHECK(box.ok({"get", "DB_URL", "--store", back}) == db_url);
    for (const auto& entry : std::filesystem::directory_iterator(box.work() / "coffer-store"))
        if (entry.path().extension() == ".json")
            CHECK(sandbox::read(entry.path()) ==
                  sandbox::read(box.work() / "back" / entry.path().filename()));

    // A copy that was interrupted: some objects, another revision, and no head yet.
    for (const auto& key : keys_in(at))
        at.cli({"HDEL", key, "head"});
    for (const auto& key : keys_in(at))
        at.cli({"HSET", key, "_revision", "0123456789abcdef"});
    CHECK(has(box.ok({"copy", "--from", folder, "--to", at.address()}), "dev            finished"));
    CHECK(has(box.ok({"verify", "--store", at.address()}), "all is whole"));

    box.ok({"set", "DB_URL", "--store", folder}, "newer");
    CHECK(has(box.ok({"copy", "--from", folder, "--to", at.address()}), "brought up to date"));
    CHECK(box.ok({"get", "DB_URL", "--store", at.address()}) == "newer");
    CHECK(box.run({"copy", "--from", back, "--to", at.address()}).code == 4); // older
    CHECK(box.ok({"get", "DB_URL", "--store", at.address()}) == "newer");
}

TEST_CASE("a copy that is killed in the middle leaves no half to read, and the next one goes on") {
    const redis_test::server at;
    redis_test::proxy between(at.port());
    const sandbox box;
    box.fill();
    std::string lines;
    for (int i = 0; i < 200; ++i)
        lines += "LARGE_" + std::to_string(i) + "=" + std::string(60'000, 'a') + "\n";
    box.ok({"import", "-", "--yes"}, lines); // 12 MB: three portions
    const auto folder = "file:" + (box.work() / "coffer-store").string();
    const auto through = "redis://127.0.0.1:" + std::to_string(between.port());

    between.mute_after(6'000'000); // the first portion is through, the second is on its way
    const auto script = "'" + coffer_test::coffer_program() + "' copy --from '" + folder +
                        "' --to '" + through +
                        "?timeout_ms=600000' >out 2>err </dev/null & echo $!";
    const auto pid = std::atoi(box.run_program({"sh", "-c", script}).out.c_str());
    REQUIRE(pid > 0);
    REQUIRE(redis_test::eventually([&] { return between.is_mute(); }));
    ::kill(pid, SIGKILL);
    REQUIRE(redis_test::eventually([&] { return !coffer_test::lives(pid); }));

    const auto keys = keys_in(at);
    REQUIRE(keys.size() == 1);
    CHECK(at.cli({"HGET", keys[0], "head"}) == "\n");
    const auto held = std::stoi(at.cli({"HLEN", keys[0]}));
    CHECK(held > 20);
    CHECK(held < 150);
    CHECK(box.run({"get", "LARGE_7", "--store", at.address()}).code != 0);
    CHECK(has(box.ok({"copy", "--from", folder, "--to", at.address()}), "finished"));
    CHECK(has(box.ok({"verify", "--store", at.address()}), "all is whole"));
    CHECK(box.ok({"get", "LARGE_199", "--store", at.address()}) == std::string(60'000, 'a'));
    // Whoever looks on is told how far it is.
    const auto again = "file:" + (box.work() / "again").string();
    CHECK(has(box.on_terminal({"copy", "--from", at.address(), "--to", again}).out, " of 12"));
}

TEST_CASE("copy takes all but what is damaged, and needs two stores") {
    const redis_test::server at;
    const sandbox box;
    box.fill();
    const auto folder = "file:" + (box.work() / "coffer-store").string();
    auto text = sandbox::read(box.document("dev"));
    const auto line = text.find("\",\n", text.find("\",\n") + 3);
    text[line - 9] = text[line - 9] == 'A' ? 'B' : 'A';
    box.write(box.document("dev"), text);
    const auto damaged = box.run({"copy", "--from", folder, "--to", at.address()});
    CHECK(damaged.code == 7);
    CHECK(has(damaged.err, "1 object of dev is damaged and left out"));
    CHECK(has(damaged.out, "dev            copied"));
    CHECK(has(damaged.out, "coffer.system  copied"));
    CHECK(at.cli({"DBSIZE"}) == "2\n");
    CHECK(box.run({"copy", "--from", folder}).code == 2);
    CHECK(box.run({"copy", "--from", folder, "--to", folder}).code == 2);
    CHECK(box.run({"copy", "--from", "file:none", "--to", at.address()}).code == 6);
    box.ok({"--dry-run", "copy", "--from", at.address(), "--to", "file:fresh"});
}
