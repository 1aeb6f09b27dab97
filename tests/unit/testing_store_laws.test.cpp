// SPDX-License-Identifier: BSL-1.0
#include <coffer/memory/store.hpp>
#include <coffer/testing/store_laws.hpp>

#include <support/catch.hpp>
#include <support/law_recorder.hpp>

#include <chrono>
#include <thread>

using namespace coffer;

namespace {

enum class defect {
    none,
    absent_is_not_found,
    revision_is_late,
    empty_value_is_absent,
    repeated_key_is_absent,
    takes_any_expectation,
    conflict_writes,
    conflict_erases,
    takes_any_first_commit,
    shows_half_a_commit,
    erasing_absent_fails,
    erasing_forgets_unnamed_keys,
    first_write_wins,
    cuts_partition_names,
    compares_outside_the_lock,
    failure_writes,
    says_committed_again,
    forgets_last_commit,
    takes_any_size,
    takes_any_partition,
    takes_any_key,
    revision_stops_at_zero,
    compares_half_the_revision,
    copies_are_others,
    lists_backwards,
    lists_half_a_commit,
    partitions_come_twice,
};

/// A memory store with one defect: what the suite is there to notice.
class broken_store {
public:
    explicit broken_store(defect what, memory::store inner)
        : what_(what), inner_(std::move(inner)), previous_(std::make_shared<previous>()) {}
    broken_store(const broken_store& other)
        : what_(other.what_),
          inner_(other.is(defect::copies_are_others) ? memory::store() : other.inner_),
          previous_(other.previous_) {}
    broken_store(broken_store&&) = default;
    auto operator=(const broken_store&) -> broken_store& = default;

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        if (is(defect::takes_any_partition) && !is_partition_name(partition)) return cut{};
        if (is(defect::takes_any_key) && !std::all_of(keys.begin(), keys.end(), is_object_key))
            return cut{revision{}, std::vector<std::optional<bytes>>(keys.size())};
        if (is(defect::cuts_partition_names)) partition = partition.substr(0, partition.find('.'));
        auto seen = inner_.load(partition, keys);
        if (!seen) return seen;
        if (is(defect::absent_is_not_found) && seen->at == revision{}) return errc::not_found;
        if (is(defect::revision_is_late) && keys.empty()) seen->at = previous_->at;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            auto& object = seen->objects[i];
            if (is(defect::empty_value_is_absent) && object && object->empty()) object.reset();
            if (is(defect::repeated_key_is_absent) &&
                std::find(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(i), keys[i]) !=
                    keys.begin() + static_cast<std::ptrdiff_t>(i))
                object.reset();
        }
        return seen;
    }

    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        std::vector<object_write> what(writes.begin(), writes.end());
        auto now = at(partition);
        const auto known = [&] { return now != revision{} && expected != revision{}; };
        switch (what_) {
        case defect::revision_is_late: previous_->at = now; break;
        case defect::takes_any_expectation:
            if (known()) expected = now;
            break;
        case defect::conflict_writes:
            if (expected != now && known()) {
                (void)inner_.commit(partition, now, now, writes);
                return commit_outcome::conflict;
            }
            break;
        case defect::conflict_erases:
            if (expected != now && known()) {
                std::erase_if(what, [](auto& w) { return w.value.has_value(); });
                (void)inner_.commit(partition, now, now, what);
                return commit_outcome::conflict;
            }
            break;
        case defect::takes_any_first_commit:
            if (expected == revision{}) expected = now;
            break;
        case defect::shows_half_a_commit:
        case defect::lists_half_a_commit:
            if (what.size() == 3 && check_commit(limits(), partition, next, writes))
                half(partition, expected, next, what);
            break;
        case defect::erasing_absent_fails:
            for (const auto& w : what)
                if (now == expected && !w.value && !object(partition, w.key))
                    return errc::not_found;
            break;
        case defect::erasing_forgets_unnamed_keys:
            if (std::any_of(what.begin(), what.end(), [](auto& w) { return !w.value; })) {
                const auto all = inner_.list(partition).value();
                for (const auto& [key, value] : all.entries)
                    what.insert(what.begin(), {key, std::nullopt});
            }
            break;
        case defect::first_write_wins: std::reverse(what.begin(), what.end()); break;
        case defect::cuts_partition_names:
            partition = partition.substr(0, partition.find('.'));
            break;
        case defect::compares_outside_the_lock:
            if (expected != now) return commit_outcome::conflict;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            expected = at(partition);
            break;
        case defect::failure_writes:
            while (!what.empty() && !is_object_key(what.back().key))
                what.pop_back();
            if (what.size() != writes.size()) {
                (void)inner_.commit(partition, now, now, what);
                return errc::invalid_argument;
            }
            break;
        case defect::says_committed_again:
            if (next == now) return commit_outcome::committed;
            break;
        case defect::takes_any_size:
            for (auto& w : what)
                if (w.value && w.value->size() > limits().object_bytes) w.value->resize(1);
            break;
        case defect::takes_any_partition:
            if (!is_partition_name(partition)) return commit_outcome::committed;
            break;
        case defect::takes_any_key:
            for (const auto& w : what)
                if (!is_object_key(w.key)) return commit_outcome::committed;
            break;
        case defect::revision_stops_at_zero:
            for (auto* r : {&expected, &next})
                std::fill(std::find(r->begin(), r->end(), std::byte{0}), r->end(), std::byte{0});
            if (next == revision{}) next.back() = std::byte{1};
            break;
        case defect::compares_half_the_revision:
            if (std::equal(expected.begin(), expected.begin() + 8, now.begin())) expected = now;
            break;
        default: break;
        }
        return inner_.commit(partition, expected, next, what);
    }

    auto limits() const noexcept -> store_limits { return inner_.limits(); }

    auto list(std::string_view partition) -> result<listing> {
        auto all = inner_.list(partition);
        if (all && is(defect::lists_backwards))
            std::reverse(all->entries.begin(), all->entries.end());
        return all;
    }
    auto partitions() -> result<std::vector<std::string>> {
        auto names = inner_.partitions();
        if (names && is(defect::partitions_come_twice) && !names->empty())
            names->push_back(names->back());
        return names;
    }
    auto defect_of() const -> defect { return what_; }
    auto inner() const -> const memory::store& { return inner_; }

