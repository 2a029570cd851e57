/* Shapes of bodies and answers about points: what they are and are told, commands, samples, line
 * protocol. */
#include "web/schema_words.h"

#define LIMIT_STATES "none|low_low|low|normal|high|high_high"
/* clang-format off */

/* ---- points --------------------------------------------------------------------------------- */
MEMBERS(limits_members) = {
    {"low_low", "number?", true, "at or below it the state is low_low", "-10"},
    {"low", "number?", true, "at or below it the state is low", "0"},
    {"high", "number?", true, "at or above it the state is high", "80"},
    {"high_high", "number?", true, "at or above it the state is high_high", "95"},
    LAST};
MEMBERS(refusal_members) = {
    {"topic", "string", false, "topic or path, cut at 256 bytes", "\"plant/line-1/press-3\""},
    {"reason", "string", false, "what it was refused for; the problem codes of samples are the same words", "\"type\""},
    {"text", "string", false, "the same as a sentence", "\"a value does not fit the point's type\""},
    {"fault", "string", true, "what is wrong with the payload, where that is the reason", "\"bad_json\""},
    {"count", "count", false, "how often", "3"},
    {"first", "time?", false, "when first", NULL},
    {"last", "time?", false, "when last", NULL},
    LAST};
#define POINT_MEMBERS \
    {"path", "string", false, "where it is in the namespace", PATH_EXAMPLE}, \
    {"point", "integer", false, "its number, for ever; a retired one is never given again", "17"}, \
    {"type", VALUE_TYPES, false, "of its values", NULL}, \
    {"value", "value?", false, "the newest by source time; null: none, see quality. Numbers beyond 2^53 are written exactly", "21.5"}, \
    {"quality", "string", false, "good, uncertain..., bad...", "\"good\""}, \
    {"time", "time?", false, "source time of the value", NULL}, \
    {"arrival", "time?", false, "when it came", NULL}, \
    {"unit", "string", false, "of the value", "\"degC\""}, \
    {"limit_state", LIMIT_STATES, false, "where the value stands among the limits", "\"normal\""}
#define POINT_SETTINGS(optional) \
    {"description", "string", optional, "up to 512 bytes", "\"oil\""}, \
    {"labels", "{}string", optional, "up to 32, names and values of up to 128 bytes", "{\"line\":\"1\"}"}, \
    {"limits", "Limits", optional, "only for numbers; low_low <= low <= high <= high_high", "{\"high\":80}"}
MEMBERS(limit_in_force_members) = {
    {"limit", "number", false, "the value", "80"},
    {"from", "rule|point|type", false, "who says it: the rule, the point itself, or its metric on the sheet of its asset's type", "\"rule\""},
    {"rule", "string?", false, "the rule that raises an alarm by it; null: none does, or it is another tenant's", "\"pump-hot\""},
    LAST};
MEMBERS(limits_in_force_members) = {
    {"low_low", "LimitInForce", true, "the lowest", NULL},
    {"low", "LimitInForce", true, "the lower", NULL},
    {"high", "LimitInForce", true, "the higher", NULL},
    {"high_high", "LimitInForce", true, "the highest", NULL},
    LAST};
MEMBERS(point_members) = {
    POINT_MEMBERS,
    POINT_SETTINGS(false),
    {"limits_in_force", "LimitsInForce", false, "of the nearest rules, else its own, else of its metric", NULL},
    {"refused", "[]Refusal", false, "the last refusals of its topic", "[]"},
    LAST};
MEMBERS(point_brief_members) = {
    POINT_MEMBERS,
    POINT_SETTINGS(true),
    {"limits_in_force", "LimitsInForce", true, "of the nearest rules, else its own, else of its metric", NULL},
    {"refused", "[]Refusal", true, "the last refusals of its topic", "[]"},
    LAST};
MEMBERS(points_members) = {
    {"points", "[]PointBrief", false, "in the order of the tree", NULL},
    {"next", "string?", false, "give it as `after` for the next page; null: there is none", "null"},
    {"entered", "number", false, "share of all points that can be found already; 1 but for a while after a start", "1.0"},
    LAST};
