/* What is left of a deleted tenant goes: its points are retired, then their samples are erased, a
 * piece a step, while others are served. What was done is known from the state alone, so that it
 * goes on after a restart: the tenant is gone when there is a complete erasure of it with our
 * reason. And the certificate that says so.
 *
 *   look for a deleted tenant without it -> remove its channels, rosters, routes and rules ->
 *   retire its points -> erase all of its points -> look */
#include "web/people_erase.h"
#include "web/exchange.h"
#include "web/notices.h"
#include "web/people.h"

#include <stdlib.h>
#include <string.h>

#define ERASE_REASON "the tenant was deleted"
#define ERASE_AUTHOR "server"
#define RETIRES_MAX 64             /* commands under way */
#define NOTICES_MOST 4096          /* commands: more than a tenant can have */
#define ERASE_WINDOW (15u * 2048u) /* ids of one command: see archive_erase.c */

enum erase_phase { ERASE_LOOKS, ERASE_RETIRES, ERASE_ERASES };
struct tenant_eraser {
    enum erase_phase phase;
    uint32_t tenant;     /* looked at up to it; the one that is being erased */
    uint32_t point;      /* looked at up to it */
    uint32_t at_erasure; /* erasures looked at */
    uint32_t erasure;    /* 0: not begun */
    uint32_t under_way;
    uint32_t notices; /* commands given for those */
    uint32_t rule;    /* looked at up to it */
    bool over, poked;
    uint32_t found;
    uint16_t range_count;
    struct point_range ranges[ERASE_RANGES_MAX];
};

static struct archive *archive_of(const struct web *web)
{
    return engine_archive(web->config.engine);
}

