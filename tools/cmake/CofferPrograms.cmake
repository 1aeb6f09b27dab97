# SPDX-License-Identifier: BSL-1.0
# How Coffer's own programs are built: tests, examples, benchmarks, the command. What is set here
# stays here: nothing of it is on a coffer:: target.

add_library(coffer_private_options INTERFACE)
target_compile_options(coffer_private_options INTERFACE
    -Wall -Wextra -Wconversion -Wshadow
    $<$<BOOL:${COFFER_WARNINGS_AS_ERRORS}>:-Werror>
)
# Calls into libraries are bound at the start: binding one later writes the vector registers, and
# with them what was last copied through them, to the stack of the thread that calls.
target_link_options(coffer_private_options INTERFACE -Wl,-z,relro,-z,now)
# g++ sees overlapping copies and bounds overrun in std::string and std::vector of its own library,
# when it optimises; the sanitizers look for the real ones. They still warn, and fail nothing.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(coffer_private_options INTERFACE -Wno-restrict
        -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread
        -Wno-error=maybe-uninitialized -Wno-error=free-nonheap-object)
    # A unit takes up to 1 GB either way; an eighth of the time goes into looking for garbage below.
    target_compile_options(coffer_private_options INTERFACE --param=ggc-min-heapsize=524288)
endif()
if(COFFER_SANITIZE)
    target_compile_options(coffer_private_options INTERFACE
        "-fsanitize=${COFFER_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
    # g++ 12 finds uninitialised variables in its own library where it instruments.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(coffer_private_options INTERFACE -Wno-maybe-uninitialized)
        # Nor does it follow the fences of Asio, which change nothing here.
        if(COFFER_SANITIZE MATCHES "thread")
            target_compile_options(coffer_private_options INTERFACE -Wno-tsan)
        endif()
        # With a check at each pointer's use units take twice as long; clang, which is quick at it,
        # makes these checks.
        if(COFFER_SANITIZE MATCHES "undefined")
            target_compile_options(coffer_private_options INTERFACE
                -fno-sanitize=null,alignment,object-size,vptr)
        endif()
    endif()
    # clang 14 rejects the function sanitizer for coroutines.
    if(COFFER_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        target_compile_options(coffer_private_options INTERFACE -fno-sanitize=function)
    endif()
    target_link_options(coffer_private_options INTERFACE "-fsanitize=${COFFER_SANITIZE}")
endif()

# coffer_program(<target> SOURCES <file>… [LINK <target>…])
function(coffer_program target)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LINK")
    add_executable(${target} ${ARG_SOURCES})
    target_compile_features(${target} PRIVATE cxx_std_20)
    target_link_libraries(${target} PRIVATE ${ARG_LINK} coffer_private_options)
endfunction()

# coffer_lacks(<out> <target or dependency>…): which of them are not there, as text.
function(coffer_lacks out)
    set(lacks "")
    foreach(item IN LISTS ARGN)
        if(DEFINED COFFER_TARGET_OF_${item})
            coffer_missing_dependencies(text ${item})
            list(APPEND lacks ${text})
        elseif(item MATCHES "::" AND NOT TARGET ${item})
            list(APPEND lacks ${item})
        endif()
    endforeach()
    list(JOIN lacks ", " lacks)
    set(${out} "${lacks}" PARENT_SCOPE)
endfunction()

# coffer_skipped_test(<ctest name> <why>): a test that says in ctest's summary that it did not run.
function(coffer_skipped_test name why)
    add_test(NAME ${name} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: ${why}")
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: ")
endfunction()

# coffer_example(<name> SOURCES <file>… [LINK <target or dependency>…] [ARGS <arg>…] [OUTPUT <file>]
#                [LABELS <label>…])
#
# A program that is built, and run by ctest as example.<name> in an empty folder of its own. It has
# to end with 0 and, with OUTPUT, to print exactly what that file holds (anything where it says {…}).
function(coffer_example name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "OUTPUT" "SOURCES;LINK;ARGS;LABELS")
    coffer_lacks(lacks ${ARG_LINK})
    if(lacks)
        if(COFFER_BUILD_TESTS)
            coffer_skipped_test(example.${name} "needs ${lacks}")
        endif()
        return()
    endif()
    coffer_resolve_links_(links ${ARG_LINK})
    coffer_program(example_${name} SOURCES ${ARG_SOURCES} LINK ${links})
    if(NOT COFFER_BUILD_TESTS)
        return()
    endif()
    if(ARG_OUTPUT)
        cmake_path(ABSOLUTE_PATH ARG_OUTPUT)
    endif()
    add_test(NAME example.${name}
        COMMAND "${CMAKE_COMMAND}" "-DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/run_${name}"
            "-DOUTPUT=${ARG_OUTPUT}" -P "${PROJECT_SOURCE_DIR}/tools/cmake/run_in_fresh_folder.cmake"
            -- "$<TARGET_FILE:example_${name}>" ${ARG_ARGS})
    set_tests_properties(example.${name} PROPERTIES TIMEOUT 900 LABELS "example;${ARG_LABELS}")
endfunction()

# coffer_benchmark(<name> SOURCES <file>… [LINK <target or dependency>…])
#
# A Google Benchmark program. ctest runs it briefly as benchmark.<name>, so that it can't rot; the
# numbers come from scripts/bench.
function(coffer_benchmark name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LINK")
    coffer_find_dependencies(benchmark)
    coffer_lacks(lacks benchmark ${ARG_LINK})
    if(lacks)
        if(COFFER_BUILD_TESTS)
            coffer_skipped_test(benchmark.${name} "needs ${lacks}")
        endif()
        return()
    endif()
    coffer_resolve_links_(links benchmark ${ARG_LINK})
    coffer_program(benchmark_${name} SOURCES ${ARG_SOURCES} LINK ${links})
    if(COFFER_BUILD_TESTS)
        add_test(NAME benchmark.${name}
            COMMAND benchmark_${name} --benchmark_min_time=0.001 --benchmark_format=csv)
        set_tests_properties(benchmark.${name} PROPERTIES TIMEOUT 900 LABELS benchmark)
    endif()
endfunction()

# The targets behind a list that may name dependencies.
function(coffer_resolve_links_ out)
    set(links "")
    foreach(item IN LISTS ARGN)
        if(DEFINED COFFER_TARGET_OF_${item})
            list(APPEND links "${COFFER_TARGET_OF_${item}}")
        else()
            list(APPEND links ${item})
        endif()
    endforeach()
    set(${out} "${links}" PARENT_SCOPE)
endfunction()
