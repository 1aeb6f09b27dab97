// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/detail/base64.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/keyring/wiping_resource.hpp>
#include <coffer/posix/atomic_file.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <filesystem>

namespace command {

using coffer::errc;

namespace {

/// A device, a pipe or a link would be replaced by a file, and what stands behind it never hears
/// of the value.
void require_plain(const std::string& file) {
    if (file.empty()) refuse("-o names no file");
    std::error_code wrong;
    const auto there = std::filesystem::symlink_status(file, wrong);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
        refuse(printable(file) + " is no plain file, and -o would replace it: write to stdout "
                                 "instead, coffer get NAME > FILE");
}

void write_file(const std::string& file, const coffer::secret& value) {
    const auto done = coffer::posix::replace_file(file, coffer::as_bytes(value.expose_secret()));
    if (!done)
        throw problem(done.error().code == errc::not_found ? errc::unavailable : done.error().code,
                      "can't write " + printable(file) + cause_words(done.error().cause));
    if (!done->durable)
        throw problem(errc::unavailable, printable(file) + " may not be on disk yet");
}

void write_json(session& s, const place& at, const std::string& name, const coffer::secret& value,
                const coffer::explanation& e) {
    coffer::keyring::wiping_resource memory;
    const boost::json::storage_ptr storage(&memory);
    boost::json::object out(place_json(at, name), storage);
    const auto bytes = value.expose_secret();
    if (coffer::format::is_utf8(bytes)) {
        out["value"].emplace_string().assign(bytes.data(), bytes.size());
    } else {
        const auto text = coffer::detail::base64_text(coffer::as_bytes(bytes));
        out["base64"].emplace_string().assign(text.data(), text.size());
    }
    for (auto& member : entry_json(e))
        if (member.key() == "state" || member.key() == "from" || member.key() == "setAt")
            out.insert_or_assign(member.key(), member.value());
    out["version"] = value.version() != 0 ? value.version() : s.in.number("version").value_or(0);
    if (s.in.has("version")) out.erase("setAt"); // of another version
    add_freshness(out, s.seen());
    put_json(boost::json::value(std::move(out), storage));
}

/// A version of the scope's own. One that has expired is not given, as a server does not give it.
auto own_version(session& s, const place& at, const std::string& name, std::uint64_t version)
    -> coffer::result<coffer::secret> {
    if (!s.is_remote()) {
        const auto kept = s.vault()->history(at.where(), name);
        if (!kept) return kept.error();
        for (const auto& v : *kept)
            if (v.version == version && v.expires != 0 && v.expires <= now_ms())
                return errc::expired;
    }
    return s.vault()->get_version(at.where(), name, version);
}

auto read(session& s, const place& at, const std::string& name) -> coffer::secret {
    const auto version = s.in.number("version");
    auto value =
        version ? own_version(s, at, name, *version) : s.vault()->resolver().get(at.where(), name);
    if (value) {
        if (!version) s.saw(value->fresh());
        return *std::move(value);
    }
    if (version && value.error().code == errc::not_found)
        throw problem(errc::not_found,
                      printable(name) + " in " + at.text() + " has no value at v" +
                          std::to_string(*version) + " (see coffer history)",
                      at.where(), name);
    if (version && value.error().code == errc::expired)
        throw problem(errc::expired,
                      "v" + std::to_string(*version) + " of " + printable(name) + " in " +
                          at.text() + " has expired (see coffer history)",
                      at.where(), name);
    refuse_read(s, at, name, value.error());
}

auto run_get(session& s) -> int {
    const auto& name = s.in.arguments.front();
    const auto file = s.in.text("output");
    if (!file && stdout_is_terminal() && !s.in.has("show"))
        refuse("a secret would be written to your terminal; pipe it, use -o FILE, or say --show");
    if (file) require_plain(*file);
    const auto at = s.here();
    const auto value = read(s, at, name);
    if (file && !s.confirm_change({}, "Writes " + printable(name) + " of " + at.text() + " to " +
                                          printable(*file) + ", mode 0600."))
        return 0;
    if (file) {
        write_file(*file, value);
        s.hint(printable(name) + " was written to " + printable(*file) + ", mode 0600");
    } else if (s.json()) {
        const auto told = need(s.vault()->resolver().explain(at.where(), name), at.where(), name);
        s.saw(told.fresh);
        write_json(s, at, name, value, told);
    } else {
        put(value.expose_secret());
        if (stdout_is_terminal()) put("\n");
    }
    return 0;
}

} // namespace

auto get_verb() -> verb {
    return {
        .name = "get",
        .arguments = "NAME",
        .least = 1,
        .most = 1,
        .offers = completes::names,
        .summary = "the value, bytes as they are",
        .details = "Refuses to write to a terminal unless --show is given.",
        .options = {{"--version", takes::value, "N",
                     "an older value of this scope's own, unless it has expired"},
                    {"--show", takes::nothing, {}, "also on a terminal"},
                    {"-o,--output", takes::value, "FILE",
                     "into a plain file of mode 0600, replaced as a whole"}},
        .run = run_get,
        .scopes = scope_options::all,
    };
}

} // namespace command
