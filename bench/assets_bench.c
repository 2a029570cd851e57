/* What types and assets cost: memory an asset, a change of a type that many assets have, what one
 * was among many versions, whose a point is.
 *
 *   assets_bench [ASSETS]      default 100,000; CPU time of one thread, no disk, no sockets
 *
 * Each asset has ten points below its branch and two attributes of its own; a hundred stand below
 * a line, ten lines below a site. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/assets/assets.h"

#define METRICS 10u
#define LINE_ASSETS 100u
#define SITE_LINES 10u
#define VERSIONS 10000u

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint64_t random_next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct bench {
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct effects effects;
    struct record_stamp stamp;
    uint32_t count, type, base;
    int64_t longest_ns;
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "assets_bench: %s\n", what);
    exit(1);
}

static void line(const char *what, double value, const char *unit)
{
    printf("  %-46s %10.2f %s\n", what, value, unit);
}

static void form_begin(struct bench *b)
{
    b->form = (struct form_writer){.at = b->bytes, .capacity = sizeof b->bytes};
}

static void say_item(struct bench *b, enum item_kind kind, const char *name, const char *text)
{
    struct asset_item item = {.kind = (uint8_t)kind,
                              .type = kind == ITEM_METRIC ? VALUE_FLOAT64 : VALUE_STRING,
                              .name = bytes_text(name),
                              .unit = bytes_of("", 0),
                              .text = bytes_text(text)};
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        item.limits[i] = __builtin_nan("");
    asset_item_put(&b->form, &item);
}

/* Applies what was said; returns the number. */
static uint32_t apply(struct bench *b, enum command_kind kind, uint32_t number)
{
    struct asset_effects effects = {0};
    struct fact fact = {.kind = FACT_MODULE,
                        .command = {.kind = (uint8_t)kind, .tenant = TENANT_DEFAULT}};
    fact.command.module.number = number;
    fact.command.actor.name = bytes_text("bench@main");
    must(form_end(&b->form, &fact.command.module.form), "the form is too large");
    b->stamp.position++;
    b->stamp.wall_ns += NS_PER_MS;
    int64_t began = cpu_ns();
    must(assets_apply_fact(b->assets, &fact, &b->stamp, &effects) == OK, "no memory");
    int64_t took = cpu_ns() - began;
    b->longest_ns = took > b->longest_ns ? took : b->longest_ns;
    must(effects.outcome.code == OUTCOME_DONE, outcome_text(effects.outcome.code));
    form_begin(b);
    return effects.outcome.number;
}

static uint32_t make(struct bench *b, const char *name, uint32_t parent, uint32_t type)
{
    form_put_text(&b->form, ASSET_TAG_NAME, bytes_text(name));
    if (parent != ASSET_NONE)
        form_put_integer(&b->form, ASSET_TAG_PARENT, parent);
    if (type != TYPE_NONE)
        form_put_integer(&b->form, ASSET_TAG_TYPE, type);
    return apply(b, COMMAND_ASSET_SET, ASSET_NONE);
}

/* ---- what is measured against ------------------------------------------------------------------
 */
static void build_points(struct bench *b)
{
    char prefix[96], metrics[METRICS][16];
    struct fact_row_point columns[METRICS];
    for (uint32_t i = 0; i < METRICS; i++)
        columns[i] = (struct fact_row_point){
            VALUE_FLOAT64, bytes_of(metrics[i], (size_t)sprintf(metrics[i], "metric%u", i))};
    for (uint32_t i = 0; i < b->count; i++) {
        int size = sprintf(prefix, "acme/site%u/line%u/pump%u", i / (LINE_ASSETS * SITE_LINES),
                           i / LINE_ASSETS % SITE_LINES, i % LINE_ASSETS);
        struct fact fact = {.kind = FACT_ROW,
                            .row = {.tenant = TENANT_DEFAULT,
                                    .shape = {i + 1, i * METRICS + 1, METRICS},
                                    .object = true,
                                    .prefix = bytes_of(prefix, (size_t)size),
                                    .points = columns}};
        must(points_apply_fact(b->points, &fact, &b->stamp, &b->effects) == OK, "no memory");
        must(assets_row_new(b->assets, i + 1) == OK, "no memory");
    }
}

/* A kind of machine that is a kind of equipment: half of the metrics each. */
static void build_types(struct bench *b)
{
    char name[16];
    for (uint32_t half = 0; half < 2; half++) {
        form_put_text(&b->form, ASSET_TAG_NAME, bytes_text(half == 0 ? "equipment" : "pump"));
        if (half == 1)
            form_put_integer(&b->form, ASSET_TAG_PARENT, b->base);
        for (uint32_t i = 0; i < METRICS / 2; i++) {
            sprintf(name, "metric%u", half * METRICS / 2 + i);
            say_item(b, ITEM_METRIC, name, "");
        }
        b->type = apply(b, COMMAND_TYPE_SET, TYPE_NONE);
        b->base = half == 0 ? b->type : b->base;
    }
}

static void build_assets(struct bench *b)
{
    char name[32];
    uint32_t acme = make(b, "acme", ASSET_NONE, TYPE_NONE), site = 0, at = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        if (i % (LINE_ASSETS * SITE_LINES) == 0) {
            sprintf(name, "site%u", i / (LINE_ASSETS * SITE_LINES));
            site = make(b, name, acme, TYPE_NONE);
        }
        if (i % LINE_ASSETS == 0) {
            sprintf(name, "line%u", i / LINE_ASSETS % SITE_LINES);
            at = make(b, name, site, TYPE_NONE);
        }
        sprintf(name, "%u", 100000 + i);
        say_item(b, ITEM_ATTRIBUTE, "serial", name);
        say_item(b, ITEM_ATTRIBUTE, "maker", "Acme Pumps");
        sprintf(name, "pump%u", i % LINE_ASSETS);
        make(b, name, at, b->type);
    }
}

