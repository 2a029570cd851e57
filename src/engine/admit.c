/* Admission: a message becomes records in the open batch.
 *
 * Two ways lead through here. The expected one: the publisher's last row says which row comes next,
 * its path is compared with the topic, its shape with the payload, and only the values are scanned;
 * nothing is hashed and nothing is looked up. The general one: the payload is decoded, each reading
 * is looked up by its path, unknown ones become the points of a new row. Both compare bytes; a
 * fingerprint is never believed.
 *
 * Nothing here waits and nothing here changes the model: what is created lies in the overlay until
 * its batch is durable. */
#include "engine/room.h"

#include <string.h>

void publisher_init(struct publisher *publisher, uint32_t tenant, uint64_t points_max)
{
    *publisher = (struct publisher){.tenant = tenant, .points_left = points_max};
}

#define ADMIT_TEXT(name, text) [name] = text,
static const char *const admit_texts[ADMIT_COUNT] = {ADMIT_TABLE(ADMIT_TEXT)};
static const char *const admit_names[ADMIT_COUNT] = {
    [ADMIT_DONE] = "taken",
    [ADMIT_NOT_A_READING] = "not_a_reading",
    [ADMIT_TYPE] = "type",
    [ADMIT_TOPIC_INVALID] = "topic_invalid",
    [ADMIT_NO_PATH] = "no_path",
    [ADMIT_DENIED] = "denied",
    [ADMIT_POINTS_MAX] = "points_max",
    [ADMIT_POINTS_RATE] = "points_rate",
    [ADMIT_POINTS_CONNECTION] = "points_connection",
    [ADMIT_STORAGE_MAX] = "storage_max",
    [ADMIT_TIME_RANGE] = "time_range",
    [ADMIT_TOO_LARGE] = "too_large",
    [ADMIT_DISK_FULL] = "disk_full",
    [ADMIT_STORE_FULL] = "store_full",
    [ADMIT_STOPPED] = "stopped",
    [ADMIT_WAIT] = "wait",
};

const char *admit_text(enum admit admit)
{
    return admit < ADMIT_COUNT ? admit_texts[admit] : "unknown answer";
}

const char *admit_name(enum admit admit)
{
    return admit < ADMIT_COUNT ? admit_names[admit] : "unknown";
}

/* An empty batch is never written, and the one
 * before it may be lost: when nothing is under way, what is durable is all there is. */
uint64_t admit_ticket(const struct engine *engine)
{
    uint64_t open = journal_ticket(engine->journal);
    if (!journal_batch_empty(engine->journal))
        return open;
    return journal_in_flight(engine->journal) ? open - 1 : engine->durable_ticket;
}

enum admit admit_refuse(struct engine *engine, const struct publisher *publisher,
                        struct bytes topic, enum admit admit, enum payload_fault fault,
                        struct admitted *ret)
{
    ret->ticket = admit_ticket(engine);
    ret->fault = fault;
    if (admit == ADMIT_WAIT)
        return admit;
    engine->counters.refused[admit]++;
    tenants_refused(&engine->tenants, publisher->tenant, admit);
    if (fault != PAYLOAD_OK)
        engine->counters.faults[fault]++;
    refusals_note(&engine->refusals, admit, fault, publisher->tenant,
                  engine->refusal_topic.size > 0 ? engine->refusal_topic : topic,
                  engine->config.clock->wall_ns(engine->config.clock));
    return admit;
}

enum admit engine_refuse(struct engine *engine, uint32_t tenant, struct bytes topic, enum admit why,
                         struct admitted *ret_admitted)
{
    struct publisher publisher = {.tenant = tenant};
    *ret_admitted = (struct admitted){.reading = why};
    return admit_refuse(engine, &publisher, topic, why, PAYLOAD_OK, ret_admitted);
}

enum admit admit_no_path(struct engine *engine, const struct publisher *publisher,
                         struct bytes topic, enum admit why, struct admitted *ret_admitted)
{
    *ret_admitted = (struct admitted){0};
    return admit_refuse(engine, publisher, topic, engine->stopped ? ADMIT_STOPPED : why, PAYLOAD_OK,
                        ret_admitted);
}

static bool admit_facts_are_full(const struct engine *engine)
{
    size_t size = journal_facts(engine->journal)->size;
    if (LIKELY(size <= ENGINE_BATCH_FACT_BYTES))
        return false;
    bool few = engine->new_ticket == journal_ticket(engine->journal) &&
               engine->new_points < ENGINE_BATCH_POINTS;
    return !few || size > ENGINE_BATCH_FACT_BYTES_MOST;
}

