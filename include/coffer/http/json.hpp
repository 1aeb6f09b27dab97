// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_JSON_HPP
#define COFFER_HTTP_JSON_HPP

#include <coffer/bytes.hpp>
#include <coffer/http/detail/mended_json.hpp>
#include <coffer/http/message.hpp>

#include <boost/json/memory_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Memory for parsed JSON, which may hold values: wiped when it is given back.
class wiping_resource final : public boost::json::memory_resource {
    // Always the alignment of plain new: Boost.JSON 1.81 allocates the keys of objects with
    // alignment 1 and gives them back with another.
    auto do_allocate(std::size_t size, [[maybe_unused]] std::size_t align) -> void* override {
        assert(align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        return ::operator new(size);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t) noexcept override {
        wipe(p, size);
        ::operator delete(p);
    }
    auto do_is_equal(const boost::json::memory_resource& other) const noexcept -> bool override {
        return dynamic_cast<const wiping_resource*>(&other) != nullptr;
    }
};

/// The members of an object's text, each with the text of its value just as it was written: how
/// metadata is kept and given back unchanged, numbers of any precision included. The text must be a
/// well-formed JSON object (a json_document checked it). Of a name given twice the last one counts.
class raw_members {
public:
    explicit raw_members(std::string_view object) : rest_(object) {
        blanks();
        take('{');
        for (blanks(); !rest_.empty() && rest_.front() != '}'; blanks()) {
            auto name = decoded(string_text());
            blanks();
            take(':');
            blanks();
            set(std::move(name), value_text());
            blanks();
            take(',');
        }
    }
    /// The text of a member's value; empty if there is none. Valid as long as the text read from.
    auto find(std::string_view name) const noexcept -> std::string_view {
        const auto found = places_.find(name);
        return found == places_.end() ? std::string_view() : members_[found->second].second;
    }
    auto all() const& noexcept -> const std::vector<std::pair<std::string, std::string_view>>& {
        return members_;
    }
    void all() && = delete;

private:
    void set(std::string name, std::string_view value) {
        const auto [at, added] = places_.try_emplace(name, members_.size());
        if (added)
            members_.emplace_back(std::move(name), value);
        else
            members_[at->second].second = value;
    }
    void blanks() {
        const auto n = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(n == rest_.npos ? rest_.size() : n);
    }
    void take(char c) {
        if (!rest_.empty() && rest_.front() == c) rest_.remove_prefix(1);
    }
    auto cut(std::size_t n) -> std::string_view {
        const auto out = rest_.substr(0, n);
        rest_.remove_prefix(out.size());
        return out;
    }
    /// Where a string that begins at `from` ends.
    auto string_end(std::size_t from) const -> std::size_t {
        auto i = from + 1;
        while (i < rest_.size() && rest_[i] != '"')
            i += rest_[i] == '\\' ? 2 : 1;
        return i + 1;
    }
    auto string_text() -> std::string_view { return cut(string_end(0)); }
    auto value_text() -> std::string_view {
        std::size_t i = 0;
        std::size_t depth = 0;
        while (i < rest_.size()) {
            const char c = rest_[i];
            if (c == '"') {
                i = string_end(i);
                continue;
            }
            if (depth == 0 && (c == ',' || c == '}')) break;
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
            ++i;
        }
        auto out = cut(i);
        out.remove_suffix(out.size() - (out.find_last_not_of(" \t\r\n") + 1));
        return out;
    }
    static auto decoded(std::string_view quoted) -> std::string {
        if (quoted.find('\\') == quoted.npos)
            return std::string(quoted.substr(1, quoted.size() - 2));
        boost::json::error_code wrong;
        boost::json::parser parser;
        parser.write(quoted.data(), quoted.size(), wrong);
        if (wrong) return {};
        const auto value = parser.release();
        return {value.get_string().data(), value.get_string().size()};
    }

