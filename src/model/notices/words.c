/* What is said of channels, rosters and routes: forms read and judged, and times that come every
 * week. */
#include "model/notices/tables.h"

#include <string.h>

#define DAY_MINUTES 1440
#define MINUTE_NS (60 * NS_PER_S)
#define DAYS_ALL 127u

/* ---- names and times ---------------------------------------------------------------------------
 */
static bool name_byte_is_good(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
           byte >= 0x80;
}

bool notice_name_is_good(struct bytes name)
{
    if (name.size == 0 || name.size > NOTICE_NAME_MAX || !bytes_are_utf8(name))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!name_byte_is_good(name.at[i]))
            return false;
    return true;
}

const char *channel_kind_word(unsigned kind)
{
#define CHANNEL_KIND_WORD(name, word) word,
    static const char *const words[] = {CHANNEL_KIND_TABLE(CHANNEL_KIND_WORD)};
#undef CHANNEL_KIND_WORD
    return kind < CHANNEL_KINDS ? words[kind] : NULL;
}

bool weekly_is_valid(const struct weekly *when)
{
    return when->from_minute < DAY_MINUTES && when->to_minute > 0 &&
           when->to_minute <= DAY_MINUTES && when->days > 0 && when->days <= DAYS_ALL;
}

struct moment {       /* where somebody's clock stands */
    unsigned weekday; /* 0: monday */
    int64_t minute, rest_ns;
};

/* 1970-01-01 was a thursday. Division rounds down, for clocks of before. */
static struct moment moment_of(int64_t wall_ns, int16_t offset_minutes)
{
    int64_t minutes = wall_ns / MINUTE_NS - (wall_ns % MINUTE_NS < 0);
    int64_t rest_ns = wall_ns - minutes * MINUTE_NS;
    minutes += offset_minutes;
    int64_t day = minutes / DAY_MINUTES - (minutes % DAY_MINUTES < 0);
    int64_t weekday = (day + 3) % 7;
    return (struct moment){.weekday = (unsigned)(weekday < 0 ? weekday + 7 : weekday),
                           .minute = minutes - day * DAY_MINUTES,
                           .rest_ns = rest_ns};
}

/* Minutes of the day to which it lasts on, past 1440 into the next one; 0: it is not on. */
static int64_t weekly_until(const struct weekly *when, const struct moment *moment)
{
    bool today = (when->days >> moment->weekday & 1) != 0;
    bool yesterday = (when->days >> ((moment->weekday + 6) % 7) & 1) != 0;
    bool over = when->to_minute <= when->from_minute; /* midnight */
    if (today && moment->minute >= when->from_minute && (over || moment->minute < when->to_minute))
        return over ? DAY_MINUTES + when->to_minute : when->to_minute;
    return yesterday && over && moment->minute < when->to_minute ? when->to_minute : 0;
}

bool weekly_covers(const struct weekly *when, int16_t offset_minutes, int64_t wall_ns)
{
    struct moment moment = moment_of(wall_ns, offset_minutes);
    return weekly_until(when, &moment) != 0;
}

int64_t weekly_left_ns(const struct weekly *when, int16_t offset_minutes, int64_t wall_ns)
{
    struct moment moment = moment_of(wall_ns, offset_minutes);
    int64_t left = (weekly_until(when, &moment) - moment.minute) * MINUTE_NS - moment.rest_ns;
    return left > 0 ? left : 0;
}

/* ---- fields ------------------------------------------------------------------------------------
 */
/* Which fields a form may have, by tag: its type, and whether it may come several times. */
struct field_rule {
    uint8_t type;
    bool several;
};

static const char *fields_judge(struct bytes form, const struct field_rule *rules, size_t count)
{
    struct form_field field;
    size_t offset = 0;
    uint32_t seen = 0;
    while (form_next(form, &offset, &field)) {
        if (field.tag >= count || rules[field.tag].type == 0)
            return "it says something that this version does not know";
        if (rules[field.tag].type != field.type)
            return "a field is of another type";
        if ((seen >> field.tag & 1) != 0 && !rules[field.tag].several)
            return "something is said twice";
        seen |= 1u << field.tag;
    }
    return NULL;
}

