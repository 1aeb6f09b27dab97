// SPDX-License-Identifier: BSL-1.0
// Entries, pages and roots: one encoding of each content, and nothing else is read.
#include <coffer/format/object.hpp>
#include <coffer/format/tree.hpp>

#include "support/catch.hpp"

#include <random>

using namespace coffer;
using namespace coffer::format;

namespace {

auto named(std::string space, std::string actor, std::string name) -> entry {
    entry e{{std::move(space), std::move(actor), std::move(name)}, {}, {}, {}};
    e.versions.push_back({1, entry_state::hidden, 1, 0, "a", {}});
    return e;
}
/// A page of random well-formed entries, in order.
auto random_entries(std::mt19937& random, std::size_t count) -> std::vector<entry> {
    const auto text = [&](std::size_t most) {
        std::string out;
        for (auto n = random() % (most + 1); n > 0; --n)
            out += random() % 5 == 0 ? "ж" : std::string(1, static_cast<char>('a' + random() % 26));
        return out;
    };
    std::vector<entry> out{named({}, {}, {})};
    for (std::size_t i = 0; i < count; ++i) {
        auto e = named(text(3), text(3), text(20));
        e.note = text(30);
        for (auto& b : e.id)
            b = static_cast<std::byte>(random());
        std::uint64_t number = 40 + random() % 5;
        e.versions.clear();
        for (auto n = 1 + random() % 5; n > 0; --n) {
            entry_version v{number,   static_cast<entry_state>(1 + random() % 3),
                            random(), random() % 2 ? random() : 0,
                            text(9),  {}};
            if (v.state == entry_state::value)
                for (auto& b : v.record)
                    b = static_cast<std::byte>(random());
            e.versions.push_back(v);
            number -= 1 + random() % 3;
        }
        out.push_back(std::move(e));
    }
    std::sort(out.begin(), out.end(), [](const entry& a, const entry& b) { return a.key < b.key; });
    out.erase(std::unique(out.begin(), out.end(),
                          [](const entry& a, const entry& b) { return a.key == b.key; }),
              out.end());
    return out;
}

} // namespace

TEST_CASE("keys are ordered as the bytes of their encoding", "[format]") {
    std::mt19937 random(1);
    const auto entries = random_entries(random, 300);
    const auto bytes_of = [](const entry_key& key) {
        bytes out;
        writer w(out);
        key.write(w);
        CHECK(out.size() == key.encoded_size());
        return out;
    };
    for (std::size_t i = 0; i + 1 < entries.size(); ++i)
        CHECK(bytes_of(entries[i].key) < bytes_of(entries[i + 1].key));
    CHECK(entry_key{"a", "", ""} < entry_key{"aa", "", ""});
    CHECK(entry_key{"b", "", ""} < entry_key{"aa", "", ""}); // lengths first
}

TEST_CASE("a page that was read is written as the same bytes", "[format]") {
    std::mt19937 random(2);
    for (int round = 0; round < 50; ++round) {
        const auto entries = random_entries(random, random() % 40);
        const auto body = encode_page(entries);
        std::size_t size = 4;
        for (const auto& e : entries)
            size += e.encoded_size();
        CHECK(body.size() == size);
        const auto again = decode_page(body, {}, nullptr).value();
        REQUIRE(again.size() == entries.size());
        CHECK(encode_page(again) == body);
        CHECK(again.back().versions == entries.back().versions);
    }
}

TEST_CASE("a page or a root of any other length is tampered", "[format]") {
    std::mt19937 random(3);
    const auto body = encode_page(random_entries(random, 5));
    for (std::size_t n = 0; n < body.size(); ++n)
        CHECK_FALSE(decode_page(byte_view(body).first(n), {}, nullptr));
    auto longer = body;
    longer.push_back(std::byte{0});
    CHECK(decode_page(longer, {}, nullptr).error() == errc::tampered);

    const auto root = encode_root({{{}, {}}, {{{}, {}, "B"}, {}}});
    CHECK(decode_root(root).value().size() == 2);
    for (std::size_t n = 0; n < root.size(); ++n)
        CHECK_FALSE(decode_root(byte_view(root).first(n)));
    longer = root;
    longer.push_back(std::byte{0});
    CHECK(decode_root(longer).error() == errc::tampered);
}

TEST_CASE("a root's pages ascend, from the environment itself", "[format]") {
    const auto read = [](std::vector<entry_key> firsts) {
        std::vector<page_ref> pages;
        for (auto& key : firsts)
            pages.push_back({std::move(key), {}});
        return decode_root(encode_root(pages)).has_value();
    };
    CHECK(read({{}}));
    CHECK(read({{}, {"", "", "A"}, {"", "", "B"}, {"s", "", ""}}));
    CHECK_FALSE(read({}));
    CHECK_FALSE(read({{"", "", "A"}}));
    CHECK_FALSE(read({{}, {"", "", "B"}, {"", "", "A"}}));
    CHECK_FALSE(read({{}, {"", "", "A"}, {"", "", "A"}}));
    CHECK_FALSE(read({{}, {}}));
}

