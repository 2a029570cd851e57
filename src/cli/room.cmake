# The demo's data is embedded by the assembler: the object is older than a change of the data.
file(GLOB_RECURSE demo_data_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/demo/data/*.zst"
    "${CMAKE_SOURCE_DIR}/demo/data/*.csv")
set_source_files_properties("${CMAKE_SOURCE_DIR}/src/cli/demo_data.c" PROPERTIES
    OBJECT_DEPENDS "${demo_data_files}")
