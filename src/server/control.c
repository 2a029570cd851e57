/* Lines in, answers out. A command is answered when its outcome is durable, which is some rounds
 * later: its connection is held until then, so that answers come in the order of the questions. */
#include "server/control.h"

#include "wire/mqtt/mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_MOST_UNASKED 50 /* listed when the question names no number */

struct control_session {
    struct link link; /* on server->commands while it waits for an outcome, or alone */
    struct connection *c;
    uint64_t ticket; /* of the command that waits */
};

/* ---- answers
 * ------------------------------------------------------------------------------------- */
/* Takes answer over; NULL is a lack of memory. */
static void control_answer(struct server *server, struct connection *c, json_t *answer)
{
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    connection_put(server, c,
                   text ? bytes_text(text)
                        : bytes_text("{\"error\":\"out of memory: ask again, or for less\"}"));
    connection_put(server, c, bytes_text("\n"));
    connection_flush(server);
    free(text);
}

static void control_error(struct server *server, struct connection *c, const char *text)
{
    json_t *error = report_text(bytes_text(text));
    control_answer(server, c, json_pack("{s:o}", "error", error));
}

/* ---- commands
 * ------------------------------------------------------------------------------------ */
static enum feed control_wish(struct server *server, struct connection *c, const json_t *wish)
{
    struct control_session *session = c->session;
    struct report_command command;
    struct admitted admitted = {.ticket = 0};
    char fault[256];
    if (report_command_read(wish, server->clock->wall_ns(server->clock), &command, fault,
                            sizeof fault)) {
        control_error(server, c, fault);
        return FEED_MORE;
    }
    command.command.actor =
        (struct actor){.door = ACTOR_CONTROL, .tenant = TENANT_MAIN, .name = bytes_text("owner")};
    uint64_t tag = (uint64_t)c->generation << 32 | c->slot; /* without WEB_TAG */
    enum admit admit = engine_command(server->engine, &command.command, tag, &admitted);
    if (admit == ADMIT_WAIT)
        return FEED_FULL;
    if (admit != ADMIT_DONE) {
        control_error(server, c, admit_text(admit));
        return FEED_MORE;
    }
    session->ticket = admitted.ticket;
    link_put(&server->commands, &session->link);
    return FEED_HOLD;
}

/* The one who asked may be gone: the outcome stands all the same. */
void control_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct server *server = arg;
    struct connection *c = connection_find(server, (uint32_t)tag, (uint32_t)(tag >> 32));
    struct control_session *session = c && c->protocol == &control_protocol ? c->session : NULL;
    if (!session || link_is_alone(&session->link))
        return;
    link_take(&session->link);
    control_answer(server, c,
                   json_pack("{s:s,s:s,s:s,s:I,s:I}", "outcome", report_outcome_word(outcome->code),
                             "first", report_outcome_word(outcome->first_code), "text",
                             outcome_text(outcome->code), "point", (json_int_t)outcome->point,
                             "position", (json_int_t)outcome->position));
    connection_resume(server, c);
}

void control_lost(struct server *server)
{
    struct link waiting;
    link_init(&waiting);
    link_move_all(&waiting, &server->commands);
    while (!link_is_alone(&waiting)) {
        struct control_session *session = LINK_OWNER(waiting.next, struct control_session, link);
        link_take(&session->link);
        control_error(server, session->c,
                      "a write to the disk failed: the command was not kept; ask for it again");
        connection_resume(server, session->c);
    }
}

/* ---- questions
 * ----------------------------------------------------------------------------------- */
