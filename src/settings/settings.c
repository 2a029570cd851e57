/* The table as rows, and the four places settings come from. Each reader works on a copy and hands
 * it over whole, so that a fault in line 40 does not leave lines 1 to 39 behind. */
#include "settings/settings.h"
#include "settings/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct settings, field), sizeof(((struct settings *)NULL)->field)
#define ROW_TEXT(field, name, initial, reload, help)                                               \
    {name, KIND_TEXT, AT(field), initial, NULL, 0, 0, 0, reload, help},
#define ROW_ADDRESS(field, name, initial, reload, help)                                            \
    {name, KIND_ADDRESS, AT(field), initial, NULL, 0, 0, 0, reload, help},
#define ROW_CHOICE(field, name, initial, choices, reload, help)                                    \
    {name, KIND_CHOICE, AT(field), initial, choices, 0, 0, 0, reload, help},
#define ROW_FLAG(field, name, initial, reload, help)                                               \
    {name, KIND_FLAG, AT(field), NULL, NULL, initial, 0, 1, reload, help},
#define ROW_COUNT(field, name, initial, least, most, reload, help)                                 \
    {name, KIND_COUNT, AT(field), NULL, NULL, initial, least, most, reload, help},
#define ROW_SIZE(field, name, initial, least, most, reload, help)                                  \
    {name, KIND_SIZE, AT(field), NULL, NULL, initial, least, most, reload, help},
#define ROW_TIME(field, name, initial, least, most, reload, help)                                  \
    {name, KIND_TIME, AT(field), NULL, NULL, initial, least, most, reload, help},
const struct setting setting_table[] = {
    SETTINGS_TABLE(ROW_TEXT, ROW_ADDRESS, ROW_CHOICE, ROW_FLAG, ROW_COUNT, ROW_SIZE, ROW_TIME)};
const size_t setting_count = ARRAY_COUNT(setting_table);

/* The names seen in a file. */
struct names_seen {
    bool at[ARRAY_COUNT(setting_table)];
};

void settings_default(struct settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &setting_table[i];
        char *field = (char *)settings + setting->offset;
        bool flag = setting->initial_number != 0;
        if (setting->initial_text != NULL)
            memcpy(field, setting->initial_text, strlen(setting->initial_text));
        else if (setting->kind == KIND_FLAG)
            memcpy(field, &flag, sizeof flag);
        else
            store_u64(field, setting->initial_number);
    }
}

/* ---- names --------------------------------------------------------------------------------------
 */
void setting_option_name(const struct setting *setting, char *name)
{
    snprintf(name, 64, "%s", setting->name);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '.' || *at == '_')
            *at = '-';
}

void setting_variable_name(const struct setting *setting, char *name)
{
    snprintf(name, 64, "MAINSTEM_%s", setting->name);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)(*at == '.' ? '_' : *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
}

static const struct setting *setting_find(struct bytes name)
{
    for (size_t i = 0; i < setting_count; i++)
        if (bytes_equal(name, bytes_text(setting_table[i].name)))
            return &setting_table[i];
    return NULL;
}

/* Letters to add, drop or change to turn a into b (Levenshtein); names are at most 63 bytes. */
static size_t name_distance(struct bytes a, const char *b)
{
    size_t row[64], size = strlen(b);
    if (a.size > 63 || size > 63)
        return 64;
    for (size_t j = 0; j <= size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size; j++) {
            size_t change = corner + (a.at[i - 1] != (uint8_t)b[j - 1]);
            size_t step = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            corner = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[size];
}

static const char *name_nearest(struct bytes name)
{
    size_t best = 3; /* further away it is no slip of the finger */
    const char *nearest = NULL;
    for (size_t i = 0; i < setting_count; i++) {
        size_t distance = name_distance(name, setting_table[i].name);
        if (distance < best) {
            best = distance;
            nearest = setting_table[i].name;
        }
    }
    return nearest;
}

static void fault_unknown(struct bytes name, char *fault)
{
    char found[65];
    size_t size = name.size < sizeof found - 1 ? name.size : sizeof found - 1;
    for (size_t i = 0; i < size; i++)
        found[i] = (char)(name.at[i] < ' ' || name.at[i] > '~' ? '?' : name.at[i]);
    found[size] = '\0';
    const char *nearest = name_nearest(name);
    if (nearest != NULL)
        snprintf(fault, SETTINGS_FAULT_SIZE, "no setting \"%s\"; \"%s\" is near", found, nearest);
    else
        snprintf(fault, SETTINGS_FAULT_SIZE,
                 "no setting \"%s\"; docs/settings.md and serve --help list them", found);
}

/* ---- the file -----------------------------------------------------------------------------------
 */
static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && is_space(text.at[0]))
        text = bytes_of(text.at + 1, text.size - 1);
    while (text.size > 0 && is_space(text.at[text.size - 1]))
        text.size--;
    return text;
}

