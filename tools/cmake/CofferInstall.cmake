# SPDX-License-Identifier: BSL-1.0
# Installs every component on its own: headers, a CMake export, a .pc file. The packages below
# share/ suit every architecture.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(coffer_cmake_dir "${CMAKE_INSTALL_DATADIR}/cmake/coffer")
set(coffer_staging "${PROJECT_BINARY_DIR}/package")

# The pkg-config file of a component.
function(coffer_write_pc_ name)
    get_target_property(components coffer_${name} COFFER_COMPONENTS)
    get_target_property(dependencies coffer_${name} COFFER_DEPENDENCIES)
    set(requires ${components})
    list(TRANSFORM requires PREPEND "coffer-")
    list(JOIN requires ", " requires)
    set(libs "")
    foreach(dependency IN LISTS dependencies)
        list(APPEND libs ${COFFER_PKGCONFIG_OF_${dependency}})
    endforeach()
    list(JOIN libs " " libs)
    set(kind "header-only")
    set(source "")
    if("redis_client" IN_LIST dependencies)
        set(kind "with a source to compile")
        set(source "source=\${prefix}/${coffer_cmake_dir}/redis/redis.cpp\n")
    endif()
    file(RELATIVE_PATH prefix "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
    string(REGEX REPLACE "/$" "" prefix "${prefix}")
    configure_file("${PROJECT_SOURCE_DIR}/tools/cmake/coffer.pc.in"
        "${coffer_staging}/coffer-${name}.pc" @ONLY)
    install(FILES "${coffer_staging}/coffer-${name}.pc"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endfunction()

function(coffer_install_component_ name)
    get_target_property(base coffer_${name} COFFER_BASE)
    get_target_property(headers coffer_${name} COFFER_HEADERS)
    get_target_property(components coffer_${name} COFFER_COMPONENTS)
    get_target_property(dependencies coffer_${name} COFFER_DEPENDENCIES)
    if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
        install(TARGETS coffer_${name} EXPORT coffer-${name}
            FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    else()
        install(TARGETS coffer_${name} EXPORT coffer-${name}
            INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
        foreach(header IN LISTS headers)
            file(RELATIVE_PATH below "${base}" "${header}")
            get_filename_component(folder "${below}" DIRECTORY)
            install(FILES "${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${folder}")
        endforeach()
    endif()
    install(EXPORT coffer-${name} NAMESPACE coffer:: DESTINATION "${coffer_cmake_dir}"
        FILE coffer-${name}-targets.cmake)
    file(CONFIGURE OUTPUT "${coffer_staging}/coffer-${name}.cmake" @ONLY CONTENT
[=[# What coffer::@name@ needs: other components, and libraries of others.
set(coffer_components_of_@name@ "@components@")
set(coffer_dependencies_of_@name@ "@dependencies@")
]=])
    install(FILES "${coffer_staging}/coffer-${name}.cmake" DESTINATION "${coffer_cmake_dir}")
    coffer_write_pc_(${name})
endfunction()

get_property(coffer_components GLOBAL PROPERTY COFFER_COMPONENTS)
foreach(name IN LISTS coffer_components)
    coffer_install_component_(${name})
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/tools/cmake/cofferConfig.cmake.in"
    "${coffer_staging}/cofferConfig.cmake" INSTALL_DESTINATION "${coffer_cmake_dir}"
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${coffer_staging}/cofferConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    "${coffer_staging}/cofferConfig.cmake"
    "${coffer_staging}/cofferConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/tools/cmake/CofferDependencies.cmake"
    "${PROJECT_SOURCE_DIR}/tools/cmake/FindCryptoPP.cmake"
    "${PROJECT_SOURCE_DIR}/tools/cmake/boost_json_sources.cpp"
    DESTINATION "${coffer_cmake_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/backends/coffer/redis/src/redis.cpp"
    DESTINATION "${coffer_cmake_dir}/redis")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
