/* Shapes of bodies and answers about the history: policies, erasures, corrections, annotations, and
 * questions, those in SQL too. */
#include "web/schema_words.h"

/* clang-format off */

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
    {"type", VALUE_TYPES, false, "of its values", NULL}, \
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
    {"type", VALUE_TYPES, false, "of the values folded", NULL},
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

const struct schema schemas_history[] = {
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
};
/* clang-format on */

const size_t schemas_history_count = ARRAY_COUNT(schemas_history);
