// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_REQUEST_READER_HPP
#define COFFER_HTTP_DETAIL_REQUEST_READER_HPP

#include <coffer/http/detail/inbox.hpp>
#include <coffer/http/detail/repeated_head.hpp>
#include <coffer/http/detail/request_parser.hpp>
#include <coffer/http/detail/service.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/metrics.hpp>
#include <coffer/http/strict_head.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace coffer::inline COFFER_ABI::http::detail {

/// Takes the bytes that a connection brings for one request after the other: the strict check of
/// the head, then the parser. It does no I/O: who owns it reads into room() and does what next()
/// says. What it read of a request is wiped by forget(). Not thread-safe.
class request_reader {
public:
    /// What has to be done next.
    enum class step : unsigned char {
        read,         ///< More has to come in.
        say_continue, ///< The same, once the client was told that it may send its body.
        ask_sender, ///< Is its sender known, for whom a long body is held? Then go_on() or give_up().
        answer,     ///< It is whole.
        refuse,     ///< It is none, or of no interest: why().
    };
    struct refusal {
        unsigned status = 400;
        std::string_view message{};
    };

    request_reader(service& of, std::string peer, bool secure)
        : service_(&of), held_(of.bodies, of.limits.bodies) {
        request_.peer = std::move(peer);
        request_.secure = secure;
    }
    ~request_reader() {
        forget();
        forget_head();
    }
    request_reader(const request_reader&) = delete;
    auto operator=(const request_reader&) -> request_reader& = delete;

    /// Where the next bytes go; took() says how many came.
    auto room() -> std::span<std::byte> { return inbox_.room(has_head_ ? body_piece : head_piece); }
    void took(std::size_t count) noexcept { inbox_.take(count); }
    /// Bytes that are of no interest.
    void drop() noexcept { inbox_.drop(inbox_.size()); }
    /// Nothing has come that was not used.
    auto is_empty() const noexcept -> bool { return inbox_.empty(); }
    /// Lets go of memory that a large body needed.
    void shrink() { inbox_.shrink(); }

    /// Goes on with the request as far as it has come.
    auto next() -> step {
        if (!has_head_) {
            if (take_repeated()) return step::answer;
            if (const auto what = take_head(); what != step::answer) return what;
        }
        return take_body();
    }
    /// After ask_sender: the sender is known.
    auto go_on() -> step {
        known_ = true;
        return take_body();
    }
    /// After ask_sender: nobody holds a body for a stranger. The request is answered without it:
    /// once it has come, or as soon as it is longer than limits::dropped_body, and then the
    /// connection is not kept.
    auto give_up() -> step {
        drop_body();
        parser_->let_go();
        known_ = gave_up_ = true; // as well as it will be
        if (const auto length = parser_->content_length();
            length && *length > limits().dropped_body)
            return answer_and_close();
        return take_body();
    }
    /// After ask_sender: that could not be found out.
    auto fail() -> step {
        drop_body();
        return refuse(500, "internal error");
    }
    /// Forgets the request and its token; what the next may repeat of its head stays.
    void forget() noexcept {
        if (token_at_ < request_.headers.size()) {
            auto& token = request_.headers[token_at_].value;
            wipe(token.data(), token.size());
        } else {
            forget_head();
        }
        drop_body();
        parser_.reset();
        scanned_ = 0;
        refused_.reset();
        has_head_ = http_1_0_ = head_only_ = expects_continue_ = known_ = gave_up_ = false;
        dropped_ = 0;
        keeps_ = true;
    }

    /// The request, as far as it was read.
    auto current() const noexcept -> const request& { return request_; }
    auto why() const noexcept -> refusal { return refused_.value_or(refusal()); }
    /// The head is whole and good: its body comes in.
    auto has_head() const noexcept -> bool { return has_head_; }
    /// Its end is known, and the connection good for another.
    auto keeps() const noexcept -> bool { return keeps_; }
    auto is_http_1_0() const noexcept -> bool { return http_1_0_; }
    /// It was a HEAD, and is handled as a GET.
    auto wants_head_only() const noexcept -> bool { return head_only_; }
    auto route() const noexcept -> route_class { return route_; }

private:
    static constexpr std::size_t head_piece = std::size_t{2} << 10;
    static constexpr std::size_t body_piece = std::size_t{16} << 10;
    static constexpr std::size_t no_header = static_cast<std::size_t>(-1);

    auto limits() const noexcept -> const http::limits& { return service_->limits; }
    /// For what ends the connection.
    auto refuse(unsigned status, std::string_view message) -> step {
        refused_ = {status, message};
        keeps_ = false;
        return step::refuse;
    }
    auto refuse(head_fault fault) -> step { return refuse(status_of(fault), message_of(fault)); }

