// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_COMMAND_JSON_MANUAL_HPP
#define COFFER_TESTS_COMMAND_JSON_MANUAL_HPP

#include "sandbox.hpp"
#include "support/catch.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace coffer_test {

/// What the manual says of `--json`, and whether answers are so.
class json_manual {
public:
    using text = std::string_view;

    /// Reads the table of the manual: a name, two blanks or more, the fields.
    explicit json_manual(const std::string& manual) {
        const auto from = manual.find("\n```\n", manual.find("\n## JSON\n")) + 5;
        std::istringstream in(manual.substr(from, manual.find("\n```\n", from) - from));
        for (std::string line; std::getline(in, line);) {
            const auto gap = line.find("  ");
            REQUIRE(gap != line.npos);
            shapes_[line.substr(0, gap)] = line.substr(line.find_first_not_of(' ', gap));
        }
    }

    /// Runs a verb with `--json`, and fails the test unless each line that it writes is as the
    /// manual has it under `row`.
    void check(const sandbox& box, const std::string& row, sandbox::words args, int code = 0,
               text in = {}) {
        args.emplace_back("--json");
        const auto done = box.run(args, in);
        INFO(row << "\n" << done.out << done.err);
        CHECK(done.code == code);
        REQUIRE(shapes_.contains(row));
        REQUIRE(done.out.ends_with('\n'));
        std::istringstream lines(done.out);
        for (std::string line; std::getline(lines, line);) {
            boost::system::error_code wrong;
            const auto written = boost::json::parse(line, wrong);
            REQUIRE_FALSE(wrong);
            match(shapes_.at(row), written, row);
        }
        seen_.insert(row);
    }

    /// The rows that nothing was checked against. Shapes count as seen where they are used.
    auto unseen() const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& [name, fields] : shapes_)
            if (!seen_.contains(name)) out.push_back(name);
        return out;
    }
    /// The fields that may be absent and were, in every answer.
    auto always_absent() const -> std::set<std::string> {
        std::set<std::string> out;
        for (const auto& [field, was_there] : is_there_)
            if (!was_there) out.insert(field);
        return out;
    }
    auto has_row(const std::string& name) const -> bool { return shapes_.contains(name); }

private:
    using value = boost::json::value;

    /// Cut apart where `at` stands outside of all brackets, without the blanks around it.
    static auto parts(text all, char at) -> std::vector<text> {
        std::vector<text> out;
        std::size_t begin = 0;
        int depth = 0;
        for (std::size_t i = 0; i <= all.size(); ++i) {
            if (i < all.size() && (all[i] == '{' || all[i] == '[')) ++depth;
            if (i < all.size() && (all[i] == '}' || all[i] == ']')) --depth;
            if (i < all.size() && (all[i] != at || depth != 0)) continue;
            auto part = all.substr(begin, i - begin);
            part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
            if (!part.empty()) out.push_back(part);
            begin = i + 1;
        }
        return out;
    }
    static auto inner(text bracketed) -> text { return bracketed.substr(1, bracketed.size() - 2); }

    auto is_shape(text type) const -> bool { return shapes_.contains(std::string(type)); }

    /// Whether a value is of one of the kinds that a type offers.
    auto fits(text type, const value& v) const -> bool {
        return std::ranges::any_of(parts(type, '|'), [&](text one) { return is_kind(one, v); });
    }
    auto is_kind(text one, const value& v) const -> bool {
        if (one.front() == '{') return v.is_object();
        if (one.front() == '[') return v.is_array();
        if (one == "null") return v.is_null();
        if (one == "flag") return v.is_bool();
        if (one == "number") return v.is_int64() || v.is_uint64();
        if (one == "text") return v.is_string();
        if (one == "day") return v.is_string() && v.get_string().size() == 10;
        if (one == "time")
            return v.is_string() && v.get_string().size() >= 20 && v.get_string().back() == 'Z';
        return is_shape(one) && fits(shapes_.at(std::string(one)), v);
    }

    void match(text type, const value& v, const std::string& where) {
        INFO(where << ": " << type);
        for (const auto one : parts(type, '|')) {
            if (!is_kind(one, v)) continue;
            if (is_shape(one)) {
                seen_.emplace(one);
                match(shapes_.at(std::string(one)), v, std::string(one));
            } else if (one.front() == '[') {
                for (const auto& element : v.get_array())
                    match(inner(one), element, where + "[]");
            } else if (one.front() == '{') {
                match_members(inner(one), v.get_object(), where);
            }
            return;
        }
        FAIL_CHECK("of another type");
    }

    void match_members(text fields, boost::json::object left, const std::string& where) {
        text any;
        for (const auto field : parts(fields, ',')) {
            const auto colon = field.find(": ");
            auto name = field.substr(0, colon);
            const auto type = field.substr(colon + 2);
            if (name == "*") {
                any = type;
                continue;
            }
            const bool may_be_absent = name.ends_with('?');
            if (may_be_absent) name.remove_suffix(1);
            const auto path = where + "." + std::string(name);
            const auto found = left.find({name.data(), name.size()});
            if (may_be_absent) is_there_[path] |= found != left.end();
            if (found == left.end()) {
                INFO(path);
                if (!may_be_absent) FAIL_CHECK("missing");
                continue;
            }
            match(type, found->value(), path);
            left.erase(found);
        }
        for (const auto& member : left) {
            INFO(where << "." << std::string(member.key()));
            if (any.empty())
                FAIL_CHECK("in no manual");
            else
                match(any, member.value(), where + ".*");
        }
    }

    std::map<std::string, std::string> shapes_{};
    std::set<std::string> seen_{};
    std::map<std::string, bool> is_there_{}; ///< Of the fields that may be absent.
};

} // namespace coffer_test

#endif
