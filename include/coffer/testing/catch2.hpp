// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_CATCH2_HPP
#define COFFER_TESTING_CATCH2_HPP

// The conformance laws under Catch2, 3 or 2.13. Call from inside a TEST_CASE.
#include <coffer/testing/conformance.hpp>

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace coffer::inline COFFER_ABI::testing {

/// A checker whose expectations are Catch2 assertions.
class catch2_checker final : public checker {
public:
    auto that(bool held, std::string_view expectation, std::source_location where) -> bool override {
        INFO(where.file_name() << ":" << where.line() << ": expected: " << std::string(expectation));
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
    conformance::each_of_store(make, [&](const auto& laws) { run_laws(laws, make); });
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

} // namespace with_catch2

} // namespace coffer::inline COFFER_ABI::testing

#endif
