// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COFFER_HPP
#define COFFER_COFFER_HPP

/// The core in one include: vault, resolver, secrets and what they are made of. It needs the
/// standard library and POSIX, and no other; add the headers of a store, a cipher and a key
/// provider.
#include <coffer/resolver.hpp>
#include <coffer/secrets.hpp>
#include <coffer/vault.hpp>
#include <coffer/version.hpp>

#endif
