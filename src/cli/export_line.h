/* export_line: one sample as the server tells it (a line of NDJSON) in other words: CSV, line
 * protocol, or as it is. */
#pragma once

#include "base/base.h"

/* {"path":"a/b","time":"2026-03-01T08:00:00Z","value":21.5,"quality":"good"}: views into the line,
 * as JSON; texts with their quotes. */
struct export_sample {
    struct bytes path, time, value, quality;
};
/* False: the line is no sample. Members in any order; those that are not known are passed over. */
MUST_USE bool export_line_read(struct bytes line, struct export_sample *ret_sample);
/* A JSON text without its quotes and escapes, into out[text.size]; returns its size. */
size_t export_text(struct bytes text, uint8_t *out);
/* path,time,value,quality,type and a line feed, into out[6 * line size + 64]. Strings stand in
 * quotes, numbers do not; no value is an empty field. */
size_t export_csv(const struct export_sample *sample, const char *type, uint8_t *out);
/* Line protocol: the first level is the measurement, those between tags named level02, level03 ..,
 * the last the field; a path of one level is a measurement with the field "value". Into
 * out[3 * line size + 512]; 0: it has no value, and line protocol cannot say that. */
size_t export_line_protocol(const struct export_sample *sample, const char *type, uint8_t *out);
