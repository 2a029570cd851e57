/* settings: every knob, listed once. The table below makes the struct, the reader of the file,
 * the environment, the options, the --help of serve and docs/settings.md.
 *
 * Precedence: default < file < environment (MAINSTEM_<NAME>, dots as underscores) < option
 * (--<name>, dots and underscores as dashes; the short options of the contract are aliases).
 * A wrong setting is refused with where it stands (file:line, variable or option), what was found
 * and what is allowed.
 *
 * The file: a `name = value` on each line; '#' at the start of a line or after a space begins a
 * comment; a value may stand in double quotes, where a '#' is text; sizes take K M G T (1024),
 * durations ns us ms s m h d; flags are true or false. A name twice is refused. At most
 * SETTINGS_FILE_MAX bytes. Of the environment, MAINSTEM_ variables that look like a setting's and
 * are none (MAINSTEM_MQTT_PAKET) are refused; others (MAINSTEM_SERVICE_HOST) are not ours.
 *
 * Pure but for settings_read_file; any thread on distinct structs. */
#pragma once

#include "base/base.h"

/* kind, name in code, name for people, default, least, most, reloadable on SIGHUP, meaning.
 * SIZE and COUNT: uint64_t; TIME: int64_t ns; TEXT and ADDRESS: char[256], an ADDRESS may be empty:
 * nothing listens there; CHOICE: text among
 * `a|b|c` given as "least"; FLAG: bool. The lists of docs/settings.md follow this order. */
