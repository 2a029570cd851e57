/* Any commands, alarms and passing time, one after the other: nothing they say can make the reducer
 * fail, and what they leave is whole: a rebuild accepts it, it is the same afterwards, and so is
 * what is asked of it. */
#include "model/notices/notices.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static const struct notices_limits limits = {.tenants_max = 3,
                                             .channels_max = 6,
                                             .rosters_max = 4,
                                             .routes_max = 4,
                                             .calls_max = 8,
                                             .texts_bytes_max = 65536};

struct fuzz {
    struct state *state;
    struct points *points;
    struct timing *timing;
    struct notices *notices;
    struct record_stamp stamp;
    uint64_t entry;
};

static enum err fired(void *arg, const struct timer_view *timer)
{
    struct fuzz *fuzz = arg;
    return notices_fired(fuzz->notices, timer, &fuzz->stamp);
}

static void fuzz_later(struct fuzz *fuzz, uint8_t seconds)
{
    bool more = true;
    fuzz->stamp.engine_ns += seconds * NS_PER_S;
    fuzz->stamp.wall_ns += seconds * NS_PER_S * 60;
    while (more)
        check(timing_advance(fuzz->timing, fuzz->stamp.engine_ns, 50, fired, fuzz, &more) == OK);
}

static void fuzz_alarm(struct fuzz *fuzz, const uint8_t at[4])
{
    struct rule_view rule = {.plan = {.path = bytes_text("a/b"), .title = bytes_text("t")}};
    struct alarm_entry entry = {.number = ++fuzz->entry,
                                .alarm = at[0] % 8,
                                .tenant = at[1] % 4u,
                                .point = at[1] < 128 ? POINT_NONE : 1,
                                .event = at[2],
                                .state = at[2] % ALARM_STATES,
                                .state_before = at[3] % ALARM_STATES,
                                .priority = (uint8_t)(1 + at[3] % 8),
                                .kind = at[1] % 3 == 0 ? RULE_CHANNEL : RULE_HIGH,
                                .flags = at[3] >> 3,
                                .text = bytes_of(at, 4)};
    check(notices_alarm(fuzz->notices, &entry, at[1] % 2 ? &rule : NULL, NULL, &fuzz->stamp) == OK);
}

static void fuzz_command(struct fuzz *fuzz, uint8_t kind, uint8_t tenant, struct bytes form)
{
    struct outcome outcome;
    struct notices_effects effects;
    struct fact fact = {.kind = FACT_MODULE,
                        .command = {.kind = (uint8_t)(COMMAND_ROSTER_SET + kind % 8),
                                    .tenant = tenant % 5u,
                                    .module = {.form = form}}};
    if (form_is_valid(form)) /* a decoder gives out no other */
        check(notices_apply_fact(fuzz->notices, fuzz->points, &fact, &fuzz->stamp, &outcome,
                                 &effects) == OK);
}

/* kind, two bytes, then of a command its form. */
static void fuzz_feed(struct fuzz *fuzz, const uint8_t *at, size_t size)
{
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t form = (size_t)at[i + 2] | (size_t)(at[i + 3] & 3) << 8;
        fuzz->stamp.position++;
        if (at[i] < 64) {
            fuzz_later(fuzz, at[i + 1]);
        } else if (at[i] < 128) {
            fuzz_alarm(fuzz, at + i);
        } else {
            form = form < size - i - 4 ? form : size - i - 4;
            fuzz_command(fuzz, at[i], at[i + 1], bytes_of(at + i + 4, form));
            i += form;
        }
    }
}

static uint64_t seen_of(const struct notices *notices)
{
    uint64_t numbers[64], seen = notices_calls(notices);
    for (uint32_t tenant = 0; tenant <= 4; tenant++) {
        size_t count = notices_deliveries(notices, tenant, 0, UINT32_MAX, UINT64_MAX, numbers, 64);
        char names[NOTICE_DEAD_NAMES_MAX];
        struct bytes dead = notices_dead_names(notices, tenant, names);
        seen = hash64(numbers, count * sizeof numbers[0], seen + notices_dead(notices, tenant));
        seen = hash64(dead.at, dead.size, seen);
        for (size_t i = 0; i < count; i++) {
            struct delivery_view view;
            struct notice_item item;
            size_t offset = 0;
            check(notices_delivery(notices, numbers[i], &view));
            while (notices_item_next(view.items, &offset, &item))
                seen = hash64(item.path.at, item.path.size, seen);
        }
        for (uint32_t at = notices_channel_next(notices, tenant, 0); at != 0;
             at = notices_channel_next(notices, tenant, at)) {
            struct channel_view view;
            check(notices_channel(notices, at, &view));
            check(notices_channel_find(notices, tenant, view.name) == at);
            seen = hash64(view.target.at, view.target.size, seen);
        }
    }
    for (uint64_t at = notices_ready_next(notices, 0); at != 0;
         at = notices_ready_next(notices, at))
        seen = hash64(&at, sizeof at, seen);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct fuzz fuzz = {.stamp = {.position = 1, .engine_ns = 1, .wall_ns = 1}};
    check(state_create(&fuzz.state) == OK);
    check(points_create(fuzz.state, &points_limits_default, &fuzz.points) == OK);
    check(timing_create(fuzz.state, 12, &fuzz.timing) == OK);
    check(notices_create(fuzz.state, &limits, fuzz.points, fuzz.timing, &fuzz.notices) == OK);
    fuzz_feed(&fuzz, at, size);
    uint64_t hash = state_hash(fuzz.state), seen = seen_of(fuzz.notices);
    check(timing_rebuild(fuzz.timing) == OK);
    check(notices_rebuild(fuzz.notices) == OK);
    check(state_hash(fuzz.state) == hash && seen_of(fuzz.notices) == seen);
    notices_destroy(fuzz.notices);
    timing_destroy(fuzz.timing);
    points_destroy(fuzz.points);
    state_destroy(fuzz.state);
    return 0;
}
