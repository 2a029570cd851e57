/* Line protocol on its way into the batch: bulk, so what is done a line is counted in nanoseconds.
 *
 * Three ways, each compared byte by byte (influx_match):
 *   expected  the line that followed the last one the time before
 *   looked up lines in another order: the heads of the next ones are hashed together, so that the
 *             memory that they lead to is fetched at once, not one after the other
 *   general   the line is decoded, its path made, its points looked up or created (admit.c), and
 *             the series learned
 *
 * A line that has to wait goes back to the decoder: nothing of it was done yet. */
#include "engine/line_index.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD 32       /* lines looked up together */
#define STRAYS_MOST 4  /* expectations that failed in a row: then they are not tried */
#define STRAYS_BACK 16 /* ones that would have held in a row: then they are again */
#define LINE_COST 16   /* of the general way, in matches */

struct lines {
    struct influx_decoder *decoder;
    struct publisher *publisher;
    struct lines_counts counts;
    uint32_t last;       /* entry of the line before */
    uint32_t generation; /* of the index that `last` and `ahead` are of */
    uint32_t strays, steady;
    bool (*may)(void *arg, struct bytes branch); /* NULL: every line */
    void *arg;
    uint32_t ahead[AHEAD]; /* entries of the next lines, as far as their heads tell */
    uint32_t ahead_at, ahead_count;
    const uint8_t *ahead_text[AHEAD]; /* where they begin */
    const uint8_t *guessed;           /* where the line at hand was thought to begin; or NULL */

    /* the line at hand */
    uint32_t entry; /* LINE_NONE: it is decoded, in `line` */
    bool has_time;
    int64_t time_ns;
    struct influx_line line;
    struct value values[COLUMNS_MAX], ordered[COLUMNS_MAX];
};

/* ---- life
 * ---------------------------------------------------------------------------------------- */
enum err lines_create(struct lines **ret_lines)
{
    struct lines *lines = malloc(sizeof *lines);
    if (!lines)
        return ERR_NO_MEMORY;
    memset(lines, 0, offsetof(struct lines, values));
    enum err err = influx_decoder_create(&lines->decoder);
    if (err != OK) {
        free(lines);
        return err;
    }
    *ret_lines = lines;
    return OK;
}

void lines_destroy(struct lines *lines)
{
    if (!lines)
        return;
    influx_decoder_destroy(lines->decoder);
    free(lines);
}

size_t lines_memory(const struct lines *lines)
{
    return sizeof *lines + influx_decoder_memory(lines->decoder);
}

void lines_begin(struct lines *lines, struct publisher *publisher, enum influx_precision precision)
{
    influx_begin(lines->decoder, precision);
    lines->publisher = publisher;
    lines->may = NULL;
    lines->counts = (struct lines_counts){.ticket = 0};
    lines->last = LINE_NONE;
    lines->strays = lines->steady = lines->ahead_at = lines->ahead_count = 0;
}

void lines_guard(struct lines *lines, bool (*may)(void *arg, struct bytes branch), void *arg)
{
    lines->may = may;
    lines->arg = arg;
}

void lines_feed(struct lines *lines, struct bytes piece)
{
    influx_feed(lines->decoder, piece);
    lines->ahead_at = lines->ahead_count = 0;
}

size_t lines_rest(const struct lines *lines)
{
    return influx_rest(lines->decoder);
}

void lines_move(struct lines *lines, uint8_t *to)
{
    influx_move(lines->decoder, to);
    lines->ahead_at = lines->ahead_count = 0;
}

void lines_end(struct lines *lines)
{
    influx_end(lines->decoder);
    lines->ahead_at = lines->ahead_count = 0;
}