/* clang-format off */
#define SETTINGS_TABLE(TEXT, ADDRESS, CHOICE, FLAG, COUNT, SIZE, TIME)                                      \
    TEXT(data, "data", "./mainstem-data", 0, "folder of the data; created when missing")           \
    ADDRESS(mqtt, "mqtt", "127.0.0.1:1883", 0, "address MQTT listens on, HOST:PORT; empty: it does not") \
    ADDRESS(http, "http", "127.0.0.1:8080", 0, "address of HTTP: console, API, WebSocket; HOST:PORT; empty: none") \
    ADDRESS(mqtts, "mqtts", "", 0, "address of MQTT over TLS, HOST:PORT; empty: none")              \
    ADDRESS(https, "https", "", 0, "address of HTTP over TLS, HOST:PORT; empty: none")              \
    FLAG(insecure, "insecure", false, 0, "open doors that other machines reach though they are not encrypted, or nobody administers the server yet") \
    TEXT(tls_certificate, "tls.certificate", "", 1, "PEM file of the server's certificate, those above it behind it; read again when it changes") \
    TEXT(tls_key, "tls.key", "", 1, "PEM file of its private key, without a passphrase") \
    TEXT(tls_folder, "tls.folder", "", 1, "folder of more certificates, NAME.crt and NAME.key, chosen by the name that a client asks for (SNI)") \
    TEXT(tls_client_ca, "tls.client_ca", "", 1, "PEM file of the authorities that sign clients' certificates; empty: clients are not asked for one") \
    CHOICE(tls_version, "tls.version", "1.2", "1.2|1.3", 1, "least version of TLS that is spoken") \
    CHOICE(log_level, "log.level", "info", "error|warn|info|debug", 1, "least severe line to log") \
    CHOICE(log_format, "log.format", "text", "text|json", 1, "how log lines are written")          \
    COUNT(log_rate, "log.rate", 50, 0, 100000, 1, "log lines a second of one room and level; the rest is counted; 0: all") \
    FLAG(log_refused, "log.refused", true, 1, "write a line for refused messages; they are counted either way") \
    TIME(batch_floor, "journal.batch_floor", 1000000, 0, 1000000000, 1, "least time between two batch writes") \
    SIZE(segment_first, "journal.segment_first", 4194304, 4194304, 1073741824, 0, "first segment's size; later ones double") \
    SIZE(segment_max, "journal.segment_max", 268435456, 4194304, 1073741824, 0, "largest segment")  \
    SIZE(reserve, "journal.reserve", 1048576, 1048576, 1073741824, 0, "space kept for commands on a full disk") \
    TIME(samples_keep, "journal.samples_keep", 86400000000000, 0, 315360000000000000, 1, "how long sample segments are kept once the history has them and snapshots cover them; 0: for ever") \
    SIZE(history_window_bytes, "history.window_bytes", 1073741824, 4194304, 17179869184, 1, "memory of the history's open window: when it is used up, the window is sealed into a file") \
    TIME(history_window_time, "history.window_time", 600000000000, 1000000000, 86400000000000, 1, "longest time until the open window is sealed; one with few samples waits six times as long") \
    SIZE(history_reserve, "history.reserve", 268435456, 1048576, 1099511627776, 1, "free space below which samples go that a policy lets go when the disk is full; below four times of it there is a warning") \
    SIZE(snapshot_bytes, "snapshot.journal_bytes", 67108864, 1048576, 1099511627776, 1, "journal growth after which a snapshot is taken, or a quarter of the snapshot's size if that is more") \
    TIME(messages_keep, "journal.messages_keep", 0, 0, 315360000000000000, 1, "how long segments of MQTT messages and sessions are kept once two snapshots cover them") \
    TIME(snapshot_time, "snapshot.interval", 600000000000, 1000000000, 31536000000000000, 1, "longest time between two snapshots while data comes") \
    COUNT(points_max, "points.max", 16000000, 1, 268435456, 0, "points of the tenant; past it no point is created") \
    COUNT(points_rate, "points.new_per_second", 0, 0, 100000000, 1, "new points a second of the tenant; 0: no limit") \
    COUNT(points_connection, "points.per_connection", 1000000, 1, 268435456, 1, "new points one connection may create") \
    COUNT(mqtt_connections, "mqtt.connections", 100000, 1, 10000000, 1, "connections at once")     \
    SIZE(mqtt_packet, "mqtt.packet", 1048576, 1024, 268435456, 1, "largest MQTT packet accepted; a message that is kept is one record of the journal, at most 1.3M") \
    COUNT(mqtt_receive, "mqtt.receive_maximum", 4096, 1, 65535, 1, "QoS 1 and 2 messages one client may have unacknowledged") \
    COUNT(mqtt_alias, "mqtt.topic_alias_maximum", 64, 0, 65535, 1, "topic aliases one client may set, and most that are set for one") \
    SIZE(mqtt_memory, "mqtt.memory", 536870912, 1048576, 1099511627776, 1, "bytes held for all MQTT clients together: partial packets, topic aliases, subscriptions, answers, messages on their way") \
    COUNT(mqtt_sessions, "mqtt.sessions", 200000, 1, 16000000, 1, "sessions kept beyond their connection, at once") \
    COUNT(mqtt_session_expiry, "mqtt.session_expiry_max", 2592000, 0, 4294967295, 1, "longest time in seconds a session is kept without a connection; 4294967295: for ever. MQTT 5 clients are told; sessions of MQTT 3 are kept as long") \
    COUNT(mqtt_subscriptions, "mqtt.subscriptions", 4096, 1, 1000000, 1, "subscriptions of one session") \
    COUNT(mqtt_subscriptions_all, "mqtt.subscriptions_all", 1000000, 1, 100000000, 1, "subscriptions of all sessions together") \
    COUNT(mqtt_inflight, "mqtt.inflight", 1024, 1, 65535, 1, "QoS 1 and 2 messages sent to a client and not yet acknowledged; its own receive maximum may be lower") \
    COUNT(mqtt_queue, "mqtt.queue", 10000, 1, 65000, 1, "QoS 1 and 2 messages queued for a session; past it new ones are dropped and counted") \
    SIZE(mqtt_queue_bytes, "mqtt.queue_bytes", 33554432, 1024, 1099511627776, 1, "bytes of messages queued for a session; past it new ones are dropped and counted") \
    COUNT(mqtt_queue_qos0, "mqtt.queue_qos0", 20000, 1, 10000000, 1, "QoS 0 messages that wait for a client to read; past it new ones are dropped and counted") \
    COUNT(mqtt_retained, "mqtt.retained", 1000000, 0, 100000000, 1, "retained messages; past it new topics are refused") \
    SIZE(mqtt_stored, "mqtt.stored", 1073741824, 1048576, 1099511627776, 1, "memory of what is kept for sessions, their messages, and retained ones; past it new ones are refused") \
    TIME(mqtt_sys_interval, "mqtt.sys_interval", 10000000000, 0, 86400000000000, 1, "time between two updates of the $SYS topics; 0: none") \
    TEXT(readings_match, "readings.match", "#", 1, "topic filters, separated by spaces, of the messages that are taken as readings; $ alone: none, for no topic that begins with it is one") \
    TIME(mqtt_connect_time, "mqtt.connect_time", 10000000000, 100000000, 3600000000000, 1, "time a new connection has to send CONNECT") \
    COUNT(mqtt_keep_alive, "mqtt.keep_alive_max", 65535, 1, 65535, 1, "largest keep-alive in seconds; MQTT 5 clients are told, a keep-alive of 0 becomes this one when it is below 65535") \
    TEXT(readings_path, "readings.path", "{topic}", 0, "template of the path that a topic's readings get: {topic}, {N} its level N from 1, {N-} from N to the end, other text as it is, as in site/{2}/{4-}") \
    TEXT(http_hosts, "http.hosts", "", 1, "host names, separated by spaces, by which HTTP is asked besides IP addresses, localhost and this machine's name") \
    COUNT(http_connections, "http.connections", 10000, 1, 10000000, 1, "HTTP connections at once, WebSockets included") \
    SIZE(http_memory, "http.memory", 268435456, 1048576, 1099511627776, 1, "bytes held for all HTTP clients together: heads, bodies, answers on their way, viewers") \
    SIZE(http_body, "http.body", 16777216, 1024, 1073741824, 1, "longest request body, as sent; inflated it may be four times that") \
    TIME(http_head_time, "http.head_time", 10000000000, 100000000, 3600000000000, 1, "time a request's head may take from its first byte, and a new connection until its first request") \
    TIME(http_body_time, "http.body_time", 20000000000, 100000000, 3600000000000, 1, "longest silence within a request's body, and before an answer is read on") \
    TIME(http_idle_time, "http.idle_time", 60000000000, 100000000, 86400000000000, 1, "time a connection may be idle between two requests") \
    COUNT(http_viewers, "http.viewers", 1000, 1, 1000000, 1, "viewers of live values at once, those that may come back included") \
    COUNT(http_live_points, "http.live_points", 20000, 1, 10000000, 1, "points one viewer may watch") \
    COUNT(query_threads, "query.threads", 2, 1, 64, 0, "threads that answer questions to the history; more questions take turns") \
    TIME(query_time, "query.time", 60000000000, 1000000, 86400000000000, 1, "longest time that one question may work") \
    SIZE(query_memory, "query.memory", 268435456, 4194304, 1099511627776, 1, "memory of all questions under way together") \
    COUNT(query_points, "query.points", 100000, 1, 16000000, 1, "points that one question may be about") \
    SIZE(documents_size, "documents.size", 16777216, 1024, 67108864, 1, "longest document; http.body must let it through as well") \
    TEXT(documents_pdftotext, "documents.pdftotext", "/usr/bin/pdftotext", 0, "program that reads the text of PDFs, in a process that is shut in; none: only their names and titles are searched") \
    COUNT(sql_processes, "sql.processes", 2, 1, 64, 1, "statements of SQL that run at once, each in a process of its own; more wait") \
    SIZE(sql_memory, "sql.memory", 268435456, 16777216, 1099511627776, 1, "memory of each of these processes") \
    TIME(sql_time, "sql.time", 30000000000, 10000000, 86400000000000, 1, "longest time that one statement of SQL may run, and wait before") \
    COUNT(sql_rows, "sql.rows", 1000000, 1, 1000000000, 1, "rows that one answer of SQL may have") \
    TIME(http_live_keep, "http.live_keep", 60000000000, 0, 86400000000000, 1, "how long a viewer that lost its connection may come back") \
    TIME(access_session_time, "access.session_time", 43200000000000, 60000000000, 31536000000000000, 1, "longest time that a person stays logged in") \
    TIME(access_session_idle, "access.session_idle", 7200000000000, 60000000000, 31536000000000000, 1, "time without a request after which a person has to log in again") \
    COUNT(access_guess_limit, "access.guess_limit", 10, 1, 1000, 1, "wrong passwords in a row until the next one has to wait: a second, then twice as long each time") \
    TIME(access_lock_time, "access.lock_time", 900000000000, 1000000000, 86400000000000, 1, "longest such wait; after as long without a wrong one, half of them are forgotten") \
    COUNT(access_password_jobs, "access.password_jobs", 64, 1, 10000, 1, "passwords that wait to be checked at once; each takes some 0.1 s of a core; past it: busy") \
    TIME(access_password_keep, "access.password_keep", 600000000000, 0, 86400000000000, 1, "how long a password that was right is known again without that work; 0: never") \
    TEXT(openid_url, "openid.url", "", 0, "how browsers reach this server, as https://plant.example, for providers of OpenID that send them back; empty: as they asked for it") \
    TEXT(openid_ca, "openid.ca", "", 0, "PEM file of the authorities that sign certificates of OpenID providers; empty: those that the system trusts") \
    FLAG(notify_inner, "notify.inner", false, 1, "webhooks of the tenant main may go to addresses of this machine and its link") \
    TEXT(notify_ca, "notify.ca", "", 1, "PEM file of the authorities that sign certificates of webhooks and of the mail server; empty: those that the system trusts") \
    TIME(notify_time, "notify.time", 10000000000, 100000000, 300000000000, 1, "longest time that one try to deliver a notice may take") \
    TEXT(notify_smtp_server, "notify.smtp_server", "", 1, "mail server of notices, HOST:PORT; empty: no mail is sent") \
    CHOICE(notify_smtp_security, "notify.smtp_security", "starttls", "starttls|tls|none", 1, "how mail is encrypted: STARTTLS, TLS from the first byte, or not at all, and then no password is sent") \
    TEXT(notify_smtp_from, "notify.smtp_from", "", 1, "mail address that notices come from") \
    TEXT(notify_smtp_user, "notify.smtp_user", "", 1, "name by which the mail server is logged in to; empty: without") \
    TEXT(notify_smtp_password_file, "notify.smtp_password_file", "", 1, "file whose first line is the password for it") \
    TEXT(readings_lines_path, "readings.lines_path", "{measurement}/{tags}/{field}", 1, "template of the path that a field of line protocol gets: {measurement}, {field}, {tag:NAME}, {tags} (values of the other tags, a level each), {pairs} (as key=value)") \
    SIZE(http_write_body, "http.write_body", 25000000, 1024, 1073741824, 1, "longest body of line protocol, as sent; inflated it may be sixteen times that")
