// SPDX-License-Identifier: BSL-1.0
// Honest pieces of two histories, put together in a folder by whoever writes to it.
#include "security/tamper_target.hpp"
#include "support/compositions.hpp"
#include "support/temporary_folder.hpp"

#include <coffer/file/store.hpp>

#include <fstream>

using namespace coffer;
using namespace coffer_test;

TEST_CASE("heads and objects of forks in documents give one honest state, and never an earlier "
          "one, to who opens them anew and to who held them open") {
    const auto folder = temporary_folder::in_memory();
    const auto show = [&](const std::string& partition, const image& now) {
        std::ofstream(folder / "new") << document_of(now);
        std::filesystem::permissions(folder / "new", std::filesystem::perms(0600));
        std::filesystem::rename(folder / "new", folder / (partition + ".json"));
    };
    const auto held = file::open(folder.path()).value();
    const bool anew = GENERATE(true, false);
    check_compositions(show, [&](const keyring::memory_keyring& keys) {
        return test_resolver{anew ? file::open(folder.path()).value() : held,
                             {},
                             forgetful_keys(keys),
                             history::options()};
    });
}
