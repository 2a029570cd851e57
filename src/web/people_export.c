/* All that is configured of a tenant, as one NDJSON: what it is, who may what, its points with
 * their settings, policies, corrections, annotations, retained messages, and its audit. A line a
 * thing: {"role":{..}}. No secret is in it: accounts stand without what proves them. Samples are
 * exported by the routes of samples.
 *
 * A phase after the other, a piece a step; each phase walks numbers. */
#include "web/exchange.h"
#include "web/people.h"

#include "secrets/secrets.h"

#include <stdlib.h>

enum export_phase {
    EXPORT_TENANT,
    EXPORT_ROLES,
    EXPORT_ACCOUNTS,
    EXPORT_GIVEN,
    EXPORT_TAKEN,
    EXPORT_PROVIDERS,
    EXPORT_POLICIES,
    EXPORT_POINTS,
    EXPORT_CORRECTIONS,
    EXPORT_ANNOTATIONS,
    EXPORT_RETAINED,
    EXPORT_AUDIT,
    EXPORT_PHASES
};
struct export
{
    enum export_phase phase;
    uint32_t tenant;
    uint64_t at; /* in the phase: looked at up to it */
    bool later;  /* the next entry of the audit is being read */
    bool broken; /* there was no memory for something: no part is taken for the whole */
};

static struct archive *archive_of(const struct exchange *exchange)
{
    return engine_archive(exchange->web->config.engine);
}

static void line_begin(struct exchange *exchange, const char *name)
{
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, name);
}

static void line_end(struct exchange *exchange)
{
    json_put_object_end(&exchange->json);
    json_put_line_end(&exchange->json);
}

/* ---- phases: each looks at one number and answers whether there may be more --------------------
 */
static bool export_tenant(struct exchange *exchange, struct export *of)
{
    struct tenant_view tenant;
    if (access_tenant(people_model(exchange), of->tenant, &tenant)) {
        line_begin(exchange, "tenant");
        tenant_put(exchange, &tenant);
        line_end(exchange);
    }
    return false;
}

static bool export_role(struct exchange *exchange, struct export *of)
{
    struct role_view role;
    if (!access_role_at(people_model(exchange), of->tenant, (uint32_t)of->at, &role))
        return false;
    of->at++;
    if (!role.builtin) {
        line_begin(exchange, "role");
        role_put(&exchange->json, &role);
        line_end(exchange);
    }
    return true;
}

static bool export_account(struct exchange *exchange, struct export *of)
{
    struct account_view account;
    uint32_t at = access_account_next(people_model(exchange), of->tenant, (uint32_t)of->at);
    if (at == ACCOUNT_NONE)
        return false;
    of->at = at;
    access_account(people_model(exchange), at, &account);
    line_begin(exchange, "account");
    json_put_object(&exchange->json);
    json_member_text(&exchange->json, "kind", account_kind_words[account.kind]);
    account_put(exchange, &account);
    put_text(&exchange->json, "email", account.email);
    put_text(&exchange->json, "language", account.language);
    json_put_object_end(&exchange->json);
    line_end(exchange);
    return true;
}

static bool export_share(struct exchange *exchange, struct export *of)
{
    struct share_view share;
    uint32_t at = access_share_next(people_model(exchange), of->tenant, of->phase == EXPORT_GIVEN,
                                    (uint32_t)of->at);
    if (at == SHARE_NONE)
        return false;
    of->at = at;
    if (access_share(people_model(exchange), at, &share)) {
        line_begin(exchange, "share");
        share_put(exchange, &share);
        line_end(exchange);
    }
    return true;
}

static bool export_provider(struct exchange *exchange, struct export *of)
{
    struct provider_view provider;
    if (of->at >= access_providers(people_model(exchange)))
        return false;
    if (access_provider(people_model(exchange), (uint32_t)++of->at, &provider) &&
        provider.tenant == of->tenant && !provider.removed) {
        line_begin(exchange, "provider");
        provider_put(&exchange->json, &provider);
        line_end(exchange);
    }
    return true;
}

