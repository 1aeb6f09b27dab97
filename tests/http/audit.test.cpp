// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include "support/denied_memory.hpp"
#include "support/temporary_folder.hpp"

#include <coffer/http/limits.hpp>
#include <coffer/http/x_audit.hpp>

#include <cerrno>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace coffer_test;

namespace {

/// The disk, as far as this program sees it: counted, held up, or full.
struct disk {
    static inline std::mutex mutex{};
    static inline std::condition_variable moved{};
    static inline int syncs = 0;
    static inline bool held = false;
    static inline bool inside = false; ///< Somebody is held up.
    static inline std::atomic<bool> full{false};
    static inline std::atomic<bool> denies_memory{false}; ///< To who writes while it is full.
    static inline std::atomic<int> sync_error{0};
    static inline std::atomic<int> folder_error{0};  ///< What fsync of a folder fails with.
    static inline std::atomic<int> reserve_error{0}; ///< What fallocate fails with,
    static inline std::atomic<int> reservations{0};  ///< after so many that don't.
    /// Bytes that it still takes, and of which it says that they are free; below 0: as it is.
    static inline std::atomic<std::int64_t> left{-1};

    static void sync() {
        std::unique_lock lock(mutex);
        ++syncs;
        inside = held;
        moved.notify_all();
        moved.wait(lock, [] { return !held; });
        inside = false;
    }
    static void hold() {
        const std::lock_guard lock(mutex);
        held = true;
    }
    static void let_go() {
        const std::lock_guard lock(mutex);
        held = false;
        moved.notify_all();
    }
    static void wait_inside() {
        std::unique_lock lock(mutex);
        moved.wait(lock, [] { return inside; });
    }
};

} // namespace

extern "C" int fsync(int fd) {
    disk::sync();
    struct stat facts {};
    const bool folder = ::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
    if (const int why = folder && disk::sync_error == 0 ? disk::folder_error : disk::sync_error;
        why != 0) {
        errno = why;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
extern "C" int fallocate(int fd, int mode, off_t from, off_t size) {
    if (disk::reserve_error != 0 && --disk::reservations < 0) {
        errno = disk::reserve_error;
        return -1;
    }
    if (disk::left >= 0 && size > disk::left) {
        errno = ENOSPC;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fallocate, fd, mode, from, size));
}
extern "C" int statvfs(const char* path, struct statvfs* out) {
    struct statfs facts {};
    if (::statfs(path, &facts) != 0) return -1;
    *out = {};
    out->f_frsize = static_cast<unsigned long>(facts.f_bsize);
    out->f_blocks = facts.f_blocks;
    out->f_bavail =
        disk::left < 0 ? facts.f_bavail : static_cast<std::uint64_t>(disk::left) / out->f_frsize;
    return 0;
}
/// A full disk takes the first half of what is written; one with less left than that, nothing.
extern "C" ssize_t write(int fd, const void* data, std::size_t size) {
    if (disk::left >= 0) {
        if (std::cmp_greater(size, disk::left.load())) {
            errno = ENOSPC;
            return -1;
        }
        disk::left -= static_cast<std::int64_t>(size);
    }
    if (disk::full && disk::denies_memory.exchange(false)) denied = 1;
    if (disk::full && size < 2) {
        errno = ENOSPC;
        return -1;
    }
    return ::syscall(SYS_write, fd, data, disk::full ? size / 2 : size);
}

namespace {

auto record(std::string action, std::vector<std::string> names = {}) {
    static std::vector<std::unique_ptr<std::string>> kept; // a record has a view of it
    http::audit_record r;
    r.action = *kept.emplace_back(std::make_unique<std::string>(std::move(action)));
    r.principal_id = "tok1";
    r.principal_name = "ann";
    r.where = at("prod", "acme");
    r.names = std::move(names);
    r.status = 200;
    r.peer = "192.0.2.1";
    return r;
}

struct world {
    temporary_folder outer = temporary_folder::in_memory();
    fs::path folder = outer / "audit";
    coffer::any_vault vault = service_vault();
    http::audit_options how{.segment_size = 1 << 20}; // a disk in memory may be small

    auto open() const -> std::shared_ptr<http::audit_log> {
        return http::audit_log::open(vault, folder, how).value();
    }
    /// A closed log of so many lines.
    void fill(int lines) const {
        const auto log = open();
        for (int i = 0; i < lines; ++i)
            REQUIRE(log->append(record("secret.set", {"N" + std::to_string(i)})));
    }
    auto head() const -> http::audit_head {
        return http::audit_head_of(text(folder / http::audit_head_name)).value();
    }
    auto verify(std::optional<http::audit_head> head = {}, std::uint64_t first = 1) const
        -> http::audit_verdict {
        return try_verify(std::move(head), first).value();
    }
    auto try_verify(std::optional<http::audit_head> head, std::uint64_t first) const
        -> coffer::result<http::audit_verdict> {
        const auto key = http::audit_key::find(vault).value();
        http::audit_expectation expected;
        expected.head = std::move(head);
        expected.first = first;
        return http::audit_verifier(key, expected).run(http::detail::segments_in(folder).value());
    }
    static auto text(const fs::path& file) -> std::string {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static void put(const fs::path& file, const std::string& content) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
    }
    static auto lines_of(const std::string& all) -> std::vector<std::string> {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < all.size(); i = all.find('\n', i) + 1)
            out.push_back(all.substr(i, all.find('\n', i) + 1 - i));
        return out;
    }
    static auto joined(const std::vector<std::string>& lines) -> std::string {
        std::string out;
        for (const auto& l : lines)
            out += l;
        return out;
    }
    auto first_file() const -> fs::path { return folder / "audit-1.jsonl"; }
};

} // namespace

