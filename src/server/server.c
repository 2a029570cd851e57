/* From settings to a listening server and back: what is opened in which order, and what is said. */
#include "server/control.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- settings
 * ------------------------------------------------------------------------------------ */
static void server_configure_log(const struct settings *settings)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    struct log_settings log = {.level = LOG_INFO,
                               .json = strcmp(settings->log_format, "json") == 0,
                               .lines_per_s = (unsigned)settings->log_rate};
    for (size_t i = 0; i < ARRAY_COUNT(levels); i++)
        if (strcmp(settings->log_level, levels[i]) == 0)
            log.level = (enum log_level)i;
    log_configure(&log);
}

static void server_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    log_line(level, "engine", "%s", text);
}

/* A command was done, whichever door it came through. */
static void server_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct server *server = arg;
    if (!server->web) /* still starting: nobody has asked */
        return;
    bool of_point = outcome->point != POINT_NONE && outcome->number == 0;
    if (outcome->code == OUTCOME_DONE && of_point)
        web_point_changed(server->web, outcome->point);
    if (tag & WEB_TAG)
        web_outcome(server->web, tag, outcome);
    else if (tag & ACCESS_TAG)
        access_outcome(server->access, tag, outcome);
    else if (tag & NOTIFY_TAG)
        return; /* the delivery's state says it */
    else
        control_outcome(server, tag, outcome);
}

static void server_point_erased(void *arg, uint32_t point)
{
    struct server *server = arg;
    if (server->live)
        live_point_erased(server->live, point);
}

static void server_row_changed(void *arg, const struct row_shape *shape,
                               const struct sample_row *sample)
{
    const struct server *server = arg;
    live_row_changed(server->live, shape, sample);
}

static void server_engine_config(struct server *server, struct engine_config *ret)
{
    const struct settings *settings = &server->settings;
    engine_config_default(ret);
    ret->disk = server->disk;
    ret->clock = server->clock;
    ret->writer = server->writer;
    ret->background = server->background;
    ret->snapshotter = server->snapshotter;
    ret->sealer = server->sealer;
    ret->merger = server->merger;
    ret->history_window_bytes = settings->history_window_bytes;
    ret->history_window_ns = settings->history_window_time;
    ret->history_reserve_bytes = settings->history_reserve;
    ret->points_max = (uint32_t)settings->points_max;
    ret->segment_first_bytes = settings->segment_first;
    ret->segment_max_bytes = settings->segment_max;
    ret->reserve_bytes = settings->reserve;
    ret->batch_floor_ns = settings->batch_floor;
    ret->snapshot_bytes = settings->snapshot_bytes;
    ret->snapshot_interval_ns = settings->snapshot_time;
    ret->samples_keep_ns = settings->samples_keep;
    ret->messages_keep_ns = settings->messages_keep;
    ret->points_rate = settings->points_rate;
    ret->sabotage = server->config->sabotage;
    ret->tell = server_tell;
    ret->outcome = server_outcome;
    ret->changed = server_row_changed;
    ret->erased = server_point_erased;
    ret->arg = server;
}

static struct sql_limits server_sql_limits(const struct server *server)
{
    const struct settings *settings = &server->settings;
    return (struct sql_limits){.processes = (uint32_t)settings->sql_processes,
                               .memory = settings->sql_memory,
                               .time_ns = settings->sql_time};
}

void server_reload(struct server *server)
{
    char fault[SETTINGS_FAULT_SIZE] = "no source of settings to read again";
    struct settings wanted;
    struct engine_config engine;
    settings_default(&wanted);
    enum err err = server->config->reload
                       ? server->config->reload(server->config->reload_arg, &wanted, fault)
                       : ERR_INVALID;
    if (err == OK)
        err = settings_check(&wanted, fault);
    if (err == OK)
        err = broker_settings_check(&wanted, fault);
    if (err == OK)
        err = web_settings_check(&wanted, fault);
    if (err != OK) {
        log_error("server", "SIGHUP: the settings stay as they were: %s", fault);
        return;
    }
    settings_reload(&server->settings, &wanted, fault);
    server->memory.most = server->settings.mqtt_memory;
    server->http_memory.most = server->settings.http_memory;
    query_pool_limits(server->queries, server->settings.query_memory, server->settings.query_time);
    const struct sql_limits sql = server_sql_limits(server);
    sql_limit(server->sql, &sql);
    server_configure_log(&server->settings);
    server_engine_config(server, &engine);
    engine_reconfigure(server->engine, &engine);
    keeper_reload(server);
    log_info("server", "SIGHUP: settings were read again%s%s",
             fault[0] ? "; a restart is needed for " : "", fault);
}

