/* A rule is tried on the history before it is switched on: how often would it have been raised, and
 * when? Its points are looked for, then what its condition looks at, a piece a step; their samples
 * come from the query threads; rules_preview_judge.c judges them, a piece a step as well. */
#include "web/preview.h"

#include "wire/csv/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_NODES 256
#define PROGRAM_MAX 2400
#define RANGE_UNLESS_TOLD (INT64_C(30) * 86400 * NS_PER_S)

static void preview_drop(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    points_ask_end(exchange, &preview->ask);
    csv_reader_destroy(preview->reader);
    free(preview->condition);
    free(preview->instances);
    free(preview->members);
    free(preview->samples);
    json_decref(preview->module.order.wish.json);
    free(preview);
}

/* ---- the answer --------------------------------------------------------------------------------
 */
static void why_put(struct json_writer *json, const struct preview *preview,
                    const struct preview_example *example)
{
    char text[160], value[REAL_TEXT_SIZE], limit[REAL_TEXT_SIZE];
    const struct rule_plan *plan = &preview->plan;
    const struct preview_point *point =
        example->point != 0 ? &preview->points[example->point - 1] : NULL;
    bool high = plan->kind == RULE_HIGH || plan->kind == RULE_HIGH_HIGH;
    bool low = plan->kind == RULE_LOW || plan->kind == RULE_LOW_LOW;
    int size = 0;
    if ((high || low) && point != NULL && isfinite(example->value) && isfinite(point->limit)) {
        (void)real_text_put(value, example->value);
        (void)real_text_put(limit, point->limit);
        size = snprintf(text, sizeof text, "%s %s %s", value, high ? ">=" : "<=", limit);
    } else if (plan->kind == RULE_STALE) {
        char span[SPAN_TEXT_SIZE];
        (void)span_text(plan->span_ns, span);
        size = snprintf(text, sizeof text, "nothing came for %s", span);
    }
    put_text(json, "why", bytes_of(text, (size_t)size));
}

