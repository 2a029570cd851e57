/* Corrections and annotations: said about a point, and listed, newest first. */
#include "web/archive.h"

#include <string.h>

static struct archive *archive_of(const struct exchange *exchange)
{
    return engine_archive(exchange->web->config.engine);
}

/* ---- corrections -------------------------------------------------------------------------------
 */
struct correcting {
    struct order order; /* first */
    uint32_t point;
    char scratch[32];
    struct history_sample original;
};

static void value_put(struct json_writer *json, const struct value *value)
{
    json_put_name(json, "value");
    json_put_value(json, value);
    json_member_text(json, "quality", quality_name(value->quality));
}

/* What was said of a sample that was erased later is not told any more. */
static void correction_put(struct exchange *exchange, uint32_t number)
{
    static const struct value none = {.quality = QUALITY_BAD_NO_VALUE};
    struct json_writer *json = &exchange->json;
    struct correction_view view;
    archive_correction(archive_of(exchange), number, &view);
    bool erased = archive_is_erased(archive_of(exchange), view.point, view.time_ns, view.position);
    json_put_object(json);
    json_member_count(json, "correction", number);
    put_point(exchange, view.point);
    json_member_time(json, "time", view.time_ns);
    value_put(json, erased ? &none : &view.value);
    json_put_name(json, "original");
    if (view.there && !erased) {
        json_put_object(json);
        value_put(json, &view.original);
        json_put_object_end(json);
    } else {
        json_put_null(json);
    }
    put_text(json, "reason", view.reason);
    put_text(json, "author", view.author);
    json_member_time(json, "made", view.wall_ns);
    json_member_count(json, "position", view.position);
    json_member_bool(json, "erased", erased);
    json_put_object_end(json);
}

static enum handled correct_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct correction_view view = {.point = POINT_NONE};
    if (outcome->number <= archive_corrections(archive_of(exchange)))
        archive_correction(archive_of(exchange), outcome->number, &view);
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "correction");
    if (view.point != POINT_NONE && point_may(exchange, RIGHT_CONFIGURE, view.point))
        correction_put(exchange, outcome->number);
    else
        json_put_null(json); /* the key was another command's */
    json_put_object_end(json);
    return answer_json(exchange, exchange->route->status);
}

/* The JSON value as one of the point's type. */
static void value_read(struct correcting *correcting, uint8_t type)
{
    struct wish *wish = &correcting->order.wish;
    struct value *value = &correcting->order.command.correct.value;
    const json_t *json = json_object_get(wish->json, "value");
    char wanted[64];
    *value = (struct value){.type = type, .quality = QUALITY_BAD_NO_VALUE};
    if (json == NULL || json_is_object(json) || json_is_array(json)) {
        wish_fault(wish, "value", "a number, true, false, a text or null");
        return;
    }
    if (json_is_null(json))
        return;
    if (json_is_real(json))
        *value = value_of_real(json_real_value(json));
    else if (json_is_string(json))
        *value =
            (struct value){.type = VALUE_STRING,
                           .present = true,
                           .text = bytes_of(json_string_value(json), json_string_length(json))};
    else
        *value = (struct value){.type = json_is_boolean(json) ? VALUE_BOOL : VALUE_INT64,
                                .present = true,
                                .number = json_is_boolean(json) ? json_is_true(json)
                                                                : json_integer_value(json)};
    snprintf(wanted, sizeof wanted, "a value of the point's type, %s,", value_type_name(type));
    if (value->text.size > STRING_VALUE_MAX ||
        (value->type != type && payload_convert(value, type, correcting->scratch) != PAYLOAD_OK))
        wish_fault(wish, "value", wanted);
}

static void quality_read(struct correcting *correcting)
{
    struct wish *wish = &correcting->order.wish;
    struct value *value = &correcting->order.command.correct.value;
    struct bytes word;
    if (!wish_text(wish, "quality", 1, 64, &word))
        return;
    if (!quality_parse(word, &value->quality))
        wish_fault(wish, "quality", "good, uncertain, bad, or one of their finer words");
    else if (!value->present && (value->quality & 0xC0) == 0)
        wish_fault(wish, "quality", "one that is not good, where there is no value,");
}

/* The live value, if it is of that time: all that is known where no history is kept. */
static void original_of_live(const struct points *points, struct correcting *correcting)
{
    struct command_correct *correct = &correcting->order.command.correct;
    struct point_view view;
    points_view(points, correcting->point, &view);
    correct->there = view.time_ns == correct->time_ns && view.arrival_ns != 0;
    if (!correct->there)
        return;
    correct->original = view.value;
    if (!view.value.present)
        correct->original.number = correct->original.scale = 0;
    if (view.value.text.size > 0)
        memcpy(correcting->original.text, view.value.text.at, view.value.text.size);
    correct->original.text = bytes_of(correcting->original.text, view.value.text.size);
}

