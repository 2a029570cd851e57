/* inspect: its parts. */
#pragma once

#include "cli/words.h"

#include "format/format.h"

int inspect_journal(const struct words *words);
int inspect_segment(const struct words *words);
int inspect_snapshot(const struct words *words);
int inspect_history(const struct words *words); /* all parts, or one */
/* FILE as given, or in the folder `inside` of the data. path[4096]. */
void inspect_path(const struct words *words, const char *inside, char *path);
const char *segment_kind_name(uint8_t kind);
/* In double quotes, control characters escaped. */
void inspect_print_text(struct bytes text);
/* One line; payloads of messages shortened. */
void inspect_print_fact(const struct fact *fact);
