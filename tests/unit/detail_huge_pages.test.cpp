// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/huge_pages.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

template <class T>
using large_vector = std::vector<T, coffer::detail::huge_page_allocator<T>>;

/// The flags of the mapping that an address lies in; `hg`: huge pages are wished for (proc(5)).
auto flags_at(const void* address) -> std::string {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    std::ifstream in("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("VmFlags:") && inside) return line + " ";
        std::istringstream range(line);
        std::uintptr_t from = 0, to = 0;
        char dash = 0;
        if (range >> std::hex >> from >> dash >> to && dash == '-') inside = from <= at && at < to;
    }
    return {};
}

} // namespace

TEST_CASE("A large array begins at a huge page, and huge pages are wished for") {
    const large_vector<std::uint64_t> large((std::size_t{4} << 20) / 8, 7);
    CHECK(reinterpret_cast<std::uintptr_t>(large.data()) % (std::size_t{2} << 20) == 0);
    CHECK(large.back() == 7);
    if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage/enabled")) {
        WARN("skipped: this system has no huge pages to wish for");
        return;
    }
    CHECK(flags_at(large.data()).find(" hg ") != std::string::npos);
}

TEST_CASE("A small array is an ordinary one, and both can grow and be copied") {
    large_vector<int> numbers(10, 1);
    CHECK(flags_at(numbers.data()).find(" hg ") == std::string::npos);
    numbers.resize(3'000'000, 2);
    const auto copy = numbers;
    CHECK(copy == numbers);
    CHECK(copy.front() == 1);
    CHECK(copy.back() == 2);
    CHECK_THROWS_AS(coffer::detail::huge_page_allocator<int>{}.allocate(~std::size_t{0}),
                    std::bad_array_new_length);
}
