// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEY_LIFE_HPP
#define COFFER_KEY_LIFE_HPP

#include <coffer/algorithm/key_edits.hpp>
#include <coffer/entries.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI {

/// What vault::rewrap did.
struct rewrapped {
    std::string kek_id{}; ///< The KEK that wraps every DEK of the environment now.
    std::size_t deks = 0; ///< How many were under another one; 0: nothing was written.
};

/// How far vault::rotate_dek is, told after each of its commits.
struct rotation_progress {
    std::uint32_t dek = 0;       ///< The number of the DEK that all is being sealed under.
    std::size_t entries = 0;     ///< Looked at so far.
    std::size_t entries_all = 0; ///< Of the environment, when it began.
    std::size_t resealed = 0;    ///< Records that were sealed anew.
};

/// Called on the thread that rotates, between two commits. False ends the rotation there: calling
/// rotate_dek again goes on with it.
using on_rotation = std::function<bool(const rotation_progress&)>;

/// What vault::rotate_dek did.
struct dek_rotation {
    std::uint32_t dek = 0;    ///< The number of the active DEK.
    bool resumed = false;     ///< No new DEK was made: one was active already, and not done with.
    bool finished = false;    ///< Nothing is under an older DEK, and none is listed any more.
    std::size_t resealed = 0; ///< Records that were sealed anew.
    std::size_t damaged = 0;  ///< Records that can't be opened: they keep the older DEKs listed.
};

namespace detail {

/// Rotates a DEK in steps, each of which is an edit of its own: stopped anywhere it leaves a whole
/// environment, and going on needs nothing but the environment. `apply(edit)` commits one.
template <class Apply>
class rotating {
public:
    rotating(Apply apply, const environment_status& from, const on_rotation& progress)
        : apply_(std::move(apply)), progress_(progress), entries_all_(from.entries) {
        out_.dek = from.deks.back().number;
        out_.resumed = from.deks.size() > 1;
    }

    auto run() -> result<dek_rotation> {
        if (out_.resumed) {
            auto went_on = pass();
            if (!went_on || !*went_on) return answer(went_on);
            // What can't be opened is not what an earlier rotation left: that one is done with.
            if (out_.resealed != 0 || out_.damaged == 0) return finish();
            out_.resumed = false;
        }
        const auto begun = apply_(algorithm::edits::begin_rotation{out_.dek});
        if (!begun) return begun.error();
        out_.dek = *begun;
        const auto all = tell(0) ? pass() : result<bool>(false);
        return all && *all ? finish() : answer(all);
    }

private:
    auto tell(std::size_t entries) const -> bool {
        return !progress_ || progress_({out_.dek, entries, entries_all_, out_.resealed});
    }
    auto answer(const result<bool>& passed) const -> result<dek_rotation> {
        return passed ? result<dek_rotation>(out_) : passed.error();
    }
    /// Seals everything that is not under the DEK; false if it was told to stop.
    auto pass() -> result<bool> {
        algorithm::edits::reseal next{out_.dek};
        std::size_t entries = 0;
        out_.damaged = 0;
        for (;;) {
            auto part = apply_(next);
            if (!part) return part.error();
            out_.resealed += part->records;
            out_.damaged += part->damaged;
            entries += part->entries;
            if (!part->next) return tell(entries);
            if (!tell(entries)) return false;
            next.from = *std::move(part->next);
        }
    }
    auto finish() -> result<dek_rotation> {
        if (out_.damaged != 0) return out_;
        const auto dropped = apply_(algorithm::edits::drop_older_deks{out_.dek});
        if (!dropped) return dropped.error();
        out_.finished = true;
        return out_;
    }

    Apply apply_;
    const on_rotation& progress_;
    std::size_t entries_all_;
    dek_rotation out_{};
};

} // namespace detail

} // namespace coffer::inline COFFER_ABI

#endif
