/* history_words: what `inspect history`, `check` and `check --repair` share: the list of parts as
 * it is on the disk, and damage as people and scripts read it. */
#pragma once

#include "os/os.h"
#include "parts/parts.h"

#include <jansson.h>

#define HISTORY_FOLDER_NAME "history"

const char *history_tier_name(enum part_tier tier); /* "raw", "minute" ... */
json_t *history_part_json(const struct part_info *info);
/* A part_damaged whose arg is a JSON array. */
void history_damage_add(void *arg, const struct part_damage *damage);

/* The list of parts, looked at only. While a server works, a part may go between the list and the
 * look at its file: then it is looked at again. */
struct history_look {
    struct parts_list list;
    struct part **parts; /* open, list.count of them; one that could not be opened is NULL */
    json_t *damage;      /* array of objects: file, offset, bytes, owner ... */
    char rebuilt[128];
};
MUST_USE enum err history_look(struct disk *disk, struct history_look *ret_look);
void history_look_done(struct history_look *look);

/* Prints pieces of damage, none when there is none. names, which may be NULL, adds what the points
 * of an owner are called to an array. */
typedef void history_names(void *arg, enum part_tier tier, uint32_t owner, json_t *names);
void history_print_damage(const json_t *damage, history_names *names, void *arg);
/* The tier out of the name of a part's file. */
enum part_tier history_tier_of(const char *file);
