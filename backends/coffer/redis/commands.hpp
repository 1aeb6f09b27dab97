// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_COMMANDS_HPP
#define COFFER_REDIS_COMMANDS_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/redis/cause.hpp>
#include <coffer/redis/reply.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis {

/// What the store says to Redis and how it understands the answers, without any input or output.
///
/// A partition is one hash, `<prefix>{<partition>}`: the braces are Redis Cluster's hash tag, so
/// that all of it lies in one slot. A field is a key of the partition; the field `_revision`, whose
/// name no key can have (law S14), holds the revision's 16 bytes.
inline constexpr std::string_view revision_field = "_revision";

/// A command as it goes over the wire: an array of bulk strings, any bytes.
class command {
public:
    explicit command(std::size_t arguments) { header('*', arguments); }
    command(std::initializer_list<std::string_view> all) : command(all.size()) {
        for (const auto a : all)
            add(a);
    }
    auto add(std::string_view argument) -> command& {
        header('$', argument.size());
        wire.append(argument).append("\r\n");
        return *this;
    }
    auto add(byte_view argument) -> command& { return add(as_text(argument)); }

    std::string wire{};

private:
    void header(char kind, std::size_t number) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        wire.push_back(kind);
        wire.append(digits.data(), end).append("\r\n");
    }
};

/// The key of a partition's hash.
inline auto key_of(std::string_view prefix, std::string_view partition) -> std::string {
    return std::string(prefix).append("{").append(partition).append("}");
}
/// The partition of a key; empty if it is none of this prefix.
inline auto partition_of(std::string_view prefix, std::string_view key) noexcept
    -> std::string_view {
    if (key.size() < prefix.size() + 3 || !key.starts_with(prefix) || key[prefix.size()] != '{' ||
        key.back() != '}')
        return {};
    return key.substr(prefix.size() + 1, key.size() - prefix.size() - 2);
}

/// The slot of a key whose hash tag is `partition`: CRC-16/XMODEM modulo 16384 ("Redis cluster
/// specification", appendix A).
constexpr auto slot_of(std::string_view partition) noexcept -> std::uint16_t {
    std::uint16_t crc = 0;
    for (const char c : partition) {
        crc = static_cast<std::uint16_t>(crc ^ (static_cast<unsigned char>(c) << 8));
        for (int bit = 0; bit < 8; ++bit)
            crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc % 16384;
}
static_assert(slot_of("123456789") == 0x31C3); // the specification's own check

/// One command, so one consistent cut: the revision first, then the keys in their order.
inline auto load_command(std::string_view key, std::span<const std::string> fields) -> command {
    command out(3 + fields.size());
    out.add("HMGET").add(key).add(revision_field);
    for (const auto& field : fields)
        out.add(field);
    return out;
}

/// KEYS: the hash. ARGV: the revision expected, empty if none; the next one; how many fields are
/// set; those with their values; the fields to erase. Answers 1 if it was committed, 0 if not.
///
/// It is all or nothing: whether the user may erase is asked before the first write; whether he may
/// set, and whether there is memory, Redis judges at the first HSET, after which a script is let
/// finish. Fields go in portions, since Lua's stack takes no more than some thousands of arguments.
inline constexpr std::string_view commit_script =
    R"(local held = redis.call('HGET', KEYS[1], '_revision')
if (held or '') ~= ARGV[1] then return 0 end
local set = tonumber(ARGV[3])
local i = 4
if #ARGV > 3 + 2 * set and not redis.acl_check_cmd('HDEL', KEYS[1], '_') then
  return redis.error_reply('NOPERM the user may not HDEL')
end
redis.call('HSET', KEYS[1], '_revision', ARGV[2])
while i < 4 + 2 * set do
  local to = math.min(i + 1999, 3 + 2 * set)
  redis.call('HSET', KEYS[1], unpack(ARGV, i, to))
  i = to + 1
end
while i <= #ARGV do
  local to = math.min(i + 1999, #ARGV)
  redis.call('HDEL', KEYS[1], unpack(ARGV, i, to))
  i = to + 1
end
return 1
)";

/// Writes the revision again as it is, so that a WAIT after it speaks for all that came before;
/// answers 1, also where there is none.
inline constexpr std::string_view touch_script =
    R"(local held = redis.call('HGET', KEYS[1], '_revision')
if held then redis.call('HSET', KEYS[1], '_revision', held) end
return 1
)";

