/* Tables of the domain modules: types of assets, assets, rules, alarms and their journal,
 * documents, rosters and channels. On the engine's thread, as lookup.c, whose batches these are: a
 * row a candidate, by its number, each judged by what who asks sees of the path that it is about.
 *
 * Assets and alarms of other tenants are there as far as their branches are shared. What is of a
 * tenant as a whole (types, rules, documents, rosters, channels) is of one's own alone. */
#include "sql/room.h"

#include "access/access.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS_A_LOOK 16 /* between two looks at the clock */

/* ---- values ------------------------------------------------------------------------------------
 */
static void put_words(struct lookup *lookup, struct bytes text)
{
    if (text.size > 0)
        frame_put_words(&lookup->texts, text);
    else
        frame_put_null(&lookup->texts);
}

static void put_word(struct lookup *lookup, const char *word)
{
    put_words(lookup, bytes_text(word != NULL ? word : ""));
}

static void put_time(struct lookup *lookup, int64_t time_ns)
{
    if (time_ns != 0)
        frame_put_integer(&lookup->texts, time_ns);
    else
        frame_put_null(&lookup->texts);
}

/* Own as he who asks names it. */
static void put_path(struct lookup *lookup, const struct query_place *place, struct bytes own)
{
    uint8_t text[QUERY_PREFIX_MAX + PATH_MAX_BYTES];
    size_t prefix = place->prefix.size;
    if (own.size == 0 || own.size > PATH_MAX_BYTES) {
        frame_put_null(&lookup->texts);
        return;
    }
    if (prefix > 0)
        memcpy(text, place->prefix.at, prefix);
    memcpy(text + prefix, own.at, own.size);
    put_words(lookup, bytes_of(text, prefix + own.size));
}

static struct bytes point_path(const struct sql_config *config, uint32_t point, uint8_t *text)
{
    return bytes_of(text, point != POINT_NONE ? points_path(config->points, point, text) : 0);
}

/* ---- who sees what -----------------------------------------------------------------------------
 */
static bool sees_all(const struct query_place *place)
{
    return place->scope == NULL || place->sees_all;
}

/* What is of a whole tenant is told to who is of it, and sees anything of it. NULL: not to him. */
static const struct query_place *own_place(struct lookup *lookup, uint32_t tenant)
{
    const struct query_place *place =
        tenant == query_sight_tenant(lookup->sight) ? query_sight_of(lookup->sight, tenant) : NULL;
    return place == NULL || place->scope == NULL || scope_sees_some(place->scope) ? place : NULL;
}

/* What a rule is about: the path, or what of its pattern comes before the first wildcard. */
static struct bytes rule_place(const struct rule_view *rule)
{
    struct bytes path = rule->plan.path;
    size_t size = 0;
    while (size < path.size && memchr("+#*?", path.at[size], 4) == NULL)
        size++;
    if (size < path.size)
        while (size > 0 && path.at[size - 1] != '/')
            size--;
    return bytes_of(path.at, size > 0 && size < path.size ? size - 1 : size);
}

/* Of a tenant that he is of. Types, and rules on them, are seen by all who see anything of it. */
static bool sees_rule(const struct query_place *place, const struct rule_view *rule)
{
    if (rule->plan.on == RULE_ON_TYPE)
        return true;
    struct bytes path = rule_place(rule);
    return path.size > 0 ? query_place_sees(place, path) : sees_all(place);
}

static bool sees_alarm(const struct sql_config *config, const struct query_place *place,
                       uint32_t point, uint32_t rule, uint8_t *text, struct bytes *ret_path)
{
    struct rule_view view;
    *ret_path = point_path(config, point, text);
    if (point != POINT_NONE)
        return query_place_sees(place, *ret_path);
    if (rule == 0 || !alarms_rule(config->alarms, rule, &view) || view.plan.path.size == 0 ||
        view.plan.path.size > PATH_MAX_BYTES)
        return sees_all(place);
    memcpy(text, view.plan.path.at, view.plan.path.size);
    *ret_path = bytes_of(text, view.plan.path.size);
    return query_place_sees(place, *ret_path);
}

/* Why an alarm came, and a condition, may name points that he does not see. */
static void put_open(struct lookup *lookup, const struct query_place *place, bool names_points,
                     struct bytes text)
{
    put_words(lookup, sees_all(place) || !names_points ? text : bytes_of("", 0));
}