/* Drops a comment and quotes; false when a quote is not closed or something follows it. */
static bool value_text(struct bytes raw, struct bytes *ret_value)
{
    raw = trim(raw);
    if (raw.size > 0 && raw.at[0] == '"') {
        const uint8_t *end = memchr(raw.at + 1, '"', raw.size - 1);
        if (end == NULL)
            return false;
        struct bytes rest = trim(bytes_of(end + 1, raw.size - (size_t)(end + 1 - raw.at)));
        *ret_value = bytes_of(raw.at + 1, (size_t)(end - raw.at) - 1);
        return rest.size == 0 || rest.at[0] == '#';
    }
    for (size_t i = 0; i < raw.size; i++)
        if (raw.at[i] == '#' && (i == 0 || is_space(raw.at[i - 1]))) {
            raw.size = i;
            break;
        }
    *ret_value = trim(raw);
    return true;
}

static bool line_read(struct settings *settings, struct bytes line, struct names_seen *seen,
                      char *fault)
{
    line = trim(line);
    if (line.size == 0 || line.at[0] == '#')
        return true;
    const uint8_t *equals = memchr(line.at, '=', line.size);
    if (equals == NULL) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "no '='; a line is: name = value");
        return false;
    }
    struct bytes name = trim(bytes_of(line.at, (size_t)(equals - line.at)));
    struct bytes value;
    if (!value_text(bytes_of(equals + 1, line.size - (size_t)(equals + 1 - line.at)), &value)) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "a value in quotes ends with a quote, then the line");
        return false;
    }
    const struct setting *setting = setting_find(name);
    if (setting == NULL) {
        fault_unknown(name, fault);
        return false;
    }
    bool *is_seen = &seen->at[setting - setting_table];
    if (*is_seen) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "%s was set above; say it once", setting->name);
        return false;
    }
    *is_seen = true;
    return setting_parse(setting, value, settings, fault);
}

/* Puts where it stands before the sentence. */
static enum err fault_at(const char *where, const char *what, char *fault)
{
    snprintf(fault, SETTINGS_FAULT_SIZE, "%.160s: %.340s", where, what);
    return ERR_INVALID;
}

enum err settings_read_text(struct settings *settings, struct bytes text, const char *name,
                            char *fault)
{
    struct settings wanted = *settings;
    char what[SETTINGS_FAULT_SIZE], where[192];
    struct names_seen seen = {.at = {false}};
    size_t number = 1;
    if (text.size >= 3 && memcmp(text.at, "\xEF\xBB\xBF", 3) == 0) /* an editor's mark */
        text = bytes_of(text.at + 3, text.size - 3);
    for (size_t at = 0; at < text.size; number++) {
        const uint8_t *end = memchr(text.at + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - text.at) - at;
        if (!line_read(&wanted, bytes_of(text.at + at, size), &seen, what)) {
            snprintf(where, sizeof where, "%.140s:%zu", name, number);
            return fault_at(where, what, fault);
        }
        at += size + 1;
    }
    *settings = wanted;
    return OK;
}

enum err settings_read_file(struct settings *settings, const char *path, char *fault)
{
    enum err err = OK;
    uint8_t *text = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "%.300s: cannot be read: %s", path, strerror(errno));
        return errno == ENOENT ? ERR_MISSING : ERR_IO;
    }
    text = malloc(SETTINGS_FILE_MAX + 1);
    size_t size = text == NULL ? 0 : fread(text, 1, SETTINGS_FILE_MAX + 1, file);
    if (text == NULL || ferror(file)) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "%.300s: cannot be read: %s", path, strerror(errno));
        err = ERR_IO;
    } else if (size > SETTINGS_FILE_MAX) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "%.300s: larger than 1 MiB; that is no settings file",
                 path);
        err = ERR_INVALID;
    } else {
        err = settings_read_text(settings, bytes_of(text, size), path, fault);
    }
    free(text);
    fclose(file);
    return err;
}