static bool integer_within(struct bytes form, uint8_t tag, int64_t least, int64_t most,
                           int64_t otherwise, int64_t *ret_integer)
{
    *ret_integer = form_integer(form, tag, otherwise);
    return *ret_integer >= least && *ret_integer <= most;
}

#define OFFSET_LEAST (-720)
#define OFFSET_MOST 840

/* from, to and days have the same tags, one behind the other, in shifts and quiet hours. */
static const char *weekly_read(struct bytes form, uint8_t from_tag, struct weekly *ret_when)
{
    int64_t from, to, days;
    if (!integer_within(form, from_tag, 0, DAY_MINUTES - 1, 0, &from) ||
        !integer_within(form, (uint8_t)(from_tag + 1), 1, DAY_MINUTES, DAY_MINUTES, &to))
        return "a time of day is from 00:00 to 24:00";
    if (!integer_within(form, (uint8_t)(from_tag + 2), 1, DAYS_ALL, DAYS_ALL, &days))
        return "there must be a day of the week";
    *ret_when = (struct weekly){(uint16_t)from, (uint16_t)to, (uint8_t)days};
    return NULL;
}

bool notices_name_alone(struct bytes form, struct bytes *ret_name)
{
    static const struct field_rule rules[] = {[CHANNEL_TAG_NAME] = {FORM_TEXT, false}};
    *ret_name = form_text(form, CHANNEL_TAG_NAME);
    return fields_judge(form, rules, ARRAY_COUNT(rules)) == NULL && ret_name->size > 0;
}

/* ---- channels ----------------------------------------------------------------------------------
 */
static const char *quiet_read(struct bytes form, struct quiet *ret_quiet)
{
    static const struct field_rule rules[] = {[QUIET_TAG_FROM] = {FORM_INTEGER, false},
                                              [QUIET_TAG_TO] = {FORM_INTEGER, false},
                                              [QUIET_TAG_DAYS] = {FORM_INTEGER, false},
                                              [QUIET_TAG_OFFSET] = {FORM_INTEGER, false},
                                              [QUIET_TAG_BUT] = {FORM_INTEGER, false}};
    int64_t offset, but;
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault == NULL)
        fault = weekly_read(form, QUIET_TAG_FROM, &ret_quiet->when);
    if (fault != NULL)
        return fault;
    if (!integer_within(form, QUIET_TAG_OFFSET, OFFSET_LEAST, OFFSET_MOST, 0, &offset))
        return "a UTC offset is from -12:00 to +14:00";
    if (!integer_within(form, QUIET_TAG_BUT, 0, ALARM_PRIORITIES, 1, &but))
        return "but_priority is from 0 to 8";
    ret_quiet->offset_minutes = (int16_t)offset;
    ret_quiet->but_priority = (uint8_t)but;
    return NULL;
}

