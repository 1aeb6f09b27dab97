// SPDX-License-Identifier: BSL-1.0
#include "kms_keys.hpp"

#include "support/catch.hpp" // Catch2, 3 or 2.13: your tests include the one that you have

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/catch2.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

namespace {

/// Stands for the service: a key of its own for each name, made when it is first asked for, and
/// AES-256-GCM. What it seals begins with the nonce and ends with the tag, under the key's name.
class stand_in final : public key_service {
public:
    auto encrypt(std::string_view key, std::span<const std::byte, 32> dek, coffer::byte_view aad)
        -> coffer::result<coffer::bytes> override {
        if (is_disabled(key)) return coffer::errc::key_disabled;
        coffer::bytes out(nonce_size + 32 + tag_size);
        const std::span all(out);
        const auto nonce = all.first<nonce_size>();
        if (auto made = cipher_.random(nonce); !made) return made.error();
        auto sealed = keyed(key).seal(nonce, bound(key, aad), dek, all.subspan(nonce_size, 32),
                                      all.last<tag_size>());
        if (!sealed) return sealed.error();
        return out;
    }
    auto decrypt(std::string_view key, coffer::byte_view wrapped, coffer::byte_view aad)
        -> coffer::result<coffer::key_bytes> override {
        if (is_disabled(key)) return coffer::errc::key_disabled;
        if (wrapped.size() != nonce_size + 32 + tag_size) return coffer::errc::tampered;
        coffer::key_bytes dek;
        if (!keyed(key).open(wrapped.first<nonce_size>(), bound(key, aad),
                             wrapped.subspan(nonce_size, 32), wrapped.last<tag_size>(), dek.span()))
            return coffer::errc::tampered;
        return dek;
    }
    void disable(std::string_view key) {
        const std::lock_guard lock(mutex_);
        disabled_.emplace(key);
    }

private:
    static constexpr std::size_t nonce_size = 12;
    static constexpr std::size_t tag_size = 16;

    auto keyed(std::string_view key) -> coffer::cryptopp::aes_256_gcm::keyed {
        const std::lock_guard lock(mutex_);
        const auto [at, is_new] = keks_.try_emplace(std::string(key));
        if (is_new) cipher_.random(at->second.span()).value();
        return cipher_.key(at->second.view()).value();
    }
    static auto bound(std::string_view key, coffer::byte_view aad) -> coffer::bytes {
        const auto name = coffer::as_bytes(key);
        coffer::bytes out(name.begin(), name.end());
        out.push_back(std::byte{0});
        out.insert(out.end(), aad.begin(), aad.end());
        return out;
    }
    auto is_disabled(std::string_view key) -> bool {
        const std::lock_guard lock(mutex_);
        return disabled_.contains(std::string(key));
    }

    coffer::cryptopp::aes_256_gcm cipher_{};
    std::mutex mutex_{};
    std::map<std::string, coffer::key_bytes, std::less<>> keks_{};
    std::set<std::string> disabled_{};
};

using grants = std::vector<kms_keys::grant>;
using key_state = kms_keys::key_state;

/// How the laws make such keys, give them another, and change the state of one.
struct make_keys {
    std::shared_ptr<stand_in> service = std::make_shared<stand_in>();
    grants now{};

    auto operator()() -> kms_keys {
        now = {{.key = "alias/one", .environments = {"laws-a", "laws-b"}}};
        return {service, now};
    }
    auto reopen(const kms_keys& /*keys*/) -> kms_keys { return {service, now}; }
    auto add(kms_keys& keys, const std::string& environment) -> std::string {
        now.push_back(
            {.key = "alias/" + std::to_string(now.size() + 1), .environments = {environment}});
        keys = {service, now};
        return now.back().key;
    }
    void decrypt_only(kms_keys& keys, std::string_view kek_id) {
        set(keys, kek_id, key_state::decrypt_only);
    }
    void disable(kms_keys& keys, std::string_view kek_id) {
        set(keys, kek_id, key_state::disabled);
    }

private:
    void set(kms_keys& keys, std::string_view kek_id, key_state to) {
        std::ranges::find(now, kek_id, &kms_keys::grant::key)->state = to;
        keys = {service, now};
    }
};

const coffer::context acme{.environment = "prod", .space = "acme"};

auto token_of(coffer::result<coffer::secret> got) -> std::string {
    REQUIRE(got);
    return std::string(got->expose_secret());
}

} // namespace

//[laws
TEST_CASE("kms_keys keeps the laws of key providers") {
    coffer::testing::run_key_provider_laws(make_keys{});
}
//]

TEST_CASE("a vault works under keys that a service keeps, and moves on to the next of them") {
    const auto service = std::make_shared<stand_in>();
    const coffer::memory::store store;
    const auto vault = [&](grants with) {
        return coffer::vault{store, coffer::cryptopp::aes_256_gcm{},
                             kms_keys{service, std::move(with)}};
    };
    const auto one = [](key_state state) {
        return kms_keys::grant{
            "alias/one", {std::string(coffer::system_environment), "prod"}, state};
    };
    const kms_keys::grant two{"alias/two", one(key_state::active).environments};
    {
        auto before = vault({one(key_state::active)});
        before.ensure_space({.environment = "prod", .space = "acme"}).value();
        before.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-everyone").value();
    }
    auto both = vault({two, one(key_state::decrypt_only)});
    CHECK(token_of(both.resolver().get(acme, "SLACK_TOKEN")) == "xoxb-everyone");
    for (const auto& environment : two.environments)
        both.rewrap(environment).value();
    CHECK(token_of(vault({two}).resolver().get(acme, "SLACK_TOKEN")) == "xoxb-everyone");
    CHECK(vault({one(key_state::active)}).resolver().get(acme, "SLACK_TOKEN").error() ==
          coffer::errc::unknown_key);
    service->disable("alias/two");
    CHECK(vault({two}).resolver().get(acme, "SLACK_TOKEN").error() == coffer::errc::key_disabled);
}
