// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_AUDITABLE_NAMES_HPP
#define COFFER_HTTP_AUDITABLE_NAMES_HPP

#include <coffer/http/detail/audit_line.hpp>
#include <coffer/http/error.hpp>

#include <string>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// To be asked before names are read or changed together, audited or not: one line of the audit log
/// has to tell all of them. None of a body that the server takes is too long for that (a name takes
/// no more there than in it); a handler may be given longer ones. Throws 400, too_large.
inline void require_auditable(const std::vector<std::string>& names) {
    if (!detail::fit_one_line(names))
        throw worded(errc::too_large,
                     "these are more names than one request may have: send them in "
                     "several");
}

} // namespace coffer::inline COFFER_ABI::http

#endif
