/* What the files of this folder share. */
#pragma once

#include "report/report.h"

#include <math.h>

static inline void report_put(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static inline void report_put_real(json_t *object, const char *name, double real)
{
    json_object_set_new(object, name, json_real(isfinite(real) ? real : 0));
}

/* A wall time as text; null: 0, not known. */
json_t *report_time(int64_t time_ns);
