/* Job: what came with a part goes into the rollups of its points. A bucket that the new samples all
 * lie behind is carried on; one that late samples fall into is made anew of the raw samples, as
 * long as these are kept. Rows of a bucket are written again each time it changes: the last one
 * counts, as with any sample.
 *
 * After policies changed, or an erasure, all rollups are made anew: from raw samples where they are
 * kept, from what was rolled up before where they are not. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define QUALITY_BAD_FROM 0x80

int64_t history_rollup_ns(enum part_tier tier)
{
    static const int64_t lengths[PART_TIERS] = {[PART_MINUTE] = 60 * NS_PER_S,
                                                [PART_HOUR] = 3600 * NS_PER_S,
                                                [PART_DAY] = 86400 * NS_PER_S};
    return lengths[tier];
}

void history_rollup_types(uint8_t type, uint8_t *types)
{
    static const uint8_t fixed[ROLLUP_COLUMNS] = {VALUE_INT64,   VALUE_FLOAT64, VALUE_FLOAT64,
                                                  VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64,
                                                  VALUE_INT64,   VALUE_INT64};
    memcpy(types, fixed, sizeof fixed);
    if (type != VALUE_STRING)
        types[ROLLUP_FIRST] = types[ROLLUP_LAST] = type;
}

/* ---- buckets -----------------------------------------------------------------------------------
 */
struct bucket {
    int64_t start_ns, count;
    double sum, rest; /* Neumaier's: what the sum could not hold */
    double min, max;
    uint64_t first, last; /* words */
    int64_t first_ns, last_ns;
    int64_t touched_ns; /* the earliest sample, also one that is not folded: it may have been
                           written over one that is */
};
struct buckets {
    struct bucket *at;
    size_t count, capacity;
};

static struct bucket *buckets_add(struct buckets *buckets, int64_t start_ns)
{
    if (buckets->count == buckets->capacity) {
        size_t capacity = buckets->capacity ? buckets->capacity * 2 : 64;
        struct bucket *more = realloc(buckets->at, capacity * sizeof *more);
        if (more == NULL)
            return NULL;
        buckets->at = more;
        buckets->capacity = capacity;
    }
    struct bucket *bucket = &buckets->at[buckets->count++];
    *bucket = (struct bucket){.start_ns = start_ns};
    return bucket;
}

static int64_t bucket_start(int64_t time_ns, int64_t length_ns)
{
    int64_t rest = time_ns % length_ns;
    return time_ns - (rest < 0 ? rest + length_ns : rest);
}

static double word_real(uint8_t type, uint64_t word)
{
    double real;
    if (type != VALUE_FLOAT64)
        return (double)(int64_t)word;
    memcpy(&real, &word, sizeof real);
    return real;
}

static void bucket_sum(struct bucket *bucket, double real)
{
    double sum = bucket->sum + real;
    bool larger = bucket->sum >= 0 ? bucket->sum >= (real < 0 ? -real : real)
                                   : -bucket->sum >= (real < 0 ? -real : real);
    bucket->rest += larger ? (bucket->sum - sum) + real : (real - sum) + bucket->sum;
    bucket->sum = sum;
}

static void bucket_take(struct bucket *bucket, uint8_t type, int64_t time_ns, uint64_t word)
{
    if (type != VALUE_STRING) {
        double real = word_real(type, word);
        bucket->min = bucket->count == 0 || real < bucket->min ? real : bucket->min;
        bucket->max = bucket->count == 0 || real > bucket->max ? real : bucket->max;
        bucket_sum(bucket, real);
    }
    if (bucket->count++ == 0) {
        bucket->first = word;
        bucket->first_ns = time_ns;
    }
    bucket->last = word;
    bucket->last_ns = time_ns;
}

/* later: of the same bucket, and behind it but where raw samples are gone. */
static void bucket_join(struct bucket *bucket, const struct bucket *later)
{
    if (bucket->count == 0 || later->count == 0) {
        if (later->count > 0)
            *bucket = *later;
        return;
    }
    bucket->min = later->min < bucket->min ? later->min : bucket->min;
    bucket->max = later->max > bucket->max ? later->max : bucket->max;
    bucket_sum(bucket, later->sum);
    bucket->rest += later->rest;
    bucket->count += later->count;
    if (later->first_ns < bucket->first_ns) {
        bucket->first = later->first;
        bucket->first_ns = later->first_ns;
    }
    if (later->last_ns >= bucket->last_ns) {
        bucket->last = later->last;
        bucket->last_ns = later->last_ns;
    }
}

