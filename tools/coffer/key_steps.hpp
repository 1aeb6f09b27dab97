// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_KEY_STEPS_HPP
#define COFFER_COMMAND_KEY_STEPS_HPP

#include "key_changes.hpp"
#include "settings.hpp"

#include <coffer/any_vault.hpp>
#include <coffer/errc.hpp>
#include <coffer/format/head.hpp>
#include <coffer/http/kek_changes.hpp>
#include <coffer/keyring/kek_set.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What is done with the KEKs of a store, and when it is refused: by the verbs of keys, which ask
/// before, and by a server that may (docs/design.md, The life of keys).
namespace command {

/// A store and its keys. `config` outlives it.
struct key_place {
    coffer::any_vault vault;
    std::shared_ptr<key_changes> keys;
    const settings& config;
};

/// Those of a run of the command.
auto key_place_of(session& s) -> key_place;

/// The KEKs. Throws problem.
auto keks_of(const key_place& in) -> std::vector<coffer::keyring::kek_info>;
/// All environments, Coffer's own first: it has keys as well. Where it can't be read, it alone:
/// what is done with it then says why.
auto all_environments(const key_place& in) -> std::vector<std::string>;

/// The DEKs of an environment as its head lists them, or why it can't be read.
struct used_keys {
    std::string environment{};
    std::vector<coffer::format::head_dek> deks{};
    coffer::errc why{};
};
/// What is known of a time before the store went away counts as not read: `stale`.
auto use_of(const key_place& in, const std::vector<std::string>& environments)
    -> std::vector<used_keys>;
/// The environments whose DEKs a KEK wraps.
auto needed_by(const std::string& kek_id, const std::vector<used_keys>& all)
    -> std::vector<std::string>;

/// KEKs in the place of all active ones; with an environment, one for it alone. Throws problem.
auto rotate_keks(key_changes& keys, const std::string& environment)
    -> std::vector<coffer::keyring::kek_rotation>;

/// Why a KEK is still needed in this store, in words; empty: it is not. Throws problem:
/// unknown_key; conflict where other stores need it, unless that is said not to matter.
auto why_needed(const key_place& in, const std::string& kek_id, bool even_if_shared) -> std::string;
/// That a KEK was not disabled, and why.
auto not_disabled(const std::string& kek_id, const std::string& why) -> std::string;
/// Disables a KEK. Throws problem.
void disable_kek(const key_place& in, const std::string& kek_id);

/// The end of an environment. It is looked at first and carried out after somebody agreed.
class shredding {
public:
    /// Whether an environment of this id can be meant: it is listed, or has keys. Coffer's own is
    /// none. Throws problem.
    static auto is_meant(const key_place& in, const std::string& environment) -> bool;
    /// Throws problem: conflict, with the way there, where destroying what it is under would take
    /// others with it; what reading fails with.
    shredding(const key_place& in, std::string environment, bool even_if_shared);

    /// What has to be typed: the environment's name; its id, if it has none or was removed.
    auto name() const noexcept -> const std::string& { return name_; }
    /// All of it was done before.
    auto is_done() const noexcept -> bool { return to_destroy_.empty(); }
    /// What will be done, in words.
    auto effect() const -> std::string;
    /// Closes the environment, then destroys its KEKs: stopped in between, another one goes on with
    /// it. `by`: the id of who does it, for the rows of tokens that lose a grant, each of which is
    /// told to `ended`. Throws problem.
    auto carry_out(std::string_view by, const coffer::http::on_ended_token& ended)
        -> coffer::http::shred_receipt;

private:
    /// The KEKs that may speak for an environment.
    struct speakers {
        std::vector<coffer::keyring::kek_info> own{};    ///< For it alone.
        std::vector<coffer::keyring::kek_info> shared{}; ///< For others too, and not destroyed.

        speakers(const std::vector<coffer::keyring::kek_info>& all, const std::string& environment);
        auto is_own(const std::string& kek_id) const -> bool;
        auto shared_ids() const -> std::string;
    };
    auto is_closed() const -> bool;
    void look();
    void close(std::string_view by, const coffer::http::on_ended_token& ended);

    key_place in_;
    std::string environment_;
    speakers keys_;
    std::vector<std::string> to_destroy_{};
    bool closed_ = false;   ///< It was removed; its head is closed.
    coffer::errc unread_{}; ///< It can't be read, and so not closed.
    std::string name_{};
    std::string holds_{};
};

} // namespace command

#endif
