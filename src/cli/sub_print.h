/* sub_print: how a message looks on the terminal, in a line of JSON, and by a format. */
#pragma once

#include "client/client.h"

#include <stdio.h>

/* Checks a format; NULL when it is good, else the character behind % that is not known ("" for a %
 * at the end). */
const char *sub_format_fault(const char *format);
/* Letters behind %: t topic, p payload, x payload in hex, q QoS, r retain (0 or 1), d duplicate, l
 * payload's bytes, m packet identifier, I arrival in ISO 8601, U arrival in seconds since 1970, J
 * the message as JSON, F payload format, E expiry, C content type, R response topic, D correlation
 * data, P user properties, S subscription identifiers, % itself. \n, \t, \0 and \\ are understood.
 * A line ends by itself unless the format ends in \c. */
void sub_print_format(FILE *to, const char *format, const struct client_message *message,
                      int64_t wall_ns);
/* One object and a new line: time, topic, qos, retain, duplicate, payload (or payload_base64 when
 * it is no UTF-8), and properties when there are any. */
void sub_print_json(FILE *to, const struct client_message *message, int64_t wall_ns);
/* For people: the topic, dim remarks, the payload; what is no text as hex. */
void sub_print_plain(FILE *to, const struct client_message *message);
