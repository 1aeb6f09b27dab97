# SPDX-License-Identifier: BSL-1.0
# Runs GENERATOR in an empty FOLDER and compares what it writes with what is KEPT.
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
execute_process(COMMAND "${GENERATOR}" "${FOLDER}" COMMAND_ERROR_IS_FATAL ANY)
foreach(name IN ITEMS tree.json negatives.json)
    file(SHA256 "${FOLDER}/${name}" made)
    file(SHA256 "${KEPT}/${name}" kept)
    if(NOT made STREQUAL kept)
        message(FATAL_ERROR "${name} is not what the generator writes: if that is meant, copy it "
            "from ${FOLDER}")
    endif()
endforeach()
