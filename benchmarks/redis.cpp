// SPDX-License-Identifier: BSL-1.0
// A vault over Redis against Redis itself (redis-benchmark), a vault in memory, and writers without
// a common queue. Starts redis-servers of its own; prints `name ratio limit`, and on standard error
// what they are made of. A limit of - is none: the backend's README says why. With
// --benchmark_min_time=0.001 it only shows that it runs.

#include "../backends/coffer/redis/tests/redis_server.hpp"

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/redis/store.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <unistd.h>

namespace {

using namespace coffer;
using clock_type = std::chrono::steady_clock;
using memory_vault = decltype(vault{memory::store{}, cryptopp::aes_256_gcm{},
                                    keyring::memory_keyring{}});
using redis_vault = decltype(vault{std::declval<redis::store>(), cryptopp::aes_256_gcm{},
                                   keyring::memory_keyring{}});

constexpr context acme{.environment = "prod", .space = "acme"};
bool brief = false;

/// What is measured from here on shares one core with the server, as redis-benchmark does: what a
/// second core adds depends on how the system wakes threads, and comes and goes.
void share_one_core() {
    ::cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(std::max(0, ::sched_getcpu())), &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0)
        std::fprintf(stderr, "# not pinned to one core: %s\n", std::strerror(errno));
}

/// How often a second `call` can be made, by so many threads at once.
auto rate(int threads, const std::function<void()>& call) -> double {
    const auto span = brief ? std::chrono::milliseconds(5) : std::chrono::milliseconds(700);
    std::atomic<long> calls{0};
    std::vector<std::thread> all;
    const auto began = clock_type::now();
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&] {
            long mine = 0;
            for (; mine % 16 != 0 || clock_type::now() - began < span; ++mine)
                call();
            calls += mine;
        });
    for (auto& t : all)
        t.join();
    return static_cast<double>(calls) /
           std::chrono::duration<double>(clock_type::now() - began).count();
}

/// Requests a second that redis-benchmark counts for HGET of a value as large as a head's revision.
auto redis_benchmark(const redis_test::server& at, int clients, int pipelined) -> double {
    const auto log = (at.folder() / "benchmark").string();
    std::filesystem::remove(log);
    redis_test::run_program({"redis-benchmark", "-p", std::to_string(at.port()), "-c",
                             std::to_string(clients), "-P", std::to_string(pipelined), "-n",
                             brief ? "200" : "60000", "--csv", "HGET", "bench", "_revision"},
                            log);
    std::ifstream in(log);
    std::string line;
    while (std::getline(in, line))
        if (const auto at_rate = line.find("\",\"");
            line.starts_with("\"HGET") && at_rate != line.npos)
            return std::stod(line.substr(at_rate + 3));
    throw std::runtime_error("redis-benchmark said no rate");
}

void figure(const char* name, double value, const char* limit) {
    std::printf("%s %.3f %s\n", name, value, limit);
    std::fflush(stdout);
}
/// The best of several rounds of both sides, taken in turns.
template <class A, class B>
auto best(const char* name, A&& ours, B&& theirs) -> double {
    double a = 0, b = 0;
    for (int round = 0; round < (brief ? 1 : 5); ++round) {
        b = std::max(b, theirs());
        a = std::max(a, ours());
    }
    std::fprintf(stderr, "# %s: %.0f/s against %.0f/s\n", name, a, b);
    return a / b;
}

template <class V>
void fill(V& v) {
    v.ensure_space(acme).value();
    for (int i = 0; i < 100; ++i)
        v.put({.environment = "prod"}, "NAME_" + std::to_string(i), std::string(64, 'x')).value();
}

auto now_ns() -> long {
    ::timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000L + t.tv_nsec;
}

auto median(std::vector<double> of) -> double {
    std::ranges::sort(of);
    return of[of.size() / 2];
}

