// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_KEK_SET_HPP
#define COFFER_KEYRING_KEK_SET_HPP

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/format/kek_wrap.hpp>
#include <coffer/format/limits.hpp>
#include <coffer/secret.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// The life of a KEK: wraps and unwraps; unwraps only; neither, for now; neither, its key is gone.
enum class kek_state : unsigned char { active, decrypt_only, disabled, destroyed };

constexpr auto to_string(kek_state state) noexcept -> std::string_view {
    switch (state) {
    case kek_state::active: return "active";
    case kek_state::decrypt_only: return "decrypt_only";
    case kek_state::disabled: return "disabled";
    case kek_state::destroyed: return "destroyed";
    }
    return "unknown";
}

/// What may be told of a KEK.
struct kek_info {
    std::string id{};
    kek_state state = kek_state::active;
    /// The environments that it may speak for; "*": every one that no other KEK of the set names.
    std::vector<std::string> environments{};
    /// When it was made, in milliseconds since 1970 UTC; for people. 0: not known.
    std::chrono::milliseconds created{0};
    /// New environments are enrolled with this one.
    bool is_default = false;
    /// The environment variable that it was read from; empty: from none.
    std::string variable{};
};

/// A KEK to be made, or brought along.
struct new_kek {
    std::string id{}; ///< Empty: `kek-<year>-<month>-<4 hex>`. Else 1 to 255 of [A-Za-z0-9._-].
    std::vector<std::string> environments{};
    bool is_default = false;
    std::optional<key_bytes> key{}; ///< None: 32 random bytes.
};

/// A KEK and the one that took its place.
struct kek_rotation {
    /// Only unwraps from now on. Where a KEK was made for one environment alone: stays as it is, if
    /// it speaks for others too.
    std::string from{};
    std::string to{};
};

/// What a set of KEKs took in of another one.
struct kek_join {
    std::size_t keks = 0;         ///< That it had not.
    std::size_t environments = 0; ///< That KEKs which it had may speak for now.
};

/// One KEK with its key, in secure memory; destroyed ones have none.
struct kek {
    kek_info info{};
    secret key{};

    auto bytes() const noexcept -> std::span<const std::byte, 32> {
        return std::span<const std::byte, 32>(as_bytes(key.expose_secret()));
    }
};

/// The KEKs of one keyring and the rules by which they speak (laws K1 to K6 of KeyProvider): which
/// KEK is for which environment, in which state it does what. Every provider that holds its KEKs in
/// software is this and a place where they come from. Not thread-safe for writing.
class kek_set {
public:
    static constexpr std::size_t most_keks = 1024;
    static constexpr std::size_t most_environments = 65536;
    static constexpr std::string_view any = "*";

    auto keks() const noexcept -> const std::vector<kek>& { return keks_; }
    auto list() const -> std::vector<kek_info> {
        std::vector<kek_info> out;
        for (const auto& k : keks_)
            out.push_back(k.info);
        return out;
    }

    /// The newest active KEK that names the environment, or else has "*". `key_disabled` if those
    /// that may speak for it can't wrap; `unknown_key` if there is none: nothing is enrolled here;
    /// `invalid_argument` if that is no environment.
    auto key_for(std::string_view environment) const -> result<std::string> {
        if (!is_environment(environment)) return errc::invalid_argument;
        const kek* found = nullptr;
        bool known = false;
        for (const auto& k : keks_) {
            if (!may_speak(k, environment)) continue;
            known = true;
            if (k.info.state == kek_state::active) found = &k;
        }
        if (found != nullptr) return found->info.id;
        return known ? errc::key_disabled : errc::unknown_key;
    }

    /// Lets the default KEK speak for an environment that none speaks for, and answers its id.
    /// `unknown_key` without a default, `key_disabled` if that one is not active, `too_large`
    /// beyond most_environments, else as key_for.
    auto enrol(std::string_view environment) -> result<std::string> {
        auto known = key_for(environment);
        if (known || known.error() != errc::unknown_key) return known;
        const auto found =
            std::ranges::find_if(keks_, [](const kek& k) { return k.info.is_default; });
        if (found == keks_.end()) return errc::unknown_key;
        if (found->info.state != kek_state::active) return errc::key_disabled;
        if (found->info.environments.size() >= most_environments) return errc::too_large;
        found->info.environments.emplace_back(environment);
        return found->info.id;
    }

