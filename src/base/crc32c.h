/* The two bodies of crc32c, apart so that a test can hold them against each other. */
#pragma once

#include "base/base.h"

/* Slicing-by-8 with tables: any machine, about 2 bytes a nanosecond. */
uint32_t crc32c_software(uint32_t seed, const void *at, size_t size);
/* The processor's instruction; the same as crc32c_software where there is none. */
uint32_t crc32c_hardware(uint32_t seed, const void *at, size_t size);
