// SPDX-License-Identifier: BSL-1.0
// What a power cut may leave (the method of ALICE, Pillai et al., OSDI 2014): the changes of files
// and folders that a few writes make are recorded; then, for each moment, every subset of what was
// not yet made durable by an fsync is left out, and the last bytes are torn. From each such state
// the next start must show all that was acknowledged.
#include "crash/system_calls.hpp"

#include "support/catch.hpp"
#include "support/plain_model.hpp"
#include "support/temporary_folder.hpp"
#include "support/vault.hpp"

#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <fstream>
#include <set>

using namespace coffer;
using namespace coffer_test;
namespace fs = std::filesystem;

namespace {

constexpr context env{.environment = "prod"};
using kind = file_event::kind;
using files = std::map<std::string, std::string>; ///< Path below the root → content.

auto start(const fs::path& root) -> result<test_vault> {
    auto keys = keyring::open_or_create(root / "keys" / "keyring.json");
    if (!keys) return keys.error();
    auto store = file::open(root / "store");
    if (!store) return store.error();
    // Of folders the store's alone is synced after the start, however long that takes.
    return test_vault(*store, {}, *keys, {.recheck_keys_after = std::chrono::hours(1)});
}

auto files_of(const fs::path& root) -> files {
    files out;
    for (const auto& f : fs::recursive_directory_iterator(root)) {
        if (!f.is_regular_file()) continue;
        std::ifstream in(f.path(), std::ios::binary);
        out[f.path().string().substr(root.string().size())] = {std::istreambuf_iterator<char>(in),
                                                               {}};
    }
    return out;
}
void make_files(const fs::path& root, const files& from) {
    fs::remove_all(root / "store");
    fs::remove_all(root / "keys");
    for (const auto* folder : {"store", "keys"}) {
        fs::create_directory(root / folder);
        fs::permissions(root / folder, fs::perms::owner_all);
    }
    for (const auto& [path, content] : from) {
        const auto at = root.string() + path;
        std::ofstream(at, std::ios::binary) << content;
        fs::permissions(at, fs::perms::owner_read | fs::perms::owner_write);
    }
}

/// What three puts to a store that has a value do to the disk.
struct recording {
    files before{};
    std::vector<file_event> events{};

    /// With `is_read`, another process reads what the second put has renamed into place, before the
    /// writer has made that durable.
    static auto make(bool file_syncs, bool folder_syncs, bool is_read = false) -> recording {
        const auto folder = temporary_folder::in_memory();
        const auto& root = folder.path();
        recording out;
        {
            auto vault = start(root).value();
            vault.ensure_environment("prod").value();
            vault.put(env, "TOKEN", "0").value();
        }
        out.before = files_of(root);
        auto vault = start(root).value();
        vault.resolver().at(env).value();
        auto reader = start(root).value();
        std::string was_read;
        file_recorder::no_file_sync = !file_syncs;
        file_recorder::no_folder_sync = !folder_syncs;
        file_recorder::events.clear();
        file_recorder::root = root.string();
        for (int n = 1; n <= 3; ++n) {
            if (is_read && n == 2)
                file_recorder::before_folder_sync = [&] {
                    was_read = plain(reader.resolver().get(env, "TOKEN"));
                };
            vault.put(env, "TOKEN", std::to_string(n)).value();
            file_recorder::note(std::to_string(n)); // acknowledged
        }
        out.events = std::exchange(file_recorder::events, {});
        for (auto& e : out.events)
            for (auto* path : {&e.path, &e.other})
                if (path->starts_with(file_recorder::root))
                    *path = path->substr(file_recorder::root.size());
        file_recorder::root.clear();
        file_recorder::no_file_sync = file_recorder::no_folder_sync = false;
        CHECK(was_read == (is_read ? "2" : ""));
        return out;
    }
};

/// A change as it hits the disk: of the bytes of an inode, or of the names in a folder.
struct change {
    file_event event{};
    std::size_t inode = 0;
    bool durable = false;
};

/// The disk at one moment: what is certain, what may be missing, and what was acknowledged.
class moment {
public:
    moment(const recording& of, std::size_t events) : before_(of.before) {
        std::map<std::string, std::size_t> inodes;
        for (const auto& [path, content] : before_)
            inodes[path] = next_++;
        for (std::size_t i = 0; i < events; ++i)
            take(of.events[i], inodes);
        for (std::size_t i = 0; i < changes_.size(); ++i)
            if (!changes_[i].durable) open_.push_back(i);
        while (open_.size() > most_open)
            open_.erase(open_.begin());
    }
    auto acknowledged() const -> int { return acknowledged_; }

    /// Calls f(files) for every subset of what may be missing, whole and with the last write torn.
    template <class F>
    void each_state(F&& f) const {
        for (std::size_t without = 0; without < std::size_t{1} << open_.size(); ++without) {
            std::set<std::size_t> gone;
            for (std::size_t b = 0; b < open_.size(); ++b)
                if ((without >> b & 1U) != 0) gone.insert(open_[b]);
            for (const bool torn : {false, true})
                f(state(gone, torn));
        }
    }

private:
    static constexpr std::size_t most_open = 10;

