// SPDX-License-Identifier: BSL-1.0
// What a client and a server do with the process's descriptors.
#include <coffer/http/caller.hpp>

#include "http/test_server.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

using coffer::errc;
using namespace coffer_test;

namespace {

auto served() -> std::shared_ptr<test_handler> {
    return std::make_shared<test_handler>([](const http::request&) {
        http::response out;
        out.body = R"({"data":{}})";
        return std::optional(out);
    });
}
auto calling(const test_server& server) -> std::shared_ptr<http::caller> {
    http::client_options with;
    with.server = "http://" + server.host();
    with.token = coffer::secret(std::string_view("cof_token"));
    return http::caller::open(std::move(with)).value();
}
auto get() -> http::outgoing {
    return {.method = "GET", .target = "/v1/x/whoami", .body = {}};
}
/// The sockets of this process, and whether a program that it starts has them too.
auto sockets() -> std::vector<bool> {
    std::vector<bool> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename());
        struct ::stat what {};
        if (::fstat(fd, &what) == 0 && S_ISSOCK(what.st_mode))
            out.push_back((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
    }
    return out;
}

/// While it lives, no further descriptor is to be had.
class no_descriptors {
public:
    no_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        auto none = before_;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    no_descriptors(const no_descriptors&) = delete;
    auto operator=(const no_descriptors&) -> no_descriptors& = delete;
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    ::rlimit before_{};
};

} // namespace

TEST_CASE("a program that is started inherits no socket of a server's or a client's") {
    const auto before = sockets();
    const test_server server(served());
    const auto client = calling(server);
    REQUIRE(client->call(get()).has_value());
    const auto all = sockets();
    REQUIRE(all.size() >= before.size() + 3); // listening, accepted, connected
    CHECK(std::ranges::count(all, true) == std::ranges::count(before, true));
}

TEST_CASE("where no descriptor is left, a call says so, and the next one is made") {
    const test_server server(served());
    const auto client = calling(server);
    {
        const no_descriptors now;
        const auto got = client->call(get());
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == errc::unavailable);
        CHECK(got.error().cause == std::errc::too_many_files_open);
        CHECK(client->follow("/v1/x/events", "", [](const auto&) { return true; }).error() ==
              errc::unavailable);
    }
    CHECK(client->call(get()).has_value());
}
