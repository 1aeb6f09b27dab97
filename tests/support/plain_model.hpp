// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_PLAIN_MODEL_HPP
#define COFFER_TESTS_SUPPORT_PLAIN_MODEL_HPP

#include <coffer/scope.hpp>
#include <coffer/view.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer_test {

/// What an environment holds, in plain: what every reader has to see, and nothing cleverer.
struct plain_state {
    std::set<std::string> spaces{};
    /// (space, name) → value; nullopt: hidden. Absent: inherited. Space "" is the environment.
    std::map<std::pair<std::string, std::string>, std::optional<std::string>> own{};

    /// The space's own, then the environment's.
    auto resolve(const std::string& space, const std::string& name) const
        -> std::optional<std::string> {
        if (const auto at = own.find({space, name}); at != own.end()) return at->second;
        const auto at = own.find({"", name});
        return at == own.end() ? std::nullopt : at->second;
    }
};

/// An answer as a text to compare: the value, or the code's name.
inline auto plain(const coffer::result<coffer::secret>& answer) -> std::string {
    return answer ? std::string(answer->expose_secret())
                  : std::string(to_string(answer.error().code));
}

/// The answers by which a reader refuses what it was shown.
inline auto is_refusal(coffer::errc code) -> bool {
    using coffer::errc;
    return code == errc::tampered || code == errc::rolled_back || code == errc::unknown_key ||
           code == errc::unsupported;
}

/// What comparing a reader with a plain state gave.
struct comparison {
    std::size_t true_answers = 0;
    std::size_t refused = 0;
    std::string lie{}; ///< The first answer that is neither; empty: there is none.

    auto all_true() const -> bool { return lie.empty() && refused == 0; }
    auto all_refused() const -> bool { return lie.empty() && true_answers == 0; }
};

/// Asks a view for all names: each answer must be the true one or a refusal.
inline void compare_view(const coffer::view& seen, const std::string& space,
                         const plain_state& truth, const std::vector<std::string>& names,
                         comparison& so_far) {
    for (const auto& name : names) {
        const auto expected = truth.resolve(space, name);
        const auto got = seen.get(name);
        const bool is_true = got ? expected && got->expose_secret() == *expected
                                 : !expected && got.error() == coffer::errc::not_found;
        if (is_true)
            ++so_far.true_answers;
        else if (!got && is_refusal(got.error().code))
            ++so_far.refused;
        else if (so_far.lie.empty())
            so_far.lie = "'" + space + "' " + name + ": " +
                         (got ? std::string(got->expose_secret())
                              : std::string(to_string(got.error().code))) +
                         ", not " + expected.value_or("not_found");
    }
}

/// Asks a reader for all names in the environment and in all of its spaces.
template <class Reader>
auto compare(const Reader& reader, std::string_view environment, const plain_state& truth,
             const std::vector<std::string>& names) -> comparison {
    comparison out;
    std::vector<std::string> scopes(truth.spaces.begin(), truth.spaces.end());
    scopes.emplace_back();
    for (const auto& space : scopes) {
        const auto seen = reader.at({environment, space, {}});
        if (seen)
            compare_view(*seen, space, truth, names, out);
        else if (is_refusal(seen.error().code))
            out.refused += names.size();
        else if (out.lie.empty())
            out.lie = "'" + space + "': " + std::string(to_string(seen.error().code));
    }
    return out;
}

} // namespace coffer_test

#endif
