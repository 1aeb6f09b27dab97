// SPDX-License-Identifier: BSL-1.0
// Writes tree.json and negatives.json of the project's own format vectors into the folder given.
// Deterministic: a test runs it and compares.
#include "tree_writer.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <iostream>

namespace {

using namespace vectors;
namespace json = boost::json;
using format::entry_state;

auto version(std::uint64_t number, std::string value, std::uint32_t dek, std::uint64_t expires = 0)
    -> written_version {
    return {{number, entry_state::value, 1'700'000'000'000 + number, expires, "tok_admin", {}},
            std::move(value),
            dek};
}
auto without_value(std::uint64_t number, entry_state state) -> written_version {
    return {{number, state, 1'700'000'000'000 + number, 0, "tok_admin", {}}, {}, 1};
}
auto entry(format::entry_key key, std::vector<written_version> versions, std::string note = {})
    -> written_entry {
    const auto id = cryptopp::aes_256_gcm{}.sha256(
        as_bytes("vector id " + key.space + "/" + key.actor + "/" + key.name));
    written_entry out{{std::move(key), {}, std::move(note), {}}, std::move(versions)};
    std::copy_n(id.begin(), 16, out.entry.id.begin());
    return out;
}

/// All four kinds of scope; hidden, deleted and expiring names; names, an actor and a value outside
/// ASCII; a value of several padding classes. DEK 1 sealed a part of it, DEK 2 the rest.
auto rotating(std::uint8_t cipher) -> plan {
    plan p;
    p.deks = {1, cipher};
    p.generation = 70;
    p.root_dek = 2;
    p.page_deks = {{0, 1}, {1, 2}, {2, 1}};
    p.entries = {
        entry({{}, {}, {}}, {version(1, R"({"name":"Production","isProd":true})", 1)}),
        entry({{}, {}, "DB_URL"}, {version(1, "postgres://db.example/app", 1)}, "main database"),
        entry({{}, {}, "OLD_KEY"}, {without_value(3, entry_state::deleted),
                                    version(2, "gone but kept", 2), version(1, "first", 1)}),
        entry({{}, {}, "SLACK_TOKEN"},
              {version(2, "xoxb-default-2", 2), version(1, "xoxb-default-1", 1)}),
        entry({{}, {}, "пароль"}, {version(1, "пароль-值-🔑", 2)}, "не ASCII"),
        entry({{}, "us_usr_7", "PIN"}, {version(1, "0000", 1)}),
        entry({"us_sp_1", {}, {}}, {version(1, R"({"name":"Acme"})", 2)}),
        entry({"us_sp_1", {}, "DB_URL"}, {without_value(1, entry_state::hidden)}),
        entry({"us_sp_1", {}, "SLACK_TOKEN"}, {version(5, "xoxb-acme", 2, 1'710'000'000'000)}),
        entry({"us_sp_1", {}, "emoji 🔑 name"}, {version(1, "\r\n" + std::string(700, 'v'), 1)}),
        entry({"us_sp_1", "ключ", "PIN"}, {version(1, "1", 2)}),
        entry({"us_sp_2", {}, {}}, {version(1, "{}", 1)}),
    };
    p.cuts = {4, 9};
    return p;
}

auto to_json(const std::map<std::string, bytes>& store) -> json::object {
    json::object out;
    for (const auto& [key, data] : store)
        out[key] = format::to_hex(data);
    return out;
}
auto to_json(const written_entry& w) -> json::object {
    json::array versions;
    for (const auto& v : w.versions) {
        json::object one{{"number", v.version.number},
                         {"kind", static_cast<unsigned>(v.version.state)},
                         {"at", v.version.at},
                         {"expires", v.version.expires},
                         {"author", v.version.author}};
        if (v.version.state == entry_state::value) one["value"] = v.value;
        versions.push_back(std::move(one));
    }
    const auto& e = w.entry;
    return {{"space", e.key.space}, {"actor", e.key.actor},
            {"name", e.key.name},   {"id", format::to_hex(e.id)},
            {"note", e.note},       {"versions", std::move(versions)}};
}
auto look_up(const char* space, const char* actor, const char* name, json::value value)
    -> json::object {
    return {{"space", space}, {"actor", actor}, {"name", name}, {"value", std::move(value)}};
}

auto positive(std::uint8_t cipher) -> json::object {
    const auto p = rotating(cipher);
    const tree_writer tree(p);
    json::object derived;
    for (std::uint32_t n = 1; n <= 2; ++n) {
        json::object keys{{"dek", format::to_hex(tree.dek(n))}};
        for (const auto* label : {"commit", "head", "root", "page", "record", "nonce"})
            keys[label] = format::to_hex(tree.subkey(n, label).view());
        derived[std::to_string(n)] = std::move(keys);
    }
    json::array expect;
    for (const auto& w : p.entries)
        expect.push_back(to_json(w));
    const auto mark = tree.head().mark_of();
    return {{"cipher_of_dek_2", cipher},
            {"realm", p.realm},
            {"environment", p.environment},
            {"kek_id", p.kek_id},
            {"kek", format::to_hex(tree.kek())},
            {"derived", std::move(derived)},
            {"store", to_json(tree.store())},
            {"mark", json::object{{"generation", mark.generation},
                                  {"mac16", format::to_hex(mark.mac)},
                                  {"dek", mark.dek}}},
            {"expect", std::move(expect)},
            {"resolve", json::array{look_up("us_sp_1", "", "SLACK_TOKEN", "xoxb-acme"),
                                    look_up("", "", "SLACK_TOKEN", "xoxb-default-2"),
                                    look_up("us_sp_2", "", "SLACK_TOKEN", "xoxb-default-2"),
                                    look_up("us_sp_1", "", "DB_URL", nullptr),
                                    look_up("us_sp_2", "", "DB_URL", "postgres://db.example/app"),
                                    look_up("", "", "OLD_KEY", nullptr),
                                    look_up("us_sp_1", "us_usr_7", "PIN", "0000"),
                                    look_up("us_sp_1", "ключ", "PIN", "1"),
                                    look_up("us_sp_2", "ключ", "PIN", nullptr),
                                    look_up("us_sp_1", "", "PIN", nullptr),
                                    look_up("us_sp_2", "", "пароль", "пароль-值-🔑")}}};
}

/// A small tree of two pages to spoil.
auto small() -> plan {
    plan p;
    p.entries = {entry({{}, {}, {}}, {version(1, "{}", 1)}),
                 entry({{}, {}, "A"}, {version(1, "one", 1)}),
                 entry({{}, {}, "B"}, {version(2, "two", 1), version(1, "was", 1)}),
                 entry({{}, {}, "C"}, {version(1, "three", 1)})};
    p.cuts = {2};
    return p;
}

struct negative {
    const char* name;
    const char* expect;
    std::function<void(plan&)> spoil;
};

auto byte_after(bytes& data) {
    data.push_back(std::byte{0});
}
auto last_of(bytes& data) -> std::byte& {
    return data.back();
}
/// Where a name of one character stands in a page's or root's body: behind its length.
auto at_name(bytes& body, char name) -> std::byte& {
    for (std::size_t i = 2; i < body.size(); ++i)
        if (body[i] == std::byte(name) && body[i - 1] == std::byte{1} &&
            body[i - 2] == std::byte{0})
            return body[i];
    std::abort();
}
auto names_of_pages() -> std::vector<negative> {
    return {
        {"good", "ok", [](plan&) {}},
        {"names out of order", "tampered", [](plan& p) { std::swap(p.entries[2], p.entries[3]); }},
        {"name twice", "tampered", [](plan& p) { p.entries[3] = p.entries[2]; }},
        {"first page does not start at the environment", "tampered",
         [](plan& p) { p.entries.erase(p.entries.begin()), p.cuts = {1}; }},
        {"page starts before its key in the root", "tampered",
         [](plan& p) { p.first_names[1] = "BB"; }},
        {"page starts after its key in the root", "tampered",
         [](plan& p) { p.first_names[1] = "AA"; }},
        {"page reaches into the next", "tampered",
         [](plan& p) {
             p.entries[1] = entry({{}, {}, "BB"}, {version(1, "one", 1)});
         }},
        {"pages in the root out of order", "tampered",
         [](plan& p) {
             p.cuts = {1, 2}, p.first_names = {{1, "B"}, {2, "A"}};
         }},
        {"empty page", "tampered",
         [](plan& p) {
             p.cuts = {2, 2}, p.first_names = {{1, "AA"}};
         }},
        {"trailing byte in a page", "tampered", [](plan& p) { p.page_body[1] = byte_after; }},
        {"page cut short", "tampered",
         [](plan& p) { p.page_body[1] = [](bytes& b) { b.pop_back(); }; }},
        {"trailing byte in the root", "tampered", [](plan& p) { p.root_body = byte_after; }},
        {"no page in the root", "tampered",
         [](plan& p) { p.root_body = [](bytes& b) { b.assign(4, std::byte{0}); }; }},
        {"name is not UTF-8", "tampered",
         [](plan& p) { p.page_body[1] = [](bytes& b) { at_name(b, 'C') = std::byte{0xFF}; }; }},
        {"name is an encoded surrogate", "tampered",
         [](plan& p) { p.entries[3].entry.key.name = "\xED\xA0\x80"; }},
        {"name is overlong UTF-8", "tampered",
         [](plan& p) { p.entries[3].entry.key.name = "\xC1\x81"; }},
        {"secret of a space that is not there", "tampered",
         [](plan& p) {
             p.entries.push_back(entry({"s", {}, "D"}, {version(1, "four", 1)}));
         }},
        {"secret of an actor in a space that is not there", "tampered",
         [](plan& p) {
             p.entries.push_back(entry({"s", "a", "D"}, {version(1, "four", 1)}));
         }},
    };
}
auto versions_and_padding() -> std::vector<negative> {
    const auto spoil = [](format::object_kind kind, change how) {
        return [=](plan& p) { p.plain[kind] = how; };
    };
    const change not_zero = [](bytes& b) { last_of(b) = std::byte{1}; };
    const change longer = [](bytes& b) { b.resize(b.size() + (b.size() < 512 ? 32 : 512)); };
    const change beyond = [](bytes& b) { b[2] = std::byte{0xFF}; };
    using enum format::object_kind;
    return {
        {"version 0", "tampered", [](plan& p) { p.entries[3].versions[0].version.number = 0; }},
        {"versions rising", "tampered",
         [](plan& p) { std::swap(p.entries[2].versions[0], p.entries[2].versions[1]); }},
        {"version twice", "tampered", [](plan& p) { p.entries[2].versions[0].version.number = 1; }},
        {"no version", "tampered", [](plan& p) { p.entries[3].versions.clear(); }},
        {"unknown kind of version", "tampered",
         [](plan& p) { p.entries[3].versions = {without_value(1, static_cast<entry_state>(4))}; }},
        {"padding of a record not zero", "tampered", spoil(record, not_zero)},
        {"padding of a page not zero", "tampered", spoil(page, not_zero)},
        {"padding of the root not zero", "tampered", spoil(root, not_zero)},
        {"padding of a record of another size", "tampered", spoil(record, longer)},
        {"padding of a page of another size", "tampered", spoil(page, longer)},
        {"length of a record beyond the end", "tampered", spoil(record, beyond)},
        {"length of the root beyond the end", "tampered", spoil(root, beyond)},
    };
}
auto heads_and_objects() -> std::vector<negative> {
    const auto fields = [](std::function<void(format::head&)> how) {
        return [=](plan& p) { p.head_fields = how; };
    };
    const auto drop_largest =
        [](std::size_t rank) { // the largest object but `head` is a page or the root
            return [=](plan& p) {
                p.store = [=](std::map<std::string, bytes>& s) {
                    std::vector<std::pair<std::size_t, std::string>> by_size;
                    for (const auto& [key, data] : s)
                        if (key != "head") by_size.emplace_back(data.size(), key);
                    std::sort(by_size.begin(), by_size.end());
                    s.erase(by_size[rank == 0 ? 0 : by_size.size() - rank].second);
                };
            };
        };
    return {
        {"generation 0", "tampered", [](plan& p) { p.generation = 0; }},
        {"trailing byte in the head", "tampered", [](plan& p) { p.head_whole = byte_after; }},
        {"trailing byte before the MAC", "tampered", [](plan& p) { p.head_body = byte_after; }},
        {"MAC of the head changed", "tampered",
         [](plan& p) { p.head_whole = [](bytes& b) { last_of(b) ^= std::byte{1}; }; }},
        {"head of format 2", "unsupported",
         [](plan& p) { p.head_body = [](bytes& b) { b[3] = std::byte{2}; }; }},
        {"head of another magic", "tampered",
         [](plan& p) { p.head_body = [](bytes& b) { b[0] = std::byte{'X'}; }; }},
        {"root of format 2", "unsupported",
         [](plan& p) { p.root_object = [](bytes& b) { b[3] = std::byte{2}; }; }},
        {"root under a DEK that the head does not list", "tampered",
         [](plan& p) { p.root_object = [](bytes& b) { b[7] = std::byte{9}; }; }},
        {"cipher 9", "unsupported", fields([](format::head& h) { h.deks[0].cipher = 9; })},
        {"DEK 0", "tampered", fields([](format::head& h) { h.deks[0].number = 0; })},
        {"same DEK number twice", "tampered",
         fields([](format::head& h) { h.deks.push_back(h.deks[0]); })},
        {"DEKs falling", "tampered",
         fields([](format::head& h) { h.deks.push_back(h.deks[0]), h.deks[0].number = 2; })},
        {"no DEK", "tampered", fields([](format::head& h) { h.deks.clear(); })},
        {"17 DEKs", "tampered", fields([](format::head& h) {
             for (std::uint32_t n = 2; n <= 17; ++n)
                 h.deks.push_back(h.deks[0]), h.deks.back().number = n;
         })},
        {"commitment of another key", "tampered",
         fields([](format::head& h) { h.deks[0].commitment[0] ^= std::byte{1}; })},
        {"wrapped DEK changed", "tampered",
         fields([](format::head& h) { h.deks[0].wrapped[90] ^= std::byte{1}; })},
        {"KEK that the key side does not know", "unknown_key",
         fields([](format::head& h) { h.deks[0].kek_id = "kek-other"; })},
        {"realm of another datastore", "tampered",
         fields([](format::head& h) { h.realm = "test"; })},
        {"another environment's head", "tampered",
         fields([](format::head& h) { h.environment = "us_env_2"; })},
        {"environment removed", "not_found", fields([](format::head& h) { h.root = {}; })},
        {"a page or the root is missing", "tampered", drop_largest(1)},
        {"a record is missing", "tampered", drop_largest(0)},
        {"no object at all", "tampered",
         [](plan& p) {
             p.store = [](std::map<std::string, bytes>& s) {
                 std::erase_if(s, [](const auto& e) { return e.first != "head"; });
             };
         }},
    };
}

/// One line for each element of a list: small diffs.
void write(const std::string& path, const json::object& front, std::string_view list,
           const std::vector<json::object>& rows) {
    std::ofstream out(path, std::ios::binary);
    out << "{\n";
    for (const auto& member : front)
        out << json::serialize(member.key()) << ": " << json::serialize(member.value()) << ",\n";
    out << '"' << list << "\": [\n";
    for (std::size_t i = 0; i < rows.size(); ++i)
        out << json::serialize(rows[i]) << (i + 1 < rows.size() ? ",\n" : "\n");
    out << "]\n}\n";
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: generate FOLDER\n";
        return 2;
    }
    const std::string folder(argv[1]);
    constexpr auto note =
        "Coffer format 1. Every byte string is lower-case hex. Keys here are for tests only.";
    std::vector<json::object> trees;
    for (std::uint8_t cipher = 1; cipher <= 3; ++cipher)
        trees.push_back(positive(cipher));
    write(folder + "/tree.json", {{"note", note}}, "vectors", trees);

    std::vector<json::object> cases;
    for (const auto& list : {names_of_pages(), versions_and_padding(), heads_and_objects()})
        for (const auto& n : list) {
            auto p = small();
            n.spoil(p);
            cases.push_back({{"name", n.name},
                             {"expect", n.expect},
                             {"store", to_json(tree_writer(p).store())}});
        }
    const auto p = small();
    write(folder + "/negatives.json",
          {{"note", note},
           {"realm", p.realm},
           {"environment", p.environment},
           {"kek_id", p.kek_id},
           {"kek", format::to_hex(tree_writer(p).kek())}},
          "cases", cases);
    return 0;
}
