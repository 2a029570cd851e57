/* The inbox: prefixes of object rows that are the branch of no asset. Derived from points and
 * assets, kept as they change. Each tenant has a list of its prefixes, named by the row that had
 * each first, and a bit for each that waits; over the bits a second level, so that the next one is
 * found in a few steps however many wait or do not.
 *
 * When an asset with much below it gets another name, what is below it has other branches: all of
 * the tenant's prefixes are looked at again, piece by piece. */
#include "model/assets/tables.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64u
#define PARTS_AT_ONCE 256u /* below an asset that moved: more are found by the walk */

struct box { /* of a tenant */
    uint32_t tenant;
    uint32_t waiting;
    uint32_t count, capacity; /* of rows; a multiple of WORD_BITS */
    uint32_t looked;          /* places below it are right; the others the walk has to look at */
    uint32_t *rows;           /* ascending */
    uint64_t *waits;          /* bit i: rows[i] waits */
    uint64_t *words;          /* bit i: waits[i] is not 0 */
};
struct inbox {
    struct index *tenants;  /* tenant -> box */
    struct index *prefixes; /* tenant, prefix -> the first row that had it */
    struct box *boxes;
    uint32_t box_count, box_capacity;
    uint32_t rows_seen;
    uint64_t left; /* places that the walk has to look at */
};

/* ---- life --------------------------------------------------------------------------------------
 */
enum err inbox_create(struct inbox **ret_inbox)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL)
        return ERR_NO_MEMORY;
    enum err err = index_create(&inbox->tenants);
    if (err == OK)
        err = index_create(&inbox->prefixes);
    if (err != OK) {
        inbox_destroy(inbox);
        return err;
    }
    *ret_inbox = inbox;
    return OK;
}

void inbox_destroy(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    for (uint32_t i = 0; i < inbox->box_count; i++) {
        free(inbox->boxes[i].rows);
        free(inbox->boxes[i].waits);
        free(inbox->boxes[i].words);
    }
    free(inbox->boxes);
    index_destroy(inbox->tenants);
    index_destroy(inbox->prefixes);
    free(inbox);
}

uint64_t inbox_memory(const struct inbox *inbox)
{
    uint64_t bytes = sizeof *inbox + index_memory(inbox->tenants) + index_memory(inbox->prefixes) +
                     inbox->box_capacity * sizeof inbox->boxes[0];
    for (uint32_t i = 0; i < inbox->box_count; i++)
        bytes += inbox->boxes[i].capacity * (sizeof(uint32_t) + sizeof(uint64_t)) / 2;
    return bytes;
}

/* ---- boxes -------------------------------------------------------------------------------------
 */
static uint64_t tenant_hash(uint32_t tenant)
{
    return hash_of(HASH_OWNER, tenant, bytes_of("", 0));
}

static struct box *box_find(const struct inbox *inbox, uint32_t tenant)
{
    struct index_probe probe;
    for (uint32_t box = index_first(inbox->tenants, &probe, tenant_hash(tenant)); box != INDEX_NONE;
         box = index_next(inbox->tenants, &probe))
        if (inbox->boxes[box].tenant == tenant)
            return &inbox->boxes[box];
    return NULL;
}

static enum err box_make(struct inbox *inbox, uint32_t tenant, struct box **ret_box)
{
    *ret_box = box_find(inbox, tenant);
    if (*ret_box != NULL)
        return OK;
    if (inbox->box_count == inbox->box_capacity) {
        uint32_t capacity = inbox->box_capacity == 0 ? 16 : inbox->box_capacity * 2;
        struct box *boxes = realloc(inbox->boxes, capacity * sizeof boxes[0]);
        if (boxes == NULL)
            return ERR_NO_MEMORY;
        inbox->boxes = boxes;
        inbox->box_capacity = capacity;
    }
    enum err err = index_insert(inbox->tenants, tenant_hash(tenant), inbox->box_count);
    if (err != OK)
        return err;
    *ret_box = &inbox->boxes[inbox->box_count++];
    **ret_box = (struct box){.tenant = tenant};
    return OK;
}

static size_t words_of(uint32_t bits)
{
    return (bits + WORD_BITS - 1) / WORD_BITS;
}

/* Words behind the old ones are zero. */
static bool words_grow(uint64_t **words, size_t before, size_t after)
{
    uint64_t *grown = realloc(*words, after * sizeof grown[0]);
    if (grown == NULL)
        return false;
    memset(grown + before, 0, (after - before) * sizeof grown[0]);
    *words = grown;
    return true;
}

