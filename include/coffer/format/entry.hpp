// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_ENTRY_HPP
#define COFFER_FORMAT_ENTRY_HPP

#include <coffer/concepts/cipher.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/format/limits.hpp>
#include <coffer/format/secret_id.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace coffer::inline COFFER_ABI::format {

/// An object's name: the SHA-256 of its sealed bytes.
using object_name = digest;

/// The object's key in the store: the first 16 bytes of its name in lower-case hex.
inline auto store_key(const object_name& name) -> std::string {
    return to_hex(byte_view(name).first(16));
}

/// The place of an entry: scope and name. Ordered by the bytes of its encoding, lengths first.
struct entry_key {
    std::string space{};
    std::string actor{};
    std::string name{}; ///< Empty: the scope itself.

    friend auto operator==(const entry_key&, const entry_key&) -> bool = default;
    friend auto operator<=>(const entry_key& a, const entry_key& b) noexcept
        -> std::strong_ordering {
        if (const auto c = part(a.space, b.space); c != 0) return c;
        if (const auto c = part(a.actor, b.actor); c != 0) return c;
        return part(a.name, b.name);
    }
    auto encoded_size() const noexcept -> std::size_t {
        return 6 + space.size() + actor.size() + name.size();
    }
    template <class W>
    void write(W& out) const {
        out.b16(space).b16(actor).b16(name);
    }
    static auto read(reader& in) -> entry_key {
        entry_key key;
        key.space = in.text(0, limits::id);
        key.actor = in.text(0, limits::id);
        key.name = in.text(0, limits::name);
        return key;
    }

private:
    static auto part(std::string_view a, std::string_view b) noexcept -> std::strong_ordering {
        if (a.size() != b.size()) return a.size() <=> b.size();
        return a.compare(b) <=> 0;
    }
};

/// What a version says: a value, "not here" for an inherited name, or removed.
enum class entry_state : std::uint8_t { value = 1, hidden = 2, deleted = 3 };

struct entry_version {
    std::uint64_t number = 1;
    entry_state state = entry_state::value;
    std::uint64_t at = 0;      ///< Milliseconds since 1970-01-01 UTC.
    std::uint64_t expires = 0; ///< The same; 0 is never.
    std::string author{};
    object_name record{}; ///< Of a value: the name of its record.

    friend auto operator==(const entry_version&, const entry_version&) -> bool = default;
};

/// One name in one scope with its versions, newest first; the newest is the state of the name.
struct entry {
    entry_key key{};
    secret_id id{};
    std::string note{};
    std::vector<entry_version> versions{};

    auto newest() const noexcept -> const entry_version& { return versions.front(); }
    auto encoded_size() const noexcept -> std::size_t {
        std::size_t size = key.encoded_size() + 16 + 2 + note.size() + 2;
        for (const auto& v : versions)
            size += 27 + v.author.size() + (v.state == entry_state::value ? 32 : 0);
        return size;
    }
    template <class W>
    void write(W& out) const {
        key.write(out);
        out.raw(id).b16(note).u16(versions.size());
        for (const auto& v : versions) {
            out.u64(v.number).u8(static_cast<std::uint8_t>(v.state)).u64(v.at).u64(v.expires);
            out.b16(v.author);
            if (v.state == entry_state::value) out.raw(v.record);
        }
    }
    /// Whether read() would take what write() makes of it.
    auto is_valid() const noexcept -> bool {
        constexpr auto fits = [](std::string_view text, std::size_t most) {
            return text.size() <= most && is_utf8(text);
        };
        if (!fits(key.space, limits::id) || !fits(key.actor, limits::id) ||
            !fits(key.name, limits::name) || !fits(note, limits::note) || versions.size() > 0xffff)
            return false;
        for (const auto& v : versions)
            if (!fits(v.author, limits::author)) return false;
        return are_versions();
    }
    /// Reads one entry; false where it is not of the format.
    [[nodiscard]] static auto read(reader& in, entry& out) -> bool {
        out.key = entry_key::read(in);
        out.id = in.array<16>();
        out.note = in.text(0, limits::note);
        const std::size_t count = in.u16();
        if (!in.ok()) return false;
        out.versions.clear();
        out.versions.reserve(std::min<std::size_t>(count, limits::versions_kept));
        for (std::size_t i = 0; i < count; ++i) {
            entry_version v;
            v.number = in.u64();
            v.state = static_cast<entry_state>(in.u8());
            v.at = in.u64();
            v.expires = in.u64();
            v.author = in.text(0, limits::author);
            if (v.state == entry_state::value) v.record = in.array<32>();
            if (!in.ok()) return false;
            out.versions.push_back(std::move(v));
        }
        return out.are_versions();
    }

private:
    /// At least one, each of a state that there is, numbered from 1, newest first.
    auto are_versions() const noexcept -> bool {
        std::uint64_t below = 0;
        for (const auto& v : versions) {
            const auto kind = static_cast<std::uint8_t>(v.state);
            if (kind < 1 || kind > 3 || v.number == 0 || (below != 0 && v.number >= below))
                return false;
            below = v.number;
        }
        return !versions.empty();
    }
};

} // namespace coffer::inline COFFER_ABI::format

#endif
