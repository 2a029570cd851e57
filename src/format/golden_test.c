/* Files of each version of the formats, which must open for ever. tests/golden/v1 holds a small
 * segment as written (segment.open), its two lanes as squeezed (segment.facts, segment.samples), a
 * snapshot, and a listing of all that is in them; each test opens the files and compares every
 * decoded thing with the listing. MAINSTEM_GOLDEN_WRITE=1 writes them anew: only for a version that
 * was never released. Those of the messages lane are in golden_messages_test.c. */
#include "format/format.h"
#include "format/golden_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_NS INT64_C(1790000000000000000)
#define BATCHES 4
#define ROWS 4
#define SNAPSHOT_PAGE 256

/* ---- listing
 * ------------------------------------------------------------------------------------- */
static void list_value(struct file *listing, unsigned column, const struct value *value)
{
    file_print(listing, "    %u %s quality=0x%02x", column, value_type_name(value->type),
               value->quality);
    if (!value->present)
        file_print(listing, " absent");
    else if (value->type == VALUE_STRING)
        list_text(listing, "text", value->text);
    else if (value->type == VALUE_FLOAT64)
        file_print(listing, " %.17g %a", value_real(value), value_real(value));
    else
        file_print(listing, " %" PRId64, value->number);
    file_print(listing, "\n");
}

static void list_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct file *listing = arg;
    file_print(listing, "  sample row=%u first_point=%u of=%u time=%" PRId64 "%s%s%s\n",
               sample->row, shape->first_point, shape->count, sample->time_ns,
               sample->arrival_time ? " arrival" : "", sample->predecessor_lost ? " lost" : "",
               sample->undecodable ? " undecodable" : "");
    for (unsigned i = 0; i < sample->count; i++)
        list_value(listing, sample->columns ? sample->columns[i] : i, &sample->values[i]);
}

static void list_settings(struct file *listing, const struct point_settings *settings)
{
    file_print(listing, " has=%u type=%u", settings->has, settings->type);
    list_text(listing, "unit", settings->unit);
    list_text(listing, "description", settings->description);
    for (unsigned i = 0; i < settings->label_count; i++) {
        list_text(listing, "label", settings->labels[i].name);
        list_text(listing, "is", settings->labels[i].value);
    }
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        if (!isnan(settings->limits[i]))
            file_print(listing, " limit%u=%.17g", i, settings->limits[i]);
    }
}

static void list_command(struct file *listing, const struct command *command)
{
    file_print(
        listing, "  command kind=%u key_kind=%u tenant=%u sequence=%" PRIu64 " key_wall=%" PRId64,
        command->kind, command->key_kind, command->tenant, command->sequence, command->key_wall_ns);
    list_text(listing, "client", command->client);
    list_text(listing, "key", command->key);
    list_text(listing, "path", command->path);
    list_text(listing, "new_path", command->new_path);
    list_settings(listing, &command->settings);
}

static void list_row(struct file *listing, const struct fact_row *row)
{
    file_print(listing, "  row tenant=%u row=%u first_point=%u object=%d", row->tenant,
               row->shape.row, row->shape.first_point, row->object);
    list_text(listing, "prefix", row->prefix);
    for (unsigned i = 0; i < row->shape.count; i++) {
        file_print(listing, "\n    %s", value_type_name(row->points[i].type));
        list_text(listing, "metric", row->points[i].metric);
    }
}

static void list_fact(struct file *listing, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_START:
        file_print(listing, "  start reducer=%u", fact->start.reducer_version);
        list_text(listing, "program", fact->start.program);
        break;
    case FACT_ROW:
        list_row(listing, &fact->row);
        break;
    case FACT_COMMAND:
        list_command(listing, &fact->command);
        break;
    case FACT_CLOCK:
        file_print(listing, "  clock %" PRId64 " %" PRId64, fact->clock.wall_before_ns,
                   fact->clock.wall_after_ns);
        break;
    default:
        file_print(listing, "  tick");
    }
    file_print(listing, "\n");
}

