/* Documents: their names, versions, and to what they are attached. */
#include "model/library/tables.h"

#include <string.h>

static const struct document_entry *document_read(const struct library *library, uint32_t document)
{
    return state_read(&library->documents, document);
}

static struct document_entry *document_write(struct library *library, uint32_t document)
{
    return state_write(&library->documents, document);
}

static const struct version_entry *version_read(const struct library *library, uint32_t version)
{
    return state_read(&library->versions, version);
}

static const struct attached_entry *attached_read_row(const struct library *library, uint32_t row)
{
    return state_read(&library->attached, row);
}

static bool document_is_there(const struct library *library, uint32_t document)
{
    return library_pool_has(&library->roots->documents, &library->documents, document) &&
           library_tenant_find(library, document_read(library, document)->head.owner) != NULL;
}

uint32_t library_document_find(const struct library *library, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    if (library_tenant_find(library, tenant) == NULL)
        return DOCUMENT_NONE;
    for (uint32_t at =
             index_first(library->document_names, &probe, library_name_hash(tenant, name));
         at != INDEX_NONE; at = index_next(library->document_names, &probe)) {
        const struct document_entry *entry = document_read(library, at);
        if (entry->head.owner == tenant && bytes_equal(library_text(library, entry->name), name))
            return at;
    }
    return DOCUMENT_NONE;
}

void library_attached_view(const struct library *library, const struct attached_entry *entry,
                           struct attached *ret_attached)
{
    *ret_attached = (struct attached){.kind = entry->kind,
                                      .number = entry->number,
                                      .branch = library_text(library, entry->branch)};
}

/* ---- judging -----------------------------------------------------------------------------------
 */
struct document_order {
    const struct library_order *of;
    struct document_plan plan;
    uint32_t document; /* DOCUMENT_NONE: a new one */
    bool version;      /* a new version comes */
};

static bool says_newest(const struct library *library, const struct document_order *order)
{
    if (order->document == DOCUMENT_NONE)
        return false;
    const struct version_entry *newest =
        version_read(library, document_read(library, order->document)->newest);
    return newest->media == order->plan.media &&
           memcmp(newest->hash, order->plan.hash.at, DOCUMENT_HASH_SIZE) == 0;
}

static uint64_t texts_needed(const struct document_order *order)
{
    const struct document_plan *plan = &order->plan;
    uint64_t bytes = texts_cost(plan->name.size) + texts_cost(plan->title.size);
    if (order->version)
        bytes += texts_cost(order->of->command->actor.name.size);
    for (uint32_t i = 0; i < plan->attached_count; i++)
        bytes += texts_cost(plan->attached[i].branch.size);
    return bytes;
}

static bool document_fits(const struct library *library, const struct document_order *order)
{
    static const struct tenant_entry nothing;
    const struct library_limits *limits = &library->limits;
    const struct roots_entry *roots = library->roots;
    uint32_t tenant = order->of->command->tenant;
    const struct tenant_entry *entry = library_tenant_find(library, tenant);
    if (entry == NULL)
        entry = &nothing;
    if (order->document == DOCUMENT_NONE &&
        !share_allows(tenant, entry->documents, roots->documents.live, 1, limits->documents_max))
        return false;
    if (order->version &&
        (!share_allows(tenant, entry->versions, roots->versions.live, 1, limits->versions_max) ||
         !share_allows(tenant, entry->bytes, roots->bytes, order->plan.size, limits->bytes_max)))
        return false;
    if (order->version && order->document != DOCUMENT_NONE &&
        document_read(library, order->document)->versions >= DOCUMENT_VERSIONS_MAX)
        return false;
    return share_allows(tenant, entry->attached, roots->attached.live, order->plan.attached_count,
                        limits->attached_max) &&
           library_texts_fit(library, texts_needed(order));
}

static enum outcome_code document_judge(const struct library *library, struct document_order *order)
{
    const struct command *command = order->of->command;
    struct document_plan *plan = &order->plan;
    const char *fault = library_document_plan(command->module.form, plan);
    if (fault != NULL)
        return library_fault_code(fault);
    uint32_t named = library_document_find(library, command->tenant, plan->name);
    order->document = command->module.number != 0 ? command->module.number : named;
    if (command->module.number != 0 &&
        (!document_is_there(library, order->document) ||
         document_read(library, order->document)->head.owner != command->tenant))
        return OUTCOME_UNKNOWN_DOCUMENT;
    if (named != DOCUMENT_NONE && named != order->document)
        return OUTCOME_NAME_TAKEN;
    if (order->document == DOCUMENT_NONE && plan->name.size == 0)
        return OUTCOME_NAME_INVALID;
    if (order->document == DOCUMENT_NONE && plan->hash.size == 0)
        return OUTCOME_DOCUMENT_INVALID;
    order->version = plan->hash.size > 0 && !says_newest(library, order);
    return document_fits(library, order) ? OUTCOME_DONE : OUTCOME_LIBRARY_FULL;
}