static void policy_line(struct exchange *exchange, const struct policy *policy)
{
    static const char *const tiers[POLICY_TIERS] = {"minute_s", "hour_s", "day_s"};
    struct json_writer *json = &exchange->json;
    const struct policy_rules *rules = &policy->rules;
    line_begin(exchange, "policy");
    json_put_object(json);
    json_member_string(json, "name", policy->name);
    json_member_string(json, "match", policy->pattern);
    json_member_real(json, "deadband", rules->deadband);
    json_member_real(json, "deadband_percent", rules->deadband_percent);
    json_member_integer(json, "retention_s", rules->retention_ns / NS_PER_S);
    json_put_name(json, "rollups");
    json_put_object(json);
    for (size_t i = 0; i < POLICY_TIERS; i++)
        if (rules->rollup_ns[i] != POLICY_NO_ROLLUP)
            json_member_integer(json, tiers[i], rules->rollup_ns[i] / NS_PER_S);
    json_put_object_end(json);
    json_member_text(json, "when_full",
                     rules->when_full == POLICY_FULL_KEEP ? "keep" : "drop_oldest");
    json_member_count(json, "priority", rules->priority);
    json_put_object_end(json);
    line_end(exchange);
}

/* There are at most a thousand of all tenants. */
static bool export_policies(struct exchange *exchange, struct export *of)
{
    struct policy_set *set;
    if (archive_policies(archive_of(exchange), &set) != OK)
        return false;
    for (uint32_t i = 0; i < policy_set_count(set); i++)
        if (policy_set_at(set, i)->tenant == of->tenant)
            policy_line(exchange, policy_set_at(set, i));
    policy_set_release(set);
    return false;
}

static bool export_point(struct exchange *exchange, struct export *of)
{
    struct point_row row;
    struct point_view view;
    const struct points *points = exchange->web->points;
    if (of->at >= points_count(points))
        return false;
    uint32_t point = (uint32_t)++of->at;
    points_row(points, points_row_of(points, point), &row);
    if (row.tenant != of->tenant)
        return true;
    points_view(points, point, &view);
    if (view.retired)
        return true;
    line_begin(exchange, "point");
    point_put(exchange, point, true);
    line_end(exchange);
    return true;
}

static bool export_correction(struct exchange *exchange, struct export *of)
{
    struct json_writer *json = &exchange->json;
    struct correction_view view;
    if (of->at >= archive_corrections(archive_of(exchange)))
        return false;
    archive_correction(archive_of(exchange), (uint32_t)++of->at, &view);
    if (point_tenant(exchange, view.point) != of->tenant ||
        archive_is_erased(archive_of(exchange), view.point, view.time_ns, view.position))
        return true;
    line_begin(exchange, "correction");
    json_put_object(json);
    json_member_count(json, "correction", of->at);
    put_point(exchange, view.point);
    json_member_time(json, "time", view.time_ns);
    json_put_name(json, "value");
    json_put_value(json, &view.value);
    put_text(json, "reason", view.reason);
    put_text(json, "author", view.author);
    json_member_time(json, "made", view.wall_ns);
    json_put_object_end(json);
    line_end(exchange);
    return true;
}

static bool export_annotation(struct exchange *exchange, struct export *of)
{
    struct json_writer *json = &exchange->json;
    struct annotation_view view;
    if (of->at >= archive_annotations(archive_of(exchange)))
        return false;
    archive_annotation(archive_of(exchange), (uint32_t)++of->at, &view);
    if (point_tenant(exchange, view.point) != of->tenant || view.removed)
        return true;
    line_begin(exchange, "annotation");
    json_put_object(json);
    json_member_count(json, "annotation", of->at);
    put_point(exchange, view.point);
    put_when(json, "time", view.from_ns);
    put_when(json, "to", view.to_ns);
    json_member_string(json, "text", view.text);
    put_text(json, "author", view.author);
    json_member_time(json, "made", view.wall_ns);
    json_put_object_end(json);
    line_end(exchange);
    return true;
}

