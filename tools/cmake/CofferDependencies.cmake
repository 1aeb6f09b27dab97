# SPDX-License-Identifier: BSL-1.0
# Where each library of others comes from: used by the build and, installed beside cofferConfig.cmake,
# by find_package(coffer). A dependency has a name, a finder, the target that it gives, what
# pkg-config says for it, and what to install where it is missing.

set(COFFER_BOOST_FLOOR 1.81)
set(COFFER_DEPENDENCIES_DIR "${CMAKE_CURRENT_LIST_DIR}")

set(COFFER_TARGET_OF_threads Threads::Threads)
set(COFFER_PKGCONFIG_OF_threads -pthread)
set(COFFER_HINT_OF_threads "a threads library")
function(coffer_find_threads)
    find_package(Threads QUIET)
endfunction()

set(COFFER_TARGET_OF_boost Boost::headers)
set(COFFER_PKGCONFIG_OF_boost "")
set(COFFER_HINT_OF_boost "Boost >= ${COFFER_BOOST_FLOOR} (Debian 12: libboost1.81-dev)")
function(coffer_find_boost)
    find_package(Boost ${COFFER_BOOST_FLOOR} QUIET CONFIG)
endfunction()

# The compiled Boost.JSON, or, where there are only headers, one static library of our own that
# holds its sources.
set(COFFER_TARGET_OF_boost_json coffer::boost_json)
set(COFFER_PKGCONFIG_OF_boost_json -lboost_json)
set(COFFER_HINT_OF_boost_json
    "Boost.JSON >= ${COFFER_BOOST_FLOOR} (Debian 12: libboost-json1.81-dev)")
function(coffer_find_boost_json)
    if(TARGET coffer::boost_json)
        return()
    endif()
    if(NOT TARGET Boost::json) # or the project around has made it already
        find_package(Boost ${COFFER_BOOST_FLOOR} QUIET CONFIG OPTIONAL_COMPONENTS json)
    endif()
    if(TARGET Boost::json)
        add_library(coffer::boost_json INTERFACE IMPORTED)
        set_property(TARGET coffer::boost_json PROPERTY INTERFACE_LINK_LIBRARIES Boost::json)
    elseif(TARGET Boost::headers)
        if(NOT TARGET coffer_boost_json_sources)
            add_library(coffer_boost_json_sources STATIC EXCLUDE_FROM_ALL
                "${COFFER_DEPENDENCIES_DIR}/boost_json_sources.cpp")
            target_compile_features(coffer_boost_json_sources PUBLIC cxx_std_20)
            set_property(TARGET coffer_boost_json_sources PROPERTY POSITION_INDEPENDENT_CODE ON)
            target_link_libraries(coffer_boost_json_sources PUBLIC Boost::headers)
        endif()
        add_library(coffer::boost_json INTERFACE IMPORTED)
        set_property(TARGET coffer::boost_json PROPERTY
            INTERFACE_LINK_LIBRARIES coffer_boost_json_sources)
    endif()
endfunction()

set(COFFER_TARGET_OF_cryptopp_library cryptopp::cryptopp)
set(COFFER_PKGCONFIG_OF_cryptopp_library -lcryptopp)
set(COFFER_HINT_OF_cryptopp_library "Crypto++ >= 8.6 (Debian: libcrypto++-dev)")
function(coffer_find_cryptopp_library)
    list(PREPEND CMAKE_MODULE_PATH "${COFFER_DEPENDENCIES_DIR}")
    find_package(CryptoPP 8.6 QUIET)
endfunction()

set(COFFER_TARGET_OF_openssl OpenSSL::SSL)
set(COFFER_PKGCONFIG_OF_openssl -lssl -lcrypto)
set(COFFER_HINT_OF_openssl "OpenSSL >= 3 (Debian: libssl-dev)")
function(coffer_find_openssl)
    find_package(OpenSSL 3 QUIET)
endfunction()