/* ---- doing -------------------------------------------------------------------------------------
 */
static enum err document_make(struct library *library, struct document_order *order)
{
    struct roots_entry *roots = roots_write(library);
    uint32_t tenant = order->of->command->tenant;
    uint32_t document = store_pool_take(&roots->documents, &library->documents, tenant);
    struct document_entry *entry = document_write(library, document);
    struct tenant_entry *of = state_write(&library->tenants, tenant);
    entry->made = order->of->stamp->position;
    chain_put(&library->documents, &library_chain, &of->documents_in, document);
    of->documents++;
    order->document = document;
    enum err err = library_text_set(library, &entry->name, order->plan.name);
    return err == OK ? index_insert(library->document_names,
                                    library_name_hash(tenant, order->plan.name), document)
                     : err;
}

static enum err document_rename(struct library *library, const struct document_order *order)
{
    uint32_t tenant = order->of->command->tenant;
    struct document_entry *entry = document_write(library, order->document);
    struct bytes before = library_text(library, entry->name);
    if (order->plan.name.size == 0 || bytes_equal(before, order->plan.name))
        return OK;
    enum err err =
        index_remove(library->document_names, library_name_hash(tenant, before), order->document);
    if (err == OK)
        err = library_text_set(library, &entry->name, order->plan.name);
    return err == OK ? index_insert(library->document_names,
                                    library_name_hash(tenant, order->plan.name), order->document)
                     : err;
}

static enum err version_add(struct library *library, const struct document_order *order)
{
    const struct document_plan *plan = &order->plan;
    struct roots_entry *roots = roots_write(library);
    struct document_entry *entry = document_write(library, order->document);
    struct tenant_entry *of = state_write(&library->tenants, entry->head.owner);
    uint32_t row = store_pool_take(&roots->versions, &library->versions, order->document);
    struct version_entry *version = state_write(&library->versions, row);
    chain_push(&library->versions, &library_chain, &entry->newest, row);
    version->position = order->of->stamp->position;
    version->wall_ns = order->of->stamp->wall_ns;
    version->size = plan->size;
    version->media = plan->media;
    version->number = ++entry->versions_made;
    memcpy(version->hash, plan->hash.at, DOCUMENT_HASH_SIZE);
    entry->versions++;
    of->versions++;
    of->bytes += plan->size;
    roots->bytes += plan->size;
    enum err err = library_text_set(library, &version->author, order->of->command->actor.name);
    return err == OK ? index_insert(library->hashes, library_bytes_hash(version->hash), row) : err;
}

static enum err attached_drop(struct library *library, uint32_t document)
{
    struct roots_entry *roots = roots_write(library);
    struct document_entry *entry = document_write(library, document);
    struct tenant_entry *of = state_write(&library->tenants, entry->head.owner);
    enum err err = OK;
    for (uint32_t row = entry->attached_first; err == OK && row != 0;) {
        struct attached_entry *held = state_write(&library->attached, row);
        struct attached view;
        uint32_t next = chain_after(&library->attached, &library_chain, row);
        library_attached_view(library, held, &view);
        err = index_remove(library->targets, library_target_hash(entry->head.owner, &view), row);
        if (err == OK)
            err = library_text_set(library, &held->branch, bytes_of("", 0));
        store_pool_give(&roots->attached, &library->attached, sizeof *held, row);
        row = next;
    }
    of->attached -= entry->attached;
    entry->attached = 0;
    entry->attached_first = 0;
    return err;
}

/* From the last one on, so that the chain has the order in which they were said. */
static enum err attached_set(struct library *library, const struct document_order *order)
{
    const struct document_plan *plan = &order->plan;
    enum err err = attached_drop(library, order->document);
    struct roots_entry *roots = roots_write(library);
    struct document_entry *entry = document_write(library, order->document);
    struct tenant_entry *of = state_write(&library->tenants, entry->head.owner);
    for (uint32_t i = plan->attached_count; err == OK && i > 0; i--) {
        const struct attached *to = &plan->attached[i - 1];
        uint32_t row = store_pool_take(&roots->attached, &library->attached, order->document);
        struct attached_entry *held = state_write(&library->attached, row);
        chain_push(&library->attached, &library_chain, &entry->attached_first, row);
        held->kind = to->kind;
        held->number = to->number;
        err = library_text_set(library, &held->branch, to->branch);
        if (err == OK)
            err = index_insert(library->targets, library_target_hash(entry->head.owner, to), row);
        entry->attached++;
        of->attached++;
    }
    return err;
}

