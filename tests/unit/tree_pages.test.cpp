// SPDX-License-Identifier: BSL-1.0
// How a tree is cut into pages, and what a set of pages answers.
#include <coffer/tree/pages.hpp>

#include "support/catch.hpp"

#include <coffer/tree/rebuild.hpp>

#include <random>
#include <set>

using namespace coffer;
using format::entry;
using format::entry_key;
using changes = std::map<entry_key, std::optional<entry>>;

namespace {

auto make(entry_key key, std::size_t note = 0) -> entry {
    entry e{std::move(key), {}, std::string(note, 'n'), {}};
    e.versions.push_back({1, format::entry_state::hidden, 0, 0, {}, {}});
    return e;
}
auto size_of(const std::vector<entry>& entries) -> std::size_t {
    std::size_t size = 4;
    for (const auto& e : entries)
        size += e.encoded_size();
    return size;
}

/// A tree that is changed step by step, without keys: a page's name is a counter.
class growing_tree {
public:
    growing_tree() { apply({{entry_key{}, make({})}}); }

    void apply(const changes& what) {
        std::vector<tree::placed_page> next;
        for (auto& page : tree::rebuild(pages_.pages(), what)) {
            if (page.kept != nullptr) {
                next.push_back(*page.kept);
                ++kept;
                continue;
            }
            auto node = std::make_shared<tree::page_node>();
            for (const auto& e : page.entries)
                node->leaves.push_back(tree::leaf::make(e));
            node->entries = std::move(page.entries);
            format::object_name name{};
            const auto number = ++named_;
            std::memcpy(name.data(), &number, sizeof number);
            next.push_back({{node->entries.front().key, name}, std::move(node)});
        }
        const auto before = std::move(pages_);
        pages_ = tree::page_set(std::move(next), &before);
        check();
    }
    auto pages() const -> const tree::page_set& { return pages_; }
    auto keys() const -> std::set<entry_key> {
        std::set<entry_key> out;
        pages_.each_from(
            {}, [&](const entry& e, const tree::leaf&) { return out.insert(e.key).second; });
        return out;
    }
    std::size_t kept = 0;

private:
    void check() const {
        const entry_key* last = nullptr;
        REQUIRE_FALSE(pages_.pages().empty());
        CHECK(pages_.pages().front().ref.first == entry_key{});
        for (const auto& page : pages_.pages()) {
            const auto& entries = page.node->entries;
            if (entries.empty() || page.ref.first != entries.front().key)
                FAIL("a page does not begin as its root says");
            if (entries.size() > 1 && size_of(entries) > format::limits::page_split)
                FAIL("a page is too large");
            for (const auto& e : entries) {
                if (last != nullptr && !(*last < e.key)) FAIL("the order is broken");
                last = &e.key;
            }
        }
    }
    tree::page_set pages_{};
    std::uint64_t named_ = 0;
};

auto name_of(int i) -> std::string {
    return "NAME_" + std::to_string(i);
}

} // namespace

TEST_CASE("20,000 names at once become pages that are neither too large nor nearly empty",
          "[tree]") {
    growing_tree t;
    changes all;
    for (int i = 0; i < 20'000; ++i)
        all.emplace(entry_key{{}, {}, name_of(i)},
                    make({{}, {}, name_of(i)}, static_cast<std::size_t>(i % 40)));
    t.apply(all);
    CHECK(t.pages().entry_count() == 20'001);
    CHECK(t.pages().pages().size() > 30);
    for (const auto& page : t.pages().pages())
        CHECK(size_of(page.node->entries) > format::limits::page_split / 3);
    for (int i = 0; i < 20'000; i += 7) {
        const auto found = t.pages().find({{}, {}, name_of(i)});
        if (found.entry == nullptr || found.newest->name() != name_of(i)) FAIL(i);
        const auto* table = t.pages().table({}, {});
        if (table->find(name_of(i), tree::scope_table::hash_of(name_of(i))) != found.newest)
            FAIL(i);
    }
    CHECK(t.pages().find({{}, {}, "NONE"}).entry == nullptr);
    CHECK(t.pages().table("none", {}) == nullptr);
}

TEST_CASE("one more name touches one page and keeps the others", "[tree]") {
    growing_tree t;
    changes all;
    for (int i = 0; i < 5'000; ++i)
        all.emplace(entry_key{{}, {}, name_of(i)}, make({{}, {}, name_of(i)}));
    t.apply(all);
    const auto pages = t.pages().pages().size();
    t.apply({{entry_key{{}, {}, "NAME_2500x"}, make({{}, {}, "NAME_2500x"})}});
    CHECK(t.kept == pages - 1);
    const auto added = t.pages().pages().size();
    CHECK((added == pages || added == pages + 1));
}

TEST_CASE("an entry larger than a page has one of its own", "[tree]") {
    growing_tree t;
    auto big = make({{}, {}, "B"}, 4096);
    for (std::uint64_t n = 300; n > 1; --n)
        big.versions.insert(big.versions.end() - 1,
                            {n, format::entry_state::deleted, 0, 0, std::string(200, 'a'), {}});
    CHECK(big.encoded_size() > format::limits::page_split);
    t.apply({{entry_key{{}, {}, "A"}, make({{}, {}, "A"})},
             {big.key, big},
             {entry_key{{}, {}, "C"}, make({{}, {}, "C"})}});
    CHECK(t.keys().size() == 4);
    CHECK(t.pages().find(big.key).entry->versions.size() == 300);
}

TEST_CASE("random changes down to nothing keep all that is there and nothing else", "[tree]") {
    std::mt19937 random(7);
    growing_tree t;
    std::set<entry_key> model{entry_key{}};
    for (int step = 0; step < 120; ++step) {
        changes some;
        const bool growing = step < 60;
        for (auto n = 1 + random() % 60; n > 0; --n) {
            entry_key key{random() % 3 == 0 ? "s" : "", random() % 5 == 0 ? "a" : "",
                          name_of(static_cast<int>(random() % 2000))};
            if (!growing || random() % 4 == 0) {
                if (model.size() > 1)
                    key = *std::next(model.begin(),
                                     static_cast<long>(1 + random() % (model.size() - 1)));
                some[key] = std::nullopt;
            } else {
                some[key] = make(key, random() % 600);
            }
        }
        for (const auto& [key, e] : some) {
            if (e)
                model.insert(key);
            else if (key != entry_key{})
                model.erase(key);
        }
        t.apply(some);
        REQUIRE(t.keys() == model);
    }
    changes rest;
    for (const auto& key : model)
        if (key != entry_key{}) rest[key] = std::nullopt;
    t.apply(rest);
    CHECK(t.pages().pages().size() == 1);
    CHECK(t.pages().entry_count() == 1);
}

TEST_CASE("an entry of a space that has none of its own makes its tree one that nobody wrote",
          "[tree]") {
    const auto orphans = [](std::vector<entry_key> keys) {
        growing_tree t;
        changes all;
        for (const auto& key : keys)
            all[key] = make(key);
        t.apply(all);
        return t.pages().has_orphans();
    };
    CHECK_FALSE(orphans({{"", "", "A"}, {"", "ana", "PIN"}}));
    CHECK_FALSE(orphans({{"s", "", ""}, {"s", "", "A"}, {"s", "ana", "PIN"}}));
    CHECK(orphans({{"s", "", "A"}}));
    CHECK(orphans({{"s", "ana", "PIN"}}));
    CHECK(orphans({{"s", "", ""}, {"t", "", "A"}}));
    CHECK(orphans({{"s", "", "A"}, {"t", "", ""}}));
}
