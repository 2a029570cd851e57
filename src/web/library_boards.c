/* Boards: each person's own, and those that are shared with the tenant. What is in them is the
 * console's: it is kept and given back as it is. */
#include "web/library.h"

#include <stdlib.h>
#include <string.h>

/* ---- whose --------------------------------------------------------------------------------------
 */
/* Who asks, as an owner: a token is one of its own, whoever made it. ACCOUNT_NONE: the owner of the
 * data folder. */
static uint32_t board_account(const struct exchange *exchange)
{
    struct principal_view view;
    if (exchange->principal == NULL)
        return ACCOUNT_NONE;
    principal_view(exchange->principal, &view);
    return view.account;
}

static bool may_share(struct exchange *exchange)
{
    return tenant_may_configure(exchange, "$tenant/boards");
}

static bool board_seen(struct exchange *exchange, const struct board_view *view)
{
    return view->tenant == exchange->tenant &&
           (view->shared || view->owner == board_account(exchange));
}

/* Who asks must be somebody who sees anything of the tenant. False: it was answered. */
static bool boards_may(struct exchange *exchange)
{
    if (types_seen(exchange))
        return true;
    answer_forbidden(exchange, RIGHT_SEE, bytes_text("$tenant/boards"));
    return false;
}

static enum handled answer_no_board(struct exchange *exchange)
{
    return answer_problem(exchange, 404, "unknown_board", "no such board",
                          "no board is called \"%.*s\", or it is another's; GET /v1/boards lists "
                          "yours",
                          exchange->arg.size < 200 ? (int)exchange->arg.size : 200,
                          (const char *)exchange->arg.at);
}

/* ---- one as an object ---------------------------------------------------------------------------
 */
static void board_put(struct exchange *exchange, const struct board_view *view, bool whole)
{
    struct json_writer *json = &exchange->json;
    char content[BOARD_CONTENT_MAX];
    json_put_object(json);
    json_member_string(json, "name", view->name);
    put_text(json, "title", view->title);
    if (exchange->web->config.access == NULL || view->owner == ACCOUNT_NONE)
        json_member_null(json, "owner");
    else
        put_account_name(exchange, json, "owner", view->owner);
    json_member_bool(json, "mine", view->owner == board_account(exchange));
    json_member_bool(json, "shared", view->shared);
    json_member_time(json, "changed", view->wall_ns);
    if (whole) {
        size_t first = view->content[0].size, second = view->content[1].size;
        check(first + second <= sizeof content);
        memcpy(content, view->content[0].at, first);
        if (second > 0)
            memcpy(content + first, view->content[1].at, second);
        json_put_name(json, "widgets");
        json_put_raw(json, bytes_of(content, first + second));
    }
    json_put_object_end(json);
}

enum handled handle_board(struct exchange *exchange)
{
    struct board_view view;
    if (!boards_may(exchange))
        return HANDLED;
    uint32_t board = library_board_find(library_of(exchange), exchange->tenant, exchange->arg);
    if (!library_board(library_of(exchange), board, &view) || !board_seen(exchange, &view))
        return answer_no_board(exchange);
    board_put(exchange, &view, true);
    return answer_json(exchange, 200);
}

/* ---- list ---------------------------------------------------------------------------------------
 */
struct boards_list {
    uint64_t limit, after, found; /* after: `made` of the last one that was shown */
    uint32_t last;
    uint64_t last_made;
};

static uint32_t boards_next(struct exchange *exchange, const struct boards_list *list)
{
    const struct library *library = library_of(exchange);
    struct board_view view;
    bool there = list->last != BOARD_NONE && library_board(library, list->last, &view) &&
                 view.made == list->last_made;
    return library_board_next(library, exchange->tenant, there ? list->last : BOARD_NONE);
}

static enum handled boards_step(struct exchange *exchange)
{
    struct boards_list *list = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct board_view view;
    for (uint32_t board = boards_next(exchange, list);
         board != BOARD_NONE && library_board(library_of(exchange), board, &view);
         board = boards_next(exchange, list)) {
        bool wanted = view.made > list->after && board_seen(exchange, &view);
        if (wanted && list->found == list->limit)
            return answer_list(exchange, list->after);
        list->last = board;
        list->last_made = view.made;
        if (wanted) {
            board_put(exchange, &view, false);
            list->found++;
            list->after = view.made;
        }
        if (turn_is_over(&turn, 128))
            return HANDLED_STEP;
    }
    return answer_list(exchange, 0);
}

