// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_EVENT_LINES_HPP
#define COFFER_HTTP_DETAIL_EVENT_LINES_HPP

#include <coffer/http/sent_event.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::http::detail {

/// Takes a stream of server-sent events apart (HTML Living Standard, 9.2.6). Events beyond a
/// megabyte end it. An id is fit for a header: one that is not is left out, and the last stays.
class event_lines {
public:
    /// Hands on each event that is whole: `take(sent_event)`; without data where there is but an id,
    /// with which to come back. False: `take` said so, or too much.
    template <class Take>
    auto feed(std::string_view piece, const Take& take) -> bool {
        for (const char c : piece) {
            if (std::exchange(ended_by_return_, c == '\r') && c == '\n') continue;
            if (c != '\n' && c != '\r') {
                line_.push_back(c);
                if (line_.size() + data_.size() > largest) return false;
                continue;
            }
            if (!line_.empty()) {
                read_line();
                continue;
            }
            const bool told = std::exchange(new_id_, false) || !data_.empty();
            if (told && !take(sent_event{id_, type_, data_})) return false;
            type_.clear();
            data_.clear();
        }
        return true;
    }

private:
    static constexpr std::size_t largest = std::size_t{1} << 20;

    void read_line() {
        const std::string_view line(line_);
        const auto colon = line.find(':');
        auto value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        const auto field = line.substr(0, colon);
        if (field == "id" && fits_header(value)) {
            id_ = value;
            new_id_ = true;
        }
        if (field == "event") type_ = value;
        if (field == "data") data_.append(data_.empty() ? "" : "\n").append(value);
        line_.clear();
    }

    static auto fits_header(std::string_view id) noexcept -> bool {
        return id.size() <= 256 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
                   return c >= ' ' && c != 0x7F;
               });
    }

    std::string line_{};
    std::string id_{};
    std::string type_{};
    std::string data_{};
    bool new_id_ = false;
    bool ended_by_return_ = false;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
