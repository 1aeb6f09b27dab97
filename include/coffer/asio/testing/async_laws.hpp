// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_TESTING_ASYNC_LAWS_HPP
#define COFFER_ASIO_TESTING_ASYNC_LAWS_HPP

#include <coffer/asio/testing/async_subject.hpp>
#include <coffer/testing/checker.hpp>

#include <array>
#include <memory>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

// The conformance suite of AsyncStore and AsyncKeyProvider beyond what block_on shows: laws N1 to N4
// of asio/concepts/async_store.hpp. `make()` gives a fresh store, or fresh keys, on an executor
// whose threads run; N4 needs besides
//
//     auto on(boost::asio::any_io_executor) -> the same type; // on a context that the law destroys
//
// With Catch2 or GoogleTest, include its glue and call
//
//     coffer::testing::run_laws(coffer::testing::async_laws<decltype(make)>, make);

namespace async_laws_detail {

template <class Make>
void by_value(Make& make, checker& check) {
    async_subject subject(make());
    if (!check.that(subject.prepare(), "a first call completes")) return;
    subject.each([&](const auto& call) {
        for (int i = 0; i < 20; ++i) {
            answers got(call);
            call.start(got.handler(), lifetime::short_lived);
            check.that(got.run() && call.right(*got.first()),
                       "what the caller passed may change as soon as the call was initiated");
        }
    });
}

template <class Make>
void once_on_its_executor(Make& make, checker& check) {
    async_subject subject(make());
    if (!check.that(subject.prepare(), "a first call completes")) return;
    subject.each([&](const auto& call) {
        answers got(call);
        call.start(got.handler());
        check.that(got.run() && call.right(*got.first()), "the handler is called with the answer");
        check.that(got.on_its_executor(), "on its associated executor");
        check.that(unbound(call) == called::later,
                   "and without one of its own later too, never inside the initiating call");
        answers next(call); // time for a second call of the first handler
        call.start(next.handler());
        check.that(next.run(), "a second call completes");
        got.poll();
        check.that(got.count() == 1 && next.count() == 1, "each handler is called exactly once");
    });
}

template <class T>
auto is_cancelled(const result<T>& got) -> bool {
    return !got && got.error() == errc::cancelled;
}

template <class Subject>
void commits_cancelled(Subject& subject, boost::asio::cancellation_type type, checker& check) {
    revision at = numbered(1);
    for (unsigned i = 2; i < 22; ++i) {
        answers<result<commit_outcome>> got;
        subject.commit(at, numbered(i), got.cancellable());
        got.cancel(type);
        if (!check.that(got.run(), "a commit that was cancelled completes")) return;
        const auto& said = *got.first();
        const bool written = said && *said == commit_outcome::committed;
        const bool unknown = said && *said == commit_outcome::unknown;
        check.that(written || unknown || is_cancelled(said),
                   "a commit that was cancelled is committed, unknown or cancelled");
        const auto now = subject.newest();
        check.that(unknown || now == (written ? numbered(i) : at), "and what it said is true");
        if (unknown) return; // it may still land
        at = now;
    }
}

template <class Make>
void cancelled(Make& make, checker& check) {
    using boost::asio::cancellation_type;
    for (const auto type :
         {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
        async_subject subject(make());
        if (!check.that(subject.prepare(), "a first call completes")) return;
        subject.each([&](const auto& call) {
            for (int i = 0; i < 20; ++i) {
                answers got(call);
                call.start(got.cancellable());
                got.cancel(type);
                if (!check.that(got.run(), "a call that was cancelled completes")) return;
                check.that(call.right(*got.first()) || is_cancelled(*got.first()),
                           "with cancelled, or with its own answer");
            }
        });
        if constexpr (asio::AsyncStore<decltype(make())>) commits_cancelled(subject, type, check);
    }
}

template <class Make>
void dropped(Make& make, checker& check) {
    if constexpr (requires(boost::asio::any_io_executor where) { make.on(where); }) {
        auto context = std::make_unique<boost::asio::io_context>();
        async_subject subject(make.on(context->get_executor()));
        std::vector<std::weak_ptr<int>> held;
        int calls = 0;
        subject.each([&](const auto& call) {
            auto mine = std::make_shared<int>(0);
            held.emplace_back(mine);
            call.start([mine = std::move(mine), &calls](auto&&) { ++calls; });
        });
        const int before = calls;
        context.reset();
        check.that(calls == before, "a context that is destroyed calls no handler");
        for (const auto& one : held)
            check.that(one.expired(), "and drops each that waits");
    } else {
        check.not_applicable("N4: make has no on(executor)");
    }
}

} // namespace async_laws_detail

/// The laws N1 to N4 of AsyncStore and AsyncKeyProvider as checks; use threads.
template <class Make>
inline constexpr std::array<law<Make>, 4> async_laws{{
    {"N1 arguments are taken by value", &async_laws_detail::by_value<Make>},
    {"N2 a handler is called once, later, on its executor",
     &async_laws_detail::once_on_its_executor<Make>},
    {"N3 what was cancelled says so, or how it truly ended", &async_laws_detail::cancelled<Make>},
    {"N4 a context that is destroyed drops the handlers that wait",
     &async_laws_detail::dropped<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
