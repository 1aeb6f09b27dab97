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

/// Keyed ciphers of one subkey, lent to one thread at a time without a lock: a slot is emptied by
/// whoever takes from it, and a thread that finds its slot empty makes another keyed cipher.
/// Thread-safe. Keys are wiped with the pool.
template <Cipher C>
class keyed_pool {
public:
    using keyed = any_keyed<C>;

    keyed_pool(const C& cipher, std::uint8_t id, key_bytes&& key)
        : cipher_(cipher), id_(id), key_(std::move(key)) {}
    keyed_pool(const keyed_pool&) = delete;
    auto operator=(const keyed_pool&) -> keyed_pool& = delete;
    ~keyed_pool() {
        for (auto& s : slots_)
            delete s.at.load(std::memory_order_relaxed);
    }

    /// A keyed cipher on loan, which goes back on destruction, or why there is none.
    class lease {
    public:
        explicit lease(errc why) noexcept : pool_(nullptr), why_(why) {}
        lease(keyed_pool& pool, std::size_t slot, keyed* k) noexcept
            : pool_(&pool), slot_(slot), keyed_(k) {}
        lease(const lease&) = delete;
        auto operator=(const lease&) -> lease& = delete;
        ~lease() {
            if (keyed_ != nullptr)
                delete pool_->slots_[slot_].at.exchange(keyed_, std::memory_order_acq_rel);
        }
        explicit operator bool() const noexcept { return keyed_ != nullptr; }
        auto operator->() const noexcept -> keyed* { return keyed_; }
        auto error() const noexcept -> errc { return why_; }

    private:
        keyed_pool* pool_;
        std::size_t slot_ = 0;
        keyed* keyed_ = nullptr;
        errc why_{};
    };

    /// Errors: those of the cipher's key().
    auto borrow() const -> lease {
        auto& self =
            const_cast<keyed_pool&>(*this); // slots are a cache: lending changes no state seen
        const auto slot = detail::thread_ordinal() % self.slots_.size();
        auto* k = self.slots_[slot].at.exchange(nullptr, std::memory_order_acq_rel);
        if (k == nullptr) {
            auto made = keyed::make(cipher_, id_, key_.view());
            if (!made) return lease(made.error().code);
            k = new keyed(*std::move(made));
        }
        return lease(self, slot, k);
    }

private:
    struct alignas(64) slot_line {
        std::atomic<keyed*> at{nullptr};
    };
    C cipher_;
    std::uint8_t id_;
    key_bytes key_;
    std::array<slot_line, 8> slots_{};
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
