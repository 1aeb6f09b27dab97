// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_ALGORITHM_WORLD_HPP
#define COFFER_TESTS_SUPPORT_ALGORITHM_WORLD_HPP

#include "support/algorithm_drivers.hpp"

#include <coffer/algorithm/drive.hpp>
#include <coffer/algorithm/key_edits.hpp>
#include <coffer/algorithm/registry_edits.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/fake_key_provider.hpp>
#include <coffer/testing/manual_clock.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coffer_test {

/// An edit whose answer can be shown as text.
struct shown_edit {
    std::shared_ptr<coffer::algorithm::queued_edit> edit{};
    std::function<coffer::result<std::string>()> take{}; ///< Once, after the change.
};

inline auto text_of(const std::vector<coffer::written>& all) -> std::string {
    std::string out;
    for (const auto& w : all)
        out += std::to_string(w.version) + (w.changed ? "+ " : "= ");
    return out;
}
inline auto text_of(const coffer::written& w) -> std::string {
    return text_of(std::vector{w});
}
inline auto text_of(bool made) -> std::string {
    return made ? "made" : "was there";
}
inline auto text_of(std::uint32_t number) -> std::string {
    return std::to_string(number);
}
inline auto text_of(const coffer::algorithm::edits::resealed_part& part) -> std::string {
    return std::to_string(part.records) + "/" + std::to_string(part.damaged);
}
inline auto text_of(coffer::algorithm::edits::listing noted) -> std::string {
    return std::to_string(static_cast<int>(noted));
}
inline auto text_of(std::size_t count) -> std::string {
    return std::to_string(count);
}
inline auto text_of(const coffer::wiped_bytes& value) -> std::string {
    return std::string(coffer::as_text(value));
}
inline auto text_of(const coffer::verification& seen) -> std::string {
    std::string out = "checked " + std::to_string(seen.checked);
    for (const auto& d : seen.damaged)
        out += "; " + d.where.space + "|" + d.where.actor + "|" + d.name + " " +
               std::to_string(d.version) + " " + std::string(to_string(d.why));
    return out;
}

template <class E>
auto show(E edit) -> shown_edit {
    auto held = std::make_shared<coffer::algorithm::answered_edit<E>>(std::move(edit));
    return {held, [held]() -> coffer::result<std::string> {
                auto answer = held->take();
                return answer ? coffer::result<std::string>(text_of(*answer)) : answer.error();
            }};
}

inline auto key(std::string space, std::string actor, std::string name)
    -> coffer::format::entry_key {
    return {std::move(space), std::move(actor), std::move(name)};
}
inline auto put(const coffer::format::entry_key& scope,
                const std::vector<std::pair<std::string, std::string>>& values,
                const coffer::write_options& with = {}) -> shown_edit {
    coffer::algorithm::edits::change_many all;
    for (const auto& [name, value] : values)
        all.steps.emplace_back(coffer::algorithm::edits::put{key(scope.space, scope.actor, name),
                                                             coffer::value_ref(value).wiped_copy(),
                                                             with, "tester"});
    return show(std::move(all));
}

/// One environment in a store of its own, with keys that tell what they remember, at a fixed time.
struct algorithm_world {
    coffer::memory::store store{};
    coffer::testing::fake_key_provider keys{};
    coffer::testing::manual_clock time{};
    test_cipher cipher{};
    coffer::algorithm::subject of{"realm", "env",
                                  coffer::format::partition_name(test_cipher{}, "realm", "env")};
    algorithm_driver* driver = all_algorithm_drivers().front().get();

    auto look(coffer::any_store through, coffer::any_key_provider by,
              test_snapshot known = nullptr) const -> coffer::result<test_snapshot> {
        std::optional<coffer::mark> seen;
        if (known != nullptr) seen = known->head.mark_of();
        return driver->look(std::make_unique<test_refresh>(cipher, of, std::move(known), seen),
                            std::move(through), std::move(by));
    }
    auto verify(coffer::any_store through, coffer::any_key_provider by) const
        -> coffer::result<coffer::verification> {
        return driver->verify(std::make_unique<test_verify>(cipher, of, std::nullopt),
                              std::move(through), std::move(by));
    }
    /// The newest state, looked at by somebody who remembers nothing.
    auto find_newest() const -> coffer::result<test_snapshot> {
        test_refresh a(cipher, of, nullptr, std::nullopt);
        auto s = store;
        auto k = keys;
        return coffer::algorithm::run(a, s, k);
    }
    auto newest() const -> test_snapshot { return find_newest().value(); }
    auto change(const std::vector<shown_edit>& edits, coffer::algorithm::transact_options with,
                coffer::any_store through, coffer::any_key_provider by,
                test_snapshot known = nullptr) const
        -> coffer::result<coffer::algorithm::transacted<test_cipher>> {
        std::vector<coffer::algorithm::queued_edit*> in;
        for (const auto& e : edits)
            in.push_back(e.edit.get());
        std::optional<coffer::mark> seen;
        if (known != nullptr) seen = known->head.mark_of();
        return driver->change(std::make_unique<test_transact>(cipher, of, std::move(known), seen,
                                                              time, std::move(in), std::move(with)),
                              std::move(through), std::move(by));
    }
    auto change(const std::vector<shown_edit>& edits, coffer::algorithm::transact_options with = {},
                test_snapshot known = nullptr) const
        -> coffer::result<coffer::algorithm::transacted<test_cipher>> {
        return change(edits, std::move(with), store, keys, std::move(known));
    }

