/* Facts: each kind comes back, each limit holds on both sides. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUN_BYTES ((size_t)1 << 20)
static uint8_t run[RUN_BYTES];
static uint8_t letters[PATH_MAX_BYTES + 1];
static struct fact_storage storage;

static struct bytes text_of(size_t size)
{
    memset(letters, 'x', sizeof letters);
    return bytes_of(letters, size);
}

/* Writes, reads, and tries each cut and (for short ones) each flipped bit. */
static struct fact round_trip(const struct fact *fact)
{
    struct facts_writer writer = {.at = run, .capacity = RUN_BYTES};
    facts_write(&writer, fact);
    assert_int_equal(writer.count, 1);
    struct fact out;
    size_t offset;
    static uint8_t copy[RUN_BYTES];
    for (size_t size = 1; size < writer.size; size += 1 + writer.size / 4000) {
        memcpy(copy, run, size);
        offset = 0;
        assert_int_equal(facts_read(bytes_of(copy, size), &offset, &storage, &out), ERR_CORRUPT);
        assert_int_equal(offset, 0);
    }
    for (size_t bit = 0; bit < 8 * (writer.size < 300 ? writer.size : 300); bit++) {
        memcpy(copy, run, writer.size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        offset = 0;
        enum err err = facts_read(bytes_of(copy, writer.size), &offset, &storage, &out);
        assert_true(err == OK || err == ERR_CORRUPT || err == ERR_NEWER);
    }
    offset = 0;
    struct bytes all = bytes_of(run, writer.size);
    assert_int_equal(facts_read(all, &offset, &storage, &out), OK);
    assert_int_equal(offset, writer.size);
    assert_int_equal(out.kind, fact->kind);
    struct fact none;
    assert_int_equal(facts_read(all, &offset, &storage, &none), ERR_MISSING);
    return out;
}

static void start_clock_and_tick(void **state)
{
    (void)state;
    struct fact start = {.kind = FACT_START,
                         .start = {.reducer_version = UINT32_MAX, .program = text_of(9)}};
    struct fact out = round_trip(&start);
    assert_int_equal(out.start.reducer_version, UINT32_MAX);
    assert_true(bytes_equal(out.start.program, start.start.program));
    struct fact clock = {.kind = FACT_CLOCK,
                         .clock = {.wall_before_ns = INT64_MIN, .wall_after_ns = INT64_MAX}};
    out = round_trip(&clock);
    assert_true(out.clock.wall_before_ns == INT64_MIN && out.clock.wall_after_ns == INT64_MAX);
    struct fact tick = {.kind = FACT_TICK};
    round_trip(&tick);
}

static void rows_of_any_size(void **state)
{
    (void)state;
    static struct fact_row_point points[COLUMNS_MAX];
    static const uint16_t counts[] = {1, 2, 255, COLUMNS_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct fact fact = {.kind = FACT_ROW};
        for (uint16_t column = 0; column < counts[i]; column++)
            points[column] = (struct fact_row_point){
                (uint8_t)(1 + column % 4), text_of(column == 0 ? PATH_MAX_BYTES : column)};
        fact.row = (struct fact_row){.tenant = UINT32_MAX,
                                     .shape = {7, UINT32_MAX - COLUMNS_MAX + 1, counts[i]},
                                     .object = i % 2 != 0,
                                     .prefix = text_of(i == 0 ? 0 : PATH_MAX_BYTES),
                                     .points = points};
        struct fact out = round_trip(&fact);
        assert_int_equal(out.row.tenant, UINT32_MAX);
        assert_int_equal(out.row.shape.row, 7);
        assert_int_equal(out.row.shape.first_point, fact.row.shape.first_point);
        assert_int_equal(out.row.shape.count, counts[i]);
        assert_int_equal(out.row.object, fact.row.object);
        assert_true(bytes_equal(out.row.prefix, fact.row.prefix));
        for (uint16_t column = 0; column < counts[i]; column++) {
            assert_int_equal(out.row.points[column].type, points[column].type);
            assert_true(bytes_equal(out.row.points[column].metric, points[column].metric));
        }
    }
}

static struct point_settings settings_full(void)
{
    static struct label labels[LABELS_MAX];
    for (size_t i = 0; i < LABELS_MAX; i++)
        labels[i] = (struct label){text_of(LABEL_BYTES_MAX), text_of(i)};
    return (struct point_settings){.has = HAS_TYPE | HAS_UNIT | HAS_DESCRIPTION | HAS_LABELS |
                                          HAS_LIMITS,
                                   .type = VALUE_INT64,
                                   .unit = text_of(UNIT_BYTES_MAX),
                                   .description = text_of(DESCRIPTION_BYTES_MAX),
                                   .labels = labels,
                                   .label_count = LABELS_MAX,
                                   .limits = {NAN, -1.5, 0.0, INFINITY}};
}

static void assert_settings_same(const struct point_settings *a, const struct point_settings *b)
{
    assert_int_equal(a->has, b->has);
    if (a->has & HAS_TYPE)
        assert_int_equal(a->type, b->type);
    assert_true(bytes_equal(a->unit, b->unit));
    assert_true(bytes_equal(a->description, b->description));
    assert_int_equal(a->label_count, b->label_count);
    for (size_t i = 0; i < a->label_count; i++) {
        assert_true(bytes_equal(a->labels[i].name, b->labels[i].name));
        assert_true(bytes_equal(a->labels[i].value, b->labels[i].value));
    }
    for (size_t i = 0; (a->has & HAS_LIMITS) && i < LIMIT_KINDS; i++) {
        assert_true(isnan(a->limits[i]) == isnan(b->limits[i]));
        assert_true(isnan(a->limits[i]) || a->limits[i] == b->limits[i]);
    }
}

static void commands_of_each_kind(void **state)
{
    (void)state;
    for (uint8_t kind = COMMAND_CREATE; kind <= COMMAND_RETIRE; kind++) {
        for (uint8_t key_kind = KEY_NONE; key_kind <= KEY_FREE; key_kind++) {
            struct fact fact = {.kind = FACT_COMMAND};
            struct command *in = &fact.command;
            *in = (struct command){.kind = kind, .key_kind = key_kind, .tenant = 1};
            if (key_kind == KEY_SEQUENCE) {
                in->client = text_of(KEY_BYTES_MAX);
                in->sequence = UINT64_MAX;
            } else if (key_kind == KEY_FREE) {
                in->key = text_of(KEY_BYTES_MAX);
                in->key_wall_ns = INT64_MIN;
            }
            in->path = text_of(PATH_MAX_BYTES);
            if (kind == COMMAND_RENAME)
                in->new_path = text_of(PATH_MAX_BYTES);
            if (kind <= COMMAND_CHANGE)
                in->settings = settings_full();
            if (kind == COMMAND_CREATE && key_kind != KEY_NONE) { /* with none it says nothing */
                in->rows_before = key_kind == KEY_FREE ? 1 : UINT32_MAX - 2 * COLUMNS_MAX;
                in->points_before = key_kind == KEY_FREE ? 1 : UINT32_MAX - 2 * COLUMNS_MAX;
            }
            struct command out = round_trip(&fact).command;
            assert_int_equal(out.kind, kind);
            assert_int_equal(out.key_kind, key_kind);
            assert_int_equal(out.tenant, 1);
            assert_true(bytes_equal(out.client, in->client));
            assert_true(out.sequence == in->sequence && out.key_wall_ns == in->key_wall_ns);
            assert_true(bytes_equal(out.key, in->key));
            assert_true(bytes_equal(out.path, in->path));
            assert_true(bytes_equal(out.new_path, in->new_path));
            assert_settings_same(&in->settings, &out.settings);
            assert_int_equal(out.rows_before, in->rows_before);
            assert_int_equal(out.points_before, in->points_before);
        }
    }
}

static void only_what_is_named_is_set(void **state)
{
    (void)state;
    for (uint32_t has = 0; has < 32; has++) {
        struct fact fact = {.kind = FACT_COMMAND};
        fact.command = (struct command){.kind = COMMAND_CHANGE, .tenant = 1, .path = text_of(3)};
        struct point_settings all = settings_full();
        struct point_settings *in = &fact.command.settings;
        *in = all;
        in->has = has;
        struct fact out = round_trip(&fact);
        if (!(has & HAS_UNIT))
            in->unit = (struct bytes){0};
        if (!(has & HAS_DESCRIPTION))
            in->description = (struct bytes){0};
        if (!(has & HAS_LABELS))
            in->label_count = 0;
        assert_settings_same(in, &out.command.settings);
    }
}

/* A fact by hand: kind, length, payload. */
static enum err read_bytes(const uint8_t *at, size_t size)
{
    struct fact out;
    size_t offset = 0;
    return facts_read(bytes_of(at, size), &offset, &storage, &out);
}

/* With as many labels as there may be, and written as the kind that older readers know as newer. */
static void rows_with_labels(void **state)
{
    (void)state;
    static struct label labels[LABELS_MAX];
    static uint8_t wide[FACT_ROW_BYTES_MAX(1, 1) +
                        FACT_LABELS_BYTES_MAX(LABELS_MAX, LABELS_MAX * 2 * LABEL_BYTES_MAX)];
    static const uint16_t counts[] = {0, 1, LABELS_MAX};
    struct fact_row_point point = {VALUE_BOOL, text_of(1)};
    for (size_t i = 0; i < LABELS_MAX; i++)
        labels[i] = (struct label){text_of(LABEL_BYTES_MAX), text_of(i == 0 ? 0 : LABEL_BYTES_MAX)};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct fact fact = {.kind = FACT_ROW,
                            .row = {.tenant = 1,
                                    .shape = {3, 4, 1},
                                    .points = &point,
                                    .labels = labels,
                                    .label_count = counts[i]}};
        struct facts_writer writer = {.at = wide, .capacity = sizeof wide};
        facts_write(&writer, &fact);
        assert_int_equal(wide[0], counts[i] == 0 ? FACT_ROW : FACT_ROW_LABELED);
        size_t offset = 0;
        struct fact out;
        assert_int_equal(facts_read(bytes_of(wide, writer.size), &offset, &storage, &out), OK);
        assert_int_equal(out.kind, FACT_ROW);
        assert_int_equal(out.row.label_count, counts[i]);
        for (size_t label = 0; label < counts[i]; label++) {
            assert_true(bytes_equal(out.row.labels[label].name, labels[label].name));
            assert_true(bytes_equal(out.row.labels[label].value, labels[label].value));
        }
        if (counts[i] == LABELS_MAX) { /* one more, as it would stand there */
            size_t at = writer.size - 1;
            while (wide[at] != LABELS_MAX)
                at--;
            wide[at] = LABELS_MAX + 1;
            assert_int_equal(read_bytes(wide, writer.size), ERR_CORRUPT);
        }
    }
}

