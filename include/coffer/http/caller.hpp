// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CALLER_HPP
#define COFFER_HTTP_CALLER_HPP

#include <coffer/http/client_options.hpp>
#include <coffer/http/detail/client_connection.hpp>
#include <coffer/http/detail/event_lines.hpp>
#include <coffer/http/detail/token_file.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/sent_event.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace coffer::inline COFFER_ABI::http {

/// A request of a client's. `target` begins with `/v1` and is encoded already.
struct outgoing {
    std::string_view method{};
    std::string target{};
    wiped_text body{}; ///< JSON, or nothing.
    /// It changes nothing, whatever its method, so it may be sent twice. A GET is one anyway.
    bool only_reads = false;
};

/// Calls to one server: a pool of connections, the token, time limits, and which errors there are.
/// It follows no redirects, uses no proxies, keeps no cookies. Thread-safe. In the child of a process
/// that had one thread when it forked it goes on with connections of its own: two processes on one
/// would get each other's answers.
class caller {
public:
    /// Errors: invalid_argument (the address, no token, two of them), denied (`http` to another
    /// machine; a token file that others may read), not_found (no such file), unavailable (the
    /// authorities can't be read).
    static auto open(client_options with) -> result<std::shared_ptr<caller>>;

    /// The body of a 2xx answer, a JSON object. Errors: denied (401, 403, a server that is not who
    /// it should be: the cause is a refusal), not_found (404), conflict, expired, invalid_argument,
    /// too_large, unavailable (no connection; 429, 5xx: the cause is a refusal where a Coffer
    /// answered), timed_out, unsupported (no answer of a Coffer's), what the server
    /// says itself (stale, tampered …), and outcome_unknown for a change that may have been made.
    auto call(outgoing out) -> result<json_answer>;

    /// What /readyz says: `status`, `why`; also that it is not ready. Errors: as call();
    /// unsupported where a proxy in front hands that on to nobody.
    auto readiness() -> result<json_answer>;

    /// Asks for server-sent events (HTML Living Standard, 9.2), those after the one whose id is
    /// `last` if there was one, and hands each on until the server ends the stream or `take` says
    /// false. One of the type gap_event says that some may have been missed. Errors: as call();
    /// unsupported too where what answers sends no such stream.
    using event_taker = std::function<bool(const sent_event& event)>;
    auto follow(std::string_view target, std::string_view last, const event_taker& take)
        -> result<void>;

    auto address() const noexcept -> const server_address& { return to_; }
    /// Which token requests bear now: counted from 1, one more each time that another one was found
    /// in the token file. What was told to the one before is not told to this one.
    auto token_number() const -> std::uint64_t {
        const std::lock_guard lock(mutex_);
        return token_number_;
    }

private:
    using connection = detail::client_connection;
    caller(client_options with, server_address to) : with_(std::move(with)), to_(std::move(to)) {}

    auto prepare() -> result<void>;
    /// `token`: becomes the number of the token that it was sent with.
    auto send(const outgoing& out, detail::client_deadline until, std::uint64_t& token)
        -> result<detail::incoming>;
    /// Whether there is another token than that one, which was refused before anything else of the
    /// request was looked at: in the file, or found there by another call meanwhile.
    auto is_replaced(std::uint64_t refused) -> bool;
    auto try_once(const outgoing& out, const wiped_text& text, detail::client_deadline until,
                  bool& reused, detail::incoming& in) -> std::optional<detail::exchange_failure>;
    /// `headers`: whole lines beside those that each request has. `token`: see send().
    auto text_of(const outgoing& out, std::string_view headers, std::uint64_t& token) const
        -> wiped_text;
    auto idle() -> std::unique_ptr<connection>;
    auto connect(detail::client_deadline until, std::unique_ptr<connection>& made)
        -> std::optional<detail::exchange_failure>;
    void keep(std::unique_ptr<connection> used);
    static auto outcome_of(const detail::incoming& in) -> result<void>;

    client_options with_;
    server_address to_;
    std::optional<detail::asio::ssl::context> tls_{};
    mutable std::mutex mutex_{};
    secret token_{};
    std::uint64_t token_number_ = 1;
    std::vector<std::unique_ptr<connection>> idle_{};
    ::pid_t process_ = ::getpid(); ///< Which made those.
};

