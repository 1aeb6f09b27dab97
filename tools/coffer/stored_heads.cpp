// SPDX-License-Identifier: BSL-1.0
#include "stored_heads.hpp"

#include "opening.hpp"
#include "problem.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/names.hpp>

namespace command {

auto stored_head(const settings& config, const std::string& environment)
    -> std::optional<coffer::format::head> {
    const auto realm = config.text("realm");
    const std::vector<std::string> wanted{"head"};
    auto store = open_store(config);
    const auto read = store.load(
        coffer::format::partition_name(coffer::cryptopp::aes_256_gcm(), realm, environment),
        wanted);
    if (!read || !read->objects.front()) return std::nullopt;
    auto head = coffer::format::decode_head(*read->objects.front());
    if (!head || head->realm != realm || head->environment != environment) return std::nullopt;
    return *std::move(head);
}

auto stored_environments(const settings& config) -> std::vector<std::string> {
    std::vector<std::string> out;
    auto store = open_store(config);
    const auto partitions = store.partitions();
    if (!partitions && partitions.error() == coffer::errc::unsupported) return out;
    const std::vector<std::string> wanted{"head"};
    for (const auto& partition : need(coffer::result(partitions))) {
        const auto read = store.load(partition, wanted);
        if (!read || !read->objects.front()) continue;
        const auto head = coffer::format::decode_head(*read->objects.front());
        if (head && !head->closed() && head->realm == config.text("realm") &&
            head->environment != coffer::system_environment)
            out.push_back(head->environment);
    }
    return out;
}

} // namespace command