/* Is the open batch as large as one is to be? */
static bool admit_batch_is_full(const struct engine *engine)
{
    struct journal *journal = engine->journal;
    return !journal_batch_empty(journal) &&
           (journal_samples(journal)->size > ENGINE_BATCH_BYTES ||
            (journal_samples(journal)->ordinal >= engine->cut_records &&
             engine->snapshot.phase == SNAPSHOT_PAGES) ||
            journal_samples(journal)->ordinal >= engine->told_records ||
            admit_facts_are_full(engine) ||
            journal_messages(journal)->size > ENGINE_BATCH_MESSAGE_BYTES);
}

/* A batch that has grown large goes out first; while another is still being written, samples and
 * messages wait. */
enum admit admit_room(struct engine *engine, enum lane lane, size_t bytes)
{
    struct journal *journal = engine->journal;
    if (lane == LANE_SAMPLES && engine->history != NULL && history_is_full(engine->history))
        return ADMIT_WAIT;
    if (lane != LANE_FACTS && admit_batch_is_full(engine)) {
        if (journal_in_flight(journal))
            return ADMIT_WAIT;
        journal_submit(journal);
    }
    switch (journal_room(journal, lane, bytes + engine->beside_bytes)) {
    case JOURNAL_ROOM:
        return ADMIT_DONE;
    case JOURNAL_WAIT:
        return ADMIT_WAIT;
    case JOURNAL_DISK_FULL:
        return ADMIT_DISK_FULL;
    case JOURNAL_STOPPED:
        break;
    }
    return ADMIT_STOPPED;
}

/* A row as admission sees it: durable or still in the overlay. */
static bool admit_row(const struct engine *engine, uint32_t row, struct point_row *ret_row)
{
    if (LIKELY(row <= points_rows(engine->points))) {
        points_row(engine->points, row, ret_row);
        return true;
    }
    const struct overlay_row *waiting = overlay_row_at(&engine->overlay, row);
    if (!waiting)
        return false;
    *ret_row = (struct point_row){.tenant = waiting->tenant,
                                  .shape = waiting->shape,
                                  .object = waiting->object,
                                  .prefix = waiting->prefix};
    return true;
}

static struct bytes admit_metric(const struct engine *engine, const struct point_row *row,
                                 uint32_t column)
{
    if (row->shape.row <= points_rows(engine->points))
        return points_metric(engine->points, row->shape.first_point + column);
    return overlay_row_at(&engine->overlay, row->shape.row)->metrics[column];
}

/* Types of a row's columns; the encoder's contexts remember them, the model is asked once. */
static void admit_types(struct engine *engine, const struct row_shape *shape,
                        struct column_context *columns)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        if (UNLIKELY(columns[i].type == 0))
            columns[i].type = points_type(engine->points, shape->first_point + i);
        engine->types[i] = columns[i].type;
    }
}

static enum payload_fault admit_convert(struct value *value, uint8_t type, char *scratch)
{
    if (LIKELY(value->type == type))
        return PAYLOAD_OK;
    if (!value->present) {
        value->type = type;
        return PAYLOAD_OK;
    }
    return payload_convert(value, type, scratch);
}

static size_t admit_text_bytes(const struct value *values, uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        if (values[i].type == VALUE_STRING)
            bytes += values[i].text.size + VARINT_MAX;
    return bytes;
}

static void admit_write(struct engine *engine, const struct row_shape *shape,
                        struct column_context *columns, const struct sample_row *sample)
{
    struct row_context *row = state_write(&engine->contexts.encoder_rows, shape->row);
    samples_write(journal_samples(engine->journal), shape, engine->types, row, columns, sample);
    contexts_return(&engine->contexts, &engine->contexts.encoder_columns, shape, columns);
}

/* ---- the expected way
 * ----------------------------------------------------------------------------- */
static const struct row_admission *admission_of(const struct engine *engine, uint32_t row)
{
    return state_read(&engine->contexts.admission, row);
}

/* What the next message of this publisher will need, fetched while this one is worked on: of the
 * next row all, of the one after it the first line. */
static void admit_prefetch(const struct engine *engine, uint32_t row)
{
    uint32_t next = admission_of(engine, row)->successor;
    if (!next || next > points_rows(engine->points))
        return;
    struct point_row found;
    points_row(engine->points, next, &found);
    points_row_prefetch(engine->points, next, true);
    state_prefetch(&engine->contexts.encoder_rows, next);
    for (uint32_t i = 0; i < found.shape.count && i < 32; i += 4)
        state_prefetch(&engine->contexts.encoder_columns, found.shape.first_point + i);
    uint32_t after = admission_of(engine, next)->successor;
    if (after && after <= points_rows(engine->points)) {
        points_row_prefetch(engine->points, after, false);
        state_prefetch(&engine->contexts.admission, after);
    }
}

static bool admit_topic_is(const struct engine *engine, const struct point_row *row,
                           struct bytes topic)
{
    if (row->object)
        return bytes_equal(row->prefix, topic);
    if (row->shape.count != 1)
        return false;
    struct bytes metric = admit_metric(engine, row, 0);
    if (!row->prefix.size)
        return bytes_equal(metric, topic);
    return topic.size == row->prefix.size + 1 + metric.size && topic.at[row->prefix.size] == '/' &&
           memcmp(topic.at, row->prefix.at, row->prefix.size) == 0 &&
           memcmp(topic.at + row->prefix.size + 1, metric.at, metric.size) == 0;
}

