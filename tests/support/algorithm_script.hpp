// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_ALGORITHM_SCRIPT_HPP
#define COFFER_TESTS_SUPPORT_ALGORITHM_SCRIPT_HPP

#include "support/catch.hpp"

#include <coffer/algorithm/action.hpp>

#include <optional>
#include <utility>
#include <variant>

namespace coffer_test {

/// A driver without store or keys: the test looks at what the algorithm asks and feeds the answer.
template <class A>
class script {
public:
    using finished = coffer::result<typename A::value_type>;

    explicit script(A& algorithm) : algorithm_(algorithm), next_(algorithm.start()) {}

    /// What is asked now, which has to be this.
    template <class Action>
    auto expect() -> const Action& {
        const auto* asked = std::get_if<Action>(&next_);
        INFO("the algorithm asks for alternative " << next_.index());
        REQUIRE(asked != nullptr);
        return *asked;
    }
    /// Expects a load of exactly these keys.
    void expect_load(const std::vector<std::string>& keys) {
        CHECK(expect<coffer::algorithm::load>().keys == keys);
    }
    template <class Answer>
    void answer(Answer with) {
        next_ = algorithm_.on(std::move(with));
    }
    /// The end, which has to be reached.
    auto end() -> finished {
        auto* end = std::get_if<finished>(&next_);
        INFO("the algorithm asks for alternative " << next_.index());
        REQUIRE(end != nullptr);
        return std::move(*end);
    }
    auto ended_with() -> coffer::errc {
        const auto e = end();
        return e ? coffer::errc{} : e.error().code;
    }
    auto has_ended() const -> bool { return std::holds_alternative<finished>(next_); }
    template <class Action>
    auto asks() const -> bool {
        return std::holds_alternative<Action>(next_);
    }

private:
    A& algorithm_;
    typename A::action next_;
};

} // namespace coffer_test

#endif
