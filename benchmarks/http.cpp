// SPDX-License-Identifier: BSL-1.0
// `coffer serve` answering GET /v1/secrets for a space that inherits ten secrets, with the token
// and its rights checked and the list, which is kept sealed, opened for each request, against nginx
// returning the same bytes from its configuration, one core for the server and another for who asks:
//
//   http_requests           requests a second that wrk counts, ours by nginx's; at least
//   http_p99_at_half_load   the 99th percentile of the time from when a request was due to its
//                           answer, at half of what we answer at most, ours by nginx's; at most
//   http_idle_connection    KiB of memory that 10,000 idle connections take each; at most
//   http_foreign_by_missing the median time in which somebody else's environment is refused, by
//                           that of one that is not there: a difference would tell them apart; at
//                           most
//
// Prints `name ratio limit`, and on standard error what the ratio is made of. Without nginx or wrk
// it says so, and prints what needs neither. With --benchmark_min_time=0.001 it only shows that it
// runs.

#include <http/raw_client.hpp>
#include <support/free_port.hpp>
#include <support/temporary_folder.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool brief = false;

constexpr const char* target = "/v1/secrets?environmentId=us_env_1&spaceId=us_sp_1";

/// The cores that this process may run on.
auto cores() -> std::vector<int> {
    ::cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<int> out;
    for (int core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &allowed)) out.push_back(core);
    return out;
}

struct installed {
    std::string coffer = COFFER_COMMAND;
    std::string nginx = COFFER_NGINX;
    std::string wrk = COFFER_WRK;
    bool pinned = cores().size() > 1;
};

