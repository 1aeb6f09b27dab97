// SPDX-License-Identifier: BSL-1.0
// Whoever writes the datastore and has no key: every single alteration of what is stored.
#include "security/tamper_target.hpp"
#include "support/catch.hpp"

using namespace coffer;
using namespace coffer_test;

namespace {

/// What a stranger must see when one object is not what it was.
void check_damaged(target& t, const std::string& key) {
    const auto seen = t.see(t.stranger());
    CAPTURE(key);
    REQUIRE(seen.lie == "");
    if (key == "head" || t.trunk.contains(key))
        REQUIRE(seen.all_refused());
    else if (const auto at = t.newest.find(key); at != t.newest.end())
        REQUIRE(seen.refused == answers_from(t, at->second.first, at->second.second));
    else
        REQUIRE(seen.all_true());
}

} // namespace

TEST_CASE("what was written is what is read") {
    target t;
    REQUIRE(t.moments.size() > 30);
    CHECK(t.see(t.stranger()).all_true());
    const auto& earlier = t.moments[t.moments.size() - 2].truth;
    CHECK(compare(t.running(), t.environment, earlier, t.names).all_true());
    CHECK_FALSE(t.see(t.running()).all_true());
}

TEST_CASE("a flipped bit of the head is refused, by a stranger and by a running reader") {
    target t;
    const auto running = t.running();
    auto now = t.altered();
    auto& head = now.objects["head"];
    for (std::size_t bit = 0; bit < head.size() * 8; ++bit) {
        const auto mask = static_cast<std::byte>(1U << (bit % 8));
        head[bit / 8] ^= mask;
        t.show(now);
        CAPTURE(bit);
        const auto fresh = t.stranger().at({t.environment, "acme", {}});
        REQUIRE((!fresh && is_refusal(fresh.error().code)));
        const auto later = running.at({t.environment, "acme", {}});
        REQUIRE((!later && is_refusal(later.error().code)));
        head[bit / 8] ^= mask;
    }
    t.show(now);
    CHECK(t.see(running).all_true()); // none of it moved its mark
}