/* clang-format on */

struct settings {
#define SETTINGS_TEXT(field, name, initial, reload, help) char field[256];
#define SETTINGS_ADDRESS(field, name, initial, reload, help) char field[256];
#define SETTINGS_CHOICE(field, name, initial, choices, reload, help) char field[32];
#define SETTINGS_FLAG(field, name, initial, reload, help) bool field;
#define SETTINGS_COUNT(field, name, initial, least, most, reload, help) uint64_t field;
#define SETTINGS_SIZE(field, name, initial, least, most, reload, help) uint64_t field;
#define SETTINGS_TIME(field, name, initial, least, most, reload, help) int64_t field;
    SETTINGS_TABLE(SETTINGS_TEXT, SETTINGS_ADDRESS, SETTINGS_CHOICE, SETTINGS_FLAG, SETTINGS_COUNT,
                   SETTINGS_SIZE, SETTINGS_TIME)
#undef SETTINGS_TEXT
#undef SETTINGS_ADDRESS
#undef SETTINGS_CHOICE
#undef SETTINGS_FLAG
#undef SETTINGS_COUNT
#undef SETTINGS_SIZE
#undef SETTINGS_TIME
};

#define SETTINGS_FAULT_SIZE 512
#define SETTINGS_FILE_MAX ((size_t)1 << 20)
void settings_default(struct settings *settings);
/* Each returns ERR_INVALID with a sentence in fault[SETTINGS_FAULT_SIZE], or ERR_MISSING/ERR_IO for
 * the file. settings is changed only on OK. */
