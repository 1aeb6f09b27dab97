// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_AUDIT_LOG_HPP
#define COFFER_HTTP_AUDIT_LOG_HPP

#include <coffer/http/audit_hook.hpp>
#include <coffer/http/detail/audit_journal.hpp>
#include <coffer/http/rate_limit.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/statvfs.h>

namespace coffer::inline COFFER_ABI::http {

struct audit_options {
    /// Bytes of one file; then the next is begun. Room of that size is taken ahead, which has to be
    /// more than the lines of all changes that can be under way at once: as many MiB as requests.
    std::uint64_t segment_size = 64 * 1024 * 1024;
    /// Refused log-ins of one address make one line in this time.
    std::chrono::milliseconds refusals_every = std::chrono::minutes(1);
};

/// The audit log in a folder: JSON lines, each chained to the one before by a MAC (see
/// audit_verify.hpp, which checks them). Names are written, values and tokens never. Thread-safe.
///
///     auto log = http::audit_log::open(vault, "/var/log/coffer").value();
///     http::api service(vault, {.tokens = …, .audit = log, .more = http::x::audit_routes(log)});
///
/// Records that come at the same time share one fsync. While the disk is full, append() answers
/// false, and the service 503; it goes on by itself once there is room, with a line that says that
/// some are missing (`audit.resumed`). No change is made whose record could fail for that:
/// prepare() makes sure of room for the longest line there is, and no other line is written into
/// it. What a change writes besides (a line for each token that ended with a space) goes there too,
/// and has room for certain together with its own only up to that length. What is refused to nobody
/// (a failed log-in, a sign-in too many) is counted, and not waited for: one line an address (of
/// IPv6, its first 64 bits) and a minute.
class audit_log final : public audit_hook {
public:
    /// Goes on with what is in the folder, or begins; makes the key if the store has none. Errors:
    /// denied (the folder is open to others), conflict (another process writes there), tampered
    /// (its lines were written with the key of another store), rolled_back (what its newest file
    /// should go on from is not there), unavailable, those of the vault.
    static auto open(any_vault vault, const std::filesystem::path& folder, audit_options how = {})
        -> result<std::shared_ptr<audit_log>> {
        auto key = audit_key::find_or_make(std::move(vault));
        if (!key) return key.error();
        auto files = detail::audit_journal::open(folder, *std::move(key), how.segment_size);
        if (!files) return files.error();
        auto out = std::shared_ptr<audit_log>(new audit_log(folder, *std::move(files), how));
        if (!out->found_.empty()) (void)out->submit({}, use::other);
        return out;
    }
    /// Writes what is still to be written, and the head.
    ~audit_log() override {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        wake_.notify_one();
        flusher_.join();
        (void)files_->save_head(wall_now());
    }

    auto append(const audit_record& r) -> bool override try {
        if (r.principal_id.empty() && r.status >= 400 && r.takes == audit_record::room::none)
            return count_refusal(r.peer);
        return submit(detail::audit_members(r, wall_now()), use_of(r));
    } catch (...) { // no memory, or too much for a line: nothing was written
        if (r.takes == audit_record::room::last) give_back_room();
        return false;
    }
    /// Waits for the disk only where the file system has not reserved the room of the lines to
    /// come.
    auto prepare(const audit_record& begun) -> bool override try {
        if (!writable()) return false;
        {
            const std::lock_guard lock(mutex_);
            if (reserved_) {
                ++prepared_;
                return true;
            }
        }
        return submit(detail::audit_members(begun, wall_now()), use::begins);
    } catch (...) {
        return false;
    }
    /// While it could not be written, tries to.
    auto writable() -> bool override try {
        {
            const std::lock_guard lock(mutex_);
            if (!failed_) return true;
        }
        return submit({}, use::other);
    } catch (...) {
        return false;
    }
    /// What those who run the service should know; empty: nothing.
    auto warning() -> std::string override {
        const std::lock_guard lock(mutex_);
        auto out = found_;
        if (!has_room_)
            out +=
                (out.empty() ? "" : "; ") +
                std::string("the disk of the audit log has no room for another file of it: when ") +
                std::to_string(left_ >> 10) + " KiB are used up, requests are refused";
        return out;
    }
    /// How full the disk is that it lies on; what is reserved for the log counts as used.
    auto full_percent() const noexcept -> unsigned override {
        struct statvfs disk {};
        if (::statvfs(folder_.c_str(), &disk) != 0 || disk.f_blocks == 0) return 0;
        return static_cast<unsigned>((disk.f_blocks - disk.f_bavail) * 100 / disk.f_blocks);
    }

