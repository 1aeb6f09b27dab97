// SPDX-License-Identifier: BSL-1.0
// Two machines that serve one Redis.
#include "../../backends/coffer/redis/tests/cluster.hpp"
#include "../../backends/coffer/redis/tests/proxy.hpp"
#include "served.hpp"

#include <optional>

#include <sys/stat.h>

using coffer_test::client;
using coffer_test::dev_token;
using coffer_test::sandbox;
using coffer_test::serving;
using redis_test::eventually;

namespace {

/// Another machine with the same keys and the same configuration; its anchor is its own.
void set_up_as(const sandbox& machine, const sandbox& like) {
    const auto text = sandbox::read(like.keyring());
    std::filesystem::create_directories(machine.keyring().parent_path());
    machine.write(machine.keyring(), text);
    ::chmod(machine.keyring().parent_path().c_str(), 0700);
    ::chmod(machine.keyring().c_str(), 0600);
    machine.write(machine.work() / "coffer.json", sandbox::read(like.work() / "coffer.json"));
}
auto token_for(const sandbox& machine) -> std::string {
    auto made = machine.ok({"token", "create", "--full", "--name", "tests"});
    made.pop_back();
    return made;
}
/// Sends a request without a body to a server; answers the whole answer.
auto ask(const std::string& url, const std::string& token, const std::string& line) -> std::string {
    const auto port = url.substr(url.rfind(':') + 1);
    const auto request = line + " HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                         "\r\nAuthorization: Bearer " + token + "\r\nConnection: close\r\n\r\n";
    const coffer::posix::file_descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd.get(), reinterpret_cast<::sockaddr*>(&to), sizeof to) == 0);
    REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<::ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> part{};
    for (::ssize_t got = 0; (got = ::recv(fd.get(), part.data(), part.size(), 0)) > 0;)
        answer.append(part.data(), static_cast<std::size_t>(got));
    return answer;
}
auto revoke(const std::string& url, const std::string& token, const std::string& revoked) -> bool {
    const auto answer = ask(url, token, "DELETE /v1/x/tokens?id=" + revoked.substr(4, 12));
    return answer.substr(0, answer.find("\r\n")).find(" 20") != std::string::npos;
}
auto reads(const client& who, const std::string& name, const std::string& value) -> bool {
    const auto got = who.run({"get", name, "-e", "dev"});
    return got.code == 0 && got.out == value;
}

} // namespace

TEST_CASE(
    "two servers over one Redis see each other's writes and revocations, and one outlives the "
    "other") {
    enum class over : unsigned char { one_server, one_that_tells, cluster };
    const auto redis = GENERATE(over::one_server, over::one_that_tells, over::cluster);
    std::optional<redis_test::server> at;
    std::optional<redis_test::cluster> nodes;
    std::string address;
    if (redis == over::cluster)
        address = nodes.emplace().address();
    else
        address = at.emplace().address();
    if (redis == over::one_that_tells) address += "&watch=1";
    const sandbox one;
    one.ok({"init", "--store", address});
    one.ok({"set", "SLACK_TOKEN"}, dev_token);
    const sandbox two;
    set_up_as(two, one);
    const auto mine = token_for(one);
    const auto first_to_go = token_for(one);
    const auto second_to_go = token_for(two);
    auto first = std::make_unique<serving>(one);
    const serving second(two);
    const client at_first(first->url, mine);
    const client at_second(second.url, mine);
    CHECK(eventually([&] {
        return ask(first->url, "", "GET /metrics")
                   .find(std::string("\ncoffer_store_watching ") +
                         (redis == over::one_that_tells ? "1\n" : "0\n")) != std::string::npos;
    }));

    for (int i = 0; i < 3; ++i) {
        const auto value = "value " + std::to_string(i);
        at_first.ok({"set", "A", "-e", "dev"}, value);
        CHECK(eventually([&] { return reads(at_second, "A", value); }));
        at_second.ok({"set", "B", "-e", "dev"}, value);
        CHECK(eventually([&] { return reads(at_first, "B", value); }));
    }
    at_first.ok({"space", "create", "acme", "-e", "dev"});
    CHECK(eventually([&] { return at_second.run({"list", "-e", "dev", "-s", "acme"}).code == 0; }));

    // A token that was good at both is refused at both, wherever it was revoked.
    for (const auto& [gone, by, other] : {std::tuple(first_to_go, first->url, second.url),
                                          std::tuple(second_to_go, second.url, first->url)}) {
        const client there(other, gone);
        REQUIRE(reads(there, "SLACK_TOKEN", std::string(dev_token)));
        CHECK(revoke(by, mine, gone));
        CHECK_FALSE(reads(client(by, gone), "SLACK_TOKEN", std::string(dev_token)));
        CHECK(eventually([&] { return there.run({"get", "SLACK_TOKEN", "-e", "dev"}).code == 5; }));
    }

    first->kill();
    at_second.ok({"set", "A", "-e", "dev"}, "alone");
    CHECK(reads(at_second, "A", "alone"));
    first.reset();
    first = std::make_unique<serving>(one);
    CHECK(reads(client(first->url, mine), "A", "alone"));
    CHECK(one.ok({"verify"}).find("all is whole") != std::string::npos);
}

TEST_CASE("the audit log of a server over Redis is verified with the key that lies there") {
    const redis_test::server at;
    const sandbox box;
    box.ok({"init", "--store", at.address()});
    box.ok({"set", "SLACK_TOKEN"}, dev_token);
    {
        const auto token = token_for(box);
        const serving over(box, "--audit audit");
        CHECK(reads(client(over.url, token), "SLACK_TOKEN", std::string(dev_token)));
    }
    CHECK(box.ok({"audit", "tail", "audit"}).find("SLACK_TOKEN") != std::string::npos);
    CHECK(box.ok({"audit", "verify", "audit"}).find("all as they were written") !=
          std::string::npos);
    const auto first = box.work() / "audit/audit-1.jsonl";
    auto text = sandbox::read(first);
    text[text.find("SLACK_TOKEN")] = 'F';
    box.write(first, text);
    CHECK(box.run({"audit", "verify", "audit"}).code == 7);
}
