/* One setting's value, from text and to text. Numbers are read by hand because strtoull takes
 * signs, spaces and other bases, and a setting that means something else than it says is worse than
 * one that is refused. */
#include "settings/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};
static const struct unit size_units[] = {
    {"T", UINT64_C(1) << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}};
static const struct unit time_units[] = {{"d", UINT64_C(86400000000000)},
                                         {"h", UINT64_C(3600000000000)},
                                         {"m", UINT64_C(60000000000)},
                                         {"s", UINT64_C(1000000000)},
                                         {"ms", 1000000},
                                         {"us", 1000},
                                         {"ns", 1}};

static char *field_text(const struct setting *setting, struct settings *settings)
{
    return (char *)settings + setting->offset;
}

static const char *field_text_const(const struct setting *setting, const struct settings *settings)
{
    return (const char *)settings + setting->offset;
}

static uint64_t field_number(const struct setting *setting, const struct settings *settings)
{
    const char *at = field_text_const(setting, settings);
    if (setting->kind == KIND_FLAG) {
        bool flag;
        memcpy(&flag, at, sizeof flag);
        return flag;
    }
    return load_u64(at);
}

static void number_print(const struct setting *setting, uint64_t number, char *value)
{
    const struct unit *units = setting->kind == KIND_TIME ? time_units : size_units;
    size_t count = setting->kind == KIND_TIME ? ARRAY_COUNT(time_units) : ARRAY_COUNT(size_units);
    if (setting->kind == KIND_COUNT || number == 0) {
        snprintf(value, SETTING_VALUE_SIZE, "%" PRIu64, number);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (number % units[i].factor == 0) {
            snprintf(value, SETTING_VALUE_SIZE, "%" PRIu64 "%s", number / units[i].factor,
                     units[i].name);
            return;
        }
}

void setting_print(const struct setting *setting, const struct settings *settings, char *value)
{
    switch (setting->kind) {
    case KIND_TEXT:
    case KIND_ADDRESS:
    case KIND_CHOICE:
        snprintf(value, SETTING_VALUE_SIZE, "%s", field_text_const(setting, settings));
        break;
    case KIND_FLAG:
        snprintf(value, SETTING_VALUE_SIZE, "%s",
                 field_number(setting, settings) ? "true" : "false");
        break;
    case KIND_COUNT:
    case KIND_SIZE:
    case KIND_TIME:
        number_print(setting, field_number(setting, settings), value);
        break;
    }
}

/* "a|b|c" as "a, b or c". */
static void allowed_choices(const char *choices, char *allowed)
{
    size_t used = 0;
    for (const char *at = choices; *at != '\0' && used + 1 < SETTING_VALUE_SIZE; at++) {
        const char *put = *at != '|' ? NULL : strchr(at + 1, '|') != NULL ? ", " : " or ";
        int n = put == NULL ? snprintf(allowed + used, SETTING_VALUE_SIZE - used, "%c", *at)
                            : snprintf(allowed + used, SETTING_VALUE_SIZE - used, "%s", put);
        used += n > 0 ? (size_t)n : 0;
    }
}

void setting_allowed(const struct setting *setting, char *allowed)
{
    char least[SETTING_VALUE_SIZE], most[SETTING_VALUE_SIZE];
    switch (setting->kind) {
    case KIND_TEXT:
        snprintf(allowed, SETTING_VALUE_SIZE, "text of %d to %zu bytes",
                 setting->initial_text[0] != '\0', setting->size - 1);
        break;
    case KIND_ADDRESS:
        snprintf(allowed, SETTING_VALUE_SIZE, "HOST:PORT, [v6]:PORT, :PORT (loopback) or nothing");
        break;
    case KIND_CHOICE:
        allowed_choices(setting->choices, allowed);
        break;
    case KIND_FLAG:
        snprintf(allowed, SETTING_VALUE_SIZE, "true or false");
        break;
    case KIND_COUNT:
    case KIND_SIZE:
    case KIND_TIME:
        number_print(setting, setting->least, least);
        number_print(setting, setting->most, most);
        snprintf(allowed, SETTING_VALUE_SIZE, "%.40s to %.40s", least, most);
        break;
    }
}

/* Digits, then a unit: false when it is no such number or does not fit 64 bits. A TIME needs its
 * unit, because 10 could be ms or s; only 0 is 0 in all. */
static bool number_parse(const struct setting *setting, struct bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text.at[at] - '0', &number))
            return false;
    if (at == 0)
        return false;
    struct bytes unit = bytes_of(text.at + at, text.size - at);
    if (unit.size == 0 && (setting->kind != KIND_TIME || number == 0)) {
        *ret_number = number;
        return true;
    }
    if (setting->kind == KIND_COUNT)
        return false;
    const struct unit *units = setting->kind == KIND_TIME ? time_units : size_units;
    size_t count = setting->kind == KIND_TIME ? ARRAY_COUNT(time_units) : ARRAY_COUNT(size_units);
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(unit, bytes_text(units[i].name)))
            return !__builtin_mul_overflow(number, units[i].factor, ret_number);
    return false;
}

