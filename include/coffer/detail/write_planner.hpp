// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_WRITE_PLANNER_HPP
#define COFFER_DETAIL_WRITE_PLANNER_HPP

#include <coffer/algorithm/edits.hpp>
#include <coffer/names.hpp>
#include <coffer/policy.hpp>
#include <coffer/secret.hpp>
#include <coffer/writes.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::detail {

/// Turns what a vault's callers ask for into edits, checked as far as nothing need be known of the
/// state. Errors of all: invalid_argument, too_large (see names.hpp). The options outlive it.
class write_planner {
public:
    explicit write_planner(const options& of) noexcept : options_(&of) {}

    auto put(context where, std::string_view name, value_ref value, const write_options& with) const
        -> result<algorithm::edits::put> {
        return put_of(where, name, value.view(), with, [&] { return value.wiped_copy(); });
    }
    auto erase(context where, std::string_view name, const write_options& with) const
        -> result<algorithm::edits::erase> {
        return plain<algorithm::edits::erase>(where, name, with);
    }
    auto hide(context where, std::string_view name, const write_options& with) const
        -> result<algorithm::edits::hide> {
        return plain<algorithm::edits::hide>(where, name, with);
    }
    auto show(context where, std::string_view name, const write_options& with) const
        -> result<algorithm::edits::show> {
        return plain<algorithm::edits::show>(where, name, with);
    }
    auto undelete(context where, std::string_view name, const write_options& with) const
        -> result<algorithm::edits::undelete> {
        return plain<algorithm::edits::undelete>(where, name, with);
    }
    auto rollback(context where, std::string_view name, std::uint64_t to,
                  const write_options& with) const -> result<algorithm::edits::rollback> {
        if (auto valid = check(where, name, with); !valid) return valid.error();
        return algorithm::edits::rollback{key_of(where, name), to, with, author(with),
                                          open_spaces()};
    }
    auto read_version(context where, std::string_view name, std::uint64_t number) const
        -> algorithm::edits::read_version {
        return {key_of(where, name), number, open_spaces()};
    }
    auto many(context where, std::vector<change> changes) const
        -> result<algorithm::edits::change_many> {
        if (auto valid = check_scope(where); !valid) return valid.error();
        algorithm::edits::change_many out;
        out.steps.reserve(changes.size());
        for (auto& one : changes) {
            auto planned = step_of(where, std::move(one));
            if (!planned) return planned.error();
            out.steps.push_back(*std::move(planned));
        }
        return out;
    }

    /// A context that is written to: Coffer's own environment is not for callers.
    auto check_scope(context where) const -> result<void> {
        if (where.environment == system_environment) return errc::invalid_argument;
        if (auto valid = check_author(author()); !valid) return valid;
        return check_context(where);
    }
    auto check_options(const write_options& with) const -> result<void> {
        if (is_in_seconds(with.expires)) return errc::invalid_argument;
        if (with.note)
            if (auto valid = check_note(*with.note); !valid) return valid;
        return check_author(author(with));
    }

    /// Who writes: as the options of the write say, else those of the vault.
    auto author(const write_options& with = {}) const -> std::string {
        return with.author ? *with.author : options_->author;
    }
    static auto key_of(context where, std::string_view name) -> format::entry_key {
        return {std::string(where.space), std::string(where.actor), std::string(name)};
    }

private:
    using step = algorithm::edits::change_many::step;

    /// `take()` has the value, once it may be written.
    template <class Take>
    auto put_of(context where, std::string_view name, byte_view value, const write_options& with,
                Take take) const -> result<algorithm::edits::put> {
        if (auto valid = check(where, name, with); !valid) return valid.error();
        if (auto valid = check_value(value); !valid) return valid.error();
        return algorithm::edits::put{key_of(where, name), take(), with, author(with),
                                     open_spaces()};
    }
    /// An edit that needs no more than that.
    template <class E>
    auto plain(context where, std::string_view name, const write_options& with) const -> result<E> {
        if (auto valid = check(where, name, with); !valid) return valid.error();
        return E{key_of(where, name), with, author(with), open_spaces()};
    }
    auto step_of(context where, change&& one) const -> result<step> {
        switch (one.kind) {
        case change_kind::put:
            return as_step(
                put_of(where, one.name, one.value, one.with, [&] { return std::move(one.value); }));
        case change_kind::erase: return as_step(erase(where, one.name, one.with));
        case change_kind::hide: return as_step(hide(where, one.name, one.with));
        case change_kind::show: return as_step(show(where, one.name, one.with));
        case change_kind::undelete: break;
        }
        return as_step(undelete(where, one.name, one.with));
    }
    template <class E>
    static auto as_step(result<E>&& planned) -> result<step> {
        if (!planned) return planned.error();
        return step(*std::move(planned));
    }

    auto check(context where, std::string_view name, const write_options& with) const
        -> result<void> {
        if (auto valid = check_scope(where); !valid) return valid;
        if (auto valid = check_name(name); !valid) return valid;
        return check_options(with);
    }
    auto open_spaces() const noexcept -> bool { return options_->known_spaces == spaces::open; }

    const options* options_;
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
