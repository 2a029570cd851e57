/* Samples that come by HTTP: one object, an array of them, {"samples":[..]}, or a line each.
 *
 * The body is cut into objects here, and each object is read by the decoder that reads MQTT
 * payloads, so that a number means the same through both doors, to its last digit. Two passes: the
 * first sees that the body is JSON at all and holds no more than it may, so that nothing is taken
 * of one that is not; the second takes sample after sample. NDJSON needs no first pass but for the
 * count: a line that is no JSON is a line that is refused. Each pass does a bounded piece a step;
 * where the engine says wait, the object at hand is read again later. */
#include "web/points.h"
#include "web/seen.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 100000u
#define SAMPLE_BYTES_MAX ((size_t)64 << 10) /* of one as JSON; the largest sensible has 37 KiB */
#define REFUSED_LISTED 1000u
#define DETAIL_SIZE 320

/* ---- cutting the body ----------------------------------------------------------------------- */
enum cut { CUT_OBJECT, CUT_END, CUT_WRONG, CUT_LONG };
struct cursor { /* in a body that is one JSON value */
    size_t at;
    bool begun, array, envelope, over;
    const char *wanted; /* CUT_WRONG: what should stand at `at` */
};

static uint8_t byte_at(struct bytes body, size_t at)
{
    return at < body.size ? body.at[at] : 0;
}

static void space_skip(struct cursor *cursor, struct bytes body)
{
    uint8_t byte;
    while ((byte = byte_at(body, cursor->at)) == ' ' || byte == '\n' || byte == '\r' ||
           byte == '\t')
        cursor->at++;
}

static enum cut cursor_wrong(struct cursor *cursor, const char *wanted)
{
    cursor->wanted = wanted;
    return CUT_WRONG;
}

/* Where the object that begins at `at` ends: brackets are counted, strings stepped over; whether it
 * is well-formed is the decoder's to say. 0: not within SAMPLE_BYTES_MAX, or not at all. */
static size_t object_end(struct bytes body, size_t at)
{
    size_t most = body.size - at > SAMPLE_BYTES_MAX ? at + SAMPLE_BYTES_MAX : body.size;
    bool text = false;
    unsigned depth = 0;
    for (; at < most; at++) {
        uint8_t byte = body.at[at];
        if (byte == '"')
            text = !text;
        else if (text)
            at += byte == '\\';
        else if (byte == '{')
            depth++;
        else if (byte == '}' && --depth == 0)
            return at + 1;
    }
    return 0;
}

/* {"samples": and the bracket behind it. */
static bool envelope_begin(struct cursor *cursor, struct bytes body)
{
    static const char name[] = "\"samples\"";
    struct cursor probe = *cursor;
    probe.at++;
    space_skip(&probe, body);
    if (body.size - probe.at < sizeof name - 1 ||
        memcmp(body.at + probe.at, name, sizeof name - 1) != 0)
        return false;
    probe.at += sizeof name - 1;
    space_skip(&probe, body);
    if (byte_at(body, probe.at) != ':')
        return false;
    probe.at++;
    space_skip(&probe, body);
    if (byte_at(body, probe.at) != '[')
        return false;
    cursor->at = probe.at;
    return true;
}

static enum cut cursor_end(struct cursor *cursor, struct bytes body)
{
    cursor->over = true;
    space_skip(cursor, body);
    if (cursor->envelope) {
        if (byte_at(body, cursor->at) != '}')
            return cursor_wrong(cursor, "the '}' of {\"samples\":[..]}");
        cursor->at++;
        space_skip(cursor, body);
    }
    return cursor->at == body.size ? CUT_END : cursor_wrong(cursor, "the end of the body");
}

/* To the next object, or the end. */
static enum cut cursor_step(struct cursor *cursor, struct bytes body)
{
    bool first = !cursor->begun;
    space_skip(cursor, body);
    if (first) {
        cursor->begun = true;
        cursor->envelope = byte_at(body, cursor->at) == '{' && envelope_begin(cursor, body);
        cursor->array = byte_at(body, cursor->at) == '[';
        if (!cursor->array)
            return CUT_OBJECT;
        cursor->at++;
        space_skip(cursor, body);
    } else if (!cursor->array) {
        return cursor_end(cursor, body);
    }
    if (byte_at(body, cursor->at) == ']') {
        cursor->at++;
        return cursor_end(cursor, body);
    }
    if (first)
        return CUT_OBJECT;
    if (byte_at(body, cursor->at) != ',')
        return cursor_wrong(cursor, "',' or ']'");
    cursor->at++;
    space_skip(cursor, body);
    return CUT_OBJECT;
}

