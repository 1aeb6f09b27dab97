// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_MEMORY_SCAN_HPP
#define COFFER_TESTS_SUPPORT_MEMORY_SCAN_HPP

// Finds copies of a text in this process's memory (Linux: /proc/self/mem).

#include <coffer/bytes.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace coffer_test {

/// Bytes that are looked for, kept in such a way that the memory holds no plain copy of them.
class canary {
public:
    static constexpr std::size_t window = 12;

    /// Letters that nothing else in the process has.
    explicit canary(std::size_t size) : masked_(size) {
        std::random_device random;
        for (auto& b : masked_)
            b = static_cast<unsigned char>('A' + random() % 26) ^ mask;
    }
    explicit canary(coffer::byte_view of) : masked_(of.size()) {
        for (std::size_t i = 0; i < of.size(); ++i)
            masked_[i] = std::to_integer<unsigned char>(of[i]) ^ mask;
    }
    /// A plain copy, wiped with its buffer.
    auto plain() const -> coffer::wiped_bytes {
        coffer::wiped_bytes out(masked_.size());
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<std::byte>(masked_[i] ^ mask);
        return out;
    }
    /// Whether `at`, of which a window may be read, is some whole window of it: the allocator
    /// overwrites the first bytes of what is freed.
    auto is_at(const unsigned char* at) const noexcept -> bool {
        for (std::size_t from = 0; from + window <= masked_.size(); from += window) {
            std::size_t same = 0;
            while (same < window && (at[same] ^ mask) == masked_[from + same])
                ++same;
            if (same == window) return true;
        }
        return false;
    }

private:
    static constexpr unsigned char mask = 0x5A;
    std::vector<unsigned char> masked_;
};

/// How many windows of the canary lie anywhere in the process's readable memory.
inline auto copies_in_memory(const canary& wanted) -> std::size_t {
    static std::vector<unsigned char> buffer(std::size_t{1} << 20);
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    std::ifstream maps("/proc/self/maps");
    std::size_t found = 0;
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0, end = 0;
        std::array<char, 5> rights{};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights.data()) != 3) continue;
        if (rights[0] != 'r' || line.find("[v") != line.npos) continue;
        const auto own = reinterpret_cast<unsigned long>(buffer.data());
        for (auto at = begin; at < end;) {
            const auto want = std::min<unsigned long>(end - at, buffer.size());
            const auto n = ::pread(memory, buffer.data(), want, static_cast<off_t>(at));
            if (n <= 0) break;
            const auto size = static_cast<unsigned long>(n);
            for (unsigned long i = 0; i + canary::window <= size; ++i)
                if ((at + i < own || at + i >= own + buffer.size()) &&
                    wanted.is_at(buffer.data() + i))
                    ++found;
            if (size < want || at + size == end) break;
            at += size - canary::window + 1;
        }
    }
    ::close(memory);
    coffer::wipe(buffer.data(), buffer.size());
    return found;
}

/// The flags (VmFlags of /proc/self/smaps) of the mapping that an address lies in.
inline auto mapping_flags(const void* address) -> std::string {
    const auto wanted = reinterpret_cast<unsigned long>(address);
    std::ifstream smaps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(smaps, line);) {
        unsigned long begin = 0, end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2)
            inside = begin <= wanted && wanted < end;
        else if (inside && line.starts_with("VmFlags:"))
            return line + " ";
    }
    return {};
}

} // namespace coffer_test

#endif
