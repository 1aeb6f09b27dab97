// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_STORE_FOLDER_HPP
#define COFFER_KEYRING_STORE_FOLDER_HPP

#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace coffer::inline COFFER_ABI::keyring {

/// The path that a relative one means now: the process may change its own folder later.
inline auto fixed_path(const std::filesystem::path& path) -> std::filesystem::path {
    std::error_code wrong;
    auto out = std::filesystem::absolute(path, wrong);
    return wrong ? path : out;
}

/// posix::make_name_durable for a file of keys, before they are used: what is sealed under a key that a
/// power cut takes away is lost. A folder that this process can't open it leaves to who may write
/// there.
inline auto make_keys_durable(const std::filesystem::path& path) noexcept -> result<void> {
    const auto stays = posix::make_name_durable(path);
    return !stays && stays.error() == errc::denied ? result<void>() : stays;
}

/// Keys beside the data protect nothing: whoever copies the folder has both. These two find out.

/// Whether `path` lies in `folder` or below it, links resolved as far as they exist; true also
/// where that can't be told.
inline auto lies_in(const std::filesystem::path& path, const std::filesystem::path& folder)
    -> bool {
    std::error_code wrong;
    const auto inner = std::filesystem::weakly_canonical(fixed_path(path), wrong);
    if (wrong) return true;
    auto outer = std::filesystem::weakly_canonical(fixed_path(folder), wrong);
    if (wrong) return true;
    if (!outer.has_filename()) outer = outer.parent_path(); // a trailing slash
    const auto [in, out] = std::mismatch(inner.begin(), inner.end(), outer.begin(), outer.end());
    return out == outer.end();
}

/// Whether a file's text begins as a document of the file store does: its first member is `head`.
inline auto begins_as_store_document(std::string_view text) noexcept -> bool {
    for (const std::string_view expected : {"{", "\"head\"", ":"}) {
        text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
        if (!text.starts_with(expected)) return false;
        text.remove_prefix(expected.size());
    }
    return true;
}

/// Whether a folder holds documents of a file store: a `*.json` that begins as one.
inline auto holds_store_documents(const std::filesystem::path& folder) -> bool {
    std::error_code wrong;
    for (std::filesystem::directory_iterator at(folder.empty() ? "." : folder, wrong), end;
         !wrong && at != end; at.increment(wrong)) {
        if (at->path().extension() != ".json") continue;
        const auto file = posix::open_regular(at->path());
        std::array<char, 64> start{};
        if (!file) continue;
        const auto n = ::read(file->get(), start.data(), start.size());
        const bool found =
            begins_as_store_document({start.data(), n > 0 ? static_cast<std::size_t>(n) : 0});
        wipe(start.data(), start.size()); // it may have been the keyring
        if (found) return true;
    }
    return false;
}

} // namespace coffer::inline COFFER_ABI::keyring

#endif
