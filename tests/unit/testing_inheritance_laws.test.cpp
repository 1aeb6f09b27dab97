// SPDX-License-Identifier: BSL-1.0
#include <coffer/inheritance.hpp>
#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>
#include <support/law_recorder.hpp>

using namespace coffer;

namespace {

struct no_layer {
    auto lookup_order(context) const noexcept -> scope_list { return {}; }
};
struct layer_twice {
    auto lookup_order(context where) const noexcept -> scope_list {
        scope_list layers;
        layers.push_back({where.environment, where.space, {}});
        layers.push_back({where.environment, {}, {}});
        return layers;
    }
};
struct falls_back_to_prod {
    auto lookup_order(context where) const noexcept -> scope_list {
        scope_list layers;
        layers.push_back({where.environment, {}, {}});
        if (where.environment != "prod") layers.push_back({"prod", {}, {}});
        return layers;
    }
};
struct shares_a_space {
    auto lookup_order(context where) const noexcept -> scope_list {
        scope_list layers;
        layers.push_back({where.environment, "common", {}});
        return layers;
    }
};
struct takes_the_space_for_the_actor {
    auto lookup_order(context where) const noexcept -> scope_list {
        scope_list layers;
        layers.push_back({where.environment, {}, where.space});
        return layers;
    }
};
struct changes_its_mind {
    auto lookup_order(context where) const noexcept -> scope_list {
        static bool turn = false;
        turn = !turn;
        scope_list layers;
        layers.push_back({where.environment, {}, turn ? where.actor : std::string_view{}});
        return layers;
    }
};

template <class I>
auto laws_broken_by() -> std::string {
    static_assert(Inheritance<I>);
    auto make = [] { return I{}; };
    return broken_laws(testing::inheritance_laws<decltype(make)>, make);
}

} // namespace

TEST_CASE("environment_then_space keeps the inheritance laws") {
    testing::run_inheritance_laws([] { return environment_then_space{}; });
}
TEST_CASE("environment_then_space_then_actor keeps the inheritance laws") {
    testing::run_inheritance_laws([] { return environment_then_space_then_actor{}; });
}

TEST_CASE("each inheritance law notices the policy that breaks it, and the others do not") {
    CHECK(laws_broken_by<environment_then_space>() == "");
    CHECK(laws_broken_by<no_layer>() == "I1");
    CHECK(laws_broken_by<layer_twice>() == "I1");
    CHECK(laws_broken_by<falls_back_to_prod>() == "I2");
    CHECK(laws_broken_by<shares_a_space>() == "I3");
    CHECK(laws_broken_by<takes_the_space_for_the_actor>() == "I3");
    CHECK(laws_broken_by<changes_its_mind>() == "I4");
}
