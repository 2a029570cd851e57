/* Names without their backslashes, and in order. */
#include "wire/influx/influx.h"

#include <string.h>

static size_t name_unescape(struct bytes name, bool equals, uint8_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] == '\\' && i + 1 < name.size) {
            uint8_t next = name.at[i + 1];
            i += next == ',' || next == ' ' || (next == '=' && equals);
        }
        out[size++] = name.at[i];
    }
    return size;
}

size_t influx_name_put(struct bytes name, uint8_t *out)
{
    return name_unescape(name, true, out);
}

size_t influx_measurement_put(struct bytes measurement, uint8_t *out)
{
    return name_unescape(measurement, false, out);
}

/* As bytes_compare of the names without backslashes. */
static int key_compare(const struct influx_line *line, struct bytes a, struct bytes b)
{
    uint8_t plain[2][INFLUX_NAME_MAX];
    if (line->escaped) {
        a = bytes_of(plain[0], influx_name_put(a, plain[0]));
        b = bytes_of(plain[1], influx_name_put(b, plain[1]));
    }
    return bytes_compare(a, b);
}

void influx_tags_sort(const struct influx_line *line, uint8_t *order)
{
    for (size_t i = 0; i < line->tag_count; i++) {
        size_t place = i;
        for (; place > 0; place--) {
            if (key_compare(line, line->tags[order[place - 1]].key, line->tags[i].key) < 0)
                break;
            order[place] = order[place - 1];
        }
        order[place] = (uint8_t)i;
    }
}

void influx_label_get(const struct influx_line *line, size_t index, uint8_t *scratch,
                      struct label *ret_label)
{
    check(index < line->tag_count);
    const struct influx_tag *tag = &line->tags[index];
    *ret_label = (struct label){tag->key, tag->value};
    if (!line->escaped)
        return;
    uint8_t *value = scratch + INFLUX_NAME_MAX;
    ret_label->name = bytes_of(scratch, influx_name_put(tag->key, scratch));
    ret_label->value = bytes_of(value, influx_name_put(tag->value, value));
}