/* ---- start
 * --------------------------------------------------------------------------------------- */
/* Before any thread is there: all of them inherit the mask, and signalfd alone gets the signals. */
static void start_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    check(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
}

static bool start_disk(struct server *server)
{
    const char *folder = server->settings.data;
    int pid = 0;
    enum err err = disk_real_open(folder, true, &server->disk);
    if (err != OK) {
        log_error("server", "the data folder %s cannot be opened: %s", folder, err_text(err));
        return false;
    }
    err = disk_real_lock(server->disk, &pid);
    if (err == ERR_LOCKED)
        log_error("server",
                  "the data folder %s is in use by the process %d: stop it (kill %d), or choose "
                  "another with --data DIR",
                  folder, pid, pid);
    else if (err != OK)
        log_error("server", "the data folder %s cannot be locked: %s", folder, err_text(err));
    return err == OK;
}

static enum err start_queries(struct server *server)
{
    const struct settings *settings = &server->settings;
    const struct query_pool_config config = {.threads = (unsigned)settings->query_threads,
                                             .memory = settings->query_memory,
                                             .time_ns = settings->query_time};
    return query_pool_create(&config, &server->queries);
}

static bool start_workers(struct server *server)
{
    enum err err = worker_thread_create("journal", &server->writer);
    if (err == OK)
        err = worker_thread_create("background", &server->background);
    if (err == OK)
        err = worker_thread_create("snapshots", &server->snapshotter);
    if (err == OK)
        err = worker_thread_create("seal", &server->sealer);
    if (err == OK)
        err = worker_thread_create("merge", &server->merger);
    if (err == OK)
        err = start_queries(server);
    if (err == OK)
        err = loop_init(server);
    if (err != OK)
        log_error("server", "the server cannot start: %s", err_text(err));
    return err == OK;
}

static void start_report(const struct server *server)
{
    const struct engine_start *start = &server->start;
    log_info("server", "durable writes: %s", server->disk->mode(server->disk));
    log_info("server",
             "recovered in %" PRId64 " ms: snapshot at position %" PRIu64 " in %" PRId64
             " ms, then %" PRIu64 " batches with %" PRIu64 " records and %" PRIu64
             " values in %" PRId64 " ms; %u points",
             start->total_ns / NS_PER_MS, start->snapshot_position,
             start->snapshot_load_ns / NS_PER_MS, start->replayed_batches, start->replayed_records,
             start->replayed_values, start->replay_ns / NS_PER_MS,
             points_count(engine_points(server->engine)));
    if (start->damage > 0)
        log_warn("server",
                 "%zu damaged pieces of the journal are set aside; mainstem check names what is "
                 "missing",
                 start->damage);
}

static bool start_broker(struct server *server)
{
    struct broker_config config = {.settings = &server->settings,
                                   .engine = server->engine,
                                   .access = server->access,
                                   .clock = server->clock,
                                   .port = &mqtt_port,
                                   .arg = server,
                                   .memory = &server->memory,
                                   .random = os_random};
    enum err err = broker_create(&config, &server->broker);
    struct broker_state state;
    if (err != OK) {
        log_error("server", "the MQTT sessions cannot be taken up: %s", err_text(err));
        return false;
    }
    broker_describe(server->broker, &state);
    if (state.sessions + state.retained > 0)
        log_info("server",
                 "%" PRIu64 " MQTT sessions with %" PRIu64 " subscriptions and %" PRIu64
                 " queued messages, and %" PRIu64 " retained messages, are here again",
                 state.sessions, state.subscriptions, state.queued, state.retained);
    return true;
}

/* Where answers about the server come from. */
static void start_sources(struct server *server)
{
    const struct door *mqtt = &server->doors[DOOR_MQTT], *http = &server->doors[DOOR_HTTP];
    server->sources =
        (struct report_sources){.settings = &server->settings,
                                .engine = server->engine,
                                .start = &server->start,
                                .broker = server->broker,
                                .disk = server->disk,
                                .clock = server->clock,
                                .counters = &mqtt->counters,
                                .rates = &server->rates,
                                .lag = &server->lag,
                                .connections = &mqtt->connections,
                                .connections_max = &mqtt->connections_max,
                                .mqtt_memory = &server->memory,
                                .requests = &server->requests,
                                .mqtt_address = server->listeners[LISTENER_MQTT].address,
                                .http_address = server->listeners[LISTENER_HTTP].address,
                                .http_counters = &http->counters,
                                .http_connections = &http->connections,
                                .http_connections_max = &http->connections_max,
                                .http_memory = &server->http_memory,
                                .now_ns = &server->now_ns,
                                .started_ns = server->started_ns,
                                .started_wall_ns = server->started_wall_ns,
                                .add_http = server_add_http,
                                .tell_tls = keeper_tell,
                                .arg = server};
}