TEST_CASE("a flipped bit of root or page is refused") {
    target t;
    const auto running = t.running();
    auto now = t.altered();
    for (const auto& key : t.trunk) {
        REQUIRE_FALSE(t.before.objects.contains(key)); // else the running reader need not load it
        auto& object = now.objects[key];
        for (std::size_t bit = 0; bit < object.size() * 8; ++bit) {
            object[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            t.show(now);
            CAPTURE(key, bit);
            REQUIRE(running.at({t.environment, "acme", {}}).error() == errc::tampered);
            if (bit % 8 == 0) REQUIRE(t.see(t.stranger()).all_refused());
            object[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        }
    }
    t.show(now);
    CHECK(t.see(running).all_true());
}

TEST_CASE("a flipped bit of a record loses exactly the name that it holds") {
    target t;
    auto now = t.altered();
    for (const auto& [key, place] : t.newest) {
        auto& object = now.objects[key];
        for (std::size_t bit = 0; bit < object.size() * 8; ++bit) {
            object[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            t.show(now);
            CAPTURE(bit);
            const auto& [space, name] = place;
            REQUIRE(t.stranger().get({t.environment, space, {}}, name).error() == errc::tampered);
            if (bit % 64 == 0) check_damaged(t, key);
            object[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        }
    }
}

TEST_CASE("what no newest state needs may be altered without effect on a reader") {
    target t;
    auto now = t.altered();
    for (auto& [key, object] : now.objects)
        if (key != "head" && !t.trunk.contains(key) && !t.newest.contains(key))
            object.assign(7, std::byte{7});
    t.show(now);
    CHECK(t.see(t.stranger()).all_true());
    // but an older version that was altered is tampered to whoever asks for it
    REQUIRE_FALSE(t.older.empty());
    const auto got = t.vault.get_version({t.environment, "acme", {}}, t.names[4], 1);
    CHECK(got.error() == errc::tampered);
}

TEST_CASE("an entry of any other length is refused") {
    target t;
    for (const auto& [key, object] : t.altered().objects) {
        const bool trunk = key == "head" || t.trunk.contains(key);
        if (!trunk && !t.newest.contains(key)) continue;
        auto now = t.altered();
        for (std::size_t size = 0; size < object.size() + 4; ++size) {
            if (size == object.size()) continue;
            auto& cut = now.objects[key];
            cut = object;
            cut.resize(size);
            t.show(now);
            CAPTURE(key, size);
            if (trunk) {
                const auto seen = t.stranger().at({t.environment, "acme", {}});
                REQUIRE((!seen && is_refusal(seen.error().code)));
            } else {
                const auto& [space, name] = t.newest[key];
                REQUIRE(t.stranger().get({t.environment, space, {}}, name).error() ==
                        errc::tampered);
            }
        }
    }
}

TEST_CASE("an entry that is removed, or takes another's place, is refused") {
    target t;
    const auto whole = t.altered();
    for (const auto& [key, object] : whole.objects) {
        auto now = whole;
        now.objects.erase(key);
        t.show(now);
        check_damaged(t, key);
        if (key != "head" && !t.trunk.contains(key) && !t.newest.contains(key)) continue;
        for (const auto& [other, another] : whole.objects) { // one is there twice
            if (other == key) continue;
            now.objects[key] = another;
            t.show(now);
            const auto seen = t.see(t.stranger());
            CAPTURE(key, other);
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused != 0);
        }
    }
}

TEST_CASE("two records in each other's place are both refused") {
    target t;
    const auto whole = t.altered();
    for (auto a = t.newest.begin(); a != t.newest.end(); ++a)
        for (auto b = std::next(a); b != t.newest.end(); ++b) {
            auto now = whole;
            std::swap(now.objects[a->first], now.objects[b->first]);
            t.show(now);
            const auto seen = t.see(t.stranger());
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused == answers_from(t, a->second.first, a->second.second) +
                                        answers_from(t, b->second.first, b->second.second));
        }
}

TEST_CASE("an older head is one older state to a stranger and rolled_back to who saw a newer") {
    target t;
    t.show(t.whole);
    const auto running = t.stranger();
    running.at({t.environment, "acme", {}}).value();
    for (const auto& then : t.moments) {
        if (then.stored == t.whole) continue;
        auto now = t.altered();
        now.objects.insert(then.stored.objects.begin(), then.stored.objects.end());
        now.objects["head"] = then.stored.objects.at("head");
        for (const auto& shown : {now, then.stored}) {
            t.show(shown);
            const auto seen = compare(t.stranger(), t.environment, then.truth, t.names);
            REQUIRE(seen.all_true());
            REQUIRE(running.at({t.environment, "acme", {}}).error() == errc::rolled_back);
        }
    }
    t.show(t.altered());
    CHECK(t.see(running).all_true());
}

TEST_CASE("an object that an older head does not find is not made up") {
    target t;
    for (const auto& head_of : t.moments)
        for (const auto& rest_of : t.moments) {
            auto now = rest_of.stored;
            now.objects["head"] = head_of.stored.objects.at("head");
            t.show(now);
            const auto seen = compare(t.stranger(), t.environment, head_of.truth, t.names);
            REQUIRE(seen.lie == "");
            if (&rest_of == &head_of) REQUIRE(seen.all_true());
            if (&rest_of < &head_of) REQUIRE(seen.refused != 0);
        }
}

TEST_CASE("an environment that is taken away as a whole is tampered, since the registry knows it") {
    target t;
    t.show({});
    CHECK(t.see(t.stranger()).all_refused());
    CHECK(t.stranger().at({t.environment, "acme", {}}).error() == errc::tampered);
    CHECK(t.stranger().at({"never-made", {}, {}}).error() == errc::unknown_scope);
}

namespace {

/// Shows a document's text, as the file store would; false if it is refused there already.
auto show_text(target& t, std::string_view json) -> bool {
    const auto read = file::document::parse(json);
    if (!read) {
        REQUIRE(read.error() == errc::tampered);
        return false;
    }
    auto listed = read->list();
    image now{listed.at, {}};
    for (auto& [key, object] : listed.entries)
        now.objects.emplace(key, std::move(object));
    t.show(now);
    return true;
}

} // namespace

TEST_CASE("a document with any one byte replaced, removed or added gives no wrong answer") {
    target t;
    const auto whole = only_listed(t);
    const auto json = document_of(whole);
    const auto running = t.running();
    std::size_t parsed = 0;
    const auto check = [&](const std::string& altered, std::size_t at) {
        if (!show_text(t, altered)) return;
        ++parsed;
        if (t.store.shown(t.partition) == whole) return; // the same in other words
        CAPTURE(at);
        const auto seen = t.stranger().at({t.environment, "acme", {}});
        comparison c;
        if (seen)
            compare_view(*seen, "acme", t.now, t.names, c);
        else
            REQUIRE(is_refusal(seen.error().code));
        REQUIRE(c.lie == "");
    };
    for (std::size_t i = 0; i < json.size(); ++i) {
        auto altered = json;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        check(altered, i);
        if (i % 16 != 0) continue;
        check(json.substr(0, i) + json.substr(i + 1), i);
        check(json.substr(0, i) + 'A' + json.substr(i), i);
    }
    CHECK(parsed > json.size() / 2); // the base64 alphabet is dense: most got past the document
    t.show(t.altered());
    CHECK(t.see(running).all_true());
}

TEST_CASE("a document that is cut short is refused at any length") {
    target t;
    const auto json = document_of(only_listed(t));
    for (std::size_t size = 0; size < json.size() - 1;
         ++size) // without the last line end it is whole
        REQUIRE_FALSE(show_text(t, std::string_view(json).substr(0, size)));
}
