// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_KEY_PROVIDER_LAWS_HPP
#define COFFER_TESTING_KEY_PROVIDER_LAWS_HPP

#include <coffer/concepts/key_provider.hpp>
#include <coffer/testing/checker.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

// The conformance suite of KeyProvider: laws K1 to K7 (coffer/concepts/key_provider.hpp).
//
// `make()` answers a fresh provider that lets the environments "laws-a" and "laws-b" be enrolled.
// What the concept itself has no call for, `make` may offer; what needs it is else reported as not
// applicable:
//
//     std::string make.add(keys, environment)   a further active KEK, for that environment alone
//     void make.disable(keys, kek_id)           the KEK's state is disabled from now on
//     void make.decrypt_only(keys, kek_id)      it unwraps, and does not wrap any more
//     K make.reopen(keys)                       the same keys and anchor, as another process has
//     them bool make.damage_anchor(keys, n)          does the n-th damage to the anchor; false: no
//     more

namespace key_laws {

inline auto sample_dek(unsigned seed = 7) -> key_bytes {
    key_bytes dek;
    for (auto& b : dek.span()) {
        seed = seed * 1103515245U + 12345U; // any sequence that does not repeat soon
        b = static_cast<std::byte>(seed >> 16);
    }
    return dek;
}
inline auto same(const result<key_bytes>& got, const key_bytes& dek) -> bool {
    return got && std::ranges::equal(got->view(), dek.view());
}
inline auto fails(const result<key_bytes>& got, errc with) -> bool {
    return !got && got.error() == with;
}
inline constexpr std::string_view where = "laws-a";
inline auto sample_aad() -> bytes {
    const auto text = as_bytes("a context of some bytes");
    return {text.begin(), text.end()};
}

/// A fresh provider with one DEK wrapped; `ready` is false, and has been reported, if that failed.
template <class Make>
struct wrapped_once {
    decltype(std::declval<Make&>()()) keys;
    std::string id{};
    key_bytes dek = sample_dek();
    bytes aad = sample_aad();
    bytes wrapped{};
    bool ready = false;

