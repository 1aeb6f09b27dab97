// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_KEYED_POOL_HPP
#define COFFER_TREE_KEYED_POOL_HPP

#include <coffer/tree/any_keyed.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace coffer::inline COFFER_ABI::tree {

namespace detail {
/// A small number of this thread, by which threads spread over the slots of a pool.
inline auto thread_ordinal() noexcept -> std::size_t {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine;
}
} // namespace detail

/// Keyed ciphers of one subkey, lent to one thread at a time without a lock: each slot keeps one,
/// and a thread that finds its slot lent out makes another for once. Thread-safe. Keys are wiped
/// with the pool.
template <Cipher C>
class keyed_pool {
    struct alignas(64) slot {
        std::atomic<bool> lent{false};
        std::unique_ptr<any_keyed<C>> at{}; ///< Belongs to whoever set `lent`.
    };

public:
    using keyed = any_keyed<C>;

    keyed_pool(const C& cipher, std::uint8_t id, key_bytes&& key)
        : cipher_(cipher), id_(id), key_(std::move(key)) {}
    keyed_pool(const keyed_pool&) = delete;
    auto operator=(const keyed_pool&) -> keyed_pool& = delete;
    ~keyed_pool() = default;

    /// A keyed cipher on loan, which goes back on destruction, or why there is none.
    class lease {
    public:
        explicit lease(errc why) noexcept : why_(why) {}
        explicit lease(slot& from) noexcept : from_(&from), keyed_(from.at.get()) {}
        explicit lease(std::unique_ptr<keyed> own) noexcept
            : keyed_(own.get()), own_(std::move(own)) {}
        lease(const lease&) = delete;
        auto operator=(const lease&) -> lease& = delete;
        ~lease() {
            if (from_ != nullptr) give_back(*from_);
        }
        explicit operator bool() const noexcept { return keyed_ != nullptr; }
        auto operator->() const noexcept -> keyed* { return keyed_; }
        auto error() const noexcept -> errc { return why_; }

    private:
        slot* from_ = nullptr;
        keyed* keyed_ = nullptr;
        std::unique_ptr<keyed> own_{};
        errc why_{};
    };

    /// Errors: those of the cipher's key().
    auto borrow() const -> lease {
        auto& mine = slots_[detail::thread_ordinal() % slots_.size()];
        if (take(mine)) {
            if (mine.at != nullptr) return lease(mine);
            give_back(mine);
        }
        return borrow_new(mine);
    }

private:
    static auto take(slot& s) noexcept -> bool {
        return !s.lent.exchange(true, std::memory_order_acquire);
    }
    static void give_back(slot& s) noexcept { s.lent.store(false, std::memory_order_release); }

    /// Makes a keyed cipher, which stays in its slot if that is free.
    auto borrow_new(slot& mine) const -> lease {
        auto made = keyed::make(cipher_, id_, key_.view());
        if (!made) return lease(made.error().code);
        auto own = std::make_unique<keyed>(*std::move(made));
        if (!take(mine)) return lease(std::move(own));
        if (mine.at == nullptr) mine.at = std::move(own);
        return lease(mine);
    }

    C cipher_;
    std::uint8_t id_;
    key_bytes key_;
    mutable std::array<slot, 8> slots_{}; // a cache: lending changes no state that is seen
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
