# Warnings are errors; floating point is exact; the target is x86-64-v2 where that is the machine.
add_compile_options(
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough
    -Werror -ffp-contract=off -fno-strict-aliasing -fno-omit-frame-pointer)
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64 MAINSTEM_VERSION="${PROJECT_VERSION}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-march=x86-64-v2)
endif()
# Hardening, each with its price in instructions of the server for a value of ten over MQTT: calls of libc that
# know the size of their target (0.3 %), canaries, stacks that cannot leap over their guard page (under 0.1 %).
# Left out: -ftrivial-auto-var-init=zero (2.3 %; the core's records are initialised by hand), and -fcf-protection
# (0.9 % for nothing: Debian 12 starts no program with marks of branch targets, so the linker drops them).
# scripts/check-hardening looks whether a program has what is asked for here.
set(CMAKE_C_FLAGS_RELEASE
    "-O3 -g1 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
set(CMAKE_C_FLAGS_CHECKED "-O1 -g") # under sanitizers and fuzzers
# At an address nobody can guess, with tables that are read-only once it runs, and no stack that is code.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
if(MAINSTEM_SANITIZE STREQUAL "address")
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
    add_link_options(-fsanitize=address,undefined)
elseif(MAINSTEM_SANITIZE STREQUAL "thread")
    add_compile_options(-fsanitize=thread)
    add_link_options(-fsanitize=thread)
endif()
if(MAINSTEM_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    add_link_options(-fsanitize=address,undefined)
endif()
