// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/assets.hpp>
#include <coffer/http/security_headers.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <string>

namespace {

using coffer::http::request;
using coffer::http::response;

const coffer::http::asset files[] = {
    {"/index.html", "text/html; charset=utf-8", "\"aa\"", "<!doctype html>"},
    {"/page/main.js", "text/javascript; charset=utf-8", "\"bb\"", "start();"},
};
const coffer::http::assets page{files};

auto asked(std::string method, std::string target) -> request {
    request in;
    in.method = std::move(method);
    in.target = std::move(target);
    return in;
}
auto get(std::string target) -> response {
    return page.answer(asked("GET", std::move(target)));
}

/// The only value of a header, or a text that says that there is none or more than one.
auto field(const response& in, std::string_view name) -> std::string {
    const auto named = [&](const auto& h) { return h.name == name; };
    if (std::ranges::count_if(in.headers, named) != 1) return "not once";
    return std::ranges::find_if(in.headers, named)->value;
}

} // namespace

TEST_CASE("the page's files are answered by their paths, index.html also at /") {
    for (const auto* target : {"/", "/index.html", "/?from=mail"}) {
        const auto out = get(target);
        CHECK(out.status == 200);
        CHECK(out.content_type == "text/html; charset=utf-8");
        CHECK(out.body == "<!doctype html>");
    }
    CHECK(get("/page/main.js").content_type == "text/javascript; charset=utf-8");
    CHECK(get("/page/main.js").body == "start();");
}

TEST_CASE("paths are taken as they are: no folder, no dots, no escapes lead to a file") {
    for (const auto* target :
         {"", "/page", "/page/", "/page/main", "/page/../index.html", "//", "/page/%6dain.js",
          "/PAGE/main.js", "page/main.js", "/page/main.js/"}) {
        INFO(target);
        const auto out = get(target);
        CHECK(out.status == 404);
        CHECK(out.content_type == "application/json");
        CHECK(out.body == R"({"errors":[{"message":"there is nothing at this address"}]})");
    }
}

TEST_CASE("a file can only be read") {
    for (const auto* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"}) {
        const auto out = page.answer(asked(method, "/"));
        CHECK(out.status == 405);
        CHECK(field(out, "allow") == "GET, HEAD");
    }
    CHECK(page.answer(asked("HEAD", "/")).status == 200);
    CHECK(page.answer(asked("POST", "/nowhere")).status == 404);
}

TEST_CASE("an unchanged file is not sent again") {
    auto in = asked("GET", "/page/main.js");
    in.headers.push_back({"if-none-match", "\"bb\""});
    const auto same = page.answer(in);
    CHECK(same.status == 304);
    CHECK(same.body.empty());
    CHECK(field(same, "etag") == "\"bb\"");
    in.headers[0].value = "\"aa\"";
    CHECK(page.answer(in).status == 200);
}

TEST_CASE("the page's files come with their own policy, other answers with that of all") {
    const auto policy = field(get("/"), "content-security-policy");
    CHECK(policy.find("default-src 'none'") == 0);
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find("require-trusted-types-for 'script'") != std::string::npos);
    CHECK(policy.find("base-uri 'none'") != std::string::npos);
    for (const auto& out : {get("/"), get("/nowhere"), page.answer(asked("PUT", "/"))})
        for (const auto& h : coffer::http::security_headers)
            CHECK(std::ranges::none_of(out.headers, [&](const auto& own) {
                return own.name == h.name &&
                       (own.name != "content-security-policy" || own.value != policy);
            }));
}
