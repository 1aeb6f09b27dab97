// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_LISTED_HPP
#define COFFER_ALGORITHM_LISTED_HPP

#include <coffer/format/codec.hpp>
#include <coffer/tree/object_cache.hpp>
#include <coffer/tree/snapshot.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

/// Which objects a state lists, and which therefore must stay.
namespace coffer::inline COFFER_ABI::algorithm {

/// How many unlisted objects may wait for their grace. Each may be a page of 32 KiB, and a store
/// that is written in a loop must not grow by all of a minute: beyond this the oldest go at once.
inline constexpr std::size_t most_unlisted = 32;

/// Calls f(name) for every object that a state lists: root, pages, records of all versions.
template <Cipher C, class F>
void each_listed(const tree::snapshot<C>& state, F&& f) {
    if (state.closed()) return;
    f(state.head.root);
    for (const auto& page : state.pages.pages()) {
        f(page.ref.name);
        for (const auto& e : page.node->entries)
            for (const auto& v : e.versions)
                if (v.state == format::entry_state::value) f(v.record);
    }
}

/// Store keys that are to be erased, unless a state lists them.
class erasable {
public:
    void add(std::string key) {
        revision start{};
        if (format::from_hex(key, start))
            named_.insert_or_assign(start, std::move(key));
        else
            others_.push_back(std::move(key)); // of no object of ours
    }
    template <Cipher C>
    void keep(const tree::snapshot<C>& state) {
        if (named_.empty()) return;
        each_listed(state, [&](const format::object_name& name) {
            named_.erase(format::revision_of(name)); // the part that is its key
        });
    }
    auto take() -> std::vector<std::string> {
        auto out = std::move(others_);
        for (auto& [start, key] : named_)
            out.push_back(std::move(key));
        return out;
    }

private:
    std::map<revision, std::string> named_{};
    std::vector<std::string> others_{};
};

/// Calls f(name) for every object that `before` lists and `after` does not. Pages that both share
/// are passed over whole, so this costs what the two differ in.
template <Cipher C, class F>
void each_unlisted(const tree::snapshot<C>& before, const tree::snapshot<C>& after, F&& f) {
    tree::by_object_name<bool> shared;
    for (const auto& page : before.pages.pages())
        shared.emplace(page.ref.name, false);
    tree::by_object_name<bool> listed;
    const auto each_record = [](const tree::page_node& node, auto&& g) {
        for (const auto& e : node.entries)
            for (const auto& v : e.versions)
                if (v.state == format::entry_state::value) g(v.record);
    };
    for (const auto& page : after.pages.pages()) {
        if (const auto at = shared.find(page.ref.name); at != shared.end())
            at->second = true;
        else
            each_record(*page.node, [&](const format::object_name& n) { listed.emplace(n, true); });
    }
    if (before.head.root != after.head.root) f(before.head.root);
    for (const auto& page : before.pages.pages()) {
        if (shared.find(page.ref.name)->second) continue;
        f(page.ref.name);
        each_record(*page.node, [&](const format::object_name& n) {
            if (!listed.contains(n)) f(n);
        });
    }
}

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
