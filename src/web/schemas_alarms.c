/* Shapes of bodies and answers about rules and alarms. */
#include "web/schema_words.h"

/* clang-format off */
#define RULE_KINDS "high_high|high|low|low_low|rate|deviation|state|stale|expression|channel"
#define STATES "normal|unacknowledged|acknowledged|returned unacknowledged|latched unacknowledged|latched acknowledged|shelved|suppressed by design|out of service"
#define POINT_EXAMPLE "\"acme/north/pump-3/temp\""
#define NEXT_MEMBER \
    {"next", "string?", false, "give it as `after` for the next page; null: there is none", "null"}
#define SPAN_TEXT " as 500ms, 30s, 5m, 8h or 1d"

/* ---- rules ----------------------------------------------------------------------------------- */
#define RULE_HEAD \
    {"name", "string", false, "unique in the tenant", "\"pump-hot\""}, \
    {"title", "string?", false, "what people read", "\"Pump too hot\""}, \
    {"enabled", "boolean", false, "it stands", "true"}, \
    {"kind", RULE_KINDS, false, "what is judged", "\"high\""}, \
    {"on", "point|pattern|type|nothing", false, "where it stands", "\"type\""}, \
    {"path", "string?", false, "of the point, the pattern, or the branch", "null"}, \
    {"type", "string?", false, "name of the asset type", "\"pump\""}, \
    {"metric", "string?", false, "of that type", "\"temp\""}, \
    {"priority", "count", false, "1 is the most urgent, 8 the least", "2"}, \
    {"limit", "number?", false, "null: the point's own, or its metric's", "80"}, \
    {"deadband", "number", false, "by so much a value has to come back", "1"}, \
    {"span", "string", false, "of rate, stale, baseline:" SPAN_TEXT, "\"0s\""}, \
    {"direction", "rising|falling|either", false, "of rate", "\"either\""}, \
    {"reference", "string?", false, "of deviation: the other point; null: its own baseline", "null"}, \
    {"states", "[]number", false, "of state: values that are the alarm", "[]"}, \
    {"condition", "string?", false, "of expression (docs/conditions.md); null as well for who does not see all that it looks at", "null"}, \
    {"on_delay", "string", false, "so long it has to hold", "\"5s\""}, \
    {"off_delay", "string", false, "so long it has not to", "\"0s\""}, \
    {"latch", "boolean", false, "it stays until it is reset", "false"}, \
    {"acknowledge", "boolean", false, "somebody has to say that he saw it", "true"}, \
    {"realarm", "string", false, "told again when it still stands; 0s: never", "\"0s\""}, \
    {"chatter", "count", false, "what changes more often in a minute chatters: it is held active, and its changes are counted; 0: nothing does", "10"}, \
    {"cause", "string?", false, "what it comes from", "\"bearing\""}, \
    {"consequence", "string?", false, "what comes of it", "\"the pump stops\""}, \
    {"response", "string?", false, "what is to be done", "\"switch to pump 4\""}, \
    {"group", "string?", false, "of first-out", "null"}, \
    {"points", "count?", false, "that have it, as far as the walk came; null: you see a part of them", "120"}, \
    {"alarms", "count?", false, "of it that are not normal; null: you see a part of its points", "1"}, \
    {"unjudged", "count?", false, "of these points: it cannot be judged there, as the reference is gone, stale, bad or without a value; null: you see a part of them, or not the reference", "0"}, \
    {"too_late", "count?", false, "late values that it could not judge: what was beside them is not known any more; null: you see a part of its points", "0"}, \
    {"changed", "time?", false, "when it was set last", NULL}, \
    {"author", "string?", false, "by whom", "\"ann\""}, \
    {"position", "count", false, "of the command in the journal", "123"}
MEMBERS(rule_members) = {RULE_HEAD, LAST};
MEMBERS(rule_item_members) = {
    RULE_HEAD,
    {"wins", "boolean", true, "with path: it is the one of its kind that judges the point", "true"},
    {"why", "point|pattern|type|nothing", true, "with path: by what it stands there; a point before a pattern before a type", "\"type\""},
    LAST};
MEMBERS(rules_members) = {
    {"rules", "[]AlarmRuleItem", false, "in the order they were made; with path, each kind with the one that wins first", NULL},
    NEXT_MEMBER,
    {"walk_left", "count", false, "points that a change of rules has not reached yet", "0"},
    LAST};
