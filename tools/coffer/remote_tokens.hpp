// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REMOTE_TOKENS_HPP
#define COFFER_COMMAND_REMOTE_TOKENS_HPP

#include "session.hpp"

#include <coffer/http/tokens.hpp>

#include <string_view>
#include <vector>

/// The tokens of a server: what its own token may make, see and revoke. All of it throws problem.
namespace command::server_tokens {

auto mint(session& s, coffer::http::token_wish wish) -> coffer::http::minted_token;
auto list(session& s) -> std::vector<coffer::http::token_row>;
void revoke(session& s, std::string_view id);

} // namespace command::server_tokens

#endif
