// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_REFRESH_HPP
#define COFFER_ALGORITHM_REFRESH_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/algorithm/fetching.hpp>
#include <coffer/algorithm/listed_dek.hpp>
#include <coffer/algorithm/tree_reader.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// Reads the newest verified state of an environment (docs/format.md, Reading).
///
/// Value: the snapshot, which is the one given if nothing changed; null if there is no such
/// environment and nothing remembers one; a closed snapshot if it was removed. A record that is
/// missing or altered damages its own name alone (leaf::problem); all else fails the whole.
///
/// The anchor is recalled each time, also where the store says that nothing changed: it may have
/// been put back to what is held. A state that is new is remembered; where that can't be done
/// (unavailable, timed_out, denied) it is served all the same, as it was checked.
/// Errors: tampered, rolled_back, unknown_key, key_disabled, unsupported, unavailable (also after
/// 64 changed heads in a row), and what store and key side answer.
template <Cipher C>
class refresh {
public:
    using value_type = tree::snapshot_ptr<C>;
    using action = std::variant<load, list, unwrap, recall, remember, result<value_type>>;

    /// `known` is the newest snapshot held and `seen` its mark, both taken before the start.
    /// `confirm_key`: the key side is asked for the DEKs also where they are held, so that a KEK
    /// that was disabled ends the use of them, whether or not the store can be reached. `wanted`: in
    /// a snapshot of pages alone no value can be opened, and `known` is another such one.
    refresh(const C& cipher, subject of, value_type known, std::optional<mark> seen,
            bool confirm_key = false, extent wanted = extent::newest_values)
        : cipher_(cipher), of_(std::move(of)), known_(std::move(known)), seen_(seen),
          tree_(known_, wanted),
          confirm_key_(confirm_key && known_ != nullptr && !known_->closed()) {}

    auto start() -> action {
        if (known_ == nullptr) return ask(waits::head, {"head"});
        return ask(waits::probe, {});
    }

    auto on(result<cut> answer) -> action {
        if (waits_ == waits::head_of_refused) return on_head_of_refused(std::move(answer));
        if (!answer) return on_no_answer(answer.error());
        switch (waits_) {
        case waits::probe: return on_probe(answer->at);
        case waits::objects: return on_objects(std::move(*answer));
        case waits::head_again:
            if (same_head(*answer, head_id_)) return on_still_missing();
            break;
        default: break;
        }
        if (waits_ == waits::head_again && ++attempts_ >= 4)
            return on_moving_head(std::move(*answer));
        return on_head(std::move(*answer));
    }
    auto on(result<listing> answer) -> action {
        if (!answer && answer.error().code != errc::unsupported) return done(answer.error());
        if (!answer) return ask(waits::head, {"head"}); // go on by loads
        cut whole{answer->at, {std::nullopt}};
        for (auto& [key, value] : answer->entries) {
            if (key == "head")
                whole.objects[0] = std::move(value);
            else
                tree_.objects().emplace(cipher_.sha256(value), std::move(value));
        }
        complete_cut_ = true;
        return on_head(std::move(whole));
    }
    auto on(result<key_bytes> answer) -> action {
        const bool refused = !answer && (answer.error().code == errc::unknown_key ||
                                         answer.error().code == errc::key_disabled);
        if (!refused || away_) return on_dek(std::move(answer));
        refusal_ = answer.error();
        return ask(waits::head_of_refused, {"head"});
    }
    auto on(result<std::optional<mark>> answer) -> action {
        if (!answer) return done(answer.error());
        recalled_ = true;
        anchor_ = *answer;
        if (absent_) return on_anchor_of_absent();
        return unchanged_ ? on_anchor_of_known() : check_marks();
    }
    auto on(result<mark> answer) -> action {
        if (!answer && !is_unwritten(answer.error().code)) return done(answer.error());
        return done(std::move(made_));
    }

private:
    enum class waits : unsigned char { probe, head, objects, head_again, head_of_refused };

    auto ask(waits what, std::vector<std::string> keys) -> action {
        waits_ = what;
        complete_cut_ = false; // of another state than the store's by now
        return load{of_.partition, std::move(keys)};
    }
    static auto done(result<value_type> with) -> action {
        return action(std::in_place_type<result<value_type>>, std::move(with));
    }
    /// Of the key side's answers only these say something of the key itself.
    static auto is_of_the_key(errc code) noexcept -> bool {
        return code == errc::unknown_key || code == errc::key_disabled || code == errc::tampered;
    }
    /// The anchor could not be moved, and nothing is wrong with what it says.
    static auto is_unwritten(errc code) noexcept -> bool {
        return is_away(code) || code == errc::denied;
    }

