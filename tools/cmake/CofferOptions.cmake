# SPDX-License-Identifier: BSL-1.0
# What can be chosen. As a part of another project nothing but the libraries is set up, and no
# variable, flag or property of that project is touched.

option(COFFER_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(COFFER_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(COFFER_BUILD_BENCHMARKS "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(COFFER_INSTALL "Make the install rules" ${PROJECT_IS_TOP_LEVEL})
option(COFFER_WARNINGS_AS_ERRORS "Treat warnings in Coffer's own programs as errors" OFF)
option(COFFER_USE_CCACHE "Compile through ccache if it is installed" ${PROJECT_IS_TOP_LEVEL})
option(COFFER_BUILD_CHECKS "Add the tests of headers, misuse, packaging and style"
    ${COFFER_BUILD_TESTS})
set(COFFER_SANITIZE "" CACHE STRING
    "Sanitizers for Coffer's own programs, as -fsanitize= takes them: address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    set(CMAKE_CXX_EXTENSIONS OFF)
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE RelWithDebInfo)
    endif()
    if(COFFER_USE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        find_program(COFFER_CCACHE ccache)
        mark_as_advanced(COFFER_CCACHE)
        if(COFFER_CCACHE)
            # What ccache needs to know to keep units that use a precompiled header.
            set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
                CCACHE_SLOPPINESS=pch_defines,time_macros "${COFFER_CCACHE}")
        endif()
    endif()
    if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
        OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14))
        message(FATAL_ERROR "Coffer needs g++ 12 or clang 14; this is ${CMAKE_CXX_COMPILER_ID} "
            "${CMAKE_CXX_COMPILER_VERSION}. Choose another: CXX=g++-12 cmake …")
    endif()
endif()

# coffer_with(<COMPONENT> <text>): declares COFFER_WITH_<COMPONENT>, which is
#  AUTO  used if what it needs is there; if not, one line says so
#  ON    what it needs must be there
#  OFF   left out
function(coffer_with component text)
    set(COFFER_WITH_${component} AUTO CACHE STRING "${text}: AUTO, ON or OFF")
    set_property(CACHE COFFER_WITH_${component} PROPERTY STRINGS AUTO ON OFF)
endfunction()

function(coffer_add_subdirectory_if_present folder)
    if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt")
        add_subdirectory("${PROJECT_SOURCE_DIR}/${folder}" "${PROJECT_BINARY_DIR}/${folder}")
    endif()
endfunction()
