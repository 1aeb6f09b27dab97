// SPDX-License-Identifier: BSL-1.0
// Proves the laws: each provider here has one fault, and the law that it breaks must say so.
#include <coffer/testing/anchor_laws.hpp>
#include <coffer/testing/fake_key_provider.hpp>
#include <coffer/testing/key_provider_laws.hpp>

#include <support/catch.hpp>

using namespace coffer;
using testing::fake_key_provider;

namespace {

enum class fault {
    none,
    wrong_dek,          // K1
    forgets_second,     // K1
    ignores_aad,        // K2
    ignores_last_byte,  // K2
    throws_away_length, // K2
    any_environment,    // K3
    crypto_first,       // K3
    wraps_for_anybody,  // K3
    serves_disabled,    // K4
    wraps_decrypt_only, // K4
    same_wrap_twice,    // K5
    not_committed,      // K6
    dek_in_the_clear,   // K7
    forgets_marks,      // A1
    cuts_generation,    // A1
    moves_back,         // A2
    not_durable,        // A3
    joins_names,        // A4
    damage_is_none,     // A5
    other_history,      // A6
    other_is_fine,      // A6
};

/// A fake with one fault.
class broken {
public:
    explicit broken(fault what) : what_(what) {}

    auto key_for(std::string_view environment) { return inner_.key_for(environment); }
    auto wrap(std::string_view id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        const byte_view bound = what_ == fault::ignores_aad ? byte_view{} : aad;
        auto out = inner_.wrap(
            what_ == fault::wraps_for_anybody || what_ == fault::not_committed ? "fake-kek" : id,
            dek, bound);
        if (!out && what_ == fault::wraps_decrypt_only && out.error() == errc::key_disabled)
            return bytes(48);
        if (!out) return out;
        if (what_ == fault::dek_in_the_clear) out->insert(out->end(), dek.begin(), dek.end());
        if (what_ == fault::ignores_last_byte) out->push_back(std::byte{0});
        if (what_ == fault::same_wrap_twice) {
            if (first_.empty()) first_ = *out;
            return first_;
        }
        return out;
    }
    auto unwrap(std::string_view id, std::string_view environment, byte_view wrapped, byte_view aad)
        -> result<key_bytes> {
        const byte_view bound = what_ == fault::ignores_aad ? byte_view{} : aad;
        if (what_ == fault::crypto_first) {
            auto tried = inner_.unwrap("fake-kek", testing::key_laws::where, wrapped, bound);
            if (!tried && tried.error() == errc::tampered) return tried;
        }
        if (what_ == fault::dek_in_the_clear) {
            if (wrapped.size() != 80) return refusal(id, environment);
            wrapped = wrapped.first(48);
        }
        if (what_ == fault::ignores_last_byte) {
            if (wrapped.size() != 49) return refusal(id, environment);
            wrapped = wrapped.first(48);
        }
        if (what_ == fault::throws_away_length && wrapped.size() > 48) wrapped = wrapped.first(48);
        if (what_ == fault::any_environment || what_ == fault::serves_disabled) {
            const auto asked = inner_.unwrap(id, environment, wrapped, bound);
            if (!asked && what_ == fault::any_environment && asked.error() == errc::unknown_key)
                return inner_.unwrap(id, "laws-dev", wrapped, bound);
            if (!asked && what_ == fault::serves_disabled && asked.error() == errc::key_disabled)
                return testing::key_laws::sample_dek();
        }
        if (what_ == fault::not_committed) {
            auto own = inner_.unwrap(id, environment, wrapped, bound);
            if (own || own.error() != errc::tampered) return own;
            return inner_.unwrap("fake-kek", environment, wrapped, bound);
        }
        auto out = inner_.unwrap(id, environment, wrapped, bound);
        if (out && what_ == fault::wrong_dek) out->span()[31] ^= std::byte{1};
        if (out && what_ == fault::forgets_second && ++unwraps_ == 2) return errc::unavailable;
        return out;
    }
    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        if (what_ == fault::forgets_marks) return std::optional<mark>{};
        if (what_ == fault::joins_names)
            return inner_.recall("", std::string(realm) + std::string(environment));
        return inner_.recall(realm, environment);
    }
    auto remember(std::string_view realm, std::string_view environment, lineage seen)
        -> result<mark> {
        if (what_ == fault::cuts_generation) seen.newest.generation &= 0xFFFFFFFFU;
        if (what_ == fault::joins_names)
            return inner_.remember("", std::string(realm) + std::string(environment), seen);
        auto answer = inner_.remember(realm, environment, seen);
        const bool forked = !answer && answer.error() == errc::rolled_back;
        if (forked && what_ == fault::other_is_fine) return seen.newest;
        const bool forced = (what_ == fault::moves_back && answer && *answer != seen.newest) ||
                            (what_ == fault::other_history && forked);
        if (!forced) return answer;
        inner_ = fake_key_provider{}; // the fake itself can't be moved back
        return inner_.remember(realm, environment, seen);
    }

