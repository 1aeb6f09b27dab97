// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/request_reader.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace http = coffer::http;
using step = http::detail::request_reader::step;

namespace {

/// What a reader reads for; nobody is asked anything here.
struct read_for {
    explicit read_for(http::limits l = {})
        : service(l, nullptr, std::make_shared<http::metrics>()),
          reader(service, "10.0.0.1", true) {
        service.hosts.add("a");
    }
    /// What is to be done once that has come too, which is less than a piece.
    auto after(std::string_view more) -> step {
        const auto room = reader.room();
        REQUIRE(more.size() <= room.size());
        std::ranges::copy(coffer::as_bytes(more), room.begin());
        reader.took(more.size());
        return reader.next();
    }
    http::detail::service service;
    http::detail::request_reader reader;
};

const std::string get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

} // namespace

TEST_CASE("a reader says when a request is whole, and whose it is") {
    read_for of;
    CHECK(of.after("POST /v1/secrets HTTP/1.1\r\nHost: a\r\n") == step::read);
    CHECK_FALSE(of.reader.has_head());
    CHECK(of.after("Content-Length: 4\r\n\r\nbo") == step::read);
    CHECK(of.reader.has_head());
    CHECK(of.after("dy" + get) == step::answer);
    const auto& in = of.reader.current();
    CHECK(in.method == "POST");
    CHECK(in.target == "/v1/secrets");
    CHECK(in.header_of("content-length") == "4");
    CHECK(in.body == "body");
    CHECK(in.peer == "10.0.0.1");
    CHECK(in.secure);
    CHECK(of.reader.route() == http::route_class::secrets);
    CHECK(of.reader.keeps());

    of.reader.forget();
    CHECK_FALSE(of.reader.is_empty()); // the next request had come with it
    CHECK(of.reader.next() == step::answer);
    CHECK(of.reader.current().target == "/x");
    CHECK(of.reader.current().body.empty());
    of.reader.forget();
    CHECK(of.reader.is_empty());
    CHECK(of.reader.next() == step::read);
}

