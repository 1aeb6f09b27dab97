// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/flights.hpp>

#include "support/catch.hpp"

#include <coffer/detail/write_queue.hpp>

#include <atomic>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace coffer;
using coffer::detail::flight;
using coffer::detail::flights;

namespace {

struct waiter final : coffer::detail::flight_waiter {
    std::optional<flight> leads{};
    std::optional<result<void>> told{};
    void lead(flight&& mine) override { leads.emplace(std::move(mine)); }
    void landed(const result<void>& outcome) override { told = outcome; }
};
struct writer final : coffer::detail::write_waiter {
    coffer::detail::waiting_write entry{};
    std::optional<coffer::detail::write_batch> leads{};
    std::optional<result<void>> told{};
    void lead(coffer::detail::write_batch&& batch) override { leads.emplace(std::move(batch)); }
    void written(const result<void>& outcome) override { told = outcome; }
};
auto queue(coffer::detail::write_queue& q, bool create = false) -> std::shared_ptr<writer> {
    auto w = std::make_shared<writer>();
    w->entry.create = create;
    w->entry.waiter = w;
    q.join(w->entry);
    return w;
}

} // namespace

TEST_CASE("who comes while a flight is under way waits for the next one", "[flights]") {
    flights all;
    const auto first = std::make_shared<waiter>();
    const auto second = std::make_shared<waiter>();
    const auto third = std::make_shared<waiter>();
    all.join(first);
    REQUIRE(first->leads);
    all.join(second);
    all.join(third);
    CHECK_FALSE(second->leads);
    first->leads->ends_with(errc::denied);
    first->leads.reset();
    CHECK(first->told->error() == errc::denied);
    CHECK_FALSE(second->told);
    REQUIRE(second->leads);
    CHECK_FALSE(third->leads);
    second->leads->ends_with({});
    second->leads.reset();
    CHECK(second->told->has_value());
    CHECK(third->told->has_value());
}

TEST_CASE("a flight that is dropped is unavailable to all, and the next one starts", "[flights]") {
    flights all;
    const auto first = std::make_shared<waiter>();
    const auto second = std::make_shared<waiter>();
    all.join(first);
    all.join(second);
    first->leads.reset();
    CHECK(first->told->error() == errc::unavailable);
    CHECK(second->leads);
    second->leads.reset();
    CHECK(all.share([] { return result<void>(); }));
    CHECK_THROWS_AS(all.share([]() -> result<void> { throw std::runtime_error("no memory"); }),
                    std::runtime_error);
    CHECK(all.share([] { return result<void>(errc::stale); }).error() == errc::stale);
}

TEST_CASE("a waiter that throws instead of leading drops the flight, and the next one starts",
          "[flights]") {
    struct no_memory final : coffer::detail::flight_waiter {
        std::optional<result<void>> told{};
        void lead(flight&& mine) override {
            const auto dropped = std::move(mine);
            throw std::bad_alloc();
        }
        void landed(const result<void>& outcome) override { told = outcome; }
    };
    flights all;
    const auto first = std::make_shared<waiter>();
    const auto second = std::make_shared<no_memory>();
    all.join(first);
    CHECK(all.is_flying());
    all.join(second);
    first->leads.reset(); // the second would lead, within a destructor
    CHECK(first->told->error() == errc::unavailable);
    CHECK(second->told->error() == errc::unavailable);
    CHECK_FALSE(all.is_flying());
    const auto third = std::make_shared<no_memory>();
    all.join(third);
    CHECK(third->told->error() == errc::unavailable);
    CHECK(all.share([] { return result<void>(); }));
}

TEST_CASE("a waiter that throws when it is told keeps no other from being told", "[flights]") {
    struct thrower final : coffer::detail::flight_waiter {
        bool told = false;
        void lead(flight&&) override {}
        void landed(const result<void>&) override {
            told = true;
            throw std::runtime_error("a handler's");
        }
    };
    flights all;
    const auto first = std::make_shared<waiter>();
    const auto second = std::make_shared<waiter>();
    const auto third = std::make_shared<thrower>();
    const auto fourth = std::make_shared<waiter>();
    all.join(first);
    all.join(second);
    all.join(third);
    all.join(fourth);
    first->leads.reset();
    REQUIRE(second->leads);
    second->leads->ends_with({});
    second->leads.reset(); // tells them within a destructor
    CHECK(second->told->has_value());
    CHECK(third->told);
    CHECK(fourth->told->has_value());
    CHECK_FALSE(all.is_flying());
}

