// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_BENCHMARKS_BRIEF_HPP
#define COFFER_BENCHMARKS_BRIEF_HPP

#include <algorithm>
#include <string_view>

namespace coffer_benchmarks {

/// The short run that ctest makes, which only shows that a benchmark runs; no other argument makes
/// a benchmark leave anything out.
inline auto is_brief(int argc, char** argv) -> bool {
    return std::any_of(argv, argv + argc,
                       [](std::string_view word) { return word == "--benchmark_min_time=0.001"; });
}

} // namespace coffer_benchmarks

#endif
