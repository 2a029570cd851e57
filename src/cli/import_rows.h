/* import_rows: rows of CSV become samples, as lines of NDJSON. Which column is what comes from the
 * header and the options; what cannot be taken is refused with a sentence. One thread. */
#pragma once

#include "cli/import_time.h"
#include "wire/csv/csv.h"

#define ROWS_TIME_COLUMNS 4
#define ROWS_MISSING_MAX 16
#define ROWS_LINE_MAX ((size_t)40 << 10) /* of a sample as JSON */

struct import_rows_config {
    const char *path;                    /* template; NULL: the long form */
    const char *time[ROWS_TIME_COLUMNS]; /* columns, joined by a space; none: "time" where there
                                            is one, else start and step */
    size_t time_count;
    struct import_time *format;
    int64_t start_ns, step_ns;             /* step 0: rows say their time */
    const char *columns, *skip;            /* names joined by commas; NULL: all, none */
    const char *text;                      /* columns that are text, whatever they look like */
    const char *missing[ROWS_MISSING_MAX]; /* what stands for no value, beside an empty cell */
    size_t missing_count;
    bool missing_bad; /* no value becomes a sample without one, of bad quality */
    bool decimal_comma;
};
struct import_sample {  /* of one row; views last until the next row */
    struct bytes path;  /* as it will be */
    struct bytes line;  /* of NDJSON, with its line feed */
    struct bytes value; /* as JSON */
    uint64_t hash;      /* of the path */
    int64_t time_ns;
};
struct import_rows;
/* False with a sentence in fault[256]: the header has not what the options name. */
MUST_USE bool import_rows_create(const struct import_rows_config *config,
                                 const struct csv_record *header, char *fault,
                                 struct import_rows **ret_rows);
void import_rows_destroy(struct import_rows *rows); /* NULL is fine */
/* Calls each for every sample of the row; row: its number from 0, for start and step. False with a
 * sentence in fault[256]: the row is refused, or one cell of it, and the others were told. Cells
 * without a value are counted in *missing. */
typedef bool import_each(void *arg, const struct import_sample *sample);
MUST_USE bool import_rows_take(struct import_rows *rows, const struct csv_record *record,
                               uint64_t row, uint64_t *missing, import_each *each, void *arg,
                               char *fault);
/* The long form may say types in a column "type": does it, and of which point in this row. */
bool import_rows_typed(const struct import_rows *rows);
MUST_USE bool import_rows_type(const struct import_rows *rows, const struct csv_record *record,
                               struct bytes *ret_path, struct bytes *ret_type);
