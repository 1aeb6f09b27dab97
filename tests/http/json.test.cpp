// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/json.hpp>
#include <coffer/http/metadata.hpp>

#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <string>

using namespace coffer;
using namespace coffer::http;

TEST_CASE("Members are found as they were written, whatever stands around and within them") {
    const std::string text =
        " {\"a\" : [1, {\"x\":\"]}\\\"\"}] ,\"b\\u0041\":1e400,\r\n\"c\":\"{,}\","
        "\"d\":{\"e\":[]} , \"a\" : -0.0 }";
    REQUIRE(json_document::read(text).has_value());
    const raw_members m(text);
    CHECK(m.all().size() == 4);
    CHECK(m.find("a") == "-0.0"); // the last one counts
    CHECK(m.find("bA") == "1e400");
    CHECK(m.find("c") == "\"{,}\"");
    CHECK(m.find("d") == "{\"e\":[]}");
    CHECK(m.find("e").empty());
    std::string many = "{";
    for (int i = 0; i < 50'000; ++i)
        many += "\"n" + std::to_string(i % 40'000) + "\":" + std::to_string(i) + ",";
    many.back() = '}';
    const raw_members all(many);
    CHECK(all.all().size() == 40'000);
    CHECK(all.find("n7") == "40007");
    CHECK(all.find("n39999") == "39999");
    for (const char* empty : {"{}", " { } "}) {
        const raw_members none(empty);
        CHECK(none.all().empty());
    }
}

TEST_CASE("What JSON allows and nobody can read costs the member that it is in alone") {
    const std::string text =
        R"({"a":"\ud83d\ude80 \\ud800","b":{"x":["\ud800\u0041"]},"c":"\udc00",)"
        R"("d":1e-99999999999,"e":"1e99999999999","f":1e999999999,"\ud800":1,)"
        R"("g":"\ud83d","g":"last","h":"\"\uD800\uDBFF\uDC00\""})";
    CHECK_FALSE(json_document::read(text).has_value());
    const auto read = json_document::read_mended(text);
    REQUIRE(read.has_value());
    CHECK_FALSE(read->is_whole());
    for (const char* name : {"b", "c", "d", "h"}) {
        CHECK_FALSE(read->is_readable(name));
        CHECK(read->find(name) != nullptr);
    }
    for (const char* name : {"a", "e", "f", "g", "none"})
        CHECK(read->is_readable(name));
    CHECK(view_of(read->find("a")->get_string()) == "\xf0\x9f\x9a\x80 \\ud800");
    CHECK(view_of(read->find("e")->get_string()) == "1e99999999999");
    CHECK(view_of(read->find("g")->get_string()) == "last");
    const auto pair = json_document::read_mended(R"({"h":"\uD800\uDBFF\uDC00"})");
    CHECK(view_of(pair->find("h")->get_string()) == "\xef\xbf\xbd\xf4\x8f\xb0\x80");
    CHECK(json_document::read_mended(R"({"a":"b"})")->is_readable("a"));
    for (const char* wrong :
         {R"({"a":"\ud80"})", R"({"a":"\ud800)", R"({"a":"\)", R"({"a":"\u)", R"({"a":"\ud800\u)",
          R"({"a":1e})", R"({"a":1e99999999999e1})", R"({"a":+1e99999999999})", R"(["\ud800"])",
          R"({"a":\ud800})", "{\"a\":\"\xed\xa0\x80\"}"})
        CHECK_FALSE(json_document::read_mended(wrong).has_value());
}

TEST_CASE("What is written is JSON that reads as what was meant") {
    wiped_text out;
    json_writer w(out);
    w.begin_object()
        .member("a", "\"\\\n\x01\xc3\xa9")
        .member("n", std::uint64_t{18446744073709551615U});
    w.key("l").begin_list().number(1).text("x").boolean(true).null().raw("[]").end_list();
    w.member_if("none", "")
        .member_if("zero", std::uint64_t{0})
        .key("o")
        .begin_object()
        .end_object();
    w.end_object();
    CHECK(out == R"({"a":"\"\\\n\u0001)"
                 "\xc3\xa9"
                 R"(","n":18446744073709551615,)"
                 R"("l":[1,"x",true,null,[]],"o":{}})");
    wiped_text long_text;
    json_writer(long_text).text(std::string(5000, '\n'));
    CHECK(long_text.size() == 10'002);
}

TEST_CASE("Every character is read as it was meant, wherever it stands") {
    for (std::size_t size = 1; size < 40; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (unsigned c = 0; c < 0x80; ++c) {
                std::string text(size, 'x');
                text[at] = static_cast<char>(c);
                wiped_text out;
                json_writer(out).begin_list().text(text).end_list();
                const auto read = boost::json::parse({out.data(), out.size()});
                if (read.as_array().at(0).as_string() != text) FAIL("character " << c);
            }
}

TEST_CASE("Metadata: unknown members stay, changed ones change, nothing else moves") {
    metadata m(R"({"name":"a","x":{"y":1.50},"createdAt":7})");
    m.set_text("name", "b\"");
    m.set("z", "true");
    CHECK(m.to_text() == R"({"name":"b\"","x":{"y":1.50},"createdAt":7,"z":true})");
    CHECK(m.number("createdAt") == 7);
    CHECK(m.text("name") == "b\"");
    CHECK(m.flag("z"));
    CHECK(metadata("no JSON").to_text() == "{}");
    CHECK(metadata("[1]").to_text() == "{}");
}

TEST_CASE("Times are read as they are written, and days that are none are refused") {
    CHECK(iso_time(1714979289123) == "2024-05-06T07:08:09.123Z");
    CHECK(iso_time(last_iso_time) == "9999-12-31T23:59:59.999Z");
    CHECK(iso_time(last_iso_time + 1) == iso_time(last_iso_time));
    CHECK(iso_time(~std::uint64_t{0}) == iso_time(last_iso_time));
    for (const char* good : {"2024-05-06T07:08:09.123Z", "2024-02-29T00:00:00.000Z"})
        CHECK(iso_time(time_of_iso(good).value()) == good);
    CHECK(time_of_iso("2024-05-06T07:08:09Z").value() == 1714979289000);
    CHECK(time_of_iso("1970-01-01").value() == 0);
    for (const char* bad :
         {"", "2023-02-29", "2024-13-01", "2024-05-06T24:00:00Z", "2024-05-06 07:08:09Z",
          "2024-05-06T07:08:09+", "2024-5-6", "1969-12-31", "2024-05-06T07:08:61Z", "20x4-05-06",
          "2024-05-06T07:08:09.12zZ"})
        CHECK_FALSE(time_of_iso(bad).has_value());
}