const struct lines_counts *lines_counts(const struct lines *lines)
{
    return &lines->counts;
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */
/* What was refused for good is one line; the rest of the body goes on. */
static bool refusal_is_of_line(enum admit admit)
{
    return admit != ADMIT_DISK_FULL && admit != ADMIT_STOPPED && admit != ADMIT_POINTS_RATE &&
           admit != ADMIT_STORAGE_MAX;
}

static enum lines_step line_refuse(struct engine *engine, struct lines *lines, struct bytes text,
                                   enum admit admit, enum payload_fault fault,
                                   struct line_refused *ret_refused)
{
    const char *detail = fault != PAYLOAD_OK ? payload_fault_text(fault) : admit_text(admit);
    if (admit == ADMIT_NO_PATH)
        detail = "readings.lines_path names a tag that the line has not";
    *ret_refused = (struct line_refused){.line = influx_line_number(lines->decoder),
                                         .text = text,
                                         .code = admit_name(admit),
                                         .detail = detail};
    lines->counts.refused++;
    engine->counters.refused_lines++;
    return LINES_REFUSED;
}

static enum lines_step line_faulty(struct engine *engine, struct lines *lines,
                                   const struct influx_refusal *refusal,
                                   struct line_refused *ret_refused)
{
    *ret_refused = (struct line_refused){.line = refusal->line,
                                         .column = refusal->column,
                                         .text = refusal->text,
                                         .code = influx_fault_name(refusal->fault),
                                         .detail = influx_fault_text(refusal->fault)};
    lines->counts.refused++;
    engine->counters.refused_lines++;
    return LINES_REFUSED;
}

static void line_taken(struct engine *engine, struct lines *lines, uint32_t values)
{
    lines->counts.lines++;
    lines->counts.values += values;
    lines->counts.ticket = journal_ticket(engine->journal);
    engine->counters.lines++;
    engine->counters.messages++;
    engine->counters.values += values;
}

/* ---- known series
 * ---------------------------------------------------------------------------------------- */
/* The values in the order of the row's points, with the columns where not all are there. */
static const struct value *known_order(struct engine *engine, struct lines *lines,
                                       const struct line_entry *entry, const uint8_t **ret_columns)
{
    *ret_columns = NULL;
    if (LIKELY(!entry->mapped))
        return lines->values;
    const struct line_map *map = line_entry_map(entry);
    for (uint32_t i = 0; i < entry->count; i++) {
        lines->ordered[i] = lines->values[map[i].field];
        engine->columns[i] = map[i].column;
    }
    if (entry->count < entry->row_count)
        *ret_columns = engine->columns;
    return lines->ordered;
}

/* Types of all points of the row, which a record may have to tell; and what strings need. */
static size_t known_types(struct engine *engine, const struct row_shape *shape,
                          struct column_context *columns, const struct value *values,
                          uint32_t count)
{
    size_t text = 0;
    uint8_t strings = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        if (UNLIKELY(columns[i].type == 0))
            columns[i].type = points_type(engine->points, shape->first_point + i);
        engine->types[i] = columns[i].type;
        strings |= columns[i].type == VALUE_STRING;
    }
    for (uint32_t i = 0; i < count; i++)
        strings |= values[i].type == VALUE_STRING;
    if (UNLIKELY(strings)) /* a number may become a text of 32 bytes */
        for (uint32_t i = 0; i < count; i++)
            text += values[i].text.size + 32 + VARINT_MAX;
    return text;
}

static enum payload_fault known_convert(struct engine *engine, struct value *value, uint8_t type,
                                        uint32_t at)
{
    if (LIKELY(value->type == type))
        return PAYLOAD_OK;
    return payload_convert(value, type, engine->texts[at]);
}

