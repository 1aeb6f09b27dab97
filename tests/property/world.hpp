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
    reopen,
    interleave,
    forget,
};

/// One step: small numbers, so that RapidCheck makes a failing sequence short.
struct step {
    kind what{};
    unsigned vault = 0; ///< Which of the two.
    unsigned space = 0; ///< 0: the environment.
    unsigned name = 0;
    unsigned value = 0;
};

constexpr unsigned spaces = 3;
constexpr unsigned names = 4;

inline auto space_of(const step& s) -> std::string {
    return s.space == 0 ? "" : "s" + std::to_string(s.space);
}
inline auto name_of(unsigned n) -> std::string {
    return "NAME_" + std::to_string(n);
}

inline auto operator<<(std::ostream& out, const step& s) -> std::ostream& {
    static constexpr const char* texts[] = {"put",    "put_if",     "put_many", "erase", "hide",
                                            "show",   "undelete",   "rollback", "make",  "remove",
                                            "reopen", "interleave", "forget"};
    return out << texts[static_cast<unsigned>(s.what)] << "(vault " << s.vault << ", space "
               << s.space << ", name " << s.name << ", value " << s.value << ")";
}

/// One version in plain.
struct version {
    std::uint64_t number = 0;
    format::entry_state state{};
    std::string value{};
    std::string author{};
};

/// What the documentation says, written down with nothing but maps.
class model {
public:
    using versions = std::vector<version>; ///< Newest first.

    auto has_space(const std::string& s) const -> bool { return s.empty() || spaces_.contains(s); }
    auto own(const std::string& s, const std::string& n) const -> const versions* {
        const auto at = entries_.find({s, n});
        return at == entries_.end() ? nullptr : &at->second;
    }
    auto own_version(const std::string& s, const std::string& n) const -> std::uint64_t {
        const auto* v = own(s, n);
        return v == nullptr || v->front().state == format::entry_state::deleted ? 0
                                                                                : v->front().number;
    }
    auto resolve(const std::string& s, const std::string& n) const -> std::string {
        if (!has_space(s)) return "unknown_scope";
        for (const auto& scope : {s, std::string()}) {
            const auto* v = own(scope, n);
            if (v == nullptr || v->front().state == format::entry_state::deleted) continue;
            return v->front().state == format::entry_state::hidden ? "not_found" : v->front().value;
        }
        return "not_found";
    }

    auto put(const std::string& s, const std::string& n, const std::string& value,
             const std::string& author) -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* v = own(s, n);
        if (v != nullptr && v->front().state == format::entry_state::value &&
            v->front().value == value && v->front().author == author)
            return "same " + std::to_string(v->front().number);
        return append(s, n, format::entry_state::value, value, author);
    }
    auto erase(const std::string& s, const std::string& n, const std::string& author)
        -> std::string {
        if (!has_space(s)) return "unknown_scope";
        if (own_version(s, n) == 0) return "not_found";
        return append(s, n, format::entry_state::deleted, {}, author);
    }
    auto hide(const std::string& s, const std::string& n, const std::string& author)
        -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* v = own(s, n);
        if (v != nullptr && v->front().state == format::entry_state::hidden)
            return "same " + std::to_string(v->front().number);
        return append(s, n, format::entry_state::hidden, {}, author);
    }
    auto show(const std::string& s, const std::string& n, const std::string& author)
        -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* v = own(s, n);
        if (v == nullptr || v->front().state != format::entry_state::hidden) return "not_found";
        if (v->size() > 1 && (*v)[1].state == format::entry_state::value)
            return append(s, n, format::entry_state::value, std::string((*v)[1].value), author);
        return append(s, n, format::entry_state::deleted, {}, author);
    }
    auto undelete(const std::string& s, const std::string& n, const std::string& author)
        -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* v = own(s, n);
        if (v == nullptr || v->front().state != format::entry_state::deleted) return "not_found";
        for (const auto& old : *v)
            if (old.state != format::entry_state::deleted)
                return append(s, n, old.state, std::string(old.value), author);
        return "not_found";
    }
    auto rollback(const std::string& s, const std::string& n, std::uint64_t to,
                  const std::string& author) -> std::string {
        if (!has_space(s)) return "unknown_scope";
        const auto* v = own(s, n);
        if (v == nullptr) return "not_found";
        for (const auto& old : *v)
            if (old.number == to && old.state == format::entry_state::value)
                return append(s, n, old.state, std::string(old.value), author);
        return "not_found";
    }
    auto make_space(const std::string& s) -> std::string {
        if (s.empty()) return "invalid_argument";
        return spaces_.insert(s).second ? "made" : "conflict";
    }
    auto remove_space(const std::string& s) -> std::string {
        if (s.empty()) return "invalid_argument";
        if (spaces_.erase(s) == 0) return "unknown_scope";
        std::erase_if(entries_, [&](const auto& e) { return e.first.first == s; });
        return "made";
    }
    auto known_spaces() const -> std::vector<std::string> {
        return {spaces_.begin(), spaces_.end()};
    }

