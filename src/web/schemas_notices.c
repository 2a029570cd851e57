/* Schemas of channels, rosters, routes and deliveries. */
#include "web/schema_words.h"

/* clang-format off */
#define OUTCOME \
    {"outcome", "string", false, "what was said now", "\"done\""}, \
    {"first", "string", false, "what was said when it was run", "\"done\""}, \
    {"text", "string", false, "the outcome as a sentence", "\"done\""}, \
    {"position", "count", false, "of the command in the journal", "4711"}
#define WEEKLY \
    {"from", "string", true, "time of day; 00:00 unless said", "\"22:00\""}, \
    {"to", "string", true, "not after from: of the next day; 24:00 unless said", "\"06:00\""}, \
    {"days", "string", true, "on which it begins; all unless said", "\"mon-fri\""}
MEMBERS(quiet_members) = {
    WEEKLY,
    {"utc_offset", "string", true, "of these times; +00:00 unless said", "\"+08:00\""},
    {"but_priority", "integer", true, "that urgent and more is sent all the same; 0: nothing is; 1 unless said", "1"},
    LAST};
#define CHANNEL_WORDS \
    {"gather", "string", true, "how long alarms are gathered into one message, up to 1h; 10s unless said", "\"10s\""}, \
    {"language", "en|zh", true, "of what people read; en unless said", "\"en\""}
MEMBERS(channel_members) = {
    {"name", "string", false, "unique in the tenant", "\"duty\""},
    {"kind", "webhook|mqtt|mail|browser", false, "what it leads to", "\"webhook\""},
    {"url", "string?", false, "of a webhook, for who may change it", "\"https://alarms.example.org/in\""},
    {"topic", "string?", false, "of mqtt, likewise", "null"},
    {"address", "string?", false, "of mail, likewise", "null"},
    {"secret", "boolean", false, "there is one: messages are signed", "true"},
    {"quiet", "[]QuietHours", false, "when only what is urgent is sent", "[]"},
    CHANNEL_WORDS,
    {"dead", "boolean", false, "nothing arrives there any more", "false"},
    {"dead_since", "time?", false, "since when", "null"},
    {"last_error", "string?", false, "of the last try that failed, for who may change it", "null"},
    {"sent", "count", false, "deliveries that arrived", "12"},
    {"given_up", "count", false, "deliveries that never did", "0"},
    {"waiting", "count", false, "deliveries under way", "0"},
    {"holders", "count", false, "times that rosters and routes name it", "2"},
    {"changed", "time", false, "when it was set last", NULL},
    {"position", "count", false, "of the command that did", "4711"},
    LAST};
MEMBERS(channels_members) = {
    {"channels", "[]Channel", false, "in the order they were made", NULL},
    {"next", "string?", false, "`after` of the next page; null: this is the last", "null"},
    LAST};
MEMBERS(channel_put_members) = {
    {"kind", "webhook|mqtt|mail|browser", false, "what it leads to; fixed once it is made", "\"webhook\""},
    {"url", "string", true, "of a webhook: https:// or http://, up to 1,024 bytes", "\"https://alarms.example.org/in\""},
    {"topic", "string", true, "of mqtt", NULL},
    {"address", "string", true, "of mail", NULL},
    {"secret", "string", true, "signs messages; up to 256 bytes, whsec_ and base64 or as it is; kept sealed; not said: as it was; empty: none", NULL},
    {"quiet", "[]QuietHours", true, "at most 8", "[]"},
    CHANNEL_WORDS,
    KEY_MEMBERS,
    LAST};
MEMBERS(channel_answer_members) = {
    OUTCOME,
    {"channel", "Channel?", false, "as it is now; null: removed", NULL},
    LAST};
MEMBERS(channel_test_members) = {
    OUTCOME,
    {"delivery", "count", false, "its number: GET /v1/deliveries tells what becomes of it", "12"},
    LAST};
MEMBERS(roster_member_members) = {
    {"name", "string", false, "of the roster alone", "\"ann\""},
    {"channels", "[]string", false, "names of 1 to 8 channels", "[\"ann-mail\"]"},
    LAST};
MEMBERS(roster_shift_members) = {
    {"member", "string", false, "who is on call then", "\"ann\""},
    WEEKLY,
    LAST};
MEMBERS(roster_step_members) = {
    {"after", "string", true, "behind the alarm, not before the step above, up to 24h; 0s unless said", "\"5m\""},
    {"to", "string", true, "on call, next, or a member's name; on call unless said", "\"next\""},
    LAST};
#define ROSTER_WORDS \
    {"members", "[]RosterMember", false, "1 to 64; the first is called when nobody is on call", NULL}, \
    {"shifts", "[]RosterShift", true, "at most 64", NULL}, \
    {"utc_offset", "string", true, "of the shifts; +00:00 unless said", "\"+08:00\""}, \
    {"steps", "[]RosterStep", false, "1 to 16", NULL}
MEMBERS(roster_members) = {
    {"name", "string", false, "unique in the tenant", "\"duty\""},
    ROSTER_WORDS,
    {"on_call", "[]string", false, "members who are on call, now or `at`", "[\"ann\"]"},
    {"holders", "count", false, "routes that lead to it", "1"},
    {"changed", "time", false, "when it was set last", NULL},
    {"position", "count", false, "of the command that did", "4711"},
    LAST};
MEMBERS(rosters_members) = {
    {"rosters", "[]Roster", false, "in the order they were made", NULL},
    {"next", "string?", false, "`after` of the next page; null: this is the last", "null"},
    LAST};
MEMBERS(roster_put_members) = {
    ROSTER_WORDS,
    KEY_MEMBERS,
    LAST};
