/* Erasures: which points a pattern means is found a piece a step, and every piece is a command of
 * its own, so that 6,000,000 points are erased without a long step and without a long record.
 *
 *   search -> points of one command, sorted -> ranges -> command -> its outcome -> search ..
 *
 * The first command begins the erasure and carries the idempotency key; the last one completes it.
 * Whoever sends it again with the key after a crash between them has it gone on with. */
#include "web/archive.h"

#include <stdlib.h>
#include <string.h>

#define NODES_A_PIECE 256
/* Ids of one command that lie in so many different pieces of the live table, at most: carrying it
 * out while a snapshot is cut copies each. */
#define PAGE_IDS 2048u
#define PAGES_MAX 16
#define IDS_MAX 10000 /* named in one request */

struct erasing {
    struct order order; /* first */
    struct namespace_search search;
    struct bytes text;                     /* the path or the pattern, as he named it */
    bool by_match, by_path, dry_run, over; /* over: all points are found */
    uint32_t judged;                       /* of named: he may erase them */
    uint32_t *named;                       /* ids of the body, ascending, each once */
    uint32_t named_count, at;              /* at: of named */
    uint32_t erasure;                      /* 0: not begun */
    uint64_t points;
    uint32_t found, given; /* of what follows: in it; in the command under way */
    uint32_t ids[ERASE_POINTS_MAX];
    struct point_range ranges[ERASE_RANGES_MAX];
};

static struct archive *archive_of(const struct exchange *exchange)
{
    return engine_archive(exchange->web->config.engine);
}

/* ---- answers -----------------------------------------------------------------------------------
 */
