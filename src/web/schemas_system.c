/* Shapes of answers about the server: settings, its state, topics and clients, problems. */
#include "web/schema_words.h"

/* clang-format off */

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

const struct schema schemas_system[] = {
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

const size_t schemas_system_count = ARRAY_COUNT(schemas_system);