const char *settings_address_fault(struct bytes address)
{
    if (address.size == 0 || address.size > 255)
        return "an address of 1 to 255 bytes is wanted";
    size_t colon = address.size;
    for (size_t i = 0; i < address.size; i++) {
        uint8_t c = address.at[i];
        if (c <= ' ' || c == 0x7f || c == '/')
            return "spaces, slashes and control characters are no part of an address";
        if (c == ':')
            colon = i;
    }
    if (colon == address.size)
        return "the port is missing";
    struct bytes host = bytes_of(address.at, colon);
    bool bracketed = host.size > 2 && host.at[0] == '[' && host.at[host.size - 1] == ']';
    if (!bracketed && memchr(host.at, ':', host.size) != NULL)
        return "an IPv6 address stands in brackets: [::1]:1883";
    if (!bracketed && (memchr(host.at, '[', host.size) || memchr(host.at, ']', host.size)))
        return "brackets hold an IPv6 address: [::1]:1883";
    size_t digits = address.size - colon - 1;
    uint32_t port = 0;
    for (size_t i = colon + 1; i < address.size; i++) {
        if (address.at[i] < '0' || address.at[i] > '9' || digits > 5)
            return "the port is a number from 0 to 65535";
        port = port * 10 + (uint32_t)(address.at[i] - '0');
    }
    return digits == 0 ? "the port is missing" : port > 65535 ? "the port ends at 65535" : NULL;
}

static bool choice_parse(const char *choices, struct bytes text)
{
    for (const char *at = choices; *at != '\0';) {
        size_t size = strcspn(at, "|");
        if (bytes_equal(text, bytes_of(at, size)))
            return true;
        at += size + (at[size] == '|');
    }
    return false;
}

static bool text_is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < ' ' || text.at[i] == 0x7f)
            return false;
    return bytes_are_utf8(text);
}

/* The sentence of a refusal; what was found is shown cut and without control characters. */
static bool refuse(const struct setting *setting, struct bytes text, const char *why, char *fault)
{
    char allowed[SETTING_VALUE_SIZE], found[65];
    size_t size = text.size < sizeof found - 1 ? text.size : sizeof found - 1;
    for (size_t i = 0; i < size; i++)
        found[i] = (char)(text.at[i] < ' ' || text.at[i] > '~' ? '?' : text.at[i]);
    found[size] = '\0';
    setting_allowed(setting, allowed);
    snprintf(fault, SETTINGS_FAULT_SIZE, "%s is \"%s\"%s%s; allowed: %s", setting->name, found,
             why[0] ? ", but " : "", why, allowed);
    return false;
}

static bool parse_text(const struct setting *setting, struct bytes text, struct settings *settings,
                       char *fault)
{
    const char *why = NULL;
    if (setting->kind == KIND_CHOICE)
        why = choice_parse(setting->choices, text) ? NULL : "that is not among them";
    else if (setting->kind == KIND_ADDRESS)
        why = text.size == 0 ? NULL : settings_address_fault(text); /* none: a closed door */
    else if (text.size == 0 && setting->initial_text[0] != '\0')    /* nothing may mean none */
        why = "it cannot be empty";
    if (why == NULL && text.size >= setting->size)
        why = "that is too long";
    if (why == NULL && !text_is_printable(text))
        why = "it holds bytes that are no text";
    if (why != NULL)
        return refuse(setting, text, why, fault);
    char *field = field_text(setting, settings);
    memset(field, 0, setting->size);
    memcpy(field, text.at, text.size);
    return true;
}

static bool parse_flag(const struct setting *setting, struct bytes text, struct settings *settings,
                       char *fault)
{
    bool yes = bytes_equal(text, bytes_text("true"));
    if (!yes && !bytes_equal(text, bytes_text("false")))
        return refuse(setting, text, "", fault);
    memcpy(field_text(setting, settings), &yes, sizeof yes);
    return true;
}

bool setting_parse(const struct setting *setting, struct bytes text, struct settings *settings,
                   char *fault)
{
    uint64_t number;
    if (setting->kind == KIND_FLAG)
        return parse_flag(setting, text, settings, fault);
    if (setting->kind == KIND_TEXT || setting->kind == KIND_ADDRESS || setting->kind == KIND_CHOICE)
        return parse_text(setting, text, settings, fault);
    if (!number_parse(setting, text, &number))
        return refuse(setting, text,
                      setting->kind == KIND_TIME
                          ? "a duration is a whole number with its unit: ns us ms s m h d"
                      : setting->kind == KIND_SIZE
                          ? "a size is a whole number of bytes, or with K M G T"
                          : "a whole number is wanted",
                      fault);
    if (number < setting->least || number > setting->most)
        return refuse(setting, text, "that is out of range", fault);
    store_u64(field_text(setting, settings), number);
    return true;
}