    std::string_view rest_;
    std::vector<std::pair<std::string, std::string_view>> members_{};
    std::map<std::string, std::size_t, std::less<>> places_{}; ///< Name → place in members_.
};

/// A JSON object that was read strictly (RFC 8259): well-formed UTF-8, no unpaired surrogates, at
/// most 64 levels deep, nothing behind it. What it holds is wiped when it goes.
class json_document {
public:
    static constexpr std::size_t deepest = 64;

    /// Nothing if the text is anything else than one such object. `text` must outlive it.
    static auto read(std::string_view text) -> std::optional<json_document> {
        json_document out;
        out.text_ = text;
        if (!out.parse()) return std::nullopt;
        return out;
    }
    /// The same of an object that may also hold surrogates on their own, and exponents that no
    /// number has: the members that they are in are there, and not readable.
    static auto read_mended(std::string_view text) -> std::optional<json_document> {
        json_document out;
        out.mended_ = std::make_unique<wiped_text>(detail::mended(text));
        out.text_ = *out.mended_;
        if (!out.parse()) return std::nullopt;
        const raw_members members(out.text_);
        for (const auto& [name, value] : members.all())
            if (value != text.substr(static_cast<std::size_t>(value.data() - out.text_.data()),
                                     value.size()))
                out.unreadable_.push_back(name);
        return out;
    }

    auto object() const noexcept -> const boost::json::object& { return value_->get_object(); }
    /// A member that is there and not null, which counts as absent.
    auto find(std::string_view name) const noexcept -> const boost::json::value* {
        const auto* found = object().if_contains({name.data(), name.size()});
        return found == nullptr || found->is_null() ? nullptr : found;
    }
    auto text() const noexcept -> std::string_view { return text_; }
    /// Nothing of it was mended.
    auto is_whole() const noexcept -> bool { return mended_ == nullptr; }
    /// Whether a member, if it is there, is as it was sent.
    auto is_readable(std::string_view name) const noexcept -> bool {
        return std::find(unreadable_.begin(), unreadable_.end(), name) == unreadable_.end();
    }

private:
    json_document()
        : memory_(boost::json::make_shared_resource<wiping_resource>()),
          value_(std::make_unique<boost::json::value>(memory_)) {}

    auto parse() -> bool {
        boost::json::parse_options how;
        how.max_depth = deepest;
        boost::json::parser parser(memory_, how);
        parser.reset(memory_);
        boost::json::error_code wrong;
        parser.write(text_.data(), text_.size(), wrong);
        if (wrong) return false;
        *value_ = parser.release();
        return value_->is_object();
    }

    boost::json::storage_ptr memory_;
    std::unique_ptr<boost::json::value> value_;
    std::string_view text_{};
    std::unique_ptr<wiped_text> mended_{};
    std::vector<std::string> unreadable_{};
};

inline auto view_of(const boost::json::string& s) noexcept -> std::string_view {
    return {s.data(), s.size()};
}

/// Writes JSON into a text that is wiped, with no tree of values in between. Commas are its own;
/// that keys and values alternate is the caller's care. Texts must be well-formed UTF-8. While an
/// object or list is open the text is longer than what is written: nobody else touches it.
class json_writer {
public:
    explicit json_writer(wiped_text& out) : out_(&out), size_(out.size()) {}
    json_writer(const json_writer&) = delete;
    auto operator=(const json_writer&) -> json_writer& = delete;

    auto begin_object() -> json_writer& { return open('{'); }
    auto end_object() -> json_writer& { return close('}'); }
    auto begin_list() -> json_writer& { return open('['); }
    auto end_list() -> json_writer& { return close(']'); }

