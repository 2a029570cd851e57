/* The writer's side: records into blocks, links into the table of rows. */
#include "head/head.h"

#include <string.h>

#include "head/memory.h"
#include "head/room.h"

#define TABLES_BYTES ((sizeof(struct head) + OS_HUGE_PAGE - 1) / OS_HUGE_PAGE * OS_HUGE_PAGE)

enum err head_create(struct head **ret_head)
{
    struct head *head = head_tables_map(TABLES_BYTES);
    if (!head)
        return ERR_NO_MEMORY;
    head->used = HEAD_BLOCK_BYTES; /* of no block */
    head->slab_used = SLAB_BYTES;
    POKE(head->first_ns, INT64_MAX);
    POKE(head->last_ns, INT64_MIN);
    *ret_head = head;
    return OK;
}

void head_destroy(struct head *head)
{
    if (!head)
        return;
    for (uint32_t i = 0; i < PEEK(head->block_count); i++)
        head_unmap(head->blocks[i], HEAD_BLOCK_BYTES);
    for (uint32_t i = 0; i < PEEK(head->slab_count); i++)
        head_unmap(head->slabs[i], SLAB_BYTES);
    head_unmap(head, TABLES_BYTES);
}

/* ---- the table of rows -------------------------------------------------------------------------
 */
static struct head_entry *page_create(struct head *head, uint32_t number)
{
    uint32_t slabs = PEEK(head->slab_count);
    if (head->slab_used == SLAB_BYTES) {
        uint8_t *slab = head_block_map(SLAB_BYTES);
        if (!slab)
            return NULL;
        head->slabs[slabs++] = slab;
        head->slab_used = 0;
        POKE(head->slab_count, slabs);
    }
    struct head_entry *page = (void *)(head->slabs[slabs - 1] + head->slab_used);
    head->slab_used += PAGE_BYTES;
    atomic_store_explicit(&head->pages[number], page, memory_order_release);
    if (number >= PEEK(head->pages_end))
        atomic_store_explicit(&head->pages_end, number + 1, memory_order_release);
    return page;
}

/* NULL: no memory. */
static struct head_entry *entry_make(struct head *head, uint32_t row)
{
    struct head_entry *page = PEEK(head->pages[row / ROWS_IN_PAGE]);
    if (UNLIKELY(!page))
        page = page_create(head, row / ROWS_IN_PAGE);
    return page ? &page[row % ROWS_IN_PAGE] : NULL;
}

void head_prefetch(const struct head *head, uint32_t row)
{
    const struct head_entry *entry = head_entry_find(head, row);
    if (entry)
        __builtin_prefetch(entry, 1);
}

/* ---- values ------------------------------------------------------------------------------------
 */
static inline bool value_is_number(const struct value *value)
{
    return value->type != VALUE_STRING && value->present && value->quality == QUALITY_GOOD;
}

/* Of a value that is a number; its quality is not looked at. */
static inline uint8_t value_number_put(uint8_t **at, const struct value *value)
{
    if (LIKELY(value->type == VALUE_FLOAT64)) {
        if (LIKELY(value->scale <= SCALE_DECIMAL_MAX))
            return number_put(at, value->scale, zigzag(value->number));
        check(value->scale == SCALE_RAW);
        return number_put(at, KIND_BITS, (uint64_t)value->number);
    }
    if (value->type == VALUE_INT64)
        return number_put(at, KIND_INT64, zigzag(value->number));
    check(value->type == VALUE_BOOL);
    return number_put(at, KIND_BOOL, value->number != 0);
}

static uint8_t value_present_put(uint8_t **at, const struct value *value)
{
    if (value->type != VALUE_STRING)
        return value_number_put(at, value);
    check(value->text.size <= STRING_VALUE_MAX);
    uint8_t code = number_put(at, KIND_STRING, value->text.size);
    if (value->text.size > 0)
        memcpy(*at, value->text.at, value->text.size);
    *at += value->text.size;
    return code;
}

static uint8_t value_put(uint8_t **at, const struct value *value)
{
    if (!value->present) {
        check(value_type_name(value->type) != NULL);
        return number_put(at, KIND_ABSENT, value->quality | (uint64_t)value->type << 8);
    }
    if (value->quality == QUALITY_GOOD)
        return value_present_put(at, value);
    uint8_t code = number_put(at, KIND_QUALITY, value->quality);
    uint8_t *inner = (*at)++;
    *inner = value_present_put(at, value);
    return code;
}

