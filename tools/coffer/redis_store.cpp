// SPDX-License-Identifier: BSL-1.0
#include "opening.hpp"
#include "problem.hpp"
#include "text.hpp"

#include <coffer/redis/store.hpp>

#include <system_error>
#include <utility>

namespace command {

auto open_redis(const std::string& address) -> coffer::any_store {
    auto opened = coffer::redis::open(address);
    if (opened || opened.error().cause.category() != std::generic_category())
        return need(std::move(opened));
    // What opening asks the system for is the password's file.
    const auto named = coffer::redis::read_address(address);
    if (!named || named->password_file.empty()) return need(std::move(opened));
    const auto& why = opened.error();
    throw problem(why.code == coffer::errc::not_found ? coffer::errc::unavailable : why.code,
                  "the password of the store can't be read from " +
                      printable(named->password_file.string()) + cause_words(why.cause) +
                      ": it must be a file that you may read and "
                      "nobody else, chmod 600");
}

} // namespace command
