/* set_output: samples as JSON, from what stands on a command line. */
#pragma once

#include "base/base.h"

/* The JSON of a value as a plain MQTT payload means it (payload.h): a number by JSON's grammar,
 * true, false, null and a JSON string are themselves; nothing, NaN and inf are null; other text is
 * a string. as_text: a string in any case. A new text, to be freed; NULL with *ret_fault (a
 * sentence) when it is neither: an object or array, no UTF-8, or more than 256 bytes of bare text
 * or text with control characters. */
char *sample_value_json(const char *text, bool as_text, const char **ret_fault);
/* The JSON of a time: a number as it is, else a string. NULL when it is no time. */
char *sample_time_json(const char *text);
/* One sample as a line of NDJSON; value and time as above, time and quality may be NULL. NULL: path
 * or quality is no UTF-8. */
char *sample_line(const char *path, const char *value, const char *time, const char *quality);
