/* test_house: an engine, its namespace and the live room as the server ties them together, on a
 * disk in memory and a clock that moves when it is told to; and viewers that believe what they are
 * told (struct model), to be compared with what is so.
 *
 *   house_say       a reading comes in; durable and told after house_settle
 *   house_settle    until the disk has all and the live room has nothing more to say
 *   model_...       a viewer: its messages wait in an inbox until model_read; those that are not
 *                   read when the connection breaks are lost
 *   model_check     what it believes equals the points, path by path and value by value
 *
 * Each message is checked when it is read: it is JSON, its number is one more than the last, and a
 * delta tells only points that the viewer was told of. */
#pragma once

#include "live/live.h"
#include "live/test_disk.h"

#include <jansson.h>

#define HOUSE_WALL_NS (INT64_C(1700000000) * NS_PER_S)
#define HOUSE_BUSY 200000 /* steps after which it is said to never come to rest */

struct house_clock {
    struct clock port; /* first */
    int64_t boot_ns, wall_ns;
};
struct house {
    struct test_disk *disk;
    struct house_clock clock;
    struct worker *writer, *background;
    struct engine_config engine_config;
    struct settings settings;
    struct engine *engine;
    struct namespace *space;
    struct live *live;
    struct publisher publisher;
    uint64_t changes; /* values that became the live one of a row that is watched */
    enum outcome_code outcome;
    bool answered;
    bool entering_held; /* the namespace does not catch up */
    uint32_t work_most; /* steps that the last settle took */
};

/* ---- chance, clock ---- */
static inline uint64_t chance(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static inline int64_t house_boot_ns(struct clock *port)
{
    return ((struct house_clock *)port)->boot_ns;
}

static inline int64_t house_wall_ns(struct clock *port)
{
    return ((struct house_clock *)port)->wall_ns;
}

static inline void house_random(void *at, size_t size)
{
    static uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)at)[i] = (uint8_t)(chance(&seed) >> 24);
}

static inline void house_advance(struct house *house, int64_t ns)
{
    house->clock.boot_ns += ns;
    house->clock.wall_ns += ns;
}

/* ---- what the server does ---- */
static inline void house_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct house *house = arg;
    (void)tag;
    house->outcome = outcome->code;
    house->answered = true;
    if (outcome->point == POINT_NONE)
        return;
    namespace_point_changed(house->space, outcome->point);
    live_point_changed(house->live, outcome->point);
}

static inline void house_changed(void *arg, const struct row_shape *shape,
                                 const struct sample_row *sample)
{
    struct house *house = arg;
    house->changes += sample->count;
    live_row_changed(house->live, shape, sample);
}

static inline void house_entered(void *arg, uint32_t point)
{
    live_point_entered(((struct house *)arg)->live, point);
}

/* One turn of the server's loop; true: there is more to do at once. */
static inline bool house_step(struct house *house)
{
    (void)engine_step(house->engine);
    bool all = house->entering_held || namespace_catch_up(house->space, 1000, house_entered, house);
    int64_t wait_ns = live_step(house->live, house->clock.boot_ns);
    check(wait_ns >= 0);
    struct journal *journal = engine_journal(house->engine);
    return !all || wait_ns == 0 || !journal_batch_empty(journal) || journal_in_flight(journal);
}

static inline void house_settle(struct house *house)
{
    house->work_most = 0;
    for (int quiet = 0; quiet < 2; house->work_most++) {
        quiet = house_step(house) ? 0 : quiet + 1;
        check(house->work_most < HOUSE_BUSY);
    }
}

static inline enum admit house_say(struct house *house, const char *topic, const char *payload)
{
    house->clock.wall_ns += NS_PER_US; /* else the second batch's values were older */
    for (;;) {
        struct admitted admitted;
        enum admit admit = engine_publish(house->engine, &house->publisher, bytes_text(topic),
                                          bytes_text(payload), &admitted);
        if (admit != ADMIT_WAIT)
            return admit;
        (void)house_step(house);
    }
}

static inline enum outcome_code house_run(struct house *house, const struct command *command)
{
    struct admitted admitted;
    enum admit admit;
    house->answered = false;
    while ((admit = engine_command(house->engine, command, 1, &admitted)) == ADMIT_WAIT)
        (void)house_step(house);
    if (admit != ADMIT_DONE)
        return OUTCOME_LIMIT;
    while (!house->answered)
        (void)house_step(house);
    return house->outcome;
}

