// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_PROPERTY_WORLD_HPP
#define COFFER_TESTS_PROPERTY_WORLD_HPP

// Random sequences of all that a vault does, against a plain model: equal at every step.
// RC_PARAMS="seed=… max_success=…" repeats and extends a run; a failure prints its own.

#include "support/temporary_folder.hpp"
#include "support/vault.hpp"

#include <coffer/file/store.hpp>

#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <set>

namespace coffer_test {

using namespace coffer;

enum class kind : unsigned char {
    put,
    put_if,
    put_many,
    erase,
    hide,
    show,
    undelete,
    rollback,
    make_space,
    remove_space,
    make_environment,
    remove_environment,
    reopen,
    interleave,
    forget,
    rotate_dek,
    rotate_kek,
};

/// One step: small numbers, so that RapidCheck makes a failing sequence short.
struct step {
    kind what{};
    unsigned vault = 0; ///< Which of the two.
    unsigned space = 0; ///< 0: the environment.
    unsigned name = 0;
    unsigned value = 0;
    unsigned life = 0; ///< When it expires: 0 and 1 never, 2 it has, 3 in a century.
    unsigned note = 0; ///< 0: says none.
};

constexpr unsigned spaces = 3;
constexpr unsigned names = 4;

inline auto space_of(const step& s) -> std::string {
    return s.space == 0 ? "" : "s" + std::to_string(s.space);
}
inline auto name_of(unsigned n) -> std::string {
    return "NAME_" + std::to_string(n);
}
inline auto has_expired(std::uint64_t expires) -> bool {
    return expires == 1; // millisecond of 1970
}
inline auto with_of(const step& s) -> write_options {
    write_options with;
    if (s.life >= 2) with.expires = s.life == 2 ? 1 : 4'102'444'800'000;
    if (s.note > 0) with.note = "note " + std::to_string(s.note);
    return with;
}

inline auto operator<<(std::ostream& out, const step& s) -> std::ostream& {
    static constexpr const char* texts[] = {
        "put",      "put_if",     "put_many",   "erase",        "hide",      "show",
        "undelete", "rollback",   "make_space", "remove_space", "make_env",  "remove_env",
        "reopen",   "interleave", "forget",     "rotate_dek",   "rotate_kek"};
    return out << texts[static_cast<unsigned>(s.what)] << "(vault " << s.vault << ", space "
               << s.space << ", name " << s.name << ", value " << s.value << ", life " << s.life
               << ", note " << s.note << ")";
}

/// One version in plain.
struct version {
    std::uint64_t number = 0;
    format::entry_state state{};
    std::string value{};
    std::uint64_t expires = 0;
    std::string author{};
};
/// A name of one scope in plain.
struct plain_entry {
    std::vector<version> versions{}; ///< Newest first.
    std::string note{};

    auto newest() const -> const version& { return versions.front(); }
    auto is(format::entry_state state) const -> bool { return newest().state == state; }
};

/// What the documentation says, written down with nothing but maps.
class model {
public:
    using state = format::entry_state;

    auto has_space(const std::string& s) const -> bool {
        return made_ && (s.empty() || spaces_.contains(s));
    }
    auto own(const std::string& s, const std::string& n) const -> const plain_entry* {
        const auto at = entries_.find({s, n});
        return at == entries_.end() ? nullptr : &at->second;
    }
    auto own_version(const std::string& s, const std::string& n) const -> std::uint64_t {
        const auto* e = own(s, n);
        return e == nullptr || e->is(state::deleted) ? 0 : e->newest().number;
    }
    auto resolve(const std::string& s, const std::string& n) const -> std::string {
        if (!has_space(s)) return "unknown_scope";
        for (const auto& scope : {s, std::string()}) {
            const auto* e = own(scope, n);
            if (e == nullptr || e->is(state::deleted)) continue;
            if (e->is(state::hidden)) return "not_found";
            return has_expired(e->newest().expires) ? "expired" : e->newest().value;
        }
        return "not_found";
    }

