/* Golden files in memory, for the tests that make and read them. */
#pragma once

#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define GOLDEN_DIR "tests/golden/v1/"
#define FILE_BYTES_MAX ((size_t)1 << 18)
#define LANE_ALIGN 8 /* of batches in squeezed files */

struct file {
    const char *name;
    uint8_t *at; /* FILE_BYTES_MAX of room */
    size_t size;
};

static inline void file_init(struct file *file, const char *name)
{
    *file = (struct file){.name = name, .at = calloc(1, FILE_BYTES_MAX)};
    assert_non_null(file->at);
}

static inline void file_done(struct file *file)
{
    free(file->at);
}

static inline void file_read(struct file *file)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", GOLDEN_DIR, file->name);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        fail_msg("%s is missing", path);
    file->size = fread(file->at, 1, FILE_BYTES_MAX, stream);
    assert_int_equal(ferror(stream), 0);
    fclose(stream);
}

static inline void file_write(const struct file *file)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", GOLDEN_DIR, file->name);
    FILE *stream = fopen(path, "wb");
    if (!stream)
        fail_msg("%s cannot be written", path);
    assert_int_equal(fwrite(file->at, 1, file->size, stream), file->size);
    assert_int_equal(fclose(stream), 0);
}

static inline void file_print(struct file *file, const char *format, ...) PRINTF_LIKE(2, 3);
static inline void file_print(struct file *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size =
        vsnprintf((char *)file->at + file->size, FILE_BYTES_MAX - file->size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < FILE_BYTES_MAX - file->size);
    file->size += (size_t)size;
}

static inline void list_text(struct file *listing, const char *name, struct bytes text)
{
    file_print(listing, " %s=\"%.*s\"", name, (int)text.size, (const char *)text.at);
}
