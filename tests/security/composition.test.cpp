// SPDX-License-Identifier: BSL-1.0
// Honest pieces, put together by whoever writes the datastore: of forks, lost races, backups, other
// environments, and with a DEK that leaked. None is accepted as anything but one honest state, and
// no reader goes back behind what it saw.
#include "support/catch.hpp"
#include "support/history.hpp"

#include <algorithm>
#include <random>
#include <utility>

using namespace coffer;
using namespace coffer_test;

namespace {

using cipher_type = cryptopp::aes_256_gcm;
using dek_keys = tree::dek_keys<cipher_type>;

const std::vector<std::string> names{"A", "B", "C", "D", "E", "F"};

auto partition_of(std::string_view environment, std::string_view realm = "tests") -> std::string {
    return format::partition_name(cipher_type{}, realm, environment);
}

/// A history of random writes, told apart by their author.
class random_history : public history {
public:
    random_history() = default;
    /// Goes on from a moment of another, on a store of its own.
    explicit random_history(const random_history& from) : history(staged_store{}, from.keys) {
        show(from.moments.back().stored);
        const auto system = partition_of(system_environment);
        store.show(system, from.store.shown(system));
        now = from.now;
        moments = from.moments;
    }
    void begin() {
        make();
        make_space("s");
        make_space("t");
    }
    void write_on(std::mt19937& random, std::size_t times, const std::string& side) {
        static const std::vector<std::string> scopes{"", "s", "t"};
        for (std::size_t i = 0; i < times; ++i) {
            const auto& space = scopes[random() % scopes.size()];
            const auto& name = names[random() % names.size()];
            const auto what = random() % 4;
            const auto at = now.own.find({space, name});
            if (what == 0 && !(at != now.own.end() && !at->second))
                hide(space, name);
            else if (what == 1 && at != now.own.end())
                erase(space, name);
            else
                put(space, name, side + std::to_string(random()));
        }
    }
    /// A running reader whose last look was at this moment.
    auto reader_at(const moment& then) -> test_resolver {
        show(then.stored);
        auto reader = stranger();
        reader.at({environment, {}, {}}).value();
        return reader;
    }
};

/// Somebody who rightly had the DEK of a stored environment: what he can make with it.
class insider {
public:
    insider(keyring::memory_keyring keys, const image& stored, std::string_view environment)
        : head(format::decode_head(stored.objects.at("head")).value()),
          dek_(keys.unwrap(listed().kek_id, environment, listed().wrapped,
                           format::wrap_aad({head.realm, environment, listed().number, 1},
                                            listed().kek_id))
                   .value()) {}

    auto listed() const -> const format::head_dek& { return head.active(); }
    /// The head's bytes, signed with this DEK as if it were what the head says of its newest.
    auto sign(format::head h) const -> bytes { return algorithm::sign_head(keys_for(h), h); }
    /// The same DEK under the name that a head gives it, with the commitment that belongs to that.
    auto keys_for(const format::head& h) const -> dek_keys {
        return {cipher_type{},
                dek_.view(),
                {h.realm, h.environment, h.active().number, h.active().cipher},
                h.active()};
    }
    auto signed_with_commitment(format::head h) const -> bytes {
        h.deks.back().commitment = keys_for(h).commitment();
        return sign(std::move(h));
    }

    format::head head;

private:
    key_bytes dek_;
};

auto with_head(image stored, bytes head) -> image {
    stored.at[0] ^= std::byte{1};
    stored.objects["head"] = std::move(head);
    return stored;
}

} // namespace

