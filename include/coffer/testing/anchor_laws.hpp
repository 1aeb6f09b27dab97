// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_ANCHOR_LAWS_HPP
#define COFFER_TESTING_ANCHOR_LAWS_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/testing/checker.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

// The conformance suite of AnchoringKeyProvider beyond KeyProvider: laws A1 to A6. `make` is that
// of key_provider_laws.hpp; A3 needs make.reopen, A5 make.damage_anchor.

namespace anchor_laws_detail {

/// A head of a history: no other history has its MACs.
inline auto some_mark(std::uint64_t generation, unsigned history, std::uint32_t dek = 1) -> mark {
    mark m{generation, {}, dek};
    m.mac.fill(static_cast<std::byte>(history));
    for (std::size_t i = 0; i < 7; ++i)
        m.mac[i] = static_cast<std::byte>(generation >> (8 * i));
    return m;
}
inline auto some_lineage(std::uint64_t generation, unsigned history, std::uint32_t dek = 1)
    -> lineage {
    lineage out{some_mark(generation, history, dek), {}};
    for (std::size_t i = 0; i < out.ancestors.size() && i + 1 < generation; ++i)
        std::copy_n(some_mark(generation - 1 - i, history).mac.begin(), 8,
                    out.ancestors[i].begin());
    return out;
}
inline auto is(const result<std::optional<mark>>& got, const mark& wanted) -> bool {
    return got && *got == wanted;
}
inline auto is(const result<mark>& got, const mark& wanted) -> bool {
    return got && *got == wanted;
}

template <class Make>
void recalls(Make& make, checker& check) {
    auto keys = make();
    const auto none = keys.recall("r", "laws-a");
    check.that(none && !none->has_value(), "nothing is recalled of what was never remembered");
    const auto first = some_lineage(1, 0xAB);
    check.that(is(keys.remember("r", "laws-a", first), first.newest), "remember takes a mark");
    check.that(is(keys.recall("r", "laws-a"), first.newest), "recall answers it");
    const auto last = some_lineage(std::numeric_limits<std::uint64_t>::max(), 0xFF,
                                   std::numeric_limits<std::uint32_t>::max());
    check.that(is(keys.remember("r", "laws-a", last), last.newest),
               "remember takes the largest mark");
    check.that(is(keys.recall("r", "laws-a"), last.newest), "recall answers the last one");
}

template <class Make>
void never_back(Make& make, checker& check) {
    auto keys = make();
    const auto high = some_mark(900, 1);
    check.that(keys.remember("r", "laws-a", some_lineage(900, 1)).has_value(),
               "remember takes a mark");
    for (const auto& other : {some_lineage(899, 1), some_lineage(1, 3), some_lineage(900, 1)}) {
        check.that(is(keys.remember("r", "laws-a", other), high),
                   "of a mark that is not newer, remember answers the one that stands");
        check.that(is(keys.recall("r", "laws-a"), high),
                   "a mark that is not newer changes nothing");
    }
    for (const auto& higher : {some_lineage(901, 1), some_lineage(965, 1), some_lineage(2000, 1)}) {
        check.that(is(keys.remember("r", "laws-a", higher), higher.newest),
                   "a newer mark is taken");
        check.that(is(keys.recall("r", "laws-a"), higher.newest), "and recalled");
    }
}

template <class Make>
void one_history(Make& make, checker& check) {
    auto keys = make();
    const auto stands = some_mark(900, 1, 2);
    check.that(keys.remember("r", "laws-a", some_lineage(900, 1, 2)).has_value(),
               "remember takes a mark");
    for (const auto& other :
         {some_lineage(900, 2, 2), some_lineage(901, 2, 2), some_lineage(964, 2, 2),
          some_lineage(900, 1, 1), some_lineage(901, 1, 1), some_lineage(9000, 1, 1)}) {
        const auto answer = keys.remember("r", "laws-a", other);
        check.that(!answer && answer.error() == errc::rolled_back,
                   "what does not follow the mark that stands is rolled_back");
        check.that(is(keys.recall("r", "laws-a"), stands), "and changes nothing");
    }
    check.that(is(keys.remember("r", "laws-a", some_lineage(964, 1, 2)), some_mark(964, 1, 2)),
               "what follows it is taken");
}

template <class Make>
void durable(Make& make, checker& check) {
    if constexpr (requires(decltype(make())& keys) { make.reopen(keys); }) {
        auto keys = make();
        auto before = make.reopen(keys);
        for (std::uint64_t generation = 1; generation <= 3; ++generation) {
            const auto m = some_mark(generation, 1);
            check.that(keys.remember("r", "laws-a", some_lineage(generation, 1)).has_value(),
                       "remember takes a mark");
            auto after = make.reopen(keys);
            check.that(is(after.recall("r", "laws-a"), m), "one who opens later recalls it");
            check.that(is(before.recall("r", "laws-a"), m), "one who had opened before recalls it");
        }
        [[maybe_unused]] const auto answer = before.remember("r", "laws-a", some_lineage(2, 1));
        check.that(is(keys.recall("r", "laws-a"), some_mark(3, 1)), "and nobody moves it back");
    } else {
        check.not_applicable("A3: make has no reopen");
    }
}

template <class Make>
void pairs_apart(Make& make, checker& check) {
    auto keys = make();
    const std::string all_kinds("\0 \n\r\t:/\\\"\x7F\xC3\xA4", 12);
    const std::vector<std::pair<std::string, std::string>> pairs{
        {"", "a"},
        {"a", "a"},
        {"ab", "c"},
        {"a", "bc"},
        {"", "abc"},
        {all_kinds, all_kinds},
        {"a ", "b"},
        {"a", " b"},
        {"a", "A"},
        {"a\n", "b"},
        {"a", "b\n"},
        {std::string(64, 'r'), std::string(255, 'e')},
        {"r", std::string("e\0", 2)},
        {"r", "e"},
    };
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto& [realm, environment] = pairs[i];
        const auto before = keys.recall(realm, environment);
        check.that(before && !before->has_value(), "no pair has the mark of another");
        check.that(keys.remember(realm, environment, some_lineage(i + 1, static_cast<unsigned>(i)))
                       .has_value(),
                   "any realm and environment can be remembered");
    }
    for (std::size_t i = 0; i < pairs.size(); ++i)
        check.that(is(keys.recall(pairs[i].first, pairs[i].second),
                      some_mark(i + 1, static_cast<unsigned>(i))),
                   "each pair keeps its own mark");
}

