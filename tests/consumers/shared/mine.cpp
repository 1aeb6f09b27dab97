// SPDX-License-Identifier: BSL-1.0
// A shared library over the two parts of which something may be compiled: Redis' client, and
// Boost.JSON where there are only its headers.
#include <coffer/file/store.hpp>
#include <coffer/redis/store.hpp>

#include <cstddef>
#include <string>

auto objects_in_files() -> std::size_t {
    return coffer::file::open("secrets").value().load("prod", {}).value().objects.size();
}

auto state_of_redis() -> std::string {
    const auto store = coffer::redis::open("redis://127.0.0.1:1");
    return store ? "open" : std::string(to_string(store.error().code));
}