    auto put(const std::string& s, const std::string& n, const std::string& value,
             const std::string& author, const write_options& with = {}) -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* e = own(s, n);
        if (e == nullptr || !e->is(state::value) || e->newest().value != value ||
            e->newest().author != author || e->newest().expires != with.expires)
            return append(s, n, state::value, value, author, with);
        const auto number = std::to_string(e->newest().number);
        if (!with.note || *with.note == e->note) return "same " + number;
        entries_[{s, n}].note = *with.note;
        return "v" + number;
    }
    auto erase(const std::string& s, const std::string& n, const std::string& author)
        -> std::string {
        if (!has_space(s)) return "unknown_scope";
        if (own_version(s, n) == 0) return "not_found";
        return append(s, n, state::deleted, {}, author, {});
    }
    auto hide(const std::string& s, const std::string& n, const std::string& author)
        -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* e = own(s, n);
        if (e != nullptr && e->is(state::hidden))
            return "same " + std::to_string(e->newest().number);
        return append(s, n, state::hidden, {}, author, {});
    }
    auto show(const std::string& s, const std::string& n, const std::string& author,
              const write_options& with) -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* e = own(s, n);
        if (e == nullptr || !e->is(state::hidden)) return "not_found";
        if (e->versions.size() > 1 && e->versions[1].state == state::value)
            return restore(s, n, e->versions[1], author, with);
        return append(s, n, state::deleted, {}, author, with);
    }
    auto undelete(const std::string& s, const std::string& n, const std::string& author,
                  const write_options& with) -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* e = own(s, n);
        if (e == nullptr || !e->is(state::deleted)) return "not_found";
        const auto& all = e->versions;
        for (std::size_t i = 1; i < all.size(); ++i) {
            const bool over_a_value = i + 1 < all.size() && all[i + 1].state == state::value;
            if (all[i].state == state::value || (all[i].state == state::hidden && over_a_value))
                return restore(s, n, all[i], author, with);
        }
        return "not_found";
    }
    auto rollback(const std::string& s, const std::string& n, std::uint64_t to,
                  const std::string& author, const write_options& with) -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* e = own(s, n);
        if (e == nullptr) return "not_found";
        for (const auto& old : e->versions)
            if (old.number == to && old.state == state::value)
                return restore(s, n, old, author, with);
        return "not_found";
    }
    auto make_space(const std::string& s) -> std::string {
        if (s.empty()) return "invalid_argument";
        if (!made_) return "unknown_scope";
        return spaces_.insert(s).second ? "made" : "conflict";
    }
    auto remove_space(const std::string& s) -> std::string {
        if (s.empty()) return "invalid_argument";
        if (spaces_.erase(s) == 0) return "unknown_scope";
        std::erase_if(entries_, [&](const auto& e) { return e.first.first == s; });
        return "made";
    }
    auto make_environment() -> std::string {
        return std::exchange(made_, true) ? "conflict" : "made";
    }
    auto remove_environment() -> std::string {
        if (!made_) return "unknown_scope";
        *this = {};
        made_ = false;
        return "made";
    }
    auto is_made() const -> bool { return made_; }
    auto known_spaces() const -> std::vector<std::string> {
        return {spaces_.begin(), spaces_.end()};
    }
    /// What a listing of one scope shows of note and expiry.
    auto listed(const std::string& s) const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& [where, e] : entries_)
            if (where.first == s)
                out.push_back(where.second + " (" + e.note + ") " +
                              std::to_string(e.newest().expires));
        return out;
    }

private:
    /// An older version as it was, but for what the caller says.
    auto restore(const std::string& s, const std::string& n, version old, const std::string& author,
                 write_options with) -> std::string {
        if (with.expires == 0) with.expires = old.expires;
        if (!with.note) with.note = own(s, n)->note;
        return append(s, n, old.state, old.value, author, with);
    }
    auto append(const std::string& s, const std::string& n, state now, std::string value,
                const std::string& author, const write_options& with) -> std::string {
        auto& e = entries_[{s, n}];
        auto& v = e.versions;
        if (now != state::deleted && (v.empty() || e.is(state::deleted))) e.note.clear();
        if (with.note) e.note = *with.note;
        const auto number = v.empty() ? 1 : v.front().number + 1;
        v.insert(v.begin(), {number, now, std::move(value), with.expires, author});
        if (v.size() > 10) v.resize(10);
        return "v" + std::to_string(number);
    }

    bool made_ = true;
    std::set<std::string> spaces_{};
    std::map<std::pair<std::string, std::string>, plain_entry> entries_{};
};