/* Of all of a tenant. */
static void put_whole_count(struct lookup *lookup, const struct query_place *place, uint64_t count)
{
    if (sees_all(place))
        frame_put_integer(&lookup->texts, (int64_t)count);
    else
        frame_put_null(&lookup->texts);
}

/* ---- rows --------------------------------------------------------------------------------------
 */
static void put_type(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    struct type_view view, parent;
    assets_type(config->assets, number, &view);
    const struct query_place *place = view.removed ? NULL : own_place(lookup, view.tenant);
    if (place == NULL)
        return;
    frame_put_integer(&lookup->texts, number);
    put_words(lookup, view.name);
    put_words(lookup, view.title);
    if (view.parent != TYPE_NONE) {
        assets_type(config->assets, view.parent, &parent);
        put_words(lookup, parent.name);
    } else {
        frame_put_null(&lookup->texts);
    }
    put_word(lookup, asset_level_word(view.level));
    put_whole_count(lookup, place, view.assets);
    frame_put_integer(&lookup->texts, view.version);
    put_time(lookup, view.wall_ns);
    put_words(lookup, place->name);
    lookup->row_count++;
}

static bool sees_asset(const struct sql_config *config, const struct query_place *place,
                       uint32_t number)
{
    uint8_t text[PATH_MAX_BYTES];
    size_t size = assets_branch(config->assets, number, text);
    return size > 0 && query_place_sees(place, bytes_of(text, size));
}

static void put_map(struct lookup *lookup, const struct asset_view *view)
{
    frame_put_real(&lookup->texts, view->has_map ? view->longitude : NAN);
    frame_put_real(&lookup->texts, view->has_map ? view->latitude : NAN);
    if (view->has_floor)
        frame_put_integer(&lookup->texts, view->floor);
    else
        frame_put_null(&lookup->texts);
}

static void put_asset(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    uint8_t text[PATH_MAX_BYTES];
    struct asset_view view;
    struct type_view type;
    assets_asset(config->assets, number, &view);
    const struct query_place *place =
        view.retired ? NULL : query_sight_of(lookup->sight, view.tenant);
    if (place == NULL || !sees_asset(config, place, number))
        return;
    frame_put_integer(&lookup->texts, number);
    put_path(lookup, place, bytes_of(text, assets_path(config->assets, number, text)));
    put_words(lookup, view.title.size > 0 ? view.title : view.name);
    if (view.type != TYPE_NONE) {
        assets_type(config->assets, view.type, &type);
        put_words(lookup, type.name);
    } else {
        frame_put_null(&lookup->texts);
    }
    put_word(lookup, asset_level_word(view.level));
    put_path(lookup, place, bytes_of(text, assets_branch(config->assets, number, text)));
    put_map(lookup, &view);
    frame_put_integer(&lookup->texts, view.parts);
    frame_put_integer(&lookup->texts, view.version);
    put_time(lookup, view.wall_ns);
    put_words(lookup, place->name);
    lookup->row_count++;
}

static void put_rule(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    static const char *const on[] = {[RULE_ON_POINT] = "point",
                                     [RULE_ON_PATTERN] = "pattern",
                                     [RULE_ON_TYPE] = "type",
                                     [RULE_ON_NOTHING] = "nothing"};
    struct rule_view view;
    if (!alarms_rule(config->alarms, number, &view))
        return;
    const struct query_place *place = own_place(lookup, view.tenant);
    if (place == NULL || !sees_rule(place, &view))
        return;
    const struct rule_plan *plan = &view.plan;
    put_words(lookup, plan->name);
    put_words(lookup, plan->title);
    frame_put_integer(&lookup->texts, plan->enabled);
    put_word(lookup, rule_kind_word(plan->kind));
    put_word(lookup, on[plan->on]);
    put_path(lookup, place, plan->path);
    frame_put_integer(&lookup->texts, plan->priority);
    frame_put_real(&lookup->texts, plan->has_limit ? plan->limit : NAN);
    frame_put_real(&lookup->texts, plan->deadband);
    put_open(lookup, place, true, plan->condition);
    frame_put_integer(&lookup->texts, plan->on_delay_ns);
    frame_put_integer(&lookup->texts, plan->off_delay_ns);
    frame_put_integer(&lookup->texts, plan->chatter);
    put_whole_count(lookup, place, view.points);
    put_whole_count(lookup, place, view.alarms);
    put_whole_count(lookup, place, view.blind);
    put_whole_count(lookup, place, view.too_late);
    put_time(lookup, view.wall_ns);
    put_words(lookup, place->name);
    lookup->row_count++;
}

