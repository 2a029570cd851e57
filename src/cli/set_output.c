#include "cli/set_output.h"

#include "wire/payload/payload.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 8259, 6. */
static bool is_json_number(const char *text)
{
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || (text[0] == '0' && digits > 1))
        return false;
    text += digits;
    if (*text == '.') {
        digits = strspn(++text, "0123456789");
        text += digits;
        if (digits == 0)
            return false;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        digits = strspn(text, "0123456789");
        text += digits;
        if (digits == 0)
            return false;
    }
    return *text == 0;
}

static bool is_no_value(const char *text)
{
    if (text[0] == 0)
        return true;
    text += *text == '-' || *text == '+';
    return strcasecmp(text, "nan") == 0 || strcasecmp(text, "inf") == 0 ||
           strcasecmp(text, "infinity") == 0;
}

static bool has_control(const char *text)
{
    for (; *text != 0; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static char *json_text_of(const char *text)
{
    json_t *string = json_string(text);
    char *made = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    json_decref(string);
    return made;
}

/* text: without white space around it. */
static char *bare_value(const char *text, const char **ret_fault)
{
    if (is_no_value(text))
        return strdup("null");
    if (is_json_number(text) || strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
        strcmp(text, "null") == 0)
        return strdup(text); /* as it was written: not a digit is lost */
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool string = json_is_string(json);
    json_decref(json);
    if (string)
        return strdup(text);
    if (strchr("\"{[", text[0]) != NULL) {
        *ret_fault = text[0] == '"'
                         ? "is a JSON string that is not well-formed; --text keeps it as "
                           "it is"
                         : "is JSON with members; a path has one value: use `mainstem "
                           "pub`, or --text to keep it as it is";
        return NULL;
    }
    if (strlen(text) > PAYLOAD_BARE_TEXT_MAX || has_control(text)) {
        *ret_fault =
            "is longer than 256 bytes, or has control characters; --text keeps it as it is";
        return NULL;
    }
    return json_text_of(text);
}

char *sample_value_json(const char *text, bool as_text, const char **ret_fault)
{
    static const char blank[] = " \t\r\n";
    *ret_fault = "is no UTF-8";
    if (!bytes_are_utf8(bytes_text(text)))
        return NULL;
    if (as_text)
        return json_text_of(text);
    text += strspn(text, blank);
    char *bare = strdup(text);
    if (bare == NULL)
        return NULL;
    size_t size = strlen(bare);
    while (size > 0 && strchr(blank, bare[size - 1]) != NULL)
        bare[--size] = 0;
    char *value = bare_value(bare, ret_fault);
    free(bare);
    return value;
}

char *sample_time_json(const char *text)
{
    int64_t time_ns;
    if (is_json_number(text))
        return text[0] != '-' ? strdup(text) : NULL;
    return time_parse(bytes_text(text), &time_ns) ? json_text_of(text) : NULL;
}

char *sample_line(const char *path, const char *value, const char *time, const char *quality)
{
    char *line = NULL, *path_json = json_text_of(path),
         *quality_json = quality != NULL ? json_text_of(quality) : NULL;
    if (path_json != NULL && (quality == NULL || quality_json != NULL) &&
        asprintf(&line, "{\"path\":%s,\"value\":%s%s%s%s%s}\n", path_json, value,
                 time != NULL ? ",\"time\":" : "", time != NULL ? time : "",
                 quality != NULL ? ",\"quality\":" : "", quality != NULL ? quality_json : "") < 0)
        line = NULL;
    free(path_json);
    free(quality_json);
    return line;
}