static enum err box_reserve(struct box *box)
{
    if (box->count < box->capacity)
        return OK;
    uint32_t capacity = box->capacity == 0 ? WORD_BITS : box->capacity * 2;
    size_t waits = words_of(box->capacity), waits_after = words_of(capacity);
    uint32_t *rows = realloc(box->rows, capacity * sizeof rows[0]);
    if (rows == NULL)
        return ERR_NO_MEMORY;
    box->rows = rows;
    if (!words_grow(&box->waits, waits, waits_after) ||
        !words_grow(&box->words, words_of((uint32_t)waits), words_of((uint32_t)waits_after)))
        return ERR_NO_MEMORY;
    box->capacity = capacity;
    return OK;
}

static void box_set(struct box *box, uint32_t at, bool waits)
{
    uint64_t *word = &box->waits[at / WORD_BITS];
    uint64_t bit = UINT64_C(1) << at % WORD_BITS;
    uint32_t of_word = at / WORD_BITS;
    uint64_t summary = UINT64_C(1) << of_word % WORD_BITS;
    if (((*word & bit) != 0) == waits)
        return;
    *word ^= bit;
    if (waits)
        box->waiting++;
    else
        box->waiting--;
    if (*word != 0)
        box->words[of_word / WORD_BITS] |= summary;
    else
        box->words[of_word / WORD_BITS] &= ~summary;
}