    /// Adds an active KEK and answers its id. `invalid_argument` if the id or an environment is not
    /// well formed or there are more than most_environments, `conflict` if the id is taken,
    /// `too_large` beyond most_keks, `unavailable` without randomness.
    auto add(new_kek from) -> result<std::string> {
        if (from.id.empty()) {
            auto id = fresh_id();
            if (!id) return id.error();
            from.id = std::move(*id);
        }
        kek made;
        if (from.key) {
            made.key = secret(byte_view(from.key->view()));
        } else {
            key_bytes random;
            if (auto filled = cipher_.random(random.span()); !filled) return filled.error();
            made.key = secret(byte_view(random.view()));
        }
        made.info = {from.id, kek_state::active, std::move(from.environments), now(),
                     from.is_default};
        if (auto inserted = insert(std::move(made)); !inserted) return inserted.error();
        return std::move(from.id);
    }

    /// Makes a KEK in the place of every active one: it speaks for the environments that the older
    /// one was asked for, and is the default if that was. The older one is decrypt_only from now
    /// on: DEKs under it are read until they are rewrapped. Environments that no active KEK speaks
    /// for, since the newest that does was rotated, are the new default's from now on.
    /// `key_disabled` if none is active, else as add(); the set is then half rotated and to be
    /// thrown away.
    auto rotate() -> result<std::vector<kek_rotation>> {
        auto successors = planned_successors();
        if (successors.empty()) return errc::key_disabled;
        std::vector<kek_rotation> out;
        for (auto& [from, made] : successors) {
            auto id = add(std::move(made));
            if (!id) return id.error();
            if (auto done = set_state(from, kek_state::decrypt_only); !done) return done.error();
            out.push_back({std::move(from), *std::move(id)});
        }
        return out;
    }
    /// Makes a KEK for one environment alone. Those that spoke for it so far go on to unwrap for
    /// it; those for it alone do nothing else from now on. `invalid_argument` if that is no
    /// environment, `unknown_key` if there is none, else as add(); the set is then half rotated and
    /// to be thrown away.
    auto rotate(std::string_view environment) -> result<kek_rotation> {
        if (!is_environment(environment)) return errc::invalid_argument;
        std::vector<kek*> speakers;
        for (auto& k : keks_)
            if (may_speak(k, environment)) speakers.push_back(&k);
        if (speakers.empty()) return errc::unknown_key;
        // "*" would stand for it no longer once another KEK names it, and DEKs may be under any.
        for (auto* k : speakers)
            if (!names(*k, environment)) k->info.environments.emplace_back(environment);
        for (auto* k : speakers)
            if (k->info.state == kek_state::active && !k->info.is_default &&
                std::ranges::all_of(k->info.environments,
                                    [&](const auto& e) { return e == environment; }))
                k->info.state = kek_state::decrypt_only;
        kek_rotation out{speakers.back()->info.id, {}};
        auto id = add({.environments = {std::string(environment)}});
        if (!id) return id.error();
        out.to = *std::move(id);
        return out;
    }

    /// Takes in a KEK as it is. A new default takes the place of the old one, and a "*" of another
    /// KEK stands no longer for what this one names. `invalid_argument` if
    /// its key is not one of 32 bytes (of a destroyed one: none), else as add().
    auto insert(kek k) -> result<void> {
        const auto& names = k.info.environments;
        if (!is_id(k.info.id) || names.size() > most_environments) return errc::invalid_argument;
        if (k.key.size() != (k.info.state == kek_state::destroyed ? 0U : 32U))
            return errc::invalid_argument;
        for (const auto& name : names)
            if (name != any && !is_environment(name)) return errc::invalid_argument;
        if (find(k.info.id) != nullptr) return errc::conflict;
        if (keks_.size() >= most_keks) return errc::too_large;
        if (k.info.is_default)
            for (auto& other : keks_)
                other.info.is_default = false;
        keks_.push_back(std::move(k));
        return {};
    }

