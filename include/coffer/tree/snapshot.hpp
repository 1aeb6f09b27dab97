// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_SNAPSHOT_HPP
#define COFFER_TREE_SNAPSHOT_HPP

#include <coffer/secret.hpp>
#include <coffer/tree/dek_keys.hpp>
#include <coffer/tree/pages.hpp>

#include <memory>

namespace coffer::inline COFFER_ABI::tree {

/// One verified state of an environment: its head, the decoded tree, and the newest records,
/// sealed. Immutable, shared between threads; opening a value needs no I/O.
template <Cipher C>
struct snapshot {
    format::head head{};
    revision head_id{}; ///< The first 16 bytes of the SHA-256 of the head's bytes.
    revision at{};      ///< What the store calls this state: the same, if its last writer was ours.
    std::shared_ptr<const keyset<C>> keys{};
    page_set pages{};

    /// The environment was removed; its head stays to tell that.
    auto closed() const noexcept -> bool { return head.closed(); }

    /// Opens the value of a leaf. Errors: the leaf's problem, tampered.
    auto open(const leaf& l) const -> result<opened_body> {
        opened_body out;
        if (const auto problem = open(l, out); problem != errc{}) return problem;
        return out;
    }
    /// The same as a secret.
    auto reveal(const leaf& l, freshness fresh) const -> result<secret> {
        opened_body out;
        if (const auto problem = open(l, out); problem != errc{}) return problem;
        if (out.body.offset + out.body.size == out.plain.size()) // no padding, so no zero behind it
            return secret(out.view(), l.number(), fresh);
        return secret(std::move(out.plain), out.body.offset, out.body.size, l.number(), fresh);
    }

private:
    auto open(const leaf& l, opened_body& out) const -> errc {
        if (l.damaged()) return l.problem();
        const auto* dek = keys->find(l.dek());
        return dek == nullptr ? errc::tampered
                              : dek->open(format::object_kind::record, l.aad(), l.sealed(), out);
    }
};

template <Cipher C>
using snapshot_ptr = std::shared_ptr<const snapshot<C>>;

} // namespace coffer::inline COFFER_ABI::tree

#endif