static void list_facts(struct file *listing, struct bytes body)
{
    static struct fact_storage storage;
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    enum err err;
    while ((err = batch_next_run(body, &offset, &lane, &records, &ordinal, &run)) == OK) {
        file_print(listing, " run lane=%d records=%u ordinal=%u\n", (int)lane, records, ordinal);
        size_t fact_at = 0;
        struct fact fact;
        while (lane == LANE_FACTS && (err = facts_read(run, &fact_at, &storage, &fact)) == OK)
            list_fact(listing, &fact);
        assert_true(lane == LANE_SAMPLES || err == ERR_MISSING);
    }
    assert_int_equal(err, ERR_MISSING);
}

static void list_segment(struct file *listing, const struct file *file)
{
    struct segment_header header;
    assert_int_equal(segment_header_get(bytes_of(file->at, file->size), &header), OK);
    file_print(listing,
               "%s version=%u kind=%u number=%" PRIu64 " epoch=%" PRIu64
               " generation=%u first=%" PRIu64 " previous_end=%" PRIu64 " wall=%" PRId64
               " journal=%016" PRIx64 "%016" PRIx64 " last=%" PRIu64 "\n",
               file->name, header.version, header.kind, header.number, header.epoch,
               header.generation, header.first_position, header.previous_end, header.wall_ns,
               header.journal[0], header.journal[1], header.last_position);
    struct segment_decoder *decoder;
    assert_int_equal(segment_decoder_create(header.generation, &decoder), OK);
    size_t offset = SEGMENT_HEADER_SIZE;
    while (offset < file->size) {
        struct batch_header batch;
        struct bytes body;
        assert_int_equal(batch_open(bytes_of(file->at + offset, file->size - offset), header.epoch,
                                    &batch, &body),
                         OK);
        file_print(listing,
                   "batch position=%" PRIu64 " durable=%" PRIu64 " engine=%" PRId64 " wall=%" PRId64
                   " records=%u lanes=%u\n",
                   batch.position, batch.durable, batch.engine_ns, batch.wall_ns, batch.records,
                   batch.lanes);
        list_facts(listing, body);
        assert_int_equal(segment_decoder_batch(decoder, &batch, body, list_sample, listing), OK);
        offset += BATCH_HEADER_SIZE + batch.body_bytes;
        size_t align = header.kind == SEGMENT_OPEN ? FORMAT_BLOCK : LANE_ALIGN;
        offset = (offset + align - 1) / align * align;
    }
    segment_decoder_destroy(decoder);
}

static void list_snapshot(struct file *listing, const struct file *file)
{
    struct snapshot_header header;
    struct bytes b = bytes_of(file->at, file->size);
    assert_int_equal(snapshot_header_get(b, &header), OK);
    file_print(listing,
               "%s version=%u reducer=%u journal=%016" PRIx64 "%016" PRIx64 " position=%" PRIu64
               " segment=%" PRIu64 " engine=%" PRId64 " wall=%" PRId64 "\n counters",
               file->name, header.version, header.reducer_version, header.journal[0],
               header.journal[1], header.position, header.segment_number, header.engine_ns,
               header.wall_ns);
    for (size_t i = 0; i < ARRAY_COUNT(header.counters); i++)
        file_print(listing, " %" PRIu64, header.counters[i]);
    size_t offset = SNAPSHOT_HEADER_SIZE;
    uint32_t table, page;
    enum err err;
    while ((err = snapshot_page_get(bytes_of(b.at + offset, b.size - offset), SNAPSHOT_PAGE, &table,
                                    &page)) == OK) {
        file_print(listing, "\n page table=%u page=%u content=%08x", table, page,
                   crc32c(0, b.at + offset + SNAPSHOT_PAGE_HEADER_SIZE, SNAPSHOT_PAGE));
        offset += SNAPSHOT_PAGE_HEADER_SIZE + SNAPSHOT_PAGE;
    }
    assert_int_equal(err, ERR_MISSING);
    uint64_t pages, state_hash;
    assert_int_equal(
        snapshot_end_get(bytes_of(b.at + offset, b.size - offset), &pages, &state_hash), OK);
    file_print(listing, "\n end pages=%" PRIu64 " hash=%016" PRIx64 "\n", pages, state_hash);
}

/* ---- writing them anew
 * --------------------------------------------------------------------------- */
