// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_DOCUMENT_HPP
#define COFFER_FILE_DOCUMENT_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/file/base64.hpp>
#include <coffer/file/json_members.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/store_rules.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coffer::inline COFFER_ABI::file {

/// The member that holds the revision; no object can have this key (law S14).
inline constexpr std::string_view revision_member = "_revision";

/// One partition as a JSON document: an object whose first member is `head`, then one object a line
/// sorted by key, each base64, and last the revision in hex. Immutable; kept as its own text, so
/// that a new version copies the lines that did not change. Thread-safe.
class document {
public:
    /// The document of a partition that was never committed: revision zero, no text.
    document() = default;

    /// Reads a document, by whomever it was written: order and spaces don't matter. Without a
    /// revision it is that of the head: its last 16 bytes. Anything malformed is `tampered`: bad
    /// JSON, a name that comes twice, a value that is not a string of canonical base64, a member
    /// that is no key, no way to tell the revision.
    static auto parse(std::string_view json) -> result<document> {
        auto members = parse_json_members(json);
        if (!members) return members.error();
        std::sort(members->begin(), members->end());
        document read;
        std::string_view hex;
        const std::string* head = nullptr;
        std::string_view previous;
        for (const auto& [key, value] : *members) {
            if (key == previous) return errc::tampered;
            previous = key;
            if (key == revision_member) {
                hex = value;
                if (!format::from_hex(hex, read.at_)) return errc::tampered;
            } else if (!is_object_key(key) || !is_base64(value)) {
                return errc::tampered;
            } else if (key == head_member) {
                head = &value;
            }
        }
        if (hex.empty() && (head == nullptr || !revision_of_head(*head, read.at_)))
            return errc::tampered;
        if (read.at_ == revision{}) return errc::tampered;
        read.begin_text(json.size() + members->size() * around_line, members->size());
        if (head != nullptr) read.head_ = read.append(head_member, *head);
        for (const auto& [key, value] : *members)
            if (key != revision_member && key != head_member)
                read.entries_.push_back(read.append(key, value));
        read.end_text();
        return read;
    }

    /// This document after a commit, in `memory` if that is large enough. What lies between two keys
    /// that are written is copied as one.
    auto with(const revision& next, std::span<const object_write> writes,
              std::string&& memory = {}) const -> document {
        std::map<std::string_view, const object_write*> changes; // the last write to a key wins
        auto size = text_.size();
        for (const auto& write : writes) {
            changes[write.key] = &write;
            if (write.value)
                size += write.key.size() + base64_size(write.value->size()) + around_line;
        }
        document after;
        after.at_ = next;
        after.text_ = std::move(memory);
        after.text_.clear();
        after.begin_text(size, entries_.size() + changes.size());
        if (const auto head = changes.find(head_member); head != changes.end()) {
            if (const auto& value = head->second->value)
                after.head_ = after.append(head_member, *value);
            changes.erase(head);
        } else if (head_) {
            after.head_ = after.append(head_member, value_of(*head_));
        }
        auto from = entries_.begin();
        for (const auto& [key, write] : changes) {
            const auto to = place_of(from, key);
            after.copy(*this, from, to);
            from = to != entries_.end() && key_of(*to) == key ? to + 1 : to;
            if (write->value) after.entries_.push_back(after.append(key, *write->value));
        }
        after.copy(*this, from, entries_.end());
        after.end_text();
        return after;
    }

    auto at() const noexcept -> const revision& { return at_; }
    /// The document as it lies in its file.
    auto text() const noexcept -> std::string_view { return text_; }
    /// The text's memory, of a document that nobody needs any more.
    auto memory() && noexcept -> std::string { return std::move(text_); }

    /// The bytes of one object, decoded; nullopt if there is no such key.
    auto find(std::string_view key) const -> std::optional<bytes> {
        if (key == head_member)
            return head_ ? std::optional<bytes>(from_base64(value_of(*head_))) : std::nullopt;
        const auto it = place_of(entries_.begin(), key);
        if (it == entries_.end() || key_of(*it) != key) return std::nullopt;
        return from_base64(value_of(*it));
    }

    /// All objects, decoded, sorted by key.
    auto list() const -> listing {
        listing all{at_, {}};
        all.entries.reserve(entries_.size() + 1);
        const auto add = [&](const entry& e) {
            all.entries.emplace_back(std::string(key_of(e)), from_base64(value_of(e)));
        };
        const auto behind_head = place_of(entries_.begin(), head_member);
        std::for_each(entries_.begin(), behind_head, add);
        if (head_) add(*head_);
        std::for_each(behind_head, entries_.end(), add);
        return all;
    }

private:
    /// Where an object's key stands in the text, and its value, three characters behind the key.
    struct entry {
        std::size_t begin = 0;
        std::size_t key_size = 0;
        std::size_t value_size = 0;

        auto line_begin() const noexcept -> std::size_t { return begin - 1; }
        auto line_end() const noexcept -> std::size_t {
            return line_begin() + key_size + value_size + around_line;
        }
    };
    using entries = std::vector<entry>;

    static constexpr std::string_view head_member = "head";
    static constexpr std::size_t around_line = 7; ///< Of `"key":"value",` and the end of the line.

    auto key_of(const entry& e) const noexcept -> std::string_view {
        return std::string_view(text_).substr(e.begin, e.key_size);
    }
    auto value_of(const entry& e) const noexcept -> std::string_view {
        return std::string_view(text_).substr(e.begin + e.key_size + 3, e.value_size);
    }
    /// Where a key is, or would be, from an entry on.
    auto place_of(entries::const_iterator from, std::string_view key) const
        -> entries::const_iterator {
        return std::lower_bound(
            from, entries_.end(), key,
            [this](const entry& e, std::string_view wanted) { return key_of(e) < wanted; });
    }

    // Writing the text, from the first line to the last ------------------------------------------

    void begin_text(std::size_t size, std::size_t objects) {
        constexpr std::size_t first_and_last = 64;
        text_.reserve(size + first_and_last);
        entries_.reserve(objects);
        text_ += "{\n";
    }
    /// A line of base64, or of bytes to encode.
    template <class Value>
    auto append(std::string_view key, const Value& value) -> entry {
        entry e{text_.size() + 1, key.size(), 0};
        text_.append(1, '"').append(key).append("\":\"", 3);
        const auto at = text_.size();
        if constexpr (std::is_same_v<Value, bytes>)
            append_base64(text_, value);
        else
            text_.append(value);
        e.value_size = text_.size() - at;
        text_.append("\",\n", 3);
        return e;
    }
    /// The lines of another document's entries that follow each other.
    void copy(const document& of, entries::const_iterator first, entries::const_iterator last) {
        if (first == last) return;
        const auto begin = first->line_begin();
        const auto here = text_.size();
        text_.append(of.text_, begin, std::prev(last)->line_end() - begin);
        for (; first != last; ++first)
            entries_.push_back({first->begin - begin + here, first->key_size, first->value_size});
    }
    void end_text() {
        text_.append(1, '"').append(revision_member).append("\":\"");
        text_.append(format::to_hex(at_)).append("\"\n}\n");
    }

    static auto revision_of_head(std::string_view encoded, revision& to) -> bool {
        const auto head = from_base64(encoded);
        if (head.size() < to.size()) return false;
        std::copy_n(head.end() - static_cast<std::ptrdiff_t>(to.size()), to.size(), to.begin());
        return true;
    }

    revision at_{};
    std::string text_{};
    std::optional<entry> head_{};
    entries entries_{}; ///< All but the head, by key, which is their order in the text.
};

} // namespace coffer::inline COFFER_ABI::file

#endif
