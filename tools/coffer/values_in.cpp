// SPDX-License-Identifier: BSL-1.0
#include "values_in.hpp"

#include "problem.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/names.hpp>
#include <coffer/posix/file_descriptor.hpp>

namespace command {

using coffer::errc;
using coffer::wiped_bytes;

namespace {

auto read_limited(const coffer::posix::file_descriptor& from, std::size_t most,
                  const std::string& what) -> wiped_bytes {
    auto all = coffer::posix::read_all<wiped_bytes>(from, most);
    if (all) return *std::move(all);
    if (all.error().code == errc::too_large)
        throw problem(errc::too_large,
                      what + " holds more than " + std::to_string(most / 1024) + " KiB");
    throw problem(errc::unavailable, "can't read " + what);
}

/// `echo` adds a newline that nobody meant.
void drop_newline(session& s, wiped_bytes& value) {
    if (s.in.has("exact") || value.empty() || value.back() != std::byte{'\n'}) return;
    value.pop_back();
    s.notice("one final newline was dropped (--exact keeps it)");
}

auto prompted(const std::string& name) -> wiped_bytes {
    auto value = ask_unseen("Value of " + printable(name) + " (not shown): ",
                            ": such a value comes by --file or a pipe");
    if (!value) throw problem(errc::cancelled, "nothing was written");
    return *std::move(value);
}

auto value_of(session& s, const std::string& name) -> wiped_bytes {
    if (const auto length = s.in.text("generate")) {
        const auto n = *length == "true" ? std::optional<std::uint64_t>(32) : parse_number(*length);
        if (!n || *n < 16 || *n > 1024) refuse("--generate makes 16 to 1024 characters");
        return generate(*n);
    }
    if (const auto file = s.in.text("file")) return read_file(*file, coffer::limits::value_bytes);
    if (stdin_is_terminal()) {
        if (s.in.has("no-input"))
            refuse("with --no-input the value comes from stdin, --file or --generate");
        return prompted(name);
    }
    auto value = read_stdin(coffer::limits::value_bytes + 1);
    drop_newline(s, value);
    return value;
}

} // namespace

auto read_stdin(std::size_t most) -> wiped_bytes {
    const coffer::posix::file_descriptor in(::dup(STDIN_FILENO));
    if (!in) refuse("stdin is closed");
    return read_limited(in, most, "stdin");
}

auto read_file(const std::string& path, std::size_t most) -> wiped_bytes {
    const coffer::posix::file_descriptor in(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!in)
        throw problem(errc::invalid_argument, "can't open the file " + printable(path) + " (" +
                                                  std::generic_category().message(errno) + ")");
    struct stat s {};
    if (::fstat(in.get(), &s) == 0 && S_ISDIR(s.st_mode)) refuse(printable(path) + " is a folder");
    return read_limited(in, most, "the file " + printable(path));
}

auto generate(std::size_t length) -> wiped_bytes {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    wiped_bytes out(length);
    need(coffer::cryptopp::aes_256_gcm{}.random(out));
    for (auto& b : out)
        b = static_cast<std::byte>(
            letters[std::to_integer<std::size_t>(b) % letters.size()]); // 64 of 256: even
    return out;
}

auto random_hex(std::size_t bytes) -> std::string {
    coffer::bytes out(bytes);
    need(coffer::cryptopp::aes_256_gcm{}.random(out));
    return coffer::format::to_hex(out);
}

auto values_of_names(session& s) -> std::vector<coffer::named_value> {
    const auto& names = s.in.arguments;
    if (s.in.has("generate") && s.in.has("file")) refuse("say --generate or --file, not both");
    if (names.size() > 1 && !s.in.has("generate")) {
        if (s.in.has("file")) refuse("--file gives one value: name one secret");
        if (!stdin_is_terminal())
            refuse("stdin gives one value: name one secret, or use coffer import");
    }
    std::vector<coffer::named_value> out;
    for (const auto& name : names) {
        auto value = value_of(s, name);
        if (value.empty())
            refuse("the value of " + printable(name) + " is empty: Coffer keeps no empty values");
        if (value.size() > coffer::limits::value_bytes)
            throw problem(errc::too_large, "the value of " + printable(name) + " is over 64 KiB");
        out.push_back({name, std::move(value)});
    }
    return out;
}

} // namespace command
