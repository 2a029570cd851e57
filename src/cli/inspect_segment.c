/* inspect segment: one file of the journal, batch by batch, with the format room alone. A batch
 * that is not whole is named, and the walk goes on behind it. */
#include "cli/inspect.h"

#include "cli/answer.h"
#include "cli/terminal.h"

#include "format/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERB "inspect"
#define LANE_ALIGN 8 /* of batches in squeezed files */

struct segment_view {
    struct bytes file;
    struct segment_header header;
    bool records, json;
    struct segment_decoder *decoder;
    struct fact_storage facts;
    uint64_t batches, damaged_bytes;
    size_t ends; /* offset behind the last batch */
    bool damaged;
};

/* ---- records
 * -----------------------------------------------------------------------------------------------
 */

static void print_value(const struct value *value)
{
    if (!value->present)
        printf("(%s)", quality_name(value->quality) != NULL ? quality_name(value->quality) : "?");
    else if (value->type == VALUE_FLOAT64)
        printf("%.15g", value_real(value));
    else if (value->type == VALUE_STRING)
        inspect_print_text(value->text);
    else
        printf("%" PRId64, value->number);
}

static void print_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct segment_view *view = arg;
    if (!view->records)
        return;
    char time[TIME_TEXT_SIZE];
    printf("    sample row %u", sample->row);
    if (sample->undecodable) {
        printf(" undecodable: its predecessor is missing\n");
        return;
    }
    printf(" %s%s", time_format(sample->time_ns, time), sample->arrival_time ? " (arrival)" : "");
    if (sample->predecessor_lost)
        printf(" [records before it are missing]");
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns != NULL ? sample->columns[i] : i;
        printf(" %u=", shape->first_point + column);
        print_value(&sample->values[i]);
    }
    putchar('\n');
}

static void print_facts(struct segment_view *view, struct bytes body, enum lane wanted)
{
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    while (batch_next_run(body, &offset, &lane, &records, &ordinal, &run) == OK) {
        size_t at = 0;
        struct fact fact;
        while (lane == wanted && facts_read(run, &at, &view->facts, &fact) == OK)
            inspect_print_fact(&fact);
    }
}

/* ---- batches
 * ------------------------------------------------------------------------------------------------
 */

static const char *const lane_words[] = {
    [LANE_FACTS] = "facts", [LANE_SAMPLES] = "samples", [LANE_MESSAGES] = "messages"};

struct lane_count {
    uint64_t records, bytes;
};

/* What of each lane the body holds; damaged runs end it. */
static void lanes_count(struct bytes body, struct lane_count counts[LANES + 1])
{
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    memset(counts, 0, (LANES + 1) * sizeof *counts);
    while (batch_next_run(body, &offset, &lane, &records, &ordinal, &run) == OK) {
        counts[lane].records += records;
        counts[lane].bytes += run.size;
    }
}

static void batch_print_json(size_t offset, const struct batch_header *header,
                             const struct lane_count *counts, const char *time)
{
    printf("{\"offset\":%zu,\"position\":%" PRIu64 ",\"records\":%u,\"durable\":%" PRIu64
           ",\"body_bytes\":%u,\"time\":\"%s\",\"engine_ns\":%" PRId64 ",\"lanes\":{",
           offset, header->position, header->records, header->durable, header->body_bytes, time,
           header->engine_ns);
    for (unsigned lane = LANE_FACTS; lane <= LANE_MESSAGES; lane++)
        printf("%s\"%s\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
               lane == LANE_FACTS ? "" : ",", lane_words[lane], counts[lane].records,
               counts[lane].bytes);
    printf("}}\n");
}

static void batch_print_text(size_t offset, const struct batch_header *header,
                             const struct lane_count *counts, const char *time)
{
    char position[NUMBER_SIZE];
    printf("%10zu  %14s  %8u records  %8u bytes  %s", offset,
           number_group(header->position, position), header->records, header->body_bytes, time);
    for (unsigned lane = LANE_FACTS; lane <= LANE_MESSAGES; lane++) {
        if (counts[lane].records > 0)
            printf("  %s %" PRIu64 " (%" PRIu64 " bytes)", lane_words[lane], counts[lane].records,
                   counts[lane].bytes);
    }
    putchar('\n');
}