/* What is there now. */
static enum err original_read(struct exchange *exchange)
{
    struct correcting *correcting = exchange->state;
    struct command_correct *correct = &correcting->order.command.correct;
    const struct points *points = exchange->web->points;
    struct history *history = engine_history(exchange->web->config.engine);
    if (history == NULL) {
        original_of_live(points, correcting);
        return OK;
    }
    struct point_row row;
    points_row(points, points_row_of(points, correcting->point), &row);
    enum err err = history_sample_at(history, row.shape.row,
                                     (uint8_t)(correcting->point - row.shape.first_point),
                                     correct->value.type, correct->time_ns, &correcting->original);
    correct->there = err == OK;
    correct->original = correcting->original.value;
    return err == ERR_MISSING ? OK : err;
}

/* One after the other: the original of one is what the one before made. */
static enum handled correct_give(struct exchange *exchange)
{
    struct web *web = exchange->web;
    uint64_t generation = engine_lost_generation(web->config.engine);
    if (web->correct_generation == generation &&
        web->correct_ticket > engine_durable_ticket(web->config.engine)) {
        exchange->ticket = web->correct_ticket;
        exchange->resume = correct_give;
        return HANDLED_TICKET;
    }
    if (original_read(exchange) != OK)
        return answer_problem(exchange, 503, "memory", NULL,
                              "what is there now could not be read: try again");
    enum handled handled = order_give(exchange);
    if (handled == HANDLED_OUTCOME) {
        web->correct_ticket = exchange->ticket;
        web->correct_generation = generation;
    } else if (handled == HANDLED_FULL)
        exchange->resume = correct_give;
    return handled;
}

enum handled handle_correct(struct exchange *exchange)
{
    struct correcting *correcting = (struct correcting *)order_begin(
        exchange, sizeof(struct correcting), COMMAND_CORRECT, true);
    if (correcting == NULL)
        return HANDLED;
    struct order *order = &correcting->order;
    struct wish *wish = &order->wish;
    struct command_correct *correct = &order->command.correct;
    order->done = correct_done;
    wish_members(wish, "path time value quality reason author");
    struct bytes path;
    if (!wish_text(wish, "path", 1, PATH_MAX_BYTES, &path))
        wish_fault(wish, "path", "the point's path");
    if (!wish_time(wish, "time", &correct->time_ns))
        wish_fault(wish, "time", "the time of the sample");
    (void)wish_text(wish, "reason", 0, REASON_BYTES_MAX, &correct->reason);
    (void)wish_text(wish, "author", 0, AUTHOR_BYTES_MAX, &correct->author);
    correct->author = author_of(exchange, correct->author);
    if (wish->wrong)
        return order_refuse(exchange);
    if (!order_place(exchange, path, RIGHT_CONFIGURE, RIGHT_CONFIGURE))
        return HANDLED;
    correcting->point =
        points_find(exchange->web->points, order->command.tenant, order->command.path);
    if (correcting->point == POINT_NONE)
        return answer_no_point(exchange, path);
    value_read(correcting, points_type(exchange->web->points, correcting->point));
    quality_read(correcting);
    return wish->wrong ? order_refuse(exchange) : correct_give(exchange);
}

/* ---- annotations -------------------------------------------------------------------------------
 */
static void annotation_put(struct exchange *exchange, uint32_t number)
{
    struct json_writer *json = &exchange->json;
    struct annotation_view view;
    archive_annotation(archive_of(exchange), number, &view);
    json_put_object(json);
    json_member_count(json, "annotation", number);
    put_point(exchange, view.point);
    put_when(json, "time", view.from_ns);
    put_when(json, "to", view.to_ns);
    json_member_string(json, "text", view.text);
    put_text(json, "author", view.author);
    json_member_time(json, "made", view.wall_ns);
    json_member_time(json, "removed", view.removed ? view.removed_wall_ns : 0);
    json_member_count(json, "position", view.position);
    json_put_object_end(json);
}

/* He said it, of a point of his own tenant or one that he sees: a name alone proves little of what
 * is another tenant's. */
static bool annotation_is_his(struct exchange *exchange, const struct annotation_view *view)
{
    struct bytes name = author_of(exchange, bytes_of("", 0));
    return name.size > 0 && bytes_equal(name, view->author) && exchange->principal != NULL &&
           (point_tenant(exchange, view->point) == principal_tenant(exchange->principal) ||
            point_may(exchange, RIGHT_SEE, view->point));
}

static enum handled annotate_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct annotation_view view = {.point = POINT_NONE};
    if (outcome->number <= archive_annotations(archive_of(exchange)))
        archive_annotation(archive_of(exchange), outcome->number, &view);
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "annotation");
    if (view.point != POINT_NONE &&
        (annotation_is_his(exchange, &view) || point_may(exchange, RIGHT_SEE, view.point)))
        annotation_put(exchange, outcome->number);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, exchange->route->status);
}

