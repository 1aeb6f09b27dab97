// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_TESTING_ASYNC_SUBJECT_HPP
#define COFFER_ASIO_TESTING_ASYNC_SUBJECT_HPP

#include <coffer/asio/concepts/async_key_provider.hpp>
#include <coffer/asio/concepts/async_store.hpp>
#include <coffer/asio/testing/async_answers.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::testing::async_laws_detail {

/// What becomes of a caller's arguments: they stay as they are, or change after the call.
enum class lifetime : unsigned char { ordinary, short_lived };

/// One of a subject's calls: what starts it, and which answer is right.
template <class Result, class Begin, class Right>
struct async_call {
    using result_type = Result;
    Begin begin;
    Right right;
    template <class Token>
    void start(Token&& token, lifetime arguments = lifetime::ordinary) const {
        begin(std::forward<Token>(token), arguments);
    }
};
template <class Result, class Begin, class Right>
auto make_call(Begin begin, Right right) -> async_call<Result, Begin, Right> {
    return {std::move(begin), std::move(right)};
}

inline auto numbered(unsigned i) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(i));
    return out;
}

/// A store or keys, with what its calls need; `ready` once prepare() was.
template <class S>
class async_subject {
public:
    explicit async_subject(S held) : held_(std::move(held)) {}

    /// Puts in what the calls find. False: a call did not complete as it has to.
    auto prepare() -> bool {
        if constexpr (asio::AsyncStore<S>) {
            return committed(revision{}, numbered(1)).value_or(commit_outcome::unknown) ==
                   commit_outcome::committed;
        } else {
            answers<result<std::string>> id;
            held_.async_key_for("laws-a", id.handler());
            if (!id.run() || !*id.first()) return false;
            kek_id_ = **id.first();
            answers<result<bytes>> wrapped;
            held_.async_wrap(kek_id_, dek(), {}, wrapped.handler());
            if (!wrapped.run() || !*wrapped.first()) return false;
            wrapped_ = **wrapped.first();
            return true;
        }
    }

    /// Calls visit(call) for each kind of call.
    template <class F>
    void each(F&& visit) {
        if constexpr (asio::AsyncStore<S>)
            each_of_store(visit);
        else
            each_of_keys(visit);
    }

    template <class Token>
    void commit(revision expected, revision next, Token&& token) {
        held_.async_commit("laws-a", expected, next, some_writes(), std::forward<Token>(token));
    }
    auto committed(revision expected, revision next) -> result<commit_outcome> {
        answers<result<commit_outcome>> got;
        commit(expected, next, got.handler());
        return got.run() ? *got.first() : result<commit_outcome>(errc::timed_out);
    }
    auto newest() -> revision {
        const std::string partition = "laws-a"; // for a store that keeps references, too
        const std::vector<std::string> keys;
        answers<result<cut>> got;
        held_.async_load(partition, keys, got.handler());
        return got.run() && *got.first() ? (*got.first())->at : revision{};
    }

private:
    static auto dek() -> key_bytes {
        const std::array<std::byte, 32> bytes{std::byte{7}};
        return key_bytes(std::span<const std::byte, 32>(bytes));
    }
    static auto some_writes() -> asio::shared_writes {
        return std::make_shared<const std::vector<object_write>>(
            std::vector<object_write>{{"head", bytes{std::byte{1}}}});
    }
    /// An argument that lives as long as this, so that looking at it late is wrong and no crash.
    auto text(std::string_view is) -> std::string& { return texts_.emplace_back(is); }
    static void end(std::string& argument, lifetime of) {
        if (of == lifetime::short_lived) argument.assign(argument.size(), 'x');
    }

    template <class F>
    void each_of_store(F& visit) {
        visit(make_call<result<cut>>(
            [this](auto&& token, lifetime of) {
                auto& partition = text("laws-a");
                auto& keys = lists_.emplace_back(1, "head");
                held_.async_load(partition, keys, std::forward<decltype(token)>(token));
                end(partition, of);
                end(keys.front(), of);
            },
            [](const result<cut>& got) {
                return got && got->objects.size() == 1 && got->objects[0] == bytes{std::byte{1}};
            }));
        visit(make_call<result<commit_outcome>>(
            [this](auto&& token, lifetime of) {
                auto& partition = text("laws-a");
                held_.async_commit(partition, revision{}, numbered(200), some_writes(),
                                   std::forward<decltype(token)>(token));
                end(partition, of);
            },
            [](const result<commit_outcome>& got) {
                return got && *got == commit_outcome::conflict; // the partition is there
            }));
    }
    template <class F>
    void each_of_keys(F& visit) {
        visit(make_call<result<std::string>>(
            [this](auto&& token, lifetime of) {
                auto& environment = text("laws-a");
                held_.async_key_for(environment, std::forward<decltype(token)>(token));
                end(environment, of);
            },
            [this](const result<std::string>& got) { return got && *got == kek_id_; }));
        visit(make_call<result<bytes>>(
            [this](auto&& token, lifetime of) {
                auto& id = text(kek_id_);
                held_.async_wrap(id, dek(), {}, std::forward<decltype(token)>(token));
                end(id, of);
            },
            [](const result<bytes>& got) { return got && got->size() >= 16; }));
        visit(make_call<result<key_bytes>>(
            [this](auto&& token, lifetime of) {
                auto& id = text(kek_id_);
                auto& environment = text("laws-a");
                held_.async_unwrap(id, environment, wrapped_, {},
                                   std::forward<decltype(token)>(token));
                end(id, of);
                end(environment, of);
            },
            [](const result<key_bytes>& got) {
                return got && std::ranges::equal(got->view(), dek().view());
            }));
    }

    S held_;
    std::string kek_id_{};
    bytes wrapped_{};
    std::deque<std::string> texts_{};
    std::deque<std::vector<std::string>> lists_{};
};

} // namespace coffer::inline COFFER_ABI::testing::async_laws_detail

#endif