inline auto told(const result<written>& r) -> std::string {
    if (!r) return std::string(to_string(r.error().code));
    return (r->changed ? "v" : "same ") + std::to_string(r->version);
}
inline auto told(const result<void>& r) -> std::string {
    return r ? "made" : std::string(to_string(r.error().code));
}
inline auto told(const result<secret>& r) -> std::string {
    return r ? std::string(r->expose_secret()) : std::string(to_string(r.error().code));
}

/// The calls of a vault and a resolver as they are.
struct direct_calls {
    static auto put(test_vault& v, context where, std::string_view name, std::string_view value,
                    const write_options& with) {
        return v.put(where, name, value, with);
    }
    static auto put_many(test_vault& v, context where, std::vector<named_value>&& values,
                         const write_options& with) {
        return v.put_many(where, std::move(values), with);
    }
    static auto erase(test_vault& v, context where, std::string_view name) {
        return v.erase(where, name);
    }
    static auto hide(test_vault& v, context where, std::string_view name) {
        return v.hide(where, name);
    }
    static auto show(test_vault& v, context where, std::string_view name,
                     const write_options& with) {
        return v.show(where, name, with);
    }
    static auto undelete(test_vault& v, context where, std::string_view name,
                         const write_options& with) {
        return v.undelete(where, name, with);
    }
    static auto rollback(test_vault& v, context where, std::string_view name, std::uint64_t to,
                         const write_options& with) {
        return v.rollback(where, name, to, with);
    }
    static auto create_space(test_vault& v, context where) { return v.create_space(where); }
    static auto remove_space(test_vault& v, context where) { return v.remove_space(where); }
    static auto at(const test_resolver& r, context where) { return r.at(where); }
};

/// Two vaults and a reader over one store, and what should be in it.
template <class Calls>
class world {
public:
    explicit world(std::function<any_store()> open)
        : open_(std::move(open)), interrupted_(open_()), reader_(new_reader()) {
        for (unsigned v = 0; v < 2; ++v)
            vaults_.push_back(vault_of(v));
        vaults_[0].ensure_environment("e").value();
    }

    void take(const step& s) {
        const auto space = space_of(s);
        const auto name = name_of(s.name);
        const context where{.environment = "e", .space = space};
        auto& v = vaults_[s.vault];
        const auto who = author_of(s.vault);
        const auto value = "value " + std::to_string(s.value);
        const auto with = with_of(s);
        switch (s.what) {
        case kind::put:
            equal(told(Calls::put(v, where, name, value, with)),
                  plain_.put(space, name, value, who, with));
            break;
        case kind::put_if: put_if(s); break;
        case kind::put_many: put_many(s); break;
        case kind::erase:
            equal(told(Calls::erase(v, where, name)), plain_.erase(space, name, who));
            break;
        case kind::hide:
            equal(told(Calls::hide(v, where, name)), plain_.hide(space, name, who));
            break;
        case kind::show:
            equal(told(Calls::show(v, where, name, with)), plain_.show(space, name, who, with));
            break;
        case kind::undelete:
            equal(told(Calls::undelete(v, where, name, with)),
                  plain_.undelete(space, name, who, with));
            break;
        case kind::rollback:
            equal(told(Calls::rollback(v, where, name, s.value + 1, with)),
                  plain_.rollback(space, name, s.value + 1, who, with));
            break;
        case kind::make_space:
            equal(told(Calls::create_space(v, where)), plain_.make_space(space));
            break;
        case kind::remove_space:
            equal(told(Calls::remove_space(v, where)), plain_.remove_space(space));
            break;
        case kind::make_environment:
            equal(told(v.create_environment("e")), plain_.make_environment());
            break;
        case kind::remove_environment:
            equal(told(v.remove_environment("e")), plain_.remove_environment());
            break;
        case kind::reopen: vaults_[s.vault] = vault_of(s.vault); break;
        case kind::interleave: interleave(s); break;
        case kind::forget: reader_ = new_reader(); break;
        case kind::rotate_dek: rotate_dek(s); break;
        case kind::rotate_kek: rotate_kek(s); break;
        }
        equal_everywhere();
    }

