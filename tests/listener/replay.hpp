// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_LISTENER_REPLAY_HPP
#define COFFER_TESTS_LISTENER_REPLAY_HPP

// Plays one recorded case of a listener: steps that register callbacks, an event, what ran.

#include <coffer/listener/listener.hpp>

#include <boost/json.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace coffer_test {

inline auto value_of(const boost::json::value& j) -> coffer::event_value {
    switch (j.kind()) {
    case boost::json::kind::null: return {};
    case boost::json::kind::bool_: return j.get_bool();
    case boost::json::kind::string: return std::string(j.get_string());
    case boost::json::kind::array: {
        coffer::event_value::list out;
        for (const auto& e : j.get_array())
            out.push_back(value_of(e));
        return out;
    }
    case boost::json::kind::object: {
        coffer::event_value::object out;
        for (const auto& m : j.get_object())
            out.push_back({std::string(m.key()), value_of(m.value())});
        return out;
    }
    default: return j.to_number<double>();
    }
}

/// JSON leaves out what is undefined: `otherwise` stands for it.
inline auto member_of(const boost::json::object& o, const char* name,
                      const coffer::event_value& otherwise = {}) -> coffer::event_value {
    const auto* member = o.if_contains(name);
    return member == nullptr ? otherwise : value_of(*member);
}

/// A member that is null counts as absent.
inline auto text_of(const boost::json::object& o, const char* name, const char* other = "")
    -> std::string {
    const auto* member = o.if_contains(name);
    return member == nullptr || member->is_null() ? other : std::string(member->as_string());
}

class replay {
public:
    explicit replay(coffer::listener root) { nodes_.emplace("root", std::move(root)); }

    void carry_out(const boost::json::array& steps, coffer::event* during = nullptr) {
        for (const auto& step : steps)
            carry_out(step.as_object(), during);
    }
    auto order() const -> const boost::json::array& { return order_; }

private:
    void carry_out(const boost::json::object& step, coffer::event* during) {
        const auto op = text_of(step, "op");
        auto& node = nodes_.at(text_of(step, "node", "root"));
        if (op == "on") return on(node, step);
        if (op == "off") return off(node, step);
        if (op == "filter")
            nodes_.insert_or_assign(text_of(step, "as"), node.filter(member_of(step, "filter")));
        else if (op == "namespace")
            nodes_.insert_or_assign(
                text_of(step, "as"),
                node.namespace_(member_of(step, "namespaces", coffer::event_value::list{})));
        else if (op == "detach")
            node.detach();
        else if (op == "afterAll")
            during->after_all(text_of(step, "key"), runs(step));
        else
            throw std::runtime_error("what is the step " + op);
    }
    /// The same id is the same callback, and does what its first registration says.
    auto callback(const boost::json::object& step) -> coffer::listener_callback {
        const auto id = text_of(step, "id");
        const auto known = callbacks_.find(id);
        if (known != callbacks_.end()) return known->second;
        return callbacks_.emplace(id, coffer::listener_callback(runs(step))).first->second;
    }
    auto runs(const boost::json::object& step) -> coffer::event::function {
        return [this, step](coffer::event& e) {
            order_.push_back(step.at("id"));
            if (const auto* then = step.if_contains("then"); then != nullptr && !then->is_null())
                carry_out(then->as_array(), &e);
            if (const auto* what = step.if_contains("throws");
                what != nullptr && !value_of(*what).is_falsy())
                throw std::runtime_error("the case's error");
        };
    }
    void on(coffer::listener_node& node, const boost::json::object& step) {
        const auto* only = step.if_contains("filter");
        if (only == nullptr)
            node.on(member_of(step, "topic"), callback(step));
        else
            node.on(member_of(step, "topic"), value_of(*only), callback(step));
    }
    void off(coffer::listener_node& node, const boost::json::object& step) {
        const auto known = callbacks_.find(text_of(step, "id"));
        const auto* only = step.if_contains("filter");
        if (known == callbacks_.end()) return;
        if (only == nullptr)
            node.off(member_of(step, "topic"), known->second);
        else
            node.off(member_of(step, "topic"), value_of(*only), known->second);
    }

    std::map<std::string, coffer::listener_node> nodes_{};
    std::map<std::string, coffer::listener_callback> callbacks_{};
    boost::json::array order_{};
};

} // namespace coffer_test

#endif
