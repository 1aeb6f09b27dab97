// SPDX-License-Identifier: BSL-1.0
// What is left behind: in memory, in core dumps, in files.
#include "support/catch.hpp"
#include "support/history.hpp"
#include "support/memory_scan.hpp"
#include "support/sanitized.hpp"
#include "support/temporary_folder.hpp"

#include <coffer/detail/base64.hpp>
#include <coffer/file/store.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <sys/wait.h>

using namespace coffer;
using namespace coffer_test;

namespace {

constexpr context env{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

/// Uses a vault in every way that a plaintext goes through, on a thread of its own, so that what
/// threads keep goes with it.
void use_a_vault(any_store store, keyring::memory_keyring keys, const canary& value) {
    std::thread([&] {
        test_vault vault(std::move(store), {}, keys);
        vault.ensure_space(acme).value();
        const auto text = value.plain();
        vault.put(env, "TOKEN", byte_view(text)).value();
        vault.put(env, "TOKEN", byte_view(text)).value(); // compared with what is there
        vault.put(acme, "TOKEN", "another").value();
        vault.put(acme, "TOKEN", byte_view(text)).value();
        vault.put(acme, "TOKEN", "a third").value();
        vault.rollback(acme, "TOKEN", 2).value();
        vault.hide(env, "TOKEN").value();
        vault.show(env, "TOKEN").value();
        vault.erase(acme, "TOKEN").value();
        vault.undelete(acme, "TOKEN").value();
        std::vector<named_value> many;
        many.push_back({"COPY", text});
        vault.put_many(env, std::move(many)).value();
        CHECK(vault.get_version(acme, "TOKEN", 2).value().size() == text.size());
        CHECK(vault.verify("prod").value().damaged.empty());
        auto seen = vault.resolver().at(acme).value();
        auto got = seen.get("TOKEN").value();
        CHECK(got == secret(byte_view(text)));
        auto moved = std::move(got);
        CHECK(moved.clone().size() == text.size());
        CHECK(seen.all().value().size() == 2);
        CHECK_FALSE(vault.put({.environment = "typo"}, "TOKEN", byte_view(text)).has_value());
    }).join();
}

} // namespace

TEST_CASE("no copy of a value is left in memory when vault and secrets are gone") {
    if (is_sanitized) {
        WARN("skipped: the sanitizers keep freed memory");
        return;
    }
    const canary value(48);
    SECTION("the scan finds what is there, and what was only freed") {
        CHECK(copies_in_memory(value) == 0);
        {
            const secret held(byte_view(value.plain()));
            CHECK(copies_in_memory(value) == 4);
        }
        CHECK(copies_in_memory(value) == 0);
        const auto careless = [&] {
            const auto plain = value.plain();
            const std::string text(as_text(plain));
            return text.size() > 1 ? text[1] : 'x';
        };
        CHECK(careless() != 0);
        CHECK(copies_in_memory(value) != 0);
    }
    SECTION("with the memory store") {
        use_a_vault(memory::store{}, {}, value);
        CHECK(copies_in_memory(value) == 0);
    }
    SECTION("with the file store") {
        const temporary_folder folder;
        use_a_vault(file::open(folder.path()).value(), {}, value);
        CHECK(copies_in_memory(value) == 0);
    }
}

TEST_CASE("while a vault is open, a value is in memory only as long as its secret lives") {
    if (is_sanitized) {
        WARN("skipped: the sanitizers keep freed memory");
        return;
    }
    const canary value(48);
    test_vault vault(memory::store{}, {}, keyring::memory_keyring{});
    vault.ensure_environment("prod").value();
    vault.put(env, "TOKEN", byte_view(value.plain())).value();
    const auto seen = vault.resolver().at(env).value();
    CHECK(copies_in_memory(value) == 0); // decrypted on demand
    {
        const auto got = seen.get("TOKEN").value();
        CHECK(copies_in_memory(value) == 4);
    }
    CHECK(copies_in_memory(value) == 0);
}

TEST_CASE("the Base64 of a value is not left on the stack, however short it is") {
    if (is_sanitized) {
        WARN("skipped: the sanitizers keep freed memory");
        return;
    }
    const canary text(12); // letters, so that it is the Base64 of some 9 bytes
    {
        const auto plain = text.plain();
        const auto bytes = coffer::detail::base64_value(as_text(plain));
        CHECK(std::string_view(coffer::detail::base64_text(bytes.value())) == as_text(plain));
    }
    CHECK(copies_in_memory(text) == 0);
}

TEST_CASE("no copy of a KEK, a DEK or a subkey is left in memory when vault and keys are gone") {
    if (is_sanitized) {
        WARN("skipped: the sanitizers keep freed memory");
        return;
    }
    std::vector<canary> looked_for;
    const auto note = [&](byte_view key) { looked_for.emplace_back(key); };
    std::thread([&] {
        keyring::memory_keyring keys;
        key_bytes kek;
        cryptopp::aes_256_gcm{}.random(kek.span()).value();
        note(kek.view());
        keys.add({.id = "kek", .environments = {}, .is_default = true, .key = std::move(kek)})
            .value();
        memory::store store;
        use_a_vault(store, keys, canary(48));
        const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
        const std::vector<std::string> head_key{"head"};
        const auto head =
            format::decode_head(*store.load(partition, head_key).value().objects[0]).value();
        const format::dek_binding binding{"", "prod", 1, 1};
        const auto dek =
            keys.unwrap("kek", "prod", head.active().wrapped, format::wrap_aad(binding, "kek"))
                .value();
        note(dek.view());
        for (const auto* label : {"head", "root", "page", "record", "nonce"})
            note(format::derive_subkey(cryptopp::aes_256_gcm{}, dek.view(), label, binding).view());
        CHECK(copies_in_memory(looked_for[0]) != 0); // the keyring holds it
    }).join();
    REQUIRE(looked_for.size() == 7);
    for (const auto& key : looked_for)
        CHECK(copies_in_memory(key) == 0);
}

TEST_CASE("secrets lie in memory that is locked and left out of core dumps") {
    for (const std::size_t size : {1U, 60U, 4'000U, 60'000U, 500'000U}) {
        const secret held(std::string_view(std::string(size, 's')));
        const auto flags = mapping_flags(held.expose_secret().data());
        CAPTURE(size, flags);
        CHECK(flags.find(" dd ") != flags.npos);
        if (!is_sanitized && secure_memory().unlocked_bytes == 0) // their mlock() does nothing
            CHECK(flags.find(" lo ") != flags.npos);
        CHECK(secure_memory().reserved_bytes >= size);
    }
    if (secure_memory().unlocked_bytes != 0)
        WARN("not all could be locked: the limit of locked memory is too low here");
    int on_the_stack = 0;
    CHECK(mapping_flags(&on_the_stack).find(" dd ") == std::string::npos); // the flags tell apart
}

TEST_CASE("a child that was forked with an open vault and its parent lose no write of each other") {
    const auto folder = temporary_folder::in_memory();
    keyring::memory_keyring keys;
    test_vault vault(file::open(folder.path()).value(), {}, forgetful_keys(keys));
    vault.ensure_environment("prod").value();
    vault.put(env, "SHARED", "before").value();
    constexpr int writes = 40;
    const auto write_all = [&](const std::string& who) {
        for (int i = 0; i < writes; ++i) {
            const auto text = who + std::to_string(i);
            if (!vault.put(env, who + std::to_string(i), text)) return false;
            if (!vault.put(env, "SHARED", text)) return false;
        }
        return true;
    };
    const auto child = ::fork();
    if (child == 0) ::_exit(write_all("child") ? 0 : 1);
    CHECK(write_all("parent"));
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    const auto seen = vault.resolver().at(env).value();
    for (const std::string who : {"child", "parent"})
        for (int i = 0; i < writes; ++i) {
            const auto name = who + std::to_string(i);
            CHECK(plain(seen.get(name)) == name);
        }
    CHECK(seen.get("SHARED").value().version() == 1 + 2 * writes);
    CHECK(vault.verify("prod").value().damaged.empty());
}

namespace {

auto hex_of(std::string_view text) -> std::string {
    return format::to_hex(as_bytes(text));
}
auto upper(std::string text) -> std::string {
    for (auto& c : text)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}
auto utf16(std::string_view text) -> std::string {
    std::string out;
    for (const char c : text)
        out.append({c, '\0'});
    return out;
}
/// What a text looks like within base64, wherever it begins.
auto base64_forms(std::string_view text) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (std::size_t shift = 0; shift < 3; ++shift) {
        std::string encoded;
        file::append_base64(encoded, as_bytes(std::string(shift, 'x').append(text)));
        out.push_back(encoded.substr(4, encoded.size() - 8)); // but for what its neighbours change
    }
    return out;
}
auto forms_of(const std::string& text) -> std::vector<std::string> {
    auto out = base64_forms(text);
    for (auto& more : base64_forms(hex_of(text)))
        out.push_back(std::move(more));
    out.insert(out.end(), {text, hex_of(text), upper(hex_of(text)), utf16(text),
                           std::string(text.rbegin(), text.rend()), text.substr(0, 12)});
    return out;
}

/// All that lies in a folder, and, of documents, what is within their base64.
auto bytes_of_folder(const std::filesystem::path& folder) -> std::string {
    std::string all;
    auto store = file::open(folder).value();
    for (const auto& partition : store.partitions().value())
        for (const auto& [key, object] : store.list(partition).value().entries)
            all.append(key).append(1, '\0').append(as_text(object)).append(1, '\0');
    for (const auto& f : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(f.path(), std::ios::binary);
        all.append(f.path().string());
        all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
}

} // namespace

TEST_CASE("no name, space, actor, author, note or value is in the store's files in any form") {
    const temporary_folder folder;
    std::vector<std::string> canaries;
    const auto fresh = [&](std::size_t size) -> const std::string& {
        return canaries.emplace_back(as_text(canary(size).plain()));
    };
    {
        test_vault vault(file::open(folder.path()).value(), {}, keyring::memory_keyring{});
        canaries.reserve(1'000);
        const auto& space = fresh(20);
        const auto& actor = fresh(20);
        vault.ensure_space({.environment = "prod-visible", .space = space}, fresh(30)).value();
        const context scopes[] = {{.environment = "prod-visible"},
                                  {.environment = "prod-visible", .space = space},
                                  {"prod-visible", space, actor}};
        for (std::size_t i = 0; i < 60; ++i) {
            write_options with;
            with.author = fresh(16);
            with.note = fresh(24);
            const auto& name = fresh(16 + i);
            const auto& where = scopes[i % 3];
            const auto& value = fresh(16 + i * 10);
            vault.put(where, name, value, with).value();
            if (i % 5 == 0) vault.put(where, name, fresh(40), with).value();
            if (i % 7 == 0) vault.erase(where, name, with).value();
            if (i % 11 == 0) vault.put(where, fresh(16), value, with).value(); // equal values
        }
    }
    const auto all = bytes_of_folder(folder.path());
    REQUIRE(canaries.size() > 200);
    for (const auto& text : canaries)
        for (const auto& form : forms_of(text)) {
            const bool found = all.find(form) != all.npos;
            REQUIRE_FALSE(found);
        }
    // The environment's id is there, as docs/format.md says, in the head: the scan finds it.
    bool in_base64 = false;
    for (const auto& form : base64_forms("prod-visible"))
        in_base64 |= all.find(form) != all.npos;
    CHECK(in_base64);
}

TEST_CASE("equal values leave no twelve equal bytes in what is stored") {
    history h;
    h.make();
    h.make_space("acme");
    const std::string value(1'000, 'v');
    for (int i = 0; i < 10; ++i) {
        h.put("", "N" + std::to_string(i), value);
        h.put("acme", "N" + std::to_string(i), value);
    }
    std::set<coffer::bytes> objects;
    for (const auto& m : h.moments)
        for (const auto& [key, object] : m.stored.objects)
            if (key != "head") objects.insert(object);
    REQUIRE(objects.size() > 60);
    std::vector<std::string_view> windows;
    for (const auto& object : objects)
        for (std::size_t at = 0; at + 12 <= object.size(); ++at)
            windows.push_back(as_text(byte_view(object).subspan(at, 12)));
    std::ranges::sort(windows);
    CHECK(std::ranges::adjacent_find(windows) == windows.end());
}

TEST_CASE("the size of what is stored tells a size class and no length") {
    const auto sizes_with = [](std::size_t name, std::size_t value) {
        history h;
        h.make();
        h.put("", std::string(name, 'n'), std::string(value, 'v'));
        std::multiset<std::size_t> sizes;
        for (const auto& [key, object] : h.moments.back().stored.objects)
            if (key != "head") sizes.insert(object.size());
        return sizes;
    };
    const auto one = sizes_with(1, 10);
    for (std::size_t n = 1; n <= 200; n += 3)
        CHECK(sizes_with(n, 10) == one);
    for (std::size_t n = 1; n <= 28; ++n)
        CHECK(sizes_with(10, n) == one);
    CHECK(sizes_with(10, 29) != one);
    CHECK(sizes_with(1'000, 10) != one);
    std::set<std::multiset<std::size_t>> classes;
    for (std::size_t n = 1; n <= 1'000; ++n)
        classes.insert(sizes_with(10, n));
    CHECK(classes.size() <= 24);
}
