/* The readers' side: a row's records, from the last one back, become columns in the order of time.
 *
 *   walk    the chain into a list of (time, record), newest first; it ends at the first record that
 *           is not after `from` and was the newest of its row when it came: all before it are older
 *   sort    nothing to do when each record was newer than the one before it, which is the rule;
 *           else the ascending stretches of the list are merged, pairs of neighbours first, so that
 *           equal times stay in the order in which they came
 *   fill    the records in that order; one with the time of the row before goes into that row */
#include "head/head.h"

#include <string.h>

#include "head/memory.h"
#include "head/room.h"

#define PICKS_LEAST 512
#define WARM_RECORDS_MAX 256 /* of a row: what a cache can hold for all rows of a call */

struct pick {
    int64_t time;
    const uint8_t *record;
};
struct strip { /* a column that was asked for */
    uint64_t *words;
    struct bytes *texts;
    uint8_t *cells, *qualities;
    uint8_t type;
    bool some_not_good;
};
/* What is kept from one gather to the next. */
struct gather {
    struct pick *picks, *spare; /* capacity of each */
    size_t capacity, count;
    bool ascends; /* the list, read backwards, ascends strictly */
    uint8_t *arrays;
    size_t arrays_size;
    uint32_t row;           /* that is being filled */
    uint16_t strips_count;  /* without the lateness */
    uint16_t columns_known; /* strip_at has so many */
    int64_t *times;
    int64_t *lateness; /* NULL: not asked for */
    struct strip *strip_at[COLUMNS_MAX];
    struct strip strips[COLUMNS_MAX];
    struct chunk_column columns[COLUMNS_MAX + 1];
};

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
_Static_assert(ARRAY_COUNT(powers_of_ten) == SCALE_DECIMAL_MAX + 1, "a power for each scale");

/* Types of the kinds that stand for themselves; 0: look further. */
static const uint8_t kind_types[32] = {
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    VALUE_FLOAT64,
    [KIND_INT64] = VALUE_INT64,
    [KIND_BOOL] = VALUE_BOOL,
    [KIND_BITS] = VALUE_FLOAT64,
    [KIND_STRING] = VALUE_STRING,
};

/* ---- walk --------------------------------------------------------------------------------------
 */
MUST_USE static enum err picks_grow(struct gather *gather)
{
    size_t capacity = gather->capacity ? gather->capacity * 2 : PICKS_LEAST;
    struct pick *picks = head_room_alloc(capacity * sizeof *picks);
    struct pick *spare = head_room_alloc(capacity * sizeof *spare);
    if (!picks || !spare) {
        head_room_free(picks);
        head_room_free(spare);
        return ERR_NO_MEMORY;
    }
    if (gather->count > 0)
        memcpy(picks, gather->picks, gather->count * sizeof *picks);
    head_room_free(gather->picks);
    head_room_free(gather->spare);
    gather->picks = picks;
    gather->spare = spare;
    gather->capacity = capacity;
    return OK;
}

MUST_USE static enum err picks_walk(struct gather *gather, const struct head *head, uint32_t link,
                                    int64_t from_ns, int64_t to_ns)
{
    int64_t above = INT64_MAX; /* time of the pick before */
    gather->count = 0;
    gather->ascends = true;
    while (link != 0) {
        const uint8_t *record = head_record(head, link);
        int64_t time = record_time(record);
        link = record_before(record);
        if (time >= from_ns && time < to_ns) {
            if (gather->count == gather->capacity && picks_grow(gather) != OK)
                return ERR_NO_MEMORY;
            gather->ascends &= time < above;
            above = time;
            gather->picks[gather->count++] = (struct pick){time, record};
        }
        if (time <= from_ns && record_flags(record) & RECORD_NEWEST)
            break;
    }
    return OK;
}

/* ---- sort --------------------------------------------------------------------------------------
 */
static void picks_reverse(struct pick *picks, size_t count)
{
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        struct pick pick = picks[--j];
        picks[j] = picks[i];
        picks[i] = pick;
    }
}

/* End of the stretch that begins at i and does not descend. */
static size_t stretch_end(const struct pick *picks, size_t i, size_t count)
{
    for (i++; i < count && picks[i - 1].time <= picks[i].time; i++)
        ;
    return i;
}

