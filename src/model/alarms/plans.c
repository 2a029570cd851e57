/* What a command says of a rule, read and judged by itself. */
#include "model/alarms/tables.h"

#include <string.h>

#define SPAN_LEAST_NS NS_PER_MS
#define REALARM_LEAST_NS NS_PER_S

#define RULE_KIND_WORD(name, word) word,
static const char *const kind_words[] = {RULE_KIND_TABLE(RULE_KIND_WORD)};

const char *rule_kind_word(unsigned kind)
{
    return kind < RULE_KINDS ? kind_words[kind] : NULL;
}

/* ---- fields ------------------------------------------------------------------------------------
 */
/* What type each tag has; 0: there is no such tag. */
static const uint8_t tag_types[] = {
    [RULE_TAG_NAME] = FORM_TEXT,         [RULE_TAG_ENABLED] = FORM_INTEGER,
    [RULE_TAG_KIND] = FORM_INTEGER,      [RULE_TAG_ON] = FORM_INTEGER,
    [RULE_TAG_PATH] = FORM_TEXT,         [RULE_TAG_TYPE] = FORM_INTEGER,
    [RULE_TAG_METRIC] = FORM_TEXT,       [RULE_TAG_LIMIT] = FORM_REAL,
    [RULE_TAG_DEADBAND] = FORM_REAL,     [RULE_TAG_SPAN] = FORM_INTEGER,
    [RULE_TAG_DIRECTION] = FORM_INTEGER, [RULE_TAG_REFERENCE] = FORM_TEXT,
    [RULE_TAG_STATE] = FORM_REAL,        [RULE_TAG_CONDITION] = FORM_TEXT,
    [RULE_TAG_ON_DELAY] = FORM_INTEGER,  [RULE_TAG_OFF_DELAY] = FORM_INTEGER,
    [RULE_TAG_LATCH] = FORM_INTEGER,     [RULE_TAG_NO_ACKNOWLEDGE] = FORM_INTEGER,
    [RULE_TAG_REALARM] = FORM_INTEGER,   [RULE_TAG_PRIORITY] = FORM_INTEGER,
    [RULE_TAG_TITLE] = FORM_TEXT,        [RULE_TAG_CAUSE] = FORM_TEXT,
    [RULE_TAG_CONSEQUENCE] = FORM_TEXT,  [RULE_TAG_RESPONSE] = FORM_TEXT,
    [RULE_TAG_GROUP] = FORM_TEXT,        [RULE_TAG_CHATTER] = FORM_INTEGER,
};

struct reading {
    struct rule_plan plan;
    uint32_t seen; /* bit by tag */
};

static bool reads_text(struct rule_plan *plan, const struct form_field *field)
{
    struct bytes *const texts[] = {
        [RULE_TAG_NAME] = &plan->name,           [RULE_TAG_PATH] = &plan->path,
        [RULE_TAG_METRIC] = &plan->metric,       [RULE_TAG_REFERENCE] = &plan->reference,
        [RULE_TAG_CONDITION] = &plan->condition, [RULE_TAG_TITLE] = &plan->title,
        [RULE_TAG_CAUSE] = &plan->cause,         [RULE_TAG_CONSEQUENCE] = &plan->consequence,
        [RULE_TAG_RESPONSE] = &plan->response,   [RULE_TAG_GROUP] = &plan->group,
    };
    *texts[field->tag] = field->text;
    return bytes_are_utf8(field->text);
}

static bool reads_small(const struct form_field *field, int64_t most, uint8_t *ret_small)
{
    if (field->integer < 0 || field->integer > most)
        return false;
    *ret_small = (uint8_t)field->integer;
    return true;
}

static bool reads_flag(const struct form_field *field, bool *ret_flag)
{
    *ret_flag = field->integer == 1;
    return field->integer == 0 || field->integer == 1;
}

static bool reads_span(const struct form_field *field, int64_t *ret_span)
{
    *ret_span = field->integer;
    return field->integer >= 0 && field->integer <= CONDITION_SPAN_MAX_NS;
}

