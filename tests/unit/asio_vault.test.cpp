// SPDX-License-Identifier: BSL-1.0
// async_at and its like over stores and keys that never block.
#include <coffer/asio/vault.hpp>

#include "support/async_fakes.hpp"
#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/fake_key_provider.hpp>
#include <coffer/testing/faulty_store.hpp>
#include <coffer/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/execution.hpp>

#include <stdexcept>
#include <thread>

using namespace coffer;
using namespace coffer_test;
using boost::asio::cancellation_type;

namespace {

using native_policy = policy<asio::blocking_store<async_fake_store>, cryptopp::aes_256_gcm,
                             asio::blocking_keys<async_fake_keys>>;

/// A vault over native asynchronous models whose context a test runs step by step. What was there
/// before is made through a second, synchronous look at the same store by `ready`.
struct native_vault {
    testing::manual_clock time{};
    testing::faulty_store<memory::store> faulty{memory::store{}};
    testing::fake_key_provider inner_keys{};
    boost::asio::io_context io{};
    async_fake_store store{io.get_executor(), faulty};
    async_fake_keys keys{io.get_executor(), inner_keys};
    vault<native_policy> v;

    explicit native_vault(options with = {})
        : v(asio::block_on(store), {}, asio::block_on(keys), [&] {
              with.time = &time;
              return std::move(with);
          }()) {
        auto work = boost::asio::make_work_guard(io);
        std::thread runs([this] { io.run(); });
        const auto made = v.ensure_space({.environment = "env", .space = "acme"});
        const auto put = v.put({.environment = "env"}, "TOKEN", "one");
        work.reset();
        runs.join();
        io.restart();
        REQUIRE(made);
        REQUIRE(put);
    }
    void poll() {
        io.restart();
        while (io.poll() != 0) {
        }
    }
    /// A call in the background: its answer as soon as there is one.
    template <class Result>
    struct waiting {
        std::shared_ptr<std::optional<Result>> answer = std::make_shared<std::optional<Result>>();
        std::shared_ptr<boost::asio::cancellation_signal> signal =
            std::make_shared<boost::asio::cancellation_signal>();
        auto handler() const {
            return boost::asio::bind_cancellation_slot(signal->slot(), [held = answer](Result got) {
                REQUIRE(!held->has_value());
                held->emplace(std::move(got));
            });
        }
        auto ended() const -> bool { return answer->has_value(); }
        auto get() const -> Result& { return answer->value(); }
    };
    auto get(std::string_view name = "TOKEN", context where = {.environment = "env"})
        -> waiting<result<secret>> {
        waiting<result<secret>> w;
        asio::async_get(v, where, name, w.handler());
        CHECK_FALSE(w.ended()); // never within the call
        return w;
    }
    auto put(std::string_view name, std::string_view value, context where = {.environment = "env"},
             const write_options& with = {}) -> waiting<result<written>> {
        waiting<result<written>> w;
        asio::async_put(v, where, name, value, with, w.handler());
        CHECK_FALSE(w.ended());
        return w;
    }
};

/// Calls at once what is posted to it, on whatever thread that is.
struct at_once {
    boost::asio::io_context* of = nullptr;

    auto query(boost::asio::execution::context_t) const noexcept
        -> boost::asio::execution_context& {
        return *of;
    }
    auto require(boost::asio::execution::blocking_t::never_t) const noexcept -> at_once {
        return *this; // which it is not
    }
    template <class F>
    void execute(F&& f) const {
        std::forward<F>(f)();
    }
    friend auto operator==(const at_once&, const at_once&) noexcept -> bool = default;
};

auto shown(const result<secret>& r) -> std::string {
    return std::string(r ? r->expose_secret() : to_string(r.error().code));
}

} // namespace

