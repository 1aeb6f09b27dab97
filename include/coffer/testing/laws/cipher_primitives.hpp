// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_CIPHER_PRIMITIVES_HPP
#define COFFER_TESTING_LAWS_CIPHER_PRIMITIVES_HPP

#include <coffer/testing/laws/cipher_aead.hpp>

#include <set>

#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace coffer::inline COFFER_ABI::testing::laws {

inline auto is_digest(const digest& d, std::string_view hex) -> bool {
    const auto expected = from_hex(hex);
    return std::equal(d.begin(), d.end(), expected.begin(), expected.end());
}

template <class Make>
void cipher_c6(Make& make, checker& check) {
    const auto cipher = make();
    // FIPS 180-4 examples, and a million 'a' (FIPS 180-2, B.3).
    check.that(is_digest(cipher.sha256({}),
                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
               "SHA-256 of nothing");
    check.that(is_digest(cipher.sha256(as_bytes("abc")),
                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
               "SHA-256 of abc");
    check.that(is_digest(cipher.sha256(
                             as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
                         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
               "SHA-256 of two blocks");
    check.that(is_digest(cipher.sha256(bytes(1'000'000, std::byte{'a'})),
                         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
               "SHA-256 of a million a");
    // RFC 4231, cases 1, 2 and 6.
    check.that(is_digest(cipher.hmac_sha256(bytes(20, std::byte{0x0B}), as_bytes("Hi There")),
                         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
               "HMAC-SHA256 with a key of 20 bytes");
    check.that(
        is_digest(cipher.hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        "HMAC-SHA256 with a key of 4 bytes");
    check.that(is_digest(cipher.hmac_sha256(
                             bytes(131, std::byte{0xAA}),
                             as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
                         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
               "HMAC-SHA256 with a key longer than a block");
}

#if __has_include(<sys/wait.h>)
/// What random gives in a forked child; empty if that failed.
template <class C>
auto random_in_child(const C& cipher) -> bytes {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) return {};
    const auto child = ::fork();
    if (child == 0) {
        std::array<std::byte, 32> out{};
        const bool ok =
            cipher.random(out).has_value() &&
            ::write(ends[1], out.data(), out.size()) == static_cast<ssize_t>(out.size());
        ::_exit(ok ? 0 : 1);
    }
    ::close(ends[1]);
    bytes out(32);
    const auto got = child < 0 ? -1 : ::read(ends[0], out.data(), out.size());
    ::close(ends[0]);
    if (child > 0) ::waitpid(child, nullptr, 0);
    return got == 32 ? out : bytes{};
}
#endif

template <class Make>
void cipher_c7(Make& make, checker& check) {
    const auto cipher = make();
    std::set<bytes> seen;
    const auto fresh = [&](const bytes& b) {
        check.that(b != bytes(b.size()) && seen.insert(b).second, "random bytes differ each time");
    };
    for (const std::size_t n : {1U, 255U, 256U, 257U, 1000U}) {
        bytes out(n);
        check.that(cipher.random(out).has_value(), "random fills any length");
        if (n > 1) fresh(bytes(out.end() - 32, out.end())); // the end is filled as well
    }
    check.that(cipher.random({}).has_value(), "random fills nothing");
    for (int i = 0; i < 64; ++i) {
        bytes out(32);
        check.that(cipher.random(out).has_value(), "random succeeds");
        fresh(out);
    }
#if __has_include(<sys/wait.h>)
    for (int i = 0; i < 32; ++i) { // siblings start from the same memory
        const auto out = random_in_child(cipher);
        if (!check.that(out.size() == 32, "random succeeds in a forked child")) return;
        fresh(out);
    }
#else
    check.not_applicable("this system has no fork");
#endif
}

/// A published message of the algorithm that `id` names.
struct known_answer {
    std::string_view key, nonce, aad, plain, sealed, tag;
};

/// AES-256-GCM: McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16 (also
/// in NIST's set); 2: draft-irtf-cfrg-xchacha-03 A.3.1; 3: RFC 8439 §2.8.2.
inline auto known_answers(std::uint8_t id) -> std::vector<known_answer> {
    constexpr std::string_view sunscreen = "4c616469657320616e642047656e746c656d656e206f66207468652"
                                           "0636c617373206f66202739393a2049662049"
                                           "20636f756c64206f6666657220796f75206f6e6c79206f6e6520746"
                                           "97020666f7220746865206675747572652c20"
                                           "73756e73637265656e20776f756c642062652069742e";
    constexpr std::string_view counted_key =
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
    constexpr std::string_view zeros =
        "0000000000000000000000000000000000000000000000000000000000000000";
    constexpr std::string_view gcm_key =
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    constexpr std::string_view gcm_plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303"
                                           "d8a318a721c3c0c95956809532fcf0e2449a6"
                                           "b525b16aedf5aa0de657ba637b391aafd255";
    constexpr std::string_view gcm_sealed = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2"
                                            "bd2555d1aa8cb08e48590dbb3da7b08b105682"
                                            "8838c5f61e6393ba7a0abcc9f662898015ad";
    switch (id) {
    case 1:
        return {{zeros, zeros.substr(0, 24), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
                {zeros, zeros.substr(0, 24), "", zeros.substr(0, 32),
                 "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
                {gcm_key, "cafebabefacedbaddecaf888", "", gcm_plain, gcm_sealed,
                 "b094dac5d93471bdec1a502270e3cc6c"},
                {gcm_key, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                 gcm_plain.substr(0, 120), gcm_sealed.substr(0, 120),
                 "76fc6ece0f4e1768cddf8853bb2d551b"}};
    case 2:
        return {
            {counted_key, "404142434445464748494a4b4c4d4e4f5051525354555657",
             "50515253c0c1c2c3c4c5c6c7", sunscreen,
             "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440b"
             "f3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3f"
             "ac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e",
             "c0875924c1c7987947deafd8780acf49"}};
    case 3:
        return {
            {counted_key, "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7", sunscreen,
             "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282"
             "fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab3"
             "24e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116",
             "1ae10b594f09e26a7e902ecbd0600691"}};
    default: return {};
    }
}

template <class Make>
void cipher_c8(Make& make, checker& check) {
    const auto cipher = make();
    using message = message_of<Make>;
    const auto answers = known_answers(message::cipher::id);
    check.that(!answers.empty(), "id names one of the three algorithms");
    for (const auto& a : answers) {
        message m{from_hex(a.key), from_hex(a.nonce), from_hex(a.aad), from_hex(a.plain)};
        if (!check.that(m.nonce.size() == message::nonce_size, "nonce_size is the algorithm's"))
            return;
        auto keyed = cipher.key(key_view(m.key));
        if (!check.that(keyed && m.seal_with(*keyed), "seal succeeds")) return;
        const auto tag = from_hex(a.tag);
        check.that(m.sealed == from_hex(a.sealed) &&
                       std::equal(m.tag.begin(), m.tag.end(), tag.begin(), tag.end()),
                   "the published text and tag");
        check.that(m.open_with(*keyed) == m.plain, "which open");
    }
}

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
