// SPDX-License-Identifier: BSL-1.0
#include "served_certificate.hpp"

#include "problem.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdint>

namespace command {

namespace http = coffer::http;
using coffer::errc;

certificate_files::certificate_files(const session& s)
    : certificate(s.in.text("tls-cert").value_or("")), key(s.in.text("tls-key").value_or("")) {
    if (certificate.empty() != key.empty()) refuse("--tls-cert and --tls-key go together");
}

auto certificate_files::open() const -> coffer::result<http::tls> {
    return http::tls::open(certificate, key);
}

auto certificate_files::fault(const coffer::failure& why) const -> std::string {
    const auto life = http::certificate_life::of(certificate);
    const auto& of = life ? why : life.error();
    const auto file = printable(life ? key : certificate);
    if (of.code == errc::unavailable) return file + " can't be read" + cause_words(of.cause);
    if (!life) return file + " holds no certificate in PEM, or a damaged one";
    return why.cause ? file + " holds no key in PEM without a passphrase" + cause_words(of.cause)
                     : file + " is not the certificate's key";
}

auto certificate_files::warning() const -> std::string {
    constexpr std::uint64_t week = 7ULL * 24 * 60 * 60 * 1000;
    const auto life = http::certificate_life::of(certificate);
    if (!life) return {};
    const auto now = now_ms();
    if (now >= life->until)
        return "the certificate expired " + iso_time(life->until) + ": clients refuse it";
    if (now < life->from)
        return "the certificate is not good before " + iso_time(life->from) + ": clients refuse it";
    if (life->until - now < std::min(week, (life->until - life->from) / 3))
        return "the certificate expires " + iso_time(life->until);
    return {};
}

} // namespace command
