// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_CLOSED_MEMORY_HPP
#define COFFER_COMMAND_CLOSED_MEMORY_HPP

#include <sys/resource.h>

#if __has_include(<sys/prctl.h>)
#include <sys/prctl.h>
#endif

namespace command {

/// From now on no core dump, and no other process of this user may look into this one's memory or
/// environment (root may). Programs that it starts are not concerned.
inline void close_memory() noexcept {
    const rlimit none{0, 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
#ifdef PR_SET_DUMPABLE
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

} // namespace command

#endif
