// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_CAUSE_HPP
#define COFFER_REDIS_CAUSE_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/errc.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace coffer::inline COFFER_ABI::redis {

/// What a failure of this store has as its cause, besides an errno. Each message says what mends
/// it; none holds anything that a server sent.
enum class cause : int {
    evicting = 1,          ///< unsupported: the server may evict keys
    policy_unknown,        ///< denied: whether it evicts can't be learnt
    loading,               ///< unavailable: it is reading its data
    busy,                  ///< unavailable: a script keeps it busy
    read_only,             ///< unavailable: it is a replica
    not_enough_replicas,   ///< unavailable: replicas(n) did not answer
    out_of_memory,         ///< unavailable: over its maxmemory
    not_persisting,        ///< unavailable: it refuses writes since it can't save (MISCONF)
    cluster_down,          ///< unavailable: slots without a node, or too many redirections
    too_many_clients,      ///< unavailable
    not_authenticated,     ///< denied: no password, or a wrong one
    not_permitted,         ///< denied: the ACL
    wrong_type,            ///< tampered: another kind of value stands under our key
    unexpected_reply,      ///< tampered: a reply that is none to what was asked
    not_redis,             ///< unavailable: what answers speaks no RESP
    unknown_command,       ///< unsupported: older than Redis 7, or not Redis
    server_error,          ///< unavailable: any other error reply
    disconnected,          ///< unavailable: it closed the connection
    bad_certificate,       ///< denied: its certificate, or the name in it
    tls_failed,            ///< unavailable: the handshake failed otherwise (a plain port?)
    bad_address,           ///< invalid_argument: the address can't be read
    password_in_address,   ///< invalid_argument: passwords come from a file or a descriptor
    unknown_host,          ///< unavailable: the name of the host is not known
    bad_tls_options,       ///< invalid_argument: files or a name without TLS, or half of a pair
    user_without_password, ///< invalid_argument: who is named would not be who logs in
    bad_tls_file,          ///< invalid_argument: a file of ca, cert or key can't be used
    reply_too_large,       ///< unavailable: what is stored is larger than the limit
};

namespace detail {
class cause_category final : public std::error_category {
public:
    auto name() const noexcept -> const char* override { return "coffer.redis"; }
    auto message(int value) const -> std::string override {
        return std::string(text(static_cast<cause>(value)));
    }

private:
    static auto text(cause of) noexcept -> std::string_view {
        switch (of) {
        case cause::evicting:
            return "this Redis may evict keys, and with them secrets; to mend it: redis-cli CONFIG "
                   "SET maxmemory-policy noeviction (and the same in redis.conf)";
        case cause::policy_unknown:
            return "whether this Redis evicts keys can't be learnt; to mend it: ACL SETUSER <user> "
                   "+info, or the option eviction=trusted if you know that it does not";
        case cause::loading: return "Redis is loading its data";
        case cause::busy: return "Redis is busy with a script";
        case cause::read_only: return "this Redis is a replica and takes no writes";
        case cause::not_enough_replicas: return "fewer replicas than asked for confirmed the write";
        case cause::out_of_memory: return "Redis is over its maxmemory";
        case cause::not_persisting: return "Redis can't save and refuses writes";
        case cause::cluster_down: return "no node of the cluster answers for this slot";
        case cause::too_many_clients: return "Redis has too many clients";
        case cause::not_authenticated: return "user or password are wrong, or missing";
        case cause::not_permitted:
            return "the user may not do this; needed: ~<prefix>* +hmget +hget +hset +hdel "
                   "+hgetall +scan +eval +evalsha +info +ping +client +select, with replicas "
                   "+wait, "
                   "in a cluster +cluster +asking";
        case cause::wrong_type: return "another kind of value stands under the store's key";
        case cause::unexpected_reply: return "a reply that does not fit what was asked";
        case cause::not_redis: return "what answers there speaks no Redis protocol";
        case cause::unknown_command: return "this server is older than Redis 7, or no Redis";
        case cause::server_error: return "Redis answered with an error";
        case cause::disconnected: return "the connection was closed";
        case cause::bad_certificate:
            return "the server's certificate is not trusted, or is for another name";
        case cause::tls_failed: return "no TLS connection: is this a plain port?";
        case cause::bad_address: return "the address of Redis can't be read";
        case cause::password_in_address:
            return "a password does not belong into an address: use password_file or password_fd";
        case cause::unknown_host: return "the name of the host is not known";
        case cause::reply_too_large:
            return "what is stored there is larger than the limit: options::limits for an object, "
                   "options::list_bytes for all of a partition";
        case cause::bad_tls_file:
            return "ca, cert or key is no PEM file that can be read, the key is of another "
                   "certificate, or it is encrypted: nobody is asked for its passphrase";
        case cause::user_without_password:
            return "a user is named and no password, so that the default user would log in: give "
                   "password_file or password_fd (any, for a user that needs none), or no user";
        case cause::bad_tls_options:
            return "ca, cert, key and name are for TLS (rediss://), and cert and key for each "
                   "other: "
                   "without that they would protect nothing";
        }
        return "unknown";
    }
};
} // namespace detail

