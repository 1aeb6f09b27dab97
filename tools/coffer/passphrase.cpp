// SPDX-License-Identifier: BSL-1.0
#include "passphrase.hpp"

#include "problem.hpp"
#include "terminal.hpp"

#include <coffer/bytes.hpp>

#include <string>

namespace command {

namespace {

/// Under this what lies under it can be opened by trying.
constexpr std::size_t least_passphrase = 12;

} // namespace

void require_long(const coffer::secret& passphrase, std::string_view thing) {
    if (passphrase.size() < least_passphrase)
        refuse("a passphrase of " + std::string(thing) + " has at least " +
               std::to_string(least_passphrase) +
               " characters: the file can be tried by whoever has it. Nothing was written.");
}

void require_same_again(const coffer::secret& passphrase) {
    const auto again = ask_unseen("The same once more: ");
    if (!again) throw problem(coffer::errc::cancelled, "nothing was written");
    if (!coffer::equal_constant_time(coffer::as_bytes(passphrase.expose_secret()), *again))
        refuse("these were two passphrases. Nothing was written.");
}

} // namespace command
