// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SECURITY_OPEN_DOCUMENT_HPP
#define COFFER_TESTS_SECURITY_OPEN_DOCUMENT_HPP

#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coffer_test {

/// A store's document that somebody alters in place, as no program of its owner does: kept open, so
/// that thousands of alterations take no time. Each is seen by who looks at the file's times, however
/// coarse the clock of the system is.
class open_document {
public:
    open_document(const open_document&) = delete;
    auto operator=(const open_document&) -> open_document& = delete;

    void write(std::string_view text) {
        REQUIRE(::ftruncate(file_, 0) == 0);
        REQUIRE(::pwrite(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
        dates();
    }
    void write(std::size_t at, char byte) {
        REQUIRE(::pwrite(file_, &byte, 1, static_cast<off_t>(at)) == 1);
        dates();
    }
    void cut(std::size_t size) {
        REQUIRE(::ftruncate(file_, static_cast<off_t>(size)) == 0);
        dates();
    }
    void remove() { REQUIRE(std::filesystem::remove(path_)); }

protected:
    open_document() = default;
    ~open_document() {
        if (file_ >= 0) ::close(file_);
    }
    /// Once; makes it where it is not there.
    void open(std::filesystem::path path) {
        path_ = std::move(path);
        file_ = ::open(path_.c_str(), O_RDWR | O_CREAT, 0600);
        REQUIRE(file_ >= 0);
    }

private:
    void dates() {
        const std::array<::timespec, 2> times{{{0, UTIME_OMIT}, {1, ++altered_}}};
        REQUIRE(::futimens(file_, times.data()) == 0);
    }

    std::filesystem::path path_{};
    int file_ = -1;
    long altered_ = 0; ///< So often.
};

/// Checks that a document is refused whole at every length but its own; `d` has its text as `json`
/// and tells in see() what a stranger is answered.
template <class Document>
void check_cuts(Document& d) {
    d.cut(d.json.size() - 1);
    CHECK(d.see().all_true()); // it has lost its last line end
    for (auto size = d.json.size() - 1; size-- > 0;) {
        d.cut(size);
        CAPTURE(size);
        REQUIRE(d.see().all_refused());
    }
}

} // namespace coffer_test

#endif