/* A missing "match" is `all`. false: not as wanted. */
static bool ask_list_read(const json_t *question, const char *all, uint64_t after_max,
                          struct report_list *ret_wanted)
{
    const json_t *match = json_object_get(question, "match");
    const json_t *after = json_object_get(question, "after");
    const json_t *most = json_object_get(question, "most");
    const json_t *tenant = json_object_get(question, "tenant"); /* a number; 0: all */
    json_int_t count = most ? json_integer_value(most) : CONTROL_MOST_UNASKED;
    json_int_t from = json_integer_value(after);
    if ((match && (!json_is_string(match) || json_string_length(match) == 0)) ||
        (after && !json_is_integer(after)) || from < 0 || (uint64_t)from > after_max || count < 1)
        return false;
    *ret_wanted = (struct report_list){
        .match =
            match ? bytes_of(json_string_value(match), json_string_length(match)) : bytes_text(all),
        .after = (uint64_t)from,
        .tenant = json_is_integer(tenant) ? (uint32_t)json_integer_value(tenant) : TENANT_DEFAULT,
        .most = count < REPORT_MOST ? (uint32_t)count : REPORT_MOST};
    return true;
}

static void ask_points(struct server *server, struct connection *c, const json_t *question)
{
    struct report_list wanted;
    if (!ask_list_read(question, "#", UINT32_MAX, &wanted)) {
        control_error(server, c,
                      "points: \"match\" is a topic filter as a/+/#, \"after\" the id of "
                      "a point or 0, \"most\" a number from 1");
        return;
    }
    control_answer(server, c,
                   report_points(&server->sources, wanted.tenant, wanted.match,
                                 (uint32_t)wanted.after, wanted.most));
}

static void ask_clients(struct server *server, struct connection *c, const json_t *question)
{
    struct report_list wanted;
    if (!ask_list_read(question, "*", INT64_MAX, &wanted) || wanted.match.size > REPORT_GLOB_MAX) {
        control_error(server, c,
                      "clients: \"match\" is a client id of at most 512 bytes, * for any "
                      "characters and ? for one, \"after\" the \"next\" of the answer before or 0, "
                      "\"most\" a number from 1");
        return;
    }
    control_answer(server, c, report_clients(&server->sources, &wanted));
}

static void ask_retained(struct server *server, struct connection *c, const json_t *question)
{
    struct report_list wanted;
    if (!ask_list_read(question, "#", UINT32_MAX, &wanted) || !mqtt_filter_is_valid(wanted.match) ||
        mqtt_filter_is_shared(wanted.match)) {
        control_error(server, c,
                      "retained: \"match\" is a topic filter as a/+/#, not a shared one, "
                      "\"after\" the \"next\" of the answer before or 0, \"most\" a number from 1");
        return;
    }
    control_answer(server, c, report_retained(&server->sources, &wanted));
}

static void ask_point(struct server *server, struct connection *c, const json_t *question)
{
    const json_t *path = json_object_get(question, "path");
    char fault[256];
    if (!json_is_string(path)) {
        control_error(server, c, "point: \"path\" is the path of a point");
        return;
    }
    struct bytes text = bytes_of(json_string_value(path), json_string_length(path));
    uint32_t point = points_find(engine_points(server->engine), TENANT_DEFAULT, text);
    if (point == POINT_NONE) {
        snprintf(fault, sizeof fault, "no point \"%.*s\"; {\"ask\":\"points\"} lists them",
                 text.size < 160 ? (int)text.size : 160, (const char *)text.at);
        control_error(server, c, fault);
        return;
    }
    control_answer(server, c,
                   json_pack("{s:o}", "point", report_point(&server->sources, point, true)));
}

static void ask_state(struct server *server, struct connection *c, const json_t *question)
{
    (void)question;
    control_answer(server, c, report_state(&server->sources));
}

static void ask_refused(struct server *server, struct connection *c, const json_t *question)
{
    const json_t *tenant = json_object_get(question, "tenant");
    control_answer(server, c,
                   report_refused(&server->sources, json_is_integer(tenant)
                                                        ? (uint32_t)json_integer_value(tenant)
                                                        : TENANT_DEFAULT));
}

