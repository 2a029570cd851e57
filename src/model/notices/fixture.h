/* What the tests of this folder share: notices with points and timers beside them, and short ways
 * to say commands, alarms and the passing of time. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/notices/notices.h"

#define MONDAY_NS (INT64_C(1767571200) * NS_PER_S) /* 2026-01-05T00:00:00Z */
#define MINUTE_NS (60 * NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)

struct fixture {
    struct state *state;
    struct points *points;
    struct timing *timing;
    struct notices *notices;
    struct effects point_effects;
    struct outcome point_outcomes[4];
    struct record_stamp stamp;
    struct outcome outcome;         /* of the last command */
    struct notices_effects effects; /* of it as well */
    uint64_t entry;                 /* newest */
    uint8_t state_before;           /* of the next ones */
    uint8_t form[FORM_BYTES_MAX];
};

static inline void fixture_open_limited(struct fixture *f, const struct notices_limits *limits,
                                        uint32_t timers_max)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(timing_create(f->state, timers_max, &f->timing), OK);
    assert_int_equal(notices_create(f->state, limits, f->points, f->timing, &f->notices), OK);
    f->point_effects.outcomes = f->point_outcomes;
    f->point_effects.outcome_capacity = 4;
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = NS_PER_S, .wall_ns = MONDAY_NS};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &notices_limits_default, 1000000);
}

static inline void fixture_close(struct fixture *f)
{
    notices_destroy(f->notices);
    timing_destroy(f->timing);
    points_destroy(f->points);
    state_destroy(f->state);
}

/* A row of points PREFIX/0, PREFIX/1 ..; returns the id of the first. */
static inline uint32_t fixture_row(struct fixture *f, const char *prefix, uint16_t count)
{
    struct fact_row_point columns[COLUMNS_MAX];
    char names[COLUMNS_MAX][8];
    for (uint16_t i = 0; i < count; i++)
        columns[i] = (struct fact_row_point){
            VALUE_FLOAT64, bytes_of(names[i], (size_t)snprintf(names[i], 8, "%u", i % 1000u))};
    struct fact fact = {
        .kind = FACT_ROW,
        .row = {.tenant = TENANT_DEFAULT,
                .shape = {points_rows(f->points) + 1, points_count(f->points) + 1, count},
                .object = true,
                .prefix = bytes_text(prefix),
                .points = columns}};
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->point_effects), OK);
    return points_count(f->points) - count + 1;
}

/* ---- commands */
static inline struct form_writer form_begin(struct fixture *f)
{
    return (struct form_writer){.at = f->form, .capacity = sizeof f->form};
}

static inline enum outcome_code fixture_command_of(struct fixture *f, uint32_t tenant,
                                                   enum command_kind kind, struct bytes form)
{
    struct fact fact = {
        .kind = FACT_MODULE,
        .command = {.kind = (uint8_t)kind, .tenant = tenant, .module = {.form = form}}};
    f->stamp.position++;
    assert_int_equal(
        notices_apply_fact(f->notices, f->points, &fact, &f->stamp, &f->outcome, &f->effects), OK);
    assert_int_equal(f->outcome.position, f->stamp.position);
    return f->outcome.code;
}

static inline enum outcome_code fixture_command(struct fixture *f, enum command_kind kind,
                                                const struct form_writer *form)
{
    struct bytes bytes;
    assert_true(form_end(form, &bytes) && form_is_valid(bytes));
    return fixture_command_of(f, TENANT_DEFAULT, kind, bytes);
}

static inline enum outcome_code fixture_named(struct fixture *f, enum command_kind kind,
                                              const char *name)
{
    struct form_writer form = form_begin(f);
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    return fixture_command(f, kind, &form);
}

static inline struct form_writer channel_form(struct fixture *f, const char *name,
                                              enum channel_kind kind, int64_t gather_ns)
{
    static const char *const targets[CHANNEL_KINDS] = {"https://alarms.example.org/in",
                                                       "alarms/out", "ann@example.org", ""};
    struct form_writer form = form_begin(f);
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    form_put_integer(&form, CHANNEL_TAG_KIND, kind);
    form_put_text(&form, CHANNEL_TAG_TARGET, bytes_text(targets[kind]));
    form_put_integer(&form, CHANNEL_TAG_GATHER, gather_ns);
    return form;
}

