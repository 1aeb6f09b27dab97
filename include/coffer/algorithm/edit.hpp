// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_EDIT_HPP
#define COFFER_ALGORITHM_EDIT_HPP

#include <coffer/result.hpp>
#include <coffer/tree/draft.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace coffer::inline COFFER_ABI::algorithm {

/// A pure change of a verified tree: looks at a draft and changes it, answers a result. It may run
/// several times (after a conflict, or once more when a record had to be loaded); only its last
/// answer counts, and an edit that fails leaves the draft as it was. One that sets an entry which no
/// reader would take (a name that is no UTF-8, an id too long) has failed: invalid_argument.
template <class E>
concept Edit = requires(const E& e, tree::draft& d) {
    typename E::value_type;
    { e(d) } -> std::same_as<result<typename E::value_type>>;
};

/// An edit in a queue, its type erased. The owner keeps it until the commit has ended.
class queued_edit {
public:
    virtual ~queued_edit() = default;
    /// Runs the edit; false if it failed (the draft is then as before).
    virtual auto apply(tree::draft& d) -> bool = 0;
    /// It gets a commit of its own: see commits_alone.
    virtual auto is_alone() const noexcept -> bool = 0;
};

/// Whether an edit shares its commit with no other, as `E::commits_alone` says: one that wishes
/// something of the key side, whose refusal would be the others' too.
template <class E>
inline constexpr bool commits_alone = requires {
    requires E::commits_alone;
};

/// An edit together with its last answer.
template <Edit E>
class answered_edit final : public queued_edit {
public:
    using value_type = typename E::value_type;

    explicit answered_edit(E edit) : edit_(std::move(edit)) {}
    auto apply(tree::draft& d) -> bool override {
        const auto before = d.savepoint();
        answer_.emplace(edit_(d));
        if (answer_->has_value() && !d.is_valid_since(before)) answer_ = errc::invalid_argument;
        if (!answer_->has_value()) d.roll_back(before);
        return answer_->has_value();
    }
    auto is_alone() const noexcept -> bool override { return commits_alone<E>; }
    /// The last answer; taken once, after the commit.
    auto take() -> result<value_type> { return *std::move(answer_); }

private:
    E edit_;
    std::optional<result<value_type>> answer_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