inline auto caller::open(client_options with) -> result<std::shared_ptr<caller>> {
    auto to = server_address::parse(with.server);
    if (!to) return to.error();
    if (with.token.empty() == with.token_file.empty()) return errc::invalid_argument;
    std::shared_ptr<caller> made(new caller(std::move(with), *std::move(to)));
    if (auto ready = made->prepare(); !ready) return ready.error();
    return made;
}

inline auto caller::prepare() -> result<void> {
    auto token = with_.token_file.empty() ? result<secret>(std::move(with_.token))
                                          : detail::read_token_file(with_.token_file);
    if (!token) return token.error();
    if (!detail::is_token_text(token->expose_secret())) return errc::invalid_argument;
    token_ = *std::move(token);
    if (!to_.secure) return {};
    boost::system::error_code wrong;
    tls_.emplace(detail::asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
    if (with_.authorities.empty())
        tls_->set_default_verify_paths(wrong);
    else
        tls_->load_verify_file(with_.authorities, wrong);
    if (wrong) return errc::unavailable;
    return {};
}

inline auto caller::is_replaced(std::uint64_t refused) -> bool {
    if (token_number() != refused) return true;
    if (with_.token_file.empty()) return false;
    auto found = detail::read_token_file(with_.token_file);
    if (!found || !detail::is_token_text(found->expose_secret())) return false;
    const std::lock_guard lock(mutex_);
    if (token_number_ != refused) return true;
    if (token_ == *found) return false;
    token_ = *std::move(found);
    ++token_number_;
    return true;
}

inline auto caller::text_of(const outgoing& out, std::string_view headers,
                            std::uint64_t& token) const -> wiped_text {
    wiped_text text;
    text.reserve(512 + out.target.size() + out.body.size());
    text.append(out.method).append(" ").append(to_.base).append(out.target);
    text.append(" HTTP/1.1\r\nhost: ").append(to_.authority());
    {
        const std::lock_guard lock(mutex_);
        token = token_number_;
        text.append("\r\nauthorization: Bearer ").append(token_.expose_secret());
    }
    text.append("\r\n").append(headers);
    if (!out.body.empty() || out.method != "GET")
        text.append("content-type: application/json\r\ncontent-length: ")
            .append(std::to_string(out.body.size()))
            .append("\r\n");
    return text.append("\r\n").append(out.body);
}

inline auto caller::idle() -> std::unique_ptr<connection> {
    for (;;) {
        std::unique_ptr<connection> one;
        {
            const std::lock_guard lock(mutex_);
            if (const auto here = ::getpid(); here != process_) {
                for (auto& parents : idle_)
                    if (!parents->left_by_fork()) (void)parents.release();
                idle_.clear();
                process_ = here;
            }
            if (idle_.empty()) return nullptr;
            one = std::move(idle_.back());
            idle_.pop_back();
        }
        if (one->is_alive()) return one;
    }
}

inline void caller::keep(std::unique_ptr<connection> used) {
    const std::lock_guard lock(mutex_);
    if (used->keeps() && idle_.size() < with_.idle_connections) idle_.push_back(std::move(used));
}

inline auto caller::connect(detail::client_deadline until, std::unique_ptr<connection>& made)
    -> std::optional<detail::exchange_failure> {
    try {
        made = std::make_unique<connection>(to_, tls_ ? &*tls_ : nullptr);
        return made->open(with_.connect_timeout, with_.handshake_timeout, until);
    } catch (const boost::system::system_error& e) { // Asio's, where no descriptor is left
        return detail::exchange_failure{errc::unavailable, e.code(), false};
    }
}

inline auto caller::try_once(const outgoing& out, const wiped_text& text,
                             detail::client_deadline until, bool& reused, detail::incoming& in)
    -> std::optional<detail::exchange_failure> {
    auto through = idle();
    reused = through != nullptr;
    if (!reused)
        if (auto wrong = connect(until, through)) return wrong;
    if (auto wrong = through->exchange(text, out.method, until, in)) return wrong;
    keep(std::move(through));
    return std::nullopt;
}

/// Sends until it is answered: again after a connection that was kept and had died, and once more
/// where none could be made; a change only if the server can't have seen it.
inline auto caller::send(const outgoing& out, detail::client_deadline until, std::uint64_t& token)
    -> result<detail::incoming> {
    const auto text = text_of(out, "accept: application/json\r\n", token);
    const bool repeatable = out.only_reads || out.method == "GET";
    for (int fresh_failures = 0;;) {
        detail::incoming in;
        bool reused = false;
        const auto wrong = try_once(out, text, until, reused, in);
        if (!wrong) return in;
        if (wrong->sent && !repeatable) return failure(errc::outcome_unknown, wrong->why().cause);
        if (!reused) ++fresh_failures;
        if (wrong->code != errc::unavailable || fresh_failures > 1) return wrong->why();
        if (std::chrono::steady_clock::now() >= until) return errc::timed_out;
        if (!reused) coffer::detail::sleep_for(std::chrono::milliseconds(50));
    }
}

inline auto caller::follow(std::string_view target, std::string_view last, const event_taker& take)
    -> result<void> {
    const auto until = std::chrono::steady_clock::now() + with_.call_timeout;
    std::string headers = "accept: text/event-stream\r\n";
    if (!last.empty()) headers.append("last-event-id: ").append(last).append("\r\n");
    const outgoing out{.method = "GET", .target = std::string(target), .body = {}};
    for (;;) {
        std::uint64_t token = 0;
        const auto text = text_of(out, headers, token);
        std::unique_ptr<connection> through;
        if (const auto wrong = connect(until, through)) return wrong->why();
        detail::incoming in;
        detail::event_lines lines;
        const auto wrong =
            through->follow(text, until, with_.event_silence, in,
                            [&](std::string_view piece) { return lines.feed(piece, take); });
        if (wrong) return wrong->why();
        if (in.status == 401 && is_replaced(token)) continue;
        if (auto done = outcome_of(in); !done || in.is_event_stream) return done;
        return refused(refusal::no_coffer, errc::unsupported);
    }
}

inline auto caller::outcome_of(const detail::incoming& in) -> result<void> {
    if (in.status >= 200 && in.status < 300) return {};
    if (in.status == 429) return refused(refusal::too_many, errc::unavailable);
    const auto said = in.is_json ? detail::code_in(in.body).value_or(errc{}) : errc{};
    if (is_away(said)) return detail::trouble_in(in.body, said);
    if (said != errc{} && said != errc::denied) return said;
    switch (in.status) {
    case 400: return errc::invalid_argument;
    case 401: return refused(refusal::unknown_token);
    case 403: return detail::refusal_in(in.body);
    case 404: return refused(refusal::no_coffer, errc::unsupported); // which would say its code
    case 409: return errc::conflict;
    case 410: return errc::expired;
    case 413:
    case 414:
    case 431: return errc::too_large;
    default: break;
    }
    if (in.status < 500 || in.status == 501) return refused(refusal::no_coffer, errc::unsupported);
    return in.is_json ? refused(refusal::in_trouble, errc::unavailable)
                      : failure(errc::unavailable);
}

inline auto caller::call(outgoing out) -> result<json_answer> {
    const auto until = std::chrono::steady_clock::now() + with_.call_timeout;
    std::uint64_t token = 0;
    auto in = send(out, until, token);
    while (in && in->status == 401 && is_replaced(token))
        in = send(out, until, token);
    if (!in) return in.error();
    if (auto done = outcome_of(*in); !done) return done.error();
    if (!in->is_json) return refused(refusal::no_coffer, errc::unsupported);
    return json_answer::read(std::move(in->body));
}

inline auto caller::readiness() -> result<json_answer> {
    std::uint64_t token = 0;
    auto in = send({.method = "GET", .target = "/readyz", .body = {}},
                   std::chrono::steady_clock::now() + with_.call_timeout, token);
    if (!in) return in.error();
    if (!in->is_json || (in->status != 200 && in->status != 503))
        return refused(refusal::no_coffer, errc::unsupported);
    return json_answer::read(std::move(in->body));
}

} // namespace coffer::inline COFFER_ABI::http

#endif
