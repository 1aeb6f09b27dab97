// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_VIEW_HPP
#define COFFER_VIEW_HPP

#include <coffer/clock.hpp>
#include <coffer/explain.hpp>
#include <coffer/format/secret_id.hpp>
#include <coffer/result.hpp>
#include <coffer/secret.hpp>

#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// A resolved name with its value, the scope that it comes from and the secret's id there.
struct named_secret {
    std::string name{};
    scope from{};
    secret value{};
    format::secret_id id{};
};

/// A name that a program needs and does not get.
struct missing_secret {
    std::string name{};
    errc why{};
};

/// What stands behind a view: one context at one generation. Implementations are immutable and
/// thread-safe, and do no I/O; http::remote_view alone asks a server in get() and all().
class view_model {
public:
    virtual ~view_model() = default;
    virtual auto get(std::string_view name, freshness fresh) const -> result<secret> = 0;
    virtual auto all(freshness fresh) const -> result<std::vector<named_secret>> = 0;
    virtual auto explain(std::string_view name, freshness fresh) const -> result<explanation> = 0;
    virtual auto list(freshness fresh) const -> std::vector<explanation> = 0;
    virtual auto number() const noexcept -> std::uint64_t = 0;
    virtual auto most_names() const noexcept -> std::size_t = 0;
    virtual auto time() const noexcept -> const clock& { return machine_clock(); }
};

/// What bound::value() throws. Its text has the names, which are the program's own, and why each
/// can't be had; why() is the first one's failure.
class missing_secrets : public exception {
public:
    /// `all` is not empty.
    explicit missing_secrets(std::vector<missing_secret> all)
        : exception(all.front().why, text_of(all)),
          all_(std::make_shared<const std::vector<missing_secret>>(std::move(all))) {}
    auto all() const noexcept -> std::span<const missing_secret> { return *all_; }

private:
    static auto text_of(const std::vector<missing_secret>& all) -> std::string {
        std::string text = "secrets are missing";
        const char* separator = ": ";
        for (const auto& one : all) {
            text.append(separator).append(detail::without_controls(one.name));
            text.append(" (").append(to_string(one.why));
            separator = "), ";
        }
        return text + ")";
    }
    std::shared_ptr<const std::vector<missing_secret>> all_; // shared: copying it throws nothing
};

template <class T>
class bound;

/// One context at one generation: reading from it never waits. Cheap to copy; a copy may be used by
/// another thread. It shows the state that at() found and never changes; take a new one per request
/// or event. It keeps the sealed state and its keys alive, also beyond the resolver that made it.
///
/// One kind does wait: of a view that http::remote_vault gives, get() and all(), and what is made
/// of them (require, missing, bind), ask the server, with the errors of at() beside their own, such
/// as unavailable, timed_out, denied and stale. To ask once, in at(), take http::source.
class view {
public:
    view(std::shared_ptr<const view_model> model, freshness fresh) noexcept
        : model_(std::move(model)), fresh_(fresh) {}

    /// The value of a name, decrypted now. Errors: not_found (no scope has it, or hidden), expired,
    /// tampered, unknown_key, key_disabled, unsupported (a record of a newer format, an absent
    /// cipher), invalid_argument and too_large (no name at all).
    auto get(std::string_view name) const -> result<secret> { return model_->get(name, fresh_); }
    /// All names that resolve to a value, with their values, sorted by name. Hidden and expired
    /// ones are left out; a damaged one fails the whole. Errors: tampered, unknown_key,
    /// key_disabled.
    auto all() const -> result<std::vector<named_secret>> { return model_->all(fresh_); }
    /// Why a name resolves as it does, also where it does not. Errors: invalid_argument,
    /// too_large.
    auto explain(std::string_view name) const -> result<explanation> {
        return model_->explain(name, fresh_);
    }
    /// The same for every name that any scope of the look-up knows, sorted by name; opens no value.
    auto list() const -> std::vector<explanation> { return model_->list(fresh_); }