static const char *quiets_read(struct bytes form, struct channel_plan *plan)
{
    struct form_field field;
    size_t offset = 0;
    while (form_next(form, &offset, &field)) {
        if (field.tag != CHANNEL_TAG_QUIET)
            continue;
        if (plan->quiet_count == NOTICE_QUIETS_MAX)
            return "a channel has at most 8 quiet hours";
        const char *fault = quiet_read(field.text, &plan->quiets[plan->quiet_count++]);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* A line of a message's head is made of it: neither blanks nor control characters. */
static bool target_is_good(struct bytes target)
{
    if (target.size == 0 || target.size > NOTICE_TARGET_MAX || !bytes_are_utf8(target))
        return false;
    for (size_t i = 0; i < target.size; i++)
        if (target.at[i] <= ' ' || target.at[i] == 0x7f)
            return false;
    return true;
}

static const char *target_judge(const struct channel_plan *plan)
{
    struct bytes target = plan->target;
    switch (plan->kind) {
    case CHANNEL_BROWSER:
        return target.size == 0 ? NULL : "a browser has no address";
    case CHANNEL_MQTT:
        return target_is_good(target) && memchr(target.at, '+', target.size) == NULL &&
                       memchr(target.at, '#', target.size) == NULL && target.at[0] != '$'
                   ? NULL
                   : "a topic has no blanks, no + and #, and does not begin with $";
    case CHANNEL_MAIL: {
        const uint8_t *at = target_is_good(target) ? memchr(target.at, '@', target.size) : NULL;
        bool good = at != NULL && at != target.at && at + 1 != target.at + target.size &&
                    memchr(target.at, '<', target.size) == NULL &&
                    memchr(target.at, '>', target.size) == NULL &&
                    memchr(target.at, ',', target.size) == NULL;
        return good ? NULL : "a mail address is as ann@example.org";
    }
    default:
        return target_is_good(target) &&
                       ((target.size > 8 && memcmp(target.at, "https://", 8) == 0) ||
                        (target.size > 7 && memcmp(target.at, "http://", 7) == 0))
                   ? NULL
                   : "a webhook's URL begins with https:// or http://";
    }
}

const char *channel_plan_read(struct bytes form, struct channel_plan *ret_plan)
{
    static const struct field_rule rules[] = {[CHANNEL_TAG_NAME] = {FORM_TEXT, false},
                                              [CHANNEL_TAG_KIND] = {FORM_INTEGER, false},
                                              [CHANNEL_TAG_TARGET] = {FORM_TEXT, false},
                                              [CHANNEL_TAG_SECRET] = {FORM_TEXT, false},
                                              [CHANNEL_TAG_GATHER] = {FORM_INTEGER, false},
                                              [CHANNEL_TAG_LANGUAGE] = {FORM_INTEGER, false},
                                              [CHANNEL_TAG_QUIET] = {FORM_FORM, true}};
    int64_t kind, language;
    struct form_field secret;
    struct channel_plan plan = {.name = form_text(form, CHANNEL_TAG_NAME),
                                .target = form_text(form, CHANNEL_TAG_TARGET)};
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault == NULL)
        fault = quiets_read(form, &plan);
    if (fault != NULL)
        return fault;
    if (!notice_name_is_good(plan.name))
        return "a name has 1 to 128 bytes: letters, digits, - _ .";
    if (!integer_within(form, CHANNEL_TAG_KIND, 0, CHANNEL_KINDS - 1, -1, &kind))
        return "a channel is a webhook, mqtt, mail or browser";
    if (!integer_within(form, CHANNEL_TAG_LANGUAGE, 0, NOTICE_LANGUAGES - 1, 0, &language))
        return "there is no such language";
    if (!integer_within(form, CHANNEL_TAG_GATHER, 0, NOTICE_GATHER_MOST_NS, NOTICE_GATHER_NS,
                        &plan.gather_ns))
        return "alarms are gathered for at most an hour";
    plan.has_secret = form_find(form, CHANNEL_TAG_SECRET, FORM_TEXT, &secret);
    plan.secret = plan.has_secret ? secret.text : bytes_of("", 0);
    if (plan.secret.size > NOTICE_SECRET_MAX)
        return "the secret is too long";
    plan.kind = (uint8_t)kind;
    plan.language = (uint8_t)language;
    fault = target_judge(&plan);
    if (fault == NULL)
        *ret_plan = plan;
    return fault;
}

/* ---- rosters -----------------------------------------------------------------------------------
 */
static unsigned member_find(const struct roster_plan *plan, struct bytes name)
{
    unsigned at = 0;
    while (at < plan->member_count && !bytes_equal(plan->members[at].name, name))
        at++;
    return at;
}

static const char *member_read(struct bytes form, struct roster_plan *plan)
{
    static const struct field_rule rules[] = {
        [MEMBER_TAG_NAME] = {FORM_TEXT, false}, [MEMBER_TAG_CHANNEL] = {FORM_TEXT, true}};
    struct form_field field;
    size_t offset = 0;
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault != NULL)
        return fault;
    if (plan->member_count == NOTICE_MEMBERS_MAX)
        return "a roster has at most 64 members";
    struct roster_member *member = &plan->members[plan->member_count];
    *member = (struct roster_member){.name = form_text(form, MEMBER_TAG_NAME)};
    if (!notice_name_is_good(member->name) || member_find(plan, member->name) < plan->member_count)
        return "each member has a name of his own: letters, digits, - _ .";
    while (form_next(form, &offset, &field)) {
        if (field.tag != MEMBER_TAG_CHANNEL)
            continue;
        if (member->channel_count == NOTICE_MEMBER_CHANNELS_MAX || !notice_name_is_good(field.text))
            return "a member names 1 to 8 channels";
        member->channels[member->channel_count++] = field.text;
    }
    if (member->channel_count == 0)
        return "a member names 1 to 8 channels";
    plan->member_count++;
    return NULL;
}

