// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_METADATA_HPP
#define COFFER_HTTP_METADATA_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/detail/audit_line.hpp>
#include <coffer/http/times.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a member of an environment's or a space's metadata must be.
enum class member_kind : unsigned char { text, boolean, number, object, texts, logins, anything };

inline auto is_of(const boost::json::value& v, member_kind kind) -> bool {
    const auto all = [&](auto&& fits) {
        return v.is_array() && std::ranges::all_of(v.get_array(), fits);
    };
    switch (kind) {
    case member_kind::text: return v.is_string();
    case member_kind::boolean: return v.is_bool();
    case member_kind::number: return v.is_number();
    case member_kind::object: return v.is_object();
    case member_kind::texts: return all([](const auto& one) { return one.is_string(); });
    case member_kind::logins:
        return all([](const auto& one) {
            return one.is_string() &&
                   (one.get_string() == "shared_link" || one.get_string() == "magic_link");
        });
    case member_kind::anything: return true;
    }
    return false;
}

struct member_rule {
    std::string_view name;
    member_kind kind;
};

/// The metadata of an environment or a space (the JSON object that the vault keeps of it): members
/// are changed one by one, and those that nobody here knows stay as they were written.
class metadata {
public:
    explicit metadata(std::string_view text) {
        if (!json_document::read(text)) return;
        const raw_members read(text);
        for (const auto& [name, value] : read.all())
            members_.emplace_back(name, value);
    }

    /// A member's text as JSON; empty if there is none.
    auto find(std::string_view name) const noexcept -> std::string_view {
        for (const auto& m : members_)
            if (m.first == name) return m.second;
        return {};
    }
    /// The text of a member that is a string, a number of milliseconds, or true.
    auto text(std::string_view name) const -> std::string {
        const auto value = read(name);
        return value.is_string() ? std::string(view_of(value.get_string())) : std::string();
    }
    auto number(std::string_view name) const -> std::uint64_t {
        const auto value = read(name);
        return value.is_int64() && value.get_int64() > 0
                   ? static_cast<std::uint64_t>(value.get_int64())
                   : 0;
    }
    auto flag(std::string_view name) const -> bool { return find(name) == "true"; }

    /// Names and texts of all members.
    auto members() const noexcept -> const std::vector<std::pair<std::string, std::string>>& {
        return members_;
    }

    void set(std::string_view name, std::string_view json) {
        for (auto& m : members_)
            if (m.first == name) {
                m.second = json;
                return;
            }
        members_.emplace_back(name, json);
    }
    void set_text(std::string_view name, std::string_view value) {
        wiped_text json;
        json_writer(json).text(value);
        set(name, json);
    }
    /// Takes over the members of a body that a rule names. Throws 400 for one of another kind.
    void take(call& c, std::span<const member_rule> rules) {
        const raw_members sent(c.members());
        for (const auto& [name, kind] : rules) {
            const auto* value = c.member(name);
            if (value == nullptr) continue;
            if (!is_of(*value, kind)) throw bad_request(name, "this is not of the kind it must be");
            set(name, sent.find(name));
        }
    }
    /// Writes the members that a rule names and that are of its kind.
    void show(json_writer& w, std::span<const member_rule> rules) const {
        for (const auto& [name, kind] : rules)
            if (const auto json = find(name); !json.empty() && is_of(read(name), kind))
                w.key(name).raw(json);
    }
    auto has(const member_rule& rule) const -> bool {
        return !find(rule.name).empty() && is_of(read(rule.name), rule.kind);
    }
    auto to_text() const -> std::string {
        wiped_text out;
        json_writer w(out);
        w.begin_object();
        for (const auto& [name, json] : members_)
            w.key(name).raw(json);
        w.end_object();
        return std::string(out);
    }

private:
    auto read(std::string_view name) const -> boost::json::value {
        const auto json = find(name);
        boost::json::error_code wrong;
        boost::json::parse_options how;
        how.max_depth = json_document::deepest;
        boost::json::parser parser({}, how);
        if (json.empty()) return nullptr;
        parser.write(json.data(), json.size(), wrong);
        return wrong ? boost::json::value() : parser.release();
    }

