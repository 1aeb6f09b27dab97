// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_DEK_KEYS_HPP
#define COFFER_TREE_DEK_KEYS_HPP

#include <coffer/format/head.hpp>
#include <coffer/format/object.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/secure_memory.hpp>
#include <coffer/tree/keyed_pool.hpp>

#include <memory>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// An opened plain and where its body lies in it.
struct opened_body {
    coffer::detail::secure_buffer plain{};
    format::body_extent body{};

    auto view() const noexcept -> byte_view { return plain.view().subspan(body.offset, body.size); }
};

/// A sealed object and its name.
struct sealed_object {
    bytes data{};
    format::object_name name{};
};

/// The subkeys of one DEK, ready for use: derived once, wiped together. Immutable, thread-safe.
template <Cipher C>
class dek_keys {
public:
    /// `listed` is what the head says of the DEK; its commitment is not checked here.
    dek_keys(const C& cipher, std::span<const std::byte, 32> dek, const format::dek_binding& of,
             const format::head_dek& listed)
        : cipher_(cipher), nonce_size_(any_keyed<C>::nonce_size(of.cipher)), listed_(listed),
          commitment_(commitment_of(format::derive_subkey(cipher, dek, "commit", of))),
          head_(format::derive_subkey(cipher, dek, "head", of)),
          nonce_(format::derive_subkey(cipher, dek, "nonce", of)),
          root_pool_(cipher, of.cipher, format::derive_subkey(cipher, dek, "root", of)),
          page_pool_(cipher, of.cipher, format::derive_subkey(cipher, dek, "page", of)),
          record_pool_(cipher, of.cipher, format::derive_subkey(cipher, dek, "record", of)) {}

    auto number() const noexcept -> std::uint32_t { return listed_.number; }
    auto commitment() const noexcept -> const digest& { return commitment_; }
    /// Whether these are the keys that a head lists, down to the KEK and the wrapped bytes: only
    /// then may they stand in for a new unwrap.
    auto is(const format::head_dek& listed) const noexcept -> bool {
        return listed_.number == listed.number && listed_.cipher == listed.cipher &&
               listed_.commitment == listed.commitment && listed_.kek_id == listed.kek_id &&
               listed_.wrapped == listed.wrapped;
    }
    /// The MAC of a head's bytes before its MAC.
    auto head_mac(byte_view unsigned_head) const -> digest {
        return cipher_.hmac_sha256(head_.view(), unsigned_head);
    }

    /// Seals a body; `aad` is the object's (format/object.hpp), made with
    /// object_prefix_of(number()). The nonce comes from fresh randomness, AAD and plaintext, so
    /// that a repeated randomness repeats a nonce only for the same object. Errors: unavailable (no
    /// randomness), unsupported.
    auto seal(format::object_kind kind, byte_view aad, byte_view body) const
        -> result<sealed_object> {
        const auto padded = format::padded_size(kind, 4 + body.size());
        // One buffer: randomness, AAD and plain lie as the nonce's HMAC wants them.
        coffer::detail::secure_buffer work(32 + 4 + aad.size() + padded);
        const auto at = work.span();
        if (auto drawn = cipher_.random(at.first(32)); !drawn) return drawn.error();
        put_u32(at.subspan(32), aad.size());
        std::memcpy(at.data() + 36, aad.data(), aad.size());
        const auto plain = at.subspan(36 + aad.size());
        put_u32(plain, body.size());
        if (!body.empty()) std::memcpy(plain.data() + 4, body.data(), body.size());
        wipe(plain.subspan(4 + body.size()));
        const auto nonce = cipher_.hmac_sha256(nonce_.view(), at);

        sealed_object out;
        out.data.resize(format::object_prefix + nonce_size_ + padded + format::object_tag);
        const std::span<std::byte> data(out.data);
        std::memcpy(data.data(), aad.data(), format::object_prefix);
        std::memcpy(data.data() + format::object_prefix, nonce.data(), nonce_size_);
        auto keyed = pool(kind).borrow();
        if (!keyed) return keyed.error();
        const auto sealed = keyed->seal(byte_view(nonce).first(nonce_size_), aad, plain,
                                        data.subspan(format::object_prefix + nonce_size_, padded),
                                        data.last<format::object_tag>());
        if (!sealed) return sealed.error();
        out.name = cipher_.sha256(out.data);
        return out;
    }