/* The first place whose row is not below. */
static uint32_t box_place(const struct box *box, uint32_t row)
{
    uint32_t low = 0, high = box->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (box->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The next bit from `from` on in so many words; UINT32_MAX. */
static uint32_t bit_next(const uint64_t *words, size_t count, uint32_t from)
{
    size_t word = from / WORD_BITS;
    if (word >= count)
        return UINT32_MAX;
    uint64_t bits = words[word] & (UINT64_MAX << from % WORD_BITS);
    while (bits == 0 && ++word < count)
        bits = words[word];
    return bits == 0 ? UINT32_MAX : (uint32_t)word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
}

static uint32_t box_next(const struct box *box, uint32_t from)
{
    size_t waits = words_of(box->count);
    uint32_t word = from / WORD_BITS;
    if (from >= box->count)
        return UINT32_MAX;
    uint32_t at = bit_next(box->waits, word + 1, from);
    if (at != UINT32_MAX)
        return at;
    word = bit_next(box->words, words_of((uint32_t)waits), word + 1);
    return word == UINT32_MAX ? UINT32_MAX : bit_next(box->waits, word + 1, word * WORD_BITS);
}

/* ---- rows --------------------------------------------------------------------------------------
 */
static uint32_t prefix_find(const struct assets *assets, uint32_t tenant, struct bytes prefix)
{
    struct index_probe probe;
    const struct index *prefixes = assets->inbox->prefixes;
    for (uint32_t at = index_first(prefixes, &probe, hash_of(HASH_PREFIX, tenant, prefix));
         at != INDEX_NONE; at = index_next(prefixes, &probe)) {
        struct point_row row;
        points_row(assets->points, at, &row);
        if (row.tenant == tenant && bytes_equal(row.prefix, prefix))
            return at;
    }
    return ROW_NONE;
}

enum err assets_row_new(struct assets *assets, uint32_t row)
{
    struct inbox *inbox = assets->inbox;
    struct point_row of;
    struct box *box;
    if (row <= inbox->rows_seen || row > points_rows(assets->points))
        return OK;
    inbox->rows_seen = row;
    points_row(assets->points, row, &of);
    /* '$': what damage took. */
    if (!of.object || of.prefix.size == 0 || of.prefix.at[0] == '$' ||
        prefix_find(assets, of.tenant, of.prefix) != ROW_NONE)
        return OK;
    enum err err = box_make(inbox, of.tenant, &box);
    if (err == OK)
        err = box_reserve(box);
    if (err == OK)
        err = index_insert(inbox->prefixes, hash_of(HASH_PREFIX, of.tenant, of.prefix), row);
    if (err != OK)
        return err;
    box->rows[box->count] = row;
    box_set(box, box->count, !asset_branch_is_taken(assets, of.tenant, of.prefix));
    if (box->looked == box->count)
        box->looked++;
    else
        inbox->left++;
    box->count++;
    return OK;
}

void inbox_branch_changed(struct assets *assets, uint32_t tenant, struct bytes branch)
{
    struct box *box = branch.size == 0 ? NULL : box_find(assets->inbox, tenant);
    uint32_t row = box == NULL ? ROW_NONE : prefix_find(assets, tenant, branch);
    if (row != ROW_NONE)
        box_set(box, box_place(box, row), !asset_branch_is_taken(assets, tenant, branch));
}

/* The path of a part, as it is below another path of the asset at the top. */
static void part_changed(struct assets *assets, uint32_t tenant, struct bytes top,
                         struct bytes below)
{
    uint8_t path[PATH_MAX_BYTES];
    if (top.size == 0 || top.size + below.size > sizeof path)
        return;
    memcpy(path, top.at, top.size);
    memcpy(path + top.size, below.at, below.size);
    inbox_branch_changed(assets, tenant, bytes_of(path, top.size + below.size));
}

/* The next in the order of a walk through all that is below an asset; ASSET_NONE at its end. */
static uint32_t walk_next(const struct assets *assets, uint32_t top, uint32_t at)
{
    uint32_t next = asset_at(assets, at)->node.below.first;
    while (next == ASSET_NONE && at != top) {
        next = asset_at(assets, at)->node.links.next;
        at = asset_at(assets, at)->node.parent;
    }
    return next;
}

void inbox_below_changed(struct assets *assets, uint32_t asset, struct bytes path_before)
{
    uint8_t top[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
    uint32_t tenant = asset_at(assets, asset)->node.tenant, parts = 0;
    size_t top_size = assets_path(assets, asset, top);
    struct box *box = box_find(assets->inbox, tenant);
    if (box == NULL)
        return;
    for (uint32_t at = walk_next(assets, asset, asset); at != ASSET_NONE;
         at = walk_next(assets, asset, at)) {
        if (++parts > PARTS_AT_ONCE) {
            assets->inbox->left += box->looked;
            box->looked = 0;
            return;
        }
        size_t size = assets_path(assets, at, path);
        if (asset_at(assets, at)->branch != TEXT_NONE || size < top_size || top_size == 0)
            continue;
        struct bytes below = bytes_of(path + top_size, size - top_size);
        part_changed(assets, tenant, bytes_of(top, top_size), below);
        part_changed(assets, tenant, path_before, below);
    }
}

/* ---- the walk ----------------------------------------------------------------------------------
 */
uint64_t assets_walk_left(const struct assets *assets)
{
    return assets->inbox->left;
}

static void box_look(struct assets *assets, struct box *box, uint32_t most)
{
    for (uint32_t i = 0; i < most && box->looked < box->count; i++) {
        struct point_row row;
        points_row(assets->points, box->rows[box->looked], &row);
        box_set(box, box->looked, !asset_branch_is_taken(assets, row.tenant, row.prefix));
        box->looked++;
        assets->inbox->left--;
    }
}

void assets_walk(struct assets *assets)
{
    struct inbox *inbox = assets->inbox;
    for (uint32_t i = 0; i < inbox->box_count && inbox->left > 0; i++) {
        if (inbox->boxes[i].looked == inbox->boxes[i].count)
            continue;
        box_look(assets, &inbox->boxes[i], ASSETS_WALK_ROWS);
        return;
    }
}

enum err inbox_rebuild(struct assets *assets)
{
    enum err err = OK;
    for (uint32_t row = 1; err == OK && row <= points_rows(assets->points); row++)
        err = assets_row_new(assets, row);
    return err;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t assets_inbox_next(const struct assets *assets, uint32_t tenant, uint32_t row)
{
    const struct box *box = box_find(assets->inbox, tenant);
    if (box == NULL || row == UINT32_MAX)
        return ROW_NONE;
    uint32_t at = box_next(box, box_place(box, row + 1));
    return at == UINT32_MAX ? ROW_NONE : box->rows[at];
}

uint32_t assets_inbox_count(const struct assets *assets, uint32_t tenant)
{
    const struct box *box = box_find(assets->inbox, tenant);
    return box == NULL ? 0 : box->waiting;
}

/* The metrics of the type that a prefix has, those of them in other rows than this, and all of the
 * type. */
struct likeness {
    uint32_t both, elsewhere, of_type;
};

static void likeness_count(const struct assets *assets, const struct point_row *row, uint32_t type,
                           struct likeness *likeness)
{
    uint8_t path[PATH_MAX_BYTES];
    struct sheet_cursor cursor = {0};
    struct asset_item item;
    memcpy(path, row->prefix.at, row->prefix.size);
    path[row->prefix.size] = '/';
    while (assets_type_sheet_next(assets, type, INT64_MAX, &cursor, &item)) {
        size_t size = row->prefix.size + 1 + item.name.size;
        if (item.kind != ITEM_METRIC)
            continue;
        likeness->of_type++;
        if (size > sizeof path)
            continue;
        memcpy(path + row->prefix.size + 1, item.name.at, item.name.size);
        uint32_t point = points_find(assets->points, row->tenant, bytes_of(path, size));
        if (point == POINT_NONE)
            continue;
        likeness->both++;
        likeness->elsewhere += points_row_of(assets->points, point) != row->shape.row;
    }
}

unsigned assets_likeness(const struct assets *assets, uint32_t row, uint32_t type)
{
    struct likeness likeness = {0};
    struct point_row of;
    points_row(assets->points, row, &of);
    if (of.prefix.size + 1 < PATH_MAX_BYTES)
        likeness_count(assets, &of, type, &likeness);
    uint32_t either = of.shape.count + likeness.elsewhere + likeness.of_type - likeness.both;
    return either == 0 ? 0 : likeness.both * 1000 / either;
}