static enum cut cursor_next(struct cursor *cursor, struct bytes body, struct bytes *ret_text)
{
    enum cut cut = cursor->over ? CUT_END : cursor_step(cursor, body);
    if (cut != CUT_OBJECT)
        return cut;
    if (byte_at(body, cursor->at) != '{')
        return cursor_wrong(cursor, cursor->array ? "a sample, a JSON object,"
                                                  : "a sample, an array of them or "
                                                    "{\"samples\":[..]}");
    size_t end = object_end(body, cursor->at);
    if (end == 0)
        return body.size - cursor->at > SAMPLE_BYTES_MAX
                   ? CUT_LONG
                   : cursor_wrong(cursor, "a whole JSON object");
    *ret_text = bytes_of(body.at + cursor->at, end - cursor->at);
    cursor->at = end;
    return CUT_OBJECT;
}

/* ---- reading a sample ----------------------------------------------------------------------- */
struct sample {
    struct payload_decoder *decoder; /* the web's */
    struct bytes path;               /* size 0: not known */
    bool has_value, has_quality;
    uint8_t quality;
    struct payload_reading reading;
    struct payload_group group;
    const char *code; /* why it is refused; NULL: it is not */
    char detail[DETAIL_SIZE];
    uint8_t path_text[PATH_MAX_BYTES]; /* of a path that lies in neither */
};

static void sample_fault(struct sample *sample, const char *code, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void sample_fault(struct sample *sample, const char *code, const char *format, ...)
{
    va_list args;
    if (sample->code != NULL)
        return;
    sample->code = code;
    va_start(args, format);
    vsnprintf(sample->detail, sizeof sample->detail, format, args);
    va_end(args);
}

static void sample_read_quality(struct sample *sample, const struct value *value)
{
    bool known = value->present && value->type == VALUE_STRING &&
                 quality_parse(value->text, &sample->quality);
    sample->has_quality = true;
    if (!known)
        sample_fault(sample, "quality_invalid",
                     "\"quality\": good, uncertain, bad, or one of their finer words is wanted, as "
                     "bad.sensor_failure");
}

static void sample_read_member(struct sample *sample, const struct payload_reading *member)
{
    const struct value *value = &member->value;
    if (bytes_equal(member->key, bytes_text("path"))) {
        if (value->present && value->type == VALUE_STRING)
            sample->path = value->text;
    } else if (bytes_equal(member->key, bytes_text("value"))) {
        sample->has_value = true;
        sample->reading.value = *value;
    } else if (bytes_equal(member->key, bytes_text("quality"))) {
        sample_read_quality(sample, value);
    } else if (member->key.size > 6 && memcmp(member->key.at, "value/", 6) == 0) {
        sample_fault(sample, "value_invalid",
                     "\"value\": a number, true, false, a text or null is wanted, not an object; a "
                     "sample is one value of one point");
    } else {
        sample_fault(sample, "unknown_member",
                     "\"%.*s\" is no member of a sample; there are path, value, time and quality",
                     detail_size(member->key), (const char *)member->key.at);
    }
}

/* The decoder takes {"values":{..}} as if its members stood outside; here it is a slip. */
static bool sample_is_flat(struct bytes text)
{
    bool inside = false;
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] == '"')
            inside = !inside;
        else if (inside)
            i += text.at[i] == '\\';
        else if (text.at[i] == '{')
            return false;
    }
    return true;
}