/* ---- measures ----------------------------------------------------------------------------------
 */
static uint64_t all_memory(const struct bench *b)
{
    return state_memory(b->state) + assets_memory(b->assets);
}

static void measure_type_change(struct bench *b)
{
    int64_t worst = 0;
    for (uint32_t round = 0; round < 100; round++) {
        char unit[16];
        sprintf(unit, "round %u", round);
        for (uint32_t i = 0; i < METRICS; i++) {
            char name[16];
            sprintf(name, "metric%u", i);
            say_item(b, ITEM_METRIC, name, unit);
        }
        b->longest_ns = 0;
        apply(b, COMMAND_TYPE_SET, b->type);
        worst = b->longest_ns > worst ? b->longest_ns : worst;
    }
    line("a type that all are of changes, longest of 100", (double)worst / 1e3, "us");
}

static void measure_versions(struct bench *b)
{
    uint32_t asset = assets_count(b->assets);
    int64_t first_ns = b->stamp.wall_ns, worst = 0;
    uint64_t seed = 3, seen = 0;
    for (uint32_t i = 0; i < VERSIONS; i++) {
        char title[16];
        sprintf(title, "title %u", i);
        form_put_text(&b->form, ASSET_TAG_TITLE, bytes_text(title));
        apply(b, COMMAND_ASSET_SET, asset);
    }
    int64_t span = b->stamp.wall_ns - first_ns, began = cpu_ns();
    enum { ROUNDS = 100000 };
    for (uint32_t i = 0; i < ROUNDS; i++) {
        int64_t wall_ns = first_ns + (int64_t)(random_next(&seed) % (uint64_t)span);
        struct asset_view view;
        int64_t from = cpu_ns();
        struct sheet_cursor cursor = {0};
        struct asset_item item;
        seen += assets_asset_at(b->assets, asset, wall_ns, &view);
        while (assets_sheet_next(b->assets, asset, wall_ns, &cursor, &item))
            seen++;
        int64_t took = cpu_ns() - from;
        worst = took > worst ? took : worst;
    }
    line("as of: view and sheet among 10,000 versions", (double)(cpu_ns() - began) / 1e3 / ROUNDS,
         "us");
    line("the same, longest", (double)worst / 1e3, "us");
    must(seen > ROUNDS * METRICS, "no sheets");
}

static void measure_points(struct bench *b, const char *what, bool random)
{
    enum { ROUNDS = 1000000 };
    uint32_t points = points_count(b->points), found = 0;
    uint64_t seed = 9;
    struct bytes metric;
    int64_t began = cpu_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t point = 1 + (uint32_t)((random ? random_next(&seed) : i) % points);
        found += assets_of_point(b->assets, point, &metric) != ASSET_NONE;
    }
    line(what, (double)(cpu_ns() - began) / ROUNDS, "ns");
    must(found == ROUNDS, "a point is nobody's");
}

static void measure_move(struct bench *b)
{
    b->longest_ns = 0;
    form_put_text(&b->form, ASSET_TAG_NAME, bytes_text("acme2"));
    apply(b, COMMAND_ASSET_SET, 1);
    line("all of them move with the top of the tree", (double)b->longest_ns / 1e3, "us");
    int64_t longest = 0, began = cpu_ns();
    while (assets_walk_left(b->assets) > 0) {
        int64_t from = cpu_ns();
        assets_walk(b->assets);
        int64_t took = cpu_ns() - from;
        longest = took > longest ? took : longest;
    }
    line("the walk of the inbox behind it", (double)(cpu_ns() - began) / 1e6, "ms");
    line("its longest piece", (double)longest / 1e3, "us");
    must(assets_inbox_count(b->assets, TENANT_DEFAULT) == b->count, "the inbox is wrong");
}

int main(int argc, char **argv)
{
    struct bench b = {.count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000,
                      .stamp = {.position = 1, .wall_ns = NS_PER_S}};
    if (b.count < 1000 || b.count % LINE_ASSETS != 0) {
        fprintf(stderr, "usage: assets_bench [ASSETS]   a multiple of 100, from 1000 on\n");
        return 2;
    }
    form_begin(&b);
    state_stock(STATE_STOCK_MAX); /* as the server's background does */
    must(state_create(&b.state) == OK &&
             points_create(b.state, &points_limits_default, &b.points) == OK &&
             assets_create(b.state, &assets_limits_default, b.points, &b.assets) == OK,
         "no memory");
    printf("%" PRIu32 " assets of ten points\n", b.count);
    build_points(&b);
    must(assets_inbox_count(b.assets, TENANT_DEFAULT) == b.count, "the inbox is wrong");
    uint64_t before = all_memory(&b);
    int64_t began = cpu_ns();
    build_types(&b);
    build_assets(&b);
    line("made", (double)(cpu_ns() - began) / b.count, "ns/asset");
    line("longest command", (double)b.longest_ns / 1e3, "us");
    line("memory", (double)(all_memory(&b) - before) / b.count, "B/asset");
    must(assets_inbox_count(b.assets, TENANT_DEFAULT) == 0, "the inbox is wrong");
    measure_type_change(&b);
    measure_versions(&b);
    measure_points(&b, "whose a point is, one after the other", false);
    measure_points(&b, "whose a point is, random", true);
    began = cpu_ns();
    must(assets_rebuild(b.assets) == OK, "the pages are not whole");
    line("rebuild after a snapshot", (double)(cpu_ns() - began) / 1e6, "ms");
    measure_move(&b);
    assets_destroy(b.assets);
    points_destroy(b.points);
    state_destroy(b.state);
    return 0;
}