    /// The last line that is durable; `at`: when it was last written down as the head.
    auto head() const -> audit_head {
        const std::lock_guard lock(mutex_);
        return head_;
    }
    auto folder() const noexcept -> const std::filesystem::path& { return folder_; }
    /// Checks it from that line on, up to what is durable now. Errors: unavailable; denied,
    /// not_found; invalid_argument (it does not go as far as `first`).
    auto verify(std::uint64_t first = 1) const -> result<audit_verdict> {
        auto all = detail::segments_in(folder_);
        if (!all) return all.error();
        audit_expectation expected;
        expected.first = first;
        expected.head = head();
        if (first > std::max<std::uint64_t>(expected.head->seq, 1)) return errc::invalid_argument;
        expected.stop_at_head = true;
        return audit_verifier(files_->key(), std::move(expected)).run(*std::move(all));
    }
    /// Records that wait for the disk.
    auto waiting() const -> std::size_t {
        const std::lock_guard lock(mutex_);
        return queue_.size();
    }

private:
    /// What a line is to the room that is kept for changes. Where not all lines of a batch have
    /// room, those that come first here are written.
    enum class use : unsigned char {
        part,  ///< It goes into that of a change,
        last,  ///< and this is the last that does.
        other, ///< None.
        begins ///< Behind it room is to be kept.
    };
    static auto use_of(const audit_record& r) noexcept -> use {
        if (r.takes == audit_record::room::none) return use::other;
        return r.takes == audit_record::room::part ? use::part : use::last;
    }
    struct submitted {
        std::string members{}; ///< None: only what the log itself has to say.
        use as = use::other;
        bool done = false;
        bool written = false;
    };

    audit_log(std::filesystem::path folder, std::unique_ptr<detail::audit_journal> files,
              audit_options how)
        : folder_(std::move(folder)), files_(std::move(files)), how_(how), found_(files_->found()),
          untold_(!found_.empty()), head_{files_->last().seq, files_->last().mac, 0},
          has_room_(files_->has_room()), reserved_(files_->is_reserved()), left_(room_left()),
          flusher_([this] { flush_all(); }) {}

    /// Bytes that it can still write.
    auto room_left() const noexcept -> std::uint64_t {
        return files_->reserved() + files_->free_bytes();
    }
    auto submit(std::string members, use as) -> bool {
        submitted one{std::move(members), as};
        std::unique_lock lock(mutex_);
        if (ending_) return false;
        queue_.push_back(&one);
        wake_.notify_one();
        done_.wait(lock, [&] { return one.done; });
        return one.written;
    }
    void give_back_room() noexcept {
        const std::lock_guard lock(mutex_);
        --prepared_;
    }
    /// By what a client can't change at will; of more addresses than are worth a line each, only
    /// the sum is kept.
    auto count_refusal(std::string_view address) -> bool {
        constexpr std::size_t most_peers = 256;
        const auto peer = address_key(address);
        const std::lock_guard lock(mutex_);
        if (refusals_.empty())
            refusals_due_ = std::chrono::steady_clock::now() + how_.refusals_every;
        const bool room = refusals_.size() < most_peers || refusals_.contains(peer);
        ++refusals_[room ? peer : std::string()];
        wake_.notify_one();
        return true;
    }

