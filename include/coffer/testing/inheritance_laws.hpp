// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_INHERITANCE_LAWS_HPP
#define COFFER_TESTING_INHERITANCE_LAWS_HPP

#include <coffer/concepts/inheritance.hpp>
#include <coffer/testing/checker.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace coffer::inline COFFER_ABI::testing {

namespace laws {

/// Calls f with a context for each of a few ids, that look alike on purpose, in each place.
template <class F>
void each_context(F&& f) {
    for (const std::string_view environment : {"prod", "dev", "a"})
        for (const std::string_view space : {"", "a", "acme", "prod"})
            for (const std::string_view actor : {"", "a", "ana", "prod"})
                f(context{environment, space, actor});
}

template <class Make>
void inheritance_i1(Make& make, checker& check) {
    const auto inheritance = make();
    each_context([&](context where) {
        const auto layers = inheritance.lookup_order(where);
        check.that(layers.size() >= 1, "there is a layer"); // scope_list holds no more than eight
        for (std::size_t i = 0; i < layers.size(); ++i)
            check.that(std::count(layers.begin(), layers.end(), layers[i]) == 1,
                       "no layer comes twice");
    });
}

template <class Make>
void inheritance_i2(Make& make, checker& check) {
    const auto inheritance = make();
    each_context([&](context where) {
        for (const auto& layer : inheritance.lookup_order(where))
            check.that(layer.environment == where.environment,
                       "the layer's environment is the context's");
    });
}

template <class Make>
void inheritance_i3(Make& make, checker& check) {
    const auto inheritance = make();
    each_context([&](context where) {
        for (const auto& layer : inheritance.lookup_order(where)) {
            check.that(layer.space.empty() || layer.space == where.space,
                       "the layer's space is the context's or none");
            check.that(layer.actor.empty() || layer.actor == where.actor,
                       "the layer's actor is the context's or none");
        }
    });
}

template <class Make>
void inheritance_i4(Make& make, checker& check) {
    const auto inheritance = make();
    const auto copy = inheritance;
    each_context([&](context where) {
        const std::string environment(where.environment);
        const std::string space(where.space);
        const std::string actor(where.actor);
        const auto first = inheritance.lookup_order(where);
        const auto again = inheritance.lookup_order({environment, space, actor});
        const auto copied = copy.lookup_order(where);
        check.that(std::equal(first.begin(), first.end(), again.begin(), again.end()),
                   "an equal context gives the same layers");
        check.that(std::equal(first.begin(), first.end(), copied.begin(), copied.end()),
                   "a copy of the policy gives the same layers");
    });
}

} // namespace laws

/// The laws of Inheritance (concepts/inheritance.hpp) as checks; `make()` gives the policy. With
/// Catch2 or GoogleTest: run_inheritance_laws(make) of catch2.hpp or gtest.hpp.
template <class Make>
inline constexpr std::array<law<Make>, 4> inheritance_laws{{
    {"I1 there are one to eight layers, each once", laws::inheritance_i1<Make>},
    {"I2 every layer is of the context's own environment", laws::inheritance_i2<Make>},
    {"I3 every layer's space and actor is the context's own or empty", laws::inheritance_i3<Make>},
    {"I4 the same context always gives the same layers", laws::inheritance_i4<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