/* Whoever erases writes what reason he likes, but he is never this author (author_of). */
static bool erasure_is_ours(const struct erasure_view *view, uint32_t tenant)
{
    return view->tenant == tenant && bytes_equal(view->reason, bytes_text(ERASE_REASON)) &&
           bytes_equal(view->author, bytes_text(ERASE_AUTHOR)) &&
           bytes_equal(view->pattern, bytes_text("#")) && view->from_ns == TIME_MIN_NS &&
           view->to_ns == TIME_MAX_NS;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static bool eraser_give(struct web *web, const struct command *command)
{
    struct admitted admitted;
    bool given = engine_command(web->config.engine, command, ERASER_TAG, &admitted) == ADMIT_DONE;
    web->eraser->under_way += given;
    return given;
}

static bool point_is_of(const struct web *web, uint32_t point, uint32_t tenant)
{
    struct point_row row;
    points_row(web->points, points_row_of(web->points, point), &row);
    return row.tenant == tenant;
}

static bool retire(struct web *web, uint32_t point)
{
    uint8_t path[PATH_MAX_BYTES];
    struct point_view view;
    points_view(web->points, point, &view);
    if (view.retired)
        return true;
    size_t size = points_path(web->points, point, path);
    struct command command = {
        .kind = COMMAND_RETIRE, .tenant = web->eraser->tenant, .path = bytes_of(path, size)};
    return eraser_give(web, &command);
}

/* One at a time: what comes next follows from what became of it. True: something is left. */
static bool notices_go(struct web *web)
{
    uint8_t at[NOTICE_NAME_MAX + 16];
    struct tenant_eraser *eraser = web->eraser;
    struct form_writer form = {.at = at, .capacity = sizeof at};
    struct command command = {.tenant = eraser->tenant};
    if (eraser->under_way > 0)
        return true;
    if (eraser->notices == NOTICES_MOST ||
        !notices_erase_next(engine_notices(web->config.engine), &command, &form))
        return false;
    eraser->notices += eraser_give(web, &command);
    return true;
}

static bool rule_remove(struct web *web, uint32_t rule)
{
    uint8_t at[RULE_NAME_MAX + 16];
    struct form_writer form = {.at = at, .capacity = sizeof at};
    struct command command = {.kind = COMMAND_RULE_REMOVE, .tenant = web->eraser->tenant};
    form_put_text(&form, RULE_TAG_NAME, alarms_rule_name(engine_alarms(web->config.engine), rule));
    return form_end(&form, &command.module.form) && eraser_give(web, &command);
}

/* Its alarms go with them. True: all rules were looked at; else *ret_now: there is more to do now.
 */
static bool rules_went(struct web *web, struct turn *turn, bool *ret_now)
{
    const struct alarms *alarms = engine_alarms(web->config.engine);
    struct tenant_eraser *eraser = web->eraser;
    *ret_now = false;
    while (eraser->rule < alarms_rules(alarms)) {
        uint32_t rule = eraser->rule + 1;
        if (eraser->under_way >= RETIRES_MAX)
            return false;
        if (alarms_rule_tenant(alarms, rule) == eraser->tenant && !rule_remove(web, rule))
            return false; /* the engine says wait */
        eraser->rule = rule;
        *ret_now = turn_is_over(turn, 64);
        if (*ret_now)
            return false;
    }
    return true;
}

/* True: there is more to do now. */
static bool retire_step(struct web *web, struct turn *turn)
{
    struct tenant_eraser *eraser = web->eraser;
    bool now;
    if (eraser->point == 0 && notices_go(web))
        return false;
    if (eraser->point == 0 && !rules_went(web, turn, &now))
        return now;
    while (eraser->point < points_count(web->points)) {
        uint32_t point = eraser->point + 1;
        if (eraser->under_way >= RETIRES_MAX)
            return false;
        if (point_is_of(web, point, eraser->tenant) && !retire(web, point))
            return false; /* the engine says wait */
        eraser->point = point;
        if (turn_is_over(turn, 64))
            return true;
    }
    if (eraser->under_way > 0)
        return false;
    eraser->phase = ERASE_ERASES;
    eraser->point = eraser->found = eraser->range_count = 0;
    eraser->over = false;
    return true;
}

/* A point of the ranges to come; false: they are full. */
static bool range_put(struct tenant_eraser *eraser, uint32_t point)
{
    struct point_range *last =
        eraser->range_count > 0 ? &eraser->ranges[eraser->range_count - 1] : NULL;
    if (eraser->found == ERASE_POINTS_MAX ||
        (last != NULL && point - eraser->ranges[0].first >= ERASE_WINDOW))
        return false;
    if (last != NULL && point == last->first + last->count) {
        last->count++;
    } else {
        if (eraser->range_count == ERASE_RANGES_MAX)
            return false;
        eraser->ranges[eraser->range_count++] = (struct point_range){point, 1};
    }
    eraser->found++;
    return true;
}

static bool erase_give(struct web *web)
{
    struct tenant_eraser *eraser = web->eraser;
    struct command command = {
        .kind = COMMAND_ERASE,
        .tenant = eraser->tenant,
        .erase = {.erasure = eraser->erasure,
                  .complete = eraser->over,
                  .from_ns = TIME_MIN_NS,
                  .to_ns = TIME_MAX_NS,
                  .pattern = bytes_text("#"),
                  .reason = bytes_text(ERASE_REASON),
                  .author = bytes_text(ERASE_AUTHOR),
                  .ranges = eraser->ranges,
                  .range_count = eraser->range_count},
        .actor = {.door = ACTOR_SERVER, .tenant = TENANT_MAIN, .name = bytes_text("server")}};
    return eraser_give(web, &command);
}

static bool erase_step(struct web *web, struct turn *turn)
{
    struct tenant_eraser *eraser = web->eraser;
    if (eraser->under_way > 0)
        return false;
    while (eraser->point < points_count(web->points)) {
        uint32_t point = eraser->point + 1;
        if (point_is_of(web, point, eraser->tenant) && !range_put(eraser, point)) {
            (void)erase_give(web);
            return false;
        }
        eraser->point = point;
        if (turn_is_over(turn, 64))
            return true;
    }
    eraser->over = true;
    (void)erase_give(web);
    return false;
}

/* ---- looking for work --------------------------------------------------------------------------
 */
/* Is it gone, or how far did it come? False: there is more to look at. */
static bool look_at_erasures(struct web *web, struct turn *turn, bool *ret_gone)
{
    struct tenant_eraser *eraser = web->eraser;
    *ret_gone = false;
    while (eraser->at_erasure < archive_erasures(archive_of(web))) {
        struct erasure_view view;
        archive_erasure(archive_of(web), ++eraser->at_erasure, &view);
        if (erasure_is_ours(&view, eraser->tenant)) {
            eraser->erasure = view.erasure;
            *ret_gone = view.complete;
            return true;
        }
        if (turn_is_over(turn, 64))
            return false;
    }
    return true;
}

static bool look_step(struct web *web, struct turn *turn)
{
    struct tenant_eraser *eraser = web->eraser;
    const struct access_model *model = engine_access(web->config.engine);
    struct tenant_view tenant;
    bool gone;
    for (;;) {
        bool deleted = eraser->tenant != TENANT_NONE &&
                       access_tenant(model, eraser->tenant, &tenant) &&
                       tenant.state == TENANT_DELETED;
        if (deleted && !look_at_erasures(web, turn, &gone))
            return true;
        if (deleted && !gone) {
            eraser->phase = ERASE_RETIRES;
            eraser->point = eraser->notices = eraser->rule = 0;
            return true;
        }
        if (eraser->tenant >= access_tenants(model)) {
            if (!eraser->poked)
                return false;
            eraser->poked = false;
            eraser->tenant = TENANT_NONE;
        }
        eraser->tenant++;
        eraser->at_erasure = eraser->erasure = 0;
        if (turn_is_over(turn, 64))
            return true;
    }
}

/* ---- what the web calls ------------------------------------------------------------------------
 */
enum err tenant_eraser_create(struct web *web)
{
    web->eraser = calloc(1, sizeof *web->eraser);
    return web->eraser == NULL ? ERR_NO_MEMORY : OK;
}

void tenant_eraser_poke(struct web *web)
{
    web->eraser->poked = true;
}

bool tenant_eraser_step(struct web *web)
{
    struct turn turn = turn_begin(web);
    if (web->stopping)
        return false;
    switch (web->eraser->phase) {
    case ERASE_RETIRES:
        return retire_step(web, &turn);
    case ERASE_ERASES:
        return erase_step(web, &turn);
    default:
        return look_step(web, &turn);
    }
}

void tenant_eraser_outcome(struct web *web, const struct outcome *outcome)
{
    struct tenant_eraser *eraser = web->eraser;
    if (eraser->under_way > 0)
        eraser->under_way--;
    if (eraser->phase != ERASE_ERASES)
        return; /* a point that is retired twice is retired */
    if (outcome_said(outcome) !=
        OUTCOME_DONE) { /* no room for it: with the next start, or deletion */
        tenant_eraser_lost(web);
        eraser->tenant = access_tenants(engine_access(web->config.engine)) + 1;
        return;
    }
    eraser->erasure = outcome->number;
    eraser->found = eraser->range_count = 0;
    if (eraser->over)
        eraser->phase = ERASE_LOOKS; /* at the same tenant, which is gone now */
    eraser->at_erasure = eraser->over ? 0 : eraser->at_erasure;
}

/* From the beginning of the tenant: what was done is found done. */
void tenant_eraser_lost(struct web *web)
{
    struct tenant_eraser *eraser = web->eraser;
    eraser->phase = ERASE_LOOKS;
    eraser->under_way = eraser->at_erasure = eraser->erasure = 0;
    eraser->over = false;
}

/* ---- the certificate ---------------------------------------------------------------------------
 */
struct certificate {
    uint32_t at;        /* tenants looked at, from the newest on */
    uint32_t tenant;    /* the one; 0: not found yet */
    uint64_t entry;     /* of the audit, looked at down to it */
    bool went, deleted; /* their entries were found: */
    struct audit_view entry_deleted;
    uint8_t actor[ACTOR_NAME_MAX], had[AUDIT_TEXT_MAX];
    size_t had_size;
    uint32_t erasure, erasures;
};

static void put_deleted(struct exchange *exchange, const struct certificate *of)
{
    struct json_writer *json = &exchange->json;
    const struct audit_view *entry = &of->entry_deleted;
    json_put_name(json, "deleted");
    if (!of->deleted) {
        json_put_null(json);
        return;
    }
    json_put_object(json);
    json_member_count(json, "entry", entry->number);
    json_member_count(json, "position", entry->position);
    json_member_time(json, "time", entry->wall_ns);
    json_member_string(json, "actor", entry->actor);
    put_hex(json, "chain", bytes_of(entry->chain, sizeof entry->chain));
    json_put_object_end(json);
}

static bool put_erasure(struct exchange *exchange, uint32_t erasure)
{
    struct json_writer *json = &exchange->json;
    struct erasure_view view;
    json_put_name(json, "erasure");
    if (erasure == 0) {
        json_put_null(json);
        return false;
    }
    archive_erasure(archive_of(exchange->web), erasure, &view);
    json_put_object(json);
    json_member_count(json, "number", erasure);
    json_member_count(json, "points", view.points);
    json_member_bool(json, "complete", view.complete);
    json_member_count(json, "position", view.position);
    json_member_count(json, "position_last", view.position_last);
    json_member_time(json, "time", view.wall_ns);
    json_put_object_end(json);
    return view.complete;
}

static enum handled certificate_answer(struct exchange *exchange)
{
    const struct certificate *of = exchange->state;
    struct json_writer *json = &exchange->json;
    const struct access_model *model = people_model(exchange);
    struct tenant_view tenant;
    uint8_t head[32];
    if (!access_tenant(model, of->tenant, &tenant))
        return answer_nobody(exchange, "tenant");
    access_audit_head(model, head);
    json_put_object(json);
    json_member_string(json, "tenant", tenant.name);
    json_member_count(json, "number", tenant.tenant);
    put_text(json, "title", tenant.title);
    put_text(json, "went", bytes_of(of->had, of->had_size));
    put_deleted(exchange, of);
    bool complete = put_erasure(exchange, of->erasure);
    struct sessions_tenant kept;
    sessions_tenant(engine_sessions(exchange->web->config.engine), of->tenant, &kept);
    json_put_name(json, "left");
    json_put_object(json);
    json_member_count(json, "retained", kept.retained);
    json_member_count(json, "kept_bytes", kept.held);
    json_put_object_end(json);
    complete = complete && kept.held == 0 && kept.retained == 0;
    json_member_text(json, "state", complete ? "done" : "under way");
    json_put_name(json, "audit");
    json_put_object(json);
    json_member_count(json, "count", access_audit_count(model));
    put_hex(json, "head", bytes_of(head, sizeof head));
    json_put_object_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static bool is_about(const struct audit_view *entry, const char *action, struct bytes name)
{
    return bytes_equal(entry->action, bytes_text(action)) &&
           bytes_equal(entry->outcome, bytes_text("done")) && entry->object.size == name.size + 7 &&
           memcmp(entry->object.at, "tenant/", 7) == 0 &&
           memcmp(entry->object.at + 7, name.at, name.size) == 0;
}

static void certificate_look(struct certificate *of, const struct audit_view *entry,
                             struct bytes name)
{
    if (!of->went && is_about(entry, TENANT_INVENTORY, name)) {
        of->went = true;
        of->had_size = entry->detail.size;
        memcpy(of->had, entry->detail.at, entry->detail.size);
    }
    if (!of->deleted && is_about(entry, "tenant.state", name) &&
        bytes_equal(entry->detail, bytes_text("deleted"))) {
        of->deleted = true;
        of->entry_deleted = *entry;
        memcpy(of->actor, entry->actor.at, entry->actor.size);
        of->entry_deleted.actor = bytes_of(of->actor, entry->actor.size);
    }
}

/* What was erased before the deletion says nothing of it. */
static bool erasure_is_behind(const struct exchange *exchange, const struct erasure_view *view)
{
    const struct certificate *of = exchange->state;
    return !of->deleted || view->position > of->entry_deleted.position;
}

/* The newest deleted tenant of this name; then the entry of the audit, and the erasure. */
static enum handled certificate_go(struct exchange *exchange)
{
    struct certificate *of = exchange->state;
    const struct access_model *model = people_model(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct tenant_view tenant;
    for (; of->tenant == TENANT_NONE && of->at > TENANT_MAIN; of->at--) {
        if (access_tenant(model, of->at, &tenant) && tenant.state == TENANT_DELETED &&
            bytes_equal(tenant.name, exchange->arg))
            of->tenant = of->at;
        if (turn_is_over(&turn, 64))
            return HANDLED_STEP;
    }
    if (of->tenant == TENANT_NONE)
        return answer_nobody(exchange, "tenant");
    for (; !of->went && of->entry >= access_audit_first(model); of->entry--) {
        struct audit_view entry;
        enum audit_found found =
            engine_audit_entry(exchange->web->config.engine, of->entry, &entry);
        if (found == AUDIT_LATER)
            return HANDLED_FULL;
        if (found == AUDIT_FOUND)
            certificate_look(of, &entry, exchange->arg);
        if (turn_is_over(&turn, 64))
            return HANDLED_STEP;
    }
    for (; of->erasure == 0 && of->erasures > 0; of->erasures--) {
        struct erasure_view view;
        archive_erasure(archive_of(exchange->web), of->erasures, &view);
        if (erasure_is_ours(&view, of->tenant) && erasure_is_behind(exchange, &view))
            of->erasure = of->erasures;
        if (turn_is_over(&turn, 64))
            return HANDLED_STEP;
    }
    return certificate_answer(exchange);
}

enum handled handle_certificate(struct exchange *exchange)
{
    struct certificate *of = exchange_keep(exchange, sizeof *of);
    if (of == NULL)
        return HANDLED;
    of->at = access_tenants(people_model(exchange));
    of->entry = access_audit_count(people_model(exchange));
    of->erasures = archive_erasures(archive_of(exchange->web));
    exchange->resume = certificate_go;
    return certificate_go(exchange);
}
