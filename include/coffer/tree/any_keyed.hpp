// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_ANY_KEYED_HPP
#define COFFER_TREE_ANY_KEYED_HPP

#include <coffer/concepts/cipher.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::tree {

namespace detail {

template <class C>
struct opens {
    using type = cipher_list<C>;
};
template <class First, class List>
struct prepend;
template <class First, class... Rest>
struct prepend<First, cipher_list<Rest...>> {
    using type = cipher_list<First, Rest...>;
};
template <class C>
requires requires {
    typename C::also_opens;
}
struct opens<C> : prepend<C, typename C::also_opens> {};

template <class List>
class any_keyed;

/// A keyed cipher of one of several ciphers, told apart by the cipher number of its DEK: a tree in
/// the middle of a rotation holds objects of two.
template <class... Cs>
class any_keyed<cipher_list<Cs...>> {
public:
    /// The nonce size of a cipher number; 0 if none of these ciphers has it.
    static constexpr auto nonce_size(std::uint8_t id) noexcept -> std::size_t {
        std::size_t size = 0;
        (void)((id == Cs::id ? (size = Cs::nonce_size, true) : false) || ...);
        return size;
    }
    /// Errors: unsupported for a cipher that this library or this machine does not have.
    template <class C>
    static auto make(const C& cipher, std::uint8_t id, std::span<const std::byte, 32> key)
        -> result<any_keyed> {
        result<any_keyed> made = errc::unsupported;
        (void)((id == Cs::id ? (made = key_with<Cs>(cipher, key), true) : false) || ...);
        return made;
    }
    /// `nonce` is nonce_size(id) bytes.
    auto seal(byte_view nonce, byte_view aad, byte_view plain, std::span<std::byte> out,
              std::span<std::byte, 16> tag) -> result<void> {
        return std::visit(
            [&]<class C>(slot<C>& s) {
                return s.keyed.seal(nonce.first<C::nonce_size>(), aad, plain, out, tag);
            },
            keyed_);
    }
    [[nodiscard]] auto open(byte_view nonce, byte_view aad, byte_view sealed,
                            std::span<const std::byte, 16> tag, std::span<std::byte> out) -> bool {
        return std::visit(
            [&]<class C>(slot<C>& s) {
                return s.keyed.open(nonce.first<C::nonce_size>(), aad, sealed, tag, out);
            },
            keyed_);
    }

private:
    template <class C>
    struct slot { // distinct even where two ciphers share their keyed type
        typename C::keyed keyed;
    };
    template <class Wanted, class C>
    static auto key_with(const C& cipher, std::span<const std::byte, 32> key) -> result<any_keyed> {
        const auto made = [&] {
            if constexpr (std::is_same_v<Wanted, C>)
                return cipher.key(key);
            else
                return Wanted{}.key(key);
        };
        auto keyed = made();
        if (!keyed) return keyed.error();
        return any_keyed(std::in_place_type<slot<Wanted>>, *std::move(keyed));
    }
    template <class Slot, class Keyed>
    explicit any_keyed(std::in_place_type_t<Slot> which, Keyed&& keyed)
        : keyed_(which, Slot{std::forward<Keyed>(keyed)}) {}

    std::variant<slot<Cs>...> keyed_;
};

} // namespace detail

/// What cipher C opens with: its own keyed cipher, and those of C::also_opens.
template <Cipher C>
using any_keyed = detail::any_keyed<typename detail::opens<C>::type>;

} // namespace coffer::inline COFFER_ABI::tree

#endif
