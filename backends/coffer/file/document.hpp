// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_DOCUMENT_HPP
#define COFFER_FILE_DOCUMENT_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/file/base64.hpp>
#include <coffer/file/json_members.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/store_rules.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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
        std::vector<line> lines;
        std::string_view previous;
        for (const auto& [key, value] : *members) {
            if (key == previous) return errc::tampered;
            previous = key;
            if (key == revision_member) {
                hex = value;
                if (!format::from_hex(hex, read.at_)) return errc::tampered;
            } else if (!is_object_key(key) || !is_base64(value)) {
                return errc::tampered;
            } else {
                lines.push_back({key, value, nullptr});
            }
        }
        if (hex.empty() && !revision_of_head(lines, read.at_)) return errc::tampered;
        if (read.at_ == revision{}) return errc::tampered;
        read.write(lines);
        return read;
    }

    /// This document after a commit.
    auto with(const revision& next, std::span<const object_write> writes) const -> document {
        std::map<std::string_view, const object_write*> changes; // the last write to a key wins
        for (const auto& write : writes)
            changes[write.key] = &write;
        std::vector<line> lines;
        lines.reserve(entries_.size() + changes.size());
        auto change = changes.begin();
        const auto take = [&] {
            if (const auto& value = change->second->value)
                lines.push_back({change->first, {}, &*value});
            ++change;
        };
        for (const auto& e : entries_) {
            while (change != changes.end() && change->first < key_of(e))
                take();
            if (change != changes.end() && change->first == key_of(e))
                take();
            else
                lines.push_back({key_of(e), value_of(e), nullptr});
        }
        while (change != changes.end())
            take();
        document after;
        after.at_ = next;
        after.write(lines);
        return after;
    }

    auto at() const noexcept -> const revision& { return at_; }
    /// The document as it lies in its file.
    auto text() const noexcept -> std::string_view { return text_; }

    /// The bytes of one object, decoded; nullopt if there is no such key.
    auto find(std::string_view key) const -> std::optional<bytes> {
        const auto it = std::lower_bound(
            entries_.begin(), entries_.end(), key,
            [this](const entry& e, std::string_view wanted) { return key_of(e) < wanted; });
        if (it == entries_.end() || key_of(*it) != key) return std::nullopt;
        return from_base64(value_of(*it));
    }

    /// All objects, decoded, sorted by key.
    auto list() const -> listing {
        listing all{at_, {}};
        all.entries.reserve(entries_.size());
        for (const auto& e : entries_)
            all.entries.emplace_back(std::string(key_of(e)), from_base64(value_of(e)));
        return all;
    }

private:
    /// Where an object's key stands in the text, and its value, three characters behind the key.
    struct entry {
        std::size_t begin = 0;
        std::size_t key_size = 0;
        std::size_t value_size = 0;
    };
    /// What goes into a line: the base64 that is there already, or bytes to encode.
    struct line {
        std::string_view key{};
        std::string_view encoded{};
        const bytes* fresh = nullptr;
    };

    auto key_of(const entry& e) const noexcept -> std::string_view {
        return std::string_view(text_).substr(e.begin, e.key_size);
    }
    auto value_of(const entry& e) const noexcept -> std::string_view {
        return std::string_view(text_).substr(e.begin + e.key_size + 3, e.value_size);
    }

    /// Writes text and index from lines sorted by key.
    void write(const std::vector<line>& lines) {
        std::size_t size = 64;
        for (const auto& l : lines)
            size += l.key.size() + 8 + (l.fresh ? (l.fresh->size() + 2) / 3 * 4 : l.encoded.size());
        text_.reserve(size);
        text_ = "{\n";
        entries_.resize(lines.size());
        for (const bool heads_turn : {true, false})
            for (std::size_t i = 0; i < lines.size(); ++i)
                if ((lines[i].key == "head") == heads_turn) entries_[i] = append(lines[i]);
        text_.append("\"").append(revision_member).append("\":\"");
        text_.append(format::to_hex(at_)).append("\"\n}\n");
    }

    auto append(const line& l) -> entry {
        entry e{text_.size() + 1, l.key.size(), 0};
        text_.append("\"").append(l.key).append("\":\"");
        const auto value = text_.size();
        if (l.fresh)
            append_base64(text_, *l.fresh);
        else
            text_.append(l.encoded);
        e.value_size = text_.size() - value;
        text_ += "\",\n";
        return e;
    }

    static auto revision_of_head(const std::vector<line>& lines, revision& to) -> bool {
        for (const auto& l : lines) {
            if (l.key != "head") continue;
            const auto head = from_base64(l.encoded);
            if (head.size() < to.size()) return false;
            std::copy_n(head.end() - static_cast<std::ptrdiff_t>(to.size()), to.size(), to.begin());
            return true;
        }
        return false;
    }

    revision at_{};
    std::string text_{};
    std::vector<entry> entries_{};
};

} // namespace coffer::inline COFFER_ABI::file

#endif
