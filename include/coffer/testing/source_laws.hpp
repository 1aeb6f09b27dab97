// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_SOURCE_LAWS_HPP
#define COFFER_TESTING_SOURCE_LAWS_HPP

#include <coffer/concepts/secret_source.hpp>
#include <coffer/testing/checker.hpp>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

// The conformance suite of SecretSource. `make()` gives a fresh source with nothing in it, whose
// every at() looks (recheck_after is 0), and has besides
//
//     void put(source&, context, std::string_view name, std::string_view value);
//
// which makes environment and space if they are new, and returns once the write is acknowledged; it
// is called from one thread at a time. It may have
//
//     void cut_off(source&);                    // its store can't be reached any more: R1, R3
//     static constexpr bool knows_every_context // a fake, for which no context is unknown: R4
//
// A law that needs what is not there is reported as not applicable. R5 uses threads.

namespace source_laws_detail {

inline constexpr context prod{.environment = "laws-prod"};
inline constexpr context acme{.environment = "laws-prod", .space = "laws-acme"};
inline constexpr context globex{.environment = "laws-prod", .space = "laws-globex"};

/// The value, or the error in brackets, which no value here is.
inline auto shown(const result<secret>& got) -> std::string {
    return got ? std::string(got->expose_secret())
               : "[" + std::string(to_string(got.error().code)) + "]";
}
template <class S>
auto read(const S& source, context where, std::string_view name) -> std::string {
    const auto seen = source.at(where);
    return seen ? shown(seen->get(name)) : "[" + std::string(to_string(seen.error().code)) + "]";
}
inline auto fails(const result<view>& got, errc why) -> bool {
    return !got && got.error() == why;
}

template <class Make>
void needs_no_io(Make& make, checker& check) {
    auto source = make();
    make.put(source, acme, "KEY", "one");
    if constexpr (requires { make.cut_off(source); }) {
        const auto seen = source.at(acme);
        if (!check.that(seen.has_value(), "a known context has a view")) return;
        make.cut_off(source);
        check.that(shown(seen->get("KEY")) == "one", "a view gives values while its store is away");
        const auto all = seen->all();
        check.that(all && all->size() == 1, "and all of them");
        const auto why = seen->explain("KEY");
        check.that(why && why->decided(), "and says why a name resolves as it does");
        check.that(shown(seen->get("NOTHING")) == "[not_found]", "and what is not there");
    } else {
        check.not_applicable("R1: make has no cut_off");
    }
}

template <class Make>
void one_state(Make& make, checker& check) {
    auto source = make();
    make.put(source, prod, "KEY", "one");
    make.put(source, acme, "OTHER", "its own");
    const auto seen = source.at(acme);
    if (!check.that(seen.has_value(), "a known context has a view")) return;
    const auto same = *seen; // made before anybody read from it
    make.put(source, prod, "KEY", "two");
    make.put(source, acme, "KEY", "three");
    make.put(source, acme, "NEW", "late");
    const auto later = source.at(acme);
    check.that(later && later->number() > seen->number(), "a later state has a higher number");
    for (const auto& v : {*seen, same}) {
        check.that(shown(v.get("KEY")) == "one", "a view gives what was there when it was made");
        check.that(shown(v.get("NEW")) == "[not_found]", "a later name is not in it");
        const auto all = v.all();
        check.that(all && all->size() == 2 && all->front().name == "KEY" &&
                       all->front().value.expose_secret() == "one" && all->back().name == "OTHER",
                   "and all() agrees, sorted by name");
        check.that(v.list().size() <= v.most_names(), "with no more names than it says beforehand");
    }
}

template <class Make>
void newest(Make& make, checker& check) {
    auto source = make();
    make.put(source, prod, "KEY", "0");
    make.put(source, acme, "OTHER", "its own");
    for (int i = 1; i <= 5; ++i) {
        make.put(source, prod, "KEY", std::to_string(i));
        check.that(read(source, acme, "KEY") == std::to_string(i),
                   "what was acknowledged before at() is seen");
        const auto seen = source.at(acme);
        check.that(seen && !seen->stale(), "and is not stale");
    }
    make.put(source, acme, "KEY", "override");
    check.that(read(source, acme, "KEY") == "override", "an override as well");
    if constexpr (requires { make.cut_off(source); }) {
        check.that(read(source, prod, "KEY") == "5", "the environment keeps its own");
        make.put(source, prod, "KEY", "missed");
        make.cut_off(source);
        const auto late = source.at(prod);
        const bool away = !late && is_away(late.error().code);
        check.that(away || (late && (late->stale() || shown(late->get("KEY")) == "missed")),
                   "with the store away: unavailable, timed_out, or a view that says it is stale");
    } else {
        check.not_applicable("R3 with the store away: make has no cut_off");
    }
}

template <class Make>
void no_other_context(Make& make, checker& check) {
    auto source = make();
    make.put(source, prod, "SHARED", "everyone's");
    make.put(source, acme, "SHARED", "acme's");
    make.put(source, acme, "OWN", "acme's alone");
    make.put(source, globex, "ELSE", "globex's");
    check.that(read(source, acme, "SHARED") == "acme's", "a space has its own value");
    check.that(read(source, globex, "SHARED") == "everyone's",
               "another inherits the environment's");
    check.that(read(source, globex, "OWN") == "[not_found]", "a space has no other space's secret");
    check.that(read(source, prod, "OWN") == "[not_found]", "nor has the environment");
    const auto all = source.at(globex);
    check.that(all && all->list().size() == 2, "a view lists no name of another space");
    check.that(!source.at({}), "a context without an environment is none");
    if constexpr (requires { requires Make::knows_every_context; }) {
        check.not_applicable("R4 for an unknown context: every one is known");
    } else {
        check.that(fails(source.at({.environment = "laws-nowhere"}), errc::unknown_scope),
                   "an environment that is not known is unknown_scope");
        check.that(fails(source.at({.environment = "laws-prod", .space = "laws-nobody"}),
                         errc::unknown_scope),
                   "a space that is not known is, and does not read its environment");
        check.that(fails(source.at({.environment = "laws-nowhere", .space = "laws-acme"}),
                         errc::unknown_scope),
                   "a known space below another environment is unknown_scope");
    }
}

template <class Make>
void copies(Make& make, checker& check) {
    auto source = make();
    make.put(source, acme, "KEY", "0");
    const auto first = source;
    const auto number = [](const std::string& text) {
        return text.empty() || text.front() == '[' ? -1 : std::stoi(text);
    };
    check.that(number(read(first, acme, "KEY")) == 0, "a copy reads what its source reads");
    std::atomic<int> acknowledged{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&, copy = first] {
            for (;;) {
                const int least = acknowledged.load();
                if (number(read(copy, acme, "KEY")) < least) ++wrong;
                if (least == 20) return;
            }
        });
    for (int i = 1; i <= 20; ++i) {
        make.put(source, acme, "KEY", std::to_string(i));
        acknowledged = i;
    }
    for (auto& r : readers)
        r.join();
    check.that(wrong == 0, "copies in several threads see every write that was acknowledged");
}

} // namespace source_laws_detail

/// The laws of SecretSource (concepts/secret_source.hpp) as checks. With Catch2 or GoogleTest:
/// run_source_laws(make) of catch2.hpp or gtest.hpp.
template <class Make>
inline constexpr std::array<law<Make>, 5> source_laws{{
    {"R1 what at answers needs no I/O", &source_laws_detail::needs_no_io<Make>},
    {"R2 a view shows one state", &source_laws_detail::one_state<Make>},
    {"R3 an acknowledged write is seen, or the view is stale", &source_laws_detail::newest<Make>},
    {"R4 no context has the secrets of another", &source_laws_detail::no_other_context<Make>},
    {"R5 copies are the same source, in any thread", &source_laws_detail::copies<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