static enum err document_set(struct library *library, const struct library_order *of)
{
    struct document_order order = {.of = of};
    const struct roots_entry *roots = library->roots;
    of->outcome->code = document_judge(library, &order);
    if (of->outcome->code != OUTCOME_DONE)
        return OK;
    enum err err = library_tenant_grow(library, of->command->tenant);
    if (err == OK)
        err = library_pool_reserve(&roots->documents, &library->documents, 1);
    if (err == OK)
        err = library_pool_reserve(&roots->versions, &library->versions, 1);
    if (err == OK)
        err = library_pool_reserve(&roots->attached, &library->attached, DOCUMENT_ATTACHED_MAX);
    if (err == OK && order.document == DOCUMENT_NONE)
        err = document_make(library, &order);
    else if (err == OK)
        err = document_rename(library, &order);
    if (err != OK)
        return err;
    struct document_entry *entry = document_write(library, order.document);
    entry->position = of->stamp->position;
    entry->wall_ns = of->stamp->wall_ns;
    if (order.plan.has_title)
        err = library_text_set(library, &entry->title, order.plan.title);
    if (err == OK && order.version)
        err = version_add(library, &order);
    if (err == OK && order.plan.has_attached)
        err = attached_set(library, &order);
    of->outcome->number = order.document;
    return err;
}

static enum err versions_drop(struct library *library, uint32_t document)
{
    struct roots_entry *roots = roots_write(library);
    struct document_entry *entry = document_write(library, document);
    struct tenant_entry *of = state_write(&library->tenants, entry->head.owner);
    enum err err = OK;
    for (uint32_t row = entry->newest; err == OK && row != 0;) {
        struct version_entry *version = state_write(&library->versions, row);
        uint32_t before = chain_after(&library->versions, &library_chain, row);
        err = index_remove(library->hashes, library_bytes_hash(version->hash), row);
        if (err == OK)
            err = library_text_set(library, &version->author, bytes_of("", 0));
        roots->bytes -= version->size;
        of->bytes -= version->size;
        roots->released++;
        store_pool_give(&roots->versions, &library->versions, sizeof *version, row);
        row = before;
    }
    of->versions -= entry->versions;
    return err;
}

enum err library_document_drop(struct library *library, uint32_t document)
{
    struct document_entry *entry = document_write(library, document);
    uint32_t tenant = entry->head.owner;
    struct tenant_entry *of = state_write(&library->tenants, tenant);
    enum err err = versions_drop(library, document);
    if (err == OK)
        err = attached_drop(library, document);
    if (err == OK)
        err = index_remove(library->document_names,
                           library_name_hash(tenant, library_text(library, entry->name)), document);
    if (err == OK)
        err = library_text_set(library, &entry->name, bytes_of("", 0));
    if (err == OK)
        err = library_text_set(library, &entry->title, bytes_of("", 0));
    chain_take(&library->documents, &library_chain, &of->documents_in, document);
    of->documents--;
    store_pool_give(&roots_write(library)->documents, &library->documents, sizeof *entry, document);
    return err;
}

