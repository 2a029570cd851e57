/* What channels, rosters and routes have in common: who may, lists, times of the week. */
#include "web/notices.h"

#include "access/access.h"

#include <stdio.h>
#include <string.h>

#define RESOURCE "$tenant/notices"
#define DAYS_ALL 127u

struct notices *notices_of(const struct exchange *exchange)
{
    return engine_notices(exchange->web->config.engine);
}

/* ---- who may -----------------------------------------------------------------------------------
 */
bool notices_changeable(struct exchange *exchange)
{
    struct pattern all;
    if (exchange_may(exchange, RIGHT_CONFIGURE, exchange->tenant, bytes_text(RESOURCE)))
        return true;
    const char *fault = pattern_parse(bytes_text("#"), &all);
    check(fault == NULL);
    return exchange_reach(exchange, RIGHT_CONFIGURE, exchange->tenant, &all) == REACH_ALL;
}

bool notices_may_change(struct exchange *exchange)
{
    if (notices_changeable(exchange))
        return true;
    answer_forbidden(exchange, RIGHT_CONFIGURE, bytes_text(RESOURCE));
    return false;
}

bool notices_may_see(struct exchange *exchange)
{
    if (types_seen(exchange))
        return true;
    answer_forbidden(exchange, RIGHT_SEE, bytes_text(RESOURCE));
    return false;
}

enum handled answer_no_notice(struct exchange *exchange, const char *what, struct bytes name)
{
    char code[32];
    snprintf(code, sizeof code, "unknown_%s", what);
    return answer_problem(exchange, 404, code, NULL,
                          "no %s is called \"%.*s\"; GET /v1/%ss lists them", what,
                          detail_size(name), (const char *)name.at, what);
}

enum handled notice_refuse(struct exchange *exchange, const char *fault)
{
    return answer_problem(exchange, 422, "notice_invalid", NULL, "%s", fault);
}

enum handled notice_named(struct exchange *exchange, uint8_t kind, bool there, const char *what,
                          enum handled (*done)(struct exchange *exchange,
                                               const struct outcome *outcome))
{
    struct bytes name = exchange->arg;
    if (!notices_may_change(exchange))
        return HANDLED;
    if (!there)
        return answer_no_notice(exchange, what, name);
    struct module_order *module = module_begin(exchange, sizeof *module, kind, false);
    if (module == NULL)
        return HANDLED;
    module_name(module, name);
    form_put_text(&module->form, CHANNEL_TAG_NAME, name);
    return module_give(exchange, 0, done);
}

/* ---- lists -------------------------------------------------------------------------------------
 */
struct notice_walk {
    const struct notice_list *list;
    uint64_t limit, last, count;
};

static enum handled walk_step(struct exchange *exchange)
{
    struct notice_walk *walk = exchange->state;
    struct json_writer *json = &exchange->json;
    const struct notices *notices = notices_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    uint32_t at;
    while ((at = walk->list->next(notices, exchange->tenant, (uint32_t)walk->last)) != 0 &&
           walk->count < walk->limit) {
        size_t size = json->size;
        walk->list->put(exchange, at);
        walk->last = at;
        walk->count++;
        if (turn_is_over(&turn, json->size - size))
            return HANDLED_STEP;
    }
    return answer_list(exchange, at == 0 ? 0 : walk->last);
}

enum handled notice_list(struct exchange *exchange, const struct notice_list *list)
{
    struct notice_walk *walk = exchange_keep(exchange, sizeof *walk);
    if (walk == NULL)
        return HANDLED;
    walk->list = list;
    walk->limit = 100;
    if (!notices_may_see(exchange) || !query_count(exchange, "limit", 1, 1000, &walk->limit) ||
        !query_count(exchange, "after", 0, UINT32_MAX, &walk->last))
        return HANDLED;
    exchange->resume = walk_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, list->name);
    json_put_array(&exchange->json);
    return walk_step(exchange);
}

/* ---- times of the week -------------------------------------------------------------------------
 */
static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static void days_put(struct json_writer *json, uint8_t days)
{
    char text[64];
    size_t used = 0;
    text[0] = '\0';
    for (unsigned day = 0; day < 7; day++) {
        unsigned last = day;
        if ((days >> day & 1) == 0)
            continue;
        while (last + 1 < 7 && (days >> (last + 1) & 1) != 0)
            last++;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? "," : "",
                                 day_words[day]);
        if (last > day)
            used += (size_t)snprintf(text + used, sizeof text - used, "-%s", day_words[last]);
        day = last;
    }
    json_member_text(json, "days", text);
}

static void minute_put(struct json_writer *json, const char *name, unsigned minute)
{
    char text[16];
    snprintf(text, sizeof text, "%02u:%02u", minute / 60 % 100, minute % 60);
    json_member_text(json, name, text);
}

