// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/testing/key_provider_laws.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <fstream>
#include <thread>
#include <vector>

#include <sys/wait.h>

using namespace coffer;
using coffer_test::temporary_folder;
using keyring::kek_state;
namespace fs = std::filesystem;

namespace {

auto read(const fs::path& path) -> std::string {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
/// Puts a text in the place of a file, as an editor would: 0600, by rename.
void replace(const fs::path& path, std::string_view text) {
    posix::replace_file(path, as_bytes(text)).value();
}
auto mode_of(const fs::path& path) -> unsigned {
    return static_cast<unsigned>(fs::status(path).permissions() & fs::perms::mask);
}
auto code_of(const result<keyring::file_keyring>& r) -> errc {
    return r ? errc{} : r.error().code;
}

const bytes aad(20, std::byte{3});

/// Runs `work` in a child process; true if it came to its end.
template <class Work>
auto in_child(Work work) -> bool {
    const auto pid = ::fork();
    if (pid == 0) {
        work();
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

TEST_CASE("A keyring that is made is 0600 in a folder that is 0700, with one default KEK") {
    temporary_folder folder;
    const auto path = folder / "a" / "b" / "keyring.json";
    CHECK(code_of(keyring::open(path)) == errc::not_found);
    auto ring = keyring::open_or_create(path).value();
    CHECK(mode_of(path) == 0600);
    CHECK(mode_of(folder / "a") == 0700);
    CHECK(mode_of(folder / "a" / "b") == 0700);
    const auto keks = ring.keks().value();
    REQUIRE(keks.size() == 1);
    CHECK(keks[0].is_default);
    CHECK(keks[0].environments.empty());
    CHECK(keks[0].id.starts_with("kek-20"));
    CHECK(keks[0].id.size() == std::string_view("kek-2026-11-3fa2").size());
    const auto text = read(path);
    CHECK(code_of(keyring::open_or_create(path)) == errc{});
    CHECK(read(path) == text); // never overwritten
}

TEST_CASE("A keyring that others may touch, a link or no file is denied") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    { keyring::open_or_create(path).value(); }
    for (const unsigned mode : {0640U, 0604U, 0610U, 0601U, 0660U, 0777U, 0602U}) {
        fs::permissions(path, static_cast<fs::perms>(mode));
        CHECK(code_of(keyring::open(path)) == errc::denied);
        CHECK(code_of(keyring::open_or_create(path)) == errc::denied);
    }
    fs::permissions(path, fs::perms(0400));
    CHECK(code_of(keyring::open(path)) == errc{});

    fs::create_symlink(path, folder / "link.json");
    CHECK(code_of(keyring::open(folder / "link.json")) == errc::denied);
    fs::create_symlink(folder / "nowhere", folder / "dangling.json");
    CHECK(code_of(keyring::open_or_create(folder / "dangling.json")) == errc::denied);
    CHECK_FALSE(fs::exists(folder / "nowhere"));
    fs::create_directory(folder / "folder.json");
    CHECK(code_of(keyring::open(folder / "folder.json")) == errc::denied);
    REQUIRE(::mkfifo((folder / "pipe.json").c_str(), 0600) == 0);
    CHECK(code_of(keyring::open(folder / "pipe.json")) == errc::denied); // and does not wait
    CHECK(code_of(keyring::open("/dev/null")) == errc::denied);
    if (::geteuid() == 0) {
        REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
        CHECK(code_of(keyring::open(path)) == errc::denied);
    }
}

TEST_CASE("A keyring does not live with the data") {
    temporary_folder folder;
    fs::create_directories(folder / "store" / "deep");
    fs::create_directories(folder / "stores");
    fs::create_directory_symlink(folder / "store", folder / "alias");
    const auto with = [&](const fs::path& store) {
        return keyring::file_options{.store_folder = store};
    };
    for (const auto* inside : {"store/k.json", "store/deep/k.json", "store/new/k.json",
                               "alias/k.json", "stores/../store/k.json"}) {
        CHECK(code_of(keyring::open_or_create(folder / inside, with(folder / "store"))) ==
              errc::denied);
        CHECK(code_of(keyring::open_or_create(folder / inside, with(folder / "store/"))) ==
              errc::denied);
        CHECK(code_of(keyring::open_or_create(folder / inside, with(folder / "alias"))) ==
              errc::denied);
    }
    CHECK_FALSE(fs::exists(folder / "store" / "new"));
    CHECK(code_of(keyring::open_or_create(folder / "stores" / "k.json", with(folder / "store"))) ==
          errc{});

    // Not told where the store is, it still sees one.
    std::ofstream(folder / "store" / "prod.0123456789abcdef.json") << "{\n\"head\":\"AAAA\"\n}\n";
    CHECK(code_of(keyring::open_or_create(folder / "store" / "k.json")) == errc::denied);
    CHECK(code_of(keyring::open_or_create(folder / "stores" / "k.json")) == errc{});
    std::ofstream(folder / "stores" / "other.json") << "{\"headline\":1,\"head\":\"AAAA\"}";
    CHECK(code_of(keyring::open(folder / "stores" / "k.json")) == errc{});
    // An environment may be called as a document's first member is.
    REQUIRE(keyring::open(folder / "stores" / "k.json").value().key_for("head"));
    CHECK(code_of(keyring::open(folder / "stores" / "k.json")) == errc{});
}

TEST_CASE("The dev KEK can't speak for prod, and that is said before any cryptography") {
    temporary_folder folder;
    auto ring = keyring::open_or_create(folder / "keyring.json").value();
    const auto prod = ring.key_for("prod").value();
    const auto dev = ring.add({.id = "kek-dev", .environments = {"dev"}}).value();
    CHECK(ring.key_for("dev").value() == dev);
    const auto dek = testing::key_laws::sample_dek();
    const auto planted = ring.wrap(dev, dek.view(), aad).value();
    CHECK(ring.unwrap(dev, "prod", planted, aad).error() == errc::unknown_key);
    CHECK(ring.unwrap(dev, "prod", bytes(1), aad).error() == errc::unknown_key);
    CHECK(ring.unwrap(dev, "dev", bytes(1), aad).error() == errc::tampered);
    CHECK(ring.unwrap(prod, "dev", planted, aad).error() == errc::unknown_key);
    CHECK(ring.unwrap(dev, "dev", planted, aad).has_value());
}

TEST_CASE("Reading enrols nothing, and key_for only what it is allowed to") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const auto before = read(path);
    CHECK(ring.unwrap(id, "other", bytes(113), aad).error() == errc::unknown_key);
    CHECK(ring.key_for("prod").value() == id);
    auto strict = keyring::open(path, {.enrol = false}).value();
    CHECK(strict.key_for("prod").value() == id);
    CHECK(strict.key_for("other").error() == errc::unknown_key);
    CHECK(read(path) == before);
    CHECK(ring.key_for("other").value() == id);
    CHECK(ring.keks().value()[0].environments == std::vector<std::string>{"prod", "other"});
}

TEST_CASE("No environment's name reaches further than itself") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const auto before = read(path);
    for (const auto& name : {std::string("*"), std::string(), std::string(256, 'e'),
                             std::string("\xFF"), std::string("\xED\xA0\x80")}) {
        CHECK(ring.key_for(name).error() == errc::invalid_argument);
        CHECK(ring.unwrap(id, name, bytes(113), aad).error() == errc::unknown_key);
    }
    CHECK(read(path) == before);
    const std::string odd("\"\\\n\0 ]}", 7);
    CHECK(ring.key_for(odd).value() == id);
    CHECK(keyring::open(path).value().keks().value()[0].environments.back() == odd);
}

TEST_CASE("An asterisk stands for the environments that no other KEK names") {
    keyring::kek_set set;
    set.add({.id = "all", .environments = {"*"}}).value();
    set.add({.id = "own", .environments = {"prod"}}).value();
    CHECK(set.key_for("dev").value() == "all");
    CHECK(set.key_for("prod").value() == "own");
    const auto dek = testing::key_laws::sample_dek();
    const auto wrapped = set.wrap("all", dek.view(), aad).value();
    CHECK(set.unwrap("all", "dev", wrapped, aad).has_value());
    CHECK(set.unwrap("all", "prod", wrapped, aad).error() == errc::unknown_key);
    set.set_state("own", kek_state::disabled).value();
    CHECK(set.key_for("prod").error() == errc::key_disabled); // not: back to "all"
    CHECK(set.unwrap("all", "prod", wrapped, aad).error() == errc::unknown_key);
}

TEST_CASE("What another process does to a keyring counts at once") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const auto dek = testing::key_laws::sample_dek();
    const auto wrapped = ring.wrap(id, dek.view(), aad).value();
    for (int round = 0; round < 30; ++round) { // as fast as file times may repeat
        CHECK(in_child(
            [&] { keyring::open(path).value().set_state(id, kek_state::disabled).value(); }));
        CHECK(ring.unwrap(id, "prod", wrapped, aad).error() == errc::key_disabled);
        CHECK(in_child(
            [&] { keyring::open(path).value().set_state(id, kek_state::active).value(); }));
        CHECK(ring.unwrap(id, "prod", wrapped, aad).has_value());
    }
    CHECK(in_child([&] { keyring::open(path).value().key_for("new").value(); }));
    CHECK(ring.unwrap(id, "new", wrapped, aad).has_value());
}

