/* Boards: what people build of widgets, kept as it is. A content that is longer than a text may be
 * lies in two. */
#include "model/library/tables.h"

static const struct board_entry *board_read(const struct library *library, uint32_t board)
{
    return state_read(&library->boards, board);
}

static struct board_entry *board_write(struct library *library, uint32_t board)
{
    return state_write(&library->boards, board);
}

static bool board_is_there(const struct library *library, uint32_t board)
{
    return library_pool_has(&library->roots->boards, &library->boards, board) &&
           library_tenant_find(library, board_read(library, board)->head.owner) != NULL;
}

uint32_t library_board_find(const struct library *library, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    if (library_tenant_find(library, tenant) == NULL)
        return BOARD_NONE;
    for (uint32_t at = index_first(library->board_names, &probe, library_name_hash(tenant, name));
         at != INDEX_NONE; at = index_next(library->board_names, &probe)) {
        const struct board_entry *entry = board_read(library, at);
        if (entry->head.owner == tenant && bytes_equal(library_text(library, entry->name), name))
            return at;
    }
    return BOARD_NONE;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static struct bytes content_part(struct bytes content, unsigned part)
{
    if (content.size <= CONTENT_PART_MAX)
        return part == 0 ? content : bytes_of("", 0);
    return part == 0 ? bytes_of(content.at, CONTENT_PART_MAX)
                     : bytes_of(content.at + CONTENT_PART_MAX, content.size - CONTENT_PART_MAX);
}

static bool board_fits(const struct library *library, uint32_t tenant, bool made,
                       const struct board_plan *plan)
{
    const struct tenant_entry *of = library_tenant_find(library, tenant);
    uint64_t bytes = texts_cost(plan->name.size) + texts_cost(plan->title.size) +
                     texts_cost(content_part(plan->content, 0).size) +
                     texts_cost(content_part(plan->content, 1).size);
    if (made && !share_allows(tenant, of == NULL ? 0 : of->boards, library->roots->boards.live, 1,
                              library->limits.boards_max))
        return false;
    return library_texts_fit(library, bytes);
}

/* Boards of this account in the tenant, no more than `most` of them. */
static uint32_t boards_of_person(const struct library *library, uint32_t tenant, uint32_t account,
                                 uint32_t most)
{
    struct index_probe probe;
    uint32_t count = 0;
    for (uint32_t at =
             index_first(library->board_owners, &probe, library_owner_hash(tenant, account));
         at != INDEX_NONE && count < most; at = index_next(library->board_owners, &probe)) {
        const struct board_entry *entry = board_read(library, at);
        count += entry->head.owner == tenant && entry->account == account;
    }
    return count;
}

/* May whoever owns it from now on have one more? */
static bool board_is_allowed(const struct library *library, uint32_t tenant, uint32_t board,
                             const struct board_plan *plan)
{
    const struct tenant_entry *of = library_tenant_find(library, tenant);
    const struct library_limits *limits = &library->limits;
    if (board == BOARD_NONE && of != NULL && of->boards >= limits->boards_tenant)
        return false;
    if (board != BOARD_NONE &&
        (!plan->has_owner || board_read(library, board)->account == plan->owner))
        return true; /* it has it already */
    return boards_of_person(library, tenant, plan->owner, limits->boards_person) <
           limits->boards_person;
}

static enum outcome_code board_judge(const struct library *library, const struct command *command,
                                     struct board_plan *plan, uint32_t *ret_board)
{
    const char *fault = library_board_plan(command->module.form, plan);
    uint32_t number = command->module.number;
    if (fault != NULL)
        return library_fault_code(fault);
    uint32_t named = library_board_find(library, command->tenant, plan->name);
    uint32_t board = number != 0 ? number : named;
    if (number != 0 && (!board_is_there(library, number) ||
                        board_read(library, number)->head.owner != command->tenant))
        return OUTCOME_UNKNOWN_BOARD;
    if (named != BOARD_NONE && named != board)
        return OUTCOME_NAME_TAKEN;
    if (board == BOARD_NONE && plan->name.size == 0)
        return OUTCOME_NAME_INVALID;
    if (board == BOARD_NONE && (plan->content.size == 0 || !plan->has_owner))
        return OUTCOME_DOCUMENT_INVALID;
    if (number == 0 && board != BOARD_NONE && plan->has_owner &&
        board_read(library, board)->account != plan->owner)
        return OUTCOME_NAME_TAKEN;
    *ret_board = board;
    if (!board_is_allowed(library, command->tenant, board, plan))
        return OUTCOME_BOARDS_FULL;
    return board_fits(library, command->tenant, board == BOARD_NONE, plan) ? OUTCOME_DONE
                                                                           : OUTCOME_LIBRARY_FULL;
}

static void board_make(struct library *library, const struct library_order *of, uint32_t *ret_board)
{
    uint32_t tenant = of->command->tenant;
    uint32_t board = store_pool_take(&roots_write(library)->boards, &library->boards, tenant);
    struct board_entry *entry = board_write(library, board);
    struct tenant_entry *in = state_write(&library->tenants, tenant);
    entry->made = of->stamp->position;
    chain_put(&library->boards, &library_chain, &in->boards_in, board);
    in->boards++;
    *ret_board = board;
}

static enum err board_rename(struct library *library, uint32_t board, struct bytes name)
{
    struct board_entry *entry = board_write(library, board);
    struct bytes before = library_text(library, entry->name);
    enum err err = OK;
    if (name.size == 0 || bytes_equal(before, name))
        return OK;
    if (before.size > 0)
        err =
            index_remove(library->board_names, library_name_hash(entry->head.owner, before), board);
    if (err == OK)
        err = library_text_set(library, &entry->name, name);
    return err == OK ? index_insert(library->board_names,
                                    library_name_hash(entry->head.owner, name), board)
                     : err;
}

static enum err board_fill(struct library *library, uint32_t board, const struct board_plan *plan,
                           bool fresh)
{
    struct board_entry *entry = board_write(library, board);
    enum err err = board_rename(library, board, plan->name);
    if (err == OK && plan->has_title)
        err = library_text_set(library, &entry->title, plan->title);
    for (unsigned part = 0; err == OK && plan->content.size > 0 && part < 2; part++)
        err = library_text_set(library, &entry->content[part], content_part(plan->content, part));
    if (plan->has_shared)
        entry->shared = plan->shared;
    if (err != OK || !plan->has_owner)
        return err;
    /* One that was just made is in the index under no owner yet. */
    uint32_t tenant = entry->head.owner;
    if (!fresh)
        err =
            index_remove(library->board_owners, library_owner_hash(tenant, entry->account), board);
    entry->account = plan->owner;
    return err == OK ? index_insert(library->board_owners,
                                    library_owner_hash(tenant, entry->account), board)
                     : err;
}

static enum err board_set(struct library *library, const struct library_order *of)
{
    struct board_plan plan;
    uint32_t board = BOARD_NONE;
    of->outcome->code = board_judge(library, of->command, &plan, &board);
    if (of->outcome->code != OUTCOME_DONE)
        return OK;
    enum err err = library_tenant_grow(library, of->command->tenant);
    if (err == OK)
        err = library_pool_reserve(&library->roots->boards, &library->boards, 1);
    if (err != OK)
        return err;
    bool fresh = board == BOARD_NONE;
    if (fresh)
        board_make(library, of, &board);
    struct board_entry *entry = board_write(library, board);
    entry->position = of->stamp->position;
    entry->wall_ns = of->stamp->wall_ns;
    of->outcome->number = board;
    return board_fill(library, board, &plan, fresh);
}

enum err library_board_drop(struct library *library, uint32_t board)
{
    struct board_entry *entry = board_write(library, board);
    uint32_t tenant = entry->head.owner;
    struct tenant_entry *in = state_write(&library->tenants, tenant);
    uint32_t *texts[] = {&entry->name, &entry->title, &entry->content[0], &entry->content[1]};
    enum err err = index_remove(
        library->board_names, library_name_hash(tenant, library_text(library, entry->name)), board);
    for (size_t i = 0; err == OK && i < ARRAY_COUNT(texts); i++)
        err = library_text_set(library, texts[i], bytes_of("", 0));
    if (err == OK)
        err =
            index_remove(library->board_owners, library_owner_hash(tenant, entry->account), board);
    chain_take(&library->boards, &library_chain, &in->boards_in, board);
    in->boards--;
    store_pool_give(&roots_write(library)->boards, &library->boards, sizeof *entry, board);
    return err;
}

enum err library_apply_board(struct library *library, const struct library_order *of)
{
    const struct command *command = of->command;
    if (command->kind == COMMAND_BOARD_SET)
        return board_set(library, of);
    uint32_t board = command->module.number;
    if (!board_is_there(library, board) ||
        board_read(library, board)->head.owner != command->tenant) {
        of->outcome->code = OUTCOME_UNKNOWN_BOARD;
        return OK;
    }
    if (command->module.form.size > 0) {
        of->outcome->code = OUTCOME_DOCUMENT_INVALID;
        return OK;
    }
    of->outcome->number = board;
    return library_board_drop(library, board);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t library_boards(const struct library *library)
{
    return library->roots->boards.highest;
}

bool library_board(const struct library *library, uint32_t board, struct board_view *ret_view)
{
    if (!board_is_there(library, board))
        return false;
    const struct board_entry *entry = board_read(library, board);
    *ret_view = (struct board_view){.board = board,
                                    .tenant = entry->head.owner,
                                    .owner = entry->account,
                                    .shared = entry->shared,
                                    .name = library_text(library, entry->name),
                                    .title = library_text(library, entry->title),
                                    .content = {library_text(library, entry->content[0]),
                                                library_text(library, entry->content[1])},
                                    .made = entry->made,
                                    .position = entry->position,
                                    .wall_ns = entry->wall_ns};
    return true;
}

uint32_t library_board_next(const struct library *library, uint32_t tenant, uint32_t after)
{
    const struct tenant_entry *of = library_tenant_find(library, tenant);
    if (of == NULL)
        return BOARD_NONE;
    if (after == BOARD_NONE)
        return of->boards_in.first;
    if (!board_is_there(library, after) || board_read(library, after)->head.owner != tenant)
        return BOARD_NONE;
    return chain_after(&library->boards, &library_chain, after);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool board_is_valid(const struct library *library, const struct board_entry *entry)
{
    const struct texts *texts = &library->texts;
    return entry->name != TEXT_NONE && texts_is_valid(texts, entry->name, LIBRARY_NAME_MAX) &&
           texts_is_valid(texts, entry->title, LIBRARY_TITLE_MAX) &&
           texts_is_valid(texts, entry->content[0], CONTENT_PART_MAX) &&
           texts_is_valid(texts, entry->content[1], BOARD_CONTENT_MAX - CONTENT_PART_MAX) &&
           entry->content[0] != TEXT_NONE && entry->shared <= 1;
}

static enum err tenant_boards_rebuild(struct library *library, uint32_t tenant, uint64_t *all)
{
    const struct tenant_entry *of = state_read(&library->tenants, tenant);
    if (!chain_is_valid(&library->boards, &library_chain, &of->boards_in, of->boards,
                        library->roots->boards.highest + 1))
        return ERR_CORRUPT;
    for (uint32_t row = of->boards_in.first; row != 0;
         row = chain_after(&library->boards, &library_chain, row)) {
        const struct board_entry *entry = board_read(library, row);
        if (entry->head.owner != tenant || !board_is_valid(library, entry))
            return ERR_CORRUPT;
        struct bytes name = library_text(library, entry->name);
        if (library_board_find(library, tenant, name) != BOARD_NONE)
            return ERR_CORRUPT;
        enum err err = index_insert(library->board_names, library_name_hash(tenant, name), row);
        if (err == OK)
            err = index_insert(library->board_owners, library_owner_hash(tenant, entry->account),
                               row);
        if (err != OK)
            return err;
    }
    *all += of->boards;
    return OK;
}

enum err library_boards_rebuild(struct library *library)
{
    const struct roots_entry *roots = library->roots;
    uint64_t all = 0;
    enum err err = OK;
    if (!library_pool_is_valid(&roots->boards, &library->boards))
        return ERR_CORRUPT;
    for (uint32_t tenant = 1; err == OK && tenant <= roots->tenants; tenant++)
        err = tenant_boards_rebuild(library, tenant, &all);
    return err == OK && all != roots->boards.live ? ERR_CORRUPT : err;
}
