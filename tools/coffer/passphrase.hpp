// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_PASSPHRASE_HPP
#define COFFER_COMMAND_PASSPHRASE_HPP

#include <coffer/secret.hpp>

#include <string_view>

namespace command {

/// Refuses a passphrase that opens something by trying, before anything lies under it; `thing` is
/// what it is of: `a copy`. Throws problem.
void require_long(const coffer::secret& passphrase, std::string_view thing);

/// Has a new passphrase that was typed unseen typed once more, where a slip would lock everybody
/// out. Throws problem.
void require_same_again(const coffer::secret& passphrase);

} // namespace command

#endif
