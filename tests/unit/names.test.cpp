// SPDX-License-Identifier: BSL-1.0
#include <coffer/names.hpp>

#include "support/catch.hpp"

using namespace coffer;

namespace {
auto told(const result<void>& checked) -> std::string {
    return std::string(checked ? "ok" : to_string(checked.error().code));
}
auto repeated(std::string_view text, std::size_t times) -> std::string {
    std::string out;
    while (times-- > 0)
        out += text;
    return out;
}
} // namespace

TEST_CASE("names are 1 to 1,024 code points of UTF-8 without NUL", "[names]") {
    CHECK(told(check_name("SLACK_TOKEN")) == "ok");
    CHECK(told(check_name("пароль 🔑")) == "ok");
    CHECK(told(check_name("")) == "invalid_argument");
    CHECK(told(check_name("\xFF")) == "invalid_argument");
    CHECK(told(check_name("\xED\xA0\x80")) == "invalid_argument");
    CHECK(told(check_name(std::string_view("a\0b", 3))) == "invalid_argument");
    CHECK(told(check_name(repeated("n", 1024))) == "ok");
    CHECK(told(check_name(repeated("n", 1025))) == "too_large");
    CHECK(told(check_name(repeated("🔑", 1024))) == "ok"); // 4,096 bytes
    CHECK(told(check_name(repeated("🔑", 1024) + "n")) == "too_large");
}

TEST_CASE("values are 1 byte to 64 KiB, any bytes", "[names]") {
    CHECK(told(check_value(as_bytes(std::string_view("\0", 1)))) == "ok");
    CHECK(told(check_value({})) == "invalid_argument");
    CHECK(told(check_value(bytes(65536))) == "ok");
    CHECK(told(check_value(bytes(65537))) == "too_large");
}

TEST_CASE("notes, authors and ids have the limits of the format", "[names]") {
    CHECK(told(check_note("")) == "ok");
    CHECK(told(check_note(repeated("n", 4096))) == "ok");
    CHECK(told(check_note(repeated("n", 4097))) == "too_large");
    CHECK(told(check_author(repeated("a", 255))) == "ok");
    CHECK(told(check_author(repeated("a", 256))) == "too_large");
    CHECK(told(check_author("\xC0")) == "invalid_argument");
    const auto id = repeated("i", 255);
    const auto long_id = repeated("i", 256);
    CHECK(told(check_context({id, id, id})) == "ok");
    CHECK(told(check_context({"e", "", ""})) == "ok");
    CHECK(told(check_context({"", "s", ""})) == "invalid_argument");
    CHECK(told(check_context({long_id, "", ""})) == "too_large");
    CHECK(told(check_context({"e", long_id, ""})) == "too_large");
    CHECK(told(check_context({"e", "", long_id})) == "too_large");
    CHECK(told(check_context({"e", "\x80", ""})) == "invalid_argument");
    CHECK(told(check_context({"e", "", std::string_view("\0", 1)})) == "invalid_argument");
}
