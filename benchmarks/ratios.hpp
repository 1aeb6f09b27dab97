// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_BENCHMARKS_RATIOS_HPP
#define COFFER_BENCHMARKS_RATIOS_HPP

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace coffer_benchmarks {

/// One figure: how many times as long `measured` takes as `against`, and how much is allowed.
struct figure {
    std::string name;
    std::string measured;
    std::string against;
    double limit;
};

/// Collects the best time of each benchmark over its repetitions, which Google Benchmark runs in
/// random order, so that both sides of a ratio meet the same noise.
class best_times : public benchmark::BenchmarkReporter {
public:
    auto ReportContext(const Context&) -> bool override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            if (run.run_type != Run::RT_Iteration || failed(run)) continue;
            auto& best =
                best_.try_emplace(run.run_name.function_name, std::numeric_limits<double>::max())
                    .first->second;
            best = std::min(best, run.GetAdjustedRealTime());
        }
    }
    auto of(const std::string& name) const -> double {
        const auto at = best_.find(name);
        return at == best_.end() ? 0 : at->second;
    }

private:
    /// Google Benchmark 1.8 gave the member another name and meaning.
    template <class R>
    static auto failed(const R& run) -> bool {
        if constexpr (requires { run.error_occurred; })
            return run.error_occurred;
        else
            return run.skipped != decltype(run.skipped){};
    }

    std::map<std::string, double> best_;
};

/// One figure as all benchmarks print them: `name ratio limit`, with a dash for no limit.
inline void print(const std::string& name, double ratio, double limit) {
    if (limit > 0)
        std::printf("%s %.3f %.2f\n", name.c_str(), ratio, limit);
    else
        std::printf("%s %.3f -\n", name.c_str(), ratio);
}

/// Runs all registered benchmarks and prints their figures; the times that they are made of go to
/// standard error.
inline auto run(int argc, char** argv, const std::vector<figure>& figures) -> int {
    std::vector<std::string> defaults{argv[0], "--benchmark_repetitions=9",
                                      "--benchmark_enable_random_interleaving=true",
                                      "--benchmark_min_time=0.05"};
    for (int i = 1; i < argc; ++i)
        defaults.emplace_back(argv[i]);
    std::vector<char*> args;
    for (auto& a : defaults)
        args.push_back(a.data());
    int count = static_cast<int>(args.size());
    benchmark::Initialize(&count, args.data());
    best_times times;
    benchmark::RunSpecifiedBenchmarks(&times);
    for (const auto& f : figures) {
        const auto over = times.of(f.against);
        if (over == 0) continue;
        std::fprintf(stderr, "# %s: %.0f against %.0f ns\n", f.name.c_str(), times.of(f.measured),
                     over);
        print(f.name, times.of(f.measured) / over, f.limit);
    }
    return 0;
}

} // namespace coffer_benchmarks

#endif
