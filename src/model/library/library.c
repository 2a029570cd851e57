/* How the tables and the indexes beside them come and go, which command goes where, and how what a
 * deleted tenant had is cleared away. */
#include "model/library/tables.h"

#include <stdlib.h>

const struct library_limits library_limits_default = {
    .documents_max = 200000,
    .versions_max = 1000000,
    .attached_max = 2000000,
    .boards_max = 200000,
    .boards_tenant = 20000,
    .boards_person = 200,
    .bytes_max = UINT64_C(16) << 40,
    .texts_bytes_max = UINT64_C(4) << 30,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct library, roots_table), TABLE_LIBRARY_ROOTS, sizeof(struct roots_entry)},
    {offsetof(struct library, tenants), TABLE_LIBRARY_TENANTS, sizeof(struct tenant_entry)},
    {offsetof(struct library, documents), TABLE_DOCUMENTS, sizeof(struct document_entry)},
    {offsetof(struct library, versions), TABLE_VERSIONS, sizeof(struct version_entry)},
    {offsetof(struct library, attached), TABLE_ATTACHED, sizeof(struct attached_entry)},
    {offsetof(struct library, boards), TABLE_BOARDS, sizeof(struct board_entry)},
    {offsetof(struct library, texts.table), TABLE_LIBRARY_TEXTS, TEXTS_UNIT},
};

#define INDEXES 5
static void indexes_list(struct library *library, struct index **indexes[INDEXES])
{
    indexes[0] = &library->document_names;
    indexes[1] = &library->board_names;
    indexes[2] = &library->hashes;
    indexes[3] = &library->targets;
    indexes[4] = &library->board_owners;
}

static void indexes_destroy(struct library *library)
{
    struct index **indexes[INDEXES];
    indexes_list(library, indexes);
    for (size_t i = 0; i < INDEXES; i++) {
        index_destroy(*indexes[i]);
        *indexes[i] = NULL;
    }
}

static enum err indexes_create(struct library *library)
{
    struct index **indexes[INDEXES];
    enum err err = OK;
    indexes_list(library, indexes);
    for (size_t i = 0; err == OK && i < INDEXES; i++)
        err = index_create(indexes[i]);
    return err;
}

static void texts_init(struct library *library)
{
    library->texts.owner = &library->roots_table;
    library->texts.pages_at = offsetof(struct roots_entry, text_pages);
    library->texts.classes_at = offsetof(struct roots_entry, classes);
    library->texts.wiped = true; /* what was removed is gone */
}

enum err library_create(struct state *state, const struct library_limits *limits,
                        struct library **ret_library)
{
    struct library *library = calloc(1, sizeof *library);
    if (library == NULL)
        return ERR_NO_MEMORY;
    library->limits = *limits;
    state_tables_init(state, library, tables, ARRAY_COUNT(tables));
    texts_init(library);
    enum err err = indexes_create(library);
    if (err == OK)
        err = state_table_grow(&library->roots_table, 1);
    if (err != OK) {
        library_destroy(library);
        return err;
    }
    library->roots = state_read(&library->roots_table, 0);
    *ret_library = library;
    return OK;
}

void library_destroy(struct library *library)
{
    if (library == NULL)
        return;
    indexes_destroy(library);
    state_tables_done(library, tables, ARRAY_COUNT(tables));
    free(library);
}

