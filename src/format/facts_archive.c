/* Commands about history: policies, erasures, corrections, annotations. What a decoder gives out is
 * within the limits that the reducer and the encoders of samples rely on: finite numbers, whole
 * values, ranges in order. docs/format/facts.md. */
#include "format/fact_bytes.h"

#include <math.h>

#define DECIMAL_MOST (INT64_C(1) << 53)

/* ---- values ------------------------------------------------------------------------------------
 */
static bool float_is_whole(const struct value *value)
{
    if (value->scale != SCALE_RAW)
        return value->scale <= SCALE_DECIMAL_MAX && value->number >= -DECIMAL_MOST &&
               value->number <= DECIMAL_MOST;
    double real;
    memcpy(&real, &value->number, sizeof real);
    return isfinite(real);
}

/* Is it what struct value says it may be? */
static bool value_is_whole(const struct value *value)
{
    if (quality_name(value->quality) == NULL)
        return false;
    if (!value->present)
        return value->number == 0 && value->scale == 0 && value->text.size == 0;
    switch (value->type) {
    case VALUE_FLOAT64:
        return float_is_whole(value) && value->text.size == 0;
    case VALUE_INT64:
        return value->scale == 0 && value->text.size == 0;
    case VALUE_BOOL:
        return value->scale == 0 && value->text.size == 0 &&
               (value->number == 0 || value->number == 1);
    case VALUE_STRING:
        return value->scale == 0 && value->number == 0 && bytes_are_utf8(value->text);
    default:
        return false;
    }
}

static void value_put(struct fact_output *out, const struct value *value)
{
    check(value_type_name(value->type) != NULL && value_is_whole(value));
    put_u8(out, value->type);
    put_u8(out, value->quality);
    put_u8(out, value->present);
    if (!value->present)
        return;
    if (value->type == VALUE_STRING) {
        put_text(out, value->text, STRING_VALUE_MAX);
        return;
    }
    if (value->type == VALUE_FLOAT64)
        put_u8(out, value->scale);
    put_u64(out, (uint64_t)value->number);
}

static bool value_get(struct fact_input *in, struct value *value)
{
    uint8_t present;
    *value = (struct value){.type = 0};
    if (!get_u8(in, &value->type) || value_type_name(value->type) == NULL ||
        !get_u8(in, &value->quality) || !get_u8(in, &present) || present > 1)
        return false;
    value->present = present != 0;
    if (value->present && value->type == VALUE_STRING) {
        if (!get_text(in, STRING_VALUE_MAX, &value->text))
            return false;
    } else if (value->present && ((value->type == VALUE_FLOAT64 && !get_u8(in, &value->scale)) ||
                                  !get_i64(in, &value->number))) {
        return false;
    }
    return value_is_whole(value);
}

/* ---- policies ----------------------------------------------------------------------------------
 */
static void real_put(struct fact_output *out, double real)
{
    uint64_t bits;
    check(isfinite(real));
    memcpy(&bits, &real, sizeof bits);
    put_u64(out, bits);
}

static bool real_get(struct fact_input *in, double *ret_real)
{
    uint64_t bits;
    if (!get_u64(in, &bits))
        return false;
    memcpy(ret_real, &bits, sizeof bits);
    return isfinite(*ret_real);
}

static void policy_put(struct fact_output *out, const struct command *command)
{
    const struct command_policy *policy = &command->policy;
    const struct policy_rules *rules = &policy->rules;
    put_text(out, policy->name, POLICY_NAME_MAX);
    if (command->kind == COMMAND_POLICY_REMOVE)
        return;
    put_varint(out, policy->rank);
    if (command->kind == COMMAND_POLICY_MOVE)
        return;
    put_text(out, policy->pattern, POLICY_PATTERN_MAX);
    real_put(out, rules->deadband);
    real_put(out, rules->deadband_percent);
    put_u64(out, (uint64_t)rules->retention_ns);
    for (size_t i = 0; i < POLICY_TIERS; i++)
        put_u64(out, (uint64_t)rules->rollup_ns[i]);
    put_u8(out, rules->when_full);
    put_u8(out, rules->priority);
}

static bool policy_get(struct fact_input *in, struct command *command)
{
    struct command_policy *policy = &command->policy;
    struct policy_rules *rules = &policy->rules;
    if (!get_text(in, POLICY_NAME_MAX, &policy->name))
        return false;
    if (command->kind == COMMAND_POLICY_REMOVE)
        return true;
    if (!get_u32(in, &policy->rank))
        return false;
    if (command->kind == COMMAND_POLICY_MOVE)
        return true;
    if (!get_text(in, POLICY_PATTERN_MAX, &policy->pattern) || !real_get(in, &rules->deadband) ||
        !real_get(in, &rules->deadband_percent) || !get_i64(in, &rules->retention_ns))
        return false;
    for (size_t i = 0; i < POLICY_TIERS; i++)
        if (!get_i64(in, &rules->rollup_ns[i]))
            return false;
    return get_u8(in, &rules->when_full) && get_u8(in, &rules->priority);
}

/* ---- erasures ----------------------------------------------------------------------------------
 */
static void ranges_put(struct fact_output *out, const struct command_erase *erase)
{
    uint32_t end = 0; /* behind the range before */
    check(erase->range_count <= ERASE_RANGES_MAX);
    put_varint(out, erase->range_count);
    for (size_t i = 0; i < erase->range_count; i++) {
        const struct point_range *range = &erase->ranges[i];
        check(range->first > end && range->count > 0 && range->first <= UINT32_MAX - range->count);
        put_varint(out, range->first - end);
        put_varint(out, range->count);
        end = range->first + range->count;
    }
}

