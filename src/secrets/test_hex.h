/* Bytes as the standards print them. */
#pragma once

#include "base/base.h"

#include <stdio.h>
#include <string.h>

/* Two digits a byte; ret_at has room. */
static inline size_t hex_read(const char *digits, uint8_t *ret_at)
{
    size_t size = strlen(digits) / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned v = 0;
        check(sscanf(digits + 2 * i, "%2x", &v) == 1);
        ret_at[i] = (uint8_t)v;
    }
    return size;
}

static inline bool hex_equal(const char *digits, const uint8_t *at, size_t size)
{
    uint8_t wanted[256];
    check(strlen(digits) <= 2 * sizeof wanted);
    return hex_read(digits, wanted) == size && memcmp(wanted, at, size) == 0;
}

/* 0, 1, 2 .. */
static inline void count_up(uint8_t *at, size_t size, uint8_t from)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(from + i);
}
