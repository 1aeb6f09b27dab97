// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_CLUSTER_HPP
#define COFFER_REDIS_TESTS_CLUSTER_HPP

#include "tls_server.hpp"

#include <coffer/redis/commands.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <sstream>

namespace redis_test {

/// A Redis Cluster of six nodes, three of them replicas.
class cluster {
public:
    /// After `node_timeout` (ms) of silence a node is dead to the others. Long where none is meant to
    /// die: a busy machine would let one seem so.
    /// With `tls`, which lives longer, they speak nothing else to anybody.
    explicit cluster(const std::string& node_timeout = "600000", const tls_files* tls = nullptr)
        : tls_(tls) {
        std::vector<std::string> create{"redis-cli", "--cluster", "create"};
        for (int i = 0; i < 6; ++i) {
            std::vector<std::string> with{"--cluster-enabled",
                                          "yes",
                                          "--cluster-port",
                                          std::to_string(free_port()),
                                          "--cluster-node-timeout",
                                          "15000",
                                          "--repl-diskless-sync-delay",
                                          "0"};
            if (tls != nullptr) {
                const auto files = tls->arguments();
                with.insert(with.end(), files.begin(), files.end());
                with.insert(with.end(), {"--tls-cluster", "yes", "--tls-replication", "yes"});
            }
            nodes.push_back(std::make_unique<server>(std::move(with),
                                                     tls != nullptr ? speaks::tls : speaks::plain));
            create.push_back("127.0.0.1:" + std::to_string(nodes.back()->port()));
        }
        create.insert(create.end(), {"--cluster-replicas", "1", "--cluster-yes"});
        if (tls != nullptr)
            create.insert(create.end(), {"--tls", "--cacert", tls->name("ca.pem"), "--cert",
                                         tls->name("c.pem"), "--key", tls->name("c.key")});
        run_program(create, log());
        if (!eventually([&] {
                return std::ranges::all_of(nodes, [](const auto& n) {
                    return n->cli({"CLUSTER", "INFO"}).find("cluster_state:ok") !=
                               std::string::npos &&
                           (is_primary(*n) ||
                            n->cli({"INFO", "replication"}).find("master_link_status:up") !=
                                std::string::npos);
                });
            }))
            throw std::runtime_error("the cluster does not come up");
        for (const auto& n : nodes)
            n->cli({"CONFIG", "SET", "cluster-node-timeout", node_timeout});
    }
    static auto is_primary(const server& n) -> bool {
        return n.cli({"INFO", "replication"}).find("role:master") != std::string::npos;
    }
    auto log() const -> std::string { return (nodes.front()->folder() / "cluster").string(); }
    /// Of a command over it, by its first node; more options follow with `&`.
    auto address() const -> std::string {
        return std::string(tls_ != nullptr ? "rediss" : "redis") +
               "+cluster://127.0.0.1:" + std::to_string(nodes.front()->port()) + "?" +
               (tls_ != nullptr ? tls_->address_options() : patient);
    }
    auto options() const -> coffer::redis::options {
        auto with = redis_test::options_for(*nodes.front());
        with.kind = coffer::redis::deployment::cluster;
        for (std::size_t i = 1; i < nodes.size(); ++i)
            with.endpoints.push_back({"127.0.0.1", nodes[i]->port(), {}});
        return with;
    }
    static auto id(const server& n) -> std::string {
        auto text = n.cli({"CLUSTER", "MYID"});
        text.resize(40);
        return text;
    }
    /// The primary that has the slot of a partition.
    auto owner(const std::string& partition) -> server& {
        auto* const found = find_owner(partition);
        if (found == nullptr) throw std::runtime_error("no node has the slot");
        return *found;
    }
    auto has_living_owner(const std::string& partition) -> bool {
        const auto* const found = find_owner(partition);
        return found != nullptr && found->runs();
    }
    /// A replica that lives, and does not follow this one.
    auto replica_of_others(const server& primary) -> server& {
        const auto port = "master_port:" + std::to_string(primary.port());
        for (auto& n : nodes) {
            if (!n->runs()) continue;
            const auto info = n->cli({"INFO", "replication"});
            if (info.find("role:slave") != std::string::npos && info.find(port) == info.npos)
                return *n;
        }
        throw std::runtime_error("no node is left");
    }

    std::vector<std::unique_ptr<server>> nodes{};

private:
    const tls_files* tls_;

    auto find_owner(const std::string& partition) -> server* {
        const auto slot = coffer::redis::slot_of(partition);
        const auto alive = std::ranges::find_if(nodes, [](const auto& n) { return n->runs(); });
        std::istringstream all((*alive)->cli({"CLUSTER", "NODES"}));
        for (std::string line; std::getline(all, line);) {
            std::istringstream words(line);
            std::vector<std::string> w{std::istream_iterator<std::string>(words), {}};
            if (w[2].find("master") == std::string::npos || w[2].find("fail") != std::string::npos)
                continue;
            for (std::size_t i = 8; i < w.size(); ++i) {
                const auto dash = w[i].find('-');
                if (w[i][0] == '[') continue;
                const auto first = std::stoi(w[i]);
                const auto last = dash == w[i].npos ? first : std::stoi(w[i].substr(dash + 1));
                if (first <= slot && slot <= last)
                    for (auto& n : nodes)
                        if (w[1].find(":" + std::to_string(n->port()) + "@") != w[1].npos)
                            return n.get();
            }
        }
        return nullptr;
    }
};

} // namespace redis_test

#endif
