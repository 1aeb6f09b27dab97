// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_LISTENER_NODE_HPP
#define COFFER_LISTENER_NODE_HPP

#include <coffer/listener/event.hpp>

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// Which topics a callback is for: a pattern, or a list of which one has to match.
///
///     "job:ready"    "space:*"    "**"    {"job:ready", "job:failed"}
///
/// An empty text stands for `**`, though the two are not equal; an empty list matches nothing.
class topic_patterns {
public:
    topic_patterns(const char* pattern) : topic_patterns(event_value(pattern)) {}
    topic_patterns(std::string_view pattern) : topic_patterns(event_value(pattern)) {}
    topic_patterns(const std::string& pattern) : topic_patterns(event_value(pattern)) {}
    topic_patterns(std::initializer_list<std::string_view> patterns)
        : topic_patterns(event_value(event_value::list(patterns.begin(), patterns.end()))) {}
    /// Of a text, a list of texts and of such lists, or what JavaScript takes for false, which
    /// stands for `**`. Others are not valid: dispatching to them fails.
    topic_patterns(const event_value& patterns) {
        const auto* elements = patterns.as<event_value::list>();
        given_ = elements != nullptr ? *elements : event_value::list{patterns};
        add(patterns.is_falsy() ? event_value("**") : patterns);
    }

    auto valid() const noexcept -> bool { return valid_; }
    auto match(std::string_view topic) const -> bool {
        return !topic.empty() && std::any_of(globs_.begin(), globs_.end(),
                                             [&](const glob& g) { return g.matches(topic); });
    }
    /// As they were given; a text and a list of just that text are equal.
    friend auto operator==(const topic_patterns& a, const topic_patterns& b) noexcept -> bool {
        return a.given_ == b.given_;
    }

private:
    void add(const event_value& pattern) {
        if (const auto* inner = pattern.as<event_value::list>()) {
            for (const auto& e : *inner)
                add(e);
            return;
        }
        const auto* text = pattern.as<std::string>();
        valid_ = valid_ && text != nullptr;
        globs_.emplace_back(pattern.text(), ':');
    }

    event_value::list given_{};
    std::vector<glob> globs_{};
    bool valid_ = true;
};

/// A callback with an identity, so that off() can find it again. Copies are the same callback; any
/// callable becomes one, a new one each time.
class listener_callback {
public:
    template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, listener_callback> && std::invocable<F&, event&>)
        listener_callback(F&& run)
        : run_(std::make_shared<const event::function>(std::forward<F>(run))) {}

    void operator()(event& e) const { (*run_)(e); }
    friend auto operator==(const listener_callback&, const listener_callback&) -> bool = default;

private:
    std::shared_ptr<const event::function> run_;
};

/// A node of a listener: callbacks, and further nodes, for the events that pass its filter.
///
/// A handle: copies are the same node. All members may be called from several threads, and from
/// callbacks; what they change counts from the next dispatch.
class listener_node {
public:
    /// Adds a callback behind those that are there; equal ones are kept side by side.
    auto on(topic_patterns topics, listener_callback run) -> listener_callback {
        return on(std::move(topics), {}, std::move(run));
    }
    auto on(topic_patterns topics, event_filter only, listener_callback run) -> listener_callback {
        const std::lock_guard lock(*mutex_);
        state_->registrations.push_back({std::move(topics), std::move(only), run});
        return run;
    }
    /// Takes off every registration of this node, not of those below, with equal topics and the
    /// same callback.
    void off(const topic_patterns& topics, const listener_callback& run) {
        remove([&](const registration& r) { return r.topics == topics && r.run == run; });
    }
    /// The same, if also the filter is equal, down to the order of its members. One that JavaScript
    /// takes for false is none.
    void off(const topic_patterns& topics, const event_filter& only, const listener_callback& run) {
        if (only.source().is_falsy()) return off(topics, run);
        remove([&](const registration& r) {
            return r.topics == topics && r.run == run && r.only.source() == only.source();
        });
    }

    /// A new node below this one, for the events that the filter lets through.
    auto filter(event_filter only) -> listener_node {
        const std::lock_guard lock(*mutex_);
        state_->children.push_back(std::make_shared<state>(state{std::move(only)}));
        return listener_node(mutex_, state_->children.back());
    }
    /// A new node for the events of one of these namespaces: a pattern, or a list of them.
    auto namespace_(event_value patterns) -> listener_node {
        return filter({{"namespaces", std::move(patterns)}});
    }
    /// Empties this node and all below it, and forgets those.
    void detach() {
        const std::lock_guard lock(*mutex_);
        empty(*state_);
    }

protected:
    listener_node() : mutex_(std::make_shared<std::mutex>()), state_(std::make_shared<state>()) {}

    struct matching {
        std::vector<listener_callback> callbacks{};
        bool valid = true;
    };
    /// The callbacks for an event in their order: a node's own, then those below, depth first.
    auto callbacks_for(const event& e) const -> matching {
        const std::lock_guard lock(*mutex_);
        matching found;
        collect(*state_, e.topic(), e.flat(), found);
        return found;
    }

private:
    struct registration {
        topic_patterns topics;
        event_filter only;
        listener_callback run;
    };
    struct state {
        event_filter only{};
        std::vector<registration> registrations{};
        std::vector<std::shared_ptr<state>> children{};
    };

    listener_node(std::shared_ptr<std::mutex> mutex, std::shared_ptr<state> node)
        : mutex_(std::move(mutex)), state_(std::move(node)) {}

    template <class F>
    void remove(F&& which) {
        const std::lock_guard lock(*mutex_);
        std::erase_if(state_->registrations, which);
    }
    static void empty(state& node) {
        for (const auto& child : node.children)
            empty(*child);
        node.registrations.clear();
        node.children.clear();
    }
    static void collect(const state& node, std::string_view topic, const flat_event& flat,
                        matching& found) {
        if (!node.only.matches(flat)) return;
        for (const auto& r : node.registrations) {
            found.valid = found.valid && (topic.empty() || r.topics.valid());
            if (r.topics.match(topic) && r.only.matches(flat)) found.callbacks.push_back(r.run);
        }
        for (const auto& child : node.children)
            collect(*child, topic, flat, found);
    }

    std::shared_ptr<std::mutex> mutex_; ///< One for all nodes of a listener.
    std::shared_ptr<state> state_;
};

} // namespace coffer::inline COFFER_ABI

#endif