static void limits_from_outside(void **state)
{
    (void)state;
    assert_int_equal(read_bytes((const uint8_t[]){0, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){5, 0}, 2), OK);
    assert_int_equal(read_bytes((const uint8_t[]){6, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){7, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){8, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){9, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){10, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){11, 0}, 2), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){12, 0}, 2), ERR_NEWER);
    /* row: tenant, row, first point, points - 1, object, prefix "", type, metric "m", labels */
    assert_int_equal(read_bytes((const uint8_t[]){2, 9, 1, 1, 1, 0, 0, 0, 1, 1, 'm'}, 11), OK);
    assert_int_equal(read_bytes((const uint8_t[]){2, 10, 1, 1, 1, 0, 0, 0, 1, 1, 'm', 1}, 12),
                     ERR_CORRUPT);
    assert_int_equal(
        read_bytes((const uint8_t[]){6, 13, 1, 1, 1, 0, 0, 0, 1, 1, 'm', 1, 1, 'a', 0}, 15), OK);
    assert_int_equal(read_bytes((const uint8_t[]){6, 10, 1, 1, 1, 0, 0, 0, 1, 1, 'm', 0}, 12),
                     ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){6, 9, 1, 1, 1, 0, 0, 0, 1, 1, 'm'}, 11),
                     ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){5, 1, 0}, 3), ERR_CORRUPT); /* a byte too many */
    assert_int_equal(read_bytes((const uint8_t[]){5, 1}, 2), ERR_CORRUPT);
    /* command: kind, key kind, tenant, path "", has */
    assert_int_equal(read_bytes((const uint8_t[]){3, 5, 2, 0, 1, 0, 0}, 7), OK);
    assert_int_equal(read_bytes((const uint8_t[]){3, 5, 2, 0, 1, 0, 32}, 7), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){3, 5, 0, 0, 1, 0, 0}, 7), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){3, 4, 4, 0, 1, 0}, 6), OK);
    assert_int_equal(read_bytes((const uint8_t[]){3, 4, 5, 0, 1, 0}, 6), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){3, 4, 4, 3, 1, 0}, 6), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){3, 6, 2, 0, 1, 0, 1, 4}, 8), OK);
    assert_int_equal(read_bytes((const uint8_t[]){3, 6, 2, 0, 1, 0, 1, 5}, 8), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){3, 6, 2, 0, 1, 0, 16, 0}, 8), OK);
    assert_int_equal(read_bytes((const uint8_t[]){3, 6, 2, 0, 1, 0, 16, 16}, 8), ERR_CORRUPT);
    static const uint8_t nan_limit[] = {3, 14, 2, 0, 1, 0, 16, 1, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
    assert_int_equal(read_bytes(nan_limit, sizeof nan_limit), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_clock_and_tick),  cmocka_unit_test(rows_of_any_size),
        cmocka_unit_test(commands_of_each_kind), cmocka_unit_test(only_what_is_named_is_set),
        cmocka_unit_test(limits_from_outside),   cmocka_unit_test(rows_with_labels),
    };
    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
