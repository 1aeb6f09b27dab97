// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CONNECTION_HPP
#define COFFER_HTTP_CONNECTION_HPP

#include <coffer/http/detail/loop.hpp>
#include <coffer/http/detail/outbox.hpp>
#include <coffer/http/detail/reply.hpp>
#include <coffer/http/detail/request_reader.hpp>
#include <coffer/http/detail/service.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

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
          reader_(service, place_.address(), over_tls) {}
    ~connection() override {
        close(); // which forgets no request: a worker may still read it then
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
        if (at_ == stage::following && !writing_ && !outbox_->gone()) {
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
        reading,   ///< It is coming in,
        working,   ///< it is being answered,
        writing,   ///< the answer is going out.
        following, ///< An event stream; what still comes in is of no interest.
        lingering, ///< All was sent; reads on, so that the client gets it.
        closed,
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
        if (!reader_.is_empty()) return begin_request();
        if (loop_.stopping()) return close();
        reader_.shrink();
        expire_in(limits().idle_time);
        read();
    }
    void begin_request() {
        at_ = stage::reading;
        request_deadline_ = loop_.now() + limits().request_time;
        expire_in(limits().head_time);
        go_on(reader_.next());
    }
    void read() {
        const auto room = reader_.room();
        stream_.async_read_some(boost::asio::buffer(room.data(), room.size()),
                                [self = self()](error_code ec, std::size_t n) {
                                    if (ec || self->at_ == stage::closed) return self->close();
                                    self->reader_.took(n);
                                    if (self->at_ == stage::idle) return self->begin_request();
                                    self->go_on(self->reader_.next());
                                });
    }
    void go_on(detail::request_reader::step what) {
        using step = detail::request_reader::step;
        if (reader_.has_head()) deadline = request_deadline_;
        switch (what) {
        case step::read: return read();
        case step::say_continue: return write_continue();
        case step::ask_sender: return ask_who();
        case step::answer: return ask();
        case step::refuse: return refused(reader_.why());
        }
    }
    /// A long body is held for who is known alone: those of all share their memory, and anybody
    /// could hold it. Others are answered without it.
    void ask_who() {
        service_.reads.submit([away = go_away()] {
            std::optional<bool> known; // nothing: it could not be found out, for want of memory
            try {
                known = (*away)->service_.answers->knows_sender((*away)->reader_.current());
            } catch (...) {
            }
            detail::scrub_stack();
            come_home(away, [known](connection& c) { c.told(known); });
        });
    }
    void told(std::optional<bool> known) {
        if (at_ == stage::closed) return;
        if (!known) return go_on(reader_.fail());
        go_on(*known ? reader_.go_on() : reader_.give_up());
    }
    void write_continue() {
        static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
        boost::asio::async_write(
            stream_, boost::asio::buffer(text.data(), text.size()),
            [self = self()](error_code ec, std::size_t) { ec ? self->close() : self->read(); });
    }

    // Answering it

    void ask() {
        at_ = stage::working;
        deadline = detail::steady::time_point::max();
        asked_ = detail::steady::now();
        auto quick = detail::ask_safely([this]() -> std::optional<response> {
            return service_.answers->try_now(reader_.current());
        });
        detail::scrub_stack();
        if (quick) {
            answer_ = std::move(*quick);
            return answer();
        }
        service_.workers_for(reader_.current()).submit([away = go_away()] {
            (*away)->answer_ = detail::ask_safely([&away]() -> response {
                return (*away)->service_.answers->handle((*away)->reader_.current());
            });
            detail::scrub_stack();
            come_home(away, [](connection& c) { c.answer(); });
        });
    }
    /// What a worker holds. The connection is taken out on its loop's thread: there alone it may
    /// end.
    using shared_self = std::shared_ptr<std::shared_ptr<connection>>;
    auto go_away() -> shared_self { return std::make_shared<std::shared_ptr<connection>>(self()); }
    /// Goes on with it there. For that there will be memory: what is waited for here is little.
    template <class Next>
    static void come_home(const shared_self& away, Next next) noexcept {
        const auto home = (*away)->loop_.context().get_executor();
        for (;;) {
            try {
                return boost::asio::post(home, [away, next] {
                    const auto self = std::move(*away);
                    next(*self);
                });
            } catch (const std::bad_alloc&) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
        }
    }
    void answer() {
        if (at_ == stage::closed) return;
        service_.counters->answered(reader_.route(), answer_.status,
                                    detail::steady::now() - asked_);
        write_answer();
    }
    /// Answers a request that is no business of the handler.
    void refused(detail::request_reader::refusal why) {
        answer_ = detail::refusal(why.status, why.message);
        service_.counters->refused();
        write_answer();
    }
    void write_answer() {
        at_ = stage::writing;
        const bool head_only = reader_.wants_head_only();
        chunked_ = !reader_.is_http_1_0();
        // A stream's connection ends with it, since what comes in meanwhile is thrown away.
        const bool follows = answer_.follow && !head_only;
        keep_alive_ = reader_.keeps() && !follows && !loop_.stopping();
        out_.clear();
        detail::add_reply_head(out_, answer_,
                               {.date = loop_.date(),
                                .http_1_0 = reader_.is_http_1_0(),
                                .keep_alive = keep_alive_,
                                .secure = over_tls});
        const bool body = !head_only && !answer_.follow && answer_.status != 204;
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
                                     self->go_on_or_close(next);
                                 });
    }
    /// Without memory or a thread for what comes next the connection ends: else the read that
    /// discards what a stream's client sends would keep it open, and nothing would be sent on it.
    template <class Next>
    void go_on_or_close(Next next) {
        try {
            next(*this);
        } catch (...) {
            close();
        }
    }
    void written() {
        auto sent = std::move(answer_); // and wiped
        follow_ = reader_.wants_head_only() ? nullptr : std::move(sent.follow);
        reader_.forget();
        if (follow_) return begin_follow(std::string(sent.body));
        if (keep_alive_) return await_request();
        finish();
    }

    // Event streams

    void begin_follow(std::string first) {
        at_ = stage::following;
        auto wake = [this, weak = this->weak_from_this()] {
            boost::asio::post(loop_.context(), [weak] {
                if (const auto self = weak.lock()) self->go_on_or_close([](auto& c) { c.flush(); });
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
        const auto room = reader_.room();
        auto next = [self = self()](error_code ec, std::size_t n) {
            if (ec || self->at_ == stage::closed) return self->close();
            self->reader_.took(n);
            self->reader_.drop();
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

    Stream stream_;
    detail::place place_;
    detail::loop& loop_;
    detail::service& service_;
    stage at_ = stage::idle;
    bool keep_alive_ = true;
    bool chunked_ = true;     ///< An event stream goes out in chunks.
    bool writing_ = false;    ///< A piece of an event stream is going out.
    bool discarding_ = false; ///< A read whose bytes are of no interest is under way.
    detail::request_reader reader_;
    response answer_{};
    std::string out_{};
    std::shared_ptr<stream> follow_{};
    std::shared_ptr<detail::outbox> outbox_{};
    detail::steady::time_point request_deadline_{};
    detail::steady::time_point asked_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
