/* What viewers are told, against what is so. */
#include "live/test_house.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = house_create();
    return 0;
}

static int teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static struct live_counters counters_of(const struct house *house)
{
    struct live_counters counters;
    live_describe(house->live, &counters);
    return counters;
}

static void settle_and_read(struct model *model)
{
    house_settle(model->house);
    model_read(model, SIZE_MAX);
}

static void assert_right(struct model *model)
{
    settle_and_read(model);
    const char *fault = model_fault(model);
    if (fault != NULL)
        fail_msg("%s", fault);
}

static void assert_error(struct model *model, const char *code)
{
    model_read(model, SIZE_MAX);
    assert_non_null(model->last_error);
    assert_string_equal(json_string_value(json_object_get(model->last_error, "code")), code);
    json_decref(model->last_error);
    model->last_error = NULL;
}

PRINTF_LIKE(3, 4)
static void say_at(struct house *house, const char *payload, const char *format, ...)
{
    char topic[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(topic, sizeof topic, format, arguments);
    va_end(arguments);
    assert_int_equal(house_say(house, topic, payload), ADMIT_DONE);
}

/* ---- the ordinary life ------------------------------------------------------------------------
 */
static void a_snapshot_then_deltas(void **state)
{
    struct house *house = *state;
    house_say(house, "plant/press", "{\"temp\":21.5,\"on\":true,\"name\":\"a\\\"b\",\"n\":7}");
    house_say(house, "other/x", "1");
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "plant/#");
    assert_right(model);
    assert_int_equal(model->snapshots, 1);
    assert_int_equal(model->deltas, 0);
    assert_int_equal(counters_of(house).points, 4);
    house_say(house, "plant/press", "{\"temp\":21.625,\"on\":null,\"name\":\"c\"}");
    house_say(house, "other/x", "2");
    assert_right(model);
    assert_int_equal(model->deltas, 1);
    assert_int_equal(model->told, 3);
    assert_int_equal(model->skipped, 0);
    model_close(model);
}

static void points_that_come_are_added_once(void **state)
{
    struct house *house = *state;
    struct model *model = model_open(house);
    model_subscribe(model, 1, "plant/#");
    model_subscribe(model, 2, "plant/+/temp");
    assert_right(model);
    for (int i = 0; i < 1200; i++)
        say_at(house, "1", "plant/press-%d/temp", i);
    assert_right(model);
    assert_int_equal(counters_of(house).points, 1200);
    assert_int_equal(model->told, 0); /* their first value came with them */
    model_close(model);
}

static void a_snapshot_is_told_in_pages(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 1001; i++)
        say_at(house, "1", "p/%d", i);
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "p/#");
    assert_right(model);
    assert_int_equal(model->snapshots, 3);
    model_subscribe(model, 2, "p/1*"); /* shown already, told again */
    assert_right(model);
    assert_int_equal(model->snapshots, 4);
    assert_int_equal(counters_of(house).points, 1001);
    model_unsubscribe(model, 1);
    assert_right(model);
    assert_int_equal(counters_of(house).points, 112);
    model_unsubscribe(model, 2);
    assert_right(model);
    assert_int_equal(counters_of(house).points, 0);
    assert_int_equal(counters_of(house).subscriptions, 0);
    model_close(model);
}

static void renames_retirements_and_settings_are_told(void **state)
{
    struct house *house = *state;
    house_say(house, "plant/a", "{\"x\":1,\"y\":2}");
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "plant/#");
    model_subscribe(model, 2, "store/#");
    assert_right(model);
    assert_int_equal(house_rename(house, "plant/a/x", "plant/b"), OUTCOME_DONE);
    assert_right(model);
    assert_int_equal(house_rename(house, "plant/b", "store/b"), OUTCOME_DONE);
    assert_right(model);
    assert_int_equal(house_rename(house, "store/b", "nowhere"), OUTCOME_DONE);
    assert_right(model);
    assert_int_equal(counters_of(house).points, 1);
    assert_int_equal(house_rename(house, "nowhere", "store/c"), OUTCOME_DONE);
    assert_right(model);
    double high = 1.5, none = (double)__builtin_nanf("");
    assert_int_equal(house_change(house, "plant/a/y", "bar", &high), OUTCOME_DONE);
    assert_right(model);
    assert_string_equal(model->points[2].limit_state, "high");
    house_say(house, "plant/a", "{\"y\":1.25}");
    assert_right(model);
    assert_string_equal(model->points[2].limit_state, "normal");
    assert_int_equal(house_change(house, "plant/a/y", NULL, &none), OUTCOME_DONE);
    assert_right(model);
    assert_string_equal(model->points[2].limit_state, "none");
    assert_int_equal(house_retire(house, "plant/a/y"), OUTCOME_DONE);
    assert_right(model);
    assert_int_equal(counters_of(house).points, 1);
    model_close(model);
}

