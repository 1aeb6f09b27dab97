// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_LOGIN_HPP
#define COFFER_REDIS_SRC_LOGIN_HPP

#include <coffer/redis/commands.hpp>
#include <coffer/redis/src/link.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis::detail {

/// All that is needed to open connections, shared by those of a store.
struct setting {
    options with{};
    std::shared_ptr<const secret> password{};
    std::shared_ptr<const tls_context> tls{};
};

inline constexpr std::size_t small_reply = std::size_t{1} << 20;

/// The value of `name:` in an answer of INFO.
inline auto info_field(std::string_view info, std::string_view name) -> std::string_view {
    for (std::size_t begin = 0; begin < info.size();) {
        const auto end = std::min(info.find('\n', begin), info.size());
        auto line = info.substr(begin, end - begin);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
            return line.substr(name.size() + 1);
        begin = end + 1;
    }
    return {};
}

/// Whether an answer to `INFO replication` is that of a primary.
inline auto check_primary(const reply& info) -> result<void> {
    if (info.is(reply_kind::error)) {
        const auto why = failure_of(info.text);
        if (why.cause == cause::not_permitted)
            return {}; // a replica is met when it refuses a write
        return why;
    }
    if (!info.is(reply_kind::text)) return failure{errc::tampered, cause::unexpected_reply};
    if (info_field(info.text, "role") != "master")
        return failure{errc::unavailable, cause::read_only};
    return {};
}
/// Whether an answer to `CLUSTER INFO` is that of a node that is not cut off from the others.
inline auto check_cluster(const reply& info) -> result<void> {
    if (info.is(reply_kind::error)) return failure_of(info.text);
    if (info_field(info.text, "cluster_state") != "ok")
        return failure{errc::unavailable, cause::cluster_down};
    return {};
}
/// Whether an answer to `INFO memory` is that of a server that keeps what it is given.
inline auto check_eviction(const reply& info) -> result<void> {
    if (info.is(reply_kind::error)) {
        const auto why = failure_of(info.text);
        if (why.cause == cause::not_permitted) return failure{errc::denied, cause::policy_unknown};
        return why;
    }
    const auto policy = info_field(info.text, "maxmemory_policy");
    if (policy.empty()) return failure{errc::denied, cause::policy_unknown};
    if (policy != "noeviction") return failure{errc::unsupported, cause::evicting};
    return {};
}

enum class check : unsigned char { none, primary };

/// Connects, and logs in: the password goes out only once the server's certificate is verified, and
/// what held it is wiped. `stop` is the connection's, see socket::connect.
inline auto log_in(const setting& s, const endpoint& to, check what, deadline until,
                   const std::stop_token& stop) -> result<std::unique_ptr<socket>> {
    auto joined = socket::connect(to, s.tls.get(), until, stop);
    if (!joined) return joined;
    std::string hello;
    if (s.password != nullptr) {
        command out(5);
        out.wire.reserve(128 + s.with.user.size() + s.password->size()); // no copy stays behind
        out.add("HELLO").add("3").add("AUTH");
        out.add(s.with.user.empty() ? std::string_view("default") : s.with.user);
        hello = std::move(out.add(s.password->expose_secret()).wire);
    } else {
        hello = command{"HELLO", "3"}.wire;
    }
    auto greeted = (*joined)->write_all(hello, until);
    wipe(hello.data(), hello.size());
    if (!greeted) return greeted.error();

    std::string rest = command{"CLIENT", "SETNAME", "coffer"}.wire;
    std::size_t replies = 2;
    const auto ask = [&](command&& one) {
        rest += one.wire;
        ++replies;
    };
    if (s.with.database != 0) ask({"SELECT", std::to_string(s.with.database)});
    if (what == check::primary) {
        ask({"INFO", "replication"});
        if (!s.with.eviction_trusted) ask({"INFO", "memory"});
    }
    if (auto sent = (*joined)->write_all(rest, until); !sent) return sent.error();
    reply_parser parser;
    parser.limit(small_reply);
    std::vector<reply> got;
    while (got.size() < replies) {
        auto one = parser.next();
        if (!one) return failure{errc::unavailable, cause::not_redis};
        if (*one) {
            got.push_back(**std::move(one));
            // What is said after a refused greeting is refused as well, or closed upon.
            if (got.size() == 1 && got[0].is(reply_kind::error)) return failure_of(got[0].text);
            continue;
        }
        const auto room = parser.room(parser.wanted());
        const auto read = (*joined)->read_some(room, until);
        if (!read) return read.error();
        parser.took(*read);
    }
    if (!got[0].is(reply_kind::array) || !parser.idle())
        return failure{errc::unavailable, cause::not_redis};
    std::size_t next = 2; // CLIENT SETNAME may be refused: it is a courtesy
    if (s.with.database != 0 && got[next++].is(reply_kind::error))
        return failure{errc::invalid_argument, cause::bad_address};
    if (what == check::primary) {
        if (auto fine = check_primary(got[next++]); !fine) return fine.error();
        if (!s.with.eviction_trusted)
            if (auto fine = check_eviction(got[next]); !fine) return fine.error();
    }
    return joined;
}

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
