// SPDX-License-Identifier: BSL-1.0
// Boost.JSON's sources, for systems that have Boost's headers but not this library.
#include <boost/json/src.hpp>
