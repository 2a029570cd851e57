/* Any bytes as a template, and behind a record separator (0x1E) a body whose lines get their paths
 * by it: prefix and metric make the path, with just as much room as it needs, and the path is text
 * without empty levels. */
#include "wire/influx/influx.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void path_check(struct bytes path)
{
    check(path.size > 0 && bytes_are_utf8(path) && path.at[0] != '$');
    check(path.at[0] != '/' && path.at[path.size - 1] != '/');
    for (size_t i = 0; i < path.size; i++) {
        check(path.at[i] >= 0x20 && path.at[i] != 0x7F && path.at[i] != '+' && path.at[i] != '#');
        check(i == 0 || path.at[i] != '/' || path.at[i - 1] != '/');
    }
}

static void field_check(const struct influx_template *path_template, const struct influx_line *line,
                        size_t field)
{
    static uint8_t path[65536], part[65536];
    size_t size, prefix, metric, again;
    enum err err = influx_path_put(path_template, line, field, path, sizeof path, &size);
    if (err) {
        check(err == ERR_MISSING || err == ERR_LIMIT);
        return;
    }
    path_check(bytes_of(path, size));
    check(influx_prefix_put(path_template, line, part, sizeof part, &prefix) == OK);
    check(prefix < size && memcmp(part, path, prefix) == 0);
    check(influx_metric_put(path_template, line, field, part, sizeof part, &metric) == OK);
    check(prefix + (prefix > 0) + metric == size);
    check(memcmp(part, path + size - metric, metric) == 0);
    check(influx_path_put(path_template, line, field, part, size, &again) == OK && again == size);
    check(influx_path_put(path_template, line, field, part, size - 1, &again) == ERR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct influx_decoder *decoder;
    struct influx_template path_template;
    struct influx_line line;
    struct influx_refusal refusal;
    enum influx_step step;
    const uint8_t *cut = size > 0 ? memchr(at, 0x1E, size) : NULL;
    if (!cut || (!decoder && influx_decoder_create(&decoder)))
        return 0;
    size_t text = (size_t)(cut - at);
    if (influx_template_parse(bytes_of(at, text), &path_template))
        return 0;
    influx_begin(decoder, INFLUX_NS);
    influx_feed(decoder, bytes_of(cut + 1, size - text - 1));
    while ((step = influx_next(decoder, &line, &refusal)) != INFLUX_STEP_MORE)
        for (size_t i = 0; step == INFLUX_STEP_LINE && i < line.field_count; i++)
            field_check(&path_template, &line, i);
    return 0;
}
