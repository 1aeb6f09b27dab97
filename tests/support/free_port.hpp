// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_FREE_PORT_HPP
#define COFFER_TESTS_SUPPORT_FREE_PORT_HPP

#include <coffer/posix/file_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace coffer_test {

/// A port of the loopback that nobody listens on, for a server that can't be told to choose one
/// itself. It is none of those that Linux gives to connections (from 32768 on, unless set
/// otherwise), which could take it before the server does, or while the server is restarted; and
/// none that a test of ours was given and has not ended since.
inline auto free_port() -> std::uint16_t {
    static std::minstd_rand random{std::random_device{}()};
    static std::vector<coffer::posix::file_descriptor> claims; // names that go with the process
    for (int tries = 0; tries < 1000; ++tries) {
        const auto port = std::uniform_int_distribution<std::uint16_t>(20'000, 32'000)(random);
        const coffer::posix::file_descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        if (::bind(fd.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address) != 0)
            continue;
        coffer::posix::file_descriptor claim(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto text = "coffer-test-port-" + std::to_string(port);
        ::sockaddr_un name{}; // the first byte of the path 0: of no file system
        name.sun_family = AF_UNIX;
        text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
        const auto size =
            static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + 1 + text.size());
        if (::bind(claim.get(), reinterpret_cast<::sockaddr*>(&name), size) != 0) continue;
        claims.push_back(std::move(claim));
        return port;
    }
    throw std::runtime_error("no free port");
}

} // namespace coffer_test

#endif