/* The namespace is still being built: what it has not is added when it comes. */
static void a_snapshot_of_a_namespace_under_way(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 3000; i++)
        say_at(house, "1", "p/%d", i);
    house->entering_held = true;
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "p/#");
    settle_and_read(model);
    assert_true(model->whole[1]);
    size_t before = counters_of(house).points;
    assert_true(before < 3000);
    house->entering_held = false;
    assert_right(model);
    assert_int_equal(counters_of(house).points, 3000);
    model_close(model);
}

static void late_values_and_other_types_are_not_told(void **state)
{
    struct house *house = *state;
    house_say(house, "a", "{\"v\":1,\"ts\":1700000100}");
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "a/#");
    assert_right(model);
    house_say(house, "a", "{\"v\":2,\"ts\":1700000000}");
    assert_right(model);
    assert_int_equal(model->deltas, 0);
    house_say(house, "a", "{\"v\":3,\"ts\":1700000100}"); /* as old: the last written wins */
    assert_right(model);
    assert_int_equal(model->told, 1);
    model_close(model);
}

/* ---- slow viewers -----------------------------------------------------------------------------
 */
static void told_and_skipped_are_all_changes(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 50; i++)
        say_at(house, "{\"a\":0,\"b\":0}", "p/%d", i);
    house_settle(house);
    struct model *slow = model_open(house), *fast = model_open(house);
    model_subscribe(slow, 1, "p/#");
    model_subscribe(fast, 1, "p/#");
    assert_right(slow);
    assert_right(fast);
    uint64_t seed = 3;
    house->changes = 0;
    for (int i = 0; i < 3000; i++) {
        char payload[64];
        snprintf(payload, sizeof payload, "{\"a\":%d%s", i,
                 chance(&seed) % 2 == 0 ? "}" : ",\"b\":1.5}");
        say_at(house, payload, "p/%d", (int)(chance(&seed) % 50));
        house_advance(house, NS_PER_US);
        if (chance(&seed) % 3 == 0)
            house_step(house);
        if (chance(&seed) % 20 == 0) {
            slow->choked = !slow->choked;
            if (!slow->choked)
                live_viewer_ready(house->live, slow->viewer);
        }
    }
    slow->choked = false;
    live_viewer_ready(house->live, slow->viewer);
    assert_right(slow);
    assert_right(fast);
    assert_true(slow->skipped > 0);
    assert_int_equal(slow->told + slow->skipped, house->changes);
    assert_int_equal(fast->told + fast->skipped, house->changes);
    assert_true(fast->told > slow->told);
    struct live_counters counters = counters_of(house);
    assert_int_equal(counters.skipped, slow->skipped + fast->skipped);
    assert_int_equal(counters.values, slow->told + fast->told + 200);
    model_close(slow);
    model_close(fast);
}