/* The values of the line at hand, which is entry's, go into the batch. */
static enum admit known_write(struct engine *engine, struct lines *lines,
                              const struct line_entry *entry, enum payload_fault *ret_fault)
{
    struct row_shape shape = {entry->row, entry->first_point, entry->row_count};
    struct contexts *contexts = &engine->contexts;
    const uint8_t *places;
    const struct value *values = known_order(engine, lines, entry, &places);
    struct column_context *columns = contexts_borrow(contexts, &contexts->encoder_columns, &shape);
    size_t text = known_types(engine, &shape, columns, values, entry->count);
    size_t bytes = SAMPLE_RECORD_BYTES_MAX(shape.count, text);
    if (UNLIKELY(bytes > ENGINE_RECORD_BYTES_MAX))
        return ADMIT_TOO_LARGE;
    enum admit answer = admit_room(engine, LANE_SAMPLES, bytes);
    if (UNLIKELY(answer != ADMIT_DONE))
        return answer;
    struct value *changed = values == lines->values ? lines->values : lines->ordered;
    for (uint32_t i = 0; i < entry->count; i++) {
        enum payload_fault fault =
            known_convert(engine, &changed[i], engine->types[places ? places[i] : i], i);
        if (UNLIKELY(fault != PAYLOAD_OK)) {
            *ret_fault = fault;
            return ADMIT_TYPE;
        }
    }
    struct sample_row sample = {.row = shape.row,
                                .count = entry->count,
                                .arrival_time = !lines->has_time,
                                .time_ns = lines->has_time ? lines->time_ns : 0,
                                .columns = places,
                                .values = values};
    struct row_context *row = state_write(&contexts->encoder_rows, shape.row);
    samples_write(journal_samples(engine->journal), &shape, engine->types, row, columns, &sample);
    contexts_return(contexts, &contexts->encoder_columns, &shape, columns);
    return ADMIT_DONE;
}

/* What came after the last line is what will be expected there. */
static void known_follow(const struct line_index *index, struct lines *lines, uint32_t at)
{
    if (lines->last != LINE_NONE) {
        struct line_entry *last = line_entry_at(index, lines->last);
        if (LIKELY(last->next == at)) {
            lines->steady++;
        } else {
            last->next = at;
            lines->steady = 0;
        }
        if (UNLIKELY(lines->strays >= STRAYS_MOST) && lines->steady >= STRAYS_BACK)
            lines->strays = 0;
    }
    lines->last = at;
}

static bool known_match(struct lines *lines, const struct line_index *index, uint32_t at)
{
    const struct line_entry *entry = line_entry_at(index, at);
    struct influx_shape shape = line_entry_shape(entry);
    return entry->row != ROW_NONE && entry->tenant == lines->publisher->tenant &&
           influx_match(lines->decoder, &shape, lines->values, &lines->has_time, &lines->time_ns);
}

/* ---- expected, or looked up
 * ---------------------------------------------------------------------------------------- */
/* What the line behind the expected one will need. */
static inline void expect_prefetch(const struct engine *engine, const struct line_index *index,
                                   const struct line_entry *entry)
{
    if (entry->next == LINE_NONE)
        return;
    const struct line_entry *next = line_entry_at(index, entry->next);
    state_prefetch(&engine->contexts.encoder_rows, next->row);
    state_prefetch(&engine->contexts.encoder_columns, next->first_point);
    if (next->next != LINE_NONE) {
        const uint8_t *after = (const uint8_t *)line_entry_at(index, next->next);
        __builtin_prefetch(after);
        __builtin_prefetch(after + 64);
    }
}

static uint32_t line_expect(const struct engine *engine, struct lines *lines)
{
    const struct line_index *index = engine->lines;
    if (lines->last == LINE_NONE || lines->strays >= STRAYS_MOST)
        return LINE_NONE;
    uint32_t at = line_entry_at(index, lines->last)->next;
    if (at == LINE_NONE || !known_match(lines, index, at)) {
        lines->strays++;
        return LINE_NONE;
    }
    lines->strays = 0;
    expect_prefetch(engine, index, line_entry_at(index, at));
    lines->ahead_at += lines->ahead_at < lines->ahead_count;
    return at;
}

/* The next lines, three steps each for all of them: where a head hashes to, the entry found there,
 * what the entry leads to. */
