/* The points that others deviate from: who deviates from whom, and whether there is something to
 * compare with. A reference that is gone, stale, without a value or of a bad quality may be so for
 * ever: an alarm that stands by it ends, and the rule says on how many points it cannot be judged.
 */
#include "model/alarms/judging.h"

/* ---- who from whom -----------------------------------------------------------------------------
 */
static const struct chain of_reference = {.links_at = offsetof(struct watch_entry, links)};

static void reference_unlink(struct alarms *alarms, uint32_t point)
{
    struct watch_entry *watch = watch_write(alarms, point);
    uint32_t reference = watch->reference;
    watch->reference = POINT_NONE;
    if (reference == POINT_NONE)
        return;
    chain_pull(&alarms->watches, &of_reference, &watch_write(alarms, reference)->referred, point);
    alarms_trail_settle(alarms, reference);
    alarms_attend(alarms, reference);
}

static enum err reference_link(struct alarms *alarms, uint32_t point, uint32_t reference)
{
    struct watch_entry *watch;
    uint32_t higher = point > reference ? point : reference;
    enum err err = alarms_watch_open(alarms, higher, &watch);
    if (err != OK)
        return err;
    watch_write(alarms, point)->reference = reference;
    chain_push(&alarms->watches, &of_reference, &watch_write(alarms, reference)->referred, point);
    alarms_attend(alarms, reference);
    return alarms_trail_begin(alarms, reference);
}

static uint32_t reference_find(const struct alarms *alarms, uint32_t point, uint32_t rule)
{
    uint8_t base[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
    struct condition_reference reference = {CONDITION_PATH,
                                            alarms_rule_text(alarms, rule, RULE_TAG_REFERENCE)};
    size_t size;
    if (reference.text.size > 0 && reference.text.at[0] == '.')
        reference.kind = CONDITION_RELATIVE;
    struct bytes of = bytes_of(base, points_path(alarms->points, point, base));
    if (condition_resolve(reference, false, of, path, sizeof path, &size) != OK)
        return POINT_NONE;
    return points_find(alarms->points, rule_at(alarms, rule)->tenant, bytes_of(path, size));
}

enum err alarms_reference(struct alarms *alarms, uint32_t point, uint32_t rule,
                          uint32_t *ret_reference)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    *ret_reference = watch == NULL ? POINT_NONE : watch->reference;
    if (*ret_reference != POINT_NONE)
        return OK;
    *ret_reference = reference_find(alarms, point, rule);
    if (*ret_reference == point)
        *ret_reference = POINT_NONE;
    return *ret_reference == POINT_NONE ? OK : reference_link(alarms, point, *ret_reference);
}

/* Nothing may be judged while the list changes: whoever is judged looks its reference up again, and
 * may be in it anew. */
enum err alarms_reference_drop(struct alarms *alarms, uint32_t point,
                               const struct record_stamp *stamp, bool *ret_all)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    uint32_t dropped[REFERRED_MOST];
    size_t count = 0;
    while (watch != NULL && watch->referred != POINT_NONE && count < REFERRED_MOST) {
        dropped[count++] = watch->referred;
        reference_unlink(alarms, watch->referred);
    }
    *ret_all = watch == NULL || watch->referred == POINT_NONE;
    return alarms_judge_dropped(alarms, dropped, count, stamp);
}

enum err alarms_reference_watch(struct alarms *alarms, uint32_t point, uint32_t rule)
{
    struct alarm_value beside;
    const struct watch_entry *watch = watch_at(alarms, point);
    uint32_t held = watch == NULL ? POINT_NONE : watch->reference, now = POINT_NONE;
    if (rule != 0)
        now = reference_find(alarms, point, rule);
    if (now == point)
        now = POINT_NONE;
    enum err err = OK;
    if (held != now && held != POINT_NONE)
        reference_unlink(alarms, point);
    if (held != now && now != POINT_NONE)
        err = reference_link(alarms, point, now);
    bool blind = rule != 0 && alarms_reference_fault(alarms, now, &beside) != REFERENCE_GOOD;
    return err == OK ? alarms_blind(alarms, point, blind ? rule : 0) : err;
}

/* ---- what there is to compare with -------------------------------------------------------------
 */
/* A rule of staleness stands on it, and says so now: what chatters is shown as active all the
 * while.
 */
static bool is_stale(const struct alarms *alarms, uint32_t point)
{
    for (uint32_t row = first_row_of(alarms, point); row != ROW_FREE;
         row = row_at(alarms, row)->of_point.next)
        if (rule_at(alarms, row_at(alarms, row)->rule)->kind == RULE_STALE &&
            alarms_row_condition(row_at(alarms, row)))
            return true;
    return false;
}

enum reference_fault alarms_reference_fault(const struct alarms *alarms, uint32_t reference,
                                            struct alarm_value *ret_value)
{
    int64_t time_ns, arrival_ns;
    *ret_value = (struct alarm_value){0};
    if (reference == POINT_NONE)
        return REFERENCE_GONE;
    struct value value = points_last(alarms->points, reference, &time_ns, &arrival_ns);
    *ret_value = alarms_value(&value, time_ns);
    if (time_ns == 0 && arrival_ns == 0)
        return REFERENCE_EMPTY;
    if (is_stale(alarms, reference))
        return REFERENCE_STALE;
    return ret_value->known && isfinite(ret_value->value) ? REFERENCE_GOOD : REFERENCE_BAD;
}

const char *alarms_reference_why(const struct alarms *alarms, uint32_t point)
{
    static const char *const why[] = {[REFERENCE_GOOD] = "",
                                      [REFERENCE_GONE] = "reference gone",
                                      [REFERENCE_EMPTY] = "reference without a value",
                                      [REFERENCE_STALE] = "reference stale",
                                      [REFERENCE_BAD] = "reference bad"};
    struct alarm_value beside;
    const struct watch_entry *watch = watch_at(alarms, point);
    uint32_t reference = watch == NULL ? POINT_NONE : watch->reference;
    return why[alarms_reference_fault(alarms, reference, &beside)];
}

/* Counted in the rule that cannot be judged, as it changes. */
enum err alarms_blind(struct alarms *alarms, uint32_t point, uint32_t rule)
{
    struct watch_entry *watch;
    const struct watch_entry *held = watch_at(alarms, point);
    uint32_t before = held == NULL ? 0 : held->blind;
    if (before == rule)
        return OK;
    enum err err = alarms_watch_open(alarms, point, &watch);
    if (err != OK)
        return err;
    watch->blind = rule;
    if (before != 0)
        rule_write(alarms, before)->blind--;
    if (rule != 0)
        rule_write(alarms, rule)->blind++;
    return OK;
}