static void a_pace_is_kept(void **state)
{
    struct house *house = *state;
    house_say(house, "p", "{\"a\":0}");
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "#");
    model_say(model, "{\"op\":\"pace\",\"ms\":100}");
    assert_right(model);
    for (int i = 1; i <= 1000; i++) { /* a second */
        char payload[32];
        snprintf(payload, sizeof payload, "{\"a\":%d}", i);
        house_say(house, "p", payload);
        house_advance(house, NS_PER_MS);
        house_settle(house);
    }
    model_read(model, SIZE_MAX);
    assert_int_equal(model->deltas, 10);
    assert_int_equal(live_step(house->live, house->clock.boot_ns), NS_PER_MS);
    house_advance(house, NS_PER_MS - 1);
    assert_int_equal(live_step(house->live, house->clock.boot_ns), 1);
    house_advance(house, 1);
    assert_right(model);
    assert_int_equal(model->deltas, 11);
    assert_int_equal(model->told + model->skipped, 1000);
    model_say(model, "{\"op\":\"pace\",\"ms\":0}");
    house_say(house, "p", "{\"a\":-1}");
    assert_right(model);
    model_say(model, "{\"op\":\"pace\",\"ms\":60001}");
    assert_error(model, "member");
    model_say(model, "{\"op\":\"pace\",\"ms\":60000}");
    house_say(house, "p", "{\"a\":-2}");
    house_settle(house);
    assert_int_equal(json_array_size(model->inbox), 0);
    live_viewer_pace(model->viewer, 0);
    assert_right(model);
    model_close(model);
}

/* A step is a bounded piece, whoever wants how much. */
static void nobody_starves(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 3000; i++)
        say_at(house, "1", "p/%d", i);
    house_settle(house);
    struct model *models[4];
    for (int i = 0; i < 4; i++) {
        models[i] = model_open(house);
        model_subscribe(models[i], 1, "p/#");
    }
    for (int i = 0; i < 4; i++)
        assert_right(models[i]);
    for (int i = 0; i < 3000; i++)
        say_at(house, "2", "p/%d", i);
    while (!journal_batch_empty(engine_journal(house->engine)))
        (void)engine_step(house->engine);
    (void)engine_step(house->engine);
    assert_int_equal(live_step(house->live, house->clock.boot_ns), 0); /* there is more */
    uint64_t values = counters_of(house).values - 12000;
    assert_true(values >= 2000 && values <= 6000);
    for (int i = 0; i < 4; i++) {
        assert_right(models[i]);
        assert_int_equal(models[i]->told, 3000);
        model_close(models[i]);
    }
}

/* ---- leaving and coming back ------------------------------------------------------------------
 */
static void who_comes_back_gets_what_was_lost(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 20; i++)
        say_at(house, "0", "p/%d", i);
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "p/#");
    assert_right(model);
    house_say(house, "p/1", "1"); /* told, and lost on the way */
    house_settle(house);
    assert_int_equal(json_array_size(model->inbox), 1);
    assert_int_equal(house_rename(house, "p/2", "p/two"), OUTCOME_DONE);
    assert_int_equal(house_retire(house, "p/3"), OUTCOME_DONE);
    assert_int_equal(house_change(house, "p/4", "bar", NULL), OUTCOME_DONE);
    house_say(house, "p/new", "1");
    house_settle(house);
    model_drop(model, true);
    assert_int_equal(counters_of(house).viewers_away, 1);
    house_say(house, "p/5", "1"); /* not told at all */
    house_settle(house);
    assert_true(model_resume(model));
    assert_right(model);
    assert_int_equal(model->snapshots, 1);
    assert_int_equal(counters_of(house).returned, 1);
    assert_int_equal(counters_of(house).viewers, 1);
    assert_int_equal(counters_of(house).viewers_away, 0);
    model_close(model);
}

static void a_lost_snapshot_is_told_again(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 1300; i++)
        say_at(house, "0", "p/%d", i);
    house_settle(house);
    struct model *model = model_open(house);
    model_subscribe(model, 1, "p/#");
    house_settle(house);
    assert_int_equal(json_array_size(model->inbox), 3);
    model_read(model, 1);
    model_drop(model, true);
    assert_int_equal(house_retire(house, "p/0"), OUTCOME_DONE); /* it was in the first page */
    assert_true(model_resume(model));
    assert_right(model);
    assert_int_equal(model->snapshots, 4);
    assert_int_equal(counters_of(house).points, 1299);
    model_close(model);
}