/* Two neighbouring stretches into one. */
static void stretches_merge(const struct pick *first, const struct pick *second,
                            const struct pick *end, struct pick *to)
{
    const struct pick *middle = second;
    while (first < middle && second < end)
        *to++ = second->time < first->time ? *second++ : *first++;
    while (first < middle)
        *to++ = *first++;
    while (second < end)
        *to++ = *second++;
}

/* From newest first to ascending times, equal times as they came. */
static void picks_sort(struct gather *gather)
{
    size_t count = gather->count, stretches;
    picks_reverse(gather->picks, count);
    if (gather->ascends)
        return;
    do {
        stretches = 0;
        for (size_t first = 0; first < count; stretches++) {
            size_t second = stretch_end(gather->picks, first, count);
            size_t end = second < count ? stretch_end(gather->picks, second, count) : count;
            stretches_merge(gather->picks + first, gather->picks + second, gather->picks + end,
                            gather->spare + first);
            first = end;
        }
        struct pick *sorted = gather->spare;
        gather->spare = gather->picks;
        gather->picks = sorted;
    } while (stretches > 1);
}

/* ---- fill --------------------------------------------------------------------------------------
 */
/* Memory for the arrays of all columns, `count` rows each. */
MUST_USE static enum err arrays_make(struct gather *gather, size_t count, bool lateness)
{
    size_t bytes = count * sizeof(int64_t) * (lateness ? 2 : 1);
    for (uint32_t i = 0; i < gather->strips_count; i++)
        bytes += count * (2 + (gather->strips[i].type == VALUE_STRING ? sizeof(struct bytes)
                                                                      : sizeof(uint64_t)));
    if (bytes > gather->arrays_size) {
        uint8_t *arrays = head_room_alloc(bytes);
        if (!arrays)
            return ERR_NO_MEMORY;
        head_room_free(gather->arrays);
        gather->arrays = arrays;
        gather->arrays_size = bytes;
    }
    uint8_t *at = gather->arrays;
    gather->times = (void *)at;
    at += count * sizeof(int64_t);
    gather->lateness = lateness ? (void *)at : NULL;
    at += lateness ? count * sizeof(int64_t) : 0;
    for (uint32_t i = 0; i < gather->strips_count; i++) {
        struct strip *strip = &gather->strips[i];
        bool is_text = strip->type == VALUE_STRING;
        strip->words = is_text ? NULL : (void *)at;
        strip->texts = is_text ? (void *)at : NULL;
        at += count * (is_text ? sizeof(struct bytes) : sizeof(uint64_t));
    }
    for (uint32_t i = 0; i < gather->strips_count; i++, at += 2 * count) {
        gather->strips[i].cells = at;
        gather->strips[i].qualities = at + count;
        memset(at, CELL_NONE, count);
    }
    return OK;
}

static void strips_open(struct gather *gather, const uint8_t *columns, uint16_t count,
                        const uint8_t *types)
{
    uint32_t known = columns ? columns[count - 1] + 1u : count;
    memset(gather->strip_at, 0, known * sizeof gather->strip_at[0]);
    for (uint32_t i = 0; i < count; i++) {
        gather->strips[i].type = types[i];
        gather->strips[i].some_not_good = false;
        gather->strip_at[columns ? columns[i] : i] = &gather->strips[i];
    }
    gather->columns_known = (uint16_t)known;
    gather->strips_count = count;
}

static inline struct strip *strip_of(const struct gather *gather, unsigned column)
{
    return column < gather->columns_known ? gather->strip_at[column] : NULL;
}

/* The word of a number of a kind up to KIND_NUMBER_LAST. */
static inline uint64_t word_of(unsigned kind, uint64_t number)
{
    uint64_t word;
    if (LIKELY(kind <= SCALE_DECIMAL_MAX)) {
        double real = (double)unzigzag(number) / powers_of_ten[kind];
        memcpy(&word, &real, sizeof word);
        return word;
    }
    return kind == KIND_INT64 ? (uint64_t)unzigzag(number) : number;
}

/* A record of numbers of good quality into a row; whether any was asked for. */
static inline __attribute__((always_inline)) bool numbers_fill(const struct gather *gather,
                                                               const struct record_view *view,
                                                               unsigned count, bool is_listed,
                                                               uint32_t row)
{
    const uint8_t *end = view->numbers;
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        uint8_t code = view->codes[i];
        unsigned kind = code_kind(code), length = code_length(code);
        struct strip *strip = is_listed ? strip_of(gather, view->columns[i]) : gather->strip_at[i];
        end += length;
        if (!strip || strip->type != kind_types[kind])
            continue;
        strip->words[row] = word_of(kind, number_before(end, length));
        strip->cells[row] = CELL_VALUE;
        if (UNLIKELY(strip->some_not_good))
            strip->qualities[row] = QUALITY_GOOD;
        any = true;
    }
    return any;
}

