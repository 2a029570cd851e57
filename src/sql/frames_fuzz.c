/* Fuzzer: frames of both sides as any bytes. The first byte chooses: a filter (what is read is
 * written back as it was), a run of samples, the rows of an answer in each format, a question for
 * points. */
#include "sql/glob.h"
#include "sql/room.h"
#include "sql/times.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_filter(struct bytes body)
{
    struct frame_reader reader = frame_read(body);
    struct frame_writer writer = {.at = NULL};
    struct sql_filter filter;
    if (filter_get(&reader, &filter)) {
        filter_put(&writer, &filter);
        check(!writer.failed && writer.size == body.size &&
              memcmp(writer.at, body.at, body.size) == 0);
    }
    frame_writer_done(&writer);
}

static void fuzz_run(struct bytes body)
{
    struct frame_reader reader = frame_read(body);
    struct batch_run run;
    uint64_t sum = 0;
    while (reader.at < reader.body.size && batch_run_get(&reader, &run))
        for (uint32_t i = 0; i < run.count && i < 1000; i++) {
            struct bytes text = batch_run_text(&run, i);
            sum += text.size > 0 ? text.at[text.size - 1] : 0u;
            sum += run.times.size > 0 ? load_u64(run.times.at + (size_t)i * 8) : 0;
            sum += run.words.size > 0 ? load_u64(run.words.at + (size_t)i * 8) : 0;
            sum += run.lateness.size > 0 ? load_u64(run.lateness.at + (size_t)i * 8) : 0;
            sum += run.cells.size > 0 ? run.cells.at[i] : 0u;
            sum += run.qualities.size > 0 ? run.qualities.at[i] : 0u;
        }
    __asm__ volatile("" : : "r"(sum));
}

/* u16 size of the columns, columns, rows. */
static void fuzz_answer(struct bytes body, enum sql_format format)
{
    struct answer answer;
    struct answer_end end = {.truncated = true};
    size_t columns = body.size >= 2 ? load_u16(body.at) : 0;
    if (body.size < 2 || columns > body.size - 2)
        return;
    answer_init(&answer, format);
    if (answer_columns(&answer, bytes_of(body.at + 2, columns)) &&
        answer_rows(&answer, bytes_of(body.at + 2 + columns, body.size - 2 - columns), 1000)) {
        answer_end(&answer, &end);
        check(bytes_are_utf8(answer_written(&answer)));
    }
    answer_done(&answer);
}

static void fuzz_lookup(struct bytes body)
{
    struct lookup *lookup;
    struct reading *reading;
    struct history_cost cost = {.chunks = 0};
    char fault[160];
    struct query_sight *sight = query_sight_create(&(struct query_asker){.tenant = TENANT_DEFAULT});
    check(sight != NULL);
    if (lookup_create(body, sight, &lookup, fault) != OK) {
        query_sight_release(sight);
        return;
    }
    for (uint32_t i = 1; i < lookup->point_count; i++)
        check(lookup->points[i - 1] < lookup->points[i]);
    for (uint32_t i = 1; i < lookup->path_count; i++)
        check(bytes_compare(lookup->paths[i - 1], lookup->paths[i]) < 0);
    if (reading_create(lookup, NULL, 0, &reading) == OK)
        reading_destroy(reading, &cost);
    query_sight_release(sight);
}

static void fuzz_glob(struct bytes body)
{
    size_t pattern = body.size > 0 ? body.at[0] % body.size : 0;
    struct bytes path = bytes_of(body.at + pattern, body.size - pattern);
    for (int like = 0; like < 2; like++) {
        struct bytes text = bytes_of(body.at, pattern);
        (void)glob_passes(text, like != 0, path);
        check(glob_prefix(text, like != 0) <= text.size);
    }
    int64_t time_ns;
    (void)!sql_time_parse(path, INT64_C(1772352000) * NS_PER_S, &time_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct bytes body = bytes_of(data + 1, size - 1);
    char clean[64];
    switch (data[0] % 8) {
    case 0:
        fuzz_filter(body);
        break;
    case 1:
        fuzz_run(body);
        break;
    case 2:
    case 3:
    case 4:
        fuzz_answer(body, (enum sql_format)(data[0] % 8 - 2));
        break;
    case 5:
        fuzz_lookup(body);
        break;
    case 6:
        fuzz_glob(body);
        break;
    default:
        sentence_clean(body, clean, sizeof clean);
        check(bytes_are_utf8(bytes_text(clean)));
    }
    return 0;
}
