// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_PROPERTY_POOLED_CALLS_HPP
#define COFFER_TESTS_PROPERTY_POOLED_CALLS_HPP

#include "property/world.hpp"

#include <coffer/asio/block_on.hpp>
#include <coffer/asio/resolver.hpp>
#include <coffer/asio/vault.hpp>

#include <boost/asio/thread_pool.hpp>

#include <string>
#include <utility>
#include <vector>

namespace coffer_test {

/// The calls of direct_calls by their asynchronous twins, on the threads of a pool.
struct pooled_calls {
    static auto pool() -> boost::asio::thread_pool& {
        // Never destroyed: at exit, Asio's own threads may still hold what completed on it.
        static auto* const threads = new boost::asio::thread_pool(2);
        return *threads;
    }
    static auto put(test_vault& v, coffer::context where, std::string_view name,
                    std::string_view value, const coffer::write_options& with) {
        return wait<coffer::written>([&](auto token) {
            coffer::asio::async_put(coffer::asio::lift(pool(), v), where, name, value, with,
                                    std::move(token));
        });
    }
    static auto put_many(test_vault& v, coffer::context where,
                         std::vector<coffer::named_value>&& values,
                         const coffer::write_options& with) {
        std::vector<coffer::change> all;
        for (auto& one : values)
            all.push_back(
                {coffer::change_kind::put, std::move(one.name), std::move(one.value), with});
        return wait<std::vector<coffer::written>>([&](auto token) {
            coffer::asio::async_change_many(coffer::asio::lift(pool(), v), where, std::move(all),
                                            std::move(token));
        });
    }
    static auto erase(test_vault& v, coffer::context where, std::string_view name) {
        return wait<coffer::written>([&](auto token) {
            coffer::asio::async_erase(coffer::asio::lift(pool(), v), where, name, std::move(token));
        });
    }
    static auto hide(test_vault& v, coffer::context where, std::string_view name) {
        return wait<coffer::written>([&](auto token) {
            coffer::asio::async_hide(coffer::asio::lift(pool(), v), where, name, std::move(token));
        });
    }
    static auto show(test_vault& v, coffer::context where, std::string_view name,
                     const coffer::write_options& with) {
        return wait<coffer::written>([&](auto token) {
            coffer::asio::async_show(coffer::asio::lift(pool(), v), where, name, with,
                                     std::move(token));
        });
    }
    static auto undelete(test_vault& v, coffer::context where, std::string_view name,
                         const coffer::write_options& with) {
        return wait<coffer::written>([&](auto token) {
            coffer::asio::async_undelete(coffer::asio::lift(pool(), v), where, name, with,
                                         std::move(token));
        });
    }
    static auto rollback(test_vault& v, coffer::context where, std::string_view name,
                         std::uint64_t to, const coffer::write_options& with) {
        return wait<coffer::written>([&](auto token) {
            coffer::asio::async_rollback(coffer::asio::lift(pool(), v), where, name, to, with,
                                         std::move(token));
        });
    }
    static auto create_space(test_vault& v, coffer::context where) -> coffer::result<void> {
        if (where.space.empty()) return v.create_space(where); // refused: there is no edit of it
        return no_answer(applied(
            v, coffer::algorithm::edits::make_scope{key_of(where, {}), "{}", author_of(v), true}));
    }
    static auto remove_space(test_vault& v, coffer::context where) -> coffer::result<void> {
        if (where.space.empty()) return v.remove_space(where);
        return no_answer(
            applied(v, coffer::algorithm::edits::remove_space{std::string(where.space)}));
    }
    static auto at(const test_resolver& r, coffer::context where) {
        return wait<coffer::view>([&](auto token) {
            coffer::asio::async_at(coffer::asio::lift(pool(), r), where, std::move(token));
        });
    }

private:
    /// Not by a future: the thread sanitizer sees races in libstdc++'s promise.
    template <class T, class Initiate>
    static auto wait(Initiate&& initiate) -> coffer::result<T> {
        return coffer::asio::detail::wait_for<coffer::result<T>>(initiate, coffer::errc::cancelled);
    }
    template <class E>
    static auto applied(test_vault& v, E edit) -> coffer::result<typename E::value_type> {
        return wait<typename E::value_type>([&](auto token) {
            coffer::asio::async_apply(coffer::asio::lift(pool(), v), "e", std::move(edit),
                                      std::move(token));
        });
    }
    static auto key_of(coffer::context where, std::string_view name) -> coffer::format::entry_key {
        return {std::string(where.space), {}, std::string(name)};
    }
    static auto author_of(test_vault& v) -> std::string { return v.engine().settings().author; }
    template <class T>
    static auto no_answer(const coffer::result<T>& done) -> coffer::result<void> {
        return done ? coffer::result<void>() : coffer::result<void>(done.error());
    }
};

} // namespace coffer_test

#endif