/* The row the publisher is expected to speak of next, if the topic says the same; ROW_NONE else. */
static uint32_t admit_expect(struct engine *engine, struct publisher *publisher, struct bytes topic,
                             struct point_row *ret_row)
{
    if (publisher->generation != engine->admission_generation) {
        publisher->generation = engine->admission_generation;
        publisher->last = ROW_NONE;
    }
    if (!publisher->last)
        return ROW_NONE;
    uint32_t row = admission_of(engine, publisher->last)->successor;
    if (!row || admission_of(engine, row)->shape == SHAPE_NEVER ||
        !admit_row(engine, row, ret_row) || ret_row->tenant != publisher->tenant ||
        !admit_topic_is(engine, ret_row, topic))
        return ROW_NONE;
    return row;
}

static void admit_remember(struct engine *engine, struct publisher *publisher, uint32_t row)
{
    if (publisher->last) {
        const struct row_admission *before = admission_of(engine, publisher->last);
        if (before->successor != row) {
            struct row_admission *change =
                state_write(&engine->contexts.admission, publisher->last);
            change->successor = row;
        }
    }
    publisher->last = row;
}

/* One whole row of values in engine->values goes into the batch. */
static enum admit admit_whole_row(struct engine *engine, struct publisher *publisher,
                                  struct bytes topic, const struct point_row *row, bool has_time,
                                  int64_t time_ns, struct admitted *ret)
{
    struct state_table *table = &engine->contexts.encoder_columns;
    uint32_t count = row->shape.count;
    struct column_context *columns = contexts_borrow(&engine->contexts, table, &row->shape);
    admit_types(engine, &row->shape, columns);
    for (uint32_t i = 0; i < count; i++) {
        enum payload_fault fault =
            admit_convert(&engine->values[i], engine->types[i], engine->texts[i]);
        if (UNLIKELY(fault != PAYLOAD_OK))
            return admit_refuse(engine, publisher, topic, ADMIT_TYPE, fault, ret);
    }
    size_t bytes = SAMPLE_RECORD_BYTES_MAX(count, admit_text_bytes(engine->values, count));
    if (UNLIKELY(bytes > ENGINE_RECORD_BYTES_MAX))
        return admit_refuse(engine, publisher, topic, ADMIT_TOO_LARGE, PAYLOAD_OK, ret);
    enum admit answer = admit_room(engine, LANE_SAMPLES, bytes);
    if (UNLIKELY(answer != ADMIT_DONE))
        return admit_refuse(engine, publisher, topic, answer, PAYLOAD_OK, ret);
    struct sample_row sample = {.row = row->shape.row,
                                .count = (uint16_t)count,
                                .arrival_time = !has_time,
                                .time_ns = time_ns,
                                .values = engine->values};
    admit_write(engine, &row->shape, columns, &sample);
    ret->values += count;
    return ADMIT_DONE;
}

static bool admit_scalar(struct engine *engine, struct bytes payload, struct value *ret_value)
{
    size_t where;
    struct payload_group group;
    if (payload_decode(engine->decoder, payload, &where) != PAYLOAD_OK ||
        !payload_next(engine->decoder, &group) || group.object || group.has_time)
        return false;
    *ret_value = group.readings[0].value;
    return true;
}

/* True when the message was what was expected; then *ret_answer holds. */
static bool admit_expected(struct engine *engine, struct publisher *publisher, struct bytes topic,
                           struct bytes payload, enum admit *ret_answer, struct admitted *ret)
{
    struct point_row row;
    uint32_t next = admit_expect(engine, publisher, topic, &row);
    if (!next || UNLIKELY(publisher->flat))
        return false;
    admit_prefetch(engine, next);
    bool has_time = false;
    int64_t time_ns = 0;
    if (row.object) {
        uint32_t shape = admission_of(engine, next)->shape;
        if (shape == SHAPE_NONE || !payload_match(shapes_at(&engine->shapes, shape), payload,
                                                  engine->values, &has_time, &time_ns))
            return false;
    } else if (!admit_scalar(engine, payload, &engine->values[0])) {
        return false;
    }
    *ret_answer = admit_whole_row(engine, publisher, topic, &row, has_time, time_ns, ret);
    if (*ret_answer == ADMIT_DONE) {
        publisher->last = next;
        engine->counters.fast_messages++;
    }
    return true;
}

/* ---- the general way
 * -------------------------------------------------------------------------------- */
