// SPDX-License-Identifier: BSL-1.0
// The GoogleTest glue; what the laws say is tested elsewhere.
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/inheritance.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/fake_key_provider.hpp>
#include <coffer/testing/fake_secrets.hpp>
#include <coffer/testing/gtest.hpp>

#include <gtest/gtest-spi.h>

#include <stdexcept>

namespace {
struct no_layer {
    auto lookup_order(coffer::context) const noexcept -> coffer::scope_list { return {}; }
};

struct make_fake {
    static constexpr bool knows_every_context = true;
    auto operator()() -> coffer::testing::fake_secrets { return {}; }
    void put(coffer::testing::fake_secrets& source, coffer::context where, std::string_view name,
             std::string_view value) {
        source.set(where, name, value);
    }
};

int ran = 0;
void throws(int&, coffer::testing::checker&) {
    throw std::runtime_error("from a law");
}
void fails(int&, coffer::testing::checker& check) {
    check.that(false, "what does not hold");
}
void counts(int&, coffer::testing::checker&) {
    ++ran;
}
} // namespace

TEST(gtest_glue, runs_the_store_laws) {
    coffer::testing::run_store_laws([] { return coffer::memory::store{}; });
}

TEST(gtest_glue, a_law_that_fails_or_throws_is_reported_by_name_and_hides_no_other) {
    ::testing::TestPartResultArray results;
    {
        const ::testing::ScopedFakeTestPartResultReporter reporter(
            ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
        const std::array<coffer::testing::law<int>, 3> laws{
            {{"X1 throws", throws}, {"X2 fails", fails}, {"X3 counts", counts}}};
        int make = 0;
        coffer::testing::run_laws(laws, make);
    }
    ASSERT_EQ(results.size(), 2);
    EXPECT_NE(std::string(results.GetTestPartResult(0).message()).find("X1"), std::string::npos);
    EXPECT_NE(std::string(results.GetTestPartResult(0).message()).find("from a law"),
              std::string::npos);
    EXPECT_NE(std::string(results.GetTestPartResult(1).message()).find("X2"), std::string::npos);
    EXPECT_NE(std::string(results.GetTestPartResult(1).message()).find("what does not hold"),
              std::string::npos);
    EXPECT_EQ(ran, 1);
}

TEST(gtest_glue, runs_the_cipher_laws) {
    coffer::testing::run_cipher_laws([] { return coffer::cryptopp::aes_256_gcm{}; });
}

TEST(gtest_glue, runs_the_key_provider_laws) {
    coffer::testing::run_key_provider_laws([] { return coffer::testing::fake_key_provider{}; });
}

TEST(gtest_glue, runs_the_source_laws) {
    coffer::testing::run_source_laws(make_fake{});
}

TEST(gtest_glue, runs_the_inheritance_laws) {
    coffer::testing::run_inheritance_laws([] { return coffer::environment_then_space{}; });
}

TEST(gtest_glue, reports_the_inheritance_law_that_is_broken) {
    ::testing::TestPartResultArray results;
    {
        const ::testing::ScopedFakeTestPartResultReporter reporter(
            ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
        coffer::testing::run_inheritance_laws([] { return no_layer{}; });
    }
    EXPECT_GT(results.size(), 0);
}