static enum handled preview_answer(struct exchange *exchange)
{
    const struct preview *preview = exchange->state;
    struct json_writer *json = &exchange->json;
    uint8_t path[PATH_MAX_BYTES];
    size_t looked = 0;
    for (size_t i = 0; i < preview->point_count; i++)
        looked += preview->points[i].judged;
    json_put_object(json);
    json_member_count(json, "times", preview->times);
    json_member_count(json, "points", looked);
    json_put_name(json, "examples");
    json_put_array(json);
    for (size_t i = 0; i < preview->example_count; i++) {
        const struct preview_example *example = &preview->examples[i];
        json_put_object(json);
        if (example->point != 0) {
            size_t size =
                points_path(exchange->web->points, preview->points[example->point - 1].point, path);
            json_member_string(json, "path", bytes_of(path, size));
        } else {
            json_member_string(json, "path", preview->plan.path);
        }
        json_member_time(json, "from", example->from_ns);
        put_when(json, "to", example->to_ns);
        json_put_name(json, "value");
        json_put_real(json, example->value);
        why_put(json, preview, example);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_member_bool(json, "cut", preview->cut);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled judge_step(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    exchange->resume = judge_step;
    return preview_judge(preview, &turn) ? preview_answer(exchange) : HANDLED_STEP;
}

/* ---- samples -----------------------------------------------------------------------------------
 */
static bool sample_add(struct exchange *exchange, struct preview *preview,
                       const struct preview_sample *sample)
{
    if (preview->sample_count == PREVIEW_SAMPLES_MAX) {
        preview->cut = true;
        return true;
    }
    if (preview->sample_count == preview->sample_capacity) {
        size_t capacity = preview->sample_capacity > 0 ? preview->sample_capacity * 2 : 4096;
        struct preview_sample *samples = realloc(preview->samples, capacity * sizeof *samples);
        if (samples == NULL)
            return false;
        preview->samples = samples;
        preview->sample_capacity = capacity;
        exchange->kept = sizeof *preview + capacity * sizeof *samples;
    }
    struct preview_point *point = &preview->points[preview->reading - 1];
    if (point->count++ == 0)
        point->first = preview->sample_count;
    preview->samples[preview->sample_count++] = *sample;
    return true;
}

/* The point of this path, which rows of the same follow; 0: it is none of these. */
static size_t reading_of(const struct exchange *exchange, const struct preview *preview,
                         struct bytes path)
{
    uint32_t point = points_find(exchange->web->points, exchange->tenant, path);
    for (size_t i = 0; i < preview->point_count; i++)
        if (preview->points[i].point == point)
            return i + 1;
    return 0;
}

static double number_of(struct bytes field, bool *ret_known)
{
    char text[48], *end;
    if (bytes_equal(field, bytes_text("true")) || bytes_equal(field, bytes_text("false"))) {
        *ret_known = true;
        return field.size == 4;
    }
    *ret_known = field.size > 0 && field.size < sizeof text;
    if (!*ret_known)
        return NAN;
    memcpy(text, field.at, field.size);
    text[field.size] = '\0';
    double real = strtod(text, &end);
    *ret_known = *end == '\0' && isfinite(real);
    return real;
}

/* path,time,value,quality. False: no memory. */
static bool record_take(struct exchange *exchange, struct preview *preview,
                        const struct csv_record *record)
{
    uint8_t path[PATH_MAX_BYTES];
    struct preview_sample sample;
    if (!preview->headed || record->count < 4) {
        preview->headed = true;
        return true;
    }
    size_t size =
        preview->reading != 0
            ? points_path(exchange->web->points, preview->points[preview->reading - 1].point, path)
            : 0;
    if (!bytes_equal(record->fields[0], bytes_of(path, size)))
        preview->reading = reading_of(exchange, preview, record->fields[0]);
    struct bytes quality = record->fields[3];
    bool timed;
    double time = number_of(record->fields[1], &timed);
    (void)time;
    sample.time_ns = 0;
    for (size_t i = 0; i < record->fields[1].size && i < 19; i++)
        sample.time_ns = sample.time_ns * 10 + (record->fields[1].at[i] - '0');
    sample.value = number_of(record->fields[2], &sample.known);
    sample.known = sample.known && !(quality.size >= 3 && memcmp(quality.at, "bad", 3) == 0);
    return preview->reading == 0 || !timed || sample_add(exchange, preview, &sample);
}

static enum handled samples_step(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct csv_record record;
    enum handled handled;
    bool failed;
    exchange->resume = samples_step;
    if (!points_ask_go(exchange, &preview->ask, &handled))
        return handled;
    for (;;) {
        if (!preview->fed) {
            struct bytes block = points_ask_block(&preview->ask);
            if (block.size == 0)
                break;
            csv_feed(preview->reader, block);
            preview->fed = true;
        }
        enum csv_step step = csv_next(preview->reader, &record);
        preview->fed = step != CSV_STEP_MORE;
        if (step == CSV_STEP_RECORD && !record_take(exchange, preview, &record))
            return answer_memory(exchange);
        if (turn_is_over(&turn, 128))
            return HANDLED_STEP;
    }
    if (!points_ask_is_over(exchange, &preview->ask, &failed))
        return failed ? HANDLED : HANDLED_ASK;
    points_ask_end(exchange, &preview->ask);
    return judge_step(exchange);
}

static enum handled samples_begin(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    const struct web *web = exchange->web;
    uint32_t points[PREVIEW_POINTS_MAX];
    for (size_t i = 0; i < preview->point_count; i++)
        points[i] = preview->points[i].point;
    struct query_filter filter = {
        .points = points, .point_count = preview->point_count, .most = UINT32_MAX};
    const struct query_request request = {.kind = QUERY_SAMPLES,
                                          .format = QUERY_CSV,
                                          .times = QUERY_NS,
                                          .from_ns = preview->from_ns,
                                          .to_ns = preview->to_ns,
                                          .limit = PREVIEW_SAMPLES_MAX + 1,
                                          .now_ns = web->config.clock->wall_ns(web->config.clock)};
    if (preview->point_count == 0)
        return preview_answer(exchange);
    if (csv_reader_create(',', false, &preview->reader) != OK)
        return answer_memory(exchange);
    return points_ask_begin(exchange, &preview->ask, &filter, &request) ? samples_step(exchange)
                                                                        : HANDLED;
}

/* ---- points ------------------------------------------------------------------------------------
 */
/* Its index + 1; 0: there is no room, or he does not see it. */
static uint16_t point_add(struct exchange *exchange, struct preview *preview, uint32_t point,
                          bool judged)
{
    if (point == POINT_NONE || !point_may(exchange, RIGHT_SEE, point))
        return 0;
    for (size_t i = 0; i < preview->point_count; i++)
        if (preview->points[i].point == point) {
            preview->points[i].judged = preview->points[i].judged || judged;
            return (uint16_t)(i + 1);
        }
    if (preview->point_count == PREVIEW_POINTS_MAX) {
        preview->cut = true;
        return 0;
    }
    preview->points[preview->point_count++] = (struct preview_point){
        .point = point, .judged = judged, .limit = alarm_limit(exchange, &preview->plan, point)};
    return (uint16_t)preview->point_count;
}

static bool member_add(struct exchange *exchange, struct preview *preview, uint32_t point)
{
    uint16_t index = point_add(exchange, preview, point, false);
    if (index == 0)
        return true;
    if (preview->member_count == preview->member_capacity) {
        size_t capacity = preview->member_capacity > 0 ? preview->member_capacity * 2 : 256;
        struct preview_member *members = realloc(preview->members, capacity * sizeof *members);
        if (members == NULL)
            return false;
        preview->members = members;
        preview->member_capacity = capacity;
    }
    preview->members[preview->member_count++] = (struct preview_member){
        (uint16_t)preview->instance, (uint16_t)preview->set, (uint16_t)(index - 1)};
    return true;
}

static bool member_found(void *arg, uint32_t point)
{
    struct exchange *exchange = arg;
    struct preview *preview = exchange->state;
    if (!member_add(exchange, preview, point))
        preview->cut = true;
    return !preview->cut;
}

static bool point_found(void *arg, uint32_t point)
{
    struct exchange *exchange = arg;
    struct preview *preview = exchange->state;
    (void)point_add(exchange, preview, point, true);
    return !preview->cut;
}

/* A piece of the search for a pattern; false: it is over. */
static bool search_piece(struct exchange *exchange, struct preview *preview, struct bytes text,
                         bool (*found)(void *arg, uint32_t point))
{
    struct pattern pattern;
    if (!preview->searching) {
        if (pattern_parse(text, &pattern) != NULL ||
            namespace_search_begin(&preview->search, exchange->tenant, &pattern, bytes_of("", 0),
                                   bytes_of("", 0)) != OK)
            return false;
        preview->searching = true;
    }
    bool more = namespace_search_step(exchange->web->config.space, &preview->search, SEARCH_NODES,
                                      found, exchange, NULL);
    preview->searching = more && !preview->cut;
    return preview->searching;
}

/* ---- what a condition looks at -----------------------------------------------------------------
 */
static struct bytes instance_base(const struct exchange *exchange, const struct preview *preview,
                                  uint8_t path[PATH_MAX_BYTES])
{
    const struct preview_instance *instance = &preview->instances[preview->instance];
    if (instance->point == 0)
        return preview->plan.path;
    return bytes_of(
        path, points_path(exchange->web->points, preview->points[instance->point - 1].point, path));
}

static void references_find(struct exchange *exchange, struct preview *preview)
{
    struct preview_instance *instance = &preview->instances[preview->instance];
    uint8_t base_path[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
    struct bytes base = instance_base(exchange, preview, base_path), metric;
    for (unsigned i = 0; i < condition_references(preview->condition); i++) {
        struct condition_reference reference = condition_reference(preview->condition, i);
        uint32_t point = POINT_NONE;
        size_t size;
        if (reference.kind == CONDITION_METRIC && instance->point != 0) {
            uint32_t asset = assets_of_point(assets_of(exchange),
                                             preview->points[instance->point - 1].point, &metric);
            if (asset != ASSET_NONE)
                point = assets_point(assets_of(exchange), asset, reference.text);
        } else if (reference.kind != CONDITION_METRIC &&
                   condition_resolve(reference, false, base, path, sizeof path, &size) == OK) {
            point = points_find(exchange->web->points, exchange->tenant, bytes_of(path, size));
        }
        instance->references[i] = point_add(exchange, preview, point, false);
    }
}

static enum handled looks_step(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    uint8_t base_path[PATH_MAX_BYTES], pattern[PATTERN_BYTES_MAX];
    exchange->resume = looks_step;
    for (; preview->instance < preview->instance_count; preview->instance++, preview->set = 0) {
        if (preview->set == 0 && !preview->searching)
            references_find(exchange, preview);
        for (; preview->set < condition_sets(preview->condition); preview->set++) {
            struct bytes base = instance_base(exchange, preview, base_path);
            size_t size = 0;
            if (condition_resolve(condition_set(preview->condition, (unsigned)preview->set), true,
                                  base, pattern, sizeof pattern, &size) != OK)
                continue;
            while (search_piece(exchange, preview, bytes_of(pattern, size), member_found))
                if (turn_is_over(&turn, TURN_LOOK_BYTES))
                    return HANDLED_STEP;
        }
        if (turn_is_over(&turn, 2048)) {
            preview->instance++;
            preview->set = 0;
            return HANDLED_STEP;
        }
    }
    return samples_begin(exchange);
}

/* The condition of the rule, or the one that says what its deviation is. */
static struct bytes program_of(const struct rule_plan *plan, char text[PROGRAM_MAX])
{
    if (plan->kind == RULE_EXPRESSION)
        return plan->condition;
    int size =
        plan->reference.size > 0
            ? snprintf(text, PROGRAM_MAX, "abs(. - %.*s) >= %.17g", (int)plan->reference.size,
                       (const char *)plan->reference.at, plan->limit)
            : snprintf(text, PROGRAM_MAX, "abs(deviation(., baseline %lldms)) >= %.17g",
                       (long long)(plan->span_ns / (NS_PER_S / 1000)), plan->limit);
    return bytes_of(text, size > 0 && size < PROGRAM_MAX ? (size_t)size : 0);
}

/* False: it was answered. */
static bool instances_make(struct exchange *exchange, struct preview *preview)
{
    char text[PROGRAM_MAX];
    struct condition_fault fault;
    size_t count = preview->plan.on == RULE_ON_NOTHING ? 1 : preview->point_count;
    preview->condition = malloc(CONDITION_BYTES_MAX);
    preview->instances = calloc(count + 1, sizeof *preview->instances);
    exchange->kept = sizeof *preview + count * sizeof *preview->instances;
    if (preview->condition == NULL || preview->instances == NULL) {
        answer_memory(exchange);
        return false;
    }
    if (condition_parse(program_of(&preview->plan, text), CONDITION_VERSION, preview->condition,
                        CONDITION_BYTES_MAX, &fault) == NULL) {
        answer_problem(exchange, 422, "condition", NULL, "%s", fault.sentence);
        return false;
    }
    preview->instance_count = count;
    for (size_t i = 0; i < count; i++) {
        preview->instances[i].point = preview->plan.on == RULE_ON_NOTHING ? 0 : (uint32_t)i + 1;
        preview->instances[i].wake_ns = INT64_MAX;
        preview->instances[i].track.due_ns = INT64_MAX;
    }
    return true;
}

/* All points that the rule stands on are there. */
static enum handled points_found(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    preview->searching = false;
    if (preview->plan.kind != RULE_EXPRESSION && preview->plan.kind != RULE_DEVIATION)
        return samples_begin(exchange);
    return instances_make(exchange, preview) ? looks_step(exchange) : HANDLED;
}

/* ---- the points it stands on -------------------------------------------------------------------
 */
/* The next asset of the rule's type, or of one below it; ASSET_NONE: there is no more, or (more)
 * another look is needed. */
static uint32_t asset_next(const struct exchange *exchange, struct preview *preview, bool *ret_more)
{
    const struct assets *assets = assets_of(exchange);
    struct asset_view view;
    if (preview->at_asset != ASSET_NONE) {
        assets_asset(assets, preview->at_asset, &view);
        bool gone = view.retired || view.type != preview->at_type;
        preview->at_asset = gone ? ASSET_NONE : assets_of_type_next(assets, preview->at_asset);
    }
    *ret_more = preview->at_asset != ASSET_NONE || preview->at_type < assets_types(assets);
    if (preview->at_asset == ASSET_NONE && *ret_more &&
        type_is(assets, ++preview->at_type, preview->plan.type))
        preview->at_asset = assets_of_type_first(assets, preview->at_type);
    return preview->at_asset;
}

static enum handled type_step(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    bool more = true;
    exchange->resume = type_step;
    while (more && !preview->cut) {
        uint32_t asset = asset_next(exchange, preview, &more);
        if (asset != ASSET_NONE)
            (void)point_add(exchange, preview,
                            assets_point(assets_of(exchange), asset, preview->plan.metric), true);
        if (turn_is_over(&turn, 512))
            return HANDLED_STEP;
    }
    return points_found(exchange);
}

static enum handled pattern_step(struct exchange *exchange)
{
    struct preview *preview = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    exchange->resume = pattern_step;
    while (search_piece(exchange, preview, preview->plan.path, point_found))
        if (turn_is_over(&turn, TURN_LOOK_BYTES))
            return HANDLED_STEP;
    return points_found(exchange);
}

static enum handled points_begin(struct exchange *exchange, struct preview *preview)
{
    const struct rule_plan *plan = &preview->plan;
    switch (plan->on) {
    case RULE_ON_PATTERN:
        return pattern_step(exchange);
    case RULE_ON_TYPE:
        return type_step(exchange);
    case RULE_ON_POINT:
        if (point_add(exchange, preview,
                      points_find(exchange->web->points, exchange->tenant, plan->path), true) == 0)
            return answer_no_point(exchange, plan->path);
        return points_found(exchange);
    default:
        return points_found(exchange);
    }
}

/* ---- the question ------------------------------------------------------------------------------
 */
enum handled handle_rules_preview(struct exchange *exchange)
{
    struct preview *preview =
        (struct preview *)module_begin(exchange, sizeof *preview, COMMAND_RULE_SET, true);
    struct bytes form, name = bytes_text("preview");
    if (preview == NULL)
        return HANDLED;
    struct wish *wish = &preview->module.order.wish;
    exchange->drop = preview_drop;
    exchange->kept = sizeof *preview;
    preview->to_ns = wish->wall_ns;
    (void)wish_time(wish, "to", &preview->to_ns);
    preview->from_ns = preview->to_ns - RANGE_UNLESS_TOLD;
    (void)wish_time(wish, "from", &preview->from_ns);
    if (preview->from_ns >= preview->to_ns)
        wish_fault(wish, "from", "a time before `to`");
    rule_members_drop(wish);
    (void)json_object_del(wish->json, "name");
    wish_members(wish, RULE_MEMBERS " from to");
    if (!rule_form_read(exchange, wish, name, &preview->module.form))
        return HANDLED;
    if (!form_end(&preview->module.form, &form))
        return answer_problem(exchange, 413, "too_large", NULL, "the rule says too much");
    const char *fault = form_integer(form, RULE_TAG_KIND, RULE_KINDS) == RULE_CHANNEL
                            ? "channels have no history that a rule could run over"
                            : rule_plan_read(form, &preview->plan);
    if (fault != NULL)
        return answer_problem(exchange, 422, report_outcome_word(OUTCOME_RULE_INVALID),
                              outcome_text(OUTCOME_RULE_INVALID), "%s", fault);
    return rule_plan_may(exchange, &preview->plan) ? points_begin(exchange, preview) : HANDLED;
}
