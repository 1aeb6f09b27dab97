// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_CERTIFICATES_HPP
#define COFFER_REDIS_TESTS_CERTIFICATES_HPP

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace redis_test {

/// A key and a certificate for it.
struct identity {
    std::shared_ptr<EVP_PKEY> key{};
    std::shared_ptr<X509> certificate{};

    /// `passphrase`: the key is encrypted under it.
    void write(const std::filesystem::path& certificate_file, const std::filesystem::path& key_file,
               const std::string& passphrase = {}) const {
        auto* out = std::fopen(certificate_file.c_str(), "w");
        PEM_write_X509(out, certificate.get());
        std::fclose(out);
        out = std::fopen(key_file.c_str(), "w");
        PEM_write_PrivateKey(out, key.get(), passphrase.empty() ? nullptr : EVP_aes_256_cbc(),
                             reinterpret_cast<const unsigned char*>(passphrase.data()),
                             static_cast<int>(passphrase.size()), nullptr, nullptr);
        std::fclose(out);
    }
};

/// Made by `issuer`, or by itself if that is null; `names` as OpenSSL writes a subjectAltName. It
/// is valid from yesterday, for `days`.
inline auto make_identity(const std::string& common_name, const std::string& names,
                          const identity* issuer, long days = 30) -> identity {
    identity made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
    auto* const x = made.certificate.get();
    static long serial = 0;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -2 * 86'400L);
    X509_gmtime_adj(X509_getm_notAfter(x), days * 86'400L);
    X509_set_pubkey(x, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    const auto& by = issuer != nullptr ? *issuer : made;
    X509_set_issuer_name(x, X509_get_subject_name(by.certificate.get()));
    const auto extend = [&](int what, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, by.certificate.get(), x, nullptr, nullptr, 0);
        auto* const made_extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
        if (made_extension == nullptr) throw std::runtime_error("no such extension");
        X509_add_ext(x, made_extension, -1);
        X509_EXTENSION_free(made_extension);
    };
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!names.empty()) extend(NID_subject_alt_name, names);
    if (X509_sign(x, by.key.get(), EVP_sha256()) == 0) throw std::runtime_error("not signed");
    return made;
}

} // namespace redis_test

#endif
