# SPDX-License-Identifier: BSL-1.0
# cmake -DCOMPILER=<c++> -DUNIT=<umbrella> -DROOT=<project> -P core_includes.cmake
# Fails if a unit that includes the whole core reads a file of another library or of a backend.
# Whatever the compiler finds outside the project must be what it also finds for standard headers
# alone: folders of the standard library, the compiler and the C library.
cmake_minimum_required(VERSION 3.22)

execute_process(COMMAND "${COMPILER}" -std=c++20 -I "${ROOT}/include" -M "${UNIT}"
    OUTPUT_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "the umbrella of the core does not compile")
endif()
string(REGEX REPLACE "\\\\?\n" " " output "${output}")
separate_arguments(paths UNIX_COMMAND "${output}")
set(foreign "")
set(own 0)
foreach(path IN LISTS paths)
    if(path MATCHES "^${ROOT}/include/coffer/(asio|http|testing)/")
        list(APPEND foreign "${path}")
    elseif(path MATCHES "^${ROOT}/include/coffer/")
        math(EXPR own "${own} + 1")
    elseif(path MATCHES "^${ROOT}/"
        OR path MATCHES "/(boost|asio|cryptopp|crypto\\+\\+|openssl|sodium|catch2|gtest|rapidcheck)/")
        if(NOT path STREQUAL UNIT)
            list(APPEND foreign "${path}")
        endif()
    endif()
endforeach()
if(foreign)
    list(JOIN foreign "\n  " foreign)
    message(FATAL_ERROR "The core reaches files that it must not:\n  ${foreign}")
endif()
if(own LESS 10)
    message(FATAL_ERROR "The umbrella includes only ${own} headers of the core: what went wrong?")
endif()
message("${own} headers of the core, the standard library and nothing else")
