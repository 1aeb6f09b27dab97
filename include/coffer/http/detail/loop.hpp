// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_LOOP_HPP
#define COFFER_HTTP_DETAIL_LOOP_HPP

#include <coffer/http/detail/reply.hpp>
#include <coffer/http/limits.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>

namespace coffer::inline COFFER_ABI::http::detail {

using executor = boost::asio::io_context::executor_type;
using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor>;
using tcp_acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, executor>;
using steady = std::chrono::steady_clock;
using loop_timer =
    boost::asio::basic_waitable_timer<steady, boost::asio::wait_traits<steady>, executor>;

/// What a loop knows of a connection. Used on the loop's thread alone.
class session : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    virtual ~session() = default;
    virtual void on_deadline() = 0;
    /// No more requests: those in flight end.
    virtual void on_stop() = 0;
    /// The time for that is over.
    virtual void close() = 0;

    steady::time_point deadline = steady::time_point::max();
};

/// One thread and the connections that live on it. One timer serves all of their deadlines.
class loop {
public:
    explicit loop(const limits& l)
        : tick_(std::clamp(shortest(l) / 4, std::chrono::milliseconds(5),
                           std::chrono::milliseconds(250))),
          stop_time_(l.stop_time) {}

    ~loop() { stopping_ = false; } // sessions that the context still holds come to `remove`
    loop(const loop&) = delete;
    auto operator=(const loop&) -> loop& = delete;

    auto context() noexcept -> boost::asio::io_context& { return context_; }
    /// The time of the last tick.
    auto now() const noexcept -> steady::time_point { return now_; }
    auto stopping() const noexcept -> bool { return stopping_; }
    auto date() -> std::string_view { return date_.now(); }

    void add(session& s) {
        sessions_.push_back(s);
        if (!ticking_) arm();
    }

    void remove(session& s) noexcept {
        s.unlink();
        if (stopping_ && sessions_.empty()) timer_.cancel(); // nothing left to wait for
    }

    /// Returns after `stop`, when the last session has ended. `resume()` begins again what else was
    /// waited for and is no longer, since something threw; it may throw.
    template <class Resume>
    void run(Resume resume) {
        for (bool whole = true;; whole = false) {
            try {
                if (whole || goes_on(resume)) {
                    context_.run();
                    return;
                }
                context_.run_one_for(tick_);
            } catch (...) { // no memory: the connection that asked for it is gone, the others go on
            }
        }
    }
    /// To be called on the loop's thread.
    void stop() {
        if (stopping_) return;
        stopping_ = true;
        stop_deadline_ = steady::now() + stop_time_;
        for_each([](session& s) { call(s, &session::on_stop); });
        if (ticking_)
            timer_.cancel();
        else
            arm();
    }

private:
    using session_list =
        boost::intrusive::list<session, boost::intrusive::constant_time_size<false>>;

    static auto shortest(const limits& l) -> std::chrono::milliseconds {
        return std::min({l.head_time, l.request_time, l.idle_time, l.write_time, l.linger_time,
                         l.stop_time, l.heartbeat});
    }
    /// `f` may end the session that it is given, and no other.
    template <class F>
    void for_each(F f) {
        for (auto at = sessions_.begin(); at != sessions_.end();)
            f(*at++);
    }
    /// False: there still is no memory for it.
    template <class Resume>
    auto goes_on(Resume& resume) noexcept -> bool {
        try {
            if (!ticking_) arm();
            resume();
            return true;
        } catch (...) {
            return false;
        }
    }
    /// One for which there is no memory ends alone: the others keep their deadlines.
    static void call(session& s, void (session::*what)()) {
        try {
            (s.*what)();
        } catch (const std::exception&) {
            s.close();
        }
    }
    void arm() {
        now_ = steady::now();
        if (sessions_.empty()) {
            if (stopping_) guard_.reset();
            return;
        }
        timer_.expires_at(now_ + tick_);
        timer_.async_wait([this](boost::system::error_code) { tick(); });
        ticking_ = true;
    }
    void tick() {
        ticking_ = false;
        now_ = steady::now();
        const bool over = stopping_ && now_ >= stop_deadline_;
        for_each([&](session& s) {
            if (over)
                s.close();
            else if (s.deadline <= now_)
                call(s, &session::on_deadline);
        });
        arm();
    }

    std::chrono::milliseconds tick_;
    std::chrono::milliseconds stop_time_;
    session_list sessions_; // outlives the context, whose handlers hold the sessions
    date_text date_;
    steady::time_point now_ = steady::now();
    steady::time_point stop_deadline_{};
    bool stopping_ = false;
    bool ticking_ = false; ///< Without sessions there is nothing to look after.
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<executor> guard_{context_.get_executor()};
    loop_timer timer_{context_};
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
