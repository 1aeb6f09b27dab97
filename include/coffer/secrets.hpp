// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_SECRETS_HPP
#define COFFER_SECRETS_HPP

#include <coffer/concepts/secret_source.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// Any source of secrets, its type erased: what a service holds, so that it is no template and does
/// not care whether its secrets come from a vault in the process, a server or a test's fake.
/// A handle: copies are the same source, and may be used from several threads.
class secrets {
public:
    template <class S>
    requires(!std::same_as<S, secrets> && SecretSource<S>) secrets(S source)
        : source_(std::make_shared<model<S>>(std::move(source))) {}

    /// One context as it is now; the only call that may wait (see view for the one kind of view
    /// whose get() does). Errors: see SecretSource.
    auto at(context where) const -> result<view> { return source_->at(where); }
    /// at(where) if it needs no wait, else nothing: as resolver::try_at. Nothing of a source that
    /// has none.
    auto try_at(context where) const -> std::optional<view> { return source_->try_at(where); }
    /// Short for at(where) and get(name).
    auto get(context where, std::string_view name) const -> result<secret> {
        auto v = at(where);
        return v ? v->get(name) : v.error();
    }
    /// Short for at(where) and all().
    auto all(context where) const -> result<std::vector<named_secret>> {
        auto v = at(where);
        return v ? v->all() : v.error();
    }
    /// Short for at(where) and explain(name).
    auto explain(context where, std::string_view name) const -> result<explanation> {
        auto v = at(where);
        return v ? v->explain(name) : v.error();
    }

private:
    struct base {
        virtual ~base() = default;
        virtual auto at(context where) const -> result<view> = 0;
        virtual auto try_at(context where) const -> std::optional<view> = 0;
    };
    template <class S>
    struct model final : base {
        explicit model(S s) : source(std::move(s)) {}
        auto at(context where) const -> result<view> override { return source.at(where); }
        auto try_at([[maybe_unused]] context where) const -> std::optional<view> override {
            if constexpr (requires { source.try_at(where); }) return source.try_at(where);
            return std::nullopt;
        }
        S source;
    };
    std::shared_ptr<const base> source_;
};

static_assert(SecretSource<secrets>);

} // namespace coffer::inline COFFER_ABI

#endif
