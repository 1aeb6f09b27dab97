// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_CREDENTIAL_KEYRING_HPP
#define COFFER_KEYRING_CREDENTIAL_KEYRING_HPP

#include <coffer/keyring/fixed_keyring.hpp>
#include <coffer/keyring/kek_file.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::keyring {

/// The keyring that systemd hands to a service: `LoadCredential=keyring:/etc/coffer/keyring.json`,
/// or encrypted with `LoadCredentialEncrypted=`. Read once, never written. It has no anchor of its
/// own: see anchored.hpp.
class credential_keyring : public fixed_keyring {
public:
    /// Reads `$CREDENTIALS_DIRECTORY/<name>`. `invalid_argument` if the name is not 1 to 255 of
    /// [A-Za-z0-9._-] or begins with a dot, or the folder's path is not absolute; `not_found`
    /// outside of such a service or if there is no such credential; `denied` if it is a link, no
    /// regular file or open to others; else as parse_keks().
    static auto open(std::string_view name) -> result<credential_keyring> {
        if (!is_name(name)) return errc::invalid_argument;
        const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr) return errc::not_found;
        if (folder[0] != '/') return errc::invalid_argument;
        auto file = posix::open_regular(std::filesystem::path(folder) / name);
        if (!file) return file.error();
        struct stat s {};
        if (::fstat(file->get(), &s) != 0) return posix::failed();
        // Not require_private(): root may own it, and an access list shows as group permissions.
        if ((s.st_mode & S_IRWXO) != 0) return errc::denied;
        auto text = posix::read_all<wiped_bytes>(*file, kek_file_limit);
        if (!text) return text.error();
        auto keks = parse_keks(*text);
        if (!keks) return keks.error();
        return credential_keyring(std::move(*keks));
    }

private:
    using fixed_keyring::fixed_keyring;

    static auto is_name(std::string_view name) noexcept -> bool {
        return !name.empty() && name.size() <= 255 && name[0] != '.' &&
               std::ranges::all_of(name, [](char c) {
                   return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
               });
    }
};

static_assert(KeyProvider<credential_keyring>);

} // namespace coffer::inline COFFER_ABI::keyring

#endif