static enum err buckets_fold(struct buckets *buckets, int64_t length_ns, uint8_t type,
                             const struct chunk_rows *rows)
{
    const struct chunk_column *column = &rows->columns[0];
    struct bucket *bucket = buckets->count > 0 ? &buckets->at[buckets->count - 1] : NULL;
    for (uint32_t i = 0; i < rows->rows; i++) {
        if (column_cell(column, i) == CELL_NONE)
            continue;
        int64_t time_ns = rows->times[i];
        if (bucket == NULL || time_ns - bucket->start_ns >= length_ns) {
            bucket = buckets_add(buckets, bucket_start(time_ns, length_ns));
            if (bucket == NULL)
                return ERR_NO_MEMORY;
            bucket->touched_ns = time_ns;
        }
        if (column_cell(column, i) != CELL_VALUE || column_quality(column, i) >= QUALITY_BAD_FROM)
            continue;
        bucket_take(bucket, type, time_ns, type != VALUE_STRING ? column->words[i] : 0);
    }
    return OK;
}

/* ---- the work ----------------------------------------------------------------------------------
 */
struct rolling {
    struct rollup_job *rollup;
    struct set *fresh_set;
    struct history_scan *fresh, *all; /* of the source; of everything */
    struct part_writer *writers[PART_TIERS];
    struct chunks chunks[PART_TIERS];
    struct buckets news[PART_TIERS], olds, raw;
    struct rows out;
    /* of the point */
    uint32_t row, point;
    uint8_t column, type;
    const struct history_policy *policy;
};

static enum err rolling_scan(struct rolling *rolling, struct history_scan *scan,
                             const struct history_query *query, struct buckets **buckets,
                             const int64_t *lengths, size_t count)
{
    struct history_piece piece;
    enum err err = history_scan_row(scan, query);
    while (err == OK && (err = history_scan_next(scan, &piece)) == OK)
        for (size_t i = 0; i < count && err == OK; i++)
            err = buckets_fold(buckets[i], lengths[i], rolling->type, &piece.rows);
    return err == ERR_MISSING ? OK : err;
}

static struct history_query rolling_query(const struct rolling *rolling, int64_t from_ns,
                                          int64_t to_ns)
{
    return (struct history_query){.row = rolling->row,
                                  .columns = &rolling->column,
                                  .types = &rolling->type,
                                  .count = 1,
                                  .from_ns = from_ns,
                                  .to_ns = to_ns};
}

static enum err olds_take(struct rolling *rolling, const struct chunk_rows *rows)
{
    const struct chunk_column *columns = rows->columns;
    for (uint32_t i = 0; i < rows->rows; i++) {
        struct bucket *bucket = buckets_add(&rolling->olds, rows->times[i]);
        if (bucket == NULL)
            return ERR_NO_MEMORY;
        if (column_cell(&columns[ROLLUP_COUNT], i) != CELL_VALUE)
            continue;
        bucket->count = (int64_t)columns[ROLLUP_COUNT].words[i];
        bucket->sum = word_real(VALUE_FLOAT64, columns[ROLLUP_SUM].words[i]);
        bucket->min = word_real(VALUE_FLOAT64, columns[ROLLUP_MIN].words[i]);
        bucket->max = word_real(VALUE_FLOAT64, columns[ROLLUP_MAX].words[i]);
        bucket->first = columns[ROLLUP_FIRST].words[i];
        bucket->last = columns[ROLLUP_LAST].words[i];
        bucket->first_ns = (int64_t)columns[ROLLUP_FIRST_NS].words[i];
        bucket->last_ns = (int64_t)columns[ROLLUP_LAST_NS].words[i];
    }
    return OK;
}