TEST_CASE("A keyring changed twice within one tick of the file's clock is seen as it is") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path, {.enrol = false}).value();
    auto text = read(path);
    text.insert(text.find("[]") + 1, "\"env-100\"");
    for (int i = 100; i < 300; ++i) {
        const auto name = "env-" + std::to_string(i);
        text.replace(text.find("env-"), name.size(), name);
        std::ofstream(path, std::ios::binary) << text; // in place: same inode, same size
        CHECK(ring.key_for(name).has_value());
    }
}

TEST_CASE("A keyring that can't be read any more does not serve on") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const auto dek = testing::key_laws::sample_dek();
    const auto wrapped = ring.wrap(id, dek.view(), aad).value();
    const auto answer = [&] {
        const auto got = ring.unwrap(id, "prod", wrapped, aad);
        return got ? errc{} : got.error().code;
    };
    const auto good = read(path);
    replace(path, "{}");
    CHECK(answer() == errc::tampered);
    CHECK(answer() == errc::tampered);
    CHECK(ring.key_for("prod").error() == errc::tampered);
    CHECK(ring.keks().error() == errc::tampered);
    fs::remove(path);
    CHECK(answer() == errc::unavailable);
    CHECK(ring.key_for("other").error() == errc::unavailable);
    CHECK_FALSE(fs::exists(path)); // it is not made again
    replace(path, good);
    CHECK(answer() == errc{});
    fs::permissions(path, fs::perms(0644));
    CHECK(answer() == errc::denied);
    fs::permissions(path, fs::perms(0600));
    CHECK(answer() == errc{});
}

