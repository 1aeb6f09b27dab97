// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>

#include "support/catch.hpp"

#include <thread>

using namespace coffer;

TEST_CASE("a secret holds a copy, and clones when told to", "[secret]") {
    std::string text = "value";
    const secret s(text);
    text = "other";
    CHECK(s.expose_secret() == "value");
    CHECK(s.size() == 5);
    CHECK_FALSE(s.empty());
    const auto second = s.clone();
    CHECK(second == s);
    CHECK(second.expose_secret().data() != s.expose_secret().data());
    CHECK(secret{}.empty());
    CHECK(secret(std::string_view()).empty());
}

TEST_CASE("a secret is moved, and nothing stays behind", "[secret]") {
    secret from("value");
    secret to(std::move(from));
    CHECK(to.expose_secret() == "value");
    CHECK(from.empty()); // NOLINT: what is left is part of the promise
    CHECK(from.expose_secret().empty());
    from = std::move(to);
    CHECK(from.expose_secret() == "value");
    CHECK(to.empty());
    auto& same = from;
    from = std::move(same);
    CHECK(from.expose_secret() == "value");
}

TEST_CASE("a secret is to be had by C, with a zero behind it", "[secret]") {
    const secret s("value");
    CHECK(std::string(s.expose_c_str()) == "value");
    const secret none;
    CHECK(*none.expose_c_str() == 0);
    const secret empty{std::string_view()};
    CHECK(*empty.expose_c_str() == 0);
}

TEST_CASE("secrets compare by value alone", "[secret]") {
    CHECK(secret("value") == "value");
    CHECK_FALSE(secret("value") == "valuf");
    CHECK_FALSE(secret("value") == std::string_view("values"));
    CHECK(secret("value") == secret("value"));
    CHECK_FALSE(secret("value") == secret("valuf"));
    CHECK_FALSE(secret("value") == secret("Value"));
    CHECK_FALSE(secret("value") == secret("value "));
    CHECK(secret() == secret(std::string_view()));
}

TEST_CASE("a secret shows its part of a buffer, its version and its age", "[secret]") {
    coffer::detail::secure_buffer buffer(16);
    std::memcpy(buffer.span().data(), "....value\0......", 16);
    const secret s(std::move(buffer), 4, 5, 7, {std::chrono::milliseconds(9), true});
    CHECK(s.expose_secret() == "value");
    CHECK(s.version() == 7);
    CHECK(s.fresh().as_of == std::chrono::milliseconds(9));
    const auto copy = s.clone();
    CHECK(copy.expose_secret() == "value");
    CHECK(copy.version() == 7);
    CHECK(copy.fresh().stale);
}

TEST_CASE("a secret may end on another thread than it began on", "[secret]") {
    for (int i = 0; i < 100; ++i) {
        secret s(std::string(static_cast<std::size_t>(1) << (i % 18), 'v'));
        std::thread([held = std::move(s)] { CHECK(held.expose_secret().back() == 'v'); }).join();
    }
}

TEST_CASE("a value on its way in is taken from text, bytes and secrets", "[secret]") {
    const auto text = [](value_ref v) { return std::string(as_text(v.view())); };
    const secret s("secret");
    const bytes raw(3, std::byte{'r'});
    CHECK(text("literal") == "literal");
    CHECK(text(std::string("string")) == "string");
    CHECK(text(std::string_view("a\0b", 3)) == std::string("a\0b", 3));
    CHECK(text(s) == "secret");
    CHECK(text(byte_view(raw)) == "rrr");
}
