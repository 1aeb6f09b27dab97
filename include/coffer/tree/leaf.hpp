// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_LEAF_HPP
#define COFFER_TREE_LEAF_HPP

#include <coffer/format/entry.hpp>
#include <coffer/format/object.hpp>
#include <coffer/result.hpp>

#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace coffer::inline COFFER_ABI::tree {

/// Whether the reason for which a record can't be opened lies in the record or in its key, not in
/// who could not be asked just now.
constexpr auto is_damage(errc why) noexcept -> bool {
    return why == errc::tampered || why == errc::unknown_key || why == errc::key_disabled ||
           why == errc::unsupported;
}

/// The newest state of one name, laid out for one look at memory: the fields, the AAD (in which the
/// name stands) and the sealed record in a single block. Immutable; the value stays sealed.
class leaf {
public:
    /// For hidden and deleted names, and for values whose record can't be had: `problem` says why.
    static auto make(const format::entry& e, errc problem = errc{}) -> std::shared_ptr<const leaf> {
        return build(e, {}, problem);
    }
    /// For a value; `object` is its sealed record, already checked against its name.
    static auto make(const format::entry& e, byte_view object) -> std::shared_ptr<const leaf> {
        return build(e, object, errc{});
    }

    auto state() const noexcept -> format::entry_state { return state_; }
    auto number() const noexcept -> std::uint64_t { return number_; }
    auto expires() const noexcept -> std::uint64_t { return expires_; }
    auto record() const noexcept -> const format::object_name& { return record_; }
    auto dek() const noexcept -> std::uint32_t { return dek_; }
    /// Zero, or why the record of this value can't be opened: see is_damage.
    auto problem() const noexcept -> errc { return problem_; }
    auto damaged() const noexcept -> bool { return problem_ != errc{}; }
    /// Whether the sealed record is here: in a tree of pages alone it is not.
    auto has_record() const noexcept -> bool { return sealed_size_ != 0; }
    auto name() const noexcept -> std::string_view {
        return as_text(byte_view(tail(), aad_size_).subspan(name_at_, name_size_));
    }
    auto aad() const noexcept -> byte_view { return {tail(), aad_size_}; }
    auto sealed() const noexcept -> byte_view { return {tail() + aad_size_, sealed_size_}; }
    /// Asks for the memory that a read needs, all at once: else the fields, the name and the record
    /// would each wait for the one before.
    void prefetch() const noexcept {
        for (std::size_t line = 0; line <= 256; line += 64)
            __builtin_prefetch(reinterpret_cast<const std::byte*>(this) + line);
    }
    /// Whether this is the leaf of that entry's newest version.
    auto is(const format::entry_version& v) const noexcept -> bool {
        return number_ == v.number && state_ == v.state && expires_ == v.expires &&
               record_ == v.record;
    }

private:
    leaf() = default;
    ~leaf() = default;
    static auto build(const format::entry& e, byte_view object, errc problem)
        -> std::shared_ptr<const leaf> {
        const auto& v = e.newest();
        const auto parts = format::parse_object(object);
        const auto prefix = parts ? parts->prefix : byte_view(no_prefix);
        const auto rest = parts ? parts->rest : byte_view{};
        const auto aad = format::record_aad(prefix, e.key, v.number);
        void* block = ::operator new(sizeof(leaf) + aad.size() + rest.size());
        auto* made = ::new (block) leaf;
        made->state_ = v.state;
        made->problem_ = problem;
        made->number_ = v.number;
        made->expires_ = v.expires;
        made->record_ = v.record;
        made->dek_ = parts ? parts->dek : 0;
        made->name_size_ = static_cast<std::uint32_t>(e.key.name.size());
        made->aad_size_ = static_cast<std::uint32_t>(aad.size());
        made->name_at_ = made->aad_size_ - 8 - made->name_size_;
        made->sealed_size_ = static_cast<std::uint32_t>(rest.size());
        std::memcpy(made->tail(), aad.data(), aad.size());
        if (!rest.empty()) std::memcpy(made->tail() + aad.size(), rest.data(), rest.size());
        return {made, [](const leaf* l) {
                    l->~leaf();
                    ::operator delete(const_cast<leaf*>(l));
                }};
    }
    auto tail() noexcept -> std::byte* { return reinterpret_cast<std::byte*>(this + 1); }
    auto tail() const noexcept -> const std::byte* {
        return reinterpret_cast<const std::byte*>(this + 1);
    }

    static constexpr std::array<std::byte, format::object_prefix> no_prefix{};

    std::uint32_t name_at_ = 0;
    std::uint32_t name_size_ = 0;
    std::uint32_t aad_size_ = 0;
    std::uint32_t sealed_size_ = 0;
    std::uint32_t dek_ = 0;
    format::entry_state state_{};
    errc problem_{};
    std::uint64_t number_ = 0;
    std::uint64_t expires_ = 0;
    format::object_name record_{};
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
