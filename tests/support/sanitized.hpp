// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_SANITIZED_HPP
#define COFFER_TESTS_SUPPORT_SANITIZED_HPP

namespace coffer_test {

/// Whether the address or the thread sanitizer looks on: they keep freed memory, take several times
/// as much of it, and map terabytes of their own.
inline constexpr bool is_sanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

} // namespace coffer_test

#endif