static void put_row(struct facts_writer *writer)
{
    static const struct fact_row_point points[] = {{VALUE_FLOAT64, {(const uint8_t *)"temp", 4}},
                                                   {VALUE_INT64, {(const uint8_t *)"count", 5}},
                                                   {VALUE_BOOL, {(const uint8_t *)"on", 2}},
                                                   {VALUE_STRING, {(const uint8_t *)"state", 5}}};
    struct fact fact = {.kind = FACT_ROW};
    fact.row = (struct fact_row){.tenant = 1,
                                 .shape = {1, 1, 4},
                                 .object = true,
                                 .prefix = bytes_text("site/area/line/device"),
                                 .points = points};
    facts_write(writer, &fact);
}

static void put_commands(struct facts_writer *writer)
{
    static const struct label labels[] = {
        {{(const uint8_t *)"zone", 4}, {(const uint8_t *)"7", 1}},
        {{(const uint8_t *)"floor", 5}, {(const uint8_t *)"", 0}}};
    struct fact fact = {.kind = FACT_COMMAND};
    struct command *command = &fact.command;
    *command = (struct command){.kind = COMMAND_CREATE,
                                .key_kind = KEY_SEQUENCE,
                                .tenant = 1,
                                .client = bytes_text("console"),
                                .sequence = 12,
                                .path = bytes_text("site/area/level")};
    command->settings = (struct point_settings){.has = 31,
                                                .type = VALUE_FLOAT64,
                                                .unit = bytes_text("m"),
                                                .description = bytes_text("tank level"),
                                                .labels = labels,
                                                .label_count = 2,
                                                .limits = {-0.5, (double)NAN, 3.25, 1e300}};
    facts_write(writer, &fact);
    *command = (struct command){.kind = COMMAND_RENAME,
                                .key_kind = KEY_FREE,
                                .tenant = 1,
                                .key = bytes_text("7f3c"),
                                .key_wall_ns = WALL_NS,
                                .path = bytes_text("site/area/level"),
                                .new_path = bytes_text("site/area/depth")};
    facts_write(writer, &fact);
    *command = (struct command){.kind = COMMAND_CHANGE, .tenant = 1, .path = bytes_text("a")};
    command->settings = (struct point_settings){.has = HAS_UNIT, .unit = bytes_text("Cel")};
    facts_write(writer, &fact);
    *command = (struct command){.kind = COMMAND_RETIRE, .tenant = 1, .path = bytes_text("a")};
    facts_write(writer, &fact);
}

static void put_facts(struct facts_writer *writer, unsigned batch)
{
    struct fact start = {.kind = FACT_START};
    start.start =
        (struct fact_start){.reducer_version = 1, .program = bytes_text("mainstem 0.1.0")};
    struct fact clock = {.kind = FACT_CLOCK};
    clock.clock = (struct fact_clock){WALL_NS, WALL_NS + NS_PER_S};
    struct fact tick = {.kind = FACT_TICK};
    if (batch == 0) {
        facts_write(writer, &start);
        put_row(writer);
    } else if (batch == 1) {
        put_commands(writer);
    } else {
        facts_write(writer, batch == 2 ? &clock : &tick);
    }
}

struct golden_rows {
    struct row_context rows[ROWS];
    struct column_context columns[ROWS][4];
};

/* The i-th value of a column: decimals that walk, scales that change, raw doubles, absent ones. */
static struct value golden_value(uint8_t type, unsigned row, unsigned i)
{
    static const char *const states[] = {"", "running", "stopped", "\xc3\xa9t\xc3\xa9"};
    static const int64_t numbers[] = {0, -1, INT64_MAX, INT64_MIN, 7, 8, 1000000};
    struct value value = {.type = type, .present = true};
    if (type == VALUE_FLOAT64) {
        value = i % 11 == 7 ? value_of_real(1.0 / (i + row + 3))
                            : value_of_real((double)(2000 + (int)(i * 7 % 13) - (int)row) / 100);
    } else if (type == VALUE_INT64) {
        value.number = i < 8 ? numbers[i % 7] : (int64_t)i * 3;
    } else if (type == VALUE_BOOL) {
        value.number = i % 3 == 0;
    } else {
        value.text = bytes_text(states[i % 4]);
    }
    if (row == 2 && i % 5 == 4)
        value.quality = QUALITY_UNCERTAIN_LAST_USABLE;
    if (row == 2 && i % 7 == 6) {
        value.quality = QUALITY_BAD_NO_VALUE;
        value.present = false;
    }
    return value;
}