static inline uint32_t fixture_channel(struct fixture *f, const char *name, int64_t gather_ns)
{
    struct form_writer form = channel_form(f, name, CHANNEL_WEBHOOK, gather_ns);
    assert_int_equal(fixture_command(f, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
    return f->outcome.number;
}

static inline void form_put_weekly(struct form_writer *form, uint8_t from_tag, int from, int to,
                                   int days)
{
    form_put_integer(form, from_tag, from);
    form_put_integer(form, (uint8_t)(from_tag + 1), to);
    form_put_integer(form, (uint8_t)(from_tag + 2), days);
}

static inline void form_put_quiet(struct form_writer *form, int from, int to, int but)
{
    uint8_t at[64];
    struct form_writer quiet = {.at = at, .capacity = sizeof at};
    struct bytes fields;
    form_put_weekly(&quiet, QUIET_TAG_FROM, from, to, 127);
    form_put_integer(&quiet, QUIET_TAG_BUT, but);
    assert_true(form_end(&quiet, &fields));
    form_put_form(form, CHANNEL_TAG_QUIET, fields);
}

static inline void form_put_member(struct form_writer *form, const char *name, const char *channel)
{
    uint8_t at[512];
    struct form_writer member = {.at = at, .capacity = sizeof at};
    struct bytes fields;
    form_put_text(&member, MEMBER_TAG_NAME, bytes_text(name));
    form_put_text(&member, MEMBER_TAG_CHANNEL, bytes_text(channel));
    assert_true(form_end(&member, &fields));
    form_put_form(form, ROSTER_TAG_MEMBER, fields);
}

static inline void form_put_shift(struct form_writer *form, const char *member, int from, int to,
                                  int days)
{
    uint8_t at[256];
    struct form_writer shift = {.at = at, .capacity = sizeof at};
    struct bytes fields;
    form_put_text(&shift, SHIFT_TAG_MEMBER, bytes_text(member));
    form_put_weekly(&shift, SHIFT_TAG_FROM, from, to, days);
    assert_true(form_end(&shift, &fields));
    form_put_form(form, ROSTER_TAG_SHIFT, fields);
}

/* member: NULL unless it is STEP_MEMBER. */
static inline void form_put_step(struct form_writer *form, int64_t after_ns, enum step_to to,
                                 const char *member)
{
    uint8_t at[256];
    struct form_writer step = {.at = at, .capacity = sizeof at};
    struct bytes fields;
    form_put_integer(&step, STEP_TAG_AFTER, after_ns);
    form_put_integer(&step, STEP_TAG_TO, to);
    if (member != NULL)
        form_put_text(&step, STEP_TAG_MEMBER, bytes_text(member));
    assert_true(form_end(&step, &fields));
    form_put_form(form, ROSTER_TAG_STEP, fields);
}

/* Three members a, b, c with the channels of these names; on call, after a minute the next, and
 * again; b is on call from 08:00 to 16:00. */
static inline void fixture_roster(struct fixture *f, const char *name)
{
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROSTER_TAG_NAME, bytes_text(name));
    form_put_member(&form, "a", "a");
    form_put_member(&form, "b", "b");
    form_put_member(&form, "c", "c");
    form_put_shift(&form, "b", 480, 960, 127);
    form_put_step(&form, 0, STEP_ON_CALL, NULL);
    form_put_step(&form, MINUTE_NS, STEP_NEXT, NULL);
    form_put_step(&form, 2 * MINUTE_NS, STEP_NEXT, NULL);
    assert_int_equal(fixture_command(f, COMMAND_ROSTER_SET, &form), OUTCOME_DONE);
}

static inline enum outcome_code fixture_route(struct fixture *f, const char *name,
                                              const char *match, int priority, const char *channel,
                                              const char *roster)
{
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROUTE_TAG_NAME, bytes_text(name));
    form_put_text(&form, ROUTE_TAG_MATCH, bytes_text(match));
    form_put_integer(&form, ROUTE_TAG_PRIORITY, priority);
    if (channel != NULL)
        form_put_text(&form, ROUTE_TAG_CHANNEL, bytes_text(channel));
    if (roster != NULL)
        form_put_text(&form, ROUTE_TAG_ROSTER, bytes_text(roster));
    return fixture_command(f, COMMAND_ROUTE_SET, &form);
}

