// SPDX-License-Identifier: BSL-1.0
// A program that has Coffer through a shared library alone.
#include <cstddef>
#include <iostream>
#include <string>

auto objects_in_files() -> std::size_t;
auto state_of_redis() -> std::string;

int main() {
    std::cout << "objects: " << objects_in_files() << '\n' << "redis: " << state_of_redis() << '\n';
}
