// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_TESTING_ASYNC_ANSWERS_HPP
#define COFFER_ASIO_TESTING_ASYNC_ANSWERS_HPP

#include <coffer/result.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace coffer::inline COFFER_ABI::testing::async_laws_detail {

/// How long a call may take that should complete: only a broken subject needs it.
inline constexpr std::chrono::seconds patience{60};

/// Collects what the handlers of one call get, on a context that only run() and poll() run.
template <class Result>
class answers {
public:
    answers() = default;
    template <class Call>
    explicit answers(const Call&) {}
    answers(const answers&) = delete;
    auto operator=(const answers&) -> answers& = delete;
    ~answers() { poll(); } // a handler that waits in the context keeps the context

    auto handler() {
        return boost::asio::bind_executor(state_->io.get_executor(), collect{state_});
    }
    auto cancellable() {
        return boost::asio::bind_cancellation_slot(state_->signal.slot(), handler());
    }
    void cancel(boost::asio::cancellation_type type) { state_->signal.emit(type); }

    /// Until there is an answer; false: there is none.
    auto run() -> bool {
        if (count() == 0) state_->io.run_for(patience);
        return count() > 0;
    }
    /// Calls that are due by now.
    void poll() {
        state_->io.restart();
        while (state_->io.poll_one() > 0)
            state_->io.restart();
    }
    auto count() const -> int {
        const std::lock_guard lock(state_->mutex);
        return state_->count;
    }
    auto on_its_executor() const -> bool {
        const std::lock_guard lock(state_->mutex);
        return !state_->elsewhere;
    }
    auto first() const -> const std::optional<Result>& { return state_->first; }

private:
    struct state {
        boost::asio::io_context io{1};
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
            io.get_executor()};
        boost::asio::cancellation_signal signal{};
        std::mutex mutex{};
        std::optional<Result> first{};
        int count = 0;
        bool elsewhere = false;
    };
    struct collect {
        std::shared_ptr<state> to;
        void operator()(Result answer) {
            const std::lock_guard lock(to->mutex);
            if (!to->io.get_executor().running_in_this_thread()) to->elsewhere = true;
            if (to->count++ == 0) to->first.emplace(std::move(answer));
            to->io.stop();
        }
    };
    std::shared_ptr<state> state_ = std::make_shared<state>();
};
template <class Call>
answers(const Call&) -> answers<typename Call::result_type>;

enum class called : unsigned char { never, inside, later };

/// How the handler of a call is called that has no executor of its own.
template <class Call>
auto unbound(const Call& call) -> called {
    struct state {
        std::mutex mutex{};
        std::condition_variable changed{};
        std::optional<std::thread::id> initiating = std::this_thread::get_id();
        called how = called::never;
    };
    auto shared = std::make_shared<state>();
    call.start([shared](auto&&) {
        const std::lock_guard lock(shared->mutex);
        shared->how =
            shared->initiating == std::this_thread::get_id() ? called::inside : called::later;
        shared->changed.notify_all();
    });
    std::unique_lock lock(shared->mutex);
    shared->initiating.reset();
    shared->changed.wait_for(lock, patience, [&] { return shared->how != called::never; });
    return shared->how;
}

} // namespace coffer::inline COFFER_ABI::testing::async_laws_detail

#endif
