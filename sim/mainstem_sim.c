/* mainstem_sim: runs imagined houses, a seed each, and says what it found.
 *
 *   mainstem_sim --seed 17               one seed, with all that the house said
 *   mainstem_sim --seeds 1 10000         these, with a line of progress
 *   mainstem_sim --seconds 300           as many as fit
 *   mainstem_sim --sabotage NAME         with a bug planted: it must be found */
#include "world.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    struct world_plan plan;
} sabotages[] = {
    {"none", {.journal = SABOTAGE_NONE}},
    {"skip_sync", {.journal = SABOTAGE_SKIP_SYNC}},
    {"early_ack", {.journal = SABOTAGE_EARLY_ACK}},
    {"drop_last", {.journal = SABOTAGE_DROP_LAST}},
    {"reorder", {.journal = SABOTAGE_REORDER}},
    {"forget_key", {.journal = SABOTAGE_FORGET_KEY}},
    {"mqtt_early_ack", {.journal = SABOTAGE_EARLY_ACK, .crowd_alone = true}},
    {"mqtt_release_lost", {.crowd = CROWD_RELEASE_LOST}},
    {"mqtt_held_forgotten", {.crowd = CROWD_HELD_FORGOTTEN}},
    {"history_first_wins", {.past = PAST_FIRST_WINS}},
    {"history_erased_kept", {.past = PAST_ERASED_KEPT}},
    {"history_part_lost", {.past = PAST_PART_LOST}},
};

struct options {
    uint64_t from, to; /* seeds, inclusive */
    int64_t seconds;   /* 0: all of them */
    unsigned jobs;
    bool one; /* a single seed, told in full */
    const struct world_plan *plan;
    bool sabotaged;
    const char *sabotage_name;
};

struct totals {
    uint64_t passed, failed, first_failed;
    struct world_counts counts;
};

static uint64_t seed_now; /* for the line that a crash of ours leaves behind */
static const char *sabotage_now = "none";

static void crashed(int signal_number)
{
    char line[160];
    int size = snprintf(line, sizeof line,
                        "\nsignal %d in seed %" PRIu64 "; again: mainstem_sim --seed %" PRIu64
                        " --sabotage %s\n",
                        signal_number, seed_now, seed_now, sabotage_now);
    if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0)
        _exit(3);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void usage(FILE *to)
{
    fprintf(to, "mainstem_sim: the engine on an imagined disk, clock and workers.\n"
                "  --seed N          one seed, told in full\n"
                "  --seeds FROM TO   these seeds (default 1 100)\n"
                "  --seconds S       as many seeds as fit, from FROM on\n"
                "  --minutes M       the same in minutes\n"
                "  --jobs N          so many processes (default 1)\n"
                "  --sabotage NAME   plant a bug: skip_sync, early_ack, drop_last, reorder,\n"
                "                    forget_key, mqtt_early_ack, mqtt_release_lost,\n"
                "                    mqtt_held_forgotten, history_first_wins,\n"
                "                    history_erased_kept, history_part_lost, or all;\n"
                "                    success is that it is found\n"
                "  --help\n"
                "Example: mainstem_sim --seeds 1 1000 --jobs 2\n");
}

static void counts_add(struct world_counts *sum, const struct world_counts *more)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)more;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void seed_told(const struct options *options, uint64_t seed, const char *failure)
{
    printf("\rseed %" PRIu64 " failed: %s\n  again: mainstem_sim --seed %" PRIu64, seed, failure,
           seed);
    if (options->sabotaged)
        printf(" --sabotage %s", options->sabotage_name);
    printf("\n");
    fflush(stdout);
}

/* Seeds from+job, from+job+jobs, ... */
static void seeds_run(const struct options *options, unsigned job, struct totals *totals)
{
    int64_t began = now_ns(), shown = 0;
    memset(totals, 0, sizeof *totals);
    for (uint64_t seed = options->from + job; seed <= options->to; seed += options->jobs) {
        char failure[512];
        struct world_counts counts;
        int64_t spent = now_ns() - began;
        if (options->seconds > 0 && spent > options->seconds * NS_PER_S)
            break;
        seed_now = seed;
        bool passed = world_run(seed, options->plan, options->one, &counts, failure);
        counts_add(&totals->counts, &counts);
        if (passed) {
            totals->passed++;
        } else {
            if (totals->failed++ == 0)
                totals->first_failed = seed;
            seed_told(options, seed, failure);
            if (options->sabotaged)
                break; /* found: that is what was wanted */
        }
        bool tty = isatty(STDOUT_FILENO);
        if (job == 0 && spent - shown > (tty ? NS_PER_S / 4 : 30 * NS_PER_S)) {
            printf("%sseed %" PRIu64 ", about %" PRIu64 " operations, %" PRIu64 " crashes%s",
                   tty ? "\r" : "", seed, totals->counts.operations * options->jobs,
                   totals->counts.crashes * options->jobs, tty ? "" : "\n");
            fflush(stdout);
            shown = spent;
        }
    }
}

/* Each job in a process of its own; false: one of them died. */
static bool jobs_run(const struct options *options, struct totals *totals)
{
    int pipes[64][2];
    bool whole = true;
    memset(totals, 0, sizeof *totals);
    fflush(stdout);
    for (unsigned job = 0; job < options->jobs; job++) {
        check(pipe(pipes[job]) == 0);
        pid_t child = fork();
        check(child >= 0);
        if (child > 0) {
            close(pipes[job][1]);
            continue;
        }
        struct totals mine;
        seeds_run(options, job, &mine);
        ssize_t written = write(pipes[job][1], &mine, sizeof mine);
        fflush(stdout);
        _exit(written == (ssize_t)sizeof mine ? 0 : 3);
    }
    for (unsigned job = 0; job < options->jobs; job++) {
        struct totals one;
        whole = read(pipes[job][0], &one, sizeof one) == (ssize_t)sizeof one && whole;
        close(pipes[job][0]);
        if (!whole)
            continue;
        totals->passed += one.passed;
        totals->failed += one.failed;
        if (one.failed > 0)
            totals->first_failed = one.first_failed;
        counts_add(&totals->counts, &one.counts);
    }
    while (wait(NULL) > 0) {
    }
    return whole;
}