TEST_CASE("a page keeps between its key in the root and the next page's", "[format]") {
    const entry_key from{"", "", "B"};
    const entry_key to{"", "", "D"};
    const auto read = [&](std::vector<entry> entries) {
        return decode_page(encode_page(entries), from, &to).has_value();
    };
    CHECK(read({named("", "", "B"), named("", "", "C")}));
    CHECK_FALSE(read({named("", "", "C")}));
    CHECK_FALSE(read({named("", "", "A"), named("", "", "B")}));
    CHECK_FALSE(read({named("", "", "B"), named("", "", "D")}));
    CHECK_FALSE(read({named("", "", "B"), named("", "", "B")}));
    CHECK_FALSE(read({}));
}

TEST_CASE("entries hold to the limits of the format", "[format]") {
    const auto read = [](auto&& change) {
        std::vector<entry> entries{named({}, {}, {}), named("s", "a", "n")};
        change(entries[1]);
        return decode_page(encode_page(entries), {}, nullptr).has_value();
    };
    CHECK(read([](entry&) {}));
    CHECK(read([](entry& e) { e.key.name.assign(4096, 'n'); }));
    CHECK_FALSE(read([](entry& e) { e.key.name.assign(4097, 'n'); }));
    CHECK(read([](entry& e) { e.key.space.assign(255, 's'); }));
    CHECK_FALSE(read([](entry& e) { e.key.space.assign(256, 's'); }));
    CHECK_FALSE(read([](entry& e) { e.key.actor.assign(256, 'a'); }));
    CHECK(read([](entry& e) { e.note.assign(4096, 'n'); }));
    CHECK_FALSE(read([](entry& e) { e.note.assign(4097, 'n'); }));
    CHECK_FALSE(read([](entry& e) { e.note = "\xFF"; }));
    CHECK_FALSE(read([](entry& e) { e.key.name = "\xED\xA0\x80"; }));
    CHECK(read([](entry& e) { e.versions[0].author.assign(255, 'a'); }));
    CHECK_FALSE(read([](entry& e) { e.versions[0].author.assign(256, 'a'); }));
    CHECK_FALSE(read([](entry& e) { e.versions[0].number = 0; }));
    CHECK_FALSE(read([](entry& e) { e.versions[0].state = static_cast<entry_state>(0); }));
    CHECK_FALSE(read([](entry& e) { e.versions[0].state = static_cast<entry_state>(4); }));
    CHECK_FALSE(read([](entry& e) { e.versions.clear(); }));
    CHECK_FALSE(read([](entry& e) { e.versions.push_back(e.versions[0]); }));
    // More versions than writers keep are read all the same.
    CHECK(read([](entry& e) {
        e.versions.clear();
        for (std::uint64_t n = 100; n > 0; --n)
            e.versions.push_back({n, entry_state::deleted, 0, 0, {}, {}});
    }));
}

TEST_CASE("padding hides lengths in steps of an eighth", "[format]") {
    using enum object_kind;
    struct row {
        object_kind kind;
        std::size_t size;
        std::size_t padded;
    };
    const row table[] = {{record, 5, 32},
                         {record, 32, 32},
                         {record, 33, 64},
                         {record, 255, 256},
                         {record, 256, 256},
                         {record, 257, 288},
                         {record, 300, 320},
                         {record, 512, 512},
                         {record, 513, 576},
                         {record, 4096, 4096},
                         {record, 4097, 4608},
                         {record, 65540, 73728},
                         {record, 1048580, 1179648},
                         {page, 4, 512},
                         {page, 512, 512},
                         {page, 513, 1024},
                         {root, 4096, 4096},
                         {root, 4097, 4608},
                         {page, 8193, 9216},
                         {page, 32768, 32768},
                         {page, 32769, 36864}};
    for (const auto& [kind, size, padded] : table)
        CHECK(padded_size(kind, size) == padded);
    for (std::size_t m = 5; m < 70'000; ++m) {
        const auto p = padded_size(record, m);
        if (p < m || p % 32 != 0 || (p - m) * 8 > std::max<std::size_t>(m, 256) ||
            p < padded_size(record, m - 1))
            FAIL(m);
    }
}

TEST_CASE("a plain is its length, its body and zeros", "[format]") {
    bytes plain;
    writer(plain).u32(5).raw(as_bytes("value"));
    plain.resize(32);
    body_extent at;
    REQUIRE(plain_body(object_kind::record, plain, at));
    CHECK(as_text(byte_view(plain).subspan(at.offset, at.size)) == "value");
    CHECK_FALSE(plain_body(object_kind::page, plain, at)); // 32 bytes are no page
    for (std::size_t i = 9; i < plain.size(); ++i) {
        auto spoilt = plain;
        spoilt[i] = std::byte{1};
        CHECK_FALSE(plain_body(object_kind::record, spoilt, at));
    }
    auto longer = plain;
    longer.resize(64);
    CHECK_FALSE(plain_body(object_kind::record, longer, at));
    auto beyond = plain;
    beyond[3] = std::byte{29};
    CHECK_FALSE(plain_body(object_kind::record, beyond, at));
    beyond[3] = std::byte{28};
    std::fill(beyond.begin() + 4, beyond.end(), std::byte{1});
    CHECK(plain_body(object_kind::record, beyond, at)); // no padding at all
    beyond[0] = std::byte{0xFF};
    CHECK_FALSE(plain_body(object_kind::record, beyond, at));
}
