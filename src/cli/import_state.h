/* import_state: how far an import came, in a small file, so that one that was stopped or killed
 * goes on. It is named after what is imported and where to, and goes when the import is complete.
 */
#pragma once

#include "cli/import_send.h"

struct import_state {
    char path[4096];
    uint64_t wish; /* hash of the files and options */
    struct import_place place;
    uint64_t taken, refused, missing;
};
/* named: --state, or NULL: below XDG_STATE_HOME or ~/.local/state. False: there is no such place.
 */
MUST_USE bool import_state_init(struct import_state *state, const char *named, uint64_t wish);
/* What an earlier run left; false: nothing that fits. */
MUST_USE bool import_state_read(struct import_state *state);
/* Beside, then renamed. False: it could not be written. */
MUST_USE bool import_state_write(const struct import_state *state);
void import_state_remove(const struct import_state *state);