/* Payloads are any bytes: in base64 for names of files (RFC 4648, 5), without padding. */
static bool retained_line(struct exchange *exchange, uint32_t message,
                          const struct message_view *view)
{
    const struct sessions *sessions = engine_sessions(exchange->web->config.engine);
    struct json_writer *json = &exchange->json;
    size_t size = view->topic_size + view->payload_size + view->properties_size;
    uint8_t *at = malloc(size + 1);
    char *text = malloc(SECRET_BASE64_SIZE(view->payload_size));
    bool good = at != NULL && text != NULL;
    if (good) {
        sessions_message_copy(sessions, message, at);
        secret_base64_put(bytes_of(at + view->topic_size, view->payload_size), text);
        line_begin(exchange, "retained");
        json_put_object(json);
        json_member_string(json, "topic", bytes_of(at, view->topic_size));
        json_member_count(json, "qos", view->qos);
        json_member_text(json, "payload_base64", text);
        put_when(json, "expires", view->expires_wall_ns);
        json_put_object_end(json);
        line_end(exchange);
    }
    free(at);
    free(text);
    return good;
}

static bool export_retained(struct exchange *exchange, struct export *of)
{
    const struct sessions *sessions = engine_sessions(exchange->web->config.engine);
    struct message_view view;
    if (of->at >= sessions_retained_highest(sessions))
        return false;
    uint32_t message = sessions_retained_at(sessions, (uint32_t)++of->at);
    if (message == MESSAGE_NONE)
        return true;
    sessions_message(sessions, message, &view);
    of->broken = of->broken || (view.tenant == of->tenant && view.payload_size > 0 &&
                                !retained_line(exchange, message, &view));
    return true;
}

static bool export_entry(struct exchange *exchange, struct export *of)
{
    const struct access_model *model = people_model(exchange);
    struct audit_view entry;
    struct audit_run run;
    if (of->at + 1 < access_audit_first(model))
        of->at = access_audit_first(model) - 1;
    if (of->at >= access_audit_count(model))
        return false;
    if (access_audit_run(model, of->at + 1, &run) &&
        !access_audit_run_may_hold(model, &run, of->tenant, INT64_MIN, INT64_MAX)) {
        of->at = run.last;
        return true;
    }
    enum audit_found found = engine_audit_entry(exchange->web->config.engine, of->at + 1, &entry);
    of->later = found == AUDIT_LATER;
    of->at += !of->later;
    if (found == AUDIT_FOUND && entry.tenant == of->tenant) {
        line_begin(exchange, "audit");
        audit_entry_put(exchange, &entry);
        line_end(exchange);
    }
    return true;
}

/* ---- the walk ----------------------------------------------------------------------------------
 */
static bool (*const phases[EXPORT_PHASES])(struct exchange *exchange, struct export *of) = {
    [EXPORT_TENANT] = export_tenant,
    [EXPORT_ROLES] = export_role,
    [EXPORT_ACCOUNTS] = export_account,
    [EXPORT_GIVEN] = export_share,
    [EXPORT_TAKEN] = export_share,
    [EXPORT_PROVIDERS] = export_provider,
    [EXPORT_POLICIES] = export_policies,
    [EXPORT_POINTS] = export_point,
    [EXPORT_CORRECTIONS] = export_correction,
    [EXPORT_ANNOTATIONS] = export_annotation,
    [EXPORT_RETAINED] = export_retained,
    [EXPORT_AUDIT] = export_entry};

static enum handled export_go(struct exchange *exchange)
{
    struct export *of = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    while (of->phase < EXPORT_PHASES) {
        if (of->broken)
            return stream_break(exchange);
        if (!phases[of->phase](exchange, of)) {
            of->phase++;
            of->at = 0;
        }
        if (of->later)
            return stream_lines_later(exchange);
        if (turn_is_over(&turn, 512))
            return stream_lines(exchange);
    }
    return stream_lines_end(exchange);
}

enum handled handle_tenant_export(struct exchange *exchange)
{
    uint32_t tenant = access_tenant_find(people_model(exchange), exchange->arg);
    if (tenant == TENANT_NONE)
        return answer_nobody(exchange, "tenant");
    struct export *of = exchange_keep(exchange, sizeof *of);
    if (of == NULL)
        return HANDLED;
    of->tenant = tenant;
    exchange->resume = export_go;
    if (exchange->principal != NULL)
        access_tell(exchange->web->config.access, exchange->principal, "export",
                    bytes_text("tenant"), tenant_name(exchange, tenant), "done");
    return export_go(exchange);
}
