// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_POLICY_HPP
#define COFFER_POLICY_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/concepts/cipher.hpp>
#include <coffer/concepts/inheritance.hpp>
#include <coffer/concepts/key_provider.hpp>
#include <coffer/concepts/listable_store.hpp>
#include <coffer/concepts/store.hpp>
#include <coffer/concepts/watchable_store.hpp>
#include <coffer/inheritance.hpp>

#include <chrono>
#include <string>

namespace coffer::inline COFFER_ABI {

class clock;

/// A resolver policy: where sealed bytes lie, how they are sealed, where the keys live, and in
/// which order scopes are asked. `vault` writes by it, `resolver` reads by it; both deduce it.
template <ReadableStore S, Cipher C, KeyProvider K, Inheritance I = environment_then_space>
struct policy {
    using store_type = S;
    using cipher_type = C;
    using key_provider_type = K;
    using inheritance_type = I;

    static_assert(detail::lists_rightly<S>,
                  "the store has list or partitions, and is no ListableStore");
    static_assert(detail::watches_rightly<S>, "the store has watching, and is no WatchableStore");
    static_assert(detail::anchors_rightly<K>,
                  "the key provider has recall or remember, and is no AnchoringKeyProvider");
};

/// What a space has to be before it is read.
enum class spaces : unsigned char {
    registered, ///< Made by ensure_space or create_space; others are unknown_scope (a typo is
                ///< told).
    open,       ///< Any: one that nobody wrote to inherits everything. For those who register none.
};

/// How a vault and its resolvers behave.
struct options {
    /// A name for this datastore that is bound into every key: two datastores with equal ids,
    /// `prod` and `staging`, are then not interchangeable. 0 to 64 bytes; never changes for a
    /// datastore.
    std::string realm{};
    /// How old the last look at the head may be for a read not to look again, unless the key side
    /// is to be asked again too. 0: every read looks.
    std::chrono::milliseconds recheck_after{0};
    /// How old the key side's last word may be for held keys to be used without asking again. So
    /// long after a KEK is disabled, readers and writers that have its DEKs end with key_disabled;
    /// later only where the store hangs, since a look that is under way must end first.
    std::chrono::milliseconds recheck_keys_after{std::chrono::seconds(1)};
    /// How long after its last look a state may stand in while the store can't be reached.
    std::chrono::milliseconds serve_stale_for{std::chrono::minutes(5)};
    spaces known_spaces = spaces::registered;
    /// Who writes, as history shows it: a claim of this process, at most 255 bytes.
    std::string author{};
    /// How long an object that is no longer listed stays for readers in the middle of a refresh.
    /// Where more than 32 wait, in a store that is written in a loop, the oldest go sooner; a
    /// reader that comes too late for one starts over, and in the end reads all at once.
    std::chrono::milliseconds erase_after{std::chrono::minutes(1)};
    /// Null: the machine's clocks. Else it outlives everything made with it.
    const clock* time = nullptr;
};

} // namespace coffer::inline COFFER_ABI

#endif
