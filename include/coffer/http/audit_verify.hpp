// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_AUDIT_VERIFY_HPP
#define COFFER_HTTP_AUDIT_VERIFY_HPP

#include <coffer/http/detail/audit_files.hpp>
#include <coffer/http/detail/audit_line.hpp>
#include <coffer/http/json_answer.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// The last line of an audit log as it was once: what a cut tail is known by. Kept where those who
/// may write the log may not write.
struct audit_head {
    std::uint64_t seq = 0; ///< 0: the log was empty.
    std::string mac = std::string(64, '0');
    std::uint64_t at = 0; ///< When this was written down; milliseconds since 1970.
};

/// The action of what a log says of itself when it goes on: why that is told. Where it once went on
/// to a head that it ends before, the line's `details` have that (details_of).
inline constexpr std::string_view audit_resumed = "audit.resumed";

/// The file that the log keeps its head in.
inline constexpr std::string_view audit_head_name = "audit-head.json";

inline auto to_json(const audit_head& head) -> std::string {
    wiped_text out;
    json_writer w(out);
    w.begin_object().member("seq", head.seq).member("mac", head.mac);
    w.member("time", iso_time(head.at)).end_object();
    return std::string(out) + "\n";
}
inline auto details_of(const audit_head& lost) -> std::string {
    wiped_text out;
    json_writer w(out);
    w.begin_object().key("head").begin_object().member("seq", lost.seq).member("mac", lost.mac);
    w.member("time", iso_time(lost.at)).end_object().end_object();
    return std::string(out);
}
/// Nothing if the text is no head.
inline auto audit_head_of(std::string_view json) -> std::optional<audit_head> {
    const auto read = json_document::read(json);
    if (!read) return std::nullopt;
    const auto& o = read->object();
    audit_head out{number_in(o, "seq"), std::string(text_in(o, "mac")), time_in(o, "time")};
    if (out.mac.size() != 64) return std::nullopt;
    return out;
}

/// What does not fit, and where. `why` is one of
/// - `edited`: its mac is not its text's;
/// - `reordered`: it stands before one that it was written after;
/// - `missing`: what was written before it is not there;
/// - `torn`: it has no end, and gets none;
/// - `cut`: the log ends before the head that it once had, or did, and was gone on with there;
/// - `foreign`: the head is of another log than this.
struct audit_fault {
    std::string_view why{};
    std::filesystem::path file{};
    std::uint64_t line = 0; ///< From 1.
    std::uint64_t seq = 0;  ///< What should stand there.
};

struct audit_verdict {
    std::uint64_t records = 0; ///< Lines that fit.
    std::uint64_t begins = 0;  ///< The first line that was there; 0: none.
    std::uint64_t last = 0;    ///< The last of those that fit.
    std::uint64_t up_to = 0;   ///< Its time, milliseconds since 1970.
    std::optional<audit_fault> fault{};

    auto intact() const noexcept -> bool { return !fault.has_value(); }
};

struct audit_expectation {
    std::uint64_t first = 1; ///< Older lines were put away, or don't matter: the chain begins here.
    std::optional<audit_head> head{};
    bool stop_at_head = false; ///< What is behind it is still being written.
};

/// Reads an audit log from files that are not trusted, in memory that does not grow with them.
/// Needs no server and no folder: only the key. The log may be written meanwhile.
class audit_verifier {
public:
    /// `pause`: how long a write takes that is under way, after which half of a line is read again.
    audit_verifier(
        const audit_key& key, audit_expectation expected,
        std::function<void()> pause = [] { std::this_thread::sleep_for(usual_pause); })
        : key_(&key), expected_(std::move(expected)), pause_(std::move(pause)) {
        last_.seq = expected_.first - 1;
    }

    /// Files in any order; they are sorted by what their names say. Errors: unavailable, denied,
    /// not_found; invalid_argument (the log does not go as far as `first`, and nothing says that it
    /// should).
    auto run(std::vector<detail::audit_segment> files) -> result<audit_verdict> {
        detail::in_order(files);
        for (std::size_t i = 0; i < files.size() && !done_; ++i) {
            auto opened = detail::audit_file::open(files[i].path, O_RDONLY);
            if (!opened) return opened.error();
            check(*opened, files[i], i + 1 == files.size());
        }
        if (out_.fault && out_.fault->why == "missing") look_behind(files);
        const auto& head = expected_.head;
        const bool never_begun = out_.records == 0 && expected_.first > 1;
        const auto end = never_begun ? skipped_ : last_.seq;
        if (!out_.fault && head && head->seq > end)
            out_.fault = {"cut", files.empty() ? std::filesystem::path() : files.back().path,
                          line_ + 1, end + 1};
        if (!out_.fault && never_begun) return errc::invalid_argument;
        return out_;
    }

private:
    static constexpr std::chrono::milliseconds usual_pause{50};
    static constexpr int most_looks = 10;