TEST_CASE("A keyring damaged at any byte fails by name or still has the right keys") {
    keyring::kek_set set;
    key_bytes kek = testing::key_laws::sample_dek(99);
    const auto raw = std::string(as_text(kek.view()));
    set.add({.id = "kek-a", .environments = {"prod"}, .is_default = true, .key = std::move(kek)})
        .value();
    set.add({.id = "kek-b", .environments = {"dev"}}).value();
    set.set_state("kek-b", kek_state::destroyed).value();
    const auto good = keyring::serialize_keks(set);
    const auto dek = testing::key_laws::sample_dek();
    const auto wrapped = set.wrap("kek-a", dek.view(), aad).value();
    std::string encoded(keyring::base64_size(32), ' ');
    keyring::base64_encode(as_bytes(raw), encoded);
    REQUIRE(as_text(good).find(encoded) != std::string_view::npos);

    std::size_t wrong = 0, refused = 0;
    const auto look = [&](byte_view text) {
        const auto read = keyring::parse_keks(text);
        if (!read) {
            ++refused;
            const std::string said = exception(read.error()).what();
            wrong += read.error() != errc::tampered && read.error() != errc::unsupported;
            wrong += said.find(raw.substr(0, 6)) != said.npos ||
                     said.find(encoded.substr(0, 8)) != said.npos;
            return;
        }
        const auto got = read->unwrap("kek-a", "prod", wrapped, aad);
        if (got)
            wrong += !std::ranges::equal(got->view(), dek.view());
        else
            wrong += got.error() != errc::unknown_key && got.error() != errc::key_disabled;
    };
    for (std::size_t at = 0; at < good.size(); ++at)
        for (const unsigned flip : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 255U}) {
            auto bad = good;
            bad[at] ^= static_cast<std::byte>(flip);
            look(bad);
        }
    for (std::size_t size = 0; size < good.size() - 1; ++size) { // the last byte is a newline
        CHECK_FALSE(keyring::parse_keks(byte_view(good).first(size)));
        auto gone = good;
        gone.erase(gone.begin() + static_cast<std::ptrdiff_t>(size));
        look(gone);
    }
    CHECK(wrong == 0);
    CHECK(refused > good.size() * 6);
    // Every bit of the key itself is covered by its check.
    const auto key_at = as_text(good).find(encoded);
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        auto bad = good;
        bad[key_at + i] = static_cast<std::byte>(encoded[i] == 'A' ? 'B' : 'A');
        CHECK_FALSE(keyring::parse_keks(bad));
    }
}

