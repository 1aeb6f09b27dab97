# SPDX-License-Identifier: BSL-1.0

# The name by which a header is included: "coffer/secret.hpp".
function(coffer_include_name_ component header out)
    get_target_property(base coffer_${component} COFFER_BASE)
    file(RELATIVE_PATH below "${base}" "${header}")
    set(${out} "${below}" PARENT_SCOPE)
endfunction()

# A component's headers that are included without anything but what the component needs, and those
# of its glue headers whose library is here.
function(coffer_checked_headers_ component out out_targets)
    get_target_property(headers coffer_${component} COFFER_HEADERS)
    get_target_property(glue coffer_${component} COFFER_GLUE)
    set(targets coffer_${component})
    foreach(pair IN LISTS glue)
        string(REPLACE "=" ";" pair "${pair}")
        list(GET pair 0 header)
        list(GET pair 1 dependency)
        coffer_find_dependencies(${dependency})
        coffer_missing_dependencies(lacks ${dependency})
        if(lacks)
            list(FILTER headers EXCLUDE REGEX "/${header}$")
            message(STATUS "${header} is not checked: needs ${lacks}")
        else()
            list(APPEND targets "${COFFER_TARGET_OF_${dependency}}")
        endif()
    endforeach()
    set(${out} "${headers}" PARENT_SCOPE)
    set(${out_targets} "${targets}" PARENT_SCOPE)
endfunction()

# coffer_umbrella(<component> <file>): writes a unit that includes all headers of a component.
function(coffer_umbrella component file)
    coffer_checked_headers_(${component} headers targets)
    set(text "")
    foreach(header IN LISTS headers)
        coffer_include_name_(${component} "${header}" name)
        string(APPEND text "#include <${name}>\n")
    endforeach()
    file(CONFIGURE OUTPUT "${file}" CONTENT "${text}" @ONLY)
endfunction()

# coffer_check_headers(<component>…): objects of each header alone, included twice; and a program
# of two units that each include everything, which links only if all that is defined is inline.
# Target coffer_header_checks builds it all, ctest runs the program as check.odr.
function(coffer_check_headers)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/headers")
    add_custom_target(coffer_header_checks)
    set(everything "")
    set(everything_targets "")
    foreach(component IN LISTS ARGN)
        coffer_checked_headers_(${component} headers targets)
        set(units "")
        foreach(header IN LISTS headers)
            coffer_include_name_(${component} "${header}" name)
            string(APPEND everything "#include <${name}>\n")
            set(unit "${folder}/${name}.cpp")
            file(CONFIGURE OUTPUT "${unit}" CONTENT "#include <${name}>\n#include <${name}>\n" @ONLY)
            list(APPEND units "${unit}")
        endforeach()
        add_library(coffer_headers_${component} OBJECT ${units})
        target_link_libraries(coffer_headers_${component} PRIVATE ${targets} coffer_private_options)
        target_compile_options(coffer_headers_${component} PRIVATE -O0 -g0)
        add_dependencies(coffer_header_checks coffer_headers_${component})
        list(APPEND everything_targets ${targets})
    endforeach()

    file(CONFIGURE OUTPUT "${folder}/everything.hpp" CONTENT "${everything}" @ONLY)
    file(CONFIGURE OUTPUT "${folder}/odr_1.cpp" CONTENT "#include \"everything.hpp\"\n" @ONLY)
    file(CONFIGURE OUTPUT "${folder}/odr_2.cpp" @ONLY
        CONTENT "#include \"everything.hpp\"\n\nint main() {}\n")
    list(REMOVE_DUPLICATES everything_targets)
    coffer_program(coffer_odr SOURCES "${folder}/odr_1.cpp" "${folder}/odr_2.cpp"
        LINK ${everything_targets})
    target_compile_options(coffer_odr PRIVATE -O0 -g0)
    add_dependencies(coffer_header_checks coffer_odr)
    add_test(NAME check.odr COMMAND coffer_odr)
endfunction()
