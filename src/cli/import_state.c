#include "cli/import_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool folders_make(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

bool import_state_init(struct import_state *state, const char *named, uint64_t wish)
{
    *state = (struct import_state){.wish = wish};
    const char *home = getenv("HOME"), *base = getenv("XDG_STATE_HOME");
    int size;
    if (named != NULL)
        size = snprintf(state->path, sizeof state->path, "%s", named);
    else if (base != NULL && base[0] == '/')
        size =
            snprintf(state->path, sizeof state->path, "%s/mainstem/import-%016" PRIx64, base, wish);
    else if (home != NULL && home[0] == '/')
        size = snprintf(state->path, sizeof state->path,
                        "%s/.local/state/mainstem/import-%016" PRIx64, home, wish);
    else
        return false;
    return size > 0 && (size_t)size < sizeof state->path - 8 && folders_make(state->path);
}

bool import_state_read(struct import_state *state)
{
    struct import_state found = *state;
    FILE *from = fopen(state->path, "re");
    if (from == NULL)
        return false;
    int count = fscanf(from,
                       "mainstem-import 1\nwish %16" SCNx64 "\nfile %20" SCNu64 "\nbytes %20" SCNu64
                       "\nlines %20" SCNu64 "\nrows %20" SCNu64 "\ntaken %20" SCNu64
                       "\nrefused %20" SCNu64 "\nmissing %20" SCNu64 "\nend",
                       &found.wish, &found.place.file, &found.place.bytes, &found.place.line,
                       &found.place.row, &found.taken, &found.refused, &found.missing);
    bool whole = count == 8 && fgetc(from) == '\n';
    fclose(from);
    if (!whole || found.wish != state->wish)
        return false;
    *state = found;
    return true;
}

bool import_state_write(const struct import_state *state)
{
    char beside[sizeof state->path + 8];
    snprintf(beside, sizeof beside, "%s.tmp", state->path);
    FILE *to = fopen(beside, "we");
    if (to == NULL)
        return false;
    fprintf(to,
            "mainstem-import 1\nwish %016" PRIx64 "\nfile %" PRIu64 "\nbytes %" PRIu64
            "\nlines %" PRIu64 "\nrows %" PRIu64 "\ntaken %" PRIu64 "\nrefused %" PRIu64
            "\nmissing %" PRIu64 "\nend\n",
            state->wish, state->place.file, state->place.bytes, state->place.line, state->place.row,
            state->taken, state->refused, state->missing);
    bool good = fflush(to) == 0 && fsync(fileno(to)) == 0;
    good = fclose(to) == 0 && good;
    return good && rename(beside, state->path) == 0;
}

void import_state_remove(const struct import_state *state)
{
    unlink(state->path);
}