static const char *shift_read(struct bytes form, struct roster_plan *plan)
{
    static const struct field_rule rules[] = {[SHIFT_TAG_MEMBER] = {FORM_TEXT, false},
                                              [SHIFT_TAG_FROM] = {FORM_INTEGER, false},
                                              [SHIFT_TAG_TO] = {FORM_INTEGER, false},
                                              [SHIFT_TAG_DAYS] = {FORM_INTEGER, false}};
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault != NULL)
        return fault;
    if (plan->shift_count == NOTICE_SHIFTS_MAX)
        return "a roster has at most 64 shifts";
    unsigned member = member_find(plan, form_text(form, SHIFT_TAG_MEMBER));
    if (member == plan->member_count)
        return "a shift names a member of the roster";
    struct roster_shift *shift = &plan->shifts[plan->shift_count++];
    shift->member = (uint8_t)member;
    return weekly_read(form, SHIFT_TAG_FROM, &shift->when);
}

static const char *step_read(struct bytes form, struct roster_plan *plan)
{
    static const struct field_rule rules[] = {[STEP_TAG_AFTER] = {FORM_INTEGER, false},
                                              [STEP_TAG_TO] = {FORM_INTEGER, false},
                                              [STEP_TAG_MEMBER] = {FORM_TEXT, false}};
    int64_t after, to, before = 0;
    struct form_field name;
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault != NULL)
        return fault;
    if (plan->step_count == NOTICE_STEPS_MAX)
        return "a roster has at most 16 steps";
    if (plan->step_count > 0)
        before = plan->steps[plan->step_count - 1].after_ns;
    if (!integer_within(form, STEP_TAG_AFTER, before, NOTICE_STEP_MOST_NS, 0, &after))
        return "a step comes after the one before it, within a day";
    if (!integer_within(form, STEP_TAG_TO, STEP_ON_CALL, STEP_NEXT, STEP_ON_CALL, &to))
        return "a step is to who is on call, to a member, or to the next";
    bool named = form_find(form, STEP_TAG_MEMBER, FORM_TEXT, &name);
    unsigned member = named ? member_find(plan, name.text) : 0;
    if (named != (to == STEP_MEMBER) || member == plan->member_count)
        return "a step to a member names one of the roster";
    plan->steps[plan->step_count++] =
        (struct roster_step){.after_ns = after, .to = (uint8_t)to, .member = (uint8_t)member};
    return NULL;
}

/* Members first: the others name them, in whatever order they stand. */
static const char *lists_read(struct bytes form, struct roster_plan *plan)
{
    struct form_field field;
    const char *fault = NULL;
    size_t offset = 0;
    while (fault == NULL && form_next(form, &offset, &field))
        if (field.tag == ROSTER_TAG_MEMBER)
            fault = member_read(field.text, plan);
    if (fault == NULL && plan->member_count == 0)
        fault = "a roster has at least one member";
    for (offset = 0; fault == NULL && form_next(form, &offset, &field);) {
        if (field.tag == ROSTER_TAG_SHIFT)
            fault = shift_read(field.text, plan);
        else if (field.tag == ROSTER_TAG_STEP)
            fault = step_read(field.text, plan);
    }
    if (fault == NULL && plan->step_count == 0)
        fault = "a roster has at least one step";
    return fault;
}

