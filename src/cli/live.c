/* live: values as they come, over the live WebSocket: a screen for people, lines for pipes. */
#include "cli/http_words.h"
#include "cli/live_output.h"
#include "cli/mqtt_words.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "live"
#define WAIT_MS 200
#define DRAW_NS (100 * NS_PER_MS)
#define RETRY_FIRST_NS (250 * NS_PER_MS)
#define RETRY_MOST_NS (4 * NS_PER_S)
#define SKIPPED_NS (10 * NS_PER_S) /* between two remarks about what was skipped */
#define REMARK_NS (5 * NS_PER_S)
#define PACE_SCREEN_MS 100 /* an eye sees no more */
#define RATE_WINDOW_NS NS_PER_S

struct live_view {
    char address[HTTP_ADDRESS_SIZE];
    char said[LIVE_CLIENT_SAID_SIZE];
    struct live_client *client;
    enum output_format format;
    bool screen, quiet, changes_only, ready;
    uint64_t count, wanted; /* values; wanted 0: no end */
    uint64_t skipped, skipped_told;
    int64_t end_ns, skipped_ns, drawn_ns;
    int64_t rate_from_ns;
    uint64_t rate_from;
    double rate;
    char remark[1024];
    int64_t remark_ns; /* boot clock: what is over is not shown for long */
    int code;
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static bool view_is_done(const struct live_view *view)
{
    return view->wanted > 0 && view->count >= view->wanted;
}

/* ---- what comes
 * ---------------------------------------------------------------------------------- */

static void view_put(struct live_view *view, struct live_client_point *point)
{
    if (view_is_done(view))
        return;
    view->count++;
    if (view->screen)
        live_note(point, now_ns());
    else if (view->format == OUTPUT_JSON)
        live_put_json(stdout, point);
    else if (view->format == OUTPUT_CSV)
        live_put_csv(stdout, point);
    else
        live_put_line(stdout, point);
}

/* A remark is a line on standard error, or stands on the screen. */
static void view_say(struct live_view *view, const char *remark)
{
    snprintf(view->remark, sizeof view->remark, "%s", remark);
    view->remark_ns = now_ns();
    if (!view->screen && !view->quiet && remark[0] != 0)
        fprintf(stderr, "mainstem live: %s\n", remark);
}

static void view_say_skipped(struct live_view *view)
{
    char text[NUMBER_SIZE];
    if (view->skipped == view->skipped_told || view->screen || view->quiet)
        return;
    fprintf(stderr, "mainstem live: %s values were replaced by newer ones before they came here\n",
            number_group(view->skipped - view->skipped_told, text));
    view->skipped_told = view->skipped;
    view->skipped_ns = now_ns();
}

static void view_told(void *arg, enum live_client_event event, struct live_client_point *point,
                      uint64_t number)
{
    struct live_view *view = arg;
    char text[LIVE_CLIENT_SAID_SIZE];
    switch (event) {
    case LIVE_CLIENT_SHOWN:
        if (!view->changes_only)
            view_put(view, point);
        break;
    case LIVE_CLIENT_ADDED:
    case LIVE_CLIENT_VALUE:
        view_put(view, point);
        break;
    case LIVE_CLIENT_READY:
        view->ready = true;
        if (number == 0)
            view_say(view, "no point matches yet; those that come to be will be shown");
        break;
    case LIVE_CLIENT_REMOVED:
        snprintf(text, sizeof text, "%s is gone: retired, or renamed", point->path);
        view_say(view, text);
        break;
    case LIVE_CLIENT_SKIPPED:
        view->skipped += number;
        if (now_ns() - view->skipped_ns > SKIPPED_NS)
            view_say_skipped(view);
        break;
    case LIVE_CLIENT_RESUMED:
        view_say(view, "connected again; nothing is missing but what was replaced meanwhile");
        break;
    case LIVE_CLIENT_RENEWED:
        view_say(view, "connected again; the server was started anew, values go on from now");
        break;
    case LIVE_CLIENT_CHANGED:
        break;
    }
}

/* ---- the connection
 * ------------------------------------------------------------------------------ */

static int view_fail(const struct live_view *view, enum err err)
{
    if (err == ERR_REFUSED && strncmp(view->said, "Unauthorized", 12) == 0)
        return http_fail_problem(VERB, NULL, 401, NULL);
    if (err == ERR_REFUSED)
        return fail(VERB, "%s: %s", view->address, view->said[0] != 0 ? view->said : "refused");
    if (err == ERR_IO)
        return fail(VERB, "the connection to %s was lost%s%s", view->address,
                    view->said[0] != 0 ? ": " : "", view->said);
    return http_fail(VERB, view->address, err);
}

static bool view_goes_on(const struct live_view *view)
{
    return !stop_wanted() && !view_is_done(view) && now_ns() < view->end_ns && !ferror(stdout);
}

static void view_draw(struct live_view *view)
{
    const struct live_screen screen = {.address = view->address,
                                       .remark = view->remark,
                                       .values = view->count,
                                       .skipped = view->skipped,
                                       .rate = view->rate,
                                       .wall_ns = clock_real()->wall_ns(clock_real()),
                                       .boot_ns = now_ns()};
    unsigned columns, lines;
    size_t count;
    terminal_size(&columns, &lines);
    struct live_client_point *const *points = live_client_points(view->client, &count);
    live_draw(stdout, &screen, points, count, columns, lines);
    fflush(stdout);
}

static void view_refresh(struct live_view *view)
{
    int64_t now = now_ns();
    if (!view->screen) {
        fflush(stdout);
        return;
    }
    if (now - view->drawn_ns < DRAW_NS)
        return;
    if (now - view->rate_from_ns >= RATE_WINDOW_NS) {
        view->rate =
            (double)(view->count - view->rate_from) * 1e9 / (double)(now - view->rate_from_ns);
        view->rate_from_ns = now;
        view->rate_from = view->count;
    }
    view->drawn_ns = now;
    view_draw(view);
}

/* Tries until it succeeds, is refused, stopped, or time is up. */
static void view_return(struct live_view *view)
{
    char text[LIVE_CLIENT_SAID_SIZE + HTTP_ADDRESS_SIZE + 64];
    int64_t nap_ns = RETRY_FIRST_NS;
    snprintf(text, sizeof text, "the connection to %s was lost%s%s; trying again", view->address,
             view->said[0] != 0 ? ": " : "", view->said);
    view_say(view, text);
    while (view_goes_on(view)) {
        view_refresh(view);
        stop_nap(nap_ns);
        enum err err = stop_wanted() ? ERR_STOPPED : live_client_reconnect(view->client);
        if (err == OK)
            return;
        if (err == ERR_NO_MEMORY || err == ERR_CORRUPT) {
            view->code = view_fail(view, err);
            return;
        }
        nap_ns = nap_ns * 2 < RETRY_MOST_NS ? nap_ns * 2 : RETRY_MOST_NS;
    }
}

static int view_loop(struct live_view *view, bool reconnect)
{
    while (view->code == EXIT_DONE && view_goes_on(view)) {
        int64_t left_ms = (view->end_ns - now_ns()) / NS_PER_MS + 1;
        int wait_ms = view->screen ? (int)(DRAW_NS / NS_PER_MS) : WAIT_MS;
        enum err err = live_client_poll(view->client, left_ms < wait_ms ? (int)left_ms : wait_ms);
        if (now_ns() - view->remark_ns > REMARK_NS)
            view->remark[0] = 0;
        view_refresh(view);
        if ((err == ERR_IO || err == ERR_BUSY) && reconnect)
            view_return(view);
        else if (err != OK)
            view->code = view_fail(view, err);
    }
    return view->code;
}

static int view_end(struct live_view *view, double seconds)
{
    char text[2][NUMBER_SIZE];
    screen_end();
    view_say_skipped(view);
    if (view->screen && view->skipped > 0 && !view->quiet)
        fprintf(stderr, "mainstem live: %s values shown, %s replaced before they came here\n",
                number_group(view->count, text[0]), number_group(view->skipped, text[1]));
    if (view->code == EXIT_DONE && view->wanted > 0 && !view_is_done(view) && !stop_wanted())
        view->code =
            fail(VERB, "%s of %s values came in %.1f s", number_group(view->count, text[0]),
                 number_group(view->wanted, text[1]), seconds);
    return view->code;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static bool view_read(struct live_view *view, const struct words *words, double *ret_seconds,
                      uint64_t *ret_pace_ms)
{
    if (!http_words_format(words, &view->format) || !http_words_address(words, view->address) ||
        !words_count(words, "count", 0, 1, UINT64_MAX / 2, &view->wanted) ||
        !words_seconds(words, "for", 0, 1e9, ret_seconds))
        return false;
    view->screen =
        view->format == OUTPUT_TABLE && terminal_is_live() && !words_flag(words, "lines");
    view->quiet = words_flag(words, "quiet");
    view->changes_only = words_flag(words, "changes");
    view->end_ns = *ret_seconds > 0 ? now_ns() + (int64_t)(*ret_seconds * 1e9) : INT64_MAX / 2;
    return words_count(words, "pace", view->screen ? PACE_SCREEN_MS : 0, 0, 60000, ret_pace_ms);
}

static int live_run(const struct words *words)
{
    struct live_view view = {.rate_from_ns = now_ns()};
    double seconds;
    uint64_t pace_ms;
    if (!view_read(&view, words, &seconds, &pace_ms))
        return EXIT_USAGE;
    const char *host;
    struct tls_trust *trust = NULL;
    if (http_address_is_tls(view.address, &host) && !words_trust(words, &trust))
        return EXIT_USAGE;
    const struct live_client_config config = {.address = host,
                                              .token = http_words_trust(words).token,
                                              .trust = trust,
                                              .patterns = words->arguments,
                                              .pattern_count = words->argument_count,
                                              .pace_ms = (unsigned)pace_ms,
                                              .told = view_told,
                                              .arg = &view,
                                              .said = view.said};
    stop_watch();
    enum err err = live_client_open(&config, &view.client);
    if (err != OK)
        return stop_wanted() ? EXIT_DONE : view_fail(&view, err);
    if (view.screen) {
        setvbuf(stdout, NULL, _IOFBF, (size_t)64 << 10); /* a picture is written at once */
        screen_begin();
    }
    if (view.format == OUTPUT_CSV)
        live_put_csv_head(stdout);
    view_loop(&view, !words_flag(words, "no-reconnect"));
    int code = view_end(&view, seconds);
    live_client_close(view.client);
    return code;
}

static const struct option live_options[] = {
    HTTP_OPTION,
    {"count", "N", "end after so many values"},
    {"for", "S", "end after so many seconds; with --count: fail"},
    {"changes", NULL, "not the values that are there already"},
    {"pace", "MS", "least time between two updates (0; on a screen 100)"},
    {"lines", NULL, "lines on a terminal too, not a screen"},
    {"no-reconnect", NULL, "end when the connection is lost"},
    {"quiet", NULL, "no remarks on standard error"},
    FORMAT_OPTIONS,
};
const struct verb verb_live = {
    .name = VERB,
    .arguments = "PATTERN [PATTERN ...]",
    .summary = "Show the values of points as they come, over the live WebSocket.",
    .about =
        "In PATTERN + or * stands for any one level, # or ** at the end for any number; inside a\n"
        "level * is any characters, ? is one. On a terminal it is a table that moves; a pipe gets\n"
        "a line a value: time, path, value, unit and what is not good, with tabs between. A\n"
        "connection that is lost is made again. Values that come faster than they can be told\n"
        "are left out, never the last one, and counted as skipped.",
    .example = "  mainstem live 'plant/line-1/#'\n"
               "  mainstem live 'plant/+/press-*/temp' --json --count 100",
    .options = live_options,
    .option_count = ARRAY_COUNT(live_options),
    .arguments_min = 1,
    .arguments_max = LIVE_CLIENT_PATTERNS_MAX,
    .run = live_run,
};