private:
    struct previous {
        revision at{};
    };
    auto is(defect d) const -> bool { return what_ == d; }
    auto at(std::string_view partition) -> revision {
        const auto seen = inner_.load(partition, {});
        return seen ? seen->at : revision{};
    }
    auto object(std::string_view partition, const std::string& key) -> std::optional<bytes> {
        return inner_.load(partition, std::vector<std::string>{key})->objects[0];
    }
    /// Writes the first object alone, long enough to be seen.
    void half(std::string_view partition, revision& expected, revision next,
              std::vector<object_write>& what) {
        if (at(partition) != expected) return;
        (void)inner_.commit(partition, expected, next, std::span(what).first(1));
        std::this_thread::sleep_for(std::chrono::microseconds(300));
        expected = next;
    }

    defect what_;
    memory::store inner_;
    std::shared_ptr<previous> previous_;
};

static_assert(Store<broken_store> && ListableStore<broken_store>);

struct make_broken {
    defect what = defect::none;

    auto operator()() const -> broken_store {
        return broken_store(what, memory::store({std::size_t{2} << 20, std::size_t{4} << 20}));
    }
    auto reopen(broken_store&& store) const -> broken_store {
        return what == defect::forgets_last_commit ? (*this)() : std::move(store);
    }
};

struct expectation {
    defect what;
    std::string laws;
};

} // namespace

TEST_CASE("each store law notices the store that breaks it, and the others do not") {
    const auto expected = GENERATE(values<expectation>({
        {defect::none, ""},
        {defect::absent_is_not_found, "S1"},
        {defect::revision_is_late, "S2"},
        {defect::empty_value_is_absent, "S3"},
        {defect::repeated_key_is_absent, "S3"},
        {defect::takes_any_expectation, "S4 S9 S11 S15"},
        {defect::conflict_writes, "S4 S9 S11"},
        {defect::conflict_erases, "S4"},
        {defect::takes_any_first_commit, "S5"},
        {defect::shows_half_a_commit, "S6"},
        {defect::erasing_absent_fails, "S7"},
        {defect::erasing_forgets_unnamed_keys, "S7"},
        {defect::first_write_wins, "S7"},
        {defect::cuts_partition_names, "S8"},
        {defect::compares_outside_the_lock, "S9"},
        {defect::failure_writes, "S10"},
        {defect::says_committed_again, "S11"},
        {defect::forgets_last_commit, "S12"},
        {defect::takes_any_size, "S13"},
        {defect::takes_any_partition, "S14"},
        {defect::takes_any_key, "S14"},
        {defect::revision_stops_at_zero, "S15"},
        {defect::compares_half_the_revision, "S15"},
        {defect::copies_are_others, "S16"},
    }));
    make_broken make{expected.what};
    CAPTURE(static_cast<int>(expected.what));
    CHECK(broken_laws(testing::store_laws<make_broken>, make) == expected.laws);
}

TEST_CASE("each listing law notices the store that breaks it, and the other does not") {
    const auto expected = GENERATE(values<expectation>({
        {defect::none, ""},
        {defect::lists_backwards, "L1"},
        {defect::lists_half_a_commit, "L1"},
        {defect::partitions_come_twice, "L2"},
    }));
    make_broken make{expected.what};
    CAPTURE(static_cast<int>(expected.what));
    CHECK(broken_laws(testing::listing_laws<make_broken>, make) == expected.laws);
}

TEST_CASE("what a store throws comes out of the law, from whichever thread") {
    struct throwing_store : memory::store {
        auto load(std::string_view, std::span<const std::string>) -> result<cut> {
            throw std::runtime_error("load");
        }
        auto commit(std::string_view partition, revision expected, revision next,
                    std::span<const object_write> writes) -> result<commit_outcome> {
            if (expected == revision{})
                return memory::store::commit(partition, expected, next, writes);
            throw std::runtime_error("commit");
        }
    };
    auto make = [] { return throwing_store(); };
    recording_checker check;
    CHECK_THROWS_AS(testing::laws::store_s6(make, check), std::runtime_error);
    CHECK_THROWS_AS(testing::laws::store_s9(make, check), std::runtime_error);
}

TEST_CASE("a law that can't be checked says so") {
    auto make = [] { return memory::store{}; };
    for (const auto& law : testing::store_laws<decltype(make)>) {
        recording_checker check;
        law.check(make, check);
        const bool partly = law.name.starts_with("S12") || law.name.starts_with("S13");
        CAPTURE(std::string(law.name));
        CHECK((check.not_applicable() > 0) == partly);
        CHECK(check.failed() == 0);
    }
}