TEST_CASE("A line says who did what, where, how it ended, and belongs to its owner alone") {
    const world w;
    w.fill(1);
    const auto lines = w.lines_of(w.text(w.first_file()));
    REQUIRE(lines.size() == 1);
    const auto line = json::parse(lines[0]);
    CHECK(line.at("seq") == 1);
    CHECK(line.at("actor").at("id") == "tok1");
    CHECK(line.at("actor").at("name") == "ann");
    CHECK(line.at("action") == "secret.set");
    CHECK(line.at("environmentId") == "prod");
    CHECK(line.at("spaceId") == "acme");
    CHECK(line.at("names").as_array().at(0) == "N0");
    CHECK(line.at("status") == 200);
    CHECK(line.at("result") == "ok");
    CHECK(line.at("prev").as_string() == std::string(64, '0'));
    CHECK((fs::status(w.first_file()).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK((fs::status(w.folder).permissions() & fs::perms::all) == fs::perms::owner_all);
}

TEST_CASE("A flip of a bit in any byte of any line is found, in that line") {
    const world w;
    w.fill(6);
    const auto head = w.head();
    CHECK(w.verify(head).intact());
    CHECK(w.verify(head).records == 6);
    const auto whole = w.text(w.first_file());
    std::size_t line = 1;
    std::size_t missed = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        w.put(w.first_file(), changed);
        const auto found = w.verify(head);
        const bool named = found.fault && found.fault->line == line && found.fault->seq == line &&
                           (found.fault->why == "edited" || found.fault->why == "torn");
        missed += named ? 0 : 1;
        if (whole[i] == '\n') ++line;
    }
    CHECK(missed == 0);
}

TEST_CASE("Every line that is taken out, and every two that change places, are found") {
    const world w;
    w.fill(6);
    const auto head = w.head();
    const auto lines = w.lines_of(w.text(w.first_file()));
    REQUIRE(lines.size() == 6);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto fewer = lines;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        w.put(w.first_file(), w.joined(fewer));
        const auto found = w.verify(head);
        REQUIRE(found.fault);
        CHECK(found.fault->why == (i == 5 ? "cut" : "missing"));
        CHECK(found.fault->seq == i + 1);
        CHECK(found.fault->line == i + 1);
        for (std::size_t j = 0; j < i; ++j) {
            auto swapped = lines;
            std::swap(swapped[i], swapped[j]);
            w.put(w.first_file(), w.joined(swapped));
            const auto other = w.verify(head);
            REQUIRE(other.fault);
            CHECK(other.fault->why == "reordered");
            CHECK(other.fault->line == j + 1);
        }
        auto twice = lines;
        twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
        w.put(w.first_file(), w.joined(twice));
        REQUIRE(w.verify(head).fault);
        CHECK(w.verify(head).fault->why == "reordered");
    }
    // A cut tail shows against the head alone.
    w.put(w.first_file(), w.joined({lines[0], lines[1]}));
    CHECK(w.verify().intact());
    CHECK(w.verify(head).fault->why == "cut");
    w.put(w.first_file(), "");
    CHECK(w.verify(head).fault->why == "cut");
}

TEST_CASE("A log of another store's key is none, and lines of another log do not fit in") {
    const world w;
    const world other;
    w.fill(3);
    other.fill(3);
    CHECK(w.verify(other.head()).fault->why == "foreign");
    w.put(w.first_file(), other.text(other.first_file()));
    CHECK(w.verify().fault->why == "edited");
    CHECK(http::audit_log::open(w.vault, w.folder).error() == coffer::errc::tampered);
    // The same key, two folders: each its own chain.
    world twin;
    twin.vault = other.vault;
    const auto written = http::wall_now(); // in one millisecond both would say the same
    while (http::wall_now() == written)
        std::this_thread::yield();
    twin.fill(3);
    auto lines = twin.lines_of(twin.text(twin.first_file()));
    lines[1] = other.lines_of(other.text(other.first_file()))[1];
    twin.put(twin.first_file(), twin.joined(lines));
    CHECK_FALSE(twin.verify().intact());
}

TEST_CASE("A log goes on after a restart, over several files") {
    world w;
    w.how.segment_size = 1000;
    for (int i = 0; i < 4; ++i)
        w.fill(3);
    const auto files = http::detail::segments_in(w.folder).value();
    CHECK(files.size() > 3);
    const auto whole = w.verify(w.head());
    CHECK(whole.intact());
    CHECK(whole.records == 12);
    CHECK(w.head().seq == 12);
    // A file that is not there, in the middle, at the end, at the beginning.
    const auto aside = w.outer / "aside";
    for (std::size_t i = 0; i < files.size(); ++i) {
        fs::rename(files[i].path, aside);
        const auto found = w.verify(w.head());
        REQUIRE(found.fault);
        CHECK(found.fault->seq == files[i].first);
        CHECK(found.fault->why == (i + 1 == files.size() ? "cut" : "missing"));
        if (i == 0) CHECK(w.verify(w.head(), files[1].first).intact()); // put away on purpose
        fs::rename(aside, files[i].path);
    }
    // Where the chain begins behind the end, a head is held against what is there all the same.
    CHECK(w.verify(w.head(), 12).records == 1);
    CHECK(w.try_verify({}, 13).error() == coffer::errc::invalid_argument);
    CHECK(w.try_verify(w.head(), 100).error() == coffer::errc::invalid_argument);
    auto later = w.head();
    later.seq = 20;
    for (const auto first : {std::uint64_t(5), std::uint64_t(13), std::uint64_t(100)}) {
        const auto found = w.verify(later, first);
        REQUIRE(found.fault);
        CHECK(found.fault->why == "cut");
        CHECK(found.fault->seq == 13);
    }
    auto another = w.head();
    another.mac.assign(64, '1');
    for (const auto first : {std::uint64_t(5), std::uint64_t(13)})
        CHECK(w.verify(another, first).fault->why == "foreign");
    // Names of files are not believed.
    fs::rename(files[0].path, w.folder / "audit-99.jsonl");
    CHECK(w.verify(w.head()).fault->why == "reordered");
}

