// SPDX-License-Identifier: BSL-1.0
// Answers that go on: server-sent events.
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <thread>

using namespace coffer_test;
using namespace std::chrono_literals;

namespace {

/// Hands its sink to the test, and says when the connection let go of it.
struct events : http::stream {
    void start(sink send) override {
        to_client = std::move(send);
        started.set();
    }
    void drained() override { drained_once.set(); }
    sink to_client{};
    event started{};
    event drained_once{};
};
struct held : http::stream {
    explicit held(std::shared_ptr<events> of, std::shared_ptr<event> end)
        : inner(std::move(of)), ended(std::move(end)) {}
    ~held() override { ended->set(); }
    void start(sink send) override { inner->start(std::move(send)); }
    void drained() override { inner->drained(); }
    std::shared_ptr<events> inner;
    std::shared_ptr<event> ended;
};

struct fixture {
    explicit fixture(http::limits limits = patient_limits()) {
        server_settings settings;
        settings.limits = limits;
        settings.limits.linger_time = 50ms;
        server = std::make_unique<test_server>(
            std::make_shared<test_handler>([this](const http::request& in) {
                auto out = test_handler::text("");
                if (in.target != "/events") return std::optional(out);
                out.content_type = "text/event-stream";
                out.body = ": hello\n\n";
                out.follow = std::make_shared<held>(source, ended);
                return std::optional(out);
            }),
            settings);
    }
    auto begin() -> raw_client {
        raw_client client(*server);
        client.send(get(*server, "/events"));
        const auto head = client.receive(true);
        REQUIRE(head.header("content-type") == "text/event-stream");
        REQUIRE(head.header("transfer-encoding") == "chunked");
        // What waits is sent together: a comment may follow in the same chunk.
        REQUIRE(client.receive_chunk().starts_with(": hello\n\n"));
        REQUIRE(source->started.wait());
        return client;
    }
    std::shared_ptr<events> source = std::make_shared<events>();
    std::shared_ptr<event> ended = std::make_shared<event>();
    std::unique_ptr<test_server> server{};
};

} // namespace

TEST_CASE("events reach the client as they are sent, from any thread") {
    fixture f;
    auto client = f.begin();
    CHECK(f.source->to_client("data: 1\n\n"));
    CHECK(client.receive_chunk() == "data: 1\n\n");
    std::thread other([&] { CHECK(f.source->to_client("data: 2\n\n")); });
    other.join();
    CHECK(client.receive_chunk() == "data: 2\n\n");
}

TEST_CASE("a stream that is silent sends comments, so that nobody takes it for dead") {
    auto limits = patient_limits();
    limits.heartbeat = 20ms;
    fixture f(limits);
    auto client = f.begin();
    CHECK(client.receive_chunk().starts_with(":\n\n"));
    CHECK(client.receive_chunk().starts_with(":\n\n"));
    CHECK(f.source->to_client("data: 1\n\n"));
    std::string all;
    for (std::string chunk; all.find("data: 1\n\n") == all.npos; all += chunk)
        if ((chunk = client.receive_chunk()).empty()) break;
    for (auto at = all.find(":\n\n"); at != all.npos; at = all.find(":\n\n"))
        all.erase(at, 3);
    CHECK(all == "data: 1\n\n");
}

TEST_CASE("a stream ends with its client, and the sink says so") {
    fixture f;
    { const auto client = f.begin(); }
    CHECK(f.ended->wait());
    CHECK_FALSE(f.source->to_client("data: 1\n\n"));
}

TEST_CASE("a client that falls too far behind is given up") {
    auto limits = patient_limits();
    limits.follow_queue = 100'000;
    fixture f(limits);
    const auto client = f.begin();
    const std::string piece(10'000, 'a');
    std::size_t sent = 0;
    while (f.source->to_client(piece) && sent < (std::size_t{1} << 30))
        sent += piece.size();
    CHECK(sent < (std::size_t{1} << 30));
}

TEST_CASE("one piece that is larger than the queue is sent all the same") {
    auto limits = patient_limits();
    limits.follow_queue = 1'000;
    fixture f(limits);
    auto client = f.begin();
    REQUIRE(f.source->drained_once.wait()); // nothing waits any more
    const std::string piece(300'000, 'a');
    CHECK(f.source->to_client(piece));
    CHECK(client.receive_chunk() == piece);
}

TEST_CASE("a stream to an HTTP/1.0 client goes out without chunks") {
    fixture f;
    raw_client client(*f.server);
    client.send("GET /events HTTP/1.0\r\nHost: localhost:" + std::to_string(f.server->port()) +
                "\r\n\r\n");
    CHECK(client.receive(true).header("transfer-encoding").empty());
    REQUIRE(f.source->started.wait());
    CHECK(f.source->to_client("data: 1\n\n"));
    f.server->stop();
    CHECK(client.rest() == ": hello\n\ndata: 1\n\n"); // what was taken is sent, stop or not
}

TEST_CASE("HEAD of a stream is only its head") {
    fixture f;
    raw_client client(*f.server);
    client.send(text_of(*f.server, "HEAD", "/events"));
    CHECK(client.receive(true).header("content-type") == "text/event-stream");
    CHECK(f.ended->wait());
    CHECK(client.ask(get(*f.server, "/other")).status == 200);
}

TEST_CASE("stop ends streams in good order") {
    fixture f;
    auto client = f.begin();
    CHECK(f.source->to_client("data: 1\n\n"));
    f.server->stop();
    CHECK(client.receive_chunk() == "data: 1\n\n");
    CHECK(client.rest() == "0\r\n\r\n");
    CHECK(f.ended->wait());
    f.server->wait();
    f.server.reset();
    CHECK_FALSE(f.source->to_client("data: 1\n\n")); // the sink outlives the server
}
