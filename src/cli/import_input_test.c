#include "cli/import_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define SIZE ((size_t)700000) /* more than two pieces */
static uint8_t text[SIZE];
static char folder[] = "/tmp/import_input_test.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *at, size_t size)
{
    FILE *to = fopen(path_of(name), "we");
    assert_non_null(to);
    assert_int_equal(fwrite(at, 1, size, to), size);
    assert_int_equal(fclose(to), 0);
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (uint8_t)("abcdefgh"[hash64(&i, sizeof i, 0) & 7]);
    write_file("plain", text, SIZE);
    for (int members = 1; members <= 2; members++) { /* one, and two behind each other */
        gzFile to = gzopen(path_of(members == 1 ? "one.gz" : "two.gz"), "wb");
        gzwrite(to, text, (unsigned)(members == 1 ? SIZE : SIZE / 2));
        gzclose(to);
    }
    gzFile again = gzopen(path_of("two.gz"), "ab");
    gzwrite(again, text + SIZE / 2, SIZE - SIZE / 2);
    gzclose(again);
    size_t room = ZSTD_compressBound(SIZE);
    void *packed = malloc(room);
    size_t size = ZSTD_compress(packed, room, text, SIZE, 3);
    write_file("one.zst", packed, size);
    write_file("cut.zst", packed, size / 2);
    free(packed);
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* What is read from a place on is the text from there on; returns the error at the end. */
static enum err read_from(const char *name, uint64_t from, uint64_t *ret_count)
{
    struct import_input *input;
    struct bytes piece;
    enum err err = import_input_open(path_of(name), &input);
    if (err != OK)
        return err;
    uint64_t at = from;
    err = import_input_skip(input, from);
    while (err == OK && (err = import_input_next(input, &piece)) == OK && piece.size > 0) {
        assert_true(at + piece.size <= SIZE && memcmp(piece.at, text + at, piece.size) == 0);
        at += piece.size;
    }
    if (err == OK)
        assert_true(import_input_read(input) == import_input_all(input));
    import_input_close(input);
    *ret_count = at - from;
    return err;
}

static void test_whole_and_from_anywhere(void **state)
{
    static const char *const names[] = {"plain", "one.gz", "two.gz", "one.zst"};
    static const uint64_t places[] = {0, 1, 4095, INPUT_PIECE, INPUT_PIECE + 1, SIZE / 2, SIZE};
    uint64_t count;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        for (size_t j = 0; j < ARRAY_COUNT(places); j++) {
            assert_int_equal(read_from(names[i], places[j], &count), OK);
            assert_int_equal(count, SIZE - places[j]);
        }
}

static void test_what_is_no_file(void **state)
{
    uint64_t count;
    (void)state;
    assert_int_equal(read_from("none", 0, &count), ERR_MISSING);
    assert_int_equal(read_from(".", 0, &count), ERR_INVALID);
    assert_int_equal(read_from("cut.zst", 0, &count), ERR_CORRUPT);
    assert_int_equal(read_from("plain", SIZE + 1, &count), ERR_CORRUPT);
    assert_int_equal(read_from("one.gz", SIZE + 1, &count), ERR_CORRUPT);
}

/* A byte that is another, or an end that comes too early, is never passed over in silence. */
static void test_damaged_gzip(void **state)
{
    uint8_t packed[4096];
    uint64_t count;
    (void)state;
    gzFile to = gzopen(path_of("small.gz"), "wb");
    gzwrite(to, text, 1000);
    gzclose(to);
    FILE *from = fopen(path_of("small.gz"), "re");
    size_t size = fread(packed, 1, sizeof packed, from);
    fclose(from);
    for (size_t cut = 3; cut < size; cut++) {
        write_file("cut.gz", packed, cut);
        assert_int_not_equal(read_from("cut.gz", 0, &count), OK);
    }
}

static void test_identity(void **state)
{
    struct import_input *one, *other;
    (void)state;
    assert_int_equal(import_input_open(path_of("one.gz"), &one), OK);
    assert_int_equal(import_input_open(path_of("two.gz"), &other), OK);
    assert_true(import_input_identity(one) != import_input_identity(other));
    assert_true(import_input_identity(one) != 0);
    import_input_close(one);
    import_input_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_from_anywhere),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_damaged_gzip),
        cmocka_unit_test(test_identity),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