static void server_sql_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    log_line(level, "sql", "%s", text);
}

static enum err start_sql(struct server *server)
{
    const struct sql_config config = {.space = server->space,
                                      .points = engine_points(server->engine),
                                      .history = engine_history(server->engine),
                                      .assets = engine_assets(server->engine),
                                      .alarms = engine_alarms(server->engine),
                                      .documents = engine_library(server->engine),
                                      .notices = engine_notices(server->engine),
                                      .clock = server->clock,
                                      .limits = server_sql_limits(server),
                                      .tell = server_sql_tell};
    enum err err = sql_create(&config, &server->sql);
    return err == OK ? loop_watch(server, sql_fd(server->sql)) : err;
}

static bool start_web(struct server *server)
{
    struct live_config live = {.settings = &server->settings,
                               .engine = server->engine,
                               .access = server->access,
                               .random = os_random};
    struct web_config web = {.settings = &server->settings,
                             .engine = server->engine,
                             .broker = server->broker,
                             .access = server->access,
                             .openid = server->openid,
                             .sources = &server->sources,
                             .clock = server->clock,
                             .port = &http_port,
                             .arg = server,
                             .memory = &server->http_memory};
    enum err err = namespace_create(engine_points(server->engine), &server->space);
    live.space = web.space = server->space;
    web.queries = server->queries;
    if (err == OK)
        err = live_create(&live, &server->live);
    web.live = server->live;
    if (err == OK)
        err = start_sql(server);
    web.sql = server->sql;
    web.documents = server->documents;
    if (err == OK)
        err = web_create(&web, &server->web);
    if (err == OK)
        web_now(server->web, server->now_ns);
    else
        log_error("server", "HTTP cannot be set up: %s", err_text(err));
    return err == OK;
}

static bool start_engine(struct server *server)
{
    struct engine_config config;
    server_engine_config(server, &config);
    os_random(&config.seed, sizeof config.seed);
    enum err err = engine_open(&config, &server->engine, &server->start);
    if (err != OK) {
        log_error("server", "the data in %s cannot be opened: %s", server->settings.data,
                  err_text(err));
        return false;
    }
    server->lost_generation = engine_lost_generation(server->engine);
    start_report(server);
    if (!locks_start(server) || !providers_start(server) || !listener_allow(server) ||
        !start_broker(server) || !notices_start(server))
        return false;
    start_sources(server);
    library_start(server);
    return start_web(server);
}

/* What someone who starts it for the first time should know. */
static void start_remarks(const struct server *server)
{
    const struct settings *settings = &server->settings;
    uint64_t files = os_raise_file_limit();
    if (files < settings->mqtt_connections + settings->http_connections + 64)
        log_info("server",
                 "%" PRIu64 " file descriptors are allowed: fewer than mqtt.connections and "
                 "http.connections together, which are %" PRIu64,
                 files, settings->mqtt_connections + settings->http_connections);
}

/* "mqtt HOST:PORT, http HOST:PORT, ...": those that are open. */
static void start_doors(const struct server *server, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (enum listener_kind kind = 0; kind < LISTENERS; kind++) {
        const char *address = server->listeners[kind].address;
        if (address[0] != '\0' && used < size)
            used +=
                (size_t)snprintf(text + used, size - used, "%s %s, ", listener_name(kind), address);
    }
}

/* While nobody administers the server: who may what, and how that ends. */
static void start_trial(struct server *server)
{
    char token[SECRET_TOKEN_SIZE];
    bool tls = server->listeners[LISTENER_HTTPS].address[0] != '\0';
    const char *address = server->listeners[tls ? LISTENER_HTTPS : LISTENER_HTTP].address;
    if (!access_setup_begin(server->access, token))
        return;
    log_warn("server", "trial: nobody administers this server; whoever is on this machine may all");
    if (address[0] != '\0')
        log_warn("server", "make the first account at %s://%s/setup#%s (works once)",
                 tls ? "https" : "http", address, token);
    secret_wipe(token, sizeof token);
}