TEST_CASE("a refusal that is told at the end of its body keeps the connection, any other not") {
    read_for of;
    CHECK(of.after("POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nbo") == step::read);
    CHECK(of.after("dy") == step::refuse);
    CHECK(of.reader.why().status == 421);
    CHECK(of.reader.keeps());
    CHECK(of.reader.current().body.empty());
    of.reader.forget();
    CHECK(of.after(get) == step::answer);
    of.reader.forget();
    CHECK(of.after("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == step::refuse);
    CHECK(of.reader.why().status == 400);
    CHECK_FALSE(of.reader.keeps());
}

TEST_CASE("a request may say that it is the last") {
    read_for of;
    CHECK(of.after("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == step::answer);
    CHECK_FALSE(of.reader.keeps());
    of.reader.forget();
    CHECK(of.after("GET / HTTP/1.0\r\nHost: a\r\n\r\n") == step::answer);
    CHECK_FALSE(of.reader.keeps());
}

TEST_CASE("who waits for 100 is told once, unless the body is there") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                             "Content-Length: 4\r\n\r\n";
    read_for of;
    CHECK(of.after(head) == step::say_continue);
    CHECK(of.after("bo") == step::read);
    CHECK(of.after("dy") == step::answer);
    of.reader.forget();
    CHECK(of.after(head + "body") == step::answer);
}

TEST_CASE("the sender of a long body is asked for once, and a stranger's body is let go of") {
    http::limits small;
    small.unknown_body = small.dropped_body = 8;
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n";
    for (const bool known : {true, false}) {
        CAPTURE(known);
        read_for of(small);
        CHECK(of.after(head + "12345678") == step::read);
        CHECK(of.after("9") == step::ask_sender);
        if (known) {
            CHECK(of.reader.go_on() == step::read);
            CHECK(of.after("0") == step::read);
            CHECK(of.after("12") == step::answer);
            CHECK(of.reader.current().body == "123456789012");
        } else {
            CHECK(of.service.bodies != 0);
            CHECK(of.reader.give_up() == step::answer);
            CHECK(of.reader.current().body.empty());
            CHECK(of.service.bodies == 0);
        }
        CHECK(of.reader.keeps() == known);
    }
}

TEST_CASE("a chunked body is read in whatever pieces it comes") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string body :
         {"0\r\n\r\n", "0;x=y\r\n\r\n", "0\r\nX: y\r\n\r\n", "1\r\na\r\n0\r\n\r\n"})
        for (std::size_t first = 0; first < body.size(); ++first)
            for (std::size_t second = first; second < body.size(); ++second) {
                CAPTURE(body, first, second);
                read_for of;
                auto so_far = of.after(head + body.substr(0, first));
                REQUIRE(so_far == step::read);
                for (auto at = first; at < second; ++at) // byte by byte
                    REQUIRE(of.after(body.substr(at, 1)) == step::read);
                REQUIRE(of.after(body.substr(second) + std::string(get)) == step::answer);
                CHECK(of.reader.current().body == (body[0] == '1' ? "a" : ""));
                CHECK(of.reader.keeps());
                of.reader.forget();
                CHECK(of.reader.next() == step::answer); // the one behind it
                CHECK(of.reader.current().method == "GET");
            }
}

TEST_CASE("a stranger's body that is not long is read to its end, and not held") {
    http::limits small;
    small.unknown_body = 8;
    small.dropped_body = 12;
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
    read_for of(small);
    CHECK(of.after(post + "Content-Length: 12\r\n\r\n123456789") == step::ask_sender);
    CHECK(of.reader.give_up() == step::read);
    CHECK(of.service.bodies == 0);
    CHECK(of.after("0") == step::read);
    CHECK(of.after("12" + std::string(get)) == step::answer);
    CHECK(of.reader.current().method == "POST");
    CHECK(of.reader.current().body.empty());
    CHECK(of.service.bodies == 0);
    CHECK(of.reader.keeps());
    of.reader.forget();
    CHECK(of.reader.next() == step::answer); // the one behind it
    CHECK(of.reader.current().method == "GET");

    read_for longer(small);
    CHECK(longer.after(post + "Content-Length: 13\r\n\r\n123456789") == step::ask_sender);
    CHECK(longer.reader.give_up() == step::answer);
    CHECK_FALSE(longer.reader.keeps());
    const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n";
    read_for chunks(small);
    CHECK(chunks.after(chunked) == step::ask_sender);
    CHECK(chunks.reader.give_up() == step::read);
    CHECK(chunks.after("1\r\na\r\n0\r\n\r\n" + std::string(get)) == step::answer);
    CHECK(chunks.reader.current().method == "POST");
    CHECK(chunks.reader.current().body.empty());
    CHECK(chunks.service.bodies == 0);
    CHECK(chunks.reader.keeps());
    chunks.reader.forget();
    CHECK(chunks.reader.next() == step::answer);

    read_for too_many(small);
    CHECK(too_many.after(chunked) == step::ask_sender);
    CHECK(too_many.reader.give_up() == step::read);
    for (int i = 0; i < 2; ++i)
        CHECK(too_many.after("1\r\na\r\n") == step::read);
    CHECK(too_many.after("1\r\na\r\n") == step::answer);
    CHECK_FALSE(too_many.reader.keeps());
}

TEST_CASE("HEAD is read as GET, and it is said") {
    read_for of;
    CHECK(of.after("HEAD /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n") ==
          step::answer);
    CHECK(of.reader.current().method == "GET");
    CHECK(of.reader.wants_head_only());
    CHECK(of.reader.is_http_1_0());
    CHECK(of.reader.keeps());
    of.reader.forget();
    CHECK(of.after(get) == step::answer);
    CHECK_FALSE(of.reader.wants_head_only());
    CHECK_FALSE(of.reader.is_http_1_0());
}