TEST_CASE("A line that a crash tore is put aside, and the log says so and goes on") {
    const world w;
    w.fill(3);
    const auto whole = w.text(w.first_file());
    const auto lines = w.lines_of(whole);
    for (const auto& torn :
         {lines[2].substr(0, lines[2].size() / 2), std::string("{\"seq\":4"),
          std::string(5000, '\0'), std::string(300, '\0') + "x\n", std::string("\0\n", 2)}) {
        w.put(w.first_file(), lines[0] + lines[1] + torn);
        fs::remove(w.folder / http::audit_head_name);
        {
            const auto log = w.open();
            CHECK_FALSE(log->warning().empty());
            CHECK(log->append(record("secret.read")));
        }
        CHECK(w.verify(w.head()).intact());
        CHECK(w.verify().records == 4); // two, the note, one more
        const auto name = "audit-torn-" + std::to_string((lines[0] + lines[1]).size()) + ".txt";
        CHECK(w.text(w.folder / name) == torn);
        fs::remove(w.folder / name);
        CHECK(w.text(w.first_file()).find("a torn line was put aside") != std::string::npos);
    }
    // A whole line that does not fit is evidence: it stays.
    auto edited = lines;
    edited[2][20] = static_cast<char>(edited[2][20] ^ 1);
    w.put(w.first_file(), w.joined(edited));
    w.fill(1);
    CHECK(w.text(w.first_file()).starts_with(w.joined(edited)));
    CHECK(w.verify().fault->line == 3);
    CHECK(w.verify().fault->why == "edited");
}

TEST_CASE("A log that is shorter than its head says so when it is opened") {
    const world w;
    w.fill(4);
    const auto lines = w.lines_of(w.text(w.first_file()));
    w.put(w.first_file(), lines[0] + lines[1]);
    const auto log = w.open();
    CHECK(log->warning().find("line 4") != std::string::npos);
    CHECK(w.text(w.first_file()).find("once went on to line 4") != std::string::npos);
}

TEST_CASE("A log that is gone on with behind a cut says for good that it was cut, and where") {
    const world w;
    w.fill(4);
    const auto once = w.head();
    const auto lines = w.lines_of(w.text(w.first_file()));
    w.put(w.first_file(), lines[0] + lines[1]);
    disk::full = true; // so that it can't say so at first
    auto log = w.open();
    disk::full = false;
    log.reset();
    CHECK(w.head().seq == 4);
    log = w.open();
    CHECK(log->append(record("secret.read")));
    CHECK(w.head().seq == 3); // of the line that tells of the lost one: a crash finds no other
    CHECK(w.verify(w.head(), 4).intact());
    log.reset();
    for (int i = 0; i < 2; ++i) {
        w.fill(3);
        CHECK(w.open()->warning().empty());
        const auto found = w.verify(w.head());
        REQUIRE(found.fault);
        CHECK(found.fault->why == "cut");
        CHECK(found.fault->line == 3);
        CHECK(found.fault->seq == 3);
        CHECK(found.records == 2);
        CHECK(w.verify(w.head(), 4).intact()); // for who knows why
    }
    // What the head was that was lost is in the line: an older copy is held against it.
    const auto told = json::parse(w.lines_of(w.text(w.first_file()))[2]).at("details").at("head");
    CHECK(told.at("seq") == 4);
    CHECK(told.at("mac").as_string() == once.mac);
}

TEST_CASE("Half of a line that is being written is no fault, and one that stays half is") {
    const world w;
    w.fill(3);
    const auto key = http::audit_key::find(w.vault).value();
    const auto whole = w.text(w.first_file());
    const auto lines = w.lines_of(whole);
    const auto half = lines[0] + lines[1] + lines[2].substr(0, lines[2].size() / 2);
    const auto verify = [&](const std::function<void(int)>& meanwhile) {
        int looks = 0;
        http::audit_verifier verifier(key, {}, [&] { meanwhile(++looks); });
        w.put(w.first_file(), half);
        auto out = verifier.run(http::detail::segments_in(w.folder).value()).value();
        return std::pair(out, looks);
    };
    const auto [written, looks] = verify([&](int look) {
        if (look == 2) w.put(w.first_file(), whole);
    });
    CHECK(written.intact());
    CHECK(written.records == 3);
    CHECK(looks == 2);
    // The writer found the disk full, and took the half back.
    const auto [taken_back, once] =
        verify([&](int) { w.put(w.first_file(), lines[0] + lines[1]); });
    CHECK(taken_back.intact());
    CHECK(taken_back.records == 2);
    CHECK(once == 1);
    const auto [torn, many] = verify([](int) {});
    REQUIRE(torn.fault);
    CHECK(torn.fault->why == "torn");
    CHECK(torn.fault->seq == 3);
    CHECK(many > 1);
    // What nobody writes to any more is not waited for.
    w.put(w.folder / "audit-4.jsonl", "");
    const auto [older, never] = verify([](int) {});
    REQUIRE(older.fault);
    CHECK(older.fault->why == "torn");
    CHECK(never == 0);
}

TEST_CASE("A lost end is told of before the log goes on in another file") {
    world w;
    w.fill(4);
    const auto lines = w.lines_of(w.text(w.first_file()));
    w.put(w.first_file(), lines[0] + lines[1]);
    w.how.segment_size = 500; // which the next line is too long for
    disk::sync_error = EIO;
    auto log = w.open();
    disk::sync_error = 0;
    log.reset();
    CHECK(w.head().seq == 4);
    w.fill(1);
    const auto found = w.verify(w.head());
    REQUIRE(found.fault);
    CHECK(found.fault->why == "cut");
}

