/* Roles: rights under a name. The built-in ones stand in the program and are the same everywhere;
 * those of a tenant lie in rows that are used again. */
#include "model/access/tables.h"

#include <string.h>

#define RULE_HEAD 6u /* bytes before a rule's pattern: rights (4), size (2) */

/* ---- the built-in ones -------------------------------------------------------------------------
 */
struct builtin_role {
    const char *name, *title;
    uint32_t rights, tenant_rights, server_rights;
};
#define BUILTIN_ROLE(name, title, rights, tenant_rights, server_rights)                            \
    {name, title, rights, tenant_rights, server_rights},
static const struct builtin_role builtin_roles[] = {BUILTIN_ROLES(BUILTIN_ROLE)};
#define BUILTINS ((uint32_t)ARRAY_COUNT(builtin_roles))
#define BUILTIN_DEVICE (BUILTINS - 2)
#define BUILTIN_HOST (BUILTINS - 1)
/* Below a level of their own: a name must not be able to mean somebody else's branch. */
static const char *const device_patterns[] = {"devices/%c/#", "devices/%u/#"};
_Static_assert(ARRAY_COUNT(device_patterns) <= ACCESS_RIGHTS_MAX, "they fit a view");

/* Of a tenant: host is of main alone, and the last. */
static uint32_t builtins_of(uint32_t tenant)
{
    return tenant == TENANT_MAIN ? BUILTINS : BUILTINS - 1;
}

static void view_add(struct role_view *view, struct bytes pattern, uint32_t rights)
{
    if (rights != 0)
        view->rights[view->right_count++] = (struct right_view){pattern, rights};
}

static void builtin_view(uint32_t tenant, uint32_t index, struct role_view *view)
{
    const struct builtin_role *role = &builtin_roles[index];
    *view = (struct role_view){.tenant = tenant,
                               .builtin = true,
                               .name = bytes_text(role->name),
                               .title = bytes_text(role->title)};
    view_add(view, bytes_text("#"), role->rights);
    view_add(view, bytes_text("$tenant/#"), role->tenant_rights);
    view_add(view, bytes_text("$server/#"), role->server_rights);
    for (size_t i = 0; index == BUILTIN_DEVICE && i < ARRAY_COUNT(device_patterns); i++)
        view_add(view, bytes_text(device_patterns[i]), RIGHT_SEE | RIGHT_WRITE);
}

static uint32_t builtin_find(struct bytes name)
{
    for (uint32_t i = 0; i < BUILTINS; i++)
        if (bytes_equal(bytes_text(builtin_roles[i].name), name))
            return ROLE_BUILTIN + i;
    return ROLE_NONE;
}

/* ---- a tenant's own ----------------------------------------------------------------------------
 */
static const struct role_entry *role_at(const struct access_model *model, uint32_t row)
{
    return state_read(&model->roles, row);
}

static const struct chain roles_of_tenant = {.links_at = offsetof(struct role_entry, links)};

static uint32_t role_find(const struct access_model *model, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = kind_hash(HASH_ROLE, tenant, name);
    for (uint32_t at = index_first(model->role_names, &probe, hash); at != INDEX_NONE;
         at = index_next(model->role_names, &probe)) {
        const struct role_entry *entry = role_at(model, at);
        if (entry->tenant == tenant && bytes_equal(texts_get(&model->texts, entry->name), name))
            return at;
    }
    return ROLE_NONE;
}

/* The rule that begins there; moves *offset. */
static bool rule_next(struct bytes rules, size_t *offset, struct right_view *ret_right)
{
    if (rules.size - *offset < RULE_HEAD)
        return false;
    const uint8_t *at = rules.at + *offset;
    size_t size = load_u16(at + 4);
    if (size > rules.size - *offset - RULE_HEAD)
        return false;
    *ret_right = (struct right_view){bytes_of(at + RULE_HEAD, size), load_u32(at)};
    *offset += RULE_HEAD + size;
    return true;
}