static void put_rule_name(struct lookup *lookup, const struct sql_config *config, uint32_t rule)
{
    put_words(lookup, rule != 0 ? alarms_rule_name(config->alarms, rule) : bytes_of("", 0));
}

static void put_alarm(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    uint8_t text[PATH_MAX_BYTES];
    struct alarm_view view;
    struct bytes path;
    if (!alarms_row(config->alarms, number, &view))
        return;
    const struct query_place *place = query_sight_of(lookup->sight, view.tenant);
    if (place == NULL || view.state == ALARM_NORMAL ||
        !sees_alarm(config, place, view.point, view.rule, text, &path))
        return;
    frame_put_integer(&lookup->texts, (int64_t)view.alarm);
    put_path(lookup, place, path);
    put_rule_name(lookup, config, view.rule);
    put_word(lookup, rule_kind_word(view.kind));
    put_word(lookup, alarm_state_word(view.state));
    frame_put_integer(&lookup->texts, view.priority);
    frame_put_real(&lookup->texts, view.value);
    put_time(lookup, view.raised_ns);
    put_time(lookup, view.changed_wall_ns);
    put_time(lookup, view.acknowledged_wall_ns);
    put_words(lookup, view.acknowledged_by);
    put_words(lookup, view.assignee);
    put_open(lookup, place, true, view.why);
    frame_put_integer(&lookup->texts, view.count);
    put_time(lookup, view.chatters_wall_ns);
    frame_put_integer(&lookup->texts, view.changes);
    put_words(lookup, place->name);
    lookup->row_count++;
}

static void put_entry(struct lookup *lookup, const struct sql_config *config, uint64_t number)
{
    uint8_t text[PATH_MAX_BYTES];
    struct alarm_entry entry;
    struct bytes path;
    alarms_entry(config->alarms, number, &entry);
    if (entry.event == ALARM_EVENT_HANDOVER) /* its number stands where others have their rule's */
        return;
    if (entry.event == ALARM_EVENT_HANDOVER || entry.wall_ns < lookup->filter.from_ns ||
        entry.wall_ns >= lookup->filter.to_ns)
        return; /* `rule` of a hand-over note is the note */
    const struct query_place *place = query_sight_of(lookup->sight, entry.tenant);
    if (place == NULL || !sees_alarm(config, place, entry.point, entry.rule, text, &path))
        return;
    frame_put_integer(&lookup->texts, (int64_t)number);
    frame_put_integer(&lookup->texts, (int64_t)entry.alarm);
    put_path(lookup, place, path);
    put_rule_name(lookup, config, entry.rule);
    put_word(lookup, alarm_entry_word(entry.event));
    put_word(lookup, alarm_state_word(entry.state));
    put_word(lookup, alarm_state_word(entry.state_before));
    frame_put_integer(&lookup->texts, entry.priority);
    frame_put_real(&lookup->texts, entry.value);
    frame_put_integer(&lookup->texts, entry.time_ns);
    frame_put_integer(&lookup->texts, entry.wall_ns);
    put_words(lookup, entry.actor);
    put_open(lookup, place, entry.flags & ALARM_ENTRY_COMPUTED, entry.text);
    frame_put_integer(&lookup->texts, (entry.flags & ALARM_ENTRY_LATE) != 0);
    frame_put_integer(&lookup->texts, (int64_t)entry.position);
    put_words(lookup, place->name);
    lookup->row_count++;
}

/* ---- documents ---------------------------------------------------------------------------------
 */