    /// Takes in what another set has and this one lacks: KEKs, and of those that both have the
    /// environments that they may speak for. What both have stays in the state that it is in here,
    /// but one that is active here and only unwraps there was rotated there, and only unwraps from
    /// now on. The other's default becomes this one's where it is new here and the other knows this
    /// one's, or there is none; it speaks for the environments that are left without an active KEK,
    /// since theirs was rotated here and given to them there, or the other way round. Whatever a
    /// "*" stood for, here or there, its KEK goes on to speak for by name where the other set names
    /// it. What is destroyed, here or there, stays as it is here. `conflict` if an id stands for
    /// two keys, else as insert(); the set is then half joined and to be thrown away.
    auto join(const kek_set& other) -> result<kek_join> {
        kek_join out;
        const auto only_here = named_in(*this, other);
        const auto only_there = named_in(other, *this);
        for (auto& k : keks_)
            if (names(k, any))
                if (auto named = add_names(k, only_there); !named) return named.error();
        const auto ours =
            std::ranges::find_if(keks_, [](const kek& k) { return k.info.is_default; });
        const bool follows = ours == keks_.end() || other.find(ours->info.id) != nullptr;
        std::ptrdiff_t first = 0; // behind those with "*" that came
        for (const auto& theirs : other.keks_) {
            if (theirs.info.state == kek_state::destroyed) continue;
            const bool for_any = names(theirs, any);
            auto speaks_for = theirs.info.environments;
            if (for_any) speaks_for.insert(speaks_for.end(), only_here.begin(), only_here.end());
            const auto mine = std::ranges::find_if(
                keks_, [&](const kek& k) { return k.info.id == theirs.info.id; });
            if (mine == keks_.end()) {
                kek made{theirs.info, secret(byte_view(theirs.bytes()))};
                made.info.environments = std::move(speaks_for);
                made.info.is_default = theirs.info.is_default && follows;
                if (auto inserted = insert(std::move(made)); !inserted) return inserted.error();
                // As the oldest: KEKs that name an environment here go on to wrap for it.
                if (for_any) std::rotate(keks_.begin() + first++, keks_.end() - 1, keks_.end());
                ++out.keks;
            } else if (mine->info.state != kek_state::destroyed) {
                if (!equal_constant_time(mine->bytes(), theirs.bytes())) return errc::conflict;
                auto added = add_names(*mine, speaks_for);
                if (!added) return added.error();
                out.environments += *added;
                if (mine->info.state == kek_state::active &&
                    theirs.info.state == kek_state::decrypt_only)
                    mine->info.state = kek_state::decrypt_only;
            }
        }
        const auto left = left_behind();
        for (auto& k : keks_)
            if (k.info.is_default && k.info.state == kek_state::active)
                if (auto taken = add_names(k, left); !taken) return taken.error();
        return out;
    }

    /// Moves a KEK to another state; destroying wipes its key, for good. `unknown_key` if there is
    /// none of that id, `key_disabled` if it is destroyed and another state is asked for.
    auto set_state(std::string_view id, kek_state state) -> result<void> {
        const auto found = std::ranges::find(
            keks_, id, [](const kek& k) -> std::string_view { return k.info.id; });
        if (found == keks_.end()) return errc::unknown_key;
        if (found->info.state == state) return {};
        if (found->info.state == kek_state::destroyed) return errc::key_disabled;
        found->info.state = state;
        if (state == kek_state::destroyed) found->key = secret{};
        return {};
    }

    /// KeyProvider::wrap. `unknown_key`, `key_disabled` (it is not active), else as
    /// format::wrap_dek.
    auto wrap(std::string_view id, std::span<const std::byte, 32> dek, byte_view aad) const
        -> result<bytes> {
        const auto* k = find(id);
        if (k == nullptr) return errc::unknown_key;
        if (k->info.state != kek_state::active) return errc::key_disabled;
        return format::wrap_dek(cipher_, k->bytes(), dek, aad);
    }

