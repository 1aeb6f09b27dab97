// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "verbs.hpp"

#include <exception>
#include <filesystem>
#include <new>

#include <fcntl.h>
#include <unistd.h>

namespace {

using command::problem;

auto is_run(const command::invocation& in) -> bool {
    return in.what != nullptr && in.what->name == "run";
}

/// Tells why nothing came of it, and with which code to end. `run` keeps codes below 125 for the
/// command that it runs.
auto report(const command::invocation& in, const problem& why) -> int {
    command::tell_problem(why, in.has("json"));
    return is_run(in) ? 125 : command::exit_code_of(why.code);
}

/// A stream that is closed would be the next file that is opened, and get what is written for it.
void hold_standard_streams() noexcept {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0)
            (void)!::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

auto run(int argc, char** argv, command::invocation& in) -> int {
    parse(argc, argv, in);
    if (in.has("help")) {
        command::put(command::help_text(in.what));
        return 0;
    }
    if (in.asks_version()) {
        command::put_line(command::version_text());
        return 0;
    }
    command::session here(in);
    if (in.what->local) here.require_store();
    try {
        return in.what->run(here);
    } catch (problem& why) {
        here.say_more(why);
        throw;
    }
}

} // namespace

auto main(int argc, char** argv) -> int {
    hold_standard_streams();
    command::invocation in;
    try {
        return run(argc, argv, in);
    } catch (const problem& why) {
        return report(in, why);
    } catch (const std::filesystem::filesystem_error& why) {
        return report(in, {coffer::errc::unavailable, "the file system: " + why.code().message()});
    } catch (const std::bad_alloc&) {
        return report(in, {coffer::errc::unavailable, "out of memory"});
    } catch (const std::exception&) { // its text is not known to be free of values
        return report(in, {coffer::errc::unavailable, "an internal error"});
    }
}