/* Of all columns from 0 on: those behind the last one that was asked for are not looked at. */
static bool numbers_fill_any(const struct gather *gather, const uint8_t *record, uint32_t row)
{
    struct record_view view = record_open(record);
    unsigned count = record_count(record);
    if (view.columns)
        return numbers_fill(gather, &view, count, true, row);
    count = count < gather->columns_known ? count : gather->columns_known;
    return numbers_fill(gather, &view, count, false, row);
}

struct found { /* a value in a record */
    uint8_t type, kind, quality;
    bool present;
    uint64_t number;
    struct bytes text;
};

/* The value whose code this is and whose number begins at *at; moves to the next one's. */
static struct found value_get(uint8_t code, const uint8_t **at)
{
    unsigned length = code_length(code);
    struct found found = {.kind = (uint8_t)code_kind(code), .present = true};
    *at += length;
    found.number = number_before(*at, length);
    if (found.kind == KIND_ABSENT) {
        found.present = false;
        found.quality = (uint8_t)found.number;
        found.type = (uint8_t)(found.number >> 8);
        return found;
    }
    if (found.kind == KIND_QUALITY) {
        found.quality = (uint8_t)found.number;
        code = *(*at)++;
        length = code_length(code);
        *at += length;
        found.kind = (uint8_t)code_kind(code);
        found.number = number_before(*at, length);
    }
    found.type = kind_types[found.kind];
    if (found.kind == KIND_STRING) {
        found.text = bytes_of(*at, (size_t)found.number);
        *at += found.number;
    }
    return found;
}

static void cell_fill(struct strip *strip, size_t rows, uint32_t row, const struct found *found)
{
    if (found->quality != QUALITY_GOOD && !strip->some_not_good) {
        memset(strip->qualities, QUALITY_GOOD, rows);
        strip->some_not_good = true;
    }
    if (strip->some_not_good)
        strip->qualities[row] = found->quality;
    strip->cells[row] = found->present ? CELL_VALUE : CELL_NO_VALUE;
    if (strip->type == VALUE_STRING)
        strip->texts[row] = found->text;
    else
        strip->words[row] = found->present ? word_of(found->kind, found->number) : 0;
}

/* As numbers_fill_any, of any record. */
static bool record_fill(const struct gather *gather, const uint8_t *record, uint32_t row)
{
    struct record_view view = record_open(record);
    const uint8_t *at = view.numbers;
    unsigned count = record_count(record);
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        struct found found = value_get(view.codes[i], &at);
        struct strip *strip = strip_of(gather, view.columns ? view.columns[i] : i);
        if (!strip || strip->type != found.type)
            continue;
        cell_fill(strip, gather->count, row, &found);
        any = true;
    }
    return any;
}

/* A record whose time is that of the row before goes into that row, cell by cell. */
static uint32_t rows_fill(struct gather *gather)
{
    uint32_t rows = 0;
    for (size_t i = 0; i < gather->count; i++) {
        const struct pick *pick = &gather->picks[i];
        bool again = rows > 0 && gather->times[rows - 1] == pick->time;
        uint32_t row = again ? rows - 1 : rows;
        bool any = record_flags(pick->record) & RECORD_NUMBERS
                       ? numbers_fill_any(gather, pick->record, row)
                       : record_fill(gather, pick->record, row);
        if (!any && !gather->lateness)
            continue;
        gather->times[row] = pick->time;
        if (gather->lateness)
            gather->lateness[row] = record_open(pick->record).lateness_s;
        rows = row + 1;
    }
    return rows;
}

