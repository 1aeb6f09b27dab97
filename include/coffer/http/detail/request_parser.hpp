// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_REQUEST_PARSER_HPP
#define COFFER_HTTP_DETAIL_REQUEST_PARSER_HPP

#include <coffer/http/limits.hpp>
#include <coffer/http/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/optional/optional.hpp>

namespace coffer::inline COFFER_ABI::http::detail {

/// Beast's parser, filling a `request` as it goes: lengths, chunks, the end of the body. With
/// `keep_body` false the body is read to its end, and nothing of it is held.
class request_parser final : public boost::beast::http::basic_parser<true> {
    using error_code = boost::beast::error_code;
    using view = boost::beast::string_view;

public:
    request_parser(request& into, const limits& l, bool keep_body)
        : into_(&into), keep_body_(keep_body) {
        header_limit(static_cast<std::uint32_t>(l.head));
        body_limit(l.body);
        eager(true);
    }
    /// Nothing of the body is held from here on.
    void let_go() noexcept { keep_body_ = false; }

private:
    static auto text(view v) noexcept -> std::string_view { return {v.data(), v.size()}; }

    void on_request_impl(boost::beast::http::verb /*known*/, view method, view target,
                         int /*version*/, error_code& /*ec*/) override {
        into_->method.assign(method.data(), method.size());
        into_->target.assign(target.data(), target.size());
    }
    void on_field_impl(boost::beast::http::field /*known*/, view name, view value,
                       error_code& /*ec*/) override {
        if (head_done_) return; // a trailer must not become a header
        into_->headers.push_back({std::string(text(name)), std::string(text(value))});
        auto& h = into_->headers.back();
        std::transform(h.name.begin(), h.name.end(), h.name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    }
    void on_header_impl(error_code& /*ec*/) override { head_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length,
                           error_code& /*ec*/) override {
        // What is announced need not come: memory follows what has come.
        constexpr std::uint64_t at_first = std::uint64_t{8} << 10;
        if (length && keep_body_)
            into_->body.reserve(static_cast<std::size_t>(std::min(*length, at_first)));
    }
    auto on_body_impl(view piece, error_code& /*ec*/) -> std::size_t override {
        if (keep_body_) into_->body.append(piece.data(), piece.size());
        return piece.size();
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, view /*extensions*/,
                              error_code& /*ec*/) override {}
    auto on_chunk_body_impl(std::uint64_t /*remain*/, view piece, error_code& ec)
        -> std::size_t override {
        return on_body_impl(piece, ec);
    }
    void on_finish_impl(error_code& /*ec*/) override {}
    void on_response_impl(int /*status*/, view /*reason*/, int /*version*/,
                          error_code& /*ec*/) override {}

    request* into_;
    bool keep_body_;
    bool head_done_ = false;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
