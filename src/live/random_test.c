/* Everything at once, by chance: devices talk, points are made, renamed, retired and changed,
 * viewers come, subscribe, read slowly, lose their connection with what was under way, come back.
 * Whenever all comes to rest, every viewer believes what is so. LIVE_SEED repeats one round. */
#include "live/test_house.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VIEWERS 5
#define ROUNDS 60
#define ACTS 400

struct play {
    struct house *house;
    struct model *models[VIEWERS]; /* NULL: never there */
    uint64_t seed;
};

static uint64_t dice(struct play *play, uint64_t sides)
{
    return (chance(&play->seed) >> 20) % sides;
}

/* ---- what happens in the plant ----------------------------------------------------------------
 */
static void path_make(struct play *play, char path[64])
{
    snprintf(path, 64, "p%d/m%d/%c", (int)dice(play, 3), (int)dice(play, 6),
             (int)('a' + (int)dice(play, 4)));
}

static void act_say(struct play *play)
{
    static const char *const values[] = {"1.5",  "\"text\"",          "true", "null", "-3",
                                         "2e30", "0.1234567890123456"};
    char topic[64], payload[160], time[48] = "";
    snprintf(topic, sizeof topic, "p%d/m%d", (int)dice(play, 3), (int)dice(play, 6));
    if (dice(play, 4) == 0) /* some of them late */
        snprintf(time, sizeof time, ",\"ts\":%lld",
                 (long long)(HOUSE_WALL_NS / NS_PER_MS - 500 + (int64_t)dice(play, 1000)));
    char value[32];
    snprintf(value, sizeof value, "%d.%d", (int)dice(play, 100), (int)dice(play, 1000));
    const char *other = dice(play, 3) == 0 ? values[dice(play, ARRAY_COUNT(values))] : value;
    snprintf(payload, sizeof payload, "{\"%c\":%s,\"%c\":%s%s}", (int)('a' + (int)dice(play, 2)),
             value, (int)('c' + (int)dice(play, 2)), other, time);
    (void)house_say(play->house, topic, payload);
}

static void act_command(struct play *play)
{
    char path[64], other[64];
    path_make(play, path);
    path_make(play, other);
    double high = (double)dice(play, 60), none = (double)__builtin_nanf("");
    struct command command = house_command(COMMAND_CREATE, path);
    switch (dice(play, 6)) {
    case 0:
        (void)house_run(play->house, &command);
        break;
    case 1:
    case 2:
        (void)house_rename(play->house, path, other);
        break;
    case 3:
        (void)house_retire(play->house, path);
        break;
    case 4:
        (void)house_change(play->house, path, dice(play, 2) == 0 ? "bar" : "Cel", NULL);
        break;
    default:
        (void)house_change(play->house, path, NULL, dice(play, 3) == 0 ? &none : &high);
        break;
    }
}

/* ---- what viewers do --------------------------------------------------------------------------
 */
static void act_subscription(struct play *play, struct model *model)
{
    static const char *const patterns[] = {"#",     "p1/#",   "p0/+/a", "p?/m3/*", "p2/m1/c",
                                           "*/*/b", "p0/m*/", "+/m2/#", "none/#",  "p1/m1/a"};
    int id = 1 + (int)dice(play, 6);
    struct pattern parsed;
    const char *pattern = patterns[dice(play, ARRAY_COUNT(patterns))];
    if (model->leaving >> id & 1)
        return;
    if (model->patterns[id][0] != '\0')
        model_unsubscribe(model, id);
    else if (pattern_parse(bytes_text(pattern), &parsed) == NULL)
        model_subscribe(model, id, pattern);
}

static void model_breathe(struct model *model, bool choked)
{
    model->choked = choked;
    if (!choked && model->viewer != NULL)
        live_viewer_ready(model->house->live, model->viewer);
}

static void act_connection(struct play *play, struct model *model)
{
    if (model->viewer != NULL) {
        model_drop(model, dice(play, 5) != 0);
    } else {
        model_breathe(model, false);
        (void)model_resume(model);
    }
}

static void act_viewer(struct play *play)
{
    struct model **model = &play->models[dice(play, VIEWERS)];
    if (*model == NULL) {
        *model = model_open(play->house);
        return;
    }
    uint64_t what = dice(play, 12);
    if (what < 2 || (*model)->viewer == NULL)
        act_connection(play, *model);
    else if (what < 5)
        act_subscription(play, *model);
    else if (what < 7)
        model_breathe(*model, dice(play, 2) == 0);
    else if (what < 8)
        live_viewer_pace((*model)->viewer, (int64_t)dice(play, 20) * NS_PER_MS);
    else
        model_read(*model, dice(play, 20));
}

static void act(struct play *play)
{
    switch (dice(play, 10)) {
    case 0:
        act_command(play);
        break;
    case 1:
    case 2:
    case 3:
        act_viewer(play);
        break;
    case 4:
        house_advance(play->house, (int64_t)dice(play, 30) * NS_PER_MS);
        break;
    case 5:
        if (dice(play, 60) == 0)
            house_advance(play->house, play->house->settings.http_live_keep);
        play->house->entering_held = dice(play, 3) == 0;
        break;
    case 6:
    case 7:
        (void)house_step(play->house);
        break;
    default:
        act_say(play);
        break;
    }
}

/* ---- rest -------------------------------------------------------------------------------------
 */
static void rest(struct play *play)
{
    struct house *house = play->house;
    house->entering_held = false;
    for (size_t i = 0; i < VIEWERS; i++) {
        if (play->models[i] == NULL)
            continue;
        model_breathe(play->models[i], false);
        if (play->models[i]->viewer == NULL)
            (void)model_resume(play->models[i]);
    }
    house_settle(house);
    house_advance(house, NS_PER_S); /* paces */
    house_settle(house);
    for (size_t i = 0; i < VIEWERS; i++) {
        if (play->models[i] == NULL)
            continue;
        model_read(play->models[i], SIZE_MAX);
        const char *fault = model_fault(play->models[i]);
        if (fault != NULL)
            fail_msg("viewer %zu: %s", i, fault);
    }
}

static void play_round(uint64_t seed)
{
    struct play play = {.house = house_create(), .seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    for (int scene = 0; scene < 4; scene++) {
        for (int i = 0; i < ACTS; i++)
            act(&play);
        rest(&play);
    }
    for (size_t i = 0; i < VIEWERS; i++)
        if (play.models[i] != NULL)
            model_close(play.models[i]);
    house_settle(play.house);
    struct live_counters counters;
    live_describe(play.house->live, &counters);
    assert_int_equal(counters.viewers, 0);
    assert_int_equal(counters.viewers_away, 0);
    assert_int_equal(counters.points, 0);
    assert_int_equal(counters.subscriptions, 0);
    house_destroy(play.house);
}

static void viewers_believe_what_is_so(void **state)
{
    (void)state;
    const char *only = getenv("LIVE_SEED");
    if (only != NULL) {
        play_round(strtoull(only, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        fprintf(stderr, "LIVE_SEED=%llu\r", (unsigned long long)seed);
        play_round(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(viewers_believe_what_is_so)};
    return cmocka_run_group_tests_name("live by chance", tests, NULL, NULL);
}
