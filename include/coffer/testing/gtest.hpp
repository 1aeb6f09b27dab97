// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_GTEST_HPP
#define COFFER_TESTING_GTEST_HPP

// The conformance laws under GoogleTest: call run_store_laws(make) and the like from inside a TEST.
#include <coffer/testing/anchor_laws.hpp>
#include <coffer/testing/cipher_laws.hpp>
#include <coffer/testing/inheritance_laws.hpp>
#include <coffer/testing/key_provider_laws.hpp>
#include <coffer/testing/source_laws.hpp>
#include <coffer/testing/store_laws.hpp>
#include <coffer/testing/watch_laws.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <iostream>
#include <string>
#include <type_traits>

namespace coffer::inline COFFER_ABI::testing {

/// A checker whose expectations are GoogleTest failures.
class gtest_checker final : public checker {
public:
    auto that(bool held, std::string_view expectation, source_location where) -> bool override {
        if (!held)
            ADD_FAILURE_AT(where.file, static_cast<int>(where.line)) << "expected: " << expectation;
        return held;
    }
    void not_applicable(std::string_view why) override {
        std::cout << "[   N/A    ] " << why << '\n';
    }
};

inline namespace with_gtest {

/// Runs an array of laws, each named by a trace: a law that fails, or throws, hides no other.
template <class Laws, class Make>
void run_laws(const Laws& laws, Make& make) {
    for (const auto& law : laws) {
        SCOPED_TRACE(std::string(law.name));
        gtest_checker check;
        try {
            law.check(make, check);
        } catch (const std::exception& e) {
            ADD_FAILURE() << "threw: " << e.what();
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

} // namespace with_gtest

} // namespace coffer::inline COFFER_ABI::testing

#endif
