/* What who asks sees, of which tenants: found out tenant by tenant as a question meets them, so
 * that a question about one point costs one scope and a question over two thousand shares no long
 * step. */
#include "query/query.h"

#include "access/access.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS_FIRST 64
#define NOTHING UINT32_MAX /* in place_of: it was asked, and nothing is seen */

struct place {
    struct query_place view;
    uint8_t texts[]; /* prefix, name */
};
struct query_sight {
    struct query_asker asker;
    _Atomic unsigned holds;
    uint32_t *place_of; /* by tenant: its place + 1; 0: not asked yet */
    uint32_t place_of_count;
    struct place **places;
    uint32_t place_count, place_capacity;
    uint32_t *others;
    uint32_t other_count;
    bool asked_others, failed;
};

struct query_sight *query_sight_create(const struct query_asker *asker)
{
    struct query_sight *sight = calloc(1, sizeof *sight);
    if (sight == NULL)
        return NULL;
    sight->asker = *asker;
    atomic_init(&sight->holds, 1);
    return sight;
}

struct query_sight *query_sight_hold(struct query_sight *sight)
{
    atomic_fetch_add(&sight->holds, 1);
    return sight;
}

void query_sight_release(struct query_sight *sight)
{
    if (sight == NULL || atomic_fetch_sub(&sight->holds, 1) > 1)
        return;
    for (uint32_t i = 0; i < sight->place_count; i++) {
        scope_release(sight->places[i]->view.scope);
        free(sight->places[i]);
    }
    free(sight->places);
    free(sight->place_of);
    free(sight->others);
    free(sight);
}

uint32_t query_sight_tenant(const struct query_sight *sight)
{
    return sight->asker.tenant;
}

bool query_sight_failed(const struct query_sight *sight)
{
    return sight->failed;
}

/* ---- places -----------------------------------------------------------------------------------
 */
static bool places_grow(struct query_sight *sight, uint32_t tenant)
{
    if (tenant >= sight->place_of_count) {
        uint32_t count = tenant < 16 ? 16 : tenant + tenant / 2;
        uint32_t *place_of = realloc(sight->place_of, count * sizeof *place_of);
        if (place_of == NULL)
            return false;
        memset(place_of + sight->place_of_count, 0,
               (count - sight->place_of_count) * sizeof *place_of);
        sight->place_of = place_of;
        sight->place_of_count = count;
    }
    if (sight->place_count < sight->place_capacity)
        return true;
    uint32_t capacity = sight->place_capacity == 0 ? 1 : sight->place_capacity * 4;
    struct place **places = realloc(sight->places, capacity * sizeof(struct place *));
    if (places == NULL)
        return false;
    sight->places = places;
    sight->place_capacity = capacity;
    return true;
}

static enum err place_ask(const struct query_sight *sight, uint32_t tenant,
                          struct query_place *ret_place)
{
    *ret_place = (struct query_place){.tenant = tenant};
    if (sight->asker.place != NULL)
        return sight->asker.place(sight->asker.arg, tenant, ret_place);
    return tenant == sight->asker.tenant ? OK : ERR_MISSING;
}

/* Takes the scope; texts are copied. */
static struct place *place_create(const struct query_place *told)
{
    struct bytes texts[] = {told->prefix, told->name};
    struct place *place = malloc(sizeof *place + texts[0].size + texts[1].size);
    if (place == NULL) {
        scope_release(told->scope);
        return NULL;
    }
    place->view = *told;
    place->view.sees_all = told->scope == NULL || scope_sees_all(told->scope);
    uint8_t *at = place->texts;
    struct bytes *views[] = {&place->view.prefix, &place->view.name};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (texts[i].size > 0)
            memcpy(at, texts[i].at, texts[i].size);
        *views[i] = bytes_of(at, texts[i].size);
        at += texts[i].size;
    }
    return place;
}

const struct query_place *query_sight_of(struct query_sight *sight, uint32_t tenant)
{
    struct query_place told;
    if (tenant < sight->place_of_count && sight->place_of[tenant] != 0)
        return sight->place_of[tenant] == NOTHING
                   ? NULL
                   : &sight->places[sight->place_of[tenant] - 1]->view;
    if (tenant == 0 || tenant >= NAMESPACE_TENANTS_MAX)
        return NULL;
    if (!places_grow(sight, tenant)) {
        sight->failed = true;
        return NULL;
    }
    enum err err = place_ask(sight, tenant, &told);
    if (err == ERR_MISSING) {
        sight->place_of[tenant] = NOTHING;
        return NULL;
    }
    struct place *place = err == OK ? place_create(&told) : NULL;
    if (place == NULL) {
        sight->failed = true;
        return NULL;
    }
    sight->places[sight->place_count++] = place;
    sight->place_of[tenant] = sight->place_count;
    return &place->view;
}

bool query_place_sees(const struct query_place *place, struct bytes path)
{
    return place->sees_all || scope_sees(place->scope, path);
}

/* ---- other tenants ----------------------------------------------------------------------------
 */
const uint32_t *query_sight_others(struct query_sight *sight, uint32_t *ret_count)
{
    size_t most = OTHERS_FIRST, count = 0;
    while (!sight->asked_others && !sight->failed && sight->asker.others != NULL) {
        uint32_t *others = realloc(sight->others, most * sizeof *others);
        if (others == NULL) {
            sight->failed = true;
            break;
        }
        sight->others = others;
        count = sight->asker.others(sight->asker.arg, others, most);
        sight->asked_others = count <= most;
        most = count;
    }
    if (count > 0 && sight->asked_others)
        sight->other_count = (uint32_t)count;
    *ret_count = sight->other_count;
    return sight->others;
}

static bool text_names_tenant(const struct query_sight *sight, struct bytes text)
{
    return sight->asker.resolve != NULL && text.size > 0 && text.at[0] == '@';
}

static size_t name_size(struct bytes text)
{
    const uint8_t *slash = memchr(text.at, '/', text.size);
    return slash != NULL ? (size_t)(slash - text.at) : text.size;
}

struct bytes query_sight_path(const struct query_sight *sight, struct bytes text)
{
    if (!text_names_tenant(sight, text))
        return text;
    size_t name = name_size(text);
    return name < text.size ? bytes_of(text.at + name + 1, text.size - name - 1) : bytes_of("", 0);
}

enum query_whose query_sight_resolve(struct query_sight *sight, struct bytes text,
                                     uint32_t *ret_tenant, struct bytes *ret_path)
{
    *ret_tenant = sight->asker.tenant;
    *ret_path = query_sight_path(sight, text);
    if (!text_names_tenant(sight, text))
        return QUERY_OF_ONE;
    if (name_size(text) == 2 && (text.at[1] == '+' || text.at[1] == '*'))
        return QUERY_OF_OTHERS;
    return sight->asker.resolve(sight->asker.arg, text, ret_tenant, ret_path) ? QUERY_OF_ONE
                                                                              : QUERY_OF_NOBODY;
}
