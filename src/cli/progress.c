#include "cli/progress.h"

#include "cli/terminal.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY_NS (100 * NS_PER_MS)
#define SURE_NS (500 * NS_PER_MS) /* before that a rate says nothing */
#define LINE_SIZE 200

void progress_begin(struct progress *progress)
{
    const char *term = getenv("TERM");
    *progress = (struct progress){.live = isatty(STDERR_FILENO) == 1 &&
                                          (term == NULL || strcmp(term, "dumb") != 0)};
}

void progress_text(const char *stage, uint64_t done, uint64_t all, uint64_t first, int64_t took_ns,
                   const char *extra, char *text, size_t size)
{
    char number[4][NUMBER_SIZE];
    size_t used = (size_t)snprintf(text, size, "%s %s", stage, number_bytes(done, number[0]));
    bool known = all > 0;
    if (known && used < size)
        used += (size_t)snprintf(text + used, size - used, " of %s, %.0f %%",
                                 number_bytes(all, number[1]),
                                 done < all ? 100.0 * (double)done / (double)all : 100.0);
    if (took_ns >= SURE_NS && done > first && used < size) {
        double rate = (double)(done - first) * (double)NS_PER_S / (double)took_ns;
        used += (size_t)snprintf(text + used, size - used, ", %s/s",
                                 number_bytes((uint64_t)rate, number[2]));
        if (known && done < all && used < size)
            used += (size_t)snprintf(
                text + used, size - used, ", %s left",
                number_duration(((int64_t)((double)(all - done) / rate) + 1) * NS_PER_S,
                                number[3]));
    }
    if (extra[0] != 0 && used < size)
        snprintf(text + used, size - used, ", %s", extra);
}

void progress_show(struct progress *progress, const char *stage, uint64_t done, uint64_t all,
                   const char *extra)
{
    struct clock *clock = clock_real();
    char text[LINE_SIZE], fitting[LINE_SIZE];
    unsigned columns, rows;
    if (!progress->live)
        return;
    int64_t now = clock->boot_ns(clock);
    if (progress->stage == NULL || strcmp(progress->stage, stage) != 0) {
        progress->stage = stage;
        progress->began_ns = now;
        progress->first = done;
    } else if (now - progress->told_ns < EVERY_NS) {
        return;
    }
    progress->told_ns = now;
    progress_text(stage, done, all, progress->first, now - progress->began_ns, extra, text,
                  sizeof text);
    terminal_size(&columns, &rows);
    fprintf(stderr, "\r\033[K%s",
            text_fit(text, columns > 1 ? columns - 1 : 1, fitting, sizeof fitting));
    fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (progress->live && progress->stage != NULL)
        fputs("\r\033[K", stderr);
    progress->stage = NULL;
}
