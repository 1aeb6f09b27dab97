// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_REMOTE_VAULT_HPP
#define COFFER_HTTP_REMOTE_VAULT_HPP

#include <coffer/any_vault.hpp>
#include <coffer/detail/base64.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/http/remote_places.hpp>
#include <coffer/http/remote_view.hpp>
#include <coffer/http/times.hpp>
#include <coffer/http/watched_change.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace coffer::inline COFFER_ABI::http {

/// A server's vault, as far as a token lets one in: what the command works on with `--server`, no
/// different from the vault in its own process. Errors are the vault's own, with denied for what
/// the token may not. The author of a write is the token's name, whatever write_options say.
///
/// A change whose answer is lost is asked about before it is given up as outcome_unknown: the
/// name's history, or the place itself, tells whether it was made.
///
/// What makes sense only beside the store is `unsupported`: refresh, is_stored, status, verify,
/// rewrap, rotate_dek, supersede, entries, put_system, erase_system, and a set_description of an
/// expected version: a server changes those members alone that it is given. try_at never answers.
class remote_vault final : public vault_operations {
public:
    /// `serve_stale_for`: how old an answer may be while the server can't see its store.
    explicit remote_vault(std::shared_ptr<caller> calls,
                          std::chrono::milliseconds serve_stale_for = std::chrono::minutes(5))
        : calls_(std::move(calls)), places_(calls_),
          reader_(remote_source(calls_, serve_stale_for)) {}

    /// Its views' get() and all() ask the server, and wait: see remote_view. http::source asks for
    /// values in at().
    auto resolver() const -> const secrets& override { return reader_; }
    auto try_at(context) -> std::optional<view> override { return std::nullopt; }
    auto refresh(std::string_view) -> result<void> override { return errc::unsupported; }

    auto environments() -> result<dated<std::vector<std::string>>> override {
        return places_.environments();
    }
    auto spaces(std::string_view environment) -> result<dated<std::vector<std::string>>> override {
        return places_.spaces(environment);
    }
    auto describe(context where) -> result<std::string> override { return places_.describe(where); }
    auto create_environment(std::string_view id, std::string metadata) -> result<void> override {
        return places_.create({.environment = id}, metadata);
    }
    auto create_space(context where, std::string metadata) -> result<void> override {
        return places_.create(where, metadata);
    }
    auto set_description(context where, std::string metadata,
                         std::optional<std::uint64_t> if_version) -> result<void> override {
        if (if_version) return errc::unsupported;
        return places_.change(where, metadata);
    }
    auto remove_environment(std::string_view id) -> result<void> override {
        return places_.remove({.environment = id});
    }
    auto remove_space(context where) -> result<void> override { return places_.remove(where); }

    auto put_many(context where, std::vector<named_value> values, const write_options& with)
        -> result<std::vector<written>> override;
    auto change_many(context where, std::vector<change> changes)
        -> result<std::vector<written>> override;
    auto erase(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        auto target = secret_target("", where, name);
        if (with.if_version) target += "&ifVersion=" + std::to_string(*with.if_version);
        return one_written({*calls_, where, name, format::entry_state::deleted},
                           {.method = "DELETE", .target = std::move(target)});
    }
    auto hide(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return post_change("/hide", format::entry_state::hidden, where, name, with);
    }
    auto show(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return post_change("/unhide", std::nullopt, where, name, with);
    }
    auto undelete(context where, std::string_view name, const write_options& with)
        -> result<written> override {
        return post_change("/undelete", format::entry_state::value, where, name, with);
    }
    auto rollback(context where, std::string_view name, std::uint64_t to, const write_options& with)
        -> result<written> override {
        return post_change("/rollback", format::entry_state::value, where, name, with, to);
    }

    auto history(context where, std::string_view name)
        -> result<dated<std::vector<version_info>>> override {
        return ask_history(*calls_, where, name);
    }
    auto get_version(context where, std::string_view name, std::uint64_t version)
        -> result<secret> override;
    auto list(context where) -> result<dated<std::vector<own_entry>>> override;