#define RULE_SETTINGS \
    {"title", "string?", true, "what people read; the name unless said", "\"Pump too hot\""}, \
    {"enabled", "boolean", true, "true unless said", "true"}, \
    {"kind", RULE_KINDS, false, "what is judged", "\"high\""}, \
    {"on", "point|pattern|type|nothing", true, "where it stands; found out by path and type unless said", NULL}, \
    {"path", "string?", true, "of a point, a pattern, or a branch", POINT_EXAMPLE}, \
    {"type", "string?", true, "name of an asset type", NULL}, \
    {"metric", "string?", true, "of that type", NULL}, \
    {"priority", "integer", true, "1 to 8; 3 unless said", "2"}, \
    {"limit", "number?", true, "of limits, rate and deviation; without it the point's own, or its metric's", "80"}, \
    {"deadband", "number?", true, "by so much a value has to come back", NULL}, \
    {"span", "string?", true, "of rate, stale, baseline:" SPAN_TEXT, NULL}, \
    {"direction", "rising|falling|either", true, "of rate; either unless said", NULL}, \
    {"reference", "string?", true, "of deviation: path of the other point", NULL}, \
    {"states", "[]number", true, "of state: up to 16 values that are the alarm", NULL}, \
    {"condition", "string?", true, "of expression", NULL}, \
    {"on_delay", "string?", true, "so long it has to hold:" SPAN_TEXT, "\"5s\""}, \
    {"off_delay", "string?", true, "so long it has not to", "\"0s\""}, \
    {"latch", "boolean", true, "it stays until it is reset", "false"}, \
    {"acknowledge", "boolean", true, "somebody has to say that he saw it; true unless said", "true"}, \
    {"realarm", "string?", true, "told again when it still stands", "\"30m\""}, \
    {"chatter", "integer?", true, "0 to 1,000: what changes more often in a minute chatters; 10 unless said, 0: nothing does", "10"}, \
    {"cause", "string?", true, "up to 2,048 bytes", "\"bearing\""}, \
    {"consequence", "string?", true, "up to 2,048 bytes", "\"the pump stops\""}, \
    {"response", "string?", true, "up to 2,048 bytes", "\"switch to pump 4\""}, \
    {"group", "string?", true, "of first-out", NULL}
MEMBERS(rule_put_members) = {RULE_SETTINGS, KEY_MEMBERS, LAST};
MEMBERS(rule_answer_members) = {
    {"outcome", "string", false, "done, or repeated", "\"done\""},
    {"first", "string", false, "the outcome of the first time", "\"done\""},
    {"text", "string", false, "the outcome as a sentence", "\"done\""},
    {"position", "count", false, "of the command in the journal", "123"},
    {"rule", "AlarmRule?", false, "as it is now; null: it is not there any more", NULL},
    {"walk_left", "count", false, "points that the change has not reached yet", "0"},
    LAST};
MEMBERS(preview_members) = {
    RULE_SETTINGS,
    {"from", "any", true, "a time; 30 days ago unless said", "\"-30d\""},
    {"to", "any", true, "a time; now unless said", "\"now\""},
    LAST};
MEMBERS(preview_example_members) = {
    {"path", "string", false, "of the point", POINT_EXAMPLE},
    {"from", "time?", false, "when it would have been raised", NULL},
    {"to", "time?", false, "when it would have returned; null: it would still stand", NULL},
    {"value", "number?", false, "that would have raised it", "81.2"},
    {"why", "string?", false, "in words", "\"81.2 >= 80\""},
    LAST};
MEMBERS(preview_answer_members) = {
    {"times", "count", false, "how often it would have been raised", "14"},
    {"points", "count", false, "that were looked at", "12"},
    {"examples", "[]AlarmRulePreviewExample", false, "the first hundred", NULL},
    {"cut", "boolean", false, "there are more points or samples than were looked at", "false"},
    LAST};

