// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_STORE_HPP
#define COFFER_FILE_STORE_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/file/partition_file.hpp>
#include <coffer/store_rules.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::file {

struct options {
    /// What one commit may hold.
    store_limits limits{std::size_t{2} << 20, std::size_t{256} << 20};
    /// How long a commit waits for another process's commit before it is `timed_out`.
    std::chrono::milliseconds lock_patience{10'000};
    /// How many documents are kept parsed, and one descriptor open for each.
    std::size_t cached_partitions = 256;
};

class store;
inline auto open(const std::filesystem::path& folder, options how = {}) -> result<store>;

/// A folder with one JSON document per partition, `<partition>.json` (see document), for one host
/// and any number of processes. Models Store and ListableStore. A handle: copies are the same
/// store. Thread-safe. Only the child of a process that had one thread when it forked may use it:
/// where another thread was in a call, its locks stay taken in the child for ever.
///
/// A commit writes a new file, fsyncs it, renames it over the old one and fsyncs the folder, under
/// a flock on `<partition>.lock`. Loads take no lock: they see the document before or after a
/// commit. Errors: unavailable, denied, timed_out (the lock), tampered, too_large,
/// invalid_argument; the cause is the errno. README.md has the limits.
class store {
public:
    /// One consistent cut of the objects asked for; one stat if the document did not change.
    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        auto file = find(partition);
        if (!file) return file.error();
        const auto now = (*file)->read();
        if (!now) return now.error();
        cut answer{(*now)->at(), {}};
        answer.objects.reserve(keys.size());
        for (const auto& key : keys) {
            if (!is_object_key(key)) return errc::invalid_argument;
            answer.objects.push_back((*now)->find(key));
        }
        return answer;
    }

    /// All or nothing. `unknown`: the rename was done, or may have been, and what followed failed;
    /// the next load in this process makes the document durable before it answers.
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        if (auto checked = check_commit(shared_->how.limits, partition, next, writes); !checked)
            return checked.error();
        auto file = find(partition);
        if (!file) return file.error();
        return (*file)->commit(expected, next, writes);
    }

    auto limits() const noexcept -> store_limits { return shared_->how.limits; }

    /// All entries of the partition in one cut, sorted by key.
    auto list(std::string_view partition) -> result<listing> {
        auto file = find(partition);
        if (!file) return file.error();
        const auto now = (*file)->read();
        if (!now) return now.error();
        return (*now)->list();
    }

    /// The names of all partitions, sorted.
    auto partitions() -> result<std::vector<std::string>> {
        std::vector<std::string> names;
        std::error_code ec;
        std::filesystem::directory_iterator it(shared_->folder, ec);
        for (; !ec && it != std::filesystem::directory_iterator(); it.increment(ec)) {
            if (it->path().extension() != ".json") continue;
            if (auto name = it->path().stem().string(); is_partition_name(name))
                names.push_back(std::move(name));
        }
        if (ec) return failure{errc::unavailable, ec};
        std::sort(names.begin(), names.end());
        return names;
    }

private:
    struct shared {
        std::filesystem::path folder{};
        options how{};
        std::shared_mutex mutex{};
        std::map<std::string, std::shared_ptr<partition_file>, std::less<>> files{};
    };

    friend auto open(const std::filesystem::path&, options) -> result<store>;
    explicit store(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}

    auto find(std::string_view partition) -> result<std::shared_ptr<partition_file>> {
        {
            const std::shared_lock lock(shared_->mutex);
            if (const auto it = shared_->files.find(partition); it != shared_->files.end())
                return it->second;
        }
        if (!is_partition_name(partition)) return errc::invalid_argument;
        const std::unique_lock lock(shared_->mutex);
        if (shared_->files.size() >= shared_->how.cached_partitions) drop_one();
        auto& file = shared_->files[std::string(partition)];
        if (!file)
            file = std::make_shared<partition_file>(shared_->folder, partition,
                                                    shared_->how.lock_patience);
        return file;
    }
    /// Forgets the partition whose last use is longest ago and that nobody is using or owes a sync.
    void drop_one() {
        auto& files = shared_->files;
        auto oldest = files.end();
        for (auto it = files.begin(); it != files.end(); ++it) {
            if (it->second.use_count() > 1 || it->second->unsettled()) continue;
            if (oldest == files.end() || it->second->last_use() < oldest->second->last_use())
                oldest = it;
        }
        if (oldest != files.end()) files.erase(oldest);
    }

    std::shared_ptr<shared> shared_;
};

static_assert(Store<store> && ListableStore<store>);

/// Opens the store in this folder; makes it (0700), and the folders above it, if it is not there.
inline auto open(const std::filesystem::path& folder, options how) -> result<store> {
    std::error_code ec;
    auto absolute = std::filesystem::absolute(folder, ec); // the process may change its own later
    if (folder.empty() || ec) return failure{errc::invalid_argument, ec};
    if (auto made = posix::make_private_folder(absolute); !made) return made.error();
    auto shared = std::make_shared<store::shared>();
    shared->folder = std::move(absolute);
    shared->how = how;
    return store(std::move(shared));
}

} // namespace coffer::inline COFFER_ABI::file

#endif