    fake_key_provider inner_{};
    fault what_;

private:
    auto refusal(std::string_view id, std::string_view environment) -> result<key_bytes> {
        return inner_.unwrap(id, environment, {}, {});
    }
    bytes first_{};
    int unwraps_ = 0;
};
static_assert(AnchoringKeyProvider<broken>);

struct make_broken {
    fault what;
    auto operator()() { return broken(what); }
    auto reopen(broken& keys) {
        auto copy = keys;
        if (what == fault::not_durable) copy.inner_ = fake_key_provider{};
        return copy;
    }
    auto add(broken& keys, std::string_view environment) -> std::string {
        const std::string id = "fake-" + std::string(environment);
        keys.inner_.add_kek(id, {std::string(environment)});
        return id;
    }
    void disable(broken& keys, const std::string& id) {
        keys.inner_.set_state(id, fake_key_provider::state::disabled);
    }
    void decrypt_only(broken& keys, const std::string& id) {
        keys.inner_.set_state(id, fake_key_provider::state::decrypt_only);
    }
    auto damage_anchor(broken& keys, std::size_t n) -> bool {
        // The fake has no anchor to damage: it fails as one would, or answers as if it had none.
        if (n > 0) return false;
        if (what == fault::damage_is_none)
            keys.inner_ = fake_key_provider{};
        else
            keys.inner_.fail_next(errc::tampered, 3);
        return true;
    }
};

class counting final : public testing::checker {
public:
    auto that(bool held, std::string_view, testing::source_location) -> bool override {
        failed += !held;
        return held;
    }
    void not_applicable(std::string_view) override { ++skipped; }
    int failed = 0;
    int skipped = 0;
};

/// The numbers of the laws that a provider breaks.
auto broken_laws(fault what) -> std::string {
    std::string out;
    const auto run = [&](const auto& laws) {
        for (const auto& law : laws) {
            make_broken make{what};
            counting check;
            law.check(make, check);
            CHECK(check.skipped == 0);
            if (check.failed > 0) out.append(law.name.substr(0, 2)).append(" ");
        }
    };
    run(testing::key_provider_laws<make_broken>);
    run(testing::anchor_laws<make_broken>);
    return out;
}

} // namespace

TEST_CASE("Each law of key providers notices who breaks it") {
    CHECK(broken_laws(fault::none).empty());
    const std::pair<fault, const char*> table[] = {
        {fault::wrong_dek, "K1"},          {fault::forgets_second, "K1"},
        {fault::ignores_aad, "K2"},        {fault::ignores_last_byte, "K2"},
        {fault::throws_away_length, "K2"}, {fault::any_environment, "K3"},
        {fault::crypto_first, "K3"},       {fault::wraps_for_anybody, "K3"},
        {fault::serves_disabled, "K4"},    {fault::wraps_decrypt_only, "K4"},
        {fault::same_wrap_twice, "K5"},    {fault::not_committed, "K6"},
        {fault::dek_in_the_clear, "K7"},   {fault::forgets_marks, "A1"},
        {fault::cuts_generation, "A1"},    {fault::moves_back, "A2"},
        {fault::not_durable, "A3"},        {fault::joins_names, "A4"},
        {fault::damage_is_none, "A5"},     {fault::other_history, "A6"},
        {fault::other_is_fine, "A6"},
    };
    for (const auto& [what, law] : table) {
        const auto found = broken_laws(what);
        INFO("fault " << static_cast<int>(what) << " is noticed by " << found);
        CHECK(found.find(law) != std::string::npos);
    }
}
