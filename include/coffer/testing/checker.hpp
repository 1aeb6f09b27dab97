// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_CHECKER_HPP
#define COFFER_TESTING_CHECKER_HPP

#include <coffer/version.hpp>

#include <cstdint>
#include <string_view>

namespace coffer::inline COFFER_ABI::testing {

/// Where an expectation stands: std::source_location, which clang 14 lacks.
struct source_location {
    const char* file = "";
    std::uint_least32_t line = 0;
    /// Of the call in whose default argument it is.
    static constexpr auto current(const char* file = __builtin_FILE(),
                                  std::uint_least32_t line = __builtin_LINE()) noexcept
        -> source_location {
        return {file, line};
    }
};

/// Where a conformance law says what held and what did not: the one thing that a test framework's
/// glue has to model (see catch2.hpp and gtest.hpp). The laws themselves know no framework.
class checker {
public:
    virtual ~checker() = default;
    /// Records one expectation and answers `held`, so that a law can stop where going on is
    /// senseless: `if (!check.that(opened.has_value(), "the store opens")) return;`
    virtual auto that(bool held, std::string_view expectation,
                      source_location where = source_location::current()) -> bool = 0;
    /// Says that a law, or a part of it, can't be checked on this subject. Shown, never a silent
    /// pass.
    virtual void not_applicable(std::string_view why) = 0;
};

/// One law of a concept: its number and sentence, and the check over a fresh subject.
/// `Make` is a callable that makes a fresh subject (and owns what it needs) each time it is called.
template <class Make>
struct law {
    std::string_view name;
    void (*check)(Make& make, checker& check);
};

} // namespace coffer::inline COFFER_ABI::testing

#endif
