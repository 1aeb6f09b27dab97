// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_RECENT_WRITES_HPP
#define COFFER_HTTP_RECENT_WRITES_HPP

#include <coffer/http/detail/recent_map.hpp>
#include <coffer/scope.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// Which token made a version, for as long as somebody may ask whether a change whose answer was
/// lost is theirs. Authors don't tell: two tokens may have one name. Of each name the last change
/// of this process is known, of so many names. Thread-safe.
class recent_writes {
public:
    explicit recent_writes(std::size_t most = 4096) : last_(most) {}

    void note(const scope& where, std::string_view name, std::uint64_t version,
              std::string_view token_id) {
        last_.note(key_of(where, name), {version, std::string(token_id)});
    }
    /// False as well where it is not known any more, or where another process made it.
    auto was_by(std::string_view token_id, const scope& where, std::string_view name,
                std::uint64_t version) const -> bool {
        const auto found = last_.find(key_of(where, name));
        return found && found->version == version && found->token_id == token_id;
    }

private:
    struct made {
        std::uint64_t version = 0;
        std::string token_id{};
    };
    using key = std::tuple<std::string, std::string, std::string, std::string>;
    static auto key_of(const scope& where, std::string_view name) -> key {
        return {where.environment, where.space, where.actor, std::string(name)};
    }

    detail::recent_map<key, made> last_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
