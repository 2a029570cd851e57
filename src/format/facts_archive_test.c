/* Commands about history: what is written is read back, at every limit; what no encoder of ours
 * wrote is refused; and the bytes are for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t written[FACT_BYTES_MAX];
static size_t written_size;
static struct fact_storage storage;

static struct fact round_trip(const struct command *command)
{
    struct fact fact = {.kind = FACT_ARCHIVE, .command = *command}, out;
    struct facts_writer writer = {.at = written, .capacity = sizeof written};
    size_t offset = 0;
    facts_write(&writer, &fact);
    written_size = writer.size;
    assert_int_equal(written[0], FACT_ARCHIVE);
    assert_int_equal(facts_read(bytes_of(written, writer.size), &offset, &storage, &out), OK);
    assert_int_equal(offset, writer.size);
    assert_int_equal(out.kind, FACT_ARCHIVE);
    assert_int_equal(out.command.kind, command->kind);
    assert_int_equal(out.command.tenant, command->tenant);
    return out;
}

static struct bytes text_of(size_t size)
{
    static char text[STRING_VALUE_MAX];
    memset(text, 'x', sizeof text);
    return bytes_of(text, size);
}

/* Bytes as they were written, one changed: never more than refused. */
static void assert_whole_or_refused(void)
{
    static uint8_t changed[FACT_BYTES_MAX];
    struct fact out;
    for (size_t i = 0; i < written_size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            size_t offset = 0;
            memcpy(changed, written, written_size);
            changed[i] ^= (uint8_t)(1u << bit);
            enum err err = facts_read(bytes_of(changed, written_size), &offset, &storage, &out);
            assert_true(err == OK || err == ERR_CORRUPT || err == ERR_NEWER);
        }
        size_t offset = 0;
        if (i > 0)
            assert_int_equal(facts_read(bytes_of(written, i), &offset, &storage, &out),
                             ERR_CORRUPT);
    }
}

static void test_policies(void **state)
{
    (void)state;
    struct command command = {.kind = COMMAND_POLICY_SET,
                              .tenant = 7,
                              .key_kind = KEY_FREE,
                              .key = text_of(KEY_BYTES_MAX),
                              .key_wall_ns = -1};
    command.policy = (struct command_policy){.name = text_of(POLICY_NAME_MAX),
                                             .pattern = text_of(POLICY_PATTERN_MAX),
                                             .rank = UINT32_MAX,
                                             .rules = {.deadband = 0.1,
                                                       .deadband_percent = 1e300,
                                                       .retention_ns = INT64_MAX,
                                                       .rollup_ns = {0, POLICY_NO_ROLLUP, 5},
                                                       .when_full = POLICY_FULL_DROP_OLDEST,
                                                       .priority = 100}};
    struct command_policy out = round_trip(&command).command.policy;
    assert_true(bytes_equal(out.name, command.policy.name));
    assert_true(bytes_equal(out.pattern, command.policy.pattern));
    assert_true(out.rank == UINT32_MAX && out.rules.deadband == 0.1);
    assert_true(out.rules.deadband_percent == 1e300 && out.rules.retention_ns == INT64_MAX);
    assert_true(out.rules.rollup_ns[1] == POLICY_NO_ROLLUP && out.rules.rollup_ns[2] == 5);
    assert_true(out.rules.when_full == POLICY_FULL_DROP_OLDEST && out.rules.priority == 100);
    command.policy.name = text_of(3);
    command.policy.pattern = text_of(3);
    round_trip(&command);
    assert_whole_or_refused();
    command.kind = COMMAND_POLICY_MOVE;
    out = round_trip(&command).command.policy;
    assert_true(out.name.size == 3 && out.rank == UINT32_MAX && out.pattern.size == 0);
    command.kind = COMMAND_POLICY_REMOVE;
    out = round_trip(&command).command.policy;
    assert_true(out.name.size == 3 && out.rank == 0);
}

