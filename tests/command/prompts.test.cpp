// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

using coffer_test::has;
using coffer_test::sandbox;

namespace {

/// What a terminal shows of `set PEM`, and how it ends, when `typed` comes all at once.
auto set_by(const sandbox& box, const std::string& typed) -> coffer_test::ran {
    return box.on_terminal({"set", "PEM"}, {{"(not shown): ", typed}});
}

} // namespace

TEST_CASE("a new passphrase keyring is made of a long passphrase, typed twice") {
    const sandbox box;
    const sandbox::words init{"init", "--keys", "passphrase:pass.json"};
    const auto keys = box.work() / "pass.json";
    const auto is_short = box.on_terminal(init, {{"Passphrase", "x\n"}});
    CHECK(is_short.code == 2);
    CHECK(has(is_short.out, "at least 12 characters"));
    const auto slip = box.on_terminal(init, {{"Passphrase", "correct horse battery\n"},
                                             {"once more: ", "correct horse batery\n"}});
    CHECK(slip.code == 2);
    CHECK(has(slip.out, "two passphrases"));
    CHECK_FALSE(has(slip.out, "correct horse"));
    CHECK_FALSE(std::filesystem::exists(keys));
    CHECK_FALSE(std::filesystem::exists(box.work() / "coffer-store"));
    const auto made = box.on_terminal(init, {{"Passphrase", "correct horse battery\n"},
                                             {"once more: ", "correct horse battery\n"}});
    INFO(made.out);
    CHECK(made.code == 0);
    CHECK(std::filesystem::exists(keys));
}

TEST_CASE("a passphrase keyring that is there is asked for once, however short its passphrase is") {
    sandbox box;
    const sandbox::words init{"init", "--keys", "passphrase:../pass.json"};
    REQUIRE(box.on_terminal(init, {{"Passphrase", "correct horse battery\n"},
                                   {"once more: ", "correct horse battery\n"}})
                .code == 0);
    const auto listed =
        box.on_terminal({"env", "list"}, {{"Passphrase", "correct horse battery\n"}});
    CHECK(listed.code == 0);
    CHECK_FALSE(has(listed.out, "once more"));
    box.folder = box.work() / "second";
    std::filesystem::create_directory(box.folder);
    const auto joined = box.on_terminal({"init", "--keys", "passphrase:../../pass.json"},
                                        {{"Passphrase", "short\n"}});
    CHECK(joined.code == 5); // the wrong one, not one that is too short for new keys
}

TEST_CASE("several lines at the prompt of a value are refused, and none of them is stored") {
    const sandbox box;
    box.fill();
    for (const char* typed : {"-----BEGIN\ncanary\n-----END\n", "-----BEGIN\ncanary", "x\n\n"}) {
        const auto done = set_by(box, typed);
        INFO(done.out);
        CHECK(done.code == 2);
        CHECK(has(done.out, "Nothing was written: such a value comes by --file or a pipe"));
        CHECK_FALSE(has(done.out, "canary"));
        CHECK(box.run({"get", "PEM"}).code == 1);
    }
    CHECK(set_by(box, "one line\n").code == 0);
    CHECK(box.ok({"get", "PEM"}) == "one line");
}

TEST_CASE("a line that a terminal cuts is refused, and the longest whole one is stored") {
    const sandbox box;
    box.fill();
    for (const std::size_t size : {4095U, 5000U}) {
        const auto done = set_by(box, std::string(size, 'x') + "\n");
        CHECK(done.code == 2);
        CHECK(has(done.out, "Nothing was written"));
        CHECK(box.run({"get", "PEM"}).code == 1);
    }
    CHECK(set_by(box, std::string(4094, 'x') + "\n").code == 0);
    CHECK(box.ok({"get", "PEM"}) == std::string(4094, 'x'));
}