static inline struct command house_command(enum command_kind kind, const char *path)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = TENANT_DEFAULT, .path = bytes_text(path)};
}

static inline enum outcome_code house_rename(struct house *house, const char *path,
                                             const char *new_path)
{
    struct command command = house_command(COMMAND_RENAME, path);
    command.new_path = bytes_text(new_path);
    return house_run(house, &command);
}

static inline enum outcome_code house_retire(struct house *house, const char *path)
{
    struct command command = house_command(COMMAND_RETIRE, path);
    return house_run(house, &command);
}

/* high: the limit; NaN: none. unit: NULL leaves it. */
static inline enum outcome_code house_change(struct house *house, const char *path,
                                             const char *unit, const double *high)
{
    struct command command = house_command(COMMAND_CHANGE, path);
    command.settings.has = (unit != NULL ? HAS_UNIT : 0u) | (high != NULL ? HAS_LIMITS : 0u);
    command.settings.unit = bytes_text(unit != NULL ? unit : "");
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        command.settings.limits[i] =
            high != NULL && i == LIMIT_HIGH ? *high : (double)__builtin_nanf("");
    return house_run(house, &command);
}

/* ---- life ---- */
static inline void house_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    (void)level;
    (void)text;
}

static inline void house_open_engine(struct house *house)
{
    struct engine_start start;
    engine_config_default(&house->engine_config);
    house->engine_config.disk = &house->disk->port;
    house->engine_config.clock = &house->clock.port;
    house->engine_config.writer = house->writer;
    house->engine_config.background = house->background;
    house->engine_config.points_max = 100000;
    house->engine_config.segment_max_bytes = (uint64_t)4 << 20;
    house->engine_config.batch_floor_ns = 0;
    house->engine_config.tell = house_tell;
    house->engine_config.outcome = house_outcome;
    house->engine_config.changed = house_changed;
    house->engine_config.arg = house;
    check(engine_open(&house->engine_config, &house->engine, &start) == OK);
}

static inline struct house *house_create(void)
{
    struct house *house = calloc(1, sizeof *house);
    check(house != NULL);
    house->disk = test_disk_create();
    house->clock =
        (struct house_clock){.port = {.boot_ns = house_boot_ns, .wall_ns = house_wall_ns},
                             .boot_ns = NS_PER_S,
                             .wall_ns = HOUSE_WALL_NS};
    check(worker_inline_create(&house->writer) == OK);
    check(worker_inline_create(&house->background) == OK);
    settings_default(&house->settings);
    house_open_engine(house);
    check(namespace_create(engine_points(house->engine), &house->space) == OK);
    struct live_config config = {.settings = &house->settings,
                                 .engine = house->engine,
                                 .space = house->space,
                                 .random = house_random};
    check(live_create(&config, &house->live) == OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
    return house;
}

static inline void house_destroy(struct house *house)
{
    live_destroy(house->live);
    namespace_destroy(house->space);
    engine_close(house->engine, false);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    test_disk_destroy(house->disk);
    free(house);
}

/* ---- the model of a viewer ---- */
#define MODEL_POINTS 4096
#define MODEL_IDS 16
struct model_point { /* as the viewer believes it to be; ids 0: it does not know it */
    uint32_t ids;    /* subscriptions, by id */
    char *path, *unit, *type, *quality, *limit_state;
    json_t *value;
    int64_t time_ms; /* -1: none */
};
struct model {
    struct house *house;
    struct viewer *viewer; /* NULL: not connected */
    char session[LIVE_TOKEN_SIZE];
    uint64_t seq; /* of the last message read */
    bool choked, ended;
    json_t *inbox;
    char patterns[MODEL_IDS][PATTERN_BYTES_MAX]; /* "": no such subscription */
    bool whole[MODEL_IDS];                       /* its snapshot's last message came */
    uint32_t leaving;                            /* unsubscribed, not yet answered */
    struct model_point points[MODEL_POINTS];
    uint64_t told, skipped, deltas, snapshots, messages;
    json_t *last_error; /* the newest */
};

static inline bool model_has_room(void *arg)
{
    return !((struct model *)arg)->choked;
}

static inline void model_send(void *arg, const char *event, uint64_t number, struct bytes text)
{
    struct model *model = arg;
    json_t *message = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, NULL);
    check(message != NULL); /* what is sent is JSON */
    check(strcmp(json_string_value(json_object_get(message, "op")), event) == 0);
    const json_t *seq = json_object_get(message, "seq");
    check(seq == NULL || json_integer_value(seq) == (json_int_t)number);
    json_array_append_new(model->inbox, message);
}

