// SPDX-License-Identifier: BSL-1.0
#include "tls_server.hpp"

#include <coffer/redis/src/tls_context.hpp>

#include <support/catch.hpp>

#include <sstream>

#include <sys/ioctl.h>
#include <sys/stat.h>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;

namespace {

auto why(redis::options with) -> failure {
    const auto opened = redis::open(std::move(with));
    REQUIRE_FALSE(opened.has_value());
    return opened.error();
}
auto password_file(const server& at, std::string_view text, ::mode_t mode = 0600)
    -> std::filesystem::path {
    const auto path = at.folder() / "password";
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
}
auto put(std::string key, std::string_view value) -> object_write {
    return {std::move(key), bytes(as_bytes(value).begin(), as_bytes(value).end())};
}
auto rev(int n) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(n));
    return out;
}
/// Users as the configuration file has them.
auto users(const std::vector<std::string>& all) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& one : all) {
        out.emplace_back("--user");
        std::istringstream words(one);
        for (std::string word; words >> word;)
            out.push_back(word);
    }
    return out;
}
using writes = std::vector<object_write>;
using keys = std::vector<std::string>;

} // namespace

TEST_CASE("a user and a password from a file open the store") {
    const server at(
        users({"ear on nopass +@all", "coffer on >right-horse ~test*{* +@all", "default off"}));
    auto with = options_for(at);
    with.user = "coffer";
    with.password_file = password_file(at, "right-horse\nsecond line\n");
    CHECK(redis::open(with).has_value());

    with.password_file = password_file(at, "wrong");
    CHECK(why(with) == failure{errc::denied, cause::not_authenticated});
    with.password_file = password_file(at, "right-horse", 0644);
    CHECK(why(with) == errc::denied);
    with.password_file = at.folder() / "none";
    CHECK(why(with) == errc::not_found);
}

TEST_CASE("a user without a password is refused: it would be the default user who logs in") {
    const server at(users({"coffer on nopass ~test*{* +@all"})); // and the default user may do all
    auto with = options_for(at);
    with.user = "coffer";
    CHECK(why(with) == failure{errc::invalid_argument, cause::user_without_password});
    with.password_file = password_file(at, "any");
    const auto store = redis::open(with).value();
    CHECK(at.cli({"CLIENT", "LIST"}).find("user=coffer") != std::string::npos);
}

TEST_CASE("a password comes from a descriptor, which is closed") {
    const server at({"--requirepass", "right-horse"});
    auto with = options_for(at);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], "right-horse", 11) == 11);
    ::close(ends[1]);
    with.password_fd = ends[0];
    CHECK(redis::open(with).has_value());
    CHECK(::fcntl(ends[0], F_GETFD) == -1);
}

TEST_CASE("a user who may not write is denied before anything is written") {
    const server at(users({"reader on nopass ~* +hmget +hgetall +info +ping +scan",
                           "setter on nopass ~* +hmget +hget +hset +eval +evalsha +info +ping"}));
    auto with = options_for(at);
    for (const auto* user : {"reader", "setter"}) {
        with.user = user;
        with.password = std::make_shared<const secret>(std::string_view("any"));
        auto store = redis::open(with).value();
        CHECK(store.load("p", {}).value().at == revision{});
        const auto done = store.commit("p", {}, rev(1), writes{put("head", "1"), {"a", {}}});
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error() == failure{errc::denied, cause::not_permitted});
        CHECK(store.load("p", keys{"head"}).value().at == revision{});
    }
}

