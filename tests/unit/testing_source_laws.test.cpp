// SPDX-License-Identifier: BSL-1.0
#include <coffer/testing/catch2.hpp>
#include <coffer/testing/fake_secrets.hpp>

#include <support/catch.hpp>
#include <support/law_recorder.hpp>
#include <support/vault.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

using namespace coffer;

namespace {

/// A store whose place can go away.
struct leaving_store {
    memory::store inner{};
    std::shared_ptr<std::atomic<bool>> away = std::make_shared<std::atomic<bool>>(false);

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        if (*away) return errc::unavailable;
        return inner.load(partition, keys);
    }
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        if (*away) return errc::unavailable;
        return inner.commit(partition, expected, next, writes);
    }
    auto limits() const noexcept -> store_limits { return inner.limits(); }
};

/// A resolver that shares nothing with the vault that writes but the store.
struct make_resolver {
    leaving_store store{};
    std::optional<coffer_test::test_vault> vault{};

    auto operator()() -> coffer_test::test_resolver {
        store = {};
        const keyring::memory_keyring keys;
        vault.emplace(store, cryptopp::aes_256_gcm{}, keys);
        return {store, cryptopp::aes_256_gcm{}, keys};
    }
    template <class S>
    void put(S&, context where, std::string_view name, std::string_view value) {
        vault->ensure_environment(where.environment).value();
        if (!where.space.empty()) vault->ensure_space(where).value();
        vault->put(where, name, value).value();
    }
    template <class S>
    void cut_off(S&) {
        *store.away = true;
    }
};

/// The same behind the type that services hold.
struct make_erased : make_resolver {
    auto operator()() -> secrets { return make_resolver::operator()(); }
};

struct make_fake {
    static constexpr bool knows_every_context = true;
    auto operator()() -> testing::fake_secrets { return {}; }
    void put(testing::fake_secrets& source, context where, std::string_view name,
             std::string_view value) {
        source.set(where, name, value);
    }
    void cut_off(testing::fake_secrets& source) { source.fail_always(errc::unavailable); }
};

enum class defect {
    none,
    view_asks_its_store,
    view_follows_the_source,
    number_stands_still,
    counts_too_few,
    at_is_late,
    stale_is_not_said,
    unknown_environment_is_empty,
    unknown_space_reads_the_environment,
    shows_another_space,
    copies_stand_still,
};

/// A source with one defect: what the suite is there to notice.
class broken_source {
public:
    explicit broken_source(defect what) : what_(what) {}
    broken_source(const broken_source& other)
        : what_(other.what_), all_(other.all_), copied_(true), held_(other.held_) {}
    auto operator=(const broken_source&) -> broken_source& = default;

    void put(context where, std::string_view name, std::string_view value) {
        const std::lock_guard lock(all_->mutex);
        all_->now.set(where, name, value);
        all_->known.insert(scope({.environment = where.environment}));
        all_->known.insert(scope(where));
    }
    void cut_off() { all_->away = true; }

