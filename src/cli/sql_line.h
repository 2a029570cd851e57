/* sql_line: the line that SQL is typed into: edited, remembered in a file, completed with Tab.
 *
 * Words are SQLite's, tables, columns and functions as the server tells them; between quotes they
 * are paths of points, a level at a time. One line a process: the library below has one. */
#pragma once

#include "client/client.h"

#include <jansson.h>

/* schema: of GET /v1/sql/schema, or NULL; it and the client must outlive the line. */
void sql_line_open(struct http_client *client, const json_t *schema);
/* The next line, the caller's, without its end; NULL: the end, or a signal: errno is EINTR. */
char *sql_line_read(const char *prompt);
void sql_line_remember(const char *statement);
void sql_line_close(void); /* writes the file */

/* The nth word (from 0) that `prefix` may go on with, the caller's; NULL: there is no other. Of
 * keywords, tables, columns and functions. */
char *sql_line_word(const json_t *schema, const char *prefix, size_t nth);