    auto key(std::string_view name) -> json_writer& {
        quote(name);
        *room(1) = ':';
        first_ = true;
        return *this;
    }
    auto text(std::string_view value) -> json_writer& {
        quote(value);
        return settled();
    }
    auto number(std::uint64_t value) -> json_writer& {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    auto boolean(bool value) -> json_writer& { return raw(value ? "true" : "false"); }
    auto null() -> json_writer& { return raw("null"); }
    /// Text that is JSON already.
    auto raw(std::string_view json) -> json_writer& {
        separate();
        put(json);
        return settled();
    }

    auto member(std::string_view name, std::string_view value) -> json_writer& {
        return key(name).text(value);
    }
    auto member(std::string_view name, const std::string& value) -> json_writer& {
        return key(name).text(value);
    }
    auto member(std::string_view name, const char* value) -> json_writer& {
        return key(name).text(value);
    }
    auto member(std::string_view name, std::uint64_t value) -> json_writer& {
        return key(name).number(value);
    }
    auto member(std::string_view name, bool value) -> json_writer& {
        return key(name).boolean(value);
    }
    /// Only if there is something.
    auto member_if(std::string_view name, std::string_view value) -> json_writer& {
        return value.empty() ? *this : member(name, value);
    }
    auto member_if(std::string_view name, std::uint64_t value) -> json_writer& {
        return value == 0 ? *this : member(name, value);
    }

private:
    auto open(char c) -> json_writer& {
        separate();
        *room(1) = c;
        ++depth_;
        first_ = true;
        return *this;
    }
    auto close(char c) -> json_writer& {
        *room(1) = c;
        --depth_;
        first_ = false;
        return settled();
    }
    void separate() {
        if (!first_) *room(1) = ',';
        first_ = false;
    }
    /// Where so many more characters go.
    auto room(std::size_t count) -> char* {
        if (out_->size() - size_ < count)
            out_->resize(std::max(out_->capacity(), 2 * (size_ + count)));
        return out_->data() + std::exchange(size_, size_ + count);
    }
    void put(std::string_view text) { text.copy(room(text.size()), text.size()); }
    auto settled() -> json_writer& {
        if (depth_ == 0) out_->resize(size_);
        return *this;
    }

    void quote(std::string_view value) {
        if (!is_plain(value)) return escape(value);
        const std::size_t comma = first_ ? 0 : 1;
        auto* at = room(value.size() + 2 + comma);
        if (!first_) *at = ',';
        at[comma] = '"';
        value.copy(at + comma + 1, value.size());
        at[comma + 1 + value.size()] = '"';
        first_ = false;
    }
    /// Nothing in it needs an escape: nearly always. Eight bytes at a time, and without a branch on
    /// what is looked at.
    static auto is_plain(std::string_view value) noexcept -> bool {
        std::size_t i = 0;
        std::uint64_t found = 0;
        for (; i + 8 <= value.size(); i += 8) {
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, value.data() + i, 8);
            found |= needs_escape(bytes);
        }
        if (i < value.size()) {
            std::uint64_t bytes = each * 'a';
            std::memcpy(&bytes, value.data() + i, value.size() - i);
            found |= needs_escape(bytes);
        }
        return found == 0;
    }
    static constexpr std::uint64_t each = 0x0101010101010101;
    /// Not zero if one of eight bytes is a control character, a quote or a backslash.
    static constexpr auto needs_escape(std::uint64_t bytes) noexcept -> std::uint64_t {
        const auto less = [](std::uint64_t of, std::uint64_t than) { return of - each * than; };
        return (less(bytes, 0x20) | less(bytes ^ (each * '"'), 1) |
                less(bytes ^ (each * '\\'), 1)) &
               ~bytes & (each * 0x80);
    }
    void escape(std::string_view value) {
        separate();
        boost::json::serializer serializer;
        serializer.reset(boost::json::string_view(value.data(), value.size()));
        std::array<char, 512> chunk;
        while (!serializer.done()) {
            const auto part = serializer.read(chunk.data(), chunk.size());
            put({part.data(), part.size()});
        }
        wipe(chunk.data(), chunk.size());
    }

    wiped_text* out_;
    std::size_t size_; ///< How much of it is written.
    std::size_t depth_ = 0;
    bool first_ = true;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
