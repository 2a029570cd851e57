/* Manifests as text, and the names under which a target keeps things. */
#pragma once

#include "backup/backup.h"

#define MANIFEST_FOLDER "manifests"
#define FILES_FOLDER "files"
#define STORED_PATH_SIZE (sizeof((struct backup_file *)0)->stored + 8)
#define MANIFEST_NAME_SIZE 64

/* "manifests/0000000012.manifest" */
void manifest_name(char name[MANIFEST_NAME_SIZE], uint64_t serial);
/* Takes a text apart, in place. ERR_CORRUPT for all that is no whole manifest; ERR_NEWER. */
MUST_USE enum err manifest_parse(char *text, size_t size, struct backup_manifest *ret_manifest);
/* The text, malloc'ed; NULL: no memory. Files must be ascending. */
char *manifest_print(const struct backup_manifest *manifest, size_t *ret_size);
/* Adds a file; ERR_LIMIT, ERR_NO_MEMORY. Sorted by manifest_sort. */
MUST_USE enum err manifest_add(struct backup_manifest *manifest, const struct backup_file *file,
                               size_t *capacity);
void manifest_sort(struct backup_manifest *manifest);
MUST_USE enum err manifest_add_erasure(struct backup_manifest *manifest,
                                       const struct backup_erasure *erasure);