/// The std::error_category of cause. Thread-safe.
inline auto redis_category() noexcept -> const std::error_category& {
    static const coffer::detail::never_destroyed<detail::cause_category> instance;
    return *instance;
}
/// Found by argument-dependent look-up.
inline auto make_error_code(cause of) noexcept -> std::error_code {
    return {static_cast<int>(of), redis_category()};
}

/// What an error reply stands for, by its first word; MOVED, ASK and NOSCRIPT are handled before.
inline auto failure_of(std::string_view error) noexcept -> failure;

} // namespace coffer::inline COFFER_ABI::redis

template <>
struct std::is_error_code_enum<coffer::redis::cause> : std::true_type {};

namespace coffer::inline COFFER_ABI::redis {

inline auto failure_of(std::string_view error) noexcept -> failure {
    const auto word = error.substr(0, error.find(' '));
    // A script's own error is told with the word of the command that failed in it, by Redis 7 in
    // front, by Redis 6 within the text.
    const auto says = [&](std::string_view what) {
        return word == what ||
               (error.find("@user_script") != error.npos && error.find(what) != error.npos);
    };
    if (says("OOM")) return {errc::unavailable, cause::out_of_memory};
    if (says("NOPERM") || error.find("ACL failure in script") != error.npos ||
        error.find("user executing the script") != error.npos) // Redis 8, Redis 7.0
        return {errc::denied, cause::not_permitted};
    if (says("WRONGTYPE")) return {errc::tampered, cause::wrong_type};
    if (says("READONLY")) return {errc::unavailable, cause::read_only};
    if (says("MISCONF")) return {errc::unavailable, cause::not_persisting};
    if (says("NOREPLICAS")) return {errc::unavailable, cause::not_enough_replicas};
    if (word == "LOADING" || word == "MASTERDOWN") return {errc::unavailable, cause::loading};
    if (word == "BUSY") return {errc::unavailable, cause::busy};
    if (word == "CLUSTERDOWN" || word == "TRYAGAIN" || word == "MOVED" || word == "ASK")
        return {errc::unavailable, cause::cluster_down};
    if (word == "NOAUTH" || word == "WRONGPASS") return {errc::denied, cause::not_authenticated};
    if (word == "NOPROTO" || error.find("unknown command") != error.npos ||
        error.find("acl_check_cmd") != error.npos) // Redis 6
        return {errc::unsupported, cause::unknown_command};
    if (error.find("max number of clients") != error.npos)
        return {errc::unavailable, cause::too_many_clients};
    return {errc::unavailable, cause::server_error};
}

} // namespace coffer::inline COFFER_ABI::redis

#endif
