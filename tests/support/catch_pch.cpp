// SPDX-License-Identifier: BSL-1.0
// The unit that the tests' precompiled header is made with.