/* Whole path of a reading into engine->path; 0 when it is longer than a path may be. */
static size_t admit_path(struct engine *engine, struct bytes topic, struct bytes key)
{
    if (topic.size + 1 + key.size > PATH_MAX_BYTES)
        return 0;
    if (topic.size)
        memcpy(engine->path, topic.at, topic.size);
    if (!key.size)
        return topic.size;
    size_t cut = topic.size;
    if (cut)
        engine->path[cut++] = '/';
    memcpy(engine->path + cut, key.at, key.size);
    return cut + key.size;
}

static enum admit admit_resolve_one(struct engine *engine, const struct publisher *publisher,
                                    struct bytes topic, struct admit_group *admit, uint16_t reading)
{
    struct bytes key = admit->group->readings[reading].key;
    size_t size = admit_path(engine, topic, key);
    struct bytes path = bytes_of(engine->path, size);
    uint64_t hash = admit->hashes[reading];
    struct admit_place *place = &admit->places[reading];
    *place = (struct admit_place){.reading = reading};
    uint32_t point = points_find_hashed(engine->points, publisher->tenant, path, hash);
    if (point)
        place->row = points_row_of(engine->points, point);
    else
        point = overlay_find(&engine->overlay, publisher->tenant, path, hash, &place->row);
    if (point) {
        struct point_row row;
        if (!admit_row(engine, place->row, &row))
            return ADMIT_STOPPED;
        place->column = (uint8_t)(point - row.shape.first_point);
        return ADMIT_DONE;
    }
    if (path_fault(path) || path.at[0] == '@') /* "@name/path" is another tenant's */
        return ADMIT_TOPIC_INVALID;
    admit->unknown++;
    admit->unknown_text += key.size ? key.size : topic.size;
    return ADMIT_DONE;
}

static enum admit admit_resolve(struct engine *engine, const struct publisher *publisher,
                                struct bytes topic, struct admit_group *admit)
{
    for (uint16_t i = 0; i < admit->group->count; i++) {
        size_t size = admit_path(engine, topic, admit->group->readings[i].key);
        if (!size)
            return ADMIT_TOPIC_INVALID;
        admit->hashes[i] = points_path_hash(publisher->tenant, bytes_of(engine->path, size));
        points_find_prefetch(engine->points, admit->hashes[i]);
    }
    for (uint16_t i = 0; i < admit->group->count; i++) {
        enum admit answer = admit_resolve_one(engine, publisher, topic, admit, i);
        if (answer != ADMIT_DONE)
            return answer;
    }
    return ADMIT_DONE;
}

/* Names are kept for ever and a path may have 2 KiB: a limit of points that counted only points
 * would let long paths take all memory. Ordinary ones need some 22 bytes a point. */
#define NAMES_BYTES_LEAST ((uint64_t)4 << 20)
#define NAMES_BYTES_A_POINT 128
static bool admit_names_are_full(const struct engine *engine)
{
    uint64_t most = (uint64_t)engine->config.points_max * NAMES_BYTES_A_POINT;
    return points_names_bytes(engine->points) >=
           (most > NAMES_BYTES_LEAST ? most : NAMES_BYTES_LEAST);
}

/* May so many points be created now? */
static enum admit admit_points(struct engine *engine, const struct publisher *publisher,
                               uint32_t count)
{
    uint64_t held = (uint64_t)points_count(engine->points) + engine->overlay.points;
    if (held + count > engine->config.points_max || admit_names_are_full(engine))
        return ADMIT_POINTS_MAX;
    if (count > publisher->points_left)
        return ADMIT_POINTS_CONNECTION;
    return tenants_judge(engine, publisher->tenant, count);
}

static uint8_t admit_new_type(const struct value *value)
{
    return value->present && value->type ? value->type : VALUE_FLOAT64;
}

