// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_TLS_SERVER_HPP
#define COFFER_REDIS_TESTS_TLS_SERVER_HPP

#include "certificates.hpp"
#include "redis_server.hpp"

#include <memory>

namespace redis_test {

/// A server with TLS alone; its certificate is for localhost and 127.0.0.1 unless told otherwise.
struct tls_server {
    coffer_test::temporary_folder folder{};
    identity authority = make_identity("authority", "", nullptr);
    std::uint16_t port = free_port();
    std::unique_ptr<server> running{};

    explicit tls_server(const std::string& names = "DNS:localhost,IP:127.0.0.1", long days = 30,
                        const std::string& protocols = "TLSv1.2 TLSv1.3") {
        authority.write(folder / "ca.pem", folder / "ca.key");
        make_identity("server", names, &authority, days).write(folder / "s.pem", folder / "s.key");
        make_identity("client", "", &authority).write(folder / "c.pem", folder / "c.key");
        running = std::make_unique<server>(
            std::vector<std::string>{"--tls-port", std::to_string(port), "--tls-cert-file",
                                     (folder / "s.pem").string(), "--tls-key-file",
                                     (folder / "s.key").string(), "--tls-ca-cert-file",
                                     (folder / "ca.pem").string(), "--tls-protocols", protocols},
            false);
    }
    auto options() const -> coffer::redis::options {
        coffer::redis::options out;
        out.endpoints = {{"127.0.0.1", port, {}}};
        out.tls = {true, folder / "ca.pem", folder / "c.pem", folder / "c.key", {}};
        return out;
    }
};

} // namespace redis_test

#endif