    /// KeyProvider::unwrap: the rules first (`unknown_key`, `key_disabled`), and only then
    /// cryptography, with the errors of format::unwrap_dek.
    auto unwrap(std::string_view id, std::string_view environment, byte_view wrapped,
                byte_view aad) const -> result<key_bytes> {
        const auto* k = find(id);
        if (k == nullptr || !is_environment(environment) || !may_speak(*k, environment))
            return errc::unknown_key;
        if (k->info.state == kek_state::disabled || k->info.state == kek_state::destroyed)
            return errc::key_disabled;
        return format::unwrap_dek(cipher_, k->bytes(), wrapped, aad);
    }

private:
    static auto is_id(std::string_view id) noexcept -> bool {
        return !id.empty() && id.size() <= format::limits::id &&
               std::ranges::all_of(id, [](char c) {
                   return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
               });
    }
    /// An environment called "*" would enrol all others with it.
    static auto is_environment(std::string_view name) noexcept -> bool {
        return !name.empty() && name.size() <= format::limits::id && name != any &&
               format::is_utf8(name);
    }
    /// What takes the place of each active KEK, by its id. Each name is looked at twice, however
    /// many there are.
    auto planned_successors() const -> std::vector<std::pair<std::string, new_kek>> {
        // Which KEK key_for() answers for an environment that one names: the newest that does.
        std::unordered_map<std::string_view, const kek*> asked;
        for (const auto& k : keks_)
            if (k.info.state == kek_state::active)
                for (const auto& e : k.info.environments)
                    asked.insert_or_assign(e, &k);
        std::vector<std::pair<std::string, new_kek>> out;
        for (const auto& k : keks_) {
            if (k.info.state != kek_state::active) continue;
            new_kek made{.is_default = k.info.is_default};
            for (const auto& e : k.info.environments)
                if (e == any || asked.at(e) == &k) made.environments.push_back(e);
            if (made.is_default)
                for (auto& e : left_behind())
                    made.environments.push_back(std::move(e));
            out.emplace_back(k.info.id, std::move(made));
        }
        return out;
    }
    /// The environments that no active KEK speaks for, though the newest that does only unwraps:
    /// it was rotated.
    auto left_behind() const -> std::vector<std::string> {
        struct speakers {
            kek_state newest{};
            bool active = false;
        };
        std::unordered_map<std::string_view, speakers> all;
        for (const auto& k : keks_)
            for (const auto& e : k.info.environments) {
                auto& found = all[e];
                found.newest = k.info.state;
                found.active = found.active || k.info.state == kek_state::active;
            }
        std::vector<std::string> out;
        for (const auto& k : keks_)
            for (const auto& e : k.info.environments) {
                auto& found = all.at(e);
                if (e == any || found.active || found.newest != kek_state::decrypt_only) continue;
                out.push_back(e);
                found.active = true; // once
            }
        return out;
    }
    /// The environments that KEKs of a set name, and none of another one.
    static auto named_in(const kek_set& set, const kek_set& other) -> std::vector<std::string> {
        std::unordered_set<std::string_view> known{any};
        for (const auto& k : other.keks_)
            known.insert(k.info.environments.begin(), k.info.environments.end());
        std::vector<std::string> out;
        for (const auto& k : set.keks_)
            for (const auto& e : k.info.environments)
                if (known.insert(e).second) out.push_back(e);
        return out;
    }
    /// Answers how many the KEK did not name before. `too_large` beyond most_environments.
    static auto add_names(kek& to, const std::vector<std::string>& environments)
        -> result<std::size_t> {
        auto& names = to.info.environments;
        std::unordered_set<std::string> known(names.begin(), names.end());
        std::size_t added = 0;
        for (const auto& e : environments)
            if (known.insert(e).second) names.push_back(e), ++added;
        if (names.size() > most_environments) return errc::too_large;
        return added;
    }
    static auto names(const kek& k, std::string_view environment) noexcept -> bool {
        return std::ranges::find(k.info.environments, environment) != k.info.environments.end();
    }
    auto may_speak(const kek& k, std::string_view environment) const noexcept -> bool {
        if (names(k, environment)) return true;
        return names(k, any) && std::ranges::none_of(keks_, [&](const kek& other) {
                   return names(other, environment);
               });
    }
    auto find(std::string_view id) const noexcept -> const kek* {
        for (const auto& k : keks_)
            if (k.info.id == id) return &k;
        return nullptr;
    }
    static auto now() noexcept -> std::chrono::milliseconds {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch());
    }
    auto fresh_id() const -> result<std::string> {
        const std::chrono::year_month_day today{
            std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
        const auto month = static_cast<unsigned>(today.month());
        const auto prefix = "kek-" + std::to_string(static_cast<int>(today.year())) +
                            (month < 10 ? "-0" : "-") + std::to_string(month) + "-";
        for (;;) {
            std::array<std::byte, 2> tail{};
            if (auto filled = cipher_.random(tail); !filled) return filled.error();
            if (auto id = prefix + format::to_hex(tail); find(id) == nullptr) return id;
        }
    }

    cryptopp::aes_256_gcm cipher_{};
    std::vector<kek> keks_{};
};

} // namespace coffer::inline COFFER_ABI::keyring

#endif