TEST_CASE(
    "heads and objects of forks give one honest state, and never one to whom it is not next") {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        random_history left;
        left.begin();
        left.write_on(random, 1 + random() % 4, "base ");
        const auto fork = left.moments.size();
        random_history right(left);
        left.write_on(random, 2 + random() % 4, "left ");
        right.write_on(random, 2 + random() % 4, "right ");

        image all = left.moments.back().stored;
        all.objects.insert(right.moments.back().stored.objects.begin(),
                           right.moments.back().stored.objects.end());
        std::vector<std::pair<const moment*, const random_history*>> states;
        for (const auto& m : left.moments)
            states.emplace_back(&m, &left);
        for (auto i = fork; i < right.moments.size(); ++i)
            states.emplace_back(&right.moments[i], &right);

        const auto precedes = [&](std::size_t seen, std::size_t shown) {
            const auto left_end = left.moments.size();
            if (seen < fork) return seen <= shown;
            return (seen < left_end) == (shown < left_end) && seen <= shown;
        };
        for (std::size_t shown = 0; shown < states.size(); ++shown) {
            const auto& [what, side] = states[shown];
            for (const auto* rest :
                 {&all, &left.moments.back().stored, &right.moments.back().stored}) {
                const auto now = with_head(*rest, what->stored.objects.at("head"));
                left.show(now);
                const auto fresh = compare(left.stranger(), left.environment, what->truth, names);
                REQUIRE(fresh.lie == "");
                REQUIRE((rest != &all || fresh.all_true()));
            }
            const auto now = with_head(all, what->stored.objects.at("head"));
            for (std::size_t seen = 0; seen < states.size(); ++seen) {
                const auto reader = left.reader_at(*states[seen].first);
                left.show(now);
                CAPTURE(seen, shown, fork);
                if (precedes(seen, shown)) {
                    REQUIRE(compare(reader, left.environment, what->truth, names).all_true());
                    continue;
                }
                REQUIRE(reader.at({left.environment, {}, {}}).error() == errc::rolled_back);
                left.show(states[seen].first->stored);
                REQUIRE(
                    compare(reader, left.environment, states[seen].first->truth, names).all_true());
            }
        }
    }
}

TEST_CASE("the record of a writer who lost the race is refused, though its place is right") {
    random_history h;
    h.begin();
    h.put("", "A", "first");
    test_vault loser(h.store, {}, forgetful_keys(h.keys), h.options());
    REQUIRE(loser.resolver().get({h.environment, {}, {}}, "A").value().version() == 1);

    std::vector<object_write> lost;
    int commits = 0;
    h.store.before_commit([&](auto) {
        if (++commits == 1) h.put("", "A", "winner's");
    });
    const auto done = loser.put({h.environment, {}, {}}, "A", "loser's", {.if_version = 1});
    h.store.before_commit({});
    REQUIRE(done.error() == errc::conflict);
    lost = h.store.sent(); // the last that was sent, and in vain
    const auto whole = h.moments.back().stored;

    const auto held = h.vault.engine().slot_of(h.environment).held().known;
    const auto winner = held->pages.find({"", "", "A"}).entry->newest();
    REQUIRE(winner.number == 2);
    std::size_t records = 0;
    for (const auto& write : lost) {
        if (write.key == "head") continue;
        auto now = whole;
        now.at[0] ^= std::byte{1};
        now.objects[format::store_key(winner.record)] = *write.value;
        h.show(now);
        CHECK(h.stranger().get({h.environment, {}, {}}, "A").error() == errc::tampered);
        CHECK(h.stranger().get({h.environment, "s", {}}, "A").error() == errc::tampered);
        // The AEAD alone would let the loser's record through: it is the hash that refuses it.
        const auto parts = format::parse_object(*write.value).value();
        const auto opened = held->keys->find(parts.dek)->open(
            format::object_kind::record,
            format::record_aad(parts.prefix, {"", "", "A"}, winner.number), parts.rest);
        records += opened && as_text(opened->view()) == "loser's" ? 1U : 0U;
    }
    CHECK(records == 1);

    auto never = whole;
    for (const auto& write : lost)
        never.objects[write.key] = *write.value;
    never.at[0] ^= std::byte{1};
    const auto reader = h.reader_at(h.moments.back());
    h.show(never);
    CHECK(reader.at({h.environment, {}, {}}).error() == errc::rolled_back);
}

