// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_WIPING_RESOURCE_HPP
#define COFFER_KEYRING_WIPING_RESOURCE_HPP

#include <coffer/bytes.hpp>

#include <boost/container/pmr/memory_resource.hpp>

#include <cassert>
#include <cstddef>
#include <new>

namespace coffer::inline COFFER_ABI::keyring {

/// Memory for JSON values that hold keys: each block is wiped before it is given back. With it as
/// the storage of parser and values, no key is left on the heap. It outlives what it made.
class wiping_resource final : public boost::container::pmr::memory_resource {
private:
    // Always the alignment of plain new: Boost.JSON 1.81 allocates the keys of objects with
    // alignment 1 and gives them back with another.
    auto do_allocate(std::size_t size, [[maybe_unused]] std::size_t alignment) -> void* override {
        assert(alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        return ::operator new(size);
    }
    void do_deallocate(void* data, std::size_t size, std::size_t) override {
        wipe(data, size);
        ::operator delete(data);
    }
    auto do_is_equal(const boost::container::pmr::memory_resource& other) const noexcept
        -> bool override {
        return this == &other;
    }
};

} // namespace coffer::inline COFFER_ABI::keyring

#endif
