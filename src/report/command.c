/* A JSON object as a command. The engine's writer takes lengths on trust, so each is held here
 * against the format's limit; what the command means is the reducer's to judge. */
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct reading {
    const json_t *wish;
    char *fault;
    size_t fault_size;
    bool wrong;
};

static void reading_fault(struct reading *reading, const char *name, const char *wanted)
{
    if (!reading->wrong)
        snprintf(reading->fault, reading->fault_size, "\"%s\": %s is wanted", name, wanted);
    reading->wrong = true;
}

/* An optional text of at most `most` bytes. */
static bool read_text(struct reading *reading, const char *name, size_t most, struct bytes *ret)
{
    char wanted[64];
    const json_t *value = json_object_get(reading->wish, name);
    if (!value)
        return false;
    if (!json_is_string(value) || json_string_length(value) > most) {
        snprintf(wanted, sizeof wanted, "a text of at most %zu bytes", most);
        reading_fault(reading, name, wanted);
        return false;
    }
    *ret = bytes_of(json_string_value(value), json_string_length(value));
    return true;
}

static void read_kind(struct reading *reading, struct command *command)
{
    static const char *const kinds[] = {[COMMAND_CREATE] = "create",
                                        [COMMAND_CHANGE] = "change",
                                        [COMMAND_RENAME] = "rename",
                                        [COMMAND_RETIRE] = "retire"};
    const char *name = json_string_value(json_object_get(reading->wish, "command"));
    for (uint8_t i = COMMAND_CREATE; name && i <= COMMAND_RETIRE; i++)
        if (strcmp(name, kinds[i]) == 0)
            command->kind = i;
    if (command->kind == 0)
        reading_fault(reading, "command", "create, change, rename or retire");
}

static void read_paths(struct reading *reading, struct command *command)
{
    if (!read_text(reading, "path", PATH_MAX_BYTES, &command->path))
        reading_fault(reading, "path", "the point's path");
    bool renames = read_text(reading, "new_path", PATH_MAX_BYTES, &command->new_path);
    if (renames != (command->kind == COMMAND_RENAME))
        reading_fault(reading, "new_path", "a new path, with rename and only then,");
}

static void read_key(struct reading *reading, int64_t wall_ns, struct command *command)
{
    const json_t *sequence = json_object_get(reading->wish, "sequence");
    if (read_text(reading, "key", KEY_BYTES_MAX, &command->key)) {
        command->key_kind = KEY_FREE;
        command->key_wall_ns = wall_ns;
        if (command->key.size == 0)
            reading_fault(reading, "key", "a text of 1 to 128 bytes");
    }
    if (read_text(reading, "client", KEY_BYTES_MAX, &command->client)) {
        if (command->key_kind == KEY_FREE)
            reading_fault(reading, "key", "a key, or a client with its sequence, not both,");
        command->key_kind = KEY_SEQUENCE;
        if (command->client.size == 0 || !json_is_integer(sequence) ||
            json_integer_value(sequence) <= 0)
            reading_fault(reading, "sequence", "a number above 0 beside a client's name");
        else
            command->sequence = (uint64_t)json_integer_value(sequence);
    } else if (sequence) {
        reading_fault(reading, "client", "the client whose sequence it is");
    }
}

static void read_labels(struct reading *reading, struct report_command *ret)
{
    json_t *labels = json_object_get(reading->wish, "labels");
    if (!labels)
        return;
    if (!json_is_object(labels) || json_object_size(labels) > LABELS_MAX) {
        reading_fault(reading, "labels", "an object of at most 32 texts");
        return;
    }
    const char *name;
    json_t *value;
    uint16_t count = 0;
    json_object_foreach(labels, name, value)
    {
        if (strlen(name) == 0 || strlen(name) > LABEL_BYTES_MAX || !json_is_string(value) ||
            json_string_length(value) > LABEL_BYTES_MAX) {
            reading_fault(reading, "labels", "names of 1 to 128 bytes with texts of up to 128");
            return;
        }
        ret->labels[count++] =
            (struct label){.name = bytes_text(name),
                           .value = bytes_of(json_string_value(value), json_string_length(value))};
    }
    ret->command.settings.labels = ret->labels;
    ret->command.settings.label_count = count;
    ret->command.settings.has |= HAS_LABELS;
}

