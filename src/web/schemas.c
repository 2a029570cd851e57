/* Shapes of bodies and answers, but for those about people. Order: points, samples, commands,
 * system, topics, problems. */
#include "web/schema_words.h"

#define TYPES "float64|int64|bool|string"
#define LIMIT_STATES "none|low_low|low|normal|high|high_high"
#define PATH_EXAMPLE "\"plant/line-1/press-3/temp\""
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
    {"type", TYPES, false, "of its values", NULL}, \
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
    {"type", TYPES, true, "float64 unless told", NULL},
    SETTINGS_MEMBERS,
    KEY_MEMBERS,
    LAST};
MEMBERS(point_change_members) = {
    {"path", "string", true, "a new path: renames, and must stand alone", NULL},
    {"type", TYPES, true, "possible while it never had a value", NULL},
    SETTINGS_MEMBERS,
    KEY_MEMBERS,
    LAST};
MEMBERS(command_members) = {
    {"command", "create|change|rename|retire", false, "what is to be done", NULL},
    {"path", "string", false, "of the point", PATH_EXAMPLE},
    {"new_path", "string", true, "with rename, and only then", NULL},
    {"type", TYPES, true, "with create and change", NULL},
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

/* ---- commands about history ----------------------------------------------------------------- */
MEMBERS(rollups_members) = {
    {"minute_s", "count?", true, "for how long minutes are kept, in seconds; 0: for ever; null: not at all", "0"},
    {"hour_s", "count?", true, "the same of hours", "0"},
    {"day_s", "count?", true, "the same of days", "0"},
    LAST};
#define POLICY_MEMBERS(optional) \
    {"match", "string", false, "pattern of paths", "\"plant/#\""}, \
    {"deadband", "number", optional, "a value that differs by no more from the last kept one is not kept; 0: all are", "0.1"}, \
    {"deadband_percent", "number", optional, "the same in percent of the span between the point's lowest and highest limit; the larger counts", "0"}, \
    {"retention_s", "count", optional, "for how long raw samples are kept, in seconds; 0: for ever", "7776000"}, \
    {"rollups", "PolicyRollups", optional, "count, sum, least, greatest, first, last of each minute, hour and day", NULL}, \
    {"when_full", "keep|drop_oldest", optional, "what may go when the disk is full", NULL}, \
    {"priority", "count", optional, "0 to 100: of what may go, the lower goes first", "0"}
MEMBERS(policy_members) = {
    {"name", "string", false, "1 to 64 bytes without /", "\"presses\""},
    {"rank", "count", false, "from 1; the first that matches decides", "1"},
    POLICY_MEMBERS(false),
    {"made", "time?", false, "when it was last changed", NULL},
    {"position", "count", false, "of that command in the journal", "123"},
    LAST};
MEMBERS(policy_put_members) = {
    POLICY_MEMBERS(true),
    {"rank", "integer", true, "from 1; unless told where it stands, or the last", "1"},
    KEY_MEMBERS,
    LAST};
MEMBERS(policy_move_members) = {
    {"rank", "integer", false, "from 1; behind the last is the last", "1"},
    KEY_MEMBERS,
    LAST};
#define ORDER_MEMBERS(optional) \
    {"outcome", "string", optional, "done, or repeated: this key was seen before and nothing was done twice", "\"done\""}, \
    {"first", "string", optional, "the outcome of the first time", "\"done\""}, \
    {"text", "string", optional, "the outcome as a sentence", "\"done\""}, \
    {"position", "count", optional, "of the command in the journal", "123"}
MEMBERS(policy_answer_members) = {
    ORDER_MEMBERS(false),
    {"policy", "Policy?", false, "as it is now; null: it is not there any more", NULL},
    LAST};
MEMBERS(policy_decision_members) = {
    {"path", "string", false, "that was asked for", PATH_EXAMPLE},
    {"policy", "string?", false, "name of the one that decides; null: none does", "\"presses\""},
    {"why", "string", false, "as a sentence", "\"its pattern plant/# is the first in order that matches\""},
    LAST};
MEMBERS(policies_members) = {
    {"policies", "[]Policy", false, "in their order", NULL},
    {"decides", "PolicyDecision?", false, "null: no path was asked for", NULL},
    {"version", "count", false, "another number after each change of the tenant's policies", "3"},
    LAST};
#define SAID_MEMBERS \
    {"reason", "string", true, "up to 512 bytes", "\"commissioning\""}, \
    {"author", "string", true, "who says so, up to 128 bytes; once there are accounts it is he who asks, whatever stands here", "\"Li Wei\""}
#define SAID_ANSWER_MEMBERS \
    {"reason", "string?", false, "why", "\"commissioning\""}, \
    {"author", "string?", false, "who said so", "\"Li Wei\""}, \
    {"made", "time?", false, "when", NULL}, \
    {"position", "count", false, "of the command in the journal", "123"}
MEMBERS(erase_members) = {
    {"match", "string", true, "pattern of paths; or path, or points", "\"plant/test/#\""},
    {"path", "string", true, "of one point", NULL},
    {"points", "[]count", true, "numbers of points, up to 10,000; retired ones as well", NULL},
    {"from", "any", true, "not before this time; unless told from the beginning", NULL},
    {"to", "any", true, "before this time; unless told to the end", "\"2026-03-01T08:00:00Z\""},
    SAID_MEMBERS,
    {"dry_run", "boolean", true, "count the points and erase nothing", "true"},
    KEY_MEMBERS,
    LAST};
MEMBERS(erase_answer_members) = {
    ORDER_MEMBERS(true),
    {"erasure", "count?", false, "its number; null: nothing was erased", "1"},
    {"points", "count", false, "whose samples are gone, or would be", "480"},
    {"from", "time?", false, "null: from the beginning", NULL},
    {"to", "time?", false, "null: to the end", NULL},
    {"dry_run", "boolean", false, "nothing was erased", "false"},
    LAST};
MEMBERS(erasure_members) = {
    {"erasure", "count", false, "its number", "1"},
    {"match", "string?", false, "pattern or path it was asked for with; null: by numbers", "\"plant/test/#\""},
    {"from", "time?", false, "null: from the beginning", NULL},
    {"to", "time?", false, "null: to the end", NULL},
    {"points", "count", false, "whose samples are gone", "480"},
    {"complete", "boolean", false, "false: it was interrupted; send it again with its key", "true"},
    SAID_ANSWER_MEMBERS,
    LAST};
MEMBERS(erasures_members) = {
    {"erasures", "[]Erasure", false, "newest first", NULL},
    {"next", "count?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(correct_members) = {
    {"path", "string", false, "of the point", PATH_EXAMPLE},
    {"time", "any", false, "of the sample: RFC 3339, or s, ms, us or ns since 1970", "\"2026-03-01T08:00:00Z\""},
    {"value", "value?", false, "the new one, of the point's type; null: none", "21.5"},
    {"quality", "string", true, "unless told, or good: good.edited; of null bad.no_value", "\"good\""},
    SAID_MEMBERS,
    KEY_MEMBERS,
    LAST};
MEMBERS(original_members) = {
    {"value", "value?", false, "that was there", "99.5"},
    {"quality", "string", false, "of it", "\"good\""},
    LAST};
MEMBERS(correction_members) = {
    {"correction", "count", false, "its number", "1"},
    {"path", "string", false, "of the point now", PATH_EXAMPLE},
    {"point", "count", false, "its number", "17"},
    {"time", "time?", false, "of the sample", NULL},
    {"value", "value?", false, "the new one", "21.5"},
    {"quality", "string", false, "of it", "\"good.edited\""},
    {"original", "Original?", false, "what was there before; null: there was no sample", NULL},
    SAID_ANSWER_MEMBERS,
    {"erased", "boolean", false, "the sample was erased later, and its values are not told", "false"},
    LAST};
MEMBERS(correct_answer_members) = {
    ORDER_MEMBERS(false),
    {"correction", "Correction?", false, "as it is kept", NULL},
    LAST};
MEMBERS(corrections_members) = {
    {"corrections", "[]Correction", false, "newest first", NULL},
    {"next", "count?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(annotate_members) = {
    {"path", "string", false, "of the point", PATH_EXAMPLE},
    {"time", "any", true, "when, or the beginning of a range; missing: the point as such", "\"2026-03-01T08:00:00Z\""},
    {"to", "any", true, "end of the range", NULL},
    {"text", "string", false, "what is to be said, up to 2,048 bytes", "\"door open\""},
    {"author", "string", true, "who says so, up to 128 bytes", "\"Li Wei\""},
    KEY_MEMBERS,
    LAST};
MEMBERS(annotation_members) = {
    {"annotation", "count", false, "its number", "1"},
    {"path", "string", false, "of the point now", PATH_EXAMPLE},
    {"point", "count", false, "its number", "17"},
    {"time", "time?", false, "when, or the beginning of a range; null: the point as such", NULL},
    {"to", "time?", false, "end of the range; the same as time: an instant", NULL},
    {"text", "string", false, "what was said", "\"door open\""},
    {"author", "string?", false, "who said so", "\"Li Wei\""},
    {"made", "time?", false, "when", NULL},
    {"removed", "time?", false, "when it was removed; null: it stands", "null"},
    {"position", "count", false, "of the command in the journal", "123"},
    LAST};
MEMBERS(annotate_answer_members) = {
    ORDER_MEMBERS(false),
    {"annotation", "Annotation?", false, "as it is kept", NULL},
    LAST};
MEMBERS(annotations_members) = {
    {"annotations", "[]Annotation", false, "newest first", NULL},
    {"next", "count?", false, "give it as `after` for the next page", "null"},
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

/* ---- questions ------------------------------------------------------------------------------ */
#define WHICH_MEMBERS \
    {"path", "[]string", true, "paths of points", "[" PATH_EXAMPLE "]"}, \
    {"point", "[]integer", true, "numbers of points", "[17]"}, \
    {"match", "[]string", true, "patterns of paths", "[\"plant/#\"]"}, \
    {"label", "[]string", true, "name:value or name; all must hold", "[\"line\"]"}
#define RANGE_MEMBERS \
    {"from", "any", true, "RFC 3339, a number since 1970, now-7d, -1h; -1h unless told", "\"-1h\""}, \
    {"to", "any", true, "itself not in the range; now unless told", "\"now\""}
#define FORM_MEMBERS \
    {"format", "json|csv|ndjson", true, "of the answer", "\"json\""}, \
    {"times", "text|s|ms|us|ns", true, "how times are written", "\"text\""}
MEMBERS(samples_question_members) = {
    WHICH_MEMBERS,
    RANGE_MEMBERS,
    {"limit", "integer", true, "samples in all", "10000"},
    {"order", "oldest|newest", true, "which come first", NULL},
    {"arrival", "boolean", true, "with the lateness in s", NULL},
    FORM_MEMBERS,
    LAST};
MEMBERS(buckets_question_members) = {
    WHICH_MEMBERS,
    RANGE_MEMBERS,
    {"step", "string", true, "of the buckets: 10s, 5m, 1h, 1d, 1w, 1mo, 1y", "\"1h\""},
    {"zone", "string", true, "time zone of calendar steps", "\"UTC\""},
    {"aggregates", "any", true, "as text with commas, or an array of words", "\"mean,max\""},
    {"fill", "none|null|previous|linear", true, "what empty buckets are", NULL},
    {"by", "string", true, "path, all, level:N or label:NAME", "\"path\""},
    FORM_MEMBERS,
    LAST};
MEMBERS(trend_question_members) = {
    WHICH_MEMBERS,
    RANGE_MEMBERS,
    {"width", "integer", true, "of the screen in pixels", "1000"},
    {"method", "m4|lttb", true, "m4 unless told", NULL},
    FORM_MEMBERS,
    LAST};
MEMBERS(last_question_members) = {
    WHICH_MEMBERS,
    {"at", "any", true, "the last sample at this time or before; now unless told", "\"now\""},
    FORM_MEMBERS,
    LAST};
#define ANSWERED_POINT \
    {"path", "string", false, "of the point", PATH_EXAMPLE}, \
    {"point", "integer", false, "its number", "17"}, \
    {"type", TYPES, false, "of its values", NULL}, \
    {"unit", "string", false, "of its values", "\"degC\""}
#define ANSWERED_END \
    {"unknown", "[]string", false, "paths and numbers that were named and are not there", "[]"}, \
    {"missing", "[]MissingSamples", false, "what could not be read: the answer is right but for these", "[]"}, \
    {"cost", "QuestionCost", false, "what it took", NULL}
MEMBERS(missing_samples_members) = {
    {"file", "string", false, "that is damaged or gone", NULL},
    {"points", "[]integer", false, "points of the question that it held samples of", "[17]"},
    {"first", "time?", false, "of the samples it held, as far as is known", NULL},
    {"last", "time?", false, "likewise", NULL},
    {"why", "string", false, "what is wrong with it", "\"the checksum is wrong\""},
    LAST};
MEMBERS(question_cost_members) = {
    {"points", "count", false, "asked about", "1"},
    {"samples", "count", false, "decoded", "3600"},
    {"chunks", "count", false, "read whole", "1"},
    {"summaries", "count", false, "chunks told by their summary alone", "0"},
    {"bytes", "count", false, "read", "2800"},
    {"ms", "number", false, "worked", "0.3"},
    LAST};
MEMBERS(sql_question_members) = {
    {"sql", "string", false, "one statement that answers with rows, of at most 1 MiB", "\"select path, value from live where path glob ?\""},
    {"parameters", "[]value?", true, "for ? and ?1, or :name in their order", "[\"plant/*\"]"},
    {"limit", "integer", true, "rows at most; 10000 unless told, up to the setting sql.rows", "10000"},
    {"format", "json|csv|ndjson", true, "of the answer", NULL},
    LAST};
MEMBERS(sql_answer_column_members) = {
    {"name", "string", false, "as the statement calls it", "\"path\""},
    {"type", "string?", false, "of a table's column as it is declared; null: computed", "\"text\""},
    LAST};
MEMBERS(sql_cost_members) = {
    {"rows", "count", false, "of the answer", "1"},
    {"points", "count", false, "that tables found", "1"},
    {"samples", "count", false, "decoded", "0"},
    {"chunks", "count", false, "read whole", "0"},
    {"summaries", "count", false, "chunks told by their summary alone", "0"},
    {"bytes", "count", false, "read", "0"},
    {"ms", "number", false, "it took", "1.2"},
    LAST};
MEMBERS(sql_missing_members) = {
    {"file", "string", false, "that is damaged or gone", NULL},
    {"from", "time?", false, "of the samples it held, as far as is known", NULL},
    {"to", "time?", false, "likewise", NULL},
    {"why", "string", false, "what is wrong with it", "\"the checksum is wrong\""},
    LAST};
MEMBERS(sql_answer_members) = {
    {"columns", "[]SqlAnswerColumn", false, "in their order", NULL},
    {"rows", "[]any", false, "arrays of values", "[[\"plant/line-1/press-3/temp\",21.5]]"},
    {"truncated", "boolean", false, "there were more rows than limit", "false"},
    {"cost", "SqlCost", false, "what it took", NULL},
    {"missing", "[]SqlMissing", false, "what could not be read; the answer is right but for that", "[]"},
    LAST};
MEMBERS(sql_column_members) = {
    {"name", "string", false, "of the column", "\"path\""},
    {"type", "string", false, "as it is declared; empty: any", "\"text\""},
    {"meaning", "string", false, "in words", "\"where it is in the namespace\""},
    {"hidden", "boolean", false, "not in select *; of buckets, an argument", "false"},
    LAST};
MEMBERS(sql_table_members) = {
    {"name", "string", false, "of the table", "\"points\""},
    {"meaning", "string", false, "in words", "\"the points in use, one row each\""},
    {"columns", "[]SqlColumn", false, "in their order", NULL},
    LAST};
MEMBERS(sql_function_members) = {
    {"name", "string", false, "with its arguments", "\"time_text(ns)\""},
    {"meaning", "string", false, "in words", NULL},
    LAST};
MEMBERS(sql_schema_members) = {
    {"tables", "[]SqlTable", false, "all there are", NULL},
    {"functions", "[]SqlFunction", false, "beside SQLite's own", NULL},
    LAST};
MEMBERS(point_samples_members) = {
    ANSWERED_POINT,
    {"samples", "[]any", false, "[time, value], [time, value, quality] where it is not good, and with arrival=true [time, value, quality, lateness]", "[[\"2026-03-01T08:00:00Z\",21.5]]"},
    LAST};
MEMBERS(samples_of_points_members) = {
    {"from", "any", false, "of the range; in the times asked for", "\"2026-03-01T08:00:00Z\""},
    {"to", "any", false, "itself not in it", "\"2026-03-01T09:00:00Z\""},
    {"points", "[]PointSamples", false, "in the order of their numbers", NULL},
    {"more", "boolean", false, "the limit was reached: there are more samples in the range", "false"},
    ANSWERED_END,
    LAST};
MEMBERS(point_buckets_members) = {
    {"path", "string", true, "of the point", PATH_EXAMPLE},
    {"point", "integer", true, "its number", "17"},
    {"group", "string", true, "instead of path and point: what `by` said, or all", NULL},
    {"points", "count", true, "of the group", NULL},
    {"type", TYPES, false, "of the values folded", NULL},
    {"unit", "string", true, "of its values", "\"degC\""},
    {"buckets", "[]any", false, "[beginning, aggregate, ..], null where there is none", "[[\"2026-03-01T08:00:00Z\",21.5]]"},
    LAST};
MEMBERS(buckets_of_points_members) = {
    {"from", "any", false, "of the range; in the times asked for", "\"2026-03-01T08:00:00Z\""},
    {"to", "any", false, "itself not in it", "\"2026-03-01T09:00:00Z\""},
    {"aggregates", "[]string", false, "of each bucket, in this order", "[\"mean\"]"},
    {"points", "[]PointBuckets", false, "points in the order of their numbers, or groups in that of their names", NULL},
    ANSWERED_END,
    LAST};
MEMBERS(point_trend_members) = {
    ANSWERED_POINT,
    {"samples", "count", false, "there are in the range", "86400"},
    {"exact", "boolean", false, "all of them are here", "false"},
    {"times", "[]number", false, "in ms since 1970", "[1772352000000]"},
    {"values", "[]any", false, "a value or null for each", "[21.5]"},
    {"qualities", "any", false, "null: all are good; else one for each, null for good", "null"},
    LAST};
MEMBERS(trend_of_points_members) = {
    {"from", "any", false, "of the range; in the times asked for", "\"2026-03-01T08:00:00Z\""},
    {"to", "any", false, "itself not in it", "\"2026-03-01T09:00:00Z\""},
    {"points", "[]PointTrend", false, "in the order of their numbers", NULL},
    ANSWERED_END,
    LAST};
MEMBERS(point_last_members) = {
    ANSWERED_POINT,
    {"sample", "any", false, "[time, value], with the quality where it is not good; null: there is none", "[\"2026-03-01T08:00:00Z\",21.5]"},
    LAST};
MEMBERS(last_of_points_members) = {
    {"at", "any", false, "the time asked for", "\"2026-03-01T08:00:00Z\""},
    {"points", "[]PointLast", false, "in the order of their numbers", NULL},
    ANSWERED_END,
    LAST};
MEMBERS(history_tier_members) = {
    {"tier", "raw|minute|hour|day", false, "samples, or rollups of them", NULL},
    {"parts", "count", false, "files", "3"},
    {"bytes", "count", false, "of them", "1048576"},
    {"values", "count", false, "in them", "800000"},
    LAST};
MEMBERS(history_windows_members) = {
    {"count", "count", false, "the open one and those that are being sealed", "1"},
    {"bytes", "count", false, "of memory", "4194304"},
    {"values", "count", false, "in them", "20000"},
    LAST};
MEMBERS(history_activity_members) = {
    {"seals", "count", false, "windows sealed since the start", "4"},
    {"merges", "count", false, "of parts", "1"},
    {"erasures", "count", false, "carried out in files", "0"},
    {"sealed_values", "count", false, "in the windows sealed", "800000"},
    {"merged_values", "count", false, "in the parts merged", "800000"},
    {"seal_s", "number", false, "time it took", "0.4"},
    {"merge_s", "number", false, "time it took", "0.3"},
    {"rollup_s", "number", false, "time it took", "0.1"},
    {"thinned", "count", false, "samples that a deadband left out", "0"},
    {"expired", "count", false, "samples whose retention was over", "0"},
    {"dropped", "count", false, "samples that went because the disk was full", "0"},
    LAST};
MEMBERS(history_questions_members) = {
    {"running", "count", false, "on a thread now", "1"},
    {"waiting", "count", false, "for their turn", "0"},
    {"done", "count", false, "since the start", "12"},
    {"cancelled", "count", false, "because who asked had left", "0"},
    {"timed_out", "count", false, "past query.time", "0"},
    {"out_of_memory", "count", false, "past query.memory", "0"},
    {"failed", "count", false, "for another reason", "0"},
    {"memory", "count", false, "bytes held now", "0"},
    LAST};
MEMBERS(history_missing_members) = {
    {"file", "string", false, "that is damaged or gone", NULL},
    {"first", "time?", false, "of the samples it held, as far as is known", NULL},
    {"last", "time?", false, "likewise", NULL},
    {"why", "string", false, "what is wrong with it", "\"the footer is damaged\""},
    LAST};
MEMBERS(history_members) = {
    {"position", "count", false, "samples below it are in the history", "5000"},
    {"sealed", "count", false, "samples below it are in files", "4000"},
    {"erased", "count", false, "erasures below it are done in all files", "1"},
    {"tiers", "[]HistoryTier", false, "files by what they hold", NULL},
    {"windows", "HistoryWindows", false, "what is in memory", NULL},
    {"work", "HistoryActivity", false, "in the background", NULL},
    {"busy", "boolean", false, "a window waits, or work is under way", "false"},
    {"full", "boolean", false, "sealing fell behind: samples wait", "false"},
    {"disk_full", "boolean", false, "there is no room for a file", "false"},
    {"memory", "count", false, "bytes", "8388608"},
    {"questions", "HistoryQuestions", false, "that are and were asked", NULL},
    {"missing", "[]HistoryMissing", false, "what cannot be read, 100 at most", "[]"},
    {"missing_count", "count", false, "of these in all", "0"},
    LAST};
MEMBERS(history_work_members) = {
    {"busy", "boolean", false, "it goes on in the background", "true"},
    LAST};

/* ---- system --------------------------------------------------------------------------------- */
MEMBERS(setting_members) = {
    {"name", "string", false, "as in the settings file", "\"mqtt.packet\""},
    {"value", "string", false, "in force", "\"2M\""},
    {"default", "string", false, "unless it is set", "\"1M\""},
    {"changed", "boolean", false, "value is not default", "true"},
    {"allowed", "string", false, "what it may be", "\"1K to 256M\""},
    {"reload", "boolean", false, "SIGHUP takes a new value over; else a restart is needed", "true"},
    {"meaning", "string", false, "what it is for", "\"largest MQTT packet accepted\""},
    LAST};
MEMBERS(settings_members) = {
    {"settings", "[]Setting", false, "all there are", NULL},
    LAST};
MEMBERS(refused_members) = {
    {"refused", "[]Refusal", false, "the last 1,024 by topic and reason, newest first", NULL},
    LAST};
MEMBERS(client_members) = {
    {"id", "string", false, "client id", "\"press-3\""},
    {"peer", "string?", false, "its address; null: it is not connected", "\"127.0.0.1:50312\""},
    {"version", "string", false, "of MQTT: 3.1, 3.1.1 or 5", "\"5\""},
    {"kept", "boolean", false, "the session outlives the connection", "true"},
    {"expiry_s", "count?", false, "how long it is kept without one; null: for ever", "3600"},
    {"subscriptions", "count", false, "of the session", "2"},
    {"queued", "count", false, "messages that wait for it", "0"},
    {"queued_bytes", "count", false, "their bytes", "0"},
    {"in_flight", "count", false, "sent to it and not acknowledged", "0"},
    {"dropped", "count", false, "messages that did not fit into its queue", "0"},
    {"connected_s", "number?", false, "for how long it is connected", "12.5"},
    {"away_s", "number?", false, "for how long it is not", "null"},
    LAST};
MEMBERS(clients_members) = {
    {"clients", "[]Client", false, "in no order", NULL},
    {"next", "count?", false, "give it as `after` for the next page", "null"},
    {"count", "count?", false, "of all of the tenant, whatever was asked for; null: they are too many on the server to be counted", "1"},
    LAST};
MEMBERS(retained_message_members) = {
    {"topic", "string", false, "of the message", "\"plant/line-1/press-3\""},
    {"qos", "count", false, "0, 1 or 2", "1"},
    {"bytes", "count", false, "of its payload", "13"},
    {"expires_s", "number?", false, "until it expires; null: never", "null"},
    {"payload", "string?", false, "its first 256 bytes; null: it is no text", "\"{\\\"temp\\\":21.5}\""},
    {"payload_cut", "boolean", false, "there is more", "false"},
    LAST};
MEMBERS(retained_members) = {
    {"retained", "[]RetainedMessage", false, "in no order", NULL},
    {"next", "count?", false, "give it as `after` for the next page", "null"},
    {"count", "count?", false, "of all of the tenant, whatever was asked for; null: you do not see all of them", "1"},
    LAST};
MEMBERS(health_members) = {
    {"status", "alive|ready", false, "alive from /healthz, ready from /readyz", NULL},
    LAST};

/* ---- the state ------------------------------------------------------------------------------ */
MEMBERS(state_members) = {
    {"version", "string", false, "of the program", "\"" MAINSTEM_VERSION "\""},
    {"pid", "integer", false, "of the process", "4711"},
    {"data", "string", false, "folder of the data", "\"/var/lib/mainstem\""},
    {"uptime_s", "number", false, "since its start", "3600.5"},
    {"started", "time?", false, "when", NULL},
    {"cpu_ns", "count", false, "processor time used", "120000000"},
    {"memory_bytes", "count", false, "resident memory", "52428800"},
    {"mqtt", "StateMqtt", false, "the MQTT server", NULL},
    {"http", "StateHttp", false, "the HTTP server", NULL},
    {"live", "StateLive", false, "viewers of live values", NULL},
    {"tls", "StateTls?", false, "certificates and doors of TLS; null: there is no such door", NULL},
    {"rates", "StateRates", false, "a second, over the last seconds; empty at first", NULL},
    {"points", "StatePoints", false, "how many there are", NULL},
    {"engine", "StateEngine", false, "what was taken and what refused", NULL},
    {"snapshot", "StateSnapshot", false, "the newest", NULL},
    {"journal", "StateJournal", false, "the log on the disk", NULL},
    {"disk", "StateDisk", false, "the file system of the data", NULL},
    {"memory", "{}count", false, "bytes by part", "{\"tables\":4194304,\"mqtt\":65536}"},
    {"damage", "[]Damage", false, "stretches of the journal that were set aside", "[]"},
    {"limits", "{}count", false, "settings that are limits, by name", "{\"points.max\":16000000}"},
    {"start", "StateStart", false, "how the last start went", NULL},
    LAST};
MEMBERS(state_mqtt_members) = {
    {"address", "string", false, "it listens on", "\"127.0.0.1:1883\""},
    {"connections", "count", false, "now", "20"},
    {"connections_max", "count", false, "most at once", "24"},
    {"accepted", "count", false, "connections", "31"},
    {"turned_away", "count", false, "limit mqtt.connections", "0"},
    {"clients", "count", false, "connected", "20"},
    {"sessions", "count", false, "recorded", "4"},
    {"sessions_away", "count", false, "of these without a connection", "1"},
    {"subscriptions", "count", false, "of all", "6"},
    {"subscriptions_shared", "count", false, "of these shared", "0"},
    {"retained", "count", false, "messages", "3"},
    {"retained_bytes", "count", false, "their bytes", "120"},
    {"queued", "count", false, "messages for kept sessions", "0"},
    {"stored_bytes", "count", false, "of what is kept", "4096"},
    {"in_flight", "count", false, "between admission and delivery", "0"},
    {"skipped", "count", false, "for want of a packet id", "0"},
    {"memory", "count", false, "of sessions and subscriptions", "65536"},
    {"packets", "count", false, "received", "1000"},
    {"packets_out", "count", false, "sent", "1000"},
    {"messages_qos_0", "count", false, "received", "0"},
    {"messages_qos_1", "count", false, "received", "1000"},
    {"messages_qos_2", "count", false, "received", "0"},
    {"acknowledged", "count", false, "messages", "1000"},
    {"refused", "count", false, "messages answered with a refusal", "0"},
    {"dropped", "count", false, "refused messages of QoS 0", "0"},
    {"delivered", "count", false, "messages", "0"},
    {"dropped_slow", "count", false, "for clients that do not read", "0"},
    {"dropped_queue", "count", false, "for sessions whose queue was full", "0"},
    {"dropped_size", "count", false, "larger than the client takes", "0"},
    {"dropped_expired", "count", false, "past their expiry", "0"},
    {"dropped_denied", "count", false, "that their client may not see", "0"},
    {"denied", "count", false, "PUBLISH and filters without the right to them", "0"},
    {"revoked", "count", false, "clients whose rights ended", "0"},
    {"held_quota", "count", false, "PUBLISH that waited for their tenant's quota", "0"},
    {"held_turn", "count", false, "PUBLISH that waited for other tenants", "0"},
    {"wills", "count", false, "published", "0"},
    {"waits", "count", false, "times the engine said not now", "0"},
    {"bytes_in", "count", false, "received", "120000"},
    {"bytes_out", "count", false, "sent", "4000"},
    {"wakeups", "count", false, "rounds of the loop", "900"},
    {"reads", "count", false, "of sockets", "950"},
    {"sends", "count", false, "to sockets", "940"},
    {"messages_per_wakeup", "number", false, "on the average", "1.1"},
    {"messages_per_read", "number", false, "on the average", "1.05"},
    {"closed", "{}count", false, "connections that ended, by cause", "{\"goodbye\":11}"},
    {"latency_us", "Latency", false, "from reading a message to its acknowledgement", NULL},
    LAST};
MEMBERS(state_http_members) = {
    {"address", "string", false, "it listens on", "\"127.0.0.1:8080\""},
    {"connections", "count", false, "now", "3"},
    {"connections_max", "count", false, "most at once", "7"},
    {"accepted", "count", false, "connections", "12"},
    {"turned_away", "count", false, "limit http.connections", "0"},
    {"requests", "count", false, "whose head was read", "480"},
    {"answers", "{}count", false, "by hundreds of their status", "{\"2xx\":478,\"4xx\":2}"},
    {"faults", "count", false, "streams that were no HTTP", "0"},
    {"samples", "count", false, "taken through HTTP", "20"},
    {"commands", "count", false, "taken through HTTP", "3"},
    {"bytes_in", "count", false, "received", "96000"},
    {"bytes_out", "count", false, "sent", "820000"},
    {"closed", "{}count", false, "connections that ended, by cause", "{\"gone\":9}"},
    LAST};
MEMBERS(state_live_members) = {
    {"viewers", "count", false, "connected", "2"},
    {"viewers_away", "count", false, "that may come back", "0"},
    {"subscriptions", "count", false, "of all", "3"},
    {"points", "count", false, "watched, counted for each viewer", "480"},
    {"messages", "count", false, "sent", "900"},
    {"values", "count", false, "sent", "9000"},
    {"skipped", "count", false, "intermediate values left out", "12"},
    {"returned", "count", false, "viewers that came back", "1"},
    {"expired", "count", false, "viewers that did not", "0"},
    LAST};
MEMBERS(state_tls_members) = {
    {"least", "string", false, "version that is spoken", "\"1.2\""},
    {"certificates", "[]Certificate", false, "in force, the default one first, 20 at most", NULL},
    {"doors", "[]StateTlsDoor", false, "that are open", NULL},
    {"loads", "count", false, "how often new certificates came into force", "1"},
    {"failures", "count", false, "how often they could not", "0"},
    {"fault", "string?", false, "why not, the last time; null: the newest are in force", "null"},
    LAST};
MEMBERS(certificate_members) = {
    {"file", "string", false, "it was read from", "\"/etc/mainstem/cert.pem\""},
    {"names", "string", false, "whom it names", "\"mainstem.example, 192.0.2.7\""},
    {"issuer", "string", false, "who signed it", "\"CN = Example CA\""},
    {"key", "string", false, "sort of its key", "\"EC prime256v1, 256 bits\""},
    {"fingerprint", "string", false, "SHA-256", NULL},
    {"from", "time?", false, "valid from", NULL},
    {"until", "time?", false, "valid until", NULL},
    LAST};
MEMBERS(state_tls_door_members) = {
    {"name", "mqtts|https", false, "as its setting", NULL},
    {"address", "string", false, "it listens on", "\"127.0.0.1:8883\""},
    {"connections", "count", false, "now", "3"},
    {"handshakes", "count", false, "that went well", "12"},
    {"resumed", "count", false, "of them, by a ticket of an earlier one", "5"},
    {"certificates", "count", false, "of them, in which the client showed a certificate", "3"},
    {"verified", "count", false, "of those, signed by an authority of tls.client_ca", "3"},
    {"faults", "{}count", false, "handshakes that failed, by cause", "{\"plain\":1}"},
    LAST};
MEMBERS(latency_members) = {
    {"p50", "count", false, "half of all took less, in us", "1024"},
    {"p90", "count", false, "nine of ten", "2048"},
    {"p99", "count", false, "all but one in a hundred", "4096"},
    {"max", "count", false, "the longest", "5310"},
    {"histogram", "[]count", false, "[i]: less than 2^i us", "[0,0,3,997]"},
    LAST};
MEMBERS(state_rates_members) = {
    {"seconds", "number", true, "over which they were measured", "10.0"},
    {"messages", "number", true, "MQTT messages received", "100.0"},
    {"values", "number", true, "taken", "1000.0"},
    {"bytes_in", "number", true, "received", "12000.0"},
    {"acknowledged", "number", true, "messages", "100.0"},
    {"delivered", "number", true, "messages", "0.0"},
    {"bytes_out", "number", true, "sent", "400.0"},
    {"wakeups", "number", true, "of the loop", "90.0"},
    {"reads", "number", true, "of sockets", "95.0"},
    {"requests", "number", true, "of HTTP", "2.0"},
    {"cores", "number", true, "processors in use", "0.05"},
    LAST};
MEMBERS(state_points_members) = {
    {"count", "count", false, "created ever", "480"},
    {"rows", "count", false, "objects whose points come together", "48"},
    {"retired", "count", false, "of them", "0"},
    LAST};
MEMBERS(state_engine_members) = {
    {"messages", "count", false, "taken", "1000"},
    {"values", "count", false, "taken", "10000"},
    {"applied_values", "count", false, "durable and in the live table", "10000"},
    {"late_values", "count", false, "older than the live one", "0"},
    {"unknown_values", "count", false, "of points that are not there", "0"},
    {"fast_messages", "count", false, "of a known shape", "952"},
    {"lines", "count", false, "messages that were lines of line protocol", "500"},
    {"fast_lines", "count", false, "of a known series", "480"},
    {"refused_lines", "count", false, "lines that were refused", "0"},
    {"commands", "count", false, "admitted", "3"},
    {"outcomes", "count", false, "told", "3"},
    {"position", "count", false, "next to apply", "1004"},
    {"step_ns_max", "count", false, "the longest step", "812000"},
    {"step_ns_max_in_snapshot", "count", false, "while a snapshot was taken", "0"},
    {"memory", "count", false, "of tables, indexes and contexts", "8388608"},
    {"refused", "{}count", false, "messages that gave no reading, by reason", "{\"type\":2}"},
    {"faults", "{}count", false, "payloads that are none, by what is wrong", "{\"bad_json\":1}"},
    LAST};
MEMBERS(state_snapshot_members) = {
    {"active", "boolean", false, "one is being taken", "false"},
    {"count", "count", false, "since the start", "1"},
    {"position", "count", false, "it includes", "900"},
    {"bytes", "count", false, "of it", "1048576"},
    {"took_ns", "count", false, "to write", "30000000"},
    LAST};
MEMBERS(state_journal_members) = {
    {"mode", "string", false, "how writes are synced", "\"direct\""},
    {"first_position", "count", false, "that is there", "1"},
    {"durable_position", "count", false, "behind the last durable record", "1004"},
    {"segments", "count", false, "on the disk", "1"},
    {"bytes", "count", false, "of all files", "4194304"},
    {"bytes_written", "count", false, "with padding, since the start", "409600"},
    {"bytes_payload", "count", false, "without", "88000"},
    {"batches", "count", false, "since the start", "100"},
    {"records", "count", false, "since the start", "1003"},
    {"segment", "count", false, "number of the open one", "1"},
    {"segment_used", "count", false, "bytes of it", "413696"},
    {"segment_size", "count", false, "of it", "4194304"},
    {"disk_full", "boolean", false, "samples and messages are refused", "false"},
    {"stopped", "boolean", false, "a write failed and the disk does not answer yet", "false"},
    {"lag_ns", "count", false, "how long the oldest record that is not durable has waited", "0"},
    {"lag_ns_max", "count", false, "the longest such wait", "1900000"},
    {"write_ns_last", "count", false, "how long the last write took", "410000"},
    {"write_ns_max", "count", false, "the longest", "1500000"},
    {"write_us_histogram", "[]count", false, "[i]: writes of less than 2^i us", "[0,0,100]"},
    LAST};
MEMBERS(state_disk_members) = {
    {"free", "count?", false, "bytes; null: not known", "21474836480"},
    {"total", "count?", false, "bytes", "53687091200"},
    LAST};
MEMBERS(state_start_members) = {
    {"snapshot_position", "count", false, "it began from", "900"},
    {"replayed_batches", "count", false, "behind it", "4"},
    {"replayed_records", "count", false, "in them", "104"},
    {"replayed_values", "count", false, "in them", "1040"},
    {"snapshot_load_ns", "count", false, "time for the snapshot", "3000000"},
    {"replay_ns", "count", false, "time for the journal", "2000000"},
    {"total_ns", "count", false, "both, and the rest", "9000000"},
    LAST};
MEMBERS(damage_members) = {
    {"segment", "count", false, "it is in", "3"},
    {"offset", "count", false, "in the file", "8192"},
    {"bytes", "count", false, "0 with offset 0: the file or its end is missing", "4096"},
    {"first_position", "count", false, "of what is lost; 0: nothing, or see why", "310"},
    {"records", "count", false, "that are lost", "12"},
    {"before", "time?", false, "the last time known before it", NULL},
    {"after", "time?", false, "the first time known after it", NULL},
    {"why", "string", false, "what is wrong", "\"a batch whose sum is wrong\""},
    {"file", "string", false, "where its bytes were set aside", "\"damaged/0000000003-8192\""},
    LAST};

/* ---- topics --------------------------------------------------------------------------------- */
#define TOPIC_USE_MEMBERS \
    {"reading", "boolean", false, "its messages are readings", "true"}, \
    {"use", "reading|refused|not_matched|dollar|response", false, "what became of the last message", NULL}, \
    {"path", "string?", false, "of the point, or of the branch its points are in", "\"plant/line-1/press-3\""}, \
    {"why", "string?", false, "why it is no reading", "null"}
MEMBERS(topic_members) = {
    {"topic", "string", false, "of messages", "\"plant/line-1/press-3\""},
    {"messages", "count", false, "seen since the start; past 1,024 a second of all topics an estimate", "120"},
    {"last", "time?", false, "when the newest came", NULL},
    TOPIC_USE_MEMBERS,
    {"count", "count?", false, "points at or below path; null: you see a part of them", "2"},
    {"points", "[]string", false, "paths of the first 20 of them", "[\"plant/line-1/press-3/temp\",\"plant/line-1/press-3/force\"]"},
    LAST};
MEMBERS(topics_members) = {
    {"topics", "[]Topic", false, "newest first, at most 200 a page", NULL},
    {"next", "count?", false, "give it as `after` for the next page", "null"},
    {"template", "string", false, "readings.path, in force", "\"{topic}\""},
    {"match", "string", false, "readings.match, in force", "\"#\""},
    LAST};
MEMBERS(topics_dry_run_members) = {
    {"match", "string", true, "a text for readings.match; that in force unless told", "\"plant/#\""},
    {"template", "string", true, "a text for readings.path; that in force unless told", "\"site/{2-}\""},
    LAST};
MEMBERS(topic_use_members) = {
    TOPIC_USE_MEMBERS,
    LAST};
MEMBERS(topic_trial_members) = {
    {"topic", "string", false, "of messages", "\"plant/line-1/press-3\""},
    {"messages", "count", false, "seen", "120"},
    {"changes", "boolean", false, "the path, or whether it is a reading, would be another", "true"},
    {"now", "TopicUse", false, "under the settings in force", NULL},
    {"then", "TopicUse", false, "under those asked for", "{\"reading\":true,\"use\":\"reading\",\"path\":\"site/line-1/press-3\",\"why\":null}"},
    LAST};
MEMBERS(topics_dry_run_answer_members) = {
    {"topics", "[]TopicTrial", false, "first those that change; at most 1,000", NULL},
    {"count", "count", false, "topics looked at", "1"},
    {"changes", "count", false, "of them change", "1"},
    {"readings_now", "count", false, "of them are readings", "1"},
    {"readings_then", "count", false, "of them would be", "1"},
    {"template", "string", false, "readings.path, in force", "\"{topic}\""},
    {"match", "string", false, "readings.match, in force", "\"#\""},
    LAST};

/* ---- problems and the document -------------------------------------------------------------- */
MEMBERS(problem_members) = {
    {"type", "string", false, "an address that tells more", "\"/docs#unknown_point\""},
    {"title", "string", false, "in short", "\"no such point\""},
    {"status", "integer", false, "of the answer", "404"},
    {"code", "string", false, "for programs", "\"unknown_point\""},
    {"detail", "string", true, "what was wanted, what was found, what to do", "\"there is no point at plant/line-1/press-9/temp\""},
    LAST};
MEMBERS(openapi_members) = {
    {"openapi", "string", false, "version of the form", "\"3.1.0\""},
    {"info", "any", false, "title, version", "{\"title\":\"Mainstem\"}"},
    {"servers", "any", false, "this one", "[{\"url\":\"/\"}]"},
    {"tags", "any", false, "headings", "[]"},
    {"paths", "any", false, "what can be asked", "{}"},
    {"components", "any", false, "schemas", "{}"},
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
    {"PolicyRollups", "For how long each rollup is kept.", rollups_members, NULL, false, NULL, NULL},
    {"Policy", "What becomes of samples of the points it matches.", policy_members, NULL, true, NULL, NULL},
    {"PolicyPut", "What a policy says.", policy_put_members, NULL, false, NULL, NULL},
    {"PolicyMove", "A new place in the order.", policy_move_members, NULL, false, NULL, NULL},
    {"PolicyAnswer", "What became of a command about a policy.", policy_answer_members, NULL, true, NULL, NULL},
    {"PolicyDecision", "Which policy decides for a path.", policy_decision_members, NULL, true, NULL, NULL},
    {"Policies", "Policies in their order.", policies_members, NULL, true, NULL, NULL},
    {"Erase", "Samples to be erased: from <= time < to, of points said in one of three ways.", erase_members, NULL, false, NULL, NULL},
    {"EraseAnswer", "What was erased, or would be.", erase_answer_members, NULL, true, NULL, NULL},
    {"Erasure", "Samples that are gone.", erasure_members, NULL, true, NULL, NULL},
    {"Erasures", "A page of erasures.", erasures_members, NULL, true, NULL, NULL},
    {"Correct", "Another value for a sample.", correct_members, NULL, false, NULL, NULL},
    {"Original", "What a correction replaced.", original_members, NULL, true, NULL, NULL},
    {"Correction", "A sample whose value somebody replaced.", correction_members, NULL, true, NULL, NULL},
    {"CorrectAnswer", "What became of a correction.", correct_answer_members, NULL, true, NULL, NULL},
    {"Corrections", "A page of corrections.", corrections_members, NULL, true, NULL, NULL},
    {"Annotate", "Something to be said of a point.", annotate_members, NULL, false, NULL, NULL},
    {"Annotation", "What somebody said of a point.", annotation_members, NULL, true, NULL, NULL},
    {"AnnotateAnswer", "What became of an annotation.", annotate_answer_members, NULL, true, NULL, NULL},
    {"Annotations", "A page of annotations.", annotations_members, NULL, true, NULL, NULL},
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
    {"SamplesQuestion", "Which raw samples.", samples_question_members, NULL, false, NULL, NULL},
    {"BucketsQuestion", "Which buckets; count stands instead of step.", buckets_question_members, NULL, false, NULL, NULL},
    {"TrendQuestion", "Which lines for a screen.", trend_question_members, NULL, false, NULL, NULL},
    {"LastQuestion", "Which last samples.", last_question_members, NULL, false, NULL, NULL},
    {"MissingSamples", "Samples that could not be read.", missing_samples_members, NULL, true, NULL, NULL},
    {"QuestionCost", "What a question took.", question_cost_members, NULL, true, NULL, NULL},
    {"PointSamples", "A point and its samples.", point_samples_members, NULL, true, NULL, NULL},
    {"SamplesOfPoints", "Raw samples.", samples_of_points_members, NULL, true, NULL, NULL},
    {"PointBuckets", "A point, or a group of points, and its buckets.", point_buckets_members, NULL, true, NULL, NULL},
    {"BucketsOfPoints", "Samples folded into buckets.", buckets_of_points_members, NULL, true, NULL, NULL},
    {"PointTrend", "A point as a line on a screen.", point_trend_members, NULL, true, NULL, NULL},
    {"TrendOfPoints", "Lines for a screen.", trend_of_points_members, NULL, true, NULL, NULL},
    {"PointLast", "A point and its last sample.", point_last_members, NULL, true, NULL, NULL},
    {"LastOfPoints", "Last samples.", last_of_points_members, NULL, true, NULL, NULL},
    {"SqlQuestion", "A statement.", sql_question_members, NULL, false, NULL, NULL},
    {"SqlAnswerColumn", "A column of an answer.", sql_answer_column_members, NULL, true, NULL, NULL},
    {"SqlCost", "What a statement took.", sql_cost_members, NULL, true, NULL, NULL},
    {"SqlMissing", "Samples that could not be read.", sql_missing_members, NULL, true, NULL, NULL},
    {"SqlAnswer", "Rows.", sql_answer_members, NULL, true, NULL, NULL},
    {"SqlColumn", "A column of a table.", sql_column_members, NULL, true, NULL, NULL},
    {"SqlTable", "A table.", sql_table_members, NULL, true, NULL, NULL},
    {"SqlFunction", "A function.", sql_function_members, NULL, true, NULL, NULL},
    {"SqlSchema", "What there is to ask.", sql_schema_members, NULL, true, NULL, NULL},
    {"HistoryTier", "Files of one sort.", history_tier_members, NULL, true, NULL, NULL},
    {"HistoryWindows", "What is in memory.", history_windows_members, NULL, true, NULL, NULL},
    {"HistoryActivity", "What was done in the background.", history_activity_members, NULL, true, NULL, NULL},
    {"HistoryQuestions", "Questions to the history.", history_questions_members, NULL, true, NULL, NULL},
    {"HistoryMissing", "A file or stretch that cannot be read.", history_missing_members, NULL, true, NULL, NULL},
    {"History", "The store.", history_members, NULL, true, NULL, NULL},
    {"HistoryWork", "What begins.", history_work_members, NULL, true, NULL, NULL},
    {"State", "What the server knows of itself. Numbers are totals since the start unless told otherwise.", state_members, NULL, true, NULL, NULL},
    {"StateMqtt", "The MQTT server.", state_mqtt_members, NULL, true, NULL, NULL},
    {"StateHttp", "The HTTP server.", state_http_members, NULL, true, NULL, NULL},
    {"StateLive", "Viewers of live values.", state_live_members, NULL, true, NULL, NULL},
    {"StateTls", "Certificates and doors of TLS.", state_tls_members, NULL, true, NULL, NULL},
    {"Certificate", "As it was read.", certificate_members, NULL, true, NULL, NULL},
    {"StateTlsDoor", "A door of TLS.", state_tls_door_members, NULL, true, NULL, NULL},
    {"Latency", "Times in us.", latency_members, NULL, true, NULL, NULL},
    {"StateRates", "A second, over the last seconds.", state_rates_members, NULL, true, NULL, NULL},
    {"StatePoints", "Points.", state_points_members, NULL, true, NULL, NULL},
    {"StateEngine", "What was taken and what refused.", state_engine_members, NULL, true, NULL, NULL},
    {"StateSnapshot", "Snapshots.", state_snapshot_members, NULL, true, NULL, NULL},
    {"StateJournal", "The journal.", state_journal_members, NULL, true, NULL, NULL},
    {"StateDisk", "The file system of the data.", state_disk_members, NULL, true, NULL, NULL},
    {"StateStart", "The last start.", state_start_members, NULL, true, NULL, NULL},
    {"Damage", "A damaged stretch of the journal.", damage_members, NULL, true, NULL, NULL},
    {"Setting", "A setting.", setting_members, NULL, true, NULL, NULL},
    {"Settings", "All settings.", settings_members, NULL, true, NULL, NULL},
    {"Refusal", "A topic whose messages were refused as readings.", refusal_members, NULL, true, NULL, NULL},
    {"Refused", "Refusals.", refused_members, NULL, true, NULL, NULL},
    {"Client", "An MQTT client, or a session without one.", client_members, NULL, true, NULL, NULL},
    {"Clients", "A page of clients.", clients_members, NULL, true, NULL, NULL},
    {"RetainedMessage", "A retained message.", retained_message_members, NULL, true, NULL, NULL},
    {"Retained", "A page of retained messages.", retained_members, NULL, true, NULL, NULL},
    {"TopicUse", "What becomes of a topic.", topic_use_members, NULL, true, NULL, NULL},
    {"Topic", "A topic seen.", topic_members, NULL, true, NULL, NULL},
    {"Topics", "A page of topics seen.", topics_members, NULL, true, NULL, NULL},
    {"TopicsDryRun", "Settings to be tried.", topics_dry_run_members, NULL, false, NULL, NULL},
    {"TopicTrial", "A topic under two settings.", topic_trial_members, NULL, true, NULL, NULL},
    {"TopicsDryRunAnswer", "What these settings would make of the topics seen.", topics_dry_run_answer_members, NULL, true, NULL, NULL},
    {"Health", "It lives, or is ready.", health_members, NULL, true, NULL, NULL},
    {"Problem", "Why a request was not done (RFC 9457).", problem_members, NULL, true, NULL, NULL},
    {"Openapi", "An OpenAPI 3.1 document.", openapi_members, NULL, true, NULL, NULL},
};
/* clang-format on */

const size_t schemas_points_count = ARRAY_COUNT(schemas_points);
