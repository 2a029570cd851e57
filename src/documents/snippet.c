/* A text is walked as the index did, what the question looked for is noted, and the stretch with
 * most of its different words is shown with a little around it. FTS5's own snippet() cannot: it
 * takes words that overlap, as pairs of characters do, for words apart. */
#include "documents/snippet.h"

#include <string.h>

#define PLACES_MAX 256
#define STRETCH 160u /* bytes that matches of one snippet may span */
#define BEFORE 48u   /* bytes shown before the first of them */
#define SHOWN 240u   /* bytes of the text in all */

void marks_begin(struct marks *marks)
{
    marks->count = 0;
    marks->piece = 0;
    marks->end = 0;
}

void marks_next(struct marks *marks)
{
    marks->piece++;
    marks->end = 0;
}

void marks_add(struct marks *marks, struct bytes word, size_t begin, size_t end)
{
    bool inside = end <= marks->end && begin < end;
    if (inside || word.size > sizeof marks->words[0].text || marks->count == MARKS_MAX)
        return;
    marks->words[marks->count].size = (uint8_t)word.size;
    marks->words[marks->count].piece = marks->piece;
    memcpy(marks->words[marks->count].text, word.at, word.size);
    marks->count++;
    marks->end = end;
}

struct place {
    size_t begin, end;
    uint8_t piece;
};
struct looking {
    const struct marks *marks;
    struct place places[PLACES_MAX];
    size_t count;
};

static bool look(void *arg, struct bytes word, size_t begin, size_t end, bool beside)
{
    struct looking *looking = arg;
    (void)beside;
    for (unsigned i = 0; i < looking->marks->count; i++) {
        if (looking->marks->words[i].size == word.size &&
            memcmp(looking->marks->words[i].text, word.at, word.size) == 0) {
            looking->places[looking->count++] =
                (struct place){begin, end, looking->marks->words[i].piece};
            break;
        }
    }
    return looking->count < PLACES_MAX;
}

/* The first place of the stretch with most pieces of the question in it. */
static size_t best_place(const struct looking *looking)
{
    size_t best = 0;
    int best_pieces = 0;
    for (size_t i = 0; i < looking->count; i++) {
        uint32_t seen = 0;
        for (size_t j = i;
             j < looking->count && looking->places[j].end <= looking->places[i].begin + STRETCH;
             j++)
            seen |= UINT32_C(1) << (looking->places[j].piece % 32);
        if (__builtin_popcount(seen) > best_pieces) {
            best_pieces = __builtin_popcount(seen);
            best = i;
        }
    }
    return best;
}

static bool begins_character(struct bytes text, size_t at)
{
    return at >= text.size || (text.at[at] & 0xC0) != 0x80;
}

struct output {
    char *at;
    size_t size;
};

static void put(struct output *out, const char *text, size_t size)
{
    if (out->size + size <= DOCUMENT_SNIPPET_MAX) {
        memcpy(out->at + out->size, text, size);
        out->size += size;
    }
}

/* Lines and tabs become spaces, several of them one. */
static void put_text(struct output *out, struct bytes text, size_t begin, size_t end)
{
    for (size_t at = begin; at < end;) {
        size_t size = 1;
        while (at + size < end && !begins_character(text, at + size))
            size++;
        bool space = text.at[at] <= ' ' || text.at[at] == 0x7f;
        if (!space)
            put(out, (const char *)text.at + at, size);
        else if (out->size > 0 && out->at[out->size - 1] != ' ')
            put(out, " ", 1);
        at += size;
    }
}

#define MARK_BEGIN "\xc2\xab"
#define MARK_END "\xc2\xbb"
#define CUT "\xe2\x80\xa6"

static size_t snippet_put(struct bytes text, const struct looking *looking, size_t first,
                          char *ret_snippet)
{
    struct output out = {.at = ret_snippet};
    size_t begin =
        looking->places[first].begin > BEFORE ? looking->places[first].begin - BEFORE : 0;
    while (!begins_character(text, begin))
        begin++;
    size_t end = begin + SHOWN < text.size ? begin + SHOWN : text.size;
    while (!begins_character(text, end))
        end--;
    if (begin > 0)
        put(&out, CUT, 3);
    size_t at = begin;
    for (size_t i = first; i < looking->count && looking->places[i].end <= end;) {
        size_t from = looking->places[i].begin, to = looking->places[i].end;
        for (i++; i < looking->count && looking->places[i].begin <= to; i++) /* they overlap */
            to = looking->places[i].end > to ? looking->places[i].end : to;
        to = to < end ? to : end;
        if (out.size + (to - at) + 16 > DOCUMENT_SNIPPET_MAX)
            break; /* no mark without its end */
        put_text(&out, text, at, from);
        put(&out, MARK_BEGIN, 2);
        put_text(&out, text, from, to);
        put(&out, MARK_END, 2);
        at = to;
    }
    if (out.size + (end - at) + 3 <= DOCUMENT_SNIPPET_MAX)
        put_text(&out, text, at, end);
    if (end < text.size)
        put(&out, CUT, 3);
    return out.size;
}

size_t snippet_make(struct words *words, struct bytes text, const struct marks *marks,
                    char ret_snippet[DOCUMENT_SNIPPET_MAX])
{
    struct looking looking = {.marks = marks};
    size_t size = text.size < SNIPPET_LOOKED ? text.size : SNIPPET_LOOKED;
    while (!begins_character(text, size))
        size--;
    words_walk(words, bytes_of(text.at, size), false, look, &looking);
    return looking.count == 0 ? 0 : snippet_put(text, &looking, best_place(&looking), ret_snippet);
}
