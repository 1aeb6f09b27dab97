// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_HTTP_CERTIFICATE_HPP
#define COFFER_TESTS_HTTP_CERTIFICATE_HPP

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace coffer_test {

/// Writes a key and a certificate that it signed itself for `name` (also as its alternative name:
/// `DNS:localhost`, `IP:127.0.0.1`), good from and until so many seconds from now.
inline void make_certificate(const std::string& certificate_path, const std::string& key_path,
                             const std::string& name, const std::string& alternative,
                             long from = -60, long until = 3600) {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
    auto* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_set_pubkey(x, key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    auto* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x, key.get(), EVP_sha256());
    const auto write = [](const std::string& path, auto put) {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"),
                                                                   std::fclose);
        if (!file || put(file.get()) != 1) throw std::runtime_error("can't write " + path);
    };
    write(certificate_path, [x](std::FILE* f) { return PEM_write_X509(f, x); });
    write(key_path, [&key](std::FILE* f) {
        return PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

} // namespace coffer_test

#endif
