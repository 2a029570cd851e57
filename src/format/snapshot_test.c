/* Snapshots: header, pages, end mark. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define PAGE 512

static void headers_come_back(void **state)
{
    (void)state;
    uint8_t block[SNAPSHOT_HEADER_SIZE];
    struct snapshot_header in = {.version = FORMAT_VERSION,
                                 .reducer_version = 3,
                                 .journal = {1, UINT64_MAX},
                                 .position = 77,
                                 .segment_number = 5,
                                 .engine_ns = -1,
                                 .wall_ns = INT64_MAX};
    for (uint64_t i = 0; i < 16; i++)
        in.counters[i] = i * i + 1;
    snapshot_header_put(block, &in);
    struct snapshot_header out;
    assert_int_equal(snapshot_header_get(bytes_of(block, sizeof block), &out), OK);
    assert_memory_equal(&in, &out, sizeof in);
    for (size_t bit = 0; bit < 8 * sizeof block; bit += 3) {
        block[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(snapshot_header_get(bytes_of(block, sizeof block), &out), ERR_CORRUPT);
        block[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(snapshot_header_get(bytes_of(block, sizeof block - 1), &out), ERR_CORRUPT);
}

static void newer_headers_are_named(void **state)
{
    (void)state;
    uint8_t block[SNAPSHOT_HEADER_SIZE];
    struct snapshot_header in = {.version = FORMAT_VERSION}, out;
    snapshot_header_put(block, &in);
    static const struct {
        uint32_t version;
        enum err err;
    } versions[] = {{0, ERR_CORRUPT}, {FORMAT_VERSION, OK}, {FORMAT_VERSION + 1, ERR_NEWER}};
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        store_u32(block + 8, versions[i].version);
        store_u32(block + sizeof block - 4, crc32c(0, block, sizeof block - 4));
        assert_int_equal(snapshot_header_get(bytes_of(block, sizeof block), &out), versions[i].err);
        if (versions[i].err == ERR_NEWER)
            assert_int_equal(out.version, versions[i].version);
    }
}

static void pages_come_back(void **state)
{
    (void)state;
    uint8_t at[SNAPSHOT_PAGE_HEADER_SIZE + PAGE];
    memset(at, 0x5a, sizeof at);
    snapshot_page_put(at, 4, UINT32_MAX, bytes_of(at + SNAPSHOT_PAGE_HEADER_SIZE, PAGE));
    uint32_t table = 0, page = 0;
    struct bytes b = bytes_of(at, sizeof at);
    assert_int_equal(snapshot_page_get(b, PAGE, &table, &page), OK);
    assert_int_equal(table, 4);
    assert_int_equal(page, UINT32_MAX);
    assert_int_equal(snapshot_page_get(b, PAGE - 1, &table, &page), ERR_CORRUPT);
    assert_int_equal(snapshot_page_get(b, PAGE + 1, &table, &page), ERR_CORRUPT);
    assert_int_equal(snapshot_page_get(b, SIZE_MAX, &table, &page), ERR_CORRUPT);
    for (size_t bit = 0; bit < 8 * sizeof at; bit++) {
        at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(snapshot_page_get(b, PAGE, &table, &page), ERR_CORRUPT);
        at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < sizeof at; size++)
        assert_int_equal(snapshot_page_get(bytes_of(at, size), PAGE, &table, &page), ERR_CORRUPT);
}

static void the_end_mark_ends_the_pages(void **state)
{
    (void)state;
    uint8_t at[SNAPSHOT_END_SIZE];
    snapshot_end_put(at, 12, UINT64_C(0xdeadbeefcafef00d));
    uint64_t pages, state_hash;
    uint32_t table, page;
    struct bytes b = bytes_of(at, sizeof at);
    assert_int_equal(snapshot_end_get(b, &pages, &state_hash), OK);
    assert_true(pages == 12 && state_hash == UINT64_C(0xdeadbeefcafef00d));
    assert_int_equal(snapshot_page_get(b, PAGE, &table, &page), ERR_MISSING);
    for (size_t bit = 0; bit < 8 * sizeof at; bit++) {
        at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(snapshot_end_get(b, &pages, &state_hash), ERR_CORRUPT);
        assert_int_equal(snapshot_page_get(b, PAGE, &table, &page), ERR_CORRUPT);
        at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(snapshot_end_get(bytes_of(at, sizeof at - 1), &pages, &state_hash),
                     ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_back),
        cmocka_unit_test(newer_headers_are_named),
        cmocka_unit_test(pages_come_back),
        cmocka_unit_test(the_end_mark_ends_the_pages),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
