// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_TLS_CONTEXT_HPP
#define COFFER_REDIS_SRC_TLS_CONTEXT_HPP

#include <coffer/redis/cause.hpp>
#include <coffer/redis/options.hpp>
#include <coffer/result.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>

namespace coffer::inline COFFER_ABI::redis::detail {

struct free_ssl {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
    void operator()(SSL_CTX* s) const noexcept { SSL_CTX_free(s); }
};
using ssl_ptr = std::unique_ptr<SSL, free_ssl>;

/// Writes of OpenSSL without the signal that a closed connection would raise.
inline auto quiet_socket_method() noexcept -> const BIO_METHOD* {
    static const BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "coffer socket");
        BIO_meth_set_write_ex(
            made, [](BIO* b, const char* data, std::size_t size, std::size_t* out) {
                const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(b)));
                BIO_clear_retry_flags(b);
                const auto sent = ::send(fd, data, size, MSG_NOSIGNAL);
                if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
                    BIO_set_retry_write(b);
                *out = sent > 0 ? static_cast<std::size_t>(sent) : 0;
                return sent > 0 ? 1 : 0;
            });
        BIO_meth_set_read_ex(made, [](BIO* b, char* data, std::size_t size, std::size_t* out) {
            const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(b)));
            BIO_clear_retry_flags(b);
            const auto got = ::recv(fd, data, size, 0);
            if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
                BIO_set_retry_read(b);
            *out = got > 0 ? static_cast<std::size_t>(got) : 0;
            return got > 0 ? 1 : 0;
        });
        BIO_meth_set_ctrl(made, [](BIO*, int what, long, void*) -> long {
            return what == BIO_CTRL_FLUSH ? 1 : 0;
        });
        BIO_meth_set_create(made, [](BIO* b) {
            BIO_set_init(b, 1);
            return 1;
        });
        return made;
    }();
    return method;
}

/// What all TLS connections of a store share: whom to trust, and who we are.
class tls_context {
public:
    static auto make(const tls_options& with) -> result<std::shared_ptr<const tls_context>> {
        auto made = std::shared_ptr<tls_context>(new tls_context(with));
        auto* const context = SSL_CTX_new(TLS_client_method());
        if (context == nullptr) return errc::unavailable;
        made->context_.reset(context);
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_mode(context,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        // Else OpenSSL asks at the terminal, and waits.
        SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
        const bool trusted = with.ca_file.empty()
                                 ? SSL_CTX_set_default_verify_paths(context) == 1
                                 : SSL_CTX_load_verify_file(context, with.ca_file.c_str()) == 1;
        const bool known =
            with.certificate_file.empty() ||
            (SSL_CTX_use_certificate_chain_file(context, with.certificate_file.c_str()) == 1 &&
             SSL_CTX_use_PrivateKey_file(context, with.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
        ERR_clear_error();
        if (!trusted || !known) return failure{errc::invalid_argument, cause::bad_tls_file};
        return std::shared_ptr<const tls_context>(std::move(made));
    }

    /// A session that will check that the certificate speaks for the host.
    auto session(const endpoint& to, int fd) const -> result<ssl_ptr> {
        ssl_ptr made(SSL_new(context_.get()));
        auto* const bio = BIO_new(quiet_socket_method());
        if (made == nullptr || bio == nullptr) {
            BIO_free(bio);
            return errc::unavailable;
        }
        BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
        SSL_set_bio(made.get(), bio, bio);
        const auto& name = with_.name.empty() ? to.host : with_.name;
        auto* const check = SSL_get0_param(made.get());
        unsigned char address[16];
        const bool numeric = ::inet_pton(AF_INET, name.c_str(), address) == 1 ||
                             ::inet_pton(AF_INET6, name.c_str(), address) == 1;
        X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        const bool set = !name.empty() &&
                         (numeric ? X509_VERIFY_PARAM_set1_ip_asc(check, name.c_str()) == 1
                                  : X509_VERIFY_PARAM_set1_host(check, name.c_str(), 0) == 1 &&
                                        SSL_set_tlsext_host_name(made.get(), name.c_str()) == 1);
        if (!set) return failure{errc::invalid_argument, cause::bad_address};
        return made;
    }

private:
    explicit tls_context(tls_options with) : with_(std::move(with)) {}

    tls_options with_;
    std::unique_ptr<SSL_CTX, free_ssl> context_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