    /// What the thread that writes does until the end.
    void flush_all() {
        std::unique_lock lock(mutex_);
        for (;;) {
            const auto asked = [&] { return ending_ || !queue_.empty(); };
            if (refusals_.empty())
                wake_.wait(lock, [&] { return asked() || !refusals_.empty(); });
            else
                wake_.wait_until(lock, refusals_due_, asked);
            const auto batch = std::exchange(queue_, {});
            auto counted = take_refusals();
            const auto prepared = prepared_;
            if (batch.empty() && counted.empty()) {
                if (ending_) return;
                continue;
            }
            lock.unlock();
            const bool written = write(batch, counted, prepared);
            lock.lock();
            finish(batch, written);
            if (!written && !ending_) keep(std::move(counted));
        }
    }
    using counts = std::map<std::string, std::size_t, std::less<>>;
    auto take_refusals() -> counts {
        if (refusals_.empty()) return {};
        if (!ending_ && std::chrono::steady_clock::now() < refusals_due_) return {};
        return std::exchange(refusals_, {});
    }
    void
    keep(counts again) noexcept { // takes no memory: want of it may be why they were not written
        refusals_.merge(again);
        for (const auto& [peer, n] : again) // those that were counted meanwhile
            refusals_.find(peer)->second += n;
        refusals_due_ = std::chrono::steady_clock::now() + how_.refusals_every;
    }
    /// What the log itself has to say, before all else: what it found when it was opened, and that
    /// lines are missing which could not be written.
    auto own_lines() const -> std::vector<std::string> {
        std::vector<std::string> out;
        const auto add = [&](std::string_view why, std::string details) {
            audit_record r;
            r.action = audit_resumed;
            r.reason = why;
            r.details = std::move(details);
            r.status = 200;
            out.push_back(detail::audit_members(r, wall_now()));
        };
        if (untold_) add(found_, files_->lost_head() ? details_of(*files_->lost_head()) : "");
        if (gap_) add("the log could not be written for a while", "");
        return out;
    }
    static void add_lines_of(const counts& refused, std::vector<std::string>& out) {
        for (const auto& [peer, n] : refused) {
            audit_record r;
            r.action = "login.refused";
            r.count = n;
            r.status = 401;
            r.peer = peer;
            out.push_back(detail::audit_members(r, wall_now()));
        }
    }
    /// Whether the lines of a batch up to that use, and `more` of none, leave room for the changes
    /// that will still be under way.
    auto leaves_room(const std::vector<submitted*>& batch, const std::vector<std::string>& more,
                     std::uint64_t prepared, use upto) -> bool {
        if (files_->is_reserved()) return true;
        std::uint64_t bytes = 0;
        for (const auto* one : batch) {
            if (one->as > upto) continue;
            bytes += detail::size_of_line(one->members);
            if (one->as == use::last) --prepared;
            if (one->as == use::begins) ++prepared;
        }
        for (const auto& members : more)
            bytes += detail::size_of_line(members);
        constexpr std::uint64_t longest = detail::longest_audit_line + 1;
        return prepared == 0 || files_->take_room(bytes + prepared * longest);
    }
    /// Tells each of a batch whether it is written. False: one that tells of what was done is not.
    auto write(const std::vector<submitted*>& batch, const counts& refused, std::uint64_t prepared)
        -> bool try {
        auto lines = own_lines();
        add_lines_of(refused, lines);
        auto upto = use::begins;
        if (!leaves_room(batch, lines, prepared, upto)) upto = use::other;
        bool all = true;
        if (upto == use::other && !leaves_room(batch, lines, prepared, upto)) {
            upto = use::last;
            all = lines.empty();
            lines.clear();
        }
        for (auto* one : batch) {
            all = all && (one->as <= upto || one->as == use::begins);
            if (one->as <= upto && !one->members.empty()) lines.push_back(std::move(one->members));
        }
        gap_ = gap_ || !all;
        if (!lines.empty() && !files_->write(lines, wall_now())) {
            gap_ = true;
            return false;
        }
        for (auto* one : batch)
            one->written = one->as <= upto;
        if (upto > use::last) untold_ = gap_ = false;
        return all;
    } catch (...) { // no memory
        gap_ = true;
        return false;
    }
    void finish(const std::vector<submitted*>& batch, bool written) noexcept {
        failed_ = !written;
        has_room_ = files_->has_room();
        reserved_ = files_->is_reserved();
        if (!has_room_) left_ = room_left();
        head_.seq = files_->last().seq;
        head_.mac = files_->last().mac; // of the same length: that takes no memory
        head_.at = files_->saved();
        for (auto* one : batch) {
            if (one->as == use::last) --prepared_;
            if (one->as == use::begins && one->written) ++prepared_;
            one->done = true;
        }
        done_.notify_all();
    }

    const std::filesystem::path folder_;
    const std::unique_ptr<detail::audit_journal> files_; ///< The flusher's alone, but for its key.
    const audit_options how_;
    const std::string found_;
    bool untold_;      ///< What was found is not in the log yet. The flusher's alone, as
    bool gap_ = false; ///< that lines are missing since the last one.

    mutable std::mutex mutex_{};
    std::condition_variable wake_{};
    std::condition_variable done_{};
    std::vector<submitted*> queue_{};
    counts refusals_{};
    std::chrono::steady_clock::time_point refusals_due_{};
    audit_head head_;
    bool has_room_;
    bool reserved_;
    std::uint64_t left_;
    std::uint64_t prepared_ = 0; ///< Changes that are under way, for each of which room is kept.
    bool failed_ = false;
    bool ending_ = false;
    std::thread flusher_; ///< The last member: it uses all others.
};

} // namespace coffer::inline COFFER_ABI::http

#endif
