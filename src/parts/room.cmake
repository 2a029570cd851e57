# memory_test refuses memory: what the rooms ask of the C library goes through it.
if(MAINSTEM_TESTS)
    cmake_language(DEFER CALL target_link_options parts_memory_test PRIVATE
        "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray")
endif()