TEST_CASE("async_get answers what the resolver would", "[asio]") {
    native_vault n;
    const auto inherited = n.get("TOKEN", {.environment = "env", .space = "acme"});
    const auto none = n.get("NONE");
    const auto space = n.get("TOKEN", {.environment = "env", .space = "typo"});
    const auto environment = n.get("TOKEN", {.environment = "typo"});
    const auto no_context = n.get("TOKEN", {});
    const auto no_name = n.get("");
    const auto system = n.get("TOKEN", {.environment = "coffer.system"});
    n.poll();
    CHECK(shown(inherited.get()) == "one");
    CHECK(shown(none.get()) == "not_found");
    CHECK(shown(space.get()) == "unknown_scope");
    CHECK(shown(environment.get()) == "unknown_scope");
    CHECK(shown(no_context.get()) == "invalid_argument");
    CHECK(shown(no_name.get()) == "invalid_argument");
    CHECK(shown(system.get()) == "not_found");
}

TEST_CASE("async_at of a registered environment that lost its head is tampered", "[asio]") {
    native_vault n;
    memory::store emptied;
    testing::faulty_store other(emptied);
    // A new process over a store in which only the registry was left.
    const auto registry = format::partition_name(cryptopp::aes_256_gcm{}, "", "coffer.system");
    const auto all = n.faulty.list(registry).value();
    std::vector<object_write> writes;
    for (const auto& [key, value] : all.entries)
        writes.push_back({key, value});
    REQUIRE(emptied.commit(registry, {}, all.at, writes).value() == commit_outcome::committed);
    auto store = n.store;
    store.held = other;
    vault<native_policy> second(
        asio::block_on(store), {},
        asio::block_on(async_fake_keys{n.io.get_executor(), testing::fake_key_provider{}}),
        {.time = &n.time});
    std::optional<errc> read;
    std::optional<errc> write;
    asio::async_at(second, {.environment = "env"}, [&](result<view> v) { read = v.error().code; });
    asio::async_put(second, {.environment = "env"}, "A", "a",
                    [&](result<written> w) { write = w.error().code; });
    n.poll();
    CHECK(read == errc::tampered);
    CHECK(write == errc::tampered);
}

TEST_CASE("async_at and async_put say of a store of another realm what at and put say", "[asio]") {
    native_vault w;
    testing::fake_key_provider unanchored{};
    const async_fake_keys fresh_keys{w.io.get_executor(), unanchored};
    const auto ask = [&](async_fake_store store, std::string realm, std::string_view id = "env") {
        options with;
        with.realm = std::move(realm);
        with.time = &w.time;
        vault<native_policy> v(asio::block_on(store), {},
                               asio::block_on(id == "env" ? w.keys : fresh_keys), std::move(with));
        std::optional<errc> read;
        std::optional<errc> written;
        asio::async_at(v, {.environment = id},
                       [&](result<view> got) { read = got ? errc{} : got.error().code; });
        asio::async_put(v, {.environment = id}, "TOKEN", "v",
                        [&](auto got) { written = got ? errc{} : got.error().code; });
        w.poll();
        REQUIRE(read);
        REQUIRE(written);
        CHECK(*read == *written);
        return *read;
    };
    CHECK(ask(w.store, "staging") == errc::foreign);
    CHECK(ask(w.store, {}) == errc{});
    testing::faulty_store<memory::store> empty{memory::store{}};
    const async_fake_store fresh{w.io.get_executor(), empty};
    CHECK(ask(fresh, "staging") == errc::unknown_scope);
    // A store of this realm that has lost its registry is not another's.
    auto own = memory::store{};
    for (const auto& partition : w.faulty.partitions().value()) {
        if (partition.starts_with("coffer-system")) continue;
        std::vector<object_write> all;
        const auto held = w.faulty.list(partition).value();
        for (const auto& [key, value] : held.entries)
            all.push_back({key, value});
        REQUIRE(own.commit(partition, revision{}, held.at, all));
    }
    testing::faulty_store<memory::store> mine{own};
    CHECK(ask(async_fake_store{w.io.get_executor(), mine}, {}, "none") == errc::unknown_scope);
    CHECK(ask(async_fake_store{w.io.get_executor(), mine}, "staging", "none") == errc::foreign);
}