/* ---- records -----------------------------------------------------------------------------------
 */
/* The room behind the last record, for `most` bytes at least. */
MUST_USE static enum err block_reserve(struct head *head, size_t most, uint8_t **ret_at)
{
    uint32_t blocks = PEEK(head->block_count);
    check(most <= HEAD_BLOCK_BYTES - LINK_UNIT);
    if (UNLIKELY(head->used + most > HEAD_BLOCK_BYTES)) {
        if (blocks == BLOCKS_MAX)
            return ERR_LIMIT;
        uint8_t *block = head_block_map(HEAD_BLOCK_BYTES);
        if (!block)
            return ERR_NO_MEMORY;
        head->used = blocks == 0 ? LINK_UNIT : 0; /* no record has link 0 */
        head->blocks[blocks++] = block;
        POKE(head->block_count, blocks);
    }
    *ret_at = head->blocks[blocks - 1] + head->used;
    return OK;
}

/* In whole seconds, rounded down. */
static inline int64_t lateness_of(const struct sample_row *sample, int64_t arrival_ns)
{
    int64_t late_ns;
    if (sample->arrival_time)
        return 0;
    if (__builtin_sub_overflow(arrival_ns, sample->time_ns, &late_ns))
        late_ns = arrival_ns < 0 ? INT64_MIN : INT64_MAX;
    if (LIKELY(late_ns >= 0 && late_ns < NS_PER_S))
        return 0;
    int64_t seconds = late_ns / NS_PER_S;
    return seconds - (late_ns % NS_PER_S < 0);
}

/* All but the values; returns where the codes lie. */
static inline uint8_t *record_begin(uint8_t *record, const struct sample_row *sample,
                                    int64_t lateness_s)
{
    uint8_t *at = record + RECORD_FIXED;
    store_u16(record + 4, sample->count);
    record[6] = 0;
    store_u64(record + 8, (uint64_t)sample->time_ns);
    if (UNLIKELY(lateness_s != 0)) {
        record[6] |= RECORD_LATE;
        at += varint_put(at, zigzag(lateness_s));
    }
    if (sample->columns) {
        record[6] |= RECORD_LISTED;
        memcpy(at, sample->columns, sample->count);
        at += sample->count;
    }
    return at;
}

/* The record's end; NULL when a value is no number of good quality: nothing that counts was
 * written. */
static inline uint8_t *record_put_numbers(uint8_t *record, const struct sample_row *sample,
                                          int64_t lateness_s)
{
    uint8_t *codes = record_begin(record, sample, lateness_s), *at = codes + sample->count;
    for (uint32_t i = 0; i < sample->count; i++) {
        if (UNLIKELY(!value_is_number(&sample->values[i])))
            return NULL;
        codes[i] = value_number_put(&at, &sample->values[i]);
    }
    record[6] |= RECORD_NUMBERS;
    return at;
}

static uint8_t *record_put_any(uint8_t *record, const struct sample_row *sample, int64_t lateness_s)
{
    uint8_t *codes = record_begin(record, sample, lateness_s), *at = codes + sample->count;
    for (uint32_t i = 0; i < sample->count; i++)
        codes[i] = value_put(&at, &sample->values[i]);
    return at;
}

MUST_USE static enum err record_put(struct head *head, const struct sample_row *sample,
                                    int64_t lateness_s, uint8_t **ret_record, uint8_t **ret_end)
{
    uint8_t *record;
    enum err err = block_reserve(head, RECORD_BYTES_MAX(sample->count, 0), &record);
    if (err != OK)
        return err;
    uint8_t *end = record_put_numbers(record, sample, lateness_s);
    if (UNLIKELY(!end)) {
        size_t text_bytes = 0;
        for (uint32_t i = 0; i < sample->count; i++) {
            if (sample->values[i].type == VALUE_STRING && sample->values[i].present)
                text_bytes += sample->values[i].text.size;
        }
        err = block_reserve(head, RECORD_BYTES_MAX(sample->count, text_bytes), &record);
        if (err != OK)
            return err;
        end = record_put_any(record, sample, lateness_s);
    }
    *ret_record = record;
    *ret_end = end;
    return OK;
}

