// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <coffer/redactor.hpp>
#include <coffer/testing/fake_secrets.hpp>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using coffer::redactor;
using pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

auto with(const pairs& values) -> redactor {
    redactor made;
    for (const auto& [name, value] : values)
        (void)made.add(name, value); // the tests give short ones as well
    return made;
}

/// What a redactor has to answer, the slow way, with the values at hand.
auto naive(const pairs& values, std::string_view text) -> std::string {
    std::string out;
    std::size_t covered = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::pair<std::string, std::string>* best = nullptr;
        for (const auto& v : values)
            if (v.second.size() >= redactor::shortest && text.substr(at).starts_with(v.second) &&
                (best == nullptr || v.second.size() > best->second.size()))
                best = &v;
        if (best != nullptr && at + best->second.size() > covered) {
            out += "[redacted " + best->first + "]";
            covered = at + best->second.size();
        }
        if (at >= covered) out += text[at];
    }
    return out;
}

auto in_pieces(redactor& r, std::string_view text, const std::vector<std::size_t>& cuts)
    -> std::string {
    std::string out;
    std::size_t from = 0;
    for (const auto cut : cuts) {
        out += r.feed(text.substr(from, cut - from));
        from = cut;
    }
    out += r.feed(text.substr(from));
    return out + r.flush();
}

const pairs two{{"TOKEN", "xoxb-acme-1234"}, {"DB_URL", "postgres://u:p@db/prod"}};

} // namespace

TEST_CASE("a known value is cut out and named, the rest of the text stays") {
    auto r = with(two);
    CHECK(r.redact("token is xoxb-acme-1234\n") == "token is [redacted TOKEN]\n");
    CHECK(r.redact("xoxb-acme-1234xoxb-acme-1234") == "[redacted TOKEN][redacted TOKEN]");
    CHECK(r.redact("xoxb-acme-123 is not all of it") == "xoxb-acme-123 is not all of it");
    CHECK(r.redact("at postgres://u:p@db/prod with xoxb-acme-1234.") ==
          "at [redacted DB_URL] with [redacted TOKEN].");
    CHECK(r.redact("") == "");
    CHECK(redactor().redact("nothing is known") == "nothing is known");
}

TEST_CASE("a redactor of a view knows all that the view resolves to") {
    coffer::testing::fake_secrets secrets{{"TOKEN", "xoxb-everyone"}, {"GONE", "xoxb-hidden-"}};
    const coffer::context acme{.environment = "prod", .space = "acme"};
    secrets.set(acme, "TOKEN", "xoxb-acme-1234");
    secrets.hide(acme, "GONE");
    const auto r = redactor::open(secrets.at(acme).value()).value();
    CHECK(r.redact("xoxb-acme-1234 xoxb-everyone xoxb-hidden-") ==
          "[redacted TOKEN] xoxb-everyone xoxb-hidden-");
    secrets.damage(acme, "TOKEN");
    secrets.set(acme, "OTHER", "a-whole-one");
    const auto rest = redactor::open(secrets.at(acme).value()).value();
    CHECK(rest.redact("xoxb-acme-1234 a-whole-one") == "xoxb-acme-1234 [redacted OTHER]");
    secrets.damage(acme, "TOKEN", coffer::errc::unavailable);
    CHECK(redactor::open(secrets.at(acme).value()).error() == coffer::errc::unavailable);
}

TEST_CASE("a value of a view is known in the forms in which programs commonly write it") {
    coffer::testing::fake_secrets secrets{{"PEM", "-----BEGIN-----\nMIIEvQIBADANBg\r\nkqhkiG9w\n"},
                                          {"QUOTED", "pass\"word\\with'quotes\x01"}};
    const auto r = redactor::open(secrets.at({.environment = "prod"}).value()).value();
    for (const auto* form :
         {R"(-----BEGIN-----\nMIIEvQIBADANBg\r\nkqhkiG9w\n)",
          "LS0tLS1CRUdJTi0tLS0tCk1JSUV2UUlCQURBTkJnDQprcWhraUc5dwo",
          "-----BEGIN-----%0AMIIEvQIBADANBg%0D%0AkqhkiG9w%0A", "MIIEvQIBADANBg", "kqhkiG9w"})
        CHECK(r.redact(form) == "[redacted PEM]");
    for (const auto* form : {R"(pass\"word\\with'quotes\u0001)", R"(pass"word\\with'quotes\u0001)",
                             "cGFzcyJ3b3JkXHdpdGgncXVvdGVzAQ", "pass%22word%5Cwith'quotes%01",
                             "pass%22word%5Cwith%27quotes%01"})
        CHECK(r.redact(form) == "[redacted QUOTED]");
    CHECK(r.redact("{v:'-----BEGIN-----\\n' +\n  'MIIEvQIBADANBg'}") ==
          "{v:'[redacted PEM]\\n' +\n  '[redacted PEM]'}");
    redactor alone;
    CHECK(alone.add("QUOTED", "pass\"word"));
    CHECK(alone.redact(R"(pass\"word)") == R"(pass\"word)");
    CHECK(alone.add_forms("QUOTED", coffer::secret("pass\"word")));
    CHECK(alone.redact(R"(pass\"word)") == "[redacted QUOTED]");
    CHECK_FALSE(alone.add_forms("PIN", "123456")); // though its base64 is long enough
    CHECK(alone.redact("MTIzNDU2") == "MTIzNDU2");
}

