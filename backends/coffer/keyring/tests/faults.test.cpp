// SPDX-License-Identifier: BSL-1.0
// Every disk call of a change fails in turn: no key is lost, and the answer says what is sure.
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/passphrase_keyring.hpp>

#include <support/catch.hpp>
#include <support/failing_syscalls.hpp>
#include <support/temporary_folder.hpp>

#include <thread>

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

namespace {

/// Whether `call` asks the disk, which fails it once with an I/O error.
template <class Call>
auto waits_for_the_disk(Call call) -> bool {
    failing_syscall::set("fsync", 1, EIO);
    (void)call();
    return failing_syscall::struck();
}

} // namespace

TEST_CASE("A KEK that may not be on disk wraps nothing before it is") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto old = ring.key_for("prod").value();
    failing_syscall::set("fsync", 2, EIO); // the folder's
    CHECK(ring.rotate().error() == errc::outcome_unknown);
    REQUIRE(failing_syscall::struck());
    failing_syscall::set("fsync", 1, EIO); // a change that is not made says nothing of the first
    CHECK(ring.rotate().error() == errc::unavailable);
    REQUIRE(failing_syscall::struck());

    failing_syscall::set("fsync", 1, EIO);
    CHECK(ring.key_for("prod").error() == errc::unavailable);
    CHECK(failing_syscall::struck());
    const auto unsure = posix::stamp(path).value();
    const auto now = ring.key_for("prod").value();
    CHECK(now != old);                           // it was visible, and is on disk now:
    CHECK(posix::stamp(path).value() != unsure); // written anew, for an fsync that failed said all
    while (!posix::settled(posix::stamp(path).value().value()))
        std::this_thread::yield(); // so long that what is read now is kept
    CHECK(ring.wrap(now, key_bytes{}.view(), {}).has_value());
    CHECK_FALSE(waits_for_the_disk([&] { return ring.key_for("prod"); }));
}

TEST_CASE("What another process put into a keyring is used once it is on disk") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    failing_syscall::set("fsync", 1, EIO);
    CHECK(keyring::open(path).error() == errc::unavailable);
    CHECK(failing_syscall::struck());
    auto other = keyring::open(path).value();
    other.rotate().value();
    failing_syscall::set("fsync", 1, EIO);
    CHECK(ring.key_for("prod").error() == errc::unavailable);
    CHECK(failing_syscall::struck());
    CHECK(ring.key_for("prod").value() == other.key_for("prod").value());

    const secret passphrase("a passphrase");
    const auto made = folder / "passphrase.json";
    const keyring::passphrase_options cheap{.cost = {.n = 1024}};
    keyring::passphrase_keyring::open_or_create(made, passphrase, cheap).value();
    CHECK(waits_for_the_disk([&] { return keyring::passphrase_keyring::open(made, passphrase); }));
}

TEST_CASE("A mark is acknowledged once it is on disk, also where it stands already") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    const lineage seen{{7, {}, 1}, {}};
    keyring::anchor_file anchor(path);
    failing_syscall::set("fsync", 2, EIO); // the folder's
    CHECK(anchor.remember("r", "e", seen).error() == errc::unavailable);
    REQUIRE(failing_syscall::struck());
    failing_syscall::set("fsync", 1, EIO);
    CHECK(anchor.remember("r", "e", seen).error() == errc::unavailable);
    CHECK(failing_syscall::struck());
    CHECK(anchor.remember("r", "e", seen).has_value());
    CHECK_FALSE(waits_for_the_disk([&] { return anchor.remember("r", "e", seen); }));

    keyring::anchor_file other(path);
    CHECK_FALSE(waits_for_the_disk([&] { return other.recall("r", "e"); })); // readers don't
    CHECK(waits_for_the_disk([&] { return other.remember("r", "e", seen); }));
    CHECK_FALSE(waits_for_the_disk([&] { return other.remember("r", "e", seen); }));
}