private:
    auto append(const std::string& s, const std::string& n, format::entry_state state,
                std::string value, const std::string& author) -> std::string {
        auto& v = entries_[{s, n}];
        const auto number = v.empty() ? 1 : v.front().number + 1;
        v.insert(v.begin(), {number, state, std::move(value), author});
        if (v.size() > 10) v.resize(10);
        return "v" + std::to_string(number);
    }

    std::set<std::string> spaces_{};
    std::map<std::pair<std::string, std::string>, versions> entries_{};
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

/// The calls that have an asynchronous twin, as they are.
struct direct_calls {
    static auto put(test_vault& v, context where, std::string_view name, std::string_view value) {
        return v.put(where, name, value);
    }
    static auto erase(test_vault& v, context where, std::string_view name) {
        return v.erase(where, name);
    }
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
        switch (s.what) {
        case kind::put:
            equal(told(Calls::put(v, where, name, value)), plain_.put(space, name, value, who));
            break;
        case kind::put_if: put_if(s); break;
        case kind::put_many: put_many(s); break;
        case kind::erase:
            equal(told(Calls::erase(v, where, name)), plain_.erase(space, name, who));
            break;
        case kind::hide: equal(told(v.hide(where, name)), plain_.hide(space, name, who)); break;
        case kind::show: equal(told(v.show(where, name)), plain_.show(space, name, who)); break;
        case kind::undelete:
            equal(told(v.undelete(where, name)), plain_.undelete(space, name, who));
            break;
        case kind::rollback:
            equal(told(v.rollback(where, name, s.value + 1)),
                  plain_.rollback(space, name, s.value + 1, who));
            break;
        case kind::make_space: equal(told(v.create_space(where)), plain_.make_space(space)); break;
        case kind::remove_space:
            equal(told(v.remove_space(where)), plain_.remove_space(space));
            break;
        case kind::reopen: vaults_[s.vault] = vault_of(s.vault); break;
        case kind::interleave: interleave(s); break;
        case kind::forget: reader_ = new_reader(); break;
        }
        equal_everywhere();
    }

    /// Everything that can be asked, of everybody who can be asked.
    void equal_everywhere() {
        equal_values(reader_, plain_);
        for (auto& v : vaults_)
            equal_values(v.resolver(), plain_);
        RC_ASSERT(vaults_[0].spaces("e").value() == plain_.known_spaces());
    }
    void equal_histories() {
        for (auto& v : vaults_) {
            for (unsigned s = 0; s <= spaces; ++s)
                for (unsigned n = 0; n < names; ++n)
                    equal_history(v, space_of({.space = s}), name_of(n));
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
        const auto got = told(vaults_[s.vault].put({.environment = "e", .space = space}, name,
                                                   value, {.if_version = version}));
        const bool met = !plain_.has_space(space) || plain_.own_version(space, name) == version;
        equal(got, met ? plain_.put(space, name, value, who) : "conflict");
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
        const auto got = vaults_[s.vault].put_many({.environment = "e", .space = space},
                                                   std::move(two), {.if_version = 0});
        if (!plain_.has_space(space)) return equal(told_first(got), "unknown_scope");
        if (plain_.own_version(space, both[0]) + plain_.own_version(space, both[1]) != 0)
            return equal(told_first(got), "conflict");
        for (std::size_t i = 0; i < 2; ++i)
            equal(told(result<written>(got.value()[i])), plain_.put(space, both[i], value, who));
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
                if (seen && truth != "not_found") listed.push_back(name + "=" + truth);
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
        RC_ASSERT(got.value().size() == truth->size());
        for (std::size_t i = 0; i < truth->size(); ++i) {
            const auto& expected = (*truth)[i];
            RC_ASSERT((*got)[i].version == expected.number);
            RC_ASSERT((*got)[i].state == expected.state);
            RC_ASSERT((*got)[i].author == expected.author);
            if (expected.state == format::entry_state::value)
                equal(told(v.get_version(where, name, expected.number)), expected.value);
        }
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
                                                                  {1, kind::reopen},
                                                                  {2, kind::interleave},
                                                                  {1, kind::forget}})),
        rc::gen::set(&step::vault, rc::gen::inRange(0U, 2U)),
        rc::gen::set(&step::space, rc::gen::inRange(0U, spaces + 1)),
        rc::gen::set(&step::name, rc::gen::inRange(0U, names)),
        rc::gen::set(&step::value, rc::gen::inRange(0U, 6U)));
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
