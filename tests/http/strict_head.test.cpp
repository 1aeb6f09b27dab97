// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/strict_head.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using coffer::http::check_head;
using coffer::http::find_head_end;
using coffer::http::head_fault;

namespace {

auto fault_of(const std::string& head) -> head_fault {
    return check_head(head).fault;
}
auto with_line(const std::string& line) -> std::string {
    return "POST /v1/secrets HTTP/1.1\r\nHost: a:1\r\n" + line + "\r\n\r\n";
}
auto with_target(const std::string& target) -> std::string {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

struct refused {
    std::string name;
    std::string head;
    head_fault fault;
};

} // namespace

TEST_CASE("a head says what the connection needs of it") {
    const auto facts = check_head("POST /v1/secrets?a=%2F HTTP/1.1\r\nhOST:\t a:1 \r\n"
                                  "EXPECT: 100-Continue\r\nTransfer-encoding: Chunked\r\n\r\n");
    CHECK(facts.fault == head_fault::none);
    CHECK(facts.method == "POST");
    CHECK(facts.target == "/v1/secrets?a=%2F");
    CHECK(facts.host == "a:1");
    CHECK(facts.chunked);
    CHECK(facts.expects_continue);
    CHECK_FALSE(facts.http_1_0);
}

TEST_CASE("heads that mean one thing are let through") {
    const auto head = GENERATE(
        as<std::string>(), with_line("Content-Length: 0"), with_line("Content-Length:3"),
        with_line("X-Empty:"), with_line("X: \t blanks \t "), with_line("X-Latin: \xe9\xff"),
        with_line("Keep-Alive: timeout=200"), with_line("Connection: keep-alive, x"),
        with_line("Authorization: Bearer \xc3\xbc"), with_target("/"), with_target("/?"),
        with_target("/v1/secrets/a%2Fb%00"), with_target("/..."), with_target("/.a/..b/c."),
        with_target("/x?y=/../z"), with_target("/v1/../x"), with_target("/.%2E"), with_target("//"),
        with_target("/{x}|\"^`\\"), "GET / HTTP/1.0\r\nHost: a:65535\r\n\r\n",
        "M-SEARCH / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
    CAPTURE(head);
    CHECK(fault_of(head) == head_fault::none);
}

TEST_CASE("heads that could mean another thing to somebody else are refused") {
    using enum head_fault;
    const auto c = GENERATE(values<refused>(
        {{"no version", "GET /\r\n\r\n", request_line},
         {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", request_line},
         {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", target},
         {"a blank in the target", with_target("/a b"), target},
         {"a blank first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", request_line},
         {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", request_line},
         {"another protocol", "GET / ICAP/1.0\r\nHost: a\r\n\r\n", request_line},
         {"HTTP/1.9", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", version},
         {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n", version},
         {"lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", request_line},
         {"absolute", with_target("http://evil/"), target},
         {"authority", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", target},
         {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", target},
         {"a fragment in a request that can't be read", "GET /a#b HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
          field},
         {"a fragment", with_target("/a#b"), target},
         {"8 bits", with_target("/\xc3\xa4"), target},
         {"a control", with_target(std::string("/a\0b", 4)), target},
         {"a bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", request_line},
         {"a bare LF in a header", with_line("X: a\nY: b"), field},
         {"an LF before the CR", with_line("X: a\n"), field},
         {"no end", "GET / HTTP/1.1\r", line_end},
         {"a bare CR", with_line("X: a\rY: b"), line_end},
         {"no Host", "GET / HTTP/1.1\r\n\r\n", host},
         {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", host},
         {"a port that is a word", "GET / HTTP/1.1\r\nHost: a:evil\r\n\r\n", host},
         {"a port beyond all", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", host},
         {"port 0", "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n", host},
         {"an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", host},
         {"two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", host},
         {"a word behind an address", "GET / HTTP/1.1\r\nHost: [::1]:evil\r\n\r\n", host},
         {"two Hosts", with_line("Host: b"), host},
         {"two equal Hosts", with_line("Host: a:1"), host},
         {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", host},
         {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", host},
         {"a list as Host", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", host},
         {"a user in the Host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", host},
         {"an 8-bit Host", "GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n", host},
         {"a blank before the colon", with_line("X : a"), field},
         {"no colon", with_line("X"), field},
         {"no name", with_line(": a"), field},
         {"8 bits in a name", with_line("X\xe9: a"), field},
         {"NUL in a value", with_line(std::string("X: a\0b", 6)), field},
         {"DEL in a value", with_line("X: a\x7f"), field},
         {"8 bits in Connection", with_line("Connection: \xe9"), field},
         {"8 bits in Expect", with_line("Expect: \xe9"), field},
         {"two Authorizations", with_line("Authorization: a\r\nauthorization: b"), field},
         {"a folded line", with_line("X: a\r\n b"), folded},
         {"a folded line with a tab", with_line("X: a\r\n\tb"), folded},
         {"a signed length", with_line("Content-Length: +3"), length},
         {"a negative length", with_line("Content-Length: -5"), length},
         {"no number", with_line("Content-Length: 12abc"), length},
         {"hexadecimal", with_line("Content-Length: 0x3"), length},
         {"an empty length", with_line("Content-Length:"), length},
         {"a list of equal lengths", with_line("Content-Length: 3, 3"), length},
         {"two lengths", with_line("Content-Length: 3\r\nContent-Length: 4"), length},
         {"two equal lengths", with_line("Content-Length: 3\r\ncontent-length: 3"), length},
         {"a length beyond all", with_line("Content-Length: 99999999999999999999"), too_long},
         {"another coding", with_line("Transfer-Encoding: xchunked"), coding},
         {"identity", with_line("Transfer-Encoding: identity\r\nContent-Length: 3"), coding},
         {"gzip, chunked", with_line("Transfer-Encoding: gzip, chunked"), coding},
         {"an empty coding", with_line("Transfer-Encoding:"), coding},
         {"chunked twice", with_line("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
          coding},
         {"chunked and a length", with_line("Transfer-Encoding: chunked\r\nContent-Length: 3"),
          coding},
         {"a length and chunked", with_line("Content-Length: 3\r\nTransfer-Encoding: chunked"),
          coding},
         {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
          coding},
         {"more after the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\nx", line_end}}));
    CAPTURE(c.name);
    CHECK(fault_of(c.head) == c.fault);
    const auto status = status_of(c.fault);
    CHECK((status == 400 || status == 413));
    CHECK_FALSE(message_of(c.fault).empty());
}

TEST_CASE("the end of a head is found in pieces of every size") {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto piece = GENERATE(range(std::size_t{1}, std::size_t{29}));
    std::size_t scanned = 0;
    for (std::size_t n = piece; n < head.size(); n += piece) {
        const auto progress =
            find_head_end(std::string_view(head).substr(0, n), scanned, std::size_t{1} << 14);
        REQUIRE(progress.size == 0);
        REQUIRE(progress.fault == head_fault::none);
    }
    CHECK(find_head_end(head + "next", scanned, std::size_t{1} << 14).size == head.size());
}

TEST_CASE("what can't become a head is refused before its end") {
    const auto early = [](std::string_view data) {
        std::size_t scanned = 0;
        return find_head_end(data, scanned, 64).fault;
    };
    CHECK(early("GET / HTTP/1.1\n") == head_fault::line_end);
    CHECK(early("\n") == head_fault::line_end);
    CHECK(early("\x16\x03\x01\x02") == head_fault::request_line);
    CHECK(early("GET\r\n") == head_fault::request_line);
    CHECK(early("GET /\r\n") == head_fault::request_line);
    CHECK(early("HELO x\r\n") == head_fault::request_line);
    CHECK(early("GET /x SMTP/1.0\r\n") == head_fault::request_line);
    CHECK(early("GET / HTTP/1.2\r\nHost: a") == head_fault::version);
    CHECK(early("GET /a#b HTTP/1.1\r\nHost: a") == head_fault::none); // told at its end
    CHECK(early(std::string(33, 'A')) == head_fault::request_line);
    CHECK(early("GET /" + std::string(60, 'a')) == head_fault::target_size);
    CHECK(early("GET / HTTP/1.1\r\nX: " + std::string(60, 'a')) == head_fault::size);
    CHECK(early("GET / HTTP/1.1\r\nX: " + std::string(60, 'a') + "\r\n\r\n") == head_fault::size);
    CHECK(early("GET / HTTP/1.1\r\nX: a") == head_fault::none);
}
