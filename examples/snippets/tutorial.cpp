// SPDX-License-Identifier: BSL-1.0
// The code of docs/tutorial.md, cut out between `//[name` and `//]`. Runs in an empty folder; what
// it prints is tutorial.txt.

//[include
#include <coffer/coffer.hpp>               // the core: no other library
#include <coffer/cryptopp/aes_256_gcm.hpp> // how values are sealed
#include <coffer/file/store.hpp>           // where sealed bytes lie
#include <coffer/keyring/file_keyring.hpp> // where the keys live: somewhere else
//]

#include <coffer/redactor.hpp>
#include <coffer/watcher.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <span>
#include <string>

namespace {

void connect(std::string_view) {}
void reconnect(const coffer::result<coffer::secret>&) {}
void post_to_slack(std::string_view) {}

//[make
void make_keys() { // once, where the datastore is set up
    coffer::keyring::open_or_create("keys/keyring.json", {.store_folder = "store"}).value();
}
//]

//[open
auto open_vault() { // in every program after that
    return coffer::vault{
        coffer::file::open("store").value(),
        coffer::cryptopp::aes_256_gcm{},
        coffer::keyring::open("keys/keyring.json", {.store_folder = "store"}).value(),
        {.realm = "production", .author = "tutorial"}};
}
using my_vault = decltype(open_vault());
//]

void set_values(my_vault& vault) {
    //[spaces
    vault.ensure_environment("prod").value();
    for (const char* space : {"acme", "globex"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    //]

    //[put
    const coffer::context prod{.environment = "prod"};
    vault.put(prod, "SLACK_TOKEN", "xoxb-everyone").value();
    vault.put(prod, "DB_URL", "postgres://db/prod").value();
    vault.put(prod, "BETA_KEY", "beta-1").value();

    const coffer::context acme{.environment = "prod", .space = "acme"};
    vault.put(acme, "SLACK_TOKEN", "xoxb-acme").value(); // overrides
    vault.hide(acme, "BETA_KEY").value();                // acme does not have it
    //]
}

void read(my_vault& vault) {
    //[read
    auto secrets = vault.resolver();
    const coffer::secret url =
        secrets.get({.environment = "prod", .space = "acme"}, "DB_URL").value();
    connect(url.expose_secret()); // the one call that reveals; the view is valid while `url` lives
    //]

    //[explain
    for (const char* name : {"SLACK_TOKEN", "DB_URL", "BETA_KEY", "TYPO"})
        std::cout << secrets.explain({.environment = "prod", .space = "acme"}, name).value()
                  << '\n';
    //]

    //[view
    const coffer::view acme = secrets.at({.environment = "prod", .space = "acme"}).value();
    for (const coffer::named_secret& s : acme.all().value())
        std::cout << s.name << " comes from " << to_string(s.from.view()) << '\n';
    //]
}

//[config
struct config {
    coffer::secret slack;
    coffer::secret database;
};
//]

void bind(my_vault& vault) {
    const coffer::view acme = vault.resolver().at({.environment = "prod", .space = "acme"}).value();
    //[bind
    auto wanted =
        acme.bind<config>({{"SLACK_TOKEN", &config::slack}, {"DATABASE_URL", &config::database}});
    if (!wanted)
        for (const auto& missing : wanted.missing()) // all of them, not the first
            std::cout << missing.name << ": " << to_string(missing.why) << '\n';
    //]

    //[require
    for (const auto& missing : acme.require("SLACK_TOKEN", "BETA_KEY", "STRIPE_KEY"))
        std::cout << missing.name << ": " << to_string(missing.why) << '\n';
    //]
}

//[errors
auto notify(const coffer::secrets& from, coffer::context where) -> std::string {
    const auto token = from.get(where, "SLACK_TOKEN");
    if (token) {
        post_to_slack(token->expose_secret());
        return "sent";
    }
    switch (token.error().code) {
    case coffer::errc::not_found: return "no Slack for them";
    case coffer::errc::unknown_scope: return "who is that?";
    default:
        throw coffer::exception(token.error()); // unavailable, tampered, …: nothing to guess about
    }
}
//]

void errors(my_vault& vault) {
    std::cout << notify(vault.resolver(), {.environment = "prod", .space = "acne"}) << '\n';
}

void write_carefully(my_vault& vault) {
    const coffer::context prod{.environment = "prod"};
    //[write_options
    coffer::write_options with;
    with.if_version = 1; // nobody wrote meanwhile, or it is a conflict
    with.note = "rotated by hand, ask ana";
    with.expires = coffer::expiry_at(std::chrono::system_clock::now() + std::chrono::hours(24 * 7));
    const auto written = vault.put(prod, "DB_URL", "postgres://db/prod2", with).value();
    std::cout << "DB_URL is now v" << written.version << '\n';

    const auto late = vault.put(prod, "DB_URL", "postgres://db/prod3", with);
    std::cout << "a second writer: " << late.error() << '\n';
    //]

    //[history
    for (const auto& v : vault.history(prod, "DB_URL").value())
        std::cout << "v" << v.version << " by " << v.author << '\n';
    vault.rollback(prod, "DB_URL", 1).value(); // the old value again, as v3

    const coffer::context acme{.environment = "prod", .space = "acme"};
    vault.erase(acme, "SLACK_TOKEN").value();    // acme inherits again
    vault.undelete(acme, "SLACK_TOKEN").value(); // and has its own back
    //]
}

void staleness(my_vault& vault) {
    auto secrets = vault.resolver();
    //[stale
    const coffer::view now = secrets.at({.environment = "prod"}).value();
    if (now.stale()) // the store is away: these are the last verified values
        std::cerr << "secrets are " << now.age().count() << " ms old\n";
    //]
}

void follow(my_vault& vault) {
    const coffer::secrets secrets = vault.resolver();
    const coffer::context acme{.environment = "prod", .space = "acme"};
    //[watch
    const coffer::view known = secrets.at(acme).value();
    reconnect(known.get("DB_URL"));
    const coffer::watcher changes(secrets, acme, known,
                                  [](const coffer::view& now, std::span<const std::string> names) {
                                      if (std::ranges::find(names, "DB_URL") != names.end())
                                          reconnect(now.get("DB_URL"));
                                  });
    //]
}

void logs(my_vault& vault) {
    const coffer::view acme = vault.resolver().at({.environment = "prod", .space = "acme"}).value();
    //[redact
    const auto log = coffer::redactor::open(acme).value(); // knows acme's values, keeps none
    std::cout << log.redact("token is xoxb-acme, as always") << '\n';
    for (const auto& name : log.skipped())
        std::cerr << name << " is not cut out: too short, or it can't be read\n";
    //]
}

void look_after(my_vault& vault) {
    //[verify
    const auto report = vault.verify("prod").value(); // opens every version of every value
    std::cout << report.checked << " values opened, " << report.damaged.size() << " damaged\n";
    //]
}

} // namespace

int main() {
    make_keys();
    auto vault = open_vault();
    set_values(vault);
    read(vault);
    bind(vault);
    errors(vault);
    write_carefully(vault);
    staleness(vault);
    follow(vault);
    logs(vault);
    look_after(vault);
}