static void ask_snapshot(struct server *server, struct connection *c, const json_t *question)
{
    (void)question;
    bool begun = engine_snapshot_now(server->engine);
    control_answer(server, c, json_pack("{s:s}", "snapshot", begun ? "begun" : "under way"));
}

static void control_ask(struct server *server, struct connection *c, const json_t *question)
{
    static const struct {
        const char *word;
        void (*answer)(struct server *, struct connection *, const json_t *);
    } asks[] = {{"state", ask_state},      {"points", ask_points},   {"point", ask_point},
                {"refused", ask_refused},  {"clients", ask_clients}, {"retained", ask_retained},
                {"snapshot", ask_snapshot}};
    const char *what = json_string_value(json_object_get(question, "ask"));
    for (size_t i = 0; what && i < ARRAY_COUNT(asks); i++) {
        if (strcmp(what, asks[i].word) == 0) {
            asks[i].answer(server, c, question);
            return;
        }
    }
    control_error(server, c,
                  "wanted is {\"ask\":\"state|points|point|refused|clients|retained|snapshot\"} or "
                  "{\"command\":\"create|change|rename|retire\"}");
}

/* ---- lines
 * --------------------------------------------------------------------------------------- */
static enum feed control_line(struct server *server, struct connection *c, struct bytes line)
{
    json_error_t error;
    enum feed feed = FEED_MORE;
    json_t *root = json_loadb((const char *)line.at, line.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        control_error(server, c, "a line is one JSON object");
        json_decref(root);
        return FEED_MORE;
    }
    if (json_object_get(root, "command"))
        feed = control_wish(server, c, root);
    else
        control_ask(server, c, root);
    json_decref(root);
    return feed;
}

static enum feed control_feed(struct server *server, struct connection *c, struct bytes bytes,
                              size_t *ret_used, size_t *ret_wanted)
{
    struct control_session *session = c->session;
    *ret_wanted = 0;
    if (!session) {
        session = calloc(1, sizeof *session);
        if (!session) {
            connection_end(server, c, CAUSE_MEMORY);
            return FEED_END;
        }
        session->c = c;
        link_init(&session->link);
        c->session = session;
    }
    while (*ret_used < bytes.size && !connection_is_over(c)) {
        const uint8_t *at = bytes.at + *ret_used;
        const uint8_t *end = memchr(at, '\n', bytes.size - *ret_used);
        size_t size = end ? (size_t)(end - at) : bytes.size - *ret_used;
        if (size > CONTROL_LINE_MAX) {
            control_error(server, c, "a line has at most 60 KiB");
            connection_end(server, c, CAUSE_PACKET_SIZE);
            return FEED_END;
        }
        if (!end)
            return FEED_MORE;
        if (!link_is_alone(&session->link))
            return FEED_HOLD; /* one command at a time: its outcome comes first */
        enum feed feed = control_line(server, c, bytes_of(at, size));
        if (feed == FEED_FULL)
            return feed; /* the whole line again after the engine's next step */
        *ret_used += size + 1;
        if (feed != FEED_MORE || connection_is_choked(c))
            return FEED_HOLD;
    }
    return FEED_MORE;
}

static void control_gone(struct server *server, struct connection *c)
{
    struct control_session *session = c->session;
    (void)server;
    c->session = NULL;
    if (session)
        link_take(&session->link);
    free(session);
}

static void control_silent(struct server *server, struct connection *c)
{
    (void)server, (void)c; /* it may be silent for as long as it likes */
}

static void control_too_much(struct server *server, struct connection *c)
{
    connection_end(server, c, CAUSE_MEMORY);
}

static void control_unchoked(struct server *server, struct connection *c)
{
    (void)server, (void)c; /* connection_resume feeds what waits */
}

const struct protocol control_protocol = {
    .door = DOOR_CONTROL,
    .feed = control_feed,
    .gone = control_gone,
    .silent = control_silent,
    .too_much = control_too_much,
    .unchoked = control_unchoked,
    .out_limit = 0,
};