MEMBERS(roster_answer_members) = {
    OUTCOME,
    {"roster", "Roster?", false, "as it is now; null: removed", NULL},
    LAST};
MEMBERS(route_to_members) = {
    {"channel", "string", true, "name of a channel", NULL},
    {"roster", "string", true, "or of a roster", "\"duty\""},
    LAST};
MEMBERS(route_members) = {
    {"name", "string", false, "unique in the tenant", "\"all\""},
    {"match", "string", false, "pattern of the paths of its alarms", "\"plant/#\""},
    {"priority", "integer", false, "the least urgent that goes: 1 to 8", "3"},
    {"returned", "boolean", false, "the end of an alarm is told as well", "false"},
    {"to", "NoticeRouteTo", false, "a roster or a channel", NULL},
    {"changed", "time", false, "when it was set last", NULL},
    {"position", "count", false, "of the command that did", "4711"},
    LAST};
MEMBERS(routes_members) = {
    {"routes", "[]NoticeRoute", false, "in the order they were made", NULL},
    {"next", "string?", false, "`after` of the next page; null: this is the last", "null"},
    LAST};
MEMBERS(route_put_members) = {
    {"match", "string", true, "pattern of paths; # unless said", "\"plant/#\""},
    {"priority", "integer", true, "the least urgent that goes: 1 to 8; 8 unless said", "3"},
    {"returned", "boolean", true, "the end of an alarm is told as well; false unless said", "false"},
    {"to", "NoticeRouteTo", false, "a roster or a channel", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(route_answer_members) = {
    OUTCOME,
    {"route", "NoticeRoute?", false, "as it is now; null: removed", NULL},
    LAST};
MEMBERS(delivery_alarm_members) = {
    {"what", "alarm|test", false, "what it is", "\"alarm\""},
    {"alarm", "count", false, "its number; 0: it is none", "12"},
    {"path", "string?", false, "where", "\"plant/press-3/temp\""},
    {"title", "string?", false, "of its rule", "\"Too hot\""},
    {"why", "string?", false, "what raised it", "\"temp 81.2 > 80\""},
    {"priority", "integer", false, "1 is the most urgent", "1"},
    {"time", "time", false, "source time of the cause", NULL},
    LAST};
MEMBERS(delivery_members) = {
    {"delivery", "count", false, "its number", "12"},
    {"channel", "string?", false, "where it goes", "\"duty\""},
    {"state", "waiting|sent|given_up", false, "what became of it", "\"sent\""},
    {"test", "boolean", false, "it is a test", "false"},
    {"count", "count", false, "alarms in it", "1"},
    {"priority", "integer", false, "of the most urgent", "1"},
    {"attempts", "count", false, "how often it was tried", "1"},
    {"made", "time", false, "when the first alarm came", NULL},
    {"done", "time?", false, "when it arrived, or was given up", NULL},
    {"error", "string?", false, "of the last try that failed, for who may change channels", "null"},
    {"alarms", "[]DeliveryAlarm", false, "the first ones; when it is done, the very first; for who sees all of the tenant", NULL},
    LAST};
MEMBERS(deliveries_members) = {
    {"deliveries", "[]Delivery", false, "the newest first; of done ones the last 100 of each channel", NULL},
    {"next", "string?", false, "`after` of the next page; null: this is the last", "null"},
    LAST};

const struct schema schemas_notices[] = {
    {"QuietHours", "When only what is urgent is sent.", quiet_members, NULL, false, NULL, NULL},
    {"Channel", "A way out for alarms, without its secret.", channel_members, NULL, true, NULL, NULL},
    {"Channels", "A page of channels.", channels_members, NULL, true, NULL, NULL},
    {"ChannelPut", "What a channel says, all of it but the secret.", channel_put_members, NULL, false, NULL, NULL},
    {"ChannelAnswer", "What became of it.", channel_answer_members, NULL, true, NULL, NULL},
    {"ChannelTestAnswer", "A test on its way.", channel_test_members, NULL, true, NULL, NULL},
    {"RosterMember", "Who may be called.", roster_member_members, NULL, false, NULL, NULL},
    {"RosterShift", "When somebody is on call.", roster_shift_members, NULL, false, NULL, NULL},
    {"RosterStep", "Who is called, when nobody has acknowledged so far.", roster_step_members, NULL, false, NULL, NULL},
    {"Roster", "Who is on call, and who is next.", roster_members, NULL, true, NULL, NULL},
    {"Rosters", "A page of rosters.", rosters_members, NULL, true, NULL, NULL},
    {"RosterPut", "What a roster says, all of it.", roster_put_members, NULL, false, NULL, NULL},
    {"RosterAnswer", "What became of it.", roster_answer_members, NULL, true, NULL, NULL},
    {"NoticeRouteTo", "Where alarms go: one of the two.", route_to_members, NULL, false, NULL, NULL},
    {"NoticeRoute", "Which alarms go where.", route_members, NULL, true, NULL, NULL},
    {"NoticeRoutes", "A page of routes.", routes_members, NULL, true, NULL, NULL},
    {"NoticeRoutePut", "What a route says, all of it.", route_put_members, NULL, false, NULL, NULL},
    {"NoticeRouteAnswer", "What became of it.", route_answer_members, NULL, true, NULL, NULL},
    {"DeliveryAlarm", "Something that a delivery tells.", delivery_alarm_members, NULL, true, NULL, NULL},
    {"Delivery", "A message to a channel.", delivery_members, NULL, true, NULL, NULL},
    {"Deliveries", "A page of deliveries.", deliveries_members, NULL, true, NULL, NULL},
};
/* clang-format on */
const size_t schemas_notices_count = ARRAY_COUNT(schemas_notices);
