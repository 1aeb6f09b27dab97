// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_TLS_SERVER_HPP
#define COFFER_REDIS_TESTS_TLS_SERVER_HPP

#include "certificates.hpp"
#include "redis_server.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace redis_test {

/// A certificate authority, and what servers and a client have of it, in files. The server's
/// certificate is for localhost and 127.0.0.1 unless told otherwise.
struct tls_files {
    coffer_test::temporary_folder folder{};
    identity authority = make_identity("authority", "", nullptr);

    explicit tls_files(const std::string& names = "DNS:localhost,IP:127.0.0.1", long days = 30) {
        authority.write(folder / "ca.pem", folder / "ca.key");
        make_identity("server", names, &authority, days).write(folder / "s.pem", folder / "s.key");
        make_identity("client", "", &authority).write(folder / "c.pem", folder / "c.key");
    }
    auto name(const char* file) const -> std::string { return (folder / file).string(); }
    /// Of redis-server.
    auto arguments() const -> std::vector<std::string> {
        return {"--tls-cert-file", name("s.pem"),        "--tls-key-file",
                name("s.key"),     "--tls-ca-cert-file", name("ca.pem")};
    }
    auto options() const -> coffer::redis::tls_options {
        return {true, folder / "ca.pem", folder / "c.pem", folder / "c.key", {}};
    }
    /// Of an address.
    auto address_options() const -> std::string {
        return "ca=" + name("ca.pem") + "&cert=" + name("c.pem") + "&key=" + name("c.key") + "&" +
               patient;
    }
};

/// A server with TLS alone.
struct tls_server : tls_files {
    std::unique_ptr<server> running{};

    explicit tls_server(const std::string& names = "DNS:localhost,IP:127.0.0.1", long days = 30,
                        const std::string& protocols = "TLSv1.2 TLSv1.3")
        : tls_files(names, days) {
        auto with = arguments();
        with.insert(with.end(), {"--tls-protocols", protocols});
        running = std::make_unique<server>(std::move(with), speaks::tls);
    }
    auto port() const -> std::uint16_t { return running->port(); }
    auto options() const -> coffer::redis::options {
        coffer::redis::options out;
        out.endpoints = {{"127.0.0.1", port(), {}}};
        out.tls = tls_files::options();
        return out;
    }
};

} // namespace redis_test

#endif
