/* Labels that points are born with: the tags of a series, told once for a row. Series share most of
 * their labels with others, so each pair of a name and a value is kept once, among the names, and a
 * row keeps a list of their numbers: 20 bytes for three labels.
 *
 *   row labels[row] -> list -> names: size of the label's name (1), name, value
 *
 * Lists, like names, are never changed and never freed. */
#include "model/points/tables.h"

#include <string.h>

static uint32_t list_of(const struct points *points, uint32_t row)
{
    if (row >= state_table_capacity(&points->row_labels))
        return 0;
    const struct row_labels_entry *entry = state_read(&points->row_labels, row);
    return entry->list;
}

static uint32_t unit_at(const struct points *points, uint32_t unit)
{
    const struct label_unit *at = state_read(&points->label_lists, unit);
    return at->number;
}

/* As it is kept, in text[1 + 2 * LABEL_BYTES_MAX]. */
static struct bytes label_text(const struct label *label, uint8_t *text)
{
    check(label->name.size <= LABEL_BYTES_MAX && label->value.size <= LABEL_BYTES_MAX);
    text[0] = (uint8_t)label->name.size;
    memcpy(text + 1, label->name.at, label->name.size);
    if (label->value.size > 0)
        memcpy(text + 1 + label->name.size, label->value.at, label->value.size);
    return bytes_of(text, 1 + label->name.size + label->value.size);
}

static enum err label_intern(struct points *points, const struct label *label, uint32_t *ret_name)
{
    uint8_t text[1 + 2 * LABEL_BYTES_MAX];
    return name_intern(points, label_text(label, text), ret_name);
}

void row_labels_prefetch(const struct points *points, const struct label *labels, uint16_t count)
{
    uint8_t text[1 + 2 * LABEL_BYTES_MAX];
    for (uint16_t i = 0; i < count; i++)
        if (labels[i].name.size <= LABEL_BYTES_MAX && labels[i].value.size <= LABEL_BYTES_MAX)
            index_prefetch(points->name_index,
                           kind_hash(HASH_NAME, 0, label_text(&labels[i], text)));
}

static bool label_split(struct bytes text, struct label *ret_label)
{
    size_t name = text.size > 0 ? text.at[0] : 0;
    if (name == 0 || name > LABEL_BYTES_MAX || text.size < 1 + name ||
        text.size - 1 - name > LABEL_BYTES_MAX)
        return false;
    ret_label->name = bytes_of(text.at + 1, name);
    ret_label->value = bytes_of(text.at + 1 + name, text.size - 1 - name);
    return true;
}

enum err row_labels_put(struct points *points, uint32_t row, const struct label *labels,
                        uint16_t count)
{
    check(count >= 1 && count <= LABELS_MAX);
    uint64_t list = (uint64_t)points->counters->label_units + 1;
    if (list + count >= UINT32_MAX)
        return ERR_LIMIT;
    enum err err = state_table_grow(&points->row_labels, row + 1);
    if (err == OK)
        err = state_table_grow(&points->label_lists, (uint32_t)list + count + 1);
    for (uint16_t i = 0; err == OK && i < count; i++) {
        struct label_unit *unit = state_write(&points->label_lists, (uint32_t)list + 1 + i);
        err = label_intern(points, &labels[i], &unit->number);
    }
    if (err != OK)
        return err;
    ((struct label_unit *)state_write(&points->label_lists, (uint32_t)list))->number = count;
    ((struct row_labels_entry *)state_write(&points->row_labels, row))->list = (uint32_t)list;
    counters_write(points)->label_units = (uint32_t)list + count;
    return OK;
}

bool row_has_labels(const struct points *points, uint32_t row)
{
    return list_of(points, row) != 0;
}

uint16_t row_labels_get(const struct points *points, uint32_t row, struct label *labels)
{
    uint32_t list = list_of(points, row);
    if (list == 0)
        return 0;
    uint16_t count = (uint16_t)unit_at(points, list);
    check(count <= LABELS_MAX);
    for (uint16_t i = 0; i < count; i++) {
        bool there = label_split(name_get(points, unit_at(points, list + 1 + i)), &labels[i]);
        check(there); /* row_labels_rebuild judged what came from outside */
    }
    return count;
}

/* ---- pages from outside
 * ---------------------------------------------------------------------------- */

static bool list_is_valid(const struct points *points, uint32_t list)
{
    struct label labels[LABELS_MAX];
    uint32_t units = points->counters->label_units;
    if (list > units)
        return false;
    uint32_t count = unit_at(points, list);
    if (count == 0 || count > LABELS_MAX || count > units - list)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t name = unit_at(points, list + 1 + i);
        if (name == NAME_EMPTY || !name_is_valid(points, name) ||
            !label_split(name_get(points, name), &labels[i]))
            return false;
    }
    return labels_are_valid(labels, (uint16_t)count);
}

enum err row_labels_rebuild(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    if (counters->label_units > UINT32_MAX - 2)
        return ERR_CORRUPT;
    if (counters->label_units == 0 && state_table_capacity(&points->row_labels) == 0)
        return OK;
    enum err err = state_table_grow(&points->label_lists, counters->label_units + 1);
    for (uint32_t row = 1; err == OK && row <= counters->rows; row++) {
        uint32_t list = list_of(points, row);
        if (list != 0 && !list_is_valid(points, list))
            err = ERR_CORRUPT;
    }
    return err;
}
