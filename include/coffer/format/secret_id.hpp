// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_SECRET_ID_HPP
#define COFFER_FORMAT_SECRET_ID_HPP

#include <coffer/version.hpp>

#include <array>
#include <cstddef>

namespace coffer::inline COFFER_ABI::format {

/// What a secret keeps for life: random, made when its name is first set in a scope, and made anew
/// when the name is set again after its removal.
using secret_id = std::array<std::byte, 16>;

} // namespace coffer::inline COFFER_ABI::format

#endif
