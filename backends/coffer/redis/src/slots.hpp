// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_SLOTS_HPP
#define COFFER_REDIS_SRC_SLOTS_HPP

#include <coffer/redis/options.hpp>
#include <coffer/redis/reply.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis::detail {

/// Which node of a cluster has which slot, as far as it is known.
class slot_map {
public:
    static constexpr std::uint16_t slots = 16384;

    /// Understands the answer to CLUSTER SLOTS; `said_by` is the host where a node names none.
    static auto read(const reply& from, const endpoint& said_by) -> std::optional<slot_map> {
        if (!from.is(reply_kind::array)) return std::nullopt;
        slot_map out;
        for (const auto& range : from.items) {
            if (!range.is(reply_kind::array) || range.items.size() < 3) return std::nullopt;
            const auto& first = range.items[0];
            const auto& last = range.items[1];
            const auto& primary = range.items[2];
            if (!first.is(reply_kind::number) || !last.is(reply_kind::number) || first.number < 0 ||
                last.number < first.number || last.number >= slots)
                return std::nullopt;
            const auto node = node_of(primary, said_by);
            const auto owner = node ? out.number_of(*node) : nobody;
            if (owner == nobody) return std::nullopt;
            for (auto slot = first.number; slot <= last.number; ++slot) {
                auto& held = out.owner_[static_cast<std::size_t>(slot)];
                if (held != nobody) return std::nullopt; // the same slot twice
                held = owner;
            }
        }
        return out;
    }
    /// `MOVED 3999 127.0.0.1:6381` and `ASK …`: the node that is meant.
    static auto redirection(std::string_view error, const endpoint& said_by)
        -> std::optional<std::pair<std::uint16_t, endpoint>> {
        const auto first = error.find(' ');
        const auto second = first == error.npos ? first : error.find(' ', first + 1);
        if (second == error.npos) return std::nullopt;
        const auto slot = number<std::uint16_t>(error.substr(first + 1, second - first - 1));
        const auto where = error.substr(second + 1);
        const auto colon = where.rfind(':');
        if (!slot || *slot >= slots || colon == where.npos) return std::nullopt;
        const auto port = number<std::uint16_t>(where.substr(colon + 1));
        if (!port || *port == 0) return std::nullopt;
        const auto host = where.substr(0, colon);
        if (host.size() > 255) return std::nullopt;
        return std::pair(*slot, endpoint{host_of(host, said_by), *port, {}});
    }

    auto owner(std::uint16_t slot) const -> std::optional<endpoint> {
        if (owner_[slot] == nobody) return std::nullopt;
        return nodes_[owner_[slot]];
    }
    void moved(std::uint16_t slot, const endpoint& to) { owner_[slot] = number_of(to); }
    auto primaries() const -> std::set<endpoint> {
        std::set<endpoint> out;
        for (std::size_t n = 0; n < nodes_.size(); ++n)
            if (std::ranges::find(owner_, n) != owner_.end()) out.insert(nodes_[n]);
        return out;
    }

private:
    template <class N>
    static auto number(std::string_view text) -> std::optional<N> {
        N out = 0;
        const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (wrong != std::errc() || rest != text.data() + text.size()) return std::nullopt;
        return out;
    }
    static auto node_of(const reply& from, const endpoint& said_by) -> std::optional<endpoint> {
        if (!from.is(reply_kind::array) || from.items.size() < 2) return std::nullopt;
        const auto& host = from.items[0];
        const auto& port = from.items[1];
        if (!port.is(reply_kind::number) || port.number <= 0 || port.number > 65535 ||
            !(host.is(reply_kind::text) || host.is(reply_kind::null)) || host.text.size() > 255)
            return std::nullopt;
        return endpoint{host_of(host.text, said_by), static_cast<std::uint16_t>(port.number), {}};
    }
    /// Nothing and "?" are how a node says that it does not know a name.
    static auto host_of(std::string_view said, const endpoint& said_by) -> std::string {
        return said.empty() || said == "?" ? said_by.host : std::string(said);
    }

    static constexpr std::uint16_t nobody = slots;

    auto number_of(const endpoint& node) -> std::uint16_t {
        const auto found = std::ranges::find(nodes_, node);
        if (found != nodes_.end()) return static_cast<std::uint16_t>(found - nodes_.begin());
        if (nodes_.size() >= 1000) return nobody; // no cluster has so many
        nodes_.push_back(node);
        return static_cast<std::uint16_t>(nodes_.size() - 1);
    }

    std::vector<endpoint> nodes_{};
    std::vector<std::uint16_t> owner_ = std::vector<std::uint16_t>(slots, nobody); ///< By slot.
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
