// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/refusal.hpp>

#include <coffer/http/detail/client_connection.hpp>
#include <coffer/http/error.hpp>
#include <coffer/http/json_answer.hpp>

#include "support/catch.hpp"

namespace http = coffer::http;
using coffer::errc;
using http::refusal;
using http::right;

TEST_CASE("A cause is the one refusal that it stands for") {
    constexpr refusal all[] = {refusal::certificate, refusal::plain_http, refusal::unknown_token,
                               refusal::missing_right};
    for (const auto one : all)
        for (const auto other : all)
            CHECK((http::refused(one).cause == other) == (one == other));
    CHECK(http::refused(refusal::unknown_token) == errc::denied);
    CHECK_FALSE(coffer::failure(errc::denied).cause == refusal::certificate);
}

TEST_CASE("A right that is missing is told, and is a missing right whichever it is") {
    for (const auto one : http::all_rights) {
        const auto why = http::refused(one);
        CHECK(why == errc::denied);
        CHECK(why.cause == refusal::missing_right);
        CHECK_FALSE(why.cause == refusal::certificate);
        CHECK(http::missing_right_of(why) == one);
        CHECK(why.cause.message() == "the right " + std::string(to_string(one)) + " is missing");
        const auto answer = to_response(http::forbidden(one));
        CHECK(http::detail::refusal_in(answer.body) == why);
    }
    CHECK_FALSE(http::missing_right_of(http::refused(refusal::missing_right)));
    CHECK_FALSE(
        http::missing_right_of({errc::denied, std::error_code(100, std::system_category())}));
    for (const auto* body : {"{}", "", R"({"data":{"right":"fly"}})", R"({"data":["read"]})"})
        CHECK(http::detail::refusal_in(body) == http::refused(refusal::missing_right));
}

TEST_CASE("Every error of a certificate is a refusal for its sake, and says which") {
    const std::error_code cause(X509_V_ERR_CERT_HAS_EXPIRED, http::detail::certificate_category());
    CHECK(cause == refusal::certificate);
    CHECK_FALSE(cause == refusal::missing_right);
    CHECK(cause.message() == "certificate has expired");
    CHECK_FALSE(http::missing_right_of({errc::denied, cause}));
}
