// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_LINE_WRITER_HPP
#define COFFER_COMMAND_LINE_WRITER_HPP

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace command {

/// Writes lines to a descriptor from a thread of its own, so that who has one to say never waits for
/// whoever reads them. Lines that a slow reader leaves no room for are dropped and counted.
class line_writer {
public:
    static constexpr std::size_t most_waiting = 4096;

    /// `about_dropped` makes the line that stands in the place of so many. A reader that takes nothing
    /// for `patience` does not keep the destructor.
    line_writer(int fd, std::function<std::string(std::uint64_t dropped)> about_dropped,
                std::chrono::milliseconds patience = std::chrono::seconds(5));
    line_writer(const line_writer&) = delete;
    auto operator=(const line_writer&) -> line_writer& = delete;
    /// Writes what is waiting.
    ~line_writer();

    /// Takes a line with its end. Thread-safe; never waits for the descriptor.
    void put(std::string line);

private:
    void write_all();
    void tell_of(std::uint64_t dropped, std::vector<std::string>& lines);
    auto write_piece(std::string_view lines) -> bool;
    auto takes_more() -> bool;
    auto is_ending() -> bool;

    int fd_;
    std::function<std::string(std::uint64_t)> about_dropped_;
    std::chrono::milliseconds patience_;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::vector<std::string> waiting_{};
    std::uint64_t dropped_ = 0;
    bool ending_ = false;
    std::thread thread_; ///< The last member: it uses all others.
};

} // namespace command

#endif
