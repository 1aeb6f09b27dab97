// SPDX-License-Identifier: BSL-1.0
#include <coffer/redis/cause.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace coffer;
using redis::cause;
using redis::failure_of;

namespace {

struct row {
    std::string text; ///< As a server says it, without the `-` in front.
    errc code;
    cause why;
};

} // namespace

TEST_CASE("what Redis refuses with is the failure that the README's table has for it") {
    const std::vector<row> all{
        {"LOADING Redis is loading the dataset in memory", errc::unavailable, cause::loading},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
         errc::unavailable, cause::loading},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
         errc::unavailable, cause::busy},
        {"OOM command not allowed when used memory > 'maxmemory'.", errc::unavailable,
         cause::out_of_memory},
        {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist "
         "to disk.",
         errc::unavailable, cause::not_persisting},
        {"NOREPLICAS Not enough good replicas to write.", errc::unavailable,
         cause::not_enough_replicas},
        {"READONLY You can't write against a read only replica.", errc::unavailable,
         cause::read_only},
        {"CLUSTERDOWN The cluster is down", errc::unavailable, cause::cluster_down},
        {"CLUSTERDOWN Hash slot not served", errc::unavailable, cause::cluster_down},
        {"TRYAGAIN Multiple keys request during rehashing of slot", errc::unavailable,
         cause::cluster_down},
        {"MOVED 3999 127.0.0.1:6381", errc::unavailable, cause::cluster_down},
        {"ASK 3999 127.0.0.1:6381", errc::unavailable, cause::cluster_down},
        {"ERR max number of clients reached", errc::unavailable, cause::too_many_clients},
        {"ERR max number of clients + cluster connections reached", errc::unavailable,
         cause::too_many_clients}, // of a cluster
        {"NOAUTH Authentication required.", errc::denied, cause::not_authenticated},
        {"WRONGPASS invalid username-password pair or user is disabled.", errc::denied,
         cause::not_authenticated},
        {"NOPERM this user has no permissions to run the 'hgetall' command", errc::denied,
         cause::not_permitted},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", errc::tampered,
         cause::wrong_type},
        {"NOPROTO unsupported protocol version", errc::unsupported, cause::unknown_command},
        {"ERR unknown command 'HELLO', with args beginning with: '3'", errc::unsupported,
         cause::unknown_command},
        {"ERR syntax error", errc::unavailable, cause::server_error},
        {"ERR", errc::unavailable, cause::server_error},
        {"", errc::unavailable, cause::server_error},
        {"NEWWORD that no Redis of today says", errc::unavailable, cause::server_error},
    };
    for (const auto& [text, code, why] : all) {
        INFO(text);
        CHECK(failure_of(text) == failure{code, why});
        // The word alone is enough; one that only begins like it is another.
        const auto word = text.substr(0, text.find(' '));
        if (word == "ERR" || word.empty()) continue;
        CHECK(failure_of(word) == failure{code, why});
        CHECK(failure_of(word + "S " + text).cause == cause::server_error);
        CHECK(failure_of(word.substr(0, word.size() - 1)).cause == cause::server_error);
    }
}

TEST_CASE("what a command was refused with within a script is the same failure as outside of it") {
    const std::vector<row> all{
        // Redis 7
        {"OOM command not allowed when used memory > 'maxmemory'. script: 5f1c, on @user_script:5.",
         errc::unavailable, cause::out_of_memory},
        {"WRONGTYPE Operation against a key holding the wrong kind of value script: 5f1c, on "
         "@user_script:1.",
         errc::tampered, cause::wrong_type},
        {"READONLY You can't write against a read only replica. script: 5f1c, on @user_script:5.",
         errc::unavailable, cause::read_only},
        {"ERR The user executing the script can't run this command or subcommand script: 5f1c, on "
         "@user_script:5.",
         errc::denied, cause::not_permitted},
        // Redis 8
        {"ERR ACL failure in script: User u has no permissions to run the 'hset' command script: "
         "5f1c, on @user_script:5.",
         errc::denied, cause::not_permitted},
        // Redis 6
        {"ERR Error running script (call to f_5f1c): @user_script:5: -OOM command not allowed when "
         "used memory > 'maxmemory'.",
         errc::unavailable, cause::out_of_memory},
        {"ERR Error running script (call to f_5f1c): @user_script:5: -READONLY You can't write "
         "against a read only replica.",
         errc::unavailable, cause::read_only},
        {"ERR Error running script (call to f_5f1c): @user_script:5: -MISCONF Redis is configured "
         "to save RDB snapshots",
         errc::unavailable, cause::not_persisting},
        {"ERR Error running script (call to f_5f1c): @user_script:5: -NOREPLICAS Not enough good "
         "replicas to write.",
         errc::unavailable, cause::not_enough_replicas},
        {"ERR Error running script (call to f_5f1c): @user_script:1: -WRONGTYPE Operation against "
         "a key holding the wrong kind of value",
         errc::tampered, cause::wrong_type},
        {"ERR Error running script (call to f_5f1c): @user_script:1: -NOPERM this user has no "
         "permissions",
         errc::denied, cause::not_permitted},
        {"ERR Error running script (call to f_5f1c): @user_script:6: user_script:6: attempt to "
         "call field 'acl_check_cmd' (a nil value)",
         errc::unsupported, cause::unknown_command},
        // A script that failed by itself
        {"ERR user_script:5: Script attempted to access nonexistent global variable 'x' script: "
         "5f1c, on @user_script:5.",
         errc::unavailable, cause::server_error},
    };
    for (const auto& [text, code, why] : all) {
        INFO(text);
        CHECK(failure_of(text) == failure{code, why});
    }
    // Such a word within a text is nothing where no script ran.
    CHECK(failure_of("ERR what is OOM, or READONLY?").cause == cause::server_error);
}

TEST_CASE("each cause has a name and says something else than the others") {
    std::vector<std::string> said;
    for (int value = 1; value <= static_cast<int>(cause::reply_too_large); ++value) {
        const std::error_code code = static_cast<cause>(value);
        CHECK(code.category() == redis::redis_category());
        CHECK(code.message() != "unknown");
        CHECK(std::ranges::find(said, code.message()) == said.end());
        said.push_back(code.message());
    }
    CHECK(redis::redis_category().message(0) == "unknown");
    CHECK(redis::redis_category().message(static_cast<int>(cause::reply_too_large) + 1) ==
          "unknown");
}