/* What is rolled up already, from..to. */
static enum err olds_read(struct rolling *rolling, enum part_tier tier, int64_t from_ns,
                          int64_t to_ns)
{
    uint8_t types[ROLLUP_COLUMNS];
    history_rollup_types(rolling->type, types);
    struct history_query query = {.tier = tier,
                                  .row = rolling->point,
                                  .types = types,
                                  .count = ROLLUP_COLUMNS,
                                  .from_ns = from_ns,
                                  .to_ns = to_ns};
    struct history_piece piece;
    rolling->olds.count = 0;
    enum err err = history_scan_row(rolling->all, &query);
    while (err == OK && (err = history_scan_next(rolling->all, &piece)) == OK)
        err = olds_take(rolling, &piece.rows);
    return err == ERR_MISSING ? OK : err;
}

/* Before this time raw samples may be gone. */
static int64_t raw_since(const struct rolling *rolling)
{
    int64_t keep_ns = rolling->policy->retention_ns;
    return keep_ns > 0 ? rolling->rollup->now_ns - keep_ns : INT64_MIN;
}

/* ---- joining what is new with what there was ---- */
static enum err bucket_remake(struct rolling *rolling, struct bucket *bucket, int64_t length_ns)
{
    struct history_query query =
        rolling_query(rolling, bucket->start_ns, bucket->start_ns + length_ns);
    struct buckets *raw = &rolling->raw;
    raw->count = 0;
    enum err err = rolling_scan(rolling, rolling->all, &query, &raw, &length_ns, 1);
    if (err == OK)
        *bucket = raw->count > 0 ? raw->at[0] : (struct bucket){.start_ns = bucket->start_ns};
    return err;
}

/* What is new of a bucket and what there was of it. Where samples came late, or were written over
 * others, it is made of the raw ones; it may be empty then. */
static enum err bucket_carry_on(struct rolling *rolling, struct bucket *bucket,
                                const struct bucket *old, int64_t length_ns)
{
    if (bucket->touched_ns <= old->last_ns && bucket->start_ns >= raw_since(rolling))
        return bucket_remake(rolling, bucket, length_ns);
    struct bucket joined = *old;
    bucket_join(&joined, bucket);
    *bucket = joined;
    return OK;
}

static enum err buckets_carry_on(struct rolling *rolling, enum part_tier tier)
{
    struct buckets *news = &rolling->news[tier];
    const struct buckets *olds = &rolling->olds;
    int64_t length_ns = history_rollup_ns(tier);
    enum err err =
        olds_read(rolling, tier, news->at[0].start_ns, news->at[news->count - 1].start_ns + 1);
    size_t at = 0, kept = 0;
    for (size_t i = 0; i < news->count && err == OK; i++) {
        struct bucket bucket = news->at[i];
        while (at < olds->count && olds->at[at].start_ns < bucket.start_ns)
            at++;
        bool some =
            at < olds->count && olds->at[at].start_ns == bucket.start_ns && olds->at[at].count > 0;
        if (some)
            err = bucket_carry_on(rolling, &bucket, &olds->at[at], length_ns);
        if (some || bucket.count > 0)
            news->at[kept++] = bucket;
    }
    news->count = kept;
    return err;
}

/* Was a part of it erased after it was rolled up? */
static bool bucket_is_erased(const struct rolling *rolling, const struct bucket *bucket,
                             int64_t length_ns)
{
    const struct rollup_job *rollup = rolling->rollup;
    for (size_t i = 0; i < rollup->erased_count; i++)
        if (rollup->erased[i].point == rolling->point &&
            rollup->erased[i].from_ns < bucket->start_ns + length_ns &&
            rollup->erased[i].to_ns > bucket->start_ns)
            return true;
    return false;
}

/* Raw samples say what is since raw_since, older rollups what was before. */
static enum err buckets_remake(struct rolling *rolling, enum part_tier tier)
{
    struct buckets *news = &rolling->news[tier], all = {0};
    int64_t length_ns = history_rollup_ns(tier), since_ns = raw_since(rolling);
    enum err err = olds_read(rolling, tier, INT64_MIN, INT64_MAX);
    size_t at = 0;
    for (size_t i = 0; i <= news->count && err == OK; i++) {
        const struct bucket *bucket = i < news->count ? &news->at[i] : NULL;
        bool is_old = false; /* of its raw samples a part is gone, or may be */
        for (; at < rolling->olds.count &&
               (bucket == NULL || rolling->olds.at[at].start_ns <= bucket->start_ns);
             at++) {
            const struct bucket *old = &rolling->olds.at[at];
            bool both = bucket != NULL && old->start_ns == bucket->start_ns;
            if (old->start_ns >= since_ns || old->count == 0 ||
                bucket_is_erased(rolling, old, length_ns) || (both && bucket->count > old->count))
                continue; /* raw samples say it, or say more: the point had no rollups before */
            is_old = both;
            struct bucket *kept = buckets_add(&all, old->start_ns);
            if (kept == NULL) {
                free(all.at);
                return ERR_NO_MEMORY;
            }
            *kept = *old;
        }
        if (bucket == NULL || is_old || bucket->count == 0)
            continue;
        struct bucket *kept = buckets_add(&all, bucket->start_ns);
        if (kept != NULL)
            *kept = *bucket;
        else
            err = ERR_NO_MEMORY;
    }
    free(news->at);
    *news = all;
    return err;
}

