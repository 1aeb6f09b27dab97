// SPDX-License-Identifier: BSL-1.0
// New keys while two readers read.
#include "demo_vault.hpp"

#include <atomic>
#include <cstdio>
#include <thread>

namespace demo {

namespace {

/// Reads acme's token until it is told to stop.
class reading {
public:
    explicit reading(const place& at)
        : secrets_(at.open().resolver()), truth_(secrets_.get(acme, "SLACK_TOKEN").value()),
          thread_([this] { read(); }) {}
    ~reading() { stop(); }
    reading(const reading&) = delete;
    auto operator=(const reading&) -> reading& = delete;

    auto reads() const -> std::size_t { return reads_; }
    auto failed() const -> std::size_t { return failed_; }
    void stop() {
        ending_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    void read() {
        while (!ending_) {
            const auto got = secrets_.get(acme, "SLACK_TOKEN");
            if (!got || got->expose_secret() != truth_.expose_secret()) ++failed_;
            ++reads_;
        }
    }

    resolver_type secrets_;
    coffer::secret truth_;
    std::atomic<bool> ending_{false};
    std::atomic<std::size_t> reads_{0};
    std::atomic<std::size_t> failed_{0};
    std::thread thread_; // the last: it uses the others
};

void report(const char* what, std::chrono::steady_clock::time_point since) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
    std::printf("     %-46s %.2f s\n", what, took.count());
}

} // namespace

auto new_keys(const place& at) -> bool {
    auto keys = at.open_keys();
    auto vault = at.open();
    reading one(at);
    reading two(at);

    // Until both have read what was there at the time of the call.
    const auto both_read_on = [&] {
        for (const auto* r : {&one, &two})
            for (const auto so_far = r->reads(); r->reads() < so_far + 2;)
                std::this_thread::yield();
    };

    auto since = std::chrono::steady_clock::now();
    const auto rotated = keys.rotate().value();
    bool moved = true;
    for (const auto environment : {std::string_view("prod"), coffer::system_environment})
        moved = vault.rewrap(environment).value().deks == 1 && moved;
    both_read_on();
    for (const auto& r : rotated)
        keys.set_state(r.from, coffer::keyring::kek_state::disabled).value();
    report("rotate-kek, rewrap, and the older KEK disabled", since);

    since = std::chrono::steady_clock::now();
    const auto sealed = vault.rotate_dek("prod").value();
    report(("rotate-dek: " + grouped(sealed.resealed) + " records sealed anew").c_str(), since);

    both_read_on();
    one.stop();
    two.stop();
    std::printf("     %s reads meanwhile, %s failed\n", grouped(one.reads() + two.reads()).c_str(),
                grouped(one.failed() + two.failed()).c_str());
    return moved && sealed.finished && one.failed() + two.failed() == 0;
}

} // namespace demo