static void row_view(const struct access_model *model, uint32_t row, struct role_view *view)
{
    const struct role_entry *entry = role_at(model, row);
    struct bytes rules = texts_get(&model->texts, entry->rules);
    size_t offset = 0;
    *view = (struct role_view){.tenant = entry->tenant,
                               .name = texts_get(&model->texts, entry->name),
                               .title = texts_get(&model->texts, entry->title),
                               .position = entry->position};
    while (view->right_count < entry->rule_count &&
           rule_next(rules, &offset, &view->rights[view->right_count]))
        view->right_count++;
}

bool access_role_find(const struct access_model *model, uint32_t tenant, struct bytes name,
                      struct role_view *ret_view)
{
    uint32_t role = access_role_reference(model, tenant, name);
    if (role == ROLE_NONE)
        return false;
    if (role >= ROLE_BUILTIN)
        builtin_view(tenant, role - ROLE_BUILTIN, ret_view);
    else
        row_view(model, role, ret_view);
    return true;
}

bool access_role_at(const struct access_model *model, uint32_t tenant, uint32_t index,
                    struct role_view *ret_view)
{
    if (!access_tenant_is_live(model, tenant))
        return false;
    uint32_t builtins = builtins_of(tenant);
    if (index < builtins) {
        builtin_view(tenant, index, ret_view);
        return true;
    }
    uint32_t row = access_tenant_at(model, tenant)->roles_in.first;
    for (uint32_t i = builtins; row != 0 && i < index; i++)
        row = chain_after(&model->roles, &roles_of_tenant, row);
    if (row == 0)
        return false;
    row_view(model, row, ret_view);
    return true;
}

/* ---- references --------------------------------------------------------------------------------
 */
uint32_t access_role_reference(const struct access_model *model, uint32_t tenant, struct bytes name)
{
    if (!access_tenant_is_live(model, tenant))
        return ROLE_NONE;
    uint32_t builtin = builtin_find(name);
    if (builtin != ROLE_NONE)
        return builtin - ROLE_BUILTIN < builtins_of(tenant) ? builtin : ROLE_NONE;
    return role_find(model, tenant, name);
}

struct bytes access_role_name(const struct access_model *model, uint32_t reference)
{
    if (reference >= ROLE_BUILTIN)
        return bytes_text(builtin_roles[reference - ROLE_BUILTIN].name);
    return reference == ROLE_NONE ? bytes_of("", 0)
                                  : texts_get(&model->texts, role_at(model, reference)->name);
}

bool access_role_is_host(uint32_t reference)
{
    return reference == ROLE_BUILTIN + BUILTIN_HOST;
}

void access_role_hold(struct access_model *model, uint32_t reference)
{
    if (reference != ROLE_NONE && reference < ROLE_BUILTIN)
        ((struct role_entry *)state_write(&model->roles, reference))->holders++;
}

void access_role_release(struct access_model *model, uint32_t reference)
{
    if (reference != ROLE_NONE && reference < ROLE_BUILTIN)
        ((struct role_entry *)state_write(&model->roles, reference))->holders--;
}

