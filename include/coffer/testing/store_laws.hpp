// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_STORE_LAWS_HPP
#define COFFER_TESTING_STORE_LAWS_HPP

#include <coffer/testing/laws/store_concurrent.hpp>
#include <coffer/testing/laws/store_edges.hpp>
#include <coffer/testing/laws/store_listing.hpp>
#include <coffer/testing/laws/store_single.hpp>

#include <array>

namespace coffer::inline COFFER_ABI::testing {

/// The laws of Store (concepts/store.hpp) as checks: framework-neutral. With Catch2 or GoogleTest,
/// run_store_laws(make) of catch2.hpp or gtest.hpp runs them, one section a law:
///
///     TEST_CASE("my_store keeps the store laws") {
///         coffer::testing::run_store_laws([] { return my_store{}; });
///     }
///
/// `make()` gives a fresh, empty store each time (each law asks for its own). For S12 it may have a
/// member `reopen(store&&)`, which lets go of the store and opens what it kept again; without one
/// S12 is reported as not applicable. Each object and commit is small but for S13, which goes up to
/// 64 MiB to find the limits. S6, S9 and L1 use threads.
template <class Make>
inline constexpr std::array<law<Make>, 16> store_laws{{
    {"S1 a partition that was never committed has revision zero and no object",
     laws::store_s1<Make>},
    {"S2 after a commit the revision is the one that it brought", laws::store_s2<Make>},
    {"S3 load answers each key in order with the bytes as committed", laws::store_s3<Make>},
    {"S4 a commit whose expectation is not the revision is a conflict and writes nothing",
     laws::store_s4<Make>},
    {"S5 a commit on revision zero makes the partition and conflicts with one that is there",
     laws::store_s5<Make>},
    {"S6 no load sees a part of a commit", laws::store_s6<Make>},
    {"S7 a commit erases, replaces and keeps as it says, and the last write to a key wins",
     laws::store_s7<Make>},
    {"S8 partitions do not touch each other", laws::store_s8<Make>},
    {"S9 of concurrent commits on one revision exactly one is committed, and none is lost",
     laws::store_s9<Make>},
    {"S10 a commit that fails wrote nothing and writes nothing later", laws::store_s10<Make>},
    {"S11 a commit that is sent again is committed at most once", laws::store_s11<Make>},
    {"S12 a store that is opened again shows the last committed state", laws::store_s12<Make>},
    {"S13 what is over the limits is too_large and not written", laws::store_s13<Make>},
    {"S14 malformed names are invalid_argument and well-formed ones work", laws::store_s14<Make>},
    {"S15 a revision is 16 opaque bytes", laws::store_s15<Make>},
    {"S16 a copy of the handle is the same store", laws::store_s16<Make>},
}};

/// The laws of ListableStore.
template <class Make>
inline constexpr std::array<law<Make>, 2> listing_laws{{
    {"L1 list answers exactly the entries of one committed state, sorted by key",
     laws::store_l1<Make>},
    {"L2 partitions answers the names of all partitions, sorted, each once", laws::store_l2<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