static void sessions_expire(void **state)
{
    struct house *house = *state;
    struct model *model = model_open(house);
    model_subscribe(model, 1, "#");
    assert_right(model);
    int64_t keep_ns = house->settings.http_live_keep;
    model_drop(model, true);
    house_settle(house);
    house_advance(house, keep_ns - 1);
    house_settle(house);
    assert_int_equal(live_step(house->live, house->clock.boot_ns), 1);
    assert_true(model_resume(model));
    assert_right(model);
    model_drop(model, true);
    house_settle(house);
    house_advance(house, keep_ns);
    house_settle(house);
    assert_int_equal(counters_of(house).viewers, 0);
    assert_int_equal(counters_of(house).expired, 1);
    assert_false(model_resume(model)); /* and starts anew */
    assert_right(model);
    model_drop(model, false);
    assert_false(model_resume(model));
    house->settings.http_live_keep = 0;
    model_drop(model, true);
    assert_int_equal(counters_of(house).viewers, 0);
    model_close(model);
}

static void a_session_has_one_connection(void **state)
{
    struct house *house = *state;
    house_say(house, "p", "1");
    house_settle(house);
    struct model *first = model_open(house), *second = model_open(house);
    model_subscribe(first, 1, "#");
    assert_right(first);
    memcpy(second->session, first->session, sizeof second->session);
    second->seq = first->seq;
    model_drop(second, false);
    struct viewer *viewer = NULL;
    assert_int_equal(live_viewer_return(house->live, NULL, bytes_text(first->session), first->seq,
                                        &model_sink, second, &viewer),
                     OK);
    second->viewer = viewer;
    assert_true(first->ended);
    assert_null(first->viewer);
    assert_string_equal(live_viewer_token(viewer), second->session);
    second->points[1] = first->points[1]; /* what the one knew, the other knows */
    first->points[1] = (struct model_point){.ids = 0};
    memcpy(second->patterns, first->patterns, sizeof second->patterns);
    second->whole[1] = true;
    house_say(house, "p", "2");
    assert_right(second);
    assert_int_equal(second->deltas, 1);
    model_close(first);
    model_close(second);
}

static void wrong_returns_are_gone(void **state)
{
    struct house *house = *state;
    struct model *model = model_open(house);
    model_subscribe(model, 1, "#");
    assert_right(model);
    assert_int_equal(model->seq, 1);
    struct viewer *viewer = NULL;
    static const char *const tokens[] = {"", "0", "00000000000000000000000000000000",
                                         "zzzzzzzz000000000000000000000000",
                                         "ffffffff000000000000000000000000"};
    for (size_t i = 0; i < ARRAY_COUNT(tokens); i++)
        assert_int_equal(live_viewer_return(house->live, NULL, bytes_text(tokens[i]), 0,
                                            &model_sink, model, &viewer),
                         ERR_MISSING);
    assert_int_equal(live_viewer_return(house->live, NULL, bytes_text(model->session), 2,
                                        &model_sink, model, &viewer),
                     ERR_MISSING); /* a number of the future */
    struct model *other = model_open(house);
    char text[160];
    snprintf(text, sizeof text, "{\"op\":\"resume\",\"session\":\"%s\",\"seq\":2}", model->session);
    model_say(other, text);
    assert_string_equal(json_string_value(json_object_get(json_array_get(other->inbox, 0), "op")),
                        "gone");
    model_say(other, text);
    model_read(other, 1);
    assert_error(other, "resume_late");
    model_close(other);
    model_close(model);
}

static bool leave_to_return;
static void leave_when_told(void *arg, const char *event, uint64_t number, struct bytes text)
{
    struct model *model = arg;
    model_send(arg, event, number, text);
    if (model->viewer == NULL || strcmp(event, "hello") == 0)
        return;
    struct viewer *viewer = model->viewer;
    model->viewer = NULL;
    live_viewer_detach(model->house->live, viewer, leave_to_return);
}