TEST_CASE("without the hashes the AEAD alone still refuses an object in another place") {
    random_history h;
    h.begin();
    for (const auto& name : names)
        h.put("", name, "environment's " + name);
    for (const auto& name : names)
        h.put("s", name, "space's " + name);
    h.put("s", "A", "space's second A");
    const auto held = h.vault.engine().slot_of(h.environment).held().known;
    const auto& keys = *held->keys->find(1);
    const auto stored = h.moments.back().stored;

    struct placed_record {
        format::entry_key key;
        std::uint64_t version;
        const bytes* object;
    };
    std::vector<placed_record> records;
    for (const auto& page : held->pages.pages())
        for (const auto& e : page.node->entries)
            for (const auto& v : e.versions)
                records.push_back(
                    {e.key, v.number, &stored.objects.at(format::store_key(v.record))});
    REQUIRE(records.size() > 15);
    for (const auto& place : records)
        for (const auto& moved : records) {
            const auto parts = format::parse_object(*moved.object).value();
            const auto opened =
                keys.open(format::object_kind::record,
                          format::record_aad(parts.prefix, place.key, place.version), parts.rest);
            REQUIRE(opened.has_value() == (&place == &moved));
        }
    // Fields that only together are the same text are another place.
    const auto& a = *std::ranges::find_if(records, [](const auto& r) {
        return r.key == format::entry_key{"s", "", "B"};
    });
    const auto parts = format::parse_object(*a.object).value();
    const auto open_at = [&](format::entry_key key, std::uint64_t version) {
        return keys
            .open(format::object_kind::record, format::record_aad(parts.prefix, key, version),
                  parts.rest)
            .has_value();
    };
    CHECK(open_at(a.key, a.version));
    CHECK_FALSE(open_at({a.key.space + a.key.name, "", ""}, a.version));
    CHECK_FALSE(open_at({"", a.key.space, a.key.name}, a.version));
    CHECK_FALSE(open_at(a.key, a.version + 1));

    // An object is not one of another kind.
    using format::object_kind;
    const auto& root = stored.objects.at(format::store_key(held->head.root));
    const auto root_parts = format::parse_object(root).value();
    for (const auto kind : {object_kind::root, object_kind::page, object_kind::record}) {
        const auto aad = format::object_aad(root_parts.prefix, kind);
        CHECK(keys.open(kind, aad, root_parts.rest).has_value() == (kind == object_kind::root));
    }
}

TEST_CASE("a head of generation 10^9 under a retired DEK is refused by who saw the newer DEK") {
    random_history h;
    h.begin();
    h.put("", "A", "old");
    const auto retired = h.moments.back().stored;
    const insider leaked(h.keys, retired, h.environment);
    h.vault.remove_environment(h.environment).value();
    h.vault.ensure_environment(h.environment).value(); // goes on with a new DEK
    h.vault.ensure_space({h.environment, "s", {}}).value();
    h.vault.put({h.environment, {}, {}}, "A", "new").value();
    h.record();
    const auto current = format::decode_head(h.moments.back().stored.objects.at("head")).value();
    REQUIRE(current.active().number == 2);
    REQUIRE(leaked.listed().number == 1);

    auto forged = leaked.head;
    forged.generation = 1'000'000'000;
    const auto shown = with_head(retired, leaked.sign(forged));
    const auto running = h.reader_at(h.moments.back());
    const auto anchored = h.reader(h.keys);
    anchored.at({h.environment, {}, {}}).value();
    const auto anchor = h.keys.recall("tests", h.environment).value();

    h.show(shown);
    // Well signed, and under a KEK that may speak: what refuses it is memory alone.
    CHECK(plain(h.stranger().get({h.environment, {}, {}}, "A")) == "old");
    CHECK(running.at({h.environment, {}, {}}).error() == errc::rolled_back);
    CHECK(anchored.at({h.environment, {}, {}}).error() == errc::rolled_back);
    CHECK(h.reader(h.keys).at({h.environment, {}, {}}).error() == errc::rolled_back);
    CHECK(h.vault.put({h.environment, {}, {}}, "A", "on top").error() == errc::rolled_back);
    CHECK(h.store.shown(h.partition) == shown);
    CHECK(h.keys.recall("tests", h.environment).value() == anchor);

    // Nor can the retired DEK be given the number of the newer, or a higher one.
    for (const std::uint32_t number : {2U, 3U, 77U}) {
        auto renumbered = forged;
        renumbered.deks.back().number = number;
        h.show(with_head(retired, leaked.signed_with_commitment(renumbered)));
        CHECK(h.stranger().at({h.environment, {}, {}}).error() == errc::tampered);
        CHECK(running.at({h.environment, {}, {}}).error() == errc::tampered);
    }
    h.show(h.moments.back().stored);
    CHECK(plain(running.get({h.environment, {}, {}}, "A")) == "new");
}

