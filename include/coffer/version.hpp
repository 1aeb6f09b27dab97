// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_VERSION_HPP
#define COFFER_VERSION_HPP

/// The one place where the version is written; the build reads it from here.
#define COFFER_VERSION_MAJOR 0
#define COFFER_VERSION_MINOR 1
#define COFFER_VERSION_PATCH 0

/// The inline namespace of this version: two vendored versions may live in one program (never in
/// one translation unit) without their symbols meeting.
#define COFFER_ABI v0_1

#endif