/* A connection may break at any message, in the midst of sending it. */
static void a_sink_may_detach_while_it_is_told(void **state)
{
    struct house *house = *state;
    const struct live_sink sink = {model_has_room, leave_when_told, model_end};
    for (int i = 0; i < 700; i++)
        say_at(house, "1", "p/%d", i);
    house_settle(house);
    struct model *model = model_open(house);
    model_drop(model, false);
    for (int round = 0; round < 2; round++) {
        leave_to_return = round == 1;
        assert_int_equal(live_viewer_open(house->live, NULL, &sink, model, &model->viewer), OK);
        model_subscribe(model, 1, "p/#");
        model_say(model, "{\"op\":\"dance\"}");
        assert_null(model->viewer);
        json_array_clear(model->inbox);
        assert_int_equal(live_viewer_open(house->live, NULL, &sink, model, &model->viewer), OK);
        model_subscribe(model, 1, "p/#");
        while (model->viewer != NULL)
            (void)house_step(house);
        assert_int_equal(json_array_size(model->inbox), 2); /* hello, and a page */
        json_array_clear(model->inbox);
        house_settle(house);
        assert_int_equal(counters_of(house).viewers, 0);
        assert_int_equal(counters_of(house).viewers_away, leave_to_return ? 2 : 0);
    }
    model_close(model);
}

/* Many points of viewers that left are put away in pieces; the others are told meanwhile. */
static void who_leaves_keeps_nobody_waiting(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 3000; i++)
        say_at(house, "1", "p/%d", i);
    house_settle(house);
    struct model *models[4], *stays = model_open(house);
    model_subscribe(stays, 1, "p/1");
    assert_right(stays);
    for (int i = 0; i < 4; i++) {
        models[i] = model_open(house);
        model_subscribe(models[i], 1, "#");
        assert_right(models[i]);
    }
    for (int i = 0; i < 4; i++)
        model_close(models[i]);
    assert_int_equal(counters_of(house).points, 12001);
    house_say(house, "p/1", "2");
    while (!journal_batch_empty(engine_journal(house->engine)))
        (void)engine_step(house->engine);
    (void)engine_step(house->engine);
    assert_int_equal(live_step(house->live, house->clock.boot_ns), 0);
    model_read(stays, SIZE_MAX);
    assert_int_equal(stays->told, 1);
    assert_in_range(counters_of(house).points, 9000, 12000);
    assert_right(stays);
    assert_int_equal(counters_of(house).points, 1);
    model_close(stays);
}

/* More removed points than are remembered: whoever saw none of them cannot go on. */
static void too_much_was_removed(void **state)
{
    struct house *house = *state;
    struct model *model = model_open(house);
    house_say(house, "p/0", "1");
    model_subscribe(model, 1, "p/#");
    assert_right(model);
    model_drop(model, true);
    assert_true(model_resume(model));
    uint64_t seen = model->seq;
    char from[32], to[32];
    for (int i = 0; i < 4200; i++) {
        snprintf(from, sizeof from, "p/%d", i);
        snprintf(to, sizeof to, "p/%d", i + 1);
        assert_int_equal(house_rename(house, from, to), OUTCOME_DONE);
        house_settle(house);
    }
    model_drop(model, true);
    assert_int_equal(model->seq, seen);
    assert_false(model_resume(model));
    assert_right(model);
    model_close(model);
}

/* ---- limits -----------------------------------------------------------------------------------
 */
static void viewers_are_limited(void **state)
{
    struct house *house = *state;
    house->settings.http_viewers = 2;
    struct model *first = model_open(house), *second = model_open(house);
    struct viewer *viewer = NULL;
    assert_int_equal(live_viewer_open(house->live, NULL, &model_sink, first, &viewer), ERR_LIMIT);
    assert_null(viewer);
    model_drop(first, true); /* it may come back, but gives way to one who comes */
    assert_int_equal(counters_of(house).viewers_away, 1);
    struct model *third = model_open(house);
    assert_int_equal(counters_of(house).viewers_away, 0);
    assert_int_equal(live_viewer_open(house->live, NULL, &model_sink, first, &viewer), ERR_LIMIT);
    model_close(third);
    model_drop(second, false);
    assert_int_equal(live_viewer_open(house->live, NULL, &model_sink, second, &second->viewer), OK);
    model_close(first);
    model_close(second);
}