static bool reads_integer(struct rule_plan *plan, const struct form_field *field)
{
    bool without;
    switch (field->tag) {
    case RULE_TAG_ENABLED:
        return reads_flag(field, &plan->enabled);
    case RULE_TAG_KIND:
        return reads_small(field, RULE_KINDS - 1, &plan->kind);
    case RULE_TAG_ON:
        return reads_small(field, RULE_ON_NOTHING, &plan->on);
    case RULE_TAG_TYPE:
        plan->type = (uint32_t)field->integer;
        return field->integer > 0 && field->integer <= UINT32_MAX;
    case RULE_TAG_SPAN:
        return reads_span(field, &plan->span_ns);
    case RULE_TAG_DIRECTION:
        return reads_small(field, ALARM_EITHER, &plan->direction) && plan->direction != 0;
    case RULE_TAG_ON_DELAY:
        return reads_span(field, &plan->on_delay_ns);
    case RULE_TAG_OFF_DELAY:
        return reads_span(field, &plan->off_delay_ns);
    case RULE_TAG_LATCH:
        return reads_flag(field, &plan->latch);
    case RULE_TAG_NO_ACKNOWLEDGE:
        if (!reads_flag(field, &without))
            return false;
        plan->needs_acknowledge = !without;
        return true;
    case RULE_TAG_REALARM:
        return reads_span(field, &plan->realarm_ns);
    case RULE_TAG_CHATTER:
        plan->chatter = (uint16_t)field->integer;
        return field->integer >= 0 && field->integer <= RULE_CHATTER_MAX;
    default: /* RULE_TAG_PRIORITY */
        return reads_small(field, ALARM_PRIORITIES, &plan->priority) && plan->priority != 0;
    }
}

static bool reads_real(struct rule_plan *plan, const struct form_field *field)
{
    switch (field->tag) {
    case RULE_TAG_LIMIT:
        plan->limit = field->real;
        plan->has_limit = true;
        return true;
    case RULE_TAG_DEADBAND:
        plan->deadband = field->real;
        return field->real >= 0;
    default: /* RULE_TAG_STATE */
        if (plan->state_count == RULE_STATES_MAX)
            return false;
        plan->states[plan->state_count++] = field->real;
        return true;
    }
}

static const char *field_read(struct reading *reading, const struct form_field *field)
{
    if (field->tag >= ARRAY_COUNT(tag_types) || tag_types[field->tag] == 0)
        return "it has a field that no rule has";
    if (tag_types[field->tag] != field->type)
        return "a field is not of its type";
    if (reading->seen >> field->tag & 1 && field->tag != RULE_TAG_STATE)
        return "a field is there twice";
    reading->seen |= UINT32_C(1) << field->tag;
    struct rule_plan *plan = &reading->plan;
    bool good = field->type == FORM_TEXT   ? reads_text(plan, field)
                : field->type == FORM_REAL ? reads_real(plan, field)
                                           : reads_integer(plan, field);
    return good ? NULL : "a field has a value that it cannot have";
}

/* ---- the whole ---------------------------------------------------------------------------------
 */
static bool name_is_good(struct bytes name)
{
    if (name.size == 0 || name.size > RULE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0x80;
        if (!letter && !(byte >= '0' && byte <= '9') && memchr("-_.", byte, 3) == NULL)
            return false;
    }
    return true;
}

static const char *place_fault(const struct rule_plan *plan)
{
    struct pattern pattern;
    if (plan->on == RULE_ON_NOTHING && plan->kind != RULE_EXPRESSION && plan->kind != RULE_CHANNEL)
        return "only an expression can stand on no point";
    switch (plan->on) {
    case RULE_ON_POINT:
        return path_fault(plan->path);
    case RULE_ON_PATTERN:
        return pattern_parse(plan->path, &pattern);
    case RULE_ON_TYPE:
        if (plan->type == 0)
            return "the asset type is missing";
        return plan->metric.size == 0 || plan->metric.size > 256
                   ? "the metric is missing, or longer than 256 bytes"
                   : NULL;
    default:
        return plan->path.size == 0 ? NULL : path_fault(plan->path);
    }
}

/* Of dead channels there is one rule, which makes itself: it is known by its name, and stands on
 * nothing. */
static const char *channels_fault(const struct rule_plan *plan)
{
    bool named = bytes_equal(plan->name, bytes_text(RULE_CHANNELS_NAME));
    if (plan->kind != RULE_CHANNEL)
        return named ? "the name \"channels\" is that of the rule of dead channels" : NULL;
    if (!named)
        return "the rule of dead channels has the name \"channels\"";
    return plan->on != RULE_ON_NOTHING || plan->path.size > 0
               ? "the rule of dead channels stands on no point and no branch"
               : NULL;
}

