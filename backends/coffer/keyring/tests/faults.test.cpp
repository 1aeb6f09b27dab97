// SPDX-License-Identifier: BSL-1.0
// Every disk call of a change fails in turn: no key is lost, and the answer says what is sure.
#include <coffer/keyring/file_keyring.hpp>

#include <support/catch.hpp>
#include <support/failing_syscalls.hpp>
#include <support/temporary_folder.hpp>

using namespace coffer;
using coffer_test::failing_syscall;
using coffer_test::temporary_folder;
using keyring::kek_state;

namespace {

/// Makes each disk call that `change` makes fail once and looks with `check(answer)` each time.
template <class Change, class Check>
auto each_failure(Change change, Check check) -> int {
    int failures = 0;
    for (const auto* call : {"write", "fsync", "renameat"})
        for (const int error : {ENOSPC, EIO})
            for (int n = 1;; ++n) {
                failing_syscall::set(call, n, error);
                const auto answer = change();
                if (!failing_syscall::struck()) break;
                ++failures;
                CHECK_FALSE(answer.has_value());
                if (!answer) check(answer.error().code);
            }
    return failures;
}

} // namespace

TEST_CASE("A keyring that can't be written keeps what it had or says that it is not sure") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const key_bytes dek;
    const auto wrapped = ring.wrap(id, dek.view(), {}).value();
    int round = 0;
    const auto failures = each_failure(
        [&] {
            return ring.set_state(id,
                                  ++round % 2 == 0 ? kek_state::active : kek_state::decrypt_only);
        },
        [&](errc code) {
            CHECK((code == errc::unavailable || code == errc::outcome_unknown));
            CHECK(keyring::open(path).has_value());
            CHECK(ring.unwrap(id, "prod", wrapped, {}).has_value());
        });
    CHECK(failures >= 8);
}

TEST_CASE("An environment whose enrolment failed can be enrolled again") {
    temporary_folder folder;
    auto ring = keyring::open_or_create(folder / "keyring.json").value();
    int round = 0;
    std::string name;
    const auto failures =
        each_failure([&] { return ring.key_for(name = "env-" + std::to_string(++round)); },
                     [&](errc code) {
                         CHECK(code == errc::unavailable);
                         CHECK(ring.key_for(name).has_value());
                     });
    CHECK(failures >= 8);
    const auto environments = ring.keks().value()[0].environments;
    CHECK(environments.size() == static_cast<std::size_t>(round)); // each once
}

TEST_CASE("What an anchor acknowledged is on disk, and it acknowledges nothing else") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    keyring::anchor_file anchor(path);
    std::uint64_t generation = 0, acknowledged = 0;
    const auto failures = each_failure(
        [&] {
            auto done = anchor.remember("r", "e", lineage{{++generation, {}, 1}, {}});
            if (done) acknowledged = generation;
            return done;
        },
        [&](errc code) {
            CHECK(code == errc::unavailable);
            const auto held = keyring::anchor_file(path).recall("r", "e").value();
            CHECK((held ? held->generation : 0) >= acknowledged);
        });
    CHECK(failures >= 8);
    CHECK(keyring::anchor_file(path).recall("r", "e").value()->generation == generation);
}

TEST_CASE("A keyring whose making failed is made by the next attempt, or was made") {
    temporary_folder folder;
    int round = 0;
    std::filesystem::path path;
    const auto failures = each_failure(
        [&] {
            path = folder / std::to_string(++round) / "keyring.json";
            return keyring::open_or_create(path);
        },
        [&](errc) {
            auto ring = keyring::open_or_create(path);
            REQUIRE(ring);
            CHECK(ring->keks().value().size() == 1);
        });
    CHECK(failures >= 8);
}
