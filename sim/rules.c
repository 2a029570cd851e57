/* Rules of alarms, and people who answer: commands that nobody waits for. What they make of the
 * readings is compared by state hash (verify.c), and by what the engine says of its own entries. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t below(struct world *world, uint64_t most)
{
    return random_below(&world->random, most);
}

static void order(struct world *world, enum command_kind kind, const struct form_writer *form)
{
    struct admitted admitted;
    struct command command = {
        .kind = (uint8_t)kind,
        .tenant = TENANT_DEFAULT,
        .actor = {.door = ACTOR_HTTP, .account = 9, .name = bytes_text("bo")}};
    check(form_end(form, &command.module.form));
    enum admit admit = engine_command(world->engine, &command, RULES_TAG, &admitted);
    if (admit != ADMIT_DONE && admit != ADMIT_WAIT && admit != ADMIT_STOPPED &&
        admit != ADMIT_DISK_FULL)
        world_fail(world, "a command about alarms is refused: %s", admit_name(admit));
}

static void rule_order(struct world *world)
{
    static const char *const patterns[] = {"#", "+/+/#", "+/#"};
    uint8_t bytes[512];
    char name[16];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    uint64_t kind = below(world, RULE_POINT_KINDS);
    snprintf(name, sizeof name, "rule-%" PRIu64, below(world, 6));
    form_put_text(&form, RULE_TAG_NAME, bytes_text(name));
    if (below(world, 5) == 0) {
        order(world, COMMAND_RULE_REMOVE, &form);
        return;
    }
    form_put_integer(&form, RULE_TAG_KIND, (int64_t)kind);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_PATTERN);
    form_put_text(&form, RULE_TAG_PATH, bytes_text(patterns[below(world, ARRAY_COUNT(patterns))]));
    if (kind == RULE_STATE)
        form_put_real(&form, RULE_TAG_STATE, 1);
    else if (kind == RULE_EXPRESSION)
        form_put_text(&form, RULE_TAG_CONDITION, bytes_text(". > 20 for 2s"));
    else if (kind != RULE_STALE)
        form_put_real(&form, RULE_TAG_LIMIT, (double)below(world, 100));
    if (kind == RULE_STALE || kind == RULE_RATE || kind == RULE_DEVIATION)
        form_put_integer(&form, RULE_TAG_SPAN, (int64_t)(1 + below(world, 30)) * NS_PER_S);
    form_put_integer(&form, RULE_TAG_ON_DELAY, (int64_t)below(world, 3) * NS_PER_S);
    form_put_integer(&form, RULE_TAG_PRIORITY, (int64_t)(1 + below(world, ALARM_PRIORITIES)));
    order(world, COMMAND_RULE_SET, &form);
}

static void act_order(struct world *world)
{
    uint8_t bytes[512];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct alarms *alarms = engine_alarms(world->engine);
    uint32_t rows = alarms_rows(alarms);
    struct alarm_view view;
    if (rows == 0 || !alarms_row(alarms, 1 + (uint32_t)below(world, rows), &view))
        return;
    form_put_integer(&form, ALARM_TAG_ACT, (int64_t)(1 + below(world, ALARM_ACT_ASSIGN)));
    form_put_integer(&form, ALARM_TAG_ALARM, (int64_t)view.alarm);
    form_put_integer(&form, ALARM_TAG_SPAN, (int64_t)(1 + below(world, 20)) * NS_PER_S);
    form_put_text(&form, ALARM_TAG_COMMENT, bytes_text("seen"));
    order(world, COMMAND_ALARM_ACT, &form);
}

void operation_rules(struct world *world)
{
    if (below(world, 2) == 0)
        rule_order(world);
    else
        act_order(world);
}
