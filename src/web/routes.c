/* The table of routes: the one place that says what is asked how. The router, the OpenAPI document
 * and its page are made from it. */
#include "web/ask.h"
#include "web/room.h"

#include <string.h>

#define LIST_PARAMETERS                                                                            \
    {"limit", "integer", "how many at most: 1 to 1000, 100 unless told", false},                   \
    {                                                                                              \
        "after", "string", "`next` of the page before", false                                      \
    }

static const struct parameter points_parameters[] = {
    {"match", "string", "pattern of paths, as plant/+/temp or plant/#", false},
    {"contains", "string", "text that the path holds, in either case of letters", false},
    {"label", "string", "name:value, or name alone; several must all hold", true},
    {"type", "float64|int64|bool|string", "only points of this type", false},
    {"quality", "good|uncertain|bad", "only points whose value has this quality", false},
    {"state", "none|low_low|low|normal|high|high_high", "only points in this limit state", false},
    {"whole", "boolean", "with description, labels, limits and refusals", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter tree_parameters[] = {
    {"path", "string", "the branch; nothing is the root", false},
    {"values", "boolean", "with the values of the points among the children", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter clients_parameters[] = {
    {"match", "string", "client id; * is any characters and ? one", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter retained_parameters[] = {
    {"match", "string", "topic filter, as plant/#", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter topics_parameters[] = {
    {"contains", "string", "text that the topic holds, in either case of letters", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter policies_parameters[] = {
    {"path", "string", "only those that match it, and which one decides", false},
    {NULL, NULL, NULL, false}};
static const struct parameter erasures_parameters[] = {LIST_PARAMETERS, {NULL, NULL, NULL, false}};
#define NOTES_PARAMETERS                                                                           \
    {"path", "string", "of one point", false},                                                     \
        {"match", "string", "pattern of paths, instead of path", false},                           \
        {"from", "string", "not before this time", false},                                         \
    {                                                                                              \
        "to", "string", "before this time", false                                                  \
    }
static const struct parameter corrections_parameters[] = {
    NOTES_PARAMETERS, LIST_PARAMETERS, {NULL, NULL, NULL, false}};
static const struct parameter annotations_parameters[] = {
    NOTES_PARAMETERS,
    {"removed", "boolean", "with those that were removed", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter events_parameters[] = {
    {"match", "string", "pattern of paths", true},
    {"pace", "integer", "least time between two deltas in ms: 0 to 60000", false},
    {NULL, NULL, NULL, false}};

static const struct parameter write_parameters[] = {
    {"db", "string", "not looked at: there are no databases", false},
    {"rp", "string", "not looked at", false},
    {"precision", "string", "of the times: n, ns, u, us, ms, s, m, h; ns unless told", false},
    {"consistency", "string", "not looked at", false},
    {"u", "string", "name of an account", false},
    {"p", "string", "its password, or a token", false},
    {NULL, NULL, NULL, false}};
static const struct parameter write_v2_parameters[] = {
    {"org", "string", "not looked at", false},
    {"orgID", "string", "not looked at", false},
    {"bucket", "string", "not looked at: there are no buckets", false},
    {"precision", "string", "of the times: ns, us, ms, s; ns unless told", false},
    {NULL, NULL, NULL, false}};
static const struct parameter ping_parameters[] = {
    {"verbose", "boolean", "200 with the version, instead of 204", false},
    {"wait_for_leader", "string", "not looked at", false},
    {NULL, NULL, NULL, false}};
static const struct parameter influx_query_parameters[] = {
    {"q", "string", "CREATE DATABASE name, or SHOW DATABASES", false},
    {"db", "string", "not looked at", false},
    {"rp", "string", "not looked at", false},
    {"epoch", "string", "not looked at", false},
    {"precision", "string", "not looked at", false},
    {"chunked", "string", "not looked at", false},
    {"pretty", "string", "not looked at", false},
    {"params", "string", "not looked at", false},
    {"u", "string", "name of an account", false},
    {"p", "string", "its password, or a token", false},
    {NULL, NULL, NULL, false}};

#define TENANT_PARAMETER                                                                           \
    {                                                                                              \
        "tenant", "string", "another tenant's: for who administers $server/tenants", false         \
    }
static const struct parameter tenant_parameters[] = {TENANT_PARAMETER, {NULL, NULL, NULL, false}};
static const struct parameter login_parameters[] = {
    {"tenant", "string", "whose; main unless told", false}, {NULL, NULL, NULL, false}};
static const struct parameter openid_begin_parameters[] = {
    {"tenant", "string", "whose; main unless told", false},
    {"return", "string", "where to go then: a path here, of at most 64 bytes", false},
    {NULL, NULL, NULL, false}};
static const struct parameter openid_callback_parameters[] = {
    {"state", "string", "as it was given to the provider", false},
    {"code", "string", "for the provider's tokens", false},
    {"iss", "string", "who sends the browser", false},
    {"error", "string", "why there is no code", false},
    {NULL, NULL, NULL, false}};
static const struct parameter people_parameters[] = {
    {"contains", "string", "text that name or title holds, in either case of letters", false},
    TENANT_PARAMETER,
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter sessions_parameters[] = {
    {"user", "string", "whose; without it who asks", false},
    TENANT_PARAMETER,
    {NULL, NULL, NULL, false}};
static const struct parameter tenants_parameters[] = {
    {"state", "active|suspended|deleted", "only these; without it all but deleted ones", false},
    {"contains", "string", "text that name or title holds, in either case of letters", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter shares_parameters[] = {
    TENANT_PARAMETER,
    {"state", "string", "ended: those that ended, newest first; without it the others", false},
    {"after", "string", "`next` of the page before", false},
    {NULL, NULL, NULL, false}};
#define AUDIT_PARAMETERS                                                                           \
    {"all", "boolean", "of all tenants: for who sees $server/audit", false},                       \
        {"account", "string", "text that the name of who did it holds", false},                    \
        {"action", "string", "what the action begins with, as login or account.", false},          \
        {"object", "string", "text that what it was done to holds", false},                        \
        {"outcome", "string", "done, another one, or failed: all but done", false},                \
        {"since", "string", "not before this time", false},                                        \
        {"until", "string", "before this time", false}, TENANT_PARAMETER
static const struct parameter audit_parameters[] = {
    AUDIT_PARAMETERS, LIST_PARAMETERS, {NULL, NULL, NULL, false}};
static const struct parameter audit_export_parameters[] = {
    AUDIT_PARAMETERS,
    {"after", "integer", "only entries behind this number", false},
    {NULL, NULL, NULL, false}};
static const struct parameter why_parameters[] = {
    {"path", "string", "of a point, or a resource as $tenant/users", false},
    {"right", "see|write|acknowledge|configure|administer", "see unless told", false},
    {"user", "string", "about this person; without any, about who asks", false},
    {"device", "string", "about this device", false},
    {"token", "string", "about this API token", false},
    {NULL, NULL, NULL, false}};

static const struct parameter dry_run_parameters[] = {
    {"dry_run", "boolean", "says what it would do, and does nothing", false},
    {NULL, NULL, NULL, false}};
static const struct parameter pages_parameters[] = {LIST_PARAMETERS, {NULL, NULL, NULL, false}};
static const struct parameter type_parameters[] = {
    {"own", "boolean", "only what it says itself, not what it inherits", false},
    {NULL, NULL, NULL, false}};
#define AT_PARAMETER                                                                               \
    {                                                                                              \
        "at", "string", "as it was at this time", false                                            \
    }
static const struct parameter asset_parameters[] = {AT_PARAMETER, {NULL, NULL, NULL, false}};
static const struct parameter assets_parameters[] = {
    {"under", "string", "path of an asset: it and all below it", false},
    {"type", "string", "of this type, or of one below it", false},
    {"level", "enterprise|site|area|line|unit|device", "of the hierarchy", false},
    {"contains", "string", "text that path or title holds, in either case of letters", false},
    AT_PARAMETER,
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter asset_retire_parameters[] = {
    {"parts", "boolean", "with all below it", false}, {NULL, NULL, NULL, false}};
static const struct parameter asset_tree_parameters[] = {
    {"path", "string", "of an asset; nothing is the top", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter assets_export_parameters[] = {
    {"under", "string", "path of an asset: it and all below it", false},
    {"format", "json|csv", "json unless told, with types; csv: assets alone", false},
    {NULL, NULL, NULL, false}};
static const struct parameter map_parameters[] = {
    {"west", "string", "degrees; -180 unless told", false},
    {"south", "string", "degrees; -90 unless told", false},
    {"east", "string", "degrees; 180 unless told; west of `west`: over the date line", false},
    {"north", "string", "degrees; 90 unless told", false},
    {"zoom", "integer", "0 to 24; 10 unless told", false},
    {NULL, NULL, NULL, false}};
static const struct parameter rules_parameters[] = {
    {"path", "string", "of a point: only those that stand on it, and which of them win", false},
    {"type", "string", "only those that stand on this type itself", false},
    {"contains", "string", "text that name, title or path holds", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
#define ALARM_PARAMETERS                                                                           \
    {"match", "string", "pattern of paths, as plant/+/temp or plant/#", false},                    \
        {"priority", "string", "1 to 8, or a range as 1-2", true},                                 \
        {"rule", "string", "name of a rule", false},                                               \
        {"type", "string", "of assets of this type, or of one below it", false},                   \
    {                                                                                              \
        "under", "string", "path of an asset: of it and of all below it", false                    \
    }
static const struct parameter alarms_parameters[] = {
    {"state", "string", "a state, as unacknowledged or shelved", true},
    ALARM_PARAMETERS,
    {"assignee", "string", "who sees to it", false},
    {"contains", "string", "text that path, title or rule holds", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter alarm_journal_parameters[] = {
    {"from", "string", "not before this time, of arrival", false},
    {"to", "string", "before this time", false},
    {"stood", "string", "of each alarm that was not normal at this time the last entry", false},
    {"alarm", "integer", "number of an alarm", false},
    {"event", "string", "as acknowledge or condition holds", false},
    {"state", "string", "the state afterwards", true},
    ALARM_PARAMETERS,
    {"contains", "string", "text that path, title or rule holds", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter alarm_statistics_parameters[] = {
    {"from", "string", "not before this time; a day before `to` unless told", false},
    {"to", "string", "before this time; now unless told", false},
    {"shift", "string", "how long a shift is; 8h unless told", false},
    ALARM_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter handovers_parameters[] = {
    {"branch", "string", "only those about it", false}, LIST_PARAMETERS, {NULL, NULL, NULL, false}};
static const struct parameter notice_parameters[] = {LIST_PARAMETERS, {NULL, NULL, NULL, false}};
static const struct parameter roster_parameters[] = {
    {"at", "string", "who is on call at this time; now unless told", false},
    {NULL, NULL, NULL, false}};
static const struct parameter deliveries_parameters[] = {
    {"channel", "string", "only to this one", false},
    {"state", "waiting|sent|given_up", "only those", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};

static const struct parameter documents_parameters[] = {
    {"search", "string", "words that all must be there, in any order; those within \"..\" in theirs",
     false},
    {"attached", "string", "to type:NAME, asset:PATH, rule:NAME or branch:PATH", false},
    LIST_PARAMETERS,
    {NULL, NULL, NULL, false}};
static const struct parameter document_put_parameters[] = {
    {"title", "string", "as people call it, up to 256 bytes; it stays unless told", false},
    {"attach", "string", "to type:NAME, asset:PATH, rule:NAME or branch:PATH; all it is attached "
                         "to from now on, or it stays",
     true},
    {NULL, NULL, NULL, false}};
static const struct parameter document_content_parameters[] = {
    {"version", "integer", "the newest unless told", false}, {NULL, NULL, NULL, false}};

const struct route web_routes[] = {
    {HTTP_VERB_GET, "/v1/points/{path}", handle_point_get, "getPoint", "points", "One point, whole",
     NULL, NULL, false, 200, "Point", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/samples", handle_samples, "postSamples", "samples",
     "Take samples; answered when they are on the disk", NULL, "Samples", true, 200,
     "SamplesAnswer", NULL, "413 415 422 429 503 507", RIGHT_WRITE, NULL},
    {HTTP_VERB_POST, "/write", handle_write, "postWrite", "lines",
     "Take line protocol, as InfluxDB 1 does; answered when it is on the disk", write_parameters,
     "Lines", false, 204, NULL, NULL, "413 415 429 503", RIGHT_WRITE, NULL},
    {HTTP_VERB_POST, "/api/v2/write", handle_write_v2, "postWriteV2", "lines",
     "Take line protocol, as InfluxDB 2 does; answered when it is on the disk", write_v2_parameters,
     "Lines", false, 204, NULL, NULL, "413 415 429 503", RIGHT_WRITE, NULL},
    {HTTP_VERB_GET, "/ping", handle_ping, "getPing", "lines", "It lives, as InfluxDB says it",
     ping_parameters, NULL, false, 204, "InfluxVersion", NULL, NULL, RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/health", handle_influx_health, "getInfluxHealth", "lines",
     "It takes writes, as InfluxDB 2 says it", NULL, NULL, false, 200, "InfluxHealth", NULL, "503",
     RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/query", handle_influx_query, "getInfluxQuery", "lines",
     "The statements that clients of InfluxDB 1 send before they write", influx_query_parameters,
     NULL, false, 200, "InfluxResults", NULL, NULL, RIGHT_NONE, NULL},
    {HTTP_VERB_POST, "/query", handle_influx_query, "postInfluxQuery", "lines",
     "The statements that clients of InfluxDB 1 send before they write", influx_query_parameters,
     "InfluxQuery", false, 200, "InfluxResults", NULL, "413 415", RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/points", handle_points_list, "listPoints", "points",
     "Points by pattern, text, label, type, quality or state", points_parameters, NULL, false, 200,
     "Points", NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/points", handle_point_create, "createPoint", "points",
     "Create a point; as NDJSON, a bulk of commands", NULL, "PointCreate", true, 201,
     "CommandAnswer", NULL, "409 413 415 422 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_PATCH, "/v1/points/{path}", handle_point_change, "changePoint", "points",
     "Change a point's settings, or rename it", NULL, "PointChange", false, 200, "CommandAnswer",
     NULL, "404 409 413 415 422 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_DELETE, "/v1/points/{path}", handle_point_retire, "retirePoint", "points",
     "Retire a point: its path is free, what was recorded stays", NULL, NULL, false, 200,
     "CommandAnswer", NULL, "404 409 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_POST, "/v1/commands", handle_commands, "postCommands", "points",
     "One command, or many as NDJSON with an answer a line", NULL, "Command", true, 200,
     "CommandAnswer", NULL, "404 409 413 415 422 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_GET, "/v1/tree", handle_tree, "getTree", "points", "Children of a branch of paths",
     tree_parameters, NULL, false, 200, "Branch", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/samples", handle_ask_samples, "getSamples", "questions",
     "Raw samples of a range, as they were taken", ask_samples_parameters, NULL, false, 200,
     "SamplesOfPoints", NULL, "422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/samples/query", handle_ask_samples, "querySamples", "questions",
     "The same, for lists of points that no URL holds", NULL, "SamplesQuestion", false, 200,
     "SamplesOfPoints", NULL, "413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/buckets", handle_ask_buckets, "getBuckets", "questions",
     "Samples folded into buckets of time", ask_buckets_parameters, NULL, false, 200,
     "BucketsOfPoints", NULL, "422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/buckets", handle_ask_buckets, "queryBuckets", "questions",
     "The same, asked in a body", NULL, "BucketsQuestion", false, 200, "BucketsOfPoints", NULL,
     "413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/trend", handle_ask_trend, "getTrend", "questions",
     "As many samples as a screen shows", ask_trend_parameters, NULL, false, 200, "TrendOfPoints",
     NULL, "422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/trend", handle_ask_trend, "queryTrend", "questions",
     "The same, asked in a body", NULL, "TrendQuestion", false, 200, "TrendOfPoints", NULL,
     "413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/last", handle_ask_last, "getLast", "questions",
     "Of each point the last sample at a time or before", ask_last_parameters, NULL, false, 200,
     "LastOfPoints", NULL, "422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/last", handle_ask_last, "queryLast", "questions",
     "The same, asked in a body", NULL, "LastQuestion", false, 200, "LastOfPoints", NULL,
     "413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/sql", handle_sql, "postSql", "sql",
     "A statement of SQL over points, live values, samples and buckets", NULL, "SqlQuestion", false,
     200, "SqlAnswer", NULL, "413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/sql/schema", handle_sql_schema, "getSqlSchema", "sql",
     "Its tables, columns and functions", NULL, NULL, false, 200, "SqlSchema", NULL, NULL,
     RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/history", handle_history, "getHistory", "history",
     "The store: parts, bytes and values, work in the background, what is missing", NULL, NULL,
     false, 200, "History", NULL, "503", RIGHT_SEE, "$server/history"},
    {HTTP_VERB_POST, "/v1/history/seal", handle_history_seal, "sealHistory", "history",
     "Seal the open window; done in the background", NULL, NULL, false, 202, "HistoryWork", NULL,
     "503", RIGHT_ADMINISTER, "$server/history"},
    {HTTP_VERB_POST, "/v1/history/merge", handle_history_merge, "mergeHistory", "history",
     "Merge all parts; done in the background", NULL, NULL, false, 202, "HistoryWork", NULL, "503",
     RIGHT_ADMINISTER, "$server/history"},
    {HTTP_VERB_GET, "/v1/policies", handle_policies, "listPolicies", "history",
     "Policies of history in their order", policies_parameters, NULL, false, 200, "Policies", NULL,
     NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/policies/{name}", handle_policy_get, "getPolicy", "history", "One policy",
     NULL, NULL, false, 200, "Policy", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/policies/{name}", handle_policy_set, "putPolicy", "history",
     "Make a policy, or replace what it says", NULL, "PolicyPut", false, 200, "PolicyAnswer", NULL,
     "409 413 415 422 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_PATCH, "/v1/policies/{name}", handle_policy_move, "movePolicy", "history",
     "Move a policy to another rank", NULL, "PolicyMove", false, 200, "PolicyAnswer", NULL,
     "404 409 413 415 422 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_DELETE, "/v1/policies/{name}", handle_policy_remove, "removePolicy", "history",
     "Remove a policy", NULL, NULL, false, 200, "PolicyAnswer", NULL, "404 409 422 503 507",
     RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_POST, "/v1/erasures", handle_erase, "eraseSamples", "history",
     "Erase samples of points, for ever and from backups", NULL, "Erase", false, 200, "EraseAnswer",
     NULL, "404 409 413 415 422 503 507", RIGHT_ADMINISTER, NULL},
    {HTTP_VERB_GET, "/v1/erasures", handle_erasures, "listErasures", "history",
     "What was erased, newest first", erasures_parameters, NULL, false, 200, "Erasures", NULL, NULL,
     RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/corrections", handle_correct, "correctSample", "history",
     "Put another value in the place of a sample; the one before is kept", NULL, "Correct", false,
     201, "CorrectAnswer", NULL, "404 409 413 415 422 503 507", RIGHT_CONFIGURE, NULL},
    {HTTP_VERB_GET, "/v1/corrections", handle_corrections, "listCorrections", "history",
     "Corrections and what they replaced, newest first", corrections_parameters, NULL, false, 200,
     "Corrections", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/annotations", handle_annotate, "annotatePoint", "history",
     "Say something of a point, at a time or over a range", NULL, "Annotate", false, 201,
     "AnnotateAnswer", NULL, "404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/annotations", handle_annotations, "listAnnotations", "history",
     "Annotations, newest first", annotations_parameters, NULL, false, 200, "Annotations", NULL,
     "404", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/annotations/{number}", handle_annotation_remove, "removeAnnotation",
     "history", "Remove an annotation; it stays, marked", NULL, NULL, false, 200, "AnnotateAnswer",
     NULL, "404 409 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/session", handle_session, "getSession", "people",
     "Who asks, and what he may", NULL, NULL, false, 200, "Session", NULL, "503", RIGHT_NONE, NULL},
    {HTTP_VERB_POST, "/v1/session", handle_session_begin, "beginSession", "people",
     "Log in: name, password, and a code where there is a second factor", NULL, "Login", false, 200,
     "Session", NULL, "401 403 413 415 422 429 503", RIGHT_NONE, NULL},
    {HTTP_VERB_DELETE, "/v1/session", handle_session_end, "endSession", "people", "Log out", NULL,
     NULL, false, 204, NULL, NULL, "503", RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/session/openid", handle_openid_list, "listLogins", "people",
     "Providers by which people of a tenant may log in", login_parameters, NULL, false, 200,
     "Logins", NULL, NULL, RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/session/openid/{name}/begin", handle_openid_begin, "beginOpenid", "people",
     "Leads a browser to a provider", openid_begin_parameters, NULL, false, 303, NULL, NULL, "503",
     RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/session/openid/callback", handle_openid_callback, "finishOpenid", "people",
     "Where a provider leads it back to", openid_callback_parameters, NULL, false, 303, NULL, NULL,
     "503", RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/me/openid", handle_links, "listLinks", "people",
     "By which people of providers you may log in", NULL, NULL, false, 200, "Links", NULL, "403",
     RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/me/openid/{name}", handle_link_begin, "beginLink", "people",
     "Begin to link your account to somebody of a provider", NULL, NULL, false, 200, "LinkBegun",
     NULL, "403 404 503", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/me/openid/{number}", handle_link_remove, "removeLink", "people",
     "End a link", NULL, NULL, false, 200, "PeopleDone", NULL, "403 404 409 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/sessions", handle_sessions, "listSessions", "people",
     "Browsers that are logged in", sessions_parameters, NULL, false, 200, "Sessions", NULL,
     "403 404", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/sessions/{number}", handle_session_remove, "removeSession", "people",
     "End a session", NULL, NULL, false, 200, "PeopleDone", NULL, "403 404 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/setup", handle_setup, "setUp", "people",
     "Make the first account, which administers the server", NULL, "Setup", false, 201, "Session",
     NULL, "403 409 413 415 422 503", RIGHT_NONE, NULL},
    {HTTP_VERB_POST, "/v1/invitation", handle_invitation, "acceptInvitation", "people",
     "Choose a password with an invitation", NULL, "InvitationAccept", false, 200,
     "InvitationAccepted", NULL, "403 413 415 422 503", RIGHT_NONE, NULL},
    {HTTP_VERB_PATCH, "/v1/me", handle_me_change, "changeMe", "people",
     "Change what is your own: title, language, password", NULL, "MeChange", false, 200, "MeAnswer",
     NULL, "403 413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/me/second-factor", handle_factor_begin, "beginSecondFactor", "people",
     "Begin a second factor: what an authenticator application reads", NULL, NULL, false, 200,
     "SecondFactor", NULL, "403 409 503", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/me/second-factor", handle_factor_confirm, "confirmSecondFactor", "people",
     "Confirm it with a code; recovery codes are told once", NULL, "SecondFactorCode", false, 200,
     "RecoveryCodes", NULL, "403 409 413 415 422 503", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/me/second-factor", handle_factor_remove, "removeSecondFactor", "people",
     "Remove it, with the password", NULL, "PasswordProof", false, 200, "PeopleDone", NULL,
     "403 413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/users", handle_users, "listUsers", "people", "People of a tenant",
     people_parameters, NULL, false, 200, "Users", NULL, "404", RIGHT_SEE, "$tenant/users"},
    {HTTP_VERB_POST, "/v1/users", handle_user_make, "makeUser", "people",
     "Make a person: with a password, or an invitation to choose one", tenant_parameters,
     "UserMake", false, 201, "UserAnswer", NULL, "403 404 409 413 415 422 503 507",
     RIGHT_ADMINISTER, "$tenant/users"},
    {HTTP_VERB_POST, "/v1/users/{name}/invitation", handle_user_invite, "inviteUser", "people",
     "Another invitation; the one before is void", tenant_parameters, NULL, false, 200,
     "UserAnswer", NULL, "403 404 503", RIGHT_ADMINISTER, "$tenant/users"},
    {HTTP_VERB_POST, "/v1/users/{name}/reset", handle_user_reset, "resetUser", "people",
     "End password and sessions, and invite him to choose another one", tenant_parameters,
     "UserReset", false, 200, "UserAnswer", NULL, "403 404 409 413 415 422 503", RIGHT_ADMINISTER,
     "$tenant/users"},
    {HTTP_VERB_GET, "/v1/users/{name}", handle_user, "getUser", "people", "A person",
     tenant_parameters, NULL, false, 200, "User", NULL, "404", RIGHT_SEE, "$tenant/users"},
    {HTTP_VERB_PATCH, "/v1/users/{name}", handle_user_change, "changeUser", "people",
     "Change a person, or what he is granted", tenant_parameters, "UserChange", false, 200,
     "UserAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$tenant/users"},
    {HTTP_VERB_DELETE, "/v1/users/{name}", handle_user_remove, "removeUser", "people",
     "Remove a person; his sessions and tokens end", tenant_parameters, NULL, false, 200,
     "UserAnswer", NULL, "403 404 409 503", RIGHT_ADMINISTER, "$tenant/users"},
    {HTTP_VERB_GET, "/v1/roles", handle_roles, "listRoles", "people",
     "Roles of a tenant, the built-in ones first", tenant_parameters, NULL, false, 200, "Roles",
     NULL, "404", RIGHT_SEE, "$tenant/roles"},
    {HTTP_VERB_PUT, "/v1/roles/{name}", handle_role_set, "putRole", "people",
     "Make a role, or replace what it says", tenant_parameters, "RolePut", false, 200, "RoleAnswer",
     NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$tenant/roles"},
    {HTTP_VERB_DELETE, "/v1/roles/{name}", handle_role_remove, "removeRole", "people",
     "Remove a role that nobody holds", tenant_parameters, NULL, false, 200, "RoleAnswer", NULL,
     "403 404 409 503", RIGHT_ADMINISTER, "$tenant/roles"},
    {HTTP_VERB_GET, "/v1/tokens", handle_tokens, "listTokens", "people",
     "API tokens: your own, or all of the tenant", people_parameters, NULL, false, 200, "Tokens",
     NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/tokens", handle_token_make, "makeToken", "people",
     "Make a token; its text is told once", tenant_parameters, "TokenMake", false, 201,
     "TokenAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/tokens/{name}", handle_token_remove, "removeToken", "people",
     "Remove a token; who uses it is out at once", tenant_parameters, NULL, false, 200,
     "TokenAnswer", NULL, "403 404 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/quota", handle_quota, "getQuota", "people",
     "What the tenant uses, and what it may use at most", tenant_parameters, NULL, false, 200,
     "TenantQuota", NULL, "404", RIGHT_SEE, "$tenant/quotas"},
    {HTTP_VERB_GET, "/v1/tenants", handle_tenants, "listTenants", "people", "Who shares the server",
     tenants_parameters, NULL, false, 200, "Tenants", NULL, NULL, RIGHT_SEE, "$server/tenants"},
    {HTTP_VERB_POST, "/v1/tenants", handle_tenant_make, "makeTenant", "people", "Make a tenant",
     NULL, "TenantMake", false, 201, "TenantAnswer", NULL, "409 413 415 422 503 507",
     RIGHT_ADMINISTER, "$server/tenants"},
    {HTTP_VERB_GET, "/v1/tenants/{name}/export", handle_tenant_export, "exportTenant", "people",
     "All that is configured of a tenant, as NDJSON", NULL, NULL, false, 200, "TenantLine",
     "application/x-ndjson", "404 413", RIGHT_ADMINISTER, "$server/tenants"},
    {HTTP_VERB_GET, "/v1/tenants/{name}/certificate", handle_certificate, "getCertificate",
     "people", "What went of a deleted tenant", NULL, NULL, false, 200, "TenantCertificate", NULL,
     "404", RIGHT_SEE, "$server/tenants"},
    {HTTP_VERB_GET, "/v1/tenants/{name}", handle_tenant, "getTenant", "people", "A tenant", NULL,
     NULL, false, 200, "Tenant", NULL, "404", RIGHT_SEE, "$server/tenants"},
    {HTTP_VERB_PATCH, "/v1/tenants/{name}", handle_tenant_change, "changeTenant", "people",
     "Change a tenant: title, quotas, state", NULL, "TenantChange", false, 200, "TenantAnswer",
     NULL, "404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$server/tenants"},
    {HTTP_VERB_DELETE, "/v1/tenants/{name}", handle_tenant_delete, "deleteTenant", "people",
     "Delete a tenant, with all that is its own", NULL, NULL, false, 202, "TenantAnswer", NULL,
     "404 409 422 503", RIGHT_ADMINISTER, "$server/tenants"},
    {HTTP_VERB_GET, "/v1/devices", handle_devices, "listDevices", "people", "Machines of a tenant",
     people_parameters, NULL, false, 200, "Devices", NULL, "404", RIGHT_SEE, "$tenant/devices"},
    {HTTP_VERB_POST, "/v1/devices", handle_device_make, "makeDevice", "people",
     "Make a device; its token is told once", tenant_parameters, "DeviceMake", false, 201,
     "DeviceAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$tenant/devices"},
    {HTTP_VERB_POST, "/v1/devices/bulk", handle_devices_bulk, "makeDevices", "people",
     "Make up to 10,000 devices from CSV; their tokens are told once", tenant_parameters,
     "DevicesCsv", false, 200, "DevicesLine", "application/x-ndjson", "403 404 413 415 422 503",
     RIGHT_ADMINISTER, "$tenant/devices"},
    {HTTP_VERB_POST, "/v1/devices/{name}/token", handle_device_token, "renewDeviceToken", "people",
     "Another token for a device; those before are void", tenant_parameters, NULL, false, 200,
     "DeviceAnswer", NULL, "403 404 503", RIGHT_ADMINISTER, "$tenant/devices"},
    {HTTP_VERB_PATCH, "/v1/devices/{name}", handle_device_change, "changeDevice", "people",
     "Change a device, or what it is granted", tenant_parameters, "DeviceChange", false, 200,
     "DeviceAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$tenant/devices"},
    {HTTP_VERB_DELETE, "/v1/devices/{name}", handle_device_remove, "removeDevice", "people",
     "Remove a device; it is out at once", tenant_parameters, NULL, false, 200, "DeviceAnswer",
     NULL, "403 404 503", RIGHT_ADMINISTER, "$tenant/devices"},
    {HTTP_VERB_GET, "/v1/claims", handle_claims, "listClaims", "people",
     "Claim keys, with which devices make themselves", people_parameters, NULL, false, 200,
     "Claims", NULL, "404", RIGHT_SEE, "$tenant/claims"},
    {HTTP_VERB_POST, "/v1/claims", handle_claim_make, "makeClaim", "people",
     "Make a claim key; it is told once", tenant_parameters, "ClaimMake", false, 201, "ClaimAnswer",
     NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$tenant/claims"},
    {HTTP_VERB_DELETE, "/v1/claims/{name}", handle_claim_remove, "removeClaim", "people",
     "Remove a claim key; the devices it made stay", tenant_parameters, NULL, false, 200,
     "ClaimAnswer", NULL, "403 404 503", RIGHT_ADMINISTER, "$tenant/claims"},
    {HTTP_VERB_POST, "/v1/provision", handle_provision, "provisionDevice", "people",
     "A device makes itself with a claim key", NULL, "Provision", false, 201, "Provisioned", NULL,
     "403 409 413 415 422 503", RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/providers", handle_providers, "listProviders", "people",
     "OpenID providers by which people log in", tenant_parameters, NULL, false, 200, "Providers",
     NULL, "404", RIGHT_SEE, "$tenant/providers"},
    {HTTP_VERB_PUT, "/v1/providers/{name}", handle_provider_set, "putProvider", "people",
     "Make a provider, or replace what it says", tenant_parameters, "ProviderPut", false, 200,
     "ProviderAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER,
     "$tenant/providers"},
    {HTTP_VERB_DELETE, "/v1/providers/{name}", handle_provider_remove, "removeProvider", "people",
     "Remove a provider", tenant_parameters, NULL, false, 200, "ProviderAnswer", NULL,
     "403 404 503", RIGHT_ADMINISTER, "$tenant/providers"},
    {HTTP_VERB_GET, "/v1/shares", handle_shares, "listShares", "people",
     "What the tenant lets others see, and what they let it see", shares_parameters, NULL, false,
     200, "Shares", NULL, "404", RIGHT_SEE, "$tenant/shares"},
    {HTTP_VERB_POST, "/v1/shares", handle_share_offer, "offerShare", "people",
     "Offer another tenant to see branches", tenant_parameters, "ShareOffer", false, 201,
     "ShareAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_ADMINISTER, "$tenant/shares"},
    {HTTP_VERB_PUT, "/v1/shares/{number}/accept", handle_share_accept, "acceptShare", "people",
     "Accept what was offered", tenant_parameters, NULL, false, 200, "ShareAnswer", NULL,
     "403 404 503", RIGHT_ADMINISTER, "$tenant/shares"},
    {HTTP_VERB_DELETE, "/v1/shares/{number}", handle_share_end, "endShare", "people",
     "End a share, by either side", tenant_parameters, NULL, false, 200, "ShareAnswer", NULL,
     "403 404 503", RIGHT_ADMINISTER, "$tenant/shares"},
    {HTTP_VERB_GET, "/v1/audit", handle_audit, "listAudit", "people", "Who did what, newest first",
     audit_parameters, NULL, false, 200, "Audit", NULL, "403 404", RIGHT_SEE, "$tenant/audit"},
    {HTTP_VERB_GET, "/v1/audit/export", handle_audit_export, "exportAudit", "people",
     "The same as NDJSON, oldest first", audit_export_parameters, NULL, false, 200, "AuditEntry",
     "application/x-ndjson", "403 404 413", RIGHT_SEE, "$tenant/audit"},
    {HTTP_VERB_GET, "/v1/audit/verify", handle_audit_verify, "verifyAudit", "people",
     "Is the chain whole, and what is its head", NULL, NULL, false, 200, "AuditCheck", NULL, "503",
     RIGHT_SEE, "$tenant/audit"},
    {HTTP_VERB_GET, "/v1/why", handle_why, "getWhy", "people",
     "Why somebody may do something, or may not", why_parameters, NULL, false, 200, "Why", NULL,
     "404", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/types", handle_types, "listAssetTypes", "assets", "Types of assets",
     pages_parameters, NULL, false, 200, "AssetTypes", NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/types/{name}", handle_type, "getAssetType", "assets",
     "A type, with what it inherits", type_parameters, NULL, false, 200, "AssetType", NULL, "404",
     RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/types/{name}", handle_type_set, "putAssetType", "assets",
     "Make a type, or replace what it says", dry_run_parameters, "AssetTypePut", false, 200,
     "AssetTypeAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/types/{name}", handle_type_remove, "removeAssetType", "assets",
     "Remove a type that nothing is of", NULL, NULL, false, 200, "AssetTypeDone", NULL,
     "403 404 409 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/assets", handle_assets, "listAssets", "assets",
     "Assets by branch, type, level or text; now or then", assets_parameters, NULL, false, 200,
     "Assets", NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/assets/{path}", handle_asset, "getAsset", "assets",
     "One asset, whole; now or then", asset_parameters, NULL, false, 200, "Asset", NULL,
     "404 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/assets/{path}", handle_asset_set, "putAsset", "assets",
     "Make an asset, or replace what it says", NULL, "AssetPut", false, 200, "AssetAnswer", NULL,
     "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_PATCH, "/v1/assets/{path}", handle_asset_change, "changeAsset", "assets",
     "Change what is named; with path: move it", NULL, "AssetChange", false, 200, "AssetAnswer",
     NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/assets/{path}", handle_asset_retire, "retireAsset", "assets",
     "Retire an asset: its path is free, what it was stays", asset_retire_parameters, NULL, false,
     200, "AssetAnswer", NULL, "403 404 409 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/asset-versions/{path}", handle_asset_versions, "listAssetVersions",
     "assets", "What was changed of an asset, newest first", pages_parameters, NULL, false, 200,
     "AssetVersions", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/asset-tree", handle_asset_tree, "getAssetTree", "assets",
     "What lies below an asset, with points and alarms", asset_tree_parameters, NULL, false, 200,
     "AssetTree", NULL, "404 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/assets-import", handle_assets_import, "importAssets", "assets",
     "Make and change types and assets in bulk: JSON, NDJSON or CSV", dry_run_parameters,
     "AssetsImport", true, 200, "AssetsImportAnswer", NULL, "413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/assets-export", handle_assets_export, "exportAssets", "assets",
     "Types and assets as NDJSON, or assets as CSV", assets_export_parameters, NULL, false, 200,
     "AssetsExportLine", "application/x-ndjson", "404 413", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/inbox", handle_inbox, "listInbox", "assets",
     "Devices that are no assets yet, and what they are like", pages_parameters, NULL, false, 200,
     "Inbox", NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/inbox-adopt", handle_inbox_adopt, "adoptInbox", "assets",
     "Make assets of devices", NULL, "InboxAdopt", false, 200, "InboxAdopted", NULL,
     "404 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/map", handle_map, "getMap", "assets",
     "Assets that have a place, in clusters", map_parameters, NULL, false, 200, "AssetMap", NULL,
     "503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/rules", handle_rules, "listRules", "alarms",
     "Rules, or those that stand on a point", rules_parameters, NULL, false, 200, "AlarmRules",
     NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/rules/{name}", handle_rule, "getRule", "alarms", "One rule", NULL, NULL,
     false, 200, "AlarmRule", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/rules/{name}", handle_rule_set, "putRule", "alarms",
     "Make a rule, or replace all of it", NULL, "AlarmRulePut", false, 200, "AlarmRuleAnswer", NULL,
     "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/rules/{name}", handle_rule_remove, "removeRule", "alarms",
     "Remove a rule; its alarms end", NULL, NULL, false, 200, "AlarmRuleAnswer", NULL,
     "403 404 409 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/rules-preview", handle_rules_preview, "previewRule", "alarms",
     "What a rule would have done with the samples of a range", NULL, "AlarmRulePreview", false,
     200, "AlarmRulePreviewAnswer", NULL, "403 404 413 415 422 429 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/alarms", handle_alarms, "listAlarms", "alarms",
     "Alarms that are not normal, the newest change first", alarms_parameters, NULL, false, 200,
     "Alarms", NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/alarms/{number}", handle_alarm, "getAlarm", "alarms",
     "One alarm, and what happened to it", NULL, NULL, false, 200, "Alarm", NULL, "404", RIGHT_SEE,
     NULL},
    {HTTP_VERB_POST, "/v1/alarms-act", handle_alarms_act, "actOnAlarms", "alarms",
     "Acknowledge, shelve, assign, .. one alarm, many, or all of a filter", NULL, "AlarmsAct",
     false, 200, "AlarmsActAnswer", NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/alarm-journal", handle_alarm_journal, "listAlarmJournal", "alarms",
     "What happened to alarms, newest first", alarm_journal_parameters, NULL, false, 200,
     "AlarmJournal", NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/alarm-statistics", handle_alarm_statistics, "getAlarmStatistics", "alarms",
     "Rates, floods, chattering, standing alarms, by EEMUA 191", alarm_statistics_parameters, NULL,
     false, 200, "AlarmStatistics", NULL, "503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/handovers", handle_handovers, "listHandovers", "alarms",
     "Notes from shift to shift, newest first", handovers_parameters, NULL, false, 200, "Handovers",
     NULL, NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/handovers", handle_handover_add, "addHandover", "alarms",
     "Write a note for the next shift", NULL, "HandoverAdd", false, 201, "HandoverAnswer", NULL,
     "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/documents", handle_documents, "listDocuments", "documents",
     "Documents, by page or by words", documents_parameters, NULL, false, 200, "Documents", NULL,
     "503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/documents/{name}", handle_document, "getDocument", "documents",
     "About a document, with its versions", NULL, NULL, false, 200, "Document", NULL, "404",
     RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/documents/{name}", handle_document_put, "putDocument", "documents",
     "Make a document, or give it a version", document_put_parameters, "DocumentBytes", false, 200,
     "DocumentDone", NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_PATCH, "/v1/documents/{name}", handle_document_change, "changeDocument",
     "documents", "Change its name, its title, what it is attached to", NULL, "DocumentChange",
     false, 200, "DocumentDone", NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/documents/{name}", handle_document_remove, "removeDocument",
     "documents", "Remove a document with all its versions", NULL, NULL, false, 200,
     "DocumentDone", NULL, "403 404 409 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/document-content/{name}", handle_document_content, "getDocumentContent",
     "documents", "The bytes of a document", document_content_parameters, NULL, false, 200, NULL,
     "*/*", "404 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/boards", handle_boards, "listBoards", "documents",
     "Boards of who asks, and shared ones", pages_parameters, NULL, false, 200, "Boards", NULL,
     "403", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/boards/{name}", handle_board, "getBoard", "documents", "One board", NULL,
     NULL, false, 200, "Board", NULL, "403 404", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/boards/{name}", handle_board_put, "putBoard", "documents",
     "Make a board, or replace it", NULL, "BoardPut", false, 200, "BoardDone", NULL,
     "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/boards/{name}", handle_board_remove, "removeBoard", "documents",
     "Remove a board", NULL, NULL, false, 200, "BoardDone", NULL, "403 404 409 503", RIGHT_SEE,
     NULL},
    {HTTP_VERB_GET, "/v1/channels", handle_channels, "listChannels", "notices",
     "Ways out for alarms, and how they are", notice_parameters, NULL, false, 200, "Channels", NULL,
     NULL, RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/channels/{name}", handle_channel, "getChannel", "notices", "One channel",
     NULL, NULL, false, 200, "Channel", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/channels/{name}", handle_channel_set, "putChannel", "notices",
     "Make a channel, or replace what it says", NULL, "ChannelPut", false, 200, "ChannelAnswer",
     NULL, "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/channels/{name}", handle_channel_remove, "removeChannel", "notices",
     "Remove a channel, and its deliveries", NULL, NULL, false, 200, "ChannelAnswer", NULL,
     "403 404 409 503", RIGHT_SEE, NULL},
    {HTTP_VERB_POST, "/v1/channel-test/{name}", handle_channel_test, "testChannel", "notices",
     "Send a test", NULL, NULL, false, 200, "ChannelTestAnswer", NULL, "403 404 409 503 507",
     RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/rosters", handle_rosters, "listRosters", "notices",
     "Rosters, and who is on call now", notice_parameters, NULL, false, 200, "Rosters", NULL, NULL,
     RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/rosters/{name}", handle_roster, "getRoster", "notices", "One roster",
     roster_parameters, NULL, false, 200, "Roster", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/rosters/{name}", handle_roster_set, "putRoster", "notices",
     "Make a roster, or replace it", NULL, "RosterPut", false, 200, "RosterAnswer", NULL,
     "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/rosters/{name}", handle_roster_remove, "removeRoster", "notices",
     "Remove a roster", NULL, NULL, false, 200, "RosterAnswer", NULL, "403 404 409 503", RIGHT_SEE,
     NULL},
    {HTTP_VERB_GET, "/v1/routes", handle_notice_routes, "listNoticeRoutes", "notices",
     "Which alarms go where", notice_parameters, NULL, false, 200, "NoticeRoutes", NULL, NULL,
     RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/routes/{name}", handle_notice_route, "getNoticeRoute", "notices",
     "One route", NULL, NULL, false, 200, "NoticeRoute", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_PUT, "/v1/routes/{name}", handle_notice_route_set, "putNoticeRoute", "notices",
     "Make a route, or replace it", NULL, "NoticeRoutePut", false, 200, "NoticeRouteAnswer", NULL,
     "403 404 409 413 415 422 503 507", RIGHT_SEE, NULL},
    {HTTP_VERB_DELETE, "/v1/routes/{name}", handle_notice_route_remove, "removeNoticeRoute",
     "notices", "Remove a route", NULL, NULL, false, 200, "NoticeRouteAnswer", NULL,
     "403 404 409 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/deliveries", handle_deliveries, "listDeliveries", "notices",
     "Messages to channels, and what became of them", deliveries_parameters, NULL, false, 200,
     "Deliveries", NULL, "404", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/live", handle_live, "openLive", "live",
     "Live values as a WebSocket: snapshot, then deltas", NULL, NULL, false, 101, NULL, NULL,
     "426 503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/events", handle_events, "streamEvents", "live",
     "Live values as server-sent events", events_parameters, NULL, false, 200, NULL,
     "text/event-stream", "503", RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/mqtt", handle_mqtt, "openMqtt", "live",
     "MQTT over WebSocket, subprotocol mqtt", NULL, NULL, false, 101, NULL, NULL, "426 503",
     RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/v1/state", handle_state, "getState", "system",
     "Counters, rates, lag, disk, memory, damage, limits", NULL, NULL, false, 200, "State", NULL,
     NULL, RIGHT_SEE, "$server/state"},
    {HTTP_VERB_GET, "/v1/settings", handle_settings, "listSettings", "system", "Settings in force",
     NULL, NULL, false, 200, "Settings", NULL, NULL, RIGHT_SEE, "$server/settings"},
    {HTTP_VERB_GET, "/v1/refused", handle_refused, "listRefused", "system",
     "Topics and payloads that were refused, newest first", NULL, NULL, false, 200, "Refused", NULL,
     NULL, RIGHT_SEE, "$tenant/refused"},
    {HTTP_VERB_GET, "/v1/clients", handle_clients, "listClients", "system",
     "MQTT clients that are connected, and sessions kept for those that are not",
     clients_parameters, NULL, false, 200, "Clients", NULL, NULL, RIGHT_SEE, "$tenant/clients"},
    {HTTP_VERB_GET, "/v1/retained", handle_retained, "listRetained", "system",
     "Retained MQTT messages", retained_parameters, NULL, false, 200, "Retained", NULL, NULL,
     RIGHT_SEE, NULL},
    {HTTP_VERB_GET, "/v1/topics", handle_topics, "listTopics", "system",
     "Topics seen lately and the points they map to", topics_parameters, NULL, false, 200, "Topics",
     NULL, NULL, RIGHT_SEE, "$tenant/topics"},
    {HTTP_VERB_POST, "/v1/topics/dry-run", handle_topics_dry_run, "tryTopics", "system",
     "What another readings.match and readings.path would make of the topics seen", NULL,
     "TopicsDryRun", false, 200, "TopicsDryRunAnswer", NULL, "413 415 422", RIGHT_CONFIGURE,
     "$tenant/topics"},
    {HTTP_VERB_GET, "/healthz", handle_health, "getHealth", "system", "It lives", NULL, NULL, false,
     200, "Health", NULL, NULL, RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/readyz", handle_ready, "getReady", "system", "It takes writes", NULL, NULL,
     false, 200, "Health", NULL, "503", RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/metrics", handle_metrics, "getMetrics", "system", "Prometheus metrics", NULL,
     NULL, false, 200, NULL, "text/plain; version=0.0.4; charset=utf-8", NULL, RIGHT_SEE,
     "$server/metrics"},
    {HTTP_VERB_GET, "/v1/openapi.json", handle_openapi, "getOpenapi", "system", "This document",
     NULL, NULL, false, 200, "Openapi", NULL, NULL, RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/docs", handle_docs, "getDocs", "system", "This document to read", NULL, NULL,
     false, 200, NULL, "text/html; charset=utf-8", NULL, RIGHT_NONE, NULL},
    {HTTP_VERB_GET, "/docs.css", handle_docs_style, "getDocsStyle", "system", "Its style sheet",
     NULL, NULL, false, 200, NULL, "text/css; charset=utf-8", NULL, RIGHT_NONE, NULL},
};
const size_t web_route_count = ARRAY_COUNT(web_routes);

/* The segments from `first` on, joined again: a slash and %2F are the same. */
static bool rest_join(const struct http_request *request, uint32_t first, uint8_t *arg,
                      size_t *ret_size)
{
    size_t size = 0;
    for (uint32_t i = first; i < request->segment_count; i++) {
        struct bytes segment = request->segments[i];
        if (size + segment.size + 1 > PATH_MAX_BYTES)
            return false;
        if (i > first)
            arg[size++] = '/';
        if (segment.size > 0)
            memcpy(arg + size, segment.at, segment.size);
        size += segment.size;
    }
    *ret_size = size;
    return size > 0;
}

static bool route_matches(const char *path, const struct http_request *request, uint8_t *arg,
                          size_t *ret_size)
{
    uint32_t at = 0;
    *ret_size = 0;
    while (*path == '/') {
        const char *end = ++path;
        while (*end != '\0' && *end != '/')
            end++;
        if (at >= request->segment_count)
            return false;
        if (strcmp(path, "{path}") == 0)
            return rest_join(request, at, arg, ret_size);
        if (*path == '{') { /* a name or a number is one segment */
            struct bytes name = request->segments[at++];
            if (name.size == 0 || name.size > PATH_MAX_BYTES)
                return false;
            memcpy(arg, name.at, name.size);
            *ret_size = name.size;
            path = end;
            continue;
        }
        struct bytes segment = request->segments[at++];
        if (segment.size != (size_t)(end - path) || memcmp(segment.at, path, segment.size) != 0)
            return false;
        path = end;
    }
    return at == request->segment_count;
}

const struct route *route_find(const struct http_request *request, uint8_t *arg, size_t *ret_size,
                               unsigned *ret_allowed)
{
    enum http_verb verb = request->verb == HTTP_VERB_HEAD ? HTTP_VERB_GET : request->verb;
    const struct route *found = NULL;
    *ret_allowed = 0;
    for (size_t i = 0; i < web_route_count && found == NULL; i++) {
        if (!route_matches(web_routes[i].path, request, arg, ret_size))
            continue;
        *ret_allowed |= 1u << web_routes[i].verb;
        if (web_routes[i].verb == verb)
            found = &web_routes[i];
    }
    return found;
}
