// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <coffer/secrets.hpp>
#include <coffer/testing/fake_secrets.hpp>

#include <concepts>
#include <utility>

namespace {

/// What everybody's service looks like.
class service {
public:
    service(coffer::secrets from) : secrets_(std::move(from)) {}
    auto key() const -> coffer::result<coffer::secret> {
        return secrets_.get({.environment = "prod"}, "KEY");
    }

private:
    coffer::secrets secrets_;
};

static_assert(std::copyable<service>);
static_assert(!coffer::SecretSource<service>);
static_assert(coffer::SecretSource<coffer::secrets>);

} // namespace

TEST_CASE("a class that is made from a coffer::secrets can be copied") {
    coffer::testing::fake_secrets fake{{"KEY", "x"}};
    const service first{fake};
    const service second = first;
    const auto key = second.key().value();
    CHECK(key.expose_secret() == "x");
}

TEST_CASE("copies of a coffer::secrets are the same source") {
    coffer::testing::fake_secrets fake{{"KEY", "x"}};
    const coffer::secrets first{fake};
    const coffer::secrets second = first;
    fake.set("KEY", "y");
    const coffer::context prod{.environment = "prod"};
    CHECK(second.get(prod, "KEY").value() == coffer::secret("y"));
    CHECK(second.explain(prod, "KEY").value().outcome == coffer::errc{});
    fake.fail_next(coffer::errc::denied, 2);
    CHECK(first.get(prod, "KEY").error() == coffer::errc::denied);
    CHECK(second.explain(prod, "KEY").error() == coffer::errc::denied);
}