TEST_CASE("a commit that would erase without the right to writes nothing, whatever was before") {
    const server at(users({"ear on nopass +@all", "coffer on nopass ~* +@all"}));
    auto with = options_for(at);
    with.user = "coffer";
    with.password = std::make_shared<const secret>(std::string_view("any"));
    auto store = redis::open(with).value();
    const auto next = writes{put("head", "2"), {"a", {}}};
    REQUIRE(
        store.commit("p", {}, rev(1), writes{put("head", "1"), put("a", "1"), {"b", {}}}).value() ==
        commit_outcome::committed);
    at.cli({"ACL", "SETUSER", "coffer", "-hdel"});
    CHECK(store.commit("p", rev(1), rev(2), next).error() ==
          failure{errc::denied, cause::not_permitted});
    CHECK(store.commit("p", {}, rev(2), next).value() == commit_outcome::conflict);
    CHECK(store.load("p", keys{"head", "a"}).value().at == rev(1));
    CHECK(store.commit("p", rev(1), rev(2), writes{put("head", "2")}).value() ==
          commit_outcome::committed); // which erases nothing
    at.cli({"ACL", "SETUSER", "coffer", "+hdel"});
    CHECK(store.commit("p", rev(2), rev(3), next).value() == commit_outcome::committed);
}

TEST_CASE("replicas without the right to WAIT are denied when the store is opened, and later too") {
    const server at(users({"coffer on nopass ~* +@all -wait"}));
    auto with = options_for(at);
    with.user = "coffer";
    with.password = std::make_shared<const secret>(std::string_view("any"));
    CHECK(redis::open(with).has_value());
    with.keep = {1, 100ms};
    CHECK(why(with) == failure{errc::denied, cause::not_permitted});
    at.cli({"ACL", "SETUSER", "coffer", "+wait"});
    auto store = redis::open(with).value();
    at.cli({"ACL", "SETUSER", "coffer", "-wait"});
    CHECK(store.commit("p", {}, rev(1), {}).value() == commit_outcome::unknown);
    CHECK(store.load("p", {}).error() == failure{errc::denied, cause::not_permitted});
}

TEST_CASE("the rights that the README asks for are enough, and with each taken away it is denied") {
    const std::vector<std::string> rights{"hmget",  "hget",   "hset", "hdel",    "hgetall",
                                          "scan",   "eval",   "info", "evalsha", "ping",
                                          "client", "select", "wait"};
    std::string all = "coffer on nopass ~test*{* -@all";
    for (const auto& right : rights)
        all += " +" + right;
    auto arguments = users({all});
    arguments.insert(arguments.end(), {"--repl-diskless-sync-delay", "0"});
    const server at(arguments);
    const server replica({"--replicaof", "127.0.0.1 " + std::to_string(at.port()),
                          "--repl-diskless-sync-delay", "0"});
    auto with = options_for(at);
    with.user = "coffer";
    with.password = std::make_shared<const secret>(std::string_view("any"));
    with.keep = {1, 20s};
    with.watch = true;
    const auto refusal = [&] {
        auto store = redis::open(with);
        if (!store) return store.error();
        const auto found = store->load("p", {});
        if (!found) return found.error();
        revision next = found->at;
        next[0] = std::byte(std::to_integer<int>(next[0]) + 1);
        if (const auto done = store->commit("p", found->at, next, writes{put("a", "1"), {"b", {}}});
            !done)
            return done.error();
        if (const auto listed = store->list("p"); !listed) return listed.error();
        if (const auto names = store->partitions(); !names) return names.error();
        return failure{};
    };
    CHECK(refusal() == failure{});
    for (const auto* const right :
         {"hmget", "hget", "hset", "hdel", "hgetall", "scan", "eval", "evalsha", "ping", "wait"}) {
        CAPTURE(right);
        at.cli({"ACL", "SETUSER", "coffer", std::string("-") + right});
        at.cli({"SCRIPT", "FLUSH"}); // a script's text is sent to who forgot it
        const auto refused = refusal();
        CAPTURE(to_string(refused.code), refused.cause.message());
        CHECK(refused == failure{errc::denied, cause::not_permitted});
        at.cli({"ACL", "SETUSER", "coffer", std::string("+") + right});
    }
    CHECK(refusal() == failure{});
}

