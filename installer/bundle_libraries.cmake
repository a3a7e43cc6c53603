# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Run at installation. Copies to `destination` what `programs` and `libraries` load, each under the name by which it is
# asked for, and to `licences` the licence texts of their packages and of those that `others`, which are installed too, come
# with. The C library and what belongs to NVIDIA stay the machine's own.
file(GET_RUNTIME_DEPENDENCIES
    EXECUTABLES ${programs}
    LIBRARIES ${libraries}
    RESOLVED_DEPENDENCIES_VAR found
    UNRESOLVED_DEPENDENCIES_VAR missing
    PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec)[.]so" "^libcu" "^libnv" "^libgptq_")
if(missing)
    message(FATAL_ERROR "These libraries are needed and were not found: ${missing}")
endif()

find_program(DPKG_QUERY dpkg-query)
set(common_licences /usr/share/common-licenses)  # Debian's, which its packages' texts refer to

# The package that a file came with; empty: not known. A package may name its files without the leading /usr.
function(find_package_of file variable)
    set(${variable} "" PARENT_SCOPE)
    if(NOT DPKG_QUERY)
        return()
    endif()
    string(REGEX REPLACE "^/usr" "" short "${file}")
    foreach(path IN ITEMS "${file}" "${short}")
        execute_process(COMMAND "${DPKG_QUERY}" --search "${path}" OUTPUT_VARIABLE owner RESULT_VARIABLE failed ERROR_QUIET)
        if(NOT failed AND owner MATCHES "^([^:,]+)[:,]")
            set(${variable} "${CMAKE_MATCH_1}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

file(MAKE_DIRECTORY "${destination}" "${licences}")
foreach(library IN LISTS found)
    get_filename_component(name "${library}" NAME)
    file(REAL_PATH "${library}" library)
    file(COPY_FILE "${library}" "${destination}/${name}" ONLY_IF_DIFFERENT)
endforeach()

set(untold "")
foreach(file IN LISTS found others)
    get_filename_component(name "${file}" NAME)
    file(REAL_PATH "${file}" file)
    find_package_of("${file}" package)
    set(text "/usr/share/doc/${package}/copyright")
    if(NOT package OR NOT EXISTS "${text}")
        list(APPEND untold "${name}")
        continue()
    endif()
    file(COPY_FILE "${text}" "${licences}/${package}.txt" ONLY_IF_DIFFERENT)
    file(STRINGS "${text}" references REGEX "${common_licences}/")
    foreach(line IN LISTS references)
        if(line MATCHES "${common_licences}/([A-Za-z0-9.-]*[A-Za-z0-9])" AND EXISTS "${common_licences}/${CMAKE_MATCH_1}")
            file(REAL_PATH "${common_licences}/${CMAKE_MATCH_1}" common)  # GPL names the newest by a link
            file(COPY_FILE "${common}" "${licences}/${CMAKE_MATCH_1}" ONLY_IF_DIFFERENT)
        endif()
    endforeach()
endforeach()
if(untold)
    message(WARNING "The licence texts of these files were not found; add them to ${licences} before you pass the folder on: "
                    "${untold}")
endif()
