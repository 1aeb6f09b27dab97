// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_FETCHING_HPP
#define COFFER_ALGORITHM_FETCHING_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/tree/object_cache.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// Objects on their way from the store, as many at a time as one load asks for.
class fetching {
public:
    fetching() = default;
    explicit fetching(std::vector<format::object_name> names) : names_(std::move(names)) {}

    /// The store keys that the next load is to ask for.
    auto keys() const -> std::vector<std::string> {
        std::vector<std::string> out;
        out.reserve(count());
        for (std::size_t i = 0; i < count(); ++i)
            out.push_back(format::store_key(names_[at_ + i]));
        return out;
    }
    /// Takes the answer of that load: an object that is not what its name says is missing. False if
    /// the answer is not to what was asked.
    template <Cipher C>
    auto take(cut&& answer, const C& cipher, tree::object_cache& into) -> bool {
        const auto n = count();
        if (answer.objects.size() != n) return false;
        for (std::size_t i = 0; i < n; ++i) {
            const auto& name = names_[at_ + i];
            auto& object = answer.objects[i];
            if (object && cipher.sha256(*object) == name)
                into.emplace(name, std::move(*object));
            else
                missing_.push_back(name);
        }
        at_ += n;
        return true;
    }
    auto ended() const noexcept -> bool { return at_ == names_.size(); }
    /// All of them are missing: no load could tell otherwise.
    void give_up() noexcept {
        missing_ = std::move(names_);
        names_.clear();
        at_ = 0;
    }
    auto missing() const noexcept -> const std::vector<format::object_name>& { return missing_; }

private:
    auto count() const noexcept -> std::size_t {
        return std::min(most_per_load, names_.size() - at_);
    }

    std::vector<format::object_name> names_{};
    std::size_t at_ = 0;
    std::vector<format::object_name> missing_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
