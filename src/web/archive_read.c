/* Bodies of commands about history, member by member. The engine's writer takes lengths and numbers
 * on trust, so each is held here against the format's limit. */
#include "web/archive.h"

#include "query/query.h"

#include <stdio.h>
#include <string.h>

/* ---- times -------------------------------------------------------------------------------------
 */
#define TIME_WANTED "RFC 3339, a number since 1970, or as now, now-7d or -1h, from 1970 to 2200,"

bool query_time(struct exchange *exchange, const char *name, int64_t *ret_ns)
{
    struct clock *clock = exchange->web->config.clock;
    struct bytes text;
    if (!query_text(exchange, name, &text) || query_time_parse(text, clock->wall_ns(clock), ret_ns))
        return true;
    answer_parameter(exchange, name, TIME_WANTED, text);
    return false;
}

bool query_point(struct exchange *exchange, const char *name, uint32_t *ret_point)
{
    struct bytes text = bytes_of("", 0), path;
    uint32_t tenant;
    (void)query_text(exchange, name, &text);
    *ret_point = exchange_place(exchange, text, &tenant, &path)
                     ? points_find(exchange->web->points, tenant, path)
                     : POINT_NONE;
    if (*ret_point != POINT_NONE && exchange_may(exchange, RIGHT_SEE, tenant, path))
        return true;
    answer_no_point(exchange, text);
    return false;
}

/* ---- members -----------------------------------------------------------------------------------
 */
void wish_fault(struct wish *wish, const char *name, const char *wanted)
{
    if (!wish->wrong)
        snprintf(wish->fault, sizeof wish->fault, "\"%s\": %s is wanted", name, wanted);
    wish->wrong = true;
}

static bool name_is_in(const char *name, const char *names)
{
    size_t size = strlen(name);
    while (*names != '\0') {
        size_t word = strcspn(names, " ");
        if (word == size && memcmp(name, names, size) == 0)
            return true;
        names += word;
        names += strspn(names, " ");
    }
    return false;
}

void wish_members(struct wish *wish, const char *names)
{
    const char *name;
    json_t *value;
    json_object_foreach(wish->json, name, value)
    {
        if (name_is_in(name, names) || name_is_in(name, "key client sequence"))
            continue;
        if (!wish->wrong)
            snprintf(wish->fault, sizeof wish->fault,
                     "\"%.64s\" is no member of this; there are: %s, and key, or client and "
                     "sequence",
                     name, names);
        wish->wrong = true;
    }
}

static json_t *member(const struct wish *wish, const char *name)
{
    json_t *value = json_object_get(wish->json, name);
    return value == NULL || json_is_null(value) ? NULL : value;
}

bool wish_text(struct wish *wish, const char *name, size_t least, size_t most, struct bytes *ret)
{
    char wanted[64];
    const json_t *value = member(wish, name);
    if (value == NULL)
        return false;
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size < least || size > most) {
        snprintf(wanted, sizeof wanted, "a text of %zu to %zu bytes", least, most);
        wish_fault(wish, name, wanted);
        return false;
    }
    *ret = bytes_of(json_string_value(value), size);
    return true;
}

bool wish_real(struct wish *wish, const char *name, double *ret)
{
    const json_t *value = member(wish, name);
    if (value == NULL)
        return false;
    if (!json_is_number(value)) {
        wish_fault(wish, name, "a number");
        return false;
    }
    *ret = json_number_value(value);
    return true;
}

bool wish_integer(struct wish *wish, const char *name, int64_t least, int64_t most, int64_t *ret)
{
    char wanted[96];
    const json_t *value = member(wish, name);
    if (value == NULL)
        return false;
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most) {
        snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)least,
                 (long long)most);
        wish_fault(wish, name, wanted);
        return false;
    }
    *ret = json_integer_value(value);
    return true;
}

bool wish_flag(struct wish *wish, const char *name, bool *ret)
{
    const json_t *value = member(wish, name);
    if (value == NULL)
        return false;
    if (!json_is_boolean(value)) {
        wish_fault(wish, name, "true or false");
        return false;
    }
    *ret = json_is_true(value);
    return true;
}

bool wish_time(struct wish *wish, const char *name, int64_t *ret)
{
    char digits[24];
    const json_t *value = member(wish, name);
    if (value == NULL)
        return false;
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    if (json_is_integer(value)) {
        int size = snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        text = bytes_of(digits, (size_t)size);
    }
    if (text.at == NULL || !query_time_parse(text, wish->wall_ns, ret)) {
        wish_fault(wish, name, TIME_WANTED);
        return false;
    }
    return true;
}

bool wish_word(struct wish *wish, const char *name, const char *const *words, uint8_t count,
               uint8_t *ret)
{
    char wanted[96] = "";
    const json_t *value = member(wish, name);
    if (value == NULL)
        return false;
    const char *text = json_string_value(value);
    for (uint8_t i = 0; i < count; i++) {
        if (text != NULL && strcmp(text, words[i]) == 0) {
            *ret = i;
            return true;
        }
        size_t size = strlen(wanted);
        snprintf(wanted + size, sizeof wanted - size, "%s%s", i == 0 ? "" : " or ", words[i]);
    }
    wish_fault(wish, name, wanted);
    return false;
}