    /// How long ago the state was last known to be the newest.
    auto age() const noexcept -> std::chrono::milliseconds {
        return model_->time().boot() - fresh_.as_of;
    }
    /// The store could not be asked when this view was made, and an older state stands in.
    auto stale() const noexcept -> bool { return fresh_.stale; }
    auto fresh() const noexcept -> freshness { return fresh_; }
    /// Which state it shows, counted by its source for each environment. Two views of one context
    /// and one number show the same, but for what expired in between; a later commit has a higher
    /// one, and so has the same commit once other keys are to be had.
    auto number() const noexcept -> std::uint64_t { return model_->number(); }
    /// No more names than this has all() or list(): those of all its scopes together, told without
    /// a look at them, so that who must not take long can leave a long list to others.
    auto most_names() const noexcept -> std::size_t { return model_->most_names(); }
    /// The clock by which values expire. Outlives the view.
    auto time() const noexcept -> const clock& { return model_->time(); }

    /// Everything of `names` that can't be had, not the first alone; empty if all is there.
    [[nodiscard]] auto missing(std::span<const std::string_view> names) const
        -> std::vector<missing_secret> {
        std::vector<missing_secret> out;
        for (const auto name : names)
            if (const auto got = get(name); !got)
                out.push_back({std::string(name), got.error().code});
        return out;
    }
    template <std::convertible_to<std::string_view>... Names>
    [[nodiscard]] auto require(const Names&... names) const -> std::vector<missing_secret> {
        const std::string_view wanted[] = {std::string_view(names)...};
        return missing(wanted);
    }

    /// Which member takes which name.
    template <class T>
    struct binding {
        std::string_view name;
        std::variant<secret T::*, std::optional<secret> T::*> member;
    };
    /// Fills a struct of secrets in one call:
    ///
    ///     struct config { coffer::secret slack, db; std::optional<coffer::secret> proxy; };
    ///     auto c = view.bind<config>({{"SLACK_TOKEN", &config::slack}, {"DB_URL", &config::db},
    ///                                 {"PROXY_URL", &config::proxy}});
    ///     if (!c) for (auto& m : c.missing()) …   // all that are missing
    ///
    /// A secret that is optional may be not_found; any other error is one of it too.
    template <class T>
    auto bind(std::initializer_list<binding<T>> wanted) const -> bound<T>;

private:
    std::shared_ptr<const view_model> model_;
    freshness fresh_;
};

/// A T whose secrets were all found, or the list of those that were not.
template <class T>
class [[nodiscard]] bound {
public:
    explicit bound(T value) : value_(std::move(value)) {}
    explicit bound(std::vector<missing_secret> missing) : missing_(std::move(missing)) {}

    explicit operator bool() const noexcept { return value_.has_value(); }
    /// Misuse (asserted) where secrets are missing.
    auto operator*() const& noexcept -> const T& { return held(), *value_; }
    auto operator*() && -> T { return held(), *std::move(value_); }
    auto operator->() const& noexcept -> const T* { return held(), &*value_; }
    auto operator->() && noexcept -> const T* = delete; // name it first: its secrets are exposed
    auto missing() const noexcept -> std::span<const missing_secret> { return missing_; }
    /// The value; throws `missing_secrets` where there is none.
    auto value() & -> T& { return throw_unless(), *value_; }
    auto value() const& -> const T& { return throw_unless(), *value_; }
    auto value() && -> T { return throw_unless(), *std::move(value_); }

private:
    void throw_unless() const {
        if (!value_) throw missing_secrets(missing_);
    }
    void held() const noexcept { assert(value_.has_value() && "a bound that lacks secrets"); }

    std::optional<T> value_{};
    std::vector<missing_secret> missing_{};
};

template <class T>
auto view::bind(std::initializer_list<binding<T>> wanted) const -> bound<T> {
    T filled{};
    std::vector<missing_secret> missing;
    for (const auto& [name, member] : wanted) {
        auto got = get(name);
        const bool optional = member.index() == 1;
        if (got)
            std::visit([&](auto of) { filled.*of = *std::move(got); }, member);
        else if (!optional || got.error() != errc::not_found)
            missing.push_back({std::string(name), got.error().code});
    }
    if (!missing.empty()) return bound<T>(std::move(missing));
    return bound<T>(std::move(filled));
}

} // namespace coffer::inline COFFER_ABI

#endif