bool access_role_is_valid(const struct access_model *model, uint32_t tenant, uint32_t reference)
{
    if (reference >= ROLE_BUILTIN)
        return reference - ROLE_BUILTIN < builtins_of(tenant);
    return reference != ROLE_NONE && reference <= model->roots->roles &&
           role_at(model, reference)->tenant == tenant;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
/* All rules as one text into at[TEXTS_BYTES_MAX]. */
static struct bytes rules_join(const struct command_access *access, uint8_t *at)
{
    size_t size = 0;
    for (unsigned i = 0; i < access->rule_count; i++) {
        struct bytes pattern = access->rules[i].pattern;
        store_u32(at + size, access->rules[i].rights);
        store_u16(at + size + 4, (uint16_t)pattern.size);
        memcpy(at + size + RULE_HEAD, pattern.at, pattern.size);
        size += RULE_HEAD + pattern.size;
    }
    return bytes_of(at, size);
}
_Static_assert(ACCESS_RIGHTS_MAX *(RULE_HEAD + ACCESS_PATTERN_MAX) <= TEXTS_BYTES_MAX,
               "the rules of a role are one text");

static bool rules_are_good(const struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    if (access->rule_count == 0 || access->rule_count > model->limits.rights_max)
        return false;
    for (unsigned i = 0; i < access->rule_count; i++) {
        const struct access_rule *rule = &access->rules[i];
        if (rule->rights == 0 || (rule->rights & ~(uint32_t)RIGHT_ALL) != 0 ||
            !access_pattern_is_good(rule->pattern, of->command->tenant))
            return false;
    }
    return true;
}

static enum outcome_code role_judge(const struct access_model *model, const struct access_order *of,
                                    uint32_t row, size_t rules_size)
{
    const struct command_access *access = of->access;
    if (!access_words_are_good(access->title, ACCESS_TITLE_MAX))
        return OUTCOME_TEXT_INVALID;
    if (!rules_are_good(model, of))
        return OUTCOME_ACCESS_INVALID;
    bool full = row == ROLE_NONE &&
                access_tenant_at(model, of->command->tenant)->roles >= model->limits.roles_max;
    uint64_t bytes = (uint64_t)texts_cost(access->name.size) + texts_cost(access->title.size) +
                     texts_cost(rules_size);
    return full || !access_texts_fit(model, bytes) ? OUTCOME_ACCESS_FULL : OUTCOME_DONE;
}

static enum err role_make(struct access_model *model, const struct access_order *of,
                          uint32_t *ret_row)
{
    uint32_t tenant = of->command->tenant, row = model->roots->roles_free;
    struct roots_entry *roots = roots_write(model);
    if (row != 0) {
        roots->roles_free = role_at(model, row)->links.next;
    } else {
        enum err err = state_table_grow(&model->roles, roots->roles + 2);
        if (err != OK)
            return err;
        row = ++roots->roles;
    }
    struct role_entry *entry = state_write(&model->roles, row);
    struct tenant_entry *in = access_tenant_write(model, tenant);
    *entry = (struct role_entry){.tenant = tenant};
    enum err err = access_text_set(model, &entry->name, of->access->name);
    if (err != OK)
        return err;
    chain_put(&model->roles, &roles_of_tenant, &in->roles_in, row);
    in->roles++;
    *ret_row = row;
    return index_insert(model->role_names, kind_hash(HASH_ROLE, tenant, of->access->name), row);
}

static enum err role_set(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint8_t joined[TEXTS_BYTES_MAX];
    if (!access_name_is_good(access->name))
        return order_refuse(of, OUTCOME_NAME_INVALID);
    if (builtin_find(access->name) != ROLE_NONE)
        return order_refuse(of, OUTCOME_NAME_TAKEN);
    struct bytes rules = bytes_of(joined, 0);
    uint32_t row = role_find(model, of->command->tenant, access->name);
    if (access->rule_count <= ACCESS_RIGHTS_MAX && rules_are_good(model, of))
        rules = rules_join(access, joined);
    enum outcome_code code = role_judge(model, of, row, rules.size);
    if (code != OUTCOME_DONE)
        return order_refuse(of, code);
    enum err err = row == ROLE_NONE ? role_make(model, of, &row) : OK;
    if (err != OK)
        return err;
    struct role_entry *entry = state_write(&model->roles, row);
    entry->position = of->stamp->position;
    entry->rule_count = (uint8_t)access->rule_count;
    err = access_text_set(model, &entry->title, access->title);
    return err == OK ? access_text_set(model, &entry->rules, rules) : err;
}

static enum err role_remove(struct access_model *model, const struct access_order *of)
{
    uint32_t tenant = of->command->tenant;
    if (builtin_find(of->access->name) != ROLE_NONE)
        return order_refuse(of, OUTCOME_NAME_TAKEN);
    uint32_t row = role_find(model, tenant, of->access->name);
    if (row == ROLE_NONE)
        return order_refuse(of, OUTCOME_UNKNOWN_ROLE);
    if (role_at(model, row)->holders > 0)
        return order_refuse(of, OUTCOME_ROLE_IN_USE);
    struct role_entry *entry = state_write(&model->roles, row);
    struct tenant_entry *in = access_tenant_write(model, tenant);
    const struct bytes none = bytes_of("", 0);
    enum err err =
        index_remove(model->role_names, kind_hash(HASH_ROLE, tenant, of->access->name), row);
    if (err == OK)
        err = access_text_set(model, &entry->name, none);
    if (err == OK)
        err = access_text_set(model, &entry->title, none);
    if (err == OK)
        err = access_text_set(model, &entry->rules, none);
    if (err != OK)
        return err;
    chain_take(&model->roles, &roles_of_tenant, &in->roles_in, row);
    in->roles--;
    struct roots_entry *roots = roots_write(model);
    *entry = (struct role_entry){.links.next = roots->roles_free};
    roots->roles_free = row;
    return OK;
}

enum err access_apply_role(struct access_model *model, const struct access_order *of)
{
    return of->command->kind == COMMAND_ROLE_SET ? role_set(model, of) : role_remove(model, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool rules_are_whole(const struct access_model *model, const struct role_entry *entry)
{
    struct bytes rules = texts_get(&model->texts, entry->rules);
    struct right_view right;
    size_t offset = 0;
    for (unsigned i = 0; i < entry->rule_count; i++)
        if (!rule_next(rules, &offset, &right) || right.rights == 0 ||
            (right.rights & ~(uint32_t)RIGHT_ALL) != 0 ||
            !access_pattern_is_good(right.pattern, entry->tenant))
            return false;
    return entry->rule_count > 0 && entry->rule_count <= ACCESS_RIGHTS_MAX && offset == rules.size;
}

static enum err role_rebuild(struct access_model *model, uint32_t row)
{
    const struct role_entry *entry = role_at(model, row);
    if (entry->tenant > access_tenants(model) ||
        !texts_is_valid(&model->texts, entry->name, ACCESS_NAME_MAX) ||
        !texts_is_valid(&model->texts, entry->title, ACCESS_TITLE_MAX) ||
        !texts_is_valid(&model->texts, entry->rules, TEXTS_BYTES_MAX))
        return ERR_CORRUPT;
    struct bytes name = texts_get(&model->texts, entry->name);
    if (!access_name_is_good(name) || !rules_are_whole(model, entry) ||
        builtin_find(name) != ROLE_NONE || role_find(model, entry->tenant, name) != ROLE_NONE)
        return ERR_CORRUPT;
    return index_insert(model->role_names, kind_hash(HASH_ROLE, entry->tenant, name), row);
}

/* Free rows are linked, and as many as are no role. */
static bool free_rows_are_valid(const struct access_model *model, uint32_t count)
{
    const struct roots_entry *roots = model->roots;
    uint32_t row = roots->roles_free;
    for (uint32_t i = 0; i < count; i++) {
        if (row == 0 || row > roots->roles || role_at(model, row)->tenant != TENANT_NONE)
            return false;
        row = role_at(model, row)->links.next;
    }
    return row == 0;
}

enum err access_roles_rebuild(struct access_model *model)
{
    const struct roots_entry *roots = model->roots;
    if (roots->roles >= ROLE_BUILTIN - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&model->roles, roots->roles + 2);
    uint32_t free_rows = 0, chained = 0;
    for (uint32_t row = 1; err == OK && row <= roots->roles; row++) {
        bool is_free = role_at(model, row)->tenant == TENANT_NONE;
        free_rows += is_free;
        if (!is_free)
            err = role_rebuild(model, row);
    }
    if (err != OK)
        return err;
    for (uint32_t tenant = TENANT_MAIN; tenant <= access_tenants(model); tenant++) {
        const struct tenant_entry *in = access_tenant_at(model, tenant);
        if (!chain_is_valid(&model->roles, &roles_of_tenant, &in->roles_in, in->roles,
                            roots->roles + 1))
            return ERR_CORRUPT;
        for (uint32_t row = in->roles_in.first; row != 0;
             row = chain_after(&model->roles, &roles_of_tenant, row))
            if (role_at(model, row)->tenant != tenant)
                return ERR_CORRUPT;
        chained += in->roles;
    }
    return chained == roots->roles - free_rows && free_rows_are_valid(model, free_rows)
               ? OK
               : ERR_CORRUPT;
}

enum err access_roles_compare(const struct access_model *model, const uint32_t *holders)
{
    for (uint32_t row = 1; row <= model->roots->roles; row++)
        if (role_at(model, row)->holders != holders[row])
            return ERR_CORRUPT;
    return OK;
}
