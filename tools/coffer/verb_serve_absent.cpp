// SPDX-License-Identifier: BSL-1.0
#include "problem.hpp"
#include "session.hpp"
#include "verbs.hpp"

/// `serve` in a build without the service.
namespace command {

auto serve_verb() -> verb {
    return {.name = "serve",
            .summary = "serve the store over HTTP (not in this build)",
            .run = [](session&) -> int {
                throw problem(coffer::errc::unsupported,
                              "this build has no server: it was made without OpenSSL");
            }};
}

} // namespace command
