// SPDX-License-Identifier: BSL-1.0
#include <coffer/algorithm/listed.hpp>

#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>

#include <algorithm>

using namespace coffer;
using snapshot = tree::snapshot<cryptopp::aes_256_gcm>;

namespace {

auto name(int n) -> format::object_name {
    format::object_name out{};
    out.fill(static_cast<std::byte>(n));
    return out;
}
/// A page of one entry whose versions, newest first, have these records.
auto page(int of, std::string_view entry, const std::vector<int>& records) -> tree::placed_page {
    format::entry e{{{}, {}, std::string(entry)}, {}, {}, {}};
    auto number = records.size();
    for (const auto r : records)
        e.versions.push_back({number--, format::entry_state::value, 0, 0, {}, name(r)});
    auto node = std::make_shared<tree::page_node>();
    node->leaves.push_back(tree::leaf::make(e, errc::tampered));
    node->entries.push_back(e);
    return {{e.key, name(of)}, std::move(node)};
}
auto state(int root, std::vector<tree::placed_page> pages) -> snapshot {
    snapshot out;
    out.head.root = name(root);
    out.pages = tree::page_set(std::move(pages));
    return out;
}
auto keys(std::initializer_list<int> names) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto n : names)
        out.push_back(format::store_key(name(n)));
    return out;
}

} // namespace

TEST_CASE("what a state lists is not erased, whatever else is", "[algorithm]") {
    algorithm::erasable some;
    for (auto& key : keys({1, 2, 3, 4, 5, 5}))
        some.add(key);
    some.add("no0key0of0ours");
    some.keep(state(1, {page(2, "a", {7, 3})})); // root, page, and the record of an older version
    auto left = some.take();
    std::sort(left.begin(), left.end());
    auto expected = keys({4, 5});
    expected.emplace_back("no0key0of0ours");
    CHECK(left == expected);
}

TEST_CASE("a closed state lists nothing", "[algorithm]") {
    algorithm::erasable some;
    for (auto& key : keys({0, 1}))
        some.add(key);
    some.keep(state(0, {}));
    CHECK(some.take() == keys({0, 1}));
}

TEST_CASE("what a state does not list any more is told, and what moved is not", "[algorithm]") {
    const auto kept = page(2, "a", {3});
    const auto before = state(1, {kept, page(4, "b", {6, 5})});
    const auto after = state(11, {kept, page(14, "b", {7, 6})});
    std::vector<format::object_name> unlisted;
    algorithm::each_unlisted(before, after, [&](const auto& n) { unlisted.push_back(n); });
    CHECK(unlisted == std::vector{name(1), name(4), name(5)});
}

TEST_CASE("pages that two states share are looked at once, and keep what they list",
          "[algorithm]") {
    const auto kept = page(2, "a", {3});
    const auto before = state(1, {kept, page(4, "b", {5}), page(6, "d", {7})});
    const auto after = state(11, {kept, page(14, "c", {15}), page(6, "d", {7})});
    algorithm::erasable some;
    for (auto& key : keys({1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15}))
        some.add(key);
    some.keep(after, before);
    CHECK(some.take() == keys({8}));
    std::vector<format::object_name> unlisted;
    algorithm::each_unlisted(before, after, [&](const auto& n) { unlisted.push_back(n); });
    CHECK(unlisted == std::vector{name(1), name(4), name(5)});
}