/* The unknown readings become one new row, in the batch's facts and in the overlay. */
static enum admit admit_create(struct engine *engine, struct publisher *publisher,
                               struct bytes topic, struct admit_group *admit)
{
    struct fact_row_point *points = engine->fact_storage.points;
    bool object = admit->group->object;
    size_t cut = topic.size;
    while (!object && cut > 0 && topic.at[cut - 1] != '/')
        cut--;
    struct fact_row row = {
        .tenant = publisher->tenant,
        .shape = {.row = points_rows(engine->points) + engine->overlay.rows + 1,
                  .first_point = points_count(engine->points) + engine->overlay.points + 1,
                  .count = admit->unknown},
        .object = object,
        .prefix = object ? topic : bytes_of(topic.at, cut ? cut - 1 : 0),
        .points = points,
        .labels = admit->labels,
        .label_count = admit->label_count};
    uint16_t column = 0;
    for (uint16_t i = 0; i < admit->group->count; i++) {
        if (admit->places[i].row)
            continue;
        const struct payload_reading *reading = &admit->group->readings[admit->places[i].reading];
        points[column].type = admit_new_type(&reading->value);
        points[column].metric =
            reading->key.size ? reading->key : bytes_of(topic.at + cut, topic.size - cut);
        admit->places[i].row = row.shape.row;
        admit->places[i].column = (uint8_t)column++;
    }
    uint32_t last = row.shape.first_point + row.shape.count - 1;
    if (contexts_grow_encoder(&engine->contexts, row.shape.row, last) != OK ||
        overlay_add(&engine->overlay, &row) != OK)
        return ADMIT_POINTS_MAX;
    for (uint16_t i = 0; i < row.shape.count; i++) {
        struct column_context *context =
            state_write(&engine->contexts.encoder_columns, row.shape.first_point + i);
        *context = (struct column_context){.type = points[i].type};
    }
    *(struct row_context *)state_write(&engine->contexts.encoder_rows, row.shape.row) =
        (struct row_context){0};
    *(struct row_admission *)state_write(&engine->contexts.admission, row.shape.row) =
        (struct row_admission){0};
    facts_write(journal_facts(engine->journal), &(struct fact){.kind = FACT_ROW, .row = row});
    if (engine->new_ticket != journal_ticket(engine->journal)) {
        engine->new_ticket = journal_ticket(engine->journal);
        engine->new_points = 0;
    }
    engine->new_points += row.shape.count;
    publisher->points_left -= row.shape.count;
    tenants_created(engine, publisher->tenant, row.shape.count);
    return ADMIT_DONE;
}

/* By row, then column; senders keep an order, so this is mostly one pass. */
static void admit_sort(struct admit_place *places, uint16_t count)
{
    for (uint16_t i = 1; i < count; i++) {
        struct admit_place place = places[i];
        uint64_t key = ((uint64_t)place.row << 8) | place.column;
        uint16_t at = i;
        while (at > 0 && (((uint64_t)places[at - 1].row << 8) | places[at - 1].column) > key) {
            places[at] = places[at - 1];
            at--;
        }
        places[at] = place;
    }
}

/* Values of the places [from, to) of one row into engine->values, converted to their types. */
static enum payload_fault admit_gather(struct engine *engine, const struct admit_group *admit,
                                       const struct row_shape *shape, uint16_t from, uint16_t to,
                                       struct column_context *columns)
{
    admit_types(engine, shape, columns);
    for (uint16_t i = from; i < to; i++) {
        const struct admit_place *place = &admit->places[i];
        uint16_t at = (uint16_t)(i - from);
        engine->columns[at] = place->column;
        engine->values[at] = admit->group->readings[place->reading].value;
        enum payload_fault fault =
            admit_convert(&engine->values[at], engine->types[place->column], engine->texts[at]);
        if (fault != PAYLOAD_OK)
            return fault;
        if (i > from && engine->columns[at - 1] == place->column)
            return PAYLOAD_KEY_TWICE;
    }
    return PAYLOAD_OK;
}

static uint16_t admit_run_end(const struct admit_group *admit, uint16_t from)
{
    uint16_t to = from;
    while (to < admit->group->count && admit->places[to].row == admit->places[from].row)
        to++;
    return to;
}

/* One record for each row the group touches. With write unset only judges and adds up the room. */
static enum payload_fault admit_records(struct engine *engine, const struct admit_group *admit,
                                        bool write, size_t *bytes)
{
    for (uint16_t from = 0, to; from < admit->group->count; from = to) {
        to = admit_run_end(admit, from);
        uint32_t row_id = admit->places[from].row;
        uint16_t count = (uint16_t)(to - from);
        if (!row_id) { /* not created yet: the new row's own types fit */
            size_t text = 0;
            for (uint16_t i = from; i < to; i++)
                text += admit->group->readings[admit->places[i].reading].value.text.size + 16;
            *bytes += SAMPLE_RECORD_BYTES_MAX(count, text);
            continue;
        }
        struct point_row row;
        bool there = admit_row(engine, row_id, &row);
        check(there);
        struct state_table *table = &engine->contexts.encoder_columns;
        struct column_context *columns = contexts_borrow(&engine->contexts, table, &row.shape);
        enum payload_fault fault = admit_gather(engine, admit, &row.shape, from, to, columns);
        if (fault != PAYLOAD_OK)
            return fault;
        *bytes += SAMPLE_RECORD_BYTES_MAX(row.shape.count, admit_text_bytes(engine->values, count));
        if (!write)
            continue;
        bool full = count == row.shape.count;
        struct sample_row sample = {.row = row_id,
                                    .count = count,
                                    .arrival_time = !admit->group->has_time,
                                    .time_ns = admit->group->time_ns,
                                    .columns = full ? NULL : engine->columns,
                                    .values = engine->values};
        admit_write(engine, &row.shape, columns, &sample);
    }
    return PAYLOAD_OK;
}

