// SPDX-License-Identifier: BSL-1.0
#include "dotenv.hpp"

#include "problem.hpp"

#include <coffer/detail/base64.hpp>
#include <coffer/keyring/wiping_resource.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <set>

namespace command {

using coffer::wiped_bytes;

auto is_variable_name(std::string_view name) noexcept -> bool {
    const auto letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

namespace {

auto is_blank(char c) noexcept -> bool {
    return c == ' ' || c == '\t';
}

auto trimmed(std::string_view text) -> std::string_view {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

void append(wiped_bytes& to, std::string_view text) {
    const auto bytes = coffer::as_bytes(text);
    to.insert(to.end(), bytes.begin(), bytes.end());
}

/// Text that stands where a name is expected may be a piece of a value (a key without quotes goes
/// over lines): only what looks like words in capitals is shown.
auto showable(std::string_view text) -> bool {
    return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ' ' ||
               c == '.' || c == '-' || c == ':';
    });
}

/// Of a name that is set twice neither is taken: which was meant is nobody's guess. What can't be read
/// counts too, and keeps its own complaint.
void refuse_repeated(std::vector<imported>& all) {
    std::map<std::string_view, std::vector<std::size_t>> lines;
    for (const auto& one : all)
        lines[one.name].push_back(one.line);
    for (auto& one : all) {
        const auto& on = lines[one.name];
        if (on.size() < 2 || !one.problem.empty()) continue;
        one.problem = "set twice";
        if (one.line != 0)
            one.problem += ": also on line " + std::to_string(on[on.front() == one.line ? 1 : 0]);
    }
}

class dotenv_reader {
public:
    dotenv_reader(std::string_view text, const renames& names) : rest_(text), names_(names) {
        if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    }

    auto read() -> std::vector<imported> {
        while (!rest_.empty())
            read_line();
        refuse_repeated(out_);
        return std::move(out_);
    }

private:
    auto this_line() const -> std::string_view { return rest_.substr(0, rest_.find('\n')); }
    void next_line() {
        rest_.remove_prefix(std::min(this_line().size() + 1, rest_.size()));
        ++line_;
    }
    void wrong(std::string_view name, std::string why) {
        out_.push_back({std::string(name), {}, line_, std::move(why), was_});
    }

    void read_line() {
        auto line = trimmed(this_line());
        if (line.starts_with("export ") || line.starts_with("export\t"))
            line = trimmed(line.substr(7));
        if (line.empty() || line[0] == '#') return next_line();
        if (is_key_block()) return skip_key_block();
        const auto equals = line.find('=');
        auto name = trimmed(line.substr(0, equals));
        was_.clear();
        if (const auto other = names_.find(name); equals != line.npos && other != names_.end()) {
            was_ = name;
            name = other->second;
        } else if (equals == line.npos || !is_variable_name(name)) {
            wrong(equals != line.npos && showable(name) ? name : std::string_view(),
                  equals == line.npos ? "no NAME=value"
                                      : "not a dotenv name; use JSON, or --rename");
            return next_line();
        }
        auto value = line.substr(equals + 1);
        value = value.substr(std::min(value.find_first_not_of(" \t"), value.size()));
        if (!value.empty() && (value[0] == '\'' || value[0] == '"')) {
            // From here on the value may go over lines: what is left is counted in the whole text.
            rest_.remove_prefix(static_cast<std::size_t>(value.data() - rest_.data()));
            return read_quoted(name, value[0]);
        }
        add(name, plain(value), line_);
        next_line();
    }

    /// Keys are pasted without quotes; their lines must not be taken for names.
    auto is_key_block() const -> bool {
        const auto line = this_line();
        const auto begin = line.find("-----BEGIN ");
        const auto quote = line.find_first_of("'\"");
        return begin != line.npos && (quote == line.npos || quote > begin);
    }
    void skip_key_block() {
        was_.clear();
        const auto line = trimmed(this_line());
        const auto name = trimmed(line.substr(0, line.find('=')));
        const auto end = rest_.find("-----END ");
        const bool open =
            end == rest_.npos || rest_.find("-----BEGIN ", rest_.find("-----BEGIN ") + 1) < end;
        wrong(is_variable_name(name) ? name : std::string_view(),
              std::string("a value of several lines needs quotes") +
                  (open ? ", and no END line ends it; nothing after it was read" : ""));
        while (!open && this_line().find("-----END ") == std::string_view::npos)
            next_line();
        if (open)
            rest_ = {};
        else
            next_line();
    }

    static auto plain(std::string_view value) -> wiped_bytes {
        for (std::size_t i = 0; i < value.size(); ++i)
            if (value[i] == '#' && (i == 0 || is_blank(value[i - 1]))) value = value.substr(0, i);
        wiped_bytes out;
        append(out, trimmed(value));
        return out;
    }

    void read_quoted(std::string_view name, char quote) {
        const auto started = line_;
        wiped_bytes value;
        std::size_t i = 1;
        for (; i < rest_.size() && rest_[i] != quote; ++i) {
            if (rest_[i] == '\n') ++line_;
            if (quote == '"' && rest_[i] == '\\' && i + 1 < rest_.size())
                i += escape(rest_[i + 1], value);
            else
                value.push_back(static_cast<std::byte>(rest_[i]));
        }
        if (i == rest_.size()) { // nothing after an open quote can be trusted
            line_ = started;
            wrong(name, "its quote is never closed; nothing after it was read");
            rest_ = {};
            return;
        }
        rest_.remove_prefix(i + 1);
        const auto behind = trimmed(this_line());
        if (behind.empty() || behind[0] == '#')
            add(name, std::move(value), started);
        else
            out_.push_back({std::string(name),
                            {},
                            started,
                            "there is text after the closing quote" +
                                (line_ == started ? std::string()
                                                  : ", which is on line " + std::to_string(line_) +
                                                        ": nothing up to there was read"),
                            was_});
        next_line();
    }
    /// How many characters of the text went into the value beyond the backslash.
    static auto escape(char c, wiped_bytes& value) -> std::size_t {
        static constexpr std::string_view from = "nrt\\\"$`";
        static constexpr std::string_view to = "\n\r\t\\\"$`";
        const auto at = from.find(c);
        value.push_back(static_cast<std::byte>(at == from.npos ? '\\' : to[at]));
        return at == from.npos ? 0 : 1;
    }

    void add(std::string_view name, wiped_bytes&& value, std::size_t line) {
        std::string problem;
        if (value.empty()) problem = "empty: Coffer keeps no empty values";
        out_.push_back({std::string(name), std::move(value), line, std::move(problem), was_});
    }

    std::string_view rest_;
    const renames& names_;
    std::string was_{}; ///< See imported::was, of the line that is read.
    std::size_t line_ = 1;
    std::vector<imported> out_{};
};

/// `{"base64":"…"}`, or what is wrong with it.
auto base64_member(const boost::json::object& from, wiped_bytes& to) -> std::string {
    const auto* const text = from.if_contains("base64");
    if (from.size() != 1 || text == nullptr || !text->is_string())
        return "neither a text nor {\"base64\":…}";
    auto value =
        coffer::detail::base64_value({text->get_string().data(), text->get_string().size()});
    if (!value) return "not base64";
    to = *std::move(value);
    return {};
}

/// The names that the object of a JSON text has more than once: boost::json::parse keeps the last of
/// two, in silence.
class repeated_names {
public:
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;
    using error_code = boost::system::error_code;
    using string_view = boost::json::string_view;

    std::set<std::string> found{};

    auto on_document_begin(error_code&) -> bool { return true; }
    auto on_document_end(error_code&) -> bool { return true; }
    auto on_object_begin(error_code&) -> bool { return ++depth_ > 0; }
    auto on_object_end(std::size_t, error_code&) -> bool { return depth_-- > 0; }
    auto on_array_begin(error_code&) -> bool { return ++depth_ > 0; }
    auto on_array_end(std::size_t, error_code&) -> bool { return depth_-- > 0; }
    auto on_key_part(string_view part, std::size_t, error_code&) -> bool {
        key_.append(part.data(), part.size());
        return true;
    }
    auto on_key(string_view part, std::size_t, error_code&) -> bool {
        key_.append(part.data(), part.size());
        if (depth_ == 1 && !seen_.insert(key_).second) found.insert(key_);
        key_.clear();
        return true;
    }
    auto on_string_part(string_view, std::size_t, error_code&) -> bool { return true; }
    auto on_string(string_view, std::size_t, error_code&) -> bool { return true; }
    auto on_number_part(string_view, error_code&) -> bool { return true; }
    auto on_int64(std::int64_t, string_view, error_code&) -> bool { return true; }
    auto on_uint64(std::uint64_t, string_view, error_code&) -> bool { return true; }
    auto on_double(double, string_view, error_code&) -> bool { return true; }
    auto on_bool(bool, error_code&) -> bool { return true; }
    auto on_null(error_code&) -> bool { return true; }
    auto on_comment_part(string_view, error_code&) -> bool { return true; }
    auto on_comment(string_view, error_code&) -> bool { return true; }

    /// Of a text that boost::json::parse has taken.
    static auto in(std::string_view text) -> std::set<std::string> {
        boost::json::basic_parser<repeated_names> parser{boost::json::parse_options{}};
        error_code wrong;
        parser.write_some(false, text.data(), text.size(), wrong);
        return std::move(parser.handler().found);
    }

private:
    std::set<std::string> seen_{};
    std::string key_{};
    std::size_t depth_ = 0;
};

} // namespace

auto parse_dotenv(std::string_view text, const renames& names) -> std::vector<imported> {
    return dotenv_reader(text, names).read();
}

auto parse_json_secrets(std::string_view text, const renames& names) -> std::vector<imported> {
    coffer::keyring::wiping_resource memory;
    boost::system::error_code wrong;
    const auto parsed = boost::json::parse({text.data(), text.size()}, wrong, &memory);
    if (wrong || !parsed.is_object()) refuse("that is no JSON object");
    std::vector<imported> out;
    const auto repeated = repeated_names::in(text);
    for (const auto& member : parsed.get_object()) {
        imported one{.name = std::string(member.key())};
        const bool ambiguous = repeated.contains(one.name);
        if (const auto other = names.find(one.name); other != names.end()) {
            one.was = std::move(one.name);
            one.name = other->second;
        }
        if (const auto* const string = member.value().if_string())
            append(one.value, {string->data(), string->size()});
        else if (const auto* const object = member.value().if_object())
            one.problem = base64_member(*object, one.value);
        else
            one.problem = "neither a text nor {\"base64\":…}";
        if (one.problem.empty() && one.value.empty())
            one.problem = "empty: Coffer keeps no empty values";
        if (ambiguous) one.problem = "set twice";
        out.push_back(std::move(one));
    }
    refuse_repeated(out);
    return out;
}

void append_dotenv(wiped_bytes& to, std::string_view name, std::string_view value) {
    append(to, name);
    append(to, "=");
    const auto plain = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("_-./:@%+,=").find(c) != std::string_view::npos;
    };
    if (std::ranges::all_of(value, plain)) {
        append(to, value);
    } else if (value.find_first_of("'\r\n") == value.npos) {
        append(to, "'");
        append(to, value);
        append(to, "'");
    } else {
        append(to, "\"");
        for (const char c : value) {
            static constexpr std::string_view from = "\n\r\\\"$`";
            static constexpr std::string_view as = "nr\\\"$`";
            const auto at = from.find(c);
            if (at != from.npos) append(to, "\\");
            append(to, at == from.npos ? std::string_view(&c, 1) : as.substr(at, 1));
        }
        append(to, "\"");
    }
    append(to, "\n");
}

void append_shell(wiped_bytes& to, std::string_view name, std::string_view value) {
    append(to, "export ");
    append(to, name);
    append(to, "='");
    for (const char c : value)
        append(to, c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1));
    append(to, "'\n");
}

} // namespace command
