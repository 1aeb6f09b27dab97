// SPDX-License-Identifier: BSL-1.0
// How the READMEs of the stores open theirs, cut out between `//[name` and `//]`. Runs in an empty
// folder.
#include <coffer/file/store.hpp>
#include <coffer/memory/store.hpp>

namespace {

auto in_files() {
    //[file
    auto store = coffer::file::open("demo/secrets").value(); // made 0700 if it is not there
    //]
    return store.partitions().value().empty();
}

auto in_memory() {
    //[memory
    coffer::memory::store store; // a handle: copies are the same store
    //]
    return store.partitions().value().empty();
}

} // namespace

int main() {
    return in_files() && in_memory() ? 0 : 1;
}