static inline void model_end(void *arg, const char *why)
{
    struct model *model = arg;
    check(why != NULL);
    model->viewer = NULL;
    model->ended = true;
}

static const struct live_sink model_sink = {
    .has_room = model_has_room, .send = model_send, .end = model_end};

static inline void model_point_forget(struct model_point *point)
{
    free(point->path);
    free(point->unit);
    free(point->type);
    free(point->quality);
    free(point->limit_state);
    json_decref(point->value);
    *point = (struct model_point){.ids = 0};
}

static inline void model_forget(struct model *model)
{
    for (size_t i = 0; i < MODEL_POINTS; i++)
        model_point_forget(&model->points[i]);
    memset(model->whole, 0, sizeof model->whole);
    model->leaving = 0;
    model->seq = 0;
}

static inline void model_keep_text(char **kept, const json_t *text)
{
    check(json_is_string(text));
    free(*kept);
    *kept = strdup(json_string_value(text));
    check(*kept != NULL);
}

/* Points told whole; id -1: of no subscription (changed). */
static inline void model_read_wholes(struct model *model, const json_t *message, json_int_t id)
{
    const json_t *points = json_object_get(message, "points");
    check(json_is_array(points) && json_array_size(points) <= 500);
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *told = json_array_get(points, i);
        json_int_t number = json_integer_value(json_object_get(told, "point"));
        check(number > 0 && number < MODEL_POINTS);
        struct model_point *point = &model->points[number];
        check(id >= 0 || point->ids != 0); /* changed: it knows the point */
        if (id >= 0)
            point->ids |= 1u << id;
        model_keep_text(&point->path, json_object_get(told, "path"));
        model_keep_text(&point->unit, json_object_get(told, "unit"));
        model_keep_text(&point->type, json_object_get(told, "type"));
        model_keep_text(&point->quality, json_object_get(told, "quality"));
        model_keep_text(&point->limit_state, json_object_get(told, "limit_state"));
        json_decref(point->value);
        point->value = json_incref(json_object_get(told, "value"));
        const json_t *time = json_object_get(told, "time");
        int64_t time_ns = -NS_PER_MS;
        check(json_is_null(time) || time_parse(bytes_text(json_string_value(time)), &time_ns));
        point->time_ms = time_ns / NS_PER_MS;
    }
}

static inline void model_read_value(struct model *model, const json_t *told)
{
    size_t size = json_array_size(told);
    check(size >= 3 && size <= 5);
    json_int_t number = json_integer_value(json_array_get(told, 0));
    check(number > 0 && number < MODEL_POINTS);
    struct model_point *point = &model->points[number];
    check(point->ids != 0); /* it was told of the point */
    json_decref(point->value);
    point->value = json_incref(json_array_get(told, 1));
    point->time_ms = json_integer_value(json_array_get(told, 2));
    json_t *good = json_string("good"), *none = json_string("none");
    model_keep_text(&point->quality, size > 3 ? json_array_get(told, 3) : good);
    model_keep_text(&point->limit_state, size > 4 ? json_array_get(told, 4) : none);
    json_decref(good);
    json_decref(none);
}

static inline void model_read_delta(struct model *model, const json_t *message)
{
    const json_t *values = json_object_get(message, "values");
    check(json_array_size(values) > 0 && json_array_size(values) <= 2000);
    for (size_t i = 0; i < json_array_size(values); i++)
        model_read_value(model, json_array_get(values, i));
    model->told += json_array_size(values);
    model->skipped += (uint64_t)json_integer_value(json_object_get(message, "skipped"));
    model->deltas++;
}

static inline void model_read_removed(struct model *model, const json_t *message)
{
    const json_t *points = json_object_get(message, "points");
    check(json_array_size(points) > 0);
    for (size_t i = 0; i < json_array_size(points); i++) {
        json_int_t number = json_integer_value(json_array_get(points, i));
        check(number > 0 && number < MODEL_POINTS);
        model_point_forget(&model->points[number]);
    }
}