    auto entries(std::string_view) -> result<dated<std::vector<scoped_entry>>> override {
        return errc::unsupported;
    }
    auto is_stored(context, std::string_view) -> result<bool> override { return errc::unsupported; }
    auto status(std::string_view) -> result<dated<environment_status>> override {
        return errc::unsupported;
    }
    auto verify(std::string_view) -> result<verification> override { return errc::unsupported; }
    auto rewrap(std::string_view) -> result<rewrapped> override { return errc::unsupported; }
    auto rotate_dek(std::string_view, const on_rotation&) -> result<dek_rotation> override {
        return errc::unsupported;
    }
    auto supersede(std::string_view, std::uint64_t, std::uint32_t) -> result<void> override {
        return errc::unsupported;
    }
    auto put_system(std::string_view, value_ref, const write_options&) -> result<written> override {
        return errc::unsupported;
    }
    auto erase_system(std::string_view, const write_options&) -> result<written> override {
        return errc::unsupported;
    }

    auto sha256(byte_view data) const -> digest override;
    auto hmac_sha256(byte_view key, byte_view data) const -> digest override;
    auto random(std::span<std::byte> out) const -> result<void> override {
        return RAND_bytes(reinterpret_cast<unsigned char*>(out.data()),
                          static_cast<int>(out.size())) == 1
                   ? result<void>()
                   : result<void>(errc::unavailable);
    }
    auto ephemeral() const -> result<std::shared_ptr<const ephemeral_cipher>> override {
        return errc::unsupported;
    }

private:
    static auto secret_target(std::string_view what, context where, std::string_view name)
        -> std::string {
        return "/v1/x/secret" + std::string(what) + query_of(where) + "&name=" + encoded(name);
    }
    static void write_value(json_writer& w, std::string_view value);
    static void write_options_to(json_writer& w, const write_options& with);
    static auto read_written(const boost::json::object& o) -> written {
        written out;
        out.version = number_in(o, "version");
        out.changed = !o.contains("changed") || flag_in(o, "changed");
        return out;
    }
    auto one_written(watched_change watched, outgoing out) -> result<written> {
        auto in = calls_->call(std::move(out));
        if (in) return read_written(in->object());
        if (in.error().code == errc::outcome_unknown)
            if (const auto made = watched.made()) return written{*made, true, {}};
        return in.error();
    }
    /// The newest version of each, after a write whose answer was lost.
    auto newest_of(context where, const std::vector<std::string>& names)
        -> result<std::vector<written>> {
        std::vector<written> out;
        for (const auto& name : names) {
            auto versions = ask_history(*calls_, where, name);
            if (!versions) return failure(errc::outcome_unknown, versions.error().cause);
            out.push_back({versions->front().version, true, {}});
        }
        return out;
    }
    auto post_change(std::string_view what, std::optional<format::entry_state> leaves,
                     context where, std::string_view name, const write_options& with,
                     std::uint64_t to = 0) -> result<written> {
        outgoing out{.method = "POST", .target = secret_target(what, where, name), .body = {}};
        json_writer w(out.body);
        w.begin_object().member_if("to", to);
        write_options_to(w, with);
        w.end_object();
        return one_written({*calls_, where, name, leaves}, std::move(out));
    }

    std::shared_ptr<caller> calls_;
    remote_places places_;
    secrets reader_;
};

inline void remote_vault::write_value(json_writer& w, std::string_view value) {
    if (format::is_utf8(value)) {
        w.member("value", value);
        return;
    }
    w.key("value").begin_object();
    w.member("base64", std::string_view(coffer::detail::base64_text(as_bytes(value)))).end_object();
}

/// What the command writes into an entry's note is two things on the wire: the note, and the day
/// to rotate by.
inline void remote_vault::write_options_to(json_writer& w, const write_options& with) {
    if (with.if_version) w.member("ifVersion", *with.if_version);
    if (with.expires != 0) w.member("expiresAt", iso_time(with.expires));
    if (!with.note) return;
    const auto read = json_document::read(*with.note);
    w.member("note", read ? text_in(read->object(), "note") : std::string_view(*with.note));
    if (read) w.member("rotateBy", text_in(read->object(), "rotate_by"));
}

