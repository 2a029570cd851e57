/* cli: main's verbs. cli_main reads the first word and runs the verb; each verb is one file. */
#pragma once

#include "journal/journal.h"

/* Returns the exit code: 0 done, 1 failed, 2 wrong usage. sabotage: NONE outside of tests. */
int cli_main(int count, char **words, enum journal_sabotage sabotage);
