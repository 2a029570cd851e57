/* The program with a bug on purpose: MAINSTEM_SABOTAGE names it. Tests run against this one to show
 * that they would find the bug; the shipped program has no such switch. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum journal_sabotage sabotage;
} bugs[] = {
    {"none", SABOTAGE_NONE},
    {"skip-sync", SABOTAGE_SKIP_SYNC},
    {"early-ack", SABOTAGE_EARLY_ACK},
    {"drop-last", SABOTAGE_DROP_LAST},
    {"reorder", SABOTAGE_REORDER},
    {"forget-key", SABOTAGE_FORGET_KEY},
};

int main(int count, char **words)
{
    const char *name = getenv("MAINSTEM_SABOTAGE");
    for (size_t i = 0; name && i < ARRAY_COUNT(bugs); i++)
        if (strcmp(name, bugs[i].name) == 0)
            return cli_main(count, words, bugs[i].sabotage);
    fputs("MAINSTEM_SABOTAGE must be one of:", stderr);
    for (size_t i = 0; i < ARRAY_COUNT(bugs); i++)
        fprintf(stderr, " %s", bugs[i].name);
    fputc('\n', stderr);
    return 2;
}
