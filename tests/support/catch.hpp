// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_CATCH_HPP
#define COFFER_TESTS_SUPPORT_CATCH_HPP

// Catch2, whichever of 3 and 2.13 there is.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_adapters.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif
