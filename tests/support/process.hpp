// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_PROCESS_HPP
#define COFFER_TESTS_SUPPORT_PROCESS_HPP

#include <fstream>
#include <iterator>
#include <string>

#include <sys/types.h>

namespace coffer_test {

/// Whether a process runs that is no child of this one. One that has ended and that nobody has
/// waited for, as may be for ever in a container without an init, does not.
inline auto lives(::pid_t pid) -> bool {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    const auto at = all.rfind(") "); // the name before may hold anything
    return at != all.npos && at + 2 < all.size() && all[at + 2] != 'Z' && all[at + 2] != 'X';
}

} // namespace coffer_test

#endif
