// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CONNECTION_HPP
#define COFFER_HTTP_CONNECTION_HPP

#include <coffer/http/detail/inbox.hpp>
#include <coffer/http/detail/loop.hpp>
#include <coffer/http/detail/outbox.hpp>
#include <coffer/http/detail/repeated_head.hpp>
#include <coffer/http/detail/reply.hpp>
#include <coffer/http/detail/request_parser.hpp>
#include <coffer/http/detail/service.hpp>
#include <coffer/http/strict_head.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

namespace coffer::inline COFFER_ABI::http {

namespace detail {

using tls_stream = boost::asio::ssl::stream<tcp_socket>;

/// Overwrites the part of the stack that a handler may have left values in.
[[gnu::noinline]] inline void scrub_stack() noexcept {
    std::array<std::byte, std::size_t{16} << 10> depth;
    wipe(depth);
}

/// A handler that throws has no memory or a fault of its own, which costs no more than its request.
template <class Ask>
auto ask_safely(Ask ask) noexcept -> decltype(ask()) {
    try {
        return ask();
    } catch (...) {
    }
    try {
        return refusal(500, "internal error");
    } catch (...) { // then an answer that needs no memory
        return response{.status = 500, .content_type = {}};
    }
}

} // namespace detail

/// One client's connection, over plain TCP or TLS: reads one request, has it answered, writes the
/// answer, and only then looks at the next. Lives as long as something is under way on it, on one
/// loop's thread; only `outbox` and the worker's answer reach it from elsewhere.
template <class Stream>
class connection final : public detail::session,
                         public std::enable_shared_from_this<connection<Stream>> {
    using error_code = boost::system::error_code;
    static constexpr bool over_tls = std::is_same_v<Stream, detail::tls_stream>;

public:
    connection(Stream stream, detail::place place, detail::loop& home, detail::service& service)
        : stream_(std::move(stream)), place_(std::move(place)), loop_(home), service_(service),
          held_(service.bodies, service.limits.bodies) {
        request_.peer = place_.address();
        request_.secure = over_tls;
    }
    ~connection() override {
        close();
        forget_request(); // here, not in close(): a worker may still read it then
        forget_head();
    }

    /// To be called once, on the loop's thread.
    void start() {
        loop_.add(*this);
        if constexpr (over_tls) {
            expire_in(limits().head_time);
            stream_.async_handshake(
                boost::asio::ssl::stream_base::server,
                [self = self()](error_code ec) { ec ? self->close() : self->await_request(); });
        } else {
            await_request();
        }
    }

    void on_deadline() override {
        if (at_ == stage::following && !writing_) {
            outbox_->push(std::string(follow_->when_silent()));
            expire_in(limits().heartbeat);
        } else {
            close();
        }
    }
    void on_stop() override {
        if (at_ == stage::idle) close(); // nothing is under way, nothing unread
        if (at_ == stage::following && !writing_) end_follow();
    }
    void close() override {
        if (at_ == stage::closed) return;
        at_ = stage::closed;
        if (outbox_) outbox_->close();
        follow_.reset();
        error_code ignored;
        socket().close(ignored);
        loop_.remove(*this);
    }

private:
    enum class stage : unsigned char {
        idle,      ///< Nothing of a request is there.
        head,      ///< Its head is coming in,
        body,      ///< then its body;
        working,   ///< it is being answered,
        writing,   ///< the answer is going out.
        following, ///< An event stream; what still comes in is of no interest.
        lingering, ///< All was sent; reads on, so that the client gets it.
        closed,
    };

    /// Why a request is refused once all of it is there.
    struct refusal {
        unsigned status;
        std::string_view message;
    };

    auto self() { return this->shared_from_this(); }
    auto limits() const noexcept -> const http::limits& { return service_.limits; }
    auto socket() noexcept -> detail::tcp_socket& {
        if constexpr (over_tls)
            return stream_.next_layer();
        else
            return stream_;
    }
    void expire_in(std::chrono::milliseconds time) { deadline = loop_.now() + time; }

    // Reading a request

    void await_request() {
        if (at_ == stage::closed) return;
        at_ = stage::idle;
        if (!inbox_.empty()) return begin_request();
        if (loop_.stopping()) return close();
        inbox_.shrink();
        expire_in(limits().idle_time);
        read();
    }
    void begin_request() {
        at_ = stage::head;
        request_deadline_ = loop_.now() + limits().request_time;
        expire_in(limits().head_time);
        take_in();
    }
    void read() {
        const auto room = inbox_.room(at_ == stage::body ? body_piece : head_piece);
        stream_.async_read_some(boost::asio::buffer(room.data(), room.size()),
                                [self = self()](error_code ec, std::size_t n) {
                                    if (ec || self->at_ == stage::closed) return self->close();
                                    self->inbox_.take(n);
                                    if (self->at_ == stage::idle)
                                        self->begin_request();
                                    else
                                        self->take_in();
                                });
    }
    /// Goes on with the request as far as it has come.
    void take_in() {
        if (at_ == stage::head && take_repeated()) return ask(true);
        if (at_ == stage::head && !take_head()) return;
        error_code ec;
        const auto text = inbox_.text();
        inbox_.drop(parser_->put(boost::asio::buffer(text.data(), text.size()), ec));
        namespace beast = boost::beast::http;
        if (ec == beast::error::body_limit) return refuse(413, "the body is too large");
        if (ec && ec != beast::error::need_more) return refuse(400, "malformed request");
        if (!request_.body.empty() && !held_.grow_to(request_.body.capacity()))
            return refuse(503, "too many large requests at once");
        if (parser_->is_done() && repeated_.holds()) find_token();
        if (parser_->is_done())
            return refused_ ? refuse(refused_->status, refused_->message, parser_->keep_alive())
                            : ask(parser_->keep_alive());
        if (inbox_.size() >= limits().head) return refuse(400, "malformed chunk");
        if (!refused_ && !known_ && request_.body.size() > limits().unknown_body) return ask_who();
        if (expects_continue_ && inbox_.empty()) return write_continue();
        read();
    }
    /// True: the head repeats the one before, so the request is that one, with this one's token.
    auto take_repeated() -> bool {
        if (scanned_ != 0) return false;
        const auto token = repeated_.token_in(inbox_.text());
        if (!token) return false;
        request_.headers[token_header_].value.assign(*token);
        inbox_.drop(repeated_.size());
        return true;
    }
    /// True: the head is whole and good, and its body can be read.
    auto take_head() -> bool {
        if (scanned_ == 0) { // RFC 9112 section 2.2: an empty line before a request
            if (inbox_.text() == "\r") return read(), false;
            if (inbox_.text().starts_with("\r\n")) inbox_.drop(2);
        }
        const auto text = inbox_.text();
        const auto progress = find_head_end(text, scanned_, limits().head);
        head_only_ = text.starts_with("HEAD ");
        if (progress.fault != head_fault::none) return refuse(progress.fault), false;
        if (progress.size == 0) return read(), false;
        const auto head = text.substr(0, progress.size);
        const auto facts = check_head(head);
        if (facts.fault == head_fault::target)
            refused_ = {status_of(facts.fault), message_of(facts.fault)};
        else if (facts.fault != head_fault::none)
            return refuse(facts.fault), false;
        else if (!service_.hosts.holds(facts.host))
            refused_ = {421, "this server does not answer for that host (coffer serve "
                             "--allow-host)"};
        if (refused_ && facts.expects_continue) // who waits may send the body or not
            return refuse(refused_->status, refused_->message), false;
        http_1_0_ = facts.http_1_0;
        expects_continue_ = facts.expects_continue && !facts.http_1_0;
        route_ = route_class_of(facts.target);
        forget_head();
        if (!refused_ && detail::repeated_head::can_be(head, facts))
            repeated_.keep(head, facts.authorization);
        parser_.emplace(request_, limits(), !refused_);
        at_ = stage::body;
        deadline = request_deadline_;
        return true;
    }
    /// A long body is taken from who is known alone: those of all share their memory, and anybody
    /// could hold it. Others are answered without it.
    void ask_who() {
        service_.pool.submit([self = self()]() mutable {
            const bool known = self->service_.answers->knows_sender(self->request_);
            detail::scrub_stack();
            auto home = self->loop_.context().get_executor();
            boost::asio::post(home, [self = std::move(self), known] { self->go_on(known); });
        });
    }
    void go_on(bool known) {
        if (at_ == stage::closed) return;
        known_ = known;
        if (known) return take_in();
        wiped_text().swap(request_.body);
        held_.give_back();
        ask(false);
    }
    void write_continue() {
        static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
        expects_continue_ = false;
        boost::asio::async_write(
            stream_, boost::asio::buffer(text.data(), text.size()),
            [self = self()](error_code ec, std::size_t) { ec ? self->close() : self->read(); });
    }

    // Answering it

    /// `keep`: the request was read to its end.
    void ask(bool keep) {
        at_ = stage::working;
        deadline = detail::steady::time_point::max();
        asked_ = detail::steady::now();
        if (head_only_) request_.method = "GET";
        keep_alive_ = keep;
        auto quick = detail::ask_safely(
            [this]() -> std::optional<response> { return service_.answers->try_now(request_); });
        detail::scrub_stack();
        if (quick) return answer(std::move(*quick));
        service_.pool.submit([self = self()]() mutable {
            auto slow = detail::ask_safely(
                [&self]() -> response { return self->service_.answers->handle(self->request_); });
            detail::scrub_stack();
            auto home = self->loop_.context().get_executor();
            boost::asio::post(home, [self = std::move(self), slow = std::move(slow)]() mutable {
                self->answer(std::move(slow));
            });
        });
    }
    void answer(response made) {
        if (at_ == stage::closed) return;
        answer_ = std::move(made);
        service_.counters->answered(route_, answer_.status, detail::steady::now() - asked_);
        // A stream's connection ends with it, since what comes in meanwhile is thrown away.
        chunked_ = !http_1_0_;
        if (loop_.stopping() || (answer_.follow && !head_only_)) keep_alive_ = false;
        write_answer();
    }
    void refuse(head_fault fault) { refuse(status_of(fault), message_of(fault)); }
    /// Answers a request that is no business of the handler. `keep`: its end is known, and the
    /// connection is good for the next.
    void refuse(unsigned status, std::string_view message, bool keep = false) {
        answer_ = detail::refusal(status, message);
        service_.counters->refused();
        keep_alive_ = keep && !loop_.stopping();
        write_answer();
    }
    void write_answer() {
        at_ = stage::writing;
        out_.clear();
        detail::add_reply_head(out_, answer_,
                               {.date = loop_.date(),
                                .http_1_0 = http_1_0_,
                                .keep_alive = keep_alive_,
                                .secure = over_tls});
        const bool body = !head_only_ && !answer_.follow && answer_.status != 204;
        write({boost::asio::buffer(out_),
               boost::asio::buffer(answer_.body.data(), body ? answer_.body.size() : 0)},
              [](connection& c) { c.written(); });
    }
    template <class Next>
    void write(std::array<boost::asio::const_buffer, 2> pieces, Next next) {
        expire_in(limits().write_time);
        const auto go_on = [this](error_code ec, std::size_t) -> std::size_t {
            expire_in(limits().write_time); // something was taken
            return ec ? 0 : std::size_t{64} << 10;
        };
        boost::asio::async_write(stream_, pieces, go_on,
                                 [self = self(), next](error_code ec, std::size_t) {
                                     if (ec || self->at_ == stage::closed) return self->close();
                                     next(*self);
                                 });
    }
    void written() {
        auto sent = std::move(answer_); // and wiped
        follow_ = head_only_ ? nullptr : std::move(sent.follow);
        forget_request();
        if (follow_) return begin_follow(std::string(sent.body));
        if (keep_alive_) return await_request();
        finish();
    }
    /// What the next request may repeat stays, but for the token.
    void forget_request() {
        if (token_header_ < request_.headers.size()) {
            auto& token = request_.headers[token_header_].value;
            wipe(token.data(), token.size());
        } else {
            forget_head();
        }
        wiped_text().swap(request_.body);
        held_.give_back();
        parser_.reset();
        scanned_ = 0;
        refused_.reset();
        http_1_0_ = head_only_ = expects_continue_ = known_ = false;
    }

    void forget_head() {
        for (auto& h : request_.headers)
            wipe(h.value.data(), h.value.size());
        request_.headers.clear();
        token_header_ = no_header;
        repeated_.forget();
    }
    /// The head was parsed: where its token is.
    void find_token() {
        const auto at = std::ranges::find(request_.headers, "authorization", &header::name);
        token_header_ = static_cast<std::size_t>(at - request_.headers.begin());
    }

    // Event streams

    void begin_follow(std::string first) {
        at_ = stage::following;
        auto wake = [this, weak = this->weak_from_this()] {
            boost::asio::post(loop_.context(), [weak] {
                if (const auto self = weak.lock()) self->flush();
            });
        };
        outbox_ = std::make_shared<detail::outbox>(limits().follow_queue, std::move(wake));
        expire_in(limits().heartbeat);
        discard();
        if (!first.empty()) outbox_->push(std::move(first));
        follow_->start([box = outbox_](std::string text) { return box->push(std::move(text)); });
        if (loop_.stopping()) end_follow();
    }
    void flush() {
        if (at_ != stage::following || writing_) return;
        bool gone = false;
        const auto text = outbox_->take(gone);
        if (gone) return close();
        if (text.empty()) return outbox_->ended() ? end_follow() : follow_->drained();
        out_.clear();
        add_piece(text);
        writing_ = true;
        write({boost::asio::buffer(out_), {}}, [](connection& c) {
            c.writing_ = false;
            c.expire_in(c.limits().heartbeat);
            c.loop_.stopping() ? c.end_follow() : c.flush();
        });
    }
    /// Sends what was taken until now, and no more.
    void end_follow() {
        outbox_->close();
        follow_.reset();
        bool gone = false;
        const auto text = outbox_->take(gone);
        out_.clear();
        if (!text.empty()) add_piece(text);
        if (chunked_) out_.append("0\r\n\r\n");
        at_ = stage::writing;
        write({boost::asio::buffer(out_), {}}, [](connection& c) { c.finish(); });
    }
    /// A chunk, or, where the connection's end is the stream's, the text as it is.
    void add_piece(std::string_view text) {
        if (!chunked_) {
            out_.append(text);
            return;
        }
        detail::add_number(out_, text.size(), 16);
        out_.append("\r\n").append(text).append("\r\n");
    }

    // The end

    /// Closes after everything sent has had time to arrive: TCP resets a connection that is closed
    /// with bytes unread, and the client may never see the answer.
    void finish() {
        at_ = stage::lingering;
        request_deadline_ = loop_.now() + limits().request_time;
        expire_in(limits().linger_time);
        if constexpr (over_tls) {
            if (!discarding_)
                return stream_.async_shutdown([self = self()](error_code) { self->linger(); });
        }
        linger();
    }
    void linger() {
        error_code ec;
        socket().shutdown(detail::tcp_socket::shutdown_send, ec);
        if (!discarding_) discard();
    }
    /// Reads on and throws away, until the client hangs up.
    void discard() {
        discarding_ = true;
        const auto room = inbox_.room(head_piece);
        auto next = [self = self()](error_code ec, std::size_t n) {
            if (ec || self->at_ == stage::closed) return self->close();
            self->inbox_.take(n);
            self->inbox_.drop(self->inbox_.size());
            if (self->at_ == stage::lingering) {
                self->expire_in(self->limits().linger_time);
                self->deadline = std::min(self->deadline, self->request_deadline_);
            }
            self->discard();
        };
        const auto into = boost::asio::buffer(room.data(), room.size());
        if (over_tls && at_ == stage::lingering) // its TLS is shut down
            socket().async_read_some(into, std::move(next));
        else
            stream_.async_read_some(into, std::move(next));
    }

    static constexpr std::size_t head_piece = std::size_t{2} << 10;
    static constexpr std::size_t body_piece = std::size_t{16} << 10;
    static constexpr std::size_t no_header = static_cast<std::size_t>(-1);

    Stream stream_;
    detail::place place_;
    detail::loop& loop_;
    detail::service& service_;
    stage at_ = stage::idle;
    bool http_1_0_ = false;
    bool expects_continue_ = false;
    bool head_only_ = false;
    bool known_ = false; ///< The request's sender.
    bool keep_alive_ = true;
    bool chunked_ = true;     ///< An event stream goes out in chunks.
    bool writing_ = false;    ///< A piece of an event stream is going out.
    bool discarding_ = false; ///< A read whose bytes are of no interest is under way.
    route_class route_ = route_class::other;
    std::size_t scanned_ = 0; ///< How much of the inbox was searched for the end of a head.
    detail::inbox inbox_{};
    std::optional<detail::request_parser> parser_{};
    std::optional<refusal> refused_{};
    request request_{};
    detail::repeated_head repeated_{}; ///< What `request_` was made of, if the next may repeat it.
    std::size_t token_header_ = no_header; ///< Of those of a request that the next may repeat.
    detail::held_bytes held_;
    response answer_{};
    std::string out_{};
    std::shared_ptr<stream> follow_{};
    std::shared_ptr<detail::outbox> outbox_{};
    detail::steady::time_point request_deadline_{};
    detail::steady::time_point asked_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
