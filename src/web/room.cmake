# The console's files, made once for all build folders: scripts/build-console waits for its like and
# does nothing when nothing changed. A target of its own, so that it need not wait for other rooms.
set(console_files "${CMAKE_SOURCE_DIR}/build/console/files.c")
file(GLOB_RECURSE console_sources CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/console/src/*" "${CMAKE_SOURCE_DIR}/console/scripts/*")
add_custom_command(OUTPUT "${console_files}"
    COMMAND "${CMAKE_SOURCE_DIR}/scripts/build-console"
    DEPENDS ${console_sources} "${CMAKE_SOURCE_DIR}/scripts/build-console"
        "${CMAKE_SOURCE_DIR}/console/index.html" "${CMAKE_SOURCE_DIR}/console/package-lock.json"
        "${CMAKE_SOURCE_DIR}/console/vite.config.mjs"
    COMMENT "Building the console"
    VERBATIM)
add_custom_target(console DEPENDS "${console_files}")
target_sources(${target} PRIVATE "${console_files}")
add_dependencies(${target} console)
