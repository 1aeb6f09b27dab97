// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/never_destroyed.hpp>

#include "support/catch.hpp"
#include "support/vault.hpp"

#include <coffer/watcher.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>

using namespace coffer;

namespace {

const context prod{.environment = "prod"};

/// As a service does that logs out at its provider when it is destroyed.
struct logs_out {
    std::optional<coffer_test::test_vault> vault{};
    std::unique_ptr<watcher> watching{};
    const char* when = "";

    ~logs_out() {
        if (!vault) return;
        const auto read = coffer_test::shown(vault->resolver().get(prod, "A"));
        const auto written = vault->put(prod, "A", "at exit");
        const auto after = coffer_test::shown(vault->resolver().get(prod, "A"));
        const auto why = vault->resolver().get(prod, "B").error();
        const auto text = std::error_code(make_error_code(why.code)).message();
        if (read == "value" && written && after == "at exit" && text == "not_found") return;
        std::fprintf(stderr, "%s: %s, %s, %s\n", when, read.c_str(), after.c_str(), text.c_str());
        std::_Exit(1); // the test has passed by now: this is what its process answers
    }
};

void open(logs_out& one, const char* when) {
    one.when = when;
    one.vault.emplace(any_store(memory::store()), cryptopp::aes_256_gcm(),
                      any_key_provider(keyring::memory_keyring()));
    one.vault->ensure_environment("prod").value();
    one.vault->put(prod, "A", "value").value();
    CHECK(coffer_test::shown(one.vault->resolver().get(prod, "A")) == "value");
    CHECK(coffer_test::shown(one.vault->resolver().get(prod, "B")) == "not_found");
}

logs_out before_all; // before anything that the first use makes

} // namespace

TEST_CASE("secrets are read and written while statics and a thread's own objects are destroyed") {
    open(before_all, "a static that was made first");
    before_all.watching = std::make_unique<watcher>(
        secrets(before_all.vault->resolver()), prod, before_all.vault->resolver().at(prod).value(),
        [](const view&, std::span<const std::string>) {}, std::chrono::milliseconds(1));
    static logs_out later;
    open(later, "a static that was made last");
    thread_local logs_out of_thread;
    open(of_thread, "an object of the main thread");
}

TEST_CASE("what is never destroyed is made once and stays where it is") {
    struct counted {
        int value;
        explicit counted(int n) : value(n) {}
        ~counted() { std::abort(); }
    };
    const detail::never_destroyed<counted> one(7);
    CHECK((*one).value == 7);
    CHECK(&*one == &*one);
}