/* ---- writing ---- */
static uint64_t real_word(double real)
{
    uint64_t word;
    memcpy(&word, &real, sizeof word);
    return word;
}

/* Nothing that is no number goes to the disk: a sum that left the numbers is no value. */
static void out_put(struct rows *out, uint32_t row, uint16_t column, uint64_t word, bool there)
{
    out->cells[column][row] = there ? CELL_VALUE : CELL_NO_VALUE;
    out->qualities[column][row] = 0;
    out->words[column][row] = there ? word : 0;
}

static void out_bucket(struct rows *out, const struct bucket *bucket, uint8_t type)
{
    uint32_t row = rows_add(out, bucket->start_ns);
    bool some = bucket->count > 0, number = some && type != VALUE_STRING;
    double sum = bucket->sum + bucket->rest;
    bool finite = number && __builtin_isfinite(sum);
    out_put(out, row, ROLLUP_COUNT, (uint64_t)bucket->count, true);
    out_put(out, row, ROLLUP_SUM, finite ? real_word(sum) : 0, finite);
    out_put(out, row, ROLLUP_MIN, number ? real_word(bucket->min) : 0, number);
    out_put(out, row, ROLLUP_MAX, number ? real_word(bucket->max) : 0, number);
    out_put(out, row, ROLLUP_FIRST, bucket->first, number);
    out_put(out, row, ROLLUP_LAST, bucket->last, number);
    out_put(out, row, ROLLUP_FIRST_NS, (uint64_t)bucket->first_ns, some);
    out_put(out, row, ROLLUP_LAST_NS, (uint64_t)bucket->last_ns, some);
}

static enum err point_write(struct rolling *rolling, enum part_tier tier)
{
    const struct buckets *news = &rolling->news[tier];
    struct chunks *chunks = &rolling->chunks[tier];
    uint8_t types[ROLLUP_COLUMNS];
    history_rollup_types(rolling->type, types);
    enum err err = chunks_begin(chunks, rolling->point, types, ROLLUP_COLUMNS, ROLLUP_COLUMNS);
    for (size_t i = 0; i < news->count && err == OK;) {
        err = rows_reserve(&rolling->out, types, ROLLUP_COLUMNS, CHUNK_ROWS_WANTED);
        for (; err == OK && i < news->count && rolling->out.count < rolling->out.capacity; i++)
            out_bucket(&rolling->out, &news->at[i], rolling->type);
        struct chunk_rows rows = rows_view(&rolling->out, rolling->point);
        if (err == OK)
            err = chunks_put(chunks, &rows);
    }
    return err == OK ? chunks_end(chunks) : err;
}

/* ---- points ---- */
static enum err point_roll(struct rolling *rolling)
{
    struct buckets *wanted[PART_TIERS];
    int64_t lengths[PART_TIERS];
    size_t count = 0;
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++) {
        rolling->news[tier].count = 0;
        if (!rolling->policy->rollup[tier])
            continue;
        wanted[count] = &rolling->news[tier];
        lengths[count++] = history_rollup_ns(tier);
    }
    bool anew = rolling->rollup->source == NULL;
    struct history_query query = rolling_query(rolling, INT64_MIN, INT64_MAX);
    enum err err =
        rolling_scan(rolling, anew ? rolling->all : rolling->fresh, &query, wanted, lengths, count);
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS && err == OK; tier++) {
        if (!rolling->policy->rollup[tier])
            continue;
        if (anew)
            err = buckets_remake(rolling, tier);
        else if (rolling->news[tier].count > 0)
            err = buckets_carry_on(rolling, tier);
        if (err == OK && rolling->news[tier].count > 0)
            err = point_write(rolling, tier);
    }
    return err;
}