TEST_CASE("readers who ask at the same time share one look, which begins after they asked",
          "[asio]") {
    native_vault n;
    const auto before = n.faulty.loads();
    n.store.loads.shut();
    const auto first = n.get();
    CHECK(n.store.loads.waiting() == 1);
    const auto second = n.get();
    const auto third = n.get("TOKEN", {.environment = "env", .space = "acme"});
    CHECK(n.store.loads.waiting() == 1); // the others wait for one that begins later
    CHECK(n.store.loads.let_one());
    n.poll();
    CHECK(first.ended());
    CHECK_FALSE(second.ended());
    CHECK(n.store.loads.waiting() == 1);
    n.store.loads.open();
    n.poll();
    CHECK(shown(second.get()) == "one");
    CHECK(shown(third.get()) == "one");
    CHECK(n.faulty.loads() == before + 2);
}

TEST_CASE("what was committed before async_at was called is seen, whatever look is under way",
          "[asio]") {
    native_vault n;
    n.store.loads.shut();
    const auto early = n.get();
    // The look of `early` has its answer from before the write, and is told only after it.
    vault<native_policy> other(asio::block_on(async_fake_store{n.io.get_executor(), n.faulty}), {},
                               asio::block_on(async_fake_keys{n.io.get_executor(), n.inner_keys}),
                               {.time = &n.time});
    bool written_by_other = false;
    asio::async_put(other, {.environment = "env"}, "TOKEN", "two",
                    [&](result<written> w) { written_by_other = w.has_value(); });
    n.poll();
    REQUIRE(written_by_other);
    const auto late = n.get();
    n.store.loads.open();
    n.poll();
    CHECK(early.ended());
    CHECK(shown(late.get()) == "two");
}

