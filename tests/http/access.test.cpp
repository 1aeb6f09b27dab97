// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/access.hpp>

#include "support/catch.hpp"

#include <map>
#include <string>

using namespace coffer;
using namespace coffer::http;

namespace {

auto holder(std::vector<grant> grants, bool session = false) -> principal {
    principal who;
    who.token_id = "t";
    who.grants = std::move(grants);
    who.is_session = session;
    return who;
}

/// The decisions on all rights, one letter each in the order of all_rights: Y(es), n(o, but the
/// scope is theirs to know), - (as if nothing were there).
auto decisions(const principal& who, context where) -> std::string {
    std::string out;
    for (const auto what : all_rights) {
        const auto d = decide(who, what, where);
        out += d == decision::allowed ? 'Y' : d == decision::forbidden ? 'n' : '-';
    }
    return out;
}

const std::vector<std::pair<std::string, context>> scopes{
    {"instance", {}},        {"E", {"E", "", ""}},       {"E@a", {"E", "", "a"}},
    {"E/S", {"E", "S", ""}}, {"E/S@a", {"E", "S", "a"}}, {"E/S@b", {"E", "S", "b"}},
    {"E/T", {"E", "T", ""}}, {"E/T@a", {"E", "T", "a"}}, {"F", {"F", "", ""}},
    {"F/S", {"F", "S", ""}},
};

struct row {
    std::string title;
    grant given;
    std::string inside;          ///< Decisions where the grant covers the scope.
    std::vector<std::string> in; ///< Those scopes; all others are unknown.
};

const std::vector<std::string> everywhere{"instance", "E",   "E@a",   "E/S", "E/S@a",
                                          "E/S@b",    "E/T", "E/T@a", "F",   "F/S"};
const std::vector<std::string> in_e{"E", "E@a", "E/S", "E/S@a", "E/S@b", "E/T", "E/T@a"};
const std::vector<std::string> in_es{"E/S", "E/S@a", "E/S@b"};

// list, read, reveal, write, spaces, tokens, keys, audit, policy
const std::vector<row> role_table{
    {"operator", {.as = role::instance_operator}, "YnnnYYYYY", everywhere},
    {"admin of all", {.as = role::environment_admin}, "YnnYYYnYn", everywhere},
    {"env-admin", {.as = role::environment_admin, .environment = "E"}, "YnnYYYnYn", in_e},
    {"env-admin, reveal",
     {.as = role::environment_admin, .environment = "E", .reveal = true},
     "YnYYYYnYn",
     in_e},
    {"space-admin",
     {.as = role::space_admin, .environment = "E", .space = "S"},
     "YnnYnnnnn",
     in_es},
    {"space-admin, reveal",
     {.as = role::space_admin, .environment = "E", .space = "S", .reveal = true},
     "YnYYnnnnn",
     in_es},
    {"service of all", {.as = role::service}, "YYnnnnnnn", everywhere},
    {"service of E", {.as = role::service, .environment = "E"}, "YYnnnnnnn", in_e},
    {"service of E, write",
     {.as = role::service, .environment = "E", .write = true},
     "YYnYnnnnn",
     in_e},
    {"service of E/S", {.as = role::service, .environment = "E", .space = "S"}, "YYnnnnnnn", in_es},
    {"service of E for a",
     {.as = role::service, .environment = "E", .actor = "a"},
     "YYnnnnnnn",
     {"E@a", "E/S@a", "E/T@a"}},
    {"service of E/S for a, write",
     {.as = role::service, .environment = "E", .space = "S", .write = true, .actor = "a"},
     "YYnYnnnnn",
     {"E/S@a"}},
    {"auditor", {.as = role::auditor}, "YnnnnnnYn", everywhere},
    {"auditor of E", {.as = role::auditor, .environment = "E"}, "YnnnnnnYn", in_e},
};

} // namespace

TEST_CASE("Each role may do what the table says, in its scope, and is told of nothing outside it") {
    for (const auto& r : role_table) {
        REQUIRE(well_formed(r.given));
        for (const auto& [name, where] : scopes) {
            CAPTURE(r.title, name);
            const bool covered = std::find(r.in.begin(), r.in.end(), name) != r.in.end();
            CHECK(decisions(holder({r.given}), where) == (covered ? r.inside : "---------"));
        }
    }
}

