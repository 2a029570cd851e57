/* decoder: what the files of influx share of the decoder. Private to influx.
 *
 *   the body:   | lines given | window: whole lines | tail | pieces to come
 *
 * The window is read in place. What a piece leaves behind its last line feed, or has inside of an
 * open string, goes to the carry, until a later piece ends that line; then the carry is the window,
 * for one line. How far a line goes while it cannot be parsed, because it is not there or because
 * it is faulty, says struct extent: for a line without a fault it says the same as the parser. */
#pragma once

#include "wire/influx/scan.h"

#define CARRY_PADDING 2  /* the line feed of a body that ends without one */
#define TWICE_SLOTS 1024 /* of the table that finds a field which is there twice */
_Static_assert(TWICE_SLOTS >= 2 * INFLUX_FIELDS_MAX, "never full");

enum extent_state {
    EXTENT_BEGIN,  /* spaces before the line */
    EXTENT_REST,   /* only a line feed counts: comments, behind the fields */
    EXTENT_NAMES,  /* measurement and tags */
    EXTENT_SPACES, /* between tags and fields */
    EXTENT_FIELDS,
    EXTENT_VALUE, /* behind the '=' of a field */
    EXTENT_STRING,
    EXTENT_ESCAPE, /* behind a backslash in a string */
};
struct extent {
    uint8_t state;
    uint8_t previous;
    uint64_t newlines; /* inside of strings */
};
/* Steps over at[size] to behind the line feed that ends the line; *ret_whole: whether it is there.
 * Returns the bytes taken. A zero-filled extent is at a line's beginning. */
size_t extent_step(struct extent *extent, const uint8_t *at, size_t size, bool *ret_whole);

enum carry_state {
    CARRY_EMPTY,
    CARRY_CUT,    /* holds the beginning of a line */
    CARRY_WINDOW, /* is the window */
    CARRY_LOST,   /* holds the beginning of a line that was too long and is over: a fault to tell */
};

struct influx_decoder {
    const uint8_t *at, *end;             /* the window */
    const uint8_t *piece_at, *piece_end; /* of the piece, what is in no window yet */
    uint64_t line;                       /* number of the line at `at` */
    uint64_t line_given;
    const uint8_t *begin_given; /* where it began */
    struct scan_clock clock;
    bool ended;
    uint8_t carry_state;
    bool carry_long; /* more than INFLUX_LINE_MAX: what follows is dropped */
    size_t carry_size;
    struct extent extent; /* of the line in the carry */
    uint8_t *carry;
    uint8_t *scratch; /* unescaped strings of one line */
    size_t scratch_used;
    size_t carry_most, scratch_most; /* bytes of both that were ever written */
    struct influx_tag tags[INFLUX_TAGS_MAX];
    struct bytes keys[INFLUX_FIELDS_MAX];
    struct value values[INFLUX_FIELDS_MAX];
    uint16_t twice[TWICE_SLOTS]; /* field + 1 by the hash of its key; all zero between lines */
};

/* Makes the window hold a line, if one is there. */
MUST_USE bool window_fill(struct influx_decoder *decoder);
MUST_USE static inline bool window_ready(struct influx_decoder *decoder)
{
    return LIKELY(decoder->at < decoder->end) || window_fill(decoder);
}

enum parsed {
    PARSED_LINE,
    PARSED_NOTHING, /* an empty line or a comment */
    PARSED_FAULT,
    PARSED_CUT, /* inside a string the window ended */
};
struct parse {
    const uint8_t *next;     /* PARSED_LINE, PARSED_NOTHING: behind the line */
    uint64_t newlines;       /* in strings */
    enum influx_fault fault; /* PARSED_FAULT, and at `where` */
    const uint8_t *where;
};
/* The line at decoder->at, which stays where it is. */
enum parsed line_parse(struct influx_decoder *decoder, struct influx_line *ret_line,
                       struct parse *ret_parse);