/* A path, or one that begins with "./" or "../", as conditions have it. */
static const char *reference_fault(struct bytes reference)
{
    struct bytes rest = reference;
    for (;;) {
        if (rest.size >= 3 && memcmp(rest.at, "../", 3) == 0)
            rest = bytes_of(rest.at + 3, rest.size - 3);
        else if (rest.size >= 2 && memcmp(rest.at, "./", 2) == 0)
            rest = bytes_of(rest.at + 2, rest.size - 2);
        else
            break;
    }
    return path_fault(rest) == NULL ? NULL : "the reference is no path";
}

static const char *condition_fault(struct bytes text)
{
    struct condition_fault fault;
    _Alignas(8) uint8_t memory[CONDITION_BYTES_MAX];
    if (text.size == 0)
        return "the condition is missing";
    return condition_parse(text, CONDITION_VERSION, memory, sizeof memory, &fault) == NULL
               ? "the condition is not valid"
               : NULL;
}

static const char *deviation_fault(const struct rule_plan *plan)
{
    if (!plan->has_limit || plan->limit <= 0)
        return "a deviation needs a limit greater than 0";
    if (plan->reference.size > 0)
        return reference_fault(plan->reference);
    if (plan->span_ns < SPAN_LEAST_NS)
        return "a deviation needs a reference, or the time that its baseline is the mean of";
    return plan->deadband > 0 ? "a deviation from its own baseline knows no deadband" : NULL;
}

static const char *kind_fault(const struct rule_plan *plan)
{
    switch (plan->kind) {
    case RULE_RATE:
        if (!plan->has_limit || plan->limit <= 0)
            return "a rate needs a limit greater than 0";
        return plan->span_ns < SPAN_LEAST_NS ? "a rate needs a time of at least 1 ms" : NULL;
    case RULE_DEVIATION:
        return deviation_fault(plan);
    case RULE_STATE:
        return plan->state_count == 0 ? "the states are missing" : NULL;
    case RULE_STALE:
        return plan->span_ns < SPAN_LEAST_NS ? "staleness needs a time of at least 1 ms" : NULL;
    case RULE_EXPRESSION:
        return condition_fault(plan->condition);
    default:
        return NULL;
    }
}

static const char *texts_fault(const struct rule_plan *plan)
{
    const struct bytes texts[] = {plan->title, plan->cause, plan->consequence, plan->response};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (texts[i].size > RULE_TEXT_MAX)
            return "a text is longer than 2048 bytes";
    return plan->group.size > RULE_NAME_MAX ? "the group is longer than 128 bytes" : NULL;
}

static const char *plan_fault(const struct reading *reading)
{
    const struct rule_plan *plan = &reading->plan;
    const char *fault = NULL;
    if (!(reading->seen >> RULE_TAG_KIND & 1) || !(reading->seen >> RULE_TAG_ON & 1))
        return "it is not said what is judged, or on what it stands";
    if (!name_is_good(plan->name))
        return "a name has letters, digits, '-', '_' and '.', 1 to 128 bytes";
    if (plan->realarm_ns != 0 && plan->realarm_ns < REALARM_LEAST_NS)
        return "it cannot be told again more often than each second";
    fault = channels_fault(plan);
    if (fault == NULL)
        fault = place_fault(plan);
    if (fault == NULL)
        fault = kind_fault(plan);
    return fault == NULL ? texts_fault(plan) : fault;
}

const char *rule_plan_read(struct bytes form, struct rule_plan *ret_plan)
{
    struct reading reading = {.plan = {.enabled = true,
                                       .needs_acknowledge = true,
                                       .priority = 3,
                                       .direction = ALARM_EITHER,
                                       .chatter = RULE_CHATTER}};
    struct form_field field;
    size_t offset = 0;
    if (form.size > RULE_FORM_MAX)
        return "all of it together is longer than 9216 bytes";
    while (form_next(form, &offset, &field)) {
        const char *fault = field_read(&reading, &field);
        if (fault != NULL)
            return fault;
    }
    if (offset != form.size)
        return "it is no form";
    const char *fault = plan_fault(&reading);
    if (fault != NULL)
        return fault;
    if (reading.plan.title.size == 0)
        reading.plan.title = reading.plan.name;
    *ret_plan = reading.plan;
    return NULL;
}
