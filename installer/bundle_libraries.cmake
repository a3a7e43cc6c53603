# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Run at installation. Copies to `destination` what `programs` and `libraries` load, each under the name by which it is
# asked for. The C library and what belongs to NVIDIA stay the machine's own.
file(GET_RUNTIME_DEPENDENCIES
    EXECUTABLES ${programs}
    LIBRARIES ${libraries}
    RESOLVED_DEPENDENCIES_VAR found
    UNRESOLVED_DEPENDENCIES_VAR missing
    PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec)[.]so" "^libcu" "^libnv" "^libgptq_")
if(missing)
    message(FATAL_ERROR "These libraries are needed and were not found: ${missing}")
endif()
file(MAKE_DIRECTORY "${destination}")
foreach(library IN LISTS found)
    get_filename_component(name "${library}" NAME)
    file(REAL_PATH "${library}" library)
    file(COPY_FILE "${library}" "${destination}/${name}" ONLY_IF_DIFFERENT)
endforeach()
