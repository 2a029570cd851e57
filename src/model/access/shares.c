/* Shares: what a tenant lets another see. One that ended stays in its row, and out of both chains.
 */
#include "model/access/tables.h"

#include <string.h>

#define PATTERN_HEAD 2u /* bytes before a pattern: its size */

static const struct share_entry *share_at(const struct access_model *model, uint32_t share)
{
    return state_read(&model->shares, share);
}

static const struct chain given_by = {.links_at = offsetof(struct share_entry, given),
                                      .keeps = true};
static const struct chain taken_by = {.links_at = offsetof(struct share_entry, taken),
                                      .keeps = true};

static bool pattern_next(struct bytes patterns, size_t *offset, struct bytes *ret_pattern)
{
    if (patterns.size - *offset < PATTERN_HEAD)
        return false;
    size_t size = load_u16(patterns.at + *offset);
    if (size > patterns.size - *offset - PATTERN_HEAD)
        return false;
    *ret_pattern = bytes_of(patterns.at + *offset + PATTERN_HEAD, size);
    *offset += PATTERN_HEAD + size;
    return true;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t access_shares(const struct access_model *model)
{
    return model->roots->shares;
}

/* With a tenant that is gone it has ended, though nobody ended it. */
static enum share_state state_of(const struct access_model *model, const struct share_entry *entry)
{
    bool both = access_tenant_is_live(model, entry->from) &&
                (entry->to == TENANT_NONE || access_tenant_is_live(model, entry->to));
    return both ? (enum share_state)entry->state : SHARE_ENDED;
}

bool access_share(const struct access_model *model, uint32_t share, struct share_view *ret_view)
{
    if (share == SHARE_NONE || share > model->roots->shares)
        return false;
    const struct share_entry *entry = share_at(model, share);
    struct bytes patterns = texts_get(&model->texts, entry->patterns);
    size_t offset = 0;
    *ret_view = (struct share_view){.share = share,
                                    .from = entry->from,
                                    .to = entry->to,
                                    .state = state_of(model, entry),
                                    .rights = entry->rights,
                                    .title = texts_get(&model->texts, entry->title),
                                    .wall_ns = entry->wall_ns,
                                    .accepted_wall_ns = entry->accepted_wall_ns,
                                    .ended_wall_ns = entry->ended_wall_ns};
    while (ret_view->pattern_count < entry->pattern_count &&
           pattern_next(patterns, &offset, &ret_view->patterns[ret_view->pattern_count]))
        ret_view->pattern_count++;
    if (entry->to == TENANT_NONE) /* the name stands behind the patterns */
        (void)pattern_next(patterns, &offset, &ret_view->to_name);
    return true;
}

/* One that ended has no place in the chains any more: what follows it is found from the beginning.
 */
static uint32_t next_in_chain(const struct access_model *model, const struct chain_ends *ends,
                              bool given, uint32_t share)
{
    const struct chain *chain = given ? &given_by : &taken_by;
    bool there = share != SHARE_NONE && share <= model->roots->shares &&
                 share_at(model, share)->state != SHARE_ENDED;
    uint32_t at = there ? chain_after(&model->shares, chain, share) : ends->first;
    while (at != SHARE_NONE && at <= share)
        at = chain_after(&model->shares, chain, at);
    return at;
}

uint32_t access_share_next(const struct access_model *model, uint32_t tenant, bool given,
                           uint32_t share)
{
    if (!access_tenant_is_live(model, tenant))
        return SHARE_NONE;
    const struct tenant_entry *in = access_tenant_at(model, tenant);
    const struct chain_ends *ends = given ? &in->given_in : &in->taken_in;
    bool of_tenant = share != SHARE_NONE && share <= model->roots->shares &&
                     (given ? share_at(model, share)->from : share_at(model, share)->to) == tenant;
    uint32_t at = of_tenant ? next_in_chain(model, ends, given, share) : ends->first;
    const struct chain *chain = given ? &given_by : &taken_by;
    while (at != SHARE_NONE && (at <= share || state_of(model, share_at(model, at)) == SHARE_ENDED))
        at = chain_after(&model->shares, chain, at);
    return at;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static size_t pattern_put(uint8_t *at, size_t size, struct bytes pattern)
{
    store_u16(at + size, (uint16_t)pattern.size);
    memcpy(at + size + PATTERN_HEAD, pattern.at, pattern.size);
    return size + PATTERN_HEAD + pattern.size;
}

#define JOINED_MAX                                                                                 \
    (SHARE_PATTERNS_MAX * (PATTERN_HEAD + ACCESS_PATTERN_MAX) + PATTERN_HEAD +                     \
     ACCESS_TENANT_NAME_MAX)
_Static_assert(JOINED_MAX <= TEXTS_BYTES_MAX, "the patterns of a share are one text");
/* The patterns, and behind them the name when the offer is to one. */
static struct bytes patterns_join(const struct command_access *access, bool to_name, uint8_t *at)
{
    size_t size = 0;
    for (unsigned i = 0; i < access->pattern_count; i++)
        size = pattern_put(at, size, access->patterns[i]);
    if (to_name)
        size = pattern_put(at, size, access->name);
    return bytes_of(at, size);
}

static bool rights_are_good(uint32_t rights)
{
    return rights == RIGHT_SEE || rights == (RIGHT_SEE | RIGHT_ACKNOWLEDGE);
}

/* The tenant it is for. From rules 2 on a name that none has stands as such: TENANT_NONE. A name
 * that one got meanwhile is its. */
static bool offer_resolve(const struct access_model *model, const struct command_access *access,
                          uint32_t *ret_to)
{
    *ret_to = access->other;
    if (access->other != SHARE_TO_NAME || !rules_hold(model, ACCESS_RULES_2))
        return access_tenant_is_live(model, access->other);
    *ret_to = access_tenant_find(model, access->name);
    return true;
}

/* By rules 2 whoever gives fills his own share alone: how many the other has says nothing to him,
 * and he cannot fill it. */
static bool offers_are_full(const struct access_model *model, uint32_t giver, uint32_t other,
                            struct bytes to_name)
{
    const struct tenant_entry *from = access_tenant_at(model, giver);
    uint32_t standing = 0;
    if (!rules_hold(model, ACCESS_RULES_2)) {
        const struct tenant_entry *to = access_tenant_at(model, other);
        return from->shares_given + from->shares_taken >= model->limits.shares_max ||
               to->shares_given + to->shares_taken >= model->limits.shares_max;
    }
    if (from->shares_given >= model->limits.gives_max)
        return true;
    for (uint32_t at = from->given_in.first;
         at != SHARE_NONE && standing < model->limits.offers_max;
         at = chain_after(&model->shares, &given_by, at)) {
        struct share_view view;
        standing += access_share(model, at, &view) && view.to == other &&
                    (other != TENANT_NONE || bytes_equal(view.to_name, to_name));
    }
    return standing >= model->limits.offers_max;
}

static enum outcome_code offer_judge(const struct access_model *model,
                                     const struct access_order *of, uint32_t *ret_to,
                                     struct bytes *ret_patterns, uint8_t *joined)
{
    const struct command_access *access = of->access;
    if (!offer_resolve(model, access, ret_to))
        return OUTCOME_UNKNOWN_TENANT;
    if (*ret_to == TENANT_NONE && !access_tenant_name_is_good(access->name))
        return OUTCOME_NAME_INVALID;
    if (*ret_to == of->command->tenant || !rights_are_good(access->rights) ||
        access->pattern_count == 0 || access->pattern_count > SHARE_PATTERNS_MAX)
        return OUTCOME_ACCESS_INVALID;
    for (unsigned i = 0; i < access->pattern_count; i++)
        if (!access_points_pattern_is_good(access->patterns[i]))
            return OUTCOME_ACCESS_INVALID;
    if (!access_words_are_good(access->title, ACCESS_TITLE_MAX))
        return OUTCOME_TEXT_INVALID;
    *ret_patterns = patterns_join(access, *ret_to == TENANT_NONE, joined);
    bool full = offers_are_full(model, of->command->tenant, *ret_to, access->name) ||
                model->roots->shares >= UINT32_MAX - 2;
    uint64_t bytes = (uint64_t)texts_cost(ret_patterns->size) + texts_cost(access->title.size);
    return full || !access_texts_fit(model, bytes) ? OUTCOME_ACCESS_FULL : OUTCOME_DONE;
}

static enum err share_offer(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint8_t joined[JOINED_MAX];
    struct bytes patterns;
    uint32_t to_tenant;
    enum outcome_code code = offer_judge(model, of, &to_tenant, &patterns, joined);
    if (code != OUTCOME_DONE)
        return order_refuse(of, code);
    uint32_t share = model->roots->shares + 1;
    enum err err = state_table_grow(&model->shares, share + 1);
    if (err != OK)
        return err;
    roots_write(model)->shares = share;
    struct share_entry *entry = state_write(&model->shares, share);
    struct tenant_entry *from = access_tenant_write(model, of->command->tenant);
    *entry = (struct share_entry){.wall_ns = of->stamp->wall_ns,
                                  .from = of->command->tenant,
                                  .to = to_tenant,
                                  .rights = access->rights,
                                  .state = SHARE_OFFERED,
                                  .pattern_count = (uint8_t)access->pattern_count};
    chain_put(&model->shares, &given_by, &from->given_in, share);
    from->shares_given++;
    if (to_tenant != TENANT_NONE) {
        struct tenant_entry *to = access_tenant_write(model, to_tenant);
        chain_put(&model->shares, &taken_by, &to->taken_in, share);
        to->shares_taken++;
    }
    of->outcome->number = share;
    err = access_text_set(model, &entry->patterns, patterns);
    return err == OK ? access_text_set(model, &entry->title, access->title) : err;
}

static bool share_is_there(const struct access_model *model, uint32_t share)
{
    return share != SHARE_NONE && share <= model->roots->shares;
}

static enum err share_accept(struct access_model *model, const struct access_order *of)
{
    uint32_t share = of->access->number;
    if (!share_is_there(model, share) || share_at(model, share)->to != of->command->tenant ||
        state_of(model, share_at(model, share)) != SHARE_OFFERED)
        return order_refuse(of, OUTCOME_UNKNOWN_SHARE);
    struct share_entry *entry = state_write(&model->shares, share);
    entry->state = SHARE_ACTIVE;
    entry->accepted_wall_ns = of->stamp->wall_ns;
    of->outcome->number = share;
    return OK;
}

void access_share_drop(struct access_model *model, uint32_t share, int64_t wall_ns)
{
    struct share_entry *entry = state_write(&model->shares, share);
    struct tenant_entry *from = access_tenant_write(model, entry->from);
    entry->state = SHARE_ENDED;
    entry->ended_wall_ns = wall_ns;
    chain_take(&model->shares, &given_by, &from->given_in, share);
    from->shares_given--;
    if (entry->to != TENANT_NONE) {
        struct tenant_entry *to = access_tenant_write(model, entry->to);
        chain_take(&model->shares, &taken_by, &to->taken_in, share);
        to->shares_taken--;
    }
}

static enum err share_end(struct access_model *model, const struct access_order *of)
{
    uint32_t share = of->access->number, tenant = of->command->tenant;
    if (!share_is_there(model, share) || state_of(model, share_at(model, share)) == SHARE_ENDED ||
        (share_at(model, share)->from != tenant && share_at(model, share)->to != tenant))
        return order_refuse(of, OUTCOME_UNKNOWN_SHARE);
    access_share_drop(model, share, of->stamp->wall_ns);
    of->outcome->number = share;
    return OK;
}

enum err access_apply_share(struct access_model *model, const struct access_order *of)
{
    switch (of->command->kind) {
    case COMMAND_SHARE_OFFER:
        return share_offer(model, of);
    case COMMAND_SHARE_ACCEPT:
        return share_accept(model, of);
    default:
        return share_end(model, of);
    }
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool patterns_are_whole(const struct access_model *model, const struct share_entry *entry)
{
    struct bytes patterns = texts_get(&model->texts, entry->patterns), pattern;
    size_t offset = 0;
    for (unsigned i = 0; i < entry->pattern_count; i++)
        if (!pattern_next(patterns, &offset, &pattern) || !access_points_pattern_is_good(pattern))
            return false;
    if (entry->to == TENANT_NONE &&
        (!pattern_next(patterns, &offset, &pattern) || !access_tenant_name_is_good(pattern)))
        return false;
    return entry->pattern_count > 0 && entry->pattern_count <= SHARE_PATTERNS_MAX &&
           offset == patterns.size;
}

static bool share_is_valid(const struct access_model *model, uint32_t share)
{
    const struct share_entry *entry = share_at(model, share);
    uint32_t tenants = access_tenants(model);
    return entry->from >= TENANT_MAIN && entry->from <= tenants && entry->to <= tenants &&
           entry->from != entry->to && entry->state >= SHARE_OFFERED &&
           entry->state <= SHARE_ENDED &&
           (entry->to != TENANT_NONE || entry->state != SHARE_ACTIVE) &&
           rights_are_good(entry->rights) &&
           texts_is_valid(&model->texts, entry->patterns, TEXTS_BYTES_MAX) &&
           texts_is_valid(&model->texts, entry->title, ACCESS_TITLE_MAX) &&
           patterns_are_whole(model, entry);
}

static bool chain_agrees(const struct access_model *model, uint32_t tenant, bool given)
{
    const struct tenant_entry *in = access_tenant_at(model, tenant);
    const struct chain *chain = given ? &given_by : &taken_by;
    const struct chain_ends *ends = given ? &in->given_in : &in->taken_in;
    uint32_t count = given ? in->shares_given : in->shares_taken, before = 0;
    if (!chain_is_valid(&model->shares, chain, ends, count, model->roots->shares + 1))
        return false;
    for (uint32_t at = ends->first; at != SHARE_NONE; at = chain_after(&model->shares, chain, at)) {
        const struct share_entry *entry = share_at(model, at);
        if ((given ? entry->from : entry->to) != tenant || entry->state == SHARE_ENDED ||
            at <= before)
            return false;
        before = at;
    }
    return true;
}

enum err access_shares_rebuild(struct access_model *model)
{
    uint32_t shares = model->roots->shares;
    uint64_t standing = 0, unnamed = 0, given = 0, taken = 0;
    if (shares > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&model->shares, shares + 1);
    if (err != OK)
        return err;
    for (uint32_t share = 1; share <= shares; share++) {
        if (!share_is_valid(model, share))
            return ERR_CORRUPT;
        standing += share_at(model, share)->state != SHARE_ENDED;
        unnamed += share_at(model, share)->state != SHARE_ENDED &&
                   share_at(model, share)->to == TENANT_NONE;
    }
    for (uint32_t tenant = TENANT_MAIN; tenant <= access_tenants(model); tenant++) {
        if (!chain_agrees(model, tenant, true) || !chain_agrees(model, tenant, false))
            return ERR_CORRUPT;
        given += access_tenant_at(model, tenant)->shares_given;
        taken += access_tenant_at(model, tenant)->shares_taken;
    }
    return given == standing && taken + unnamed == standing ? OK : ERR_CORRUPT;
}