/* When the message is exactly one row in the row's own order, its keys are worth remembering. */
static void admit_learn(struct engine *engine, const struct admit_group *admit, struct bytes topic,
                        struct bytes payload)
{
    uint32_t row_id = admit->places[0].row;
    const struct row_admission *admission = admission_of(engine, row_id);
    struct point_row row;
    if (admission->shape == SHAPE_NEVER || !admit->group->object ||
        !admit_row(engine, row_id, &row) || row.shape.count != admit->group->count || !row.object ||
        !bytes_equal(row.prefix, topic))
        return;
    for (uint16_t i = 0; i < admit->group->count; i++)
        if (admit->places[i].row != row_id || admit->places[i].column != i ||
            admit->places[i].reading != i)
            return;
    uint32_t shape = shapes_learn(&engine->shapes, payload);
    if (shape != SHAPE_NONE && shapes_at(&engine->shapes, shape)->count == row.shape.count &&
        shape != admission->shape)
        ((struct row_admission *)state_write(&engine->contexts.admission, row_id))->shape = shape;
}

enum admit admit_one_group(struct engine *engine, struct publisher *publisher, struct bytes topic,
                           struct admit_group *admit, struct admitted *ret)
{
    enum admit answer = UNLIKELY(publisher->flat && admit->group->object)
                            ? ADMIT_DENIED
                            : admit_resolve(engine, publisher, topic, admit);
    if (answer != ADMIT_DONE)
        return admit_refuse(engine, publisher, topic, answer, PAYLOAD_OK, ret);
    if (admit->unknown) {
        answer = admit_points(engine, publisher, admit->unknown);
        if (answer != ADMIT_DONE)
            return admit_refuse(engine, publisher, topic, answer, PAYLOAD_OK, ret);
    }
    admit_sort(admit->places, admit->group->count); /* unknown ones have row 0 and come first */
    size_t bytes = 0;
    enum payload_fault fault = admit_records(engine, admit, false, &bytes);
    if (fault != PAYLOAD_OK)
        return admit_refuse(engine, publisher, topic, ADMIT_TYPE, fault, ret);
    size_t fact_bytes = 0;
    if (admit->unknown)
        fact_bytes = FACT_ROW_BYTES_MAX(admit->unknown, topic.size + admit->unknown_text) +
                     FACT_LABELS_BYTES_MAX(admit->label_count, admit->label_text);
    if (bytes + fact_bytes > ENGINE_RECORD_BYTES_MAX)
        return admit_refuse(engine, publisher, topic, ADMIT_TOO_LARGE, PAYLOAD_OK, ret);
    answer = admit_room(engine, LANE_SAMPLES, bytes + fact_bytes);
    if (answer == ADMIT_DONE && admit->unknown)
        answer = admit_create(engine, publisher, topic, admit);
    if (answer != ADMIT_DONE)
        return admit_refuse(engine, publisher, topic, answer, PAYLOAD_OK, ret);
    admit_sort(admit->places, admit->group->count);
    fault = admit_records(engine, admit, true, &bytes);
    check(fault == PAYLOAD_OK);
    ret->values += admit->group->count;
    return ADMIT_DONE;
}

static enum admit admit_general(struct engine *engine, struct publisher *publisher,
                                struct bytes topic, struct bytes payload, struct admitted *ret)
{
    size_t where;
    enum payload_fault fault = payload_decode(engine->decoder, payload, &where);
    if (fault != PAYLOAD_OK) {
        enum admit why = fault == PAYLOAD_TIME_RANGE ? ADMIT_TIME_RANGE : ADMIT_NOT_A_READING;
        return admit_refuse(engine, publisher, topic, why, fault, ret);
    }
    struct payload_group group;
    uint32_t groups = 0, row = ROW_NONE;
    while (payload_next(engine->decoder, &group)) {
        if (groups++ < publisher->groups_done)
            continue;
        struct admit_group admit = {.group = &group};
        enum admit answer = admit_one_group(engine, publisher, topic, &admit, ret);
        if (answer == ADMIT_WAIT) {
            publisher->groups_done = groups - 1;
            publisher->values_done = ret->values;
            return answer;
        }
        if (answer != ADMIT_DONE)
            return answer;
        if (groups == 1) {
            row = admit.places[0].row;
            admit_learn(engine, &admit, topic, payload);
        }
    }
    if (row)
        admit_remember(engine, publisher, row);
    return ADMIT_DONE;
}

/* What was taken of a message that waits is gone when a write failed since: it begins anew. */
static void admit_resume(const struct engine *engine, struct publisher *publisher)
{
    if (LIKELY(publisher->lost_generation == engine->lost_generation))
        return;
    publisher->lost_generation = engine->lost_generation;
    publisher->groups_done = 0;
    publisher->values_done = 0;
}

