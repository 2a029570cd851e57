/* Any rules on any points that come, go, are renamed and have values, in any order; then the pages,
 * as they are and with bytes changed. Nothing makes the reducer fail, what it leaves is whole (a
 * rebuild accepts it, and it goes on the same), and damaged pages are refused or do no harm. */
#include "model/expressions/house.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define RULES 6u
#define TEXT_MAX 200u
#define POINTS_MAX 60u
#define STEPS_MAX 600u

struct input {
    const uint8_t *at;
    size_t size;
};

static uint32_t take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->at++;
}

static char rule_texts[RULES + 1][TEXT_MAX + 1];

static void fuzz_rule(struct house *house, struct input *input)
{
    static const char *const known[] = {
        ". > 5",          "../b > . and ../c < 5", "{c} > {b} or stale(., 30s)",
        ". > 3 for 20s",  "rate(.) > 0.1",         "count('+/a' > 4) >= 2",
        "sum('#') > 100", "any(stale('../*', 9s))"};
    uint32_t rule = 1 + take(input) % RULES, kind = take(input);
    for (uint32_t point = 0; point <= points_count(house->points); point++)
        expressions_remove(house->expressions, rule, point);
    expressions_program_remove(house->expressions, rule);
    house->texts[rule] = NULL;
    if (kind < 128) {
        snprintf(rule_texts[rule], sizeof rule_texts[rule], "%s", known[kind % ARRAY_COUNT(known)]);
    } else {
        size_t text_size = 0;
        for (; text_size < TEXT_MAX && input->size > 0; text_size++) {
            char c = (char)take(input);
            if (c == '\0')
                break;
            rule_texts[rule][text_size] = c;
        }
        rule_texts[rule][text_size] = '\0';
    }
    uint32_t tenant = 1 + kind % 2;
    if (expressions_program(house->expressions, rule, tenant, bytes_text(rule_texts[rule])) != OK)
        return;
    house->texts[rule] = rule_texts[rule];
    house->tenants[rule] = tenant;
}

static void fuzz_row(struct house *house, struct input *input)
{
    static const char *const metrics[] = {"a", "b", "c", "a b c"};
    char prefix[16];
    uint8_t path[32];
    uint32_t what = take(input), branch = take(input) % 8, tenant = 1 + (what >> 7);
    const char *names = metrics[what % ARRAY_COUNT(metrics)];
    snprintf(prefix, sizeof prefix, what & 64 ? "n%u/m" : "n%u", branch);
    for (const char *name = names; *name != '\0'; name++) {
        int path_size = snprintf((char *)path, sizeof path, "%s/%c", prefix, *name);
        if (points_find(house->points, tenant, bytes_of(path, (size_t)path_size)) != POINT_NONE)
            return;
    }
    if (points_count(house->points) < POINTS_MAX)
        house_row(house, tenant, prefix, names, (uint8_t)(1 + (what >> 2) % 4));
}

static void fuzz_sample(struct house *house, struct input *input, uint32_t point)
{
    uint32_t what = take(input), number = take(input);
    uint8_t type = points_type(house->points, point);
    struct value value = {.type = type, .present = what % 8 != 0};
    value.quality = !value.present ? QUALITY_BAD_NO_VALUE
                    : what & 64    ? QUALITY_UNCERTAIN
                                   : QUALITY_GOOD;
    if (value.present && type == VALUE_STRING)
        value.text = bytes_of("auto", number % 5);
    else if (value.present)
        value.number = type == VALUE_BOOL ? number & 1 : (int8_t)number;
    house_sample(house, point, house->stamp.wall_ns - (what & 128 ? NS_PER_S : 0), &value);
}

static void fuzz_rename(struct house *house, struct input *input, uint32_t point)
{
    char path[16];
    struct point_view view;
    uint32_t what = take(input);
    points_view(house->points, point, &view);
    snprintf(path, sizeof path, "n%u/%c", what % 8, 'a' + (char)(what / 8 % 4));
    if (!view.retired)
        (void)house_rename(house, point, what > 200 ? NULL : path);
}

