// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/server_address.hpp>

#include "support/catch.hpp"

using coffer::errc;
using coffer::http::server_address;

TEST_CASE("A server's address has one text, however it was written") {
    const auto text = [](std::string_view url) {
        return server_address::parse(url).value().text();
    };
    CHECK(text("https://Coffer.Example/") == "https://coffer.example");
    CHECK(text("https://coffer.example:443") == "https://coffer.example");
    CHECK(text("https://coffer.example:8443/base//") == "https://coffer.example:8443/base");
    CHECK(text("http://127.0.0.1:8080") == "http://127.0.0.1:8080");
    CHECK(text("http://localhost:80/") == "http://localhost");
    CHECK(text("http://[::1]:81") == "http://[::1]:81");
}

TEST_CASE("Plain HTTP leads to this machine alone") {
    for (const auto* url : {"http://coffer.example", "http://10.0.0.1", "http://127.0.0.1.example",
                            "http://127.1", "http://[::2]", "http://localhost.example"})
        CHECK(server_address::parse(url).error() == errc::denied);
    for (const auto* url : {"http://127.0.0.1", "http://127.8.9.1:1", "http://[::1]"})
        CHECK(server_address::parse(url).has_value());
}

TEST_CASE("What is no address of a server is refused") {
    for (const auto* url : {"",
                            "coffer.example",
                            "ftp://coffer.example",
                            "https://",
                            "https://:443",
                            "HTTPS://a",
                            "https://user@coffer.example",
                            "https://u:p@coffer.example",
                            "https://a:0",
                            "https://a:",
                            "https://a:65536",
                            "https://a:99999",
                            "https://a:+1",
                            "https://[::1",
                            "https://[::1]x",
                            "https://a b",
                            "https://a/b?c",
                            "https://a/b#c",
                            "https://a/b c",
                            "https://a\r\nx: y",
                            "https://a/\r\n",
                            "https://[fe80::1%eth0]"}) {
        INFO(url);
        REQUIRE_FALSE(server_address::parse(url).has_value());
        CHECK(server_address::parse(url).error() == errc::invalid_argument);
    }
}
