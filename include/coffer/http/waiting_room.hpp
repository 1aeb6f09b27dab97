// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_WAITING_ROOM_HPP
#define COFFER_HTTP_WAITING_ROOM_HPP

#include <coffer/clock.hpp>
#include <coffer/http/message.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

struct watch_times {
    std::chrono::milliseconds longest{25'000}; ///< How long nobody is answered at most.
    std::chrono::milliseconds step{200};       ///< How often is looked for what is waited for.
    const clock* time = &machine_clock();
};

/// Requests that wait, each for one JSON text. One thread looks, for all together, so that who
/// waits holds no thread and stands in nobody's way. Held by shared pointers alone; who derives
/// from it stops it in its destructor. Thread-safe.
///
/// `Waiter` has the members `sink send` and `milliseconds until`, which are set here.
template <class Waiter>
class waiting_room : public std::enable_shared_from_this<waiting_room<Waiter>> {
public:
    using waiter_ptr = std::shared_ptr<Waiter>;

    virtual ~waiting_room() = default;
    waiting_room(const waiting_room&) = delete;
    auto operator=(const waiting_room&) -> waiting_room& = delete;

    /// Answers all who wait, and from now on at once.
    void end() {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        for (const auto& one : waiting_)
            answer_unknown(*one);
        waiting_.clear();
        wake_.notify_all();
    }
    /// The same, and returns when nothing is looked at any more.
    void stop() {
        end();
        if (thread_.joinable()) thread_.join();
    }
    auto waiting() const -> std::size_t {
        const std::lock_guard lock(mutex_);
        return waiting_.size();
    }

protected:
    explicit waiting_room(watch_times times) : times_(times) {}

    /// The rest of an answer: what `one` is sent.
    auto let_wait(waiter_ptr one) -> std::shared_ptr<stream> {
        return std::make_shared<waiting_answer>(this->shared_from_this(), std::move(one));
    }
    static void answer(const Waiter& one, std::string text) {
        one.send(std::move(text));
        one.send({});
    }
    auto is_over(const Waiter& one) const -> bool { return times_.time->boot() >= one.until; }

    /// Answers one of whom it is not known whether there is anything. The lock is held.
    virtual void answer_unknown(const Waiter& one) = 0;
    /// Whether one need not be asked to wait: it is answered with what is not known.
    virtual auto is_vain(const Waiter&) const -> bool { return false; }
    /// Looks once, answers and takes out those that have waited long enough. The lock is held, and
    /// may be let go meanwhile. May throw.
    virtual void look(std::unique_lock<std::mutex>& lock, std::vector<waiter_ptr>& waiting) = 0;
    /// Nobody waits any more. The lock is held.
    virtual void forget() {}

    auto mutex() const noexcept -> std::mutex& { return mutex_; }

private:
    class waiting_answer final : public stream {
    public:
        waiting_answer(std::shared_ptr<waiting_room> in, waiter_ptr one)
            : in_(std::move(in)), one_(std::move(one)) {}
        ~waiting_answer() override { in_->remove(one_); }
        void start(sink send) override { in_->add(one_, std::move(send)); }
        auto when_silent() const -> std::string_view override { return "\n"; } // JSON goes on

    private:
        std::shared_ptr<waiting_room> in_;
        waiter_ptr one_;
    };

    void add(const waiter_ptr& one, stream::sink send) {
        const std::lock_guard lock(mutex_);
        one->send = std::move(send);
        one->until = times_.time->boot() + times_.longest;
        if (ending_ || is_vain(*one)) return answer_unknown(*one);
        waiting_.push_back(one);
        if (!thread_.joinable()) thread_ = std::thread([this] { look_on(); });
        wake_.notify_all();
    }
    void remove(const waiter_ptr& one) {
        const std::lock_guard lock(mutex_);
        std::erase(waiting_, one);
    }
    /// What the thread does until the end.
    void look_on() {
        std::unique_lock lock(mutex_);
        while (!ending_) {
            if (waiting_.empty()) forget();
            wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
            wake_.wait_for(lock, times_.step, [this] { return ending_; });
            try {
                look(lock, waiting_);
            } catch (const std::exception&) { // no memory: all wait on
                if (!lock.owns_lock()) lock.lock();
            }
        }
    }

    const watch_times times_;
    mutable std::mutex mutex_{};
    std::condition_variable wake_{};
    std::vector<waiter_ptr> waiting_{};
    bool ending_ = false;
    std::thread thread_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
