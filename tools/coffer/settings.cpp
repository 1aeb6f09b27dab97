// SPDX-License-Identifier: BSL-1.0
#include "settings.hpp"

#include "problem.hpp"
#include "text.hpp"

#include <coffer/posix/file_descriptor.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace command {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

/// Where a setting may stand.
struct source_of {
    std::string_view name;
    const char* variable;
    bool in_folder_file; ///< Somebody else's file may say it.
};
constexpr std::array<source_of, 13> sources{{
    {"server", "COFFER_SERVER", true},
    {"token-file", "COFFER_TOKEN_FILE", false},
    {"ca", "COFFER_CA", false},
    {"store", "COFFER_STORE", true},
    {"keys", "COFFER_KEYS", false},
    {"anchor", "COFFER_ANCHOR", false},
    {"realm", "COFFER_REALM", true},
    {"env", "COFFER_ENV", true},
    {"space", "COFFER_SPACE", true},
    {"actor", "COFFER_ACTOR", true},
    {"profile", "COFFER_PROFILE", false},
    {"max-stale", "COFFER_MAX_STALE", true},
    {"author", "COFFER_AUTHOR", false},
}};

auto variable(const char* name) -> std::optional<std::string> {
    const char* const text = std::getenv(name);
    return text == nullptr || *text == 0 ? std::nullopt : std::optional<std::string>(text);
}

auto user() -> const passwd* {
    return ::getpwuid(::getuid());
}

auto member_name(std::string_view setting_name) -> std::string {
    std::string out(setting_name);
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

} // namespace

