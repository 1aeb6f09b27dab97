// SPDX-License-Identifier: BSL-1.0
#include "closed_memory.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "readiness_log.hpp"
#include "serve_keys.hpp"
#include "served_certificate.hpp"
#include "served_store.hpp"
#include "server_log.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include "page/page_files.hpp"

#include <coffer/http/api.hpp>
#include <coffer/http/assets.hpp>
#include <coffer/http/first_code.hpp>
#include <coffer/http/server.hpp>
#include <coffer/http/sessions.hpp>
#include <coffer/http/tls.hpp>
#include <coffer/http/x_audit.hpp>
#include <coffer/http/x_events.hpp>
#include <coffer/http/x_tokens.hpp>

#include <algorithm>
#include <csignal>
#include <memory>

#include <sys/resource.h>

namespace command {

namespace http = coffer::http;
using coffer::errc;

namespace {

constexpr std::string_view default_listen = "127.0.0.1:8460";

/// As many connections as the system lets this process have, and some descriptors more: the store,
/// the audit log and this process's own calls need theirs whoever connects.
void limit_connections(http::limits& to, unsigned threads) noexcept {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &files);
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    const auto most = static_cast<std::size_t>(files.rlim_cur);
    const auto own = std::min<std::size_t>(256 + 3 * std::size_t{threads}, most / 2);
    to.connections = std::min(to.connections, most - own);
}

/// The signals that a server is told things by. They are blocked in every thread that is made from
/// here on, and taken one by one with wait().
class told_by_signals {
public:
    told_by_signals() noexcept {
        ::sigemptyset(&set_);
        for (const int one : {SIGTERM, SIGINT, SIGHUP})
            ::sigaddset(&set_, one);
        ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
        outlive_readers();
    }
    ~told_by_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    told_by_signals(const told_by_signals&) = delete;
    auto operator=(const told_by_signals&) -> told_by_signals& = delete;