static inline void model_left(struct model *model, json_int_t id)
{
    model->leaving &= ~(1u << id);
    model->whole[id] = false;
    model->patterns[id][0] = '\0';
    for (size_t i = 0; i < MODEL_POINTS; i++) {
        bool known = model->points[i].ids != 0;
        model->points[i].ids &= ~(1u << id);
        if (known && model->points[i].ids == 0)
            model_point_forget(&model->points[i]);
    }
}

static inline void model_read_numbered(struct model *model, const json_t *message, const char *op)
{
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(message, "seq"));
    check(seq == model->seq + 1);
    model->seq = seq;
    json_int_t id = json_integer_value(json_object_get(message, "id"));
    if (strcmp(op, "snapshot") == 0) {
        model_read_wholes(model, message, id);
        model->whole[id] = json_is_true(json_object_get(message, "last"));
        model->snapshots++;
    } else if (strcmp(op, "added") == 0) {
        model_read_wholes(model, message, id);
    } else if (strcmp(op, "changed") == 0) {
        model_read_wholes(model, message, -1);
    } else if (strcmp(op, "removed") == 0) {
        model_read_removed(model, message);
    } else {
        check(strcmp(op, "delta") == 0);
        model_read_delta(model, message);
    }
}

static inline void model_read_error(struct model *model, json_t *message)
{
    json_decref(model->last_error);
    model->last_error = json_incref(message);
    const char *code = json_string_value(json_object_get(message, "code"));
    check(code != NULL && json_is_string(json_object_get(message, "detail")));
    if (strcmp(code, "id_unknown") == 0)
        model_left(model, json_integer_value(json_object_get(message, "id")));
}

static inline void model_read_message(struct model *model, json_t *message)
{
    const char *op = json_string_value(json_object_get(message, "op"));
    model->messages++;
    if (strcmp(op, "hello") == 0)
        snprintf(model->session, sizeof model->session, "%s",
                 json_string_value(json_object_get(message, "session")));
    else if (strcmp(op, "resumed") == 0)
        check((uint64_t)json_integer_value(json_object_get(message, "seq")) == model->seq);
    else if (strcmp(op, "unsubscribed") == 0)
        model_left(model, json_integer_value(json_object_get(message, "id")));
    else if (strcmp(op, "error") == 0)
        model_read_error(model, message);
    else if (strcmp(op, "gone") == 0)
        model_forget(model);
    else
        model_read_numbered(model, message, op);
}

/* Reads `most` messages of the inbox. */
static inline void model_read(struct model *model, size_t most)
{
    for (; most > 0 && json_array_size(model->inbox) > 0; most--) {
        json_t *message = json_incref(json_array_get(model->inbox, 0));
        json_array_remove(model->inbox, 0);
        model_read_message(model, message);
        json_decref(message);
    }
}

static inline void model_say(struct model *model, const char *text)
{
    live_viewer_receive(model->house->live, &model->viewer, bytes_text(text));
}

static inline void model_connect(struct model *model)
{
    check(live_viewer_open(model->house->live, NULL, &model_sink, model, &model->viewer) == OK);
}

static inline struct model *model_open(struct house *house)
{
    struct model *model = calloc(1, sizeof *model);
    check(model != NULL);
    model->house = house;
    model->inbox = json_array();
    model_connect(model);
    model_read(model, 1);
    return model;
}

static inline void model_subscribe(struct model *model, int id, const char *pattern)
{
    char text[PATTERN_BYTES_MAX + 128];
    snprintf(text, sizeof text, "{\"op\":\"subscribe\",\"id\":%d,\"match\":\"%s\"}", id, pattern);
    memmove(model->patterns[id], pattern, strlen(pattern) + 1);
    model_say(model, text);
}

static inline void model_unsubscribe(struct model *model, int id)
{
    char text[128];
    snprintf(text, sizeof text, "{\"op\":\"unsubscribe\",\"id\":%d}", id);
    model->leaving |= 1u << id;
    model_say(model, text);
}

/* The connection breaks; what was not read is lost. */
static inline void model_drop(struct model *model, bool keep)
{
    if (model->viewer != NULL)
        live_viewer_detach(model->house->live, model->viewer, keep);
    model->viewer = NULL;
    json_array_clear(model->inbox);
}