TEST_CASE("A newest file that is empty is gone on with where its name says, or not at all") {
    world w;
    w.fill(3);
    const auto next = w.folder / "audit-4.jsonl";
    w.put(next, "");
    CHECK(w.open()->append(record("secret.read"))); // the file before it is there
    CHECK(w.verify(w.head()).records == 4);
    // It was put away, and the head tells what it ended with.
    const auto put_away = w.outer / "audit-1.jsonl";
    fs::rename(w.first_file(), put_away);
    const auto head = w.text(w.folder / http::audit_head_name);
    w.put(w.folder / "audit-5.jsonl", "");
    fs::rename(next, w.outer / "audit-4.jsonl");
    CHECK(w.open()->append(record("secret.read")));
    CHECK(w.verify(w.head(), 5).intact());
    CHECK(w.verify(w.head(), 5).records == 1);
    // Nothing tells it, or something else does.
    w.put(w.folder / "audit-5.jsonl", "");
    fs::remove(w.folder / http::audit_head_name);
    CHECK(http::audit_log::open(w.vault, w.folder).error() == coffer::errc::rolled_back);
    w.put(w.folder / "audit-5.jsonl", "{\"seq\":5"); // a crash cut its first line
    CHECK(http::audit_log::open(w.vault, w.folder).error() == coffer::errc::rolled_back);
    fs::rename(put_away, w.first_file()); // it ends before
    w.put(w.folder / http::audit_head_name, head);
    CHECK(w.open()->append(record("secret.read")));
    CHECK(w.verify(w.head(), 5).intact());
    fs::rename(w.folder / "audit-5.jsonl", w.folder / "audit-7.jsonl");
    w.put(w.folder / "audit-7.jsonl", "");
    CHECK(http::audit_log::open(w.vault, w.folder).error() == coffer::errc::rolled_back);
}

TEST_CASE("A crash in the midst of going on in another file leaves a head that it goes on from") {
    world w;
    w.how.segment_size = 1000;
    std::string head;
    {
        const auto log = w.open();
        while (http::detail::segments_in(w.folder).value().size() < 3)
            CHECK(log->append(record("secret.set", {"N"})));
        head = w.text(w.folder / http::audit_head_name);
    }
    const auto files = http::detail::segments_in(w.folder).value();
    CHECK(http::audit_head_of(head).value().seq == files[2].first - 1);
    fs::remove(files[0].path);
    fs::remove(files[1].path);
    w.put(files[2].path, "");
    w.put(w.folder / http::audit_head_name, head);
    CHECK(w.open()->append(record("secret.read")));
    CHECK(w.verify(w.head(), files[2].first).intact());
    CHECK(w.verify(w.head(), files[2].first).records == 1);
}

TEST_CASE("Two at a time can't write one log, and its folder is its owner's alone") {
    const world w;
    const auto log = w.open();
    CHECK(http::audit_log::open(w.vault, w.folder).error() == coffer::errc::conflict);
    const auto other = w.outer / "open";
    fs::create_directory(other);
    fs::permissions(other, fs::perms::owner_all | fs::perms::group_read);
    CHECK(http::audit_log::open(w.vault, other).error() == coffer::errc::denied);
}

TEST_CASE("Appenders share one fsync, and none is told before it") {
    const world w;
    const auto log = w.open();
    disk::hold();
    std::atomic<int> told{0};
    std::vector<std::thread> all;
    const auto prepared = record("secret.read");
    const auto append_prepared = [&] {
        if (log->append(prepared)) ++told;
    };
    all.emplace_back(append_prepared);
    disk::wait_inside(); // the first is at the disk
    const int before = disk::syncs;
    for (int i = 0; i < 8; ++i)
        all.emplace_back(append_prepared);
    while (log->waiting() != 8)
        std::this_thread::yield();
    CHECK(told == 0);
    disk::let_go();
    for (auto& t : all)
        t.join();
    CHECK(told == 9);
    CHECK(disk::syncs == before + 1);
    CHECK(log->head().seq == 9);
}

TEST_CASE("On a full disk nothing is taken, and all goes on once there is room") {
    const world w;
    {
        const auto log = w.open();
        REQUIRE(log->append(record("secret.set")));
        const auto before = w.text(w.first_file());
        CHECK(log->writable());
        disk::full = true;
        CHECK_FALSE(log->append(record("secret.read")));
        CHECK_FALSE(log->writable());
        CHECK_FALSE(log->append(record("secret.read")));
        CHECK(w.text(w.first_file()) == before); // no half of a line
        disk::full = false;
        CHECK(log->writable());
        CHECK(log->append(record("secret.hide")));
        disk::sync_error = EIO;
        CHECK_FALSE(log->append(record("secret.read")));
        disk::sync_error = 0;
        CHECK(log->append(record("secret.unhide")));
        CHECK(log->head().seq == 5); // set, the note, hide, the note, unhide
    }
    CHECK(w.verify(w.head()).intact());
    // Also where it was a line that found the disk well again, and not the look at whether it is.
    const auto lines = w.lines_of(w.text(w.first_file()));
    for (const std::size_t i : {1U, 3U}) {
        CHECK(json::parse(lines[i]).at("action") == "audit.resumed");
        CHECK(json::parse(lines[i]).at("reason") == "the log could not be written for a while");
    }
    CHECK(json::parse(lines[4]).at("action") == "secret.unhide");
    CHECK(w.text(w.first_file()).find("secret.read") == std::string::npos);
}

TEST_CASE("A folder that can't be synced when the next file begins ends the log for no longer") {
    world w;
    w.how.segment_size = 4096;
    {
        const auto log = w.open();
        disk::folder_error = EIO;
        int written = 0;
        while (log->append(record("secret.set", {std::string(300, 'N')})))
            ++written;
        CHECK(written > 1);
        CHECK(http::detail::segments_in(w.folder).value().size() == 2);
        CHECK_FALSE(log->writable());
        CHECK_FALSE(log->append(record("secret.read")));
        CHECK(log->head().seq == std::uint64_t(written));
        disk::folder_error = 0;
        CHECK(log->writable());
        CHECK(log->append(record("secret.hide")));
    }
    CHECK(w.verify(w.head()).intact());
}

TEST_CASE("A file that was made for the lines to come and is gone is made again") {
    world w;
    w.how.segment_size = 4096;
    {
        const auto log = w.open();
        REQUIRE(fs::remove(w.folder / "audit.next"));
        int refused = 0;
        for (int i = 0; i < 20; ++i)
            refused += log->append(record("secret.set", {std::string(300, 'N')})) ? 0 : 1;
        CHECK(refused == 1);
        CHECK(http::detail::segments_in(w.folder).value().size() > 1);
    }
    CHECK(w.verify(w.head()).intact());
}

