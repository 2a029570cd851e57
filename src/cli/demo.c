/* demo: a newcomer's first minute. A server of its own, real data through the real MQTT door, the
 * points live, and at the end the count: what was acknowledged is in the journal. */
#include "cli/answer.h"
#include "cli/demo_plant.h"
#include "cli/demo_replay.h"
#include "cli/terminal.h"
#include "cli/watch.h"
#include "cli/words.h"

#include "os/os.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERB "demo"
#define FOLDER_DEFAULT "./mainstem-demo"
#define RATE_DEFAULT 30000
#define START_WAIT_MS 60000
#define DRAW_NS (300 * NS_PER_MS)
#define LINE_NS NS_PER_S
#define PROGRESS_LINES 3

struct demo {
    const char *folder;
    char log[4200];
    char mqtt[OS_ADDRESS_SIZE], http[OS_ADDRESS_SIZE];
    struct child child;
    struct demo_data data;
    struct demo_replay *replay;
    struct control *control;
    struct watch *watch;
    uint64_t position;              /* of the journal before the replay */
    uint64_t synced, synced_before; /* durable readings: since the begin, and before it */
    uint64_t rate;
    size_t points_shown;
    bool live, once, passed;
    int64_t begin_ns, drawn_ns;
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

/* ---- the server
 * ---------------------------------------------------------------------------------------- */

/* The default address if it is free, else a free one, and says so. */
static enum err demo_address(const char *wanted, const char *door, char *address)
{
    int fd;
    if (os_listen(wanted, 1, &fd) == OK) {
        close(fd);
        snprintf(address, OS_ADDRESS_SIZE, "%s", wanted);
        return OK;
    }
    enum err err = child_free_address(address);
    if (err == OK)
        printf("%s is taken by another program: the demo's %s listens on %s\n", wanted, door,
               address);
    return err;
}

/* Where the journal ends: a folder of an earlier demo holds readings that are not counted again. */
static enum err demo_journal_end(struct demo *demo)
{
    struct readback_calls calls = {0};
    struct readback_result result = {0};
    enum err err = readback_walk(demo->folder, 0, 0, &calls, &result);
    demo->position = err == OK ? result.end_position : 0;
    return err == ERR_MISSING ? OK : err;
}

static int demo_start_server(struct demo *demo)
{
    if (mkdir(demo->folder, 0755) != 0 && errno != EEXIST)
        return fail(VERB, "cannot make the folder %s: %s", demo->folder, strerror(errno));
    enum err err = demo_journal_end(demo);
    if (err != OK)
        return fail(VERB,
                    "the journal in %s cannot be read: %s; `mainstem check --data %s` says more",
                    demo->folder, err_text(err), demo->folder);
    if (demo_address("127.0.0.1:1883", "MQTT", demo->mqtt) != OK ||
        demo_address("127.0.0.1:8080", "HTTP", demo->http) != OK)
        return fail(VERB, "no free port on 127.0.0.1");
    snprintf(demo->log, sizeof demo->log, "%s/serve.log", demo->folder);
    struct child_config config = {
        .data = demo->folder, .mqtt = demo->mqtt, .http = demo->http, .log = demo->log};
    err = child_start(&config, START_WAIT_MS, &demo->child);
    if (err != OK) {
        char text[2048];
        child_log_tail(demo->log, text, sizeof text);
        return fail(VERB, "the server %s; its log says:\n%s",
                    err == ERR_BUSY ? "was not ready in time" : "did not start", text);
    }
    char text[NUMBER_SIZE];
    printf("mainstem serve --data %s --mqtt %s --http %s: ready after %s\n"
           "%sOpen the console: http://%s/%s\n",
           demo->folder, demo->mqtt, demo->http, number_duration(demo->child.ready_ns, text),
           paint(PAINT_CYAN), demo->http, paint(PAINT_NONE));
    fflush(stdout);
    return EXIT_DONE;
}

/* ---- commands: what a point is
 * --------------------------------------------------------------------------- */

static void demo_change(struct demo *demo, const char *path, const char *unit,
                        const char *description, const char *limit, double at)
{
    json_t *ask = json_pack("{s:s, s:s, s:s, s:s}", "command", "change", "path", path, "unit", unit,
                            "description", description);
    if (limit != NULL)
        json_object_set_new(ask, "limits", json_pack("{s:f}", limit, at));
    json_t *answer = NULL;
    /* A demo goes on without units: what matters is counted elsewhere. */
    if (control_ask(demo->control, ask, 10000, &answer) == OK)
        json_decref(answer);
    json_decref(ask);
}

static const char *fire_unit(const char *key)
{
    static const struct {
        const char *prefix, *unit;
    } units[] = {{"TC", "Cel"}, {"SM", "1/m"}, {"GAS", "%"}, {"Load", "kg"}, {"Pres", "Pa"}};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (strncmp(key, units[i].prefix, strlen(units[i].prefix)) == 0)
            return units[i].unit;
    return NULL;
}

/* Points are there once their first reading is; then commands say what they measure. */
static void demo_describe_points(struct demo *demo)
{
    static const struct {
        const char *path, *unit, *description, *limit;
        double at;
    } points[] = {
        {"zema/hydraulics/testbench/rig1/TS1", "Cel", "oil temperature 1", "high", 60},
        {"zema/hydraulics/testbench/rig1/TS2", "Cel", "oil temperature 2", "high", 60},
        {"zema/hydraulics/testbench/rig1/TS3", "Cel", "oil temperature 3", "high", 60},
        {"zema/hydraulics/testbench/rig1/TS4", "Cel", "oil temperature 4", "high", 60},
        {"zema/hydraulics/testbench/rig1/condition/cooler", "%", "cooler efficiency", "low", 10},
        {"zema/hydraulics/testbench/rig1/condition/valve", "%", "valve condition", "low", 80},
        {"zema/hydraulics/testbench/rig1/condition/accumulator", "bar", "accumulator pressure",
         "low", 95},
        {"city/streets/main-road/air/CO(GT)", "mg/m3", "carbon monoxide, reference", "high", 10},
        {"city/streets/main-road/air/NO2(GT)", "ug/m3", "nitrogen dioxide, reference", "high", 200},
        {"city/streets/main-road/air/C6H6(GT)", "ug/m3", "benzene, reference", "high", 25},
        {"city/streets/main-road/air/T", "Cel", "air temperature", NULL, 0},
        {"city/streets/main-road/air/RH", "%", "relative humidity", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(points); i++)
        demo_change(demo, points[i].path, points[i].unit, points[i].description, points[i].limit,
                    points[i].at);
    for (size_t i = 0; i < demo->data.stream_count; i++) {
        const struct demo_stream *stream = &demo->data.streams[i];
        if (strcmp(stream->topic, "nist/fire-lab/house/sdc02") != 0)
            continue;
        for (uint32_t column = 0; column < stream->columns && column < 60; column++) {
            char path[160];
            const char *unit = fire_unit(stream->keys[column]);
            bool hot = unit != NULL && strcmp(unit, "Cel") == 0;
            snprintf(path, sizeof path, "%s/%s", stream->topic, stream->keys[column]);
            if (unit != NULL)
                demo_change(demo, path, unit, "house fire SDC02", hot ? "high" : NULL, 60);
        }
    }
}

/* ---- showing
 * ------------------------------------------------------------------------------------------------
 */

static struct demo_counts demo_sum(const struct demo *demo)
{
    struct demo_counts sum = {0};
    for (enum demo_set set = 0; set < DEMO_SETS; set++) {
        const struct demo_counts *counts = demo_replay_counts(demo->replay, set);
        sum.sent += counts->sent;
        sum.acked += counts->acked;
        sum.refused += counts->refused;
        sum.found += counts->found;
    }
    return sum;
}

/* What is durable is asked after what was acknowledged was counted: an acknowledged reading that
 * the server does not hold would show as lost. */
static void demo_progress_line(struct demo *demo, FILE *to)
{
    struct demo_counts sum = demo_sum(demo);
    uint64_t all, sent;
    char text[6][NUMBER_SIZE];
    if (watch_refresh(demo->watch, demo->points_shown))
        demo->synced = watch_durable_values(demo->watch) - demo->synced_before;
    uint64_t lost = sum.acked > demo->synced ? sum.acked - demo->synced : 0;
    demo_replay_progress(demo->replay, &all, &sent);
    double passed_s = (double)(now_ns() - demo->begin_ns) / 1e9;
    double rate = passed_s > 0 ? (double)sum.acked / passed_s : 0;
    fprintf(to, "sent %s  acknowledged %s  synced %s  lost %s%s%s", number_group(sum.sent, text[0]),
            number_group(sum.acked, text[1]), number_group(demo->synced, text[2]),
            paint(lost > 0 ? PAINT_RED : PAINT_GREEN), number_group(lost, text[3]),
            paint(PAINT_NONE));
    if (!demo->live || !demo->passed) /* afterwards the screen tells the rate of the moment */
        fprintf(to, "  %s values/s", number_rate(rate, text[4]));
    if (sum.refused > 0)
        fprintf(to, "  %srefused %s%s", paint(PAINT_RED), number_group(sum.refused, text[5]),
                paint(PAINT_NONE));
    if (!demo->passed && rate > 0 && sent < all)
        fprintf(to, "  %d%%, %s to go", (int)(sent * 100 / all),
                number_duration((int64_t)((double)(all - sent) / rate + 1) * NS_PER_S, text[5]));
}

static void demo_draw(struct demo *demo)
{
    unsigned columns, rows;
    terminal_size(&columns, &rows);
    size_t lines = rows > PROGRESS_LINES + 5 ? rows - PROGRESS_LINES - 1 : 5;
    demo->points_shown = lines;
    fputs("\033[H", stdout);
    printf("%s%s  Console: http://%s/%s\033[K\n", paint(PAINT_CYAN),
           demo->passed ? "Live: the same measurements again, with the time of now. Ctrl-C ends."
                        : "Replaying a hydraulic rig, fifteen fires and a street over MQTT, QoS 1.",
           demo->http, paint(PAINT_NONE));
    demo_progress_line(demo, stdout);
    fputs("\033[K\n\033[K\n", stdout);
    watch_draw(demo->watch, stdout, lines, columns, true);
    fputs("\033[J", stdout);
    fflush(stdout);
}

static void demo_show(struct demo *demo)
{
    int64_t passed_ns = now_ns() - demo->drawn_ns;
    if (passed_ns < (demo->live ? DRAW_NS : LINE_NS))
        return;
    demo->drawn_ns = now_ns();
    if (demo->live) {
        demo_draw(demo);
        return;
    }
    demo_progress_line(demo, stdout);
    putchar('\n');
    fflush(stdout);
}

/* ---- the end
 * --------------------------------------------------------------------------------------------------
 */

static int demo_summary(struct demo *demo)
{
    enum err err = demo_replay_find(demo->replay, demo->folder, demo->position);
    if (err != OK)
        return fail(VERB, "the journal cannot be read back: %s", err_text(err));
    struct table *table = table_create("data set|>sent|>acknowledged|>found in the journal|>lost");
    uint64_t lost_sum = 0;
    bool same = true;
    for (enum demo_set set = 0; set < DEMO_SETS; set++) {
        const struct demo_counts *counts = demo_replay_counts(demo->replay, set);
        /* What was sent but not acknowledged before the end may be there, too. */
        uint64_t lost = counts->acked > counts->found ? counts->acked - counts->found : 0;
        same = same && (counts->found != counts->acked || counts->acked_sum == counts->found_sum);
        lost_sum += lost;
        char text[4][NUMBER_SIZE];
        table_cell(table, "%s", demo_set_names[set]);
        table_cell(table, "%s", number_group(counts->sent, text[0]));
        table_cell(table, "%s", number_group(counts->acked, text[1]));
        table_cell(table, "%s", number_group(counts->found, text[2]));
        table_paint(table, lost > 0 ? PAINT_RED : PAINT_GREEN);
        table_cell(table, "%s", number_group(lost, text[3]));
    }
    table_print(table, "  ");
    if (!same)
        return fail(VERB,
                    "as many readings as were acknowledged, but not the same: times or values "
                    "differ");
    char text[NUMBER_SIZE];
    printf("lost %s\n", number_group(lost_sum, text));
    return lost_sum == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void demo_where_to_look(const struct demo *demo)
{
    printf("\nLook further:\n"
           "  http://%s/ in a browser\n"
           "  mainstem alarm list --http %s\n"
           "  mainstem watch --data %s 'zema/#'\n"
           "  mainstem inspect journal --data %s\n"
           "  mainstem check --data %s\n"
           "  mainstem sub --server %s 'zema/#'\n"
           "  mosquitto_pub -h 127.0.0.1 -p %s -t my/first/point -q 1 -m 42\n",
           demo->http, demo->http, demo->folder, demo->folder, demo->folder, demo->mqtt,
           strrchr(demo->mqtt, ':') + 1);
    fflush(stdout);
}

/* ---- the course
 * ------------------------------------------------------------------------------------------------
 */

/* Before the first reading, so that alarms are raised as the recordings run. */
static void demo_tell_plant(const struct demo *demo)
{
    char fault[256];
    unsigned refused = demo_plant_send(demo->http, fault, sizeof fault);
    if (refused > 0)
        fprintf(stderr, "mainstem demo: %u of what the demo says of its plant was not taken: %s\n",
                refused, fault);
}

static enum err demo_replay_all(struct demo *demo)
{
    enum err err = OK;
    bool described = false;
    demo_tell_plant(demo);
    demo->begin_ns = now_ns();
    demo->drawn_ns = demo->live ? 0 : demo->begin_ns; /* a line of zeroes tells nothing */
    while (err == OK && !demo->passed && !stop_wanted()) {
        err = demo_replay_pass(demo->replay, demo->rate, &demo->passed);
        if (!described && demo_sum(demo).acked > 20000) {
            described = true;
            demo_describe_points(demo);
        }
        demo_show(demo);
    }
    while (err == OK && demo->live && !demo->once && !stop_wanted()) {
        err = demo_replay_live(demo->replay);
        demo_show(demo);
    }
    enum err drained = demo_replay_drain(demo->replay, 5000);
    if (!demo->live) {
        demo_progress_line(demo, stdout);
        putchar('\n');
    }
    return err != OK ? err : drained;
}

/* In a pipe nobody sees a screen, but whoever opens the console shall see values tick. */
static void demo_go_on(struct demo *demo)
{
    printf("\nLive: the same measurements again, with the time of now, until SIGTERM.\n");
    fflush(stdout);
    while (!stop_wanted() && child_runs(&demo->child) && demo_replay_live(demo->replay) == OK)
        continue;
}

static int demo_course(struct demo *demo)
{
    static const char *const filters[] = {"zema/#", "city/#", "nist/fire-lab/house/sdc02/#"};
    enum err err = demo_data_load(&demo->data);
    if (err == OK)
        err = demo_replay_create(&demo->data, demo->mqtt, &demo->replay);
    if (err == OK)
        err = control_open(demo->folder, &demo->control);
    if (err != OK)
        return fail(VERB, "cannot talk to the server: %s", err_text(err));
    demo->watch = watch_create(demo->control, demo->folder, filters, ARRAY_COUNT(filters));
    if (watch_refresh(demo->watch, 0))
        demo->synced_before = watch_durable_values(demo->watch);
    demo->live = terminal_is_live();
    if (demo->live)
        screen_begin();
    err = demo_replay_all(demo);
    screen_end();
    if (err != OK) {
        char text[2048];
        child_log_tail(demo->log, text, sizeof text);
        return fail(VERB, "the replay ended: %s; the server's log says:\n%s", err_text(err), text);
    }
    int code = demo_summary(demo);
    demo_where_to_look(demo);
    if (!demo->live && !demo->once && code == EXIT_DONE)
        demo_go_on(demo);
    return code;
}

static int demo_run(const struct words *words)
{
    static struct demo demo;
    demo.folder = words_value(words, "data", 0);
    if (demo.folder == NULL)
        demo.folder = FOLDER_DEFAULT;
    if (!words_count(words, "rate", RATE_DEFAULT, 1, 100000000, &demo.rate))
        return EXIT_USAGE;
    if (words_flag(words, "fast"))
        demo.rate = 0;
    demo.once = words_flag(words, "once");
    stop_watch();
    int code = demo_start_server(&demo);
    if (code == EXIT_DONE)
        code = demo_course(&demo);
    watch_destroy(demo.watch);
    control_close(demo.control);
    demo_replay_destroy(demo.replay);
    demo_data_free(&demo.data);
    if (demo.child.pid > 0 && child_stop(&demo.child, SIGTERM, 30000) != 0 && code == EXIT_DONE)
        code = fail(VERB, "the server did not end cleanly; see %s", demo.log);
    if (code == EXIT_DONE)
        printf("The data stays in %s; `mainstem serve --data %s` goes on with it.\n", demo.folder,
               demo.folder);
    return code;
}

static const struct option demo_options[] = {
    {"data", "DIR", "folder of the demo's data (" FOLDER_DEFAULT ")"},
    {"fast", NULL, "send as fast as the door takes it"},
    {"rate", "N", "readings a second of the replay (30000)"},
    {"once", NULL, "end after one pass over the data"},
};
const struct verb verb_demo = {
    .name = VERB,
    .arguments = "",
    .summary = "Start a server, replay real measurements over MQTT, show them live, count them.",
    .about =
        "574,319 readings of a hydraulic rig, of house and room fires and of a city street\n"
        "(sources: demo/data/README.md) go through the MQTT door with QoS 1; the console is at\n"
        "the address that is printed. The replay goes on live until Ctrl-C or SIGTERM.\n"
        "At the end the journal is read back: each acknowledged reading must be there.",
    .example = "  mainstem demo\n"
               "  mainstem demo --once --fast | cat",
    .options = demo_options,
    .option_count = ARRAY_COUNT(demo_options),
    .run = demo_run,
};
