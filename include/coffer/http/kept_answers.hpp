// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_KEPT_ANSWERS_HPP
#define COFFER_HTTP_KEPT_ANSWERS_HPP

#include <coffer/ephemeral_cipher.hpp>
#include <coffer/http/access.hpp>
#include <coffer/http/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Lists that were asked for more than once, sealed under a key of the process' own: who asks again
/// for the same, while nothing has changed, gets it by one opening in place of one for each value.
/// Programs do, at every event. Nothing lies open here, and nothing comes from here that would not
/// be made anew just so: a question says all that its answer depends on, and an answer is sealed
/// with it as AAD. Who may ask it is decided before, each time. Bounded; what there is no room for
/// is made anew. Thread-safe.
class kept_answers {
public:
    /// All that an answer depends on.
    struct question {
        std::string_view token_id{};
        std::string_view target{};       ///< The request's, raw.
        context where{};                 ///< The scope that it means now.
        std::span<const grant> grants{}; ///< What the token may do now.
        std::uint64_t state = 0;         ///< The view's number.
        std::uint64_t now = 0;           ///< Milliseconds since 1970 by the view's clock.
    };
    struct answer {
        wiped_text body{};
        std::size_t count = 0; ///< Of the values in it.
    };

    /// Null: nothing is kept.
    explicit kept_answers(std::shared_ptr<const ephemeral_cipher> cipher)
        : cipher_(std::move(cipher)) {}

    auto find(const question& asked) -> std::optional<answer> {
        if (cipher_ == nullptr) return std::nullopt;
        const auto bound = bound_to(asked);
        const auto held = held_for(asked);
        if (held == nullptr || !held->answers(asked, bound)) return std::nullopt;
        answer out{wiped_text(cipher_->plain_size(held->sealed), '\0'), held->count};
        const std::span<char> text(out.body);
        if (!cipher_->open(as_bytes(bound), held->sealed, std::as_writable_bytes(text)))
            return std::nullopt;
        return out;
    }
    /// Whether there is room for such an answer at all.
    static auto has_room_for(const answer& made) noexcept -> bool {
        return made.body.size() <= largest;
    }
    /// Whether this was asked here before, in this state: once is not worth the sealing.
    auto was_asked(const question& asked) -> bool {
        if (cipher_ == nullptr) return false;
        const std::lock_guard lock(mutex_);
        auto& mine = place_of(asked);
        const auto mark = std::pair(hash_of(asked), asked.state);
        return std::exchange(mine.asked, mark) == mark;
    }
    /// Keeps an answer. `expires`: when the first of its values does, in milliseconds since 1970;
    /// 0: none does. One that is not kept is made anew, so no failure is told.
    void keep(const question& asked, const answer& made, std::uint64_t expires) noexcept {
        try {
            if (cipher_ != nullptr && has_room_for(made)) put(asked, made, expires);
        } catch (const std::exception&) { // no memory
        }
    }

private:
    void put(const question& asked, const answer& made, std::uint64_t expires) {
        auto bound = bound_to(asked);
        auto sealed = cipher_->seal(as_bytes(bound), as_bytes(std::string_view(made.body)));
        if (!sealed) return;
        auto next = std::make_shared<const kept>(kept{std::move(bound),
                                                      {asked.grants.begin(), asked.grants.end()},
                                                      asked.now,
                                                      expires,
                                                      made.count,
                                                      *std::move(sealed)});
        const std::lock_guard lock(mutex_);
        auto& mine = place_of(asked);
        drop(mine);
        while (held_bytes_ + next->sealed.size() > most_bytes)
            drop(places_[hand_++ % places_.size()]);
        held_bytes_ += next->sealed.size();
        mine.held = std::move(next);
    }

    static constexpr std::size_t largest = std::size_t{256} << 10;
    static constexpr std::size_t most_bytes = std::size_t{16} << 20;

    struct kept {
        std::string bound; ///< What it is sealed with, as AAD.
        std::vector<grant> grants;
        std::uint64_t from;
        std::uint64_t expires;
        std::size_t count;
        std::vector<std::byte> sealed;

        auto answers(const question& asked, std::string_view to) const noexcept -> bool {
            return bound == to && std::ranges::equal(grants, asked.grants) && from <= asked.now &&
                   (expires == 0 || asked.now < expires);
        }
    };
    /// Each question has one place, which it may share with others: the last one has it.
    struct place {
        std::shared_ptr<const kept> held{};
        std::pair<std::size_t, std::uint64_t> asked{};
    };

    static auto bound_to(const question& asked) -> std::string {
        std::string out;
        out.reserve(asked.token_id.size() + asked.target.size() + asked.where.environment.size() +
                    asked.where.space.size() + asked.where.actor.size() + 32);
        for (const auto part : {asked.token_id, asked.target, asked.where.environment,
                                asked.where.space, asked.where.actor})
            out.append(part).push_back('\0'); // which none of them holds
        out.append(std::to_string(asked.state));
        return out;
    }
    static auto hash_of(const question& asked) noexcept -> std::size_t {
        const std::hash<std::string_view> hash;
        return hash(asked.token_id) * 31 + hash(asked.target);
    }
    auto place_of(const question& asked) noexcept -> place& {
        return places_[hash_of(asked) % places_.size()];
    }
    auto held_for(const question& asked) -> std::shared_ptr<const kept> {
        const std::lock_guard lock(mutex_);
        return place_of(asked).held;
    }
    void drop(place& from) noexcept {
        if (from.held != nullptr) held_bytes_ -= from.held->sealed.size();
        from.held.reset();
    }

    std::shared_ptr<const ephemeral_cipher> cipher_;
    std::mutex mutex_;
    std::vector<place> places_ = std::vector<place>(1024);
    std::size_t held_bytes_ = 0;
    std::size_t hand_ = 0; ///< Whose place is freed next where there is no room.
};

} // namespace coffer::inline COFFER_ABI::http

#endif
