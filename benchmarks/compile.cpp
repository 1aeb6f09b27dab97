// SPDX-License-Identifier: BSL-1.0
// What including Coffer costs a compiler: seconds of processor time beyond an empty unit. Printed
// as `name seconds limit`.

#include "brief.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Processor seconds of one run of the compiler over a unit that includes `header` (none if empty).
auto seconds(const std::string& header) -> double {
    std::vector<std::string> words{COFFER_CXX,
                                   "-std=c++20",
                                   "-fsyntax-only",
                                   "-I" COFFER_SOURCE "/include",
                                   "-I" COFFER_SOURCE "/backends",
                                   "-x",
                                   "c++",
                                   "/dev/null"};
    if (!header.empty()) words.insert(words.end(), {"-include", header});
    std::vector<char*> args;
    for (auto& w : words)
        args.push_back(w.data());
    args.push_back(nullptr);
    const auto child = ::fork();
    if (child == 0) {
        ::execvp(args[0], args.data());
        ::_exit(127);
    }
    int status = 0;
    rusage used{};
    if (::wait4(child, &status, 0, &used) != child || status != 0) {
        std::fprintf(stderr, "can't compile a unit that includes %s\n", header.c_str());
        std::exit(1);
    }
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

} // namespace

int main(int argc, char** argv) {
    struct subject {
        const char* name;
        const char* header;
        double limit;
    };
    const std::array subjects{subject{"umbrella", "coffer/coffer.hpp", 0.5},
                              subject{"secrets_alone", "coffer/secrets.hpp", 0.5},
                              subject{"fake_secrets", "coffer/testing/fake_secrets.hpp", 0.5}};
    std::array<double, subjects.size()> best{};
    double empty = 1e9;
    best.fill(1e9);
    const int rounds = coffer_benchmarks::is_brief(argc, argv) ? 1 : 9;
    for (int i = 0; i < rounds; ++i) { // interleaved, so that all meet the same noise
        empty = std::min(empty, seconds({}));
        for (std::size_t s = 0; s < subjects.size(); ++s)
            best[s] = std::min(best[s], seconds(subjects[s].header));
    }
    for (std::size_t s = 0; s < subjects.size(); ++s)
        std::printf("%s %.3f %.2f\n", subjects[s].name, best[s] - empty, subjects[s].limit);
}
