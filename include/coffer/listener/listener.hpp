// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_LISTENER_LISTENER_HPP
#define COFFER_LISTENER_LISTENER_HPP

#include <coffer/listener/node.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <iostream>
#include <utility>

namespace coffer::inline COFFER_ABI {

struct listener_options {
    /// Told of every exception that leaves a callback, while it is handled. Default: one line on
    /// std::cerr, `Error in event listener: ` and the exception's text, as the JavaScript listener
    /// has it; a log that must not show values runs that text through a redactor.
    std::function<void(const event&, const std::exception_ptr&)> on_error{};
    /// Members that filters see beside the event's own: the JavaScript listener shows its
    /// `_accessToken` and `_apiUrl`, this one nothing.
    event_value::object visible{};
};

/// How a dispatch went.
struct dispatched {
    std::size_t ran = 0;    ///< Callbacks, those that failed included.
    std::size_t failed = 0; ///< Callbacks that threw.
};

/// Runs callbacks for events, with the secrets of where each event happened: the rules of the
/// JavaScript listener (topics, filters, namespaces, order) for C++, over any source of secrets.
///
///     coffer::listener listener{vault.resolver()};
///     listener.on("space:*", [](coffer::event& event) {
///         auto token = event.secrets("SLACK_TOKEN");     // of this event's environment and space
///     });
///     listener.dispatch(coffer::make_event("space:created", {.environment = "prod", .space =
///     "acme"}));
///
/// Where it says more than JavaScript: a secret that can't be had is a typed error, `unavailable`
/// or `tampered` and not "not found"; and a space of another environment is `unknown_scope`. What
/// a dispatch keeps of a scope it keeps by its three ids: JavaScript joins those that are named by
/// colons, and takes {space: "b"} for {actor: "b"}.
///
/// A handle: copies are the same listener. All members may be called from several threads; each
/// dispatch runs its callbacks one after the other in its own thread.
class listener : public listener_node {
public:
    explicit listener(coffer::secrets source, listener_options with = {})
        : source_(std::move(source)), with_(std::move(with)) {}

    /// Runs the callbacks that match an event in JSON, in their order, each to its end; then those
    /// that they asked for with after_all. An exception out of a callback is told to on_error and
    /// the next one runs; one out of an after_all callback leaves this call. Null does nothing.
    /// Errors: invalid_argument: something was registered for a topic that is neither text nor
    /// list; nothing ran.
    auto dispatch(const event_value& raw) const -> result<dispatched> {
        if (raw.is_falsy()) return dispatched{};
        event e(raw, source_, with_.visible);
        const auto found = callbacks_for(e);
        if (!found.valid) return errc::invalid_argument;
        dispatched done;
        for (const auto& run : found.callbacks) {
            ++done.ran;
            try {
                run(e);
            } catch (...) {
                ++done.failed;
                report(e, std::current_exception());
            }
        }
        for (std::size_t i = 0; i < e.after_all_.size(); ++i) { // one may ask for another
            const auto run = e.after_all_[i].second;
            run(e);
        }
        return done;
    }

private:
    void report(const event& e, const std::exception_ptr& what) const {
        if (with_.on_error) return with_.on_error(e, what);
        try {
            std::rethrow_exception(what);
        } catch (const std::exception& known) {
            std::cerr << "Error in event listener: " << known.what() << '\n';
        } catch (...) {
            std::cerr << "Error in event listener\n";
        }
    }

    coffer::secrets source_;
    listener_options with_;
};

} // namespace coffer::inline COFFER_ABI

#endif