    /// Everything that can be asked, of everybody who can be asked.
    void equal_everywhere() {
        equal_values(reader_, plain_);
        for (auto& v : vaults_)
            equal_values(v.resolver(), plain_);
        const auto all = vaults_[0].spaces("e");
        if (plain_.is_made())
            RC_ASSERT(all.value() == plain_.known_spaces());
        else
            RC_ASSERT(all.error() == errc::unknown_scope);
    }
    void equal_histories() {
        for (auto& v : vaults_) {
            for (unsigned s = 0; s <= spaces; ++s)
                for (unsigned n = 0; n < names; ++n)
                    equal_history(v, space_of({.space = s}), name_of(n));
            if (!plain_.is_made()) continue;
            for (unsigned s = 0; s <= spaces; ++s)
                equal_listing(v, space_of({.space = s}));
            RC_ASSERT(v.verify("e").value().damaged.empty());
        }
    }

private:
    /// Lets somebody write in the middle of a load.
    class interrupted_store {
    public:
        explicit interrupted_store(any_store inner)
            : inner_(std::move(inner)), call_(std::make_shared<std::function<void()>>()) {}
        /// Called before each load; an empty one is none.
        void before_load(std::function<void()> call) { *call_ = std::move(call); }

        auto load(std::string_view p, std::span<const std::string> keys) -> result<cut> {
            if (*call_) (*call_)();
            return inner_.load(p, keys);
        }
        auto commit(std::string_view p, revision expected, revision next,
                    std::span<const object_write> writes) -> result<commit_outcome> {
            return inner_.commit(p, expected, next, writes);
        }
        auto limits() const noexcept -> store_limits { return inner_.limits(); }

    private:
        any_store inner_;
        std::shared_ptr<std::function<void()>> call_;
    };

    static auto author_of(unsigned v) -> std::string { return "vault " + std::to_string(v); }
    static auto with(unsigned v) -> options {
        options o;
        o.author = author_of(v);
        o.erase_after = std::chrono::milliseconds(0); // erased as early as can be
        return o;
    }
    auto vault_of(unsigned v) -> test_vault { return {open_(), {}, keys_, with(v)}; }
    auto new_reader() -> test_resolver { return {interrupted_, {}, keys_, with(9)}; }
    static void equal(const std::string& got, const std::string& expected) {
        RC_ASSERT(got == expected);
    }

    void put_if(const step& s) {
        const auto space = space_of(s);
        const auto name = name_of(s.name);
        const auto value = "value " + std::to_string(s.value);
        const auto who = author_of(s.vault);
        const std::uint64_t version = s.value % 4;
        auto with = with_of(s);
        with.if_version = version;
        const auto got = told(
            Calls::put(vaults_[s.vault], {.environment = "e", .space = space}, name, value, with));
        const bool met = !plain_.has_space(space) || plain_.own_version(space, name) == version;
        equal(got, met ? plain_.put(space, name, value, who, with) : "conflict");
    }
    /// All or none: with an expectation that one of the two does not meet, none.
    void put_many(const step& s) {
        const auto space = space_of(s);
        const auto who = author_of(s.vault);
        const auto value = "value " + std::to_string(s.value);
        std::vector<named_value> two;
        const std::string both[] = {name_of(s.name), name_of((s.name + 1) % names)};
        for (const auto& name : both) {
            const auto text = as_bytes(value);
            two.push_back({name, wiped_bytes(text.begin(), text.end())});
        }
        auto with = with_of(s);
        with.if_version = 0;
        const auto got = Calls::put_many(vaults_[s.vault], {.environment = "e", .space = space},
                                         std::move(two), with);
        if (!plain_.has_space(space)) return equal(told_first(got), "unknown_scope");
        if (plain_.own_version(space, both[0]) + plain_.own_version(space, both[1]) != 0)
            return equal(told_first(got), "conflict");
        for (std::size_t i = 0; i < 2; ++i)
            equal(told(result<written>(got.value()[i])),
                  plain_.put(space, both[i], value, who, with));
    }
    static auto told_first(const result<std::vector<written>>& r) -> std::string {
        return r ? "written" : std::string(to_string(r.error().code));
    }

