# SPDX-License-Identifier: BSL-1.0
# cmake -DFOLDER=<folder> [-DOUTPUT=<file>] -P run_in_fresh_folder.cmake -- <program> <arg>…
# Runs a program in an empty folder, which is removed if all went well. With OUTPUT, what it prints
# must be exactly what that file holds; where a line of it says {…}, anything may stand.
cmake_minimum_required(VERSION 3.22)

set(command "")
set(collecting FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
    if(collecting)
        list(APPEND command "${CMAKE_ARGV${i}}")
    elseif(CMAKE_ARGV${i} STREQUAL "--")
        set(collecting TRUE)
    endif()
endforeach()

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
execute_process(COMMAND ${command}
    WORKING_DIRECTORY "${FOLDER}"
    OUTPUT_VARIABLE printed
    RESULT_VARIABLE status)
message("${printed}")
if(NOT status EQUAL 0)
    message(FATAL_ERROR "ended with ${status}; its folder is kept: ${FOLDER}")
endif()
if(OUTPUT)
    file(READ "${OUTPUT}" expected)
    string(REGEX REPLACE "([][+.*()^$?|\\])" "\\\\\\1" pattern "${expected}")
    string(REPLACE "{…}" "[^\n]*" pattern "${pattern}")
    if(NOT printed STREQUAL expected AND NOT printed MATCHES "^${pattern}$")
        message(FATAL_ERROR "printed other than ${OUTPUT}, which says:\n${expected}")
    endif()
endif()
file(REMOVE_RECURSE "${FOLDER}")
