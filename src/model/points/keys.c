/* Idempotency: what was asked before is answered as before, and not run again.
 *
 * A client with a sequence costs one row for ever. Free keys stand in a queue in the order they
 * came; those older than key_keep_ns leave at its head, some with each new key, so that no command
 * pays for many. A key that left is too old to be run again: it is refused by its own time stamp.
 */
#include "model/points/tables.h"

/* What was said the first time, of the point or of the number that it was about. */
static void outcome_recall(struct outcome *outcome, uint8_t code, uint8_t of, uint32_t about)
{
    outcome->code = OUTCOME_REPEATED;
    outcome->first_code = (enum outcome_code)code;
    outcome->point = of == KEY_OF_POINT ? about : POINT_NONE;
    outcome->number = of == KEY_OF_NUMBER ? about : 0;
}

#define KEYS_DROPPED_MAX 16 /* with each new key; one is added, so the queue shrinks */

static uint32_t client_find(const struct points *points, const struct command *command,
                            uint64_t hash)
{
    struct index_probe probe;
    for (uint32_t at = index_first(points->client_index, &probe, hash); at != INDEX_NONE;
         at = index_next(points->client_index, &probe)) {
        const struct client_entry *entry = state_read(&points->clients, at);
        if (entry->tenant == command->tenant &&
            bytes_equal(texts_get(&points->texts, entry->client), command->client))
            return at;
    }
    return 0;
}

static enum err client_add(struct points *points, const struct command *command, uint64_t hash,
                           uint32_t *ret_at)
{
    uint32_t at = points->counters->clients + 1;
    uint32_t text = TEXT_NONE;
    enum err err = state_table_grow(&points->clients, at + 1);
    if (err == OK)
        err = texts_set(&points->texts, &text, command->client);
    if (err == OK)
        err = index_insert(points->client_index, hash, at);
    if (err != OK)
        return err;
    *(struct client_entry *)state_write(&points->clients, at) =
        (struct client_entry){.tenant = command->tenant, .client = text};
    counters_write(points)->clients = at;
    *ret_at = at;
    return OK;
}

static enum err claim_sequence(struct points *points, const struct command *command,
                               struct key_claim *claim, struct outcome *outcome, bool *ret_run)
{
    uint64_t hash = kind_hash(HASH_CLIENT, command->tenant, command->client);
    claim->at = client_find(points, command, hash);
    if (claim->at != 0) {
        const struct client_entry *entry = state_read(&points->clients, claim->at);
        if (command->sequence > entry->sequence) {
            *ret_run = true;
        } else if (command->sequence < entry->sequence) {
            outcome->code = OUTCOME_SEQUENCE_OLD;
        } else {
            outcome_recall(outcome, entry->code, entry->of, entry->point);
        }
        return OK;
    }
    if (points->counters->clients >= points->limits.clients_max) {
        outcome->code = OUTCOME_LIMIT;
        return OK;
    }
    *ret_run = true;
    return client_add(points, command, hash, &claim->at);
}

/* ---- free keys
 * ---------------------------------------------------------------------------------------- */

/* Is `at` more than `keep` before `wall`? Unsigned, so that no pair of stamps overflows. */
static bool is_older(int64_t at, int64_t wall, int64_t keep)
{
    return at < wall && (uint64_t)wall - (uint64_t)at > (uint64_t)keep;
}

static uint32_t key_find(const struct points *points, const struct command *command, uint64_t hash)
{
    struct index_probe probe;
    for (uint32_t at = index_first(points->key_index, &probe, hash); at != INDEX_NONE;
         at = index_next(points->key_index, &probe)) {
        const struct key_entry *entry = state_read(&points->keys, at);
        if (entry->tenant == command->tenant &&
            bytes_equal(texts_get(&points->texts, entry->key), command->key))
            return at;
    }
    return 0;
}

/* The oldest key leaves the queue; its row goes to the free list. */
static enum err key_drop(struct points *points)
{
    struct counters_entry *counters = counters_write(points);
    uint32_t at = counters->keys_first;
    struct key_entry *entry = state_write(&points->keys, at);
    uint64_t hash = kind_hash(HASH_KEY, entry->tenant, texts_get(&points->texts, entry->key));
    enum err err = index_remove(points->key_index, hash, at);
    if (err != OK)
        return err;
    texts_free(&points->texts, entry->key);
    counters->keys--;
    counters->keys_first = entry->next;
    if (counters->keys_first == 0)
        counters->keys_last = 0;
    *entry = (struct key_entry){.next = counters->keys_free};
    counters->keys_free = at;
    return OK;
}

static enum err keys_drop_old(struct points *points, int64_t wall_ns)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < KEYS_DROPPED_MAX && points->counters->keys > 0; i++) {
        const struct key_entry *oldest = state_read(&points->keys, points->counters->keys_first);
        if (!is_older(oldest->wall_ns, wall_ns, points->limits.key_keep_ns))
            return OK;
        err = key_drop(points);
    }
    return err;
}

static enum err key_add(struct points *points, const struct command *command, int64_t wall_ns,
                        uint64_t hash, uint32_t *ret_at)
{
    struct counters_entry *counters = counters_write(points);
    uint32_t at = counters->keys_free, text = TEXT_NONE;
    enum err err = OK;
    if (at == 0)
        err = state_table_grow(&points->keys, counters->keys_made + 2);
    if (err == OK)
        err = texts_set(&points->texts, &text, command->key);
    if (err != OK)
        return err;
    if (at == 0)
        at = ++counters->keys_made;
    struct key_entry *entry = state_write(&points->keys, at);
    if (counters->keys_free == at)
        counters->keys_free = entry->next;
    *entry = (struct key_entry){.tenant = command->tenant, .key = text, .wall_ns = wall_ns};
    if (counters->keys_last != 0)
        ((struct key_entry *)state_write(&points->keys, counters->keys_last))->next = at;
    else
        counters->keys_first = at;
    counters->keys_last = at;
    counters->keys++;
    *ret_at = at;
    return index_insert(points->key_index, hash, at);
}