static void test_erasures(void **state)
{
    (void)state;
    static struct point_range ranges[ERASE_RANGES_MAX];
    for (uint32_t i = 0; i < ERASE_RANGES_MAX; i++) /* far apart, and as long as they can be */
        ranges[i] = (struct point_range){i * 4000000 + 1, 3999998};
    struct command command = {.kind = COMMAND_ERASE, .tenant = UINT32_MAX};
    command.key_kind = KEY_SEQUENCE;
    command.client = text_of(KEY_BYTES_MAX);
    command.sequence = UINT64_MAX;
    command.erase = (struct command_erase){.complete = true,
                                           .from_ns = INT64_MIN,
                                           .to_ns = INT64_MAX,
                                           .pattern = text_of(POLICY_PATTERN_MAX),
                                           .reason = text_of(REASON_BYTES_MAX),
                                           .author = text_of(AUTHOR_BYTES_MAX),
                                           .ranges = ranges,
                                           .range_count = ERASE_RANGES_MAX};
    struct command_erase out = round_trip(&command).command.erase;
    assert_true(out.complete && out.erasure == 0 && out.range_count == ERASE_RANGES_MAX);
    assert_true(out.from_ns == INT64_MIN && out.to_ns == INT64_MAX);
    assert_int_equal(out.pattern.size, POLICY_PATTERN_MAX);
    assert_int_equal(out.reason.size, REASON_BYTES_MAX);
    assert_int_equal(out.author.size, AUTHOR_BYTES_MAX);
    assert_memory_equal(out.ranges, ranges, sizeof ranges);
    /* The next ones say the number and the ranges alone; the last id there is may be in it. */
    static const struct point_range last[] = {{1, 1}, {UINT32_MAX - 1, 1}};
    command = (struct command){.kind = COMMAND_ERASE, .tenant = 1};
    command.erase = (struct command_erase){
        .erasure = 9, .pattern = text_of(5), .ranges = last, .range_count = 2};
    out = round_trip(&command).command.erase;
    assert_true(out.erasure == 9 && !out.complete && out.pattern.size == 0);
    assert_memory_equal(out.ranges, last, sizeof last);
    assert_whole_or_refused();
}

static void assert_values_same(const struct value *a, const struct value *b)
{
    assert_true(a->type == b->type && a->scale == b->scale && a->quality == b->quality);
    assert_true(a->present == b->present && a->number == b->number);
    assert_true(bytes_equal(a->text, b->text));
}

static void test_corrections(void **state)
{
    (void)state;
    const struct value values[] = {
        value_of_real(21.5),
        value_of_real(-0.0),
        value_of_real(1.0 / 3),
        {.type = VALUE_FLOAT64,
         .scale = SCALE_DECIMAL_MAX,
         .present = true,
         .number = -(1LL << 53)},
        {.type = VALUE_INT64, .present = true, .number = INT64_MIN},
        {.type = VALUE_BOOL, .present = true, .number = 1, .quality = QUALITY_UNCERTAIN},
        {.type = VALUE_STRING, .present = true, .text = text_of(STRING_VALUE_MAX)},
        {.type = VALUE_STRING, .present = true},
        {.type = VALUE_STRING, .quality = QUALITY_BAD_SENSOR_FAILURE},
        {.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE}};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct command command = {
            .kind = COMMAND_CORRECT, .tenant = 1, .path = text_of(PATH_MAX_BYTES)};
        command.correct = (struct command_correct){.time_ns = INT64_MIN + (int64_t)i,
                                                   .value = values[i],
                                                   .there = i % 3 != 0,
                                                   .reason = text_of(REASON_BYTES_MAX),
                                                   .author = text_of(AUTHOR_BYTES_MAX)};
        command.correct.original = values[ARRAY_COUNT(values) - 1 - i];
        struct command out = round_trip(&command).command;
        assert_int_equal(out.path.size, PATH_MAX_BYTES);
        assert_true(out.correct.time_ns == command.correct.time_ns);
        assert_values_same(&out.correct.value, &values[i]);
        assert_int_equal(out.correct.there, i % 3 != 0);
        if (out.correct.there)
            assert_values_same(&out.correct.original, &command.correct.original);
        assert_true(out.correct.reason.size == REASON_BYTES_MAX &&
                    out.correct.author.size == AUTHOR_BYTES_MAX);
        command.path = text_of(2);
        command.correct.reason = command.correct.author = text_of(1);
        if (command.correct.value.text.size < 100 && command.correct.original.text.size < 100) {
            round_trip(&command);
            assert_whole_or_refused();
        }
    }
}