enum handled handle_boards(struct exchange *exchange)
{
    struct boards_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_after(exchange, &list->after) || !boards_may(exchange))
        return HANDLED;
    exchange->resume = boards_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "boards");
    json_put_array(&exchange->json);
    return boards_step(exchange);
}

/* ---- commands -----------------------------------------------------------------------------------
 */
static enum handled board_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct board_view view;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "board");
    if (library_board(library_of(exchange), outcome->number, &view) && board_seen(exchange, &view))
        board_put(exchange, &view, false);
    else
        json_put_null(json); /* removed, now or since */
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* May he change the board that is there? False: it was answered. */
static bool board_may(struct exchange *exchange, const struct board_view *view)
{
    if (!board_seen(exchange, view)) {
        answer_problem(exchange, 409, report_outcome_word(OUTCOME_NAME_TAKEN), NULL,
                       "a board of another person has this name: choose another");
        return false;
    }
    if (view->shared ? may_share(exchange) : true)
        return true;
    answer_forbidden(exchange, RIGHT_CONFIGURE, bytes_text("$tenant/boards"));
    return false;
}

/* The members of a body into the form; what is not said becomes empty. */
static bool board_read(struct exchange *exchange, struct module_order *module, bool *ret_shared)
{
    struct wish *wish = &module->order.wish;
    struct form_writer *form = &module->form;
    struct bytes title = bytes_of("", 0);
    static const char *const told[] = {"name", "owner", "mine", "changed"};
    for (size_t i = 0; i < ARRAY_COUNT(told); i++)
        (void)json_object_del(wish->json, told[i]);
    wish_members(wish, "title shared widgets");
    (void)wish_text(wish, "title", 0, LIBRARY_TITLE_MAX, &title);
    (void)wish_flag(wish, "shared", ret_shared);
    const json_t *widgets = json_object_get(wish->json, "widgets");
    if (!json_is_array(widgets))
        wish_fault(wish, "widgets", "an array");
    char *text = json_dumps(widgets, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL && json_is_array(widgets)) {
        answer_memory(exchange);
        return false;
    }
    size_t size = text == NULL ? 0 : strlen(text);
    if (size > BOARD_CONTENT_MAX)
        wish_fault(wish, "widgets", "at most 10,240 bytes of JSON");
    form_put_text(form, BOARD_TAG_NAME, exchange->arg);
    form_put_text(form, BOARD_TAG_TITLE, title);
    form_put_integer(form, BOARD_TAG_SHARED, *ret_shared);
    if (size > 0 && size <= BOARD_CONTENT_MAX)
        form_put_text(form, BOARD_TAG_CONTENT, bytes_of(text, size));
    free(text);
    return true;
}

enum handled handle_board_put(struct exchange *exchange)
{
    struct board_view view;
    bool shared = false;
    if (!boards_may(exchange))
        return HANDLED;
    struct module_order *module = module_begin(exchange, sizeof *module, COMMAND_BOARD_SET, true);
    if (module == NULL)
        return HANDLED;
    uint32_t board = library_board_find(library_of(exchange), exchange->tenant, exchange->arg);
    bool there = library_board(library_of(exchange), board, &view);
    module_name(module, exchange->arg);
    if ((there && !board_may(exchange, &view)) || !board_read(exchange, module, &shared))
        return HANDLED;
    if (module->order.wish.wrong)
        return order_refuse(exchange);
    if (shared && !may_share(exchange))
        return answer_forbidden(exchange, RIGHT_CONFIGURE, bytes_text("$tenant/boards"));
    if (!there)
        form_put_integer(&module->form, BOARD_TAG_OWNER, board_account(exchange));
    if (!library_form_judge(exchange, module, 0))
        return HANDLED;
    return module_give(exchange, there ? board : BOARD_NONE, board_done);
}

enum handled handle_board_remove(struct exchange *exchange)
{
    struct board_view view;
    if (!boards_may(exchange))
        return HANDLED;
    uint32_t board = library_board_find(library_of(exchange), exchange->tenant, exchange->arg);
    if (!library_board(library_of(exchange), board, &view) || !board_seen(exchange, &view))
        return answer_no_board(exchange);
    if (!board_may(exchange, &view))
        return HANDLED;
    struct module_order *module =
        module_begin(exchange, sizeof *module, COMMAND_BOARD_REMOVE, false);
    if (module == NULL)
        return HANDLED;
    module_name(module, exchange->arg);
    return module_give(exchange, board, board_done);
}