template <class Make>
void damage_is_said(Make& make, checker& check) {
    if constexpr (requires(decltype(make())& keys) { make.damage_anchor(keys, std::size_t{}); }) {
        const auto said = [](const auto& got) {
            return !got && (got.error() == errc::tampered || got.error() == errc::unavailable);
        };
        for (std::size_t n = 0;; ++n) {
            auto keys = make();
            check.that(keys.remember("r", "laws-a", some_lineage(5, 1)).has_value(),
                       "a mark is taken");
            check.that(keys.remember("r", "laws-b", some_lineage(6, 2)).has_value(), "and another");
            if (!make.damage_anchor(keys, n)) return;
            check.that(said(keys.recall("r", "laws-a")),
                       "recall from a damaged anchor is tampered or unavailable, never none");
            check.that(said(keys.remember("r", "laws-a", some_lineage(7, 1))),
                       "remember does not paper over a damaged anchor");
            check.that(said(keys.recall("r", "laws-a")), "and the damage stays visible");
        }
    } else {
        check.not_applicable("A5: make has no damage_anchor");
    }
}

} // namespace anchor_laws_detail

/// The laws of AnchoringKeyProvider that are not those of KeyProvider.
template <class Make>
inline constexpr std::array<law<Make>, 6> anchor_laws{{
    {"A1 recall answers the last mark remembered", &anchor_laws_detail::recalls<Make>},
    {"A2 remember never moves a mark back", &anchor_laws_detail::never_back<Make>},
    {"A3 what remember acknowledged survives the process", &anchor_laws_detail::durable<Make>},
    {"A4 realms and environments do not touch each other", &anchor_laws_detail::pairs_apart<Make>},
    {"A5 a damaged anchor is never none", &anchor_laws_detail::damage_is_said<Make>},
    {"A6 remember never moves a mark to another history", &anchor_laws_detail::one_history<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
