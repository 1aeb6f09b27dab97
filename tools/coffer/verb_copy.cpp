// SPDX-License-Identifier: BSL-1.0
#include "opening.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "store_copy.hpp"
#include "verbs.hpp"

#include <filesystem>

namespace command {

namespace {

auto place_of(const session& s, const char* option) -> std::string {
    const auto value = s.in.text(option);
    if (!value) refuse(std::string("say --from STORE and --to STORE"));
    std::error_code wrong;
    return absolute_place(
        {*value, std::string("--") + option, std::filesystem::current_path(wrong)});
}

auto run_copy(session& s) -> int {
    const auto from_place = place_of(s, "from");
    const auto to_place = place_of(s, "to");
    if (from_place == to_place) refuse("that is the same store twice");
    copy_route route{
        open_store_at(from_place), *s.in.text("from"),
        open_store_at(to_place, s.dry_run() ? missing_folder::empty : missing_folder::make),
        *s.in.text("to")};
    const auto code = copy_store(s, route);
    if (!s.json())
        s.hint("every byte was read back and compared; with the keys, coffer verify opens it all");
    return code;
}

} // namespace

auto copy_verb() -> verb {
    return {
        .name = "copy",
        .summary = "copy all that is sealed from one store to another; no keys are needed",
        .details =
            "Every byte is checked against its hash before, and read back after it was written. A\n"
            "copy that was interrupted goes on where it was; a copy of before is brought up to "
            "date;\n"
            "what is newer there, or of another history, is refused; so is an environment whose "
            "head is damaged;\n"
            "all others are copied, and damaged objects are left out. Names and values stay "
            "sealed,\n"
            "under the same keys and realm. One environment of each store is held in memory at a "
            "time.",
        .options = {{"--from", takes::value, "STORE", "file:DIR, redis://HOST, …"},
                    {"--to", takes::value, "STORE", "the same; a folder is made"}},
        .run = run_copy,
    };
}

} // namespace command