/* Connects again and goes on; what was said to be ended is said again. True: it was known. */
static inline bool model_resume(struct model *model)
{
    char text[160], before[LIVE_TOKEN_SIZE];
    memcpy(before, model->session, sizeof before);
    model_connect(model);
    model_read(model, 1);
    snprintf(text, sizeof text, "{\"op\":\"resume\",\"session\":\"%s\",\"seq\":%llu}", before,
             (unsigned long long)model->seq);
    model_say(model, text);
    const json_t *answer = json_array_get(model->inbox, 0);
    bool known = strcmp(json_string_value(json_object_get(answer, "op")), "resumed") == 0;
    model_read(model, 1);
    if (known)
        memcpy(model->session, before, sizeof before);
    for (int id = 0; id < MODEL_IDS; id++) {
        if (known && model->leaving >> id & 1)
            model_unsubscribe(model, id);
        else if (!known && model->patterns[id][0] != '\0')
            model_subscribe(model, id, model->patterns[id]);
    }
    return known;
}

static inline void model_close(struct model *model)
{
    model_drop(model, false);
    model_forget(model);
    json_decref(model->last_error);
    json_decref(model->inbox);
    free(model);
}

/* ---- what it believes, and what is so ---- */
static inline bool model_value_is(const json_t *told, const struct value *value)
{
    if (!value->present)
        return json_is_null(told);
    switch (value->type) {
    case VALUE_FLOAT64:
        return json_is_number(told) && json_number_value(told) == value_real(value);
    case VALUE_INT64:
        return json_is_integer(told) && json_integer_value(told) == value->number;
    case VALUE_BOOL:
        return json_is_boolean(told) && json_is_true(told) == (value->number != 0);
    default:
        return json_is_string(told) &&
               bytes_equal(bytes_of(json_string_value(told), json_string_length(told)),
                           value->text);
    }
}

static inline uint32_t model_ids_of(const struct model *model, struct bytes path)
{
    uint32_t ids = 0;
    for (unsigned id = 0; id < MODEL_IDS; id++) {
        struct pattern pattern;
        if (model->patterns[id][0] == '\0' || (model->leaving >> id & 1))
            continue;
        check(pattern_parse(bytes_text(model->patterns[id]), &pattern) == NULL);
        ids |= pattern_matches(&pattern, path) ? 1u << id : 0;
    }
    return ids;
}

/* NULL, or what differs. */
static inline const char *model_point_fault(const struct model *model, uint32_t number)
{
    static const char *const states[] = {"none", "low_low", "low", "normal", "high", "high_high"};
    const struct model_point *told = &model->points[number];
    struct points *points = engine_points(model->house->engine);
    struct point_view view;
    uint8_t text[PATH_MAX_BYTES];
    points_view(points, number, &view);
    struct bytes path = bytes_of(text, points_path(points, number, text));
    uint32_t ids = view.retired ? 0 : model_ids_of(model, path);
    if (told->ids != ids)
        return told->ids == 0 ? "a point is missing" : "subscriptions";
    if (ids == 0)
        return NULL;
    if (!bytes_equal(bytes_text(told->path), path))
        return "path";
    if (!bytes_equal(bytes_text(told->unit), view.unit))
        return "unit";
    if (strcmp(told->type, value_type_name(view.value.type)) != 0)
        return "type";
    if (!model_value_is(told->value, &view.value))
        return "value";
    if (strcmp(told->quality, quality_name(view.value.quality)) != 0)
        return "quality";
    if (strcmp(told->limit_state, states[view.limit_state]) != 0)
        return "limit state";
    if (view.time_ns == 0 ? told->time_ms >= 0 : told->time_ms != view.time_ns / NS_PER_MS)
        return "time";
    return NULL;
}

/* NULL, or the first fault, as text that lives until the next call. */
static inline const char *model_fault(struct model *model)
{
    static char text[256];
    uint32_t count = points_count(engine_points(model->house->engine));
    check(count < MODEL_POINTS);
    for (uint32_t number = 1; number <= count; number++) {
        const char *fault = model_point_fault(model, number);
        if (fault == NULL)
            continue;
        snprintf(text, sizeof text, "point %u: %s", number, fault);
        return text;
    }
    for (size_t id = 0; id < MODEL_IDS; id++)
        if (model->patterns[id][0] != '\0' && !model->whole[id])
            return "a snapshot has no end";
    return NULL;
}