# What of coffer::redis is compiled, as one static library that is built if something links it.
set(COFFER_TARGET_OF_redis_client coffer::redis_client)
set(COFFER_PKGCONFIG_OF_redis_client "")
set(COFFER_HINT_OF_redis_client "${COFFER_HINT_OF_openssl}")
function(coffer_find_redis_client)
    coffer_find_dependencies(threads openssl)
    if(NOT TARGET OpenSSL::SSL OR NOT TARGET Threads::Threads)
        return()
    endif()
    if(NOT TARGET coffer_redis_client)
        # In the source tree, or where it is installed.
        find_file(COFFER_REDIS_CLIENT redis.cpp NO_DEFAULT_PATH NO_CACHE PATHS
            "${COFFER_DEPENDENCIES_DIR}/../../backends/coffer/redis/src"
            "${COFFER_DEPENDENCIES_DIR}/redis")
        add_library(coffer_redis_client STATIC EXCLUDE_FROM_ALL "${COFFER_REDIS_CLIENT}")
        target_compile_features(coffer_redis_client PUBLIC cxx_std_20)
        set_property(TARGET coffer_redis_client PROPERTY POSITION_INDEPENDENT_CODE ON)
        target_link_libraries(coffer_redis_client PUBLIC
            "$<TARGET_NAME_IF_EXISTS:coffer::core>" "$<TARGET_NAME_IF_EXISTS:coffer::posix>"
            OpenSSL::SSL Threads::Threads)
    endif()
    add_library(coffer::redis_client INTERFACE IMPORTED)
    set_property(TARGET coffer::redis_client PROPERTY
        INTERFACE_LINK_LIBRARIES coffer_redis_client)
endfunction()

set(COFFER_TARGET_OF_cli11 CLI11::CLI11)
set(COFFER_HINT_OF_cli11 "CLI11 (Debian: libcli11-dev)")
function(coffer_find_cli11)
    find_package(CLI11 2 QUIET CONFIG)
endfunction()

set(COFFER_TARGET_OF_catch2 Catch2::Catch2)
set(COFFER_HINT_OF_catch2 "Catch2 3 or >= 2.13 (Debian: catch2)")
function(coffer_find_catch2)
    find_package(Catch2 3 QUIET CONFIG)
    if(NOT TARGET Catch2::Catch2)
        find_package(Catch2 2.13 QUIET CONFIG)
    endif()
endfunction()

set(COFFER_TARGET_OF_gtest GTest::gtest)
set(COFFER_HINT_OF_gtest "GoogleTest (Debian: libgtest-dev libgmock-dev)")
function(coffer_find_gtest)
    find_package(GTest QUIET CONFIG)
endfunction()

set(COFFER_TARGET_OF_gtest_main GTest::gtest_main)
set(COFFER_HINT_OF_gtest_main "${COFFER_HINT_OF_gtest}")
function(coffer_find_gtest_main)
    coffer_find_gtest()
endfunction()

set(COFFER_TARGET_OF_rapidcheck rapidcheck)
set(COFFER_HINT_OF_rapidcheck "RapidCheck (Debian: librapidcheck-dev)")
function(coffer_find_rapidcheck)
    find_package(rapidcheck QUIET CONFIG)
endfunction()

set(COFFER_TARGET_OF_benchmark benchmark::benchmark)
set(COFFER_HINT_OF_benchmark "Google Benchmark (Debian: libbenchmark-dev)")
function(coffer_find_benchmark)
    find_package(benchmark QUIET CONFIG)
endfunction()

# coffer_find_dependencies(<name>…): makes the target of each that is there; absence is no error here.
function(coffer_find_dependencies)
    foreach(name IN LISTS ARGN)
        if(NOT TARGET "${COFFER_TARGET_OF_${name}}")
            cmake_language(CALL coffer_find_${name})
        endif()
    endforeach()
endfunction()

# coffer_missing_dependencies(<out> <name>…): what to install for those that are not there, as text.
function(coffer_missing_dependencies out)
    set(missing "")
    foreach(name IN LISTS ARGN)
        if(NOT TARGET "${COFFER_TARGET_OF_${name}}")
            list(APPEND missing "${COFFER_HINT_OF_${name}}")
        endif()
    endforeach()
    list(JOIN missing ", " missing)
    set(${out} "${missing}" PARENT_SCOPE)
endfunction()
