// SPDX-License-Identifier: BSL-1.0
#include "git_document.hpp"

#include "problem.hpp"
#include "text.hpp"

#include <coffer/file/document.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <set>

namespace command {

using coffer::errc;
using coffer::format::entry;
using coffer::format::entry_key;
using coffer::format::entry_state;

git_document::git_document(const std::filesystem::path& file) {
    const auto shown = printable(file.string());
    const coffer::posix::file_descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!in) refuse("can't open " + shown + " (" + std::generic_category().message(errno) + ")");
    const auto text = need(coffer::posix::read_all(in, std::size_t{1} << 30));
    if (text.empty())
        throw problem(errc::not_found, shown + " is empty: there was no such document");
    const auto document = coffer::file::document::parse(coffer::as_text(text));
    if (!document)
        throw problem(errc::tampered, shown + " is no document of a file store, or damaged");
    std::vector<coffer::object_write> writes;
    for (auto& [key, value] : document->list().entries) {
        if (key == "head") head_ = need(coffer::format::decode_head(value));
        writes.push_back({key, std::move(value)});
    }
    if (head_.generation == 0) throw problem(errc::tampered, shown + " has no head");
    objects_ = writes.size();
    partition_ = coffer::format::partition_name(coffer::cryptopp::aes_256_gcm{}, head_.realm,
                                                head_.environment);
    const coffer::store_limits unlimited{std::size_t{1} << 30, std::size_t{1} << 30};
    store_ = coffer::memory::store(unlimited);
    const auto put = need(store_.commit(partition_, {}, document->at(), writes));
    if (put != coffer::commit_outcome::committed)
        throw problem(errc::tampered, shown + " is damaged");
}

void git_document::open(const opened_keys& keys) {
    coffer::options with;
    with.realm = head_.realm;
    vault_ = std::make_unique<vault_type>(coffer::any_store(store_),
                                          coffer::cryptopp::aes_256_gcm{}, keys.provider, with);
    if (head_.closed()) return;
    (void)need(vault_->status(head_.environment), {.environment = head_.environment});
}

auto git_document::all() -> entries {
    entries out;
    const auto state = vault_->engine().slot_of(head_.environment).held().known;
    if (state != nullptr && !state->closed())
        state->pages.each_from({}, [&](const entry& e, const coffer::tree::leaf&) {
            out.emplace(e.key, e);
            return true;
        });
    return out;
}

auto git_document::value_of(const entry_key& key, std::uint64_t version) -> coffer::wiped_bytes {
    const coffer::context where{head_.environment, key.space, key.actor};
    return need(vault_->engine().apply(head_.environment,
                                       coffer::algorithm::edits::read_version{key, version}),
                where, key.name);
}

namespace {

/// An entry that is taken over, with the values of its versions.
struct taken_entry {
    entry what{};
    std::vector<std::pair<std::uint64_t, coffer::wiped_bytes>> values{};
};

/// The edit that a merge is: entries of the other side, sealed anew for this one.
struct take_entries {
    using value_type = std::size_t;
    std::vector<taken_entry> taken{};
    std::vector<entry_key> gone{};

    auto operator()(coffer::tree::draft& d) const -> coffer::result<std::size_t> {
        for (const auto& key : gone)
            d.erase(key);
        for (const auto& t : taken) {
            auto e = t.what;
            for (auto& v : e.versions)
                v.record = {};
            for (const auto& [number, value] : t.values)
                d.stage(e.key, number, value);
            d.set(std::move(e));
        }
        return taken.size() + gone.size();
    }
};

/// The same history; sealed anew or not.
auto same_history(const entry* a, const entry* b) -> bool {
    if (a == nullptr || b == nullptr) return a == b;
    if (a->id != b->id || a->note != b->note || a->versions.size() != b->versions.size())
        return false;
    for (std::size_t i = 0; i < a->versions.size(); ++i) {
        auto x = a->versions[i];
        auto y = b->versions[i];
        x.record = y.record = {};
        if (!(x == y)) return false;
    }
    return true;
}
auto same_entry(const entry* a, const entry* b) -> bool {
    return same_history(a, b) && (a == nullptr || a->versions == b->versions);
}

auto find(const git_document::entries& in, const entry_key& key) -> const entry* {
    const auto at = in.find(key);
    return at == in.end() ? nullptr : &at->second;
}

class merger {
public:
    merger(git_document& base, git_document& ours, git_document& theirs, kept_side keep)
        : base_(base), ours_(ours), theirs_(theirs), keep_(keep), base_entries_(base.all()),
          our_entries_(ours.all()), their_entries_(theirs.all()), result_(our_entries_) {}

