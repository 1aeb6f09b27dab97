// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_KEY_EDITS_HPP
#define COFFER_ALGORITHM_KEY_EDITS_HPP

#include <coffer/algorithm/edit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

/// The edits of an environment's keys (docs/format.md, Writing, steps 6 and 7). Values, versions
/// and ids stay as they are. From the commit of a new DEK on every writer seals under it alone, so
/// what is under an older one only ever gets less: that makes a rotation resumable.
namespace coffer::inline COFFER_ABI::algorithm::edits {

/// Wraps every DEK that is under another KEK under this one.
struct rewrap_all {
    using value_type = std::size_t; ///< How many were.
    static constexpr bool commits_alone = true;
    std::string kek_id{};

    auto operator()(tree::draft& d) const -> result<std::size_t> {
        if (d.deks().empty()) return errc::unknown_scope;
        std::size_t count = 0;
        for (const auto& dek : d.deks())
            if (dek.kek_id != kek_id) {
                d.keys().rewrap.insert_or_assign(dek.number, kek_id);
                ++count;
            }
        return count;
    }
};

/// Makes a new DEK the active one, unless another than `instead_of` is active already. Errors:
/// too_large (the head lists as many DEKs as it may).
struct begin_rotation {
    using value_type = std::uint32_t; ///< The number of the active DEK.
    static constexpr bool commits_alone = true;
    std::uint32_t instead_of = 0;

    auto operator()(tree::draft& d) const -> result<std::uint32_t> {
        if (d.deks().empty()) return errc::unknown_scope;
        const auto active = d.deks().back().number;
        if (active != instead_of) return active;
        if (d.deks().size() >= format::limits::deks) return errc::too_large;
        d.keys().add = true;
        return active + 1;
    }
};

/// What sealing a part of an environment anew gave.
struct resealed_part {
    std::size_t records = 0; ///< Sealed anew.
    std::size_t entries = 0; ///< Looked at to the end.
    std::size_t damaged = 0; ///< Records that can't be opened: they stay as they are.
    std::optional<format::entry_key> next{}; ///< Where to go on; none: this was the last part.
};

/// Seals under the active DEK what is under older ones, from a key on: whole pages until so many
/// records were sealed, fewer where their values are large. Errors: conflict (another DEK is
/// active).
struct reseal {
    using value_type = resealed_part;
    std::uint32_t active = 0;
    format::entry_key from{};
    std::size_t records = 1000;
    std::size_t value_bytes = std::size_t{8} << 20;

    auto operator()(tree::draft& d) const -> result<resealed_part> {
        if (d.deks().empty()) return errc::unknown_scope;
        if (d.deks().back().number != active) return errc::conflict;
        work w{d, *this, {}, 0, 0, {}};
        const auto& pages = d.base()->pages();
        for (auto p = d.base()->page_of(from); p < pages.size() && !w.out.next; ++p) {
            if (w.waiting == 0 && w.out.records >= records) {
                w.out.next = pages[p].ref.first;
                break;
            }
            w.seal_page(*pages[p].node);
        }
        if (w.waiting != 0) return errc::unavailable; // the records are loaded, and this runs again
        if (w.failed) return *w.failed;
        return std::move(w.out);
    }

private:
    struct work {
        tree::draft& d;
        const reseal& plan;
        resealed_part out{};
        std::size_t bytes_staged = 0;
        std::size_t waiting = 0; ///< Records that have to be loaded first.
        std::optional<failure> failed{};

        void seal_page(const tree::page_node& page) {
            constexpr std::size_t most_waiting = 128; // of any size: they are held all at once
            bool touched = false;
            for (const auto& was : page.entries) {
                if (was.key < plan.from) continue;
                if (waiting >= most_waiting || failed || bytes_staged >= plan.value_bytes) {
                    out.next = was.key;
                    return;
                }
                touched = seal_entry(was.key) || touched;
                if (out.next) return;
            }
            if (waiting != 0 || touched || page.dek == plan.active) return;
            // The page itself is under an older one: setting any of its entries seals it anew.
            if (const auto* first = d.find(page.entries.front().key)) d.set(*first);
        }
        /// Whether any version was sealed anew.
        auto seal_entry(const format::entry_key& key) -> bool {
            const auto* now = d.find(key);
            if (now == nullptr) return false;
            auto next = *now;
            bool touched = false;
            for (auto& v : next.versions) {
                // A staged one: another edit of this commit has just put it.
                if (v.state != format::entry_state::value || d.staged().contains({key, v.number}))
                    continue;
                if (bytes_staged >= plan.value_bytes) out.next = key; // the rest of it next time
                if (out.next || failed) break;
                touched = seal_version(key, v) || touched;
            }
            if (touched) d.set(std::move(next));
            if (!out.next) ++out.entries;
            return touched;
        }
        auto seal_version(const format::entry_key& key, format::entry_version& v) -> bool {
            const auto number = d.source().dek_of(key, v);
            if (number && *number == plan.active) return false;
            if (!number && number.error() == errc::unavailable) {
                ++waiting;
                return false;
            }
            if (!number) {
                ++out.damaged;
                return false;
            }
            if (waiting != 0) return false; // this run only finds out what to load
            const auto value = d.value_of(key, v);
            if (!value) {
                note(value.error());
                return false;
            }
            d.stage(key, v.number, *value);
            v.record = {};
            bytes_staged += value->size();
            ++out.records;
            return true;
        }
        /// What can't be opened stays; but when the key side can't be asked, that says nothing.
        void note(const failure& why) {
            if (tree::is_damage(why.code))
                ++out.damaged;
            else
                failed = why;
        }
    };
};

/// Takes the DEKs older than the active one out of the head, once a run of reseal over all entries
/// found nothing damaged. Errors: conflict (another DEK is active, or something is still under an
/// older one).
struct drop_older_deks {
    using value_type = std::size_t; ///< How many were.
    std::uint32_t active = 0;

    auto operator()(tree::draft& d) const -> result<std::size_t> {
        if (d.deks().empty()) return errc::unknown_scope;
        if (d.deks().back().number != active) return errc::conflict;
        for (const auto& page : d.base()->pages())
            if (page.node->dek != active || !std::ranges::all_of(page.node->leaves, [&](auto& l) {
                    return l->state() != format::entry_state::value || l->dek() == active;
                }))
                return errc::conflict;
        const auto older = d.deks().first(d.deks().size() - 1);
        for (const auto& dek : older)
            d.keys().drop.push_back(dek.number);
        return older.size();
    }
};

} // namespace coffer::inline COFFER_ABI::algorithm::edits

#endif
