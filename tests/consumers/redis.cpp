// SPDX-License-Identifier: BSL-1.0
// A program over Redis, as far as it gets where there is none.
#include <coffer/redis/store.hpp>

#include <iostream>

int main() {
    const auto store = coffer::redis::open("redis://127.0.0.1:1");
    std::cout << (store ? "open" : to_string(store.error().code)) << '\n';
}