    void take(const file_event& e, std::map<std::string, std::size_t>& inodes) {
        switch (e.what) {
        case kind::note: acknowledged_ = std::stoi(e.other); return;
        case kind::create: inodes[e.path] = next_++; break;
        case kind::rename: {
            changes_.push_back({e, inodes.at(e.path), false});
            inodes[e.other] = inodes.at(e.path);
            inodes.erase(e.path);
            return;
        }
        case kind::unlink:
            changes_.push_back({e, inodes.at(e.path), false});
            inodes.erase(e.path);
            return;
        case kind::sync: sync(e.path, inodes); return;
        default: break;
        }
        changes_.push_back({e, inodes.at(e.path), false});
    }
    /// An fsync makes the bytes of a file durable, or the names in a folder.
    void sync(const std::string& path, const std::map<std::string, std::size_t>& inodes) {
        const auto file = inodes.find(path);
        for (auto& c : changes_) {
            const bool bytes = c.event.what == kind::write || c.event.what == kind::truncate;
            if (file != inodes.end())
                c.durable = c.durable || (bytes && c.inode == file->second);
            else
                c.durable = c.durable || (!bytes && fs::path(c.event.path).parent_path() == path);
        }
    }
    auto state(const std::set<std::size_t>& gone, bool torn) const -> files {
        std::map<std::string, std::size_t> names;
        std::map<std::size_t, std::string> data;
        std::size_t inode = 0;
        for (const auto& [path, content] : before_) {
            names[path] = inode;
            data[inode++] = content;
        }
        std::size_t last_write = changes_.size();
        for (std::size_t i = 0; i < changes_.size(); ++i)
            if (changes_[i].event.what == kind::write && !changes_[i].durable && !gone.contains(i))
                last_write = i;
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            if (gone.contains(i)) continue;
            const auto& [e, at, durable] = changes_[i];
            auto& bytes = data[at];
            switch (e.what) {
            case kind::create: names[e.path] = at; break;
            case kind::truncate: bytes.clear(); break;
            case kind::write: {
                const auto size = torn && i == last_write ? e.other.size() / 2 : e.other.size();
                if (bytes.size() < e.offset + size) bytes.resize(e.offset + size);
                bytes.replace(e.offset, size, e.other, 0, size);
                break;
            }
            case kind::rename:
                names.erase(e.path);
                names[e.other] = at;
                break;
            case kind::unlink: names.erase(e.path); break;
            default: break;
            }
        }
        files out;
        for (const auto& [path, at] : names)
            out[path] = data[at];
        return out;
    }

    files before_;
    std::size_t next_ = 0;
    std::vector<change> changes_{};
    std::vector<std::size_t> open_{};
    int acknowledged_ = 0;
};

struct findings {
    std::size_t states = 0;
    std::size_t lost = 0;    ///< Something acknowledged is not there.
    std::size_t refused = 0; ///< The next start fails, or reads nothing.
};

/// Starts anew from every state that a power cut may leave.
auto cut_everywhere(const recording& of) -> findings {
    findings out;
    std::set<std::pair<files, int>> seen;
    const auto folder = temporary_folder::in_memory();
    for (std::size_t events = 0; events <= of.events.size(); ++events) {
        const moment now(of, events);
        now.each_state([&](const files& state) {
            if (!seen.emplace(state, now.acknowledged()).second) return;
            ++out.states;
            make_files(folder.path(), state);
            auto vault = start(folder.path());
            const auto got =
                vault ? plain(vault->resolver().get(env, "TOKEN")) : std::string("closed");
            if (got.empty() || got.find_first_not_of("0123") != got.npos)
                ++out.refused;
            else if (std::stoi(got) < now.acknowledged())
                ++out.lost;
        });
    }
    return out;
}

} // namespace

TEST_CASE("whatever a power cut leaves, the next start shows all that was acknowledged") {
    const auto of = recording::make(true, true);
    const auto found = cut_everywhere(of);
    CAPTURE(of.events.size(), found.states);
    CHECK(found.states > 20);
    CHECK(found.lost == 0);
    CHECK(found.refused == 0);
}

TEST_CASE("who reads what a writer has yet to make durable can still read after a power cut") {
    const auto of = recording::make(true, true, true);
    const auto found = cut_everywhere(of);
    CAPTURE(of.events.size(), found.states);
    CHECK(found.lost == 0);
    CHECK(found.refused == 0); // rolled_back, were the reader's anchor ahead of the store
}

TEST_CASE("the same finds a store that leaves out its fsyncs") {
    SECTION("of files: what is renamed into place may be empty") {
        const auto found = cut_everywhere(recording::make(false, true));
        CAPTURE(found.states, found.lost);
        CHECK(found.refused > 0);
    }
    SECTION("of folders: what was acknowledged may be gone") {
        const auto found = cut_everywhere(recording::make(true, false));
        CAPTURE(found.states, found.refused);
        CHECK(found.lost + found.refused > 0);
    }
}
