/* What the files of this folder build on: rows that come and go, names, texts. */
#include "model/notices/tables.h"

#include <string.h>

/* ---- rows --------------------------------------------------------------------------------------
 */
struct pool notices_pool(struct notices *notices, enum notices_table table)
{
    switch (table) {
    case TABLE_CHANNELS:
        return (struct pool){&notices->channels, offsetof(struct roots_entry, channels),
                             offsetof(struct channel_entry, links), sizeof(struct channel_entry)};
    case TABLE_ROSTERS:
        return (struct pool){&notices->rosters, offsetof(struct roots_entry, rosters),
                             offsetof(struct roster_entry, links), sizeof(struct roster_entry)};
    case TABLE_ROUTES:
        return (struct pool){&notices->routes, offsetof(struct roots_entry, routes),
                             offsetof(struct route_entry, links), sizeof(struct route_entry)};
    case TABLE_CALLS:
        return (struct pool){&notices->calls, offsetof(struct roots_entry, calls),
                             offsetof(struct call_entry, item), sizeof(struct call_entry)};
    default:
        check(table == TABLE_DELIVERIES);
        return (struct pool){&notices->deliveries, offsetof(struct roots_entry, deliveries),
                             offsetof(struct delivery_entry, links), sizeof(struct delivery_entry)};
    }
}

static const struct rows *rows_at(const struct notices *notices, const struct pool *pool)
{
    return (const void *)((const uint8_t *)notices->roots + pool->rows_at);
}

static struct rows *rows_write(struct notices *notices, const struct pool *pool)
{
    return (void *)((uint8_t *)roots_write(notices) + pool->rows_at);
}

static uint32_t link_at(const struct pool *pool, uint32_t row)
{
    return load_u32((const uint8_t *)state_read(pool->table, row) + pool->link_at);
}

enum err notices_row_take(struct notices *notices, enum notices_table table, uint32_t *ret_row)
{
    struct pool pool = notices_pool(notices, table);
    uint32_t row = rows_at(notices, &pool)->free;
    if (row == 0) {
        row = rows_at(notices, &pool)->highest + 1;
        enum err err = state_table_grow(pool.table, row + 1);
        if (err != OK)
            return err;
        rows_write(notices, &pool)->highest = row;
    } else {
        rows_write(notices, &pool)->free = link_at(&pool, row);
        memset(state_write(pool.table, row), 0, pool.row_size);
    }
    rows_write(notices, &pool)->count++;
    *ret_row = row;
    return OK;
}

void notices_row_give(struct notices *notices, enum notices_table table, uint32_t row)
{
    struct pool pool = notices_pool(notices, table);
    struct rows *rows = rows_write(notices, &pool);
    uint8_t *at = state_write(pool.table, row);
    memset(at, 0, pool.row_size);
    store_u32(at + pool.link_at, rows->free);
    rows->free = row;
    rows->count--;
}

static bool row_is_free(const struct pool *pool, uint32_t row)
{
    const uint8_t *at = state_read(pool->table, row);
    for (size_t i = 0; i < pool->row_size; i++)
        if (at[i] != 0 && (i < pool->link_at || i >= pool->link_at + sizeof(uint32_t)))
            return false;
    return true;
}

enum err notices_rows_judge(struct notices *notices, enum notices_table table, const uint8_t *taken)
{
    struct pool pool = notices_pool(notices, table);
    const struct rows *rows = rows_at(notices, &pool);
    uint32_t used = 0, unused = 0;
    for (uint32_t row = 1; row <= rows->highest; row++) {
        used += taken[row] != 0;
        if (taken[row] == 0 && !row_is_free(&pool, row))
            return ERR_CORRUPT;
    }
    for (uint32_t row = rows->free; row != 0; row = link_at(&pool, row))
        if (row > rows->highest || taken[row] != 0 || ++unused > rows->highest)
            return ERR_CORRUPT;
    return used != rows->count || used + unused != rows->highest ? ERR_CORRUPT : OK;
}

/* ---- names and texts ---------------------------------------------------------------------------
 */
uint64_t notices_name_hash(enum name_kind kind, uint32_t tenant, struct bytes name)
{
    return hash64(name.at, name.size, (uint64_t)kind << 32 | tenant);
}

bool notices_texts_fit(const struct notices *notices, uint64_t bytes)
{
    return notices->roots->text_bytes + bytes <= notices->limits.texts_bytes_max;
}

enum err notices_text_set(struct notices *notices, uint32_t *text, struct bytes content)
{
    uint32_t before = texts_cost(texts_get(&notices->texts, *text).size);
    enum err err = texts_set(&notices->texts, text, content);
    if (err != OK)
        return err;
    struct roots_entry *roots = roots_write(notices);
    roots->text_bytes = roots->text_bytes - before + texts_cost(content.size);
    return OK;
}

void notices_text_free(struct notices *notices, uint32_t *text)
{
    roots_write(notices)->text_bytes -= texts_cost(texts_get(&notices->texts, *text).size);
    texts_free(&notices->texts, *text);
    *text = TEXT_NONE;
}

/* ---- tenants -----------------------------------------------------------------------------------
 */
const struct notices_tenant_entry *notices_tenant_at(const struct notices *notices, uint32_t tenant)
{
    return tenant == 0 || tenant > notices->limits.tenants_max ||
                   tenant >= state_table_capacity(&notices->tenants)
               ? NULL
               : state_read(&notices->tenants, tenant);
}

struct notices_tenant_entry *notices_tenant_write(struct notices *notices, uint32_t tenant)
{
    return state_write(&notices->tenants, tenant);
}

enum err notices_tenant_begin(struct notices *notices, uint32_t tenant)
{
    return state_table_grow(&notices->tenants, tenant + 1);
}
