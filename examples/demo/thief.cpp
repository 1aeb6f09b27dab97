// SPDX-License-Identifier: BSL-1.0
// A thief with a copy of the store, who searches it for every value and every name.
#include "demo_vault.hpp"

#include <coffer/file/base64.hpp>

#include <algorithm>
#include <cstdio>
#include <set>

namespace demo {

namespace {

auto hex(std::string_view text, const char* digits) -> std::string {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        (out += digits[byte >> 4]) += digits[byte & 15];
    }
    return out;
}

auto utf16(std::string_view text, bool big_endian) -> std::string {
    std::string out;
    for (const char c : text)
        if (big_endian)
            (out += '\0') += c;
        else
            (out += c) += '\0';
    return out;
}

/// What base64 makes of a text that begins at any of the three places in a group, without the
/// digits at the ends that depend on its neighbours.
auto base64(std::string_view text) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (std::size_t shift = 0; shift < 3; ++shift) {
        const auto padded = std::string(shift, '\0') + std::string(text);
        std::string digits;
        coffer::file::append_base64(digits, coffer::as_bytes(padded));
        const auto from = shift == 0 ? 0 : shift + 1;
        out.push_back(digits.substr(from, padded.size() * 8 / 6 - from));
    }
    return out;
}

auto forms(const std::string& text) -> std::vector<std::string> {
    auto out = base64(text);
    out.insert(out.end(),
               {text, hex(text, "0123456789abcdef"), hex(text, "0123456789ABCDEF"),
                utf16(text, false), utf16(text, true), std::string(text.rbegin(), text.rend())});
    return out;
}

auto count_in(const std::string& haystack, const std::set<std::string>& wanted) -> std::size_t {
    std::size_t found = 0;
    for (const auto& text : wanted)
        for (const auto& form : forms(text))
            found += haystack.find(form) != haystack.npos;
    return found;
}

/// All files of the folder, and once more each object in them, decoded.
auto all_bytes(const place& at, std::size_t& objects, std::size_t& file_bytes) -> std::string {
    std::string out;
    auto store = at.open_store();
    for (const auto& partition : store.partitions().value())
        for (const auto& [key, data] : store.list(partition).value().entries) {
            ++objects;
            out.append(coffer::as_text(data)).append("\n");
        }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(at.store)) {
        out += entry.path().filename().string() + "\n" + read_file(entry.path()) + "\n";
        file_bytes += entry.file_size();
    }
    return out;
}

} // namespace

auto search_copy(const place& at) -> bool {
    std::set<std::string> values;
    for (const auto& [where, answer] : ask(at.open().resolver()))
        if (answer.starts_with("value ")) values.insert(answer.substr(6));
    const std::set<std::string> names(std::begin(all_names), std::end(all_names));
    std::size_t objects = 0;
    std::size_t size = 0;
    const auto haystack = all_bytes(at, objects, size);

    // The thief's tools work: what is planted is found, in every form.
    std::string planted = haystack;
    for (const auto& text : values)
        for (const auto& form : forms(text))
            planted += form + "\n";
    if (count_in(planted, values) != values.size() * forms("x").size()) return false;

    const auto found = count_in(haystack, values) + count_in(haystack, names);
    std::printf(
        "     copies the store (%zu objects, %s bytes), searches for %zu values and %zu names\n"
        "     raw, hex, base64, UTF-16, reversed:   %zu found\n",
        objects, grouped(size).c_str(), values.size(), names.size(), found);
    return found == 0;
}

} // namespace demo
