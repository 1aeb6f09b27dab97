// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_GIT_DOCUMENT_HPP
#define COFFER_COMMAND_GIT_DOCUMENT_HPP

#include "opening.hpp"
#include "vault_type.hpp"

#include <coffer/format/entry.hpp>
#include <coffer/format/head.hpp>
#include <coffer/memory/store.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace command {

/// One document of a file store, wherever Git has put it, opened as a store of its own. It is
/// verified as any store is; only no mark is compared and none is kept, since an old state is what
/// is asked for.
class git_document {
public:
    using entries = std::map<coffer::format::entry_key, coffer::format::entry>;

    /// Reads the document. Throws problem: tampered for what is no document of a file store.
    explicit git_document(const std::filesystem::path& file);

    /// What the datastore shows without a key.
    auto head() const -> const coffer::format::head& { return head_; }
    auto objects() const -> std::size_t { return objects_; }

    /// Opens it. Throws problem: unknown_key, key_disabled, tampered …
    void open(const opened_keys& keys);
    /// Every entry, with all its versions. After open().
    auto all() -> entries;
    /// The value of one version. After open().
    auto value_of(const coffer::format::entry_key& key, std::uint64_t version)
        -> coffer::wiped_bytes;
    auto vault() -> vault_type& { return *vault_; }
    auto store() -> coffer::memory::store& { return store_; }

private:
    coffer::memory::store store_{};
    std::string partition_{};
    coffer::format::head head_{};
    std::size_t objects_ = 0;
    std::unique_ptr<vault_type> vault_{};
};

/// A document that is opened with these keys. Throws problem.
auto open_document(const std::filesystem::path& file, const opened_keys& keys) -> git_document;

/// Whose change stays where both sides changed a name: nobody's, so that there is no merge; ours;
/// theirs.
enum class kept_side : unsigned char { neither, ours, theirs };

/// What became of a merge.
struct merge_outcome {
    std::vector<std::string> conflicts{}; ///< One line for each name that both sides changed.
    std::string document{};               ///< The merged document; empty for conflicts left open.
    std::size_t taken = 0;                ///< How many entries came from the other side.
};

/// Merges by name what two sides made of `base`. Throws problem where they can't be merged at all:
/// another environment or realm, data keys that both sides rotated, one side removed.
///
/// The merged head follows neither side alone, so it can name neither among its ancestors: its
/// generation is 65 past the newer one, with no ancestors, which every mark of either side accepts
/// (docs/format.md, Reading, step 5: more than 64 generations on nothing is compared).
auto merge_documents(git_document& base, git_document& ours, git_document& theirs,
                     kept_side keep = kept_side::neither) -> merge_outcome;

} // namespace command

#endif
