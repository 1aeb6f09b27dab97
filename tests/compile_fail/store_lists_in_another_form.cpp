// expect: error: (static assertion failed.*: |static_assert failed[^"]*")the store has list or partitions, and is no ListableStore
// SPDX-License-Identifier: BSL-1.0
#include <coffer/any_store.hpp>

struct my_store {
    coffer::result<coffer::cut> load(std::string_view partition, std::span<const std::string> keys);
    coffer::result<coffer::commit_outcome> commit(std::string_view partition,
                                                  coffer::revision expected, coffer::revision next,
                                                  std::span<const coffer::object_write> writes);
    coffer::store_limits limits() const noexcept;
    coffer::result<coffer::listing> list(std::string_view partition);
#ifdef COFFER_MISUSE
    std::vector<std::string>
#else
    coffer::result<std::vector<std::string>>
#endif
    partitions();
};
coffer::any_store erased(my_store store) {
    return coffer::any_store(std::move(store));
}
