// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_REGISTRY_EDITS_HPP
#define COFFER_ALGORITHM_REGISTRY_EDITS_HPP

#include <coffer/algorithm/edits.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// The edits of the registry, the environment `coffer.system`: which environments there are, and
/// what is kept beside them.
namespace coffer::inline COFFER_ABI::algorithm::edits {

/// What noting an environment changed.
enum class listing : unsigned char {
    as_it_was, ///< The registry knows this already, or something newer.
    renewed,   ///< It was listed, or not, already; as of an older generation of the head.
    changed,   ///< It is listed now and was not, or the other way round.
};

/// Notes in the registry what an environment's head said at a generation: that it is there, or
/// that it is closed. The generation is kept as the entry's note, and news that are no newer change
/// nothing: a maker or remover that comes late, or again, can't undo what happened since.
struct enlist {
    using value_type = listing;
    std::string name{};
    bool present = true;
    std::uint64_t generation = 0;

    auto operator()(tree::draft& d) const -> result<listing> {
        if (auto made = make_scope{{}, "{}", {}, false}(d); !made) return made.error();
        const entry_key key{{}, {}, name};
        const auto* was = d.find(key);
        if (was != nullptr && generation <= noted(was->note)) return listing::as_it_was;
        const bool listed = own_version(was) != 0;
        if (was != nullptr && listed == present) {
            entry next = *was;
            next.note = std::to_string(generation);
            d.set(std::move(next));
            return listing::renewed;
        }
        write_options with;
        with.note = std::to_string(generation);
        auto done = present ? append(d, key, entry_state::value, as_bytes("{}"), with, {})
                            : append(d, key, entry_state::deleted, std::nullopt, with, {});
        if (!done) return done.error();
        return listed == present ? listing::renewed : listing::changed;
    }

private:
    /// 0 for what has no note: the registry of a Coffer that kept none.
    static auto noted(std::string_view note) noexcept -> std::uint64_t {
        std::uint64_t generation = 0;
        std::from_chars(note.data(), note.data() + note.size(), generation);
        return generation;
    }
};

/// Sets a value beside the registry. What writes first makes the environment's own entry, without
/// which it could not be read.
struct put_beside {
    using value_type = written;
    put what{};

    auto operator()(tree::draft& d) const -> result<value_type> {
        if (auto made = make_scope{{}, "{}", {}, false}(d); !made) return made.error();
        return what(d);
    }
};

} // namespace coffer::inline COFFER_ABI::algorithm::edits

#endif
