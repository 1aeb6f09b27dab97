// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_MESSAGE_HPP
#define COFFER_HTTP_MESSAGE_HPP

#include <coffer/bytes.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What bodies are made of.
using coffer::wiped_text;

/// One header field. The name is in lower case in requests, as it goes out in responses.
struct header {
    std::string name{};
    std::string value{};
};

/// One request as the strict layer let it through: nothing of it is decoded or interpreted yet.
struct request {
    std::string method{};          ///< As sent; methods are case-sensitive.
    std::string target{};          ///< Path and query, raw: begins with a slash.
    std::vector<header> headers{}; ///< In the order of the wire.
    wiped_text body{};
    std::string peer{};  ///< The client's address, without the port.
    bool secure = false; ///< It came over TLS.

    /// The value of a header, by its name in lower case; empty if it is absent.
    auto header_of(std::string_view name) const noexcept -> std::string_view {
        for (const auto& h : headers)
            if (h.name == name) return h.value;
        return {};
    }
};

/// What goes on being sent after the head of an answer: server-sent events, or an answer that comes
/// when something has happened. Destroyed when the connection ends.
class stream {
public:
    /// Takes text to send; callable from any thread. False: the connection is gone, or so far
    /// behind that it was given up; nothing more need be sent. No text at all ends the stream, once
    /// what came before is sent.
    using sink = std::function<bool(std::string)>;

    virtual ~stream() = default;
    /// Called once, on the connection's thread; must not block.
    virtual void start(sink send) = 0;
    /// All that the sink took was sent: there is room for what was held back. On the connection's
    /// thread; must not block.
    virtual void drained() {}
    /// What is sent after a silence, so that nobody takes the connection for dead: a comment. No
    /// text ends the stream.
    virtual auto when_silent() const -> std::string_view { return ":\n\n"; }
};

/// One answer. Length, date, connection fields and `security_headers` are the server's to add.
struct response {
    unsigned status = 200;
    std::string content_type{"application/json"};
    std::vector<header> headers{};
    wiped_text body{};
    std::shared_ptr<stream> follow{}; ///< If set: an unending body after `body`.
    std::string code{}; ///< Of a refusal: the name of its errc, if it has one. For the log.
};

/// Who answers requests: what a server is given, and what another service mounts in its own.
/// Thread-safe; throws nothing but std::bad_alloc, which a server answers with 500.
class handler {
public:
    virtual ~handler() = default;
    /// The answer if it can be had without waiting (no store, no disk, no network), else nothing:
    /// asked first, on the thread that serves the connection.
    virtual auto try_now(const request& in) -> std::optional<response> = 0;
    /// The answer; may wait, so it is called on a thread that nothing else hangs on.
    virtual auto handle(const request& in) -> response = 0;
    /// Whether it changes nothing, as far as its head tells: such requests have threads of their
    /// own. By default the safe methods (RFC 9110, section 9.2.1; a HEAD comes as GET).
    virtual auto only_reads(const request& head) const noexcept -> bool {
        return head.method == "GET" || head.method == "OPTIONS";
    }
    /// Whether this head's sender is known, so that memory is held for a long body of theirs. Where
    /// not, the request is handled without its body. May wait, as handle().
    virtual auto knows_sender(const request& /*head*/) -> bool { return true; }
};

} // namespace coffer::inline COFFER_ABI::http

#endif