    void check(const detail::audit_file& file, const detail::audit_segment& of, bool is_newest) {
        detail::audit_lines lines(file);
        line_ = 0;
        if (is_behind_head()) done_ = true;
        while (!done_ && next_of(lines, file, is_newest)) {
            ++line_;
            const auto why = fault_of(lines);
            if (!why.empty()) {
                out_.fault = audit_fault{why, of.path, line_, last_.seq + 1};
                done_ = true;
                return;
            }
            if (is_behind_head()) done_ = true;
        }
    }
    /// Goes to the next line. What has no end at the end of the newest file may be half of a write:
    /// another look finds all of it, or nothing where the writer took it back.
    auto next_of(detail::audit_lines& lines, const detail::audit_file& file, bool is_newest) const
        -> bool {
        bool found = lines.next();
        for (int looks = 0; found && is_newest && is_half(lines) && looks < most_looks; ++looks) {
            pause_();
            lines = detail::audit_lines(file, lines.begin());
            found = lines.next();
        }
        return found;
    }
    static auto is_half(const detail::audit_lines& lines) -> bool {
        return !lines.is_whole() && lines.text().size() <= detail::longest_audit_line;
    }
    auto is_behind_head() const -> bool {
        return expected_.stop_at_head && expected_.head && last_.seq >= expected_.head->seq;
    }
    auto fault_of(const detail::audit_lines& lines) -> std::string_view {
        if (!lines.is_whole()) return is_half(lines) ? "torn" : "edited";
        auto got = detail::open_line(*key_, lines.text());
        if (!got) return "edited";
        const auto& head = expected_.head;
        const bool foreign = head && head->seq == got->at.seq && head->mac != got->at.mac;
        if (out_.records == 0 && got->at.seq < expected_.first) {
            skipped_ = got->at.seq;
            return foreign ? "foreign" : "";
        }
        if (out_.begins == 0) out_.begins = got->at.seq;
        if (got->at.seq <= last_.seq) return "reordered";
        if (got->at.seq > last_.seq + 1) return "missing";
        const bool first_known = last_.seq == 0 || last_.seq >= expected_.first;
        if (first_known && got->prev != last_.mac) return "edited";
        if (foreign) return "foreign";
        if (tells_of_cut(lines.text())) return "cut";
        last_ = std::move(got->at);
        ++out_.records;
        out_.last = last_.seq;
        out_.up_to = time_of_line(lines.text());
        return {};
    }
    static auto time_of_line(std::string_view line) -> std::uint64_t {
        constexpr std::string_view mark = R"("time":")";
        const auto at = line.find(mark);
        return time_of_iso(line.substr(at + mark.size(), 24)).value_or(0);
    }
    /// Whether it was written in the place of lines that were lost.
    static auto tells_of_cut(std::string_view line) -> bool {
        if (line.find(audit_resumed) == line.npos) return false;
        const auto read = json_document::read(line);
        if (!read || text_in(read->object(), "action") != audit_resumed) return false;
        const auto* details = read->object().if_contains("details");
        return details != nullptr && details->is_object() && details->get_object().contains("head");
    }
    /// Whether the line that is missing stands somewhere behind.
    void look_behind(const std::vector<detail::audit_segment>& files) {
        for (const auto& of : files) {
            auto opened = detail::audit_file::open(of.path, O_RDONLY);
            if (!opened) continue;
            for (detail::audit_lines lines(*opened); lines.next();) {
                const auto got = detail::open_line(*key_, lines.text());
                if (!got || got->at.seq != out_.fault->seq) continue;
                out_.fault->why = "reordered";
                return;
            }
        }
    }

    const audit_key* key_;
    audit_expectation expected_;
    std::function<void()> pause_;
    audit_verdict out_{};
    detail::audit_link last_{};
    std::uint64_t skipped_ = 0; // the last line before the one where the chain begins
    std::uint64_t line_ = 0;
    bool done_ = false;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
