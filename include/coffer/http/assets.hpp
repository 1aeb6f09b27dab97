// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ASSETS_HPP
#define COFFER_HTTP_ASSETS_HPP

#include <coffer/http/message.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// One file of a web page that is part of the program. Views of memory that lives as long as the
/// program, which tools/cmake/CofferEmbed.cmake makes of a folder.
struct asset {
    std::string_view path;  ///< As it is asked for, with its slash: `/page/main.js`.
    std::string_view type;  ///< Content-Type.
    std::string_view etag;  ///< With its quotation marks; a hash of the bytes.
    std::string_view bytes; ///< The file.
};

/// What a browser may do with the page: nothing but what its own files do. No inline script or
/// style, nothing from elsewhere, in nobody's frame, and no text ever becomes markup or code.
inline constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

/// Answers for a page's files: GET and HEAD of their paths, of `/` (which is `/index.html`), 404
/// for every other path and 405 for other methods. They hold no secret, are the same for
/// everybody and need no token. Immutable, so it may be shared between threads; never waits.
class assets {
public:
    /// `files` and what it views must outlive the object.
    explicit assets(std::span<const asset> files) noexcept : files_{files} {}

    /// The answer to any request that is not the interface's. A HEAD's answer carries the body of
    /// the GET: the transport sends its length and leaves it out.
    auto answer(const request& in) const -> response {
        const auto* found = find(in.target);
        if (found == nullptr) return refusal(404, "there is nothing at this address");
        if (in.method != "GET" && in.method != "HEAD") {
            auto out = refusal(405, "this address can only be read");
            out.headers.push_back({"allow", "GET, HEAD"});
            return out;
        }
        response out;
        out.content_type = std::string{found->type};
        out.headers = {{"content-security-policy", std::string{page_policy}},
                       {"etag", std::string{found->etag}}};
        if (in.header_of("if-none-match") == found->etag)
            out.status = 304;
        else
            out.body.assign(found->bytes);
        return out;
    }

private:
    auto find(std::string_view target) const noexcept -> const asset* {
        auto path = target.substr(0, target.find('?'));
        if (path == "/") path = "/index.html";
        const auto at = std::ranges::find(files_, path, &asset::path);
        return at == files_.end() ? nullptr : &*at;
    }

    /// `why` goes into JSON as it is: no quotation marks, no backslashes.
    static auto refusal(unsigned status, std::string_view why) -> response {
        response out;
        out.status = status;
        out.body.assign(R"({"errors":[{"message":")").append(why).append(R"("}]})");
        return out;
    }

    std::span<const asset> files_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
