// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_LISTED_HPP
#define COFFER_ALGORITHM_LISTED_HPP

#include <coffer/format/codec.hpp>
#include <coffer/tree/object_cache.hpp>
#include <coffer/tree/snapshot.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Which objects a state lists, and which therefore must stay.
namespace coffer::inline COFFER_ABI::algorithm {

/// How many unlisted objects may wait for their grace. Each may be a page of 32 KiB, and a store
/// that is written in a loop must not grow by all of a minute: beyond this the oldest go at once.
inline constexpr std::size_t most_unlisted = 32;

/// Calls f(name) for the record of every version of an entry that has one, newest first.
template <class F>
void each_record(const format::entry& e, F&& f) {
    for (const auto& v : e.versions)
        if (v.state == format::entry_state::value) f(v.record);
}

/// Calls f(page) for the pages of a tree that another one does not have. Both are in the order of
/// their first keys, and a page of the same name begins with the same key.
template <class F>
void each_page_apart(const tree::page_set& of, const tree::page_set& other, F&& f) {
    auto at = other.pages().begin();
    for (const auto& page : of.pages()) {
        while (at != other.pages().end() && at->ref.first < page.ref.first)
            ++at;
        if (at == other.pages().end() || at->ref.name != page.ref.name) f(page);
    }
}

/// Calls f(name) for a page and the records of all versions in it.
template <class F>
void each_listed(const tree::placed_page& page, F&& f) {
    f(page.ref.name);
    for (const auto& e : page.node->entries)
        each_record(e, f);
}
/// Calls f(name) for every object that a state lists: root, pages, records of all versions.
template <Cipher C, class F>
void each_listed(const tree::snapshot<C>& state, F&& f) {
    if (state.closed()) return;
    f(state.head.root);
    for (const auto& page : state.pages.pages())
        each_listed(page, f);
}

/// Store keys that are to be erased, unless a state lists them.
class erasable {
public:
    void add(std::string key) {
        revision start{};
        if (!format::from_hex(key, start)) {
            others_.push_back(std::move(key)); // of no object of ours
            return;
        }
        starts_.set(start_of(start));
        named_.insert_or_assign(start, std::move(key));
    }
    template <Cipher C>
    void keep(const tree::snapshot<C>& state) {
        if (!named_.empty())
            each_listed(state, [&](const format::object_name& name) { keep(name); });
    }
    /// What either of two states lists, which are alike but for a few pages.
    template <Cipher C>
    void keep(const tree::snapshot<C>& state, const tree::snapshot<C>& before) {
        keep(state);
        if (named_.empty() || before.closed()) return;
        const auto keep_one = [&](const format::object_name& name) { keep(name); };
        keep_one(before.head.root);
        each_page_apart(before.pages, state.pages,
                        [&](const tree::placed_page& page) { each_listed(page, keep_one); });
    }
    auto take() -> std::vector<std::string> {
        auto out = std::move(others_);
        for (auto& [start, key] : named_)
            out.push_back(std::move(key));
        return out;
    }

private:
    /// Names are hashes: their first 12 bits tell nearly all that are not to be erased.
    template <std::size_t N>
    static auto start_of(const std::array<std::byte, N>& name) noexcept -> std::size_t {
        return std::to_integer<std::size_t>(name[0]) << 4 |
               std::to_integer<std::size_t>(name[1]) >> 4;
    }
    void keep(const format::object_name& name) {
        if (starts_.test(start_of(name))) named_.erase(format::revision_of(name)); // its key's part
    }

    std::bitset<4096> starts_{};
    std::map<revision, std::string> named_{};
    std::vector<std::string> others_{};
};

/// Calls f(name) for the records that an entry had and has no more. Versions keep their order.
template <class F>
void each_unlisted(const format::entry& before, const format::entry& after, F&& f) {
    auto from = after.versions.begin();
    each_record(before, [&](const format::object_name& name) {
        const auto same = std::find_if(from, after.versions.end(), [&](const auto& v) {
            return v.state == format::entry_state::value && v.record == name;
        });
        if (same == after.versions.end())
            f(name);
        else
            from = same + 1;
    });
}

/// Calls f(name) for every object that `before` lists and `after` does not. Pages that both share
/// are passed over whole, so this costs what the two differ in; a record belongs to its entry, in
/// whichever page that stands.
template <Cipher C, class F>
void each_unlisted(const tree::snapshot<C>& before, const tree::snapshot<C>& after, F&& f) {
    std::vector<const format::entry*> now; // ascending, as pages and their entries are
    each_page_apart(after.pages, before.pages, [&](const tree::placed_page& page) {
        for (const auto& e : page.node->entries)
            now.push_back(&e);
    });
    if (before.head.root != after.head.root) f(before.head.root);
    auto at = now.begin();
    each_page_apart(before.pages, after.pages, [&](const tree::placed_page& page) {
        f(page.ref.name);
        for (const auto& e : page.node->entries) {
            while (at != now.end() && (*at)->key < e.key)
                ++at;
            const bool stays = at != now.end() && (*at)->key == e.key;
            each_unlisted(e, stays ? **at : format::entry{}, f);
        }
    });
}

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
