// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SERVED_CERTIFICATE_HPP
#define COFFER_COMMAND_SERVED_CERTIFICATE_HPP

#include "session.hpp"

#include <coffer/http/tls.hpp>

#include <string>

namespace command {

/// The files that --tls-cert and --tls-key name.
struct certificate_files {
    std::string certificate{}; ///< Empty: plain HTTP.
    std::string key{};

    /// Throws problem: one without the other.
    explicit certificate_files(const session& s);
    auto open() const -> coffer::result<coffer::http::tls>;
    /// Which of the two is at fault where they can't be opened, and why.
    auto fault(const coffer::failure& why) const -> std::string;
    /// What is to be said of when it ends: sooner than in a week, or in a third of its life if that
    /// is less. Empty: nothing.
    auto warning() const -> std::string;
};

} // namespace command

#endif
