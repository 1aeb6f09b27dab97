// SPDX-License-Identifier: BSL-1.0
#include <coffer/asio/run.hpp>

#include "support/algorithm_world.hpp"
#include "support/async_fakes.hpp"
#include "support/catch.hpp"

#include <coffer/asio/lift.hpp>
#include <coffer/testing/faulty_store.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <thread>

using namespace coffer;
using namespace coffer_test;
namespace edits = coffer::algorithm::edits;
using boost::asio::cancellation_type;

namespace {

/// Ends at once, without asking for anything.
struct ends_at_once {
    using value_type = int;
    using action = std::variant<algorithm::pause, result<int>>;
    auto start() -> action { return result<int>(7); }
    auto on(result<void>) -> action { return result<int>(errc::unsupported); }
};
/// Asks for pauses until one is cut short, or three have passed.
struct pauses {
    using value_type = int;
    using action = std::variant<algorithm::pause, result<int>>;
    int count = 0;
    std::chrono::milliseconds each{1};
    auto start() -> action { return algorithm::pause{each}; }
    auto on(result<void> answer) -> action {
        if (!answer) return result<int>(answer.error());
        if (++count == 3) return result<int>(count);
        return algorithm::pause{each};
    }
};

/// A put on a world that is there, and what a test watches of it.
struct put_run {
    algorithm_world w{};
    boost::asio::io_context io{};
    async_fake_store store{io.get_executor(), w.store};
    async_fake_keys keys{io.get_executor(), w.keys};
    boost::asio::cancellation_signal signal{};
    shown_edit edit = put({}, {{"TOKEN", "new"}});
    std::optional<result<algorithm::transacted<test_cipher>>> end{};

    put_run() {
        REQUIRE(w.change({show(edits::make_scope{{}, "{}", "t", false})}, {.create = true}));
    }

    void start() {
        asio::async_run(
            std::make_unique<test_transact>(w.cipher, w.of, nullptr, std::nullopt, w.time,
                                            std::vector<algorithm::queued_edit*>{edit.edit.get()},
                                            algorithm::transact_options{}),
            store, keys, boost::asio::bind_cancellation_slot(signal.slot(), [this](auto answer) {
                REQUIRE(!end);
                end = std::move(answer);
            }));
    }
    /// Runs all that can run without waiting.
    void poll() {
        io.restart();
        while (io.poll() != 0) {
        }
    }
    auto code() const -> std::optional<errc> {
        REQUIRE(end);
        return *end ? std::nullopt : std::optional(end->error().code);
    }
    auto is_written() const -> bool { return w.dump().find("TOKEN") != std::string::npos; }
};

template <class T>
struct counting_allocator {
    using value_type = T;
    int* count;
    explicit counting_allocator(int& n) : count(&n) {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) : count(other.count) {}
    auto allocate(std::size_t n) -> T* { return ++*count, std::allocator<T>{}.allocate(n); }
    void deallocate(T* p, std::size_t n) { std::allocator<T>{}.deallocate(p, n); }
    friend auto operator==(const counting_allocator& a, const counting_allocator& b) -> bool {
        return a.count == b.count;
    }
};

const auto any_cancellation = {cancellation_type::terminal, cancellation_type::partial,
                               cancellation_type::total};

} // namespace

TEST_CASE(
    "async_run never completes inside the initiating call, even if there is nothing to wait for",
    "[asio]") {
    put_run r;
    int got = 0;
    asio::async_run(std::make_unique<ends_at_once>(), r.store, r.keys,
                    [&](result<int> answer) { got = answer.value(); });
    CHECK(got == 0);
    r.io.run();
    CHECK(got == 7);
}

TEST_CASE("a pause of an algorithm is waited for, and cut short by cancelling", "[asio]") {
    put_run r;
    std::optional<result<int>> got;
    asio::async_run(std::make_unique<pauses>(), r.store, r.keys,
                    [&](result<int> answer) { got = answer; });
    r.io.run();
    CHECK(got->value() == 3);

    auto long_ones = std::make_unique<pauses>();
    long_ones->each = std::chrono::hours(1);
    asio::async_run(std::move(long_ones), r.store, r.keys,
                    boost::asio::bind_cancellation_slot(r.signal.slot(),
                                                        [&](result<int> answer) { got = answer; }));
    r.poll();
    CHECK(got->value() == 3);
    r.signal.emit(cancellation_type::total);
    r.poll();
    CHECK(got->error() == errc::cancelled);
}

