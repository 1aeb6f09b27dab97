# SPDX-License-Identifier: BSL-1.0
# cmake -DBUILD=<build folder> -DPREFIX=<folder> -P install.cmake
# Installs into a folder that was emptied first, so that nothing old can satisfy a consumer.
cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}"
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