static void put_samples(struct samples_writer *writer, struct golden_rows *golden, unsigned batch)
{
    static const uint8_t types[] = {VALUE_FLOAT64, VALUE_INT64, VALUE_BOOL, VALUE_STRING};
    static const int64_t odd_times[] = {TIME_MIN_NS, TIME_MAX_NS - 1, WALL_NS + 1,
                                        WALL_NS + NS_PER_US};
    for (unsigned i = batch * 10; i < batch * 10 + 10; i++) {
        for (unsigned row = 0; row < ROWS; row++) {
            struct row_shape shape = {row * 300 + 1, row * 4 + 1, (uint16_t)(row == 3 ? 1 : 4)};
            struct value values[4];
            static const uint8_t some[] = {0, 3};
            bool part = row == 1 && i % 4 == 1;
            struct sample_row sample = {.row = shape.row,
                                        .count = part ? 2 : shape.count,
                                        .columns = part ? some : NULL,
                                        .arrival_time = i % 9 == 5,
                                        .values = values};
            for (unsigned at = 0; at < sample.count; at++)
                values[at] = golden_value(types[part ? some[at] : at], row, i);
            sample.time_ns = WALL_NS + i * 10 * NS_PER_S + i * 17 % 23 * NS_PER_MS;
            if (i % 13 == 12)
                sample.time_ns = odd_times[row];
            samples_write(writer, &shape, types, &golden->rows[row], golden->columns[row], &sample);
        }
    }
}

/* One batch at the end of each file: whole in .open, by lanes in the others. */
static void put_batch(struct file *files, struct golden_rows *golden, unsigned batch)
{
    static uint8_t facts[65536], samples[65536];
    struct facts_writer out = {.at = facts, .capacity = sizeof facts};
    int64_t wall_ns = WALL_NS + (int64_t)batch * 100 * NS_PER_S;
    struct samples_writer in = {
        .at = samples, .capacity = sizeof samples, .generation = 3, .wall_ns = wall_ns};
    put_facts(&out, batch);
    put_samples(&in, golden, batch);
    struct batch_header header = {.epoch = 77,
                                  .position = 1000 + 100 * batch,
                                  .durable = 1000 + 50 * batch,
                                  .engine_ns = 5 + batch,
                                  .wall_ns = wall_ns,
                                  .records = out.count + in.ordinal};
    for (unsigned i = 0; i < 3; i++) {
        struct file *file = &files[i];
        uint8_t *body = file->at + file->size + BATCH_HEADER_SIZE, *at = body;
        header.lanes = i == 0 ? 3 : (uint8_t)i;
        if (header.lanes & 1) {
            run_header_put(at, LANE_FACTS, out.count, 0, (uint32_t)out.size);
            memcpy(at + RUN_HEADER_SIZE, facts, out.size);
            at += RUN_HEADER_SIZE + out.size;
        }
        if (header.lanes & 2) {
            run_header_put(at, LANE_SAMPLES, in.ordinal, 1, (uint32_t)in.size);
            memcpy(at + RUN_HEADER_SIZE, samples, in.size);
            at += RUN_HEADER_SIZE + in.size;
        }
        header.body_bytes = (uint32_t)(at - body);
        batch_seal(file->at + file->size, &header);
        file->size += BATCH_HEADER_SIZE + header.body_bytes;
        size_t align = i == 0 ? FORMAT_BLOCK : LANE_ALIGN;
        file->size = (file->size + align - 1) / align * align;
        assert_true(file->size <= FILE_BYTES_MAX / 2);
    }
}

