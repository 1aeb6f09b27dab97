// SPDX-License-Identifier: BSL-1.0
// Whoever can write the store's folder and has no key: every single alteration of the registry's
// document. By the registry alone a list is told from a shorter one, and an environment whose own
// document was taken away from one that never was.
#include "security/open_document.hpp"
#include "security/tamper_target.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <coffer/file/store.hpp>

#include <algorithm>
#include <fstream>
#include <set>

using namespace coffer;
using namespace coffer_test;

namespace {

using ids = std::vector<std::string>;

/// What a reader answered of all that hangs on the registry.
struct answers {
    std::size_t refused = 0;
    std::string lie{}; ///< The first answer that is neither true nor a refusal; empty: none is.

    auto all_true() const -> bool { return lie.empty() && refused == 0; }
    auto all_refused() const -> bool { return lie.empty() && refused == 2; }
};

/// An honest vault's store: environments that are there, one that was removed, and `taken`, which is
/// listed and whose own document an attacker took away. The registry's lies open.
class registry_on_disk : public open_document {
public:
    registry_on_disk() {
        for (const auto* id : {"prod", "stage", "taken", "gone", "test"}) {
            vault_.create_environment(id).value();
            listed.emplace_back(id);
            record();
        }
        vault_.put({.environment = "prod"}, "TOKEN", "value").value();
        vault_.remove_environment("gone").value();
        std::erase(listed, "gone");
        record();
        std::sort(listed.begin(), listed.end());
        for (const auto& partition : store_.partitions().value())
            if (partition != partition_of("taken"))
                std::ofstream(folder_ / (partition + ".json"))
                    << document_of(store_.shown(partition));
        open(folder_ / (partition_of(system_environment) + ".json"));
        json = moments.back().json;
        const auto held = vault_.engine().slot_of(system_environment).held().known;
        trunk = {"head", format::store_key(held->head.root)};
        for (const auto& page : held->pages.pages())
            trunk.insert(format::store_key(page.ref.name));
    }

    /// Somebody who knows nothing opens the folder.
    auto stranger() const -> test_vault { return opened(forgetful_keys(keys_)); }
    /// The same with an anchor: what others saw through it is remembered.
    auto anchored() const -> test_vault { return opened(keys_); }

    /// What they say, if `truth` is what is listed.
    static auto ask(test_vault&& vault, const ids& truth) -> answers { return ask(vault, truth); }
    static auto ask(test_vault& vault, const ids& truth) -> answers {
        answers out;
        const auto tell = [&](std::string_view what, const auto& answer, bool is_true) {
            if (is_true) return;
            if (!answer && is_refusal(answer.error().code))
                ++out.refused;
            else if (out.lie.empty())
                out.lie = std::string(what).append(
                    answer ? ": another"
                           : std::string(": ").append(to_string(answer.error().code)));
        };
        const auto all = vault.environments();
        tell("the list", all, all && std::ranges::equal(*all, truth));
        // Tampered where the registry is believed; any refusal, counted, where it is not.
        const auto taken = vault.resolver().at({.environment = "taken"});
        if (std::ranges::find(truth, "taken") == truth.end())
            tell("taken", taken, !taken && taken.error() == errc::unknown_scope);
        else if (taken || taken.error() != errc::tampered || !all)
            tell("taken", taken, false);
        // By its id an environment whose document is whole is always to be had.
        if (plain(vault.resolver().get({.environment = "prod"}, "TOKEN")) != "value")
            out.lie = "prod is not what it was";
        return out;
    }
    auto see() const -> answers { return ask(stranger(), listed); }

    /// The registry as it was, and what it listed.
    struct moment {
        std::string json{};
        ids listed{};
    };
    std::string json{};
    ids listed{};
    std::set<std::string> trunk{}; ///< Without these the registry is not believed.
    std::vector<moment> moments{};

private:
    static auto with() -> options { return history::options(); }
    static auto partition_of(std::string_view id) -> std::string {
        return format::partition_name(cryptopp::aes_256_gcm{}, with().realm, id);
    }
    void record() {
        auto sorted = listed;
        std::sort(sorted.begin(), sorted.end());
        moments.push_back({document_of(store_.shown(partition_of(system_environment))), sorted});
    }
    auto opened(any_key_provider keys) const -> test_vault {
        return {file::open(folder_.path()).value(), {}, std::move(keys), with()};
    }

    staged_store store_{};
    keyring::memory_keyring keys_{};
    test_vault vault_{store_, {}, forgetful_keys(keys_), with()};
    temporary_folder folder_ = temporary_folder::in_memory();
};

} // namespace

TEST_CASE("the registry as it was written is believed") {
    registry_on_disk d;
    CHECK(d.listed == ids{"prod", "stage", "taken", "test"});
    CHECK(d.see().all_true());
    CHECK(registry_on_disk::ask(d.anchored(), d.listed).all_true());
    const auto reader = d.stranger().resolver();
    CHECK(reader.at({.environment = "gone"}).error() == errc::unknown_scope);
    CHECK(reader.at({.environment = "never-made"}).error() == errc::unknown_scope);
    CHECK(json_of(members_of(d.json)) == d.json);
    CHECK(d.trunk.size() > 2);
}

