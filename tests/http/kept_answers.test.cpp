// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/kept_answers.hpp>

#include "support/catch.hpp"
#include "support/memory_scan.hpp"
#include "support/sanitized.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/detail/pooled_cipher.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace coffer;

namespace {

auto cipher() -> std::shared_ptr<const ephemeral_cipher> {
    return detail::pooled_cipher<cryptopp::aes_256_gcm>::make({}).value();
}
const std::vector<http::grant> grants{{.as = http::role::service, .environment = "prod"}};

auto question() -> http::kept_answers::question {
    return {"token", "/v1/secrets?environmentId=prod", {.environment = "prod"}, grants, 7, 1000};
}
auto kept(http::kept_answers& in, const http::kept_answers::question& asked) -> std::string {
    const auto found = in.find(asked);
    return found ? std::string(found->body) : "(none)";
}

} // namespace

TEST_CASE("An answer is worth keeping the second time it is asked for in one state") {
    http::kept_answers answers(cipher());
    auto asked = question();
    CHECK_FALSE(answers.was_asked(asked));
    CHECK(answers.was_asked(asked));
    asked.state = 8;
    CHECK_FALSE(answers.was_asked(asked));
    CHECK(answers.was_asked(asked));
}

TEST_CASE("A kept answer comes back for the same question alone") {
    http::kept_answers answers(cipher());
    auto asked = question();
    CHECK(kept(answers, asked) == "(none)");
    answers.keep(asked, {"ten rows", 10}, 2000);
    CHECK(kept(answers, asked) == "ten rows");
    CHECK(answers.find(asked)->count == 10);

    SECTION("not for another token") {
        asked.token_id = "other";
    }
    SECTION("not for another request") {
        asked.target = "/v1/secrets?environmentId=test";
    }
    SECTION("not for another scope that the request means") {
        asked.where.environment = "test";
    }
    SECTION("not for a space that the request means") {
        asked.where.space = "s";
    }
    SECTION("not for an actor that the request means") {
        asked.where.actor = "a";
    }
    SECTION("not after a change") {
        asked.state = 8;
    }
    SECTION("not for a state before") {
        asked.state = 6;
    }
    SECTION("not when a value has expired") {
        asked.now = 2000;
    }
    SECTION("not when the clock went back to when one had not yet") {
        asked.now = 999;
    }
    const std::vector<http::grant> narrower{
        {.as = http::role::service, .environment = "prod", .names = {"A"}}};
    SECTION("not when the token may do less") {
        asked.grants = narrower;
    }
    SECTION("not when it may do nothing") {
        asked.grants = {};
    }
    CHECK(kept(answers, asked) == "(none)");
    CHECK(kept(answers, question()) == "ten rows");
}

TEST_CASE("Questions that share a place do not get each other's answers") {
    http::kept_answers answers(cipher());
    auto asked = question();
    answers.keep(asked, {"rows", 1}, 0);
    std::size_t found = 0;
    for (int i = 0; i < 10'000; ++i) { // ten times as many as there are places
        const auto other = "other" + std::to_string(i);
        asked = question();
        asked.token_id = other;
        found += answers.find(asked) ? 1 : 0;
        asked = question();
        asked.target = other;
        found += answers.find(asked) ? 1 : 0;
    }
    CHECK(found == 0);
    CHECK(kept(answers, question()) == "rows");
}

TEST_CASE("An answer none of whose values expires is kept on") {
    http::kept_answers answers(cipher());
    auto asked = question();
    answers.keep(asked, {"rows", 1}, 0);
    asked.now = std::uint64_t{1} << 50;
    CHECK(kept(answers, asked) == "rows");
}

TEST_CASE("The newest answers are kept within bounds, and none that is too large") {
    http::kept_answers answers(cipher());
    const http::wiped_text large(std::size_t{250} << 10, 'x');
    std::vector<std::string> targets;
    for (int i = 0; i < 200; ++i)
        targets.push_back("/v1/secrets?environmentId=e" + std::to_string(i));
    auto asked = question();
    for (const auto& target : targets) {
        asked.target = target;
        answers.keep(asked, {large, 1}, 0);
        CHECK(answers.find(asked).has_value());
    }
    std::size_t held = 0;
    for (const auto& target : targets) {
        asked.target = target;
        held += answers.find(asked) ? 1 : 0;
    }
    CHECK(held > 30);
    CHECK(held * large.size() <= std::size_t{16} << 20);

    asked.target = "/v1/secrets?environmentId=huge";
    answers.keep(asked, {http::wiped_text((std::size_t{256} << 10) + 1, 'x'), 1}, 0);
    CHECK_FALSE(answers.find(asked));
}

TEST_CASE("Several threads may ask and keep at once, and each gets its own") {
    http::kept_answers answers(cipher());
    std::atomic<int> wrong{0};
    std::vector<std::thread> all;
    for (int t = 0; t < 4; ++t)
        all.emplace_back([&, t] {
            const auto mine = "token " + std::to_string(t);
            for (int i = 0; i < 500; ++i) {
                const auto target = "/v1/secrets?" + std::to_string(i % 20);
                auto asked = question();
                asked.token_id = mine;
                asked.target = target;
                const auto body = mine + target;
                if (const auto found = answers.find(asked))
                    wrong += std::string_view(found->body) == body ? 0 : 1;
                else if (answers.was_asked(asked))
                    answers.keep(asked, {http::wiped_text(body), 1}, 0);
            }
        });
    for (auto& t : all)
        t.join();
    CHECK(wrong == 0);
}

TEST_CASE("Without a cipher nothing is kept") {
    http::kept_answers answers(nullptr);
    answers.keep(question(), {"rows", 1}, 0);
    CHECK_FALSE(answers.find(question()));
    CHECK_FALSE(answers.was_asked(question()));
    CHECK_FALSE(answers.was_asked(question()));
}

TEST_CASE("Nothing of a kept answer lies open in memory") {
    if (coffer_test::is_sanitized || ::access("/proc/self/mem", R_OK) != 0) {
        WARN("skipped: this process's memory can't be searched");
        return;
    }
    http::kept_answers answers(cipher());
    const coffer_test::canary value(96);
    {
        const auto plain = value.plain();
        answers.keep(question(), {http::wiped_text(as_text(plain)), 1}, 0);
        const auto found = answers.find(question());
        REQUIRE(found);
        CHECK(std::string_view(found->body) == as_text(plain));
        CHECK(coffer_test::copies_in_memory(value) > 0); // it would be seen
    }
    CHECK(coffer_test::copies_in_memory(value) == 0);
}
