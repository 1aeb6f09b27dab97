// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_TESTS_FILE_SUPPORT_HPP
#define COFFER_FILE_TESTS_FILE_SUPPORT_HPP

#include <coffer/file/store.hpp>
#include <coffer/testing/laws/store_subject.hpp>

#include <support/temporary_folder.hpp>

#include <fstream>
#include <iterator>

namespace file_test {

namespace fs = std::filesystem;
using coffer::testing::laws::none;
using coffer::testing::laws::put;
using coffer::testing::laws::rev;
using coffer::testing::laws::text;

inline const std::vector<std::string> head{"head"};

/// Commits a head to partition p.
inline auto commit(coffer::file::store& s, coffer::revision expected, coffer::revision next,
                   std::string_view value = "value") -> coffer::result<coffer::commit_outcome> {
    const std::vector<coffer::object_write> writes{put("head", value)};
    return s.commit("p", expected, next, writes);
}
inline auto at(coffer::file::store& s) -> coffer::revision {
    return s.load("p", head).value().at;
}

inline auto read_file(const fs::path& path) -> std::string {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const fs::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}
inline auto mode(const fs::path& path) -> unsigned {
    return static_cast<unsigned>(fs::symlink_status(path).permissions());
}

} // namespace file_test

#endif