static void ahead_fill(const struct engine *engine, struct lines *lines)
{
    const struct line_index *index = engine->lines;
    struct bytes heads[AHEAD];
    uint64_t hashes[AHEAD];
    struct index_probe probe;
    size_t count = influx_peek(lines->decoder, heads, AHEAD);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = line_head_hash(engine, heads[i]);
        index_prefetch(index->heads, hashes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t at = index_first(index->heads, &probe, hashes[i]);
        lines->ahead[i] = at == INDEX_NONE ? LINE_NONE : at;
        lines->ahead_text[i] = heads[i].at;
        if (at == INDEX_NONE)
            continue;
        const uint8_t *entry = (const uint8_t *)line_entry_at(index, at);
        __builtin_prefetch(entry);
        __builtin_prefetch(entry + 64);
    }
    for (size_t i = 0; i < count; i++) {
        if (lines->ahead[i] == LINE_NONE)
            continue;
        const struct line_entry *entry = line_entry_at(index, lines->ahead[i]);
        if (UNLIKELY(entry->row == ROW_NONE || entry->tenant != lines->publisher->tenant ||
                     !bytes_equal(influx_shape_head(entry->text), heads[i]))) {
            lines->ahead[i] =
                line_index_find(engine, lines->publisher->tenant, heads[i], hashes[i]);
            if (lines->ahead[i] == LINE_NONE)
                continue;
            entry = line_entry_at(index, lines->ahead[i]);
        }
        state_prefetch(&engine->contexts.encoder_rows, entry->row);
        state_prefetch(&engine->contexts.encoder_columns, entry->first_point);
    }
    lines->ahead_at = 0;
    lines->ahead_count = (uint32_t)count;
}

/* Another line that begins alike and has other fields. */
static uint32_t line_alike(const struct engine *engine, struct lines *lines, uint32_t first)
{
    const struct line_index *index = engine->lines;
    struct bytes head = influx_shape_head(line_entry_at(index, first)->text);
    struct index_probe probe;
    uint32_t at = index_first(index->heads, &probe, line_head_hash(engine, head));
    for (; at != INDEX_NONE; at = index_next(index->heads, &probe))
        if (at != first && known_match(lines, index, at))
            return at;
    return LINE_NONE;
}

static uint32_t line_look_up(const struct engine *engine, struct lines *lines)
{
    lines->guessed = NULL;
    if (lines->ahead_at >= lines->ahead_count)
        ahead_fill(engine, lines);
    if (lines->ahead_at >= lines->ahead_count)
        return LINE_NONE;
    lines->guessed = lines->ahead_text[lines->ahead_at];
    uint32_t at = lines->ahead[lines->ahead_at++];
    if (at == LINE_NONE || LIKELY(known_match(lines, engine->lines, at)))
        return at;
    return line_alike(engine, lines, at);
}

/* The line began elsewhere than was thought: so do those behind it. */
static void ahead_check(struct lines *lines, const uint8_t *begin)
{
    if (lines->guessed != begin)
        lines->ahead_at = lines->ahead_count = 0;
}

/* ---- the general way
 * ---------------------------------------------------------------------------------------- */
/* Names of all fields into index->readings. */
static enum admit general_readings(struct line_index *index, const struct influx_line *line)
{
    size_t used = 0;
    for (uint16_t i = 0; i < line->field_count; i++) {
        size_t size, room = sizeof index->metrics - used;
        if (influx_metric_put(&index->path_template, line, i, index->metrics + used,
                              room < PATH_MAX_BYTES ? room : PATH_MAX_BYTES, &size) != OK)
            return ADMIT_TOPIC_INVALID;
        index->readings[i] = (struct payload_reading){.key = bytes_of(index->metrics + used, size),
                                                      .value = line->values[i]};
        used += size;
    }
    return ADMIT_DONE;
}

/* The tags as labels, in the order of their names. False: one is too long. */
static bool general_labels(struct line_index *index, const struct influx_line *line)
{
    uint8_t order[INFLUX_TAGS_MAX];
    struct admit_group *group = &index->group;
    influx_tags_sort(line, order);
    group->labels = index->labels;
    group->label_count = line->tag_count;
    group->label_text = 0;
    for (uint16_t i = 0; i < line->tag_count; i++) {
        struct label *label = &index->labels[i];
        influx_label_get(line, order[i], index->label_text[i], label);
        if (label->name.size > LABEL_BYTES_MAX || label->value.size > LABEL_BYTES_MAX)
            return false;
        group->label_text += label->name.size + label->value.size;
    }
    return true;
}