/// The arguments of commit_script after its keys. The last write to a key named twice wins (S7).
inline void add_commit_arguments(command& out, std::string_view expected, std::string_view next,
                                 const std::map<std::string_view, const object_write*>& last) {
    std::size_t set = 0;
    for (const auto& [key, write] : last)
        set += write->value ? 1U : 0U;
    out.add(expected).add(next).add(std::to_string(set));
    for (const auto& [key, write] : last)
        if (write->value) out.add(key).add(byte_view(*write->value));
    for (const auto& [key, write] : last)
        if (!write->value) out.add(key);
}

/// `EVALSHA` of the script's hash, or `EVAL` of its text.
inline auto commit_command(std::string_view verb, std::string_view script, std::string_view key,
                           const revision& expected, const revision& next,
                           std::span<const object_write> writes) -> command {
    std::map<std::string_view, const object_write*> last;
    std::size_t arguments = 7;
    for (const auto& write : writes)
        last[write.key] = &write;
    for (const auto& [k, write] : last)
        arguments += write->value ? 2U : 1U;
    command out(arguments);
    out.add(verb).add(script).add("1").add(key);
    add_commit_arguments(out, expected == revision{} ? std::string_view() : as_text(expected),
                         as_text(next), last);
    return out;
}

/// A revision as it is stored: 16 bytes, or zeros for none.
inline auto read_revision(const reply& from) -> result<revision> {
    revision out{};
    if (from.is(reply_kind::null)) return out;
    if (!from.is(reply_kind::text) || from.text.size() != out.size())
        return failure{errc::tampered, cause::unexpected_reply};
    std::ranges::copy(as_bytes(from.text), out.begin());
    if (out == revision{}) return failure{errc::tampered, cause::unexpected_reply};
    return out;
}

/// The answer to load_command.
inline auto read_cut(reply&& from, std::size_t keys) -> result<cut> {
    if (!from.is(reply_kind::array) || from.items.size() != keys + 1)
        return failure{errc::tampered, cause::unexpected_reply};
    const auto at = read_revision(from.items.front());
    if (!at) return at.error();
    cut out{*at, {}};
    out.objects.reserve(keys);
    for (std::size_t i = 1; i < from.items.size(); ++i) {
        const auto& item = from.items[i];
        auto& object = out.objects.emplace_back();
        if (item.is(reply_kind::null)) continue;
        if (!item.is(reply_kind::text)) return failure{errc::tampered, cause::unexpected_reply};
        object.emplace(as_bytes(item.text).begin(), as_bytes(item.text).end());
    }
    return out;
}

/// The answer to HGETALL, sorted.
inline auto read_listing(reply&& from) -> result<listing> {
    if (!from.is(reply_kind::array) || from.items.size() % 2 != 0)
        return failure{errc::tampered, cause::unexpected_reply};
    listing out;
    bool revised = from.items.empty();
    for (std::size_t i = 0; i < from.items.size(); i += 2) {
        auto& name = from.items[i];
        auto& value = from.items[i + 1];
        if (!name.is(reply_kind::text) || !value.is(reply_kind::text))
            return failure{errc::tampered, cause::unexpected_reply};
        if (name.text == revision_field) {
            const auto at = read_revision(value);
            if (!at) return at.error();
            out.at = *at;
            revised = true;
        } else {
            const auto view = as_bytes(value.text);
            out.entries.emplace_back(std::move(name.text), bytes(view.begin(), view.end()));
        }
    }
    if (!revised) return failure{errc::tampered, cause::unexpected_reply};
    std::ranges::sort(
        out.entries, {}, [](const auto& e) -> const auto& { return e.first; });
    return out;
}

} // namespace coffer::inline COFFER_ABI::redis

#endif
