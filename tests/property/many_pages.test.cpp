// SPDX-License-Identifier: BSL-1.0
// Trees of many pages: long names, put and removed in random batches, against a map.
#include "support/catch.hpp"
#include "support/vault.hpp"

#include <rapidcheck.h>

#include <map>

using namespace coffer;
using namespace coffer_test;

namespace {

/// A run of names that are put, or one space that is removed with all its names.
struct batch {
    unsigned space = 0;
    unsigned first = 0;
    unsigned count = 0;
    bool remove = false;
};

[[maybe_unused]] auto operator<<(std::ostream& out, const batch& b) -> std::ostream& {
    return out << (b.remove ? "remove" : "put") << "(space " << b.space << ", names " << b.first
               << " and " << b.count << " more)";
}

auto space_of(unsigned s) -> std::string {
    return s == 0 ? "" : "s" + std::to_string(s);
}
/// Lengths from 10 to 1,000, spread over the order of keys.
auto name_of(unsigned n) -> std::string {
    return std::string(10 + n * 331 % 990, 'n') + std::to_string(n);
}

auto any_batches() -> rc::Gen<std::vector<batch>> {
    return rc::gen::container<std::vector<batch>>(rc::gen::build<batch>(
        rc::gen::set(&batch::space, rc::gen::inRange(0U, 4U)),
        rc::gen::set(&batch::first, rc::gen::inRange(0U, 150U)),
        rc::gen::set(&batch::count, rc::gen::inRange(1U, 40U)),
        rc::gen::set(&batch::remove, rc::gen::weightedElement<bool>({{5, false}, {1, true}}))));
}

using contents = std::map<std::string, std::map<std::string, std::string>>;

/// What a reader that decodes everything anew sees of each scope, without what it inherits.
void equal_all(const test_resolver& reader, test_vault& vault, const contents& truth) {
    for (const auto& [space, names] : truth) {
        const context where{.environment = "e", .space = space};
        auto expected = truth.at("");
        for (const auto& [name, value] : names)
            expected[name] = value;
        std::map<std::string, std::string> seen;
        for (const auto& one : reader.all(where).value())
            seen[one.name] = one.value.expose_secret();
        RC_ASSERT(seen == expected);
        RC_ASSERT(vault.list(where).value().size() == names.size());
    }
}

} // namespace

TEST_CASE("trees of any number of pages hold what was put into them") {
    std::size_t most_entries = 0;
    CHECK(rc::check("pages", [&] {
        const memory::store store;
        const keyring::memory_keyring keys;
        options with;
        with.erase_after = std::chrono::milliseconds(0);
        test_vault vault(store, {}, keys, with);
        vault.ensure_environment("e").value();
        contents truth{{"", {}}};
        unsigned round = 0;
        for (const auto& b : *any_batches()) {
            ++round;
            const auto space = space_of(b.space);
            const context where{.environment = "e", .space = space};
            if (b.remove) {
                if (b.space != 0 && truth.erase(space) != 0) vault.remove_space(where).value();
                continue;
            }
            if (!space.empty()) vault.ensure_space(where).value();
            std::vector<named_value> values;
            for (unsigned n = b.first; n < b.first + b.count; ++n) {
                const auto value = std::to_string(round);
                values.push_back({name_of(n), {as_bytes(value).begin(), as_bytes(value).end()}});
                truth[space][name_of(n)] = value;
            }
            vault.put_many(where, std::move(values)).value();
        }
        equal_all(test_resolver(store, {}, keys), vault, truth); // decoded anew
        equal_all(vault.resolver(), vault, truth);               // as the writer holds it
        const auto state = vault.status("e").value();
        most_entries = std::max(most_entries, state.entries);
        const auto held = vault.engine().slot_of("e").held().known;
        for (const auto& page : held->pages.pages()) {
            std::size_t size = 4;
            for (const auto& e : page.node->entries)
                size += e.encoded_size();
            RC_ASSERT(size <= format::limits::page_split || page.node->entries.size() == 1);
        }
    }));
    CHECK(most_entries > 200); // else there was but a page or two
}
