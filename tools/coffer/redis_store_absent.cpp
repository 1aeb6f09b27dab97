// SPDX-License-Identifier: BSL-1.0
#include "opening.hpp"
#include "problem.hpp"

namespace command {

auto open_redis(const std::string&) -> coffer::any_store {
    throw problem(coffer::errc::unsupported, "this build has no Redis: OpenSSL was not there");
}

} // namespace command