static enum err rolling_points(struct rolling *rolling)
{
    const struct policies *policies = rolling->rollup->policies;
    for (uint32_t row = 1; row < policies->rows; row++) {
        uint32_t first_point = policies->first_point[row];
        for (uint16_t column = 0; first_point != 0 && column < policies->row_columns[row];
             column++) {
            rolling->point = first_point + column;
            rolling->policy = policy_of(policies, rolling->point);
            if (!rolling->policy->rollup[PART_MINUTE] && !rolling->policy->rollup[PART_HOUR] &&
                !rolling->policy->rollup[PART_DAY])
                continue;
            rolling->row = row;
            rolling->column = (uint8_t)column;
            rolling->type = policies->type[rolling->point];
            enum err err = point_roll(rolling);
            if (err != OK)
                return err;
        }
        if (atomic_load_explicit(&rolling->rollup->stop, memory_order_relaxed))
            return ERR_STOPPED;
    }
    return OK;
}

/* ---- the job -----------------------------------------------------------------------------------
 */
static enum err rolling_open(struct rolling *rolling)
{
    struct rollup_job *rollup = rolling->rollup;
    const struct history_config *config = &rollup->history->config;
    enum err err = scan_create_set(rollup->set, &rolling->all);
    if (err == OK && rollup->source != NULL) {
        rolling->fresh_set = calloc(1, sizeof *rolling->fresh_set);
        if (rolling->fresh_set == NULL)
            return ERR_NO_MEMORY;
        atomic_init(&rolling->fresh_set->holds, 1);
        err = set_add_part(rolling->fresh_set, rollup->source);
        if (err == OK)
            err = scan_create_set(rolling->fresh_set, &rolling->fresh);
    }
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS && err == OK; tier++) {
        err = part_writer_create(config->disk, HISTORY_FOLDER, &rollup->info[tier],
                                 &rolling->writers[tier]);
        if (err == OK)
            err = chunks_init(&rolling->chunks[tier], rolling->writers[tier]);
    }
    return err;
}

static enum err rolling_end(struct rolling *rolling, enum part_tier tier, enum err err)
{
    struct rollup_job *rollup = rolling->rollup;
    const struct history_config *config = &rollup->history->config;
    bool empty = rolling->chunks[tier].samples == 0;
    chunks_done(&rolling->chunks[tier]);
    if (err != OK || empty) {
        part_writer_drop(rolling->writers[tier]);
        return err;
    }
    err = part_writer_end(rolling->writers[tier], &rollup->info[tier]);
    if (err == OK)
        err =
            part_open(config->disk, HISTORY_FOLDER, rollup->info[tier].name, &rollup->parts[tier]);
    return err;
}

static void rolling_done(struct rolling *rolling)
{
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        free(rolling->news[tier].at);
    free(rolling->olds.at);
    free(rolling->raw.at);
    rows_done(&rolling->out);
    history_scan_destroy(rolling->fresh);
    history_scan_destroy(rolling->all);
    set_release(rolling->fresh_set);
}

/* What could not be read this time may be read the next time. */
static enum err rolling_missing(const struct rolling *rolling)
{
    struct history_cost all, fresh = {0};
    history_scan_cost(rolling->all, &all);
    if (rolling->fresh != NULL)
        history_scan_cost(rolling->fresh, &fresh);
    return all.missing + fresh.missing > 0 ? ERR_CORRUPT : OK;
}

void rollup_run(struct job *job)
{
    struct rollup_job *rollup = (struct rollup_job *)job;
    const struct history_config *config = &rollup->history->config;
    int64_t began = config->clock->boot_ns(config->clock);
    struct rolling rolling = {.rollup = rollup};
    enum err err = rolling_open(&rolling);
    if (err == OK)
        err = rolling_points(&rolling);
    if (err == OK && !rollup->leniently)
        err = rolling_missing(&rolling);
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        err = rolling_end(&rolling, tier, err);
    rolling_done(&rolling);
    rollup->err = err;
    rollup->took_ns = config->clock->boot_ns(config->clock) - began;
}
