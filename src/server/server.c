/* From settings to a listening server and back: what is opened in which order, and what is said. */
#include "server/room.h"

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

static void server_engine_config(struct server *server, struct engine_config *ret)
{
    const struct settings *settings = &server->settings;
    engine_config_default(ret);
    ret->disk = server->disk;
    ret->clock = server->clock;
    ret->writer = server->writer;
    ret->background = server->background;
    ret->snapshotter = server->snapshotter;
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
    ret->outcome = control_outcome;
    ret->arg = server;
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
    if (err != OK) {
        log_error("server", "SIGHUP: the settings stay as they were: %s", fault);
        return;
    }
    settings_reload(&server->settings, &wanted, fault);
    server->memory.most = server->settings.mqtt_memory;
    server_configure_log(&server->settings);
    server_engine_config(server, &engine);
    engine_reconfigure(server->engine, &engine);
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

static bool start_workers(struct server *server)
{
    enum err err = worker_thread_create("journal", &server->writer);
    if (err == OK)
        err = worker_thread_create("background", &server->background);
    if (err == OK)
        err = worker_thread_create("snapshots", &server->snapshotter);
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
    return start_broker(server);
}

/* What someone who starts it for the first time should know. */
static void start_remarks(const struct server *server)
{
    const struct settings *settings = &server->settings;
    uint64_t files = os_raise_file_limit();
    log_info("server", "no HTTP is served by this version; %s is kept for it", settings->http);
    if (!os_address_is_loopback(settings->mqtt))
        log_warn("server",
                 "MQTT on %s can be reached from other machines, and this version has no users: "
                 "whoever reaches it can publish",
                 settings->mqtt);
    if (files < settings->mqtt_connections + 64)
        log_info("server",
                 "%" PRIu64 " file descriptors are allowed: fewer than mqtt.connections, which is "
                 "%" PRIu64,
                 files, settings->mqtt_connections);
}

static void start_ready(struct server *server)
{
    char line[512];
    snprintf(line, sizeof line, "mainstem ready: mqtt %s, data %s, pid %d", server->mqtt_address,
             server->settings.data, (int)getpid());
    os_notify("READY=1\nSTATUS=ready");
    log_info("server", "%s", line);
    if (!log_enabled(LOG_INFO)) /* scripts wait for this line, whatever is logged */
        fprintf(stderr, "%s\n", line);
}

static bool server_start(struct server *server)
{
    log_info("server", "mainstem %s starts: data %s, pid %d", MAINSTEM_VERSION,
             server->settings.data, (int)getpid());
    return start_disk(server) && start_workers(server) && listener_open(server) &&
           start_engine(server) && listener_start(server);
}

/* ---- stop
 * ---------------------------------------------------------------------------------------- */
static void server_stop(struct server *server)
{
    listener_close(server);
    broker_destroy(server->broker);
    engine_close(server->engine, true);
    if (server->writer)
        server->writer->destroy(server->writer);
    if (server->background)
        server->background->destroy(server->background);
    if (server->snapshotter)
        server->snapshotter->destroy(server->snapshotter);
    loop_done(server);
    if (server->disk)
        disk_real_close(server->disk);
}

static void server_init(struct server *server, const struct server_config *config)
{
    memset(server, 0, sizeof *server);
    server->config = config;
    server->settings = config->settings;
    server->memory.most = config->settings.mqtt_memory;
    server->clock = clock_real();
    server->now_ns = server->started_ns = server->clock->boot_ns(server->clock);
    server->started_wall_ns = server->clock->wall_ns(server->clock);
    server->house_fd = server->clients_fd = server->signal_fd = -1;
    server->mqtt_fd = server->control_fd = -1;
    struct link *lists[] = {&server->alive, &server->broken, &server->dead, &server->resume,
                            &server->commands};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    timer_init(&server->listen_timer);
}

int server_run(const struct server_config *config)
{
    static struct server server; /* one a process; too large for a stack */
    char fault[SETTINGS_FAULT_SIZE];
    server_init(&server, config);
    server_configure_log(&config->settings);
    if (settings_check(&config->settings, fault) != OK) {
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
