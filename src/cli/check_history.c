/* check, of the history: every chunk of every part is decoded. */
#include "cli/check_history.h"

#include "cli/answer.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

/* ---- names -------------------------------------------------------------------------------------
 */
void check_history_take(struct check_history *history, const struct fact *fact)
{
    if (fact->kind != FACT_ROW)
        return;
    size_t row = fact->row.shape.row;
    if (row >= history->rows_capacity) {
        size_t capacity = history->rows_capacity == 0 ? 1024 : history->rows_capacity;
        while (capacity <= row)
            capacity *= 2;
        history->rows = realloc(history->rows, capacity * sizeof *history->rows);
        check(history->rows != NULL);
        memset(history->rows + history->rows_capacity, 0,
               (capacity - history->rows_capacity) * sizeof *history->rows);
        history->rows_capacity = capacity;
    }
    history->rows[row] = (struct check_row){.first_point = fact->row.shape.first_point,
                                            .count = fact->row.shape.count};
}

static void check_names(void *arg, enum part_tier tier, uint32_t owner, json_t *names)
{
    struct check_history *history = arg;
    struct check_row row = {.first_point = owner, .count = 1};
    if (tier == PART_RAW)
        row = owner < history->rows_capacity ? history->rows[owner] : (struct check_row){0};
    for (uint32_t i = 0; i < row.count; i++) {
        struct bytes path = readback_paths_find(history->paths, row.first_point + i);
        if (path.size > 0)
            json_array_append_new(names, json_stringn((const char *)path.at, path.size));
    }
}

/* ---- reading -----------------------------------------------------------------------------------
 */
enum err check_history_run(struct check_history *history, struct disk *disk)
{
    history->files = json_array();
    enum err err = history_look(disk, &history->look);
    for (size_t i = 0; err == OK && i < history->look.list.count; i++) {
        struct part *part = history->look.parts[i];
        const struct part_info *info = &history->look.list.parts[i];
        size_t damage =
            part == NULL ? 1 : part_check(part, history_damage_add, history->look.damage);
        json_array_append_new(
            history->files, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "file", info->name, "bytes",
                                      (json_int_t)info->bytes, "chunks", (json_int_t)info->chunks,
                                      "samples", (json_int_t)info->samples, "values",
                                      (json_int_t)info->values, "damage", (json_int_t)damage));
    }
    return err;
}

bool check_history_is_damaged(const struct check_history *history)
{
    return json_array_size(history->look.damage) > 0 || history->look.rebuilt[0] != 0;
}

void check_history_done(struct check_history *history)
{
    free(history->rows);
    json_decref(history->files);
    history_look_done(&history->look);
    *history = (struct check_history){0};
}

/* ---- telling -----------------------------------------------------------------------------------
 */
void check_history_print(struct check_history *history)
{
    size_t at;
    json_t *file;
    char text[3][NUMBER_SIZE];
    if (json_array_size(history->files) > 0) {
        struct table *table = table_create("part|>size|>chunks|>values|verdict");
        json_array_foreach(history->files, at, file)
        {
            uint64_t damage = answer_count(file, "damage");
            table_cell(table, "%s", answer_text(file, "file"));
            table_cell(table, "%s", number_bytes(answer_count(file, "bytes"), text[0]));
            table_cell(table, "%s", number_group(answer_count(file, "chunks"), text[1]));
            table_cell(table, "%s", number_group(answer_count(file, "values"), text[2]));
            table_paint(table, damage > 0 ? PAINT_RED : PAINT_GREEN);
            if (damage > 0)
                table_cell(table, "damaged: %zu piece%s", (size_t)damage, damage == 1 ? "" : "s");
            else
                table_cell(table, "whole");
        }
        putchar('\n');
        table_print(table, "");
    }
    if (history->look.rebuilt[0] != 0)
        printf("\n%sdamage%s in %s: %s\n", paint(PAINT_RED), paint(PAINT_NONE), HISTORY_FOLDER_NAME,
               history->look.rebuilt);
    history_print_damage(history->look.damage, check_names, history);
    if (json_array_size(history->look.damage) > 0)
        printf("\n`mainstem check --repair` puts what is whole of damaged parts into new ones.\n");
}

json_t *check_history_json(struct check_history *history)
{
    size_t at;
    json_t *piece;
    json_array_foreach(history->look.damage, at, piece)
    {
        json_t *names = json_array();
        uint64_t owner = answer_count(piece, "owner");
        if (owner == answer_count(piece, "owner_last"))
            check_names(history, history_tier_of(answer_text(piece, "file")), (uint32_t)owner,
                        names);
        json_object_set_new(piece, "points", names);
    }
    return json_pack("{s:I, s:s, s:O, s:O}", "sealed", (json_int_t)history->look.list.sealed,
                     "rebuilt", history->look.rebuilt, "parts", history->files, "damage",
                     history->look.damage);
}