    auto run() -> merge_outcome {
        require_mergeable();
        std::set<entry_key> keys;
        for (const auto* side : {&our_entries_, &their_entries_})
            for (const auto& [key, e] : *side)
                keys.insert(key);
        for (const auto& key : keys)
            merge(key);
        require_spaces();
        if (!outcome_.conflicts.empty() && keep_ == kept_side::neither) return std::move(outcome_);
        write();
        return std::move(outcome_);
    }

private:
    /// The side whose newest data key is the newest is the one that goes on.
    auto keeps() -> git_document& {
        return theirs_.head().active().number > ours_.head().active().number ? theirs_ : ours_;
    }
    void require_mergeable() {
        const auto& a = ours_.head();
        const auto& b = theirs_.head();
        for (const auto* h : {&base_.head(), &b})
            if (h->realm != a.realm || h->environment != a.environment)
                refuse("these are documents of different environments");
        if (a.closed() || b.closed()) refuse("one side removed the environment: keep one side");
        if (a.active().number == b.active().number &&
            a.active().commitment != b.active().commitment)
            refuse("both sides made a data key of their own: keep one side, and set again what the "
                   "other side changed");
    }
    auto place(const entry_key& key) const -> std::string {
        return printable(
            to_string(coffer::context{ours_.head().environment, key.space, key.actor}));
    }
    static auto side(const entry* e) -> std::string {
        if (e == nullptr) return "removed";
        const auto& v = e->newest();
        const char* const state = v.state == entry_state::value    ? ""
                                  : v.state == entry_state::hidden ? " hidden"
                                                                   : " removed";
        return "v" + std::to_string(v.number) + state + " (" + printable(v.author) + ", " +
               iso_time(v.at) + ")";
    }
    void conflict(const entry_key& key, const std::string& why) {
        outcome_.conflicts.push_back((key.name.empty()
                                          ? "the settings of " + place(key)
                                          : printable(key.name) + " in " + place(key)) +
                                     ": " + why);
    }

    void merge(const entry_key& key) {
        const auto* const before = find(base_entries_, key);
        const auto* const mine = find(our_entries_, key);
        const auto* const other = find(their_entries_, key);
        if (same_entry(mine, other) || same_history(other, before)) return;
        if (!same_history(mine, before)) {
            conflict(key, "ours " + side(mine) + ", theirs " + side(other));
            if (keep_ == kept_side::theirs) take(key, other);
        } else {
            take(key, other);
        }
    }
    void take(const entry_key& key, const entry* e) {
        if (e == nullptr)
            result_.erase(key);
        else
            result_.insert_or_assign(key, *e);
    }
    /// Where a side is kept, its space is there for all that is in it, or nothing is.
    void require_spaces() {
        const auto& kept = keep_ == kept_side::theirs ? their_entries_ : our_entries_;
        std::vector<entry_key> lost;
        for (const auto& [key, e] : result_)
            if (!key.space.empty() && !result_.contains({key.space, {}, {}})) lost.push_back(key);
        for (const auto& key : lost) {
            conflict(key, "one side changed it, the other removed its space");
            if (!kept.contains({key.space, {}, {}})) {
                result_.erase(key);
                continue;
            }
            for (const auto& [other, e] : kept)
                if (other.space == key.space) take(other, &e);
        }
    }

    /// What turns the side that goes on into the result.
    auto edit_of(git_document& kept, git_document& other) -> take_entries {
        const auto& has = &kept == &ours_ ? our_entries_ : their_entries_;
        take_entries edit;
        for (const auto& [key, e] : has)
            if (!result_.contains(key)) edit.gone.push_back(key);
        for (const auto& [key, e] : result_) {
            if (same_history(find(has, key), &e)) continue;
            taken_entry t{e, {}};
            for (const auto& v : e.versions)
                if (v.state == entry_state::value)
                    t.values.emplace_back(v.number, other.value_of(key, v.number));
            edit.taken.push_back(std::move(t));
        }
        return edit;
    }

    /// Both sides sealed under the keys that they share.
    void count_seals(coffer::format::head& head, const coffer::format::head& other) const {
        for (auto& dek : head.deks) {
            const auto* const theirs = other.find_dek(dek.number);
            const auto* const before = base_.head().find_dek(dek.number);
            if (theirs != nullptr)
                dek.seals +=
                    theirs->seals - std::min(theirs->seals, before == nullptr ? 0 : before->seals);
        }
    }

    void write() {
        auto& kept = keeps();
        auto& other = &kept == &ours_ ? theirs_ : ours_;
        const auto environment = kept.head().environment;
        auto& engine = kept.vault().engine();
        outcome_.taken =
            need(engine.apply(environment, edit_of(kept, other)), {.environment = environment});
        const auto state = engine.slot_of(environment).held().known;
        auto head = state->head;
        head.generation = std::max(ours_.head().generation, theirs_.head().generation) +
                          coffer::format::limits::ancestors + 1;
        head.ancestors = {};
        count_seals(head, other.head());
        head.written_at = now_ms();
        auto signed_head =
            coffer::algorithm::sign_head(*state->keys->find(head.active().number), head);
        const auto id = coffer::format::revision_of(engine.cipher().sha256(signed_head));
        std::vector<coffer::object_write> writes;
        std::vector<std::string> keys;
        coffer::algorithm::each_listed(*state, [&](const coffer::format::object_name& name) {
            keys.push_back(coffer::format::store_key(name));
        });
        const auto objects =
            need(kept.store().load(engine.slot_of(environment).of().partition, keys));
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (!objects.objects[i])
                throw problem(errc::tampered, "a record is missing; see coffer verify");
            writes.push_back({keys[i], objects.objects[i]});
        }
        writes.push_back({"head", std::move(signed_head)});
        outcome_.document = coffer::file::document().with(id, writes).text();
    }

    git_document& base_;
    git_document& ours_;
    git_document& theirs_;
    kept_side keep_;
    git_document::entries base_entries_;
    git_document::entries our_entries_;
    git_document::entries their_entries_;
    git_document::entries result_;
    merge_outcome outcome_{};
};

} // namespace

auto merge_documents(git_document& base, git_document& ours, git_document& theirs, kept_side keep)
    -> merge_outcome {
    return merger(base, ours, theirs, keep).run();
}

auto open_document(const std::filesystem::path& file, const opened_keys& keys) -> git_document {
    git_document document(file);
    document.open(keys);
    return document;
}

} // namespace command