/* ---- the environment ----------------------------------------------------------------------------
 */
/* MAINSTEM_MQTT_PAKET looks like one of ours: at most two letters from one.
 * MAINSTEM_MQTT_SERVICE_HOST and MAINSTEM_PORT (as Kubernetes sets) do not. */
static const char *variable_near(struct bytes name)
{
    char variable[64];
    for (size_t i = 0; i < setting_count; i++) {
        setting_variable_name(&setting_table[i], variable);
        if (name_distance(name, variable) < 3)
            return setting_table[i].name;
    }
    return NULL;
}

static const struct setting *variable_find(struct bytes name)
{
    char variable[64];
    for (size_t i = 0; i < setting_count; i++) {
        setting_variable_name(&setting_table[i], variable);
        if (bytes_equal(name, bytes_text(variable)))
            return &setting_table[i];
    }
    return NULL;
}

enum err settings_read_environment(struct settings *settings, char *const *environment, char *fault)
{
    struct settings wanted = *settings;
    char what[SETTINGS_FAULT_SIZE], where[192];
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || strncmp(*environment, "MAINSTEM_", 9) != 0)
            continue;
        struct bytes name = bytes_of(*environment, (size_t)(equals - *environment));
        const struct setting *setting = variable_find(name);
        snprintf(where, sizeof where, "%.*s", (int)(name.size < 160 ? name.size : 160),
                 *environment);
        if (setting == NULL) {
            const char *near = variable_near(name);
            if (near == NULL)
                continue;
            snprintf(what, sizeof what, "no such setting; \"%s\" is near", near);
            return fault_at(where, what, fault);
        }
        if (!setting_parse(setting, bytes_text(equals + 1), &wanted, what))
            return fault_at(where, what, fault);
    }
    *settings = wanted;
    return OK;
}

/* ---- options ------------------------------------------------------------------------------------
 */
enum err settings_read_option(struct settings *settings, const char *name, const char *value,
                              char *fault)
{
    char option[64], what[SETTINGS_FAULT_SIZE], where[192];
    const struct setting *setting = NULL;
    for (size_t i = 0; i < setting_count && setting == NULL; i++) {
        setting_option_name(&setting_table[i], option);
        if (strcmp(option, name) == 0)
            setting = &setting_table[i];
    }
    if (setting == NULL) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "no option --%.80s; serve --help lists them", name);
        return ERR_MISSING;
    }
    if (value == NULL && setting->kind != KIND_FLAG) {
        setting_allowed(setting, what);
        snprintf(fault, SETTINGS_FAULT_SIZE, "--%s wants a value: %.300s", option, what);
        return ERR_INVALID;
    }
    if (setting_parse(setting, bytes_text(value == NULL ? "true" : value), settings, what))
        return OK;
    snprintf(where, sizeof where, "--%s", option);
    return fault_at(where, what, fault);
}

/* ---- together -----------------------------------------------------------------------------------
 */
enum err settings_check(const struct settings *settings, char *fault)
{
    if (settings->segment_first > settings->segment_max) {
        char first[SETTING_VALUE_SIZE], most[SETTING_VALUE_SIZE];
        setting_print(setting_find(bytes_text("journal.segment_first")), settings, first);
        setting_print(setting_find(bytes_text("journal.segment_max")), settings, most);
        snprintf(fault, SETTINGS_FAULT_SIZE,
                 "journal.segment_first is %.40s and journal.segment_max is %.40s: the first "
                 "segment cannot be larger than the largest",
                 first, most);
        return ERR_INVALID;
    }
    return OK;
}

void settings_reload(struct settings *running, const struct settings *wanted, char *needs_restart)
{
    size_t used = 0;
    needs_restart[0] = '\0';
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &setting_table[i];
        char *now = (char *)running + setting->offset;
        const char *then = (const char *)wanted + setting->offset;
        if (memcmp(now, then, setting->size) == 0)
            continue;
        if (setting->reload) {
            memcpy(now, then, setting->size);
            continue;
        }
        int n = snprintf(needs_restart + used, SETTINGS_FAULT_SIZE - used, "%s%s",
                         used > 0 ? ", " : "", setting->name);
        if (n > 0 && used + (size_t)n < SETTINGS_FAULT_SIZE)
            used += (size_t)n;
    }
}
