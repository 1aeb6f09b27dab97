// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_RESULT_HPP
#define COFFER_RESULT_HPP

#include <coffer/errc.hpp>

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI {

/// What result::value() throws. Its text is the code's name and the system's cause, nothing else.
class exception : public std::system_error {
public:
    explicit exception(failure why)
        : std::system_error(why.cause ? std::system_error(why.code, why.cause.message())
                                      : std::system_error(why.code)),
          why_(why) {}
    /// The same, its text after one that tells more.
    exception(failure why, const std::string& more)
        : std::system_error(why.code, more), why_(why) {}
    /// The failure that value() was called on.
    auto why() const noexcept -> const failure& { return why_; }

private:
    failure why_;
};

template <class T>
class result;

namespace detail {

template <class T>
concept exposes_secret = requires(const T& held) {
    held.expose_secret();
};

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

} // namespace detail

/// A T, or the failure that stands in its place. Member names are those of std::expected.
///
/// value() throws `exception` and is the only throwing member; operator* and error() on the wrong
/// alternative are misuse (asserted). Not an alias of std::expected, so that a C++20 and a C++23
/// unit of one program agree on the type.
template <class T>
class [[nodiscard]] result {
    static_assert(!std::is_reference_v<T>, "result<T&> is not supported: return a pointer");

public:
    using value_type = T;
    using error_type = failure;

    template <class U = T>
    requires(std::is_constructible_v<T, U> && // a result<bool> is no other's being there
             !detail::is_result<std::remove_cvref_t<U>> &&
             !std::is_same_v<std::remove_cvref_t<U>, failure> &&
             !std::is_same_v<std::remove_cvref_t<U>, errc>) explicit(!std::is_convertible_v<U, T>)
        result(U&& value)
        : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    result(failure why) noexcept : state_(std::in_place_index<1>, why) {}
    result(errc why) noexcept : state_(std::in_place_index<1>, failure{why}) {}

    auto has_value() const noexcept -> bool { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    auto operator*() & noexcept -> T& { return held(); }
    auto operator*() const& noexcept -> const T& { return held(); }
    /// By value, so that `for (auto& x : *f())` and `for (auto& x : f().value())` do not dangle.
    auto operator*() && -> T { return std::move(held()); }
    auto operator->() & noexcept -> T* { return &held(); }
    auto operator->() const& noexcept -> const T* { return &held(); }
    auto operator->() && noexcept -> T* { return &held(); }
    /// What is exposed of a secret must not outlive it: name the result first.
    auto operator->() && noexcept -> T* requires detail::exposes_secret<T>
    = delete;

    auto error() const noexcept -> const failure& {
        assert(!has_value() && "error() of a result that holds a value");
        return *std::get_if<1>(&state_);
    }

    auto value() & -> T& { return throw_unless(), held(); }
    auto value() const& -> const T& { return throw_unless(), held(); }
    auto value() && -> T { return throw_unless(), std::move(held()); }

    template <class U>
    auto value_or(U&& other) const& -> T {
        return has_value() ? held() : static_cast<T>(std::forward<U>(other));
    }
    template <class U>
    auto value_or(U&& other) && -> T {
        return has_value() ? std::move(held()) : static_cast<T>(std::forward<U>(other));
    }
    /// f(value), which returns a result; a failure is handed on as it is.
    template <class F>
    auto and_then(F&& f) const& -> std::invoke_result_t<F, const T&> {
        if (has_value()) return std::forward<F>(f)(held());
        return error();
    }
    template <class F>
    auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
        if (has_value()) return std::forward<F>(f)(std::move(held()));
        return error();
    }
    /// f(value) as a result; a failure is handed on as it is.
    template <class F>
    auto transform(F&& f) const& -> result<std::remove_cvref_t<std::invoke_result_t<F, const T&>>> {
        if (has_value()) return std::forward<F>(f)(held());
        return error();
    }
    template <class F>
    auto transform(F&& f) && -> result<std::remove_cvref_t<std::invoke_result_t<F, T&&>>> {
        if (has_value()) return std::forward<F>(f)(std::move(held()));
        return error();
    }

private:
    auto held() noexcept -> T& {
        assert(has_value() && "the value of a result that holds a failure");
        return *std::get_if<0>(&state_);
    }
    auto held() const noexcept -> const T& {
        assert(has_value() && "the value of a result that holds a failure");
        return *std::get_if<0>(&state_);
    }
    void throw_unless() const {
        if (!has_value()) throw exception(error());
    }

    std::variant<T, failure> state_;
};

/// Success without a value, or a failure.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;
    using error_type = failure;

    result() noexcept = default;
    result(failure why) noexcept : why_(why) {}
    result(errc why) noexcept : why_(failure{why}) {}

    auto has_value() const noexcept -> bool { return !why_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    auto error() const noexcept -> const failure& {
        assert(!has_value() && "error() of a result that holds a value");
        return *why_;
    }
    void value() const {
        if (why_) throw exception(*why_);
    }
    template <class F>
    auto and_then(F&& f) const -> std::invoke_result_t<F> {
        if (has_value()) return std::forward<F>(f)();
        return error();
    }

private:
    std::optional<failure> why_;
};

} // namespace coffer::inline COFFER_ABI

#endif