static enum admit admit_message(struct engine *engine, struct publisher *publisher,
                                struct bytes topic, struct bytes payload, struct admitted *ret)
{
    enum admit answer;
    if (UNLIKELY(engine->stopped))
        return admit_refuse(engine, publisher, topic, ADMIT_STOPPED, PAYLOAD_OK, ret);
    /* Said before anything is decoded: who waits asks often. */
    if (UNLIKELY(engine->barrier_ticket > engine->durable_ticket) ||
        (UNLIKELY(publisher->groups_done) && admit_batch_is_full(engine) &&
         journal_in_flight(engine->journal)))
        return admit_refuse(engine, publisher, topic, ADMIT_WAIT, PAYLOAD_OK, ret);
    if (UNLIKELY(!topic.size || topic.at[0] == '$'))
        return admit_refuse(engine, publisher, topic, ADMIT_TOPIC_INVALID, PAYLOAD_OK, ret);
    if (UNLIKELY(engine_tenant_is_full(engine, publisher->tenant)))
        return admit_refuse(engine, publisher, topic, ADMIT_STORAGE_MAX, PAYLOAD_OK, ret);
    if (LIKELY(!publisher->groups_done) &&
        admit_expected(engine, publisher, topic, payload, &answer, ret))
        return answer;
    return admit_general(engine, publisher, topic, payload, ret);
}

static enum admit admit_finish(struct engine *engine, struct publisher *publisher,
                               enum admit answer, struct admitted *ret)
{
    if (answer == ADMIT_WAIT)
        return answer;
    publisher->groups_done = 0;
    publisher->values_done = 0;
    if (answer == ADMIT_DONE) {
        ret->ticket = journal_ticket(engine->journal);
        engine->counters.messages++;
        engine->counters.values += ret->values;
    }
    return answer;
}

enum admit engine_publish(struct engine *engine, struct publisher *publisher, struct bytes topic,
                          struct bytes payload, struct admitted *ret_admitted)
{
    admit_resume(engine, publisher);
    *ret_admitted = (struct admitted){.values = publisher->values_done};
    enum admit answer = admit_message(engine, publisher, topic, payload, ret_admitted);
    return admit_finish(engine, publisher, answer, ret_admitted);
}

static enum admit admit_readings(struct engine *engine, struct publisher *publisher,
                                 struct bytes path, const struct payload_group *group,
                                 struct admitted *ret)
{
    struct admit_group admit = {.group = group};
    enum admit answer = ADMIT_DONE;
    if (engine->stopped)
        answer = ADMIT_STOPPED;
    else if (engine->barrier_ticket > engine->durable_ticket)
        answer = ADMIT_WAIT;
    else if (path.size == 0 || path.at[0] == '$')
        answer = ADMIT_TOPIC_INVALID;
    else if (group->has_time && (group->time_ns < TIME_MIN_NS || group->time_ns >= TIME_MAX_NS))
        answer = ADMIT_TIME_RANGE;
    else if (engine_tenant_is_full(engine, publisher->tenant))
        answer = ADMIT_STORAGE_MAX;
    if (answer != ADMIT_DONE)
        return admit_refuse(engine, publisher, path, answer, PAYLOAD_OK, ret);
    return admit_one_group(engine, publisher, path, &admit, ret);
}

enum admit engine_readings(struct engine *engine, struct publisher *publisher, struct bytes path,
                           const struct payload_group *group, struct admitted *ret_admitted)
{
    admit_resume(engine, publisher);
    *ret_admitted = (struct admitted){.ticket = 0};
    enum admit answer = admit_readings(engine, publisher, path, group, ret_admitted);
    return admit_finish(engine, publisher, answer, ret_admitted);
}

/* ---- commands
 * ------------------------------------------------------------------------------------------ */
/* What cannot even be written down is refused here; what makes no sense is the reducer's to judge.
 */
static bool command_fits(const struct command *command)
{
    const struct point_settings *settings = &command->settings;
    size_t labels = 0;
    if ((settings->has & HAS_LABELS) && settings->label_count > LABELS_MAX)
        return false;
    for (uint16_t i = 0; (settings->has & HAS_LABELS) && i < settings->label_count; i++) {
        if (settings->labels[i].name.size > LABEL_BYTES_MAX ||
            settings->labels[i].value.size > LABEL_BYTES_MAX)
            return false;
        labels += settings->labels[i].name.size + settings->labels[i].value.size;
    }
    return command->path.size <= PATH_MAX_BYTES && command->new_path.size <= PATH_MAX_BYTES &&
           command->client.size <= KEY_BYTES_MAX && command->key.size <= KEY_BYTES_MAX &&
           (!(settings->has & HAS_UNIT) || settings->unit.size <= UNIT_BYTES_MAX) &&
           (!(settings->has & HAS_DESCRIPTION) ||
            settings->description.size <= DESCRIPTION_BYTES_MAX) &&
           labels <= FACT_BYTES_MAX / 2;
}

static bool value_fits(const struct value *value)
{
    return value->text.size <= STRING_VALUE_MAX;
}

