// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_CATCH2_HPP
#define COFFER_TESTING_CATCH2_HPP

// The conformance laws under Catch2, 3 or 2.13: call run_store_laws(make) and the like from inside
// a TEST_CASE, each once: Catch2 takes the sections of a second call for those of the first, and
// leaves them out.
#include <coffer/testing/anchor_laws.hpp>
#include <coffer/testing/cipher_laws.hpp>
#include <coffer/testing/inheritance_laws.hpp>
#include <coffer/testing/key_provider_laws.hpp>
#include <coffer/testing/source_laws.hpp>
#include <coffer/testing/store_laws.hpp>
#include <coffer/testing/watch_laws.hpp>

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>
#include <type_traits>

namespace coffer::inline COFFER_ABI::testing {

/// A checker whose expectations are Catch2 assertions.
class catch2_checker final : public checker {
public:
    auto that(bool held, std::string_view expectation, source_location where) -> bool override {
        INFO(where.file << ":" << where.line << ": expected: " << std::string(expectation));
        CHECK(held);
        return held;
    }
    void not_applicable(std::string_view why) override {
        WARN("not applicable: " << std::string(why));
    }
};

inline namespace with_catch2 {

/// Runs an array of laws, one section each: a law that fails, or throws, hides no other.
template <class Laws, class Make>
void run_laws(const Laws& laws, Make& make) {
    for (const auto& law : laws) {
        DYNAMIC_SECTION(std::string(law.name)) {
            catch2_checker check;
            law.check(make, check);
        }
    }
}

/// The laws of Store, and of ListableStore if it is one: see store_laws.hpp.
template <class Make>
void run_store_laws(Make make) {
    run_laws(store_laws<Make>, make);
    if constexpr (ListableStore<std::remove_cvref_t<decltype(make())>>)
        run_laws(listing_laws<Make>, make);
}
/// The laws of Cipher: see cipher_laws.hpp.
template <class Make>
void run_cipher_laws(Make make) {
    run_laws(cipher_laws<Make>, make);
}
/// The laws of Inheritance: see inheritance_laws.hpp.
template <class Make>
void run_inheritance_laws(Make make) {
    run_laws(inheritance_laws<Make>, make);
}
/// The laws of KeyProvider, and of AnchoringKeyProvider if it is one: see key_provider_laws.hpp.
template <class Make>
void run_key_provider_laws(Make make) {
    run_laws(key_provider_laws<Make>, make);
    if constexpr (AnchoringKeyProvider<std::remove_cvref_t<decltype(make())>>)
        run_laws(anchor_laws<Make>, make);
}
/// The laws of SecretSource: see source_laws.hpp.
template <class Make>
void run_source_laws(Make make) {
    run_laws(source_laws<Make>, make);
}
/// The laws of WatchableStore: see watch_laws.hpp.
template <class Make>
void run_watch_laws(Make make) {
    run_laws(watch_laws<Make>, make);
}

} // namespace with_catch2

} // namespace coffer::inline COFFER_ABI::testing

#endif
