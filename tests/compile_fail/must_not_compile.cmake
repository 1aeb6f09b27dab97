# SPDX-License-Identifier: BSL-1.0
# cmake -DCOMPILER=<c++> -DROOT=<project> -DUNIT=<file> -P must_not_compile.cmake
# The unit compiles without a warning; with COFFER_MISUSE defined it does not, for the reason that
# its first line gives: // expect: error: <regex>
cmake_minimum_required(VERSION 3.22)

file(STRINGS "${UNIT}" first LIMIT_COUNT 1)
# It has to start with "error: ": the log names the file, whose name alone could satisfy a pattern.
if(NOT first MATCHES "^// expect: (error: .+)$")
    message(FATAL_ERROR "The first line of ${UNIT} is not: // expect: error: <regex>")
endif()
set(expected "${CMAKE_MATCH_1}")

set(command "${COMPILER}" -std=c++20 -fsyntax-only -Wall -Wextra -Werror
    -I "${ROOT}/include" -I "${ROOT}/backends" "${UNIT}")
execute_process(COMMAND ${command} RESULT_VARIABLE status ERROR_VARIABLE log)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "without the misuse it should compile:\n${log}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E env LC_ALL=C ${command} -DCOFFER_MISUSE
    RESULT_VARIABLE status ERROR_VARIABLE log)
if(status EQUAL 0)
    message(FATAL_ERROR "it compiles, and must not")
endif()
if(NOT log MATCHES "${expected}")
    message(FATAL_ERROR "it fails, but not with '${expected}':\n${log}")
endif()
