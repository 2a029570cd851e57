/* backup_words: what `backup` and `restore` share: folders, what is told, the progress. */
#pragma once

#include "backup/backup.h"
#include "cli/progress.h"

struct backup_words {
    const char *verb;
    struct progress progress;
    struct backup_port port;
    unsigned warned;
};
/* The words must stay where they are while the port is used. */
void backup_words_begin(struct backup_words *words, const char *verb);
/* Opens a folder as a target of backups. With create it is made when missing; it is locked, so that
 * two runs do not meet, unless it is only looked at. NULL after printing why. */
struct disk *backup_target_open(struct backup_words *words, const char *folder, bool create);
/* All backups of a target; false after printing why there are none. */
MUST_USE bool backup_words_list(struct backup_words *words, const char *folder, struct disk *target,
                                struct backup_list *ret_list);
