# SPDX-License-Identifier: BSL-1.0
# Unit tests with Catch2, 3 where there is one, else 2.13.

coffer_find_dependencies(catch2 rapidcheck gtest)
coffer_missing_dependencies(lacks catch2)
if(lacks)
    message(FATAL_ERROR "COFFER_BUILD_TESTS=ON needs ${lacks}")
endif()

# Catch2's main, made once for all tests; sanitized like them, since the linker may take functions of
# the standard library from it for all of a program.
add_library(coffer_test_main OBJECT "${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp")
target_compile_features(coffer_test_main PUBLIC cxx_std_20)
target_include_directories(coffer_test_main PUBLIC "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(coffer_test_main PUBLIC Catch2::Catch2 PRIVATE coffer_private_options)
# The precompiled header, made once for all tests.
add_library(coffer_test_pch OBJECT "${PROJECT_SOURCE_DIR}/tests/support/catch_pch.cpp")
target_compile_features(coffer_test_pch PUBLIC cxx_std_20)
target_include_directories(coffer_test_pch PUBLIC "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(coffer_test_pch PUBLIC Catch2::Catch2 PRIVATE coffer_private_options)
target_precompile_headers(coffer_test_pch PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/catch.hpp")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(coffer_pch_options -fpch-preprocess) # without it ccache keeps no unit that uses the header
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(coffer_pch_options "SHELL:-Xclang -fno-pch-timestamp")
endif()
target_compile_options(coffer_test_pch PRIVATE ${coffer_pch_options})

add_custom_target(coffer_tests)
add_custom_target(coffer_tests_threads)

# coffer_test(<name> SOURCES <file>… [LINK <target or dependency>…] [LABELS <label>…] [TIMEOUT <s>]
#             [GTEST])
#
# A Catch2 program, test_<name>, that ctest runs as <name>. All of its cases must pass, and there
# must be one. If something in LINK is not there, the test is skipped visibly, with the reason. A
# backend's tests lie in its own folder tests/, which it adds only if COFFER_BUILD_TESTS.
#  GTEST   a GoogleTest program instead, for the glue to that framework
#  LABELS  threads: also run under the thread sanitizer · slow · net: listens on the loopback
function(coffer_test name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "GTEST" "TIMEOUT" "SOURCES;LINK;LABELS")
    if(ARG_GTEST)
        list(APPEND ARG_LINK gtest_main)
    endif()
    if(ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "coffer_test(${name}): what is '${ARG_UNPARSED_ARGUMENTS}'?")
    endif()
    foreach(source IN LISTS ARG_SOURCES)
        cmake_path(ABSOLUTE_PATH source NORMALIZE)
        set_property(GLOBAL APPEND PROPERTY COFFER_LISTED_TESTS "${source}")
    endforeach()
    coffer_lacks(lacks ${ARG_LINK})
    if(lacks)
        coffer_skipped_test(${name} "needs ${lacks}")
        return()
    endif()
    coffer_resolve_links_(links ${ARG_LINK})
    string(MAKE_C_IDENTIFIER "test_${name}" target)
    coffer_program(${target} SOURCES ${ARG_SOURCES} LINK ${links})
    if(NOT ARG_GTEST)
        target_link_libraries(${target} PRIVATE coffer_test_main)
        target_compile_options(${target} PRIVATE ${coffer_pch_options})
        target_precompile_headers(${target} REUSE_FROM coffer_test_pch)
    endif()
    add_dependencies(coffer_tests ${target})
    if("threads" IN_LIST ARG_LABELS)
        add_dependencies(coffer_tests_threads ${target})
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 900)
    endif()
    if(COFFER_SANITIZE) # several times as slow, on a machine that may be slow itself
        math(EXPR ARG_TIMEOUT "4 * ${ARG_TIMEOUT}")
    endif()
    add_test(NAME ${name} COMMAND ${target})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "catch;${ARG_LABELS}"
        FAIL_REGULAR_EXPRESSION "No tests ran|No test cases matched")
endfunction()

# coffer_node_lacks(<out>): what is missing to run JavaScript against the command's server, as text;
# nothing if all is there. COFFER_NODE and COFFER_NPM are then the programs.
function(coffer_node_lacks out)
    find_program(COFFER_NODE NAMES node nodejs)
    find_program(COFFER_NPM NAMES npm)
    mark_as_advanced(COFFER_NODE COFFER_NPM)
    set(lacks "")
    if(NOT COFFER_NODE OR NOT COFFER_NPM)
        set(lacks "needs node and npm")
    elseif(NOT TARGET coffer_command OR NOT TARGET coffer::http)
        set(lacks "needs the command with its server")
    else()
        execute_process(COMMAND "${COFFER_NODE}" --version OUTPUT_VARIABLE node_version
            OUTPUT_STRIP_TRAILING_WHITESPACE)
        string(REGEX REPLACE "^v" "" node_version "${node_version}")
        if(node_version VERSION_LESS 20)
            set(lacks "needs node 20, this is ${node_version}")
        endif()
    endif()
    set(${out} "${lacks}" PARENT_SCOPE)
endfunction()
