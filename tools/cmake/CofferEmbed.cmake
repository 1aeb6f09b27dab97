# SPDX-License-Identifier: BSL-1.0

# coffer_embed(<target> FUNCTION <name> HEADER <header> PREFIX </path> FILES <file>…)
#
# A static library that holds files as bytes, so that a program carries its web page with it. CMake
# alone makes its source, anew whenever a file changes. The files are relative to the calling folder;
# their function, declared in the header, is
#   auto <name>() noexcept -> std::span<const coffer::http::asset>;
# Each has the path <prefix>/<file>, but for index.html, which is /index.html.

if(CMAKE_SCRIPT_MODE_FILE)
    # Called as a script at build time: OUTPUT, FUNCTION, HEADER, PREFIX, FOLDER, and FILES parted by
    # commas.
    string(REPLACE "," ";" FILES "${FILES}")
    set(type_html "text/html; charset=utf-8")
    set(type_css "text/css; charset=utf-8")
    set(type_js "text/javascript; charset=utf-8")
    set(type_svg "image/svg+xml")
    set(arrays "")
    set(rows "")
    set(number 0)
    foreach(file IN LISTS FILES)
        string(REGEX REPLACE ".*\\." "" extension "${file}")
        if(NOT DEFINED type_${extension})
            message(FATAL_ERROR "${file}: no content type is known for .${extension}")
        endif()
        file(READ "${FOLDER}/${file}" hex HEX)
        file(SHA256 "${FOLDER}/${file}" hash)
        file(SIZE "${FOLDER}/${file}" size)
        string(SUBSTRING "${hash}" 0 32 hash)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
        # Lines of 16 bytes: some compilers and most people dislike longer ones.
        set(byte "0x..,")
        string(REPEAT "${byte}" 16 line)
        string(REGEX REPLACE "(${line})" "\\1\n" hex "${hex}")
        set(path "${PREFIX}/${file}")
        if(file STREQUAL "index.html")
            set(path "/index.html")
        endif()
        string(APPEND arrays "constexpr unsigned char file_${number}[] = {\n${hex}0};\n")
        string(APPEND rows "    {\"${path}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\",\n"
            "     {reinterpret_cast<const char*>(file_${number}), ${size}}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    file(WRITE "${OUTPUT}" "// Made by CofferEmbed.cmake.\n#include <${HEADER}>\n\nnamespace {\n"
        "${arrays}const coffer::http::asset files[] = {\n${rows}};\n} // namespace\n\n"
        "auto ${FUNCTION}() noexcept -> std::span<const coffer::http::asset> {\n"
        "    return files;\n}\n")
    return()
endif()

set(coffer_embed_script "${CMAKE_CURRENT_LIST_FILE}")

function(coffer_embed target)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "FUNCTION;HEADER;PREFIX" "FILES")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
    list(TRANSFORM ARG_FILES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
    list(JOIN ARG_FILES "," files)
    add_custom_command(OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DFUNCTION=${ARG_FUNCTION}"
            "-DHEADER=${ARG_HEADER}" "-DPREFIX=${ARG_PREFIX}"
            "-DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}" "-DFILES=${files}" -P "${coffer_embed_script}"
        DEPENDS ${paths} "${coffer_embed_script}" VERBATIM
        COMMENT "Embedding ${target}")
    add_library(${target} STATIC EXCLUDE_FROM_ALL "${output}")
    target_include_directories(${target} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/..")
    target_link_libraries(${target} PUBLIC coffer::http PRIVATE coffer_private_options)
endfunction()
