// SPDX-License-Identifier: BSL-1.0
#include <coffer/redis/src/slots.hpp>

#include <support/catch.hpp>

#include <limits>

using namespace coffer;
using redis::endpoint;
using redis::reply;
using redis::reply_kind;
using redis::detail::slot_map;

namespace {

const endpoint asked{"asked.example", 7000, {}};

auto text(std::string said) -> reply {
    return {reply_kind::text, 0, std::move(said), {}};
}
auto number(std::int64_t said) -> reply {
    return {reply_kind::number, said, {}, {}};
}
auto array(std::vector<reply> items) -> reply {
    return {reply_kind::array, 0, {}, std::move(items)};
}
/// As Redis 7 tells of a node: its address, its id, and what else is known of it.
auto node(reply host, reply port) -> reply {
    return array({std::move(host), std::move(port), text("id"), array({})});
}
auto node(const std::string& host, std::int64_t port) -> reply {
    return node(text(host), number(port));
}
auto range(std::int64_t first, std::int64_t last, reply primary) -> reply {
    return array({number(first), number(last), std::move(primary), node("replica", 1)});
}
auto read(const reply& from) -> std::optional<slot_map> {
    return slot_map::read(from, asked);
}
auto read_node(reply host, reply port) -> std::optional<endpoint> {
    const auto all = read(array({range(0, 16383, node(std::move(host), std::move(port)))}));
    return all ? all->owner(0) : std::nullopt;
}
auto redirected(std::string_view error) {
    return slot_map::redirection(error, asked);
}

const endpoint a{"10.0.0.1", 6379, {}};
const endpoint b{"10.0.0.2", 65535, {}};
const reply first_half = range(0, 8191, node(a.host, a.port));
const reply second_half = range(8192, 16383, node(b.host, b.port));

} // namespace

TEST_CASE("a map of slots says who owns each, and of no other that it has an owner") {
    const auto whole = read(array({second_half, first_half})); // in any order
    REQUIRE(whole);
    for (std::uint16_t slot = 0; slot < slot_map::slots; ++slot)
        if (whole->owner(slot) != (slot <= 8191 ? a : b)) FAIL_CHECK("slot " << slot);
    CHECK(whole->primaries() == std::set{a, b});

    const auto pieces =
        read(array({range(0, 0, node(a.host, a.port)), range(16383, 16383, node(b.host, b.port)),
                    range(2, 3, node(a.host, a.port))}));
    REQUIRE(pieces);
    for (std::uint16_t slot = 0; slot < slot_map::slots; ++slot) {
        std::optional<endpoint> owner;
        if (slot == 0 || slot == 2 || slot == 3) owner = a;
        if (slot == 16383) owner = b;
        if (pieces->owner(slot) != owner) FAIL_CHECK("slot " << slot);
    }
    CHECK(pieces->primaries() == std::set{a, b});

    const auto nothing = read(array({}));
    REQUIRE(nothing);
    CHECK(nothing->primaries().empty());
    CHECK_FALSE(nothing->owner(0));
    CHECK_FALSE(nothing->owner(16383));
}

TEST_CASE("a slot that has moved is the new node's, and the others stay") {
    auto map = read(array({first_half, second_half})).value();
    const endpoint c{"10.0.0.3", 1, {}};
    map.moved(8191, b);
    map.moved(5, c);
    CHECK(map.owner(8190) == a);
    CHECK(map.owner(8191) == b);
    CHECK(map.owner(4) == a);
    CHECK(map.owner(5) == c);
    CHECK(map.owner(6) == a);
    CHECK(map.primaries() == std::set{a, b, c});
}

TEST_CASE("slots that are none, or have two owners, make no map") {
    struct span {
        std::int64_t first;
        std::int64_t last;
    };
    const auto all_of = [](const std::vector<span>& spans) {
        std::vector<reply> ranges;
        for (const auto& s : spans)
            ranges.push_back(range(s.first, s.last, node(a.host, a.port)));
        return read(array(std::move(ranges)));
    };
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    const std::vector<std::vector<span>> lies{
        {{0, 16384}},
        {{16384, 16384}},
        {{-1, 5}},
        {{-5, -1}},
        {{0, -1}},
        {{6, 5}},
        {{least, most}},
        {{0, most}},
        {{least, 0}},
        {{most, least}},
        {{65536, 65536}}, // which is 0 in sixteen bits
        {{0, 5}, {0, 5}},
        {{0, 5}, {5, 9}},
        {{5, 9}, {0, 5}},
        {{0, 9}, {3, 4}},
        {{3, 4}, {0, 9}},
        {{0, 16383}, {16383, 16383}},
        {{0, 16383}, {0, 16383}},
        {{0, 5}, {7, 8}, {9, 8}},
        {{0, 5}, {7, 8}, {9, 16384}},
    };
    for (const auto& spans : lies) {
        std::string said;
        for (const auto& s : spans)
            said += std::to_string(s.first) + " to " + std::to_string(s.last) + " ";
        INFO(said);
        CHECK_FALSE(all_of(spans));
    }
    CHECK(all_of({{0, 5}, {6, 9}}));
    CHECK_FALSE(read(array({first_half, range(8191, 8191, node(b.host, b.port))})));
}