static void summary(const struct totals *totals, int64_t took_ns)
{
    const struct world_counts *c = &totals->counts;
    printf("\r%" PRIu64 " operations: %" PRIu64 " messages of %" PRIu64 " values, %" PRIu64
           " refused (%" PRIu64 " disk full, %" PRIu64 " stopped), %" PRIu64 " commands\n",
           c->operations, c->messages, c->values, c->refused, c->disk_full, c->stopped,
           c->commands);
    printf("%" PRIu64 " crashes, %" PRIu64 " clean restarts, %" PRIu64 " failing writes, %" PRIu64
           " full disks, %" PRIu64 " rotten places, %" PRIu64 " snapshots asked, verified %" PRIu64
           " times\n",
           c->crashes, c->restarts, c->write_failures, c->full_disks, c->rots, c->snapshots,
           c->verified);
    printf("history: %" PRIu64 " seals, %" PRIu64 " merges, %" PRIu64 " erasures, %" PRIu64
           " samples compared\n",
           c->seals, c->merges, c->erasures, c->samples);
    const struct crowd_counts *m = &c->crowd;
    printf("MQTT: %" PRIu64 " messages, %" PRIu64 " acknowledged, %" PRIu64 " refused, %" PRIu64
           " delivered, %" PRIu64 " wills, %" PRIu64 " connections, %" PRIu64 " lost, %" PRIu64
           " taken over, %" PRIu64 " dropped by limits, %" PRIu64 " rests\n",
           m->notes, m->acknowledged, m->refused, m->deliveries, m->wills, m->connects, m->losses,
           m->takeovers, m->dropped, m->rests);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, %.1f s\n", totals->passed, totals->failed,
           (double)took_ns / 1e9);
}

static int run(const struct options *options)
{
    struct totals totals;
    int64_t began = now_ns();
    bool whole = true;
    sabotage_now = options->sabotage_name;
    if (options->jobs > 1)
        whole = jobs_run(options, &totals);
    else
        seeds_run(options, 0, &totals);
    summary(&totals, now_ns() - began);
    if (!options->sabotaged)
        return whole && totals.failed == 0 ? 0 : 1;
    printf("planted bug %s: %s\n", options->sabotage_name,
           totals.failed > 0 ? "found" : "NOT FOUND");
    return totals.failed > 0 ? 0 : 1;
}

static int run_all_sabotages(struct options options)
{
    int result = 0;
    for (size_t i = 1; i < ARRAY_COUNT(sabotages); i++) {
        options.plan = &sabotages[i].plan;
        options.sabotaged = true;
        options.sabotage_name = sabotages[i].name;
        result |= run(&options);
    }
    return result;
}

static bool number(const char *text, uint64_t *ret_number)
{
    char *end;
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    *ret_number = strtoull(text, &end, 10);
    return *end == 0;
}

static bool sabotage_parse(const char *name, struct options *options)
{
    for (size_t i = 0; name != NULL && i < ARRAY_COUNT(sabotages); i++) {
        if (strcmp(name, sabotages[i].name) != 0)
            continue;
        options->plan = &sabotages[i].plan;
        options->sabotaged = i > 0;
        options->sabotage_name = sabotages[i].name;
        return true;
    }
    return false;
}

/* One option at argv[*at]; false: none, or a wrong one. */
static bool option_parse(char **argv, int *at, struct options *options, bool *ret_all)
{
    const char *name = argv[*at], *value = argv[*at + 1];
    uint64_t n = 0;
    bool is_number = number(value, &n);
    if (strcmp(name, "--seed") == 0 && is_number) {
        options->from = options->to = n;
        options->one = true;
    } else if (strcmp(name, "--seeds") == 0 && is_number && number(argv[*at + 2], &options->to)) {
        options->from = n;
        (*at)++;
    } else if (strcmp(name, "--seconds") == 0 && is_number) {
        options->seconds = (int64_t)n;
        options->to = UINT64_MAX / 2;
    } else if (strcmp(name, "--minutes") == 0 && is_number) {
        options->seconds = (int64_t)n * 60;
        options->to = UINT64_MAX / 2;
    } else if (strcmp(name, "--jobs") == 0 && is_number && n >= 1 && n <= 64) {
        options->jobs = (unsigned)n;
    } else if (strcmp(name, "--sabotage") == 0 && value != NULL && strcmp(value, "all") == 0) {
        *ret_all = true;
    } else if (strcmp(name, "--sabotage") != 0 || !sabotage_parse(value, options)) {
        return false;
    }
    *at += 2;
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {
        .from = 1, .to = 100, .jobs = 1, .plan = &sabotages[0].plan, .sabotage_name = "none"};
    bool all = false;
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            return 0;
        }
        if (!option_parse(argv, &i, &options, &all)) {
            fprintf(stderr, "mainstem_sim: %s: not understood\n", argv[i]);
            usage(stderr);
            return 2;
        }
    }
    /* Engines come and go by the thousand: their large blocks are to come fresh from the kernel,
     * not from a heap that has to be zeroed. */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    log_configure(&(struct log_settings){.level = LOG_ERROR, .lines_per_s = 1});
    signal(SIGABRT, crashed);
    signal(SIGSEGV, crashed);
    return all ? run_all_sabotages(options) : run(&options);
}
