// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_LISTENER_EVENT_HPP
#define COFFER_LISTENER_EVENT_HPP

#include <coffer/listener/filter.hpp>
#include <coffer/listener/value.hpp>
#include <coffer/secrets.hpp>

#include <algorithm>
#include <any>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// An event in JSON, as services send it: topic `space:created`, where it happened, what it
/// carries.
inline auto make_event(std::string_view topic, context where,
                       event_value payload = event_value::object{}) -> event_value {
    event_value::object place;
    const auto add = [&](const char* name, std::string_view id) {
        if (!id.empty()) place.push_back({name, id});
    };
    add("environmentId", where.environment);
    add("spaceId", where.space);
    add("actorId", where.actor);
    return {{"domain", topic.substr(0, topic.find(':'))},
            {"topic", topic},
            {"context", std::move(place)},
            {"payload", std::move(payload)}};
}

/// What a listener's callbacks get: the event, and the secrets of where it happened. It lives for
/// one dispatch, in one thread; callbacks share it.
class event {
public:
    using function = std::function<void(event&)>;

    /// `raw`: the event in JSON, or an object with the event as its member `src`. `visible`:
    /// members that filters see beside the event's own.
    event(const event_value& raw, coffer::secrets source, const event_value::object& visible = {})
        : src_(raw["src"].is_falsy() ? raw : raw["src"]), source_(std::move(source)),
          visible_(visible), action_(or_else(src_["context"]["actionName"], "")),
          target_(or_else(src_["target"], "")),
          namespaces_(or_else(src_["namespaces"], event_value::list{})),
          origin_(or_else(src_["origin"], event_value::object{})),
          created_at_(or_else(src_["createdAt"], nullptr)),
          where_(
              coffer::context{id_text("environmentId"), id_text("spaceId"), id_text("actorId")}) {}
    event(const event&) = delete;
    auto operator=(const event&) -> event& = delete;

    /// The event in JSON. What follows are parts of it; a part that is missing is null, or empty.
    auto src() const noexcept -> const event_value& { return src_; }
    auto id() const noexcept -> std::string_view { return src_["id"].text(); }
    auto topic() const noexcept -> std::string_view { return src_["topic"].text(); }
    auto domain() const noexcept -> std::string_view { return src_["domain"].text(); }
    auto action() const noexcept -> std::string_view { return action_.text(); }
    auto context() const noexcept -> const event_value& { return src_["context"]; }
    auto payload() const noexcept -> const event_value& { return src_["payload"]; }
    auto target() const noexcept -> const event_value& { return target_; }
    auto origin() const noexcept -> const event_value& { return origin_; }
    auto namespaces() const noexcept -> const event_value& { return namespaces_; }

    /// Where it happened. An id that is a number or a truth value is its text, as in JavaScript.
    auto where() const noexcept -> coffer::context { return where_.view(); }

    /// A secret of where the event happened, or of elsewhere: each member of `other` that is not
    /// empty takes the place of the event's own, so another environment alone keeps the event's
    /// space; an event without a context needs all three. All reads of one scope within one
    /// dispatch see one state, also if it is a failure: a store that is away is asked once for an
    /// event. Only an answer that is none (unsupported) is not kept; the next read asks again.
    /// Errors: invalid_argument (neither names an environment, no context and not all three, an id
    /// of the event is a list or an object; nothing is asked), those of SecretSource and view::get.
    auto secrets(std::string_view name, coffer::context other = {}) -> result<secret> {
        const auto own = where();
        const auto chosen = [](std::string_view a, std::string_view b) {
            return a.empty() ? b : a;
        };
        const coffer::context at{chosen(other.environment, own.environment),
                                 chosen(other.space, own.space), chosen(other.actor, own.actor)};
        if (at.environment.empty() || (other.environment.empty() && is_no_id("environmentId")) ||
            (other.space.empty() && is_no_id("spaceId")) ||
            (other.actor.empty() && is_no_id("actorId")))
            return errc::invalid_argument;
        if (context().is_null() && (at.space.empty() || at.actor.empty()))
            return errc::invalid_argument;
        auto known = std::find_if(views_.begin(), views_.end(),
                                  [&](const auto& v) { return v.first.view() == at; });
        if (known == views_.end()) {
            auto seen = source_.at(at);
            if (!seen && seen.error() == errc::unsupported) return seen.error();
            known = views_.insert(known, {scope(at), std::move(seen)});
        }
        return known->second ? known->second->get(name) : known->second.error();
    }

    /// Runs once after all callbacks of this dispatch; of those with one key the first stays.
    void after_all(std::string_view key, function run) {
        const auto same = [&](const auto& known) { return known.first == key; };
        if (std::none_of(after_all_.begin(), after_all_.end(), same))
            after_all_.emplace_back(key, std::move(run));
    }

    /// Anything that the callbacks of one dispatch want to share.
    auto cache() noexcept -> std::map<std::string, std::any>& { return cache_; }

    /// The members as filters see them. Valid as long as this event is.
    auto flat() const -> flat_event {
        flat_event out;
        for (const auto& m : visible_)
            flatten(m.name, m.value, out);
        flatten("src", src_, out);
        for (const auto* name : {"domain", "topic", "context", "payload"})
            flatten(name, src_[name], out);
        flatten("createdAt", created_at_, out);
        flatten("target", target_, out);
        flatten("origin", origin_, out);
        flatten("action", action_, out);
        flatten("namespace", namespaces_, out);
        return out;
    }

private:
    friend class listener;
    static auto or_else(const event_value& value, event_value other) -> event_value {
        return value.is_falsy() ? other : value;
    }
    auto id_text(std::string_view member) const -> std::string {
        const auto& id = context()[member];
        return id.is_falsy() || is_no_id(member) ? "" : to_javascript_text(id);
    }
    auto is_no_id(std::string_view member) const noexcept -> bool {
        const auto& id = context()[member];
        return id.as<event_value::list>() != nullptr || id.as<event_value::object>() != nullptr;
    }

    const event_value src_;
    coffer::secrets source_;
    event_value::object visible_;
    event_value action_, target_, namespaces_, origin_, created_at_;
    scope where_;
    std::vector<std::pair<scope, result<view>>> views_{};
    std::vector<std::pair<std::string, function>> after_all_{};
    std::map<std::string, std::any> cache_{};
};

} // namespace coffer::inline COFFER_ABI

#endif