    /// A vault writes in the middle of a read: the reader sees all of before or all of after.
    void interleave(const step& s) {
        const auto space = space_of(s);
        const auto before = plain_;
        unsigned countdown = s.value % 4;
        bool wrote = false;
        interrupted_.before_load([&] {
            if (wrote || countdown-- != 0) return;
            wrote = true;
            for (unsigned n = 0; n < names; ++n)
                equal(told(vaults_[s.vault].put({.environment = "e", .space = space}, name_of(n),
                                                "middle " + std::to_string(s.value))),
                      plain_.put(space, name_of(n), "middle " + std::to_string(s.value),
                                 author_of(s.vault)));
        });
        const auto seen = Calls::at(reader_, {.environment = "e", .space = space});
        interrupted_.before_load({});
        if (!seen)
            return equal(std::string(to_string(seen.error().code)),
                         before.resolve(space, name_of(0)));
        // Between the writes is a state as well: so many names new, the others old.
        bool was_old = false;
        for (unsigned n = 0; n < names; ++n) {
            const auto got = told(seen->get(name_of(n)));
            const bool old = got == before.resolve(space, name_of(n));
            const bool fresh = got == plain_.resolve(space, name_of(n));
            RC_ASSERT(old || fresh);
            RC_ASSERT(!(was_old && !old)); // written in this order: nothing new behind what is old
            was_old = was_old || !fresh;
        }
    }

    /// A new DEK, or the rest of the way to it, stopped after some commits; the other vault writes
    /// in between.
    void rotate_dek(const step& s) {
        unsigned countdown = s.value;
        auto& other = vaults_[1 - s.vault];
        const auto done = vaults_[s.vault].rotate_dek("e", [&](const rotation_progress&) {
            equal(told(other.put({.environment = "e"}, name_of(s.name), "while it rotates")),
                  plain_.put("", name_of(s.name), "while it rotates", author_of(1 - s.vault), {}));
            return countdown-- != 0;
        });
        if (!plain_.is_made()) {
            RC_ASSERT(done.error() == errc::unknown_scope);
            return;
        }
        RC_ASSERT(done);
        RC_ASSERT(done->damaged == 0U);
        const auto deks = reader_status().deks.size();
        RC_ASSERT((done->finished ? deks == 1U : deks > 1U));
    }
    /// A new KEK; with all DEKs under it the older ones are of no use any more. (What is left of a
    /// removed environment stays under its own.)
    void rotate_kek(const step& s) {
        RC_ASSERT(keys_.rotate());
        if (s.value % 2 == 0 || !plain_.is_made()) return;
        for (const auto id : {std::string_view("e"), system_environment})
            RC_ASSERT(vaults_[s.vault].rewrap(id));
        for (const auto& k : keys_.keks())
            if (k.state != keyring::kek_state::active)
                RC_ASSERT(keys_.set_state(k.id, keyring::kek_state::disabled));
    }
    auto reader_status() -> environment_status { return vault_of(9).status("e").value(); }

