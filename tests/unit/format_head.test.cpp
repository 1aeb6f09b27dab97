// SPDX-License-Identifier: BSL-1.0
#include <coffer/format/head.hpp>

#include "support/catch.hpp"

using namespace coffer;
using format::compare_mark;
using format::decode_head;
using format::head;
using format::mark_verdict;

namespace {

auto filled(std::byte with) -> digest {
    digest d{};
    d.fill(with);
    return d;
}
/// A head at a generation of a history in which the MAC of generation g is g in all bytes.
auto mac_of(std::uint64_t generation) -> digest {
    return filled(static_cast<std::byte>(generation));
}
auto at(std::uint64_t generation, std::uint32_t dek = 1) -> head {
    head h;
    h.realm = "realm";
    h.environment = "env";
    h.generation = generation;
    h.written_at = 1'700'000'000'000;
    for (std::uint32_t n = dek > 1 ? dek - 1 : dek; n <= dek; ++n)
        h.deks.push_back({n, 1, filled(std::byte{7}), 5, "kek", bytes(113, std::byte{9})});
    h.root = filled(std::byte{3});
    for (std::uint64_t i = 0; i + 1 < generation && i < h.ancestors.size(); ++i)
        h.ancestors[i] = format::ancestor_of(mac_of(generation - 1 - i));
    h.mac = mac_of(generation);
    return h;
}
auto encoded(const head& h) -> bytes {
    auto data = format::encode_head_unsigned(h);
    data.insert(data.end(), h.mac.begin(), h.mac.end());
    return data;
}
auto verdict_of(const head& h) -> std::string {
    const auto decoded = decode_head(encoded(h));
    return std::string(decoded ? "ok" : to_string(decoded.error().code));
}

} // namespace

TEST_CASE("a head that was read is written as the same bytes", "[format]") {
    auto h = at(70, 3);
    h.deks[0].cipher = 2;
    const auto data = encoded(h);
    const auto again = decode_head(data).value();
    CHECK(encoded(again) == data);
    CHECK(again.realm == h.realm);
    CHECK(again.environment == h.environment);
    CHECK(again.generation == 70);
    CHECK(again.written_at == h.written_at);
    CHECK(again.deks == h.deks);
    CHECK(again.root == h.root);
    CHECK(again.ancestors == h.ancestors);
    CHECK(again.mac == h.mac);
    CHECK(again.active().number == 3);
    CHECK(again.find_dek(2) == &again.deks[0]);
    CHECK(again.find_dek(1) == nullptr);
    CHECK_FALSE(again.closed());
}

TEST_CASE("a head of any other length is tampered", "[format]") {
    const auto data = encoded(at(2));
    for (std::size_t n = 0; n < data.size(); ++n)
        CHECK(decode_head(byte_view(data).first(n)).error() == errc::tampered);
    auto longer = data;
    longer.push_back(std::byte{0});
    CHECK(decode_head(longer).error() == errc::tampered);
}

