// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_STORE_SINGLE_HPP
#define COFFER_TESTING_LAWS_STORE_SINGLE_HPP

#include <coffer/testing/laws/store_subject.hpp>

namespace coffer::inline COFFER_ABI::testing::laws {

template <class Make>
void store_s1(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    s.shows(none, {}, {}, "with no keys: revision zero, no objects");
    s.shows(none, {"head", "a1"}, {std::nullopt, std::nullopt}, "with keys: a nullopt for each");
}

template <class Make>
void store_s2(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    if (!s.commits(none, rev(1), {put("head", "1")})) return;
    s.shows(rev(1), {}, {}, "after the first commit its revision");
    if (!s.commits(rev(1), rev(2), {put("head", "2")})) return;
    s.shows(rev(2), {}, {}, "after the second commit its revision");
    if (!s.commits(rev(2), rev(3), {})) return;
    s.shows(rev(3), {}, {}, "a commit that writes no object sets the revision too");
}

template <class Make>
void store_s3(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    bytes all(256);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::byte>(i);
    const bytes zeros(100);
    bytes large(70'000);
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<std::byte>(i * 7 >> 3);
    const writes what{{"empty", bytes{}}, {"zeros", zeros}, {"all", all}, {"large", large}};
    if (!s.commits(none, rev(1), what)) return;
    s.shows(rev(1), {"large", "all", "zeros"}, {large, all, zeros}, "in the order asked");
    s.shows(rev(1), {"empty"}, {bytes{}}, "an empty value is a value");
    s.shows(rev(1), {"all", "absent", "all"}, {all, std::nullopt, all},
            "repeated keys and absent ones each have their place");
    for (std::size_t n = 0; n < 50; ++n) { // every remainder of every block or group size
        const bytes tail(all.end() - static_cast<std::ptrdiff_t>(n), all.end());
        const auto at = rev(2 + static_cast<std::uint32_t>(n));
        if (!s.commits(rev(1 + static_cast<std::uint32_t>(n)), at, {{"tail", tail}})) return;
        if (!s.shows(at, {"tail"}, {tail}, "a value of every length comes back as it was")) return;
    }
}

template <class Make>
void store_s4(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    if (!s.commits(none, rev(1), {put("head", "1")})) return;
    s.conflicts(rev(9), rev(2), {put("head", "2"), put("new", "2")}, "another expectation");
    s.shows(rev(1), {"head", "new"}, {text("1"), std::nullopt}, "nothing was written");
    s.conflicts(rev(9), rev(3), {erase("head")}, "another expectation, to erase");
    s.shows(rev(1), {"head"}, {text("1")}, "nothing was erased");
    subject other(store, check, "absent");
    other.conflicts(rev(1), rev(2), {put("head", "2")}, "a partition that is not there");
    other.commits(none, rev(3), {put("head", "3")}); // so it was not made
}

template <class Make>
void store_s5(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    if (!s.commits(none, rev(1), {put("head", "1")})) return;
    s.shows(rev(1), {"head"}, {text("1")}, "a commit on revision zero makes the partition");
    s.conflicts(none, rev(2), {put("head", "2"), put("new", "2")}, "on one that is there");
    s.shows(rev(1), {"head", "new"}, {text("1"), std::nullopt}, "nothing was written");
}

template <class Make>
void store_s7(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    if (!s.commits(none, rev(1), {put("a", "1"), put("b", "1"), put("c", "1")})) return;
    if (!s.commits(rev(1), rev(2), {erase("a"), put("b", "2"), erase("absent")})) return;
    s.shows(rev(2), {"a", "b", "c", "absent"}, {std::nullopt, text("2"), text("1"), std::nullopt},
            "erased, replaced, kept; and erasing what is absent is no fault");
    if (!s.commits(
            rev(2), rev(3),
            {put("a", "x"), put("a", "y"), put("b", "x"), erase("b"), erase("c"), put("c", "z")}))
        return;
    s.shows(rev(3), {"a", "b", "c"}, {text("y"), std::nullopt, text("z")},
            "the last write to a key named twice wins");
}

template <class Make>
void store_s8(Make& make, checker& check) {
    auto store = make();
    subject one(store, check, "one");
    subject two(store, check, "one.two");
    subject three(store, check, "one-two");
    if (!one.commits(none, rev(1), {put("head", "1"), put("a", "1")})) return;
    if (!two.commits(none, rev(2), {put("b", "2")})) return;
    two.shows(rev(2), {"head", "a", "b"}, {std::nullopt, std::nullopt, text("2")},
              "another partition has its own alone");
    if (!two.commits(rev(2), rev(5), {put("a", "5"), put("b", "5")})) return;
    if (!three.commits(none, rev(3), {put("head", "3")})) return;
    if (!two.commits(rev(5), rev(4), {put("head", "2"), erase("a"), erase("b")})) return;
    one.shows(rev(1), {"head", "a", "b"}, {text("1"), text("1"), std::nullopt},
              "the first is kept");
    two.shows(rev(4), {"head", "b"}, {text("2"), std::nullopt}, "the second has its own");
    three.shows(rev(3), {"head", "a"}, {text("3"), std::nullopt}, "the third has its own");
}

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