TEST_CASE("A keyring says which format it is of and is refused beyond the limits") {
    const auto code = [](std::string_view text) {
        const auto got = keyring::parse_keks(as_bytes(text));
        return got ? errc{} : got.error().code;
    };
    CHECK(code(R"({"coffer_keyring":1,"keks":[]})") == errc{});
    CHECK(code(R"({"coffer_keyring":2,"keks":[],"more":0})") == errc::unsupported);
    CHECK(code(R"({"coffer_keyring":1,"keks":[],"more":0})") == errc::tampered);
    CHECK(code(R"({"coffer_keyring":"1","keks":[]})") == errc::tampered);
    CHECK(code(R"({"coffer_keyring":1,"keks":[null]})") == errc::tampered);
    CHECK(code(R"([])") == errc::tampered);
    CHECK(code("") == errc::tampered);
    CHECK(code(std::string(100000, '[')) == errc::tampered);
    CHECK(code(std::string(keyring::kek_file_limit + 1, ' ')) == errc::too_large);
    const std::string destroyed =
        R"({"id":"a","state":"destroyed","default":true,"created":0,"environments":[]})";
    CHECK(code(R"({"coffer_keyring":1,"keks":[)" + destroyed + "]}") == errc{});
    CHECK(code(R"({"coffer_keyring":1,"keks":[)" + destroyed + "," + destroyed + "]}") ==
          errc::tampered);
    std::string many = R"({"coffer_keyring":1,"keks":[)";
    for (std::size_t i = 0; i <= keyring::kek_set::most_keks; ++i)
        many += std::string(i == 0 ? "" : ",") + R"({"id":"k)" + std::to_string(i) +
                R"(","state":"destroyed","default":false,"created":0,"environments":[]})";
    CHECK(code(many + "]}") == errc::too_large);
}

TEST_CASE("A KEK that is destroyed is gone from the file and stays destroyed") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const auto wrapped = ring.wrap(id, testing::key_laws::sample_dek().view(), aad).value();
    const auto text = read(path);
    const auto key = text.substr(text.find("\"key\":\"") + 7, 44);
    ring.set_state(id, kek_state::destroyed).value();
    CHECK(read(path).find(key) == std::string::npos);
    CHECK(ring.unwrap(id, "prod", wrapped, aad).error() == errc::key_disabled);
    CHECK(ring.wrap(id, testing::key_laws::sample_dek().view(), aad).error() == errc::key_disabled);
    CHECK(ring.key_for("prod").error() == errc::key_disabled);
    CHECK(ring.key_for("new").error() == errc::key_disabled); // its default can't wrap
    CHECK(ring.set_state(id, kek_state::active).error() == errc::key_disabled);
    CHECK(ring.set_state("nobody's", kek_state::active).error() == errc::unknown_key);
    const auto next = ring.add({.environments = {"prod"}, .is_default = true}).value();
    CHECK(ring.key_for("prod").value() == next);
    CHECK(ring.key_for("new").value() == next);
    CHECK(ring.add({.id = next}).error() == errc::conflict);
    CHECK(ring.add({.id = "../x"}).error() == errc::invalid_argument);
}