static void put_segments(struct file *files)
{
    static struct golden_rows golden;
    memset(&golden, 0, sizeof golden);
    for (unsigned i = 0; i < 3; i++) {
        struct segment_header header = {.version = FORMAT_VERSION,
                                        .kind = (uint8_t)(SEGMENT_OPEN + i),
                                        .number = 3,
                                        .epoch = 77,
                                        .generation = 3,
                                        .first_position = 1000,
                                        .previous_end = 8192,
                                        .wall_ns = WALL_NS,
                                        .journal = {UINT64_C(0x0123456789abcdef), 42},
                                        .last_position = i ? 1400 : 0};
        segment_header_put(files[i].at, &header);
        files[i].size = SEGMENT_HEADER_SIZE;
    }
    for (unsigned batch = 0; batch < BATCHES; batch++)
        put_batch(files, &golden, batch);
}

static void put_snapshot(struct file *file)
{
    struct snapshot_header header = {.version = FORMAT_VERSION,
                                     .reducer_version = 1,
                                     .journal = {UINT64_C(0x0123456789abcdef), 42},
                                     .position = 1400,
                                     .segment_number = 3,
                                     .engine_ns = 9,
                                     .wall_ns = WALL_NS,
                                     .counters = {1, 2, 3, UINT64_MAX}};
    snapshot_header_put(file->at, &header);
    file->size = SNAPSHOT_HEADER_SIZE;
    for (uint32_t page = 0; page < 3; page++) {
        uint8_t *at = file->at + file->size;
        memset(at + SNAPSHOT_PAGE_HEADER_SIZE, (int)(page + 1), SNAPSHOT_PAGE);
        snapshot_page_put(at, page / 2 + 1, page,
                          bytes_of(at + SNAPSHOT_PAGE_HEADER_SIZE, SNAPSHOT_PAGE));
        file->size += SNAPSHOT_PAGE_HEADER_SIZE + SNAPSHOT_PAGE;
    }
    snapshot_end_put(file->at + file->size, 3, UINT64_C(0xfeedfacecafebeef));
    file->size += SNAPSHOT_END_SIZE;
}

/* ---- tests
 * --------------------------------------------------------------------------------------- */
static const char *const golden_names[] = {"segment.open", "segment.facts", "segment.samples",
                                           "snapshot"};
#define FILES ARRAY_COUNT(golden_names)

static void golden_make(struct file *files)
{
    put_segments(files);
    put_snapshot(&files[FILES - 1]);
}

static void golden_list(const struct file *files, struct file *listing)
{
    for (size_t i = 0; i + 1 < FILES; i++)
        list_segment(listing, &files[i]);
    list_snapshot(listing, &files[FILES - 1]);
}

static void golden_files_open_for_ever(void **state)
{
    (void)state;
    struct file files[FILES], listing, expected;
    bool renew = getenv("MAINSTEM_GOLDEN_WRITE") != NULL;
    file_init(&listing, "listing.txt");
    file_init(&expected, "listing.txt");
    for (size_t i = 0; i < FILES; i++)
        file_init(&files[i], golden_names[i]);
    if (renew)
        golden_make(files);
    for (size_t i = 0; i < FILES; i++) {
        if (renew)
            file_write(&files[i]);
        else
            file_read(&files[i]);
    }
    golden_list(files, &listing);
    if (renew)
        file_write(&listing);
    file_read(&expected);
    assert_int_equal(listing.size, expected.size);
    assert_memory_equal(listing.at, expected.at, expected.size);
    for (size_t i = 0; i < FILES; i++)
        file_done(&files[i]);
    file_done(&listing);
    file_done(&expected);
}

/* While FORMAT_VERSION is 1, today's encoder writes what it wrote then, byte by byte. */
static void the_encoder_still_writes_them(void **state)
{
    (void)state;
    struct file then, now[FILES];
    file_init(&then, "");
    for (size_t i = 0; i < FILES; i++)
        file_init(&now[i], golden_names[i]);
    golden_make(now);
    for (size_t i = 0; i < FILES; i++) {
        then.name = golden_names[i];
        file_read(&then);
        assert_int_equal(then.size, now[i].size);
        assert_memory_equal(then.at, now[i].at, then.size);
        file_done(&now[i]);
    }
    file_done(&then);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files_open_for_ever),
        cmocka_unit_test(the_encoder_still_writes_them),
    };
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
