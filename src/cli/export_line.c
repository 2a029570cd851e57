#include "cli/export_line.h"

#include "wire/csv/csv.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ----------------------------------------------------------------------------------
 */
static size_t space_skip(struct bytes line, size_t at)
{
    while (at < line.size && (line.at[at] == ' ' || line.at[at] == '\t'))
        at++;
    return at;
}

/* Where the JSON value that begins at `at` ends: a text, or a word; an object or array is none. */
static size_t value_end(struct bytes line, size_t at)
{
    if (at >= line.size || line.at[at] == '{' || line.at[at] == '[')
        return 0;
    if (line.at[at] != '"') {
        size_t begin = at;
        while (at < line.size && line.at[at] != ',' && line.at[at] != '}' && line.at[at] != ' ')
            at++;
        return at > begin ? at : 0;
    }
    for (at++; at < line.size; at++) {
        if (line.at[at] == '\\')
            at++;
        else if (line.at[at] == '"')
            return at + 1;
    }
    return 0;
}

static bool is_name(struct bytes name, const char *word)
{
    size_t size = strlen(word);
    return name.size == size + 2 && memcmp(name.at + 1, word, size) == 0;
}

bool export_line_read(struct bytes line, struct export_sample *ret_sample)
{
    struct export_sample sample = {.path = {NULL, 0}};
    size_t at = space_skip(line, 0);
    if (at >= line.size || line.at[at] != '{')
        return false;
    do {
        size_t name_at = space_skip(line, at + 1), name_end = value_end(line, name_at);
        if (name_end == 0 || line.at[name_at] != '"')
            return false;
        struct bytes name = bytes_of(line.at + name_at, name_end - name_at);
        size_t colon = space_skip(line, name_end);
        if (colon >= line.size || line.at[colon] != ':')
            return false;
        size_t from = space_skip(line, colon + 1), to = value_end(line, from);
        if (to == 0)
            return false;
        struct bytes value = bytes_of(line.at + from, to - from);
        if (is_name(name, "path"))
            sample.path = value;
        else if (is_name(name, "time"))
            sample.time = value;
        else if (is_name(name, "value"))
            sample.value = value;
        else if (is_name(name, "quality"))
            sample.quality = value;
        at = space_skip(line, to);
    } while (at < line.size && line.at[at] == ',');
    bool whole = at < line.size && line.at[at] == '}' && sample.path.size > 2 &&
                 sample.path.at[0] == '"' && sample.time.size > 0 && sample.value.size > 0;
    if (whole)
        *ret_sample = sample;
    return whole;
}

/* ---- texts ------------------------------------------------------------------------------------
 */
static uint32_t hex4(const uint8_t *at)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = at[i];
        uint32_t digit = byte >= '0' && byte <= '9'   ? byte - (uint32_t)'0'
                         : byte >= 'a' && byte <= 'f' ? byte - (uint32_t)'a' + 10
                         : byte >= 'A' && byte <= 'F' ? byte - (uint32_t)'A' + 10
                                                      : 0;
        number = number << 4 | digit;
    }
    return number;
}