TEST_CASE("a server that may evict keys is refused with the command that mends it") {
    const server at({"--maxmemory-policy", "allkeys-lru"});
    auto with = options_for(at);
    const auto refused = why(with);
    CHECK(refused == failure{errc::unsupported, cause::evicting});
    CHECK(refused.cause.message().find("CONFIG SET maxmemory-policy noeviction") !=
          std::string::npos);
    with.eviction_trusted = true;
    CHECK(redis::open(with).has_value());
    at.cli({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    with.eviction_trusted = false;
    CHECK(redis::open(with).has_value());
}

TEST_CASE("a server that does not tell whether it evicts is refused unless it is trusted") {
    const server at(users({"blind on nopass ~* +@all -info"}));
    auto with = options_for(at);
    with.user = "blind";
    with.password = std::make_shared<const secret>(std::string_view("any"));
    CHECK(why(with) == failure{errc::denied, cause::policy_unknown});
    with.eviction_trusted = true;
    CHECK(redis::open(with).has_value());
}

TEST_CASE("a replica is refused, and of several addresses the primary is taken") {
    const server primary;
    const server replica({"--replicaof", "127.0.0.1 " + std::to_string(primary.port())});
    auto with = options_for(replica);
    CHECK(why(with).code == errc::unavailable);
    with.endpoints.push_back({"127.0.0.1", primary.port(), {}});
    auto store = redis::open(with).value();
    CHECK(store.commit("p", {}, rev(1), writes{put("head", "1")}).value() ==
          commit_outcome::committed);
}

TEST_CASE("a primary that became a replica is found out, and the new one is used") {
    const server first({"--repl-diskless-sync-delay", "0"});
    const server second({"--replicaof", "127.0.0.1 " + std::to_string(first.port())});
    auto with = options_for(first);
    with.endpoints.push_back({"127.0.0.1", second.port(), {}});
    auto store = redis::open(with).value();
    REQUIRE(store.commit("p", {}, rev(1), writes{put("head", "1")}).value() ==
            commit_outcome::committed);
    REQUIRE(eventually([&] { return second.cli({"DBSIZE"}) == "1\n"; }));
    auto reader = redis::open(with).value();
    REQUIRE(reader.load("p", {}).value().at == rev(1));
    REQUIRE(store.load("p", {}).value().at == rev(1));
    second.cli({"REPLICAOF", "NO", "ONE"});
    first.cli({"REPLICAOF", "127.0.0.1", "1"}); // and hears nothing of the new one
    CHECK(store.commit("p", rev(1), rev(2), writes{put("head", "2")}).value() ==
          commit_outcome::committed);
    CHECK(store.load("p", {}).value().at == rev(2));
    // Nor does one that only read till then look for its own write at the old one.
    CHECK(reader.commit("p", rev(2), rev(3), writes{put("head", "3")}).value() ==
          commit_outcome::committed);
    CHECK(reader.load("p", {}).value().at == rev(3));
}

TEST_CASE("a watch that found a new primary vouches for nothing that the old one says") {
    const server first({"--repl-diskless-sync-delay", "0"});
    const server second({"--replicaof", "127.0.0.1 " + std::to_string(first.port())});
    auto with = options_for(first);
    with.endpoints.push_back({"127.0.0.1", second.port(), {}});
    auto store = redis::open(with).value();
    REQUIRE(store.commit("p", {}, rev(1), {}).value() == commit_outcome::committed);
    REQUIRE(eventually([&] { return second.cli({"DBSIZE"}) == "1\n"; }));
    with.watch = true;
    with.heartbeat = 500ms;
    auto watching = redis::open(with).value();
    const auto from_memory = [&] {
        const auto before = watching.counted().from_memory;
        return watching.load("p", {}).has_value() && watching.counted().from_memory > before;
    };
    REQUIRE(eventually(from_memory));
    second.cli({"REPLICAOF", "NO", "ONE"});
    const auto lost = watching.counted().watch_losses;
    first.cli({"REPLICAOF", "127.0.0.1", "1"});
    REQUIRE(store.commit("p", rev(1), rev(2), {}).value() == commit_outcome::committed);
    REQUIRE(eventually([&] { return watching.counted().watch_losses > lost; }));
    REQUIRE(eventually(from_memory));
    CHECK(watching.load("p", {}).value().at == rev(2));
}

TEST_CASE("a script that the server forgot is sent again") {
    const server at;
    auto store = redis::open(options_for(at)).value();
    REQUIRE(store.commit("p", {}, rev(1), writes{put("head", "1")}).value() ==
            commit_outcome::committed);
    at.cli({"SCRIPT", "FLUSH"});
    CHECK(store.commit("p", rev(1), rev(2), writes{put("head", "2")}).value() ==
          commit_outcome::committed);
}

TEST_CASE("a server that was restarted is connected to again") {
    server at({"--appendonly", "yes", "--appendfsync", "always"});
    auto store = redis::open(options_for(at)).value();
    REQUIRE(store.commit("p", {}, rev(1), writes{put("head", "1")}).value() ==
            commit_outcome::committed);
    at.kill();
    CHECK(store.load("p", {}).error() == errc::unavailable);
    CHECK(store.commit("p", rev(1), rev(2), {}).error() == errc::unavailable);
    at.start();
    CHECK(eventually([&] { return store.load("p", {}).has_value(); }));
    CHECK(store.load("p", {}).value().at == rev(1));
    at.kill();
    at.start();
    CHECK(eventually([&] {
        const auto done = store.commit("p", rev(1), rev(2), {});
        if (done && *done == commit_outcome::committed) return true;
        const auto found = store.load("p", {}); // one whose answer was lost may be in
        return found && found->at == rev(2);
    }));
}

TEST_CASE("a connection that was closed while it was idle costs no call") {
    const server at;
    auto store = redis::open(options_for(at)).value();
    REQUIRE(store.commit("p", {}, rev(1), writes{put("head", "1")}).value() ==
            commit_outcome::committed);
    const auto close_all = [&] { at.cli({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}); };
    for (int i = 0; i < 5; ++i) {
        close_all();
        CHECK(store.partitions().value() == std::vector<std::string>{"p"});
        close_all();
        CHECK(store.load("p", {}).value().at == rev(1));
    }
}

TEST_CASE("a server that hangs is timed_out, a commit to it unknown") {
    const server at;
    auto with = options_for(at);
    // More than a second, after which a connection is asked anew whether it is to a primary: the
    // load that fails makes this one ask before the commit, none during it.
    with.response_timeout = 1500ms;
    auto store = redis::open(with).value();
    REQUIRE(store.commit("p", {}, rev(1), {}).has_value());
    at.freeze();
    CHECK(store.load("p", {}).error() == errc::timed_out);
    at.thaw();
    REQUIRE(eventually([&] { return store.load("p", {}).has_value(); }));
    REQUIRE(store.commit("p", rev(1), rev(2), {}).value() == commit_outcome::committed);
    CHECK(eventually([&] { // one that asks first has nothing sent
        static_cast<void>(store.commit("p", rev(9), rev(10), {})); // a conflict; it has asked
        at.freeze();
        const auto done = store.commit("p", rev(2), rev(3), {});
        if (done && *done == commit_outcome::unknown) return true;
        at.thaw();
        return false;
    }));
    at.thaw();
    CHECK(eventually([&] {
        const auto found = store.load("p", {});
        return found && found->at == rev(3);
    }));
}

TEST_CASE("what stands in the way under our key is tampered, and a full server is unavailable") {
    const server at;
    auto with = options_for(at);
    auto store = redis::open(with).value();
    at.cli({"SET", with.prefix + "{p}", "text"});
    CHECK(store.load("p", {}).error() == failure{errc::tampered, cause::wrong_type});
    CHECK(store.commit("p", {}, rev(1), {}).error() == failure{errc::tampered, cause::wrong_type});
    at.cli({"HSET", with.prefix + "{q}", "_revision", "short"});
    CHECK(store.load("q", {}).error() == failure{errc::tampered, cause::unexpected_reply});
    at.cli({"HSET", with.prefix + "{r}", "head", "no revision"});
    CHECK(store.list("r").error() == failure{errc::tampered, cause::unexpected_reply});

    at.cli({"CONFIG", "SET", "maxmemory", "1"});
    const auto full = store.commit("s", {}, rev(1), writes{put("head", "1"), {"a", {}}});
    CHECK(full.error() == failure{errc::unavailable, cause::out_of_memory});
    CHECK(store.list("s").value().entries.empty());
}

TEST_CASE("what is stored over the limits is said to be too large, and asked for once") {
    const server at;
    auto with = options_for(at);
    with.limits.object_bytes = std::size_t{16} << 20;
    auto store = redis::open(with).value();
    const std::string large(std::size_t{8} << 20, 'x');
    REQUIRE(store.commit("p", {}, rev(1), writes{put("head", large)}).value() ==
            commit_outcome::committed);
    with.limits = redis::options{}.limits;
    with.list_bytes = std::size_t{1} << 20;
    auto smaller = redis::open(with).value();
    const failure too_large{errc::unavailable, cause::reply_too_large};
    at.cli({"CONFIG", "RESETSTAT"});
    CHECK(smaller.load("p", keys{"head"}).error() == too_large);
    CHECK(smaller.list("p").error() == too_large);
    const auto asked = at.cli({"INFO", "commandstats"});
    CHECK(asked.find("cmdstat_hmget:calls=1,") != std::string::npos);
    CHECK(asked.find("cmdstat_hgetall:calls=1,") != std::string::npos);
    CHECK(smaller.load("p", {}).value().at == rev(1));
}

TEST_CASE("a server that is busy with a script is unavailable") {
    const server at({"--busy-reply-threshold", "50"});
    auto store = redis::open(options_for(at)).value();
    std::thread script([&] {
        try {
            at.cli({"EVAL", "while true do end", "0"});
        } catch (const std::runtime_error&) {
        } // it is killed below
    });
    CHECK(eventually([&] {
        const auto found = store.load("p", {});
        return !found && found.error() == failure{errc::unavailable, cause::busy};
    }));
    const server* const other = &at;
    run_program({"redis-cli", "-s", other->path().string(), "SCRIPT", "KILL"},
                (other->folder() / "kill").string());
    script.join();
    CHECK(store.load("p", {}).has_value());
}

TEST_CASE("TLS checks the certificate and the name in it") {
    const tls_server at;
    auto store = redis::open(at.options()).value();
    const std::string large(1'500'000, 'x');
    REQUIRE(store.commit("p", {}, rev(1), writes{put("head", large)}).value() ==
            commit_outcome::committed);
    CHECK(store.load("p", keys{"head"}).value().objects[0]->size() == large.size());

    auto with = at.options();
    with.endpoints[0].host = "localhost";
    CHECK(redis::open(with).has_value());
    with.tls.name = "redis.example";
    CHECK(why(with) == failure{errc::denied, cause::bad_certificate});
    with.tls.name = "localhost";
    with.endpoints[0].host = "127.0.0.1";
    CHECK(redis::open(with).has_value());

    const coffer_test::temporary_folder other;
    make_identity("another authority", "", nullptr).write(other / "ca.pem", other / "ca.key");
    with.tls.ca_file = other / "ca.pem";
    CHECK(why(with) == failure{errc::denied, cause::bad_certificate});
}

TEST_CASE("files and a name for TLS open no plain connection, and half a pair none at all") {
    const server plain;
    for (const auto& tls : {redis::tls_options{false, "ca", {}, {}, {}},
                            redis::tls_options{false, {}, "cert", "key", {}},
                            redis::tls_options{false, {}, {}, {}, "name"},
                            redis::tls_options{true, {}, "cert", {}, {}},
                            redis::tls_options{true, {}, {}, "key", {}}}) {
        auto with = options_for(plain);
        with.tls = tls;
        CHECK(why(with) == failure{errc::invalid_argument, cause::bad_tls_options});
    }
}

TEST_CASE("a file for TLS that can't be used is refused, an encrypted key without a question") {
    const tls_files files;
    redis::options with;
    with.endpoints = {{"127.0.0.1", 1, {}}};
    const auto refused = failure{errc::invalid_argument, cause::bad_tls_file};
    for (auto redis::tls_options::*file :
         {&redis::tls_options::ca_file, &redis::tls_options::certificate_file,
          &redis::tls_options::key_file}) {
        with.tls = files.options();
        with.tls.*file = files.folder / "none.pem";
        CHECK(why(with) == refused);
    }
    with.tls = files.options();
    with.tls.key_file = files.folder / "s.key"; // of another certificate
    CHECK(why(with) == refused);
    const std::string passphrase = "right-horse";
    make_identity("client", "", &files.authority)
        .write(files.folder / "e.pem", files.folder / "e.key", passphrase);
    with.tls.certificate_file = files.folder / "e.pem";
    with.tls.key_file = files.folder / "e.key";
    // Where there is no terminal, OpenSSL would ask here.
    const posix::file_descriptor before(::dup(STDIN_FILENO));
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const posix::file_descriptor answers(ends[0]);
    const posix::file_descriptor typed(ends[1]);
    const auto line = passphrase + "\n";
    REQUIRE(::write(typed.get(), line.data(), line.size()) == static_cast<::ssize_t>(line.size()));
    ::dup2(answers.get(), STDIN_FILENO);
    const auto refusal = why(with);
    ::dup2(before.get(), STDIN_FILENO);
    CHECK(refusal == refused);
    int unread = 0;
    ::ioctl(answers.get(), FIONREAD, &unread);
    CHECK(static_cast<std::size_t>(unread) == line.size());
}

TEST_CASE("TLS refuses an expired certificate and a server of TLS 1.1") {
    const tls_server expired("DNS:localhost,IP:127.0.0.1", -1);
    CHECK(why(expired.options()) == failure{errc::denied, cause::bad_certificate});
    const tls_server another_name("DNS:redis.example");
    CHECK(why(another_name.options()) == failure{errc::denied, cause::bad_certificate});
    const tls_server old("DNS:localhost,IP:127.0.0.1", 30, "TLSv1.1");
    CHECK(why(old.options()) == failure{errc::unavailable, cause::tls_failed});
}

TEST_CASE("TLS neither negotiates again nor compresses") {
    const tls_files files;
    const auto context = redis::detail::tls_context::make(files.options()).value();
    const auto session = context->session({"localhost", 1, {}}, -1).value();
    CHECK((SSL_get_options(session.get()) & SSL_OP_NO_RENEGOTIATION) != 0);
    CHECK((SSL_get_options(session.get()) & SSL_OP_NO_COMPRESSION) != 0);
}

TEST_CASE("TLS against a plain port, and the reverse, end with an error in time") {
    const server plain;
    const tls_server tls;
    auto with = tls.options();
    with.endpoints[0].port = plain.port();
    with.connect_timeout = 300ms;
    // It is silent: what ends the wait is our time-out, that of the connection and no other.
    with.response_timeout = 24h;
    CHECK(why(with) == errc::timed_out);

    auto bare = tls.options();
    bare.tls = {};
    bare.connect_timeout = 24h; // it says at once that this is no greeting of TLS
    bare.response_timeout = 24h;
    CHECK(why(bare) == errc::unavailable);
}
