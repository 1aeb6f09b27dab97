// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_AUDIT_FILES_HPP
#define COFFER_HTTP_DETAIL_AUDIT_FILES_HPP

#include <coffer/http/detail/audit_line.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/// The files of an audit log: `audit-<first seq>.jsonl`, each going on where the one before ends.
namespace coffer::inline COFFER_ABI::http::detail {

inline auto system_failure(errc code = errc::unavailable) -> failure {
    return {code, std::error_code(errno, std::system_category())};
}

/// An open file. Move-only.
class audit_file {
public:
    audit_file() noexcept = default;
    explicit audit_file(int fd) noexcept : fd_(fd) {}
    audit_file(audit_file&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    auto operator=(audit_file&& other) noexcept -> audit_file& {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~audit_file() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// `flags` as open(2) has them. What is made is for its owner alone.
    static auto open(const std::filesystem::path& path, int flags) -> result<audit_file> {
        const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd >= 0) return audit_file(fd);
        return system_failure(errno == ENOENT   ? errc::not_found
                              : errno == EACCES ? errc::denied
                                                : errc::unavailable);
    }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    auto fd() const noexcept -> int { return fd_; }
    auto size() const noexcept -> std::uint64_t {
        struct stat facts {};
        return ::fstat(fd_, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
    }
    auto write_all(std::string_view text) const noexcept -> bool {
        while (!text.empty()) {
            const auto n = ::write(fd_, text.data(), text.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    auto cut(std::uint64_t size) const noexcept -> bool {
        return ::ftruncate(fd_, static_cast<off_t>(size)) == 0;
    }
    auto sync() const noexcept -> bool { return ::fsync(fd_) == 0; }
    /// Up to `size` bytes from `from`; fewer at the end and where it can't be read.
    auto read_at(std::uint64_t from, std::size_t size) const -> std::string {
        std::string out(size, '\0');
        std::size_t got = 0;
        while (got < size) {
            const auto n =
                ::pread(fd_, out.data() + got, size - got, static_cast<off_t>(from + got));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            got += static_cast<std::size_t>(n);
        }
        out.resize(got);
        return out;
    }

private:
    int fd_ = -1;
};

/// One of the files.
struct audit_segment {
    std::filesystem::path path{};
    std::uint64_t first = 0;
};

/// What `audit-7.jsonl` begins with: 7. 0 for any other name.
inline auto first_of(const std::filesystem::path& path) -> std::uint64_t {
    const auto name = path.filename().string();
    constexpr std::string_view before = "audit-", behind = ".jsonl";
    if (!name.starts_with(before) || !name.ends_with(behind)) return 0;
    const auto* from = name.data() + before.size();
    const auto* to = name.data() + name.size() - behind.size();
    std::uint64_t out = 0;
    const auto read = std::from_chars(from, to, out);
    return read.ec == std::errc{} && read.ptr == to ? out : 0;
}
inline auto name_of_segment(std::uint64_t first) -> std::string {
    return "audit-" + std::to_string(first) + ".jsonl";
}
inline void in_order(std::vector<audit_segment>& all) {
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
}
/// The files in a folder, in their order. Errors: unavailable.
inline auto segments_in(const std::filesystem::path& folder) -> result<std::vector<audit_segment>> {
    std::vector<audit_segment> out;
    std::error_code why;
    for (std::filesystem::directory_iterator at(folder, why), end; !why && at != end;
         at.increment(why))
        if (const auto first = first_of(at->path()); first != 0) out.push_back({at->path(), first});
    if (why) return failure(errc::unavailable, why);
    in_order(out);
    return out;
}

/// The lines of a file in their order, in bounded memory.
class audit_lines {
public:
    explicit audit_lines(const audit_file& file, std::uint64_t from = 0)
        : file_(&file), begin_(from), next_(from) {}

    /// Goes to the next line; false at the end of the file, of which nothing is left then.
    auto next() -> bool {
        begin_ = next_;
        std::size_t looked = 0;
        for (;;) {
            const auto end = held_.find('\n', used_ + looked);
            if (end != held_.npos) return found(end - used_, true);
            looked = held_.size() - used_;
            if (looked > longest_audit_line) return found(looked, false);
            held_.erase(0, std::exchange(used_, 0));
            const auto more = file_->read_at(begin_ + looked, block);
            if (more.empty()) return looked != 0 && found(looked, false);
            held_ += more;
        }
    }
    /// Without its end; valid until the next call.
    auto text() const noexcept -> std::string_view { return text_; }
    /// Its end was there. One that is too long comes in pieces without.
    auto is_whole() const noexcept -> bool { return whole_; }
    auto begin() const noexcept -> std::uint64_t { return begin_; }
    auto end() const noexcept -> std::uint64_t { return next_; }

private:
    static constexpr std::size_t block = 256 * 1024;

    auto found(std::size_t size, bool whole) -> bool {
        text_ = std::string_view(held_).substr(used_, size);
        whole_ = whole;
        used_ += size + (whole ? 1 : 0);
        next_ = begin_ + size + (whole ? 1 : 0);
        return true;
    }

    const audit_file* file_;
    std::uint64_t begin_;
    std::uint64_t next_;
    std::string held_{};
    std::size_t used_ = 0;
    std::string_view text_{};
    bool whole_ = false;
};

/// The lines of a file from its last to its first.
class audit_lines_back {
public:
    explicit audit_lines_back(const audit_file& file) : file_(&file), from_(file.size()) {
        // What has no end yet is no line.
        while (held_.find('\n') == held_.npos && more()) {
        }
        held_.erase(held_.find_last_of('\n') + 1);
    }
    /// Goes to the line before; false at the beginning of the file.
    auto next() -> bool {
        if (!held_.empty()) held_.pop_back();
        for (;;) {
            const auto end = held_.find_last_of('\n');
            if (end != held_.npos) return found(end + 1);
            if (!more()) return !held_.empty() && found(0);
            if (held_.size() > longest_audit_line + block) return false;
        }
    }
    /// Without its end; valid until the next call.
    auto text() const noexcept -> std::string_view { return text_; }

private:
    static constexpr std::size_t block = 64 * 1024;

    auto more() -> bool {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block, from_));
        if (size == 0) return false;
        from_ -= size;
        held_.insert(0, file_->read_at(from_, size));
        return true;
    }
    auto found(std::size_t begin) -> bool {
        text_storage_ = held_.substr(begin);
        text_ = text_storage_;
        held_.erase(begin);
        return true;
    }

    const audit_file* file_;
    std::uint64_t from_;
    std::string held_{};
    std::string text_storage_{};
    std::string_view text_{};
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
