# SPDX-License-Identifier: BSL-1.0

# coffer_component(<name> HEADERS <header>… [DEPENDS <name>…] [GLUE <header>=<dependency>…])
#
# One part of the library that is linked on its own: the INTERFACE target coffer_<name>, known to
# everybody as coffer::<name>, installed with its headers, its own export and its own .pc file.
#  HEADERS  listed by hand, relative to the calling folder
#  DEPENDS  other components (coffer::core) and dependencies (boost_json: CofferDependencies.cmake)
#  GLUE     headers that adapt to a library which only those who include them need to have
# If something in DEPENDS is not there, no target is made and one line says why (an error with
# COFFER_WITH_<NAME>=ON): callers go on with `if(NOT TARGET coffer::<name>) return()`.
function(coffer_component name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "HEADERS;DEPENDS;GLUE")
    if(ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "coffer_component(${name}): what is '${ARG_UNPARSED_ARGUMENTS}'?")
    endif()
    coffer_component_base_(base)
    list(TRANSFORM ARG_DEPENDS REPLACE "^coffer::" "")
    set(glue "")
    foreach(pair IN LISTS ARG_GLUE)
        string(REGEX REPLACE "=.*" "" header "${pair}")
        list(APPEND glue "${header}")
    endforeach()
    set(headers ${ARG_HEADERS} ${glue})
    list(TRANSFORM headers PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    # Before anything is left out: the test that nothing is forgotten wants them all.
    set_property(GLOBAL APPEND PROPERTY COFFER_LISTED_HEADERS ${headers})

    coffer_component_wanted_(${name} "${ARG_DEPENDS}" wanted)
    if(NOT wanted)
        return()
    endif()
    add_library(coffer_${name} INTERFACE)
    add_library(coffer::${name} ALIAS coffer_${name})
    target_compile_features(coffer_${name} INTERFACE cxx_std_20)
    if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
        target_sources(coffer_${name} INTERFACE
            FILE_SET HEADERS BASE_DIRS "${base}" FILES ${headers})
    else()
        target_include_directories(coffer_${name} INTERFACE "$<BUILD_INTERFACE:${base}>")
    endif()
    set(components "")
    set(dependencies "")
    foreach(item IN LISTS ARG_DEPENDS)
        if(DEFINED COFFER_TARGET_OF_${item})
            list(APPEND dependencies ${item})
            target_link_libraries(coffer_${name} INTERFACE "${COFFER_TARGET_OF_${item}}")
        else()
            list(APPEND components ${item})
            target_link_libraries(coffer_${name} INTERFACE coffer_${item})
        endif()
    endforeach()
    set_target_properties(coffer_${name} PROPERTIES
        EXPORT_NAME ${name}
        COFFER_BASE "${base}"
        COFFER_HEADERS "${headers}"
        COFFER_GLUE "${ARG_GLUE}"
        COFFER_COMPONENTS "${components}"
        COFFER_DEPENDENCIES "${dependencies}"
    )
    set_property(GLOBAL APPEND PROPERTY COFFER_COMPONENTS ${name})
endfunction()

# Exactly two include folders: which of them the calling folder lies in.
function(coffer_component_base_ out)
    foreach(base IN ITEMS include backends)
        set(base "${PROJECT_SOURCE_DIR}/${base}")
        if("${CMAKE_CURRENT_SOURCE_DIR}/" MATCHES "^${base}/")
            set(${out} "${base}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "A component lives below include/ or backends/, not in "
        "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

# Whether the component is to be made, by COFFER_WITH_<NAME> and by what is there.
function(coffer_component_wanted_ name depends out)
    set(${out} TRUE PARENT_SCOPE)
    if(name STREQUAL "core")
        coffer_missing_dependencies(lacks ${depends})
        if(lacks)
            message(FATAL_ERROR "coffer::core needs ${lacks}")
        endif()
        return()
    endif()
    string(TOUPPER "${name}" option)
    coffer_with(${option} "Offer coffer::${name}")
    if(COFFER_WITH_${option} STREQUAL "OFF")
        set(${out} FALSE PARENT_SCOPE)
        message(STATUS "coffer::${name} is left out: COFFER_WITH_${option}=OFF")
        return()
    endif()
    set(lacks "")
    foreach(item IN LISTS depends)
        if(DEFINED COFFER_TARGET_OF_${item})
            coffer_missing_dependencies(text ${item})
        elseif(NOT TARGET coffer_${item})
            set(text "coffer::${item}")
        else()
            set(text "")
        endif()
        list(APPEND lacks ${text})
    endforeach()
    if(lacks)
        set(${out} FALSE PARENT_SCOPE)
        list(JOIN lacks ", " lacks)
        if(COFFER_WITH_${option} STREQUAL "AUTO")
            message(STATUS "coffer::${name} is left out: needs ${lacks}")
        else()
            message(FATAL_ERROR "COFFER_WITH_${option}=ON: coffer::${name} needs ${lacks}")
        endif()
    endif()
endfunction()
