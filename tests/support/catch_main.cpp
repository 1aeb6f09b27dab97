// SPDX-License-Identifier: BSL-1.0
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>

int main(int argc, char** argv) {
    return Catch::Session().run(argc, argv);
}
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#if defined(__SANITIZE_THREAD__)
/// Asio wakes a thread after it has let go of the mutex, so the sanitizer does not see that a
/// wake-up came before the destruction of a context: of a static one, or of Asio's own, at exit.
extern "C" auto __tsan_default_suppressions() -> const char* {
    return "race:boost::asio::detail::posix_event::~posix_event\n";
}
#endif