/* ---- alarms ---------------------------------------------------------------------------------- */
#define ALARM_HEAD \
    {"alarm", "count", false, "its number, never used again", "4711"}, \
    {"state", STATES, false, "after ISA-18.2", "\"unacknowledged\""}, \
    {"letter", "string", false, "of the state in the standard's diagram", "\"B\""}, \
    {"priority", "count", false, "1 is the most urgent", "2"}, \
    {"kind", RULE_KINDS, false, "of its rule", "\"high\""}, \
    {"rule", "string?", false, "name of its rule", "\"pump-hot\""}, \
    {"title", "string?", false, "what people read", "\"Pump too hot\""}, \
    {"path", "string?", false, "of its point, or of the branch", POINT_EXAMPLE}, \
    {"asset", "string?", false, "path of the asset it belongs to", "\"acme/north/pump-3\""}, \
    {"value", "number?", false, "that raised it", "81.2"}, \
    {"unit", "string?", false, "of the value", "\"degC\""}, \
    {"limit", "number?", false, "that it is held against", "80"}, \
    {"why", "string?", false, "in words", "\"temp 81.2 >= 80\""}, \
    {"raised", "time?", false, "source time of what raised it last", NULL}, \
    {"changed", "time?", false, "when its state changed last", NULL}, \
    {"count", "count", false, "how often it was raised since it was normal", "1"}, \
    {"chattering", "time?", false, "since when it chatters: it is held active, and its changes are counted; null: it does not", "null"}, \
    {"changes", "count", false, "that were counted since it chatters, and those that made it so; as of the last entry or so", "0"}, \
    {"first_out", "boolean", false, "the first of its group", "false"}, \
    {"acknowledged_by", "string?", false, "who saw it", "null"}, \
    {"acknowledged", "time?", false, "when he said so", "null"}, \
    {"assignee", "string?", false, "who sees to it", "null"}, \
    {"comment", "string?", false, "the newest", "null"}, \
    {"shelved_until", "time?", false, "when it comes back", "null"}
MEMBERS(alarm_item_members) = {ALARM_HEAD, LAST};
MEMBERS(alarm_counts_members) = {
    {"active", "count", false, "whose condition holds", "1"},
    {"unacknowledged", "count", false, "that somebody has to acknowledge", "1"},
    {"shelved", "count", false, "until a time", "0"},
    {"suppressed", "count", false, "by design", "0"},
    {"out_of_service", "count", false, "for work", "0"},
    {"stale", "count", false, "points from which nothing comes", "0"},
    {"by_priority", "[]count", false, "active or unacknowledged, of priority 1 to 8", "[0,1,0,0,0,0,0,0]"},
    LAST};
