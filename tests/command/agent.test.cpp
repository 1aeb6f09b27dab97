// SPDX-License-Identifier: BSL-1.0
// What the agent does with its listeners' processes. What listeners see is told by
// tests/javascript/agent.test.mjs.
#include "served.hpp"

#include <filesystem>

using coffer_test::client;
using coffer_test::has;
using coffer_test::sandbox;
using coffer_test::served;
namespace fs = std::filesystem;

namespace {

/// An agent whose listeners are this shell script, whatever the file says.
struct agent : client {
    agent(const served& at, std::string_view script) : client(at) {
        const auto node = home() / "bin/node";
        write(node, "#!/bin/sh\n" + std::string(script) + "\n");
        fs::permissions(node, fs::perms::owner_all);
        variables["PATH"] = node.parent_path().string() + ":" + std::getenv("PATH");
        write(work() / "listener.mjs", "");
        write(work() / "events", R"({"topic":"job:ready","context":{"environmentId":"dev"}})"
                                 "\n");
    }
};

} // namespace

TEST_CASE(
    "a listener whose output nobody takes any more meets a broken pipe, and not its time limit") {
    const served s;
    const agent box(s, "exec yes");
    // As systemd starts it: a broken pipe ends the listener, not the agent.
    const auto done = box.run_program(
        {"sh", "-c",
         "trap '' PIPE; { \"$0\" agent run listener.mjs --events - --timeout 1h < events; "
         "echo \"code $?\" >&2; } | head -1",
         coffer_test::coffer_program()});
    CHECK(done.out == "y\n");
    CHECK(has(done.err, "ended with 141"));
    CHECK(has(done.err, "code 1\n"));
}