    std::vector<std::pair<std::string, std::string>> members_{};
};

/// Whether an environment's metadata lets its values be revealed: `"reveal":"allowed"` or
/// `"never"`; where it says nothing, not if it is PROD.
inline auto may_be_revealed(const metadata& environment) -> bool {
    const auto said = environment.text("reveal");
    return said.empty() ? !environment.flag("isProd") : said == "allowed";
}

/// What the audit log says of a change of an environment: each member that is another one, of its
/// name and of whether it is PROD how they were and are, and the same of what that and `reveal`
/// come to for who wants to see values. Without `was`, of a change that is asked for.
inline auto change_details(const metadata& is, const metadata* was = nullptr) -> std::string {
    wiped_text out;
    json_writer w(out);
    const auto told = [](const metadata& of, std::string_view name) {
        if (name == "reveal") return std::string(may_be_revealed(of) ? "allowed" : "never");
        const auto text = name == "name" ? of.text(name) : std::string(of.find(name));
        return detail::audit_text(text, 256);
    };
    const auto write = [&](std::string_view name, bool values) {
        w.begin_object().member("member", name);
        if (values && was != nullptr) w.member_if("was", told(*was, name));
        if (values) w.member_if("now", told(is, name));
        w.end_object();
    };
    const auto differs = [&](std::string_view name) {
        return is.find(name) != (was != nullptr ? was->find(name) : std::string_view());
    };
    w.begin_object().key("changed").begin_list();
    for (const auto& [name, json] : is.members())
        if (name != "createdAt" && name != "reveal" && differs(name))
            write(name, name == "name" || name == "isProd");
    if (differs("reveal") || (was != nullptr && may_be_revealed(*was) != may_be_revealed(is)))
        write("reveal", true);
    w.end_list().end_object();
    return std::string(out);
}

/// One page of rows.
struct page {
    std::size_t first = 0;
    std::size_t last = 0; ///< One behind.
    std::uint64_t number = 1;
    std::uint64_t pages = 0;
    std::uint64_t rows = 0;

    /// `pageSize` and `pageNumber` of a query. Throws 400.
    struct wanted {
        std::uint64_t size = 10;
        std::uint64_t number = 1;
        explicit wanted(const call& c, std::uint64_t usual = 10)
            : size(c.number("pageSize", usual)), number(c.number("pageNumber", 1)) {}
    };
    page(const wanted& w, std::size_t total)
        : number(w.number), pages(total / w.size + (total % w.size != 0 ? 1 : 0)), rows(total) {
        first = w.number - 1 > total / w.size ? total : (w.number - 1) * w.size;
        last = first + std::min<std::size_t>(total - first, w.size);
    }
    void show(json_writer& w) const {
        w.key("pagination").begin_object().member("currentPage", number);
        w.member("pageCount", pages).member("totalCount", rows).end_object();
    }
};

/// In the order in which they were made.
struct listed_place {
    std::string environment{};
    place_facts place{};
    metadata meta;
    std::uint64_t created = 0;

    listed_place(std::string_view in_environment, const place_facts& facts)
        : environment(in_environment), place(facts), meta(facts.metadata),
          created(meta.number("createdAt")) {
        if (created == 0) created = place.at;
    }
    friend auto operator<(const listed_place& a, const listed_place& b) noexcept -> bool {
        return a.created != b.created ? a.created < b.created : a.place.id < b.place.id;
    }
};

/// Makes a space that is described so, and from now on. Throws as need_made.
inline void create_described_space(call& c, const scope& where, metadata meta) {
    const auto now = std::to_string(c.parts.making_time());
    meta.set("createdAt", now);
    meta.set("updatedAt", now);
    need_made(c.vault().create_space(where.view(), c.described(where, 1, meta.to_text())));
    c.record.where = where;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