static enum handled erase_answer(struct exchange *exchange, const struct outcome *outcome)
{
    const struct erasing *erasing = exchange->state;
    const struct command_erase *erase = &erasing->order.command.erase;
    struct json_writer *json = &exchange->json;
    struct erasure_view view = {
        .points = erasing->points, .from_ns = erase->from_ns, .to_ns = erase->to_ns};
    if (erasing->erasure != 0)
        archive_erasure(archive_of(exchange), erasing->erasure, &view);
    json_put_object(json);
    if (outcome != NULL)
        order_put_outcome(json, outcome);
    json_put_name(json, "erasure");
    if (erasing->erasure == 0)
        json_put_null(json);
    else
        json_put_count(json, erasing->erasure);
    json_member_count(json, "points", view.points);
    put_when(json, "from", view.from_ns);
    put_when(json, "to", view.to_ns);
    json_member_bool(json, "dry_run", erasing->dry_run);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled answer_nothing(struct exchange *exchange)
{
    return answer_problem(
        exchange, 404, "unknown_point", "nothing to erase",
        "no point matches: nothing was erased; GET /v1/points?match= shows what a "
        "pattern matches, and retired points are erased by their numbers");
}

/* ---- one command -------------------------------------------------------------------------------
 */
static void erase_drop(struct order *order)
{
    free(((struct erasing *)order)->named);
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Sorted ids as ranges, as many as one command may have; returns how many ids that are. */
static uint32_t ranges_make(struct erasing *erasing, uint16_t *ret_count)
{
    uint32_t at = 0, page = UINT32_MAX, pages = 0;
    uint16_t count = 0;
    for (; at < erasing->found; at++) {
        uint32_t id = erasing->ids[at];
        if (id / PAGE_IDS != page) {
            page = id / PAGE_IDS;
            if (pages++ == PAGES_MAX)
                break;
        }
        struct point_range *last = count > 0 ? &erasing->ranges[count - 1] : NULL;
        if (last != NULL && id == last->first + last->count) {
            last->count++;
            continue;
        }
        if (count == ERASE_RANGES_MAX)
            break;
        erasing->ranges[count++] = (struct point_range){id, 1};
    }
    *ret_count = count;
    return at;
}

static enum handled erase_gather(struct exchange *exchange);

static enum handled erase_give(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    struct command_erase *erase = &erasing->order.command.erase;
    qsort(erasing->ids, erasing->found, sizeof erasing->ids[0], compare_ids);
    erasing->given = ranges_make(erasing, &erase->range_count);
    erase->ranges = erasing->ranges;
    erase->erasure = erasing->erasure;
    erase->complete = erasing->over && erasing->given == erasing->found;
    if (erasing->erasure != 0) /* the first had the key */
        erasing->order.command.key_kind = KEY_NONE;
    return order_give(exchange);
}

/* What is left behind the command is the beginning of the next. */
static enum handled erase_next(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    erasing->found -= erasing->given;
    memmove(erasing->ids, erasing->ids + erasing->given, erasing->found * sizeof erasing->ids[0]);
    exchange->resume = erase_gather;
    return HANDLED_STEP;
}

static enum handled erase_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct erasing *erasing = exchange->state;
    struct erasure_view view;
    if (outcome->number == 0 || outcome->number > archive_erasures(archive_of(exchange)))
        return answer_key_taken(exchange);
    archive_erasure(archive_of(exchange), outcome->number, &view);
    if (view.tenant != erasing->order.command.tenant ||
        !bytes_equal(view.pattern, erasing->order.command.erase.pattern))
        return answer_key_taken(exchange);
    erasing->erasure = outcome->number;
    if (view.complete)
        return erase_answer(exchange, outcome);
    if (outcome->code == OUTCOME_REPEATED) /* nothing of it was done just now */
        erasing->given = 0;
    return erase_next(exchange);
}

/* ---- finding the points ------------------------------------------------------------------------
 */
static bool erase_each(void *arg, uint32_t point)
{
    struct erasing *erasing = arg;
    erasing->points++;
    if (!erasing->dry_run)
        erasing->ids[erasing->found++] = point;
    return erasing->found < ERASE_POINTS_MAX;
}

static void gather_named(struct erasing *erasing)
{
    while (erasing->at < erasing->named_count && erasing->found < ERASE_POINTS_MAX)
        (void)erase_each(erasing, erasing->named[erasing->at++]);
    erasing->over = erasing->at == erasing->named_count;
}

/* A turn's worth of the search; true when there is enough for a command, or nothing more. */
static bool gather_matching(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    const struct web *web = exchange->web;
    struct turn turn = turn_begin(web);
    if (namespace_entered(web->config.space) < points_count(web->points))
        return false; /* the index is still being built after a start */
    while (erasing->found < ERASE_POINTS_MAX) {
        if (!namespace_search_step(web->config.space, &erasing->search, NODES_A_PIECE, erase_each,
                                   erasing, NULL)) {
            erasing->over = true;
            return true;
        }
        if (turn_is_over(&turn, TURN_LOOK_BYTES))
            return erasing->found == ERASE_POINTS_MAX;
    }
    return true;
}

static enum handled erase_gather(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    exchange->resume = erase_gather;
    if (!erasing->over && erasing->by_match && !gather_matching(exchange))
        return HANDLED_STEP;
    if (!erasing->over && !erasing->by_match)
        gather_named(erasing);
    if (!erasing->dry_run)
        return erasing->points == 0 ? answer_nothing(exchange) : erase_give(exchange);
    if (!erasing->over)
        return HANDLED_STEP;
    return erasing->points == 0 ? answer_nothing(exchange) : erase_answer(exchange, NULL);
}

/* ---- may he ------------------------------------------------------------------------------------
 */
#define JUDGED_BYTES 256 /* of a turn, for a point */

/* A number that is no point's, or another tenant's, or that of a point he does not see, is all the
 * same. False: it was answered. */
static bool id_may(struct exchange *exchange, uint32_t id)
{
    bool there =
        id <= points_count(exchange->web->points) && point_tenant(exchange, id) == exchange->tenant;
    if (there && point_may(exchange, RIGHT_ADMINISTER, id))
        return true;
    if (there && point_may(exchange, RIGHT_SEE, id))
        answer_forbidden(exchange, RIGHT_ADMINISTER, bytes_text("a point of the list"));
    else
        answer_problem(exchange, 404, "unknown_point", "no such point",
                       "%u is the number of no point: nothing was erased", id);
    return false;
}

static enum handled erase_judge(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    exchange->resume = erase_judge;
    for (; erasing->judged < erasing->named_count; erasing->judged++) {
        if (turn_is_over(&turn, JUDGED_BYTES))
            return HANDLED_STEP;
        if (!id_may(exchange, erasing->named[erasing->judged]))
            return HANDLED;
    }
    return erase_gather(exchange);
}

/* ---- the request -------------------------------------------------------------------------------
 */
static void erase_read_ids(struct erasing *erasing, const json_t *ids)
{
    struct wish *wish = &erasing->order.wish;
    size_t count = json_array_size(ids);
    bool good = json_is_array(ids) && count > 0 && count <= IDS_MAX;
    erasing->named = good ? calloc(count, sizeof erasing->named[0]) : NULL;
    for (size_t i = 0; good && i < count; i++) {
        const json_t *id = json_array_get(ids, i);
        good = erasing->named != NULL && json_is_integer(id) && json_integer_value(id) > 0 &&
               json_integer_value(id) <= UINT32_MAX;
        if (good)
            erasing->named[i] = (uint32_t)json_integer_value(id);
    }
    if (!good) {
        wish_fault(wish, "points", "an array of 1 to 10,000 numbers of points");
        return;
    }
    qsort(erasing->named, count, sizeof erasing->named[0], compare_ids);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || erasing->named[i] != erasing->named[i - 1])
            erasing->named[erasing->named_count++] = erasing->named[i];
}