static bool ranges_get(struct fact_input *in, struct point_range *ranges, uint16_t *ret_count)
{
    uint32_t count, end = 0, gap;
    if (!get_u32(in, &count) || count > ERASE_RANGES_MAX)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct point_range *range = &ranges[i];
        if (!get_u32(in, &gap) || gap == 0 || gap > UINT32_MAX - end || !get_u32(in, &range->count))
            return false;
        range->first = end + gap;
        if (range->count == 0 || range->first > UINT32_MAX - range->count)
            return false;
        end = range->first + range->count;
    }
    *ret_count = (uint16_t)count;
    return true;
}

static void erase_put(struct fact_output *out, const struct command_erase *erase)
{
    put_varint(out, erase->erasure);
    put_u8(out, erase->complete);
    if (erase->erasure == 0) {
        put_u64(out, (uint64_t)erase->from_ns);
        put_u64(out, (uint64_t)erase->to_ns);
        put_text(out, erase->pattern, POLICY_PATTERN_MAX);
        put_text(out, erase->reason, REASON_BYTES_MAX);
        put_text(out, erase->author, AUTHOR_BYTES_MAX);
    }
    ranges_put(out, erase);
}

static bool erase_get(struct fact_input *in, struct fact_storage *storage,
                      struct command_erase *erase)
{
    uint8_t complete;
    if (!get_u32(in, &erase->erasure) || !get_u8(in, &complete) || complete > 1)
        return false;
    erase->complete = complete != 0;
    if (erase->erasure == 0 && (!get_i64(in, &erase->from_ns) || !get_i64(in, &erase->to_ns) ||
                                !get_text(in, POLICY_PATTERN_MAX, &erase->pattern) ||
                                !get_text(in, REASON_BYTES_MAX, &erase->reason) ||
                                !get_text(in, AUTHOR_BYTES_MAX, &erase->author)))
        return false;
    erase->ranges = storage->ranges;
    return ranges_get(in, storage->ranges, &erase->range_count);
}

/* ---- corrections and annotations ---------------------------------------------------------------
 */
static void correct_put(struct fact_output *out, const struct command *command)
{
    const struct command_correct *correct = &command->correct;
    put_text(out, command->path, PATH_MAX_BYTES);
    put_u64(out, (uint64_t)correct->time_ns);
    value_put(out, &correct->value);
    put_u8(out, correct->there);
    if (correct->there)
        value_put(out, &correct->original);
    put_text(out, correct->reason, REASON_BYTES_MAX);
    put_text(out, correct->author, AUTHOR_BYTES_MAX);
}

static bool correct_get(struct fact_input *in, struct command *command)
{
    struct command_correct *correct = &command->correct;
    uint8_t there;
    if (!get_text(in, PATH_MAX_BYTES, &command->path) || !get_i64(in, &correct->time_ns) ||
        !value_get(in, &correct->value) || !get_u8(in, &there) || there > 1)
        return false;
    correct->there = there != 0;
    return (!correct->there || value_get(in, &correct->original)) &&
           get_text(in, REASON_BYTES_MAX, &correct->reason) &&
           get_text(in, AUTHOR_BYTES_MAX, &correct->author);
}

static void annotate_put(struct fact_output *out, const struct command *command)
{
    const struct command_annotate *annotate = &command->annotate;
    put_text(out, command->path, PATH_MAX_BYTES);
    put_u64(out, (uint64_t)annotate->from_ns);
    put_u64(out, (uint64_t)annotate->to_ns);
    put_text(out, annotate->text, ANNOTATION_BYTES_MAX);
    put_text(out, annotate->author, AUTHOR_BYTES_MAX);
}

static bool annotate_get(struct fact_input *in, struct command *command)
{
    struct command_annotate *annotate = &command->annotate;
    return get_text(in, PATH_MAX_BYTES, &command->path) && get_i64(in, &annotate->from_ns) &&
           get_i64(in, &annotate->to_ns) && get_text(in, ANNOTATION_BYTES_MAX, &annotate->text) &&
           get_text(in, AUTHOR_BYTES_MAX, &annotate->author);
}

/* ---- all of them -------------------------------------------------------------------------------
 */
void archive_put(struct fact_output *out, const struct command *command)
{
    check(command->kind >= COMMAND_POLICY_SET && command->kind <= COMMAND_ANNOTATION_REMOVE);
    command_head_put(out, command);
    switch (command->kind) {
    case COMMAND_ERASE:
        erase_put(out, &command->erase);
        break;
    case COMMAND_CORRECT:
        correct_put(out, command);
        break;
    case COMMAND_ANNOTATE:
        annotate_put(out, command);
        break;
    case COMMAND_ANNOTATION_REMOVE:
        put_varint(out, command->annotate.annotation);
        break;
    default:
        policy_put(out, command);
    }
}

bool archive_get(struct fact_input *in, struct fact_storage *storage, struct command *command)
{
    if (!command_head_get(in, COMMAND_POLICY_SET, COMMAND_ANNOTATION_REMOVE, command))
        return false;
    switch (command->kind) {
    case COMMAND_ERASE:
        return erase_get(in, storage, &command->erase);
    case COMMAND_CORRECT:
        return correct_get(in, command);
    case COMMAND_ANNOTATE:
        return annotate_get(in, command);
    case COMMAND_ANNOTATION_REMOVE:
        return get_u32(in, &command->annotate.annotation);
    default:
        return policy_get(in, command);
    }
}