    auto on_dek(result<key_bytes> answer) -> action {
        if (confirming_) return on_confirmed(answer ? result<void>() : answer.error());
        const auto& listed = *pending_dek_;
        if (!answer) {
            const bool active = listed.number == head_.active().number;
            const auto code = answer.error().code;
            if (active || !is_of_the_key(code)) return done(answer.error());
            tree_.refuse_dek(listed.number, code);
            return proceed();
        }
        auto keys = keys_of(cipher_, of_, listed, *answer);
        if (!keys) return done(keys.error());
        tree_.add_keys(*std::move(keys));
        return verified_ ? proceed() : on_active_key();
    }
    /// A KEK may be refused because the DEK is under another one by now: only if the head is still
    /// the same, or can't be asked for, is that the last word.
    auto on_head_of_refused(result<cut> answer) -> action {
        if (!answer || same_head(*answer, confirming_ ? known_->head_id : head_id_))
            return on_dek(*refusal_);
        if (std::exchange(confirming_, false)) confirm_key_ = true;
        to_confirm_.clear();
        return ++attempts_ >= 4 ? on_moving_head(std::move(*answer)) : on_head(std::move(*answer));
    }

    /// The store is away. What is held may stand in, unless its key was taken away meanwhile.
    auto on_no_answer(const failure& why) -> action {
        if (!is_away(why.code) || !confirm_key_) return done(why);
        away_ = why;
        return confirm();
    }
    /// Asks for each DEK that is held, the active one first.
    auto confirm() -> action {
        confirm_key_ = false;
        for (const auto& d : known_->head.deks)
            if (known_->keys->find(d.number) != nullptr) to_confirm_.push_back(&d);
        return confirm_next();
    }
    auto confirm_next() -> action {
        confirming_ = true;
        const auto* next = to_confirm_.back();
        to_confirm_.pop_back();
        return unwrap_dek(*next);
    }
    auto on_confirmed(const result<void>& answer) -> action {
        if (answer && !to_confirm_.empty()) return confirm_next();
        confirming_ = false;
        if (away_) return done(!answer && !is_away(answer.error().code) ? answer.error() : *away_);
        if (answer) return on_probe(known_->at);
        const bool active = pending_dek_->number == known_->head.active().number;
        if (active || !is_of_the_key(answer.error().code)) return done(answer.error());
        tree_.forget_held(); // what lies under that DEK is to be told as to one who holds nothing
        return ask(waits::head, {"head"});
    }

    auto on_probe(const revision& at) -> action {
        if (at != known_->at) return ask(waits::head, {"head"});
        if (confirm_key_) return confirm();
        unchanged_ = true;
        return recall{of_.realm, of_.environment};
    }
    auto on_anchor_of_known() -> action {
        using format::mark_verdict;
        const auto verdict =
            anchor_ ? format::compare_mark(known_->head, *anchor_) : mark_verdict::newer;
        if (verdict == mark_verdict::forked) return done(errc::rolled_back);
        if (verdict == mark_verdict::older) { // the store may be, or was put back: see check_marks
            asked_after_anchor_ = true;
            return ask(waits::head, {"head"});
        }
        if (known_->pages.damaged() == 0) return done(known_);
        // What was missing may be back: the head is still verified, only its records are looked
        // for.
        head_ = known_->head;
        head_id_ = known_->head_id;
        at_ = known_->at;
        tree_.begin_held();
        verified_ = true;
        return proceed();
    }

    /// Another may have made it, and anchored, between our look at the store and our look at the
    /// anchor: as in check_marks.
    auto on_anchor_of_absent() -> action {
        if (!anchor_) return done(value_type{});
        if (std::exchange(asked_after_anchor_, true)) return done(errc::tampered);
        absent_ = false;
        return ask(waits::head, {"head"});
    }

    auto on_moving_head(cut&& answer) -> action {
        if (attempts_ >= 64) return done(errc::unavailable);
        if (attempts_ == 4) return list{of_.partition};
        return on_head(std::move(answer));
    }

    auto on_head(cut&& answer) -> action {
        if (answer.objects.size() != 1) return done(errc::tampered);
        if (!answer.objects[0]) return on_no_head(answer.at);
        head_bytes_ = std::move(*answer.objects[0]);
        auto parsed = format::decode_head(head_bytes_);
        if (!parsed) return done(parsed.error());
        head_ = *std::move(parsed);
        if (head_.realm != of_.realm || head_.environment != of_.environment)
            return done(errc::tampered);
        at_ = answer.at;
        head_id_ = format::revision_of(cipher_.sha256(head_bytes_));
        unchanged_ = false;
        verified_ = false;
        tree_.begin(head_, std::exchange(confirm_key_, false));
        if (tree_.keys().find(head_.active().number) == nullptr) return unwrap_dek(head_.active());
        return on_active_key();
    }

