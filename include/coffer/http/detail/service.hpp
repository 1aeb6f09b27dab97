// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_SERVICE_HPP
#define COFFER_HTTP_DETAIL_SERVICE_HPP

#include <coffer/http/detail/workers.hpp>
#include <coffer/http/limits.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/metrics.hpp>
#include <coffer/http/strict_head.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http::detail {

/// Host headers that are answered: what a page of another origin can't make a browser send.
class host_list {
public:
    /// `host` or `host:port`; without a port any is good, and with one also none: clients that
    /// leave it out mean the server that they are connected to.
    void add(std::string host) {
        std::transform(host.begin(), host.end(), host.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        const auto port = port_at(host);
        if (port != std::string_view::npos) exact_.push_back(host.substr(0, port));
        (port == std::string_view::npos ? any_port_ : exact_).push_back(std::move(host));
    }
    auto holds(std::string_view host) const noexcept -> bool {
        const auto same = [](std::string_view text) {
            return [text](const std::string& lower) { return equal_without_case(text, lower); };
        };
        return std::any_of(exact_.begin(), exact_.end(), same(host)) ||
               std::any_of(any_port_.begin(), any_port_.end(), same(host.substr(0, port_at(host))));
    }

private:
    static auto port_at(std::string_view host) noexcept -> std::size_t {
        const auto colon = host.rfind(':');
        if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos)
            return std::string_view::npos;
        return colon;
    }
    std::vector<std::string> exact_{};
    std::vector<std::string> any_port_{};
};

/// Counts the open connections of each address. Thread-safe.
class address_counts {
public:
    /// Whether there is one more place for the address; it is taken.
    auto take(const std::string& address, std::size_t most) -> bool {
        const std::lock_guard lock(mutex_);
        auto& n = counts_[address];
        if (n >= most) return false;
        ++n;
        return true;
    }
    void give_back(const std::string& address) noexcept {
        const std::lock_guard lock(mutex_);
        const auto at = counts_.find(address);
        if (at != counts_.end() && --at->second == 0) counts_.erase(at);
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::size_t> counts_{};
};

/// What one connection holds of the memory that bodies of all connections may take.
class held_bytes {
public:
    held_bytes(std::atomic<std::size_t>& all, std::size_t most) : all_(&all), most_(most) {}
    ~held_bytes() { give_back(); }
    held_bytes(const held_bytes&) = delete;
    auto operator=(const held_bytes&) -> held_bytes& = delete;

    /// False: all together hold too much.
    auto grow_to(std::size_t size) noexcept -> bool {
        if (size <= mine_) return true;
        const auto before = all_->fetch_add(size - mine_, std::memory_order_relaxed);
        const auto sum = before + (size - mine_);
        mine_ = size;
        return sum <= most_;
    }
    void give_back() noexcept {
        if (mine_ != 0) all_->fetch_sub(std::exchange(mine_, 0), std::memory_order_relaxed);
    }

private:
    std::atomic<std::size_t>* all_;
    std::size_t most_;
    std::size_t mine_ = 0;
};

/// What all connections of a server share.
struct service {
    http::limits limits{};
    std::shared_ptr<handler> answers{};
    std::shared_ptr<metrics> counters{};
    host_list hosts{};
    address_counts addresses{};
    std::atomic<std::size_t> bodies{0};
    workers reads;   ///< Of what changes nothing,
    workers changes; ///< and of the rest: however many of these wait for one another, it is read.

    service(const http::limits& l, std::shared_ptr<handler> h, std::shared_ptr<metrics> m)
        : limits(l), answers(std::move(h)), counters(std::move(m)), reads(l.workers),
          changes(l.workers / 2) {}
    auto workers_for(const request& in) noexcept -> workers& {
        return answers->only_reads(in) ? reads : changes;
    }
    /// Requests that no thread has begun.
    auto waiting() const noexcept -> std::size_t { return reads.waiting() + changes.waiting(); }
};

/// One connection's place: counted from its beginning to its end.
class place {
public:
    place(service& of, std::string address, bool counted)
        : of_(&of), address_(std::move(address)), counted_(counted) {
        of_->counters->connection_opened();
    }
    place(place&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), address_(std::move(other.address_)),
          counted_(other.counted_) {}
    ~place() {
        if (of_ == nullptr) return;
        of_->counters->connection_closed();
        if (counted_) of_->addresses.give_back(address_);
    }
    auto address() const noexcept -> const std::string& { return address_; }

private:
    service* of_;
    std::string address_;
    bool counted_;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