static enum admit general_take(struct engine *engine, struct lines *lines, struct admitted *ret)
{
    struct line_index *index = engine->lines;
    const struct influx_line *line = &lines->line;
    size_t size = 0;
    enum err err =
        influx_prefix_put(&index->path_template, line, index->prefix, sizeof index->prefix, &size);
    struct bytes prefix = bytes_of(index->prefix, size);
    enum admit answer = err == ERR_MISSING ? ADMIT_NO_PATH
                        : err != OK        ? ADMIT_TOPIC_INVALID
                                           : general_readings(index, line);
    struct payload_group group = {.has_time = line->has_time,
                                  .time_ns = line->time_ns,
                                  .object = true,
                                  .count = line->field_count,
                                  .readings = index->readings};
    index->group.group = &group;
    index->group.unknown = 0;
    index->group.unknown_text = 0;
    if (answer == ADMIT_DONE && !general_labels(index, line))
        answer = ADMIT_TOPIC_INVALID;
    if (answer == ADMIT_DONE && lines->may != NULL && !lines->may(lines->arg, prefix))
        answer = ADMIT_DENIED;
    if (answer != ADMIT_DONE)
        return admit_refuse(engine, lines->publisher, line->series, answer, PAYLOAD_OK, ret);
    return admit_one_group(engine, lines->publisher, prefix, &index->group, ret);
}

/* Where the line's fields went, for the next time. */
static void general_learn(struct engine *engine, struct lines *lines)
{
    struct line_index *index = engine->lines;
    const struct admit_place *places = index->group.places;
    uint16_t count = lines->line.field_count;
    for (uint16_t i = 1; i < count; i++)
        if (places[i].row != places[0].row)
            return;
    struct row_shape shape = {.row = places[0].row};
    const struct overlay_row *waiting = overlay_row_at(&engine->overlay, shape.row);
    if (waiting) {
        shape = waiting->shape;
    } else {
        struct point_row row;
        points_row(engine->points, shape.row, &row);
        shape = row.shape;
    }
    uint32_t generation = index->generation;
    uint32_t at = line_index_learn(engine, lines->publisher->tenant, &lines->line, &shape, places);
    if (index->generation != generation) {
        lines->generation = index->generation;
        lines->last = LINE_NONE;
        lines->ahead_at = lines->ahead_count = 0;
    }
    if (at != LINE_NONE)
        known_follow(index, lines, at);
}

static enum admit line_general(struct engine *engine, struct lines *lines,
                               enum payload_fault *ret_fault)
{
    struct admitted admitted = {.values = 0};
    enum admit answer = general_take(engine, lines, &admitted);
    *ret_fault = admitted.fault;
    if (answer != ADMIT_DONE)
        return answer;
    line_taken(engine, lines, lines->line.field_count);
    general_learn(engine, lines);
    return ADMIT_DONE;
}

/* ---- a line
 * ---------------------------------------------------------------------------------------- */
static enum admit line_known(struct engine *engine, struct lines *lines, uint32_t at,
                             enum payload_fault *ret_fault)
{
    const struct line_entry *entry = line_entry_at(engine->lines, at);
    enum admit answer = known_write(engine, lines, entry, ret_fault);
    if (LIKELY(answer == ADMIT_DONE)) {
        line_taken(engine, lines, entry->count);
        engine->counters.fast_lines++;
        engine->counters.fast_messages++;
        known_follow(engine->lines, lines, at);
        return ADMIT_DONE;
    }
    struct admitted admitted;
    struct point_row row = {.prefix = bytes_of("", 0)};
    if (entry->row <= points_rows(engine->points))
        points_row(engine->points, entry->row, &row);
    return admit_refuse(engine, lines->publisher, row.prefix, answer, *ret_fault, &admitted);
}