static void test_annotations(void **state)
{
    (void)state;
    struct command command = {
        .kind = COMMAND_ANNOTATE, .tenant = 1, .path = text_of(PATH_MAX_BYTES)};
    command.annotate = (struct command_annotate){.from_ns = INT64_MIN,
                                                 .to_ns = INT64_MAX,
                                                 .text = text_of(ANNOTATION_BYTES_MAX),
                                                 .author = text_of(AUTHOR_BYTES_MAX)};
    struct command_annotate out = round_trip(&command).command.annotate;
    assert_true(out.from_ns == INT64_MIN && out.to_ns == INT64_MAX);
    assert_true(out.text.size == ANNOTATION_BYTES_MAX && out.author.size == AUTHOR_BYTES_MAX);
    command = (struct command){.kind = COMMAND_ANNOTATION_REMOVE, .tenant = 1};
    command.annotate.annotation = UINT32_MAX;
    assert_true(round_trip(&command).command.annotate.annotation == UINT32_MAX);
    assert_whole_or_refused();
}

/* ---- what no encoder of ours wrote -------------------------------------------------------------
 */
/* A payload behind kind 7 and its length. */
static enum err read_payload(const uint8_t *payload, size_t size)
{
    uint8_t bytes[256];
    struct fact out;
    size_t offset = 0;
    assert_true(size < 128);
    bytes[0] = FACT_ARCHIVE;
    bytes[1] = (uint8_t)size;
    memcpy(bytes + 2, payload, size);
    return facts_read(bytes_of(bytes, size + 2), &offset, &storage, &out);
}
#define READ(...)                                                                                  \
    read_payload((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_limits_from_outside(void **state)
{
    (void)state;
    /* command kind, key kind, tenant */
    assert_int_equal(READ(COMMAND_ANNOTATION_REMOVE, 0, 1, 5), OK);
    assert_int_equal(READ(COMMAND_ANNOTATION_REMOVE + 1, 0, 1, 5), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_RETIRE, 0, 1, 5), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ANNOTATION_REMOVE, 3, 1, 5), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ANNOTATION_REMOVE, 0, 1, 5, 0), ERR_CORRUPT);
    /* erase: number, complete, ranges: count, then gap and count each */
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 0, 1, 1, 1), OK);
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 2, 1, 1, 1), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 0, 1, 0, 1), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 0, 1, 1, 0), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 0, 2, 1, 1, 0, 1), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 0, 1, 2, 0xfd, 0xff, 0xff, 0xff, 0x0f), OK);
    assert_int_equal(READ(COMMAND_ERASE, 0, 1, 9, 0, 1, 2, 0xfe, 0xff, 0xff, 0xff, 0x0f),
                     ERR_CORRUPT);
    /* correct: path "a", time, value: type, quality, present, ..; there; reason, author */
#define CORRECT(...)                                                                               \
    READ(COMMAND_CORRECT, 0, 1, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, __VA_ARGS__, 0, 0, 0)
    assert_int_equal(CORRECT(VALUE_BOOL, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0), OK);
    assert_int_equal(CORRECT(VALUE_BOOL, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0), ERR_CORRUPT);
    assert_int_equal(CORRECT(VALUE_BOOL, 0x7f, 1, 1, 0, 0, 0, 0, 0, 0, 0), ERR_CORRUPT);
    assert_int_equal(CORRECT(VALUE_BOOL, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0), ERR_CORRUPT);
    assert_int_equal(CORRECT(5, 0, 0), ERR_CORRUPT);
    assert_int_equal(CORRECT(VALUE_STRING, 0, 1, 1, 'x'), OK);
    assert_int_equal(CORRECT(VALUE_STRING, 0, 1, 1, 0xff), ERR_CORRUPT);
    assert_int_equal(CORRECT(VALUE_FLOAT64, 0, 1, 18, 1, 0, 0, 0, 0, 0, 0, 0), OK);
    assert_int_equal(CORRECT(VALUE_FLOAT64, 0, 1, 19, 1, 0, 0, 0, 0, 0, 0, 0), ERR_CORRUPT);
    assert_int_equal(CORRECT(VALUE_FLOAT64, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x20, 0), OK);
    assert_int_equal(CORRECT(VALUE_FLOAT64, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0x20, 0), ERR_CORRUPT);
    assert_int_equal(CORRECT(VALUE_FLOAT64, 0, 1, SCALE_RAW, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f),
                     ERR_CORRUPT); /* infinity */
}