enum err library_apply_document(struct library *library, const struct library_order *of)
{
    const struct command *command = of->command;
    if (command->kind == COMMAND_DOCUMENT_SET)
        return document_set(library, of);
    uint32_t document = command->module.number;
    if (!document_is_there(library, document) ||
        document_read(library, document)->head.owner != command->tenant) {
        of->outcome->code = OUTCOME_UNKNOWN_DOCUMENT;
        return OK;
    }
    if (command->module.form.size > 0) {
        of->outcome->code = OUTCOME_DOCUMENT_INVALID;
        return OK;
    }
    of->outcome->number = document;
    return library_document_drop(library, document);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t library_documents(const struct library *library)
{
    return library->roots->documents.highest;
}

static void version_view(const struct library *library, uint32_t row,
                         struct document_version *ret_version)
{
    const struct version_entry *entry = version_read(library, row);
    *ret_version = (struct document_version){.number = entry->number,
                                             .media = entry->media,
                                             .size = entry->size,
                                             .author = library_text(library, entry->author),
                                             .position = entry->position,
                                             .wall_ns = entry->wall_ns};
    memcpy(ret_version->hash, entry->hash, DOCUMENT_HASH_SIZE);
}

bool library_document(const struct library *library, uint32_t document,
                      struct document_view *ret_view)
{
    if (!document_is_there(library, document))
        return false;
    const struct document_entry *entry = document_read(library, document);
    *ret_view = (struct document_view){.document = document,
                                       .tenant = entry->head.owner,
                                       .name = library_text(library, entry->name),
                                       .title = library_text(library, entry->title),
                                       .versions = entry->versions,
                                       .attached = entry->attached,
                                       .made = entry->made,
                                       .position = entry->position,
                                       .wall_ns = entry->wall_ns};
    version_view(library, entry->newest, &ret_view->newest);
    return true;
}

uint32_t library_document_next(const struct library *library, uint32_t tenant, uint32_t after)
{
    const struct tenant_entry *of = library_tenant_find(library, tenant);
    if (of == NULL)
        return DOCUMENT_NONE;
    if (after == DOCUMENT_NONE)
        return of->documents_in.first;
    if (!document_is_there(library, after) || document_read(library, after)->head.owner != tenant)
        return DOCUMENT_NONE;
    return chain_after(&library->documents, &library_chain, after);
}

size_t library_document_versions(const struct library *library, uint32_t document,
                                 struct document_version *versions, size_t most)
{
    size_t count = 0;
    if (!document_is_there(library, document))
        return 0;
    for (uint32_t row = document_read(library, document)->newest; row != 0 && count < most;
         row = chain_after(&library->versions, &library_chain, row))
        version_view(library, row, &versions[count++]);
    return count;
}

bool library_document_version(const struct library *library, uint32_t document, uint32_t number,
                              struct document_version *ret_version)
{
    if (!document_is_there(library, document))
        return false;
    for (uint32_t row = document_read(library, document)->newest; row != 0;
         row = chain_after(&library->versions, &library_chain, row)) {
        if (version_read(library, row)->number == number) {
            version_view(library, row, ret_version);
            return true;
        }
    }
    return false;
}

size_t library_document_attached(const struct library *library, uint32_t document,
                                 struct attached *attached)
{
    size_t count = 0;
    if (!document_is_there(library, document))
        return 0;
    for (uint32_t row = document_read(library, document)->attached_first; row != 0;
         row = chain_after(&library->attached, &library_chain, row))
        library_attached_view(library, attached_read_row(library, row), &attached[count++]);
    return count;
}

size_t library_attached_to(const struct library *library, uint32_t tenant,
                           const struct attached *to, uint32_t *documents, size_t most)
{
    struct index_probe probe;
    size_t count = 0;
    if (library_tenant_find(library, tenant) == NULL)
        return 0;
    for (uint32_t at = index_first(library->targets, &probe, library_target_hash(tenant, to));
         at != INDEX_NONE && count < most; at = index_next(library->targets, &probe)) {
        const struct attached_entry *entry = attached_read_row(library, at);
        struct attached held;
        library_attached_view(library, entry, &held);
        if (held.kind == to->kind && held.number == to->number &&
            bytes_equal(held.branch, to->branch) &&
            document_read(library, entry->head.owner)->head.owner == tenant)
            documents[count++] = entry->head.owner;
    }
    return count;
}

bool library_holds(const struct library *library, const uint8_t *hash)
{
    struct index_probe probe;
    for (uint32_t at = index_first(library->hashes, &probe, library_bytes_hash(hash));
         at != INDEX_NONE; at = index_next(library->hashes, &probe)) {
        if (memcmp(version_read(library, at)->hash, hash, DOCUMENT_HASH_SIZE) == 0)
            return true;
    }
    return false;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
struct found { /* in the chains, to be what the roots say */
    uint64_t documents, versions, attached, bytes;
};

static enum err versions_rebuild(struct library *library, uint32_t document, struct found *found)
{
    const struct document_entry *entry = document_read(library, document);
    const struct roots_entry *roots = library->roots;
    uint32_t steps = 0, above = entry->versions_made, after = 0;
    for (uint32_t row = entry->newest; row != 0; steps++) {
        if (!library_pool_has(&roots->versions, &library->versions, row) ||
            steps == entry->versions)
            return ERR_CORRUPT;
        const struct version_entry *version = version_read(library, row);
        if (version->head.owner != document || version->head.links.previous != after ||
            version->number == 0 || version->number > above || version->size == 0 ||
            version->size > DOCUMENT_BYTES_MAX || document_media_type(version->media) == NULL ||
            !texts_is_valid(&library->texts, version->author, ACTOR_NAME_MAX))
            return ERR_CORRUPT;
        above = version->number - 1;
        found->bytes += version->size;
        enum err err = index_insert(library->hashes, library_bytes_hash(version->hash), row);
        if (err != OK)
            return err;
        after = row;
        row = version->head.links.next;
    }
    found->versions += steps;
    return steps > 0 && steps == entry->versions && steps <= DOCUMENT_VERSIONS_MAX ? OK
                                                                                   : ERR_CORRUPT;
}

static bool attached_is_valid(const struct library *library, const struct attached_entry *entry)
{
    if (!texts_is_valid(&library->texts, entry->branch, PATH_MAX_BYTES))
        return false;
    if (entry->kind == ATTACHED_BRANCH)
        return entry->number == 0 && entry->branch != TEXT_NONE;
    return entry->kind >= ATTACHED_TYPE && entry->kind <= ATTACHED_RULE && entry->number > 0 &&
           entry->branch == TEXT_NONE;
}

static enum err attached_rebuild(struct library *library, uint32_t document, struct found *found)
{
    const struct document_entry *entry = document_read(library, document);
    uint32_t steps = 0, before = 0;
    for (uint32_t row = entry->attached_first; row != 0; steps++) {
        if (!library_pool_has(&library->roots->attached, &library->attached, row) ||
            steps == entry->attached)
            return ERR_CORRUPT;
        const struct attached_entry *held = attached_read_row(library, row);
        struct attached view;
        if (held->head.owner != document || held->head.links.previous != before ||
            !attached_is_valid(library, held))
            return ERR_CORRUPT;
        library_attached_view(library, held, &view);
        enum err err =
            index_insert(library->targets, library_target_hash(entry->head.owner, &view), row);
        if (err != OK)
            return err;
        before = row;
        row = held->head.links.next;
    }
    found->attached += steps;
    return steps == entry->attached && steps <= DOCUMENT_ATTACHED_MAX ? OK : ERR_CORRUPT;
}

static enum err document_rebuild(struct library *library, uint32_t document, struct found *found)
{
    const struct document_entry *entry = document_read(library, document);
    if (entry->name == TEXT_NONE ||
        !texts_is_valid(&library->texts, entry->name, LIBRARY_NAME_MAX) ||
        !texts_is_valid(&library->texts, entry->title, LIBRARY_TITLE_MAX))
        return ERR_CORRUPT;
    struct bytes name = library_text(library, entry->name);
    if (library_document_find(library, entry->head.owner, name) != DOCUMENT_NONE)
        return ERR_CORRUPT;
    enum err err =
        index_insert(library->document_names, library_name_hash(entry->head.owner, name), document);
    if (err == OK)
        err = versions_rebuild(library, document, found);
    return err == OK ? attached_rebuild(library, document, found) : err;
}

static enum err tenant_rebuild(struct library *library, uint32_t tenant, struct found *all)
{
    const struct tenant_entry *of = state_read(&library->tenants, tenant);
    struct found found = {0};
    if (!chain_is_valid(&library->documents, &library_chain, &of->documents_in, of->documents,
                        library->roots->documents.highest + 1))
        return ERR_CORRUPT;
    for (uint32_t row = of->documents_in.first; row != 0;
         row = chain_after(&library->documents, &library_chain, row)) {
        if (document_read(library, row)->head.owner != tenant)
            return ERR_CORRUPT;
        enum err err = document_rebuild(library, row, &found);
        if (err != OK)
            return err;
        found.documents++;
    }
    if (found.versions != of->versions || found.attached != of->attached ||
        found.bytes != of->bytes)
        return ERR_CORRUPT;
    all->documents += found.documents;
    all->versions += found.versions;
    all->attached += found.attached;
    all->bytes += found.bytes;
    return OK;
}

/* Each live row is in one chain of its owner: as many as there are, each once. */
enum err library_documents_rebuild(struct library *library)
{
    const struct roots_entry *roots = library->roots;
    struct found all = {0};
    enum err err = OK;
    if (!library_pool_is_valid(&roots->documents, &library->documents) ||
        !library_pool_is_valid(&roots->versions, &library->versions) ||
        !library_pool_is_valid(&roots->attached, &library->attached))
        return ERR_CORRUPT;
    for (uint32_t tenant = 1; err == OK && tenant <= roots->tenants; tenant++)
        err = tenant_rebuild(library, tenant, &all);
    if (err == OK &&
        (all.documents != roots->documents.live || all.versions != roots->versions.live ||
         all.attached != roots->attached.live || all.bytes != roots->bytes))
        err = ERR_CORRUPT;
    return err;
}
