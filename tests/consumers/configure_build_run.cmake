# SPDX-License-Identifier: BSL-1.0
# cmake -DPROJECT=<folder> -DFOLDER=<folder> -DGENERATOR=<name> [-DPRINTS=<file>]
#       -P configure_build_run.cmake -- <option of the configuration>…
# Configures a project as for the first time, builds it and runs its program, app; with PRINTS in an
# empty folder, and what it prints must be what that file holds.
cmake_minimum_required(VERSION 3.22)

set(options "")
set(collecting FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
    if(collecting)
        string(REPLACE ";" "\\;" option "${CMAKE_ARGV${i}}")
        list(APPEND options "${option}")
    elseif(CMAKE_ARGV${i} STREQUAL "--")
        set(collecting TRUE)
    endif()
endforeach()

file(REMOVE_RECURSE "${FOLDER}")
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${PROJECT}" -B "${FOLDER}" -G "${GENERATOR}" ${options}
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${FOLDER}" COMMAND_ERROR_IS_FATAL ANY)
file(MAKE_DIRECTORY "${FOLDER}/run")
execute_process(COMMAND "${FOLDER}/app" WORKING_DIRECTORY "${FOLDER}/run"
    OUTPUT_VARIABLE printed ECHO_OUTPUT_VARIABLE COMMAND_ERROR_IS_FATAL ANY)
if(PRINTS)
    file(READ "${PRINTS}" expected)
    if(NOT printed STREQUAL expected)
        message(FATAL_ERROR "printed other than ${PRINTS}, which says:\n${expected}")
    endif()
endif()