TEST_CASE("The last file's room is told of while there still is some, and how much") {
    world w;
    w.how.segment_size = 4096;
    disk::reservations = 1; // the file that is written, and not the one after it
    disk::reserve_error = ENOSPC;
    const auto log = w.open();
    CHECK(log->warning().find("no room for another file of it") != std::string::npos);
    CHECK(log->warning().find(" KiB are used up") != std::string::npos);
    CHECK(log->append(record("secret.read"))); // it goes on
    CHECK_FALSE(log->warning().empty());
    disk::reserve_error = 0;
    CHECK(log->append(record("secret.read")));
    CHECK(log->warning().empty());
}

TEST_CASE("Where room can't be reserved a change is written down before it is made") {
    const world w;
    for (const bool reserves : {false, true}) {
        disk::reservations = 0;
        disk::reserve_error = reserves ? 0 : EOPNOTSUPP;
        const auto log = w.open();
        const auto before = log->head().seq;
        auto begun = record("secret.set");
        begun.status = 0;
        CHECK(log->prepare(begun));
        CHECK(log->head().seq == before + (reserves ? 0 : 1));
        disk::full = !reserves;
        CHECK(log->prepare(begun) == reserves);
        disk::full = false;
        disk::reserve_error = 0;
    }
    CHECK(w.verify(w.head()).intact());
    CHECK(w.text(w.first_file()).find(R"("result":"begun","status":0)") != std::string::npos);
}

namespace {

/// A disk that has this left, which is no room for a file of the log, until the end of a scope.
struct nearly_full {
    explicit nearly_full(std::int64_t left, bool reserves) {
        disk::reservations = 0;
        disk::reserve_error = reserves ? 0 : EOPNOTSUPP;
        disk::left = left;
    }
    nearly_full(const nearly_full&) = delete;
    auto operator=(const nearly_full&) -> nearly_full& = delete;
    ~nearly_full() {
        disk::reserve_error = 0;
        disk::left = -1;
    }
};
constexpr std::int64_t one_line = http::detail::longest_audit_line + 1;

} // namespace