    auto at(context where) const -> result<view> {
        const std::lock_guard lock(all_->mutex);
        if (where.environment.empty()) return errc::invalid_argument;
        const bool env = all_->known.contains(scope({.environment = where.environment}));
        if (!env && what_ != defect::unknown_environment_is_empty) return errc::unknown_scope;
        if (env && !all_->known.contains(scope(where)) &&
            what_ != defect::unknown_space_reads_the_environment)
            return errc::unknown_scope;
        if (what_ == defect::shows_another_space && !where.space.empty()) where.space = "laws-acme";
        auto& held = held_[scope(where)];
        const auto before = held;
        const bool late =
            what_ == defect::at_is_late && !copied_ && !all_->away && ++asked_ % 3 == 0;
        const bool frozen = what_ == defect::copies_stand_still && copied_ && held;
        if (!all_->away && !frozen && !late) held = all_->now.at(where).value();
        if (!held) return errc::unavailable;
        const bool stale = all_->away && what_ != defect::stale_is_not_said;
        return view(std::make_shared<model>(what_, all_, scope(where), *held),
                    {machine_clock().boot(), stale});
    }

private:
    struct everything {
        std::mutex mutex{};
        testing::fake_secrets now{};
        std::set<scope, testing::scope_less> known{};
        std::atomic<bool> away{false};
    };
    struct model final : view_model {
        model(defect is, std::shared_ptr<everything> of, scope at, view shows)
            : what(is), all_of(std::move(of)), where(std::move(at)), held(std::move(shows)) {}
        auto seen() const -> result<view> {
            if (what == defect::view_asks_its_store && all_of->away) return errc::unavailable;
            if (what == defect::view_follows_the_source) return all_of->now.at(where.view());
            return held;
        }
        auto get(std::string_view name, freshness) const -> result<secret> override {
            auto v = seen();
            return v ? v->get(name) : v.error();
        }
        auto all(freshness) const -> result<std::vector<named_secret>> override {
            auto v = seen();
            return v ? v->all() : v.error();
        }
        auto explain(std::string_view name, freshness) const -> result<explanation> override {
            return held.explain(name);
        }
        auto list(freshness) const -> std::vector<explanation> override { return held.list(); }
        auto number() const noexcept -> std::uint64_t override {
            return what == defect::number_stands_still ? 1 : held.number();
        }
        auto most_names() const noexcept -> std::size_t override {
            return what == defect::counts_too_few ? 0 : held.most_names();
        }

        defect what;
        std::shared_ptr<everything> all_of;
        scope where;
        view held;
    };

    defect what_;
    std::shared_ptr<everything> all_ = std::make_shared<everything>();
    bool copied_ = false;
    mutable int asked_ = 0;
    mutable std::map<scope, std::optional<view>, testing::scope_less> held_{};
};
static_assert(SecretSource<broken_source>);

struct make_broken {
    defect what = defect::none;

    auto operator()() const -> broken_source { return broken_source(what); }
    void put(broken_source& source, context where, std::string_view name, std::string_view value) {
        source.put(where, name, value);
    }
    void cut_off(broken_source& source) { source.cut_off(); }
};

struct without_hooks : make_broken {
    static constexpr bool knows_every_context = true;
    void cut_off(int&) = delete; // hides the other
};

struct expectation {
    defect what;
    std::string laws;
};

} // namespace

TEST_CASE("a resolver keeps the source laws") {
    testing::run_source_laws(make_resolver{});
}

TEST_CASE("a resolver whose type is erased keeps the source laws") {
    testing::run_source_laws(make_erased{});
}

TEST_CASE("the fake keeps the source laws") {
    testing::run_source_laws(make_fake{});
}

TEST_CASE("each source law notices the source that breaks it, and the others do not") {
    const auto expected = GENERATE(values<expectation>({
        {defect::none, ""},
        {defect::view_asks_its_store, "R1"},
        {defect::view_follows_the_source, "R2"},
        {defect::number_stands_still, "R2"},
        {defect::counts_too_few, "R2"},
        {defect::at_is_late, "R3"},
        {defect::stale_is_not_said, "R3"},
        {defect::unknown_environment_is_empty, "R4"},
        {defect::unknown_space_reads_the_environment, "R4"},
        {defect::shows_another_space, "R4"},
        {defect::copies_stand_still, "R5"},
    }));
    make_broken make{expected.what};
    CAPTURE(static_cast<int>(expected.what));
    CHECK(broken_laws(testing::source_laws<make_broken>, make) == expected.laws);
}

TEST_CASE("a source law that can't be checked says so") {
    without_hooks make;
    for (const auto& law : testing::source_laws<without_hooks>) {
        recording_checker check;
        law.check(make, check);
        const auto number = law.name.substr(0, 2);
        CAPTURE(std::string(law.name));
        CHECK((check.not_applicable() > 0) == (number == "R1" || number == "R3" || number == "R4"));
        CHECK(check.failed() == 0);
    }
}