TEST_CASE("values of fewer than 8 bytes are ignored") {
    redactor r;
    CHECK_FALSE(r.add("PORT", "5432543"));
    CHECK(r.add("PIN", coffer::secret("54325432")));
    CHECK(r.redact("5432543 54325432") == "5432543 [redacted PIN]");
}

TEST_CASE("names whose values are left out are told, each once") {
    using names = std::vector<std::string>;
    const auto skipped = [](const redactor& r) {
        return names(r.skipped().begin(), r.skipped().end());
    };
    coffer::testing::fake_secrets secrets{
        {"PIN", "1234567"}, {"TOKEN", "xoxb-everyone"}, {"LINES", "a\nshort line"}};
    const coffer::context prod{.environment = "prod"};
    CHECK(skipped(redactor::open(secrets.at(prod).value()).value()) == names{"PIN"});

    secrets.damage(prod, "TOKEN");
    secrets.hide(prod, "LINES"); // nobody is given it: nothing was left out
    auto r = redactor::open(secrets.at(prod).value()).value();
    CHECK(skipped(r) == names{"PIN", "TOKEN"});
    REQUIRE(r.add_all(secrets.at(prod).value()));
    CHECK(skipped(r) == names{"PIN", "TOKEN"});
    CHECK_FALSE(r.add("PORT", "5432543"));
    CHECK_FALSE(r.add_forms("PORT", "543"));
    CHECK(r.add_forms("LINES", "b\nanother line"));
    CHECK(skipped(r) == names{"PIN", "TOKEN", "PORT"});
}

TEST_CASE("a stream that is cut at every place gives the same text") {
    const std::string text = "a xoxb-acme-1234 b postgres://u:p@db/prodxoxb-acme-1234 xoxb-acme-";
    const auto expected = naive(two, text);
    for (std::size_t i = 0; i <= text.size(); ++i)
        for (std::size_t j = i; j <= text.size(); ++j) {
            auto r = with(two);
            if (in_pieces(r, text, {i, j}) != expected) FAIL("cut at " << i << " and " << j);
        }
    std::vector<std::size_t> every;
    for (std::size_t i = 1; i < text.size(); ++i)
        every.push_back(i);
    auto r = with(two);
    CHECK(in_pieces(r, text, every) == expected);
}

TEST_CASE("a stream holds back only what could be the beginning of a value") {
    auto r = with({{"PEM", std::string(4000, 'k')}, {"TOKEN", "xoxb-acme-1234"}});
    const std::string line(500, '.');
    CHECK(r.feed(line).size() == line.size() - 7);
    CHECK(r.feed(line).size() == line.size());
    CHECK(r.feed("xoxb-acme-").size() == 7);
    CHECK(r.feed("1234") == "[redacted TOKEN]");
    CHECK(r.feed(" and on") == "");
    CHECK(r.flush() == " and on");
    r.flush();
    CHECK(r.feed("kkkkkkkk is a long way from the whole") == "");
    CHECK(r.flush() == "kkkkkkkk is a long way from the whole");
    CHECK(r.flush() == "");
}

TEST_CASE("no byte of overlapping values comes out") {
    const pairs overlapping{
        {"A", "abcdefghij"}, {"B", "fghijklmno"}, {"C", "cdefghij"}, {"D", "ghijklmnopq"}};
    auto r = with(overlapping);
    CHECK(r.redact("-abcdefghijklmno-") == "-[redacted A][redacted B]-");
    CHECK(r.redact("-abcdefghijklmnopq-") == "-[redacted A][redacted B][redacted D]-");
    CHECK(r.redact("-cdefghij-") == "-[redacted C]-");
    CHECK(in_pieces(r, "-abcdefghijklmno-", {3, 8, 12}) == "-[redacted A][redacted B]-");

    auto again = with({{"R", "abababab"}});
    CHECK(again.redact("xababababab.") == "x[redacted R][redacted R].");
}

