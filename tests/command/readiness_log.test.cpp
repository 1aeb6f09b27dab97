// SPDX-License-Identifier: BSL-1.0
#include "../../tools/coffer/readiness_log.hpp"

#include "support/catch.hpp"
#include "support/service_vault.hpp"

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <thread>

namespace http = coffer::http;

TEST_CASE("a look for which there is no memory is made again") {
    struct forgetful final : http::audit_hook {
        std::atomic<int> asked = 0;

        auto append(const http::audit_record&) -> bool override { return true; }
        auto prepare(const http::audit_record&) -> bool override { return true; }
        auto writable() -> bool override { return true; }
        auto warning() -> std::string override {
            if (asked++ == 0) throw std::bad_alloc();
            return {};
        }
    };
    const auto vault = coffer_test::service_vault();
    const auto audit = std::make_shared<forgetful>();
    const command::server_log log(command::log_level::none);
    const command::readiness_log looks(vault, audit,
                                       std::make_shared<http::unserved_environments>(vault), log);
    while (audit->asked < 2)
        std::this_thread::yield();
}