/* Into the list, when it is there; true when he sees it too. */
static bool put_attached(struct lookup *lookup, const struct sql_config *config,
                         const struct query_place *place, const struct attached *to,
                         bool *ret_there)
{
    uint8_t text[PATH_MAX_BYTES];
    struct type_view type;
    struct asset_view asset;
    struct rule_view rule;
    struct bytes name = to->branch;
    const char *kind = "branch";
    bool sees = false;
    *ret_there = to->kind == ATTACHED_BRANCH;
    if (to->kind == ATTACHED_BRANCH) {
        sees = query_place_sees(place, name);
    } else if (to->kind == ATTACHED_TYPE && to->number <= assets_types(config->assets)) {
        assets_type(config->assets, to->number, &type);
        sees = *ret_there = !type.removed && type.tenant == place->tenant;
        name = type.name;
        kind = "type";
    } else if (to->kind == ATTACHED_ASSET && to->number <= assets_count(config->assets)) {
        assets_asset(config->assets, to->number, &asset);
        *ret_there = !asset.retired && asset.tenant == place->tenant;
        sees = *ret_there && sees_asset(config, place, to->number);
        name = bytes_of(text, sees ? assets_path(config->assets, to->number, text) : 0);
        kind = "asset";
    } else if (to->kind == ATTACHED_RULE && to->number <= alarms_rules(config->alarms) &&
               alarms_rule(config->alarms, to->number, &rule)) {
        *ret_there = rule.tenant == place->tenant;
        sees = *ret_there && sees_rule(place, &rule);
        name = rule.plan.name;
        kind = "rule";
    }
    if (sees) {
        char both[PATH_MAX_BYTES + 16];
        int size = snprintf(both, sizeof both, "%s:%.*s", kind, (int)name.size,
                            name.size > 0 ? (const char *)name.at : "");
        json_put_string(&lookup->labels, bytes_of(both, (size_t)size));
    }
    return sees;
}

/* To what it is attached, as he sees it, as JSON in lookup->labels. False: he does not see the
 * document, for he sees nothing of that, or it is gone and he sees a part of the tenant. */
static bool attached_list(struct lookup *lookup, const struct sql_config *config,
                          const struct query_place *place, uint32_t document)
{
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    size_t count = library_document_attached(config->documents, document, attached);
    bool sees = false, any = false, there;
    json_writer_clear(&lookup->labels);
    json_put_array(&lookup->labels);
    for (size_t i = 0; i < count; i++) {
        sees |= put_attached(lookup, config, place, &attached[i], &there);
        any |= there;
    }
    json_put_array_end(&lookup->labels);
    if (json_writer_failed(&lookup->labels))
        lookup->err = ERR_NO_MEMORY;
    return sees || (!any && (count == 0 || sees_all(place)));
}

static void put_document(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    struct document_view view;
    if (!library_document(config->documents, number, &view))
        return;
    const struct query_place *place = own_place(lookup, view.tenant);
    if (place == NULL || !attached_list(lookup, config, place, number))
        return;
    frame_put_integer(&lookup->texts, number);
    put_words(lookup, view.name);
    put_words(lookup, view.title);
    put_word(lookup, document_media_type(view.newest.media));
    frame_put_integer(&lookup->texts, (int64_t)view.newest.size);
    frame_put_integer(&lookup->texts, view.newest.number);
    frame_put_integer(&lookup->texts, view.versions);
    put_words(lookup, json_writer_text(&lookup->labels));
    put_words(lookup, view.newest.author);
    put_time(lookup, view.wall_ns);
    put_words(lookup, place->name);
    lookup->row_count++;
}

/* ---- who is told -------------------------------------------------------------------------------
 */
/* Names of the members of these bits, as JSON. */
static void put_members(struct lookup *lookup, const struct roster_plan *plan, uint64_t bits)
{
    json_writer_clear(&lookup->labels);
    json_put_array(&lookup->labels);
    for (unsigned i = 0; i < plan->member_count; i++)
        if (bits >> i & 1u)
            json_put_string(&lookup->labels, plan->members[i].name);
    json_put_array_end(&lookup->labels);
    if (json_writer_failed(&lookup->labels))
        lookup->err = ERR_NO_MEMORY;
    else
        put_words(lookup, json_writer_text(&lookup->labels));
}

static void put_roster(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    struct roster_view view;
    struct roster_plan plan;
    if (!notices_roster(config->notices, number, &view))
        return;
    const struct query_place *place = own_place(lookup, view.tenant);
    if (place == NULL || roster_plan_read(view.form, &plan) != NULL)
        return;
    put_words(lookup, plan.name);
    put_members(lookup, &plan, UINT64_MAX);
    put_members(lookup, &plan, roster_on_call(&plan, config->clock->wall_ns(config->clock)));
    frame_put_integer(&lookup->texts, plan.step_count);
    frame_put_integer(&lookup->texts, plan.shift_count);
    frame_put_integer(&lookup->texts, view.holders);
    put_time(lookup, view.wall_ns);
    put_words(lookup, place->name);
    lookup->row_count++;
}