TEST_CASE("of values that begin alike the longest gives the name") {
    const pairs alike{{"SHORT", "abcdefgh"}, {"LONG", "abcdefghijkl"}, {"MIDDLE", "abcdefghij"}};
    for (auto order : {pairs{alike[0], alike[1], alike[2]}, pairs{alike[1], alike[2], alike[0]}}) {
        auto r = with(order);
        CHECK(r.redact("abcdefgh abcdefghij abcdefghijkl abcdefghijk") ==
              "[redacted SHORT] [redacted MIDDLE] [redacted LONG] [redacted MIDDLE]k");
        CHECK(r.feed("abcdefghi") == "");
        CHECK(r.feed("jk.......") == "[redacted MIDDLE]k");
        r.flush();
    }
}

TEST_CASE("of two names with one value the first is named") {
    auto r = with({{"FIRST", "the-same-value"}, {"SECOND", "the-same-value"}});
    CHECK(r.redact("the-same-value") == "[redacted FIRST]");
}

TEST_CASE("a name can't break the lines of a log") {
    auto r = with({{"A\nERROR forged", "the-value"}});
    CHECK(r.redact("the-value") == "[redacted A?ERROR forged]");
}

TEST_CASE("values may hold any bytes and be as long as Coffer takes") {
    std::string zeros(9, '\0');
    std::string large(64 << 10, 'x');
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<char>((i * i) >> 3);
    auto r = with({{"ZEROS", zeros}, {"LARGE", large}});
    CHECK(r.redact("a" + std::string(8, '\0')) == "a" + std::string(8, '\0'));
    CHECK(r.redact("a" + zeros + "b") == "a[redacted ZEROS]b");
    CHECK(r.redact("a" + large + "b") ==
          naive({{"ZEROS", zeros}, {"LARGE", large}}, "a" + large + "b"));
}

TEST_CASE("random texts, values and cuts give what the slow way gives") {
    std::mt19937 random(1);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
    const auto text_of = [&](std::size_t size, std::size_t letters) {
        std::string text;
        while (text.size() < size)
            text += static_cast<char>('a' + below(letters));
        return text;
    };
    for (int round = 0; round < 3000; ++round) {
        const auto letters =
            1 + below(3); // few, so that values overlap, repeat and contain each other
        pairs values;
        for (auto n = below(6); n-- > 0;)
            values.emplace_back("N" + std::to_string(n), text_of(6 + below(14), letters));
        if (!values.empty() && round % 2 == 0) // one goes over lines
            values[0].second[below(values[0].second.size())] = '\n';
        std::string text;
        while (text.size() < 120) {
            text += !values.empty() && below(3) == 0 ? values[below(values.size())].second
                                                     : text_of(below(20), letters);
            if (below(3) == 0) text += '\n';
        }
        const auto expected = naive(values, text);
        auto r = with(values);
        if (r.redact(text) != expected) FAIL("round " << round << ": " << text);
        std::vector<std::size_t> cuts;
        for (std::size_t at = 0; (at += 1 + below(25)) < text.size();)
            cuts.push_back(at);
        if (in_pieces(r, text, cuts) != expected) FAIL("round " << round << " in pieces: " << text);
    }
    SUCCEED();
}

TEST_CASE("a line that has ended is shown at once, unless a value goes over lines") {
    auto r = with({{"TOKEN", "the-value"}});
    CHECK(r.feed("server ready\n") == "server ready\n");
    CHECK(r.feed("it is the-value\nand the-v") == "it is [redacted TOKEN]\nan");
    CHECK(r.feed("alue\nthe-va\n") == "d [redacted TOKEN]\nthe-va\n");
    CHECK(r.flush().empty());

    auto over = with({{"KEY", "-----\nkey"}, {"PEM", "-----BEGIN\nKEY-END"}});
    CHECK(over.feed("server ready\n") == "server ready\n"); // no value has such a first line
    CHECK(over.feed("ready\n-----\n") == "ready\n");
    CHECK(over.feed("key\n") == "[redacted KEY]\n");
    CHECK(over.feed("-----BEG\n") == "-----BEG\n");
    CHECK(over.feed("-----BEGIN\n").empty());
    CHECK(over.feed("KEY-END\n") == "[redacted PEM]\n");
    CHECK(over.feed("-----BEGIN\n").empty());
    CHECK(over.feed("no key\n") == "-----BEGIN\nno key\n");
    CHECK(over.flush().empty());
}

TEST_CASE("SipHash-2-4-128 is the one of the reference code") {
    // Key 00 01 … 0f, messages of n bytes 00 01 …; little-endian words (vectors_sip128 of the
    // reference implementation).
    const std::array<std::uint64_t, 2> key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    std::string text;
    CHECK(coffer::detail::siphash::of(key, text) ==
          coffer::detail::siphash::digest{0xe6a825ba047f81a3, 0x930255c71472f66d});
    text = std::string(1, '\0');
    CHECK(coffer::detail::siphash::of(key, text) ==
          coffer::detail::siphash::digest{0x44af996bd8c187da, 0x45fc229b11597634});
}