/* What its path names; he may erase it. */
static enum handled erase_path(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    struct command *command = &erasing->order.command;
    struct command_erase *erase = &command->erase;
    if (!order_place(exchange, erasing->text, RIGHT_ADMINISTER, RIGHT_ADMINISTER))
        return HANDLED;
    struct bytes path = command->path;
    uint32_t point = points_find(exchange->web->points, command->tenant, path);
    command->path = bytes_of(NULL, 0);
    if (path.size <= POLICY_PATTERN_MAX) /* a longer one is known by the id alone */
        erase->pattern = path;
    erasing->named = calloc(1, sizeof erasing->named[0]);
    if (erasing->named == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    erasing->named[0] = point;
    erasing->named_count = point != POINT_NONE;
    return erase_gather(exchange);
}

/* All that its pattern matches, whether there is anything or not; he may erase it. */
static enum handled erase_match(struct exchange *exchange)
{
    struct erasing *erasing = exchange->state;
    struct command *command = &erasing->order.command;
    struct bytes text = erasing->text, none = bytes_of("", 0);
    struct pattern pattern;
    bool placed = exchange_place(exchange, text, &command->tenant, &text);
    const char *fault = placed ? pattern_parse(text, &pattern) : NULL;
    if (fault != NULL) {
        wish_fault(&erasing->order.wish, "match", fault);
        return order_refuse(exchange);
    }
    if (!placed || pattern_reach(exchange, RIGHT_ADMINISTER, command->tenant, text) != REACH_ALL)
        return answer_forbidden(exchange, RIGHT_ADMINISTER, erasing->text);
    command->erase.pattern = text;
    if (namespace_search_begin(&erasing->search, command->tenant, &pattern, none, none) != OK) {
        wish_fault(&erasing->order.wish, "match", "a pattern of paths");
        return order_refuse(exchange);
    }
    return erase_gather(exchange);
}

static void erase_read(struct erasing *erasing)
{
    struct wish *wish = &erasing->order.wish;
    struct command_erase *erase = &erasing->order.command.erase;
    const json_t *ids = json_object_get(wish->json, "points");
    int ways = (json_object_get(wish->json, "match") != NULL) + (ids != NULL) +
               (json_object_get(wish->json, "path") != NULL);
    wish_members(wish, "match path points from to reason author dry_run");
    if (ways != 1)
        wish_fault(wish, "match", "one of match, path and points");
    else if (ids != NULL)
        erase_read_ids(erasing, ids);
    else {
        erasing->by_match = wish_text(wish, "match", 1, POLICY_PATTERN_MAX, &erasing->text);
        erasing->by_path = wish_text(wish, "path", 1, PATH_MAX_BYTES, &erasing->text);
    }
    erase->from_ns = TIME_MIN_NS;
    erase->to_ns = TIME_MAX_NS;
    (void)wish_time(wish, "from", &erase->from_ns);
    (void)wish_time(wish, "to", &erase->to_ns);
    if (erase->from_ns >= erase->to_ns)
        wish_fault(wish, "to", "a time behind \"from\"");
    (void)wish_text(wish, "reason", 0, REASON_BYTES_MAX, &erase->reason);
    (void)wish_text(wish, "author", 0, AUTHOR_BYTES_MAX, &erase->author);
    (void)wish_flag(wish, "dry_run", &erasing->dry_run);
}

enum handled handle_erase(struct exchange *exchange)
{
    struct erasing *erasing =
        (struct erasing *)order_begin(exchange, sizeof(struct erasing), COMMAND_ERASE, true);
    if (erasing == NULL)
        return HANDLED;
    erasing->order.done = erase_done;
    erasing->order.drop = erase_drop;
    exchange->kept = sizeof *erasing;
    erase_read(erasing);
    struct command_erase *erase = &erasing->order.command.erase;
    erase->author = author_of(exchange, erase->author);
    if (erasing->order.wish.wrong)
        return order_refuse(exchange);
    if (erasing->by_match)
        return erase_match(exchange);
    return erasing->by_path ? erase_path(exchange) : erase_judge(exchange);
}

/* ---- the list ----------------------------------------------------------------------------------
 */
static void erasure_put(struct exchange *exchange, uint32_t erasure)
{
    struct json_writer *json = &exchange->json;
    struct erasure_view view;
    archive_erasure(archive_of(exchange), erasure, &view);
    json_put_object(json);
    json_member_count(json, "erasure", erasure);
    put_text(json, "match", view.pattern);
    put_when(json, "from", view.from_ns);
    put_when(json, "to", view.to_ns);
    json_member_count(json, "points", view.points);
    json_member_bool(json, "complete", view.complete);
    put_text(json, "reason", view.reason);
    put_text(json, "author", view.author);
    json_member_time(json, "made", view.wall_ns);
    json_member_count(json, "position", view.position);
    json_put_object_end(json);
}

/* Of his tenant, and he sees all that it was about: it tells how many points that were. */
static bool erasure_is_seen(struct exchange *exchange, uint32_t erasure)
{
    struct erasure_view view;
    archive_erasure(archive_of(exchange), erasure, &view);
    return view.tenant == exchange->tenant &&
           pattern_reach(exchange, RIGHT_SEE, view.tenant,
                         view.pattern.size > 0 ? view.pattern : bytes_text("#")) == REACH_ALL;
}

struct erasures_list {
    uint32_t next, left;
};

static enum handled erasures_step(struct exchange *exchange)
{
    struct erasures_list *list = exchange->state;
    struct json_writer *json = &exchange->json;
    struct turn turn = turn_begin(exchange->web);
    for (; list->next > 0 && list->left > 0; list->next--, list->left--) {
        if (turn_is_over(&turn, 512))
            return HANDLED_STEP;
        if (erasure_is_seen(exchange, list->next))
            erasure_put(exchange, list->next);
        else
            list->left++; /* it counts for nothing */
    }
    json_put_array_end(json);
    if (list->next == 0)
        json_member_null(json, "next");
    else
        json_member_count(json, "next", list->next + 1);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_erasures(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    uint64_t limit = 100, after = (uint64_t)archive_erasures(archive_of(exchange)) + 1,
             highest = after;
    if (!query_count(exchange, "limit", 1, 1000, &limit) ||
        !query_count(exchange, "after", 1, UINT32_MAX, &after))
        return HANDLED;
    struct erasures_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    exchange->resume = erasures_step;
    list->next = (uint32_t)(after < highest ? after : highest) - 1;
    list->left = (uint32_t)limit;
    json_put_object(json);
    json_put_name(json, "erasures");
    json_put_array(json);
    return erasures_step(exchange);
}