uint64_t library_memory(const struct library *library)
{
    return sizeof *library + index_memory(library->document_names) +
           index_memory(library->board_names) + index_memory(library->hashes) +
           index_memory(library->targets) + index_memory(library->board_owners);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static enum err tables_cover(struct library *library)
{
    const struct roots_entry *roots = library->roots;
    if (roots->tenants > LIBRARY_TENANTS_MAX || roots->documents.highest > UINT32_MAX - 2 ||
        roots->versions.highest > UINT32_MAX - 2 ||
        roots->attached.highest > UINT32_MAX - 2 - DOCUMENT_ATTACHED_MAX ||
        roots->boards.highest > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&library->tenants, roots->tenants + 1);
    if (err == OK)
        err = state_table_grow(&library->documents, roots->documents.highest + 1);
    if (err == OK)
        err = state_table_grow(&library->versions, roots->versions.highest + 1);
    if (err == OK)
        err = state_table_grow(&library->attached, roots->attached.highest + 1);
    return err == OK ? state_table_grow(&library->boards, roots->boards.highest + 1) : err;
}

/* The chain of deleted tenants that something is left of: ends, and each in it is deleted. */
static enum err gone_rebuild(const struct library *library)
{
    uint32_t steps = 0;
    for (uint32_t tenant = 1; tenant <= library->roots->tenants; tenant++) {
        const struct tenant_entry *entry = state_read(&library->tenants, tenant);
        if (entry->gone > 1)
            return ERR_CORRUPT;
    }
    for (uint32_t tenant = library->roots->gone; tenant != 0; steps++) {
        if (tenant > library->roots->tenants || steps == library->roots->tenants)
            return ERR_CORRUPT;
        const struct tenant_entry *entry = state_read(&library->tenants, tenant);
        if (entry->gone != 1)
            return ERR_CORRUPT;
        tenant = entry->gone_next;
    }
    return OK;
}

enum err library_rebuild(struct library *library)
{
    indexes_destroy(library);
    enum err err = indexes_create(library);
    if (err == OK)
        err = texts_rebuild(&library->texts);
    if (err == OK)
        err = tables_cover(library);
    if (err == OK)
        err = gone_rebuild(library);
    if (err == OK)
        err = library_documents_rebuild(library);
    return err == OK ? library_boards_rebuild(library) : err;
}

/* ---- deleted tenants ---------------------------------------------------------------------------
 */
enum err library_tenant_deleted(struct library *library, uint32_t tenant)
{
    if (library_tenant_find(library, tenant) == NULL)
        return OK; /* it had nothing, or is on its way */
    struct roots_entry *roots = roots_write(library);
    struct tenant_entry *entry = state_write(&library->tenants, tenant);
    entry->gone = 1;
    entry->gone_next = roots->gone;
    roots->gone = tenant;
    roots->version++;
    return OK;
}

/* One document, or some boards, with each fact. */
#define BOARDS_A_FACT 16
static enum err gone_clear(struct library *library)
{
    uint32_t tenant = library->roots->gone;
    if (tenant == 0)
        return OK;
    const struct tenant_entry *entry = state_read(&library->tenants, tenant);
    enum err err = OK;
    if (entry->documents_in.first != 0) {
        roots_write(library)->version++;
        return library_document_drop(library, entry->documents_in.first);
    }
    for (int i = 0; err == OK && i < BOARDS_A_FACT && entry->boards_in.first != 0; i++)
        err = library_board_drop(library, entry->boards_in.first);
    if (entry->boards_in.first == 0) {
        struct tenant_entry *done = state_write(&library->tenants, tenant);
        roots_write(library)->gone = done->gone_next;
        done->gone_next = 0;
    }
    return err;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum err command_run(struct library *library, const struct library_order *of)
{
    uint32_t tenant = of->command->tenant;
    bool gone = tenant == 0 || tenant >= LIBRARY_TENANTS_MAX ||
                (tenant <= library->roots->tenants && library_tenant_find(library, tenant) == NULL);
    if (gone) {
        of->outcome->code = OUTCOME_UNKNOWN_TENANT;
        return OK;
    }
    of->outcome->code = OUTCOME_DONE;
    uint8_t kind = of->command->kind;
    bool document = kind == COMMAND_DOCUMENT_SET || kind == COMMAND_DOCUMENT_REMOVE;
    enum err err =
        document ? library_apply_document(library, of) : library_apply_board(library, of);
    if (err == OK && of->outcome->code == OUTCOME_DONE)
        roots_write(library)->version++;
    return err;
}

enum err library_apply_fact(struct library *library, struct points *points, const struct fact *fact,
                            const struct record_stamp *stamp, struct outcome *ret_outcome)
{
    enum err err = gone_clear(library);
    if (err != OK || fact->kind != FACT_MODULE)
        return err;
    const struct command *command = &fact->command;
    if (command_module(command->kind) != MODULE_LIBRARY)
        return OK;
    if (command->key_kind > KEY_FREE || !form_is_valid(command->module.form) ||
        command->actor.name.size > ACTOR_NAME_MAX)
        return ERR_CORRUPT;
    *ret_outcome = (struct outcome){.position = stamp->position};
    const struct library_order of = {command, stamp, ret_outcome};
    struct key_claim claim;
    bool run;
    err = points_key_claim(points, command, stamp, &claim, ret_outcome, &run);
    if (err == OK && run)
        err = command_run(library, &of);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(points, command, &claim, ret_outcome);
    if (ret_outcome->code != OUTCOME_REPEATED)
        ret_outcome->first_code = ret_outcome->code;
    return OK;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint64_t library_version(const struct library *library)
{
    return library->roots->version;
}

uint64_t library_released(const struct library *library)
{
    return library->roots->released;
}

void library_use(const struct library *library, uint32_t tenant, struct library_use *ret_use)
{
    const struct tenant_entry *entry = library_tenant_find(library, tenant);
    *ret_use = (struct library_use){0};
    if (entry == NULL)
        return;
    *ret_use = (struct library_use){.documents = entry->documents,
                                    .versions = entry->versions,
                                    .boards = entry->boards,
                                    .bytes = entry->bytes};
}
