// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_ACTION_HPP
#define COFFER_ALGORITHM_ACTION_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/concepts/listable_store.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// The logic without I/O. An algorithm is a value that answers `start()`, and then `on(answer)`,
/// with the next thing that it needs done; the type of that answer names all that it may ever ask
/// for, so that a resolver can't commit. A driver (drive.hpp, asio/) does what is asked and feeds
/// the answer back, until the variant holds the `result`.
///
/// Each action names the answer that belongs to it.
namespace coffer::inline COFFER_ABI::algorithm {

/// How many objects one load asks for at most.
inline constexpr std::size_t most_per_load = 4096;

/// Store::load.
struct load {
    using answer = result<cut>;
    std::string partition{};
    std::vector<std::string> keys{};
};
/// ListableStore::list; `unsupported` from a store that can't.
struct list {
    using answer = result<listing>;
    std::string partition{};
};
/// Store::commit. The writes are shared, since the same bytes may have to be sent again.
struct commit {
    using answer = result<commit_outcome>;
    std::string partition{};
    revision expected{};
    revision next{};
    std::shared_ptr<const std::vector<object_write>> writes{};
};
/// KeyProvider::key_for.
struct key_for {
    using answer = result<std::string>;
    std::string environment{};
};
/// KeyProvider::wrap.
struct wrap {
    using answer = result<bytes>;
    std::string kek_id{};
    key_bytes dek{};
    bytes aad{};
};
/// KeyProvider::unwrap.
struct unwrap {
    using answer = result<key_bytes>;
    std::string kek_id{};
    std::string environment{};
    bytes wrapped{};
    bytes aad{};
};
/// AnchoringKeyProvider::recall; nullopt from a provider without an anchor.
struct recall {
    using answer = result<std::optional<mark>>;
    std::string realm{};
    std::string environment{};
};
/// AnchoringKeyProvider::remember; what was seen, from a provider without an anchor.
struct remember {
    using answer = result<mark>;
    std::string realm{};
    std::string environment{};
    lineage seen{};
};
/// Wait so long before the next step.
struct pause {
    using answer = result<void>;
    std::chrono::milliseconds time{};
};

/// Which environment an algorithm works on, and where it lies.
struct subject {
    std::string realm{};
    std::string environment{};
    std::string partition{};
};

/// The step of an algorithm that another one works with, as that one's: what it asks for is asked
/// for, and its value, the last of what a step may be, is what `on_value` makes the next step of.
template <class Action, class... Steps, class F>
auto hand_on(std::variant<Steps...>&& step, F&& on_value) -> Action {
    using value = std::variant_alternative_t<sizeof...(Steps) - 1, std::variant<Steps...>>;
    return std::visit(
        [&]<class S>(S& what) -> Action {
            if constexpr (std::is_same_v<S, value>)
                return on_value(std::move(what));
            else
                return Action(std::in_place_type<S>, std::move(what));
        },
        step);
}

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
