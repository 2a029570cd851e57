/* import: what the parts of the verb share. */
#pragma once

#include "cli/import_input.h"
#include "cli/import_rows.h"
#include "cli/import_send.h"
#include "cli/import_state.h"
#include "cli/progress.h"
#include "cli/words.h"

#include <stdio.h>

enum import_form { FORM_CSV, FORM_NDJSON, FORM_LINES };
struct import {
    const struct words *words;
    enum import_form form;
    bool form_told; /* by --format; else each file says it itself */
    struct import_rows_config rows;
    struct import_time time;
    uint8_t separator; /* 0: guess */
    const char *precision;
    bool dry, quiet, json;
    unsigned lanes;
    int64_t patience_ns;

    char address[280];
    struct import_send *send;
    struct import_state state;
    bool resumable;
    struct import_place next; /* where the input stands */
    int64_t state_written_ns;
    uint64_t rows_read, missing, refused, told;
    uint64_t taken_before; /* by the runs that this one goes on from */
    FILE *report;          /* --refused */
    struct progress progress;
    uint64_t bytes_all, bytes_before; /* of all files; of those before the one under way */
    struct import_input *input;
    const char *name; /* of the file under way */
    bool holding;     /* commands that were read and not yet sent: the place must not move */
};
/* A file's name, cut for messages. */
const char *import_file_name(const struct import *import, uint64_t file);
/* The line was refused: counted, into the report, the first ones onto standard error. */
void import_refuse(struct import *import, uint64_t tag, const char *path, const char *code,
                   const char *detail);
/* A line's name for answers: file and line together. */
uint64_t import_tag(const struct import *import, uint64_t line);
/* After each row: progress, state. False: a stop is wanted, or the sending failed. */
MUST_USE bool import_goes_on(struct import *import);

/* import_files.c: each reads the file under way from import->next on. False: it ended early, which
 * was printed or is in import_send_fault. */
MUST_USE bool import_csv(struct import *import);
MUST_USE bool import_lines(struct import *import, bool line_protocol);
/* The form of a file by its name, else by its first byte. */
enum import_form import_form_of(const char *name, struct bytes head);

/* import_dry.c: what would become of the file under way. */
MUST_USE bool import_dry(struct import *import);