/* ---- for ever ----------------------------------------------------------------------------------
 */
static void test_the_bytes_are_for_ever(void **state)
{
    (void)state;
    static const struct point_range ranges[] = {{3, 2}, {300, 1}};
    static const uint8_t erase[] = {7,   36, 8,   0, 1,   0,   1, 1, 0, 0,    0, 0,   0,
                                    0,   0,  2,   0, 0,   0,   0, 0, 0, 0,    3, 'a', '/',
                                    '#', 1,  'r', 2, 'm', 'e', 2, 3, 2, 0xa7, 2, 1};
    struct command command = {.kind = COMMAND_ERASE, .tenant = 1};
    command.erase = (struct command_erase){.complete = true,
                                           .from_ns = 1,
                                           .to_ns = 2,
                                           .pattern = bytes_text("a/#"),
                                           .reason = bytes_text("r"),
                                           .author = bytes_text("me"),
                                           .ranges = ranges,
                                           .range_count = 2};
    round_trip(&command);
    assert_int_equal(written_size, erase[1] + 2u);
    assert_memory_equal(written, erase, written_size);
    static const uint8_t correct[] = {7,  45, 9, 0,   1, 1, 'a', 9, 0, 0,   0,   0,   0, 0,   0,  1,
                                      2,  1,  1, 215, 0, 0, 0,   0, 0, 0,   0,   1,   1, 0,   1,  0,
                                      99, 0,  0, 0,   0, 0, 0,   0, 3, 'w', 'h', 'y', 2, 'm', 'e'};
    command = (struct command){.kind = COMMAND_CORRECT, .tenant = 1, .path = bytes_text("a")};
    command.correct = (struct command_correct){.time_ns = 9,
                                               .value = value_of_real(21.5),
                                               .there = true,
                                               .original = value_of_real(99),
                                               .reason = bytes_text("why"),
                                               .author = bytes_text("me")};
    command.correct.value.quality = QUALITY_GOOD_EDITED;
    round_trip(&command);
    assert_int_equal(written_size, sizeof correct);
    assert_memory_equal(written, correct, written_size);
    static const uint8_t remove[] = {7, 5, 11, 0, 1, 0x80, 1};
    command = (struct command){.kind = COMMAND_ANNOTATION_REMOVE, .tenant = 1};
    command.annotate.annotation = 128;
    round_trip(&command);
    assert_int_equal(written_size, sizeof remove);
    assert_memory_equal(written, remove, written_size);
    static const uint8_t annotate[] = {7, 26, 10, 0, 1, 1, 'a', 5, 0, 0, 0,   0,   0, 0,
                                       0, 6,  0,  0, 0, 0, 0,   0, 0, 2, 'h', 'i', 1, 'm'};
    command = (struct command){.kind = COMMAND_ANNOTATE, .tenant = 1, .path = bytes_text("a")};
    command.annotate = (struct command_annotate){
        .from_ns = 5, .to_ns = 6, .text = bytes_text("hi"), .author = bytes_text("m")};
    round_trip(&command);
    assert_int_equal(written_size, sizeof annotate);
    assert_memory_equal(written, annotate, written_size);
    static const uint8_t policy[] = {
        7, 58, 5,   0,   1,   1,   'p', 2,   1,   '#', 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0,
        0, 0,  0,   0,   0,   0,   7,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0,    0,    0, 0,
        0, 0,  255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0,    0,    1, 9};
    command = (struct command){.kind = COMMAND_POLICY_SET, .tenant = 1};
    command.policy = (struct command_policy){.name = bytes_text("p"),
                                             .pattern = bytes_text("#"),
                                             .rank = 2,
                                             .rules = {.deadband = 0.5,
                                                       .retention_ns = 7,
                                                       .rollup_ns = {0, POLICY_NO_ROLLUP, 1},
                                                       .when_full = POLICY_FULL_DROP_OLDEST,
                                                       .priority = 9}};
    round_trip(&command);
    assert_int_equal(written_size, sizeof policy);
    assert_memory_equal(written, policy, written_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_erasures),
        cmocka_unit_test(test_corrections),
        cmocka_unit_test(test_annotations),
        cmocka_unit_test(test_limits_from_outside),
        cmocka_unit_test(test_the_bytes_are_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
