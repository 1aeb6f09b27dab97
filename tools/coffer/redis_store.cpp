// SPDX-License-Identifier: BSL-1.0
#include "opening.hpp"
#include "problem.hpp"

#include <coffer/redis/store.hpp>

namespace command {

auto open_redis(const std::string& address) -> coffer::any_store {
    return need(coffer::redis::open(address));
}

} // namespace command
