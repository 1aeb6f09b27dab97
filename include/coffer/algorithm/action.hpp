// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_ACTION_HPP
#define COFFER_ALGORITHM_ACTION_HPP

#include <coffer/concepts/key_provider.hpp>
#include <coffer/concepts/store.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

/// The logic without I/O. An algorithm is a value that answers `start()`, and then `on(answer)`, with
/// the next thing that it needs done; the type of that answer names all that it may ever ask for, so
/// that a resolver can't commit. A driver (drive.hpp, asio/) does what is asked and feeds the answer
/// back, until the variant holds the `result`.
///
/// Each action says what answer belongs to it.
namespace coffer::inline COFFER_ABI::algorithm {

/// Store::load. Answer: result<cut>.
struct load {
    std::string partition{};
    std::vector<std::string> keys{};
};
/// ListableStore::list; `unsupported` from a store that can't. Answer: result<listing>.
struct list {
    std::string partition{};
};
/// Store::commit. The writes are shared, since the same bytes may have to be sent again.
/// Answer: result<commit_outcome>.
struct commit {
    std::string partition{};
    revision expected{};
    revision next{};
    std::shared_ptr<const std::vector<object_write>> writes{};
};
/// KeyProvider::key_for. Answer: result<std::string>.
struct key_for {
    std::string environment{};
};
/// KeyProvider::wrap. Answer: result<bytes>.
struct wrap {
    std::string kek_id{};
    key_bytes dek{};
    bytes aad{};
};
/// KeyProvider::unwrap. Answer: result<key_bytes>.
struct unwrap {
    std::string kek_id{};
    std::string environment{};
    bytes wrapped{};
    bytes aad{};
};
/// AnchoringKeyProvider::recall; nullopt from a provider without an anchor.
/// Answer: result<std::optional<mark>>.
struct recall {
    std::string realm{};
    std::string environment{};
};
/// AnchoringKeyProvider::remember; success from a provider without an anchor. Answer: result<void>.
struct remember {
    std::string realm{};
    std::string environment{};
    mark seen{};
};
/// Wait so long before the next step. Answer: result<void>.
struct pause {
    std::chrono::milliseconds time{};
};

/// Which environment an algorithm works on, and where it lies.
struct subject {
    std::string realm{};
    std::string environment{};
    std::string partition{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
