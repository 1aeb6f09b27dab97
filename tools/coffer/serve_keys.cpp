// SPDX-License-Identifier: BSL-1.0
#include "serve_keys.hpp"

#include "problem.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

namespace command {

namespace http = coffer::http;
using coffer::errc;

namespace {

struct changing {
    explicit changing(key_place place) : in(std::move(place)) {}
    key_place in;
    std::mutex mutex{};
};

/// What `run` answers, alone; a problem as a refusal.
template <class T, class F>
auto alone(changing& at, F&& run) -> http::kek_outcome<T> {
    const std::lock_guard lock(at.mutex);
    try {
        return std::forward<F>(run)();
    } catch (const problem& why) {
        return http::kek_refusal{why.code, why.message};
    }
}

} // namespace

auto kek_changes_of(key_place in) -> http::kek_changes {
    using replaced = std::vector<http::replaced_kek>;
    const auto at = std::make_shared<changing>(std::move(in));
    http::kek_changes out;
    out.rotate = [at](std::string_view environment) {
        return alone<replaced>(*at, [&] {
            replaced all;
            for (auto& one : rotate_keks(*at->in.keys, std::string(environment)))
                all.push_back({std::move(one.from), std::move(one.to)});
            return all;
        });
    };
    out.disable = [at](std::string_view kek_id) {
        return alone<std::monostate>(*at, [&] {
            const std::string id(kek_id);
            const auto keks = keks_of(at->in);
            if (std::ranges::find(keks, id, &coffer::keyring::kek_info::id) == keks.end())
                throw problem(errc::not_found, {});
            if (const auto needs = why_needed(at->in, id, false); !needs.empty())
                throw problem(errc::conflict, not_disabled(id, needs));
            disable_kek(at->in, id);
            return std::monostate();
        });
    };
    out.shred = [at](std::string_view environment, std::string_view name, std::string_view by,
                     const http::on_ended_token& ended) {
        return alone<http::shred_receipt>(*at, [&] {
            const std::string id(environment);
            if (!shredding::is_meant(at->in, id)) throw problem(errc::unknown_scope, {});
            shredding planned(at->in, id, false);
            if (name != planned.name())
                throw problem(errc::invalid_argument,
                              "this is not the name of the environment, or, of one that was "
                              "removed or can't be read, its id");
            return planned.carry_out(by, ended);
        });
    };
    return out;
}

} // namespace command
