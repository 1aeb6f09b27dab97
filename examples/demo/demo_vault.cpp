// SPDX-License-Identifier: BSL-1.0
#include "demo_vault.hpp"

#include <coffer/file/store.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

template class coffer::vault<demo::policy>;
template class coffer::resolver<demo::policy>;
template class coffer::detail::engine<demo::policy>;

namespace demo {

auto place::open_store() const -> coffer::any_store {
    return coffer::file::open(store).value();
}

auto place::open_keys() const -> coffer::keyring::file_keyring {
    return coffer::keyring::open(keyring, {.store_folder = store}).value();
}

auto place::open() const -> vault_type {
    return vault_type(open_store(), {}, open_keys(), {.realm = realm, .author = "demo"});
}

auto place::prod_file() const -> std::filesystem::path {
    for (const auto& entry : std::filesystem::directory_iterator(store))
        if (const auto name = entry.path().filename().string();
            name.starts_with("prod.") && name.ends_with(".json"))
            return entry.path();
    throw std::runtime_error("the store has no file of prod");
}

auto ask(const resolver_type& secrets) -> answers {
    answers out;
    for (const auto& where : all_contexts) {
        const auto view = secrets.at(where);
        for (const char* name : all_names) {
            const auto got = view ? view->get(name) : coffer::result<coffer::secret>(view.error());
            out[{to_string(where), name}] = got ? "value " + std::string(got->expose_secret())
                                                : std::string(to_string(got.error().code));
        }
    }
    return out;
}

auto refused(const std::string& answer) -> bool {
    return !answer.starts_with("value ") && answer != "not_found";
}

auto read_file(const std::filesystem::path& path) -> std::string {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

auto grouped(std::size_t number) -> std::string {
    auto text = std::to_string(number);
    for (auto at = text.size(); at > 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

} // namespace demo
