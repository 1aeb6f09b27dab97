// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_PROXY_HPP
#define COFFER_REDIS_TESTS_PROXY_HPP

#include "redis_server.hpp"

#include <atomic>
#include <limits>
#include <mutex>

#include <netinet/tcp.h>
#include <poll.h>

namespace redis_test {

/// Stands between a store and a server: records, falls silent, is slow, cuts. In the end all that went by is
/// looked through, see clear_text.
class proxy {
public:
    explicit proxy(std::uint16_t to) : to_(to) {
        fd_ = listen_on(port_);
        thread_ = std::thread([this] { work(); });
    }
    proxy(const proxy&) = delete;
    auto operator=(const proxy&) -> proxy& = delete;
    ~proxy() {
        stopping_ = true;
        thread_.join();
        clear_text().look_through(recorded_);
    }

    auto port() const -> std::uint16_t { return port_; }
    /// Nothing is passed on any more, and no connection is closed.
    void mute(bool on) {
        mute_ = on;
        while (knows_mute_ != on && !stopping_) // what was on its way has gone by
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    /// The same, once so many bytes went by in all.
    void mute_after(std::size_t bytes) { mute_at_ = bytes; }
    auto is_mute() const -> bool { return mute_; }
    /// After so many further bytes to the server (or from it), every connection is cut.
    void cut_after(long bytes, bool to_server) { (to_server ? left_up_ : left_down_) = bytes; }
    /// No more than so many bytes go to the server at once, and then none for 5 ms.
    void slow_down(std::size_t bytes) { most_up_ = bytes; }
    /// Every connection is cut now.
    void drop() {
        dropping_ = true;
        while (dropping_ && !stopping_)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    /// How often cut_after struck.
    auto cuts() const -> std::size_t { return cuts_; }
    /// All that went by, in both directions.
    auto recorded() const -> std::string {
        const std::lock_guard lock(mutex_);
        return recorded_;
    }

private:
    using descriptor = coffer::posix::file_descriptor;
    struct pair {
        descriptor client;
        descriptor server;
    };

    static auto listen_on(std::uint16_t& port) -> descriptor {
        descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::socklen_t size = sizeof address;
        if (::bind(fd.get(), reinterpret_cast<::sockaddr*>(&address), size) != 0 ||
            ::listen(fd.get(), 64) != 0 ||
            ::getsockname(fd.get(), reinterpret_cast<::sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("the proxy can't listen");
        port = ntohs(address.sin_port);
        return fd;
    }
    void accept(std::vector<pair>& all) {
        pair made{descriptor(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                  descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(to_);
        if (::connect(made.server.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address) !=
            0)
            return;
        const int on = 1;
        ::setsockopt(made.client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(made.server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        all.push_back(std::move(made));
    }
    /// False: the connection ends, and with `cut` all do.
    auto pass(const descriptor& from, const descriptor& to, std::atomic<long>& left, bool& cut)
        -> bool {
        std::array<char, 65'536> buffer;
        const std::size_t most = &left == &left_up_ ? most_up_.load() : buffer.size();
        auto got = ::recv(from.get(), buffer.data(), std::min(most, buffer.size()), 0);
        if (got <= 0) return false;
        if (most < buffer.size()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (got >= left) {
            got = left;
            left = std::numeric_limits<long>::max();
            cut = true;
            ++cuts_;
        } else {
            left -= got;
        }
        {
            const std::lock_guard lock(mutex_);
            recorded_.append(buffer.data(), static_cast<std::size_t>(got));
            if (recorded_.size() >= mute_at_) mute_ = true;
        }
        ::send(to.get(), buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
        return !cut;
    }
    void work() {
        std::vector<pair> all;
        while (!stopping_) {
            if (dropping_) {
                all.clear();
                dropping_ = false;
            }
            std::vector<::pollfd> ready{{fd_.get(), POLLIN, 0}};
            knows_mute_ = mute_.load();
            if (!knows_mute_)
                for (const auto& p : all) {
                    ready.push_back({p.client.get(), POLLIN, 0});
                    ready.push_back({p.server.get(), POLLIN, 0});
                }
            if (::poll(ready.data(), ready.size(), 5) <= 0) continue;
            bool cut = false;
            for (std::size_t i = (ready.size() - 1) / 2; i > 0 && !cut; --i) {
                auto& p = all[i - 1];
                const bool up =
                    ready[2 * i - 1].revents == 0 || pass(p.client, p.server, left_up_, cut);
                const bool down =
                    cut || ready[2 * i].revents == 0 || pass(p.server, p.client, left_down_, cut);
                if (!up || !down) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i) - 1);
            }
            if (cut) all.clear();
            if (ready[0].revents != 0) accept(all);
        }
    }

    std::uint16_t to_;
    std::uint16_t port_ = 0;
    descriptor fd_{};
    std::atomic<bool> mute_{false};
    std::atomic<bool> knows_mute_{false}; ///< What the thread goes by now.
    std::atomic<std::size_t> mute_at_{std::numeric_limits<std::size_t>::max()};
    std::atomic<bool> stopping_{false};
    std::atomic<long> left_up_{std::numeric_limits<long>::max()};
    std::atomic<long> left_down_{std::numeric_limits<long>::max()};
    std::atomic<std::size_t> most_up_{std::numeric_limits<std::size_t>::max()};
    std::atomic<bool> dropping_{false};
    std::atomic<std::size_t> cuts_{0};
    mutable std::mutex mutex_{};
    std::string recorded_{};
    std::thread thread_{};
};

} // namespace redis_test

#endif