TEST_CASE("The room of a change's line is its own from before the change until it is written") {
    world w;
    w.how.segment_size = 64 << 20;
    const nearly_full room(one_line + 40'000, GENERATE(true, false));
    {
        const auto log = w.open();
        auto begun = record("secrets.change");
        begun.status = 0;
        auto change = record("secrets.change", std::vector<std::string>(60, std::string(900, 'n')));
        const auto read = change;
        change.takes = http::audit_record::room::last;
        auto part = read;
        part.takes = http::audit_record::room::part;
        REQUIRE(log->prepare(begun));
        CHECK_FALSE(log->prepare(begun)); // another's line might not fit then
        CHECK_FALSE(log->append(read));   // nor that of the first
        CHECK(log->append(record("secret.read")));
        CHECK(log->append(part));
        CHECK(log->append(change));
        CHECK(log->writable());
        CHECK_FALSE(log->prepare(begun));
        CHECK(log->append(read));
        disk::left = one_line + 40'000;
        CHECK(log->prepare(begun));
    }
    CHECK(w.verify(w.head()).intact());
    // One was refused for want of room, and no other.
    const auto text = w.text(w.first_file());
    const auto told = text.find("audit.resumed");
    CHECK(told != text.npos);
    CHECK(text.find("audit.resumed", told + 1) == text.npos);
}

TEST_CASE(
    "What is refused to nobody is counted in one line an address, of too many in one for all") {
    const world w;
    {
        const auto log = w.open();
        auto r = record("login.refused");
        r.principal_id.clear();
        for (int i = 0; i < 1000; ++i) {
            r.status = i % 2 == 0 ? 401 : 429; // a sign-in too many is no line of its own either
            CHECK(log->append(r));
        }
        for (int i = 0; i < 2000; ++i) {
            r.peer = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
            CHECK(log->append(r));
        }
        CHECK(log->head().seq == 0);
    }
    const auto lines = w.lines_of(w.text(w.first_file()));
    CHECK(lines.size() == 257);
    std::uint64_t sum = 0;
    for (const auto& l : lines)
        sum += json::parse(l).at("count").to_number<std::uint64_t>();
    CHECK(sum == 3000);
    CHECK(w.text(w.first_file()).find(R"("count":1000,)") != std::string::npos);
    CHECK(w.verify(w.head()).intact());
}

TEST_CASE("The addresses of one IPv6 network are refused in one line") {
    const world w;
    {
        const auto log = w.open();
        auto r = record("login.refused");
        r.principal_id.clear();
        r.status = 401;
        for (int i = 0; i < 500; ++i) {
            r.peer = "2001:db8::1:" + std::to_string(i);
            CHECK(log->append(r));
        }
        r.peer = "2001:db8:0:1::1";
        CHECK(log->append(r));
    }
    const auto lines = w.lines_of(w.text(w.first_file()));
    REQUIRE(lines.size() == 2);
    std::map<std::string, std::uint64_t> counts;
    for (const auto& l : lines)
        counts[json::parse(l).at("peer").as_string().c_str()] =
            json::parse(l).at("count").to_number<std::uint64_t>();
    CHECK(counts ==
          std::map<std::string, std::uint64_t>{{"2001:db8::", 500}, {"2001:db8:0:1::", 1}});
}

TEST_CASE(
    "Without memory right after a full disk the refusals are still counted, and the log goes on") {
    const bool one_more_meanwhile = GENERATE(false, true);
    world w;
    w.how.refusals_every = std::chrono::milliseconds(1);
    {
        const auto log = w.open();
        auto r = record("login.refused");
        r.principal_id.clear();
        r.status = 401;
        disk::denies_memory = true;
        disk::full = true;
        CHECK(log->append(r));
        while (disk::denies_memory)
            std::this_thread::yield();
        if (one_more_meanwhile) CHECK(log->append(r));
        disk::full = false;
        // The first takes the denial that nothing has taken yet.
        CHECK((log->append(record("secret.set")) || log->append(record("secret.set"))));
    }
    std::uint64_t sum = 0;
    for (const auto& l : w.lines_of(w.text(w.first_file())))
        if (l.find("login.refused") != l.npos)
            sum += json::parse(l).at("count").to_number<std::uint64_t>();
    CHECK(sum == (one_more_meanwhile ? 2 : 1));
    CHECK(w.verify(w.head()).intact());
}

TEST_CASE("Names and reasons of any length and any bytes make one line of bounded length") {
    const world w;
    {
        const auto log = w.open();
        std::vector<std::string> names(5000, std::string(1024, '\x01'));
        auto r = record("secrets.change", names);
        r.reason = std::string(1023, 'r') + "€" + "\n\xFF";
        CHECK_FALSE(log->append(r)); // no line tells all that changed
        r.names.resize(140);
        CHECK(http::detail::fit_one_line(r.names));
        for (auto* text : {&r.principal_id, &r.principal_name, &r.where.environment, &r.where.space,
                           &r.where.actor, &r.peer})
            text->assign(1024, '\x01');
        CHECK(log->append(r));
        r = record("secrets.change", {"line\nend", "\xFF\xFE"});
        CHECK(log->append(r));
        r.names = std::move(names);
        r.names[0] = "first";
        r.status = 403;
        CHECK(log->append(r));
        r.names[0] = std::string(4096, 'n');
        CHECK(log->append(r));
    }
    CHECK(w.verify(w.head()).records == 4);
    const auto lines = w.lines_of(w.text(w.first_file()));
    REQUIRE(lines.size() == 4);
    // Of what was refused a kilobyte, and the first in any case.
    CHECK(json::parse(lines[2]).at("names").as_array() == json::array{"first"});
    CHECK(json::parse(lines[2]).at("count") == 5000);
    CHECK(json::parse(lines[2]).at("leftOut") == 4999);
    CHECK(json::parse(lines[3]).at("names").as_array() == json::array{std::string(1024, 'n')});
    CHECK(json::parse(lines[3]).at("leftOut") == 5000); // of one not all is told
    CHECK(lines[0].size() < http::detail::longest_audit_line);
    CHECK(json::parse(lines[0]).at("names").as_array().size() == 140);
    CHECK_FALSE(json::parse(lines[0]).as_object().contains("leftOut"));
    CHECK(json::parse(lines[0]).at("reason").as_string() == std::string(1023, 'r'));
    CHECK(json::parse(lines[1]).at("names").as_array().at(1) == "??");
}

namespace {

/// A service with a real log.
struct served : api_world {
    temporary_folder outer = temporary_folder::in_memory();
    std::shared_ptr<http::audit_log> log;

    /// `segment`: a disk in memory may be small.
    explicit served(bool with_log = true, std::uint64_t segment = 1 << 20) {
        if (with_log)
            log = http::audit_log::open(vault, outer / "audit", {.segment_size = segment}).value();
        http::api_options with;
        with.tokens = tokens;
        with.audit = log;
        with.more = http::x::audit_routes(log);
        service = coffer_test::make_service(vault, std::move(with));
    }
};

} // namespace

TEST_CASE("The log is read newest first, page by page, and by who, what, name and result") {
    served s;
    const auto e = s.new_environment();
    const auto f = s.new_environment("two");
    const auto acme = s.new_space(e);
    for (int i = 0; i < 5; ++i)
        CHECK(s.put(at(e), "N" + std::to_string(i), "canary-value").status() == 200);
    CHECK(s.put(at(e, acme), "N1", "canary-value").status() == 200);
    CHECK(s.put(at(f), "N1", "canary-value").status() == 200);
    const auto first = s.get("/v1/x/audit?environmentId=" + e + "&limit=3&what=secret.set");
    CHECK(first.status() == 200);
    CHECK(first.body.at("order") == "desc");
    REQUIRE(first.data().as_array().size() == 3);
    CHECK(first.text("spaceId", 0) == acme);
    CHECK(first.text("name", 0) == "N1");
    CHECK(first.text("who", 0) == "name of full-token");
    CHECK(first.text("result", 0) == "ok");
    CHECK(first.text("name", 1) == "N4");
    const auto next = json::serialize(first.body.at("next"));
    const auto second =
        s.get("/v1/x/audit?environmentId=" + e + "&limit=3&what=secret.set&after=" + next);
    REQUIRE(second.data().as_array().size() == 3);
    CHECK(second.text("name", 0) == "N2");
    CHECK(second.text("name", 2) == "N0");
    const auto rows = [&](const std::string& query) {
        return s.get("/v1/x/audit" + query).data().as_array().size();
    };
    CHECK(rows("?what=secret.set") == 7); // the whole instance
    CHECK(rows("?environmentId=" + e + "&spaceId=" + acme + "&what=secret.set") == 1);
    CHECK(rows("?environmentId=" + e + "&name=N1") == 2);
    CHECK(rows("?environmentId=" + e + "&who=nobody") == 0);
    CHECK(rows("?environmentId=" + f + "&what=secret.set&result=denied") == 0);
    check_error(s.get("/v1/x/audit?result=junk"), 400);
    const auto newest = first.text("time", 0);
    CHECK(rows("?what=secret.set&until=" + newest) < 7);
    CHECK(rows("?what=secret.set&since=" + newest) + rows("?what=secret.set&until=" + newest) == 7);
    CHECK(rows("?what=secret.set&since=2999-01-01") == 0);
    check_error(s.get("/v1/x/audit?since=soon"), 400);
    s.know("reader", {{.as = http::role::service, .environment = f}});
    CHECK(s.put(at(f), "N1", "other", "reader").status() == 403);
    CHECK(rows("?environmentId=" + f + "&result=denied&who=id-of-reader") == 1);
    CHECK(s.get("/v1/x/audit/verify?environmentId=" + e).body.at("data").at("intact") == true);
    for (const auto& entry : fs::directory_iterator(s.outer / "audit")) {
        const auto text = world::text(entry.path());
        CHECK(text.find("canary-value") == std::string::npos);
    }
}

TEST_CASE("Changes are told apart from reads, also where they were refused") {
    served s;
    const auto e = s.new_environment();
    CHECK(s.put(at(e), "A", "v").status() == 200);
    CHECK(s.get("/v1/x/secrets?environmentId=" + e).status() == 200);
    s.know("reader", {{.as = http::role::service, .environment = e}});
    CHECK(s.put(at(e), "B", "v", "reader").status() == 403);
    const auto rows = s.get("/v1/x/audit?kind=changes&environmentId=" + e);
    REQUIRE(rows.data().as_array().size() == 3);
    CHECK(rows.text("name", 0) == "B");
    CHECK(rows.text("result", 0) == "denied");
    CHECK(rows.text("name", 1) == "A");
    CHECK(rows.text("what", 2) == "environment.make");
    const auto number = [&](const std::string& query) {
        return s.get("/v1/x/audit?environmentId=" + e + query).data().as_array().size();
    };
    CHECK(number("") > 3);
    CHECK(number("&kind=changes&result=ok") == 2);
    CHECK(number("&kind=changes&limit=1") == 1);
    CHECK(number("&kind=changes&what=states.list") == 0);
    check_error(s.get("/v1/x/audit?kind=reads"), 400);
}

TEST_CASE("What a change was of is in its line, and told with its row") {
    served s;
    s.new_environment();
    const auto e = s.new_environment("two");
    CHECK(
        s.send("PATCH", "/v1/x/environments?environmentId=" + e, R"({"name":"\"2\""})").status() ==
        200);
    const auto row = s.get("/v1/x/audit?what=environment.change&limit=1");
    const auto* details = R"({"changed":[{"member":"name","was":"two","now":"\"2\""}]})";
    CHECK(row.text("details") == details);
    CHECK(s.get("/v1/x/audit?what=environment.make&limit=1").text("details") == "(absent)");
    CHECK(world::text(s.outer / "audit/audit-1.jsonl").find(details) != std::string::npos);
    CHECK(s.get("/v1/x/audit/verify").body.at("data").at("intact") == true);
}