void weekly_put(struct json_writer *json, const struct weekly *when)
{
    minute_put(json, "from", when->from_minute);
    minute_put(json, "to", when->to_minute);
    days_put(json, when->days);
}

void offset_put(struct json_writer *json, int16_t minutes)
{
    char text[16];
    unsigned size = (unsigned)(minutes < 0 ? -minutes : minutes);
    snprintf(text, sizeof text, "%c%02u:%02u", minutes < 0 ? '-' : '+', size / 60 % 100, size % 60);
    json_member_text(json, "utc_offset", text);
}

/* "HH:MM"; false: it is none. */
static bool minute_parse(struct bytes text, int64_t *ret_minute)
{
    if (text.size != 5 || text.at[2] != ':')
        return false;
    for (size_t i = 0; i < 5; i++)
        if (i != 2 && (text.at[i] < '0' || text.at[i] > '9'))
            return false;
    int64_t hour = (text.at[0] - '0') * 10 + (text.at[1] - '0');
    int64_t minute = (text.at[3] - '0') * 10 + (text.at[4] - '0');
    *ret_minute = hour * 60 + minute;
    return minute < 60 && *ret_minute <= 24 * 60;
}

static void minute_read(struct wish *wish, const char *name, uint8_t tag, struct form_writer *form)
{
    struct bytes text;
    int64_t minute;
    if (!wish_text(wish, name, 1, 16, &text))
        return;
    if (minute_parse(text, &minute))
        form_put_integer(form, tag, minute);
    else
        wish_fault(wish, name, "a time of day such as 08:00");
}

/* A day's number at *at of the text, and past it; 7: it is none. */
static unsigned day_parse(struct bytes text, size_t *at)
{
    unsigned day = 0;
    if (text.size - *at < 3)
        return 7;
    while (day < 7 && memcmp(text.at + *at, day_words[day], 3) != 0)
        day++;
    *at += 3;
    return day;
}

/* Days and ranges of days, separated by commas: "mon-fri", "sat,sun", "fri-mon". */
static bool days_parse(struct bytes text, int64_t *ret_days)
{
    unsigned days = 0;
    size_t at = 0;
    while (at < text.size) {
        unsigned from = day_parse(text, &at), to = from;
        if (from < 7 && at < text.size && text.at[at] == '-') {
            at++;
            to = day_parse(text, &at);
        }
        if (from == 7 || to == 7 || (at < text.size && text.at[at++] != ','))
            return false;
        for (; from != to; from = (from + 1) % 7)
            days |= 1u << from;
        days |= 1u << to;
    }
    *ret_days = days;
    return days != 0;
}

void weekly_read(struct wish *wish, uint8_t from_tag, struct form_writer *form)
{
    struct bytes text;
    int64_t days = DAYS_ALL;
    minute_read(wish, "from", from_tag, form);
    minute_read(wish, "to", (uint8_t)(from_tag + 1), form);
    if (!wish_text(wish, "days", 1, 64, &text))
        return;
    if (days_parse(text, &days))
        form_put_integer(form, (uint8_t)(from_tag + 2), days);
    else
        wish_fault(wish, "days", "days such as mon-fri or sat,sun");
}

void offset_read(struct wish *wish, uint8_t tag, struct form_writer *form)
{
    struct bytes text;
    int64_t minutes;
    if (!wish_text(wish, "utc_offset", 1, 16, &text))
        return;
    bool east = text.at[0] == '+';
    if ((east || text.at[0] == '-') && minute_parse(bytes_of(text.at + 1, text.size - 1), &minutes))
        form_put_integer(form, tag, east ? minutes : -minutes);
    else if (bytes_equal(text, bytes_text("Z")))
        form_put_integer(form, tag, 0);
    else
        wish_fault(wish, "utc_offset", "an offset such as +08:00, or Z");
}

/* ---- parts of a body ---------------------------------------------------------------------------
 */
void parts_read(struct wish *wish, const char *name, uint8_t tag, size_t most,
                struct form_writer *form, void (*read)(struct wish *part, struct form_writer *form))
{
    uint8_t at[2048];
    json_t *list = json_object_get(wish->json, name), *json;
    size_t i;
    if (list == NULL || json_is_null(list))
        return;
    if (!json_is_array(list) || json_array_size(list) > most) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "a list of at most %zu objects", most);
        wish_fault(wish, name, wanted);
        return;
    }
    json_array_foreach(list, i, json)
    {
        struct wish part = wish_part(wish, json);
        struct form_writer fields = {.at = at, .capacity = sizeof at};
        struct bytes bytes;
        if (!json_is_object(json))
            wish_fault(&part, "it", "an object");
        else
            read(&part, &fields);
        wish_pass(wish, &part, name);
        if (!form_end(&fields, &bytes))
            form->failed = true;
        else
            form_put_form(form, tag, bytes);
    }
}
