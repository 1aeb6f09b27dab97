// SPDX-License-Identifier: BSL-1.0
#include "../../tools/coffer/text.hpp"
#include "support/catch.hpp"

#include <utility>

TEST_CASE("an address is shown without a password, and otherwise as it is") {
    using address = std::pair<const char*, const char*>;
    for (const auto& [said, shown] : std::vector<address>{
             {"redis://:pw@h:1/0?password_file=/a@b", "redis://…@h:1/0?password_file=/a@b"},
             {"rediss://user:p@w@h,g:2", "rediss://…@h,g:2"},
             {"redis://:p/w@h", "redis://…@h"},
             {"redis://:p?w@h", "redis://…@h"},
             {"redis://:1?w@h", "redis://…@h"},
             {"redis://h?prefix=x&password=pw&watch=1", "redis://h?prefix=x&password=…&watch=1"},
             {"redis+unix:/s?password=pw", "redis+unix:/s?password=…"},
             {"Redis://:pw@h", "Redis://…@h"},
             {"valkey://:pw@h", "valkey://…@h"},
             {"https://u:pw@127.0.0.1", "https://…@127.0.0.1"},
             {"https://pw@h/base", "https://…@h/base"},
             {"u:pw@h", "…@h"}}) {
        CHECK(command::shown_address(said) == shown);
        CHECK(command::shown_address(shown) == shown);
    }
    for (const char* whole :
         {"redis://user@h,g:2?prefix=x", "redis://h:6379/0?password_file=/home/a@b/x&watch=1",
          "redis://[::1]:6379?password_file=/a@b", "redis+unix:/run/s?password_file=/a@b",
          "https://h:8460/base", "file:/home/a@b/c:d@e", "env:KEY,OLDER", "passphrase:/a@b", ""})
        CHECK(command::shown_address(whole) == whole);
}