/// How long after a write was acknowledged in this process another one sees it, in read calls that
/// ask the server. It learns of the write by a push, and then asks once.
void time_to_sight(const redis::options& with) {
    keyring::memory_keyring keys; // the child gets a copy of its KEK
    {
        redis_vault made(redis::open(with).value(), {}, keys);
        fill(made);
        made.put(acme, "COUNT", "0").value();
    }
    const long rounds = brief ? 5 : 500;
    std::array<int, 2> seen{};
    if (::pipe(seen.data()) != 0) return;
    const auto child = ::fork();
    if (child == 0) {
        auto watching = with;
        watching.watch = true;
        const redis_vault other(redis::open(watching).value(), {}, keys);
        for (long n = 0; n <= rounds;) {
            const auto got = other.resolver().at(acme).value().get("COUNT");
            if (!got || got->expose_secret() != std::to_string(n)) continue;
            const auto at = now_ns();
            if (::write(seen[1], &at, sizeof at) != sizeof at) ::_exit(1);
            ++n;
        }
        ::_exit(0);
    }
    ::close(seen[1]); // so that a child that ends early is noticed
    redis_vault writer(redis::open(with).value(), {}, keys);
    const auto asking = writer.resolver();
    std::vector<double> took, asked;
    long at = 0;
    for (long n = 0; n <= rounds; ++n) {
        if (n > 0) writer.put(acme, "COUNT", std::to_string(n)).value();
        const auto written = now_ns();
        if (::read(seen[0], &at, sizeof at) != sizeof at) break;
        if (n > 0) took.push_back(static_cast<double>(at - written) / 1000);
        const auto began = now_ns();
        asking.at(acme).value();
        asked.push_back(static_cast<double>(now_ns() - began) / 1000);
    }
    ::waitpid(child, nullptr, 0);
    std::fprintf(stderr, "# time to sight: %.0f us, a read that asks: %.0f us\n", median(took),
                 median(asked));
    figure("redis_time_to_sight_to_read_that_asks", median(took) / median(asked), "-");
}

} // namespace

auto main(int argc, char** argv) -> int {
    for (int i = 1; i < argc; ++i)
        brief = brief || std::strcmp(argv[i], "--benchmark_min_time=0.001") == 0;
    {
        const redis_test::server other({}, redis_test::speaks::plain, false);
        time_to_sight(redis_test::options_for(other)); // forks, so before there are threads
    }
    share_one_core(); // inherited by the server, by redis-benchmark and by all threads
    const redis_test::server at({}, redis_test::speaks::plain, false);
    at.cli({"HSET", "bench", "_revision", "0123456789abcdef"});
    const auto with = redis_test::options_for(at);

    redis_vault over_redis(redis::open(with).value(), {}, {});
    fill(over_redis);
    const auto resolve = [](auto& v) {
        return [reader = v.resolver()] {
            if (!reader.at(acme).value().get("NAME_7")) std::abort();
        };
    };
    const auto against_hget = [&](const char* name, int threads, int clients, int pipelined,
                                  const char* limit) {
        figure(name,
               best(
                   "uncached resolve, HGET", [&] { return rate(threads, resolve(over_redis)); },
                   [&] { return redis_benchmark(at, clients, pipelined); }),
               limit);
    };
    against_hget("redis_uncached_resolve_rate_to_hget_depth_1", 1, 1, 1, ">=1.00");
    against_hget("redis_uncached_resolve_rate_to_hget_depth_16", 16, 16, 1, ">=1.00");
    // One thread that sends 16 at once and drops what comes. It is missed: callers wait for theirs.
    against_hget("redis_uncached_resolve_rate_to_hget_pipelined_16", 16, 1, 16, ">=1.00");

    auto watching = redis_test::options_for(at);
    watching.watch = true;
    redis_vault pushed(redis::open(watching).value(), {}, {});
    memory_vault in_memory(memory::store{}, {}, {});
    fill(pushed);
    fill(in_memory);
    std::this_thread::sleep_for(std::chrono::milliseconds(300)); // the watch has begun
    figure("redis_resolve_with_push_to_memory",
           1 / best(
                   "resolve with push, in memory", [&] { return rate(1, resolve(pushed)); },
                   [&] { return rate(1, resolve(in_memory)); }),
           "<=1.30");

    // One vault whose writers share commits, and as many that only have the store's comparison.
    const int writers = brief ? 4 : 32;
    keyring::memory_keyring keys;
    const auto shared_with = redis_test::options_for(at);
    redis_vault together(redis::open(shared_with).value(), {}, keys);
    fill(together);
    std::vector<redis_vault> alone;
    for (int i = 0; i < writers; ++i)
        alone.emplace_back(redis::open(shared_with).value(), cryptopp::aes_256_gcm{}, keys);
    std::atomic<int> number{0};
    std::atomic<int> gave_up{0};
    const auto put = [&](redis_vault& v) {
        const auto n = ++number;
        return v.put(acme, "W" + std::to_string(n % 64), std::to_string(n)).has_value();
    };
    std::atomic<int> next{0};
    figure("redis_puts_of_32_writers_in_groups_to_alone",
           best(
               "puts of 32 writers in groups, alone (those that gave up count as well)",
               [&] {
                   return rate(writers, [&] {
                       if (!put(together)) ++gave_up;
                   });
               },
               [&] {
                   return rate(writers, [&] {
                       thread_local const int mine = next++;
                       put(alone[static_cast<std::size_t>(mine % writers)]);
                   });
               }),
           ">=10");
    figure("redis_puts_of_32_writers_in_groups_that_gave_up", gave_up, "<=0");
    return 0;
}
