// SPDX-License-Identifier: BSL-1.0
// Whoever can write the store's folder and has no key: every single alteration of an environment's
// document, each read by a file store and a reader of its own, all names in all scopes.
#include "security/open_document.hpp"
#include "security/tamper_target.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <coffer/file/store.hpp>

#include <fstream>

using namespace coffer;
using namespace coffer_test;

namespace {

/// The target's document in a folder, open to whoever wants to alter it.
class document_on_disk : public open_document {
public:
    document_on_disk() {
        const auto system =
            format::partition_name(cryptopp::aes_256_gcm{}, t.options().realm, system_environment);
        std::ofstream(folder_ / (system + ".json")) << document_of(t.store.shown(system));
        open(folder_ / (t.partition + ".json"));
        write(json);
    }

    /// Somebody who knows nothing opens the folder.
    auto stranger() const -> test_resolver {
        return {file::open(folder_.path()).value(), {}, forgetful_keys(t.keys), t.options()};
    }
    auto see(const plain_state& truth) const -> comparison {
        return compare(stranger(), t.environment, truth, t.names);
    }
    auto see() const -> comparison { return see(t.now); }

    target t{};
    const std::string json = document_of(only_listed(t));

private:
    temporary_folder folder_ = temporary_folder::in_memory();
};

} // namespace

TEST_CASE("the document as it was written is read, and a text made of its members is the same") {
    document_on_disk d;
    CHECK(d.see().all_true());
    CHECK(json_of(members_of(d.json)) == d.json);
    CHECK(members_of(d.json).size() == only_listed(d.t).objects.size() + 1); // and the revision
    d.remove();
    CHECK(d.see().all_refused());
}

TEST_CASE("every flipped bit of a document costs what its member holds, or the document") {
    document_on_disk d;
    const auto member_at = member_at_each_byte(d.json);
    std::size_t local = 0;
    for (std::size_t at = 0; at < d.json.size(); ++at)
        for (unsigned bit = 0; bit < 8; ++bit) {
            d.write(at, static_cast<char>(static_cast<unsigned char>(d.json[at]) ^ (1U << bit)));
            const auto seen = d.see();
            d.write(at, d.json[at]);
            CAPTURE(at, bit, member_at[at]);
            REQUIRE(seen.lie == "");
            if (seen.all_refused()) continue; // the document was, or what all hangs on
            ++local;
            REQUIRE(seen.refused == cost(d.t, {member_at[at]}));
        }
    CHECK(local > d.json.size()); // many flips make another text that is well formed
    CHECK(d.see().all_true());
}

TEST_CASE("a document that is cut short is refused at every length") {
    document_on_disk d;
    check_cuts(d);
}

TEST_CASE(
    "each entry that is removed costs what it holds, and one that is there twice the document") {
    document_on_disk d;
    const auto members = members_of(d.json);
    for (std::size_t i = 0; i < members.size(); ++i) {
        CAPTURE(members[i].key);
        auto altered = members;
        altered.erase(altered.begin() + static_cast<std::ptrdiff_t>(i));
        d.write(json_of(altered));
        auto seen = d.see();
        REQUIRE(seen.lie == "");
        REQUIRE(seen.refused == cost(d.t, {members[i].key}));
        for (std::size_t second = 0; second < members.size(); ++second) { // with any one's value
            altered = members;
            altered.push_back({members[i].key, members[second].text});
            d.write(json_of(altered));
            seen = d.see();
            REQUIRE(seen.all_refused());
        }
    }
}

TEST_CASE("any two entries in each other's place cost what both hold") {
    document_on_disk d;
    const auto members = members_of(d.json);
    for (std::size_t a = 0; a < members.size(); ++a)
        for (std::size_t b = a + 1; b < members.size(); ++b) {
            auto altered = members;
            std::swap(altered[a].text, altered[b].text);
            d.write(json_of(altered));
            const auto seen = d.see();
            CAPTURE(members[a].key, members[b].key);
            REQUIRE(seen.lie == "");
            if (!seen.all_refused())
                REQUIRE(seen.refused == cost(d.t, {members[a].key, members[b].key}));
        }
}

TEST_CASE("each entry that is replaced by any earlier one costs what it holds") {
    document_on_disk d;
    std::set<std::string> earlier;
    for (const auto& then : d.t.moments)
        for (const auto& m : members_of(document_of(then.stored)))
            earlier.insert(m.text);
    REQUIRE(earlier.size() > 3 * d.t.moments.size()); // heads, roots, pages, records
    auto members = members_of(d.json);
    for (auto& m : members) {
        const auto own = m.text;
        for (const auto& other : earlier) {
            if (other == own) continue;
            m.text = other;
            d.write(json_of(members));
            const auto seen = d.see();
            CAPTURE(m.key);
            if (m.key == "head") continue; // see below
            REQUIRE(seen.lie == "");
            if (!seen.all_refused()) REQUIRE(seen.refused == cost(d.t, {m.key}));
        }
        m.text = own;
    }
}

TEST_CASE("an earlier head gives one earlier state or less to a stranger, and nothing to who saw a "
          "newer") {
    document_on_disk d;
    const auto running = d.stranger();
    REQUIRE(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
    auto members = members_of(d.json);
    for (const auto& then : d.t.moments) {
        const auto head = members_of(document_of(then.stored)).front();
        REQUIRE(head.key == "head");
        if (head.text == members.front().text) continue;
        auto altered = members;
        altered.front() = head;
        altered.pop_back(); // the revision is then the head's
        d.write(json_of(altered));
        REQUIRE(d.see(then.truth).lie == "");
        REQUIRE(running.at({d.t.environment, "acme", {}}).error() == errc::rolled_back);
        d.write(document_of(then.stored)); // with all that it had
        REQUIRE(d.see(then.truth).all_true());
        REQUIRE(running.at({d.t.environment, "acme", {}}).error() == errc::rolled_back);
    }
    d.write(d.json);
    CHECK(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
}
