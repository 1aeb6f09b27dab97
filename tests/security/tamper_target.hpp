// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SECURITY_TAMPER_TARGET_HPP
#define COFFER_TESTS_SECURITY_TAMPER_TARGET_HPP

#include "support/history.hpp"

#include <coffer/file/document.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer_test {

using namespace coffer;

/// One environment, three spaces, twenty names: inherited, overridden, hidden, removed.
class target : public history {
public:
    target() {
        make();
        for (const auto* space : {"acme", "brick", "crest"})
            make_space(space);
        for (int i = 0; i < 20; ++i)
            names.push_back("NAME_" + std::to_string(i));
        for (std::size_t i = 0; i < 14; ++i)
            put("", names[i], "environment's " + names[i]);
        for (std::size_t i : {0U, 2U, 4U, 6U, 14U, 15U})
            put("acme", names[i], "acme's " + names[i]);
        for (std::size_t i : {0U, 1U, 16U})
            put("brick", names[i], "brick's " + names[i]);
        hide("brick", names[2]);
        hide("brick", names[3]);
        put("crest", names[5], "crest's " + names[5]);
        put("crest", names[7], "crest's " + names[7]);
        erase("crest", names[7]); // and inherits again
        put("acme", names[4], "acme's second " + names[4]);
        erase("", names[13]);
        names.push_back("NEVER_SET");
        before = store.shown(partition);
        put("acme", names[6], "acme's second " + names[6]); // the commit that running readers miss
        whole = store.shown(partition);
        sort_keys();
    }

    auto see(const test_resolver& reader) const -> comparison {
        return compare(reader, environment, now, names);
    }
    /// A reader that knows the state before the last commit.
    auto running() -> test_resolver {
        show(before);
        auto reader = stranger();
        reader.at({environment, "acme", {}}).value();
        return reader;
    }
    /// The whole image with another revision, so that who knows it looks again.
    auto altered() const -> image {
        auto copy = whole;
        copy.at[0] ^= std::byte{1};
        return copy;
    }

    std::vector<std::string> names{};
    image before{};
    image whole{};
    std::set<std::string> trunk{}; ///< Keys of root and pages: without them nothing is believed.
    std::map<std::string, std::pair<std::string, std::string>> newest{}; ///< Key → (space, name).
    std::set<std::string> older{}; ///< Keys of the records of older versions.

private:
    void sort_keys() {
        const auto held = vault.engine().slot_of(environment).held().known;
        trunk.insert(format::store_key(held->head.root));
        for (const auto& page : held->pages.pages()) {
            trunk.insert(format::store_key(page.ref.name));
            for (const auto& e : page.node->entries)
                for (const auto& v : e.versions) {
                    if (v.state != format::entry_state::value) continue;
                    if (&v == &e.newest() && !e.key.name.empty())
                        newest[format::store_key(v.record)] = {e.key.space, e.key.name};
                    else
                        older.insert(format::store_key(v.record));
                }
        }
    }
};

/// How many answers a value's loss can change: one in each scope that resolves to it.
inline auto answers_from(const target& t, const std::string& space, const std::string& name)
    -> std::size_t {
    if (!space.empty()) return 1;
    std::size_t n = 1;
    for (const auto& s : t.now.spaces)
        n += t.now.own.contains({s, name}) ? 0U : 1U;
    return n;
}

/// How many answers it may cost that these objects are not what they were; all of them, if one is
/// of what the others hang on.
inline auto cost(const target& t, const std::set<std::string>& keys) -> std::size_t {
    std::size_t sum = 0;
    for (const auto& key : keys) {
        if (key == "head" || t.trunk.contains(key))
            return (t.now.spaces.size() + 1) * t.names.size();
        if (const auto at = t.newest.find(key); at != t.newest.end())
            sum += answers_from(t, at->second.first, at->second.second);
    }
    return sum;
}

/// What a newest state needs, and nothing else.
inline auto only_listed(const target& t) -> image {
    image out{t.whole.at, {}};
    for (const auto& [key, object] : t.whole.objects)
        if (key == "head" || t.trunk.contains(key) || t.newest.contains(key) ||
            t.older.contains(key))
            out.objects.emplace(key, object);
    return out;
}
inline auto document_of(const image& from) -> std::string {
    std::vector<object_write> writes;
    for (const auto& [key, object] : from.objects)
        writes.push_back({key, object});
    return std::string(file::document().with(from.at, writes).text());
}

/// A member of a document, as it is written: `"key":"text"`.
struct member {
    std::string key{};
    std::string text{};
};
inline auto members_of(std::string_view json) -> std::vector<member> {
    std::vector<member> out;
    for (std::size_t at = 0; (at = json.find("\n\"", at)) != json.npos;) {
        const auto key_end = json.find('"', at += 2);
        const auto text_end = json.find('"', key_end + 3);
        out.push_back({std::string(json.substr(at, key_end - at)),
                       std::string(json.substr(key_end + 3, text_end - key_end - 3))});
        at = text_end;
    }
    return out;
}
/// For each byte of such a text the key of the member whose line it is in; empty: in none's.
inline auto member_at_each_byte(std::string_view json) -> std::vector<std::string> {
    std::vector<std::string> out(json.size());
    std::size_t line = 0;
    for (const auto& m : members_of(json)) {
        const auto end = json.find('\n', line = json.find('\n', line) + 1);
        std::fill(out.begin() + static_cast<std::ptrdiff_t>(line),
                  out.begin() + static_cast<std::ptrdiff_t>(end), m.key);
    }
    return out;
}
inline auto json_of(const std::vector<member>& members) -> std::string {
    std::string out = "{";
    for (const auto& m : members)
        out.append(out.size() > 1 ? ",\n\"" : "\n\"")
            .append(m.key)
            .append("\":\"")
            .append(m.text)
            .append("\"");
    return out + "\n}\n";
}

} // namespace coffer_test

#endif
