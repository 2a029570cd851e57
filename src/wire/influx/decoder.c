/* Pieces become windows, windows become lines. */
#include "wire/influx/decoder.h"

#include <stdlib.h>
#include <string.h>

enum err influx_decoder_create(struct influx_decoder **ret_decoder)
{
    struct influx_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return ERR_NO_MEMORY;
    decoder->carry = malloc(INFLUX_LINE_MAX + CARRY_PADDING);
    decoder->scratch = malloc(INFLUX_LINE_MAX);
    if (!decoder->carry || !decoder->scratch) {
        influx_decoder_destroy(decoder);
        return ERR_NO_MEMORY;
    }
    influx_begin(decoder, INFLUX_NS);
    *ret_decoder = decoder;
    return OK;
}

void influx_decoder_destroy(struct influx_decoder *decoder)
{
    if (!decoder)
        return;
    free(decoder->carry);
    free(decoder->scratch);
    free(decoder);
}

size_t influx_decoder_memory(const struct influx_decoder *decoder)
{
    return sizeof *decoder + decoder->carry_most + decoder->scratch_most;
}

static void carry_empty(struct influx_decoder *decoder)
{
    decoder->carry_state = CARRY_EMPTY;
    decoder->carry_long = false;
    decoder->carry_size = 0;
    decoder->extent = (struct extent){.state = EXTENT_BEGIN};
}

void influx_begin(struct influx_decoder *decoder, enum influx_precision precision)
{
    static const int64_t units[INFLUX_PRECISIONS] = {1,        NS_PER_US,     NS_PER_MS,
                                                     NS_PER_S, 60 * NS_PER_S, 3600 * NS_PER_S};
    check((unsigned)precision < INFLUX_PRECISIONS);
    decoder->clock =
        (struct scan_clock){units[precision], (uint64_t)((TIME_MAX_NS - 1) / units[precision])};
    decoder->at = decoder->end = decoder->piece_at = decoder->piece_end = decoder->carry;
    decoder->line = 1;
    decoder->line_given = 0;
    decoder->begin_given = NULL;
    decoder->ended = false;
    carry_empty(decoder);
}

void influx_feed(struct influx_decoder *decoder, struct bytes piece)
{
    check(!decoder->ended && decoder->at == decoder->end &&
          decoder->piece_at == decoder->piece_end);
    if (piece.size == 0)
        return;
    decoder->piece_at = piece.at;
    decoder->piece_end = piece.at + piece.size;
}

void influx_end(struct influx_decoder *decoder)
{
    check(decoder->at == decoder->end && decoder->piece_at == decoder->piece_end);
    decoder->ended = true;
}

/* ---- windows -------------------------------------------------------------------------------- */
/* The line in the carry is over: it is the window, or lost. */
static bool carry_close(struct influx_decoder *decoder)
{
    if (decoder->carry_long) {
        decoder->carry_state = CARRY_LOST;
        return false;
    }
    decoder->carry[decoder->carry_size] = '\n';
    decoder->carry_state = CARRY_WINDOW;
    decoder->at = decoder->carry;
    decoder->end = decoder->carry + decoder->carry_size + 1;
    return true;
}

/* Takes of the piece what belongs to the line in the carry. True: the carry is the window. */
static bool carry_fill(struct influx_decoder *decoder)
{
    size_t size = (size_t)(decoder->piece_end - decoder->piece_at);
    if (size > 0) {
        bool whole;
        size_t taken = extent_step(&decoder->extent, decoder->piece_at, size, &whole);
        size_t text = taken - whole, room = INFLUX_LINE_MAX - decoder->carry_size;
        decoder->carry_long |= text > room;
        text = text < room ? text : room;
        memcpy(decoder->carry + decoder->carry_size, decoder->piece_at, text);
        decoder->carry_size += text;
        if (decoder->carry_size > decoder->carry_most)
            decoder->carry_most = decoder->carry_size;
        decoder->carry_state = CARRY_CUT;
        decoder->piece_at += taken;
        if (whole)
            return carry_close(decoder);
    }
    return decoder->ended && decoder->carry_state == CARRY_CUT && carry_close(decoder);
}

bool window_fill(struct influx_decoder *decoder)
{
    if (decoder->carry_state == CARRY_LOST)
        return false;
    if (decoder->carry_state == CARRY_WINDOW)
        carry_empty(decoder);
    size_t size = (size_t)(decoder->piece_end - decoder->piece_at);
    if (decoder->carry_state == CARRY_EMPTY && size > 0) {
        const uint8_t *last = memrchr(decoder->piece_at, '\n', size);
        if (last) {
            decoder->at = decoder->piece_at;
            decoder->end = decoder->piece_at = last + 1;
            return true;
        }
    }
    return carry_fill(decoder);
}

/* The line at decoder->at goes beyond the window, which is in the piece: it goes to the carry. */
static bool window_carry(struct influx_decoder *decoder)
{
    decoder->piece_at = decoder->end = decoder->at;
    return carry_fill(decoder);
}