static void points_of_a_viewer_are_limited(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 600; i++)
        say_at(house, "1", "p/%d", i);
    house_settle(house);
    house->settings.http_live_points = 600;
    struct model *model = model_open(house);
    model_subscribe(model, 1, "p/#");
    assert_right(model);
    house->settings.http_live_points = 599;
    model_subscribe(model, 2, "p/1"); /* seen already: no more points */
    assert_right(model);
    house_say(house, "p/600", "1");
    settle_and_read(model);
    assert_error(model, "live_points"); /* it comes too late to be shown */
    assert_int_equal(counters_of(house).points, 600);
    model_unsubscribe(model, 1);
    settle_and_read(model);
    model_subscribe(model, 3, "p/*");
    settle_and_read(model);
    assert_error(model, "live_points");
    model_left(model, 3); /* what came before the error is void */
    assert_right(model);
    assert_int_equal(counters_of(house).subscriptions, 1);
    assert_int_equal(counters_of(house).points, 1);
    house->settings.http_live_points = 601;
    model_subscribe(model, 3, "p/*");
    assert_right(model);
    model_close(model);
}

static void subscriptions_are_limited(void **state)
{
    struct house *house = *state;
    house_say(house, "p", "1");
    house_settle(house);
    struct model *model = model_open(house);
    char text[128];
    for (int id = 0; id < 64; id++) {
        snprintf(text, sizeof text, "{\"op\":\"subscribe\",\"id\":%d,\"match\":\"x/%d\"}", 100 + id,
                 id);
        model_say(model, text);
    }
    assert_int_equal(json_array_size(model->inbox), 0);
    model_say(model, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"p\"}");
    assert_error(model, "subscriptions");
    model_say(model, "{\"op\":\"unsubscribe\",\"id\":163}");
    model_say(model, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"p\"}"); /* at once */
    assert_int_equal(counters_of(house).subscriptions, 64);
    live_viewer_detach(house->live, model->viewer, false);
    model->viewer = NULL;
    json_array_clear(model->inbox);
    model_close(model);
}

static void memory_is_limited_and_comes_back(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 1000; i++)
        say_at(house, "1", "p/%d", i);
    house_settle(house);
    uint64_t before = counters_of(house).memory;
    struct model *model = model_open(house);
    house->settings.http_memory = counters_of(house).memory + 20000;
    model_subscribe(model, 1, "p/#");
    settle_and_read(model);
    assert_error(model, "memory");
    model_left(model, 1);
    assert_right(model);
    house->settings.http_memory = UINT64_C(1) << 28;
    model_subscribe(model, 1, "p/#");
    assert_right(model);
    assert_true(counters_of(house).memory > before + 1000 * 64);
    model_close(model);
    house_settle(house);
    assert_true(counters_of(house).memory < before + 600 * 1024); /* the writer's text is kept */
    assert_int_equal(counters_of(house).points, 0);
    assert_int_equal(counters_of(house).viewers, 0);
}

/* ---- what viewers say -------------------------------------------------------------------------
 */
static void wrong_messages_are_answered(void **state)
{
    struct house *house = *state;
    struct model *model = model_open(house);
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"", "json"},
        {"{", "json"},
        {"[]", "json"},
        {"7", "json"},
        {"{\"op\":\"pace\",\"op\":\"pace\",\"ms\":1}", "json"},
        {"{\"op\":\"pace\",\"ms\":1} x", "json"},
        {"{}", "op"},
        {"{\"op\":7}", "op"},
        {"{\"op\":\"dance\"}", "op"},
        {"{\"op\":\"subscribe\",\"match\":\"#\"}", "member"},
        {"{\"op\":\"subscribe\",\"id\":\"1\",\"match\":\"#\"}", "member"},
        {"{\"op\":\"subscribe\",\"id\":1.5,\"match\":\"#\"}", "member"},
        {"{\"op\":\"subscribe\",\"id\":1}", "member"},
        {"{\"op\":\"subscribe\",\"id\":1,\"match\":7}", "member"},
        {"{\"op\":\"subscribe\",\"id\":1,\"match\":[7]}", "member"},
        {"{\"op\":\"subscribe\",\"id\":1,\"match\":[]}", "patterns"},
        {"{\"op\":\"subscribe\",\"id\":1,\"match\":\"\"}", "pattern"},
        {"{\"op\":\"subscribe\",\"id\":1,\"match\":\"a/#/b\"}", "pattern"},
        {"{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\",\"mtach\":1}", "member"},
        {"{\"op\":\"unsubscribe\"}", "member"},
        {"{\"op\":\"unsubscribe\",\"id\":1}", "id_unknown"},
        {"{\"op\":\"pace\"}", "member"},
        {"{\"op\":\"pace\",\"ms\":-1}", "member"},
        {"{\"op\":\"resume\",\"session\":\"x\",\"seq\":1}", "resume_late"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        model_say(model, rows[i].text);
        assert_error(model, rows[i].code);
    }
    model_say(model, "{\"op\":\"subscribe\",\"id\":1,\"match\":[\"a\",\"b/#\"]}");
    assert_int_equal(json_array_size(model->inbox), 0);
    model_say(model, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"a\"}");
    assert_error(model, "id_taken");
    assert_int_equal(counters_of(house).subscriptions, 1);
    model_close(model);
}