    auto wait() const noexcept -> int {
        int got = 0;
        return ::sigwait(&set_, &got) == 0 ? got : SIGTERM;
    }

private:
    sigset_t set_{};
    sigset_t before_{};
};

/// `127.0.0.1:8460`, `[::1]:0`.
void read_listen(std::string_view text, http::server_options& out) {
    const auto colon = text.rfind(':');
    const auto port =
        colon == text.npos ? 65536 : parse_number(text.substr(colon + 1)).value_or(65536);
    auto address = text.substr(0, std::min(colon, text.size()));
    if (address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
    if (port > 65535 || address.empty())
        refuse("--listen takes ADDRESS:PORT, such as 127.0.0.1:8460 or [::1]:8460");
    out.address = address;
    out.port = static_cast<std::uint16_t>(port);
}

auto server_options_of(const session& s, const certificate_files& files) -> http::server_options {
    http::server_options out;
    read_listen(s.in.text("listen").value_or(std::string(default_listen)), out);
    out.threads =
        static_cast<unsigned>(std::min<std::uint64_t>(s.in.number("threads").value_or(0), 256));
    out.hosts = split(s.in.text("allow-host").value_or(""), ',');
    for (const auto& host : out.hosts)
        if (host.find_first_of(" \t\r\n/@*") != host.npos)
            refuse("--allow-host takes names of hosts, after commas: coffer.internal,[::1]:8460");
    out.allow_plain_text_on_the_network = s.in.has("insecure-listen");
    out.counters = std::make_shared<http::metrics>();
    if (files.certificate.empty()) return out;
    auto tls = files.open();
    if (!tls)
        throw problem(tls.error().code, "the certificate " + printable(files.certificate) +
                                            " and the key " + printable(files.key) +
                                            " can't be used: " + files.fault(tls.error()));
    out.tls = *std::move(tls);
    return out;
}

/// What the page may tell of the KEKs.
auto told_keks(key_changes& keys) -> coffer::result<std::vector<http::kek_facts>> {
    auto all = keys.keks();
    if (!all) return all.error();
    std::vector<http::kek_facts> out;
    for (auto& k : *all)
        out.push_back({std::move(k.id), std::string(to_string(k.state)),
                       static_cast<std::uint64_t>(k.created.count()), std::move(k.environments)});
    return out;
}
/// `file` of `file:PATH`: never where it lies.
auto kept_in(const std::string& place) -> std::string {
    return place.substr(0, place.find(':'));
}

/// Whether operators may change KEKs through the server.
auto manages_keys(session& s) -> bool {
    if (!s.in.has("manage-keys")) return false;
    if (kept_in(s.config().text("keys")) != "file")
        refuse(
            "--manage-keys is for a keyring file (--keys file:PATH): other keys can't be changed "
            "here");
    return true;
}

auto reveal_of(const session& s) -> http::reveal_mode {
    const auto said = s.in.text("reveal").value_or("off");
    if (said == "reason") return http::reveal_mode::reason;
    if (said != "off") refuse("--reveal takes off or reason");
    return http::reveal_mode::off;
}

/// Requests a minute; 0: no limit.
auto rate_of(const session& s, const char* option, http::rate otherwise) -> http::rate {
    return {static_cast<std::size_t>(s.in.number(option).value_or(otherwise.per_minute))};
}

auto address_of(const http::server_options& o, std::uint16_t port) -> std::string {
    const bool v6 = o.address.find(':') != std::string::npos;
    return (o.tls ? "https://" : "http://") + (v6 ? "[" + o.address + "]" : o.address) + ":" +
           std::to_string(port);
}

/// The first start's code, for whoever sees what this process says; not if there is a token.
void tell_code(http::first_code& first, const std::string& address) {
    if (const auto code = need(first.make()); !code.empty())
        tell("Sign in once with code " + code + " (10 minutes): " + address + "/\n");
}

auto start_problem(const coffer::failure& why, const http::server_options& o) -> problem {
    if (why.code == errc::denied)
        return {errc::denied, "plain HTTP is served to this machine alone: give --tls-cert and "
                              "--tls-key, or listen on 127.0.0.1"};
    if (why.code == errc::invalid_argument)
        return {why.code, "--listen takes an IP address and a port; " + printable(o.address) +
                              " is no IP address"};
    return {why.code, "can't listen on " + printable(o.address) + ":" + std::to_string(o.port) +
                          cause_words(why.cause)};
}

/// How far the audit log goes, for a place that this process can't write to: a tail that is cut off
/// shows against that alone (coffer audit verify --head).
void tell_head(const http::audit_log* audit, const server_log& log) {
    if (audit == nullptr) return;
    const auto head = audit->head();
    if (head.seq != 0)
        log.info("the audit log goes to " + std::to_string(head.seq) + ":" + head.mac);
}

/// Whether clients take the certificate, and for how long still.
void tell_certificate(const certificate_files& files, const server_log& log) {
    if (files.certificate.empty()) return;
    if (const auto warning = files.warning(); !warning.empty()) log.error(warning);
}

/// Serves until a signal ends it.
void serve_on(http::server& server, http::api& service, const told_by_signals& signals,
              const certificate_files& files, const server_log& log, const http::audit_log* audit) {
    for (;;) {
        if (signals.wait() != SIGHUP) break;
        tell_head(audit, log);
        if (files.certificate.empty()) continue; // the keyring is looked at in every call anyway
        auto next = files.open();
        if (next) server.set_tls(*std::move(next));
        if (next)
            log.info("the certificate was read again");
        else
            log.error("the certificate can't be used; the old one stays: " +
                      files.fault(next.error()));
        if (next) tell_certificate(files, log);
    }
    log.info("ending: requests under way are answered");
    service.parts().end();
    server.stop();
    server.wait();
    tell_head(audit, log);
}

void count_store(const coffer::any_store& store, http::metrics& counters) {
    counters.add_gauge("coffer_store_watching",
                       "1 while the store is told of every change; one that is not is asked.",
                       [store] { return store.watching() ? 1.0 : 0.0; });
}

void count_audit(const std::shared_ptr<http::audit_log>& audit, http::metrics& counters) {
    if (audit == nullptr) return;
    counters.add_gauge("coffer_audit_records", "Records of the audit log that are durable.",
                       [audit] { return static_cast<double>(audit->head().seq); });
    counters.add_gauge("coffer_audit_disk_full_percent", "How full the audit log's disk is.",
                       [audit] { return static_cast<double>(audit->full_percent()); });
}

void count_unserved(const std::shared_ptr<http::unserved_environments>& unserved,
                    http::metrics& counters) {
    counters.add_gauge("coffer_environments_unserved",
                       "Environments that can't be served, as last seen.",
                       [unserved] { return static_cast<double>(unserved->count()); });
}

auto run_serve(session& s) -> int {
    if (s.dry_run())
        refuse("serve does nothing that could be told beforehand: leave out --dry-run");
    const told_by_signals signals; // first: threads that are made before it would not block them
    close_memory();
    const certificate_files files(s);
    auto options = server_options_of(s, files);
    limit_connections(options.limits, options.threads);
    const auto reveal = reveal_of(s);
    const bool manages = manages_keys(s);
    const auto keys = anchored_keys(s);
    const auto store = open_store(s.config());
    auto vault = served_vault(s, store, keys.provider);
    need(vault->environments());
    seed_all(s, vault);

    const auto audit = opened_audit(s, vault);
    const server_log log(wanted_log_level());
    const auto page = std::make_shared<http::assets>(coffer_page_files());
    http::api_options with;
    const auto tokens = std::make_shared<http::token_registry>(vault);
    const auto sessions = std::make_shared<http::session_registry>(tokens);
    const auto first = std::make_shared<http::first_code>(tokens);
    with.tokens = sessions;
    with.more = http::x::token_routes(sessions, first);
    with.page = [page](const http::request& in) { return page->answer(in); };
    with.metrics = [counters = options.counters] { return counters->text(); };
    if (wanted_log_level() != log_level::none)
        with.log = [&log](const http::answered_request& r) { log.answered(r); };
    with.reveal = reveal;
    with.audit = audit;
    with.token_rate = rate_of(s, "token-rate", with.token_rate);
    with.refused_rate = rate_of(s, "refused-rate", with.refused_rate);
    with.most.names = s.in.number("scope-names").value_or(with.most.names);
    with.most.actors = s.in.number("space-actors").value_or(with.most.actors);
    with.most.bytes = s.in.number("environment-bytes").value_or(with.most.bytes);
    with.stale_for = options_of(s.config()).serve_stale_for;
    count_store(store, *options.counters);
    count_audit(audit, *options.counters);
    for (auto& row : http::x::audit_routes(audit))
        with.more.push_back(std::move(row));
    const auto events = std::make_shared<http::event_hub>(http::event_hub::options{
        .missed = [&log](const http::principal& who) { log.missed_events(who.token_id); }});
    for (auto& row : http::x::event_routes(events))
        with.more.push_back(std::move(row));

    const auto service = std::make_shared<http::api>(vault, std::move(with));
    count_unserved(service->parts().unserved, *options.counters);
    service->parts().changed = http::x::tell_changes(vault, events);
    service->parts().keks = [changes = keys.changes] { return told_keks(*changes); };
    service->parts().keys_kept = kept_in(s.config().text("keys"));
    if (manages) service->parts().change_keks = kek_changes_of({vault, keys.changes, s.config()});
    // Before anybody is answered every environment is looked at once, so that it is there when the
    // store goes away.
    (void)service->parts().places.all();
    http::server server(options, service);
    if (auto started = server.start(); !started) throw start_problem(started.error(), options);
    put_line("coffer serves " + address_of(options, server.port()));
    tell_code(*first, address_of(options, server.port()));
    if (s.in.has("no-anchor"))
        log.error("--no-anchor: an old copy of the store would pass for the newest");
    if (s.in.has("insecure-listen") && !options.tls)
        log.error("--insecure-listen: who listens on the wire reads every token and every value");
    tell_certificate(files, log);
    tell_head(audit.get(), log);
    const readiness_log readiness(vault, audit, service->parts().unserved, log);
    serve_on(server, *service, signals, files, log, audit.get());
    return 0;
}

} // namespace

auto serve_verb() -> verb {
    return {
        .name = "serve",
        .summary = "serve the store over HTTP, with the admin page",
        .details =
            "Prints one line with the address when it is ready. Plain HTTP is served to this "
            "machine alone; elsewhere give a certificate. SIGHUP reads the certificate again, "
            "SIGTERM answers what is under way and ends. The log is JSON lines on stderr "
            "(COFFER_LOG: off, error, info, debug).",
        .options = {{"--listen", takes::value, "A:P", "where; port 0: any (127.0.0.1:8460)"},
                    {"--tls-cert", takes::value, "F", "certificate and chain, PEM"},
                    {"--tls-key", takes::value, "F", "its key, PEM"},
                    {"--allow-host", takes::value, "H[,H]", "more names that it is asked by"},
                    {"--threads", takes::value, "N", "threads for connections"},
                    {"--audit", takes::value, "DIR",
                     "keep an audit log there; while it can't be written, no value leaves"},
                    {"--reveal", takes::value, "off|reason",
                     "whether the page may show stored values (off)"},
                    {"--manage-keys",
                     takes::nothing,
                     {},
                     "operators may change KEKs through the page: their tokens reach the keyring"},
                    {"--token-rate", takes::value, "N",
                     "requests that a token may send in a minute (6000000; 0: any)"},
                    {"--refused-rate", takes::value, "N",
                     "refused tokens that an address may send in a minute (600; 0: any)"},
                    {"--scope-names", takes::value, "N",
                     "names that a scope takes, removed ones included (5000; 0: any)"},
                    {"--space-actors", takes::value, "N",
                     "actors that may have names of their own in a space (1000; 0: any)"},
                    {"--environment-bytes", takes::value, "N",
                     "bytes that an environment's values may take, sealed (67108864; 0: any)"},
                    {"--seed-environment", takes::value, "ID[,ID]",
                     "environments that are made if they are not there"},
                    {"--seed-space", takes::value, "ENV/ID[,…]", "the same of spaces"},
                    {"--no-anchor", takes::nothing, {}, "serve without one"},
                    {"--insecure-listen",
                     takes::nothing,
                     {},
                     "plain HTTP beyond this machine: who listens on the wire reads everything"}},
        .run = run_serve,
        .local = true};
}

} // namespace command