    wrapped_once(Make& make, checker& check) : keys(make()) {
        auto named = keys.key_for(where);
        if (!check.that(named.has_value(), "key_for names a KEK for a new environment")) return;
        id = *named;
        auto made = keys.wrap(id, dek.view(), aad);
        if (!check.that(made.has_value(), "wrap wraps under the KEK of key_for")) return;
        wrapped = *made;
        ready = true;
    }
    auto open() { return keys.unwrap(id, where, wrapped, aad); }
};

template <class Make>
void round_trip(Make& make, checker& check) {
    wrapped_once<Make> once(make, check);
    if (!once.ready) return;
    check.that(once.wrapped.size() >= 16 && once.wrapped.size() <= 4096,
               "wrapped: 16 to 4,096 bytes");
    check.that(!once.id.empty() && once.id.size() <= 255, "a KEK id has 1 to 255 bytes");
    check.that(same(once.open(), once.dek), "unwrap answers the DEK");
    check.that(same(once.open(), once.dek), "and does so again");
    const auto again = once.keys.key_for(where);
    check.that(again && *again == once.id, "key_for answers the same KEK while nothing changed");
    const auto other = once.keys.key_for("laws-b");
    check.that(other.has_value(), "a second environment has a KEK");
    check.that(same(once.open(), once.dek), "a second environment changes nothing for the first");
    for (const std::size_t size : {0U, 1U, 255U, 700U}) {
        const bytes aad(size, std::byte{0xA5});
        const auto wrapped = once.keys.wrap(once.id, once.dek.view(), aad);
        check.that(wrapped && same(once.keys.unwrap(once.id, where, *wrapped, aad), once.dek),
                   "whatever the length of the AAD");
    }
    if constexpr (requires { make.reopen(once.keys); }) {
        auto elsewhere = make.reopen(once.keys);
        check.that(same(elsewhere.unwrap(once.id, where, once.wrapped, once.aad), once.dek),
                   "another process unwraps it too");
    } else {
        check.not_applicable("K1 after reopening: make has no reopen");
    }
}

template <class Make>
void authenticated(Make& make, checker& check) {
    wrapped_once<Make> once(make, check);
    if (!once.ready) return;
    const auto refused = [&](byte_view wrapped, byte_view aad) {
        return fails(once.keys.unwrap(once.id, where, wrapped, aad), errc::tampered);
    };
    for (std::size_t bit = 0; bit < once.aad.size() * 8; ++bit) {
        auto aad = once.aad;
        aad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (!check.that(refused(once.wrapped, aad), "an AAD with one bit changed is tampered"))
            break;
    }
    check.that(refused(once.wrapped, {}), "no AAD is tampered");
    check.that(refused(once.wrapped, byte_view(once.aad).first(once.aad.size() - 1)),
               "a cut AAD is tampered");
    for (std::size_t bit = 0; bit < once.wrapped.size() * 8; ++bit) {
        auto wrapped = once.wrapped;
        wrapped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (!check.that(refused(wrapped, once.aad), "one changed bit is tampered")) break;
    }
    for (std::size_t size = 0; size < once.wrapped.size(); ++size)
        if (!check.that(refused(byte_view(once.wrapped).first(size), once.aad), "cut is tampered"))
            break;
    auto longer = once.wrapped;
    longer.push_back(std::byte{0});
    check.that(refused(longer, once.aad), "a byte more is tampered");
    check.that(refused(bytes(5000), once.aad), "5,000 zero bytes are tampered");
}

template <class Make>
void key_side_decides(Make& make, checker& check) {
    wrapped_once<Make> once(make, check);
    if (!once.ready) return;
    const bytes garbage(48, std::byte{1});
    const std::string with_zero("a\0b", 3);
    for (const auto& id :
         {std::string{}, std::string("nobody's"), std::string("../../keyring.json"),
          std::string("*"), std::string(255, 'x'), std::string(70000, 'y'), with_zero,
          once.id + "x", once.id.substr(1)}) {
        check.that(fails(once.keys.unwrap(id, where, once.wrapped, once.aad), errc::unknown_key),
                   "unwrap under an id that the key side lacks is unknown_key");
        check.that(fails(once.keys.unwrap(id, where, garbage, once.aad), errc::unknown_key),
                   "before anybody looks at the wrapped bytes");
        const auto wrapped = once.keys.wrap(id, once.dek.view(), once.aad);
        check.that(!wrapped && wrapped.error() == errc::unknown_key,
                   "wrap under an id that the key side lacks is unknown_key");
    }
    if constexpr (requires { make.add(once.keys, where); }) {
        const std::string dev = make.add(once.keys, "laws-dev");
        const auto planted = once.keys.wrap(dev, once.dek.view(), once.aad);
        check.that(planted.has_value(), "a KEK wraps for its own environment");
        if (!planted) return;
        check.that(same(once.keys.unwrap(dev, "laws-dev", *planted, once.aad), once.dek),
                   "and unwraps for it");
        for (const std::string_view other : {where, std::string_view("laws-never-enrolled")}) {
            check.that(fails(once.keys.unwrap(dev, other, *planted, once.aad), errc::unknown_key),
                       "a KEK can't speak for an environment that it does not list");
            check.that(fails(once.keys.unwrap(dev, other, garbage, once.aad), errc::unknown_key),
                       "and is asked so before any cryptography");
        }
    } else {
        check.not_applicable("K3 between two KEKs: make has no add");
    }
}

template <class Make>
void states(Make& make, checker& check) {
    const auto refuses = [](const auto& got) { return !got && got.error() == errc::key_disabled; };
    if constexpr (requires(wrapped_once<Make> & o) { make.decrypt_only(o.keys, o.id); }) {
        wrapped_once<Make> once(make, check);
        if (!once.ready) return;
        make.decrypt_only(once.keys, once.id);
        check.that(same(once.open(), once.dek), "a decrypt-only KEK unwraps");
        check.that(refuses(once.keys.wrap(once.id, once.dek.view(), once.aad)),
                   "wrap under a decrypt-only KEK is key_disabled");
        const auto next = once.keys.key_for(where);
        check.that(!next || *next != once.id, "key_for does not answer a decrypt-only KEK");
    } else {
        check.not_applicable("K4 for decrypt-only: make has no decrypt_only");
    }
    if constexpr (requires(wrapped_once<Make> & o) { make.disable(o.keys, o.id); }) {
        wrapped_once<Make> once(make, check);
        if (!once.ready) return;
        make.disable(once.keys, once.id);
        check.that(refuses(once.open()), "unwrap under a disabled KEK is key_disabled");
        check.that(refuses(once.keys.wrap(once.id, once.dek.view(), once.aad)),
                   "wrap under a disabled KEK is key_disabled");
        const auto next = once.keys.key_for(where);
        check.that(!next || *next != once.id, "key_for does not answer a disabled KEK");
    } else {
        check.not_applicable("K4 for disabled: make has no disable");
    }
}

template <class Make>
void wraps_differ(Make& make, checker& check) {
    wrapped_once<Make> once(make, check);
    std::vector<bytes> seen{once.wrapped};
    for (int i = 0; once.ready && i < 20; ++i) {
        auto next = once.keys.wrap(once.id, once.dek.view(), once.aad);
        if (!check.that(next && std::ranges::find(seen, *next) == seen.end(),
                        "no two wraps of one DEK are alike"))
            return;
        seen.push_back(std::move(*next));
    }
}

template <class Make>
void committed_to_kek(Make& make, checker& check) {
    if constexpr (requires(wrapped_once<Make> & o) { make.add(o.keys, where); }) {
        wrapped_once<Make> once(make, check);
        if (!once.ready) return;
        const std::string other = make.add(once.keys, std::string(where));
        check.that(fails(once.keys.unwrap(other, where, once.wrapped, once.aad), errc::tampered),
                   "a wrapped DEK does not open under another KEK of its environment");
        check.that(same(once.open(), once.dek), "and still opens under its own");
    } else {
        check.not_applicable("K6: make has no add");
    }
}

template <class Make>
void tells_nothing(Make& make, checker& check) {
    wrapped_once<Make> once(make, check);
    if (!once.ready) return;
    const auto dek = once.dek.view();
    const auto shows = [&](byte_view in) {
        for (std::ptrdiff_t at = 0; at + 6 <= std::ssize(dek); ++at)
            if (std::search(in.begin(), in.end(), dek.begin() + at, dek.begin() + at + 6) !=
                in.end())
                return true;
        return false;
    };
    check.that(!shows(once.wrapped), "wrapped bytes show no part of the DEK");
    check.that(!shows(as_bytes(once.id)), "a KEK id shows no part of the DEK");
    auto broken = once.wrapped;
    broken.back() ^= std::byte{1};
    const auto refused = once.keys.unwrap(once.id, where, broken, once.aad);
    if (!check.that(!refused, "a changed bit is refused")) return;
    const exception thrown(refused.error());
    check.that(!shows(as_bytes(thrown.what())), "no text of an error shows a part of the DEK");
}

} // namespace key_laws

/// The laws of KeyProvider. Run them with run_key_provider_laws() of catch2.hpp or gtest.hpp.
template <class Make>
inline constexpr std::array<law<Make>, 7> key_provider_laws{{
    {"K1 unwrap answers what was wrapped", &key_laws::round_trip<Make>},
    {"K2 AAD and wrapped bytes are authenticated", &key_laws::authenticated<Make>},
    {"K3 the key side decides which KEK speaks for an environment",
     &key_laws::key_side_decides<Make>},
    {"K4 a KEK does what its state allows", &key_laws::states<Make>},
    {"K5 two wraps of the same DEK differ", &key_laws::wraps_differ<Make>},
    {"K6 a wrapped DEK opens under its own KEK alone", &key_laws::committed_to_kek<Make>},
    {"K7 nothing told holds key material", &key_laws::tells_nothing<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