    auto on_no_head(const revision& at) -> action {
        if (at != revision{} || known_ != nullptr || seen_) return done(errc::tampered);
        absent_ = true;
        return recall{of_.realm, of_.environment};
    }

    auto unwrap_dek(const format::head_dek& listed) -> action {
        pending_dek_ = listed;
        return unwrap_of(of_, listed);
    }

    auto on_active_key() -> action {
        const auto signed_part =
            byte_view(head_bytes_).first(head_bytes_.size() - head_.mac.size());
        const auto mac = tree_.keys().find(head_.active().number)->head_mac(signed_part);
        if (!equal_constant_time(mac, head_.mac)) return done(errc::tampered);
        verified_ = true;
        if (!recalled_) return recall{of_.realm, of_.environment};
        return check_marks();
    }

    auto check_marks() -> action {
        using format::mark_verdict;
        for (const auto& m : {seen_, anchor_}) {
            if (!m) continue;
            const auto verdict = format::compare_mark(head_, *m);
            if (verdict == mark_verdict::same || verdict == mark_verdict::newer) continue;
            // Another process may have committed and anchored between our look at the store and our
            // look at the anchor: the store, asked once more, is then no older than the anchor.
            if (verdict == mark_verdict::older && m == anchor_ && m != seen_ &&
                !asked_after_anchor_) {
                asked_after_anchor_ = true;
                return ask(waits::head, {"head"});
            }
            return done(errc::rolled_back);
        }
        return proceed();
    }

    /// Goes as far as what is held allows, and asks for what is missing.
    auto proceed() -> action {
        if (head_.closed()) return finish({});
        auto next = tree_.go_on(head_);
        return std::visit(
            [&]<class A>(A& what) -> action {
                if constexpr (std::is_same_v<A, std::vector<format::object_name>>)
                    return fetch(std::move(what));
                else if constexpr (std::is_same_v<A, format::head_dek>)
                    return unwrap_dek(what);
                else
                    return what ? finish(*std::move(what)) : done(what.error());
            },
            next);
    }

    auto fetch(std::vector<format::object_name> names) -> action {
        fetching_ = fetching(std::move(names));
        if (complete_cut_) { // what a complete cut does not hold is nowhere
            fetching_.give_up();
            return on_still_missing();
        }
        return ask(waits::objects, fetching_.keys());
    }
    auto on_objects(cut&& answer) -> action {
        if (!fetching_.take(std::move(answer), cipher_, tree_.objects()))
            return done(errc::tampered);
        if (!fetching_.ended()) return ask(waits::objects, fetching_.keys());
        if (!fetching_.missing().empty()) return ask(waits::head_again, {"head"});
        return proceed();
    }
    auto same_head(const cut& answer, const revision& id) const -> bool {
        if (answer.objects.size() != 1 || !answer.objects[0]) return false;
        return format::revision_of(cipher_.sha256(*answer.objects[0])) == id;
    }
    /// The head that names them is still the newest, and they are not there: they were taken away.
    auto on_still_missing() -> action {
        if (!tree_.lose(fetching_.missing())) return done(errc::tampered);
        return proceed();
    }

    auto finish(std::vector<tree::placed_page> placed) -> action {
        const auto& held = tree_.held();
        const bool had = held != nullptr && !held->closed();
        tree::page_set pages(std::move(placed), had ? &held->pages : nullptr);
        if (pages.has_orphans()) return done(errc::tampered);
        made_ = std::make_shared<const tree::snapshot<C>>(
            tree::snapshot<C>{head_, head_id_, at_, tree_.take_keys(), std::move(pages)});
        if (unchanged_ || anchor_ == head_.mark_of()) return done(std::move(made_));
        return remember{of_.realm, of_.environment, head_.lineage_of()};
    }

    C cipher_;
    subject of_;
    value_type known_;
    std::optional<mark> seen_;
    tree_reader<C> tree_;
    fetching fetching_{};
    bool confirm_key_ = false; ///< Still to be done.
    bool confirming_ = false;
    std::vector<const format::head_dek*> to_confirm_{};
    std::optional<failure> away_{};
    std::optional<failure> refusal_{};
    std::optional<mark> anchor_{};
    bool recalled_ = false;
    waits waits_ = waits::head;
    bool unchanged_ = false; ///< The store says that `known_` is the newest.
    bool asked_after_anchor_ = false;
    bool absent_ = false;
    bool verified_ = false;     ///< The head's MAC was right.
    bool complete_cut_ = false; ///< The cache holds all objects of one committed state.
    unsigned attempts_ = 0;
    bytes head_bytes_{};
    format::head head_{};
    revision head_id_{};
    revision at_{};
    std::optional<format::head_dek> pending_dek_{};
    value_type made_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