TEST_CASE("threads and waiters share flights, of which each begins after the call", "[flights]") {
    flights all;
    std::atomic<int> state{0};
    std::atomic<int> seen{0};
    std::vector<std::thread> threads;
    std::atomic<int> old{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                const auto before = ++state;
                (void)all.share([&] {
                    seen = state.load();
                    return result<void>();
                });
                if (seen.load() < before) ++old;
            }
        });
    for (auto& t : threads)
        t.join();
    CHECK(old == 0);
}

TEST_CASE(
    "the writes that wait go into one batch, of those that may create or of those that may not",
    "[flights]") {
    coffer::detail::write_queue q;
    const auto first = queue(q);
    REQUIRE(first->leads);
    const auto second = queue(q, true);
    const auto third = queue(q, true);
    const auto fourth = queue(q);
    first->leads->ends_with(errc::conflict);
    first->leads.reset();
    CHECK(first->told->error() == errc::conflict);
    REQUIRE(second->leads);
    CHECK(second->leads->create());
    CHECK(second->leads->edits().size() == 2);
    second->leads->ends_with({});
    second->leads.reset();
    CHECK(second->told->has_value());
    CHECK(third->told->has_value());
    CHECK_FALSE(fourth->told);
    REQUIRE(fourth->leads);
    fourth->leads.reset(); // dropped: nobody knows
    CHECK(fourth->told->error() == errc::outcome_unknown);
}

TEST_CASE("a write that commits alone shares its outcome with no other", "[flights]") {
    struct edit final : coffer::algorithm::queued_edit {
        bool alone = true;
        auto apply(coffer::tree::draft&) -> bool override { return true; }
        auto is_alone() const noexcept -> bool override { return alone; }
    };
    edit mine;
    edit others;
    others.alone = false;
    coffer::detail::write_queue q;
    const auto with = [&](edit& what) {
        auto w = std::make_shared<writer>();
        w->entry.edit = &what;
        w->entry.waiter = w;
        q.join(w->entry);
        return w;
    };
    const auto under_way = queue(q);
    const std::vector all{with(others), with(mine), with(mine), with(others), with(others)};
    std::vector<std::size_t> sizes;
    under_way->leads.reset();
    for (const auto& w : all)
        if (w->leads) {
            sizes.push_back(w->leads->edits().size());
            w->leads->ends_with(w->entry.edit == &mine ? result<void>(errc::key_disabled)
                                                       : result<void>());
            w->leads.reset();
        }
    CHECK(sizes == std::vector<std::size_t>{1, 1, 1, 2});
    for (const auto& w : all)
        CHECK(w->told->has_value() == (w->entry.edit == &others));
}

TEST_CASE("writes that are too large together are each tried by itself", "[flights]") {
    coffer::detail::write_queue q;
    const auto under_way = queue(q);
    const std::vector all{queue(q), queue(q), queue(q)};
    const auto later = queue(q);
    under_way->leads.reset();
    std::vector<std::size_t> sizes;
    const auto end_next = [&](const result<void>& outcome) {
        for (const auto& w : {all[0], all[1], all[2], later})
            if (auto batch = std::exchange(w->leads, std::nullopt)) {
                sizes.push_back(batch->edits().size());
                batch->ends_with(outcome);
                return;
            }
    };
    end_next(errc::too_large);
    CHECK_FALSE(all[0]->told);
    end_next({});
    end_next(errc::too_large);
    end_next({});
    end_next({});
    CHECK(sizes == std::vector<std::size_t>{4, 1, 1, 1, 1});
    CHECK(all[0]->told->has_value());
    CHECK(all[1]->told->error() == errc::too_large);
    CHECK(all[2]->told->has_value());
    CHECK(later->told->has_value());
}

