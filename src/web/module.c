/* Commands whose words are a form, on their way from a body to their answer; and what bodies and
 * queries of this part have in common: spans of time, pages. */
#include "web/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct module_order *module_begin(struct exchange *exchange, size_t size, uint8_t kind,
                                  bool has_body)
{
    check(size >= sizeof(struct module_order));
    struct order *order = order_begin(exchange, size, kind, has_body);
    if (order == NULL)
        return NULL;
    struct module_order *module = (struct module_order *)order;
    module->form = (struct form_writer){.at = module->form_at, .capacity = sizeof module->form_at};
    return module;
}

void module_name(struct module_order *module, struct bytes object)
{
    size_t size = object.size < sizeof module->object ? object.size : sizeof module->object;
    if (size > 0)
        memcpy(module->object, object.at, size);
    module->order.command.path = bytes_of(module->object, size);
}

enum handled module_give(struct exchange *exchange, uint32_t number,
                         enum handled (*done)(struct exchange *exchange,
                                              const struct outcome *outcome))
{
    struct module_order *module = exchange->state;
    struct command *command = &module->order.command;
    if (module->order.wish.wrong)
        return order_refuse(exchange);
    if (!form_end(&module->form, &command->module.form))
        return answer_problem(exchange, 413, "too_large", NULL,
                              "what is said has more than %d bytes", FORM_BYTES_MAX);
    command->module.number = number;
    module->order.done = done;
    return order_give(exchange);
}

/* ---- parts of a body ---------------------------------------------------------------------------
 */
struct wish wish_part(const struct wish *wish, json_t *json)
{
    return (struct wish){.json = json, .wall_ns = wish->wall_ns};
}

void wish_pass(struct wish *wish, const struct wish *part, const char *name)
{
    if (part->wrong && !wish->wrong) {
        wish->wrong = true;
        snprintf(wish->fault, sizeof wish->fault, "%s: %.200s", name, part->fault);
    }
}

/* ---- spans of time ----------------------------------------------------------------------------
 */
static int64_t unit_ns(struct bytes text, size_t *at)
{
    uint8_t unit = *at < text.size ? text.at[*at] : 0;
    bool milli = unit == 'm' && *at + 1 < text.size && text.at[*at + 1] == 's';
    *at += milli ? 2 : 1;
    switch (unit) {
    case 's':
        return NS_PER_S;
    case 'm':
        return milli ? NS_PER_S / 1000 : 60 * NS_PER_S;
    case 'h':
        return 3600 * NS_PER_S;
    case 'd':
        return 86400 * NS_PER_S;
    default:
        return 0;
    }
}

bool span_parse(struct bytes text, int64_t *ret_ns)
{
    const int64_t most = INT64_C(366) * 86400 * NS_PER_S;
    int64_t span = 0;
    size_t at = 0;
    while (at < text.size) {
        int64_t count = 0;
        size_t from = at;
        while (at < text.size && text.at[at] >= '0' && text.at[at] <= '9' && count < most)
            count = count * 10 + (text.at[at++] - '0');
        int64_t unit = at > from ? unit_ns(text, &at) : 0;
        if (unit == 0 || count > most / unit || span + count * unit > most)
            return false;
        span += count * unit;
    }
    *ret_ns = span;
    return text.size > 0;
}

size_t span_text(int64_t span_ns, char text[SPAN_TEXT_SIZE])
{
    static const struct {
        const char *word;
        int64_t ns;
    } units[] = {{"d", 86400 * NS_PER_S},
                 {"h", 3600 * NS_PER_S},
                 {"m", 60 * NS_PER_S},
                 {"s", NS_PER_S},
                 {"ms", NS_PER_S / 1000}};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (span_ns >= units[i].ns && (span_ns % units[i].ns == 0 || i + 1 == ARRAY_COUNT(units)))
            return (size_t)snprintf(text, SPAN_TEXT_SIZE, "%lld%s",
                                    (long long)(span_ns / units[i].ns), units[i].word);
    return (size_t)snprintf(text, SPAN_TEXT_SIZE, "0s");
}

void put_span(struct json_writer *json, const char *name, int64_t span_ns)
{
    char text[SPAN_TEXT_SIZE];
    json_member_string(json, name, bytes_of(text, span_text(span_ns, text)));
}

bool wish_span(struct wish *wish, const char *name, int64_t most_ns, int64_t *ret_ns)
{
    struct bytes text;
    int64_t span = 0;
    if (!wish_text(wish, name, 1, SPAN_TEXT_SIZE - 1, &text))
        return false;
    if (span_parse(text, &span) && span <= most_ns) {
        *ret_ns = span;
        return true;
    }
    char most[SPAN_TEXT_SIZE], wanted[96];
    (void)span_text(most_ns, most);
    snprintf(wanted, sizeof wanted, "a time such as 30s, 5m or 8h, up to %s,", most);
    wish_fault(wish, name, wanted);
    return false;
}

/* ---- pages -------------------------------------------------------------------------------------
 */
bool query_after(struct exchange *exchange, uint64_t *ret_after)
{
    return query_count(exchange, "after", 0, INT64_MAX, ret_after);
}

void put_next(struct json_writer *json, uint64_t next)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)next);
    if (next == 0)
        json_member_null(json, "next");
    else
        json_member_string(json, "next", bytes_of(text, (size_t)size));
}

enum handled answer_list(struct exchange *exchange, uint64_t next)
{
    json_put_array_end(&exchange->json);
    put_next(&exchange->json, next);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

enum handled answer_memory(struct exchange *exchange)
{
    return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
}

bool query_copy(struct exchange *exchange, const char *name, uint8_t *at, size_t capacity,
                struct bytes *ret_text, bool *ret_there)
{
    char wanted[48];
    struct bytes text;
    *ret_text = bytes_of("", 0);
    *ret_there = query_text(exchange, name, &text);
    if (!*ret_there)
        return true;
    if (text.size > capacity) {
        snprintf(wanted, sizeof wanted, "a text of at most %zu bytes", capacity);
        answer_parameter(exchange, name, wanted, text);
        return false;
    }
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    *ret_text = bytes_of(at, text.size);
    return true;
}