    /// True: the head repeats the one before, so the request is that one, with this one's token.
    auto take_repeated() -> bool {
        if (scanned_ != 0) return false;
        const auto token = repeated_.token_in(inbox_.text());
        if (!token) return false;
        request_.headers[token_at_].value.assign(*token);
        inbox_.drop(repeated_.size());
        return true;
    }
    /// `answer`: the head is whole and good, and its body can be read.
    auto take_head() -> step {
        if (scanned_ == 0) { // RFC 9112 section 2.2: an empty line before a request
            if (inbox_.text() == "\r") return step::read;
            if (inbox_.text().starts_with("\r\n")) inbox_.drop(2);
        }
        const auto text = inbox_.text();
        const auto progress = find_head_end(text, scanned_, limits().head);
        head_only_ = text.starts_with("HEAD ");
        if (progress.fault != head_fault::none) return refuse(progress.fault);
        if (progress.size == 0) return step::read;
        const auto head = text.substr(0, progress.size);
        const auto facts = check_head(head);
        if (facts.fault == head_fault::target)
            refused_ = {status_of(facts.fault), message_of(facts.fault)};
        else if (facts.fault != head_fault::none)
            return refuse(facts.fault);
        else if (!service_->hosts.holds(facts.host))
            refused_ = {421, "this server does not answer for that host (coffer serve "
                             "--allow-host)"};
        if (refused_ && facts.expects_continue) // who waits may send the body or not
            return refuse(refused_->status, refused_->message);
        http_1_0_ = facts.http_1_0;
        expects_continue_ = facts.expects_continue && !facts.http_1_0;
        route_ = route_class_of(facts.target);
        forget_head();
        if (!refused_ && repeated_head::can_be(head, facts))
            repeated_.keep(head, facts.authorization);
        parser_.emplace(request_, limits(), !refused_);
        has_head_ = true;
        return step::answer;
    }
    auto answer_and_close() noexcept -> step {
        keeps_ = false;
        return step::answer;
    }
    auto take_body() -> step {
        // The last chunk is five bytes at least, and Beast asserts that it is shown so many again.
        constexpr std::size_t last_chunk = 5;
        if (!inbox_.empty() && inbox_.size() < last_chunk && parser_->is_header_done() &&
            parser_->chunked())
            return step::read;
        boost::system::error_code ec;
        const auto text = inbox_.text();
        const auto taken = parser_->put(boost::asio::buffer(text.data(), text.size()), ec);
        inbox_.drop(taken);
        namespace beast = boost::beast::http;
        if (ec == beast::error::body_limit) return refuse(413, "the body is too large");
        if (ec && ec != beast::error::need_more) return refuse(400, "malformed request");
        if (!request_.body.empty() && !held_.grow_to(request_.body.capacity()))
            return refuse(503, "too many large requests at once");
        if (parser_->is_done()) return finish();
        if (gave_up_ && (dropped_ += taken) > limits().dropped_body) return answer_and_close();
        if (inbox_.size() >= limits().head) return refuse(400, "malformed chunk");
        if (!refused_ && !known_ && request_.body.size() > limits().unknown_body)
            return step::ask_sender;
        if (!expects_continue_ || !inbox_.empty()) return step::read;
        expects_continue_ = false;
        return step::say_continue;
    }
    auto finish() -> step {
        keeps_ = parser_->keep_alive();
        if (refused_) return step::refuse;
        if (repeated_.holds()) {
            const auto at = std::ranges::find(request_.headers, "authorization", &header::name);
            token_at_ = static_cast<std::size_t>(at - request_.headers.begin());
        }
        if (head_only_) request_.method = "GET";
        return step::answer;
    }
    void drop_body() noexcept {
        wiped_text().swap(request_.body);
        held_.give_back();
    }
    void forget_head() noexcept {
        for (auto& h : request_.headers)
            wipe(h.value.data(), h.value.size());
        request_.headers.clear();
        token_at_ = no_header;
        repeated_.forget();
    }

    service* service_;
    inbox inbox_{};
    std::size_t scanned_ = 0; ///< How much of the inbox was searched for the end of a head.
    std::optional<request_parser> parser_{};
    std::optional<refusal> refused_{}; ///< Set at the head: it is refused once all of it is there.
    request request_{};
    held_bytes held_;
    repeated_head repeated_{};         ///< What `request_` was made of, if the next may repeat it.
    std::size_t token_at_ = no_header; ///< In the headers of a request that the next may repeat.
    route_class route_ = route_class::other;
    bool has_head_ = false;
    bool http_1_0_ = false;
    bool head_only_ = false;
    bool expects_continue_ = false;
    bool known_ = false;      ///< Whether its sender is known was asked.
    bool gave_up_ = false;    ///< It is a stranger's.
    std::size_t dropped_ = 0; ///< Of a stranger's body, chunks' heads included.
    bool keeps_ = true;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
