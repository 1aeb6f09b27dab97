// SPDX-License-Identifier: BSL-1.0
// The parts of scripts/demo that are not one of the command's own verbs.
//
//   coffer_demo STEP STORE KEYRING REALM     ends with 1 if what the step shows is not so
#include "demo_vault.hpp"

#include <exception>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "coffer_demo search|cut|flip|outage|keys|cost STORE KEYRING REALM\n";
        return 2;
    }
    const std::string_view step = argv[1];
    const demo::place at{argv[2], argv[3], argv[4]};
    try {
        if (step == "search") return demo::search_copy(at) ? 0 : 1;
        if (step == "cut") return demo::cut_override(at) ? 0 : 1;
        if (step == "flip") return demo::flip_bits(at) ? 0 : 1;
        if (step == "outage") return demo::outage(at) ? 0 : 1;
        if (step == "keys") return demo::new_keys(at) ? 0 : 1;
        if (step == "cost") return demo::cost(at) ? 0 : 1;
        std::cerr << "coffer_demo: what is the step " << step << "?\n";
    } catch (const std::exception& what) {
        std::cerr << "coffer_demo: " << what.what() << '\n';
    }
    return 2;
}
