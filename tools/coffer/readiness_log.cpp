// SPDX-License-Identifier: BSL-1.0
#include "readiness_log.hpp"

#include "problem.hpp"

#include <coffer/http/error.hpp>
#include <coffer/http/probes.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace command {

namespace http = coffer::http;

namespace {

/// `unavailable: the store or the keys can't be reached (Connection refused)`.
auto words_of(const coffer::failure& why) -> std::string {
    const auto words = why == coffer::errc::denied // of this process, not of a token
                           ? std::string_view("this process may not read the store or the keys")
                           : http::words_of(why.code);
    return std::string(to_string(why.code)) + ": " + std::string(words) + cause_words(why.cause);
}

} // namespace

readiness_log::readiness_log(coffer::any_vault vault, std::shared_ptr<http::audit_hook> audit,
                             std::shared_ptr<http::unserved_environments> unserved,
                             const server_log& log)
    : vault_(std::move(vault)), audit_(std::move(audit)), unserved_(std::move(unserved)), log_(log),
      looking_([this] { watch(); }) {}

readiness_log::~readiness_log() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_one();
    looking_.join();
}

auto readiness_log::state() -> std::string {
    const auto now = http::look_at_readiness(*vault_, audit_.get(), *unserved_);
    if (now.word == "ready" && now.degraded == 0) return {};
    if (now.word == "ready")
        return "degraded: environments that can't be served: " + std::to_string(now.degraded) +
               " (coffer env list says which)";
    if (now.audit)
        return "not ready: audit: the audit log can't be written, so requests are refused";
    if (now.word != "stale") return "not ready: " + words_of(now.why);
    const auto looked = vault_->refresh(coffer::system_environment);
    return "stale: what was last seen of the store is served" +
           (looked ? std::string() : "; " + words_of(looked.error()));
}

void readiness_log::watch() {
    std::string before;
    std::unique_lock lock(mutex_);
    do {
        lock.unlock();
        unserved_->look();
        const auto now = state();
        if (now != before && now.empty()) log_.info("ready again");
        if (now != before && !now.empty()) log_.error(now);
        before = now;
        lock.lock();
    } while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return ending_; }));
}

} // namespace command
