// SPDX-License-Identifier: BSL-1.0
// A store of another project's, under the suite that Coffer installs.
#include "../../../examples/own_store/versioned_store.hpp"

#include <coffer/testing/gtest.hpp>

TEST(versioned_store, keeps_the_store_laws) {
    coffer::testing::run_store_laws([] { return versioned_store{}; });
}