static size_t utf8_put(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

/* What stands behind a backslash; *at moves to its last byte. */
static size_t escape_put(struct bytes text, size_t *at, uint8_t *out)
{
    static const char names[] = "bfnrt";
    static const uint8_t bytes[] = {'\b', '\f', '\n', '\r', '\t'};
    uint8_t byte = text.at[*at];
    const char *name = byte != 0 ? strchr(names, byte) : NULL;
    if (byte != 'u' || *at + 4 >= text.size) {
        out[0] = name != NULL ? bytes[name - names] : byte;
        return 1;
    }
    uint32_t code = hex4(text.at + *at + 1);
    *at += 4;
    if (code >= 0xD800 && code < 0xDC00 && *at + 6 < text.size && text.at[*at + 1] == '\\' &&
        text.at[*at + 2] == 'u') {
        uint32_t low = hex4(text.at + *at + 3);
        code = 0x10000 + ((code - 0xD800) << 10) + ((low - 0xDC00) & 0x3FF);
        *at += 6;
    }
    return utf8_put(code, out);
}

size_t export_text(struct bytes text, uint8_t *out)
{
    size_t size = 0;
    if (text.size < 2 || text.at[0] != '"') {
        memcpy(out, text.at, text.size);
        return text.size;
    }
    for (size_t at = 1; at + 1 < text.size; at++) {
        if (text.at[at] != '\\') {
            out[size++] = text.at[at];
            continue;
        }
        at++;
        size += escape_put(text, &at, out + size);
    }
    return size;
}

/* ---- CSV --------------------------------------------------------------------------------------
 */
/* Unescaped behind the place where it goes, then put there. */
static size_t csv_put(struct bytes json, bool quote, uint8_t *out)
{
    uint8_t *plain = out + 2 * json.size + 2;
    size_t size = export_text(json, plain);
    return csv_field_put(bytes_of(plain, size), ',', quote, out);
}

static bool is_word(struct bytes value, const char *word)
{
    return bytes_equal(value, bytes_text(word));
}

size_t export_csv(const struct export_sample *sample, const char *type, uint8_t *out)
{
    size_t size = csv_put(sample->path, false, out);
    out[size++] = ',';
    size += csv_put(sample->time, false, out + size);
    out[size++] = ',';
    if (!is_word(sample->value, "null"))
        size += csv_put(sample->value, sample->value.at[0] == '"', out + size);
    out[size++] = ',';
    size += csv_put(sample->quality, false, out + size);
    out[size++] = ',';
    size_t type_size = strlen(type);
    memcpy(out + size, type, type_size);
    size += type_size;
    out[size++] = '\n';
    return size;
}

/* ---- line protocol ----------------------------------------------------------------------------
 */
static size_t name_put(struct bytes name, bool measurement, uint8_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        if (byte == ',' || byte == ' ' || (byte == '=' && !measurement))
            out[size++] = '\\';
        out[size++] = byte;
    }
    return size;
}

static size_t level_end(struct bytes path, size_t at)
{
    while (at < path.size && path.at[at] != '/')
        at++;
    return at;
}

/* Measurement, tags, a space and the field's name with its '='. */
static size_t series_put(struct bytes path, uint8_t *out)
{
    size_t at = level_end(path, 0), size = name_put(bytes_of(path.at, at), true, out);
    static const char only[] = " value=";
    if (at == path.size) {
        memcpy(out + size, only, sizeof only - 1);
        return size + sizeof only - 1;
    }
    for (unsigned level = 2;; level++) {
        size_t from = at + 1;
        at = level_end(path, from);
        bool last = at == path.size;
        if (last)
            out[size++] = ' ';
        else
            size += (size_t)snprintf((char *)out + size, 16, ",level%02u=", level % 100);
        size += name_put(bytes_of(path.at + from, at - from), false, out + size);
        if (!last)
            continue;
        out[size++] = '=';
        return size;
    }
}

static size_t text_value_put(struct bytes value, uint8_t *out)
{
    uint8_t *plain = out + 2 * value.size + 2;
    size_t plain_size = export_text(value, plain), size = 0;
    out[size++] = '"';
    for (size_t i = 0; i < plain_size; i++) {
        if (plain[i] == '"' || plain[i] == '\\')
            out[size++] = '\\';
        out[size++] = plain[i];
    }
    out[size++] = '"';
    return size;
}

size_t export_line_protocol(const struct export_sample *sample, const char *type, uint8_t *out)
{
    int64_t time_ns;
    if (is_word(sample->value, "null") ||
        !time_parse(sample->time.size > 2 ? bytes_of(sample->time.at + 1, sample->time.size - 2)
                                          : sample->time,
                    &time_ns))
        return 0;
    uint8_t *plain = out + 2 * sample->path.size + 512;
    size_t path_size = export_text(sample->path, plain);
    size_t size = series_put(bytes_of(plain, path_size), out);
    if (sample->value.at[0] == '"') {
        size += text_value_put(sample->value, out + size);
    } else {
        memcpy(out + size, sample->value.at, sample->value.size);
        size += sample->value.size;
        if (strcmp(type, "int64") == 0)
            out[size++] = 'i';
    }
    size += (size_t)snprintf((char *)out + size, 32, " %lld\n", (long long)time_ns);
    return size;
}
