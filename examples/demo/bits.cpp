// SPDX-License-Identifier: BSL-1.0
// Altered stores: acme's override cut out of the file; every bit of the file flipped in turn.
#include "demo_vault.hpp"

#include <coffer/file/document.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>
#include <thread>

namespace demo {

namespace {

using coffer::file::document;

/// A store that shows, for prod, a document of one's own. It notes what is asked for; nothing can
/// be written.
class altered_store {
public:
    altered_store(coffer::any_store original, std::string partition, std::string_view text)
        : original_(std::move(original)), partition_(std::move(partition)) {
        auto read = document::parse(text);
        if (read) prod_ = std::make_shared<const document>(*std::move(read));
    }
    auto load(std::string_view partition, std::span<const std::string> keys)
        -> coffer::result<coffer::cut> {
        if (partition != partition_) return original_.load(partition, keys);
        if (prod_ == nullptr) return coffer::errc::tampered;
        coffer::cut out{prod_->at(), {}};
        for (const auto& key : keys) {
            asked_->insert(key);
            out.objects.push_back(prod_->find(key));
        }
        return out;
    }
    auto list(std::string_view partition) -> coffer::result<coffer::listing> {
        if (partition != partition_) return original_.list(partition);
        if (prod_ == nullptr) return coffer::errc::tampered;
        return prod_->list();
    }
    auto partitions() -> coffer::result<std::vector<std::string>> { return original_.partitions(); }
    auto commit(std::string_view, coffer::revision, coffer::revision,
                std::span<const coffer::object_write>) -> coffer::result<coffer::commit_outcome> {
        return coffer::errc::denied;
    }
    auto limits() const noexcept -> coffer::store_limits { return original_.limits(); }

    auto asked() const -> const std::set<std::string>& { return *asked_; }

private:
    coffer::any_store original_;
    std::string partition_;
    std::shared_ptr<const document> prod_{};
    std::shared_ptr<std::set<std::string>> asked_ = std::make_shared<std::set<std::string>>();
};

/// What readers who start now are answered, if prod's file reads like this.
class reader {
public:
    explicit reader(const place& at)
        : realm_(at.realm), original_(at.open_store()), keys_(at.open_keys()),
          partition_(
              coffer::format::partition_name(coffer::cryptopp::aes_256_gcm{}, at.realm, "prod")) {}

    auto shows(std::string_view text) const -> altered_store {
        return {original_, partition_, text};
    }
    auto answers_of(const altered_store& store) const -> answers {
        return ask(resolver_type(store, {}, keys_, {.realm = realm_}));
    }
    /// Whether a look at everything finds nothing wrong: also at what no reader asks for by name.
    auto verifies(const altered_store& store) const -> bool {
        const auto report = vault_type(store, {}, keys_, {.realm = realm_}).verify("prod");
        return report && report->damaged.empty();
    }
    /// The file without the objects that no reader asks for: those that wait to be erased.
    auto without_the_rest(std::string_view text) const -> std::string {
        const auto store = shows(text);
        answers_of(store);
        const auto all = document::parse(text).value();
        std::vector<coffer::object_write> read;
        for (const auto& key : store.asked())
            read.push_back({key, all.find(key)});
        return std::string(document().with(all.at(), read).text());
    }

private:
    std::string realm_;
    coffer::any_store original_;
    coffer::keyring::file_keyring keys_;
    std::string partition_;
};

struct tally {
    std::size_t refused = 0;
    std::size_t accepted = 0;
    std::size_t found_by_verify = 0;
};

/// Flips the bits first, first + step, … in turn.
auto flip(const reader& reads, const answers& truth, std::string text, std::size_t first,
          std::size_t step) -> tally {
    tally out;
    for (auto bit = first; bit < text.size() * 8; bit += step) {
        auto& letter = text[bit / 8];
        const auto mask = static_cast<char>(1U << (bit % 8));
        letter = static_cast<char>(letter ^ mask);
        const auto store = reads.shows(text);
        bool error = false;
        bool wrong = false;
        for (const auto& [what, answer] : reads.answers_of(store)) {
            if (refused(answer))
                error = true;
            else if (answer != truth.at(what))
                wrong = true;
        }
        out.accepted += wrong;
        out.refused += error && !wrong;
        out.found_by_verify += !error && !wrong && !reads.verifies(store);
        letter = static_cast<char>(letter ^ mask);
    }
    return out;
}

} // namespace

auto cut_override(const place& at) -> bool {
    const auto text = read_file(at.prod_file());
    const reader reads(at);
    // One object a line: the override's record is the one without which acme's name alone is
    // refused.
    for (std::size_t from = text.find('\n') + 1; from < text.size();
         from = text.find('\n', from) + 1) {
        auto without = text;
        without.erase(from, text.find('\n', from) + 1 - from);
        const auto got = reads.answers_of(reads.shows(without));
        const auto others =
            std::count_if(got.begin(), got.end(), [](const auto& a) { return refused(a.second); });
        if (others != 1 || got.at({"prod/acme", "SLACK_TOKEN"}) != "tampered") continue;
        std::ofstream(at.prod_file(), std::ios::binary) << without;
        return true;
    }
    return false;
}

auto flip_bits(const place& at) -> bool {
    const auto started = std::chrono::steady_clock::now();
    const reader reads(at);
    const auto text = reads.without_the_rest(read_file(at.prod_file()));
    const auto truth = reads.answers_of(reads.shows(text));
    if (std::any_of(truth.begin(), truth.end(), [](const auto& a) { return refused(a.second); }))
        return false;

    std::vector<tally> parts(std::max(1U, std::thread::hardware_concurrency()));
    {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < parts.size(); ++i)
            threads.emplace_back([&, i] { parts[i] = flip(reads, truth, text, i, parts.size()); });
        for (auto& t : threads)
            t.join();
    }
    const auto sum =
        std::accumulate(parts.begin(), parts.end(), tally{}, [](tally a, const tally& b) {
            return tally{a.refused + b.refused, a.accepted + b.accepted,
                         a.found_by_verify + b.found_by_verify};
        });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    const auto bits = text.size() * 8;
    const auto rest = bits - sum.refused - sum.accepted - sum.found_by_verify;
    std::printf(
        "     Each of the %s bits that are read flipped in turn: %zu accepted            [%.1f s]\n"
        "     %s refused at once, %s found by verify, %s change nothing\n",
        grouped(bits).c_str(), sum.accepted, took.count(), grouped(sum.refused).c_str(),
        grouped(sum.found_by_verify).c_str(), grouped(rest).c_str());
    return sum.accepted == 0 && sum.refused > bits / 2;
}

} // namespace demo
