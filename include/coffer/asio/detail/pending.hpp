// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_DETAIL_PENDING_HPP
#define COFFER_ASIO_DETAIL_PENDING_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <coffer/version.hpp>

#include <utility>

namespace coffer::inline COFFER_ABI::asio::detail {

/// A handler that waits for something beside Asio, and the work that keeps its executor running.
template <class Handler>
class pending {
public:
    using executor_type =
        typename boost::asio::associated_executor<Handler, boost::asio::any_io_executor>::type;

    /// `otherwise` is where a handler without an executor of its own is called.
    pending(Handler handler, const boost::asio::any_io_executor& otherwise)
        : executor_(boost::asio::get_associated_executor(handler, otherwise)), work_(executor_),
          handler_(std::move(handler)) {}

    auto cancellation_slot() const noexcept {
        return boost::asio::get_associated_cancellation_slot(handler_);
    }
    auto allocator() const noexcept { return boost::asio::get_associated_allocator(handler_); }

    /// Calls the handler on its executor, later. Once. Callable from any thread. Throws what posting
    /// throws, and the handler is gone then, uncalled (no memory) or having thrown (an executor that
    /// calls at once what is posted to it).
    template <class... Results>
    void complete(Results... answers) {
        const auto memory = allocator();
        boost::asio::post(
            executor_, boost::asio::bind_allocator(
                           memory, [handler = std::move(handler_), work = std::move(work_),
                                    ... answers = std::move(answers)]() mutable {
                               // On the handler's own executor, as a signal is: they never meet.
                               auto slot = boost::asio::get_associated_cancellation_slot(handler);
                               if (slot.is_connected()) slot.clear();
                               std::move(handler)(std::move(answers)...);
                           }));
    }

private:
    executor_type executor_;
    boost::asio::executor_work_guard<executor_type> work_;
    Handler handler_;
};

} // namespace coffer::inline COFFER_ABI::asio::detail

#endif
