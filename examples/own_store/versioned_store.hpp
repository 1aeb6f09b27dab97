// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_EXAMPLES_VERSIONED_STORE_HPP
#define COFFER_EXAMPLES_VERSIONED_STORE_HPP

// A store of one's own, written against the documentation alone: it keeps each committed state of a
// partition as an immutable map, and a reader works on the map that it found.
#include <coffer/concepts/store.hpp>
#include <coffer/store_rules.hpp>

#include <map>
#include <memory>
#include <mutex>

//[store
class versioned_store {
public:
    auto load(std::string_view partition, std::span<const std::string> keys)
        -> coffer::result<coffer::cut> {
        if (!coffer::is_partition_name(partition)) return coffer::errc::invalid_argument;
        const auto found = newest(partition); // no lock is held while the cut is made
        coffer::cut out{found->at, {}};
        for (const auto& key : keys) {
            if (!coffer::is_object_key(key)) return coffer::errc::invalid_argument;
            const auto at = found->objects.find(key);
            out.objects.push_back(at == found->objects.end() ? std::nullopt
                                                             : std::optional(at->second));
        }
        return out;
    }

    auto commit(std::string_view partition, coffer::revision expected, coffer::revision next,
                std::span<const coffer::object_write> writes)
        -> coffer::result<coffer::commit_outcome> {
        if (auto valid = coffer::check_commit(limits(), partition, next, writes); !valid)
            return valid.error();
        const std::lock_guard lock(shared_->one_writer);
        const auto was = newest(partition);
        if (was->at != expected) return coffer::commit_outcome::conflict;
        auto becomes = std::make_shared<state>(*was);
        becomes->at = next;
        for (const auto& write : writes) {
            if (write.value)
                becomes->objects.insert_or_assign(write.key, *write.value);
            else
                becomes->objects.erase(write.key);
        }
        const std::lock_guard publish(shared_->looking);
        shared_->partitions.insert_or_assign(std::string(partition), std::move(becomes));
        return coffer::commit_outcome::committed;
    }

    auto limits() const noexcept -> coffer::store_limits { return {}; }

private:
    struct state {
        coffer::revision at{};
        std::map<std::string, coffer::bytes> objects{};
    };
    struct all {
        std::mutex one_writer;
        std::mutex looking;
        std::map<std::string, std::shared_ptr<const state>, std::less<>> partitions;
    };
    auto newest(std::string_view partition) const -> std::shared_ptr<const state> {
        const std::lock_guard lock(shared_->looking);
        const auto at = shared_->partitions.find(partition);
        return at == shared_->partitions.end() ? std::make_shared<const state>() : at->second;
    }
    std::shared_ptr<all> shared_ = std::make_shared<all>(); // copies of the handle are one store
};
static_assert(coffer::Store<versioned_store>);
//]

#endif
