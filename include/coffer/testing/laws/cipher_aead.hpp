// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_CIPHER_AEAD_HPP
#define COFFER_TESTING_LAWS_CIPHER_AEAD_HPP

#include <coffer/testing/laws/cipher_subject.hpp>

#include <algorithm>

namespace coffer::inline COFFER_ABI::testing::laws {

/// The message type of what `make()` gives.
template <class Make>
using message_of = message<decltype(std::declval<Make&>()())>;

template <class Make>
void cipher_c1(Make& make, checker& check) {
    const auto cipher = make();
    const auto round_trip = [&](std::size_t plain, std::size_t aad) {
        auto m = message_of<Make>::of(plain, aad);
        auto keyed = cipher.key(key_view(m.key));
        if (!check.that(keyed.has_value(), "a key of 32 bytes makes a keyed cipher")) return;
        check.that(m.seal_with(*keyed), "seal succeeds");
        check.that(m.open_with(*keyed) == m.plain, "open(seal(x)) is x");
    };
    for (std::size_t n = 0; n <= 130; ++n) {
        round_trip(n, 0);
        round_trip(n, 60);
        round_trip(0, n);
    }
    for (const std::size_t n :
         {255U, 256U, 257U, 1023U, 4096U, 65'535U, 65'537U, 1'048'575U, 1'048'576U})
        round_trip(n, n % 300);
    round_trip(100, 70'000);
}

/// Calls f for the message with each one bit of one of its parts changed.
template <class Message, class F>
void each_flip(const Message& m, F&& f) {
    auto changed = m;
    const auto flip_each = [&](auto& part, std::string_view which) {
        for (std::size_t bit = 0; bit < 8 * part.size(); ++bit) {
            part[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            f(changed, which);
            part[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        }
    };
    flip_each(changed.sealed, "a sealed text with one bit changed does not open");
    flip_each(changed.tag, "a tag with one bit changed does not open");
    flip_each(changed.nonce, "another nonce does not open");
    flip_each(changed.aad, "another AAD does not open");
    flip_each(changed.key, "another key does not open");
}

template <class Make>
void cipher_c2(Make& make, checker& check) {
    const auto cipher = make();
    for (const std::size_t size : {0U, 1U, 40U}) {
        auto m = message_of<Make>::of(size, 21);
        auto keyed = cipher.key(key_view(m.key));
        if (!check.that(keyed && m.seal_with(*keyed), "seal succeeds")) return;
        check.that(m.open_with(*keyed) == m.plain, "the unchanged message opens");
        each_flip(m, [&](const auto& changed, std::string_view which) {
            auto other = cipher.key(key_view(changed.key));
            check.that(other && !changed.open_with(*other), which);
        });
        auto moved = m; // one byte from the AAD to the text: lengths are authenticated too
        moved.sealed.insert(moved.sealed.begin(), moved.aad.back());
        moved.aad.pop_back();
        check.that(!moved.open_with(*keyed), "a moved boundary between AAD and text does not open");
    }
}

template <class Make>
void cipher_c3(Make& make, checker& check) {
    const auto cipher = make();
    for (const std::size_t size : {1U, 16U, 33U, 1000U, 70'000U}) {
        auto m = message_of<Make>::of(size, 7);
        auto keyed = cipher.key(key_view(m.key));
        if (!check.that(keyed && m.seal_with(*keyed), "seal succeeds")) return;
        m.tag[15] ^= std::byte{1};
        bytes left;
        check.that(!m.open_with(*keyed, &left), "a wrong tag does not open");
        check.that(left == bytes(size), "the output holds zeros alone");
    }
}

template <class Make>
void cipher_c4(Make& make, checker& check) {
    const auto cipher = make();
    auto m = message_of<Make>::of(100, 30);
    auto first = cipher.key(key_view(m.key));
    auto second = cipher.key(key_view(m.key));
    if (!check.that(first && second && m.seal_with(*first), "seal succeeds")) return;
    auto again = m;
    auto other = m;
    check.that(again.seal_with(*first) && again.sealed == m.sealed && again.tag == m.tag,
               "the same call again gives the same bytes");
    check.that(other.seal_with(*second) && other.sealed == m.sealed && other.tag == m.tag,
               "another keyed cipher of the same key gives the same bytes");
}

template <class Make>
void cipher_c5(Make& make, checker& check) {
    const auto cipher = make();
    const auto key = pattern(32, 1);
    auto keyed = cipher.key(key_view(key));
    if (!check.that(keyed.has_value(), "a key of 32 bytes makes a keyed cipher")) return;
    std::vector<message_of<Make>> kept;
    for (unsigned i = 0; i < 40; ++i) {
        auto m = message_of<Make>::of(i * 7, i * 3, 10 + i);
        m.key = key;
        auto fresh = cipher.key(key_view(key));
        auto expected = m;
        check.that(m.seal_with(*keyed) && fresh && expected.seal_with(*fresh) &&
                       m.sealed == expected.sealed && m.tag == expected.tag,
                   "a used keyed cipher seals as a fresh one does");
        kept.push_back(m);
        auto broken = kept[i / 2];
        broken.tag[0] ^= std::byte{0x80};
        check.that(!broken.open_with(*keyed), "a wrong tag does not open");
        check.that(kept[i / 2].open_with(*keyed) == kept[i / 2].plain,
                   "an earlier message opens, also after one that did not");
    }
    auto moved = std::move(*keyed);
    check.that(kept[5].open_with(moved) == kept[5].plain, "a keyed cipher works where it moved to");
}

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