TEST_CASE("cancelled before the commit was sent, nothing is sent", "[asio]") {
    for (const auto type : any_cancellation) {
        // At each call in turn, of the store and of the key side.
        for (std::size_t n = 0;; ++n) {
            put_run at;
            at.store.loads.shut();
            at.keys.calls.shut();
            at.store.commits.shut();
            at.start();
            at.poll();
            for (std::size_t i = 0; i < n; ++i) {
                if (!at.store.loads.let_one() && !at.keys.calls.let_one()) break;
                at.poll();
            }
            if (at.store.commits.waiting() != 0) {
                CHECK(n > 3);
                break;
            }
            REQUIRE(!at.end);
            at.signal.emit(type);
            at.poll();
            if (!at.end) { // an anchor that is being written is waited for
                at.keys.calls.open();
                at.poll();
            }
            CHECK(at.code() == errc::cancelled);
            CHECK(at.store.commits.waiting() == 0);
            CHECK_FALSE(at.is_written());
        }
    }
}

TEST_CASE("a commit in flight is waited for when its run is cancelled, and its success wins",
          "[asio]") {
    for (const auto type : any_cancellation) {
        put_run r;
        r.store.commits.shut();
        r.start();
        r.poll();
        REQUIRE(r.store.commits.waiting() == 1);
        r.signal.emit(type);
        r.poll();
        CHECK_FALSE(r.end);
        r.signal.emit(type); // an impatient caller changes nothing
        r.poll();
        CHECK_FALSE(r.end);
        r.store.commits.open();
        r.poll();
        CHECK(r.code() == std::nullopt);
        CHECK(r.is_written());
        // Acknowledged means remembered.
        CHECK(r.w.keys.recall(r.w.of.realm, r.w.of.environment).value() ==
              r.w.newest()->head.mark_of());
    }
}

TEST_CASE("a commit in flight that loses its race after the cancelling ends as cancelled",
          "[asio]") {
    put_run r;
    r.store.commits.shut();
    r.start();
    r.poll();
    REQUIRE(r.w.change({put({}, {{"OTHER", "o"}})}));
    r.signal.emit(cancellation_type::terminal);
    r.store.commits.open();
    r.poll();
    CHECK(r.code() == errc::cancelled);
    CHECK_FALSE(r.is_written());
}

TEST_CASE("a commit in flight whose outcome stays open after the cancelling is outcome_unknown",
          "[asio]") {
    for (const auto fault :
         {testing::fault::unknown_written, testing::fault::unknown_not_written}) {
        put_run r;
        testing::faulty_store faulty(r.w.store);
        faulty.fail(1, fault, testing::call::commit);
        r.store.held = faulty;
        r.store.commits.shut();
        r.start();
        r.poll();
        const auto loads = faulty.loads();
        r.signal.emit(cancellation_type::terminal);
        r.store.commits.open();
        r.poll();
        CHECK(r.code() == errc::outcome_unknown);
        CHECK(faulty.commits() == 1);
        CHECK(faulty.loads() == loads);
    }
}

TEST_CASE("async_run calls its handler on the handler's executor, and allocates with its allocator",
          "[asio]") {
    algorithm_world w;
    boost::asio::io_context io; // outlives the pool, which completes on it
    boost::asio::thread_pool pool(1);
    auto store = asio::lift(pool, w.store);
    auto keys = asio::lift(pool, w.keys);
    int allocations = 0;
    std::thread::id on;
    asio::async_run(
        std::make_unique<test_refresh>(w.cipher, w.of, nullptr, std::nullopt), store, keys,
        boost::asio::bind_allocator(counting_allocator<char>(allocations),
                                    boost::asio::bind_executor(io, [&](result<test_snapshot>) {
                                        on = std::this_thread::get_id();
                                    })));
    io.run();
    CHECK(on == std::this_thread::get_id());
    CHECK(allocations > 0);
}

TEST_CASE("a context that goes away with a run in it drops the run and what it holds", "[asio]") {
    const auto alive = std::make_shared<int>(0);
    {
        put_run r;
        r.store.loads.shut();
        asio::async_run(std::make_unique<test_refresh>(r.w.cipher, r.w.of, nullptr, std::nullopt),
                        r.store, r.keys, [alive](result<test_snapshot>) {
                            FAIL("the handler of a dropped run was called");
                        });
        CHECK(alive.use_count() == 2);
    }
    CHECK(alive.use_count() == 1);
}