TEST_CASE("limits of a head are those of the format", "[format]") {
    const auto with = [](auto&& change) {
        auto h = at(2);
        change(h);
        return verdict_of(h);
    };
    CHECK(with([](head& h) { h.realm.clear(); }) == "ok");
    CHECK(with([](head& h) { h.realm.assign(64, 'r'); }) == "ok");
    CHECK(with([](head& h) { h.realm.assign(65, 'r'); }) == "tampered");
    CHECK(with([](head& h) { h.environment.clear(); }) == "tampered");
    CHECK(with([](head& h) { h.environment.assign(255, 'e'); }) == "ok");
    CHECK(with([](head& h) { h.environment.assign(256, 'e'); }) == "tampered");
    CHECK(with([](head& h) { h.environment = "\xC0\x80"; }) == "tampered");
    CHECK(with([](head& h) { h.generation = 0; }) == "tampered");
    CHECK(with([](head& h) { h.deks.clear(); }) == "tampered");
    const auto deks = [](head& h, std::uint32_t count) {
        for (std::uint32_t n = 2; n <= count; ++n) {
            h.deks.push_back(h.deks[0]);
            h.deks.back().number = n;
        }
    };
    CHECK(with([&](head& h) { deks(h, 16); }) == "ok");
    CHECK(with([&](head& h) { deks(h, 17); }) == "tampered");
    CHECK(with([](head& h) { h.deks[0].number = 0; }) == "tampered");
    CHECK(with([](head& h) { h.deks.push_back(h.deks[0]); }) == "tampered");
    CHECK(with([](head& h) { h.deks[0].kek_id.clear(); }) == "tampered");
    CHECK(with([](head& h) { h.deks[0].kek_id.assign(256, 'k'); }) == "tampered");
    CHECK(with([](head& h) { h.deks[0].wrapped.resize(16); }) == "ok");
    CHECK(with([](head& h) { h.deks[0].wrapped.resize(15); }) == "tampered");
    CHECK(with([](head& h) { h.deks[0].wrapped.resize(4096); }) == "ok");
    CHECK(with([](head& h) { h.deks[0].wrapped.resize(4097); }) == "tampered");
    CHECK(with([](head& h) { h.deks[0].cipher = 3; }) == "ok");
    CHECK(with([](head& h) { h.deks[0].cipher = 4; }) == "unsupported");
    CHECK(with([](head& h) { h.deks[0].cipher = 0; }) == "unsupported");
}

TEST_CASE("another format is unsupported, another magic tampered", "[format]") {
    auto data = encoded(at(2));
    data[3] = std::byte{2};
    CHECK(decode_head(data).error() == errc::unsupported);
    data[0] = std::byte{0};
    CHECK(decode_head(data).error() == errc::tampered);
}

TEST_CASE("the next head's ancestors are this one and then its own", "[format]") {
    const auto h = at(100);
    CHECK(format::next_ancestors(h) == at(101).ancestors);
}

TEST_CASE("what may follow a mark", "[format]") {
    const auto m = at(100, 2).mark_of();
    struct row {
        const char* what;
        head h;
        mark_verdict expected;
    };
    auto other_mac = at(100, 2);
    other_mac.mac = filled(std::byte{0xEE});
    auto forked = [](std::uint64_t generation) {
        auto h = at(generation, 2);
        h.ancestors[generation - 101] = format::ancestor(); // generation 100 was another one
        return h;
    };
    auto closed = at(101, 2);
    closed.root = {};
    auto restored = at((std::uint64_t{1} << 32), 65536);
    restored.ancestors = {};
    auto failover = at(99, 2); // acknowledged writes were lost, and others made on top
    failover.generation = 103;
    failover.ancestors[3] = format::ancestor_of(filled(std::byte{0xEE}));
    const row table[] = {
        {"itself", at(100, 2), mark_verdict::same},
        {"another head of the same generation", other_mac, mark_verdict::forked},
        {"the generation before", at(99, 2), mark_verdict::older},
        {"the first generation", at(1), mark_verdict::older},
        {"the next", at(101, 2), mark_verdict::newer},
        {"the next under a new DEK", at(101, 3), mark_verdict::newer},
        {"the last that lists it", at(164, 2), mark_verdict::newer},
        {"the first that can't", at(165, 2), mark_verdict::newer},
        {"the next of another history", forked(101), mark_verdict::forked},
        {"64 on in another history", forked(164), mark_verdict::forked},
        {"a failover with writes on top", failover, mark_verdict::forked},
        {"closed", closed, mark_verdict::newer},
        {"the same generation under an older DEK", at(100, 1), mark_verdict::forked},
        {"a later one under a retired DEK", at(101, 1), mark_verdict::forked},
        {"far later under a retired DEK", at(1'000'000'000, 1), mark_verdict::forked},
        {"a restore on purpose", restored, mark_verdict::newer},
    };
    for (const auto& [what, h, expected] : table) {
        INFO(what);
        CHECK(static_cast<int>(compare_mark(h, m)) == static_cast<int>(expected));
    }
}