static void sizes_of_messages_at_both_sides(void **state)
{
    struct house *house = *state;
    struct model *model = model_open(house);
    size_t size = (size_t)64 << 10;
    char *text = malloc(size + 1);
    memset(text, ' ', size + 1);
    memcpy(text, "{\"op\":\"pace\",\"ms\":1}", 20);
    live_viewer_receive(house->live, &model->viewer, bytes_of(text, size));
    assert_int_equal(json_array_size(model->inbox), 0);
    live_viewer_receive(house->live, &model->viewer, bytes_of(text, size + 1));
    assert_error(model, "too_large");
    memset(text, '[', size); /* deeper than any reader goes */
    live_viewer_receive(house->live, &model->viewer, bytes_of(text, size));
    assert_error(model, "json");
    free(text);
    char many[1024] = "{\"op\":\"subscribe\",\"id\":1,\"match\":[\"a\"";
    for (int i = 1; i < 32; i++)
        strcat(many, ",\"a\"");
    size_t end = strlen(many);
    strcat(many, ",\"a\"]}");
    model_say(model, many);
    assert_error(model, "patterns");
    many[end] = '\0';
    strcat(many, "]}");
    model_say(model, many);
    assert_int_equal(counters_of(house).subscriptions, 1);
    model_close(model);
}

static void server_sent_events_subscribe_without_json(void **state)
{
    struct house *house = *state;
    house_say(house, "p/1", "1");
    house_settle(house);
    struct model *model = model_open(house);
    struct live_match matches[33];
    for (size_t i = 0; i < ARRAY_COUNT(matches); i++)
        assert_null(live_match_read(house->live, NULL, bytes_text("p/#"), &matches[i]));
    assert_non_null(live_match_read(house->live, NULL, bytes_text("p/#/x"), &matches[0]));
    assert_non_null(live_viewer_subscribe(house->live, model->viewer, matches, 33));
    assert_non_null(live_viewer_subscribe(house->live, model->viewer, matches, 0));
    assert_null(live_viewer_subscribe(house->live, model->viewer, matches, 32));
    assert_non_null(live_viewer_subscribe(house->live, model->viewer, matches, 1));
    strcpy(model->patterns[1], "p/#");
    assert_right(model);
    model_close(model);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_snapshot_then_deltas),
        CASE(points_that_come_are_added_once),
        CASE(a_snapshot_is_told_in_pages),
        CASE(renames_retirements_and_settings_are_told),
        CASE(a_snapshot_of_a_namespace_under_way),
        CASE(late_values_and_other_types_are_not_told),
        CASE(told_and_skipped_are_all_changes),
        CASE(a_pace_is_kept),
        CASE(nobody_starves),
        CASE(who_comes_back_gets_what_was_lost),
        CASE(a_lost_snapshot_is_told_again),
        CASE(sessions_expire),
        CASE(a_session_has_one_connection),
        CASE(wrong_returns_are_gone),
        CASE(a_sink_may_detach_while_it_is_told),
        CASE(who_leaves_keeps_nobody_waiting),
        CASE(too_much_was_removed),
        CASE(viewers_are_limited),
        CASE(points_of_a_viewer_are_limited),
        CASE(subscriptions_are_limited),
        CASE(memory_is_limited_and_comes_back),
        CASE(wrong_messages_are_answered),
        CASE(sizes_of_messages_at_both_sides),
        CASE(server_sent_events_subscribe_without_json),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
