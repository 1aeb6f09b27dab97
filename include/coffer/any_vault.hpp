// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ANY_VAULT_HPP
#define COFFER_ANY_VAULT_HPP

#include <coffer/bytes.hpp>
#include <coffer/concepts/cipher.hpp>
#include <coffer/dated.hpp>
#include <coffer/entries.hpp>
#include <coffer/ephemeral_cipher.hpp>
#include <coffer/key_life.hpp>
#include <coffer/secrets.hpp>
#include <coffer/writes.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// What a vault does, its types erased. Every member does what coffer::vault's, or its resolver's,
/// of the same name does: errors, thread safety and all.
class vault_operations {
public:
    virtual ~vault_operations() = default;

    /// Of a vault on a server (http::remote_vault) the views' get() and all() wait: see view.
    virtual auto resolver() const -> const secrets& = 0;
    virtual auto try_at(context where) -> std::optional<view> = 0;
    virtual auto refresh(std::string_view environment) -> result<void> = 0;

    virtual auto environments() -> result<dated<std::vector<std::string>>> = 0;
    virtual auto spaces(std::string_view environment)
        -> result<dated<std::vector<std::string>>> = 0;
    virtual auto describe(context where) -> result<std::string> = 0;
    virtual auto create_environment(std::string_view id, std::string metadata) -> result<void> = 0;
    virtual auto create_space(context where, std::string metadata) -> result<void> = 0;
    virtual auto set_description(context where, std::string metadata,
                                 std::optional<std::uint64_t> if_version = std::nullopt)
        -> result<void> = 0;
    virtual auto remove_environment(std::string_view id) -> result<void> = 0;
    virtual auto remove_space(context where) -> result<void> = 0;

    virtual auto put_many(context where, std::vector<named_value> values, const write_options& with)
        -> result<std::vector<written>> = 0;
    virtual auto change_many(context where, std::vector<change> changes)
        -> result<std::vector<written>> = 0;
    virtual auto erase(context where, std::string_view name, const write_options& with)
        -> result<written> = 0;
    virtual auto hide(context where, std::string_view name, const write_options& with)
        -> result<written> = 0;
    virtual auto show(context where, std::string_view name, const write_options& with)
        -> result<written> = 0;
    virtual auto undelete(context where, std::string_view name, const write_options& with)
        -> result<written> = 0;
    virtual auto rollback(context where, std::string_view name, std::uint64_t to,
                          const write_options& with) -> result<written> = 0;

    virtual auto history(context where, std::string_view name)
        -> result<dated<std::vector<version_info>>> = 0;
    virtual auto get_version(context where, std::string_view name, std::uint64_t version)
        -> result<secret> = 0;
    virtual auto list(context where) -> result<dated<std::vector<own_entry>>> = 0;
    virtual auto entries(std::string_view environment)
        -> result<dated<std::vector<scoped_entry>>> = 0;
    virtual auto is_stored(context where, std::string_view name) -> result<bool> = 0;
    virtual auto status(std::string_view environment) -> result<dated<environment_status>> = 0;
    virtual auto verify(std::string_view environment) -> result<verification> = 0;

    virtual auto rewrap(std::string_view environment) -> result<rewrapped> = 0;
    virtual auto rotate_dek(std::string_view environment, const on_rotation& progress)
        -> result<dek_rotation> = 0;
    virtual auto supersede(std::string_view environment, std::uint64_t generation,
                           std::uint32_t dek) -> result<void> = 0;

    virtual auto put_system(std::string_view name, value_ref value, const write_options& with)
        -> result<written> = 0;
    virtual auto erase_system(std::string_view name, const write_options& with)
        -> result<written> = 0;

    /// What the vault's cipher offers beside sealing (see Cipher).
    virtual auto sha256(byte_view data) const -> digest = 0;
    virtual auto hmac_sha256(byte_view key, byte_view data) const -> digest = 0;
    virtual auto random(std::span<std::byte> out) const -> result<void> = 0;
    /// A new key of the process' own, for the same cipher. Errors: unavailable (no randomness);
    /// unsupported (a vault of another process).
    virtual auto ephemeral() const -> result<std::shared_ptr<const ephemeral_cipher>> = 0;
};

/// Any vault, its policy erased: what a program holds that writes and is no template, so that one
/// of its files compiles in the time that its own code takes. To make one, include
/// coffer/erase_vault.hpp in one file. A handle: copies are the same vault, and may be used from
/// several threads.
///
///     coffer::any_vault vault = coffer::erase(coffer::vault{store, cipher, keys});
///     vault->put_many({.environment = "prod"}, std::move(values), {}).value();
class any_vault {
public:
    explicit any_vault(std::shared_ptr<vault_operations> held) : held_(std::move(held)) {}

    auto operator->() const noexcept -> vault_operations* { return held_.get(); }
    auto operator*() const noexcept -> vault_operations& { return *held_; }

private:
    std::shared_ptr<vault_operations> held_;
};

} // namespace coffer::inline COFFER_ABI

#endif
