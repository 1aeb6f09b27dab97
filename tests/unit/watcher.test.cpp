// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/vault.hpp"

#include <coffer/testing/fake_secrets.hpp>
#include <coffer/testing/manual_clock.hpp>
#include <coffer/watcher.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using coffer::context;
using coffer::errc;
using coffer_test::shown;
using namespace std::chrono_literals;

namespace {

constexpr context prod{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

auto eventually(const std::function<bool()>& holds) -> bool {
    for (int i = 0; i < 20'000; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

/// What a watcher told: for each call the names, each with the value that the view has of it.
class heard {
public:
    auto callback() -> coffer::watcher::callback {
        return [this](const coffer::view& now, std::span<const std::string> names) {
            std::string text;
            for (const auto& name : names)
                text += name + "=" + shown(now.get(name)) + " ";
            const std::lock_guard lock(mutex_);
            all_.push_back(std::move(text));
        };
    }
    auto all() const -> std::vector<std::string> {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    /// Waits for the next call.
    auto next() -> std::string {
        if (!eventually([&] { return all().size() > read_; })) return "(silence)";
        return all()[read_++];
    }

private:
    mutable std::mutex mutex_{};
    std::vector<std::string> all_{};
    std::size_t read_ = 0;
};

struct fixture {
    coffer::testing::manual_clock time;
    coffer_test::test_vault vault{coffer::memory::store{},
                                  coffer::cryptopp::aes_256_gcm{},
                                  coffer::keyring::memory_keyring{},
                                  {.author = "ana", .time = &time}};
    coffer::secrets secrets{vault.resolver()};
    heard told;

    fixture() {
        vault.ensure_space(acme).value();
        vault.put(prod, "DB_URL", "postgres").value();
        vault.put(prod, "SLACK_TOKEN", "everyone").value();
    }
};

} // namespace

TEST_CASE("a watcher tells each change of what its context sees, in whichever scope it is made") {
    fixture f;
    const coffer::watcher changes(f.secrets, acme, f.secrets.at(acme).value(), f.told.callback(),
                                  1ms);
    f.vault.put(prod, "DB_URL", "new").value();
    CHECK(f.told.next() == "DB_URL=new ");
    f.vault.put(acme, "DB_URL", "own").value();
    CHECK(f.told.next() == "DB_URL=own ");
    f.vault.put(acme, "NEW", "n").value();
    CHECK(f.told.next() == "NEW=n ");
    f.vault.hide(acme, "SLACK_TOKEN").value();
    CHECK(f.told.next() == "SLACK_TOKEN=not_found ");
    f.vault.erase(acme, "NEW").value();
    CHECK(f.told.next() == "NEW=not_found ");
    f.vault.put(acme, "NEW", "n").value(); // the same value, another secret
    CHECK(f.told.next() == "NEW=n ");
    f.vault.put_many(prod, {{"A", "1"}, {"B", "2"}}).value();
    CHECK(f.told.next() == "A=1 B=2 ");
}

TEST_CASE("a watcher tells nothing of what its context does not see") {
    fixture f;
    f.vault.put(acme, "DB_URL", "own").value();
    const coffer::watcher changes(f.secrets, acme, f.secrets.at(acme).value(), f.told.callback(),
                                  1ms);
    f.vault.put(prod, "DB_URL", "overridden here").value();
    f.vault.ensure_space({.environment = "prod", .space = "other"}).value();
    f.vault.put({.environment = "prod", .space = "other"}, "X", "x").value();
    f.vault.put(prod, "SEEN", "s").value();
    CHECK(f.told.next() == "SEEN=s ");
    CHECK(f.told.all().size() == 1);
}

TEST_CASE("a watcher begins with what changed since the view that its program goes by") {
    fixture f;
    const auto known = f.secrets.at(acme).value();
    f.vault.put(prod, "DB_URL", "meanwhile").value();
    const coffer::watcher changes(f.secrets, acme, known, f.told.callback(), 1ms);
    CHECK(f.told.next() == "DB_URL=meanwhile ");
}

TEST_CASE("a watcher tells that a value has expired, though nobody wrote") {
    fixture f;
    const auto soon = static_cast<std::uint64_t>(f.time.wall().count()) + 5'000;
    f.vault.put(prod, "SHORT", "s", {.expires = soon}).value();
    const coffer::watcher changes(f.secrets, acme, f.secrets.at(acme).value(), f.told.callback(),
                                  1ms);
    f.time.advance(5s);
    CHECK(f.told.next() == "SHORT=expired ");
    f.vault.put(prod, "NEXT", "n").value();
    CHECK(f.told.next() == "NEXT=n ");
}

TEST_CASE("a watcher tells what has expired between the view and its own beginning") {
    fixture f;
    const auto now = static_cast<std::uint64_t>(f.time.wall().count());
    f.vault.put(prod, "A", "1", {.expires = now + 300}).value();
    f.vault.put(prod, "B", "1", {.expires = now + 100}).value();
    f.time.advance(200ms); // B has expired before the view
    f.vault.put(prod, "LAST", "1").value();
    const auto known = f.secrets.at(acme).value();
    CHECK(shown(known.get("A")) == "1");
    CHECK(shown(known.get("B")) == "expired");
    f.time.advance(200ms);
    const coffer::watcher watching(f.secrets, acme, known, f.told.callback(), 1ms);
    CHECK(f.told.next() == "A=expired ");
    f.vault.put(prod, "C", "1").value();
    CHECK(f.told.next() == "C=1 ");
}

TEST_CASE("a watcher tells once why its context can't be had, and when it can again") {
    coffer::testing::fake_secrets source{{"A", "1"}};
    heard told;
    std::mutex mutex;
    std::vector<errc> why;
    const auto told_why = [&] {
        const std::lock_guard lock(mutex);
        return why;
    };
    const coffer::watcher watching(source, acme, source.at(acme).value(), told.callback(), 1ms,
                                   [&](const coffer::failure& f) {
                                       const std::lock_guard lock(mutex);
                                       why.push_back(f.code);
                                   });
    const auto looks_a_few_times = [&] {
        return eventually([&, from = source.calls()] { return source.calls() >= from + 3; });
    };
    CHECK(looks_a_few_times());
    source.fail_always(errc::unknown_scope);
    CHECK(looks_a_few_times());
    CHECK(eventually([&] { return told_why() == std::vector{errc::unknown_scope}; }));
    source.fail_always(errc::key_disabled);
    CHECK(looks_a_few_times());
    CHECK(eventually([&] { return told_why().size() == 2; }));
    source.set("A", "2");
    source.succeed();
    CHECK(told.next() == "A=2 ");
    CHECK(looks_a_few_times());
    CHECK(told_why() == std::vector{errc::unknown_scope, errc::key_disabled, errc{}});
}

TEST_CASE("a watcher tells what changed while its source could not be asked, when it can, once") {
    coffer::testing::fake_secrets fake{{"A", "1"}, {"B", "2"}};
    heard told;
    const coffer::watcher changes(fake, acme, fake.at(acme).value(), told.callback(), 1ms);
    fake.fail_always(errc::unavailable);
    fake.set("A", "3");
    fake.set("A", "4");
    const auto calls = fake.calls();
    REQUIRE(eventually([&] { return fake.calls() > calls + 2; }));
    CHECK(told.all().empty());
    fake.succeed();
    CHECK(told.next() == "A=4 ");
    fake.set("B", "5");
    CHECK(told.next() == "B=5 ");
    CHECK(told.all().size() == 2);
}

TEST_CASE("a watcher ends after the callback that is under way") {
    coffer::testing::fake_secrets fake{{"A", "1"}};
    std::atomic<bool> begun{false};
    std::atomic<bool> ended{false};
    {
        const coffer::watcher changes(
            fake, acme, fake.at(acme).value(),
            [&](const coffer::view&, std::span<const std::string>) {
                begun = true;
                std::this_thread::sleep_for(20ms);
                ended = true;
            },
            1ms);
        fake.set("A", "2");
        REQUIRE(eventually([&] { return begun.load(); }));
    }
    CHECK(ended);
}
