// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_STORE_EDGES_HPP
#define COFFER_TESTING_LAWS_STORE_EDGES_HPP

#include <coffer/testing/laws/store_subject.hpp>

#include <array>
#include <type_traits>

namespace coffer::inline COFFER_ABI::testing::laws {

/// What the suite is ready to write to find a limit.
inline constexpr std::size_t affordable_bytes = std::size_t{64} << 20;

template <class Make>
void store_s10(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    if (!s.commits(none, rev(1), {put("head", "1")})) return;
    const keys asked{"head", "a"};
    const auto harmless = [&](const writes& what) {
        if (s.commit(rev(1), rev(2), what).has_value()) {
            check.not_applicable("a commit that should fail does not: see S13 and S14");
            return false;
        }
        return s.shows(rev(1), asked, {text("1"), std::nullopt}, "what failed wrote nothing");
    };
    if (!harmless({put("head", "2"), put("a", "2"), put("NO", "2")})) return;
    if (const auto most = store.limits().object_bytes; most < affordable_bytes)
        if (!harmless({put("a", "3"), {"b", bytes(most + 1)}})) return;
    if (!s.commits(rev(1), rev(4), {put("head", "4")})) return;
    s.shows(rev(4), asked, {text("4"), std::nullopt}, "nor does it write anything later");
}

template <class Make>
void store_s11(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    const writes second{put("head", "2"), put("a", "2")};
    if (!s.commits(none, rev(1), {put("head", "1"), put("a", "1")})) return;
    if (!s.commits(rev(1), rev(2), second)) return; // as if its answer had been lost
    s.conflicts(rev(1), rev(2), second, "the same commit, sent again after it was committed");
    s.shows(rev(2), {"head", "a"}, {text("2"), text("2")}, "it is there once");
    if (!s.commits(rev(2), rev(3), {put("head", "3"), put("a", "3")})) return;
    s.conflicts(rev(1), rev(2), second, "the same commit, sent again after another's");
    s.shows(rev(3), {"head", "a"}, {text("3"), text("3")}, "it undoes nothing");
}

template <class Make>
void store_s12(Make& make, checker& check) {
    auto store = make();
    if constexpr (requires { make.reopen(std::move(store)); }) {
        {
            subject s(store, check);
            if (!s.commits(none, rev(1), {put("head", "1"), put("a", "1")})) return;
            if (!s.commits(rev(1), rev(2), {put("head", "2"), erase("a"), put("b", "2")})) return;
        }
        auto again = make.reopen(std::move(store));
        subject s(again, check);
        s.shows(rev(2), {"head", "a", "b"}, {text("2"), std::nullopt, text("2")},
                "the last committed state is there");
        s.commits(rev(2), rev(3), {put("head", "3")});
    } else {
        check.not_applicable("no reopen(store) was given: the store lives in its process");
    }
}

template <class Make>
void store_s13(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    const auto limits = store.limits();
    constexpr std::size_t promised = std::size_t{2} << 20;
    if (!check.that(limits.object_bytes >= promised, "an object may have 2 MiB")) return;
    bytes large(promised, std::byte{0x5A});
    large.back() = std::byte{1};
    if (!s.commits(none, rev(1), {{"large", large}})) return;
    s.shows(rev(1), {"large"}, {large}, "an object of 2 MiB comes back as it was");
    if (limits.object_bytes < affordable_bytes) {
        s.fails(errc::too_large, rev(1), rev(2), {{"over", bytes(limits.object_bytes + 1)}},
                "an object one byte over the limit");
        s.shows(rev(1), {"over"}, {std::nullopt}, "it was not written");
    } else {
        check.not_applicable("an object over limits().object_bytes is too large for this test");
    }
    if (limits.commit_bytes < affordable_bytes) {
        writes what;
        for (std::size_t left = limits.commit_bytes + 1; left != 0;) {
            const auto size = std::min(left, limits.object_bytes);
            what.push_back({"k" + std::to_string(what.size()), bytes(size)});
            left -= size;
        }
        s.fails(errc::too_large, rev(1), rev(2), what, "a commit one byte over the limit");
        s.shows(rev(1), {"k0"}, {std::nullopt}, "nothing of it was written");
    } else {
        check.not_applicable("a commit over limits().commit_bytes is too large for this test");
    }
}

template <class Make>
void store_s14(Make& make, checker& check) {
    auto store = make();
    using namespace std::string_view_literals;
    const std::string long_partition(128, 'p');
    const std::string longer_partition(129, 'p');
    for (const auto good : {"a"sv, "0"sv, "A-z_0.9"sv, std::string_view(long_partition)}) {
        subject s(store, check, good);
        s.commits(none, rev(1), {put("head", "1")});
    }
    for (const auto bad : {""sv, "."sv, ".."sv, "../laws"sv, "..\\laws"sv, "/tmp/laws"sv, "a/b"sv,
                           ".hidden"sv, "a b"sv, "a:b"sv, "a\nb"sv, "\xC3\xA9"sv, "a\0b"sv, "{a}"sv,
                           "*"sv, std::string_view(longer_partition)}) {
        subject s(store, check, bad);
        s.fails(errc::invalid_argument, none, rev(1), {put("head", "1")}, "a malformed partition");
        const auto loaded = store.load(bad, keys{});
        check.that(!loaded.has_value() && loaded.error() == errc::invalid_argument,
                   "a load of a malformed partition is invalid_argument");
    }
    subject s(store, check);
    const std::string long_key(64, 'k');
    if (!s.commits(none, rev(1), {put(long_key, "1"), put("k", "1"), put("revision", "1")})) return;
    s.shows(rev(1), {long_key, "k", "revision"}, {text("1"), text("1"), text("1")},
            "keys of 1 to 64 characters, whatever they spell");
    for (const auto& bad :
         {std::string(), std::string("A"), std::string("a.b"), std::string("../a"),
          std::string("a/b"), std::string("a b"), std::string("_a"), std::string("a\0b", 3),
          std::string("\xC3\xA9"), std::string(65, 'k')}) {
        s.fails(errc::invalid_argument, rev(1), rev(2), {put(bad, "2")}, "a malformed key");
        const auto loaded = store.load(partition, keys{bad});
        check.that(!loaded.has_value() && loaded.error() == errc::invalid_argument,
                   "a load of a malformed key is invalid_argument");
    }
}

template <class Make>
void store_s15(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    std::array<revision, 6> kept{};
    kept[0].fill(std::byte{0xFF});
    kept[1].back() = std::byte{1};
    kept[2].front() = std::byte{1};
    kept[3].fill(std::byte{'"'});
    kept[4].fill(std::byte{'\n'});
    kept[5].front() = std::byte{0x80};
    revision at{};
    for (const auto& next : kept) {
        if (!s.commits(at, next, {put("head", "1")})) return;
        if (!s.shows(next, {"head"}, {text("1")}, "16 bytes come back as they are")) return;
        for (const std::size_t i : {0U, 7U, 8U, 15U}) {
            auto other = next;
            other[i] ^= std::byte{0x10};
            s.conflicts(other, rev(1), {put("head", "2")}, "each of the 16 bytes is compared");
        }
        at = next;
    }
}

template <class Make>
void store_s16(Make& make, checker& check) {
    auto store = make();
    if constexpr (std::is_copy_constructible_v<decltype(store)>) {
        auto copy = store;
        subject one(store, check);
        subject other(copy, check);
        if (!other.commits(none, rev(1), {put("head", "1")})) return;
        one.shows(rev(1), {"head"}, {text("1")}, "what a copy commits is there");
        if (!one.commits(rev(1), rev(2), {put("head", "2")})) return;
        other.shows(rev(2), {"head"}, {text("2")}, "a copy shows what is committed later");
    } else {
        check.not_applicable("the handle can't be copied");
    }
}

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
