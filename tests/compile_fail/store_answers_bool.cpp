// expect: error: static(_assert failed| assertion failed).*note: ('s.commit\(partition, expected, next, writes\)' does not satisfy return-type-requirement|because type constraint 'std::same_as<[^']*[bB]ool, result<[^']*commit_outcome> >' was not satisfied)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/store.hpp>

struct my_store {
#ifdef COFFER_MISUSE
    using commit_answer = bool;
#else
    using commit_answer = coffer::result<coffer::commit_outcome>;
#endif
    coffer::result<coffer::cut> load(std::string_view partition, std::span<const std::string> keys);
    commit_answer commit(std::string_view partition, coffer::revision expected,
                         coffer::revision next, std::span<const coffer::object_write> writes);
    coffer::store_limits limits() const noexcept;
};
static_assert(coffer::Store<my_store>);