static enum err claim_free(struct points *points, const struct command *command,
                           const struct record_stamp *stamp, struct key_claim *claim,
                           struct outcome *outcome, bool *ret_run)
{
    enum err err = keys_drop_old(points, stamp->wall_ns);
    if (err != OK)
        return err;
    uint64_t hash = kind_hash(HASH_KEY, command->tenant, command->key);
    claim->at = key_find(points, command, hash);
    if (claim->at != 0) {
        const struct key_entry *entry = state_read(&points->keys, claim->at);
        outcome_recall(outcome, entry->code, entry->of, entry->point);
        return OK;
    }
    if (is_older(command->key_wall_ns, stamp->wall_ns, points->limits.key_keep_ns)) {
        outcome->code = OUTCOME_KEY_EXPIRED;
        return OK;
    }
    if (points->counters->keys >= points->limits.keys_max) {
        outcome->code = OUTCOME_LIMIT;
        return OK;
    }
    /* Kept until it is too old by its own stamp too, should that be ahead of the batch's. */
    int64_t wall_ns = command->key_wall_ns > stamp->wall_ns ? command->key_wall_ns : stamp->wall_ns;
    *ret_run = true;
    return key_add(points, command, wall_ns, hash, &claim->at);
}

enum err points_key_claim(struct points *points, const struct command *command,
                          const struct record_stamp *stamp, struct key_claim *ret_claim,
                          struct outcome *outcome, bool *ret_run)
{
    *ret_claim = (struct key_claim){.kind = (enum key_kind)command->key_kind};
    *ret_run = command->key_kind == KEY_NONE;
    if (*ret_run)
        return OK;
    struct bytes key = command->key_kind == KEY_SEQUENCE ? command->client : command->key;
    if (key.size == 0 || key.size > KEY_BYTES_MAX ||
        (command->key_kind == KEY_SEQUENCE && command->sequence == 0)) {
        outcome->code = OUTCOME_SETTINGS_INVALID;
        return OK;
    }
    if (command->key_kind == KEY_SEQUENCE)
        return claim_sequence(points, command, ret_claim, outcome, ret_run);
    return claim_free(points, command, stamp, ret_claim, outcome, ret_run);
}

void points_key_settle(struct points *points, const struct command *command,
                       const struct key_claim *claim, const struct outcome *outcome)
{
    bool number = command_is_of_archive(command->kind) || command_is_of_access(command->kind) ||
                  command_module(command->kind) != 0;
    uint8_t of = number ? KEY_OF_NUMBER : KEY_OF_POINT;
    uint32_t about = number ? outcome->number : outcome->point;
    if (claim->kind == KEY_SEQUENCE) {
        struct client_entry *entry = state_write(&points->clients, claim->at);
        entry->sequence = command->sequence;
        entry->point = about;
        entry->of = of;
        entry->code = (uint8_t)outcome->code;
    } else if (claim->kind == KEY_FREE) {
        struct key_entry *entry = state_write(&points->keys, claim->at);
        entry->point = about;
        entry->of = of;
        entry->code = (uint8_t)outcome->code;
    }
}

/* ---- pages from outside
 * ------------------------------------------------------------------------------- */

static enum err clients_rebuild(struct points *points)
{
    uint32_t count = points->counters->clients;
    if (count == UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&points->clients, count + 1);
    for (uint32_t at = 1; err == OK && at <= count; at++) {
        const struct client_entry *entry = state_read(&points->clients, at);
        if (entry->client == TEXT_NONE ||
            !texts_is_valid(&points->texts, entry->client, TEXTS_BYTES_MAX) ||
            entry->code >= OUTCOME_COUNT || entry->of >= KEY_OFS)
            return ERR_CORRUPT;
        struct bytes client = texts_get(&points->texts, entry->client);
        err = index_insert(points->client_index, kind_hash(HASH_CLIENT, entry->tenant, client), at);
    }
    return err;
}

static enum err keys_queue_rebuild(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    uint32_t at = counters->keys_first, last = 0;
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < counters->keys; i++) {
        if (at == 0 || at > counters->keys_made)
            return ERR_CORRUPT;
        const struct key_entry *entry = state_read(&points->keys, at);
        if (entry->key == TEXT_NONE ||
            !texts_is_valid(&points->texts, entry->key, TEXTS_BYTES_MAX) ||
            entry->code >= OUTCOME_COUNT || entry->of >= KEY_OFS)
            return ERR_CORRUPT;
        struct bytes key = texts_get(&points->texts, entry->key);
        err = index_insert(points->key_index, kind_hash(HASH_KEY, entry->tenant, key), at);
        last = at;
        at = entry->next;
    }
    return err == OK && (at != 0 || last != counters->keys_last) ? ERR_CORRUPT : err;
}

enum err keys_rebuild(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    if (counters->keys > counters->keys_made || counters->keys_made > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&points->keys, counters->keys_made + 2);
    if (err != OK)
        return err;
    uint32_t at = counters->keys_free;
    for (uint32_t i = counters->keys; i < counters->keys_made; i++) {
        const struct key_entry *entry =
            at == 0 || at > counters->keys_made ? NULL : state_read(&points->keys, at);
        if (entry == NULL || entry->key != TEXT_NONE)
            return ERR_CORRUPT;
        at = entry->next;
    }
    if (at != 0)
        return ERR_CORRUPT;
    err = clients_rebuild(points);
    return err == OK ? keys_queue_rebuild(points) : err;
}