/// A settings file; empty where there is none.
struct settings::file_read {
    file_read(fs::path where, bool users) : file(std::move(where)), is_users(users) {
        const coffer::posix::file_descriptor opened(
            file.empty() ? -1 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
        if (!opened && (file.empty() || errno == ENOENT || errno == ENOTDIR)) return;
        const auto shown = printable(file.string());
        struct stat s {};
        if (!opened || ::fstat(opened.get(), &s) != 0) refuse("can't read " + shown);
        if (!S_ISREG(s.st_mode)) refuse(shown + " is no file");
        const auto text = coffer::posix::read_all(opened, std::size_t{1} << 20);
        if (!text) refuse("can't read " + shown);
        json::error_code wrong;
        auto parsed =
            json::parse({reinterpret_cast<const char*>(text->data()), text->size()}, wrong);
        if (wrong || !parsed.is_object()) refuse(shown + " is not a JSON object");
        object = std::move(parsed.as_object());
    }
    fs::path file;
    bool is_users;
    json::object object{};
};

auto config_folder() -> fs::path {
    if (const auto xdg = variable("XDG_CONFIG_HOME"); xdg && xdg->front() == '/')
        return fs::path(*xdg) / "coffer";
    if (const auto home = variable("HOME")) return fs::path(*home) / ".config/coffer";
    const auto* const me = user();
    return fs::path(me == nullptr ? "/" : me->pw_dir) / ".config/coffer";
}

auto folder_file() -> std::optional<fs::path> {
    std::error_code wrong;
    for (auto at = fs::current_path(wrong); !wrong; at = at.parent_path()) {
        if (auto file = at / "coffer.json"; fs::exists(file, wrong)) return file;
        if (fs::exists(at / ".git", wrong) || at == at.root_path()) break;
    }
    return std::nullopt;
}

auto absolute_place(const setting& s) -> std::string {
    const auto colon = s.value.find(':');
    const auto scheme = s.value.substr(0, colon);
    if (colon == s.value.npos || (scheme != "file" && scheme != "passphrase")) return s.value;
    auto path = s.value.substr(colon + 1);
    if (path.empty()) return s.value; // not this folder: nothing is named
    return scheme + ":" + path_of({.value = std::move(path), .base = s.base}).string();
}

auto path_of(const setting& s) -> fs::path {
    const bool of_home = s.value.starts_with("~/");
    const auto path =
        of_home ? fs::path(variable("HOME").value_or("/")) / s.value.substr(2) : s.base / s.value;
    return path.lexically_normal();
}

auto settings::names() -> const std::vector<std::string_view>& {
    static const auto all = [] {
        std::vector<std::string_view> out;
        for (const auto& s : sources)
            out.push_back(s.name);
        return out;
    }();
    return all;
}

settings::settings(const invocation& in) {
    read_flags(in);
    read_variables();
    read_files();
}

auto settings::of_files() -> settings {
    settings out;
    out.read_files();
    return out;
}

void settings::read_files() {
    const bool chosen = find("profile") != nullptr;
    const file_read users(config_folder() / "config.json", true);
    const file_read folders(folder_file().value_or(""), false);
    if (const auto* named = users.object.if_contains("profile");
        named != nullptr && named->is_string())
        put("profile", {std::string(named->as_string()),
                        printable(users.file.string()),
                        {},
                        said_by::user_file});
    // A profile that was asked for by name says more than what holds in a folder.
    if (chosen) {
        read_profile(folders);
        read_profile(users);
        read_members(folders, folders.object, {});
        read_members(users, users.object, {});
    } else {
        for (const auto* file : {&folders, &users}) {
            read_profile(*file);
            read_members(*file, file->object, {});
        }
    }
    if (const auto* profile = find("profile"); profile != nullptr && !profile_found_)
        refuse("no file has the profile " + printable(profile->value) + " (from " + profile->from +
               ")");
    put("keys", {"file:" + (config_folder() / "keys/keyring.json").string(),
                 "default",
                 {},
                 said_by::nobody});
    put("max-stale", {"5m", "default", {}, said_by::nobody});
    keep_own_max_stale();
    const auto* const me = user();
    put("author",
        {me == nullptr ? std::to_string(::getuid()) : me->pw_name, "default", {}, said_by::nobody});
}

void settings::put(std::string_view name, setting s) {
    if (name == "max-stale" && s.who > said_by::folder_file && !own_max_stale_) own_max_stale_ = s;
    found_.try_emplace(std::string(name), std::move(s));
}

/// Somebody else's file may not make older answers good enough than the user wants.
void settings::keep_own_max_stale() {
    auto& holds = found_.find("max-stale")->second;
    const auto theirs = parse_duration(holds.value);
    const auto own = parse_duration(own_max_stale_->value);
    if (holds.who == said_by::folder_file && theirs && (!own || *theirs > *own))
        holds = *own_max_stale_;
}

void settings::read_flags(const invocation& in) {
    std::error_code ignored;
    for (const auto& s : sources)
        if (auto text = in.text(s.name))
            put(s.name, {*std::move(text), "--" + std::string(s.name), fs::current_path(ignored),
                         said_by::flag});
}

void settings::read_variables() {
    std::error_code ignored;
    for (const auto& s : sources)
        if (auto text = variable(s.variable))
            put(s.name,
                {*std::move(text), s.variable, fs::current_path(ignored), said_by::variable});
}

void settings::read_profile(const file_read& from) {
    const auto* const profile = find("profile");
    const auto* const all = from.object.if_contains("profiles");
    if (all == nullptr) return;
    if (!all->is_object()) refuse(printable(from.file.string()) + ": profiles is not an object");
    const auto* const mine =
        profile == nullptr ? nullptr : all->as_object().if_contains(profile->value);
    if (mine == nullptr) return;
    if (!mine->is_object()) refuse(printable(from.file.string()) + ": a profile is not an object");
    profile_found_ = true;
    read_members(from, mine->as_object(), profile->value);
}

void settings::read_members(const file_read& from, const json::object& object,
                            std::string_view profile) {
    const auto shown = printable(from.file.string());
    for (const auto& member : object) {
        const std::string key(member.key());
        if (key == "profiles" && profile.empty()) continue;
        const auto at = std::find_if(sources.begin(), sources.end(),
                                     [&](const auto& s) { return member_name(s.name) == key; });
        if (!from.is_users && (at == sources.end() || !at->in_folder_file))
            refuse(
                shown + " may not say \"" + printable(key) +
                "\": a folder's file names store, realm, env, space, actor, server, max_stale and "
                "profiles, never keys, tokens, authorities or programs; "
                "those belong into " +
                printable((config_folder() / "config.json").string()));
        if (at == sources.end()) refuse(shown + ": unknown member \"" + printable(key) + "\"");
        if (!member.value().is_string()) refuse(shown + ": \"" + key + "\" is not a text");
        auto told = profile.empty() ? shown : shown + ", profile " + printable(profile);
        put(at->name,
            {std::string(member.value().as_string()), std::move(told), from.file.parent_path(),
             from.is_users ? said_by::user_file : said_by::folder_file});
    }
}

auto settings::find(std::string_view name) const -> const setting* {
    const auto at = found_.find(name);
    return at == found_.end() ? nullptr : &at->second;
}

auto settings::text(std::string_view name) const -> std::string {
    const auto* const s = find(name);
    return s == nullptr ? std::string() : s->value;
}

auto settings::max_stale() const -> std::uint64_t {
    const auto time = parse_duration(text("max-stale"));
    if (!time) refuse("--max-stale takes a time like 5m, 90s or 0");
    return *time;
}

} // namespace command
