/* transcript: what a decoder says of a body, as a text, so that two ways of decoding can be
 * compared. For tests and the fuzzer. One line a line:
 *
 *   line 1 3:cpu tags 4:host=1:a fields 5:value=float 4035000000000000 time -
 *   line 2 fault
 *
 * Names are without backslashes and led by their size, tags are in order, floats are their bits. */
#pragma once

#include "wire/influx/influx.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct transcript {
    char *at;
    size_t size, capacity;
};

static inline void transcript_put(struct transcript *transcript, const void *at, size_t size)
{
    if (transcript->capacity - transcript->size < size) {
        transcript->capacity = 2 * transcript->capacity + size + 4096;
        transcript->at = realloc(transcript->at, transcript->capacity);
        check(transcript->at);
    }
    if (size > 0)
        memcpy(transcript->at + transcript->size, at, size);
    transcript->size += size;
}

__attribute__((format(printf, 2, 3))) static inline void
transcript_print(struct transcript *transcript, const char *format, ...)
{
    char text[128];
    va_list words;
    va_start(words, format);
    int size = vsnprintf(text, sizeof text, format, words);
    va_end(words);
    check(size >= 0 && (size_t)size < sizeof text);
    transcript_put(transcript, text, (size_t)size);
}

static inline void transcript_text(struct transcript *transcript, struct bytes text)
{
    transcript_print(transcript, "%zu:", text.size);
    transcript_put(transcript, text.at, text.size);
}

static inline void transcript_value(struct transcript *transcript, const struct value *value)
{
    check(value->present && value->quality == QUALITY_GOOD);
    if (value->type == VALUE_STRING) {
        check(value->text.size <= STRING_VALUE_MAX && bytes_are_utf8(value->text));
        transcript_print(transcript, "=string ");
        transcript_text(transcript, value->text);
        return;
    }
    if (value->type != VALUE_FLOAT64) {
        transcript_print(transcript, "=%s %" PRId64, value_type_name(value->type), value->number);
        return;
    }
    uint64_t bits;
    double real = value_real(value);
    memcpy(&bits, &real, sizeof bits);
    check(value->scale == SCALE_RAW || value->scale <= SCALE_DECIMAL_MAX);
    transcript_print(transcript, "=float %016" PRIx64, bits);
}

static inline void transcript_time(struct transcript *transcript, bool has_time, int64_t time_ns)
{
    check(!has_time || (time_ns >= TIME_MIN_NS && time_ns < TIME_MAX_NS));
    if (has_time)
        transcript_print(transcript, " time %" PRId64 "\n", time_ns);
    else
        transcript_print(transcript, " time -\n");
}

static inline void transcript_series(struct transcript *transcript, const struct influx_line *line)
{
    uint8_t plain[INFLUX_NAME_MAX], scratch[2 * INFLUX_NAME_MAX], order[INFLUX_TAGS_MAX];
    check(line->tag_count <= INFLUX_TAGS_MAX);
    transcript_text(transcript, bytes_of(plain, influx_measurement_put(line->measurement, plain)));
    transcript_print(transcript, " tags");
    influx_tags_sort(line, order);
    for (size_t i = 0; i < line->tag_count; i++) {
        struct label label;
        influx_label_get(line, order[i], scratch, &label);
        transcript_print(transcript, i > 0 ? "," : " ");
        transcript_text(transcript, label.name);
        transcript_print(transcript, "=");
        transcript_text(transcript, label.value);
    }
    transcript_print(transcript, " fields");
}

static inline void transcript_line(struct transcript *transcript, const struct influx_line *line)
{
    uint8_t plain[INFLUX_NAME_MAX];
    check(line->field_count >= 1 && line->field_count <= INFLUX_FIELDS_MAX);
    transcript_print(transcript, "line %" PRIu64 " ", line->number);
    transcript_series(transcript, line);
    for (size_t i = 0; i < line->field_count; i++) {
        transcript_print(transcript, i > 0 ? "," : " ");
        transcript_text(transcript, bytes_of(plain, influx_name_put(line->field_keys[i], plain)));
        transcript_value(transcript, &line->values[i]);
    }
    transcript_time(transcript, line->has_time, line->time_ns);
}

static inline void transcript_refusal(struct transcript *transcript,
                                      const struct influx_refusal *refusal)
{
    check(refusal->fault > INFLUX_OK && refusal->fault < INFLUX_FAULTS);
    check(refusal->text.size <= INFLUX_LINE_MAX && refusal->column >= 1);
    check(refusal->column <= refusal->text.size + 1);
    transcript_print(transcript, "line %" PRIu64 " fault\n", refusal->line);
}

/* ---- shapes on the way: what was learnt, and what its names are ---- */
#define TRANSCRIPT_SHAPES 8
struct transcript_shape {
    struct influx_shape shape;
    uint8_t storage[1024];
    struct transcript series, keys[16];
};
struct transcript_shapes {
    struct transcript_shape known[TRANSCRIPT_SHAPES];
    unsigned count;
    uint64_t matches;
    bool waits;      /* every other line is put back, and comes again from other memory */
    bool waited;     /* the line that comes was put back */
    uint8_t *memory; /* where the rest of the piece lies then */
};

