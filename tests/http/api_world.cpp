// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

namespace coffer_test {

auto make_service(coffer::any_vault vault, http::api_options with) -> std::unique_ptr<http::api> {
    return std::make_unique<http::api>(std::move(vault), std::move(with));
}

} // namespace coffer_test
