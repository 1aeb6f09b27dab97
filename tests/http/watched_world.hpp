// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_HTTP_WATCHED_WORLD_HPP
#define COFFER_TESTS_HTTP_WATCHED_WORLD_HPP

#include "api_world.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace coffer_test {

/// A service whose watches look often, and by a clock of the test's.
struct watched_world : api_world {
    coffer::testing::manual_clock time{};
    std::string e = new_environment();
    std::string s = new_space(e);

    explicit watched_world(coffer::options how = {}) : api_world(std::move(how)) { look_often(); }
    ~watched_world() { // of what looks at the clock
        service->parts().waiting->stop();
        service->parts().waiting_for_lists->stop();
    }
    watched_world(const watched_world&) = delete;
    auto operator=(const watched_world&) -> watched_world& = delete;

    void look_often() {
        const http::watch_times often{.step = std::chrono::milliseconds(1), .time = &time};
        service->parts().waiting =
            std::make_shared<http::watches>(vault, often, service->parts().described);
        service->parts().waiting_for_lists = std::make_shared<http::list_watches>(vault, often);
    }
    auto generation() const { return std::to_string(vault->status(e).value().generation); }
    auto path(const coffer::scope& where) const {
        return "/v1/x/watch" + query(where) + "&after=" + generation();
    }
};

/// Somebody who waits.
struct waiting_client {
    std::mutex mutex{};
    std::condition_variable moved{};
    std::string text{};
    bool ended = false;
    bool no_memory = false; ///< For the next piece.
    std::shared_ptr<http::stream> stream;

    waiting_client(api_world& w, const std::string& path, std::string_view token = api_world::full)
        : stream(w.service->handle(api_world::request_of("GET", path, {}, token)).follow) {
        REQUIRE(stream != nullptr);
        stream->start([this](std::string piece) {
            const std::lock_guard lock(mutex);
            if (std::exchange(no_memory, false)) throw std::bad_alloc();
            ended = ended || piece.empty();
            text += piece;
            moved.notify_all();
            return true;
        });
    }
    auto is_waiting() -> bool {
        const std::lock_guard lock(mutex);
        return !ended;
    }
    auto answer() -> reply {
        std::unique_lock lock(mutex);
        REQUIRE(moved.wait_for(lock, std::chrono::minutes(2), [this] { return ended; }));
        http::response raw;
        raw.body = http::wiped_text(text);
        return api_world::read(std::move(raw));
    }
};

} // namespace coffer_test

#endif