/* Where it leads, and what went wrong there, is told by /v1/channels to who may change it. */
static void put_channel(struct lookup *lookup, const struct sql_config *config, uint32_t number)
{
    struct channel_view view;
    if (!notices_channel(config->notices, number, &view))
        return;
    const struct query_place *place = own_place(lookup, view.tenant);
    if (place == NULL)
        return;
    put_words(lookup, view.name);
    put_word(lookup, channel_kind_word(view.kind));
    frame_put_integer(&lookup->texts, view.gather_ns);
    frame_put_integer(&lookup->texts, view.dead);
    put_time(lookup, view.dead_wall_ns);
    frame_put_integer(&lookup->texts, (int64_t)view.sent);
    frame_put_integer(&lookup->texts, (int64_t)view.given_up);
    frame_put_integer(&lookup->texts, view.waiting);
    frame_put_integer(&lookup->texts, view.holders);
    put_time(lookup, view.wall_ns);
    put_words(lookup, place->name);
    lookup->row_count++;
}

/* ---- candidates --------------------------------------------------------------------------------
 */
static uint64_t module_last(const struct sql_config *config, enum sql_table table)
{
    switch (table) {
    case SQL_TYPES:
        return assets_types(config->assets);
    case SQL_ASSETS:
        return assets_count(config->assets);
    case SQL_RULES:
        return alarms_rules(config->alarms);
    case SQL_ALARMS:
        return alarms_rows(config->alarms);
    case SQL_DOCUMENTS:
        return library_documents(config->documents);
    case SQL_ROSTERS: /* those that are not there cost some ns each */
        return notices_limits_default.rosters_max;
    case SQL_CHANNELS:
        return notices_limits_default.channels_max;
    default:
        return alarms_entries(config->alarms);
    }
}

/* The next number, 0 at first. Of the journal: the first entry that can be in the time asked for.
 */
static uint64_t module_next(const struct lookup *lookup, const struct sql_config *config)
{
    uint64_t next = lookup->number + 1, first;
    if (lookup->filter.table != SQL_JOURNAL)
        return next;
    first = lookup->number == 0 ? alarms_entry_at(config->alarms, lookup->filter.from_ns)
                                : alarms_entries_first(config->alarms);
    return next > first ? next : first;
}

static void module_row(struct lookup *lookup, const struct sql_config *config, uint64_t number)
{
    switch (lookup->filter.table) {
    case SQL_TYPES:
        put_type(lookup, config, (uint32_t)number);
        break;
    case SQL_ASSETS:
        put_asset(lookup, config, (uint32_t)number);
        break;
    case SQL_RULES:
        put_rule(lookup, config, (uint32_t)number);
        break;
    case SQL_ALARMS:
        put_alarm(lookup, config, (uint32_t)number);
        break;
    case SQL_DOCUMENTS:
        put_document(lookup, config, (uint32_t)number);
        break;
    case SQL_ROSTERS:
        put_roster(lookup, config, (uint32_t)number);
        break;
    case SQL_CHANNELS:
        put_channel(lookup, config, (uint32_t)number);
        break;
    default:
        put_entry(lookup, config, number);
    }
    if (lookup->texts.failed)
        lookup->err = ERR_NO_MEMORY;
}

bool module_step(struct lookup *lookup, const struct sql_config *config, int64_t until_ns)
{
    unsigned looks = 0;
    lookup->over = config->alarms == NULL;
    while (!lookup->over && lookup->err == OK && lookup->texts.size < LOOKUP_BYTES) {
        uint64_t next = module_next(lookup, config);
        lookup->over = next > module_last(config, lookup->filter.table);
        if (lookup->over)
            break;
        lookup->number = next;
        module_row(lookup, config, next);
        if (query_sight_failed(lookup->sight))
            lookup->err = ERR_NO_MEMORY;
        if (++looks % ROWS_A_LOOK == 0 && config->clock->boot_ns(config->clock) >= until_ns)
            return false;
    }
    return true;
}
