// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_POSIX_KNOWN_FILE_HPP
#define COFFER_POSIX_KNOWN_FILE_HPP

#include <coffer/posix/file_descriptor.hpp>

#include <optional>
#include <utility>

namespace coffer::inline COFFER_ABI::posix {

/// The file that what is held in memory was read from. It stays open: while it is, its number can't
/// come again, so one that replaced it within a tick of the file system's clock still has another
/// stamp. For files that are replaced and never written into. Default: none. Move-only.
class known_file {
public:
    known_file() = default;
    known_file(file_descriptor file, const file_stamp& read_under) noexcept
        : file_(std::move(file)), stamp_(read_under) {}

    /// What stands at a path now (posix::stamp) is this file, unchanged.
    auto stands(const std::optional<file_stamp>& now) const noexcept -> bool {
        return file_ && now && *now == stamp_;
    }

private:
    file_descriptor file_{};
    file_stamp stamp_{};
};

} // namespace coffer::inline COFFER_ABI::posix

#endif