const char *roster_plan_read(struct bytes form, struct roster_plan *ret_plan)
{
    static const struct field_rule rules[] = {[ROSTER_TAG_NAME] = {FORM_TEXT, false},
                                              [ROSTER_TAG_MEMBER] = {FORM_FORM, true},
                                              [ROSTER_TAG_SHIFT] = {FORM_FORM, true},
                                              [ROSTER_TAG_OFFSET] = {FORM_INTEGER, false},
                                              [ROSTER_TAG_STEP] = {FORM_FORM, true}};
    int64_t offset;
    ret_plan->name = form_text(form, ROSTER_TAG_NAME);
    ret_plan->member_count = ret_plan->shift_count = ret_plan->step_count = 0;
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault != NULL)
        return fault;
    if (form.size > NOTICE_FORM_MAX)
        return "the roster says more than 9 KiB";
    if (!notice_name_is_good(ret_plan->name))
        return "a name has 1 to 128 bytes: letters, digits, - _ .";
    if (!integer_within(form, ROSTER_TAG_OFFSET, OFFSET_LEAST, OFFSET_MOST, 0, &offset))
        return "a UTC offset is from -12:00 to +14:00";
    ret_plan->offset_minutes = (int16_t)offset;
    return lists_read(form, ret_plan);
}

uint64_t roster_on_call(const struct roster_plan *plan, int64_t wall_ns)
{
    uint64_t members = 0;
    for (unsigned i = 0; i < plan->shift_count; i++)
        if (weekly_covers(&plan->shifts[i].when, plan->offset_minutes, wall_ns))
            members |= UINT64_C(1) << plan->shifts[i].member;
    return members != 0 ? members : 1;
}

/* ---- routes ------------------------------------------------------------------------------------
 */
const char *route_plan_read(struct bytes form, struct route_plan *ret_plan)
{
    static const struct field_rule rules[] = {
        [ROUTE_TAG_NAME] = {FORM_TEXT, false},        [ROUTE_TAG_MATCH] = {FORM_TEXT, false},
        [ROUTE_TAG_PRIORITY] = {FORM_INTEGER, false}, [ROUTE_TAG_CHANNEL] = {FORM_TEXT, false},
        [ROUTE_TAG_ROSTER] = {FORM_TEXT, false},      [ROUTE_TAG_RETURNED] = {FORM_INTEGER, false}};
    int64_t priority, returned;
    struct pattern pattern;
    struct form_field match;
    struct route_plan plan = {.name = form_text(form, ROUTE_TAG_NAME),
                              .match = bytes_text("#"),
                              .channel = form_text(form, ROUTE_TAG_CHANNEL),
                              .roster = form_text(form, ROUTE_TAG_ROSTER)};
    const char *fault = fields_judge(form, rules, ARRAY_COUNT(rules));
    if (fault != NULL)
        return fault;
    if (!notice_name_is_good(plan.name))
        return "a name has 1 to 128 bytes: letters, digits, - _ .";
    if (form_find(form, ROUTE_TAG_MATCH, FORM_TEXT, &match))
        plan.match = match.text;
    fault = pattern_parse(plan.match, &pattern);
    if (fault != NULL)
        return fault;
    if (!integer_within(form, ROUTE_TAG_PRIORITY, 1, ALARM_PRIORITIES, ALARM_PRIORITIES, &priority))
        return "a priority is from 1 to 8";
    if (!integer_within(form, ROUTE_TAG_RETURNED, 0, 1, 0, &returned))
        return "whether the end is told is 0 or 1";
    if ((plan.channel.size > 0) == (plan.roster.size > 0))
        return "a route leads to a channel or to a roster";
    plan.priority = (uint8_t)priority;
    plan.returned = returned == 1;
    *ret_plan = plan;
    return NULL;
}