inline auto remote_vault::put_many(context where, std::vector<named_value> values,
                                   const write_options& with) -> result<std::vector<written>> {
    if (values.size() != 1) {
        std::vector<change> all;
        for (auto& one : values)
            all.push_back({change_kind::put, std::move(one.name), std::move(one.value), with});
        return change_many(where, std::move(all));
    }
    outgoing out{.method = "PUT", .target = secret_target("", where, values[0].name), .body = {}};
    json_writer w(out.body);
    w.begin_object();
    write_value(w, as_text(values[0].value));
    write_options_to(w, with);
    w.end_object();
    auto done =
        one_written({*calls_, where, values[0].name, format::entry_state::value}, std::move(out));
    if (!done) return done.error();
    return std::vector<written>{*done};
}

/// The server answers the puts first, then the others in the order of `lists`.
inline auto remote_vault::change_many(context where, std::vector<change> changes)
    -> result<std::vector<written>> {
    using state = format::entry_state;
    struct list_of {
        change_kind kind;
        std::string_view name;
        std::optional<state> leaves;
    };
    static constexpr list_of lists[] = {{change_kind::put, "set", state::value},
                                        {change_kind::erase, "remove", state::deleted},
                                        {change_kind::hide, "hide", state::hidden},
                                        {change_kind::show, "unhide", std::nullopt},
                                        {change_kind::undelete, "undelete", state::value}};
    outgoing out{.method = "POST", .target = "/v1/x/batch" + query_of(where), .body = {}};
    json_writer w(out.body);
    w.begin_object();
    std::vector<std::size_t> places; // of the answers' rows
    std::vector<std::string> names;
    std::optional<state> first_leaves;
    for (const auto& [kind, list, leaves] : lists) {
        w.key(list).begin_list();
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const auto& one = changes[i];
            if (one.kind != kind) continue;
            if (places.empty()) first_leaves = leaves;
            places.push_back(i);
            names.push_back(one.name);
            w.begin_object().member("name", one.name);
            if (kind == change_kind::put) write_value(w, as_text(one.value));
            write_options_to(w, one.with);
            w.end_object();
        }
        w.end_list();
    }
    w.end_object();
    if (changes.empty()) return std::vector<written>();
    // All or nothing: what became of the first became of all.
    watched_change watched(*calls_, where, names.front(), first_leaves);
    auto in = calls_->call(std::move(out));
    result<std::vector<written>> answer = std::vector<written>();
    if (!in && in.error().code == errc::outcome_unknown && watched.made())
        answer = newest_of(where, names);
    else if (!in)
        return in.error();
    else
        for (const auto& row : in->list())
            answer->push_back(row.is_object() ? read_written(row.get_object()) : written());
    if (!answer) return answer;
    if (answer->size() != changes.size()) return errc::unsupported;
    std::vector<written> done(changes.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        done[places[i]] = (*answer)[i];
    return done;
}

inline auto remote_vault::get_version(context where, std::string_view name, std::uint64_t version)
    -> result<secret> {
    outgoing out{.method = "POST",
                 .target = secret_target("/value", where, name),
                 .body = {},
                 .only_reads = true};
    json_writer(out.body).begin_object().member("version", version).end_object();
    auto in = calls_->call(std::move(out));
    if (!in) return in.error();
    auto value = value_in(in->object(), version);
    if (!value) return errc::unsupported;
    return *std::move(value);
}

inline auto remote_vault::list(context where) -> result<dated<std::vector<own_entry>>> {
    const auto asked = machine_clock().boot();
    auto in = ask_values(*calls_, where, false);
    if (!in) return in.error();
    dated<std::vector<own_entry>> out{{}, freshness_in(in->object(), asked)};
    for (const auto& row : read_wire_rows(*in, where).rows) {
        if (row.told.layers.empty()) continue;
        const auto& own = row.told.layers.front();
        if (own.where.view() != where || own.state == layer_state::absent) continue;
        const auto hidden = own.state == layer_state::hidden;
        out.push_back({row.told.name,
                       {},
                       hidden ? format::entry_state::hidden : format::entry_state::value,
                       own.state == layer_state::damaged,
                       own.version,
                       own.at,
                       own.expires,
                       own.author,
                       own.note});
    }
    return out;
}

inline auto remote_vault::sha256(byte_view data) const -> digest {
    digest out{};
    EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
               EVP_sha256(), nullptr);
    return out;
}

inline auto remote_vault::hmac_sha256(byte_view key, byte_view data) const -> digest {
    digest out{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
