// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TLS_HPP
#define COFFER_HTTP_TLS_HPP

#include <coffer/result.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/ssl/context.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace coffer::inline COFFER_ABI::http {

/// A server's certificate and key, and what it speaks with them: TLS 1.2 and 1.3, ECDHE with an
/// AEAD cipher, no renegotiation, no compression, no tickets, no sessions kept. A value that is
/// cheap to copy; thread-safe.
class tls {
public:
    /// Reads the files (PEM; the certificate first, then the chain; a key without a passphrase).
    /// Errors: unavailable (a file can't be read), invalid_argument (it holds no such thing; without
    /// a cause: the key is not the certificate's).
    static auto open(const std::string& certificate, const std::string& key) -> result<tls>;

    auto context() const noexcept -> boost::asio::ssl::context& { return *context_; }

private:
    explicit tls(std::shared_ptr<boost::asio::ssl::context> context)
        : context_(std::move(context)) {}

    std::shared_ptr<boost::asio::ssl::context> context_;
};

/// From when until when a certificate is good, in milliseconds since 1970.
struct certificate_life {
    std::uint64_t from = 0;
    std::uint64_t until = 0;

    /// That of the first certificate in a file (PEM). Errors: unavailable (it can't be read),
    /// invalid_argument (it holds none, or its chain one that is damaged).
    static auto of(const std::string& certificate) -> result<certificate_life>;
};

namespace detail {

inline auto milliseconds_of(const ASN1_TIME* time) -> std::uint64_t {
    std::tm parts{};
    if (::ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    const auto seconds = ::timegm(&parts);
    return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds) * 1000;
}

/// Says `http/1.1` to clients that offer a choice of protocols, h2 among them.
inline auto choose_http_1_1(SSL* /*connection*/, const unsigned char** out, unsigned char* out_size,
                            const unsigned char* offered, unsigned offered_size, void* /*unused*/)
    -> int {
    static constexpr std::array<unsigned char, 9> ours{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    const int found = ::SSL_select_next_proto(
        &chosen, out_size, ours.data(), static_cast<unsigned>(ours.size()), offered, offered_size);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

inline void harden(SSL_CTX* context) {
    ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    ::SSL_CTX_set_num_tickets(context, 0);
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_alpn_select_cb(context, choose_http_1_1, nullptr);
}

} // namespace detail

inline auto tls::open(const std::string& certificate, const std::string& key) -> result<tls> {
    namespace ssl = boost::asio::ssl;
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    detail::harden(context->native_handle());
    boost::system::error_code ec;
    // No callback: OpenSSL would ask at the terminal for the passphrase of an encrypted key.
    context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                   ec);
    const auto failed = [&ec]() -> failure {
        const auto why = static_cast<std::error_code>(ec);
        const bool of_system = ec.category() == boost::system::system_category();
        return failure(of_system ? errc::unavailable : errc::invalid_argument, why);
    };
    context->use_certificate_chain_file(certificate, ec);
    if (ec) return failed();
    context->use_private_key_file(key, ssl::context::pem, ec);
    if (ec && ERR_GET_LIB(static_cast<unsigned>(ec.value())) == ERR_LIB_X509)
        return errc::invalid_argument; // a key, but another's
    if (ec) return failed();
    if (::SSL_CTX_check_private_key(context->native_handle()) != 1) return errc::invalid_argument;
    return tls(std::move(context));
}

inline auto certificate_life::of(const std::string& certificate) -> result<certificate_life> {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(certificate.c_str(), "re"), std::fclose);
    if (file == nullptr) return failure(errc::unavailable, {errno, std::system_category()});
    using owned = std::unique_ptr<X509, void (*)(X509*)>;
    const auto next = [&file] {
        return owned(::PEM_read_X509(file.get(), nullptr, nullptr, nullptr), ::X509_free);
    };
    ::ERR_clear_error();
    const auto first = next();
    if (first != nullptr)
        while (next() != nullptr) {
        }
    const auto ended = ::ERR_peek_last_error();
    ::ERR_clear_error();
    if (first == nullptr || ERR_GET_REASON(ended) != PEM_R_NO_START_LINE)
        return errc::invalid_argument;
    return certificate_life{detail::milliseconds_of(::X509_get0_notBefore(first.get())),
                            detail::milliseconds_of(::X509_get0_notAfter(first.get()))};
}

} // namespace coffer::inline COFFER_ABI::http

#endif
