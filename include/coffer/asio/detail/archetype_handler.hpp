// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_DETAIL_ARCHETYPE_HANDLER_HPP
#define COFFER_ASIO_DETAIL_ARCHETYPE_HANDLER_HPP

#include <coffer/version.hpp>

namespace coffer::inline COFFER_ABI::asio::detail {

/// The least that a completion token may be: a move-only function object without associations.
template <class Result>
struct archetype_handler {
    archetype_handler() = default;
    archetype_handler(archetype_handler&&) = default;
    auto operator=(archetype_handler&&) -> archetype_handler& = default;
    void operator()(Result) {}
};

} // namespace coffer::inline COFFER_ABI::asio::detail

#endif
