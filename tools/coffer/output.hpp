// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_OUTPUT_HPP
#define COFFER_COMMAND_OUTPUT_HPP

#include <coffer/bytes.hpp>

#include <boost/json/fwd.hpp>

#include <functional>
#include <string_view>
#include <system_error>

namespace command {

struct problem;

/// stdout is data: every byte of it goes through these, so that none is lost without a word. They
/// throw problem (unavailable) if stdout takes no more. Nothing is buffered, so nothing is left
/// behind in memory.
void put(std::string_view text);
void put_line(std::string_view text);
/// One JSON value on one line. It may hold secrets: the pieces that it is made into are wiped.
void put_json(const boost::json::value& value);

/// Tells of a change that was made. Where stdout takes no more, the problem begins with that: else it
/// reads as if nothing had been done.
void tell_done(const std::function<void()>& report);

/// stderr is talk.
void tell(std::string_view text);

/// Tells why nothing came of what was asked: on stderr, or with `json` as an object on stdout.
void tell_problem(const problem& why, bool json);

/// Writes all of it, also to what somebody else made so that it does not wait (O_NONBLOCK). False,
/// and errno: it takes no more.
auto write_all(int to, std::string_view text) noexcept -> bool;
/// What write_all() to stdout or stderr left unwritten, as a problem.
auto lost_output(int to, std::error_code why) -> problem;

/// From here on a reader that goes away fails what is written for it, and does not end this process:
/// for what has to be put in order then.
void outlive_readers() noexcept;

} // namespace command

#endif
