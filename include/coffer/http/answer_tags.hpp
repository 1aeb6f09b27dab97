// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ANSWER_TAGS_HPP
#define COFFER_HTTP_ANSWER_TAGS_HPP

#include <coffer/any_vault.hpp>
#include <coffer/bytes.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/http/access_json.hpp>
#include <coffer/http/json.hpp>
#include <coffer/scope.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// Tags of answers: whoever has an answer, and asks for the same again with its tag, is told where
/// it would be the same, in place of being given it anew. A tag is a text that means nothing to
/// anybody: an HMAC (RFC 2104), under a key of the process' own, of the question, of the token and
/// its grants, and of the state that the answer was made from, damage and keys included. So another
/// token, other grants, a record that was lost or is back, and another process make another tag.
/// What expires in between it does not tell. Thread-safe.
class answer_tags {
public:
    explicit answer_tags(any_vault vault) : vault_(std::move(vault)) {
        works_ = vault_->random(key_.span()).has_value();
    }

    /// Of what a caller is answered who asks for this in a scope. `generation` is the environment's,
    /// `state` the view's number. Empty, which is no tag of anything: there was no randomness.
    auto tag_of(const principal& who, const scope& where, std::string_view asked,
                std::uint64_t generation, std::uint64_t state) const -> std::string {
        if (!works_) return {};
        std::string all;
        const auto add = [&](std::string_view part) {
            all.append(std::to_string(part.size())).append(":").append(part);
        };
        add(who.token_id);
        add(where.environment);
        add(where.space);
        add(where.actor);
        add(asked);
        add(std::to_string(generation));
        add(std::to_string(state));
        wiped_text grants;
        json_writer w(grants);
        write_grants(w, who.grants.view());
        add(grants);
        const auto whole = vault_->hmac_sha256(key_.view(), as_bytes(std::string_view(all)));
        return format::to_hex(byte_view(whole).first(16));
    }

private:
    any_vault vault_;
    key_bytes key_{};
    bool works_ = false;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
