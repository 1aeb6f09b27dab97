// SPDX-License-Identifier: BSL-1.0
#include <coffer/memory/store.hpp>
#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>
#include <support/law_recorder.hpp>

#include <map>
#include <memory>

using namespace coffer;

namespace {

enum class defect { none, is_deaf, hears_itself_late, trusts_silence, never_notices_silence };

/// Stores over one place that tell each other of their commits, with one defect. One thread.
class telling_store {
public:
    explicit telling_store(defect what) : what_(what), place_(std::make_shared<place>()) { join(); }
    telling_store(defect what, const telling_store& beside) : what_(what), place_(beside.place_) {
        join();
    }

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        auto& known = mine_->known;
        const auto found = known.find(partition);
        const bool trusted = !mine_->silent || what_ == defect::trusts_silence;
        if (keys.empty() && found != known.end() && trusted) return cut{found->second, {}};
        auto seen = place_->held.load(partition, keys);
        if (seen && trusted) known.insert_or_assign(std::string(partition), seen->at);
        return seen;
    }
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        auto done = place_->held.commit(partition, expected, next, writes);
        if (!done || *done != commit_outcome::committed) return done;
        for (const auto& one : place_->all) {
            const bool itself = one == mine_;
            if (one->silent || (itself && what_ == defect::hears_itself_late) ||
                (!itself && one->what == defect::is_deaf))
                continue;
            one->known.erase(std::string(partition));
        }
        return done;
    }
    auto limits() const noexcept -> store_limits { return place_->held.limits(); }
    auto watching() const noexcept -> bool {
        return !mine_->silent || what_ == defect::never_notices_silence;
    }
    void silence() { mine_->silent = true; }

private:
    struct ear {
        defect what;
        bool silent = false;
        std::map<std::string, revision, std::less<>> known{};
    };
    struct place {
        memory::store held{};
        std::vector<std::shared_ptr<ear>> all{};
    };
    void join() {
        mine_ = std::make_shared<ear>(ear{what_});
        place_->all.push_back(mine_);
    }

    defect what_;
    std::shared_ptr<place> place_;
    std::shared_ptr<ear> mine_{};
};
static_assert(Store<telling_store> && WatchableStore<telling_store>);
static_assert(!WatchableStore<memory::store>);

struct make_telling {
    defect what = defect::none;
    std::chrono::milliseconds patience{50};

    auto operator()() const -> telling_store { return telling_store(what); }
    auto other(telling_store& store) const -> telling_store {
        return telling_store(defect::none, store);
    }
    void silence(telling_store& store) const { store.silence(); }
};

struct expectation {
    defect what;
    std::string laws;
};

} // namespace

TEST_CASE("stores that tell each other keep the watch laws") {
    testing::run_watch_laws(make_telling{});
}

TEST_CASE("each watch law notices the store that breaks it, and the others do not") {
    const auto expected = GENERATE(values<expectation>({
        {defect::none, ""},
        {defect::is_deaf, "W1"},
        {defect::hears_itself_late, "W2"},
        {defect::trusts_silence, "W3"},
        {defect::never_notices_silence, "W3"},
    }));
    make_telling make{expected.what};
    CAPTURE(static_cast<int>(expected.what));
    CHECK(broken_laws(testing::watch_laws<make_telling>, make) == expected.laws);
}
