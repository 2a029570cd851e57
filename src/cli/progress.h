/* progress: a line on standard error that is written again and again while something long runs:
 * stage, done and all, rate, time left. Only where a person looks at it; elsewhere nothing. */
#pragma once

#include "base/base.h"

struct progress {
    bool live;
    const char *stage;
    int64_t began_ns, told_ns; /* of the stage; of the last line */
    uint64_t first;            /* what was done when the stage began */
};
void progress_begin(struct progress *progress);
/* done and all in bytes; all 0: nobody knows. extra: more words, "" for none. Cheap: it writes ten
 * times a second. A stage is the same as long as its text is. */
void progress_show(struct progress *progress, const char *stage, uint64_t done, uint64_t all,
                   const char *extra);
/* Takes the line away, so that something else can be printed. */
void progress_clear(struct progress *progress);

/* The line itself, for the test: at most size - 1 bytes. */
void progress_text(const char *stage, uint64_t done, uint64_t all, uint64_t first, int64_t took_ns,
                   const char *extra, char *text, size_t size);
