// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_HEAD_HPP
#define COFFER_FORMAT_HEAD_HPP

#include <coffer/concepts/store.hpp>
#include <coffer/format/entry.hpp>
#include <coffer/mark.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace coffer::inline COFFER_ABI::format {

/// One data key as a head lists it.
struct head_dek {
    std::uint32_t number = 1;
    std::uint8_t cipher = 1;
    digest commitment{};
    std::uint64_t seals = 0; ///< Objects sealed under it, as far as its writers know.
    std::string kek_id{};
    bytes wrapped{};

    friend auto operator==(const head_dek&, const head_dek&) -> bool = default;
};

/// Whether a head can hold this as the id of a KEK.
inline auto is_kek_id(std::string_view id) noexcept -> bool {
    return !id.empty() && id.size() <= limits::id && is_utf8(id);
}
/// Whether a head can hold this as a wrapped DEK.
inline auto is_wrapped_dek(byte_view wrapped) noexcept -> bool {
    return wrapped.size() >= limits::wrapped_min && wrapped.size() <= limits::wrapped_max;
}

using ancestor = ancestry::value_type;
static_assert(std::tuple_size_v<ancestry> == limits::ancestors);

/// The root of trust of an environment: the only entry that is ever replaced (docs/format.md,
/// Head).
struct head {
    std::string realm{};
    std::string environment{};
    std::uint64_t generation = 1;
    std::uint64_t written_at = 0;
    std::vector<head_dek> deks{}; ///< Ascending by number; the last is active.
    object_name root{};           ///< Zeros: the environment was removed.
    ancestry ancestors{};
    digest mac{};

    auto active() const noexcept -> const head_dek& { return deks.back(); }
    auto closed() const noexcept -> bool { return root == object_name{}; }
    auto find_dek(std::uint32_t number) const noexcept -> const head_dek* {
        const auto it = std::find_if(deks.begin(), deks.end(),
                                     [&](const head_dek& d) { return d.number == number; });
        return it == deks.end() ? nullptr : &*it;
    }
    auto mark_of() const noexcept -> mark {
        mark m{generation, {}, active().number};
        std::memcpy(m.mac.data(), mac.data(), m.mac.size());
        return m;
    }
    auto lineage_of() const noexcept -> lineage { return {mark_of(), ancestors}; }
};

inline constexpr std::array head_magic{std::byte{0x43}, std::byte{0x46}, std::byte{0x48}};
inline constexpr std::uint8_t format_number = 1;

/// Whether a cipher number is one that format 1 knows.
constexpr auto known_cipher(std::uint8_t id) noexcept -> bool {
    return id >= 1 && id <= 3;
}

/// All bytes of the head before its MAC.
inline auto encode_head_unsigned(const head& h) -> bytes {
    bytes out;
    writer w(out);
    w.raw(head_magic).u8(format_number).b16(h.realm).b16(h.environment);
    w.u64(h.generation).u64(h.written_at).u8(static_cast<std::uint8_t>(h.deks.size()));
    for (const auto& d : h.deks) {
        w.u32(d.number).u8(d.cipher).raw(d.commitment).u64(d.seals);
        w.b16(d.kek_id).b16(byte_view(d.wrapped));
    }
    w.raw(h.root);
    for (const auto& a : h.ancestors)
        w.raw(a);
    return out;
}

/// Reads a head. Nothing in it is believed yet: the MAC is the caller's to check.
/// Errors: unsupported for another format or cipher, tampered for all else.
inline auto decode_head(byte_view data) -> result<head> {
    if (data.size() > limits::head) return errc::tampered;
    reader in(data);
    if (const auto magic = in.array<3>(); !in.ok() || magic != head_magic) return errc::tampered;
    if (const auto number = in.u8(); !in.ok())
        return errc::tampered;
    else if (number != format_number)
        return errc::unsupported;
    head h;
    h.realm = in.text(0, limits::realm);
    h.environment = in.text(1, limits::id);
    h.generation = in.u64();
    h.written_at = in.u64();
    const std::size_t count = in.u8();
    if (!in.ok() || h.generation == 0 || count == 0 || count > limits::deks) return errc::tampered;
    bool foreign_cipher = false;
    for (std::size_t i = 0; i < count; ++i) {
        head_dek d;
        d.number = in.u32();
        d.cipher = in.u8();
        d.commitment = in.array<32>();
        d.seals = in.u64();
        d.kek_id = in.text(1, limits::id);
        const auto wrapped = in.b16(limits::wrapped_min, limits::wrapped_max);
        d.wrapped.assign(wrapped.begin(), wrapped.end());
        if (!in.ok() || d.number == 0) return errc::tampered;
        if (i > 0 && d.number <= h.deks.back().number) return errc::tampered;
        foreign_cipher = foreign_cipher || !known_cipher(d.cipher);
        h.deks.push_back(std::move(d));
    }
    h.root = in.array<32>();
    for (auto& a : h.ancestors)
        a = in.array<8>();
    h.mac = in.array<32>();
    if (!in.finished()) return errc::tampered;
    if (foreign_cipher) return errc::unsupported;
    return h;
}

/// The revision that a store keeps for a head: the first 16 bytes of its SHA-256.
inline auto revision_of(const digest& sha256_of_head) noexcept -> revision {
    revision out{};
    std::memcpy(out.data(), sha256_of_head.data(), out.size());
    return out;
}

/// The first 8 bytes of a MAC: how a descendant names it.
inline auto ancestor_of(byte_view mac) noexcept -> ancestor {
    ancestor out{};
    std::memcpy(out.data(), mac.data(), out.size());
    return out;
}

/// The ancestors of the head that follows `h`: h itself, then its own.
inline auto next_ancestors(const head& h) noexcept -> ancestry {
    ancestry out{};
    out[0] = ancestor_of(h.mac);
    std::copy(h.ancestors.begin(), h.ancestors.end() - 1, out.begin() + 1);
    return out;
}

using coffer::mark_verdict;
/// Whether a verified head may follow what was seen before.
inline auto compare_mark(const head& h, const mark& seen) noexcept -> mark_verdict {
    return coffer::compare_mark(h.mark_of(), h.ancestors, seen);
}

} // namespace coffer::inline COFFER_ABI::format

#endif
