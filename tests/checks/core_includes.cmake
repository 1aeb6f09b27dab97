# SPDX-License-Identifier: BSL-1.0
# cmake -DCOMPILER=<c++> -DUNIT=<umbrella> -DROOT=<project> -P core_includes.cmake
# Fails if a unit that includes the whole core reads a file of another library or of a backend.
# Whatever the compiler finds outside the core must be what it also finds for the headers of the
# standard library and the few of the system that are named here. Writes <umbrella>.standard.cpp.
cmake_minimum_required(VERSION 3.22)

# C++20, but not what it deprecates, and not <execution>: libstdc++'s includes TBB where that is
# installed.
set(standard
    algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts
    condition_variable coroutine deque exception filesystem format forward_list fstream functional
    future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale
    map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio
    regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
    stop_token streambuf string string_view syncstream system_error thread tuple type_traits
    typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg
    cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
    assert.h ctype.h errno.h fenv.h float.h inttypes.h limits.h locale.h math.h setjmp.h signal.h
    stdarg.h stddef.h stdint.h stdio.h stdlib.h string.h time.h uchar.h wchar.h wctype.h)
# Of the system, where it has them: memory that is locked, pages, and the seed of a hash.
set(system sys/mman.h sys/random.h unistd.h)

# Sets `out` to the files that the compiler reads for a unit.
function(files_read unit out)
    execute_process(COMMAND "${COMPILER}" -std=c++20 -I "${ROOT}/include" -M "${unit}"
        OUTPUT_VARIABLE output RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${unit} does not compile")
    endif()
    string(REGEX REPLACE "^[^:]*:" "" output "${output}") # the object
    string(REGEX REPLACE "\\\\?\n" " " output "${output}")
    separate_arguments(paths UNIX_COMMAND "${output}")
    set(files "")
    foreach(path IN LISTS paths)
        file(REAL_PATH "${path}" file)
        list(APPEND files "${file}")
    endforeach()
    list(REMOVE_DUPLICATES files)
    set(${out} "${files}" PARENT_SCOPE)
endfunction()

set(text "")
foreach(header IN LISTS standard system)
    string(APPEND text "#if __has_include(<${header}>)\n#include <${header}>\n#endif\n")
endforeach()
file(WRITE "${UNIT}.standard.cpp" "${text}")
files_read("${UNIT}.standard.cpp" allowed)
files_read("${UNIT}" found)

file(REAL_PATH "${UNIT}" unit)
file(REAL_PATH "${ROOT}/include/coffer" core)
set(foreign "")
set(own 0)
foreach(file IN LISTS found)
    cmake_path(IS_PREFIX core "${file}" below_core)
    file(RELATIVE_PATH below "${core}" "${file}")
    if(below_core AND NOT below MATCHES "^(asio|http|testing)/")
        math(EXPR own "${own} + 1")
    elseif(NOT file STREQUAL unit AND NOT file IN_LIST allowed)
        list(APPEND foreign "${file}")
    endif()
endforeach()
if(foreign)
    list(JOIN foreign "\n  " foreign)
    message(FATAL_ERROR "The core reaches files that it must not:\n  ${foreign}")
endif()
if(own LESS 10)
    message(FATAL_ERROR "The umbrella includes only ${own} headers of the core: what went wrong?")
endif()
message("${own} headers of the core, the standard library and nothing else")