/* The lanes one after the other; in which order a batch has its runs, replay knows. */
static void batch_print(struct segment_view *view, size_t offset, const struct batch_header *header,
                        struct bytes body)
{
    char time[TIME_TEXT_SIZE];
    struct lane_count counts[LANES + 1];
    bool records = view->records && !view->json;
    lanes_count(body, counts);
    time_format(header->wall_ns, time);
    if (view->json)
        batch_print_json(offset, header, counts, time);
    else
        batch_print_text(offset, header, counts, time);
    if (records)
        print_facts(view, body, LANE_FACTS);
    if (segment_decoder_batch(view->decoder, header, body, print_sample, view) != OK) {
        view->damaged = true;
        printf("    the runs of this batch are damaged\n");
    }
    if (records)
        print_facts(view, body, LANE_MESSAGES);
}

static bool bytes_are_zero(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.at[i] != 0)
            return false;
    return true;
}

/* A stretch without a whole batch: the unwritten rest, or damage. */
static void segment_gap(struct segment_view *view, size_t from, size_t to, bool last)
{
    struct bytes gap = bytes_of(view->file.at + from, to - from);
    if (gap.size == 0 || bytes_are_zero(gap))
        return;
    bool torn = last && view->header.kind == SEGMENT_OPEN;
    view->damaged = view->damaged || !torn;
    view->damaged_bytes += gap.size;
    printf("%s%10zu  %zu bytes hold no whole batch%s%s\n", paint(torn ? PAINT_YELLOW : PAINT_RED),
           from, gap.size,
           torn ? " (behind the last one: a write that was under way, or being written now)" : "",
           paint(PAINT_NONE));
    segment_decoder_hole(view->decoder, UINT64_MAX);
}

static void segment_walk(struct segment_view *view)
{
    size_t align = view->header.kind == SEGMENT_OPEN ? FORMAT_BLOCK : LANE_ALIGN;
    size_t at = SEGMENT_HEADER_SIZE, gap = at;
    view->ends = at;
    while (at < view->file.size) {
        struct batch_header header;
        struct bytes body;
        if (batch_open(bytes_of(view->file.at + at, view->file.size - at), view->header.epoch,
                       &header, &body) != OK) {
            at += align;
            continue;
        }
        segment_gap(view, gap, at, false);
        batch_print(view, at, &header, body);
        view->batches++;
        at += (BATCH_HEADER_SIZE + header.body_bytes + align - 1) / align * align;
        gap = view->ends = at;
    }
    if (gap < view->file.size)
        segment_gap(view, gap, view->file.size, true);
}

/* ---- the file
 * ------------------------------------------------------------------------------------------------
 */

static enum err segment_map(const char *path, struct bytes *ret_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_MISSING : ERR_IO;
    struct stat stat;
    if (fstat(fd, &stat) != 0 || stat.st_size < SEGMENT_HEADER_SIZE) {
        close(fd);
        return ERR_CORRUPT;
    }
    void *at = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return ERR_IO;
    *ret_file = bytes_of(at, (size_t)stat.st_size);
    return OK;
}

static void segment_print_header(const char *path, const struct segment_header *header)
{
    char time[TIME_TEXT_SIZE], text[NUMBER_SIZE];
    printf("%s%s%s\n", paint(PAINT_BOLD), path, paint(PAINT_NONE));
    printf("segment %" PRIu64 ", %s lane%s, format %u, begun %s\n", header->number,
           header->kind == SEGMENT_OPEN ? "all" : segment_kind_name(header->kind),
           header->kind == SEGMENT_OPEN ? "s" : "", header->version,
           time_format(header->wall_ns, time));
    printf("first record %s, epoch %016" PRIx64 ", journal %016" PRIx64 "%016" PRIx64 "\n\n",
           number_group(header->first_position, text), header->epoch, header->journal[0],
           header->journal[1]);
}

int inspect_segment(const struct words *words)
{
    struct segment_view *view = calloc(1, sizeof *view);
    check(view != NULL);
    char path[4096];
    inspect_path(words, "journal", path);
    view->records = words_flag(words, "records");
    view->json = words_flag(words, "json");
    int code = EXIT_FAILED;
    enum err err = segment_map(path, &view->file);
    if (err == OK)
        err = segment_header_get(view->file, &view->header);
    if (err == ERR_NEWER)
        fail(VERB, "%s is written in format %u; this program reads up to %d", path,
             view->header.version, FORMAT_VERSION);
    else if (err != OK)
        fail(VERB, "%s: %s", path, err == ERR_CORRUPT ? "no segment header" : err_text(err));
    else if (segment_decoder_create(view->header.generation, &view->decoder) == OK) {
        if (!view->json)
            segment_print_header(path, &view->header);
        segment_walk(view);
        code = view->damaged ? EXIT_FAILED : EXIT_DONE;
    }
    segment_decoder_destroy(view->decoder);
    if (view->file.at != NULL)
        munmap((void *)(uintptr_t)view->file.at, view->file.size);
    free(view);
    return code;
}