MEMBERS(child_members) = {
    {"name", "string", false, "the last segment of its path", "\"press-3\""},
    {"path", "string", false, "the whole of it", "\"plant/line-1/press-3\""},
    {"count", "count?", false, "points in it that you see, its own included; null: you see a part of it, and more than 1,000 points, or it is another tenant", "12"},
    {"branch", "boolean", false, "others lie below", "true"},
    {"alarms", "AssetTreeAlarms?", false, "alarms that stand below it; null: you see a part of it only", "null"},
    {"point", "PointBrief?", false, "the point whose path this is; null: none is, or values=true was not asked for", "null"},
    LAST};
MEMBERS(branch_members) = {
    {"path", "string", false, "the branch that was asked for; empty: the root", "\"plant/line-1\""},
    {"count", "count?", false, "points in it that you see; null: as in a child", "480"},
    {"children", "[]Child", false, "in natural order: press-2 before press-10", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    {"entered", "number", false, "as in a list of points", "1.0"},
    LAST};

/* ---- commands ------------------------------------------------------------------------------- */
#define SETTINGS_MEMBERS \
    {"unit", "string", true, "up to 32 bytes", "\"degC\""}, \
    POINT_SETTINGS(true)
MEMBERS(point_create_members) = {
    {"path", "string", false, "1 to 16 segments of 1 to 128 bytes joined by /, without + # and control characters, not beginning with $", PATH_EXAMPLE},
    {"type", VALUE_TYPES, true, "float64 unless told", NULL},
    SETTINGS_MEMBERS,
    KEY_MEMBERS,
    LAST};
MEMBERS(point_change_members) = {
    {"path", "string", true, "a new path: renames, and must stand alone", NULL},
    {"type", VALUE_TYPES, true, "possible while it never had a value", NULL},
    SETTINGS_MEMBERS,
    KEY_MEMBERS,
    LAST};
MEMBERS(command_members) = {
    {"command", "create|change|rename|retire", false, "what is to be done", NULL},
    {"path", "string", false, "of the point", PATH_EXAMPLE},
    {"new_path", "string", true, "with rename, and only then", NULL},
    {"type", VALUE_TYPES, true, "with create and change", NULL},
    SETTINGS_MEMBERS,
    KEY_MEMBERS,
    LAST};
#define OUTCOME_MEMBERS(optional) \
    {"outcome", "string", optional, "done, or repeated: this key was seen before and nothing was done twice; of a line also what refused it: unknown_point, path_taken, ...", "\"done\""}, \
    {"first", "string", optional, "the outcome of the first time", "\"done\""}, \
    {"text", "string", optional, "the outcome as a sentence", "\"done\""}, \
    {"point", "count?", optional, "number of the point", "17"}, \
    {"position", "count", optional, "of the command in the journal", "123"}, \
    {"path", "string", true, "of the point now, unless it was retired", PATH_EXAMPLE}
MEMBERS(command_answer_members) = {
    OUTCOME_MEMBERS(false),
    LAST};
MEMBERS(command_line_members) = {
    {"index", "count", false, "which line, from 0; empty ones are not counted", "0"},
    {"status", "integer", false, "what the command would have been answered alone", "200"},
    {"code", "string", true, "unless it was done: a problem code", NULL},
    {"detail", "string", true, "what to do about that", NULL},
    OUTCOME_MEMBERS(true),
    LAST};

/* ---- samples -------------------------------------------------------------------------------- */
MEMBERS(sample_members) = {
    {"path", "string", false, "of the point, which is created when it is not there", PATH_EXAMPLE},
    {"value", "value?", false, "null: no value, and quality says why", "21.5"},
    {"time", "any", true, "source time: RFC 3339, or seconds, ms, us or ns since 1970 by its size; else the time of arrival", "\"2026-03-01T08:00:00.25Z\""},
    {"quality", "string", true, "good unless told", "\"good\""},
    LAST};
MEMBERS(sample_list_members) = {
    {"samples", "[]Sample", false, "any number within http.body", NULL},
    LAST};
MEMBERS(sample_refused_members) = {
    {"index", "count", false, "which sample, from 0; of NDJSON which line", "1"},
    {"path", "string?", false, "of it", "\"plant/line-1/press-3/state\""},
    {"code", "string", false, "why", "\"type\""},
    {"detail", "string", false, "the same as a sentence", "\"a value does not fit the point's type\""},
    LAST};
MEMBERS(samples_answer_members) = {
    {"taken", "count", false, "samples that are on the disk now", "2"},
    {"refused", "[]SampleRefused", false, "the first of those that are not", NULL},
    {"refused_count", "count", false, "how many are not", "1"},
    LAST};

/* ---- line protocol -------------------------------------------------------------------------- */
MEMBERS(influx_health_members) = {
    {"name", "string", false, "mainstem", "\"mainstem\""},
    {"message", "string", false, "why it is as it is", "\"ready for queries and writes\""},
    {"status", "pass|fail", false, "whether writes are taken", NULL},
    {"checks", "[]any", false, "none", "[]"},
    {"version", "string", false, "of this program", NULL},
    {"commit", "string", false, "empty", "\"\""},
    LAST};
MEMBERS(influx_version_members) = {
    {"version", "string", false, "of this program", NULL},
    LAST};
MEMBERS(influx_refusal_members) = {
    {"error", "string", false, "what was refused: each line on a line of its own", "\"unable to parse 'cpu v=': line 3, column 7: a field has no value\""},
    LAST};
MEMBERS(influx_refusal_v2_members) = {
    {"code", "string", false, "invalid, unavailable or too many requests", "\"invalid\""},
    {"message", "string", false, "what was refused: each line on a line of its own", "\"line 3, column 7: a field has no value: 'cpu v='\""},
    {"line", "integer", true, "the first that was refused", "3"},
    LAST};
MEMBERS(influx_results_members) = {
    {"results", "[]any", false, "one a statement", "[{\"statement_id\":0}]"},
    LAST};

const struct schema schemas_points[] = {
    {"Point", "A monitored quantity or state, whole.", point_members, NULL, true, NULL, NULL},
    {"PointBrief", "A point in a list: its settings are there when whole=true was asked for.", point_brief_members, NULL, true, NULL, NULL},
    {"Limits", "What a value is held against; a limit that is left out or null is none.", limits_members, NULL, false, NULL, NULL},
    {"LimitInForce", "A limit that a value of a point is held against, and who says so.", limit_in_force_members, NULL, true, NULL, NULL},
    {"LimitsInForce", "The limits of a point that are in force, of each kind that has one.", limits_in_force_members, NULL, true, NULL, NULL},
    {"Points", "A page of points.", points_members, NULL, true, NULL, NULL},
    {"Child", "A child of a branch.", child_members, NULL, true, NULL, NULL},
    {"Branch", "A branch of the tree of paths.", branch_members, NULL, true, NULL, NULL},
    {"PointCreate", "A new point.", point_create_members, NULL, false, "Command", "CommandLine"},
    {"PointChange", "What is to be changed; what is not named stays. labels and limits are replaced whole, {} empties them.", point_change_members, NULL, false, NULL, NULL},
    {"Command", "A wish to change a point.", command_members, NULL, false, NULL, "CommandLine"},
    {"CommandAnswer", "What became of a command.", command_answer_members, NULL, true, NULL, NULL},
    {"CommandLine", "What became of a line.", command_line_members, NULL, true, NULL, NULL},
    {"Sample", "A value of a point at a time.", sample_members, NULL, false, NULL, NULL},
    {"SampleList", "Samples in an object.", sample_list_members, NULL, false, NULL, NULL},
    {"Samples", "One sample or many.", NULL, "Sample []Sample SampleList", false, "Sample", NULL},
    {"SampleRefused", "A sample that was not taken.", sample_refused_members, NULL, true, NULL, NULL},
    {"SamplesAnswer", "What became of samples.", samples_answer_members, NULL, true, NULL, NULL},
    {"Lines", "InfluxDB line protocol, any number of lines.", NULL, "string", false, NULL, NULL},
    {"InfluxQuery", "A form with the member q.", NULL, "string", false, NULL, NULL},
    {"InfluxHealth", "Whether writes are taken.", influx_health_members, NULL, true, NULL, NULL},
    {"InfluxVersion", "Who answers.", influx_version_members, NULL, true, NULL, NULL},
    {"InfluxRefusal", "Why something was not taken, as InfluxDB 1 says it.", influx_refusal_members, NULL, true, NULL, NULL},
    {"InfluxRefusalV2", "Why something was not taken, as InfluxDB 2 says it.", influx_refusal_v2_members, NULL, true, NULL, NULL},
    {"InfluxResults", "What became of statements.", influx_results_members, NULL, true, NULL, NULL},
    {"Refusal", "A topic whose messages were refused as readings.", refusal_members, NULL, true, NULL, NULL},
};
/* clang-format on */

const size_t schemas_points_count = ARRAY_COUNT(schemas_points);
