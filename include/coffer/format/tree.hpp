// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_TREE_HPP
#define COFFER_FORMAT_TREE_HPP

#include <coffer/format/entry.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <vector>

namespace coffer::inline COFFER_ABI::format {

/// What a root says of one page: the key that it begins with, and its name.
struct page_ref {
    entry_key first{};
    object_name name{};
};

/// The body of a root: the pages in ascending order; the first begins with the environment itself.
inline auto encode_root(const std::vector<page_ref>& pages) -> wiped_bytes {
    wiped_bytes out;
    writer w(out);
    w.u32(pages.size());
    for (const auto& page : pages) {
        page.first.write(w);
        w.raw(page.name);
    }
    return out;
}

/// Errors: tampered for anything that encode_root does not write.
inline auto decode_root(byte_view body) -> result<std::vector<page_ref>> {
    reader in(body);
    const std::size_t count = in.u32();
    if (!in.ok() || count == 0 || count > limits::pages) return errc::tampered;
    std::vector<page_ref> pages;
    for (std::size_t i = 0; i < count; ++i) {
        page_ref page{entry_key::read(in), in.array<32>()};
        if (!in.ok()) return errc::tampered;
        if (i == 0 ? page.first != entry_key{} : !(pages.back().first < page.first))
            return errc::tampered;
        pages.push_back(std::move(page));
    }
    if (!in.finished()) return errc::tampered;
    return pages;
}

namespace detail {

/// Bytes that are there already, for a writer that fills all of them.
struct fixed_output {
    std::byte* at;

    auto end() const noexcept -> std::byte* { return at; }
    template <class It>
    void insert(std::byte* where, It from, It to) {
        at = std::copy(from, to, where);
    }
};

} // namespace detail

/// The body of a page: its entries in ascending order.
inline auto encode_page(const std::vector<entry>& entries) -> wiped_bytes {
    std::size_t size = 4;
    for (const auto& e : entries)
        size += e.encoded_size();
    wiped_bytes out(size);
    detail::fixed_output to{out.data()};
    writer w(to);
    w.u32(entries.size());
    for (const auto& e : entries)
        e.write(w);
    assert(to.at == out.data() + size);
    return out;
}

/// A page whose first key the root names `first`, and the next page's `next` (null for the last).
/// Errors: tampered for anything that encode_page does not write there.
inline auto decode_page(byte_view body, const entry_key& first, const entry_key* next)
    -> result<std::vector<entry>> {
    if (body.size() > limits::page_body) return errc::tampered;
    reader in(body);
    const std::size_t count = in.u32();
    constexpr std::size_t least_entry = 6 + 16 + 2 + 2 + 27;
    if (!in.ok() || count == 0 || count > body.size() / least_entry) return errc::tampered;
    std::vector<entry> entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        entry e;
        if (!entry::read(in, e)) return errc::tampered;
        if (i == 0 ? e.key != first : !(entries.back().key < e.key)) return errc::tampered;
        if (next != nullptr && !(e.key < *next)) return errc::tampered;
        entries.push_back(std::move(e));
    }
    if (!in.finished()) return errc::tampered;
    return entries;
}

} // namespace coffer::inline COFFER_ABI::format

#endif
