// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

using coffer_test::has;
using coffer_test::sandbox;

namespace {

/// Both say the same: what fails is not promised, and what is promised is done.
void check_plan(const sandbox& box, sandbox::words args, int code) {
    auto plan = args;
    plan.emplace_back("--dry-run");
    const auto told = box.run(plan, "x");
    const auto done = box.run(args, "x");
    INFO(args[0] << " " << args[1] << "\n" << told.out << told.err << done.err);
    CHECK(told.code == code);
    CHECK(done.code == code);
    CHECK(has(told.out, "nothing was done") == (code == 0));
    const auto why = [](const std::string& err) { return err.substr(0, err.find(" (ana, ")); };
    if (code != 0) CHECK(why(told.err) == why(done.err)); // how long ago is another thing
}

} // namespace

TEST_CASE("get -o --dry-run says what it would write, and writes nothing") {
    const sandbox box;
    box.fill();
    CHECK(box.ok({"get", "DB_URL", "-o", "out", "--dry-run"}) ==
          "Writes DB_URL of dev to out, mode 0600. (--dry-run: nothing was done)\n");
    CHECK(has(box.ok({"get", "DB_URL", "-o", "out", "--dry-run", "--json"}), R"("dryRun":true)"));
    CHECK_FALSE(std::filesystem::exists(box.work() / "out"));
    CHECK(box.run({"get", "NOPE", "-o", "out", "--dry-run"}).code == 1);
    CHECK(box.run({"get", "DB_URL", "-o", ""}).code == 2);
}

TEST_CASE("--dry-run is refused where nothing could be told: serve, agent run") {
    const sandbox box;
    box.fill();
    const auto done = box.run({"serve", "--listen", "127.0.0.1:0", "--dry-run"});
    CHECK(done.code != 0);
    CHECK(done.out.empty());
    CHECK(has(box.run({"agent", "run", "x.mjs", "--dry-run"}).err, "leave out --dry-run"));
}

TEST_CASE("run --dry-run says on stdout what would be run, and with what") {
    const sandbox box;
    box.fill();
    box.ok({"set", "PATH"}, "/nowhere");
    const auto told = box.ok({"run", "--dry-run", "--", "touch", "started"});
    CHECK(told.starts_with("Runs touch with 2 secrets for dev, fresh; PATH says what programs"));
    CHECK(has(told, "(--dry-run: nothing was done)\n"));
    CHECK(has(box.ok({"run", "--dry-run", "--json", "--", "touch", "started"}),
              R"({"dryRun":true,"effect":"Runs touch with 2 secrets)"));
    CHECK_FALSE(std::filesystem::exists(box.work() / "started"));
    CHECK(box.run({"run", "--only", "NOPE", "--dry-run", "--", "true"}).code == 125);
}

TEST_CASE("--dry-run fails where what it is of would fail") {
    const sandbox box;
    box.fill();
    for (const char* verb : {"unhide", "undelete"})
        check_plan(box, {verb, "DB_URL"}, 1);
    check_plan(box, {"undelete", "NOPE"}, 1);
    check_plan(box, {"rollback", "DB_URL", "--to", "7"}, 1);
    check_plan(box, {"set", "DB_URL", "--if-version", "9"}, 4);
    check_plan(box, {"set", "NEW", "--if-version", "9"}, 4);
    check_plan(box, {"hide", "DB_URL", "--if-version", "9"}, 4);
    check_plan(box, {"rollback", "DB_URL", "--to", "1", "--if-version", "9"}, 4);

    check_plan(box, {"set", "NEW", "--if-version", "0"}, 0);
    check_plan(box, {"hide", "DB_URL", "--if-version", "1"}, 0);
    check_plan(box, {"rollback", "DB_URL", "--to", "2"}, 1); // that it was hidden
    check_plan(box, {"unhide", "DB_URL", "--if-version", "2"}, 0);
    check_plan(box, {"rollback", "DB_URL", "--to", "1"}, 0);
    box.ok({"unset", "DB_URL", "--yes"});
    check_plan(box, {"undelete", "DB_URL"}, 0);
    box.ok({"hide", "NOWHERE"});
    box.ok({"unhide", "NOWHERE"}); // it is removed now, and nothing was before
    check_plan(box, {"undelete", "NOWHERE"}, 1);
}
