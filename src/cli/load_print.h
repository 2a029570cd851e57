/* load_print: what `mainstem load` shows: the plan, a line of progress, a CSV, the result. */
#pragma once

#include "client/client.h"

#include <stdio.h>

struct load_view {
    const struct load_options *options;
    const struct load *load;
    double duration_s;
    FILE *csv;                      /* NULL: none */
    pid_t server_pid;               /* 0: not known */
    bool live;                      /* a line of progress is redrawn */
    uint64_t cpu_ns, server_cpu_ns; /* when the last second ended */
    /* The server's resident set before connecting, with all connected, at the end. */
    uint64_t memory[3];
    uint64_t server_cpu_all_ns; /* during the run */
};
struct load_verdict {
    uint64_t expected; /* deliveries; UINT64_MAX: only the server knows */
    uint64_t missing;
    bool good;
};

void load_print_plan(const struct load_view *view);
void load_print_connecting(const struct load_view *view, uint32_t connected, uint32_t all);
/* The line of progress and the line of the CSV. */
void load_print_second(struct load_view *view, const struct load_second *second);
void load_print_clear(const struct load_view *view); /* the line of progress goes */
void load_csv_head(FILE *csv);
/* total: all counts since the beginning, the drain included. */
struct load_verdict load_judge(const struct load_view *view, const struct load_counts *total);
void load_print_result(const struct load_view *view, const struct load_result *result,
                       const struct load_counts *total, const struct load_verdict *verdict);
void load_print_json(const struct load_view *view, const struct load_result *result,
                     const struct load_counts *total, const struct load_verdict *verdict);