TEST_CASE("an answer of other types than a map's, or one that is cut, makes no map") {
    const reply null{};
    const reply error{reply_kind::error, 0, "ERR", {}};
    const reply push{reply_kind::push, 0, {}, {first_half}};
    for (const auto& lie : {null, error, push, text("OK"), number(1)}) {
        CAPTURE(static_cast<int>(lie.kind));
        CHECK_FALSE(read(lie));
        CHECK_FALSE(read(array({lie})));
        CHECK_FALSE(read(array({first_half, lie})));
        CHECK_FALSE(read(array({array({number(0), number(1), lie})})));
        if (!lie.is(reply_kind::number)) {
            CHECK_FALSE(read(array({array({lie, number(1), node(a.host, a.port)})})));
            CHECK_FALSE(read(array({array({number(0), lie, node(a.host, a.port)})})));
            CHECK_FALSE(read_node(text(a.host), lie));
        }
        if (!lie.is(reply_kind::text) && !lie.is(reply_kind::null))
            CHECK_FALSE(read_node(lie, number(1)));
    }
    CHECK_FALSE(read_node(array({text(a.host)}), number(1)));
    CHECK_FALSE(read_node(text(a.host), text("6379")));
    for (std::size_t left = 0; left < 3; ++left) {
        auto cut = first_half;
        cut.items.resize(left);
        CAPTURE(left);
        CHECK_FALSE(read(array({cut})));
        CHECK_FALSE(read(array({second_half, cut})));
    }
    for (std::size_t left = 0; left < 2; ++left) {
        auto cut = first_half;
        cut.items[2].items.resize(left);
        CAPTURE(left);
        CHECK_FALSE(read(array({cut})));
    }
    auto least = first_half; // as Redis 3 tells it: no replica, no id
    least.items.resize(3);
    least.items[2].items.resize(2);
    CHECK(read(array({least})).value().owner(0) == a);
}

TEST_CASE("a node of a map has a port, and a host of its own or that of whoever told") {
    for (const std::int64_t bad : {0, -1, 65536, 65536 + 6379, -6379}) {
        CAPTURE(bad);
        CHECK_FALSE(read_node(text(a.host), number(bad)));
    }
    CHECK_FALSE(read_node(text(a.host), number(std::numeric_limits<std::int64_t>::max())));
    CHECK_FALSE(read_node(text(a.host), number(std::numeric_limits<std::int64_t>::min())));
    CHECK(read_node(text(a.host), number(1)) == endpoint{a.host, 1, {}});
    CHECK(read_node(text(a.host), number(65535)) == endpoint{a.host, 65535, {}});
    CHECK_FALSE(read_node(text(std::string(256, 'h')), number(1)));
    CHECK(read_node(text(std::string(255, 'h')), number(1)).value().host.size() == 255);
    for (const auto& unknown : {text(""), text("?"), reply{}})
        CHECK(read_node(unknown, number(6380)) == endpoint{asked.host, 6380, {}});
}

TEST_CASE("a map has no more nodes than a cluster can have") {
    const auto of = [](std::int64_t nodes) {
        std::vector<reply> ranges;
        for (std::int64_t n = 0; n < nodes; ++n)
            ranges.push_back(range(n, n, node(a.host, n + 1)));
        return read(array(std::move(ranges)));
    };
    auto full = of(1000);
    REQUIRE(full);
    CHECK(full->primaries().size() == 1000);
    CHECK(full->owner(999) == endpoint{a.host, 1000, {}});
    CHECK_FALSE(of(1001));
    full->moved(5, b); // somebody invents nodes
    CHECK_FALSE(full->owner(5));
    CHECK(full->owner(6) == endpoint{a.host, 7, {}});
}

TEST_CASE("a redirection names a slot and a node") {
    using there = std::pair<std::uint16_t, endpoint>;
    CHECK(redirected("MOVED 3999 127.0.0.1:6381") == there{3999, {"127.0.0.1", 6381, {}}});
    CHECK(redirected("ASK 0 node.example:1") == there{0, {"node.example", 1, {}}});
    CHECK(redirected("MOVED 16383 ::1:65535") == there{16383, {"::1", 65535, {}}});
    CHECK(redirected("MOVED 7 :6381") == there{7, {asked.host, 6381, {}}});
    CHECK(redirected("ASK 7 ?:6381") == there{7, {asked.host, 6381, {}}});
    CHECK(redirected("MOVED 7 " + std::string(255, 'h') + ":1").value().second.host.size() == 255);
}

TEST_CASE("a redirection that is cut, or names no slot or no node, leads nowhere") {
    const std::string whole = "MOVED 3999 127.0.0.1:6381";
    for (std::size_t cut = 0; cut <= whole.rfind(':') + 1; ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(redirected(whole.substr(0, cut)));
    }
    for (const auto* const lie : {"MOVED 16384 h:1",
                                  "MOVED 65536 h:1",
                                  "MOVED 70000 h:1",
                                  "MOVED -1 h:1",
                                  "MOVED +1 h:1",
                                  "MOVED 1x h:1",
                                  "MOVED 0x1 h:1",
                                  "MOVED x h:1",
                                  "MOVED 1.0 h:1",
                                  "MOVED  1 h:1",
                                  "MOVED 99999999999999999999 h:1",
                                  "MOVED 1 h:0",
                                  "MOVED 1 h:-1",
                                  "MOVED 1 h:+1",
                                  "MOVED 1 h:65536",
                                  "MOVED 1 h:99999999999999999999",
                                  "MOVED 1 h:6381x",
                                  "MOVED 1 h: 1",
                                  "MOVED 1 h:1 ",
                                  "MOVED 1 h:1 more",
                                  "MOVED 1 h:x",
                                  "MOVED 1 h:",
                                  "MOVED 1 h",
                                  "MOVED 1 ",
                                  "MOVED 1 h1",
                                  "ASK",
                                  "ASK ",
                                  "ASK  ",
                                  ""}) {
        CAPTURE(lie);
        CHECK_FALSE(redirected(lie));
    }
    CHECK_FALSE(redirected("MOVED 1 " + std::string(256, 'h') + ":1"));
}