TEST_CASE("Nobody without a grant may anything") {
    for (const auto& [name, where] : scopes)
        CHECK(decisions(holder({}), where) == "---------");
}

TEST_CASE("A session of the page reads nothing in bulk, and may all else that its parent may") {
    for (const auto& r : role_table) {
        auto inside = r.inside;
        if (inside[1] == 'Y') inside[1] = 'n';
        for (const auto& [name, where] : scopes) {
            CAPTURE(r.title, name);
            const bool covered = std::find(r.in.begin(), r.in.end(), name) != r.in.end();
            CHECK(decisions(holder({r.given}, true), where) == (covered ? inside : "---------"));
            CHECK_FALSE(covers_name(holder({r.given}, true), right::read, where, "N"));
        }
    }
}

TEST_CASE("Several grants give the union of what each gives in a scope") {
    const auto who = holder({{.as = role::auditor, .environment = "F"},
                             {.as = role::service, .environment = "E", .space = "S"},
                             {.as = role::space_admin, .environment = "E", .space = "S"}});
    CHECK(decisions(who, {"E", "S", ""}) == "YYnYnnnnn");
    CHECK(decisions(who, {"F", "", ""}) == "YnnnnnnYn");
    CHECK(decisions(who, {"E", "", ""}) == "---------");
}

TEST_CASE("A grant whose members do not go together gives nothing") {
    const std::vector<grant> wrong{
        {.as = role::instance_operator, .environment = "E"},
        {.as = role::instance_operator, .reveal = true},
        {.as = role::instance_operator, .write = true},
        {.as = role::environment_admin, .environment = "E", .space = "S"},
        {.as = role::environment_admin, .environment = "E", .write = true},
        {.as = role::environment_admin, .environment = "E", .names = {"A"}},
        {.as = role::space_admin, .environment = "E"},
        {.as = role::space_admin, .space = "S"},
        {.as = role::space_admin, .environment = "E", .space = "S", .actor = "a"},
        {.as = role::service, .space = "S"},
        {.as = role::service, .environment = "E", .reveal = true},
        {.as = role::auditor, .environment = "E", .space = "S"},
        {.as = role::auditor, .environment = "E", .reveal = true},
    };
    for (const auto& g : wrong) {
        CHECK_FALSE(well_formed(g));
        for (const auto& [name, where] : scopes)
            CHECK(decisions(holder({g}), where) == "---------");
        CHECK_FALSE(may_grant(holder(full_grants()), g));
    }
}

TEST_CASE("A grant limited to names covers those alone, in its scope alone") {
    const grant limited{.as = role::service, .environment = "E", .names = {"SLACK_*", "DB_URL"}};
    const auto who = holder({limited});
    CHECK(covers_name(who, right::read, {"E", "", ""}, "SLACK_TOKEN"));
    CHECK(covers_name(who, right::read, {"E", "S", ""}, "DB_URL"));
    CHECK_FALSE(covers_name(who, right::read, {"E", "", ""}, "DB_URLS"));
    CHECK_FALSE(covers_name(who, right::read, {"E", "", ""}, "slack_token"));
    CHECK_FALSE(covers_name(who, right::read, {"E", "", ""}, ""));
    CHECK_FALSE(covers_name(who, right::read, {"F", "", ""}, "DB_URL"));
    CHECK_FALSE(covers_name(who, right::write, {"E", "", ""}, "DB_URL"));
    // Another grant's names do not lend it its rights.
    const auto both = holder(
        {limited, {.as = role::service, .environment = "E", .write = true, .names = {"OTHER"}}});
    CHECK(covers_name(both, right::write, {"E", "", ""}, "OTHER"));
    CHECK_FALSE(covers_name(both, right::write, {"E", "", ""}, "DB_URL"));
}

