// SPDX-License-Identifier: BSL-1.0
#include "folder_config.hpp"

#include "opening.hpp"
#include "problem.hpp"
#include "text.hpp"

#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>

#include <fcntl.h>

namespace command {

namespace fs = std::filesystem;

void write_settings(const fs::path& file, const boost::json::object& content) {
    const auto text = boost::json::serialize(content) + "\n";
    const auto done = coffer::posix::replace_file(file, coffer::as_bytes(text), {.mode = 0644});
    if (!done)
        throw problem(done.error().code,
                      "can't write " + printable(file.string()) + cause_words(done.error().cause));
}

auto make_folder_config(const fs::path& file, const folder_config& content) -> bool {
    boost::json::object out;
    std::error_code wrong;
    const auto folder = folder_of_store(content.place);
    const auto near = fs::relative(folder, file.parent_path(), wrong);
    if (!names_password(content.place))
        out["store"] = folder.empty() ? content.place
                                      : "file:" + (wrong || near.empty() ? folder : near).string();
    if (!content.realm.empty()) out["realm"] = content.realm;
    if (!content.environment.empty()) out["env"] = content.environment;
    const auto text = boost::json::serialize(out) + "\n";
    const coffer::posix::file_descriptor made(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!made && errno == EEXIST) return false;
    if (made && coffer::posix::write_all(made, coffer::as_bytes(text))) return true;
    const auto why = std::generic_category().message(errno);
    if (made) fs::remove(file, wrong);
    throw problem(coffer::errc::unavailable,
                  "can't make " + printable(file.string()) + " (" + why + ")");
}

} // namespace command