/* Arrays that say nothing are left out. */
static void columns_give(struct gather *gather, uint64_t owner, uint32_t rows,
                         struct chunk_rows *ret_rows)
{
    uint32_t columns = gather->strips_count;
    for (uint32_t i = 0; i < columns; i++) {
        const struct strip *strip = &gather->strips[i];
        uint8_t some = 0;
        for (uint32_t row = 0; row < rows; row++)
            some |= strip->cells[row];
        gather->columns[i] =
            (struct chunk_column){.type = strip->type,
                                  .words = strip->words,
                                  .texts = strip->texts,
                                  .cells = some ? strip->cells : NULL,
                                  .qualities = strip->some_not_good ? strip->qualities : NULL};
    }
    if (gather->lateness)
        gather->columns[columns++] =
            (struct chunk_column){.type = VALUE_INT64, .words = (const uint64_t *)gather->lateness};
    *ret_rows = (struct chunk_rows){.owner = owner,
                                    .rows = rows,
                                    .columns_count = (uint16_t)columns,
                                    .times = gather->times,
                                    .columns = gather->columns};
}

MUST_USE static enum err gather_make(struct head_rows *rows, struct gather **ret_gather)
{
    if (!rows->room) {
        struct gather *gather = head_room_alloc(sizeof *gather);
        if (!gather)
            return ERR_NO_MEMORY;
        memset(gather, 0, sizeof *gather);
        rows->room = gather;
    }
    *ret_gather = rows->room;
    return OK;
}

enum err head_gather(const struct head *head, uint32_t row, const uint8_t *columns, uint16_t count,
                     const uint8_t *types, bool lateness, int64_t from_ns, int64_t to_ns,
                     struct head_rows *rows)
{
    struct gather *gather;
    check(count > 0 && count <= COLUMNS_MAX);
    rows->rows = (struct chunk_rows){.owner = row};
    enum err err = gather_make(rows, &gather);
    if (err == OK)
        err = picks_walk(gather, head, head_link_last(head, row), from_ns, to_ns);
    if (err != OK || gather->count == 0)
        return err;
    strips_open(gather, columns, count, types);
    err = arrays_make(gather, gather->count, lateness);
    if (err != OK)
        return err;
    picks_sort(gather);
    columns_give(gather, row, rows_fill(gather), &rows->rows);
    return OK;
}

void head_rows_done(struct head_rows *rows)
{
    struct gather *gather = rows->room;
    if (gather) {
        head_room_free(gather->picks);
        head_room_free(gather->spare);
        head_room_free(gather->arrays);
        head_room_free(gather);
    }
    *rows = (struct head_rows){0};
}

/* ---- what else a chain tells -------------------------------------------------------------------
 */
/* Types of the columns that are not known yet; how many these were. */
static unsigned types_fill(const uint8_t *record, uint16_t count, uint8_t *types)
{
    struct record_view view = record_open(record);
    const uint8_t *at = view.numbers;
    unsigned values = record_count(record), found_count = 0;
    for (unsigned i = 0; i < values; i++) {
        struct found found = value_get(view.codes[i], &at);
        unsigned column = view.columns ? view.columns[i] : i;
        if (column >= count || types[column] != 0)
            continue;
        types[column] = found.type;
        found_count++;
    }
    return found_count;
}

void head_types(const struct head *head, uint32_t row, uint16_t count, uint8_t *types)
{
    uint16_t columns;
    memset(types, 0, count);
    uint32_t link = head_link_last(head, row);
    (void)head_row(head, row, &columns);
    unsigned missing = count < columns ? count : columns;
    while (link != 0 && missing > 0) {
        const uint8_t *record = head_record(head, link);
        unsigned found = types_fill(record, count, types);
        missing -= found < missing ? found : missing;
        link = record_before(record);
    }
}

void head_warm(const struct head *head, const uint32_t *rows, size_t count)
{
    uint32_t links[HEAD_WARM_MAX];
    size_t open = 0;
    check(count <= HEAD_WARM_MAX);
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(head_entry_find(head, rows[i]));
    for (size_t i = 0; i < count; i++) {
        uint32_t link = head_link_last(head, rows[i]);
        if (link != 0)
            links[open++] = link;
    }
    /* One step in each chain: what the next round needs is on its way meanwhile. */
    for (unsigned round = 0; open > 0 && round < WARM_RECORDS_MAX; round++) {
        for (size_t i = 0; i < open; i++) {
            const uint8_t *record = head_record(head, links[i]);
            __builtin_prefetch(record);
            __builtin_prefetch(record + 64);
        }
        size_t left = 0;
        for (size_t i = 0; i < open; i++) {
            uint32_t before = record_before(head_record(head, links[i]));
            if (before != 0)
                links[left++] = before;
        }
        open = left;
    }
}
