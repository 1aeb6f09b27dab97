# SPDX-License-Identifier: BSL-1.0
# Compiles a program without a build tool, and runs it in an empty folder.
#  COMPILER UNIT FOLDER EXPECTED, and either FLAGS and LIBRARIES or PKG_CONFIG, PC_PATH and PACKAGES
#  MORE      a second file of the program; of packages, what they name as their source
#  LAUNCHER  what the compiler is started through, such as ccache; may be empty
cmake_minimum_required(VERSION 3.22)

if(PKG_CONFIG)
    set(ENV{PKG_CONFIG_PATH} "${PC_PATH}")
    execute_process(COMMAND "${PKG_CONFIG}" --cflags ${PACKAGES}
        OUTPUT_VARIABLE FLAGS COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${PKG_CONFIG}" --libs ${PACKAGES}
        OUTPUT_VARIABLE LIBRARIES COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${PKG_CONFIG}" --variable=source ${PACKAGES}
        OUTPUT_VARIABLE MORE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
separate_arguments(FLAGS UNIX_COMMAND "${FLAGS}")
separate_arguments(LIBRARIES UNIX_COMMAND "${LIBRARIES}")

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}/run")
set(objects "")
foreach(unit IN LISTS UNIT MORE)
    list(LENGTH objects count)
    list(APPEND objects "${FOLDER}/${count}.o")
    execute_process(
        COMMAND ${LAUNCHER} "${COMPILER}" -std=c++20 ${FLAGS} -c "${unit}" -o "${FOLDER}/${count}.o"
        COMMAND_ERROR_IS_FATAL ANY)
endforeach()
execute_process(COMMAND "${COMPILER}" ${objects} -o "${FOLDER}/app" ${LIBRARIES}
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${FOLDER}/app" WORKING_DIRECTORY "${FOLDER}/run"
    OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ "${EXPECTED}" expected)
if(NOT printed STREQUAL expected)
    message(FATAL_ERROR "printed:\n${printed}\nexpected:\n${expected}")
endif()
file(REMOVE_RECURSE "${FOLDER}")
