/* The table for people: the options of --help, the commented example file, docs/settings.md, and
 * one by one for whoever shows what is in force.
 * Lines are handed over one by one, without their ends. */
#include "settings/table.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024
#define HELP_COLUMN 34
#define HELP_WIDTH 96

static const char *kind_word(enum setting_kind kind)
{
    switch (kind) {
    case KIND_TEXT:
        return "TEXT";
    case KIND_ADDRESS:
        return "HOST:PORT";
    case KIND_CHOICE:
        return "CHOICE";
    case KIND_FLAG:
        return "";
    case KIND_COUNT:
        return "N";
    case KIND_SIZE:
        return "SIZE";
    case KIND_TIME:
        return "TIME";
    }
    return "";
}

/* Puts text broken at spaces so that no line is longer than HELP_WIDTH; the first line begins with
 * `head`, the next ones with `indent`. */
static void put_wrapped(void (*put)(void *arg, const char *line), void *arg, const char *head,
                        const char *indent, const char *text)
{
    char line[LINE_SIZE];
    size_t used = (size_t)snprintf(line, sizeof line, "%.200s", head);
    bool bare = true; /* nothing of the text on this line yet */
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (!bare && used + 1 + word > HELP_WIDTH) {
            put(arg, line);
            used = (size_t)snprintf(line, sizeof line, "%.200s", indent);
            bare = true;
        }
        int n = snprintf(line + used, sizeof line - used, "%s%.*s", bare ? "" : " ",
                         (int)(word < 256 ? word : 256), text);
        used += n > 0 ? (size_t)n : 0;
        bare = false;
        text += word + (text[word] == ' ');
    }
    put(arg, line);
}

void settings_print_options(void (*put)(void *arg, const char *line), void *arg)
{
    struct settings initial;
    char option[64], value[SETTING_VALUE_SIZE], allowed[SETTING_VALUE_SIZE];
    char head[LINE_SIZE], text[LINE_SIZE], indent[HELP_COLUMN + 1];
    memset(indent, ' ', HELP_COLUMN);
    indent[HELP_COLUMN] = '\0';
    settings_default(&initial);
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &setting_table[i];
        setting_option_name(setting, option);
        setting_print(setting, &initial, value);
        setting_allowed(setting, allowed);
        snprintf(head, sizeof head, "  --%s %s ", option, kind_word(setting->kind));
        if (strlen(head) < HELP_COLUMN)
            snprintf(head, sizeof head, "  --%s %-*s", option,
                     HELP_COLUMN - 5 - (int)strlen(option), kind_word(setting->kind));
        snprintf(text, sizeof text, "%s (%s; default %s)", setting->help, allowed, value);
        put_wrapped(put, arg, head, indent, text);
    }
}

void settings_print_example(void (*put)(void *arg, const char *line), void *arg)
{
    struct settings initial;
    char value[SETTING_VALUE_SIZE], allowed[SETTING_VALUE_SIZE], line[LINE_SIZE];
    settings_default(&initial);
    put(arg, "# Settings of Mainstem: mainstem serve --config FILE");
    put(arg, "# Each line below shows a default; take the '#' away to change it. The environment");
    put(arg, "# (MAINSTEM_MQTT_PACKET=2M) goes before this file, an option (--mqtt-packet 2M)");
    put(arg, "# before both. kill -HUP reads it again; what then needs a restart is said.");
    put(arg, "# Sizes take K M G T (1024), durations ns us ms s m h d.");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &setting_table[i];
        setting_print(setting, &initial, value);
        setting_allowed(setting, allowed);
        put(arg, "");
        put_wrapped(put, arg, "# ", "# ", setting->help);
        snprintf(line, sizeof line, "# Allowed: %s.%s", allowed,
                 setting->reload ? "" : " Needs a restart.");
        put(arg, line);
        bool quoted = strchr(value, '#') != NULL; /* it would begin a comment */
        snprintf(line, sizeof line, quoted ? "#%s = \"%s\"" : "#%s = %s", setting->name, value);
        put(arg, line);
    }
}

void settings_print_markdown(void (*put)(void *arg, const char *line), void *arg)
{
    struct settings initial;
    char value[SETTING_VALUE_SIZE], allowed[SETTING_VALUE_SIZE], line[LINE_SIZE];
    settings_default(&initial);
    put(arg, "# Settings");
    put(arg, "");
    put(arg, "Made from the table in `src/settings/settings.h`; `mainstem serve --print-settings`");
    put(arg, "writes a commented example file. Default < file < environment < option: the setting");
    put(arg, "`mqtt.packet` is `mqtt.packet = 2M` in the file, `MAINSTEM_MQTT_PACKET=2M` in the");
    put(arg, "environment and `--mqtt-packet 2M` as option. Sizes take K M G T (1024), durations");
    put(arg, "ns us ms s m h d. In the file `#` begins a comment, and a value may stand in double");
    put(arg, "quotes. A wrong setting is refused with where it stands and what is allowed.");
    put(arg,
        "\"SIGHUP\" says whether `kill -HUP` takes a new value over; the others need a restart.");
    put(arg, "");
    put(arg, "| setting | default | allowed | SIGHUP | meaning |");
    put(arg, "|---|---|---|---|---|");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &setting_table[i];
        setting_print(setting, &initial, value);
        setting_allowed(setting, allowed);
        snprintf(line, sizeof line, "| `%s` | `%s` | %s | %s | %s |", setting->name, value, allowed,
                 setting->reload ? "yes" : "no", setting->help);
        put(arg, line);
    }
}

bool settings_view(const struct settings *settings, size_t at, struct setting_view *ret_view)
{
    struct settings initial;
    if (at >= setting_count)
        return false;
    const struct setting *setting = &setting_table[at];
    settings_default(&initial);
    ret_view->name = setting->name;
    ret_view->meaning = setting->help;
    setting_print(setting, settings, ret_view->value);
    setting_print(setting, &initial, ret_view->initial);
    setting_allowed(setting, ret_view->allowed);
    ret_view->reload = setting->reload;
    ret_view->changed = strcmp(ret_view->value, ret_view->initial) != 0;
    return true;
}
