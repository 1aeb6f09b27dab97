// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_RESOLVED_HPP
#define COFFER_COMMAND_RESOLVED_HPP

#include "session.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace command {

/// How a name resolves, in a word: set (of an environment), own, overridden, inherited, hidden,
/// expired, damaged, absent.
auto state_of(const coffer::explanation& e) -> std::string_view;
/// The layer that decides; null if none does.
auto winner(const coffer::explanation& e) -> const coffer::layer*;
/// Whether more is known of a layer than its state: a server tells no more of what is not this
/// token's to see.
auto is_told(const coffer::layer& l) -> bool;
/// `acme` or `prod`: the scope that a layer belongs to, in short.
auto short_name(const coffer::scope& where) -> std::string;
/// `prod v5`: a layer, in short.
auto layer_text(const coffer::layer& l) -> std::string;
/// `set 2 days ago by ana`.
auto set_by(const coffer::layer& l) -> std::string;

/// `DB_URL in prod v3: tampered`: a version that can't be had; a scope's own settings have no name.
auto damage_text(const coffer::damaged_version& d) -> std::string;

/// The fields that an entry has in every JSON answer; what is not told is left out.
auto entry_json(const coffer::explanation& e) -> boost::json::object;
/// state_of() as programs are told: an environment's own is a `value`, as HTTP calls it.
auto state_word(const coffer::explanation& e) -> std::string_view;
/// The members `stale` and `age_s`: whether the store is away, and how old the answer is.
void add_freshness(boost::json::object& out, const coffer::freshness& of);
/// A text, or null in the place of an empty one.
auto text_or_null(std::string_view text) -> boost::json::value;
/// The members `environment`, `space` (null for the environment itself) and, of an actor, `actor`.
auto scope_json(coffer::context where) -> boost::json::object;
/// The same behind `name`; an empty one is left out.
auto place_json(const place& at, std::string_view name) -> boost::json::object;

/// What values set in a scope mean for others, as it is when this is made: it asks for a scope as a
/// whole, so that a thousand names cost no more calls than one.
class reach {
public:
    reach(session& s, const place& at);
    /// `overrides prod v5  (9 other spaces: no change)`, `(1,000 spaces see it, 1 has its own)`.
    auto of(std::string_view name) const -> std::string;

private:
    auto of_environment(std::string_view name) const -> std::string;

    place at_;
    std::optional<coffer::view> view_{};                    ///< Of a space.
    std::optional<std::size_t> spaces_{};                   ///< Not told to everybody.
    std::map<std::string, std::size_t, std::less<>> own_{}; ///< Spaces with an entry of their own.
};

/// Throws the problem of a write that expects another version (--if-version) than is there.
void require_version(session& s, const place& at, std::string_view name);

/// The problem behind a failed read of a name: says what is damaged, or hidden where.
[[noreturn]] void refuse_read(session& s, const place& at, std::string_view name,
                              const coffer::failure& why);

/// The written version, or the problem: a conflict says who was quicker, not_found that the name
/// has `nothing_to` be changed so.
auto need_written(session& s, const place& at, std::string_view name,
                  coffer::result<coffer::written>&& done,
                  std::string_view nothing_to = "is not set") -> coffer::written;

} // namespace command

#endif