static inline void transcript_learn(struct transcript_shapes *shapes,
                                    const struct influx_line *line)
{
    struct transcript_shape *known = &shapes->known[shapes->count % TRANSCRIPT_SHAPES];
    uint8_t plain[INFLUX_NAME_MAX];
    struct influx_shape shape;
    if (line->field_count > ARRAY_COUNT(known->keys) ||
        !influx_shape_learn(line, known->storage, sizeof known->storage, &shape))
        return;
    check(shape.count == line->field_count && shape.text_size <= sizeof known->storage);
    shapes->count++;
    known->shape = shape;
    known->series.size = 0;
    transcript_series(&known->series, line);
    for (size_t i = 0; i < line->field_count; i++) {
        known->keys[i].size = 0;
        transcript_text(&known->keys[i],
                        bytes_of(plain, influx_name_put(line->field_keys[i], plain)));
    }
}

/* The next line by one of the shapes; false when it is none of them. */
static inline bool transcript_match(struct transcript_shapes *shapes,
                                    struct influx_decoder *decoder, struct transcript *transcript)
{
    struct value values[ARRAY_COUNT(shapes->known->keys)];
    bool has_time;
    int64_t time_ns;
    for (unsigned k = 0; k < shapes->count && k < TRANSCRIPT_SHAPES; k++) {
        struct transcript_shape *known = &shapes->known[k];
        if (!influx_match(decoder, &known->shape, values, &has_time, &time_ns))
            continue;
        transcript_print(transcript, "line %" PRIu64 " ", influx_line_number(decoder));
        transcript_put(transcript, known->series.at, known->series.size);
        for (size_t i = 0; i < known->shape.count; i++) {
            transcript_print(transcript, i > 0 ? "," : " ");
            transcript_put(transcript, known->keys[i].at, known->keys[i].size);
            transcript_value(transcript, &values[i]);
        }
        transcript_time(transcript, has_time, time_ns);
        shapes->matches++;
        return true;
    }
    return false;
}

static inline void transcript_shapes_done(struct transcript_shapes *shapes)
{
    free(shapes->memory);
    for (unsigned k = 0; k < TRANSCRIPT_SHAPES; k++) {
        free(shapes->known[k].series.at);
        for (unsigned i = 0; i < ARRAY_COUNT(shapes->known[k].keys); i++)
            free(shapes->known[k].keys[i].at);
    }
}

/* ---- a body ---- */
/* Who has to wait puts the line back; what is left of the piece lies elsewhere afterwards. True: it
 * was put back. */
static inline bool transcript_wait(struct transcript *transcript, struct influx_decoder *decoder,
                                   struct transcript_shapes *shapes, size_t before)
{
    if (!shapes || !shapes->waits)
        return false;
    shapes->waited = !shapes->waited;
    if (!shapes->waited)
        return false;
    uint64_t number = influx_line_number(decoder);
    influx_unread(decoder);
    uint8_t *memory = malloc(influx_rest(decoder) + 1);
    check(memory);
    influx_move(decoder, memory);
    free(shapes->memory);
    shapes->memory = memory;
    check(influx_line_number(decoder) == number);
    transcript->size = before;
    return true;
}

/* Heads lie in the piece, and the bytes of each may be looked at. */
static inline void transcript_peek(struct influx_decoder *decoder)
{
    struct bytes heads[3];
    size_t count = influx_peek(decoder, heads, ARRAY_COUNT(heads));
    check(count <= ARRAY_COUNT(heads));
    for (size_t i = 0; i < count; i++)
        check(heads[i].size == 0 || heads[i].at[heads[i].size - 1] == '=');
}

/* All that is there, up to INFLUX_STEP_MORE. */
static inline void transcript_steps(struct transcript *transcript, struct influx_decoder *decoder,
                                    struct transcript_shapes *shapes)
{
    struct influx_line line;
    struct influx_refusal refusal;
    for (;;) {
        size_t before = transcript->size;
        if (shapes && shapes->waits)
            transcript_peek(decoder);
        if (shapes && transcript_match(shapes, decoder, transcript)) {
            (void)transcript_wait(transcript, decoder, shapes, before);
            continue;
        }
        enum influx_step step = influx_next(decoder, &line, &refusal);
        if (step == INFLUX_STEP_MORE)
            return;
        if (step == INFLUX_STEP_FAULT) {
            transcript_refusal(transcript, &refusal);
            continue;
        }
        transcript_line(transcript, &line);
        if (!transcript_wait(transcript, decoder, shapes, before) && shapes)
            transcript_learn(shapes, &line);
    }
}

/* In pieces of `piece` bytes, each a copy of its exact size, so that a sanitizer sees a read
 * beyond; 0: in one. shapes: NULL, or what is to be tried first. */
static inline void transcript_decode(struct transcript *transcript, struct influx_decoder *decoder,
                                     struct bytes body, enum influx_precision precision,
                                     size_t piece, struct transcript_shapes *shapes)
{
    transcript->size = 0;
    influx_begin(decoder, precision);
    transcript_steps(transcript, decoder, shapes);
    for (size_t at = 0; at < body.size;) {
        size_t size = piece == 0 || body.size - at < piece ? body.size - at : piece;
        uint8_t *copy = malloc(size);
        check(copy);
        memcpy(copy, body.at + at, size);
        influx_feed(decoder, bytes_of(copy, size));
        transcript_steps(transcript, decoder, shapes);
        free(copy);
        at += size;
    }
    influx_end(decoder);
    transcript_steps(transcript, decoder, shapes);
    transcript_steps(transcript, decoder, shapes);
}
