// SPDX-License-Identifier: BSL-1.0
#include <coffer/redis/commands.hpp>
#include <coffer/redis/reply.hpp>

#include <support/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <new>

using namespace coffer;
using redis::reply;
using redis::reply_kind;
using redis::reply_parser;

namespace {
std::atomic<std::size_t> largest{0};
}

// The largest piece of memory that anything here asks for. Not inlined: g++ 12 would see free()
// meet operator new and warn.
[[gnu::noinline]] auto operator new(std::size_t size) -> void* {
    auto seen = largest.load();
    while (size > seen && !largest.compare_exchange_weak(seen, size)) {
    }
    if (auto* const got = std::malloc(size)) return got;
    throw std::bad_alloc();
}
[[gnu::noinline]] auto operator new(std::size_t size, const std::nothrow_t&) noexcept -> void* {
    return std::malloc(size); // of the kind that the others free, which a sanitizer asks for
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace {

/// A reply as text, to compare.
auto shown(const reply& r) -> std::string {
    switch (r.kind) {
    case reply_kind::text: return "'" + r.text + "'";
    case reply_kind::error: return "!" + r.text;
    case reply_kind::number: return std::to_string(r.number);
    case reply_kind::null: return "null";
    case reply_kind::array:
    case reply_kind::push: break;
    }
    std::string out(r.is(reply_kind::push) ? ">[" : "[");
    for (const auto& item : r.items)
        out += shown(item) + " ";
    return out + "]";
}
auto parsed(std::string_view wire) -> std::string {
    reply_parser parser;
    parser.feed(wire);
    std::string out;
    for (;;) {
        const auto got = parser.next();
        if (!got) return out + "refused";
        if (!*got) return out + (parser.idle() ? "" : "…");
        out += shown(**got);
    }
}

const std::vector<std::pair<std::string, std::string>> well_formed{
    {"+OK\r\n", "'OK'"},
    {"-ERR no\r\n", "!ERR no"},
    {":-12\r\n", "-12"},
    {":9223372036854775807\r\n", "9223372036854775807"},
    {"$5\r\na\r\nbc\r\n", "'a\r\nbc'"},
    {"$0\r\n\r\n", "''"},
    {"$-1\r\n", "null"},
    {"*-1\r\n", "null"},
    {"_\r\n", "null"},
    {"#t\r\n", "'t'"},
    {",1.5\r\n", "'1.5'"},
    {"(123456789012345678901234567890\r\n", "'123456789012345678901234567890'"},
    {"!5\r\nERR a\r\n", "!ERR a"},
    {"=8\r\ntxt:abcd\r\n", "'abcd'"},
    {"*0\r\n", "[]"},
    {"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "[1 ['x' ] ]"},
    {"%1\r\n+a\r\n:1\r\n", "['a' 1 ]"},
    {"~1\r\n:1\r\n", "[1 ]"},
    {">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n", ">['invalidate' ['k' ] ]"},
    {"*3\r\n$-1\r\n_\r\n*0\r\n", "[null null [] ]"},
};

} // namespace

TEST_CASE("each kind of reply is read, whole or in pieces cut at every byte") {
    for (const auto& [wire, expected] : well_formed) {
        INFO(wire);
        CHECK(parsed(wire) == expected);
        for (std::size_t cut = 0; cut < wire.size(); ++cut) {
            reply_parser parser;
            parser.feed(std::string_view(wire).substr(0, cut));
            REQUIRE(parser.next().value() == std::nullopt);
            CHECK(parser.idle() == (cut == 0));
            parser.feed(std::string_view(wire).substr(cut));
            const auto got = parser.next().value();
            REQUIRE(got);
            CHECK(shown(*got) == expected);
            CHECK(parser.idle());
        }
    }
    std::string all;
    std::string expected;
    for (int i = 0; i < 50; ++i)
        for (const auto& [wire, one] : well_formed) {
            all += wire;
            expected += one;
        }
    CHECK(parsed(all) == expected);
}

TEST_CASE("what is no reply is refused, and takes no memory") {
    const std::string deep = [] {
        std::string out;
        for (int i = 0; i < 10'000; ++i)
            out += "*1\r\n";
        return out;
    }();
    largest = 0;
    for (const std::string& wire : std::vector<std::string>{"$9223372036854775808\r\n",
                                                            "$18446744073709551615\r\n",
                                                            "$18446744073709551614\r\n",
                                                            "$99999999999999999999999\r\n",
                                                            "$-2\r\n",
                                                            "$+1\r\n",
                                                            "$1x\r\n",
                                                            "$\r\n",
                                                            "$ 1\r\n",
                                                            "$01\r\na\r\n",
                                                            "*9223372036854775808\r\n",
                                                            "*18446744073709551615\r\n",
                                                            "*-2\r\n",
                                                            "*\r\n",
                                                            "%9223372036854775808\r\n",
                                                            "%18446744073709551615\r\n",
                                                            "%-1\r\n",
                                                            "~-1\r\n",
                                                            ">-1\r\n",
                                                            "$?\r\n",
                                                            "*?\r\n",
                                                            ";1\r\n",
                                                            "|1\r\n+a\r\n+b\r\n",
                                                            "=3\r\nabc\r\n",
                                                            "!-1\r\n",
                                                            ":\r\n",
                                                            ":1x\r\n",
                                                            ":+1\r\n",
                                                            ":9223372036854775808\r\n",
                                                            "_x\r\n",
                                                            "\r\n",
                                                            "\n",
                                                            "+no carriage return\n",
                                                            "HTTP/1.1 400 Bad Request\r\n\r\n",
                                                            "$1\r\nabc\r\n",
                                                            "$1\r\na\nb\r\n",
                                                            "*1\r\n>1\r\n+a\r\n",
                                                            "*1000000000\r\n",
                                                            deep}) {
        INFO(wire.substr(0, 60));
        CHECK(parsed(wire) == "refused");
    }
    CHECK(largest < std::size_t{200} << 10);
}

TEST_CASE("what is announced takes no memory before it is sent") {
    largest = 0;
    reply_parser parser;
    parser.limit(std::size_t{1} << 40);
    parser.feed("*1000000000\r\n*1000000000\r\n$1000000000\r\n");
    REQUIRE(parser.next().value() == std::nullopt);
    CHECK(parser.wanted() <= std::size_t{1} << 20);
    CHECK(largest < std::size_t{100} << 10);
}

TEST_CASE("a reply over its limit is too large, and a line without an end no reply") {
    for (const auto* const wire : {"$200\r\n", "*4\r\n", "%2\r\n",
                                   "*2\r\n$40\r\n0123456789012345678901234567890123456789"
                                   "\r\n$40\r\n"}) {
        reply_parser parser;
        parser.limit(2 * sizeof(reply) + 60);
        parser.feed(wire);
        CHECK(parser.next().error() == errc::too_large);
    }
    reply_parser parser;
    for (int i = 0; i < 17; ++i)
        parser.feed(std::string(1024, '+'));
    CHECK(parser.next().error() == errc::tampered);
    // The limit is that of one reply.
    reply_parser many;
    many.limit(1000);
    for (int i = 0; i < 100; ++i) {
        many.feed("+" + std::string(500, 'x') + "\r\n");
        CHECK(many.next().value().has_value());
    }
}

TEST_CASE("an answer to load has the revision and every key, or it is tampered") {
    const auto text = [](std::string t) { return reply{reply_kind::text, 0, std::move(t), {}}; };
    const std::string r(16, 'r');
    const auto list = [](std::vector<reply> items) {
        return reply{reply_kind::array, 0, {}, std::move(items)};
    };
    CHECK(redis::read_cut(list({text(r), {}, text("")}), 2).value().objects ==
          std::vector<std::optional<bytes>>{std::nullopt, bytes{}});
    CHECK(redis::read_cut(list({reply{}, reply{}}), 1).value().at == revision{});
    for (const auto& wrong :
         {list({text(r)}), list({text(r), {}, {}}), list({text("short"), {}}),
          list({text(std::string(16, '\0')), {}}), list({text(r), list({})}),
          list({text(r), reply{reply_kind::number, 1, {}, {}}}), text(r), reply{}})
        CHECK(redis::read_cut(reply(wrong), 1).error() == errc::tampered);
    for (const auto& wrong : {list({text("a")}), list({text("a"), text("1")}), list({{}, text(r)}),
                              list({text("_revision"), text("x")}), text(r)})
        CHECK(redis::read_listing(reply(wrong)).error() == errc::tampered);
}

TEST_CASE("the slot of a partition is that of Redis Cluster") {
    CHECK(redis::slot_of("") == 0);
    CHECK(redis::slot_of("foo") == 12'182); // CLUSTER KEYSLOT foo
    CHECK(redis::slot_of("us_env_1") == redis::slot_of("us_env_1"));
    CHECK(redis::key_of("c:", "p") == "c:{p}");
    CHECK(redis::partition_of("c:", "c:{p}") == "p");
    for (const auto* const other : {"", "c:", "c:{", "c:p}", "d:{p}", "c:{p"})
        CHECK(redis::partition_of("c:", other).empty());
}
