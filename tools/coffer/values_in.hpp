// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_VALUES_IN_HPP
#define COFFER_COMMAND_VALUES_IN_HPP

#include "session.hpp"

#include <coffer/bytes.hpp>

#include <cstddef>
#include <string>

namespace command {

/// Where values come from: never from the command line. All of these throw problem; none repeats a
/// byte of a value.

/// All of stdin, at most `most` bytes.
auto read_stdin(std::size_t most) -> coffer::wiped_bytes;
/// A file as it is, at most `most` bytes.
auto read_file(const std::string& path, std::size_t most) -> coffer::wiped_bytes;
/// `length` letters, digits, `-` and `_`, from the kernel's generator: 6 bits each.
auto generate(std::size_t length) -> coffer::wiped_bytes;

/// So many random bytes of the same generator, as hex: for ids, not for secrets.
auto random_hex(std::size_t bytes) -> std::string;

/// The values of `set NAME…`, in the order of its names, by its options --generate, --file,
/// --exact, from a pipe or a prompt.
auto values_of_names(session& s) -> std::vector<coffer::named_value>;

} // namespace command

#endif