/* ---- lines ---------------------------------------------------------------------------------- */
static enum influx_step refuse(struct influx_decoder *decoder, enum influx_fault fault,
                               size_t column, struct bytes text, struct influx_refusal *ret_refusal)
{
    if (text.size > INFLUX_LINE_MAX) {
        text.size = INFLUX_LINE_MAX;
        fault = INFLUX_LINE_TOO_LONG;
    }
    if (fault == INFLUX_LINE_TOO_LONG)
        column = INFLUX_LINE_MAX;
    *ret_refusal = (struct influx_refusal){
        .fault = fault, .line = decoder->line, .column = (uint32_t)column + 1, .text = text};
    decoder->line_given = decoder->line;
    return INFLUX_STEP_FAULT;
}

/* A line that was longer than the carry. */
static enum influx_step next_lost(struct influx_decoder *decoder,
                                  struct influx_refusal *ret_refusal)
{
    enum influx_step step = refuse(decoder, INFLUX_LINE_TOO_LONG, 0,
                                   bytes_of(decoder->carry, decoder->carry_size), ret_refusal);
    decoder->line += 1 + decoder->extent.newlines;
    carry_empty(decoder); /* its bytes stay where they are until the next call */
    return step;
}

/* The line at decoder->at has a fault. False: where it ends is not in the window. */
static bool next_fault(struct influx_decoder *decoder, const struct parse *parse,
                       enum influx_fault fault, struct influx_refusal *ret_refusal)
{
    struct extent extent = {.state = EXTENT_BEGIN};
    bool whole, alone = decoder->carry_state == CARRY_WINDOW;
    const uint8_t *begin = decoder->at;
    size_t size = extent_step(&extent, begin, (size_t)(decoder->end - begin), &whole);
    if (!whole && !alone)
        return false;
    (void)refuse(decoder, fault, (size_t)(parse->where - begin), bytes_of(begin, size - 1),
                 ret_refusal);
    decoder->at = begin + size;
    decoder->line += 1 + extent.newlines;
    return true;
}

enum influx_step influx_next(struct influx_decoder *decoder, struct influx_line *ret_line,
                             struct influx_refusal *ret_refusal)
{
    while (window_ready(decoder)) {
        struct parse parse;
        const uint8_t *begin = decoder->at;
        enum parsed parsed = line_parse(decoder, ret_line, &parse);
        if (parsed == PARSED_CUT && decoder->carry_state == CARRY_WINDOW) {
            parsed = PARSED_FAULT;
            parse.fault = INFLUX_STRING_OPEN;
        }
        if (LIKELY(parsed <= PARSED_NOTHING)) {
            size_t size = (size_t)(parse.next - begin) - 1;
            if (UNLIKELY(size > INFLUX_LINE_MAX)) {
                parsed = PARSED_FAULT;
                parse.fault = INFLUX_LINE_TOO_LONG;
                parse.where = begin;
            }
        }
        if (UNLIKELY(parsed >= PARSED_FAULT)) {
            if (parsed == PARSED_FAULT && next_fault(decoder, &parse, parse.fault, ret_refusal))
                return INFLUX_STEP_FAULT;
            if (!window_carry(decoder))
                break;
            continue;
        }
        decoder->at = parse.next;
        decoder->begin_given = begin;
        ret_line->number = decoder->line_given = decoder->line;
        decoder->line += 1 + parse.newlines;
        if (LIKELY(parsed == PARSED_LINE))
            return INFLUX_STEP_LINE;
    }
    return decoder->carry_state == CARRY_LOST ? next_lost(decoder, ret_refusal) : INFLUX_STEP_MORE;
}

void influx_unread(struct influx_decoder *decoder)
{
    check(decoder->begin_given != NULL);
    decoder->at = decoder->begin_given;
    decoder->line = decoder->line_given;
    decoder->begin_given = NULL;
}

/* What is left of the window in the carry is the decoder's own. */
static const uint8_t *rest_begin(const struct influx_decoder *decoder)
{
    bool in_piece = decoder->carry_state == CARRY_EMPTY && decoder->at < decoder->end;
    return in_piece ? decoder->at : decoder->piece_at;
}

size_t influx_rest(const struct influx_decoder *decoder)
{
    return (size_t)(decoder->piece_end - rest_begin(decoder));
}

void influx_move(struct influx_decoder *decoder, uint8_t *to)
{
    const uint8_t *begin = rest_begin(decoder);
    size_t size = influx_rest(decoder), window = (size_t)(decoder->end - decoder->at);
    bool in_piece = begin == decoder->at && decoder->at < decoder->end;
    if (size > 0)
        memmove(to, begin, size);
    if (in_piece) {
        decoder->at = to;
        decoder->end = decoder->piece_at = to + window;
    } else {
        decoder->piece_at = to;
    }
    decoder->piece_end = to + size;
    decoder->begin_given = NULL;
}

uint64_t influx_line_number(const struct influx_decoder *decoder)
{
    return decoder->line_given;
}
