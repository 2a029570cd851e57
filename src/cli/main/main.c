/* The program. All it does is in the verbs of cli/. */
#include "cli/cli.h"

int main(int count, char **words)
{
    return cli_main(count, words, SABOTAGE_NONE);
}
