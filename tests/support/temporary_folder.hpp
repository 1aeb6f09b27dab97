// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_TEMPORARY_FOLDER_HPP
#define COFFER_TESTS_SUPPORT_TEMPORARY_FOLDER_HPP

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <stdlib.h>
#include <unistd.h>

namespace coffer_test {

/// A folder of its own, mode 0700, that goes with all that is in it.
class temporary_folder {
public:
    temporary_folder() : temporary_folder(std::filesystem::temp_directory_path()) {}
    /// In a file system in memory, if there is one: for tests that write a thousand times and cut
    /// no power, so that they don't wait for the disk.
    static auto in_memory() -> temporary_folder {
        const std::filesystem::path memory("/dev/shm");
        const bool writable = ::access(memory.c_str(), R_OK | W_OK | X_OK) == 0;
        return temporary_folder(writable ? memory : std::filesystem::temp_directory_path());
    }
    temporary_folder(const temporary_folder&) = delete;
    auto operator=(const temporary_folder&) -> temporary_folder& = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    auto path() const -> const std::filesystem::path& { return path_; }
    auto operator/(const std::filesystem::path& name) const -> std::filesystem::path {
        return path_ / name;
    }

private:
    explicit temporary_folder(const std::filesystem::path& in) {
        auto pattern = (in / "coffer-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::system_error(errno, std::generic_category(), "mkdtemp");
        path_ = pattern;
    }

    std::filesystem::path path_;
};

} // namespace coffer_test

#endif
