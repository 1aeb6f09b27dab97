// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/changes_of_others.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace coffer;

namespace {

/// A vault of one environment, of which nothing but what is looked at is there.
class looked_at_vault final : public vault_operations {
public:
    auto environments() -> result<dated<std::vector<std::string>>> override {
        const std::lock_guard lock(mutex_);
        ++looks_;
        moved_.notify_all();
        return dated<std::vector<std::string>>{{"E"}, {}};
    }
    auto status(std::string_view) -> result<dated<environment_status>> override {
        const std::lock_guard lock(mutex_);
        environment_status out;
        out.generation = generation_;
        return dated<environment_status>{std::move(out), {}};
    }
    auto entries(std::string_view) -> result<dated<std::vector<scoped_entry>>> override {
        const std::lock_guard lock(mutex_);
        if (failures_ > 0) {
            --failures_;
            return errc::unavailable;
        }
        return dated<std::vector<scoped_entry>>{entries_, {}};
    }

    /// Sets some names, says so before anybody can look, and then can't be read so often.
    void set(
        const std::vector<std::string>& names, int failures = 0,
        const std::function<void()>& say = [] {}) {
        const std::lock_guard lock(mutex_);
        ++generation_;
        failures_ = failures;
        for (const auto& name : names) {
            scoped_entry e;
            e.entry.name = name;
            e.entry.version = 1;
            entries_.push_back(std::move(e));
        }
        say();
    }
    /// Until so many more looks have begun.
    void wait_for_looks(int more) {
        std::unique_lock lock(mutex_);
        const auto until = looks_ + more;
        REQUIRE(moved_.wait_for(lock, std::chrono::minutes(2), [&] { return looks_ >= until; }));
    }

    auto resolver() const -> const secrets& override { std::abort(); }
    auto try_at(context) -> std::optional<view> override { std::abort(); }
    auto refresh(std::string_view) -> result<void> override { std::abort(); }
    auto spaces(std::string_view) -> result<dated<std::vector<std::string>>> override {
        std::abort();
    }
    auto describe(context) -> result<std::string> override { std::abort(); }
    auto create_environment(std::string_view, std::string) -> result<void> override {
        std::abort();
    }
    auto create_space(context, std::string) -> result<void> override { std::abort(); }
    auto set_description(context, std::string, std::optional<std::uint64_t>)
        -> result<void> override {
        std::abort();
    }
    auto remove_environment(std::string_view) -> result<void> override { std::abort(); }
    auto remove_space(context) -> result<void> override { std::abort(); }
    auto put_many(context, std::vector<named_value>, const write_options&)
        -> result<std::vector<written>> override {
        std::abort();
    }
    auto change_many(context, std::vector<change>) -> result<std::vector<written>> override {
        std::abort();
    }
    auto erase(context, std::string_view, const write_options&) -> result<written> override {
        std::abort();
    }
    auto hide(context, std::string_view, const write_options&) -> result<written> override {
        std::abort();
    }
    auto show(context, std::string_view, const write_options&) -> result<written> override {
        std::abort();
    }
    auto undelete(context, std::string_view, const write_options&) -> result<written> override {
        std::abort();
    }
    auto rollback(context, std::string_view, std::uint64_t, const write_options&)
        -> result<written> override {
        std::abort();
    }
    auto history(context, std::string_view) -> result<dated<std::vector<version_info>>> override {
        std::abort();
    }
    auto get_version(context, std::string_view, std::uint64_t) -> result<secret> override {
        std::abort();
    }
    auto list(context) -> result<dated<std::vector<own_entry>>> override { std::abort(); }
    auto is_stored(context, std::string_view) -> result<bool> override { std::abort(); }
    auto verify(std::string_view) -> result<verification> override { std::abort(); }
    auto rewrap(std::string_view) -> result<rewrapped> override { std::abort(); }
    auto rotate_dek(std::string_view, const on_rotation&) -> result<dek_rotation> override {
        std::abort();
    }
    auto supersede(std::string_view, std::uint64_t, std::uint32_t) -> result<void> override {
        std::abort();
    }
    auto put_system(std::string_view, value_ref, const write_options&) -> result<written> override {
        std::abort();
    }
    auto erase_system(std::string_view, const write_options&) -> result<written> override {
        std::abort();
    }
    auto sha256(byte_view) const -> digest override { std::abort(); }
    auto hmac_sha256(byte_view, byte_view) const -> digest override { std::abort(); }
    auto random(std::span<std::byte>) const -> result<void> override { std::abort(); }
    auto ephemeral() const -> result<std::shared_ptr<const ephemeral_cipher>> override {
        std::abort();
    }

private:
    std::mutex mutex_{};
    std::condition_variable moved_{};
    int looks_ = 0;
    int failures_ = 0;
    std::uint64_t generation_ = 1;
    std::vector<scoped_entry> entries_{};
};

/// What is told, and for how often there is no memory for it.
struct world {
    std::shared_ptr<looked_at_vault> vault = std::make_shared<looked_at_vault>();
    std::mutex mutex{};
    std::string told{};
    int denied = 0;
    http::changes_of_others looks{any_vault(vault),
                                  [this](const http::secret_change& what) {
                                      const std::lock_guard lock(mutex);
                                      if (denied > 0 && denied-- > 0) throw std::bad_alloc();
                                      told.append(what.name).append(" ");
                                  },
                                  [] { return true; }, std::chrono::milliseconds(1)};

    world() { vault->wait_for_looks(2); }
    /// What was told by the time that all which is there must have been.
    auto all() -> std::string {
        vault->wait_for_looks(8);
        const std::lock_guard lock(mutex);
        return told;
    }
};

} // namespace

TEST_CASE("A change of one's own is no other's, though what it changed can't be read for a while") {
    world w;
    const scope where({.environment = "E"});
    for (const int failures : {0, 1, 3}) {
        const auto name = "OWN_" + std::to_string(failures);
        w.vault->set({name}, failures, [&] {
            w.looks.made_here({.what = "created", .where = where, .name = name, .version = 1});
        });
        CHECK(w.all().empty());
    }
    w.vault->set({"OTHER"}, 1);
    CHECK(w.all() == "OTHER ");
}

TEST_CASE("What there is no memory to tell is told at the next look, and what follows it too") {
    world w;
    {
        const std::lock_guard lock(w.mutex);
        w.denied = 2;
    }
    w.vault->set({"A", "B", "C"});
    CHECK(w.all() == "A B C ");
}
