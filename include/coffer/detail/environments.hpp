// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_ENVIRONMENTS_HPP
#define COFFER_DETAIL_ENVIRONMENTS_HPP

#include <coffer/dated.hpp>
#include <coffer/detail/engine.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::detail {

/// Which environments there are, and making and removing them. Either takes two commits, which no
/// store can make one: first of the environment's own head, which decides, then of its entry in the
/// registry. A process that is killed between the two leaves one of two half-done states, and any
/// later call here ends it:
///
///                  | listed                          | not listed
///     head is live | there                           | made, its maker was killed
///     head closed  | removed, its remover was killed | removed
///     no head      | tampered                        | never made
///
/// The head comes first in both. Listed first, a maker that is killed would leave `tampered`;
/// unlisted first, a remover that is killed would leave values that can be read and no list shows.
template <class P>
class environments {
public:
    using engine_type = engine<P>;
    using slot_type = typename engine_type::slot_type;

    explicit environments(engine_type& of) noexcept : engine_(of) {}

    /// Makes it, or finishes making it. With `must_be_new`: conflict if it is there; of several who
    /// make it at once, one is told that it did. One that was there, unlisted and with nothing in
    /// it but its description, is made by whoever lists it.
    auto make(std::string_view id, std::string metadata, const std::string& author,
              bool must_be_new) -> result<void> {
        return engine_.with_slot(id, [&](slot_type& s) -> result<void> {
            const auto was = engine_.found(s);
            if (!was && was.error() != errc::unknown_scope) return was.error();
            if (was && !was->snapshot->closed())
                return take_over(s, std::move(metadata), author, must_be_new);
            auto made =
                engine_.apply(id, algorithm::edits::make_scope{{}, metadata, author, false}, true);
            if (!made) return made.error();
            if (!*made) return take_over(s, std::move(metadata), author, must_be_new);
            const auto told = tell_registry(s);
            if (!told) return half_done(told.error());
            const bool by_another = *told == algorithm::edits::listing::as_it_was;
            return must_be_new && by_another ? result<void>(errc::conflict) : result<void>();
        });
    }
    /// Removes it, or finishes removing it; of several of this process who do it at once, one is
    /// told that it did. Errors also: unknown_scope (it is not there); conflict (it was made anew
    /// each time).
    auto remove(std::string_view id) -> result<void> {
        return engine_.with_slot(id, [&](slot_type& s) -> result<void> {
            const std::lock_guard alone(s.removing());
            for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
                const auto closed = engine_.transact(s, {}, {.close = true});
                if (closed) {
                    const auto told = tell_registry(s);
                    return told ? result<void>() : half_done(told.error());
                }
                if (closed.error() != errc::unknown_scope) return closed;
                if (auto looked = engine_.refresh(s); !looked) return looked;
                const auto was = engine_.found(s);
                if (!was) return was.error();
                if (!was->snapshot->closed()) continue; // somebody has made it in between
                const auto told = tell_registry(s);
                if (!told) return told.error();
                return *told == algorithm::edits::listing::changed
                           ? result<void>()
                           : result<void>(errc::unknown_scope);
            }
            return errc::conflict;
        });
    }

    /// The ids of all that are listed, sorted. Errors: those of reading; foreign.
    auto names() -> result<dated<std::vector<std::string>>> {
        const auto known = engine_.registry();
        if (!known) return known.error();
        dated<std::vector<std::string>> out{{}, known->fresh, &engine_.time()};
        if (known->snapshot == nullptr) return out;
        const auto prefix = engine_.listed_name({});
        known->snapshot->pages.each_from({}, [&](const format::entry& e, const tree::leaf& l) {
            if (l.state() == format::entry_state::value && e.key.name.starts_with(prefix))
                out.push_back(e.key.name.substr(prefix.size()));
            return true;
        });
        std::sort(out.begin(), out.end());
        return out;
    }

private:
    static constexpr unsigned most_attempts = 8;

    /// It is there, made by somebody else.
    auto take_over(slot_type& s, std::string&& metadata, const std::string& author,
                   bool must_be_new) -> result<void> {
        const auto& id = s.of().environment;
        const auto listed = engine_.is_listed(id);
        if (!listed) return listed.error();
        if (*listed) return must_be_new ? result<void>(errc::conflict) : result<void>();
        const auto told = tell_registry(s);
        if (!told) return told.error();
        if (!must_be_new) return {};
        const bool listed_here = *told == algorithm::edits::listing::changed;
        if (!listed_here || s.held().known->pages.entry_count() > 1) return errc::conflict;
        const auto described =
            engine_.apply(id, algorithm::edits::describe_scope{{}, std::move(metadata), author});
        return described ? result<void>() : half_done(described.error());
    }
    /// What the newest head says, for the registry.
    auto tell_registry(slot_type& s) -> result<algorithm::edits::listing> {
        const auto held = s.held().known;
        return engine_.apply(system_environment,
                             algorithm::edits::enlist{engine_.listed_name(s.of().environment),
                                                      !held->closed(), held->head.generation},
                             true);
    }
    /// The first commit stands, the second does not: not acknowledged, and safe to repeat.
    static auto half_done(const failure& why) -> result<void> {
        return failure(errc::outcome_unknown, why.cause);
    }

    engine_type& engine_;
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
