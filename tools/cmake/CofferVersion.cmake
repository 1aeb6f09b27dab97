# SPDX-License-Identifier: BSL-1.0
# The version is written once, in include/coffer/version.hpp.

# coffer_read_version(<header> <out>): "0.1.0".
function(coffer_read_version header out)
    set(version "")
    foreach(part IN ITEMS MAJOR MINOR PATCH)
        file(STRINGS "${header}" line REGEX "^#define COFFER_VERSION_${part} +[0-9]+$")
        if(NOT line MATCHES "([0-9]+)$")
            message(FATAL_ERROR "COFFER_VERSION_${part} is not in ${header}")
        endif()
        list(APPEND version "${CMAKE_MATCH_1}")
    endforeach()
    list(JOIN version "." version)
    set(${out} "${version}" PARENT_SCOPE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
endfunction()