static void fuzz_add(struct house *house, struct input *input, uint32_t point)
{
    uint32_t rule = 1 + take(input) % RULES;
    struct point_row row = {.tenant = house->tenants[rule]};
    if (point != POINT_NONE)
        points_row(house->points, points_row_of(house->points, point), &row);
    if (house->texts[rule] == NULL || row.tenant != house->tenants[rule])
        return;
    enum err err = house_add(house, rule, point);
    check(err == OK || err == ERR_LIMIT);
}

static void fuzz_step(struct house *house, struct input *input)
{
    uint32_t what = take(input), count = points_count(house->points);
    uint32_t point = count == 0 ? POINT_NONE : what / 8 % (count + 1);
    if (what % 8 == 0)
        fuzz_rule(house, input);
    else if (what % 8 == 1 || count == 0)
        fuzz_row(house, input);
    else if (what % 8 == 2)
        house_after(house, take(input) * 200 * NS_PER_MS);
    else if (what % 8 == 3)
        expressions_remove(house->expressions, 1 + take(input) % RULES, point);
    else if (what % 8 == 4)
        fuzz_add(house, input, point);
    else if (point == POINT_NONE)
        fuzz_add(house, input, point);
    else if (what % 8 == 5)
        fuzz_rename(house, input, point);
    else
        fuzz_sample(house, input, point);
}

static void fuzz_house(struct house *house)
{
    static const struct expressions_limits limits = {
        .instances_max = 40, .sets_max = 5, .members_max = 60, .members_of_set = 20};
    house_open_limited(house, &limits, 20);
}

/* The pages of one in another, with one byte of ours changed at places that the input names. */
static void fuzz_copy(struct house *from, struct house *to, struct input *input)
{
    static uint8_t page[STATE_PAGE_SIZE];
    uint32_t table, number;
    fuzz_house(to);
    to->stamp = from->stamp;
    to->told_hash = from->told_hash;
    memcpy(to->texts, from->texts, sizeof to->texts);
    memcpy(to->tenants, from->tenants, sizeof to->tenants);
    check(state_cut_begin(from->state, 4) == OK);
    while (state_cut_next(from->state, page, &table, &number) == OK) {
        if (table >= EXPRESSIONS_TABLE_FIRST && input->size > 0) {
            size_t place = take(input) % 40 * 256;
            place += take(input);
            page[place] ^= (uint8_t)take(input);
        }
        check(state_load_page(to->state, table, number, page) == OK);
    }
}

static void fuzz_look(struct house *house)
{
    char text[128];
    for (uint32_t rule = 1; rule <= RULES; rule++)
        for (uint32_t point = 0; point <= points_count(house->points); point++)
            expressions_explain(house->expressions, rule, point, house->stamp.wall_ns, text,
                                sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct house house, copy;
    struct input input = {at, size}, none = {at, 0};
    fuzz_house(&house);
    for (uint32_t i = 0; i < STEPS_MAX && input.size > 24; i++)
        fuzz_step(&house, &input);
    fuzz_copy(&house, &copy, &none);
    check(house_rebuild(&copy) == OK && state_hash(copy.state) == state_hash(house.state));
    struct input tail = {at, size < 200 ? size : 200}, again = tail;
    while (tail.size > 0)
        fuzz_step(&house, &tail);
    while (again.size > 0)
        fuzz_step(&copy, &again);
    fuzz_look(&house);
    check(copy.told_hash == house.told_hash && state_hash(copy.state) == state_hash(house.state));
    house_close(&copy);
    fuzz_copy(&house, &copy, &input);
    enum err err = house_rebuild(&copy);
    check(err == OK || err == ERR_CORRUPT || err == ERR_NO_MEMORY);
    again = (struct input){at, size < 200 ? size : 200};
    while (err == OK && again.size > 0)
        fuzz_step(&copy, &again);
    if (err == OK)
        fuzz_look(&copy);
    house_close(&copy);
    house_close(&house);
    return 0;
}
