# The demo's data is embedded into the program: demo_data.c takes it in with .incbin, so the compiler
# must be told where it lies and that the object depends on it.
file(GLOB_RECURSE demo_data_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/demo/data/*.zst"
    "${CMAKE_SOURCE_DIR}/demo/data/*.csv")
set_source_files_properties("${CMAKE_SOURCE_DIR}/src/cli/demo_data.c" PROPERTIES
    COMPILE_DEFINITIONS "DEMO_DATA_FOLDER=\"${CMAKE_SOURCE_DIR}/demo/data\""
    OBJECT_DEPENDS "${demo_data_files}")