TEST_CASE("Each reads what they may: an environment's auditor that environment alone") {
    served s;
    const auto e = s.new_environment();
    const auto f = s.new_environment("two");
    s.know("auditor", {{.as = http::role::auditor, .environment = e}});
    s.know("service", {{.as = http::role::service, .environment = e}});
    CHECK(s.get("/v1/x/audit?environmentId=" + e, "auditor").status() == 200);
    CHECK(s.get("/v1/x/audit/verify?environmentId=" + e, "auditor").status() == 200);
    CHECK(s.get("/v1/x/audit?environmentId=" + f, "auditor").status() == 404);
    CHECK(s.get("/v1/x/audit", "auditor").status() == 403);
    CHECK(s.get("/v1/x/audit?environmentId=" + e, "service").status() == 403);
    CHECK(s.get("/v1/x/audit", "unknown").status() == 401);
}

TEST_CASE("A service without a log says so, and one whose log was changed too") {
    served without(false);
    const auto e = without.new_environment();
    for (const std::string of : {"/v1/x/audit", "/v1/x/audit/verify"}) {
        const auto r = without.get(of + "?environmentId=" + e);
        check_error(r, 501);
        CHECK(r.body.at("code") == "unsupported");
    }
    served s;
    s.new_environment();
    s.new_environment("two");
    const auto file = s.outer / "audit/audit-1.jsonl";
    auto text = world::text(file);
    text[text.find("environment.make")] = 'E';
    world::put(file, text);
    const auto r = s.get("/v1/x/audit/verify");
    CHECK(r.status() == 200);
    CHECK(r.body.at("data").at("intact") == false);
    CHECK(r.body.at("data").at("firstBad") == 1);
    CHECK(r.body.at("data").at("why") == "edited");
}

TEST_CASE(
    "A service whose old files were put away says where its log begins, and checks the rest") {
    served s;
    for (int i = 0; i < 4; ++i)
        s.new_environment("e" + std::to_string(i));
    const auto file = s.outer / "audit/audit-1.jsonl";
    const auto ask = [&](const std::string& from) {
        return s.get("/v1/x/audit/verify" + (from.empty() ? "" : "?from=" + from));
    };
    // What is before is there, and not looked at.
    CHECK(ask("3").body.at("data").at("intact") == true);
    CHECK(ask("3").body.at("data").at("begins") == 3);
    const auto text = world::text(file);
    const auto third = text.find('\n', text.find('\n') + 1) + 1;
    world::put(file, text.substr(third));
    const auto all = ask("").body.at("data");
    CHECK(all.at("intact") == false);
    CHECK(all.at("firstBad") == 1);
    CHECK(all.at("why") == "missing");
    CHECK(all.at("records") == 0);
    CHECK(all.at("begins") == 3);
    const auto rest = ask("3").body.at("data");
    CHECK(rest.at("intact") == true);
    CHECK(rest.at("begins") == 3);
    CHECK(ask("2").body.at("data").at("firstBad") == 2);
    // A number that the log has not reached would check nothing.
    const auto end = std::to_string(s.log->head().seq);
    const auto beyond = ask("1000");
    check_error(beyond, 400);
    CHECK(beyond.body.at("errors").at(0).at("message") ==
          json::value("the log does not go so far as yet: its last record is " + end));
}