TEST_CASE("Processes and threads that enrol at once lose nothing") {
    const auto folder = temporary_folder::in_memory(); // each waits for the lock of the others
    const auto path = folder / "keyring.json";
    std::vector<pid_t> children;
    for (int child = 0; child < 3; ++child) {
        const auto pid = ::fork();
        if (pid == 0) {
            auto ring = keyring::open_or_create(path);
            bool fine = ring.has_value();
            for (int i = 0; fine && i < 10; ++i)
                fine = ring->key_for("p" + std::to_string(child) + "-" + std::to_string(i))
                           .has_value();
            ::_exit(fine ? 0 : 1);
        }
        children.push_back(pid);
    }
    auto ring = keyring::open_or_create(path).value();
    std::vector<std::thread> threads;
    std::atomic<int> failed{0};
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 10; ++i)
                failed += !ring.key_for("t" + std::to_string(t) + "-" + std::to_string(i));
        });
    for (auto& t : threads)
        t.join();
    for (const auto pid : children) {
        int status = -1;
        ::waitpid(pid, &status, 0);
        CHECK(status == 0);
    }
    CHECK(failed == 0);
    const auto keks = ring.keks().value();
    REQUIRE(keks.size() == 1); // one was made, by whoever came first
    CHECK(keks[0].environments.size() == 60);
}

TEST_CASE("A rotated KEK has a successor for what it spoke for, and only unwraps") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto first = ring.key_for("prod").value();
    CHECK(ring.key_for("dev").value() == first);
    const key_bytes dek;
    const auto wrapped = ring.wrap(first, dek.view(), aad).value();

    // prod gets a KEK of its own; the shared one still opens what is under it, and dev stays there.
    const auto own = ring.rotate("prod").value();
    CHECK(own.from == first);
    CHECK(ring.key_for("prod").value() == own.to);
    CHECK(ring.key_for("dev").value() == first);
    CHECK(ring.unwrap(first, "prod", wrapped, aad));
    CHECK(ring.unwrap(own.to, "dev", wrapped, aad).error() == errc::unknown_key);
    CHECK(ring.keks().value().front().state == kek_state::active); // dev needs it

    // Each active one has a successor; none of them speaks for another's environments.
    const auto all = ring.rotate().value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].from == first);
    CHECK(all[1].from == own.to);
    CHECK(ring.key_for("dev").value() == all[0].to);
    CHECK(ring.key_for("prod").value() == all[1].to);
    CHECK(ring.key_for("new").value() == all[0].to); // the default was passed on
    CHECK(ring.unwrap(all[0].to, "prod", wrapped, aad).error() == errc::unknown_key);
    CHECK(ring.unwrap(first, "prod", wrapped, aad));
    CHECK(ring.wrap(first, dek.view(), aad).error() == errc::key_disabled);

    // Another process sees the same, and so does one that opens the file anew.
    const auto again = keyring::open(path).value().keks().value();
    REQUIRE(again.size() == 4);
    CHECK(again[0].state == kek_state::decrypt_only);
    CHECK(again[1].state == kek_state::decrypt_only);
    CHECK_FALSE(again[0].is_default);
    CHECK(again[2].is_default);
    CHECK(ring.rotate("nobody's").error() == errc::unknown_key);
    for (const auto& k : again)
        ring.set_state(k.id, kek_state::disabled).value();
    CHECK(ring.rotate().error() == errc::key_disabled);
    CHECK(ring.keks().value().size() == 4);
}