static void start_ready(struct server *server)
{
    char doors[LISTENERS * (OS_ADDRESS_SIZE + 16)], line[1024];
    start_doors(server, doors, sizeof doors);
    snprintf(line, sizeof line, "mainstem ready: %sdata %s, pid %d", doors, server->settings.data,
             (int)getpid());
    start_trial(server);
    os_notify("READY=1\nSTATUS=ready");
    log_info("server", "%s", line);
    if (!log_enabled(LOG_INFO)) /* scripts wait for this line, whatever is logged */
        fprintf(stderr, "%s\n", line);
}

static bool server_start(struct server *server)
{
    log_info("server", "mainstem %s starts: data %s, pid %d", MAINSTEM_VERSION,
             server->settings.data, (int)getpid());
    return start_disk(server) && start_workers(server) && keeper_start(server) &&
           listener_open(server) && start_engine(server) && listener_start(server);
}

/* ---- stop
 * ---------------------------------------------------------------------------------------- */
static void server_stop(struct server *server)
{
    listener_close(server);
    web_destroy(server->web);
    providers_stop(server);
    notices_stop(server);
    library_stop(server);
    query_pool_destroy(server->queries);
    sql_destroy(server->sql);
    server->web = NULL; /* the engine's close carries out what was given: nobody waits for it */
    live_destroy(server->live);
    broker_destroy(server->broker);
    namespace_destroy(server->space);
    locks_stop(server);
    engine_close(server->engine, true);
    if (server->writer)
        server->writer->destroy(server->writer);
    if (server->background)
        server->background->destroy(server->background);
    if (server->snapshotter)
        server->snapshotter->destroy(server->snapshotter);
    if (server->sealer)
        server->sealer->destroy(server->sealer);
    if (server->merger)
        server->merger->destroy(server->merger);
    keeper_stop(server);
    loop_done(server);
    if (server->disk)
        disk_real_close(server->disk);
}

static void door_init(struct door *door, const struct protocol *protocol, struct budget *memory)
{
    door->protocol = protocol;
    door->memory = memory;
    door->clients_fd = -1;
    link_init(&door->resume);
    link_init(&door->awaits);
}

static void server_init(struct server *server, const struct server_config *config)
{
    memset(server, 0, sizeof *server);
    server->config = config;
    server->settings = config->settings;
    server->memory.most = config->settings.mqtt_memory;
    server->http_memory.most = config->settings.http_memory;
    server->clock = clock_real();
    server->now_ns = server->started_ns = server->clock->boot_ns(server->clock);
    server->started_wall_ns = server->clock->wall_ns(server->clock);
    server->house_fd = server->signal_fd = -1;
    server->web_due_ns = server->broker_due_ns = server->now_ns;
    struct link *lists[] = {&server->alive,    &server->broken,     &server->dead,
                            &server->commands, &server->handshakes, &server->shaking};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    door_init(&server->doors[DOOR_MQTT], &mqtt_protocol, &server->memory);
    door_init(&server->doors[DOOR_HTTP], &http_protocol, &server->http_memory);
    door_init(&server->doors[DOOR_CONTROL], &control_protocol, &server->memory);
    server->doors[DOOR_MQTT].spoken = "mqtt";
    server->doors[DOOR_HTTP].spoken = "http/1.1";
    for (size_t i = 0; i < LISTENERS; i++) {
        server->listeners[i].fd = -1;
        timer_init(&server->listeners[i].pause_timer);
    }
}

int server_run(const struct server_config *config)
{
    static struct server server; /* one a process; too large for a stack */
    char fault[SETTINGS_FAULT_SIZE];
    server_init(&server, config);
    server_configure_log(&config->settings);
    if (settings_check(&config->settings, fault) != OK ||
        broker_settings_check(&config->settings, fault) != OK ||
        web_settings_check(&config->settings, fault) != OK) {
        log_error("server", "%s", fault);
        return 2;
    }
    start_signals();
    bool started = server_start(&server);
    if (started) {
        start_remarks(&server);
        start_ready(&server);
        loop_run(&server);
    }
    uint64_t acknowledged = server.broker ? broker_counters(server.broker)->acks : 0;
    server_stop(&server);
    if (started)
        log_info("server", "mainstem stopped: %" PRIu64 " messages were acknowledged",
                 acknowledged);
    return started ? 0 : 1;
}
