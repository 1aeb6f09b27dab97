// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_DELIVERY_HPP
#define COFFER_ALGORITHM_DELIVERY_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/algorithm/sealing.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// One commit on its way to the store: the same bytes for as often as they have to be sent, and at
/// last a fence, a head without a change on the same condition, which one of the two can win alone.
/// When to send what is settling's to say.
template <Cipher C>
class delivery {
public:
    /// Sends a state that is to follow `expected`.
    auto send(std::string partition, const revision& expected, sealed_state<C>&& state) -> commit {
        partition_ = std::move(partition);
        expected_ = expected;
        state_ = std::move(state.snapshot);
        records_ = std::move(state.records);
        return first_of(state_->at, std::move(state.writes));
    }
    /// The same bytes; nothing once they were sent often enough.
    auto again() -> std::optional<commit> {
        if (++sendings_ > most_sendings) return std::nullopt;
        return commit{partition_, expected_, at_, writes_};
    }
    /// Sends a fence in place of the state.
    auto fence(const revision& at, bytes&& head) -> commit {
        fencing_ = true;
        std::vector<object_write> writes;
        writes.push_back({"head", std::move(head)});
        return first_of(at, std::move(writes));
    }
    auto fencing() const noexcept -> bool { return fencing_; }
    /// What the environment is, or will be, if the commit landed.
    auto state() const noexcept -> const tree::snapshot_ptr<C>& { return state_; }
    /// Whether a state that was found is the one sent, or one on top of it.
    auto is_under(const tree::snapshot_ptr<C>& now) const -> bool {
        const auto& head = state_->head;
        if (now == nullptr || now->head.generation < head.generation) return false;
        const auto distance = now->head.generation - head.generation;
        if (distance == 0) return now->head.mac == head.mac;
        if (distance <= format::limits::ancestors)
            return now->head.ancestors[distance - 1] == format::ancestor_of(head.mac);
        bool found = false;
        for (const auto& record : records_)
            now->pages.each_from({}, [&](const format::entry& e, const tree::leaf&) {
                for (const auto& v : e.versions)
                    found = found || v.record == record;
                return !found;
            });
        return found;
    }

private:
    static constexpr unsigned most_sendings = 5;

    auto first_of(const revision& at, std::vector<object_write>&& writes) -> commit {
        at_ = at;
        writes_ = std::make_shared<const std::vector<object_write>>(std::move(writes));
        sendings_ = 1;
        return {partition_, expected_, at_, writes_};
    }

    std::string partition_{};
    revision expected_{};
    tree::snapshot_ptr<C> state_{};
    std::vector<format::object_name> records_{};
    revision at_{};
    std::shared_ptr<const std::vector<object_write>> writes_{};
    unsigned sendings_ = 0;
    bool fencing_ = false;
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
