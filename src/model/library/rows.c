/* Rows that come and go, texts and what they take, and a tenant's row. */
#include "model/library/tables.h"

#include <string.h>

/* ---- rows --------------------------------------------------------------------------------------
 */
enum err library_pool_reserve(const struct pool *pool, struct state_table *table, uint32_t rows)
{
    return state_table_grow(table, pool->highest + rows + 1);
}

uint32_t store_pool_take(struct pool *pool, struct state_table *table, uint32_t owner)
{
    uint32_t row = pool->free;
    if (row == 0)
        row = ++pool->highest;
    struct row_head *head = state_write(table, row);
    if (row == pool->free)
        pool->free = head->links.next;
    *head = (struct row_head){.owner = owner};
    pool->live++;
    return row;
}

void store_pool_give(struct pool *pool, struct state_table *table, size_t row_size, uint32_t row)
{
    struct row_head *head = state_write(table, row);
    memset(head, 0, row_size);
    head->links.next = pool->free;
    pool->free = row;
    pool->live--;
}

/* A walk that ends after as many steps as there are rows without an owner, over such rows alone,
 * meets each of them once. */
bool library_pool_is_valid(const struct pool *pool, const struct state_table *table)
{
    uint32_t free_rows = 0, steps = 0;
    for (uint32_t row = 1; row <= pool->highest; row++) {
        const struct row_head *head = state_read(table, row);
        free_rows += head->owner == 0;
    }
    if (pool->live > pool->highest || pool->highest - pool->live != free_rows)
        return false;
    for (uint32_t row = pool->free; row != 0; steps++) {
        if (row > pool->highest || steps == free_rows)
            return false;
        const struct row_head *head = state_read(table, row);
        if (head->owner != 0)
            return false;
        row = head->links.next;
    }
    return steps == free_rows;
}

/* ---- texts -------------------------------------------------------------------------------------
 */
struct bytes library_text(const struct library *library, uint32_t text)
{
    return texts_get(&library->texts, text);
}

bool library_texts_fit(const struct library *library, uint64_t bytes)
{
    return library->roots->text_bytes + bytes <= library->limits.texts_bytes_max;
}

enum err library_text_set(struct library *library, uint32_t *text, struct bytes content)
{
    uint32_t before = texts_cost(library_text(library, *text).size);
    enum err err = texts_set(&library->texts, text, content);
    if (err != OK)
        return err;
    struct roots_entry *roots = roots_write(library);
    roots->text_bytes = roots->text_bytes - before + texts_cost(content.size);
    return OK;
}

/* ---- tenants -----------------------------------------------------------------------------------
 */
const struct tenant_entry *library_tenant_find(const struct library *library, uint32_t tenant)
{
    if (tenant == 0 || tenant > library->roots->tenants)
        return NULL;
    const struct tenant_entry *entry = state_read(&library->tenants, tenant);
    return entry->gone ? NULL : entry;
}

enum err library_tenant_grow(struct library *library, uint32_t tenant)
{
    if (tenant <= library->roots->tenants)
        return OK;
    enum err err = state_table_grow(&library->tenants, tenant + 1);
    if (err == OK)
        roots_write(library)->tenants = tenant;
    return err;
}

uint64_t library_name_hash(uint32_t tenant, struct bytes name)
{
    return hash64(name.at, name.size, tenant);
}

uint64_t library_target_hash(uint32_t tenant, const struct attached *to)
{
    uint64_t seed = (uint64_t)to->kind << 32 | tenant;
    return to->kind == ATTACHED_BRANCH ? hash64(to->branch.at, to->branch.size, seed)
                                       : hash64(&to->number, sizeof to->number, seed);
}

uint64_t library_owner_hash(uint32_t tenant, uint32_t account)
{
    return hash64(&account, sizeof account, tenant);
}

uint64_t library_bytes_hash(const uint8_t *hash)
{
    return hash64(hash, DOCUMENT_HASH_SIZE, 0);
}
