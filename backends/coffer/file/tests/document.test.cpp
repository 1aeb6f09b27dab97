// SPDX-License-Identifier: BSL-1.0
#include "file_support.hpp"

#include <support/catch.hpp>

using namespace coffer;
using namespace file_test;
using file::document;

namespace {

auto sample() -> document {
    revision at{};
    for (std::size_t i = 0; i < at.size(); ++i)
        at[i] = static_cast<std::byte>(i * 17);
    const std::vector<object_write> writes{put("c", "third"), put("head", "the head"),
                                           put("a", "first")};
    return document{}.with(at, writes);
}
const std::string sample_text = "{\n"
                                "\"head\":\"dGhlIGhlYWQ=\",\n"
                                "\"a\":\"Zmlyc3Q=\",\n"
                                "\"c\":\"dGhpcmQ=\",\n"
                                "\"_revision\":\"00112233445566778899aabbccddeeff\"\n"
                                "}\n";

void is_tampered(std::string_view json) {
    const auto parsed = document::parse(json);
    INFO(std::string(json));
    CHECK((!parsed.has_value() && parsed.error() == errc::tampered));
}

} // namespace

TEST_CASE("a document has its head first, then a line an object by key, then the revision") {
    CHECK(sample().text() == sample_text);
    CHECK(document::parse(sample_text).value().text() == sample_text);
    CHECK(document::parse(sample_text).value().at() == sample().at());
}

TEST_CASE("a commit changes the lines of what it writes and no other") {
    const std::vector<object_write> writes{put("b", "new"), {"c", std::nullopt}, put("head", "h")};
    const auto after = sample().with(rev(1), writes);
    CHECK(after.find("a") == text("first"));
    CHECK(after.find("b") == text("new"));
    CHECK_FALSE(after.find("c").has_value());
    CHECK(after.text().starts_with(
        "{\n\"head\":\"aA==\",\n\"a\":\"Zmlyc3Q=\",\n\"b\":\"bmV3\",\n\"_rev"));
    CHECK(document::parse(after.text()).value().text() == after.text());
}

TEST_CASE("a commit makes the same text as one that writes all of it anew") {
    std::vector<object_write> all;
    for (const auto* key : {"0", "5", "e", "g", "head", "i", "z"})
        all.push_back(put(key, std::string("was ") + key));
    const auto before = document{}.with(rev(1), all);
    for (unsigned changed = 0; changed < 1U << all.size(); ++changed)
        for (const bool erase : {false, true}) {
            std::vector<object_write> writes{put("a", "new"), put("k", "new")};
            auto expected = all;
            expected.insert(expected.end(), writes.begin(), writes.end());
            for (std::size_t i = 0; i < all.size(); ++i) {
                if ((changed >> i & 1U) == 0) continue;
                writes.push_back(erase ? object_write{all[i].key, std::nullopt}
                                       : put(all[i].key, "now"));
                expected[i] = writes.back();
            }
            const auto after = before.with(rev(2), writes, std::string(300, 'x'));
            CHECK(after.text() == document{}.with(rev(2), expected).text());
            CHECK(after.list().entries == document{}.with(rev(2), expected).list().entries);
            CHECK(document::parse(after.text()).value().text() == after.text());
            for (const auto& e : expected)
                CHECK(after.find(e.key) == e.value);
        }
}

TEST_CASE("a document of another writer is read whatever its order and spaces") {
    const auto read =
        document::parse("\t{ \"_revision\" : \"00112233445566778899aabbccddeeff\"\r\n,"
                        "\"c\":\"dGhpcmQ=\",\"\\u0061\":\"Zmlyc3Q\\u003d\" ,"
                        "\"head\":\"dGhlIGhlYWQ=\"} \n");
    REQUIRE(read);
    CHECK(read->text() == sample_text);
}

TEST_CASE("without a revision it is the last 16 bytes of the head") {
    const auto read = document::parse(R"({"head":"eHgwMTIzNDU2Nzg5YWJjZGVm","a":"Zmlyc3Q="})");
    REQUIRE(read);
    CHECK(as_text(read->at()) == "0123456789abcdef");
    CHECK(read->find("a") == text("first"));
}

TEST_CASE("a document that is cut anywhere is tampered") {
    for (std::size_t n = 0; n + 1 < sample_text.size() - 1; ++n)
        is_tampered(sample_text.substr(0, n));
}

TEST_CASE("a document with one byte changed, left out or put in never crashes the reader") {
    const std::string_view alphabet("\0\"\\{}[],:=A0\x80\xFF\n", 15);
    for (std::size_t i = 0; i < sample_text.size(); ++i)
        for (const char c : alphabet) {
            auto changed = sample_text;
            changed[i] = c;
            auto longer = sample_text;
            longer.insert(i, 1, c);
            for (const auto& json : {changed, longer})
                if (const auto parsed = document::parse(json); !parsed)
                    CHECK(parsed.error() == errc::tampered);
        }
}

TEST_CASE("what is not a flat object of names and base64, each once, is tampered") {
    const std::string r = R"("_revision":"00112233445566778899aabbccddeeff")";
    CHECK(document::parse("{" + r + "}"));
    for (const std::string& json : {
             std::string(),
             std::string("null"),
             std::string("[]"),
             std::string("\"a\""),
             std::string("1"),
             std::string("{}"),
             "{" + r + "}{}",
             "{" + r + "} x",
             "{" + r + ",}",
             "{" + r + "," + r + "}",
             "[{" + r + "}]",
             "\xEF\xBB\xBF{" + r + "}",
             R"({"a":"AA==","a":"AA==",)" + r + "}",
             R"({"a":"AA==","\u0061":"AA==",)" + r + "}",
             R"({"a":1,)" + r + "}",
             R"({"a":null,)" + r + "}",
             R"({"a":true,)" + r + "}",
             R"({"a":["AA=="],)" + r + "}",
             R"({"a":{"b":"AA=="},)" + r + "}",
             R"({"a":"AA",)" + r + "}",
             R"({"a":"A A=",)" + r + "}",
             R"({"a":"AB==",)" + r + "}",
             R"({"A":"AA==",)" + r + "}",
             R"({"":"AA==",)" + r + "}",
             R"({"a b":"AA==",)" + r + "}",
             R"({")" + std::string(65, 'a') + R"(":"AA==",)" + r + "}",
             R"({/* */)" + r + "}",
             std::string(R"({"a":"AA=="})"),    // no revision and no head
             std::string(R"({"head":"AAAA"})"), // a head that is too short to tell
             std::string(R"({"_revision":""})"),
             std::string(R"({"_revision":"00112233445566778899AABBCCDDEEFF"})"),
             std::string(R"({"_revision":"00112233445566778899aabbccddeef"})"),
             std::string(R"({"_revision":"00000000000000000000000000000000"})"),
             std::string("<<<<<<< ours\n") + sample_text,
         })
        is_tampered(json);
}
