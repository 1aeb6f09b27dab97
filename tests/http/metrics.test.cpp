// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/metrics.hpp>

#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include "support/catch.hpp"

#include <string>

using coffer::http::metrics;
using coffer::http::route_class;
using coffer::http::route_class_of;
using namespace std::chrono_literals;

namespace {
auto has_line(const std::string& text, const std::string& line) -> bool {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}
} // namespace

TEST_CASE("a target is counted under one of a few classes, whatever a client puts into it") {
    CHECK(route_class_of("/v1/secrets?environmentId=us_env_1") == route_class::secrets);
    CHECK(route_class_of("/v1/secrets/us_sec_1") == route_class::secrets);
    CHECK(route_class_of("/api/v1/spaces") == route_class::spaces);
    CHECK(route_class_of("/v1/environments/a/b") == route_class::environments);
    CHECK(route_class_of("/v1/x/whoami") == route_class::extension);
    CHECK(route_class_of("/v1/events") == route_class::events);
    CHECK(route_class_of("/livez") == route_class::probe);
    CHECK(route_class_of("/metrics?x") == route_class::probe);
    CHECK(route_class_of("/v1/secretsx") == route_class::other);
    CHECK(route_class_of("/v1/") == route_class::other);
    CHECK(route_class_of("/") == route_class::other);
}

TEST_CASE("requests are counted by class and status, and their time in cumulative buckets") {
    metrics m;
    m.answered(route_class::secrets, 200, 300us);
    m.answered(route_class::secrets, 204, 3ms);
    m.answered(route_class::secrets, 404, 20s);
    m.answered(route_class::probe, 503, 1ms);
    const auto text = m.text();
    CHECK(has_line(text, R"(coffer_http_requests_total{route="secrets",status="2xx"} 2)"));
    CHECK(has_line(text, R"(coffer_http_requests_total{route="secrets",status="4xx"} 1)"));
    CHECK(has_line(text, R"(coffer_http_requests_total{route="probe",status="5xx"} 1)"));
    const std::string bucket = "coffer_http_request_duration_seconds_bucket{route=\"secrets\",le=";
    CHECK(has_line(text, bucket + R"("0.0001"} 0)"));
    CHECK(has_line(text, bucket + R"("0.0005"} 1)"));
    CHECK(has_line(text, bucket + R"("0.01"} 2)"));
    CHECK(has_line(text, bucket + R"("10"} 2)"));
    CHECK(has_line(text, bucket + R"("+Inf"} 3)"));
    CHECK(has_line(text, R"(coffer_http_request_duration_seconds_count{route="secrets"} 3)"));
    CHECK(has_line(text, R"(coffer_http_request_duration_seconds_sum{route="secrets"} 20.0033)"));
}

TEST_CASE("values of others are asked for when the text is made, until they are taken out") {
    metrics m;
    double age = 1.5;
    m.add_gauge("coffer_stale_seconds", "Age of the oldest snapshot.", [&age] { return age; });
    CHECK(has_line(m.text(), "# TYPE coffer_stale_seconds gauge"));
    CHECK(has_line(m.text(), "coffer_stale_seconds 1.5"));
    age = 0;
    CHECK(has_line(m.text(), "coffer_stale_seconds 0"));
    m.remove_gauge("coffer_stale_seconds");
    CHECK(m.text().find("stale") == std::string::npos);
}

TEST_CASE("a server counts what it answers, what it refuses and who is connected") {
    using namespace coffer_test;
    const test_server server(std::make_shared<test_handler>());
    {
        raw_client client(server);
        client.ask(get(server, "/v1/secrets?spaceId=hunter2"));
        CHECK(has_line(server.counters().text(), "coffer_http_connections 1"));
        raw_client(server).ask("nonsense\r\n\r\n");
    }
    while (server.counters().connections() != 0) {
    }
    const auto text = server.counters().text();
    CHECK(has_line(text, R"(coffer_http_requests_total{route="secrets",status="2xx"} 1)"));
    CHECK(has_line(text, "coffer_http_refused_total 1"));
    CHECK(has_line(text, "coffer_http_connections_total 2"));
    CHECK(has_line(text, "coffer_http_worker_queue 0"));
    CHECK(text.find("hunter2") == std::string::npos);
}
