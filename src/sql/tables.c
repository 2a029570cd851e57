/* The tables of SQL, listed once: the worker declares them from here, /v1/sql/schema and completion
 * tell them. */
#include "sql/tables.h"

static const struct sql_column points_columns[] = {
    {"point", "integer", "its number, for ever", false},
    {"path", "text", "where it is in the namespace", false},
    {"type", "text", "float64, int64, bool or string", false},
    {"unit", "text", "of its values", false},
    {"description", "text", "in words", false},
    {"labels", "text", "a JSON object; label(labels, 'line') is one of them", false},
    {"level1", "text", "first segment of the path; NULL where there is none, as with the others",
     false},
    {"level2", "text", "second segment", false},
    {"level3", "text", "third segment", false},
    {"level4", "text", "fourth segment", false},
    {"level5", "text", "fifth segment", false},
    {"level6", "text", "sixth segment", false},
    {"level7", "text", "seventh segment", false},
    {"level8", "text", "eighth segment", false},
    {"retired", "integer", "1: retired; shown only where retired = 1 is asked for", false},
    {"tenant", "text", "whose it is; paths of another tenant's begin with @ and its name", false},
};
static const struct sql_column live_columns[] = {
    {"point", "integer", "as in points", false},
    {"path", "text", "as in points", false},
    {"time", "integer", "of the newest value, ns since 1970; NULL: there is none yet", false},
    {"value", "real", "a number; 0 or 1 of a bool; NULL of a string", false},
    {"text", "text", "the value of a string point", false},
    {"quality", "text", "good, uncertain..., bad...", false},
    {"limit_state", "text", "none, low_low, low, normal, high or high_high", false},
    {"arrival", "integer", "when it came, ns since 1970", false},
    {"tenant", "text", "as in points", false},
    {"labels", "text", "as in points", true},
};
static const struct sql_column samples_columns[] = {
    {"point", "integer", "as in points", false},
    {"path", "text", "as in points", false},
    {"time", "integer", "source time, ns since 1970", false},
    {"value", "real", "a number; 0 or 1 of a bool; NULL of a string, or without a value", false},
    {"text", "text", "the value of a string point", false},
    {"quality", "text", "good, uncertain..., bad...", false},
    {"lateness", "integer", "arrival - time in whole seconds", false},
    {"labels", "text", "as in points", true},
};
static const struct sql_column buckets_columns[] = {
    {"point", "integer", "as in points", false},
    {"path", "text", "as in points", false},
    {"time", "integer", "where the bucket begins, ns since 1970", false},
    {"count", "integer", "values in it; buckets without are left out", false},
    {"sum", "real", "of the values", false},
    {"min", "real", "least value", false},
    {"max", "real", "greatest value", false},
    {"mean", "real", "sum / count", false},
    {"first", "real", "first value", false},
    {"last", "real", "last value", false},
    {"time_mean", "real", "mean weighted by how long each value held", false},
    {"stddev", "real", "standard deviation of the sample (n - 1); NULL of one value", false},
    {"match", "text", "first argument: pattern of paths, as plant/+/temp or plant/#", true},
    {"from", "", "second: first time, ns or text as '2026-03-01' or 'now-7d'", true},
    {"to", "", "third: end, exclusive", true},
    {"step", "text", "fourth: '10s', '5m', '1h', '1d', '1w', '1mo' or '1y', in UTC", true},
    {"labels", "text", "as in points", true},
};
static const struct sql_column types_columns[] = {
    {"type", "integer", "its number, for ever", false},
    {"name", "text", "its name", false},
    {"title", "text", "what people read", false},
    {"parent", "text", "name of the type that it is a kind of", false},
    {"level", "text", "of its assets: enterprise, site, area, line, unit, device", false},
    {"assets", "integer", "how many are of it itself", false},
    {"version", "integer", "counts up with each change", false},
    {"changed", "integer", "when it changed last, ns since 1970", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column assets_columns[] = {
    {"asset", "integer", "its number, for ever", false},
    {"path", "text", "names from the top, joined by /", false},
    {"title", "text", "what people read", false},
    {"type", "text", "name of its type", false},
    {"level", "text", "enterprise, site, area, line, unit, device", false},
    {"branch", "text", "where its points are; path glob branch || '/*' joins them", false},
    {"longitude", "real", "degrees, WGS 84", false},
    {"latitude", "real", "degrees, WGS 84", false},
    {"floor", "integer", "0: the ground floor", false},
    {"parts", "integer", "assets right below it", false},
    {"version", "integer", "counts up with each change", false},
    {"changed", "integer", "when it changed last, ns since 1970", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column rules_columns[] = {
    {"name", "text", "its name", false},
    {"title", "text", "what people read", false},
    {"enabled", "integer", "1: it is judged", false},
    {"kind", "text", "high_high, high, low, low_low, rate, deviation, state, stale, expression",
     false},
    {"stands_on", "text", "point, pattern, type or nothing", false},
    {"path", "text", "path or pattern", false},
    {"priority", "integer", "1 is the most urgent", false},
    {"limit_value", "real", "NULL: the point's own", false},
    {"deadband", "real", "hysteresis", false},
    {"condition", "text", "of an expression", false},
    {"on_delay", "integer", "ns", false},
    {"off_delay", "integer", "ns", false},
    {"chatter", "integer", "changes in a minute, more are chattering; 0: none is", false},
    {"points", "integer", "that have it", false},
    {"alarms", "integer", "of it that are not normal", false},
    {"unjudged", "integer", "points where its reference is no use", false},
    {"too_late", "integer", "late values that it could not judge", false},
    {"changed", "integer", "when it was set last, ns since 1970", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column alarms_columns[] = {
    {"alarm", "integer", "its number", false},
    {"path", "text", "of its point, or the branch of its rule", false},
    {"rule", "text", "name of its rule", false},
    {"kind", "text", "of the rule", false},
    {"state", "text", "as ISA-18.2 names it: unacknowledged, acknowledged, shelved ...", false},
    {"priority", "integer", "1 is the most urgent", false},
    {"value", "real", "that raised it", false},
    {"raised", "integer", "source time of what raised it, ns since 1970", false},
    {"changed", "integer", "when its state changed last, ns since 1970", false},
    {"acknowledged", "integer", "when it was, ns since 1970; NULL: not since it was raised", false},
    {"acknowledged_by", "text", "who did", false},
    {"assignee", "text", "who looks after it", false},
    {"why", "text", "what made it: temp 81.2 > 80", false},
    {"count", "integer", "how often it was raised", false},
    {"chattering", "integer", "since when it chatters, ns since 1970; NULL: it does not", false},
    {"changes", "integer", "that were counted meanwhile", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column journal_columns[] = {
    {"entry", "integer", "its number, counting up", false},
    {"alarm", "integer", "the alarm's number", false},
    {"path", "text", "of its point, or the branch of its rule", false},
    {"rule", "text", "name of its rule", false},
    {"event", "text", "what happened: condition holds, acknowledge, ...", false},
    {"state", "text", "afterwards", false},
    {"state_before", "text", "before", false},
    {"priority", "integer", "1 is the most urgent", false},
    {"value", "real", "of the cause", false},
    {"time", "integer", "source time of the cause, ns since 1970", false},
    {"arrived", "integer", "when it came, ns since 1970", false},
    {"who", "text", "who did it; NULL: nobody", false},
    {"text", "text", "comment, or why", false},
    {"late", "integer", "1: of a late sample, nothing moved", false},
    {"position", "integer", "of the cause, in the journal", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column documents_columns[] = {
    {"document", "integer", "its number, used again when it is gone", false},
    {"name", "text", "its name", false},
    {"title", "text", "what people read", false},
    {"media", "text", "of its newest version: application/pdf, text/markdown, ...", false},
    {"size", "integer", "of its newest version, bytes", false},
    {"version", "integer", "number of its newest version", false},
    {"versions", "integer", "how many it has", false},
    {"attached", "text", "to what: JSON, as [\"type:pump\", \"branch:plant/line-1\"]", false},
    {"author", "text", "of its newest version", false},
    {"changed", "integer", "when it changed last, ns since 1970", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column rosters_columns[] = {
    {"name", "text", "its name", false},
    {"members", "text", "JSON: their names", false},
    {"on_call", "text", "JSON: names of who is on call now", false},
    {"steps", "integer", "of escalation", false},
    {"shifts", "integer", "in its week", false},
    {"holders", "integer", "routes that name it", false},
    {"changed", "integer", "when it was set last, ns since 1970", false},
    {"tenant", "text", "whose it is", false},
};
static const struct sql_column channels_columns[] = {
    {"name", "text", "its name", false},
    {"kind", "text", "webhook, mqtt, mail or browser", false},
    {"gather", "integer", "for how long alarms become one message, ns", false},
    {"dead", "integer", "1: nothing arrives any more", false},
    {"dead_since", "integer", "ns since 1970; NULL: it lives", false},
    {"sent", "integer", "messages", false},
    {"given_up", "integer", "messages that never arrived", false},
    {"waiting", "integer", "messages under way", false},
    {"holders", "integer", "how often rosters and routes name it", false},
    {"changed", "integer", "when it was set last, ns since 1970", false},
    {"tenant", "text", "whose it is", false},
};
_Static_assert(ARRAY_COUNT(types_columns) == TYPES_COLUMNS, "asset_types");
_Static_assert(ARRAY_COUNT(assets_columns) == ASSETS_COLUMNS, "assets");
_Static_assert(ARRAY_COUNT(rules_columns) == RULES_COLUMNS, "rules");
_Static_assert(ARRAY_COUNT(alarms_columns) == ALARMS_COLUMNS, "alarms");
_Static_assert(ARRAY_COUNT(journal_columns) == JOURNAL_COLUMNS, "alarm_journal");
_Static_assert(ARRAY_COUNT(documents_columns) == DOCUMENTS_COLUMNS, "documents");
_Static_assert(ARRAY_COUNT(rosters_columns) == ROSTERS_COLUMNS, "rosters");
_Static_assert(ARRAY_COUNT(channels_columns) == CHANNELS_COLUMNS, "channels");
_Static_assert(ARRAY_COUNT(points_columns) == POINTS_COLUMNS, "points");
_Static_assert(ARRAY_COUNT(live_columns) == LIVE_COLUMNS, "live");
_Static_assert(ARRAY_COUNT(samples_columns) == SAMPLES_COLUMNS, "samples");
_Static_assert(ARRAY_COUNT(buckets_columns) == BUCKETS_COLUMNS, "buckets");

const struct sql_table_view sql_tables[SQL_TABLE_COUNT] = {
    [SQL_POINTS] = {"points", "the points in use, one row each", points_columns,
                    ARRAY_COUNT(points_columns)},
    [SQL_LIVE] = {"live", "the newest value of each point", live_columns,
                  ARRAY_COUNT(live_columns)},
    [SQL_SAMPLES] = {"samples", "every sample that was kept, one row each", samples_columns,
                     ARRAY_COUNT(samples_columns)},
    [SQL_BUCKETS] = {"buckets",
                     "samples folded by time: buckets(match, from, to, step), a row for each point "
                     "and bucket",
                     buckets_columns, ARRAY_COUNT(buckets_columns)},
    [SQL_TYPES] = {"asset_types", "the types of assets", types_columns, ARRAY_COUNT(types_columns)},
    [SQL_ASSETS] = {"assets", "the assets in use", assets_columns, ARRAY_COUNT(assets_columns)},
    [SQL_RULES] = {"alarm_rules", "the rules of alarms", rules_columns, ARRAY_COUNT(rules_columns)},
    [SQL_ALARMS] = {"alarms", "the alarms that are not normal", alarms_columns,
                    ARRAY_COUNT(alarms_columns)},
    [SQL_JOURNAL] = {"alarm_journal", "what happened to alarms, as far back as it is held",
                     journal_columns, ARRAY_COUNT(journal_columns)},
    [SQL_DOCUMENTS] = {"documents", "what is attached to types, assets, rules and branches",
                       documents_columns, ARRAY_COUNT(documents_columns)},
    [SQL_ROSTERS] = {"rosters", "who is on call", rosters_columns, ARRAY_COUNT(rosters_columns)},
    [SQL_CHANNELS] = {"channels", "the ways out to people and programs, and whether they work",
                      channels_columns, ARRAY_COUNT(channels_columns)},
};
_Static_assert(SQL_TABLE_COUNT == (unsigned)SQL_TABLES, "one list");

const struct sql_function_view sql_functions[] = {
    {"time_text(ns)", "a time as text: 2026-03-01T08:00:00.25Z"},
    {"time_ns(text)", "a text as time: RFC 3339, 'now', 'now-7d', '-1h'"},
    {"bucket(ns, step)", "where the bucket of a time begins: bucket(time, '1h')"},
    {"percentile(value, p)", "aggregate: the p-th percentile, 0 to 100, interpolated"},
    {"stddev(value)", "aggregate: standard deviation of the sample (n - 1)"},
    {"label(labels, name)", "value of a label, or NULL"},
};
const size_t sql_function_count = ARRAY_COUNT(sql_functions);