enum handled handle_annotate(struct exchange *exchange)
{
    struct order *order = order_begin(exchange, sizeof *order, COMMAND_ANNOTATE, true);
    if (order == NULL)
        return HANDLED;
    struct wish *wish = &order->wish;
    struct command_annotate *annotate = &order->command.annotate;
    order->done = annotate_done;
    wish_members(wish, "path time to text author");
    struct bytes path;
    if (!wish_text(wish, "path", 1, PATH_MAX_BYTES, &path))
        wish_fault(wish, "path", "the point's path");
    if (!wish_text(wish, "text", 1, ANNOTATION_BYTES_MAX, &annotate->text))
        wish_fault(wish, "text", "what is to be said");
    (void)wish_text(wish, "author", 0, AUTHOR_BYTES_MAX, &annotate->author);
    annotate->author = author_of(exchange, annotate->author);
    annotate->from_ns = TIME_MIN_NS;
    annotate->to_ns = TIME_MAX_NS;
    bool timed = wish_time(wish, "time", &annotate->from_ns);
    if (timed)
        annotate->to_ns = annotate->from_ns;
    if (wish_time(wish, "to", &annotate->to_ns) && !timed)
        wish_fault(wish, "time", "the beginning of a range that has an end");
    if (wish->wrong)
        return order_refuse(exchange);
    return order_place(exchange, path, RIGHT_WRITE, RIGHT_ACKNOWLEDGE) ? order_give(exchange)
                                                                       : HANDLED;
}

/* His own, or one of a point that he configures. False: it was answered. */
static bool removal_may(struct exchange *exchange, uint64_t number)
{
    struct annotation_view view;
    struct bytes digits = exchange->arg;
    bool there = number > 0 && number <= archive_annotations(archive_of(exchange));
    if (there) {
        archive_annotation(archive_of(exchange), (uint32_t)number, &view);
        if (annotation_is_his(exchange, &view) || point_may(exchange, RIGHT_CONFIGURE, view.point))
            return true;
    }
    if (there && point_may(exchange, RIGHT_SEE, view.point))
        answer_forbidden(exchange, RIGHT_CONFIGURE, bytes_text("another one's annotation"));
    else
        answer_problem(exchange, 404, "unknown_annotation", "no such annotation",
                       "\"%.*s\" is the number of no annotation", detail_size(digits),
                       (const char *)digits.at);
    return false;
}

enum handled handle_annotation_remove(struct exchange *exchange)
{
    struct order *order = order_begin(exchange, sizeof *order, COMMAND_ANNOTATION_REMOVE, false);
    uint64_t number = 0;
    struct bytes digits = exchange->arg;
    if (order == NULL)
        return HANDLED;
    order->done = annotate_done;
    for (size_t i = 0; i < digits.size && number <= UINT32_MAX; i++)
        number = digits.at[i] >= '0' && digits.at[i] <= '9'
                     ? number * 10 + (uint64_t)(digits.at[i] - '0')
                     : UINT64_MAX;
    if (order->wish.wrong)
        return order_refuse(exchange);
    if (!removal_may(exchange, number))
        return HANDLED;
    struct annotation_view view;
    archive_annotation(archive_of(exchange), (uint32_t)number, &view);
    order->command.tenant = point_tenant(exchange, view.point);
    order->command.annotate.annotation = (uint32_t)number;
    return order_give(exchange);
}

/* ---- lists: of a point, along its chain; of all that a pattern matches, number by number -------
 */
#define LOOKED_MAX 2000000u /* of one page */
struct notes_list {
    bool corrections, removed, by_point;
    bool others;     /* "@+/..": of all tenants but his own */
    uint32_t tenant; /* else of this one; 0: of none */
    struct pattern pattern;
    int64_t from_ns, to_ns;
    uint64_t limit, found, looked;
    uint32_t next; /* to be looked at; 0: none is left */
};

static uint32_t note_before(const struct exchange *exchange, uint32_t number)
{
    const struct notes_list *list = exchange->state;
    if (!list->by_point)
        return number - 1;
    return list->corrections ? archive_correction_before(archive_of(exchange), number)
                             : archive_annotation_before(archive_of(exchange), number);
}

/* What is not seen is passed over. */
static bool pattern_wants(struct exchange *exchange, uint32_t point)
{
    const struct notes_list *list = exchange->state;
    uint8_t text[PATH_MAX_BYTES];
    if (list->by_point)
        return true;
    uint32_t tenant = point_tenant(exchange, point);
    if (list->others ? tenant == exchange->tenant : tenant != list->tenant)
        return false;
    struct bytes path = bytes_of(text, points_path(exchange->web->points, point, text));
    return pattern_matches(&list->pattern, path) && exchange_may(exchange, RIGHT_SEE, tenant, path);
}

