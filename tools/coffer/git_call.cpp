// SPDX-License-Identifier: BSL-1.0
#include "git_call.hpp"

#include "child.hpp"
#include "problem.hpp"
#include "text.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

#include <poll.h>
#include <unistd.h>

namespace command {

namespace fs = std::filesystem;
using coffer::errc;

auto git(const fs::path& folder, std::vector<std::string> words) -> std::string {
    std::vector<std::string> command{"git", "-C", folder.string()};
    command.insert(command.end(), words.begin(), words.end());
    child_environment variables(false);
    child running(command, variables, true);
    std::string out;
    std::array<char, 4096> piece{};
    // Both at once: git waits for whoever reads the one that is full. Its own words are not shown.
    std::array<pollfd, 2> on{{{running.out(), POLLIN, 0}, {running.err(), POLLIN, 0}}};
    while (on[0].fd >= 0 || on[1].fd >= 0) {
        if (::poll(on.data(), on.size(), -1) < 0) continue; // a signal came
        for (auto& one : on) {
            if (one.fd < 0 || one.revents == 0) continue;
            const auto n = ::read(one.fd, piece.data(), piece.size());
            if (n > 0 && one.fd == running.out())
                out.append(piece.data(), static_cast<std::size_t>(n));
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) one.fd = -1;
        }
    }
    auto code = running.ended();
    for (; !code; code = running.ended())
        ::poll(nullptr, 0, 1);
    if (*code == 127) throw problem(errc::unsupported, "git is not installed");
    if (*code != 0)
        refuse("git " + words.front() + " failed: is " + printable(folder.string()) +
               " in a repository?");
    while (!out.empty() && out.back() == '\n')
        out.pop_back();
    return out;
}

} // namespace command
