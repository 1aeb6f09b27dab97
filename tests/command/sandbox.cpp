// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"

#include "support/catch.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coffer_test {

namespace fs = std::filesystem;

namespace {

using deadline = std::chrono::steady_clock::time_point;
/// Far beyond what any run takes: it ends a run that hangs, it measures nothing.
auto patience() -> deadline {
    return std::chrono::steady_clock::now() + std::chrono::seconds(240);
}

auto code_of(pid_t pid) -> int {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Appends what is there; false at the end.
auto take(int fd, std::string& to) -> bool {
    std::array<char, 4096> piece{};
    const auto n = ::read(fd, piece.data(), piece.size());
    if (n > 0) to.append(piece.data(), static_cast<std::size_t>(n));
    return n > 0;
}

/// Reads both streams to their ends while feeding the third.
void talk(int in, std::string_view text, int out, int err, ran& result) {
    const auto until = patience();
    ::signal(SIGPIPE, SIG_IGN);
    ::fcntl(in, F_SETFL, O_NONBLOCK);
    if (text.empty()) in = (::close(in), -1);
    while (out >= 0 || err >= 0) {
        std::array<pollfd, 3> on{{{out, POLLIN, 0}, {err, POLLIN, 0}, {in, POLLOUT, 0}}};
        if (::poll(on.data(), on.size(), 1000) < 0 && errno != EINTR)
            throw std::runtime_error("poll");
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the command hangs");
        if (on[0].revents != 0 && !take(out, result.out)) out = (::close(out), -1);
        if (on[1].revents != 0 && !take(err, result.err)) err = (::close(err), -1);
        if (in < 0 || on[2].revents == 0) continue;
        const auto n = ::write(in, text.data(), text.size());
        if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
        if (text.empty() || (n < 0 && errno != EAGAIN)) in = (::close(in), -1);
    }
    if (in >= 0) ::close(in);
}

} // namespace

auto eventually(const std::function<bool()>& done) -> bool {
    for (int i = 0; i < 2400; ++i) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
}

auto coffer_program() -> std::string {
    return COFFER_COMMAND;
}

auto keks(const sandbox& box) -> std::vector<std::string> {
    std::vector<std::string> out;
    const auto text = box.ok({"keys", "status", "--json"});
    const auto end = text.find("\"environments\":");
    for (auto at = text.find("\"kekId\":\"kek-"); at < end;
         at = text.find("\"kekId\":\"kek-", at + 1))
        out.push_back(text.substr(at + 9, text.find('"', at + 9) - at - 9));
    return out;
}

sandbox::sandbox() {
    for (const auto& made : {work(), home()})
        fs::create_directory(made);
    folder = work();
}

auto sandbox::environment() const -> words {
    const char* const path = std::getenv("PATH");
    words out{"HOME=" + home().string(),
              "PATH=" + std::string(path == nullptr ? "/usr/bin:/bin" : path),
              "TERM=dumb",
              "TZ=UTC",
              "COFFER_AUTHOR=ana",
              "GIT_CONFIG_NOSYSTEM=1"};
    for (const auto& [name, value] : variables) {
        std::erase_if(out,
                      [&, &key = name](const std::string& e) { return e.starts_with(key + "="); });
        out.push_back(name + "=" + value);
    }
    return out;
}

void sandbox::execute(const words& command) const {
    const auto variables_text = environment();
    std::vector<char*> args;
    std::vector<char*> vars;
    for (const auto& w : command)
        args.push_back(const_cast<char*>(w.c_str()));
    for (const auto& v : variables_text)
        vars.push_back(const_cast<char*>(v.c_str()));
    args.push_back(nullptr);
    vars.push_back(nullptr);
    if (::chdir(folder.c_str()) == 0) ::execvpe(args[0], args.data(), vars.data());
    ::_exit(99);
}

auto sandbox::run_program(const words& command, std::string_view in) const -> ran {
    std::array<std::array<int, 2>, 3> pipes{};
    for (auto& p : pipes)
        if (::pipe2(p.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    const auto pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork");
    if (pid == 0) {
        ::setsid(); // no terminal to ask on
        ::signal(SIGPIPE, SIG_DFL);
        ::dup2(pipes[0][0], 0);
        ::dup2(pipes[1][1], 1);
        ::dup2(pipes[2][1], 2);
        if (out_does_not_wait) ::fcntl(1, F_SETFL, O_WRONLY | O_NONBLOCK);
        execute(command);
    }
    ::close(pipes[0][0]);
    ::close(pipes[1][1]);
    ::close(pipes[2][1]);
    ran result;
    try {
        talk(pipes[0][1], in, pipes[1][0], pipes[2][0], result);
    } catch (...) {
        ::kill(-pid, SIGKILL); // it leads a session: all that it started goes too
        code_of(pid);
        throw;
    }
    result.code = code_of(pid);
    return result;
}

auto sandbox::run(const words& args, std::string_view in) const -> ran {
    words command{coffer_program()};
    command.insert(command.end(), args.begin(), args.end());
    return run_program(command, in);
}

auto sandbox::ok(const words& args, std::string_view in) const -> std::string {
    const auto done = run(args, in);
    INFO("coffer " << (args.empty() ? "" : args[0]) << "\n" << done.out << done.err);
    REQUIRE(done.code == 0);
    return done.out;
}

auto sandbox::on_terminal(const words& args, const std::vector<exchange>& script) const -> ran {
    words command{coffer_program()};
    command.insert(command.end(), args.begin(), args.end());
    return program_on_terminal(command, script);
}

auto sandbox::program_on_terminal(const words& command, const std::vector<exchange>& script) const
    -> ran {
    int terminal = -1;
    const auto pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (pid < 0) throw std::runtime_error("forkpty");
    if (pid == 0) execute(command);
    ran result;
    std::size_t step = 0;
    std::size_t seen = 0;
    const auto until = patience();
    for (bool open = true; open;) {
        pollfd on{terminal, POLLIN, 0};
        if (::poll(&on, 1, 1000) < 0 && errno != EINTR) break;
        if (std::chrono::steady_clock::now() > until) {
            ::kill(-pid, SIGKILL); // it leads a session: all that it started goes too
            open = false;
        }
        if (on.revents != 0) open = take(terminal, result.out);
        if (step == script.size()) continue;
        const auto& next = script[step];
        const auto at = result.out.find(next.wait_for, seen);
        if (at == std::string::npos) continue;
        seen = at + next.wait_for.size();
        if (next.before) next.before();
        (void)!::write(terminal, next.type.data(), next.type.size());
        ++step;
    }
    result.code = code_of(pid);
    ::close(terminal);
    return result;
}

void sandbox::fill() const {
    ok({"init"});
    for (const char* space : {"acme", "globex"})
        ok({"space", "create", space});
    ok({"set", "SLACK_TOKEN"}, dev_token);
    ok({"set", "DB_URL"}, db_url);
    ok({"set", "SLACK_TOKEN", "-s", "acme"}, acme_token);
}

void sandbox::check_filled() const {
    CHECK(ok({"get", "SLACK_TOKEN"}) == dev_token);
    CHECK(ok({"get", "SLACK_TOKEN", "-s", "acme"}) == acme_token);
    CHECK(ok({"get", "DB_URL", "-s", "globex"}) == db_url);
}

auto sandbox::document(std::string_view environment) const -> fs::path {
    for (const auto& e : fs::directory_iterator(work() / "coffer-store"))
        if (e.path().extension() == ".json" &&
            e.path().filename().string().starts_with(std::string(environment) + "."))
            return e.path();
    throw std::runtime_error("there is no such document");
}

void sandbox::write(const fs::path& file, std::string_view text) const {
    fs::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary);
    out << text;
    if (!out.flush()) throw std::runtime_error("can't write " + file.string());
}

auto sandbox::read(const fs::path& file) -> std::string {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace coffer_test