static void sample_judge(struct sample *sample)
{
    struct value *value = &sample->reading.value;
    if (sample->path.size == 0)
        sample_fault(sample, "path_missing", "\"path\": the point's path, a text, is wanted");
    if (!sample->has_value)
        sample_fault(sample, "value_missing",
                     "\"value\": a number, true, false, a text or null is wanted");
    if (!value->present && sample->has_quality && sample->quality < QUALITY_UNCERTAIN)
        sample_fault(sample, "quality_invalid",
                     "\"quality\": a sample without a value cannot be good");
    if (sample->has_quality)
        value->quality = sample->quality;
}

/* The path of an object that the decoder refused, so that the refusal can name it. */
static void sample_find_path(struct sample *sample, struct bytes text)
{
    json_t *object = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *path = json_object_get(object, "path");
    size_t size = json_string_length(path);
    if (size > 0 && size <= sizeof sample->path_text) {
        memcpy(sample->path_text, json_string_value(path), size);
        sample->path = bytes_of(sample->path_text, size);
    }
    json_decref(object);
}

static void sample_read_members(struct sample *sample, struct bytes text)
{
    struct payload_group group;
    bool there = payload_next(sample->decoder, &group);
    check(there); /* one object was decoded */
    for (uint16_t i = 0; i < group.count; i++)
        sample_read_member(sample, &group.readings[i]);
    if (!sample_is_flat(text))
        sample_fault(sample, "unknown_member",
                     "an object within a sample; its members are path, value, time and quality");
    sample_judge(sample);
    sample->group = (struct payload_group){.has_time = group.has_time,
                                           .time_ns = group.time_ns,
                                           .count = 1,
                                           .readings = &sample->reading};
}

/* One object of the body. What it holds looks into the body and the decoder until the next one. */
static void sample_read(struct sample *sample, struct bytes text)
{
    size_t where;
    sample->path = bytes_of("", 0);
    sample->has_value = sample->has_quality = false;
    sample->code = NULL;
    sample->reading = (struct payload_reading){.key = bytes_of("", 0)};
    if (text.size > SAMPLE_BYTES_MAX) {
        sample_fault(sample, "too_large", "a sample has at most %zu bytes as JSON",
                     SAMPLE_BYTES_MAX);
        return;
    }
    if (text.at[0] != '{') {
        sample_fault(sample, "not_an_object", "a sample is a JSON object");
        return;
    }
    enum payload_fault fault = payload_decode(sample->decoder, text, &where);
    if (fault == PAYLOAD_OK) {
        sample_read_members(sample, text);
    } else if (fault == PAYLOAD_NO_READING) {
        sample_judge(sample);
    } else {
        sample_fault(sample, payload_fault_name(fault), "at byte %zu: %s", where,
                     payload_fault_text(fault));
        sample_find_path(sample, text);
    }
}

/* ---- taking them ---------------------------------------------------------------------------- */
struct samples {
    struct cursor cursor;
    struct line_count lines;
    size_t offset;                   /* NDJSON: of the next line */
    uint32_t index;                  /* of the next sample; in the first pass: how many there are */
    uint32_t taken, refused, denied; /* denied: of the refused */
    struct json_writer listed;       /* the refused, without the brackets around them */
    struct sample sample;
};

static void samples_drop(struct exchange *exchange)
{
    struct samples *samples = exchange->state;
    json_writer_done(&samples->listed);
    free(samples);
}

static void samples_refuse(struct samples *samples, const struct sample *sample)
{
    struct json_writer *json = &samples->listed;
    if (samples->refused++ >= REFUSED_LISTED)
        return;
    json_put_object(json);
    json_member_count(json, "index", samples->index);
    if (sample->path.size > 0)
        json_member_string(json, "path", sample->path);
    else
        json_member_null(json, "path");
    json_member_text(json, "code", sample->code);
    json_member_text(json, "detail", sample->detail);
    json_put_object_end(json);
}

/* What says that nothing was taken, and why. */
static void nothing_put(struct json_writer *json, const struct samples *samples)
{
    bool denied = samples->refused > 0 && samples->denied == samples->refused;
    const char *code = samples->refused == 0 ? "no_samples"
                       : denied              ? "forbidden"
                                             : "nothing_taken";
    char type[32];
    snprintf(type, sizeof type, "/docs#%s", code);
    json_member_text(json, "type", type);
    json_member_text(json, "title", "no sample was taken");
    json_member_count(json, "status", denied ? 403 : 422);
    json_member_text(json, "code", code);
    json_member_text(json, "detail",
                     samples->refused == 0 ? "samples are wanted, and there are none"
                     : denied ? "the right to write is missing; who administers the tenant can "
                                "grant it"
                              : "each sample was refused: `refused` says why");
}

