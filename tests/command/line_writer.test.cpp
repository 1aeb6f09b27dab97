// SPDX-License-Identifier: BSL-1.0
#include "../../tools/coffer/line_writer.hpp"
#include "support/catch.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using command::line_writer;

namespace {

/// A pipe whose ends are closed by hand.
struct channel {
    channel() { REQUIRE(::pipe(ends.data()) == 0); }
    channel(const channel&) = delete;
    auto operator=(const channel&) -> channel& = delete;
    ~channel() {
        close(0);
        close(1);
    }
    void close(std::size_t end) {
        if (ends[end] >= 0) ::close(ends[end]);
        ends[end] = -1;
    }
    auto all() -> std::string {
        std::string out;
        std::array<char, 4096> piece{};
        for (ssize_t n = 0; (n = ::read(ends[0], piece.data(), piece.size())) > 0;)
            out.append(piece.data(), static_cast<std::size_t>(n));
        return out;
    }
    std::array<int, 2> ends{-1, -1};
};

auto dropped_line(std::uint64_t n) -> std::string {
    return "dropped " + std::to_string(n) + "\n";
}
auto line(int i) -> std::string {
    return std::to_string(i) + std::string(100, '.') + "\n";
}

/// Lines that were written, and those of which it was told that they were dropped.
auto counted(const std::string& got) -> std::pair<std::uint64_t, std::uint64_t> {
    std::pair<std::uint64_t, std::uint64_t> out;
    for (std::size_t at = 0; at < got.size(); at = got.find('\n', at) + 1) {
        if (got.compare(at, 8, "dropped ") == 0)
            out.second += std::stoull(got.substr(at + 8));
        else
            ++out.first;
    }
    return out;
}

constexpr auto at_once = std::chrono::milliseconds(1);

} // namespace

TEST_CASE("all lines are written in their order before the writer is gone") {
    channel pipe;
    std::string expected;
    {
        line_writer writer(pipe.ends[1], dropped_line);
        for (int i = 0; i < 100; ++i) {
            expected += line(i);
            writer.put(line(i));
        }
    }
    pipe.close(1);
    CHECK(pipe.all() == expected);
}

TEST_CASE("lines that wait are written together, whole, and no more than goes out in one piece") {
    channel pipe;
    pipe.close(0);
    pipe.close(1);
    REQUIRE(::pipe2(pipe.ends.data(), O_DIRECT | O_NONBLOCK) == 0); // a read takes one write
    std::size_t before = 0;
    while (::write(pipe.ends[1], "x", 1) == 1)
        ++before;
    std::string expected;
    std::optional<line_writer> writer(std::in_place, pipe.ends[1], dropped_line);
    for (int i = 0; i < 100; ++i) {
        expected += line(i);
        writer->put(line(i));
    }
    std::string got;
    std::size_t pieces = 0;
    std::array<char, PIPE_BUF> piece{};
    while (got.size() < expected.size()) {
        const auto n = ::read(pipe.ends[0], piece.data(), piece.size());
        if (n <= 0) { // not there yet
            ::pollfd more{pipe.ends[0], POLLIN, 0};
            REQUIRE(::poll(&more, 1, 60'000) == 1);
            continue;
        }
        if (before > 0) {
            --before;
            continue;
        }
        ++pieces;
        got.append(piece.data(), static_cast<std::size_t>(n));
        CHECK(got.back() == '\n');
    }
    CHECK(got == expected);
    // Some may have gone to wait before the others came; 39 lines fill a piece.
    CHECK(pieces <= 4);
}

TEST_CASE("lines that nobody reads are dropped and counted, and nobody waits for them") {
    channel pipe;
    std::optional<line_writer> writer(std::in_place, pipe.ends[1], dropped_line);
    constexpr int said = 20'000; // more than a pipe and the queue take
    for (int i = 0; i < said; ++i)
        writer->put(line(i));
    std::string got;
    std::thread reader([&] { got = pipe.all(); });
    writer.reset();
    pipe.close(1);
    reader.join();
    const auto [written, dropped] = counted(got);
    CHECK(dropped > 0);
    CHECK(written >= line_writer::most_waiting);
    CHECK(written + dropped == said);
}

TEST_CASE("a reader that takes nothing, or is gone, does not keep the writer from its end") {
    channel pipe;
    {
        line_writer writer(pipe.ends[1], dropped_line, at_once);
        for (int i = 0; i < 10'000; ++i)
            writer.put(line(i));
    }
    ::signal(SIGPIPE, SIG_IGN);
    pipe.close(0);
    line_writer writer(pipe.ends[1], dropped_line, at_once);
    for (int i = 0; i < 100; ++i)
        writer.put(line(i));
}

TEST_CASE("where there is no memory to say how many lines were dropped the next one says it") {
    channel pipe;
    std::atomic<int> asked = 0;
    std::optional<line_writer> writer(std::in_place, pipe.ends[1], [&](std::uint64_t n) {
        if (asked++ == 0) throw std::bad_alloc();
        return dropped_line(n);
    });
    constexpr int said = 20'000; // more than a pipe and the queue take
    for (int i = 0; i < said; ++i)
        writer->put(line(i));
    std::string got;
    std::thread reader([&] { got = pipe.all(); });
    while (asked == 0)
        std::this_thread::yield();
    writer->put("last\n");
    writer.reset();
    pipe.close(1);
    reader.join();
    CHECK(asked >= 2);
    const auto [written, dropped] = counted(got);
    CHECK(dropped > 0);
    CHECK(written + dropped == said + 1);
}

TEST_CASE("a line that is larger than a piece is written whole, between its neighbours") {
    channel pipe;
    const auto large = std::string(3 * PIPE_BUF + 1, 'x') + "\n";
    {
        line_writer writer(pipe.ends[1], dropped_line);
        for (const auto& each : {line(1), large, line(2)})
            writer.put(each);
    }
    pipe.close(1);
    CHECK(pipe.all() == line(1) + large + line(2));
}
