// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_RECENT_DESCRIPTIONS_HPP
#define COFFER_HTTP_RECENT_DESCRIPTIONS_HPP

#include <coffer/concepts/cipher.hpp>
#include <coffer/http/detail/recent_map.hpp>
#include <coffer/scope.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// Who wrote what describes an environment or a space, where this process did: the vault writes
/// that in the name of the process itself. Noted before it is written, so that nobody who sees it
/// written finds nothing; a note of what came to nothing fits no version. Thread-safe.
class recent_descriptions {
public:
    explicit recent_descriptions(std::size_t most = 4096) : last_(most) {}

    /// `digest`: of the text that will be that version.
    void note(const scope& where, std::uint64_t version, const digest& of_text,
              std::string_view author) {
        last_.note({where.environment, where.space}, {version, of_text, std::string(author)});
    }
    /// Empty: it is not known.
    auto author_of(context where, std::uint64_t version, const digest& of_text) const
        -> std::string {
        const auto found = last_.find({std::string(where.environment), std::string(where.space)});
        const bool same = found && found->version == version && found->of_text == of_text;
        return same ? found->author : std::string();
    }

private:
    struct written {
        std::uint64_t version = 0;
        digest of_text{};
        std::string author{};
    };
    detail::recent_map<std::pair<std::string, std::string>, written> last_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
