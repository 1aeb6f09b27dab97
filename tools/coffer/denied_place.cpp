// SPDX-License-Identifier: BSL-1.0
#include "denied_place.hpp"

#include "opening.hpp"
#include "problem.hpp"
#include "text.hpp"

#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace command {

namespace fs = std::filesystem;
namespace posix = coffer::posix;
using coffer::errc;

namespace {

constexpr std::size_t most_shown = 3;

auto is_folder_usable(const fs::path& folder) -> bool {
    return ::faccessat(AT_FDCWD, folder.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) == 0;
}

auto is_usable(const fs::path& file) -> bool {
    if (file.extension() == ".json") {
        const auto opened = posix::open_regular(file);
        return opened || opened.error().code != errc::denied;
    }
    if (file.extension() != ".lock") return true;
    const posix::file_descriptor opened(
        ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
    return opened || posix::failed().code != errc::denied;
}

auto is_private(const fs::path& anchor) -> bool {
    const auto opened = posix::open_regular(anchor);
    return opened ? posix::require_private(*opened).has_value()
                  : opened.error().code != errc::denied;
}

auto denied_in(const fs::path& folder) -> std::vector<std::string> {
    std::vector<std::string> out;
    if (!is_folder_usable(folder)) out.push_back(folder.string());
    std::error_code wrong;
    for (fs::directory_iterator at(folder, wrong), end; !wrong && at != end; at.increment(wrong))
        if (!is_usable(at->path())) out.push_back(at->path().string());
    std::ranges::sort(out);
    return out;
}

/// Empty too where the settings name one that is not to be used: that is another trouble.
auto usable_anchor(const settings& from) -> fs::path {
    try {
        return anchor_of(from);
    } catch (const problem&) {
        return {};
    }
}

} // namespace

auto denied_place_words(const settings& from) -> std::string {
    const auto place = store_place(from);
    const auto folder = folder_of_store(place);
    if (folder.empty()) return ": " + printable(shown_address(place));
    auto all = denied_in(folder);
    if (const auto anchor = usable_anchor(from); !anchor.empty()) {
        if (!is_private(anchor)) all.push_back(anchor.string());
        if (!is_folder_usable(anchor.parent_path())) all.push_back(anchor.parent_path().string());
    }
    if (all.empty()) return {};
    const auto more = all.size() - std::min(all.size(), most_shown);
    all.resize(all.size() - more);
    return ": " + printable(join(all, ", ")) +
           (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

} // namespace command