TEST_CASE("Where no line can be written no value leaves; refused log-ins are one line") {
    served s;
    const auto e = s.new_environment();
    CHECK(s.put(at(e), "A", "canary-value").status() == 200);
    CHECK(s.get("/readyz").status() == 200);
    disk::full = true;
    const auto r = s.list(at(e));
    const auto changed = s.put(at(e), "A", "other");
    const auto ready = s.get("/readyz");
    disk::full = false;
    check_error(r, 503);
    CHECK(r.raw.body.find("canary") == r.raw.body.npos);
    CHECK(changed.status() == 503);
    CHECK(ready.status() == 503);
    CHECK(s.get("/readyz").status() == 200);
    CHECK(s.list(at(e)).values() == values{{"A", "canary-value"}});
    for (int i = 0; i < 50; ++i)
        CHECK(s.list(at(e), "stranger").status() == 401);
    s.service.reset();
    s.log.reset();
    const auto text = world::text(s.outer / "audit/audit-1.jsonl");
    const auto seen = text.find("login.refused");
    REQUIRE(seen != std::string::npos);
    CHECK(text.find("login.refused", seen + 1) == std::string::npos);
    CHECK(text.find("\"count\":50", seen) != std::string::npos);
}

TEST_CASE("The first that a full disk refuses is a change: then it is not made") {
    disk::reservations = 0;
    disk::reserve_error = EOPNOTSUPP; // as on a file system that reserves nothing
    {
        served s;
        const auto e = s.new_environment();
        CHECK(s.put(at(e), "A", "before").status() == 200);
        disk::full = true;
        const auto changed = s.put(at(e), "A", "after");
        disk::full = false;
        check_error(changed, 503);
        CHECK(s.list(at(e)).values() == values{{"A", "before"}});
        // The disk fills up in the middle of a change: that it was begun is written.
        s.service->parts().changed = [](const auto&) { disk::full = true; };
        const auto cut = s.put(at(e), "A", "after");
        disk::full = false;
        check_error(cut, 503);
        CHECK(s.list(at(e)).values() == values{{"A", "after"}});
        const auto rows = s.get("/v1/x/audit?what=secret.set&result=begun&limit=1");
        REQUIRE(rows.data().as_array().size() == 1);
        CHECK(rows.text("who") == "name of full-token");
    }
    disk::reserve_error = 0;
}

TEST_CASE("A change is not made where its line may have no room, and reads go on") {
    const nearly_full room(std::int64_t{20} << 20, GENERATE(true, false));
    served s(true, 64 << 20); // more than there is
    const auto e = s.new_environment();
    CHECK(s.put(at(e), "DB_URL", "before").status() == 200);
    std::string set;
    for (int i = 0; i < 30; ++i)
        set +=
            R"({"name":")" + std::string(1000, static_cast<char>('A' + i)) + R"(","value":"v"},)";
    disk::left = 20'000; // a line that says little fits, and that of the change does not
    const auto changed = s.send("POST", "/v1/x/batch?environmentId=" + e,
                                R"({"set":[)" + set + R"({"name":"DB_URL","value":"after"}]})");
    check_error(changed, 503);
    CHECK(s.list(at(e)).values() == values{{"DB_URL", "before"}});
    CHECK(s.send("POST", "/v1/x/values?environmentId=" + e, "{}").status() == 200);
    disk::left = std::int64_t{20} << 20;
    CHECK(s.put(at(e), "DB_URL", "after").status() == 200);
}

TEST_CASE("No company of other names keeps one out of the log that was read or changed") {
    served s;
    const auto e = s.new_environment();
    const auto in = "?environmentId=" + e;
    json::array set;
    json::array asked{json::value(std::string(1020, 'A'))};
    for (int i = 0; i < 680; ++i) {
        set.push_back({{"name", "A" + std::to_string(i) + std::string(700, 'A')}, {"value", "v"}});
        asked.push_back(json::value("A" + std::to_string(i) + std::string(690, 'A')));
    }
    set.push_back({{"name", "DB_URL"}, {"value", "v"}});
    asked.push_back("DB_URL");
    const auto sent = json::serialize(json::object{{"set", std::move(set)}});
    REQUIRE(sent.size() < http::limits().body);
    CHECK(s.send("POST", "/v1/x/batch" + in, sent).status() == 200);
    auto rows = s.get("/v1/x/audit" + in + "&what=secrets.change&name=DB_URL");
    REQUIRE(rows.data().as_array().size() == 1);
    CHECK(rows.data().at(0).at("names").as_array().size() == 681);
    CHECK(rows.text("leftOut") == "(absent)");
    CHECK(s.send("POST", "/v1/x/values" + in,
                 json::serialize(json::object{{"names", std::move(asked)}}))
              .status() == 200);
    rows = s.get("/v1/x/audit" + in + "&what=secrets.read&name=DB_URL");
    REQUIRE(rows.data().as_array().size() == 1);
    CHECK(rows.data().at(0).at("count") == 682);
    CHECK(rows.data().at(0).at("names").as_array().size() == 2);
    CHECK(rows.data().at(0).at("leftOut") == 680);
    CHECK(s.get("/v1/x/audit/verify").body.at("data").at("intact") == true);
}

TEST_CASE("Names that no line could tell are neither read nor changed") {
    served s;
    const auto e = s.new_environment();
    const auto in = "?environmentId=" + e;
    CHECK(s.put(at(e), "A", "before").status() == 200);
    json::array names{"A"};
    json::array set{{{"name", "A"}, {"value", "after"}}};
    for (int i = 0; i < 160; ++i) {
        const auto name = std::string(1000, '\x01') + std::to_string(i);
        names.push_back(json::value(name));
        set.push_back({{"name", name}, {"value", "v"}});
    }
    const auto changed =
        s.send("POST", "/v1/x/batch" + in, json::serialize(json::object{{"set", std::move(set)}}));
    check_error(changed, 400);
    CHECK(changed.body.at("code") == "too_large");
    check_error(s.send("POST", "/v1/x/values" + in,
                       json::serialize(json::object{{"names", std::move(names)}})),
                400);
    CHECK(s.list(at(e)).values() == values{{"A", "before"}});
    const auto rows = s.get("/v1/x/audit" + in + "&what=secrets.change&result=refused");
    REQUIRE(rows.data().as_array().size() == 1);
    CHECK(rows.data().at(0).at("leftOut") == 159);
}

TEST_CASE("The document tells of the log's routes") {
    for (const auto& r : http::x::audit_routes(nullptr))
        CHECK(http::doc_of(r) != nullptr);
}
