// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_LIAR_HPP
#define COFFER_REDIS_TESTS_LIAR_HPP

#include "fake_server.hpp"

#include <coffer/concepts/store.hpp>
#include <coffer/redis/options.hpp>

namespace redis_test {

inline auto rev(char c) -> coffer::revision {
    coffer::revision out{};
    out.fill(static_cast<std::byte>(c));
    return out;
}
inline auto revision_reply(char c) -> std::string {
    return "$16\r\n" + std::string(16, c) + "\r\n";
}
inline auto good(char c) -> std::string {
    return "*2\r\n" + revision_reply(c) + "$1\r\nv\r\n";
}
inline auto liar_options(const fake_server& at) -> coffer::redis::options {
    coffer::redis::options out;
    out.endpoints = {{"127.0.0.1", at.port(), {}}};
    out.response_timeout = out.connect_timeout = std::chrono::seconds(2);
    return out;
}

/// A fake server that answers loads as the test wants.
struct liar {
    std::mutex mutex{};
    fake_server::answer next{good('a')};
    fake_server server{[this](const std::vector<std::string>& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello, false, {}};
        const std::lock_guard lock(mutex);
        return next;
    }};
    void says(fake_server::answer what) {
        const std::lock_guard lock(mutex);
        next = std::move(what);
    }
};

/// What no command was ever answered with.
inline const std::string deep = [] {
    std::string out;
    for (int i = 0; i < 10'000; ++i)
        out += "*1\r\n";
    return out;
}();

inline const std::vector<std::string> lies{
    "$9223372036854775808\r\n",
    "$18446744073709551614\r\n",
    "$-2\r\n",
    "$\r\n",
    "*-2\r\n",
    "*9223372036854775807\r\n",
    "*4000000000\r\n",
    deep,
    "+OK\r\n",
    ":1\r\n",
    "_\r\n",
    "*0\r\n",
    "*1\r\n$1\r\nx\r\n",
    "*3\r\n$-1\r\n$-1\r\n$-1\r\n",
    "*2\r\n*0\r\n*0\r\n",
    "*2\r\n:1\r\n:2\r\n",
    ">2\r\n+invalidate\r\n*0\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    std::string(100'000, 'x'),
    std::string("\0\0\0\0", 4),
    "*2\r\n$5\r\nshort\r\n$-1\r\n",
    "$4000000000\r\n",
    "|1\r\n+a\r\n+b\r\n",
};

/// What may become of an answer that is none.
inline auto is_typed(const coffer::failure& f) -> bool {
    using coffer::errc;
    return f.code == errc::unavailable || f.code == errc::tampered || f.code == errc::timed_out;
}

} // namespace redis_test

#endif