static enum handled samples_answer(struct exchange *exchange)
{
    struct samples *samples = exchange->state;
    struct json_writer *json = &exchange->json;
    bool none = samples->taken == 0;
    bool denied = samples->refused > 0 && samples->denied == samples->refused;
    exchange->web->counters.samples += samples->taken;
    if (json_writer_failed(&samples->listed))
        json->failed = true;
    json_put_object(json);
    if (none)
        nothing_put(json, samples);
    json_member_count(json, "taken", samples->taken);
    json_put_name(json, "refused");
    json_put_array(json);
    if (samples->listed.size > 0)
        json_put_raw(json, json_writer_text(&samples->listed));
    json_put_array_end(json);
    json_member_count(json, "refused_count", samples->refused);
    json_put_object_end(json);
    if (json_writer_failed(json))
        return answer_json(exchange, 200); /* says that there is no memory */
    return answer_content(exchange,
                          !none    ? 200
                          : denied ? 403
                                   : 422,
                          none ? HTTP_PROBLEM_MEDIA : "application/json", json_writer_text(json));
}

/* All were judged: what was taken is answered when the disk has it. */
static enum handled samples_end(struct exchange *exchange)
{
    const struct samples *samples = exchange->state;
    if (samples->taken == 0)
        return samples_answer(exchange);
    exchange->resume = samples_answer;
    return HANDLED_TICKET;
}

/* What concerns all that follow as well ends the request. */
static bool admit_ends(enum admit admit)
{
    return admit == ADMIT_DISK_FULL || admit == ADMIT_STOPPED;
}

/* May he write there? What is no place of his is not told from what is none at all. */
static bool sample_may(struct exchange *exchange, uint32_t *ret_tenant, struct bytes *ret_path)
{
    const struct samples *samples = exchange->state;
    return exchange_place(exchange, samples->sample.path, ret_tenant, ret_path) &&
           exchange_may(exchange, RIGHT_WRITE, *ret_tenant, *ret_path);
}

static enum admit samples_take(struct exchange *exchange, struct bytes text)
{
    struct web *web = exchange->web;
    struct samples *samples = exchange->state;
    struct sample *sample = &samples->sample;
    struct admitted admitted;
    enum admit admit = ADMIT_DONE;
    uint32_t tenant = exchange->tenant;
    struct bytes path;
    sample_read(sample, text);
    if (sample->code == NULL && !sample_may(exchange, &tenant, &path)) {
        sample_fault(sample, "forbidden", "%s", admit_text(ADMIT_DENIED));
        samples->denied++;
    }
    if (sample->code == NULL) {
        struct sender *sender = web_sender(web, tenant);
        if (sender == NULL)
            return ADMIT_STOPPED;
        admit = engine_readings(web->config.engine, &sender->publisher, path, &sample->group,
                                &admitted);
        if (admit == ADMIT_WAIT || admit_ends(admit))
            return admit;
        if (admit == ADMIT_DONE) {
            exchange->ticket = admitted.ticket;
            samples->taken++;
        } else {
            sample_fault(sample, admit_name(admit), "%s",
                         admitted.fault != PAYLOAD_OK ? payload_fault_text(admitted.fault)
                                                      : admit_text(admit));
        }
    }
    if (sample->code != NULL)
        samples_refuse(samples, sample);
    exchange->kept = samples->listed.capacity;
    samples->index++;
    return ADMIT_DONE;
}

/* The next object or line; false: there is none. */
static bool samples_next(struct exchange *exchange, struct bytes *ret_text)
{
    struct samples *samples = exchange->state;
    if (exchange->body_lines)
        return body_line_next(exchange, &samples->offset, ret_text);
    return cursor_next(&samples->cursor, exchange->body, ret_text) == CUT_OBJECT;
}

