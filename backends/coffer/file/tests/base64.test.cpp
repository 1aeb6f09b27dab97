// SPDX-License-Identifier: BSL-1.0
#include <coffer/file/base64.hpp>
#include <coffer/testing/laws/cipher_subject.hpp>

#include <support/catch.hpp>

using namespace coffer;

namespace {
auto encoded(std::string_view data) -> std::string {
    std::string out = "before ";
    file::append_base64(out, as_bytes(data));
    REQUIRE(out.substr(0, 7) == "before ");
    return out.substr(7);
}
} // namespace

TEST_CASE("base64 gives the vectors of RFC 4648 and reads them back") {
    const auto [plain, text] = GENERATE(table<std::string, std::string>({
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFF\xEF\xBE", "/+++"},
    }));
    CHECK(encoded(plain) == text);
    CHECK(file::is_base64(text));
    CHECK(as_text(file::from_base64(text)) == plain);
}

TEST_CASE("base64 of every length reads back as it was") {
    for (std::size_t n = 0; n < 300; ++n) {
        const auto data = testing::laws::pattern(n, 3);
        const auto text = encoded(as_text(data));
        CHECK(file::is_base64(text));
        CHECK(file::from_base64(text) == data);
    }
}

TEST_CASE("base64 that is not the one text of some bytes is refused") {
    for (const std::string_view bad :
         {"Z", "Zg", "Zg=", "Zm9vY", "Zg==Zm9v", "Z===", "====", "=", "Zm=v",
          "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_", "Zm9\x80", "Zg==\n"}) {
        INFO(std::string(bad));
        CHECK_FALSE(file::is_base64(bad));
    }
    CHECK_FALSE(file::is_base64(std::string_view("Zm9\0", 4)));
}