TEST_CASE("the KEK of one environment plants no other") {
    key_bytes development;
    cipher_type{}.random(development.span()).value();
    const auto copy = [&] { return key_bytes(std::as_const(development).view()); };
    keyring::memory_keyring keys;
    keys.add({.id = "kek-prod", .environments = {"prod", "coffer.system"}, .key = {}}).value();
    keys.add({.id = "kek-dev", .environments = {"dev"}, .key = copy()}).value();
    keyring::memory_keyring attackers;
    attackers.add({.id = "kek-dev", .environments = {"*"}, .key = copy()}).value();

    history honest(staged_store{}, keys);
    honest.make();
    honest.put("", "A", "true");
    const auto running = honest.stranger();
    running.at({honest.environment, {}, {}}).value();
    history planted(staged_store{}, attackers);
    planted.make();
    planted.put("", "A", "evil");
    REQUIRE(planted.stranger().get({planted.environment, {}, {}}, "A").has_value());

    honest.show(planted.moments.back().stored);
    CHECK(honest.stranger().at({honest.environment, {}, {}}).error() == errc::unknown_key);
    CHECK(running.at({honest.environment, {}, {}}).error() == errc::unknown_key);
    CHECK(honest.vault.put({honest.environment, {}, {}}, "A", "x").error() == errc::unknown_key);
}

TEST_CASE("a wrapped DEK belongs to one realm, one environment and one number") {
    staged_store store;
    keyring::memory_keyring keys;
    history prod(store, keys);
    prod.make();
    prod.put("", "A", "prod's");
    prod.vault.ensure_environment("dev").value();
    prod.vault.put({.environment = "dev"}, "A", "dev's").value();
    const auto dev_image = store.shown(partition_of("dev"));
    const auto prod_image = store.shown(prod.partition);
    const insider of_dev(keys, dev_image, "dev");
    const insider of_prod(keys, prod_image, "prod");

    SECTION("the partition of one in the place of another") {
        prod.show(dev_image);
        CHECK(prod.stranger().at({"prod", {}, {}}).error() == errc::tampered);
    }
    SECTION("the other's wrapped DEK, with the signature as it was") {
        auto head = of_prod.head;
        head.deks = of_dev.head.deks;
        auto data = format::encode_head_unsigned(head);
        data.insert(data.end(), head.mac.begin(), head.mac.end());
        prod.show(with_head(prod_image, data));
        CHECK(prod.stranger().at({"prod", {}, {}}).error() == errc::tampered);
    }
    SECTION("a head for prod, signed by somebody who rightly has dev's DEK") {
        auto head = of_dev.head;
        head.environment = "prod";
        prod.show(with_head(dev_image, of_dev.signed_with_commitment(head)));
        CHECK(prod.stranger().at({"prod", {}, {}}).error() == errc::tampered);
    }
    SECTION("the same environment of another realm") {
        auto other = history::options();
        other.realm = "staging";
        store.show(partition_of("prod", "staging"), prod_image);
        const test_resolver reader(store, {}, forgetful_keys(keys), other);
        CHECK(reader.at({"prod", {}, {}}).error() == errc::tampered);
        auto head = of_prod.head; // and signed anew for it, by somebody who has the DEK
        head.realm = "staging";
        store.show(partition_of("prod", "staging"),
                   with_head(prod_image, of_prod.signed_with_commitment(head)));
        CHECK(reader.at({"prod", {}, {}}).error() == errc::tampered);
    }
    SECTION("a commitment that is not the DEK's") {
        auto head = of_prod.head;
        head.deks.back().commitment[0] ^= std::byte{1};
        prod.show(with_head(prod_image, of_prod.sign(head)));
        CHECK(prod.stranger().at({"prod", {}, {}}).error() == errc::tampered);
    }
    SECTION("signed again as it was, it is accepted: the cases above fail for their own reason") {
        prod.show(with_head(prod_image, of_prod.signed_with_commitment(of_prod.head)));
        CHECK(plain(prod.stranger().get({"prod", {}, {}}, "A")) == "prod's");
    }
}