TEST_CASE("An environment's own KEK only unwraps once it has another of its own") {
    keyring::memory_keyring ring;
    CHECK(ring.key_for("prod"));
    const key_bytes dek;
    const auto first = ring.rotate("prod").value().to;
    const auto wrapped = ring.wrap(first, dek.view(), aad).value();
    const auto next = ring.rotate("prod").value();
    CHECK(next.from == first);
    const auto keks = ring.keks();
    REQUIRE(keks.size() == 3);
    CHECK(keks[0].state == kek_state::active); // the default
    CHECK(keks[1].state == kek_state::decrypt_only);
    CHECK(keks[2].state == kek_state::active);
    CHECK(ring.unwrap(first, "prod", wrapped, aad));
    CHECK(ring.wrap(first, dek.view(), aad).error() == errc::key_disabled);
    CHECK(ring.key_for("prod").value() == next.to);
    // One that is disabled stays so.
    ring.set_state(first, kek_state::disabled).value();
    ring.rotate("prod").value();
    CHECK(ring.keks()[1].state == kek_state::disabled);
    CHECK(ring.keks()[2].state == kek_state::decrypt_only);
}

TEST_CASE("A KEK for every environment stands for one that moved to its own, too") {
    keyring::memory_keyring ring;
    const auto shared = ring.add({.environments = {"*"}}).value();
    const key_bytes dek;
    const auto wrapped = ring.wrap(shared, dek.view(), aad).value();
    const auto own = ring.rotate("prod").value();
    CHECK(ring.key_for("prod").value() == own.to);
    CHECK(ring.unwrap(shared, "prod", wrapped, aad));
    CHECK(ring.key_for("dev").value() == shared);
    const auto all = ring.rotate().value();
    REQUIRE(all.size() == 2);
    CHECK(ring.key_for("dev").value() == all[0].to);
    CHECK(ring.key_for("prod").value() == all[1].to);
    CHECK(ring.unwrap(shared, "dev", wrapped, aad));
}

TEST_CASE("All KEKs that may have wrapped an environment's DEKs open them when it gets its own") {
    keyring::memory_keyring ring;
    const auto first = ring.add({.environments = {"*"}}).value();
    const key_bytes dek;
    const auto wrapped = ring.wrap(first, dek.view(), aad).value();
    const auto second = ring.rotate().value().front().to;
    const auto newer = ring.wrap(second, dek.view(), aad).value();
    const auto own = ring.rotate("prod").value();
    CHECK(own.from == second);
    CHECK(ring.unwrap(first, "prod", wrapped, aad)); // not rewrapped yet
    CHECK(ring.unwrap(second, "prod", newer, aad));
    CHECK(ring.unwrap(first, "dev", wrapped, aad));
}

TEST_CASE("A keyring stays where it was opened, wherever the process goes") {
    temporary_folder folder;
    temporary_folder other;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    auto ring = keyring::open_or_create("keyring.json").value();
    lineage seen;
    seen.newest.generation = 1;
    seen.newest.dek = 1;
    CHECK(ring.remember("", "prod", seen));
    std::filesystem::current_path(other.path());
    const auto id = ring.key_for("prod");
    const auto mark = ring.recall("", "prod");
    std::filesystem::current_path(before);
    CHECK(id);
    REQUIRE(mark);
    CHECK(mark->has_value());
    CHECK(std::filesystem::exists(folder / "keyring.json.anchor"));
}

TEST_CASE("Two processes that rotate at once lose no KEK") {
    const auto folder = temporary_folder::in_memory(); // each waits for the lock of the others
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto first = ring.key_for("prod").value();
    const key_bytes dek;
    const auto wrapped = ring.wrap(first, dek.view(), aad).value();
    std::vector<std::thread> rotating;
    for (int i = 0; i < 4; ++i)
        rotating.emplace_back([&] {
            auto mine = keyring::open(path).value();
            for (int n = 0; n < 5; ++n)
                mine.rotate().value();
        });
    for (auto& t : rotating)
        t.join();
    const auto keks = ring.keks().value();
    CHECK(keks.size() == 21);
    std::size_t active = 0;
    for (const auto& k : keks)
        active += k.state == kek_state::active ? 1U : 0U;
    CHECK(active == 1);
    CHECK(ring.key_for("prod").value() == keks.back().id);
    CHECK(ring.unwrap(first, "prod", wrapped, aad));
}