/// What a program prints; it must end with 0. No argument holds a quote.
auto output_of(const std::string& command) -> std::string {
    auto* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::string out;
    std::array<char, 4096> piece{};
    while (const auto n = std::fread(piece.data(), 1, piece.size(), pipe))
        out.append(piece.data(), n);
    if (::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
    return out;
}

/// A server on the first core, ended with this object.
class server {
public:
    server(const std::vector<std::string>& words, const std::string& folder, bool pinned) {
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::setenv("HOME", folder.c_str(), 1);
        ::setenv("COFFER_LOG", "off", 1);
        const int out = ::open((folder + "/said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (out < 0 || ::dup2(out, 1) < 0 || ::chdir(folder.c_str()) != 0) ::_exit(126);
        std::vector<char*> argv;
        static std::array<std::string, 3> pin{"taskset", "-c", std::to_string(cores().front())};
        if (pinned)
            for (auto& word : pin)
                argv.push_back(word.data());
        for (const auto& word : words)
            argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        ::execvp(argv.front(), argv.data());
        ::_exit(127);
    }
    ~server() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    server(const server&) = delete;
    auto operator=(const server&) -> server& = delete;

    /// Memory that it holds, in KiB; of its children too.
    auto resident() const -> double {
        double sum = 0;
        const auto children =
            "/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) + "/children";
        std::ifstream list(children);
        std::vector<std::string> all{std::to_string(pid_)};
        for (std::string child; list >> child;)
            all.push_back(child);
        for (const auto& one : all) {
            std::ifstream status("/proc/" + one + "/status");
            for (std::string line; std::getline(status, line);)
                if (line.starts_with("VmRSS:")) sum += std::stod(line.substr(6));
        }
        return sum;
    }

private:
    ::pid_t pid_;
};

/// Waits until somebody listens there.
void wait_for(std::uint16_t port) {
    for (int i = 0; i < 1000; ++i) {
        try {
            const coffer_test::raw_client there(port);
            return;
        } catch (const std::runtime_error&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    throw std::runtime_error("a server did not start");
}

/// What the command prints, without its line's end.
auto said_by(const installed& with, const std::string& folder, const std::string& words)
    -> std::string {
    auto out = output_of("cd '" + folder + "' && HOME='" + folder + "' COFFER_AUTHOR=bench " +
                         with.coffer + " " + words + " 2>/dev/null");
    while (!out.empty() && out.back() == '\n')
        out.pop_back();
    return out;
}
/// One that reads the first environment alone.
auto limited_token(const installed& with, const std::string& folder) -> std::string {
    return said_by(with, folder, "token create --role service --env us_env_1");
}

/// A store with a space that inherits ten secrets, and a token that reads them.
auto make_store(const installed& with, const std::string& folder) -> std::string {
    const auto in = "cd '" + folder + "' && HOME='" + folder + "' COFFER_AUTHOR=bench ";
    const auto run = [&](const std::string& words) { return said_by(with, folder, words); };
    run("init");
    run("env create bench --id us_env_1");
    run("space create bench --id us_sp_1 -e us_env_1");
    run("env create other --id us_env_2");
    for (int i = 0; i < 10; ++i)
        output_of("printf 0123456789abcdef0123456789abcdef | (" + in + with.coffer +
                  " set SECRET_" + std::to_string(i) + " -e us_env_1 --exact)");
    return run("token create --full --name bench");
}

auto port_said(const std::string& folder) -> std::uint16_t {
    for (int i = 0; i < 1000; ++i) {
        std::ifstream in(folder + "/said");
        std::string line;
        if (std::getline(in, line) && line.find("://") != line.npos)
            return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("coffer serve did not start");
}

/// nginx with the answer, header by header, in its configuration.
auto nginx_configuration(const coffer_test::raw_reply& answer, std::uint16_t port) -> std::string {
    std::ostringstream out;
    out << "worker_processes 1; daemon off; pid nginx.pid; error_log stderr crit;\n"
        << "events { worker_connections 16384; }\nhttp {\n access_log off; server_tokens off;\n"
        << " keepalive_requests 1000000000; default_type application/json;\n"
        << " client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t;\n"
        << " scgi_temp_path t;\n server {\n  listen 127.0.0.1:" << port << ";\n";
    std::istringstream lines(answer.head.substr(2));
    std::string line;
    std::getline(lines, line); // the status
    while (std::getline(lines, line) && line.size() > 1) {
        const auto colon = line.find(": ");
        const auto name = line.substr(0, colon);
        if (name == "date" || name == "content-type" || name == "content-length") continue;
        out << "  add_header " << name << " \"" << line.substr(colon + 2, line.size() - colon - 3)
            << "\";\n";
    }
    out << "  location / { return 200 '" << answer.body << "'; }\n }\n}\n";
    return out.str();
}

auto requests_a_second(const installed& with, std::uint16_t port, const std::string& token)
    -> double {
    const auto text =
        output_of((with.pinned ? "taskset -c " + std::to_string(cores().at(1)) + " " : "") +
                  with.wrk + " -t1 -c16 -d" + (brief ? "1" : "4") + "s -H 'Authorization: Bearer " +
                  token + "' 'http://127.0.0.1:" + std::to_string(port) + target + "'");
    if (text.find("Non-2xx") != text.npos) throw std::runtime_error("refused:\n" + text);
    const auto at = text.find("Requests/sec:");
    if (at == text.npos) throw std::runtime_error("wrk said:\n" + text);
    return std::stod(text.substr(at + 13));
}

auto request_to(std::uint16_t port, const std::string& token) -> std::string {
    return std::string("GET ") + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
           "\r\nAuthorization: Bearer " + token + "\r\n\r\n";
}

/// The 99th percentile, in microseconds, of the time from when a request was due to when its answer
/// had come, of so many a second, evenly: one that waits makes those behind it wait, and that
/// counts.
auto p99(std::uint16_t port, const std::string& token, double a_second) -> double {
    using clock = std::chrono::steady_clock;
    constexpr std::size_t lanes = 32;
    const auto request = request_to(port, token);
    std::vector<std::unique_ptr<coffer_test::raw_client>> clients;
    std::vector<::pollfd> waits;
    for (std::size_t i = 0; i < lanes; ++i) {
        clients.push_back(std::make_unique<coffer_test::raw_client>(port));
        waits.push_back({clients.back()->native(), POLLIN, 0});
    }
    const auto step = std::chrono::nanoseconds(static_cast<long>(1e9 / a_second));
    const auto total =
        std::max<std::size_t>(1, static_cast<std::size_t>(a_second * (brief ? 0.05 : 4)));
    std::vector<clock::time_point> due(lanes);
    std::vector<bool> busy(lanes);
    std::vector<double> took;
    auto next = clock::now();
    for (std::size_t sent = 0; took.size() < total;) {
        for (std::size_t i = 0; i < lanes && sent < total && clock::now() >= next; ++i) {
            if (busy[i]) continue;
            due[i] = next;
            busy[i] = true;
            clients[i]->send(request);
            next += step;
            ++sent;
        }
        if (::poll(waits.data(), waits.size(), 0) <= 0) continue;
        for (std::size_t i = 0; i < lanes; ++i) {
            if ((waits[i].revents & POLLIN) == 0 || !busy[i]) continue;
            if (clients[i]->receive().status != 200) throw std::runtime_error("refused");
            took.push_back(
                std::chrono::duration<double, std::micro>(clock::now() - due[i]).count());
            busy[i] = false;
        }
    }
    const auto at = took.begin() + static_cast<std::ptrdiff_t>(took.size() * 99 / 100);
    std::nth_element(took.begin(), at, took.end());
    return *at;
}

/// How much longer, in the median, one request takes than another, asked in turns.
auto median_ratio(std::uint16_t port, const std::string& one, const std::string& other) -> double {
    using clock = std::chrono::steady_clock;
    coffer_test::raw_client client(port);
    std::array<std::vector<double>, 2> took;
    for (int i = 0; i < (brief ? 20 : 20'000); ++i)
        for (const std::size_t which : {0U, 1U}) {
            const auto began = clock::now();
            client.ask(which == 0 ? one : other);
            took[which].push_back(std::chrono::duration<double>(clock::now() - began).count());
        }
    for (auto& all : took)
        std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                         all.end());
    return took[0][took[0].size() / 2] / took[1][took[1].size() / 2];
}

/// KiB that a server holds for each of many connections on which nothing is asked.
auto idle_connection(const server& of, std::uint16_t port, const std::string& token) -> double {
    const std::size_t count = brief ? 100 : 10'000;
    std::vector<std::unique_ptr<coffer_test::raw_client>> all;
    const auto before = of.resident();
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(std::make_unique<coffer_test::raw_client>(port));
        if (all.back()->ask(request_to(port, token)).status != 200)
            throw std::runtime_error("refused");
    }
    return (of.resident() - before) / static_cast<double>(count);
}

void compare_with_nginx(const installed& with, const std::string& path,
                        const coffer_test::raw_reply& answer, std::uint16_t our_port,
                        const std::string& token) {
    const auto their_port = coffer_test::free_port();
    std::ofstream(path + "/nginx.conf") << nginx_configuration(answer, their_port);
    const server theirs({with.nginx, "-p", path, "-c", path + "/nginx.conf"}, path, with.pinned);
    wait_for(their_port);

    double a = 0, b = 0;
    for (int round = 0; round < (brief ? 1 : 5); ++round) { // in turns: both meet the same noise
        b = std::max(b, requests_a_second(with, their_port, token));
        a = std::max(a, requests_a_second(with, our_port, token));
    }
    std::fprintf(stderr, "# http_requests: %.0f/s against nginx with %.0f/s\n", a, b);
    std::printf("http_requests %.3f 0.80\n", a / b);

    const auto half = a / 2;
    double mine = 1e9, others = 1e9;
    for (int round = 0; round < (brief ? 1 : 3); ++round) {
        others = std::min(others, p99(their_port, token, half));
        mine = std::min(mine, p99(our_port, token, half));
    }
    std::fprintf(stderr, "# http_p99_at_half_load: %.0f us against nginx with %.0f us, %.0f/s\n",
                 mine, others, half);
    std::printf("http_p99_at_half_load %.2f 2.00\n", mine / others);
}

void compare(const installed& with) {
    const coffer_test::temporary_folder folder;
    const auto path = folder.path().string();
    const auto token = make_store(with, path);
    const server ours({with.coffer, "serve", "--listen", "127.0.0.1:0", "--threads", "1"}, path,
                      with.pinned);
    const auto our_port = port_said(path);
    const auto answer = coffer_test::raw_client(our_port).ask(request_to(our_port, token));
    if (answer.status != 200) throw std::runtime_error("coffer serve answers " + answer.body);
    if (with.nginx.empty() || with.wrk.empty())
        std::fprintf(stderr, "# nginx and wrk are not installed (Debian: nginx-light wrk): "
                             "http_requests and http_p99_at_half_load are left out\n");
    else
        compare_with_nginx(with, path, answer, our_port, token);
    const auto limited = limited_token(with, path);
    const auto ask = [&](const std::string& environment) {
        return "GET /v1/secrets?environmentId=" + environment +
               " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(our_port) +
               "\r\nAuthorization: Bearer " + limited + "\r\n\r\n";
    };
    std::printf("http_foreign_by_missing %.3f 1.10\n",
                median_ratio(our_port, ask("us_env_2"), ask("us_env_3")));
    std::printf("http_idle_connection %.1f 16.0\n", idle_connection(ours, our_port, token));
}

} // namespace

int main(int argc, char** argv) try {
    ::rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 1; i < argc; ++i)
        brief = brief || std::strcmp(argv[i], "--benchmark_min_time=0.001") == 0;
    compare({});
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
