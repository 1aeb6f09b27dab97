// SPDX-License-Identifier: BSL-1.0
#include <coffer/redis/cause.hpp>
#include <coffer/redis/options.hpp>
#include <coffer/result.hpp>

#include <support/catch.hpp>

using namespace coffer;
using redis::deployment;
using redis::endpoint;

namespace {

auto read(std::string_view address) -> redis::options {
    INFO(std::string(address));
    return redis::read_address(address).value();
}

} // namespace

TEST_CASE("an address of Redis says where, how and with which options") {
    auto one = read("redis://localhost");
    CHECK(one.kind == deployment::single);
    CHECK(one.endpoints == std::vector<endpoint>{{"localhost", 6379, {}}});
    CHECK_FALSE(one.tls.use);

    one =
        read("rediss://us%40er@10.0.0.1:7000,[::1]:7001/3?ca=%2Fca.pem&name=redis.example&replicas="
             "2&wait_ms=50&watch=1&timeout_ms=70&connect_timeout_ms=80&prefix=a:&eviction=trusted"
             "&password_file=/p&cert=/c&key=/k");
    CHECK(one.tls.use);
    CHECK(one.user == "us@er");
    CHECK(one.endpoints == std::vector<endpoint>{{"10.0.0.1", 7000, {}}, {"::1", 7001, {}}});
    CHECK(one.database == 3);
    CHECK(one.tls.ca_file == "/ca.pem");
    CHECK(one.tls.name == "redis.example");
    CHECK(one.tls.certificate_file == "/c");
    CHECK(one.tls.key_file == "/k");
    CHECK(one.keep.replicas == 2);
    CHECK(one.keep.patience.count() == 50);
    CHECK(one.watch);
    CHECK(one.response_timeout.count() == 70);
    CHECK(one.connect_timeout.count() == 80);
    CHECK(one.prefix == "a:");
    CHECK(one.eviction_trusted);
    CHECK(one.password_file == "/p");

    CHECK(read("redis+cluster://a,b:1").kind == deployment::cluster);
    CHECK(read("rediss+cluster://a").tls.use);
    one = read("redis+sentinel://a,b:1/main?password_fd=3");
    CHECK(one.kind == deployment::sentinel);
    CHECK(one.service == "main");
    CHECK(one.endpoints == std::vector<endpoint>{{"a", 26379, {}}, {"b", 1, {}}});
    CHECK(one.password_fd == 3);
    CHECK(read("redis+unix:/run/redis.sock?database=2").endpoints ==
          std::vector<endpoint>{{{}, 0, "/run/redis.sock"}});
    CHECK(read("redis+unix:///run/redis.sock").endpoints[0].path == "/run/redis.sock");
}

TEST_CASE("an address that is not well formed is invalid_argument") {
    for (const auto* const address : {"",
                                      "redis",
                                      "redis:",
                                      "redis:host",
                                      "redis:///",
                                      "redis://",
                                      "http://host",
                                      "redis+rings://host",
                                      "rediss+unix:/a",
                                      "redis+unix:",
                                      "redis+unix:a",
                                      "redis://host:",
                                      "redis://host:0",
                                      "redis://host:65536",
                                      "redis://host:1x",
                                      "redis://a,,b",
                                      "redis://[::1",
                                      "redis://host/x",
                                      "redis://host?watch=yes",
                                      "redis://host?unknown=1",
                                      "redis://host?watch",
                                      "redis://host?replicas=-1",
                                      "redis://host?prefix=%2",
                                      "redis://host?prefix=%zz",
                                      "redis://host?prefix=%00",
                                      "redis://host?eviction=maybe",
                                      "rediss://host?ca=",
                                      "rediss://host?name=",
                                      "redis+sentinel://host"}) {
        INFO(address);
        const auto got = redis::read_address(address);
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == failure{errc::invalid_argument, redis::cause::bad_address});
    }
}

TEST_CASE("an address with a password is refused, since addresses end in argv and in logs") {
    for (const auto* const address :
         {"redis://user:password@host", "redis://:password@host", "redis://:pass/word@host",
          "redis://user:pass/word@host/1", "redis://host?password=x"}) {
        INFO(address);
        CHECK(redis::read_address(address).error() ==
              failure{errc::invalid_argument, redis::cause::password_in_address});
    }
}

TEST_CASE("what is for TLS is refused without it, and so is half of a certificate and its key") {
    for (const auto* const address :
         {"redis://host?ca=/ca", "redis://host?cert=/c&key=/k", "redis://host?name=n",
          "redis+cluster://host?ca=/ca", "redis+sentinel://host/main?ca=/ca",
          "redis+unix:/s?name=n", "rediss://host?cert=/c", "rediss://host?key=/k"}) {
        INFO(address);
        CHECK(redis::read_address(address).error() ==
              failure{errc::invalid_argument, redis::cause::bad_tls_options});
    }
}
