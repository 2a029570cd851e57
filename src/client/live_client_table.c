/* The points a viewer was told of: found by number, listed by path. */
#include "client/live_client_room.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 64

static void point_destroy(struct live_client_point *point)
{
    free(point->path);
    free(point->type);
    free(point->unit);
    free(point->limit_state);
    free(point->quality);
    json_decref(point->value);
    free(point->keep);
    free(point);
}

static size_t table_bucket(const struct live_client_table *table, uint32_t point)
{
    return (size_t)(point * UINT32_C(2654435761)) & (table->bucket_count - 1);
}

struct live_client_point *live_client_table_find(const struct live_client_table *table,
                                                 uint32_t point)
{
    if (table->bucket_count == 0)
        return NULL;
    struct live_client_point *one = table->buckets[table_bucket(table, point)];
    while (one != NULL && one->point != point)
        one = one->next;
    return one;
}

static bool table_grow(struct live_client_table *table)
{
    size_t before = table->bucket_count;
    if (table->count < before)
        return true;
    struct live_client_point **old = table->buckets;
    size_t count = before == 0 ? BUCKETS_FIRST : 2 * before;
    struct live_client_point **buckets = calloc(count, sizeof *buckets);
    if (buckets == NULL)
        return false;
    table->buckets = buckets;
    table->bucket_count = count;
    for (size_t i = 0; i < before; i++) {
        struct live_client_point *next;
        for (struct live_client_point *one = old[i]; one != NULL; one = next) {
            next = one->next;
            struct live_client_point **bucket = &buckets[table_bucket(table, one->point)];
            one->next = *bucket;
            *bucket = one;
        }
    }
    free(old);
    return true;
}

struct live_client_point *live_client_table_add(struct live_client_table *table, uint32_t point)
{
    struct live_client_point *made = table_grow(table) ? calloc(1, sizeof *made) : NULL;
    if (made == NULL)
        return NULL;
    made->point = point;
    made->path = strdup("");
    made->type = strdup("");
    made->unit = strdup("");
    made->limit_state = strdup("");
    made->quality = strdup("");
    made->value = json_null();
    if (made->path == NULL || made->type == NULL || made->unit == NULL ||
        made->limit_state == NULL || made->quality == NULL) {
        point_destroy(made);
        return NULL;
    }
    struct live_client_point **bucket = &table->buckets[table_bucket(table, point)];
    made->next = *bucket;
    *bucket = made;
    table->count++;
    table->sorted_count = SIZE_MAX;
    return made;
}

void live_client_table_remove(struct live_client_table *table, struct live_client_point *point)
{
    struct live_client_point **at = &table->buckets[table_bucket(table, point->point)];
    while (*at != point)
        at = &(*at)->next;
    *at = point->next;
    point_destroy(point);
    table->count--;
    table->sorted_count = SIZE_MAX;
}

static int compare_paths(const void *a, const void *b)
{
    const struct live_client_point *const *one = a, *const *two = b;
    return strverscmp((*one)->path, (*two)->path);
}

struct live_client_point *const *live_client_table_sort(struct live_client_table *table,
                                                        size_t *ret_count)
{
    *ret_count = 0;
    if (table->count == 0)
        return NULL;
    if (table->sorted == NULL || table->sorted_count != table->count) {
        struct live_client_point **sorted =
            realloc(table->sorted, table->count * sizeof(struct live_client_point *));
        if (sorted == NULL)
            return NULL;
        size_t at = 0;
        for (size_t i = 0; i < table->bucket_count; i++)
            for (struct live_client_point *one = table->buckets[i]; one != NULL; one = one->next)
                sorted[at++] = one;
        check(at == table->count);
        qsort(sorted, at, sizeof(struct live_client_point *), compare_paths);
        table->sorted = sorted;
        table->sorted_count = at;
    }
    *ret_count = table->count;
    return table->sorted;
}

void live_client_table_done(struct live_client_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct live_client_point *next;
        for (struct live_client_point *one = table->buckets[i]; one != NULL; one = next) {
            next = one->next;
            point_destroy(one);
        }
    }
    free(table->buckets);
    free(table->sorted);
    *table = (struct live_client_table){0};
}
