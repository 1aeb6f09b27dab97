// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_EXAMPLES_BILLING_HPP
#define COFFER_EXAMPLES_BILLING_HPP

#include <coffer/secrets.hpp>

#include <string>
#include <string_view>
#include <utility>

//[service
/// Charges customers. It holds `coffer::secrets`: no template, and it does not care whether a
/// vault, a server or a test answers.
class billing {
public:
    explicit billing(coffer::secrets secrets) : secrets_(std::move(secrets)) {}

    /// False if there is no key for that customer now; nothing was charged then.
    auto charge(std::string_view customer) -> bool {
        const auto key = secrets_.get({.environment = "prod", .space = customer}, "STRIPE_KEY");
        return key && send(key->expose_secret());
    }
    auto sent() const -> int { return sent_; }

private:
    auto send(std::string_view key) -> bool {
        sent_ += key.starts_with("sk_");
        return key.starts_with("sk_");
    }
    coffer::secrets secrets_;
    int sent_ = 0;
};
//]

#endif
