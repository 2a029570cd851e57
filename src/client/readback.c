/* Reads the journal of a data folder from the first record to the durable end, with the format and
 * journal rooms alone: what prove, the demo and the benches compare with what was acknowledged. */
#include "client/client.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>

struct readback {
    const struct readback_calls *calls;
    struct readback_result result;
    struct segment_decoder *decoder;
    uint32_t generation; /* of the decoder */
    struct fact_storage facts;
};

static void readback_take_sample(void *arg, const struct row_shape *shape,
                                 const struct sample_row *sample)
{
    struct readback *readback = arg;
    readback->result.samples++;
    readback->result.values += sample->undecodable ? 0 : sample->count;
    readback->result.undecodable += sample->undecodable;
    readback->result.predecessors_lost += sample->predecessor_lost;
    if (readback->calls->sample != NULL)
        readback->calls->sample(readback->calls->arg, shape, sample);
}

static enum err readback_run_facts(struct readback *readback, uint64_t segment, struct bytes run,
                                   uint64_t *count)
{
    size_t offset = 0;
    for (;;) {
        struct fact fact;
        enum err err = facts_read(run, &offset, &readback->facts, &fact);
        if (err != OK)
            return err == ERR_MISSING ? OK : err;
        (*count)++;
        if (readback->calls->fact != NULL)
            readback->calls->fact(readback->calls->arg, segment, &fact);
    }
}

/* The batch's runs of this lane of facts, each counted in *count. */
static enum err readback_batch_facts(struct readback *readback, const struct journal_batch *batch,
                                     enum lane wanted, uint64_t *count)
{
    size_t offset = 0;
    for (;;) {
        enum lane lane;
        uint32_t records, ordinal;
        struct bytes run;
        enum err err = batch_next_run(batch->body, &offset, &lane, &records, &ordinal, &run);
        if (err == ERR_MISSING)
            return OK;
        if (err == OK && lane == wanted)
            err = readback_run_facts(readback, batch->segment, run, count);
        if (err != OK)
            return err;
    }
}

static enum err readback_decoder_for(struct readback *readback, const struct journal_batch *batch)
{
    if (batch->hole_records > 0) {
        readback->result.holes++;
        if (batch->hole_records == UINT64_MAX || readback->result.hole_records == UINT64_MAX)
            readback->result.hole_records = UINT64_MAX;
        else
            readback->result.hole_records += batch->hole_records;
    }
    if (readback->decoder != NULL && readback->generation == batch->generation) {
        if (batch->hole_records > 0)
            segment_decoder_hole(readback->decoder, batch->hole_records);
        return OK;
    }
    segment_decoder_destroy(readback->decoder);
    readback->decoder = NULL;
    readback->generation = batch->generation;
    return segment_decoder_create(batch->generation, &readback->decoder);
}

static enum err readback_take_batch(struct readback *readback, const struct journal_batch *batch)
{
    struct readback_result *result = &readback->result;
    if (result->batches++ == 0)
        result->first_position = batch->header.position;
    result->end_position = batch->header.position + batch->header.records;
    if (readback->calls->batch != NULL)
        readback->calls->batch(readback->calls->arg, batch);
    enum err err = readback_batch_facts(readback, batch, LANE_FACTS, &result->facts);
    if (err == OK)
        err = readback_decoder_for(readback, batch);
    if (err == OK)
        err = segment_decoder_batch(readback->decoder, &batch->header, batch->body,
                                    readback_take_sample, readback);
    if (err == OK)
        err = readback_batch_facts(readback, batch, LANE_MESSAGES, &result->messages);
    return err;
}

static enum err readback_cursor(struct readback *readback, struct journal *journal, uint64_t from,
                                uint64_t until)
{
    struct journal_cursor *cursor;
    enum err err = journal_cursor_open(journal, from, &cursor);
    if (err != OK)
        return err == ERR_MISSING ? OK : err;
    for (;;) {
        struct journal_batch batch;
        err = journal_cursor_next(cursor, &batch);
        if (err != OK || (until != 0 && batch.header.position >= until))
            break;
        err = readback_take_batch(readback, &batch);
        if (err != OK)
            break;
    }
    journal_cursor_close(cursor);
    return err == ERR_MISSING ? OK : err;
}

enum err readback_walk_journal(struct journal *journal, uint64_t from, uint64_t until,
                               const struct readback_calls *calls,
                               struct readback_result *ret_result)
{
    struct readback *readback = calloc(1, sizeof *readback);
    if (readback == NULL)
        return ERR_NO_MEMORY;
    readback->calls = calls;
    enum err err = readback_cursor(readback, journal, from, until);
    if (err == OK)
        *ret_result = readback->result;
    segment_decoder_destroy(readback->decoder);
    free(readback);
    return err;
}

enum err readback_open(const char *folder,
                       void (*tell)(void *arg, enum log_level level, const char *text),
                       void *tell_arg, struct readback_house *ret_house)
{
    struct readback_house house = {0};
    enum err err = disk_real_open(folder, false, &house.disk);
    if (err == OK)
        err = worker_inline_create(&house.writer);
    if (err == OK)
        err = worker_inline_create(&house.background);
    struct journal_config config = {
        .disk = house.disk,
        .clock = clock_real(),
        .writer = house.writer,
        .background = house.background,
        .read_only = true,
        .tell = tell,
        .tell_arg = tell_arg,
        .segment_first_bytes = (uint64_t)4 << 20,
        .segment_max_bytes = (uint64_t)256 << 20,
        .reserve_bytes = (uint64_t)1 << 20,
    };
    if (err == OK)
        err = journal_open(&config, &house.journal);
    if (err == OK)
        *ret_house = house;
    else
        readback_close(&house);
    return err;
}

void readback_close(struct readback_house *house)
{
    journal_close(house->journal);
    if (house->background != NULL)
        house->background->destroy(house->background);
    if (house->writer != NULL)
        house->writer->destroy(house->writer);
    if (house->disk != NULL)
        disk_real_close(house->disk);
    *house = (struct readback_house){0};
}

enum err readback_walk(const char *folder, uint64_t from, uint64_t until,
                       const struct readback_calls *calls, struct readback_result *ret_result)
{
    struct readback_house house;
    enum err err = readback_open(folder, calls->tell, calls->arg, &house);
    if (err != OK)
        return err;
    err = readback_walk_journal(house.journal, from, until, calls, ret_result);
    readback_close(&house);
    return err;
}
