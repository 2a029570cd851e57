#include "cli/history_words.h"

#include "cli/answer.h"
#include "cli/terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS 5       /* until the list stands still */
#define NAMES_SHOWN 8 /* points of a row */

static const char *const tier_names[PART_TIERS] = {"raw", "minute", "hour", "day"};

const char *history_tier_name(enum part_tier tier)
{
    return tier_names[tier];
}

enum part_tier history_tier_of(const char *file)
{
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++) {
        size_t size = strlen(tier_names[tier]);
        if (strncmp(file, tier_names[tier], size) == 0 && file[size] == '-')
            return tier;
    }
    return PART_RAW;
}

/* ---- as JSON -----------------------------------------------------------------------------------
 */
static void time_put(json_t *object, const char *name, int64_t time_ns, bool known)
{
    char text[TIME_TEXT_SIZE] = "";
    if (known)
        time_format(time_ns, text);
    json_object_set_new(object, name, json_string(text));
}

json_t *history_part_json(const struct part_info *info)
{
    bool some = info->first_ns <= info->last_ns;
    json_t *part = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "file", info->name, "tier",
                             tier_names[info->tier], "level", (json_int_t)info->level, "serial",
                             (json_int_t)info->serial, "from", (json_int_t)info->from, "to",
                             (json_int_t)info->to, "erased", (json_int_t)info->erased_position);
    json_t *counts =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "owners", (json_int_t)info->owners, "chunks",
                  (json_int_t)info->chunks, "samples", (json_int_t)info->samples, "values",
                  (json_int_t)info->values, "bytes", (json_int_t)info->bytes, "index_bytes",
                  (json_int_t)info->index_bytes);
    json_object_update(part, counts);
    json_decref(counts);
    time_put(part, "first", info->first_ns, some);
    time_put(part, "last", info->last_ns, some);
    time_put(part, "written", info->wall_ns, true);
    return part;
}

void history_damage_add(void *arg, const struct part_damage *damage)
{
    json_t *array = arg;
    json_t *piece = json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "file", damage->file, "offset",
                              (json_int_t)damage->offset, "bytes", (json_int_t)damage->bytes,
                              "owner", (json_int_t)damage->owner, "owner_last",
                              (json_int_t)damage->owner_last, "why", damage->why);
    bool known = damage->first_ns != INT64_MIN || damage->last_ns != INT64_MAX;
    time_put(piece, "first", damage->first_ns, known);
    time_put(piece, "last", damage->last_ns, known);
    json_array_append_new(array, piece);
}

/* ---- the list ----------------------------------------------------------------------------------
 */
void history_look_done(struct history_look *look)
{
    for (size_t i = 0; i < look->list.count && look->parts != NULL; i++)
        part_release(look->parts[i]);
    free(look->parts);
    parts_list_done(&look->list);
    json_decref(look->damage);
    *look = (struct history_look){0};
}

/* Open at once: what is open can be read whatever becomes of its name. */
static enum err look_open(struct disk *disk, struct history_look *look)
{
    look->parts = calloc(look->list.count + 1, sizeof(struct part *));
    if (look->parts == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < look->list.count; i++) {
        const struct part_info *info = &look->list.parts[i];
        enum err err = part_open(disk, HISTORY_FOLDER_NAME, info->name, &look->parts[i]);
        if (err == ERR_NO_MEMORY || err == ERR_LIMIT || err == ERR_REFUSED || err == ERR_NEWER)
            return err;
        if (err == OK)
            continue;
        struct part_damage damage = {.bytes = info->bytes,
                                     .owner_last = PART_OWNER_MAX,
                                     .first_ns = info->first_ns,
                                     .last_ns = info->last_ns};
        memcpy(damage.file, info->name, sizeof damage.file);
        snprintf(damage.why, sizeof damage.why, "it cannot be opened: %s", err_text(err));
        history_damage_add(look->damage, &damage);
    }
    return OK;
}

static enum err look_once(struct disk *disk, struct history_look *ret_look)
{
    struct history_look look = {.damage = json_array()};
    enum err err = parts_list_read(disk, HISTORY_FOLDER_NAME, true, history_damage_add, look.damage,
                                   &look.list, look.rebuilt);
    if (err == OK)
        err = look_open(disk, &look);
    if (err == OK)
        *ret_look = look;
    else
        history_look_done(&look);
    return err;
}

enum err history_look(struct disk *disk, struct history_look *ret_look)
{
    struct history_look look, next;
    enum err err = look_once(disk, &look);
    for (int i = 1; i < LOOKS && err == OK; i++) {
        if (json_array_size(look.damage) == 0 && look.rebuilt[0] == 0)
            break;
        err = look_once(disk, &next);
        bool still = err == OK && json_equal(look.damage, next.damage) &&
                     strcmp(look.rebuilt, next.rebuilt) == 0;
        if (err == OK) {
            history_look_done(&look);
            look = next;
        }
        if (still)
            break;
    }
    if (err == OK)
        *ret_look = look;
    return err;
}

/* ---- damage for people -------------------------------------------------------------------------
 */
static void damage_print_owners(const json_t *piece, history_names *names, void *arg)
{
    enum part_tier tier = history_tier_of(answer_text(piece, "file"));
    uint32_t owner = (uint32_t)answer_count(piece, "owner"),
             last = (uint32_t)answer_count(piece, "owner_last");
    char text[2][NUMBER_SIZE];
    const char *noun = tier == PART_RAW ? "row" : "point";
    if (owner == 0 && last == PART_OWNER_MAX)
        return;
    if (owner != last) {
        printf("  of %ss %s to %s\n", noun, number_group(owner, text[0]),
               number_group(last, text[1]));
        return;
    }
    json_t *found = json_array();
    if (names != NULL)
        names(arg, tier, owner, found);
    size_t count = json_array_size(found);
    if (count == 0)
        printf("  of %s %s\n", noun, number_group(owner, text[0]));
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
        printf("  of %s\n", json_string_value(json_array_get(found, i)));
    if (count > NAMES_SHOWN)
        printf("    %sand %zu more points that come with it%s\n", paint(PAINT_DIM),
               count - NAMES_SHOWN, paint(PAINT_NONE));
    json_decref(found);
}

void history_print_damage(const json_t *damage, history_names *names, void *arg)
{
    char text[2][NUMBER_SIZE];
    for (size_t i = 0; i < json_array_size(damage); i++) {
        const json_t *piece = json_array_get(damage, i);
        printf("\n%sdamage%s in %s at byte %s, %s: %s\n", paint(PAINT_RED), paint(PAINT_NONE),
               answer_text(piece, "file"), number_group(answer_count(piece, "offset"), text[0]),
               number_bytes(answer_count(piece, "bytes"), text[1]), answer_text(piece, "why"));
        if (*answer_text(piece, "first") != 0)
            printf("  samples between %s and %s\n", answer_text(piece, "first"),
                   answer_text(piece, "last"));
        damage_print_owners(piece, names, arg);
    }
}
