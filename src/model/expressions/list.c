/* Lists of numbers in ascending order: most have one number, some a few, a few of them a million.
 * So there are three shapes: the number itself, an array, and blocks of it, of which an addition or
 * a removal moves one. */
#include "model/expressions/tables.h"

#include <stdlib.h>
#include <string.h>

#define FLAT_MAX 1024u /* numbers in one array */
#define BLOCK 512u     /* numbers of a block */
#define BLOCKED UINT32_MAX

struct list_blocks {
    uint32_t count, capacity;
    struct {
        uint32_t count; /* 1..BLOCK */
        uint32_t *at;
    } at[];
};

/* The place of the first number that is not below. */
static uint32_t numbers_search(const uint32_t *at, uint32_t count, uint32_t number)
{
    uint32_t low = 0, high = count;
    if (count > 0 && at[count - 1] < number) /* numbers mostly come in order */
        return count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (at[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void numbers_insert(uint32_t *at, uint32_t count, uint32_t place, uint32_t number)
{
    memmove(at + place + 1, at + place, (count - place) * sizeof *at);
    at[place] = number;
}

static void numbers_remove(uint32_t *at, uint32_t count, uint32_t place)
{
    memmove(at + place, at + place + 1, (count - place - 1) * sizeof *at);
}

/* ---- blocks ---- */
static size_t blocks_bytes(uint32_t capacity)
{
    return sizeof(struct list_blocks) + capacity * sizeof(((struct list_blocks *)0)->at[0]);
}

/* The last block that does not begin behind the number, or the first. */
static uint32_t block_search(const struct list_blocks *blocks, uint32_t number)
{
    uint32_t low = 0, high = blocks->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (blocks->at[middle].at[0] <= number)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Room for one more block; *blocks may move. */
static bool blocks_reach(struct list_blocks **blocks, uint64_t *bytes)
{
    uint32_t before = *blocks == NULL ? 0 : (*blocks)->capacity, capacity = before * 2 + 8;
    if (*blocks != NULL && (*blocks)->count < before)
        return true;
    struct list_blocks *grown = realloc(*blocks, blocks_bytes(capacity));
    if (grown == NULL)
        return false;
    if (*blocks == NULL)
        grown->count = 0;
    *bytes += blocks_bytes(capacity) - (*blocks == NULL ? 0 : blocks_bytes(before));
    grown->capacity = capacity;
    *blocks = grown;
    return true;
}

/* An empty block at this place: the caller fills it. */
static bool block_put(struct list_blocks **blocks, uint32_t place, uint64_t *bytes)
{
    uint32_t *at = malloc(BLOCK * sizeof *at);
    if (at == NULL || !blocks_reach(blocks, bytes)) {
        free(at);
        return false;
    }
    *bytes += BLOCK * sizeof *at;
    struct list_blocks *into = *blocks;
    memmove(into->at + place + 1, into->at + place, (into->count - place) * sizeof into->at[0]);
    into->at[place].at = at;
    into->at[place].count = 0;
    into->count++;
    return true;
}

static bool list_block(struct list *list, uint64_t *bytes)
{
    struct list_blocks *blocks = NULL;
    for (uint32_t done = 0; done < list->count; done += BLOCK) {
        uint32_t place = done / BLOCK, left = list->count - done;
        if (!block_put(&blocks, place, bytes)) {
            struct list half = {.count = done, .capacity = BLOCKED, .blocks = blocks};
            list_done(&half, bytes);
            return false;
        }
        blocks->at[place].count = left < BLOCK ? left : BLOCK;
        memcpy(blocks->at[place].at, list->at + done, blocks->at[place].count * sizeof *list->at);
    }
    *bytes -= (uint64_t)list->capacity * sizeof *list->at;
    free(list->at);
    list->blocks = blocks;
    list->capacity = BLOCKED;
    return true;
}

/* The block is full: half of it goes into another, or nothing if numbers come in order. */
static bool block_split(struct list *list, uint32_t block, uint32_t place, uint64_t *bytes)
{
    if (!block_put(&list->blocks, block + 1, bytes))
        return false;
    struct list_blocks *blocks = list->blocks;
    uint32_t stays = place == BLOCK ? BLOCK : BLOCK / 2;
    blocks->at[block + 1].count = BLOCK - stays;
    memcpy(blocks->at[block + 1].at, blocks->at[block].at + stays,
           (BLOCK - stays) * sizeof(uint32_t));
    blocks->at[block].count = stays;
    return true;
}

static enum err blocked_add(struct list *list, uint32_t number, uint64_t *bytes)
{
    uint32_t block = block_search(list->blocks, number);
    uint32_t count = list->blocks->at[block].count;
    uint32_t place = numbers_search(list->blocks->at[block].at, count, number);
    if (place < count && list->blocks->at[block].at[place] == number)
        return OK;
    if (count == BLOCK) {
        if (!block_split(list, block, place, bytes))
            return ERR_NO_MEMORY;
        if (place >= list->blocks->at[block].count) {
            place -= list->blocks->at[block].count;
            block++;
        }
    }
    numbers_insert(list->blocks->at[block].at, list->blocks->at[block].count, place, number);
    list->blocks->at[block].count++;
    list->count++;
    return OK;
}

static bool blocked_remove(struct list *list, uint32_t number, uint64_t *bytes)
{
    struct list_blocks *blocks = list->blocks;
    uint32_t block = block_search(blocks, number), count = blocks->at[block].count;
    uint32_t place = numbers_search(blocks->at[block].at, count, number);
    if (place == count || blocks->at[block].at[place] != number)
        return false;
    numbers_remove(blocks->at[block].at, count, place);
    list->count--;
    if (--blocks->at[block].count > 0)
        return true;
    free(blocks->at[block].at);
    *bytes -= BLOCK * sizeof(uint32_t);
    blocks->count--;
    memmove(blocks->at + block, blocks->at + block + 1,
            (blocks->count - block) * sizeof blocks->at[0]);
    return true;
}

/* ---- lists ---- */
static enum err list_grow(struct list *list, uint64_t *bytes)
{
    uint32_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
    uint32_t *at = realloc(list->capacity == 0 ? NULL : list->at, (size_t)capacity * sizeof *at);
    if (at == NULL)
        return ERR_NO_MEMORY;
    if (list->capacity == 0)
        at[0] = list->one;
    *bytes += (uint64_t)(capacity - list->capacity) * sizeof *at;
    list->at = at;
    list->capacity = capacity;
    return OK;
}

enum err list_add(struct list *list, uint32_t number, uint64_t *bytes)
{
    if (list->capacity == BLOCKED)
        return blocked_add(list, number, bytes);
    const uint32_t *at = list->capacity == 0 ? &list->one : list->at;
    uint32_t place = numbers_search(at, list->count, number);
    if (place < list->count && at[place] == number)
        return OK;
    if (list->count == 0 && list->capacity == 0) {
        list->one = number;
        list->count = 1;
        return OK;
    }
    if (list->count == FLAT_MAX)
        return list_block(list, bytes) ? blocked_add(list, number, bytes) : ERR_NO_MEMORY;
    if (list->count >= list->capacity) {
        enum err err = list_grow(list, bytes);
        if (err != OK)
            return err;
    }
    numbers_insert(list->at, list->count++, place, number);
    return OK;
}

bool list_remove(struct list *list, uint32_t number, uint64_t *bytes)
{
    if (list->capacity == BLOCKED) {
        bool there = blocked_remove(list, number, bytes);
        if (list->count == 0)
            list_done(list, bytes);
        return there;
    }
    uint32_t place =
        numbers_search(list->capacity == 0 ? &list->one : list->at, list->count, number);
    if (place == list->count || (list->capacity == 0 ? list->one : list->at[place]) != number)
        return false;
    if (list->capacity > 0)
        numbers_remove(list->at, list->count, place);
    list->count--;
    if (list->count == 0)
        list_done(list, bytes);
    return true;
}

void list_done(struct list *list, uint64_t *bytes)
{
    if (list->capacity == BLOCKED && list->blocks != NULL) {
        for (uint32_t i = 0; i < list->blocks->count; i++)
            free(list->blocks->at[i].at);
        *bytes -= blocks_bytes(list->blocks->capacity) +
                  (uint64_t)list->blocks->count * BLOCK * sizeof(uint32_t);
        free(list->blocks);
    } else if (list->capacity != BLOCKED && list->capacity > 0) {
        *bytes -= (uint64_t)list->capacity * sizeof *list->at;
        free(list->at);
    }
    *list = (struct list){.count = 0};
}

void list_clear(struct list *list, uint64_t *bytes)
{
    if (list->capacity == BLOCKED)
        list_done(list, bytes);
    else
        list->count = 0;
}

uint32_t list_run(const struct list *list, uint32_t from, const uint32_t **ret_run)
{
    const uint32_t *at = list->capacity == 0 ? &list->one : list->at;
    uint32_t count = list->count, place;
    if (list->capacity == BLOCKED) {
        uint32_t block = block_search(list->blocks, from);
        at = list->blocks->at[block].at;
        count = list->blocks->at[block].count;
        if (at[count - 1] < from) {
            if (++block == list->blocks->count)
                return 0;
            at = list->blocks->at[block].at;
            count = list->blocks->at[block].count;
        }
    }
    place = from == 0 ? 0 : numbers_search(at, count, from);
    *ret_run = at + place;
    return count - place;
}
