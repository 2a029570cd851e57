/* live_output: live values as lines, as JSON, as CSV, and as a screen that is drawn in place. */
#pragma once

#include "cli/row_output.h"
#include "client/client.h"

/* Of a stream: time, path, value, unit and, unless it is good, quality, then a limit state beyond
 * normal; separated by tabs. Control characters in a text are shown as U+FFFD. */
void live_put_line(FILE *to, const struct live_client_point *point);
void live_put_json(FILE *to, const struct live_client_point *point);
void live_put_csv_head(FILE *to);
void live_put_csv(FILE *to, const struct live_client_point *point);

/* ---- the screen --------------------------------------------------------------------------- */
/* What a point showed lately; kept in live_client_point.keep. */
void live_note(struct live_client_point *point, int64_t boot_ns);

struct live_screen {
    const char *address, *remark; /* remark: of the connection; "" while all is well */
    uint64_t values, skipped;     /* since the start */
    double rate;                  /* values a second, lately */
    int64_t wall_ns, boot_ns;
};
/* Draws all that fits, from the top left corner; every line is cleared to its end. */
void live_draw(FILE *to, const struct live_screen *screen, struct live_client_point *const *points,
               size_t count, unsigned columns, unsigned lines);