TEST_CASE("a flipped bit of the registry's document hides no environment") {
    registry_on_disk d;
    auto running = d.stranger();
    REQUIRE(registry_on_disk::ask(running, d.listed).all_true());
    const auto member_at = member_at_each_byte(d.json);
    std::size_t believed = 0;
    for (std::size_t at = 0; at < d.json.size(); ++at)
        for (unsigned bit = 0; bit < 8; ++bit) {
            if (member_at[at] != "head" && bit != at % 8) continue; // one bit a byte
            d.write(at, static_cast<char>(static_cast<unsigned char>(d.json[at]) ^ (1U << bit)));
            const auto seen = d.see();
            const auto later = registry_on_disk::ask(running, d.listed);
            d.write(at, d.json[at]);
            CAPTURE(at, bit, member_at[at]);
            REQUIRE(seen.lie == "");
            REQUIRE(later.lie == "");
            if (d.trunk.contains(member_at[at])) REQUIRE(seen.all_refused());
            if (!seen.all_refused()) REQUIRE(seen.all_true());
            believed += seen.all_true() ? 1U : 0U;
        }
    CHECK(believed > 0); // what no list needs
    CHECK(believed < d.json.size());
    CHECK(d.see().all_true());
    CHECK(registry_on_disk::ask(running, d.listed).all_true()); // none of it moved its mark
}

TEST_CASE("a registry's document that is cut short is refused at every length") {
    registry_on_disk d;
    check_cuts(d);
}

TEST_CASE("an entry of the registry's document that is removed, or takes another's place, hides no "
          "environment") {
    registry_on_disk d;
    const auto members = members_of(d.json);
    for (std::size_t i = 0; i < members.size(); ++i) {
        const bool needed = d.trunk.contains(members[i].key);
        CAPTURE(members[i].key);
        auto altered = members;
        altered.erase(altered.begin() + static_cast<std::ptrdiff_t>(i));
        d.write(json_of(altered));
        const auto seen = d.see();
        REQUIRE(seen.lie == "");
        REQUIRE(seen.all_refused() == needed);
        for (std::size_t other = 0; other < members.size(); ++other) {
            if (other == i) continue;
            altered = members;
            altered[i].text = members[other].text;
            d.write(json_of(altered));
            const auto now = d.see();
            CAPTURE(members[other].key);
            REQUIRE(now.lie == "");
            if (needed) REQUIRE(now.all_refused());
        }
    }
}

TEST_CASE("an entry of the registry's document that is replaced by an earlier one hides no "
          "environment from who has an anchor or saw the newer list") {
    registry_on_disk d;
    std::set<std::string> earlier;
    for (const auto& then : d.moments)
        for (const auto& m : members_of(then.json))
            earlier.insert(m.text);
    REQUIRE(earlier.size() > 2 * d.moments.size());
    auto running = d.stranger();
    REQUIRE(registry_on_disk::ask(running, d.listed).all_true());
    REQUIRE(registry_on_disk::ask(d.anchored(), d.listed).all_true());
    auto members = members_of(d.json);
    for (auto& m : members) {
        const auto own = m.text;
        for (const auto& other : earlier) {
            if (other == own) continue;
            m.text = other;
            d.write(json_of(members));
            CAPTURE(m.key);
            const auto seen = registry_on_disk::ask(d.anchored(), d.listed);
            REQUIRE(seen.lie == "");
            REQUIRE(registry_on_disk::ask(running, d.listed).lie == "");
            if (d.trunk.contains(m.key)) REQUIRE(seen.all_refused());
            if (m.key != "head") REQUIRE(d.see().lie == ""); // see below
        }
        m.text = own;
    }
}

TEST_CASE("an earlier registry is an earlier list to a stranger, and refused by who has an anchor "
          "or saw the newer") {
    registry_on_disk d;
    auto running = d.stranger();
    REQUIRE(registry_on_disk::ask(running, d.listed).all_true());
    REQUIRE(registry_on_disk::ask(d.anchored(), d.listed).all_true());
    const auto refused = [&](errc why) {
        CHECK(running.environments().error() == why);
        CHECK(running.resolver().at({.environment = "taken"}).error() == why);
        CHECK(d.anchored().environments().error() == why);
        CHECK(d.anchored().resolver().at({.environment = "taken"}).error() == why);
    };
    for (const auto& then : d.moments) {
        if (then.json == d.json) continue;
        CAPTURE(then.listed);
        d.write(then.json);
        CHECK(registry_on_disk::ask(d.stranger(), then.listed).all_true());
        refused(errc::rolled_back);
        auto members = members_of(d.json); // its head alone, with all that is newer
        members.front() = members_of(then.json).front();
        members.pop_back(); // the revision is then the head's
        d.write(json_of(members));
        CHECK(registry_on_disk::ask(d.stranger(), then.listed).lie == "");
        refused(errc::rolled_back);
    }
    d.write(d.json);
    CHECK(registry_on_disk::ask(running, d.listed).all_true());
    d.remove(); // without an anchor: a store whose first environment was not listed yet
    CHECK(registry_on_disk::ask(d.stranger(), {}).all_true());
    refused(errc::tampered);
}