    /// As if so many objects had been sealed under the active DEK: a head that says so, well
    /// signed.
    void raise_seals(std::uint64_t to) {
        const auto now = newest();
        auto head = now->head;
        head.generation += 1;
        head.ancestors = coffer::format::next_ancestors(now->head);
        head.deks.back().seals = to;
        auto data = coffer::algorithm::sign_head(*now->keys->find(head.active().number), head);
        const auto at = coffer::format::revision_of(cipher.sha256(data));
        const std::vector<coffer::object_write> writes{{"head", std::move(data)}};
        (void)store.commit(of.partition, now->at, at, writes).value();
    }

    /// As if the store had lost what is sealed of one version, and nothing else.
    void lose(const coffer::format::entry_key& of_name, std::uint64_t number) {
        const auto now = newest();
        for (const auto& v : now->pages.find(of_name).entry->versions)
            if (v.number == number) {
                const std::vector<coffer::object_write> writes{
                    {coffer::format::store_key(v.record), std::nullopt}};
                (void)store.commit(of.partition, now->at, now->at, writes).value();
            }
    }

    /// What a rewrap does (docs/format.md, Writing): the same DEKs under another KEK, and nothing
    /// else but the head.
    void rewrap(const std::vector<std::uint32_t>& numbers, const std::string& kek) {
        const auto now = newest();
        auto head = now->head;
        head.generation += 1;
        head.ancestors = coffer::format::next_ancestors(now->head);
        for (auto& d : head.deks) {
            if (std::find(numbers.begin(), numbers.end(), d.number) == numbers.end()) continue;
            const coffer::format::dek_binding of_dek{of.realm, of.environment, d.number, d.cipher};
            const auto dek = keys.unwrap(d.kek_id, of.environment, d.wrapped,
                                         coffer::format::wrap_aad(of_dek, d.kek_id))
                                 .value();
            d.kek_id = kek;
            d.wrapped = keys.wrap(kek, dek.view(), coffer::format::wrap_aad(of_dek, kek)).value();
        }
        auto data = coffer::algorithm::sign_head(*now->keys->find(head.active().number), head);
        const auto at = coffer::format::revision_of(cipher.sha256(data));
        const std::vector<coffer::object_write> writes{{"head", std::move(data)}};
        (void)store.commit(of.partition, now->at, at, writes).value();
    }

    /// A state as text: all but what is random.
    static auto dump(const test_snapshot& s) -> std::string {
        if (s == nullptr) return "none";
        std::string out = "generation " + std::to_string(s->head.generation) +
                          (s->closed() ? " closed" : "") + " deks";
        for (const auto& d : s->head.deks)
            out += " " + std::to_string(d.number) + "/" + std::to_string(d.cipher) + "/" +
                   std::to_string(d.seals) + "/" + d.kek_id;
        out += "\n";
        s->pages.each_from({}, [&](const coffer::format::entry& e, const coffer::tree::leaf& l) {
            out += e.key.space + "|" + e.key.actor + "|" + e.key.name + " (" + e.note + ")";
            for (const auto& v : e.versions)
                out += " " + std::to_string(v.number) + "/" +
                       std::to_string(static_cast<int>(v.state)) + "/" + std::to_string(v.at) +
                       "/" + std::to_string(v.expires) + "/" + v.author;
            if (l.state() == coffer::format::entry_state::value) {
                const auto opened = s->open(l);
                out += " = ";
                out += opened ? coffer::as_text(opened->view()) : to_string(opened.error().code);
                out += " under " + std::to_string(l.dek());
            }
            out += "\n";
            return true;
        });
        return out;
    }
    auto dump() const -> std::string {
        const auto found = find_newest();
        return found ? dump(*found) : std::string(to_string(found.error().code));
    }
    /// How many entries lie in the partition, listed or not.
    auto objects() -> std::size_t { return store.list(of.partition).value().entries.size(); }
};

} // namespace coffer_test

#endif
