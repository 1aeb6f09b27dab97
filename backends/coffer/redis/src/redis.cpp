// SPDX-License-Identifier: BSL-1.0
//
// All of coffer::redis that is compiled: this one file, against OpenSSL. CMake's target
// coffer::redis does it; without CMake, add it to your program:
//     c++ -std=c++20 -I include -I backends -c backends/coffer/redis/src/redis.cpp

#include <coffer/redis/src/address.hpp>
#include <coffer/redis/src/password.hpp>
#include <coffer/redis/src/state.hpp>
#include <coffer/redis/store.hpp>

namespace coffer::inline COFFER_ABI::redis {

auto read_address(std::string_view address) -> result<options> {
    return detail::address_reader().read(address);
}

namespace {

auto check_options(const options& with) -> result<void> {
    constexpr std::string_view marks = "_.:-";
    const bool prefix_fits =
        with.prefix.size() <= 64 && std::ranges::all_of(with.prefix, [&](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   marks.find(c) != marks.npos;
        });
    constexpr std::chrono::milliseconds most = std::chrono::hours(24);
    const auto fits = [&](std::chrono::milliseconds t) { return t.count() > 0 && t <= most; };
    if (with.endpoints.empty() || !prefix_fits || !fits(with.connect_timeout) ||
        !fits(with.response_timeout) || !fits(with.heartbeat) || !fits(with.keep.patience) ||
        with.limits.object_bytes < (std::size_t{2} << 20) ||
        with.limits.object_bytes > (std::size_t{256} << 20) ||
        (with.kind == deployment::cluster && with.database != 0) ||
        (with.kind == deployment::sentinel && with.service.empty()))
        return failure{errc::invalid_argument, cause::bad_address};
    if (!detail::fit_together(with.tls))
        return failure{errc::invalid_argument, cause::bad_tls_options};
    return {};
}

} // namespace

auto open(options with) -> result<store> {
    if (auto sound = check_options(with); !sound) return sound.error();
    detail::setting all{std::move(with), nullptr, nullptr};
    auto password = detail::find_password(all.with);
    if (!password) return password.error();
    all.password = *std::move(password);
    if (!all.with.user.empty() && all.password == nullptr)
        return failure{errc::invalid_argument, cause::user_without_password};
    if (all.with.tls.use) {
        auto context = detail::tls_context::make(all.with.tls);
        if (!context) return context.error();
        all.tls = *std::move(context);
    }
    std::shared_ptr<detail::store_state> state;
    try {
        state = std::make_shared<detail::store_state>(std::move(all));
    } catch (const std::system_error& none) { // no thread for the watch
        return failure{errc::unavailable, none.code()};
    }
    if (auto there = state->look(); !there) return there.error();
    return store(std::move(state));
}

auto open(std::string_view address) -> result<store> {
    auto with = read_address(address);
    if (!with) return with.error();
    return open(*std::move(with));
}

auto store::load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
    return state_->load(partition, keys);
}
auto store::commit(std::string_view partition, revision expected, revision next,
                   std::span<const object_write> writes) -> result<commit_outcome> {
    return state_->commit(partition, expected, next, writes);
}
auto store::limits() const noexcept -> store_limits {
    return state_->limits();
}
auto store::list(std::string_view partition) -> result<listing> {
    return state_->list(partition);
}
auto store::partitions() -> result<std::vector<std::string>> {
    return state_->partitions();
}
auto store::counted() const noexcept -> counters {
    return state_->counted();
}
auto store::watching() const noexcept -> bool {
    return state_->watching();
}

} // namespace coffer::inline COFFER_ABI::redis