static enum handled samples_run(struct exchange *exchange)
{
    struct samples *samples = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct bytes text;
    do {
        struct cursor cursor = samples->cursor;
        size_t offset = samples->offset;
        if (!samples_next(exchange, &text))
            return samples_end(exchange);
        enum admit admit = samples_take(exchange, text);
        if (admit == ADMIT_WAIT) { /* the same again, later */
            samples->cursor = cursor;
            samples->offset = offset;
            return HANDLED_FULL;
        }
        if (admit != ADMIT_DONE)
            return answer_admit(exchange, admit);
    } while (!turn_is_over(&turn, text.size));
    return HANDLED_STEP;
}

/* How many there are is known: may his tenant send as many now? False: it was answered. */
static bool samples_are_within(struct exchange *exchange, uint64_t count)
{
    struct sender *sender = web_sender(exchange->web, exchange->tenant);
    int64_t wait_ns;
    if (sender == NULL) {
        answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
        return false;
    }
    if (sender_may_send(exchange->web, sender, count, &wait_ns))
        return true;
    answer_slower(exchange, wait_ns);
    return false;
}

static enum handled samples_too_many(struct exchange *exchange)
{
    return answer_problem(exchange, 413, "body_long", NULL,
                          "a body has at most %u samples, and there are more: send several",
                          SAMPLES_MAX);
}

static enum handled samples_wrong(struct exchange *exchange, enum cut cut)
{
    const struct samples *samples = exchange->state;
    const struct cursor *cursor = &samples->cursor;
    if (cut == CUT_LONG)
        return answer_problem(exchange, 413, "body_long", NULL,
                              "sample %u, at byte %zu of the body: a sample has at most %zu bytes "
                              "as JSON",
                              samples->index, cursor->at, SAMPLE_BYTES_MAX);
    return answer_problem(exchange, 400, "json", "the body is no JSON",
                          "at byte %zu of the body: %s is wanted, and %s was found", cursor->at,
                          cursor->wanted,
                          cursor->at < exchange->body.size ? "something else" : "the end");
}

/* The first pass over JSON. */
static enum handled samples_check(struct exchange *exchange)
{
    struct samples *samples = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct bytes text;
    do {
        size_t where = 0;
        enum cut cut = cursor_next(&samples->cursor, exchange->body, &text);
        if (cut == CUT_END) {
            if (!samples_are_within(exchange, samples->index))
                return HANDLED;
            samples->cursor = (struct cursor){.at = 0};
            samples->index = 0;
            exchange->resume = samples_run;
            return samples_run(exchange);
        }
        if (cut != CUT_OBJECT)
            return samples_wrong(exchange, cut);
        if (samples->index++ == SAMPLES_MAX)
            return samples_too_many(exchange);
        enum payload_fault fault = payload_decode(exchange->web->decoder, text, &where);
        if (fault == PAYLOAD_BAD_JSON || fault == PAYLOAD_NOT_UTF8)
            return answer_problem(exchange, 400, "json", "the body is no JSON",
                                  "sample %u, at byte %zu of the body: %s", samples->index - 1,
                                  (size_t)(text.at - exchange->body.at) + where,
                                  payload_fault_text(fault));
    } while (!turn_is_over(&turn, text.size));
    return HANDLED_STEP;
}

/* The first pass over NDJSON. */
static enum handled samples_count(struct exchange *exchange)
{
    struct samples *samples = exchange->state;
    bool more = lines_count(exchange->body, &samples->lines);
    if (samples->lines.count > SAMPLES_MAX)
        return samples_too_many(exchange);
    if (more)
        return HANDLED_STEP;
    if (!samples_are_within(exchange, samples->lines.count))
        return HANDLED;
    exchange->resume = samples_run;
    return samples_run(exchange);
}

enum handled handle_samples(struct exchange *exchange)
{
    struct samples *samples = malloc(sizeof *samples);
    if (samples == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    memset(samples, 0, offsetof(struct samples, sample));
    samples->sample.decoder = exchange->web->decoder;
    json_writer_init(&samples->listed, 0);
    exchange->state = samples;
    exchange->drop = samples_drop;
    exchange->resume = exchange->body_lines ? samples_count : samples_check;
    return exchange->resume(exchange);
}