TEST_CASE("An environment is known to those who have anything in it") {
    const auto who = holder({{.as = role::service, .environment = "E", .space = "S"}});
    CHECK(knows_environment(who, "E"));
    CHECK_FALSE(knows_environment(who, "F"));
    CHECK(knows_environment(holder({{.as = role::auditor}}), "F"));
    CHECK_FALSE(knows_environment(holder({{.as = role::space_admin, .environment = "E"}}), "E"));
}

TEST_CASE("Nobody mints what they lack") {
    const std::string mints =
        GENERATE(as<std::string>{}, "operator", "admin", "admin, reveal", "others");
    std::vector<grant> mine;
    if (mints == "operator") mine = {{.as = role::instance_operator}};
    if (mints == "admin") mine = {{.as = role::environment_admin, .environment = "E"}};
    if (mints == "admin, reveal")
        mine = {{.as = role::environment_admin, .environment = "E", .reveal = true}};
    if (mints == "others")
        mine = {{.as = role::space_admin, .environment = "E", .space = "S", .reveal = true},
                {.as = role::service, .environment = "E", .write = true},
                {.as = role::auditor}};
    const auto who = holder(mine);
    const bool any = mints == "operator";
    const bool admin = any || mints.starts_with("admin");
    const bool reveal = any || mints == "admin, reveal";
    CAPTURE(mints);
    CHECK(may_grant(who, {.as = role::instance_operator}) == any);
    CHECK(may_grant(who, {.as = role::environment_admin}) == any);
    CHECK(may_grant(who, {.as = role::environment_admin, .environment = "F"}) == any);
    CHECK(may_grant(who, {.as = role::service}) == any);
    CHECK(may_grant(who, {.as = role::auditor}) == any);
    CHECK(may_grant(who, {.as = role::environment_admin, .environment = "E"}) == admin);
    CHECK(may_grant(who, {.as = role::auditor, .environment = "E"}) == admin);
    CHECK(may_grant(who, {.as = role::space_admin, .environment = "E", .space = "S"}) == admin);
    CHECK(may_grant(who, {.as = role::environment_admin, .environment = "E", .reveal = true}) ==
          reveal);
    CHECK(may_grant(who,
                    {.as = role::space_admin, .environment = "E", .space = "S", .reveal = true}) ==
          reveal);
    CHECK(may_grant(who, {.as = role::service, .environment = "E"}) == reveal);
    CHECK(may_grant(who, {.as = role::service,
                          .environment = "E",
                          .space = "S",
                          .write = true,
                          .actor = "a",
                          .names = {"A_*"}}) == reveal);
    CHECK(may_grant(who, {.as = role::service, .environment = "F"}) == any);
}

TEST_CASE("An admin who may read some names as a service lets programs read those and no others") {
    const auto who = holder({{.as = role::environment_admin, .environment = "E"},
                             {.as = role::service, .environment = "E", .names = {"A_*", "B"}}});
    CHECK(may_grant(who, {.as = role::service, .environment = "E", .names = {"B"}}));
    CHECK(
        may_grant(who, {.as = role::service, .environment = "E", .space = "S", .names = {"A_*"}}));
    CHECK_FALSE(may_grant(who, {.as = role::service, .environment = "E"}));
    CHECK_FALSE(may_grant(who, {.as = role::service, .environment = "E", .names = {"*"}}));
    CHECK_FALSE(may_grant(who, {.as = role::service, .environment = "E", .names = {"B", "C"}}));
}

TEST_CASE("An operator's grant is administered by operators alone") {
    const auto admin = holder({{.as = role::environment_admin, .reveal = true}});
    const auto chief = holder({{.as = role::instance_operator}});
    CHECK_FALSE(administers(admin, {.as = role::instance_operator}));
    CHECK(administers(chief, {.as = role::instance_operator}));
    for (const auto& g : {grant{.as = role::environment_admin}, grant{.as = role::auditor},
                          grant{.as = role::service, .environment = "E"}}) {
        CHECK(administers(admin, g));
        CHECK(administers(chief, g));
    }
}

TEST_CASE("The full token may everything everywhere") {
    const auto who = holder(full_grants());
    for (const auto& [name, where] : scopes)
        CHECK(decisions(who, where) == "YYYYYYYYY");
    for (const auto& r : role_table)
        CHECK(may_grant(who, r.given));
}
