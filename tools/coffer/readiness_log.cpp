// SPDX-License-Identifier: BSL-1.0
#include "readiness_log.hpp"

#include "problem.hpp"

#include <coffer/http/error.hpp>
#include <coffer/http/probes.hpp>

#include <chrono>
#include <exception>
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

auto readiness_log::state() -> condition {
    const auto now = http::look_at_readiness(*vault_, audit_.get(), *unserved_);
    condition out;
    const auto add = [&](const std::string& words) {
        out.words += (out.words.empty() ? "" : "; ") + words;
    };
    if (now.audit) {
        add("not ready: audit: the audit log can't be written, so requests are refused");
    } else if (now.word == "not_ready") {
        add("not ready: " + words_of(now.why));
    } else if (now.word == "stale") {
        add("stale: what was last seen of the store is served");
        if (const auto looked = vault_->refresh(coffer::system_environment); !looked)
            add(words_of(looked.error()));
    }
    if (now.degraded != 0)
        add("degraded: environments that can't be served: " + std::to_string(now.degraded) +
            " (coffer env list says which)");
    out.kind = out.words;
    const auto warning = now.audit || audit_ == nullptr ? std::string() : audit_->warning();
    if (!warning.empty()) add("audit: " + warning);
    for (const char c : warning)
        if (c < '0' || c > '9') out.kind += c;
    return out;
}

void readiness_log::watch() {
    std::string before;
    std::unique_lock lock(mutex_);
    do {
        lock.unlock();
        try {
            unserved_->look();
            auto now = state();
            if (now.kind != before && now.words.empty()) log_.info("ready again");
            if (now.kind != before && !now.words.empty()) log_.error(now.words);
            before = std::move(now.kind);
        } catch (const std::exception&) { // no memory: it looks again
        }
        lock.lock();
    } while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return ending_; }));
}

} // namespace command