TEST_CASE("cancelling one reader leaves the look to the others", "[asio]") {
    for (const auto type :
         {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
        native_vault n;
        n.store.loads.shut();
        const auto first = n.get();
        const auto second = n.get();
        const auto third = n.get();
        first.signal->emit(type);
        third.signal->emit(type);
        n.poll();
        CHECK(shown(first.get()) == "cancelled");
        CHECK(shown(third.get()) == "cancelled");
        CHECK_FALSE(second.ended());
        n.store.loads.open();
        n.poll();
        CHECK(shown(second.get()) == "one");
    }
}

TEST_CASE("a recent look is not repeated, and a store that is away is stood in for", "[asio]") {
    native_vault n({.recheck_after = std::chrono::seconds(10)});
    n.time.advance(std::chrono::seconds(11));
    auto got = n.get();
    n.poll();
    const auto loads = n.faulty.loads();
    got = n.get();
    n.poll();
    CHECK(shown(got.get()) == "one");
    CHECK(n.faulty.loads() == loads);

    n.time.advance(std::chrono::seconds(11));
    n.faulty.fail(1, testing::fault::unavailable);
    got = n.get();
    n.poll();
    REQUIRE(got.get());
    CHECK(got.get()->fresh().stale);

    n.time.advance(std::chrono::minutes(6));
    n.faulty.fail(1, testing::fault::unavailable);
    got = n.get();
    n.poll();
    CHECK(shown(got.get()) == "unavailable");
}

TEST_CASE("a store that hangs keeps one reader waiting, not all", "[asio]") {
    native_vault n({.recheck_after = std::chrono::seconds(10)});
    n.time.advance(std::chrono::seconds(11));
    auto got = n.get();
    n.poll();
    n.time.advance(std::chrono::seconds(11));
    n.faulty.fail(1, testing::fault::unavailable);
    got = n.get(); // finds out
    n.poll();
    REQUIRE(got.get()->fresh().stale);

    n.store.loads.shut();
    const auto one = n.get();
    const auto other = n.get("TOKEN", {.environment = "env", .space = "acme"});
    n.poll();
    CHECK_FALSE(one.ended());
    REQUIRE(other.ended());
    REQUIRE(other.get());
    CHECK(other.get()->fresh().stale);
    n.store.loads.open();
    n.poll();
    REQUIRE(one.get());
    CHECK_FALSE(one.get()->fresh().stale);
    got = n.get();
    n.poll();
    CHECK_FALSE(got.get()->fresh().stale);
}

TEST_CASE("async_put, async_erase and async_apply write what their synchronous twins would",
          "[asio]") {
    native_vault n;
    const auto put = n.put("TOKEN", "two");
    const auto unknown = n.put("TOKEN", "x", {.environment = "typo"});
    const auto space = n.put("TOKEN", "x", {.environment = "env", .space = "typo"});
    const auto no_name = n.put("", "x");
    const auto system = n.put("TOKEN", "x", {.environment = "coffer.system"});
    const auto stale = n.put("TOKEN", "x", {.environment = "env"}, {.if_version = 9});
    n.poll();
    CHECK(put.get()->version == 2);
    CHECK(unknown.get().error() == errc::unknown_scope);
    CHECK(space.get().error() == errc::unknown_scope);
    CHECK(no_name.get().error() == errc::invalid_argument);
    CHECK(system.get().error() == errc::invalid_argument);
    CHECK(stale.get().error() == errc::conflict);

    std::optional<result<written>> erased;
    std::optional<result<bool>> made;
    asio::async_erase(n.v, {.environment = "env"}, "TOKEN", [&](result<written> w) { erased = w; });
    asio::async_apply(n.v, "env", algorithm::edits::make_scope{{"new", {}, {}}, "{}", "t", true},
                      [&](result<bool> b) { made = b; });
    n.poll();
    CHECK((*erased)->version == 3);
    CHECK(made->value());
    const auto gone = n.get();
    const auto there = n.get("NONE", {.environment = "env", .space = "new"});
    n.poll();
    CHECK(shown(gone.get()) == "not_found");
    CHECK(shown(there.get()) == "not_found"); // and not unknown_scope
}

TEST_CASE("every write of a vault has an asynchronous twin", "[asio]") {
    native_vault n;
    const context env{.environment = "env"};
    const context acme{.environment = "env", .space = "acme"};
    std::optional<result<written>> last;
    const auto keep = [&](result<written> w) { last = std::move(w); };
    const auto of = [&](context where) {
        n.poll();
        REQUIRE(last);
        REQUIRE(last->has_value());
        const auto got = n.get("TOKEN", where);
        n.poll();
        return shown(got.get());
    };
    const std::string first = "one";
    asio::async_hide(n.v, acme, "TOKEN", keep);
    CHECK(of(acme) == "not_found");
    asio::async_show(n.v, acme, "TOKEN", keep);
    CHECK(of(acme) == first);
    asio::async_erase(n.v, env, "TOKEN", {.if_version = 1}, keep);
    CHECK(of(env) == "not_found");
    asio::async_undelete(n.v, env, "TOKEN", keep);
    CHECK(of(env) == first);
    asio::async_rollback(n.v, env, "TOKEN", 1, keep);
    CHECK(of(env) == first);
    CHECK((*last)->version == 4);
    std::optional<result<std::vector<written>>> many;
    std::vector<change> changes;
    change put{.name = "TOKEN", .value = {}, .with = {}};
    const auto both = as_bytes("both");
    put.value.assign(both.begin(), both.end());
    changes.push_back(std::move(put));
    changes.push_back({.kind = change_kind::hide, .name = "OTHER", .value = {}, .with = {}});
    asio::async_change_many(n.v, acme, std::move(changes), [&](auto w) { many = std::move(w); });
    n.poll();
    CHECK(many->value().size() == 2);
    CHECK(of(acme) == "both");

    for (const auto* const name : {"", "\xff"}) { // no edit reaches the tree with either
        asio::async_hide(n.v, acme, name, keep);
        n.poll();
        CHECK(last->error() == errc::invalid_argument);
    }
}

TEST_CASE("an edit that sets what no reader takes is refused, and nothing is lost", "[asio]") {
    native_vault n;
    const auto commits = n.faulty.commits();
    const std::string long_id(256, 'i');
    for (const format::entry_key& key :
         {format::entry_key{"acme", "", "\xff"}, format::entry_key{long_id, "", "TOKEN"},
          format::entry_key{"", long_id, "TOKEN"},
          format::entry_key{"", "", std::string(4097, 'n')}}) {
        std::optional<result<written>> done;
        asio::async_apply(n.v, "env", algorithm::edits::hide{key, {}, "", true},
                          [&](result<written> w) { done = w; });
        n.poll();
        CHECK(done->error() == errc::invalid_argument);
    }
    std::optional<result<written>> done;
    asio::async_apply(n.v, "env", algorithm::edits::hide{{"", "", "TOKEN"}, {}, long_id, true},
                      [&](result<written> w) { done = w; }); // an author
    n.poll();
    CHECK(done->error() == errc::invalid_argument);
    CHECK(n.faulty.commits() == commits);
}

TEST_CASE("writers who wait go into one commit", "[asio]") {
    native_vault n;
    const auto commits = n.faulty.commits();
    n.store.commits.shut();
    const auto first = n.put("A", "a");
    n.poll();
    REQUIRE(n.store.commits.waiting() == 1);
    std::vector<native_vault::waiting<result<written>>> rest;
    for (int i = 0; i < 20; ++i)
        rest.push_back(n.put("B" + std::to_string(i), "b"));
    const auto refused = n.put("A", "x", {.environment = "env"}, {.if_version = 7});
    n.poll();
    CHECK(n.store.commits.waiting() == 1);
    n.store.commits.open();
    n.poll();
    CHECK(first.get());
    for (const auto& w : rest)
        CHECK(w.get());
    CHECK(refused.get().error() == errc::conflict);
    CHECK(n.faulty.commits() == commits + 2);
}

TEST_CASE("a write that is cancelled in the queue is not written; one in flight tells the truth",
          "[asio]") {
    for (const auto type :
         {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
        native_vault n;
        n.store.commits.shut();
        const auto flying = n.put("A", "a");
        n.poll();
        const auto queued = n.put("B", "b");
        const auto other = n.put("C", "c");
        n.poll();
        flying.signal->emit(type);
        queued.signal->emit(type);
        n.poll();
        CHECK_FALSE(flying.ended());
        CHECK(queued.get().error() == errc::cancelled);
        n.store.commits.open();
        n.poll();
        CHECK(flying.get());
        CHECK(other.get());
        const auto a = n.get("A");
        const auto b = n.get("B");
        n.poll();
        CHECK(shown(a.get()) == "a");
        CHECK(shown(b.get()) == "not_found");
    }
}

TEST_CASE("a context that goes away with readers and writers in it leaves nobody waiting for ever",
          "[asio]") {
    const auto alive = std::make_shared<int>(0);
    {
        native_vault n;
        n.store.commits.shut();
        n.store.loads.shut();
        asio::async_put(n.v, {.environment = "env"}, "A", "a", [alive](result<written>) {});
        asio::async_get(n.v, {.environment = "env"}, "A", [alive](result<secret>) {});
        asio::async_get(n.v, {.environment = "env"}, "A", [alive](result<secret>) {});
        n.poll();
        n.store.loads.open(); // on the context's queue when it goes
        n.store.commits.open();
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("a handler that throws at once keeps no other from its answer", "[asio]") {
    native_vault n;
    std::size_t thrown = 0;
    const auto thrower = [&] {
        return boost::asio::bind_executor(at_once{&n.io}, [&](const auto&) {
            ++thrown;
            throw std::runtime_error("a handler's");
        });
    };
    n.store.loads.shut();
    n.store.commits.shut();
    const auto first = n.get(); // a look and a commit that the others wait for
    const auto written_first = n.put("A", "1");
    asio::async_at(n.v, {.environment = "env"}, thrower());
    asio::async_put(n.v, {.environment = "env"}, "B", "1", thrower());
    const auto last = n.get();
    const auto written_last = n.put("C", "1");
    n.poll();
    CHECK(thrown == 0);
    n.store.loads.open();
    n.store.commits.open();
    CHECK_NOTHROW(n.poll());
    CHECK(thrown == 2);
    CHECK(shown(first.get()) == "one");
    CHECK(shown(last.get()) == "one");
    CHECK(written_first.get());
    CHECK(written_last.get());
}