static void read_limits(struct reading *reading, struct point_settings *settings)
{
    static const char *const kinds[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = "low_low",
                                                   [LIMIT_LOW] = "low",
                                                   [LIMIT_HIGH] = "high",
                                                   [LIMIT_HIGH_HIGH] = "high_high"};
    const json_t *limits = json_object_get(reading->wish, "limits");
    size_t known = 0;
    if (!limits)
        return;
    for (size_t i = 0; i < LIMIT_KINDS; i++) {
        const json_t *limit = json_object_get(limits, kinds[i]);
        settings->limits[i] = json_is_number(limit) ? json_number_value(limit) : NAN;
        known += limit && (json_is_number(limit) || json_is_null(limit));
    }
    if (!json_is_object(limits) || known != json_object_size(limits))
        reading_fault(reading, "limits", "low_low, low, high, high_high with numbers or null");
    settings->has |= HAS_LIMITS;
}

static void read_settings(struct reading *reading, struct report_command *ret)
{
    struct point_settings *settings = &ret->command.settings;
    struct bytes type;
    if (read_text(reading, "type", 16, &type)) {
        if (!value_type_parse(type, &settings->type))
            reading_fault(reading, "type", "float64, int64, bool or string");
        settings->has |= HAS_TYPE;
    }
    if (read_text(reading, "unit", UNIT_BYTES_MAX, &settings->unit))
        settings->has |= HAS_UNIT;
    if (read_text(reading, "description", DESCRIPTION_BYTES_MAX, &settings->description))
        settings->has |= HAS_DESCRIPTION;
    read_labels(reading, ret);
    read_limits(reading, settings);
    if (settings->has && ret->command.kind != COMMAND_CREATE && ret->command.kind != COMMAND_CHANGE)
        reading_fault(reading, "command", "create or change for settings of a point");
}

/* A member that is none of these is a slip that would otherwise be silent. */
static void read_names(struct reading *reading)
{
    static const char *const names[] = {"command", "path",        "new_path", "type",
                                        "unit",    "description", "labels",   "limits",
                                        "key",     "client",      "sequence"};
    size_t known = 0;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        known += json_object_get(reading->wish, names[i]) != NULL;
    if (known != json_object_size(reading->wish))
        reading_fault(reading, "command",
                      "command with path, new_path, type, unit, description, labels, limits, key, "
                      "client, sequence and no other member");
}

const char *report_command_read(const json_t *wish, int64_t wall_ns, struct report_command *ret,
                                char *fault, size_t fault_size)
{
    struct reading reading = {.wish = wish, .fault = fault, .fault_size = fault_size};
    *ret = (struct report_command){.command = {.tenant = TENANT_DEFAULT}};
    read_kind(&reading, &ret->command);
    read_paths(&reading, &ret->command);
    read_key(&reading, wall_ns, &ret->command);
    read_settings(&reading, ret);
    read_names(&reading);
    return reading.wrong ? fault : NULL;
}

const char *report_key_read(const json_t *wish, int64_t wall_ns, struct command *ret, char *fault,
                            size_t fault_size)
{
    struct reading reading = {.wish = wish, .fault = fault, .fault_size = fault_size};
    read_key(&reading, wall_ns, ret);
    return reading.wrong ? fault : NULL;
}

#define OUTCOME_WORD(name, text) [name] = #name,
static const char *const outcome_words[OUTCOME_COUNT] = {OUTCOME_TABLE(OUTCOME_WORD)};

const char *report_outcome_word(enum outcome_code code)
{
    static char words[OUTCOME_COUNT][32]; /* filled once each, on the server's thread */
    if (code >= OUTCOME_COUNT)
        return "unknown";
    char *word = words[code];
    if (word[0] == '\0') {
        snprintf(word, sizeof words[code], "%s", outcome_words[code] + strlen("OUTCOME_"));
        for (char *at = word; *at != '\0'; at++)
            *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    }
    return word;
}