static void counts_add(struct head_entry *entry, const struct sample_row *sample)
{
    uint32_t columns = sample->columns ? sample->columns[sample->count - 1] + 1u : sample->count;
    uint32_t counts = PEEK(entry->counts), records = counts >> ENTRY_COLUMNS_BITS;
    uint32_t before = counts & ((1u << ENTRY_COLUMNS_BITS) - 1);
    records += records < HEAD_RECORDS_MANY;
    columns = columns > before ? columns : before;
    POKE(entry->counts, records << ENTRY_COLUMNS_BITS | columns);
}

static void totals_add(struct head *head, const struct sample_row *sample)
{
    POKE(head->records, PEEK(head->records) + 1);
    POKE(head->values, PEEK(head->values) + sample->count);
    if (sample->time_ns < PEEK(head->first_ns))
        POKE(head->first_ns, sample->time_ns);
    if (sample->time_ns > PEEK(head->last_ns))
        POKE(head->last_ns, sample->time_ns);
}

/* The record becomes its row's last one. */
static void record_publish(struct head *head, struct head_entry *entry,
                           const struct sample_row *sample, uint8_t *record, const uint8_t *end)
{
    size_t units = ((size_t)(end - record) + LINK_UNIT - 1) / LINK_UNIT;
    size_t block = PEEK(head->block_count) - 1;
    uint32_t before = PEEK(entry->link);
    store_u32(record, before);
    if (before == 0 || sample->time_ns > entry->greatest_ns) {
        record[6] |= RECORD_NEWEST;
        entry->greatest_ns = sample->time_ns;
    }
    uint32_t link = (uint32_t)(block * LINKS_IN_BLOCK + head->used / LINK_UNIT);
    head->used += units * LINK_UNIT;
    counts_add(entry, sample);
    totals_add(head, sample);
    atomic_store_explicit(&entry->link, link, memory_order_release);
}

enum err head_append(struct head *head, const struct row_shape *shape,
                     const struct sample_row *sample, int64_t arrival_ns)
{
    uint8_t *record, *end;
    if (sample->count == 0)
        return OK;
    check(sample->count <= COLUMNS_MAX && shape->row > 0);
    if (shape->row > HEAD_ROW_MAX)
        return ERR_LIMIT;
    struct head_entry *entry = entry_make(head, shape->row);
    if (!entry)
        return ERR_NO_MEMORY;
    enum err err = record_put(head, sample, lateness_of(sample, arrival_ns), &record, &end);
    if (err != OK)
        return err;
    record_publish(head, entry, sample, record, end);
    return OK;
}

/* ---- what is in it -----------------------------------------------------------------------------
 */
uint64_t head_bytes(const struct head *head)
{
    uint64_t blocks = PEEK(head->block_count);
    uint64_t slabs = PEEK(head->slab_count);
    return sizeof *head + blocks * HEAD_BLOCK_BYTES + slabs * SLAB_BYTES;
}

uint64_t head_values(const struct head *head)
{
    return PEEK(head->values);
}

uint64_t head_records(const struct head *head)
{
    return PEEK(head->records);
}

void head_times(const struct head *head, int64_t *ret_first_ns, int64_t *ret_last_ns)
{
    *ret_first_ns = PEEK(head->first_ns);
    *ret_last_ns = PEEK(head->last_ns);
}

uint32_t head_next_row(const struct head *head, uint32_t after)
{
    uint32_t pages = atomic_load_explicit(&head->pages_end, memory_order_acquire);
    if (after >= HEAD_ROW_MAX)
        return 0;
    uint32_t at = (after + 1) % ROWS_IN_PAGE;
    for (uint32_t number = (after + 1) / ROWS_IN_PAGE; number < pages; number++, at = 0) {
        const struct head_entry *page =
            atomic_load_explicit(&head->pages[number], memory_order_acquire);
        for (; page && at < ROWS_IN_PAGE; at++) {
            if (PEEK(page[at].link) != 0)
                return number * ROWS_IN_PAGE + at;
        }
    }
    return 0;
}

uint32_t head_row(const struct head *head, uint32_t row, uint16_t *ret_columns)
{
    uint32_t counts = 0;
    if (head_link_last(head, row) != 0)
        counts = PEEK(head_entry_find(head, row)->counts);
    *ret_columns = (uint16_t)(counts & ((1u << ENTRY_COLUMNS_BITS) - 1));
    return counts >> ENTRY_COLUMNS_BITS;
}