static bool list_wants(struct exchange *exchange, uint32_t number)
{
    const struct notes_list *list = exchange->state;
    if (list->corrections) {
        struct correction_view view;
        archive_correction(archive_of(exchange), number, &view);
        return view.time_ns >= list->from_ns && view.time_ns < list->to_ns &&
               pattern_wants(exchange, view.point);
    }
    struct annotation_view view;
    archive_annotation(archive_of(exchange), number, &view);
    return (list->removed || !view.removed) &&
           annotation_overlaps(&view, list->from_ns, list->to_ns) &&
           pattern_wants(exchange, view.point);
}

static enum handled list_answer(struct exchange *exchange, uint32_t last)
{
    const struct notes_list *list = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_array_end(json);
    if (list->next == 0)
        json_member_null(json, "next");
    else
        json_member_count(json, "next", last);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled list_step(struct exchange *exchange)
{
    struct notes_list *list = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    uint32_t last = 0;
    while (list->next != 0) {
        last = list->next;
        if (list_wants(exchange, last)) {
            if (list->corrections)
                correction_put(exchange, last);
            else
                annotation_put(exchange, last);
            list->found++;
        }
        list->next = note_before(exchange, last);
        if (list->found == list->limit || ++list->looked == LOOKED_MAX)
            break;
        /* A correction is held against every erasure behind it. */
        size_t groups = list->corrections ? archive_groups(archive_of(exchange)) : 0;
        if (turn_is_over(&turn, 256 + 16 * groups))
            return HANDLED_STEP;
    }
    return list_answer(exchange, last);
}

/* Where the list begins: at the newest, or behind the last one of the page before. */
static bool list_begin(struct exchange *exchange, struct notes_list *list, uint32_t point)
{
    const struct archive *archive = archive_of(exchange);
    uint32_t highest =
        list->corrections ? archive_corrections(archive) : archive_annotations(archive);
    uint64_t after = 0;
    if (!query_count(exchange, "after", 1, UINT32_MAX, &after))
        return false;
    if (after > highest || after == 0) {
        list->next = !list->by_point     ? highest
                     : list->corrections ? archive_correction_newest(archive, point)
                                         : archive_annotation_newest(archive, point);
        return true;
    }
    struct correction_view correction = {.point = point};
    struct annotation_view annotation = {.point = point};
    if (list->corrections)
        archive_correction(archive, (uint32_t)after, &correction);
    else
        archive_annotation(archive, (uint32_t)after, &annotation);
    bool its = correction.point == point && annotation.point == point;
    list->next = list->by_point && !its ? 0 : note_before(exchange, (uint32_t)after);
    return true;
}

static bool list_read(struct exchange *exchange, struct notes_list *list, uint32_t *ret_point)
{
    struct bytes text;
    list->to_ns = TIME_MAX_NS;
    list->limit = 100;
    list->by_point = query_text(exchange, "path", &text);
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_time(exchange, "from", &list->from_ns) ||
        !query_time(exchange, "to", &list->to_ns) ||
        !query_flag(exchange, "removed", &list->removed) ||
        (list->by_point && !query_point(exchange, "path", ret_point)))
        return false;
    if (!query_text(exchange, "match", &text))
        text = bytes_text("#");
    else if (list->by_point) {
        answer_parameter(exchange, "match", "path or match, not both,", text);
        return false;
    }
    struct bytes path = text;
    list->others = exchange->web->config.access != NULL && text.size > 2 && text.at[0] == '@' &&
                   text.at[2] == '/' && (text.at[1] == '+' || text.at[1] == '*');
    if (list->others)
        path = bytes_of(text.at + 3, text.size - 3);
    else if (!exchange_place(exchange, text, &list->tenant, &path))
        list->tenant = 0;
    const char *fault = pattern_parse(path, &list->pattern);
    if (fault != NULL)
        answer_problem(exchange, 400, "pattern", "the pattern is wrong",
                       "match: \"%.*s\" is no pattern of paths: %s", detail_size(text),
                       (const char *)text.at, fault);
    return fault == NULL;
}

static enum handled list_handle(struct exchange *exchange, bool corrections)
{
    struct notes_list *list = exchange_keep(exchange, sizeof *list);
    uint32_t point = POINT_NONE;
    if (list == NULL)
        return HANDLED;
    exchange->resume = list_step;
    list->corrections = corrections;
    if (!list_read(exchange, list, &point) || !list_begin(exchange, list, point))
        return HANDLED;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, corrections ? "corrections" : "annotations");
    json_put_array(&exchange->json);
    return list_step(exchange);
}

enum handled handle_corrections(struct exchange *exchange)
{
    return list_handle(exchange, true);
}

enum handled handle_annotations(struct exchange *exchange)
{
    return list_handle(exchange, false);
}
