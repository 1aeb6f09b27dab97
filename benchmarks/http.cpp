// SPDX-License-Identifier: BSL-1.0
// `coffer serve` answering GET /v1/secrets, with the token checked and the value decrypted for each
// request, against nginx returning the same bytes from its configuration: requests a second that
// wrk counts, one core for the server and another for wrk. Prints `name ratio floor`, and on
// standard error what the ratio is made of. With --benchmark_min_time=0.001 it only shows that it
// runs.

#include <http/raw_client.hpp>
#include <support/temporary_folder.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool brief = false;

struct installed {
    std::string coffer = COFFER_COMMAND;
    std::string nginx = COFFER_NGINX;
    std::string wrk = COFFER_WRK;
    bool pinned = std::thread::hardware_concurrency() > 1;
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
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::setenv("HOME", folder.c_str(), 1);
        ::setenv("COFFER_LOG", "off", 1);
        const int out = ::open((folder + "/said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (out < 0 || ::dup2(out, 1) < 0 || ::chdir(folder.c_str()) != 0) ::_exit(126);
        std::vector<char*> argv;
        static std::array<std::string, 3> pin{"taskset", "-c", "0"};
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

/// A store with one secret, and a token that reads it.
auto make_store(const installed& with, const std::string& folder) -> std::string {
    const auto in = "cd '" + folder + "' && HOME='" + folder + "' COFFER_AUTHOR=bench ";
    const auto run = [&](const std::string& words) {
        return output_of(in + with.coffer + " " + words + " 2>/dev/null");
    };
    run("init");
    run("env create bench --id us_env_1");
    output_of("printf 0123456789abcdef | (" + in + with.coffer + " set TOKEN -e us_env_1 --exact)");
    auto token = run("token create --full --name bench");
    while (!token.empty() && token.back() == '\n')
        token.pop_back();
    return token;
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
        << "events { worker_connections 1024; }\nhttp {\n access_log off; server_tokens off;\n"
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
    const auto text = output_of(
        std::string(with.pinned ? "taskset -c 1 " : "") + with.wrk + " -t1 -c16 -d" +
        (brief ? "1" : "4") + "s -H 'Authorization: Bearer " + token +
        "' http://127.0.0.1:" + std::to_string(port) + "/v1/secrets?environmentId=us_env_1");
    if (text.find("Non-2xx") != text.npos) throw std::runtime_error("refused:\n" + text);
    const auto at = text.find("Requests/sec:");
    if (at == text.npos) throw std::runtime_error("wrk said:\n" + text);
    return std::stod(text.substr(at + 13));
}

void compare(const installed& with) {
    const coffer_test::temporary_folder folder;
    const auto path = folder.path().string();
    const auto token = make_store(with, path);
    const server ours({with.coffer, "serve", "--listen", "127.0.0.1:0", "--threads", "1"}, path,
                      with.pinned);
    const auto our_port = port_said(path);
    coffer_test::raw_client client(our_port);
    const auto answer =
        client.ask("GET /v1/secrets?environmentId=us_env_1 HTTP/1.1\r\nHost: 127.0.0.1:" +
                   std::to_string(our_port) + "\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    if (answer.status != 200) throw std::runtime_error("coffer serve answers " + answer.body);

    const auto their_port = static_cast<std::uint16_t>(our_port < 65535 ? our_port + 1 : 65534);
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
}

} // namespace

int main(int argc, char** argv) try {
    for (int i = 1; i < argc; ++i)
        brief = brief || std::strcmp(argv[i], "--benchmark_min_time=0.001") == 0;
    compare({});
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
