// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_FAKE_SECRETS_HPP
#define COFFER_TESTING_FAKE_SECRETS_HPP

#include <coffer/secrets.hpp>
#include <coffer/testing/fake_view.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::testing {

/// A source of secrets for unit tests: no file, no key, no clock. UNSAFE outside of tests: values
/// are plain texts in ordinary memory, and whoever holds a handle may change them.
///
///     coffer::testing::fake_secrets secrets{{"STRIPE_KEY", "sk_test"}};
///     billing service{secrets};                          // takes a coffer::secrets
///     secrets.fail_next(coffer::errc::unavailable);      // the next at() fails
///
/// A value that is set without a context is there in every context. One set for a context is there
/// for that environment, or space, or actor, most specific first, as the service looks things up
/// (environment_then_space_then_actor), and wins over those set without. Every context is known.
///
/// A handle: copies are the same fake, so the test keeps one and sees what the service does with
/// its own. All members may be called from several threads. Models SecretSource.
class fake_secrets {
public:
    using named_text = std::pair<std::string_view, std::string_view>;

    fake_secrets() = default;
    /// Values that are there in every context.
    fake_secrets(std::initializer_list<named_text> values) {
        for (const auto& [name, value] : values)
            set(name, value);
    }

    /// Sets a value for every context, or for one.
    void set(std::string_view name, std::string_view value) {
        put(every_context, name, {layer_state::value, value});
    }
    void set(context where, std::string_view name, std::string_view value) {
        put(where, name, {layer_state::value, value});
    }
    /// The name is not found there, whatever it would inherit.
    void hide(context where, std::string_view name) { put(where, name, {layer_state::hidden, {}}); }
    /// The name is there, but past its expiry: reading it is expired.
    void expire(context where, std::string_view name) {
        put(where, name, {layer_state::expired, {}});
    }
    /// The name is there, but reading it fails: tampered, unknown_key, key_disabled.
    void damage(context where, std::string_view name, errc why = errc::tampered) {
        put(where, name, {layer_state::damaged, {}, why});
    }
    /// Removes what was set for exactly this context (every_context: without one).
    void erase(context where, std::string_view name) {
        change([&](fake_values& all) {
            const auto layer = all.find(scope(where));
            if (layer != all.end()) layer->second.erase(std::string(name));
        });
    }

    /// The next `times` calls of at() fail with `why`.
    void fail_next(errc why, std::size_t times = 1) {
        const std::lock_guard lock(state_->mutex);
        state_->next = why;
        state_->failures_left = times;
    }
    /// Every call of at() fails with `why`, until succeed().
    void fail_always(errc why) {
        const std::lock_guard lock(state_->mutex);
        state_->always = why;
    }
    /// Ends fail_next and fail_always.
    void succeed() {
        const std::lock_guard lock(state_->mutex);
        state_->always.reset();
        state_->failures_left = 0;
    }
    /// Views made from now on say that they are this old, and stale; zero: fresh again.
    void serve_stale(std::chrono::milliseconds age) {
        const std::lock_guard lock(state_->mutex);
        state_->age = age;
    }

    /// How often at() was called, failures included.
    auto calls() const -> std::size_t {
        const std::lock_guard lock(state_->mutex);
        return state_->calls;
    }
    /// The context of the newest call of at(); nothing if there was none.
    auto last_context() const -> std::optional<scope> {
        const std::lock_guard lock(state_->mutex);
        return state_->last;
    }

    /// One context as it is now: what is set later is not seen in it (law R2). Errors: those that
    /// were asked for; invalid_argument for a context that no source would take.
    auto at(context where) const -> result<view> {
        const std::lock_guard lock(state_->mutex);
        auto& s = *state_;
        ++s.calls;
        s.last = scope(where);
        if (s.always) return *s.always;
        if (s.failures_left > 0) {
            --s.failures_left;
            return s.next;
        }
        if (auto valid = check_context(where); !valid) return valid.error();
        const freshness fresh{machine_clock().boot() - s.age, s.age.count() != 0};
        return view(std::make_shared<fake_view>(s.values, s.number, where), fresh);
    }
    /// Short for at(where) and get(name).
    auto get(context where, std::string_view name) const -> result<secret> {
        auto v = at(where);
        return v ? v->get(name) : v.error();
    }

private:
    struct state {
        std::mutex mutex{};
        std::shared_ptr<const fake_values> values = std::make_shared<fake_values>();
        std::uint64_t number = 1; ///< How often it was changed, and one.
        std::optional<errc> always{};
        errc next{};
        std::size_t failures_left = 0;
        std::chrono::milliseconds age{0};
        std::size_t calls = 0;
        std::optional<scope> last{};
    };

    template <class F>
    void change(F&& edit) {
        const std::lock_guard lock(state_->mutex);
        auto copy = std::make_shared<fake_values>(*state_->values); // views keep the one they have
        edit(*copy);
        state_->values = std::move(copy);
        ++state_->number;
    }
    struct setting {
        layer_state state;
        std::string_view value{};
        errc why = errc::tampered;
    };
    void put(context where, std::string_view name, const setting& what) {
        change([&](fake_values& all) {
            auto& entry = all[scope(where)][std::string(name)];
            entry = {what.state, std::string(what.value), what.why, entry.version + 1};
        });
    }

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

static_assert(SecretSource<fake_secrets>);

} // namespace coffer::inline COFFER_ABI::testing

#endif
