/* watch: the live screen, drawn by the verb and by the demo: what the server does, and points with
 * their last values and a sparkline of recent ones. */
#pragma once

#include "client/client.h"

#include <stdio.h>

#define WATCH_FILTERS_MAX 8
struct watch;
/* Filters are MQTT topic filters; each gets its share of the lines. The control stays the
 * caller's. */
struct watch *watch_create(struct control *control, const char *folder, const char *const *filters,
                           size_t filter_count);
void watch_destroy(struct watch *watch);
/* Asks the server for its state and for at most `points` points. False when it is gone. */
bool watch_refresh(struct watch *watch, size_t points);
/* Of the last refresh: readings that are durable and applied, since the server's start. */
uint64_t watch_durable_values(const struct watch *watch);
/* Draws the header (5 lines) and the points into `lines` lines of `columns` columns, each line
 * cleared to its end when live. */
void watch_draw(const struct watch *watch, FILE *to, size_t lines, size_t columns, bool live);