TEST_CASE("a write is taken back from the queue, not from a commit", "[flights]") {
    coffer::detail::write_queue q;
    const auto first = queue(q);
    const auto second = queue(q);
    const auto third = queue(q);
    CHECK_FALSE(q.withdraw(first->entry));
    CHECK(q.withdraw(second->entry));
    first->leads.reset();
    CHECK_FALSE(second->leads);
    CHECK(third->leads);
    third->leads.reset();
    CHECK(first.use_count() == 1); // nobody holds on to those that were told
    CHECK(third.use_count() == 1);
}

TEST_CASE("a thread and a waiter commit for each other", "[flights]") {
    coffer::detail::write_queue q;
    const auto first = queue(q);
    coffer::detail::waiting_write mine;
    std::optional<result<void>> outcome;
    std::thread thread(
        [&] { outcome = q.write(mine, [](auto&&, bool) { return result<void>(errc::denied); }); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50)); // it waits for the first one's
    first->leads->ends_with({});
    first->leads.reset();
    thread.join();
    CHECK(first->told->has_value());
    CHECK(outcome->error() == errc::denied); // nobody waits without a thread: it leads itself
}

TEST_CASE("a leader whose commit throws is in no queue after it, and those it led are told",
          "[flights]") {
    coffer::detail::write_queue q;
    auto first = queue(q);
    coffer::detail::waiting_write other; // of a thread that has not woken yet
    other.create = true;
    q.join(other);
    first->leads->ends_with({});
    first->leads.reset();
    coffer::detail::waiting_write mine; // not one of those it leads: they may create
    const auto no_memory = [](auto&&, bool) -> result<void> { throw std::bad_alloc(); };
    CHECK_THROWS_AS(q.write(mine, no_memory), std::bad_alloc);
    CHECK(other.ended);
    CHECK(other.outcome.error() == errc::outcome_unknown);
    CHECK_FALSE(mine.ended);
    CHECK_FALSE(q.withdraw(mine)); // out of the queue: its memory is the caller's again
    CHECK_THROWS_AS(q.write(mine, no_memory), std::bad_alloc); // one that it leads itself
    CHECK(mine.ended);

    coffer::detail::waiting_write later;
    std::size_t edits = 0;
    CHECK(q.write(later, [&](auto&& all, bool) {
        edits = all.size();
        return result<void>();
    }));
    CHECK(edits == 1);
}

TEST_CASE("a waiter that throws instead of leading drops the writes, and the queue goes on",
          "[flights]") {
    struct no_memory final : coffer::detail::write_waiter {
        coffer::detail::waiting_write entry{};
        std::optional<result<void>> told{};
        void lead(coffer::detail::write_batch&& batch) override {
            const auto mine = std::move(batch);
            throw std::bad_alloc();
        }
        void written(const result<void>& outcome) override { told = outcome; }
    };
    coffer::detail::write_queue q;
    const auto first = queue(q);
    const auto second = std::make_shared<no_memory>();
    second->entry.waiter = second;
    q.join(second->entry);
    first->leads.reset();
    CHECK(second->told->error() == errc::outcome_unknown);
    const auto third = std::make_shared<no_memory>();
    third->entry.waiter = third;
    q.join(third->entry);
    CHECK(third->told->error() == errc::outcome_unknown);
    const auto last = queue(q);
    REQUIRE(last->leads);
    last->leads.reset(); // it holds itself until it was told
}

TEST_CASE("a writer that throws when it is told keeps no other from being told", "[flights]") {
    struct thrower final : coffer::detail::write_waiter {
        coffer::detail::waiting_write entry{};
        bool told = false;
        void lead(coffer::detail::write_batch&&) override {}
        void written(const result<void>&) override {
            told = true;
            throw std::runtime_error("a handler's");
        }
    };
    coffer::detail::write_queue q;
    const auto first = queue(q);
    const auto second = queue(q);
    const auto third = std::make_shared<thrower>();
    third->entry.waiter = third;
    q.join(third->entry);
    const auto fourth = queue(q);
    first->leads.reset();
    REQUIRE(second->leads);
    CHECK(second->leads->edits().size() == 3);
    second->leads->ends_with({});
    second->leads.reset(); // tells them within a destructor
    CHECK(second->told->has_value());
    CHECK(third->told);
    CHECK(fourth->told->has_value());
    CHECK(third.use_count() == 1);
    const auto last = queue(q);
    CHECK(last->leads);
    last->leads.reset();
}
