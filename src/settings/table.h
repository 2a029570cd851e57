/* table: the settings as rows, for code that walks them. Private to this room: who uses settings
 * reads the fields of struct settings. */
#pragma once

#include "settings/settings.h"

enum setting_kind {
    KIND_TEXT,
    KIND_ADDRESS,
    KIND_CHOICE,
    KIND_FLAG,
    KIND_COUNT,
    KIND_SIZE,
    KIND_TIME
};
struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset, size;      /* of the field in struct settings */
    const char *initial_text; /* TEXT, ADDRESS, CHOICE */
    const char *choices;      /* CHOICE: a|b|c */
    uint64_t initial_number;  /* FLAG, COUNT, SIZE, TIME */
    uint64_t least, most;     /* COUNT, SIZE, TIME */
    bool reload;
    const char *help;
};
extern const struct setting setting_table[];
extern const size_t setting_count;

/* Longest text of a value and of a sentence on what is allowed, with NUL. */
#define SETTING_VALUE_SIZE SETTING_TEXT_SIZE

/* Reads text into the field; false with a sentence in fault[SETTINGS_FAULT_SIZE] that says what was
 * found and what is allowed, without where. settings is changed only on true. */
MUST_USE bool setting_parse(const struct setting *setting, struct bytes text,
                            struct settings *settings, char *fault);
/* The field's value as it would be written in a file; value[SETTING_VALUE_SIZE]. */
void setting_print(const struct setting *setting, const struct settings *settings, char *value);
/* "1 to 65535", "error, warn, info or debug", ...; allowed[SETTING_VALUE_SIZE]. */
void setting_allowed(const struct setting *setting, char *allowed);
/* The name as option (dashes, without the leading ones) or as variable; name[64]. */
void setting_option_name(const struct setting *setting, char *name);
void setting_variable_name(const struct setting *setting, char *name);