MEMBERS(alarms_members) = {
    {"alarms", "[]AlarmItem", false, "those that are not normal, the newest change first", NULL},
    {"counts", "AlarmCounts", false, "of all that you see, whatever was asked for; for who sees a part, with the first page", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(entry_members) = {
    {"entry", "count", false, "its number, from 1", "17"},
    {"alarm", "count", false, "what it happened to", "4711"},
    {"path", "string?", false, "of the point, or of the branch", POINT_EXAMPLE},
    {"rule", "string?", false, "name of the rule", "\"pump-hot\""},
    {"title", "string?", false, "of the rule as it is now", "\"Pump too hot\""},
    {"event", "string", false, "condition holds, condition ends, acknowledge, comment, chattering, calm, ..", "\"condition holds\""},
    {"state", STATES "?", false, "afterwards", "\"unacknowledged\""},
    {"state_before", STATES "?", false, "before", "\"normal\""},
    {"priority", "count", false, "of the rule, then", "2"},
    {"kind", RULE_KINDS "?", false, "of the rule, then", "\"high\""},
    {"value", "number?", false, "of the cause; of chattering and calm: how many changes", "81.2"},
    {"time", "time?", false, "source time of the cause", NULL},
    {"arrived", "time?", false, "when that came", NULL},
    {"who", "string?", false, "who did it; null: nobody", "null"},
    {"text", "string?", false, "comment, assignee, or why", "\"temp 81.2 >= 80\""},
    {"late", "boolean", false, "of a late sample: nothing moved", "false"},
    {"told", "boolean", false, "people were told", "true"},
    {"first_out", "boolean", false, "the first of its group", "false"},
    {"lost", "boolean", false, "there was no room for the alarm itself", "false"},
    {"position", "count", false, "of its cause in the journal", "123"},
    LAST};
MEMBERS(alarm_members) = {
    ALARM_HEAD,
    {"cause", "string?", false, "what it comes from", "\"bearing\""},
    {"consequence", "string?", false, "what comes of it", "\"the pump stops\""},
    {"response", "string?", false, "what is to be done", "\"switch to pump 4\""},
    {"documents", "[]string", false, "names of documents about it", "[]"},
    {"entries", "[]AlarmEntry", false, "what happened to it, newest first; at most 200", NULL},
    LAST};
MEMBERS(filter_members) = {
    {"state", "any", true, "a state, or a list of them", "\"unacknowledged\""},
    {"priority", "any", true, "a number, a range as \"1-2\", or a list of such", "\"1-2\""},
    {"match", "string", true, "pattern of paths", "\"acme/#\""},
    {"rule", "string", true, "name of a rule", "\"pump-hot\""},
    {"type", "string", true, "name of an asset type", "\"pump\""},
    {"under", "string", true, "path of an asset: of it and of all below it", "\"acme/north\""},
    {"assignee", "string", true, "who sees to them", "\"ann\""},
    {"contains", "string", true, "text in path, title or rule", "\"hot\""},
    LAST};
MEMBERS(act_members) = {
    {"act", "acknowledge|unacknowledge|reset|shelve|unshelve|suppress|unsuppress|remove_from_service|return_to_service|comment|assign", false, "what is to be done", "\"acknowledge\""},
    {"alarms", "[]count", true, "numbers, up to 1,024", "[4711]"},
    {"filter", "AlarmFilter", true, "instead: all that it finds in which you may", NULL},
    {"rule", "string", true, "instead, of one that is normal: the rule", NULL},
    {"path", "string", true, "and its point", NULL},
    {"comment", "string?", true, "up to 2,048 bytes", "\"looked at it\""},
    {"for", "string?", true, "of shelve: how long, up to 7d", NULL},
    {"assignee", "string?", true, "of assign: to whom; nobody unless said", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(act_answer_members) = {
    {"done", "count", false, "alarms that took it", "1"},
    {"passed_over", "count", false, "that were not in a state for it, or not yours", "0"},
    {"undo_until", "time?", false, "of acknowledge: until then you can take it back", NULL},
    {"position", "count", false, "of the last command in the journal", "123"},
    LAST};
MEMBERS(journal_members) = {
    {"entries", "[]AlarmEntry", false, "newest first", NULL},
    NEXT_MEMBER,
    LAST};

/* ---- statistics, notes ----------------------------------------------------------------------- */
MEMBERS(rate_members) = {
    {"mean", "number", false, "told in ten minutes", "0.5"},
    {"most", "count", false, "told in ten minutes", "7"},
    {"at", "time?", false, "when that was", NULL},
    LAST};
MEMBERS(flood_members) = {
    {"from", "time", false, "of ten minutes with more than ten", NULL},
    {"to", "time", false, "end of the last of these", NULL},
    {"alarms", "count", false, "told in it", "31"},
    LAST};
MEMBERS(times_members) = {
    {"path", "string?", false, "of the point", POINT_EXAMPLE},
    {"rule", "string?", false, "name of the rule", "\"pump-hot\""},
    {"times", "count", false, "how often", "14"},
    LAST};
MEMBERS(standing_members) = {
    {"alarm", "count", false, "its number", "4711"},
    {"path", "string?", false, "of the point", POINT_EXAMPLE},
    {"rule", "string?", false, "name of the rule", "\"pump-hot\""},
    {"for", "number?", false, "seconds", "90000"},
    LAST};
MEMBERS(latency_members) = {
    {"count", "count", false, "acknowledgements in the range", "12"},
    {"median", "number?", false, "seconds; some 3 % either way", "42"},
    {"p90", "number?", false, "seconds", "310"},
    LAST};
MEMBERS(shift_members) = {
    {"from", "time", false, "of the shift", NULL},
    {"to", "time", false, "its end, or the range's", NULL},
    {"raised", "count", false, "told in it", "12"},
    {"most_in_10_minutes", "count", false, "of it", "7"},
    LAST};
MEMBERS(series_members) = {
    {"time", "time", false, "of ten minutes, or several of these together", NULL},
    {"raised", "count", false, "told in it", "1"},
    LAST};
MEMBERS(statistics_members) = {
    {"from", "time", false, "of the range", NULL},
    {"to", "time", false, "its end", NULL},
    {"raised", "count", false, "alarms people were told of, by arrival", "31"},
    {"per_10_minutes", "AlarmRate", false, "EEMUA 191: one is fine, two are many, ten a flood", NULL},
    {"floods", "[]AlarmFlood", false, "more than ten in ten minutes", "[]"},
    {"chattering", "[]AlarmTimes", false, "told three times or more within a minute: how often that was, those times with it that were only counted as it chattered; the ten worst", "[]"},
    {"standing", "[]AlarmStanding", false, "active for more than 24 hours now; the first hundred", "[]"},
    {"standing_count", "count", false, "all of them", "0"},
    {"stale", "count", false, "points from which nothing comes now", "0"},
    {"top", "[]AlarmTimes", false, "the ten that were told most often", "[]"},
    {"acknowledge", "AlarmLatency", false, "from being told to being acknowledged", NULL},
    {"by_priority", "[]count", false, "of priority 1 to 8", "[0,31,0,0,0,0,0,0]"},
    {"by_shift", "[]AlarmShift", false, "from the beginning of the range on", NULL},
    {"series", "[]AlarmSeries", false, "at most 500", NULL},
    {"cut", "boolean", false, "more than 32,768 different alarms: top and chattering know the first of them", "false"},
    LAST};
MEMBERS(handover_item_members) = {
    {"note", "count", false, "its number", "3"},
    {"branch", "string?", false, "what it is about; null: everything", "\"acme/north\""},
    {"author", "string?", false, "who wrote it", "\"ann\""},
    {"written", "time?", false, "when", NULL},
    {"text", "string", false, "what one shift tells the next", "\"pump 3 runs hot since six\""},
    LAST};
MEMBERS(handovers_members) = {
    {"handovers", "[]Handover", false, "newest first", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(handover_add_members) = {
    {"branch", "string?", true, "what it is about; everything unless said", "\"acme/north\""},
    {"text", "string", false, "1 to 2,048 bytes", "\"pump 3 runs hot since six\""},
    KEY_MEMBERS,
    LAST};
MEMBERS(handover_answer_members) = {
    {"outcome", "string", false, "done, or repeated", "\"done\""},
    {"first", "string", false, "the outcome of the first time", "\"done\""},
    {"text", "string", false, "the outcome as a sentence", "\"done\""},
    {"position", "count", false, "of the command in the journal", "123"},
    {"handover", "Handover?", false, "as it was written", NULL},
    LAST};

const struct schema schemas_alarms[] = {
    {"AlarmRule", "What is judged, where, and what to do about it.", rule_members, NULL, true, NULL, NULL},
    {"AlarmRuleItem", "A rule of a list.", rule_item_members, NULL, true, NULL, NULL},
    {"AlarmRules", "A page of rules.", rules_members, NULL, true, NULL, NULL},
    {"AlarmRulePut", "What a rule says, all of it.", rule_put_members, NULL, false, NULL, NULL},
    {"AlarmRuleAnswer", "What became of a command about a rule.", rule_answer_members, NULL, true, NULL, NULL},
    {"AlarmRulePreview", "A rule, and a range of time to try it on.", preview_members, NULL, false, NULL, NULL},
    {"AlarmRulePreviewExample", "A time it would have been raised.", preview_example_members, NULL, true, NULL, NULL},
    {"AlarmRulePreviewAnswer", "What it would have done.", preview_answer_members, NULL, true, NULL, NULL},
    {"AlarmItem", "An alarm that is not normal.", alarm_item_members, NULL, true, NULL, NULL},
    {"AlarmCounts", "How many there are.", alarm_counts_members, NULL, true, NULL, NULL},
    {"Alarms", "A page of alarms.", alarms_members, NULL, true, NULL, NULL},
    {"AlarmEntry", "Something that happened to an alarm.", entry_members, NULL, true, NULL, NULL},
    {"Alarm", "An alarm and what happened to it.", alarm_members, NULL, true, NULL, NULL},
    {"AlarmFilter", "Which alarms; all that is said must hold.", filter_members, NULL, false, NULL, NULL},
    {"AlarmsAct", "Something to be done with alarms, said in one of three ways.", act_members, NULL, false, NULL, NULL},
    {"AlarmsActAnswer", "What became of it.", act_answer_members, NULL, true, NULL, NULL},
    {"AlarmJournal", "A page of what happened.", journal_members, NULL, true, NULL, NULL},
    {"AlarmRate", "How many in ten minutes.", rate_members, NULL, true, NULL, NULL},
    {"AlarmFlood", "Too many at once.", flood_members, NULL, true, NULL, NULL},
    {"AlarmTimes", "An alarm, and how often.", times_members, NULL, true, NULL, NULL},
    {"AlarmStanding", "An alarm that stands.", standing_members, NULL, true, NULL, NULL},
    {"AlarmLatency", "How long it took.", latency_members, NULL, true, NULL, NULL},
    {"AlarmShift", "A shift.", shift_members, NULL, true, NULL, NULL},
    {"AlarmSeries", "How many, when.", series_members, NULL, true, NULL, NULL},
    {"AlarmStatistics", "What the alarms were like.", statistics_members, NULL, true, NULL, NULL},
    {"Handover", "A note from one shift to the next.", handover_item_members, NULL, true, NULL, NULL},
    {"Handovers", "A page of notes.", handovers_members, NULL, true, NULL, NULL},
    {"HandoverAdd", "A note.", handover_add_members, NULL, false, NULL, NULL},
    {"HandoverAnswer", "What became of a note.", handover_answer_members, NULL, true, NULL, NULL},
};
const size_t schemas_alarms_count = ARRAY_COUNT(schemas_alarms);
