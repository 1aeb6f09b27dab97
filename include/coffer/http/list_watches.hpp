// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_LIST_WATCHES_HPP
#define COFFER_HTTP_LIST_WATCHES_HPP

#include <coffer/any_vault.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/http/json.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/waiting_room.hpp>
#include <coffer/names.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// A short text for the rows of a list that somebody was shown: another one if anything in them is
/// another. It tells nothing to who has not seen the rows, and to who has nothing else.
inline auto revision_of(const any_vault& vault, std::string_view rows) -> std::string {
    const auto hash = vault->sha256(as_bytes(rows));
    return format::to_hex(byte_view(hash).first(8));
}

/// What a list's revision is now; nothing where that can't be told. May be called by another thread
/// until the waiting room is stopped.
using revision_source = std::function<std::optional<std::string>()>;

/// Who waits until a list has another revision than that.
struct list_waiter {
    revision_source now{};
    std::string known{};
    std::string looked_at{}; ///< The generations at which `now` was asked last.
    stream::sink send{};
    std::chrono::milliseconds until{};
};

/// Answers to those who wait until a list changes that is made of several environments, Coffer's
/// own among them. The lists are looked at when any generation has changed.
class list_watches final : public waiting_room<list_waiter> {
public:
    explicit list_watches(any_vault vault, watch_times times = {})
        : waiting_room(times), vault_(std::move(vault)) {}
    ~list_watches() override { stop(); }

    /// The rest of an answer to who knows the revision `known` of a list: the JSON text once it has
    /// another one, or after `longest`.
    auto wait(revision_source now, std::string known) -> std::shared_ptr<stream> {
        auto one = std::make_shared<list_waiter>();
        one->now = std::move(now);
        one->known = std::move(known);
        return let_wait(std::move(one));
    }

    /// `{"data":{"revision":…}}`
    static auto text_of(std::string_view revision) -> wiped_text {
        wiped_text out;
        json_writer w(out);
        w.begin_object().key("data").begin_object().member("revision", revision);
        w.end_object().end_object();
        return out;
    }

private:
    void answer_unknown(const list_waiter& one) override {
        answer(one, std::string(text_of(one.known)));
    }
    void look(std::unique_lock<std::mutex>& lock,
              std::vector<std::shared_ptr<list_waiter>>& waiting) override {
        const auto all = waiting;
        lock.unlock();
        std::vector<std::string> revisions(all.size());
        const auto generations = generations_now();
        for (std::size_t i = 0; i < all.size(); ++i)
            revisions[i] = revision_at(*all[i], generations);
        lock.lock();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool changed = revisions[i] != all[i]->known;
            if ((!changed && !is_over(*all[i])) || std::erase(waiting, all[i]) == 0) continue;
            answer(*all[i], std::string(text_of(revisions[i])));
        }
    }
    static auto revision_at(list_waiter& one, const std::string& generations) -> std::string {
        if (generations.empty() || generations == one.looked_at) return one.known;
        auto now = one.now();
        if (!now) return one.known; // it is asked again
        one.looked_at = generations;
        return *std::move(now);
    }
    /// The generations of all environments as a text; empty while it is not known which there are.
    auto generations_now() -> std::string {
        std::string out;
        auto all = vault_->environments();
        if (!all) return out;
        all->emplace_back(system_environment);
        for (const auto& id : *all) {
            const auto now = vault_->status(id);
            out.append(id).append(now ? std::to_string(now->generation) : "-").append(" ");
        }
        return out;
    }

    const any_vault vault_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