/* The line at hand was not taken. */
static enum lines_step line_left(struct engine *engine, struct lines *lines, enum admit answer,
                                 enum payload_fault fault, struct line_refused *ret_refused)
{
    if (answer == ADMIT_WAIT || !refusal_is_of_line(answer)) {
        influx_unread(lines->decoder);
        lines->ahead_at = lines->ahead_count = 0;
        return answer == ADMIT_WAIT ? LINES_WAIT : LINES_STOP;
    }
    struct bytes text = lines->line.series;
    if (lines->entry != LINE_NONE)
        text = influx_shape_head(line_entry_at(engine->lines, lines->entry)->text);
    return line_refuse(engine, lines, text, answer, fault, ret_refused);
}

/* The next line becomes the one at hand. LINES_TURN: it is there. */
static enum lines_step line_next(struct engine *engine, struct lines *lines,
                                 struct line_refused *ret_refused)
{
    struct influx_refusal refusal;
    uint32_t at = LINE_NONE;
    if (LIKELY(lines->may == NULL)) {
        at = line_expect(engine, lines);
        if (UNLIKELY(at == LINE_NONE))
            at = line_look_up(engine, lines);
    }
    lines->entry = at;
    if (LIKELY(at != LINE_NONE))
        return LINES_TURN;
    switch (influx_next(lines->decoder, &lines->line, &refusal)) {
    case INFLUX_STEP_LINE:
        ahead_check(lines, lines->line.series.at);
        return LINES_TURN;
    case INFLUX_STEP_FAULT:
        ahead_check(lines, refusal.text.at);
        return line_faulty(engine, lines, &refusal, ret_refused);
    case INFLUX_STEP_MORE:
        break;
    }
    return LINES_MORE;
}

/* What was learned under another state of things is no more; the line at hand is looked up again.
 */
static bool lines_catch_up(struct engine *engine, struct lines *lines)
{
    struct line_index *index = line_index_get(engine);
    if (!index)
        return false;
    if (UNLIKELY(index->lost_generation != engine->lost_generation)) {
        line_index_forget_all(index); /* some of its rows never were */
        index->lost_generation = engine->lost_generation;
        index = line_index_get(engine);
    }
    if (index && lines->generation != index->generation) {
        lines->generation = index->generation;
        lines->last = LINE_NONE;
        lines->ahead_at = lines->ahead_count = 0;
        lines->strays = lines->steady = 0;
    }
    return index != NULL;
}

enum lines_step engine_lines(struct engine *engine, struct lines *lines, int *budget,
                             struct line_refused *ret_refused, enum admit *ret_stop)
{
    *ret_stop = ADMIT_STOPPED;
    if (UNLIKELY(engine->stopped) || !lines_catch_up(engine, lines))
        return LINES_STOP;
    if (UNLIKELY(engine->barrier_ticket > engine->durable_ticket))
        return LINES_WAIT;
    if (UNLIKELY(engine_tenant_is_full(engine, lines->publisher->tenant))) {
        *ret_stop = ADMIT_STORAGE_MAX;
        tenants_refused(&engine->tenants, lines->publisher->tenant, ADMIT_STORAGE_MAX);
        return LINES_STOP;
    }
    while (*budget > 0) {
        enum payload_fault fault = PAYLOAD_OK;
        enum lines_step step = line_next(engine, lines, ret_refused);
        if (UNLIKELY(step != LINES_TURN)) {
            *budget -= step == LINES_REFUSED ? LINE_COST : 0;
            return step;
        }
        bool known = lines->entry != LINE_NONE;
        *budget -= known ? 1 : LINE_COST;
        enum admit answer = known ? line_known(engine, lines, lines->entry, &fault)
                                  : line_general(engine, lines, &fault);
        *ret_stop = answer;
        if (UNLIKELY(answer != ADMIT_DONE))
            return line_left(engine, lines, answer, fault, ret_refused);
    }
    return LINES_TURN;
}
