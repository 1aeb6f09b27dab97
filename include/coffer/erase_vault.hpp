// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ERASE_VAULT_HPP
#define COFFER_ERASE_VAULT_HPP

#include <coffer/any_vault.hpp>
#include <coffer/detail/pooled_cipher.hpp>
#include <coffer/vault.hpp>

namespace coffer::inline COFFER_ABI {

namespace detail {

template <class P>
class erased_vault final : public vault_operations {
public:
    explicit erased_vault(vault<P> held) : vault_(std::move(held)), reader_(vault_.resolver()) {}

    auto resolver() const -> const secrets& override { return reader_; }
    auto try_at(context where) -> std::optional<view> override {
        return vault_.resolver().try_at(where);
    }
    auto refresh(std::string_view environment) -> result<void> override {
        return vault_.resolver().refresh(environment);
    }
    auto environments() -> result<dated<std::vector<std::string>>> override {
        return vault_.environments();
    }
    auto spaces(std::string_view environment) -> result<dated<std::vector<std::string>>> override {
        return vault_.spaces(environment);
    }
    auto describe(context where) -> result<std::string> override { return vault_.describe(where); }
    auto create_environment(std::string_view id, std::string metadata) -> result<void> override {
        return vault_.create_environment(id, std::move(metadata));
    }
    auto create_space(context where, std::string metadata) -> result<void> override {
        return vault_.create_space(where, std::move(metadata));
    }
    auto set_description(context where, std::string metadata,
                         std::optional<std::uint64_t> if_version) -> result<void> override {
        return vault_.set_description(where, std::move(metadata), if_version);
    }
    auto remove_environment(std::string_view id) -> result<void> override {
        return vault_.remove_environment(id);
    }
    auto remove_space(context where) -> result<void> override { return vault_.remove_space(where); }
    auto put_many(context where, std::vector<named_value> values, const write_options& with)
        -> result<std::vector<written>> override {
        return vault_.put_many(where, std::move(values), with);
    }
    auto change_many(context where, std::vector<change> changes)
        -> result<std::vector<written>> override {
        return vault_.change_many(where, std::move(changes));
    }
    auto erase(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return vault_.erase(where, name, with);
    }
    auto hide(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return vault_.hide(where, name, with);
    }
    auto show(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return vault_.show(where, name, with);
    }
    auto undelete(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return vault_.undelete(where, name, with);
    }
    auto rollback(context where, std::string_view name, std::uint64_t to, const write_options& with)
        -> result<written> override {
        return vault_.rollback(where, name, to, with);
    }
    auto history(context where, std::string_view name)
        -> result<dated<std::vector<version_info>>> override {
        return vault_.history(where, name);
    }
    auto get_version(context where, std::string_view name, std::uint64_t version)
        -> result<secret> override {
        return vault_.get_version(where, name, version);
    }
    auto list(context where) -> result<dated<std::vector<own_entry>>> override {
        return vault_.list(where);
    }
    auto entries(std::string_view environment)
        -> result<dated<std::vector<scoped_entry>>> override {
        return vault_.entries(environment);
    }
    auto is_stored(context where, std::string_view name) -> result<bool> override {
        return vault_.is_stored(where, name);
    }
    auto status(std::string_view environment) -> result<dated<environment_status>> override {
        return vault_.status(environment);
    }
    auto verify(std::string_view environment) -> result<verification> override {
        return vault_.verify(environment);
    }
    auto rewrap(std::string_view environment) -> result<rewrapped> override {
        return vault_.rewrap(environment);
    }
    auto rotate_dek(std::string_view environment, const on_rotation& progress)
        -> result<dek_rotation> override {
        return vault_.rotate_dek(environment, progress);
    }
    auto supersede(std::string_view environment, std::uint64_t generation, std::uint32_t dek)
        -> result<void> override {
        return vault_.supersede(environment, generation, dek);
    }
    auto put_system(std::string_view name, value_ref value, const write_options& with)
        -> result<written> override {
        return vault_.put_system(name, value, with);
    }
    auto erase_system(std::string_view name, const write_options& with)
        -> result<written> override {
        return vault_.erase_system(name, with);
    }
    auto sha256(byte_view data) const -> digest override {
        return vault_.engine().cipher().sha256(data);
    }
    auto hmac_sha256(byte_view key, byte_view data) const -> digest override {
        return vault_.engine().cipher().hmac_sha256(key, data);
    }
    auto random(std::span<std::byte> out) const -> result<void> override {
        return vault_.engine().cipher().random(out);
    }
    auto ephemeral() const -> result<std::shared_ptr<const ephemeral_cipher>> override {
        return pooled_cipher<typename P::cipher_type>::make(vault_.engine().cipher());
    }

private:
    vault<P> vault_;
    secrets reader_;
};

} // namespace detail

/// The vault with its policy erased: see any_vault.
template <class P>
auto erase(vault<P> held) -> any_vault {
    return any_vault(std::make_shared<detail::erased_vault<P>>(std::move(held)));
}

} // namespace coffer::inline COFFER_ABI

#endif
