// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_LAW_RECORDER_HPP
#define COFFER_TESTS_SUPPORT_LAW_RECORDER_HPP

#include <coffer/testing/checker.hpp>

#include <string>
#include <string_view>

/// A checker that counts, to see what a suite says of a model that is broken on purpose.
class recording_checker final : public coffer::testing::checker {
public:
    auto that(bool held, std::string_view, coffer::testing::source_location) -> bool override {
        ++(held ? held_ : failed_);
        return held;
    }
    void not_applicable(std::string_view) override { ++not_applicable_; }

    auto held() const -> int { return held_; }
    auto failed() const -> int { return failed_; }
    auto not_applicable() const -> int { return not_applicable_; }

private:
    int held_ = 0;
    int failed_ = 0;
    int not_applicable_ = 0;
};

/// The numbers of the laws that do not hold for what make() gives: "S4 S11".
template <class Laws, class Make>
auto broken_laws(const Laws& laws, Make& make) -> std::string {
    std::string broken;
    for (const auto& law : laws) {
        recording_checker check;
        law.check(make, check);
        if (check.failed() == 0) continue;
        if (!broken.empty()) broken += ' ';
        broken += law.name.substr(0, law.name.find(' '));
    }
    return broken;
}

#endif