    /// Opens nonce ‖ ciphertext ‖ tag. Errors: tampered; unsupported (cipher).
    auto open(format::object_kind kind, byte_view aad, byte_view rest) const
        -> result<opened_body> {
        opened_body out;
        if (const auto problem = open(kind, aad, rest, out); problem != errc{}) return problem;
        return out;
    }
    /// The same into `out`; zero if it opened. The way of every read: it moves nothing around.
    auto open(format::object_kind kind, byte_view aad, byte_view rest, opened_body& out) const
        -> errc {
        if (rest.size() < nonce_size_ + 4 + format::object_tag) return errc::tampered;
        const auto sealed =
            rest.subspan(nonce_size_, rest.size() - nonce_size_ - format::object_tag);
        auto keyed = pool(kind).borrow();
        if (!keyed) return keyed.error();
        out.plain = coffer::detail::secure_buffer(sealed.size());
        const bool opened =
            keyed->open(rest.first(nonce_size_), aad, sealed, rest.last<format::object_tag>(),
                        out.plain.span()) &&
            format::plain_body(kind, out.plain.view(), out.body) &&
            (kind != format::object_kind::record || out.body.size <= format::limits::value);
        return opened ? errc{} : errc::tampered;
    }

private:
    static auto commitment_of(const key_bytes& key) noexcept -> digest {
        digest out{};
        std::memcpy(out.data(), key.view().data(), out.size());
        return out;
    }
    static void put_u32(std::span<std::byte> to, std::size_t v) noexcept {
        for (std::size_t i = 0; i < 4; ++i)
            to[i] = static_cast<std::byte>(v >> (8 * (3 - i)));
    }
    auto pool(format::object_kind kind) const noexcept -> const keyed_pool<C>& {
        return kind == format::object_kind::record ? record_pool_
               : kind == format::object_kind::page ? page_pool_
                                                   : root_pool_;
    }

    C cipher_;
    std::size_t nonce_size_;
    format::head_dek listed_;
    digest commitment_;
    key_bytes head_;
    key_bytes nonce_;
    keyed_pool<C> root_pool_;
    keyed_pool<C> page_pool_;
    keyed_pool<C> record_pool_;
};

/// They lie in memory that is locked and left out of core dumps; what the cipher's library expands
/// from them lies in its own, and is wiped by it.
template <Cipher C>
auto make_dek_keys(const C& cipher, std::span<const std::byte, 32> dek,
                   const format::dek_binding& of, const format::head_dek& listed)
    -> std::shared_ptr<const dek_keys<C>> {
    using keys = const dek_keys<C>;
    return std::allocate_shared<keys>(coffer::detail::secure_allocator<dek_keys<C>>(), cipher, dek,
                                      of, listed);
}

/// The DEKs of one head that were unwrapped so far, ascending by number. Immutable once shared.
template <Cipher C>
class keyset {
public:
    auto find(std::uint32_t number) const noexcept -> const dek_keys<C>* {
        for (auto it = keys_.rbegin(); it != keys_.rend(); ++it)
            if ((*it)->number() == number) return it->get();
        return nullptr;
    }
    auto shared(const format::head_dek& listed) const noexcept
        -> std::shared_ptr<const dek_keys<C>> {
        for (const auto& k : keys_)
            if (k->is(listed)) return k;
        return nullptr;
    }
    void add(std::shared_ptr<const dek_keys<C>> keys) {
        const auto at = std::find_if(keys_.begin(), keys_.end(),
                                     [&](const auto& k) { return k->number() > keys->number(); });
        keys_.insert(at, std::move(keys));
    }

private:
    std::vector<std::shared_ptr<const dek_keys<C>>> keys_;
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
