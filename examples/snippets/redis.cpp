// SPDX-License-Identifier: BSL-1.0
// How the README of the Redis store opens it, cut out between `//[name` and `//]`. Without an
// argument nothing is opened, since there is no such server.
#include <coffer/redis/store.hpp>

namespace {

auto in_redis() {
    //[open
    auto store =
        coffer::redis::open("rediss://coffer@redis.example?password_file=/run/secrets/redis")
            .value();
    //]
    return store.partitions().has_value();
}

} // namespace

int main(int argc, char**) {
    return argc == 1 || in_redis() ? 0 : 1;
}
