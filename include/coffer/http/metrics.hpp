// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_METRICS_HPP
#define COFFER_HTTP_METRICS_HPP

#include <coffer/version.hpp>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a request is counted under: a fixed few, since a label must never hold a name or an id
/// that a client chose.
enum class route_class : unsigned char {
    secrets,
    environments,
    spaces,
    extension,
    events,
    probe,
    other
};

/// The class of a target, by its first segments alone.
constexpr auto route_class_of(std::string_view target) noexcept -> route_class {
    target = target.substr(0, target.find('?'));
    if (target.starts_with("/api/")) target.remove_prefix(4);
    if (target == "/livez" || target == "/readyz" || target == "/metrics")
        return route_class::probe;
    if (!target.starts_with("/v1/")) return route_class::other;
    const auto segment = target.substr(4, target.find('/', 4) - 4);
    if (segment == "secrets") return route_class::secrets;
    if (segment == "environments") return route_class::environments;
    if (segment == "spaces") return route_class::spaces;
    if (segment == "x") return route_class::extension;
    if (segment == "events") return route_class::events;
    return route_class::other;
}

/// What the service tells Prometheus about itself. Thread-safe; counting never waits.
class metrics {
public:
    metrics() = default;
    metrics(const metrics&) = delete;
    auto operator=(const metrics&) -> metrics& = delete;

    /// One answered request.
    void answered(route_class route, unsigned status, std::chrono::nanoseconds took) noexcept {
        auto& at = routes_[static_cast<std::size_t>(route)];
        at.by_status[status < 600 ? status / 100 : 0].fetch_add(1, std::memory_order_relaxed);
        const auto nanoseconds = static_cast<std::uint64_t>(took.count());
        at.nanoseconds.fetch_add(nanoseconds, std::memory_order_relaxed);
        std::size_t i = 0;
        while (i < bounds.size() && nanoseconds > bounds[i].nanoseconds)
            ++i;
        at.within[i].fetch_add(1, std::memory_order_relaxed);
    }
    /// A request that the strict layer refused: it has no route.
    void refused() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }
    void connection_opened() noexcept { accepted_.fetch_add(1, std::memory_order_relaxed); }
    void connection_closed() noexcept { closed_.fetch_add(1, std::memory_order_relaxed); }
    /// A connection that was not taken: too many.
    void connection_denied() noexcept { denied_.fetch_add(1, std::memory_order_relaxed); }
    auto connections() const noexcept -> std::uint64_t {
        const auto closed = closed_.load(std::memory_order_relaxed);
        return accepted_.load(std::memory_order_relaxed) - closed;
    }

    /// Adds a value that is asked for when the text is made: `name` is a metric's whole name,
    /// `help` one line. For what others know: the length of a queue, the age of a snapshot.
    void add_gauge(std::string name, std::string help, std::function<double()> value) {
        const std::lock_guard lock(mutex_);
        gauges_.push_back({std::move(name), std::move(help), std::move(value)});
    }
    /// Takes such a value out: before what it asks is gone.
    void remove_gauge(std::string_view name) {
        const std::lock_guard lock(mutex_);
        std::erase_if(gauges_, [name](const gauge& g) { return g.name == name; });
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    auto text() const -> std::string {
        std::string out;
        add_requests(out);
        add_durations(out);
        const auto one = [&out](std::string_view name, std::string_view help, std::string_view type,
                                double value) {
            add_family(out, name, help, type);
            out.append(name).append(" ");
            add_value(out, value);
        };
        const auto load = [](const auto& n) { return static_cast<double>(n.load()); };
        one("coffer_http_refused_total", "Requests that were not HTTP, or ambiguous.", "counter",
            load(refused_));
        one("coffer_http_connections", "Open connections.", "gauge",
            static_cast<double>(connections()));
        one("coffer_http_connections_total", "Connections taken.", "counter", load(accepted_));
        one("coffer_http_connections_denied_total", "Connections over a limit.", "counter",
            load(denied_));
        const std::lock_guard lock(mutex_);
        for (const auto& g : gauges_)
            one(g.name, g.help, "gauge", g.value());
        return out;
    }

private:
    struct bound {
        std::uint64_t nanoseconds;
        std::string_view seconds;
    };
    static constexpr std::array<bound, 8> bounds{{{100'000, "0.0001"},
                                                  {500'000, "0.0005"},
                                                  {2'500'000, "0.0025"},
                                                  {10'000'000, "0.01"},
                                                  {50'000'000, "0.05"},
                                                  {250'000'000, "0.25"},
                                                  {1'000'000'000, "1"},
                                                  {10'000'000'000, "10"}}};
    static constexpr std::array<std::string_view, 7> names{
        "secrets", "environments", "spaces", "extension", "events", "probe", "other"};

    struct alignas(64) counted {
        std::array<std::atomic<std::uint64_t>, 6> by_status{};
        std::array<std::atomic<std::uint64_t>, bounds.size() + 1> within{};
        std::atomic<std::uint64_t> nanoseconds{0};
    };
    struct gauge {
        std::string name;
        std::string help;
        std::function<double()> value;
    };

    static void add_family(std::string& out, std::string_view name, std::string_view help,
                           std::string_view type) {
        out.append("# HELP ").append(name).append(" ").append(help);
        out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    static void add_value(std::string& out, double value) {
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        out.append(digits.data(), end).append("\n");
    }
    void add_requests(std::string& out) const {
        add_family(out, "coffer_http_requests_total", "Requests answered.", "counter");
        for (std::size_t r = 0; r < names.size(); ++r)
            for (std::size_t s = 0; s < 6; ++s) {
                const auto n = routes_[r].by_status[s].load(std::memory_order_relaxed);
                if (n == 0) continue;
                out.append("coffer_http_requests_total{route=\"").append(names[r]);
                out.append("\",status=\"").append(1, static_cast<char>('0' + s)).append("xx\"} ");
                add_value(out, static_cast<double>(n));
            }
    }
    void add_durations(std::string& out) const {
        constexpr std::string_view name = "coffer_http_request_duration_seconds";
        add_family(out, name, "From the last byte of a request to its answer.", "histogram");
        for (std::size_t r = 0; r < names.size(); ++r) {
            const auto& at = routes_[r];
            std::uint64_t sum = 0;
            const auto line = [&](std::string_view suffix, std::string_view le, double value) {
                out.append(name).append(suffix).append("{route=\"").append(names[r]).append("\"");
                if (!le.empty()) out.append(",le=\"").append(le).append("\"");
                out.append("} ");
                add_value(out, value);
            };
            for (std::size_t i = 0; i <= bounds.size(); ++i) {
                sum += at.within[i].load(std::memory_order_relaxed);
                line("_bucket", i < bounds.size() ? bounds[i].seconds : "+Inf",
                     static_cast<double>(sum));
            }
            line("_sum", "", static_cast<double>(at.nanoseconds.load()) / 1e9);
            line("_count", "", static_cast<double>(sum));
        }
    }

    std::array<counted, names.size()> routes_{};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> closed_{0};
    std::atomic<std::uint64_t> denied_{0};
    mutable std::mutex mutex_;
    std::vector<gauge> gauges_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
