/* view: files of a target as a disk, under the names they had in the data folder, each as long as
 * its manifest says: what reads a data folder reads a backup. Nothing can be written. */
#pragma once

#include "backup/backup.h"

/* files: ascending by name, each once; borrowed until view_destroy. */
MUST_USE enum err view_create(struct disk *target, const struct backup_file *files, size_t count,
                              struct disk **ret_view);
void view_destroy(struct disk *view); /* NULL is fine */