TEST_CASE("a removed environment that is put back is rolled_back to all who remember") {
    random_history h;
    h.begin();
    h.put("", "A", "gone");
    const auto before = h.moments.back().stored;
    const auto running = h.reader_at(h.moments.back());
    const auto anchored = h.reader(h.keys);
    h.vault.remove_environment(h.environment).value();
    CHECK(running.at({h.environment, {}, {}}).error() == errc::unknown_scope);
    CHECK(anchored.at({h.environment, {}, {}}).error() == errc::unknown_scope);
    const auto closed = h.store.shown(h.partition);
    CHECK(closed.objects.size() == 1); // nothing but the head that says so

    h.show(before);
    CHECK(running.at({h.environment, {}, {}}).error() == errc::rolled_back);
    CHECK(h.reader(h.keys).at({h.environment, {}, {}}).error() == errc::rolled_back);
    CHECK(h.vault.ensure_environment(h.environment).error() == errc::rolled_back);
    h.show({}); // the closed head taken away as well
    CHECK(running.at({h.environment, {}, {}}).error() == errc::tampered);
    CHECK(h.reader(h.keys).at({h.environment, {}, {}}).error() == errc::tampered);
    CHECK(h.stranger().at({h.environment, {}, {}}).error() == errc::unknown_scope);
    CHECK(h.vault.ensure_environment(h.environment).error() == errc::tampered);
}

namespace {

/// What no edit of the vault does: takes a space's own entry and leaves its values.
struct cut_space_entry {
    using value_type = bool;
    auto operator()(tree::draft& d) const -> result<bool> {
        d.erase({"s", {}, {}});
        return true;
    }
};

} // namespace

TEST_CASE("values of a space that is not there are tampered, whoever signed them") {
    random_history h;
    h.begin();
    h.put("", "A", "environment's");
    h.put("s", "A", "override");
    const auto running = h.reader_at(h.moments.back());
    h.vault.engine().apply(h.environment, cut_space_entry{}).value();
    for (const auto* space : {"s", "t", ""}) {
        CHECK(h.stranger().at({h.environment, space, {}}).error() == errc::tampered);
        CHECK(running.at({h.environment, space, {}}).error() == errc::tampered);
    }
    h.show(h.moments.back().stored);
    CHECK(plain(running.get({h.environment, "s", {}}, "A")) == "override");
}

TEST_CASE("an old backup is rolled_back to a running process and, by the anchor, to a new one") {
    random_history h;
    h.begin();
    h.put("s", "A", "override");
    h.put("s", "A", "newer override");
    h.show(h.moments.back().stored);
    const auto running = h.reader(h.keys);
    running.at({h.environment, "s", {}}).value();
    const auto anchor = h.keys.recall("tests", h.environment).value();
    REQUIRE(anchor.has_value());

    for (const auto& then : h.moments) {
        if (then.stored == h.moments.back().stored) continue;
        h.show(then.stored);
        CHECK(running.at({h.environment, "s", {}}).error() == errc::rolled_back);
        CHECK(h.reader(h.keys).at({h.environment, "s", {}}).error() == errc::rolled_back);
        CHECK(running.refresh(h.environment).error() == errc::rolled_back);
        test_vault writer(h.store, {}, h.keys, h.options());
        CHECK(writer.put({h.environment, "s", {}}, "A", "on top").error() == errc::rolled_back);
        CHECK(h.vault.put({h.environment, "s", {}}, "A", "on top").error() == errc::rolled_back);
        CHECK(h.vault.remove_environment(h.environment).error() == errc::rolled_back);
        REQUIRE(h.store.shown(h.partition) == then.stored); // nothing was laundered
        REQUIRE(h.keys.recall("tests", h.environment).value() == anchor);
        REQUIRE(running.engine()->slot_of(h.environment).held().seen == anchor);
    }
    h.show(h.moments.back().stored);
    CHECK(compare(running, h.environment, h.now, names).all_true());
    CHECK(h.vault.put({h.environment, "s", {}}, "A", "goes on").has_value());
}

