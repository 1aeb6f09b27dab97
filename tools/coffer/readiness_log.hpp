// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_READINESS_LOG_HPP
#define COFFER_COMMAND_READINESS_LOG_HPP

#include "server_log.hpp"

#include <coffer/any_vault.hpp>
#include <coffer/http/audit_hook.hpp>
#include <coffer/http/unserved_environments.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace command {

/// Says in the log of a server when what /readyz answers becomes another, and why: it looks every
/// second, on a thread of its own, until it goes, and at environments that can't be served for all
/// who ask. What is as it should be from the start is not said; of several troubles each is. It
/// outlives neither the log nor what it looks at.
class readiness_log {
public:
    /// `audit`: null where there is none.
    readiness_log(coffer::any_vault vault, std::shared_ptr<coffer::http::audit_hook> audit,
                  std::shared_ptr<coffer::http::unserved_environments> unserved,
                  const server_log& log);
    ~readiness_log();
    readiness_log(const readiness_log&) = delete;
    auto operator=(const readiness_log&) -> readiness_log& = delete;

private:
    /// The state in one line, and what makes it another one; both empty: ready.
    struct condition {
        std::string words{};
        std::string kind{}; ///< Without what counts down, or each second would have its line.
    };
    auto state() -> condition;
    void watch();

    coffer::any_vault vault_;
    std::shared_ptr<coffer::http::audit_hook> audit_;
    std::shared_ptr<coffer::http::unserved_environments> unserved_;
    const server_log& log_;
    std::mutex mutex_{};
    std::condition_variable wake_{};
    bool ending_ = false;
    std::thread looking_; ///< The last member: it uses all others.
};

} // namespace command

#endif
