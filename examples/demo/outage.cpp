// SPDX-License-Identifier: BSL-1.0
// A store that goes away under a service.
#include "demo_vault.hpp"

#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

namespace demo {

namespace {

/// A store that can be taken away.
class removable_store {
public:
    explicit removable_store(coffer::any_store original) : original_(std::move(original)) {}

    void take_away() { away_->store(true); }
    auto load(std::string_view partition, std::span<const std::string> keys)
        -> coffer::result<coffer::cut> {
        if (away_->load()) return coffer::errc::unavailable;
        return original_.load(partition, keys);
    }
    auto commit(std::string_view, coffer::revision, coffer::revision,
                std::span<const coffer::object_write>) -> coffer::result<coffer::commit_outcome> {
        return coffer::errc::denied;
    }
    auto limits() const noexcept -> coffer::store_limits { return original_.limits(); }

private:
    coffer::any_store original_;
    std::shared_ptr<std::atomic<bool>> away_ = std::make_shared<std::atomic<bool>>(false);
};

/// `served, age 2 s, marked stale`, or the error.
auto state_of(const resolver_type& secrets) -> std::string {
    const auto view = secrets.at(acme);
    if (!view) return std::string(to_string(view.error().code));
    if (!view->get("SLACK_TOKEN")) return "a view without the token";
    const auto age = std::chrono::round<std::chrono::seconds>(view->age()).count();
    return "served, age " + std::to_string(age) + " s" + (view->stale() ? ", marked stale" : "");
}

} // namespace

auto outage(const place& at) -> bool {
    using std::chrono::milliseconds;
    removable_store store(at.open_store());
    const resolver_type secrets(store, {}, at.open_keys(),
                                {.realm = at.realm, .serve_stale_for = std::chrono::seconds(2)});
    const auto first = state_of(secrets);
    store.take_away();
    std::printf("     +0 s  %s", first.c_str());
    std::fflush(stdout);
    std::this_thread::sleep_for(milliseconds(1000));
    const auto second = state_of(secrets);
    std::printf("    +1 s  %s", second.c_str());
    std::fflush(stdout);
    std::this_thread::sleep_for(milliseconds(1200));
    const auto third = state_of(secrets);
    std::printf("    +2 s (serve_stale_for)  %s\n", third.c_str());
    // On a machine that stands still for a second the middle may already be the end.
    return first.starts_with("served") && second != first && third == "unavailable";
}

} // namespace demo
