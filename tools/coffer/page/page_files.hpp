// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TOOLS_PAGE_FILES_HPP
#define COFFER_TOOLS_PAGE_FILES_HPP

#include <coffer/http/assets.hpp>

#include <span>

/// The files of the admin page, as they are in this folder.
auto coffer_page_files() noexcept -> std::span<const coffer::http::asset>;

#endif
