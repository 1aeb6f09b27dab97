// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_EVENT_LINES_HPP
#define COFFER_HTTP_DETAIL_EVENT_LINES_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http::detail {

/// Takes a stream of server-sent events apart (HTML Living Standard, 9.2.6; line ends are \n, as
/// the server writes them). Events beyond a megabyte end it.
class event_lines {
public:
    /// Hands on each event that is whole: `take(id, data)`. False: `take` said so, or too much.
    template <class Take>
    auto feed(std::string_view piece, const Take& take) -> bool {
        for (const char c : piece) {
            if (c != '\n') {
                line_.push_back(c);
                if (line_.size() + data_.size() > largest) return false;
                continue;
            }
            if (!line_.empty()) {
                read_line();
                continue;
            }
            const bool whole = !data_.empty();
            if (whole && !take(std::string_view(id_), std::string_view(data_))) return false;
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
        if (field == "id") id_ = value;
        if (field == "data") data_.append(data_.empty() ? "" : "\n").append(value);
        line_.clear();
    }

    std::string line_{};
    std::string id_{};
    std::string data_{};
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