    template <class Reader>
    static void equal_values(const Reader& reader, const model& expected) {
        for (unsigned s = 0; s <= spaces; ++s) {
            const auto space = space_of({.space = s});
            const auto seen = Calls::at(reader, {.environment = "e", .space = space});
            std::vector<std::string> listed;
            for (unsigned n = 0; n < names; ++n) {
                const auto name = name_of(n);
                const auto truth = expected.resolve(space, name);
                equal(seen ? told(seen->get(name)) : std::string(to_string(seen.error().code)),
                      truth);
                if (seen && truth != "not_found" && truth != "expired")
                    listed.push_back(name + "=" + truth);
            }
            if (!seen) continue;
            std::vector<std::string> all;
            for (const auto& one : seen->all().value())
                all.push_back(one.name + "=" + std::string(one.value.expose_secret()));
            RC_ASSERT(all == listed);
        }
    }
    void equal_history(test_vault& v, const std::string& space, const std::string& name) {
        const context where{.environment = "e", .space = space};
        const auto* truth = plain_.own(space, name);
        const auto got = v.history(where, name);
        if (truth == nullptr)
            return equal(got ? "versions" : std::string(to_string(got.error().code)),
                         plain_.has_space(space) ? "not_found" : "unknown_scope");
        RC_ASSERT(got.value().size() == truth->versions.size());
        for (std::size_t i = 0; i < truth->versions.size(); ++i) {
            const auto& expected = truth->versions[i];
            RC_ASSERT((*got)[i].version == expected.number);
            RC_ASSERT((*got)[i].state == expected.state);
            RC_ASSERT((*got)[i].author == expected.author);
            RC_ASSERT((*got)[i].expires == expected.expires);
            if (expected.state == format::entry_state::value)
                equal(told(v.get_version(where, name, expected.number)), expected.value);
        }
    }

    void equal_listing(test_vault& v, const std::string& space) {
        const auto got = v.list({.environment = "e", .space = space});
        if (!got)
            return equal(std::string(to_string(got.error().code)),
                         plain_.has_space(space) ? "listed" : "unknown_scope");
        std::vector<std::string> listed;
        for (const auto& e : *got)
            listed.push_back(e.name + " (" + e.note + ") " + std::to_string(e.expires));
        RC_ASSERT(listed == plain_.listed(space));
    }

    std::function<any_store()> open_;
    keyring::memory_keyring keys_{};
    interrupted_store interrupted_;
    test_resolver reader_;
    std::vector<test_vault> vaults_{};
    model plain_{};
};

inline auto any_steps() -> rc::Gen<std::vector<step>> {
    const auto one = rc::gen::build<step>(
        rc::gen::set(&step::what, rc::gen::weightedElement<kind>({{8, kind::put},
                                                                  {2, kind::put_if},
                                                                  {2, kind::put_many},
                                                                  {4, kind::erase},
                                                                  {4, kind::hide},
                                                                  {3, kind::show},
                                                                  {3, kind::undelete},
                                                                  {3, kind::rollback},
                                                                  {4, kind::make_space},
                                                                  {1, kind::remove_space},
                                                                  {2, kind::make_environment},
                                                                  {1, kind::remove_environment},
                                                                  {1, kind::reopen},
                                                                  {2, kind::interleave},
                                                                  {1, kind::forget},
                                                                  {2, kind::rotate_dek},
                                                                  {2, kind::rotate_kek}})),
        rc::gen::set(&step::vault, rc::gen::inRange(0U, 2U)),
        rc::gen::set(&step::space, rc::gen::inRange(0U, spaces + 1)),
        rc::gen::set(&step::name, rc::gen::inRange(0U, names)),
        rc::gen::set(&step::value, rc::gen::inRange(0U, 6U)),
        rc::gen::set(&step::life, rc::gen::inRange(0U, 4U)),
        rc::gen::set(&step::note, rc::gen::inRange(0U, 3U)));
    return rc::gen::container<std::vector<step>>(one);
}

/// Runs random sequences; `open` gives a function that opens one store, anew each time.
template <class Calls, class Open>
auto equals_the_model(const std::string& what, Open open) -> bool {
    return rc::check(what, [&] {
        const auto steps = *any_steps();
        world<Calls> w(open());
        for (const auto& s : steps)
            w.take(s);
        w.equal_histories();
    });
}

/// Opens a store of its own on each call; that store anew on each call of what this answers.
inline auto in_memory() {
    return [store = memory::store{}] { return any_store(store); };
}
inline auto on_disk() {
    const std::shared_ptr<const temporary_folder> folder(
        new temporary_folder(temporary_folder::in_memory()));
    return [folder] { return any_store(file::open(folder->path()).value()); };
}

} // namespace coffer_test

#endif
