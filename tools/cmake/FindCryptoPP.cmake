# SPDX-License-Identifier: BSL-1.0
# Finds Crypto++ and makes cryptopp::cryptopp, under the name that vcpkg and Conan use too. Debian's
# package has no CMake files of its own.

find_package(cryptopp ${CryptoPP_FIND_VERSION} QUIET CONFIG)
if(TARGET cryptopp::cryptopp)
    set(CryptoPP_FOUND TRUE)
    return()
endif()

find_path(CryptoPP_INCLUDE_DIR cryptopp/config_ver.h)
find_library(CryptoPP_LIBRARY NAMES cryptopp crypto++)
mark_as_advanced(CryptoPP_INCLUDE_DIR CryptoPP_LIBRARY)

if(CryptoPP_INCLUDE_DIR)
    set(CryptoPP_VERSION "")
    foreach(part IN ITEMS MAJOR MINOR REVISION)
        file(STRINGS "${CryptoPP_INCLUDE_DIR}/cryptopp/config_ver.h" line
            REGEX "^#define CRYPTOPP_${part} +[0-9]+$")
        if(line MATCHES "([0-9]+)$")
            list(APPEND CryptoPP_VERSION "${CMAKE_MATCH_1}")
        endif()
    endforeach()
    list(JOIN CryptoPP_VERSION "." CryptoPP_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CryptoPP
    REQUIRED_VARS CryptoPP_LIBRARY CryptoPP_INCLUDE_DIR
    VERSION_VAR CryptoPP_VERSION
)

if(CryptoPP_FOUND AND NOT TARGET cryptopp::cryptopp)
    add_library(cryptopp::cryptopp UNKNOWN IMPORTED)
    set_target_properties(cryptopp::cryptopp PROPERTIES
        IMPORTED_LOCATION "${CryptoPP_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CryptoPP_INCLUDE_DIR}"
    )
endif()
