// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SERVE_KEYS_HPP
#define COFFER_COMMAND_SERVE_KEYS_HPP

#include "key_steps.hpp"

#include <coffer/http/kek_changes.hpp>

namespace command {

/// What `serve --manage-keys` lets operators do: what the verbs of keys do, without the options
/// that overrule a refusal. One change at a time: each looks before it changes anything.
auto kek_changes_of(key_place in) -> coffer::http::kek_changes;

} // namespace command

#endif