static inline enum outcome_code fixture_done(struct fixture *f, uint64_t delivery,
                                             enum notice_result result, const char *detail)
{
    struct form_writer form = form_begin(f);
    form_put_integer(&form, DONE_TAG_DELIVERY, (int64_t)delivery);
    form_put_integer(&form, DONE_TAG_RESULT, result);
    if (detail != NULL)
        form_put_text(&form, DONE_TAG_DETAIL, bytes_text(detail));
    return fixture_command(f, COMMAND_NOTICE_DONE, &form);
}

/* ---- alarms and time */
/* The alarm of dead channels is raised, as its rule has it that made itself. */
static inline void fixture_channels(struct fixture *f, uint64_t alarm, uint8_t priority,
                                    const char *names)
{
    const struct alarm_entry entry = {.number = ++f->entry,
                                      .alarm = alarm,
                                      .tenant = TENANT_DEFAULT,
                                      .event = ALARM_HOLDS,
                                      .state = ALARM_UNACKNOWLEDGED,
                                      .priority = priority,
                                      .kind = RULE_CHANNEL,
                                      .flags = ALARM_ENTRY_TOLD,
                                      .time_ns = f->stamp.wall_ns,
                                      .value = (double)NAN,
                                      .text = bytes_text(names)};
    const struct rule_view rule = {
        .plan = {.name = bytes_text(RULE_CHANNELS_NAME), .title = bytes_text(RULE_CHANNELS_NAME)}};
    f->stamp.position++;
    assert_int_equal(notices_alarm(f->notices, &entry, &rule, NULL, &f->stamp), OK);
}

static inline void fixture_entry(struct fixture *f, uint64_t alarm, uint32_t point, uint8_t event,
                                 uint8_t state, uint8_t priority, uint8_t flags)
{
    struct alarm_entry entry = {.number = ++f->entry,
                                .alarm = alarm,
                                .tenant = TENANT_DEFAULT,
                                .point = point,
                                .event = event,
                                .state = state,
                                .state_before = f->state_before,
                                .priority = priority,
                                .flags = flags,
                                .time_ns = f->stamp.wall_ns,
                                .value = 81.5,
                                .text = bytes_text("temp 81.5 > 80")};
    struct rule_view rule = {.plan = {.name = bytes_text("hot"), .title = bytes_text("Too hot")}};
    f->stamp.position++;
    assert_int_equal(notices_alarm(f->notices, &entry, &rule, NULL, &f->stamp), OK);
}

static inline void fixture_raise(struct fixture *f, uint64_t alarm, uint32_t point,
                                 uint8_t priority)
{
    fixture_entry(f, alarm, point, ALARM_HOLDS, ALARM_UNACKNOWLEDGED, priority, ALARM_ENTRY_TOLD);
}

static inline enum err fixture_fired(void *arg, const struct timer_view *timer)
{
    struct fixture *f = arg;
    return notices_fired(f->notices, timer, &f->stamp);
}

/* A batch that comes so much later. */
static inline void fixture_later(struct fixture *f, int64_t ns)
{
    bool more = true;
    f->stamp.position++;
    f->stamp.engine_ns += ns;
    f->stamp.wall_ns += ns;
    while (more)
        assert_int_equal(
            timing_advance(f->timing, f->stamp.engine_ns, 100, fixture_fired, f, &more), OK);
}

/* How many are ready; the last of them. */
static inline unsigned fixture_ready(struct fixture *f, struct delivery_view *ret_last)
{
    unsigned count = 0;
    for (uint64_t at = notices_ready_next(f->notices, 0); at != 0;
         at = notices_ready_next(f->notices, at)) {
        assert_true(notices_delivery(f->notices, at, ret_last));
        assert_int_equal(ret_last->state, DELIVERY_READY);
        count++;
    }
    return count;
}

static inline struct channel_view channel_of(struct fixture *f, uint32_t channel)
{
    struct channel_view view;
    assert_true(notices_channel(f->notices, channel, &view));
    return view;
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}