MUST_USE enum err settings_read_file(struct settings *settings, const char *path, char *fault);
MUST_USE enum err settings_read_text(struct settings *settings, struct bytes text, const char *name,
                                     char *fault);
MUST_USE enum err settings_read_environment(struct settings *settings, char *const *environment,
                                            char *fault);
/* name as written after the dashes ("mqtt", "journal-batch-floor"); value NULL for a FLAG.
 * ERR_MISSING: no such option. */
MUST_USE enum err settings_read_option(struct settings *settings, const char *name,
                                       const char *value, char *fault);
/* Settings that are each allowed but not together; to be asked once all were read. */
MUST_USE enum err settings_check(const struct settings *settings, char *fault);
/* What is wrong with "HOST:PORT", "[v6]:PORT" or ":PORT"; NULL when nothing is. Not empty: whether
 * there may be none is not its question. */
const char *settings_address_fault(struct bytes address);
/* Takes over what may change while running; writes the names that would need a restart, comma
 * separated, into needs_restart[SETTINGS_FAULT_SIZE]. */
void settings_reload(struct settings *running, const struct settings *wanted, char *needs_restart);
/* One setting as people see it, by its place in the table from 0; false behind the last one. */
#define SETTING_TEXT_SIZE 320
struct setting_view {
    const char *name, *meaning;
    char value[SETTING_TEXT_SIZE];   /* in force, as it would be written in a file */
    char initial[SETTING_TEXT_SIZE]; /* unless it is set */
    char allowed[SETTING_TEXT_SIZE]; /* "1 to 65535", "error, warn, info or debug", ... */
    bool reload;                     /* SIGHUP takes a new value over */
    bool changed;                    /* it is not as it would be unless set */
};
bool settings_view(const struct settings *settings, size_t at, struct setting_view *ret_view);
/* For --help, `mainstem serve --print-settings` (the commented example file) and docs. */
void settings_print_options(void (*put)(void *arg, const char *line), void *arg);
void settings_print_example(void (*put)(void *arg, const char *line), void *arg);
void settings_print_markdown(void (*put)(void *arg, const char *line), void *arg);