static bool archive_fits(const struct command *command)
{
    const struct command_erase *erase = &command->erase;
    const struct command_correct *correct = &command->correct;
    const struct command_annotate *annotate = &command->annotate;
    switch (command->kind) {
    case COMMAND_ERASE:
        return erase->range_count <= ERASE_RANGES_MAX &&
               erase->pattern.size <= POLICY_PATTERN_MAX &&
               erase->reason.size <= REASON_BYTES_MAX && erase->author.size <= AUTHOR_BYTES_MAX;
    case COMMAND_CORRECT:
        return value_fits(&correct->value) && (!correct->there || value_fits(&correct->original)) &&
               correct->reason.size <= REASON_BYTES_MAX && correct->author.size <= AUTHOR_BYTES_MAX;
    case COMMAND_ANNOTATE:
        return annotate->text.size <= ANNOTATION_BYTES_MAX &&
               annotate->author.size <= AUTHOR_BYTES_MAX;
    case COMMAND_ANNOTATION_REMOVE:
        return true;
    default:
        return command->policy.name.size <= POLICY_NAME_MAX &&
               command->policy.pattern.size <= POLICY_PATTERN_MAX;
    }
}

/* Each erasure freezes a window of the history: as long as another one waits to be sealed, erasures
 * wait, so that readings never have to. */
static bool erase_waits_for_history(const struct engine *engine)
{
    struct history_state state;
    if (engine->history == NULL)
        return false;
    history_describe(engine->history, &state);
    /* On a full disk windows may have to wait until an erasure made room. */
    return (state.windows > 1 && !state.disk_full) || !history_may_erase(engine->history);
}

/* Carrying out an erasure looks at many points: one a batch, so that applying it stays a short
 * step. */
static bool erase_waits(struct engine *engine, const struct command *command)
{
    if (command->kind != COMMAND_ERASE)
        return false;
    if (erase_waits_for_history(engine))
        return true;
    if (journal_batch_empty(engine->journal) ||
        engine->erase_ticket != journal_ticket(engine->journal))
        return false;
    if (journal_in_flight(engine->journal))
        return true;
    journal_submit(engine->journal);
    return false;
}

enum admit engine_command(struct engine *engine, const struct command *command, uint64_t tag,
                          struct admitted *ret_admitted)
{
    *ret_admitted = (struct admitted){.ticket = admit_ticket(engine)};
    if (engine->stopped)
        return ADMIT_STOPPED;
    bool archive = command_is_of_archive(command->kind);
    bool access = command_is_of_access(command->kind), audited = audit_is_wanted(command);
    bool module = command_module(command->kind) != 0;
    if (access ? !audit_access_fits(command)
               : !command_fits(command) || (archive && !archive_fits(command)) ||
                     (module && !form_is_valid(command->module.form)))
        return ADMIT_TOO_LARGE;
    if (command->kind == COMMAND_CREATE) {
        uint64_t held = (uint64_t)points_count(engine->points) + engine->overlay.points +
                        engine->commands_waiting;
        enum admit judged = held >= engine->config.points_max
                                ? ADMIT_POINTS_MAX
                                : tenants_judge(engine, command->tenant, 1);
        if (judged != ADMIT_DONE)
            return judged;
    }
    if (engine->commands_waiting == COMMANDS_WAITING_MAX || erase_waits(engine, command) ||
        !audit_has_room(engine))
        return ADMIT_WAIT;
    enum admit answer = admit_room(engine, LANE_FACTS, (audited ? 2 : 1) * FACT_BYTES_MAX);
    if (answer != ADMIT_DONE)
        return answer;
    struct fact fact = {.kind = access    ? FACT_ACCESS
                                : archive ? FACT_ARCHIVE
                                : module  ? FACT_MODULE
                                          : FACT_COMMAND,
                        .command = *command};
    audit_cut_actor(&fact.command.actor);
    if (command->key_kind == KEY_FREE && command->key_wall_ns == 0)
        fact.command.key_wall_ns = engine->config.clock->wall_ns(engine->config.clock);
    fact.command.rows_before = points_rows(engine->points) + engine->overlay.rows;
    fact.command.points_before = points_count(engine->points) + engine->overlay.points;
    journal_order(engine->journal);
    facts_write(journal_facts(engine->journal), &fact);
    if (audited)
        audit_write(engine, command);
    if (command->actor.door != ACTOR_NONE)
        audit_count(engine);
    if (command->kind == COMMAND_CREATE)
        tenants_created(engine, command->tenant, 1);
    size_t at = (engine->commands_first + engine->commands_waiting++) % COMMANDS_WAITING_MAX;
    engine->command_tags[at] = tag;
    ret_admitted->ticket = journal_ticket(engine->journal);
    if (!archive && !access &&
        !module) /* names and types are as they were: samples need not wait */
        engine->barrier_ticket = ret_admitted->ticket;
    if (command->kind == COMMAND_ERASE)
        engine->erase_ticket = ret_admitted->ticket;
    engine->counters.commands++;
    return ADMIT_DONE;
}
