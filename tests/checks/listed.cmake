# SPDX-License-Identifier: BSL-1.0
# cmake -DROOT=<project> -DLISTED=<file> -DPATTERNS=<globs> -P listed.cmake
# Fails for each file of the tree that no CMakeLists.txt lists.
cmake_minimum_required(VERSION 3.22)

file(STRINGS "${LISTED}" listed)
set(forgotten "")
foreach(pattern IN LISTS PATTERNS)
    file(GLOB_RECURSE found RELATIVE "${ROOT}" "${ROOT}/${pattern}")
    if(pattern MATCHES "hpp$")
        list(FILTER found EXCLUDE REGEX "/tests/") # what tests share is no part of the library
    endif()
    foreach(path IN LISTS found)
        if(NOT "${ROOT}/${path}" IN_LIST listed)
            list(APPEND forgotten "${path}")
        endif()
    endforeach()
endforeach()
if(forgotten)
    list(JOIN forgotten "\n  " forgotten)
    message(FATAL_ERROR "In the tree, but in no list of a CMakeLists.txt:\n  ${forgotten}")
endif()
list(LENGTH listed count)
if(count EQUAL 0)
    message(FATAL_ERROR "The list is empty: ${LISTED}")
endif()
message("${count} files are listed, none is forgotten")
