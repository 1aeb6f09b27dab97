// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_STORE_LISTING_HPP
#define COFFER_TESTING_LAWS_STORE_LISTING_HPP

#include <coffer/testing/laws/store_concurrent.hpp>

namespace coffer::inline COFFER_ABI::testing::laws {

template <class Make>
void store_l1(Make& make, checker& check) {
    auto store = make();
    subject s(store, check);
    using entries = std::vector<std::pair<std::string, bytes>>;
    const auto lists = [&](revision at, const entries& expected, std::string_view which) {
        const auto listed = store.list(partition);
        return check.that(listed.has_value() && listed->at == at && listed->entries == expected,
                          which);
    };
    lists(none, {}, "a partition that is not there: revision zero and no entries");
    if (!s.commits(none, rev(1), {put("head", "1"), put("z", "1"), put("a", ""), put("0", "1")}))
        return;
    lists(rev(1), {{"0", text("1")}, {"a", {}}, {"head", text("1")}, {"z", text("1")}},
          "all entries, sorted by key");
    if (!s.commits(rev(1), rev(2), {erase("a"), put("head", "2"), put("b", "2")})) return;
    lists(rev(2), {{"0", text("1")}, {"b", text("2")}, {"head", text("2")}, {"z", text("1")}},
          "what was erased is not listed");
    auto busy = make();
    look_while_writing(busy, check, [&] {
        const auto listed = busy.list(partition);
        if (!listed) return false;
        objects abc;
        for (const auto& [key, value] : listed->entries)
            abc.emplace_back(value);
        return is_one_commit(listed->at, abc);
    });
}

template <class Make>
void store_l2(Make& make, checker& check) {
    auto store = make();
    const auto names = [&](const keys& expected, std::string_view which) {
        const auto seen = store.partitions();
        return check.that(seen.has_value() && *seen == expected, which);
    };
    names({}, "an empty store has none");
    for (const std::string_view name : {"b", "a.b", "B-2", "a"}) {
        subject s(store, check, name);
        s.shows(none, {}, {}, "nothing is there yet");
        if (!s.commits(none, rev(1), {put("head", "1")})) return;
        if (!s.commits(rev(1), rev(2), {put("head", "2")})) return;
    }
    names({"B-2", "a", "a.b", "b"}, "every partition that was committed, sorted, each once");
}

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
