/* What a request says beside its path: query parameters and bodies, each refused with what was
 * wanted and what was found. */
#include "web/room.h"

#include <stdio.h>
#include <string.h>

bool query_text_at(struct exchange *exchange, const char *name, uint32_t index,
                   struct bytes *ret_value)
{
    size_t offset = 0;
    struct bytes found, value;
    while (http_query_next(exchange->request->query, &offset, exchange->scratch,
                           sizeof exchange->scratch, &found, &value))
        if (bytes_equal(found, bytes_text(name)) && index-- == 0) {
            *ret_value = value;
            return true;
        }
    return false;
}

bool query_text(struct exchange *exchange, const char *name, struct bytes *ret_value)
{
    return query_text_at(exchange, name, 0, ret_value);
}

static int shown(struct bytes text) /* of a detail: no more than a line */
{
    return text.size < 80 ? (int)text.size : 80;
}

bool query_count(struct exchange *exchange, const char *name, uint64_t least, uint64_t most,
                 uint64_t *ret_count)
{
    struct bytes text;
    uint64_t count = 0;
    if (!query_text(exchange, name, &text))
        return true;
    bool valid = text.size > 0 && text.size <= 19;
    for (size_t i = 0; valid && i < text.size; i++) {
        valid = text.at[i] >= '0' && text.at[i] <= '9';
        count = count * 10 + (uint64_t)(text.at[i] - '0');
    }
    if (valid && count >= least && count <= most) {
        *ret_count = count;
        return true;
    }
    answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                   "%s: a whole number from %llu to %llu is wanted, and \"%.*s\" was found", name,
                   (unsigned long long)least, (unsigned long long)most, shown(text),
                   (const char *)text.at);
    return false;
}

bool query_flag(struct exchange *exchange, const char *name, bool *ret_flag)
{
    struct bytes text;
    if (!query_text(exchange, name, &text))
        return true;
    bool yes = bytes_equal(text, bytes_text("true")) || bytes_equal(text, bytes_text("1")) ||
               text.size == 0;
    if (yes || bytes_equal(text, bytes_text("false")) || bytes_equal(text, bytes_text("0"))) {
        *ret_flag = yes;
        return true;
    }
    answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                   "%s: true or false is wanted, and \"%.*s\" was found", name, shown(text),
                   (const char *)text.at);
    return false;
}

static void parameters_list(const struct route *route, char *list, size_t size)
{
    size_t used = 0;
    list[0] = '\0';
    for (const struct parameter *p = route->parameters; p != NULL && p->name != NULL; p++) {
        int n = snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", p->name);
        if (n < 0 || (size_t)n >= size - used)
            return;
        used += (size_t)n;
    }
}

static const struct parameter *parameter_find(const struct route *route, struct bytes name)
{
    for (const struct parameter *p = route->parameters; p != NULL && p->name != NULL; p++)
        if (bytes_equal(name, bytes_text(p->name)))
            return p;
    return NULL;
}

bool query_is_known(struct exchange *exchange)
{
    size_t offset = 0;
    unsigned seen = 0;
    struct bytes name, value;
    while (http_query_next(exchange->request->query, &offset, exchange->scratch,
                           sizeof exchange->scratch, &name, &value)) {
        const struct parameter *parameter = parameter_find(exchange->route, name);
        char list[256];
        /* RFC 6749, 4.1.2: what else a provider says is passed over. */
        if (parameter == NULL && exchange->route->handle == handle_openid_callback)
            continue;
        parameters_list(exchange->route, list, sizeof list);
        if (parameter == NULL) {
            answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                           "there is no parameter \"%.*s\" here; there %s %s", shown(name),
                           (const char *)name.at, list[0] ? "are:" : "is", list[0] ? list : "none");
            return false;
        }
        unsigned bit = 1u << (parameter - exchange->route->parameters);
        if ((seen & bit) && !parameter->repeats) {
            answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                           "the parameter %s may stand once, and it is there again",
                           parameter->name);
            return false;
        }
        seen |= bit;
    }
    return true;
}

/* ---- bodies --------------------------------------------------------------------------------- */
/* Commas and brackets outside of texts: about as many values as the parser will make. */
static bool body_is_light(struct bytes body, size_t values_most)
{
    size_t values = 0;
    bool text = false;
    for (size_t i = 0; i < body.size && values <= values_most; i++) {
        uint8_t c = body.at[i];
        if (text && c == '\\')
            i++;
        else if (c == '"')
            text = !text;
        else if (!text)
            values += c == ',' || c == '[' || c == '{';
    }
    return values <= values_most;
}

json_t *body_json_within(struct exchange *exchange, size_t bytes_most, size_t values_most)
{
    if (exchange->body.size <= bytes_most && body_is_light(exchange->body, values_most))
        return body_json(exchange);
    answer_problem(exchange, 413, "body_long", NULL,
                   "the JSON body of this route has at most %zu bytes and %zu values", bytes_most,
                   values_most);
    return NULL;
}

json_t *body_json(struct exchange *exchange)
{
    json_error_t error = {.text = ""};
    json_t *root = json_loadb((const char *)exchange->body.at, exchange->body.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (root == NULL)
        answer_problem(exchange, 400, "json", "the body is no JSON",
                       "one JSON value in UTF-8 is wanted; at line %d, column %d: %s", error.line,
                       error.column, exchange->body.size == 0 ? "the body is empty" : error.text);
    return root;
}

bool body_line_next(const struct exchange *exchange, size_t *offset, struct bytes *ret_line)
{
    while (*offset < exchange->body.size) {
        const uint8_t *at = exchange->body.at + *offset;
        size_t rest = exchange->body.size - *offset;
        const uint8_t *end = memchr(at, '\n', rest);
        size_t size = end != NULL ? (size_t)(end - at) : rest;
        *offset += size + (end != NULL);
        while (size > 0 && (at[size - 1] == '\r' || at[size - 1] == ' ' || at[size - 1] == '\t'))
            size--;
        while (size > 0 && (*at == ' ' || *at == '\t'))
            at++, size--;
        if (size > 0) {
            *ret_line = bytes_of(at, size);
            return true;
        }
    }
    return false;
}