TEST_CASE("a running process that missed a write does not launder the store that was put back") {
    random_history h;
    h.begin();
    h.put("", "A", "third");
    // A server that holds this state, and reads it as often as it is asked to.
    test_vault serving(h.store, {}, h.keys, h.options());
    REQUIRE(plain(serving.resolver().get({h.environment, {}, {}}, "A")) == "third");
    REQUIRE(serving.put({h.environment, "s", {}}, "B", "of the server").has_value());
    h.record(); // the last state that it knows
    const auto known = h.moments.back();
    test_vault other(h.store, {}, h.keys, h.options()); // of another process
    REQUIRE(other.put({h.environment, {}, {}}, "A", "fourth").has_value());
    h.record();
    const auto newest = h.moments.back();
    const auto anchor = h.keys.recall("tests", h.environment).value();

    h.show(known.stored);
    for (int i = 0; i < 2; ++i) {
        CHECK(plain(serving.resolver().get({h.environment, {}, {}}, "A")) == "rolled_back");
        CHECK(serving.put({h.environment, {}, {}}, "A", "on top").error() == errc::rolled_back);
        CHECK(serving.hide({h.environment, "s", {}}, "A").error() == errc::rolled_back);
        CHECK(serving.get_version({h.environment, {}, {}}, "A", 1).error() == errc::rolled_back);
        CHECK(serving.remove_environment(h.environment).error() == errc::rolled_back);
        REQUIRE(h.store.shown(h.partition) == known.stored);
        REQUIRE(h.keys.recall("tests", h.environment).value() == anchor);
    }
    h.show(newest.stored);
    CHECK(plain(serving.resolver().get({h.environment, {}, {}}, "A")) == "fourth");
    CHECK(serving.put({h.environment, {}, {}}, "A", "goes on").has_value());

    // One that lets its first commit through before it asks is not acknowledged either.
    test_vault quick(h.store, {}, h.keys, h.options());
    REQUIRE(quick.put({h.environment, {}, {}}, "A", "held").has_value());
    const auto held = h.store.shown(h.partition);
    bool once = true;
    h.store.before_commit([&](std::string_view partition) {
        if (partition != h.partition || !std::exchange(once, false)) return;
        REQUIRE(other.put({h.environment, {}, {}}, "A", "of another").has_value());
        h.show(held);
    });
    CHECK(quick.put({h.environment, {}, {}}, "A", "on a fork").error() == errc::outcome_unknown);
    CHECK(quick.put({h.environment, {}, {}}, "A", "on a fork").error() == errc::rolled_back);
    CHECK(h.reader(h.keys).at({h.environment, {}, {}}).error() == errc::rolled_back);
}

TEST_CASE("a reader that is behind by more than the ancestors follows, and never goes back") {
    random_history h;
    h.begin();
    h.put("", "A", "0");
    const auto behind = h.reader_at(h.moments.back());
    const auto first = h.moments.back();
    for (int i = 1; i <= 70; ++i)
        h.put("", "A", std::to_string(i));
    const auto near = h.moments[h.moments.size() - 65]; // 64 before the last
    const auto at_limit = h.reader_at(near);
    h.show(h.moments.back().stored);
    CHECK(plain(behind.get({h.environment, {}, {}}, "A")) == "70");
    CHECK(plain(at_limit.get({h.environment, {}, {}}, "A")) == "70");
    h.show(first.stored);
    CHECK(behind.at({h.environment, {}, {}}).error() == errc::rolled_back);
    CHECK(at_limit.at({h.environment, {}, {}}).error() == errc::rolled_back);
}
