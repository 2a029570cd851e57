/* The audit: a ring of the newest entries, and the chain that runs through all of them. The chain
 * after an entry is the SHA-256 of the chain before it and of all that the entry says
 * (docs/format/access.md), so that who kept the head can tell whether anything before it was
 * changed, in a snapshot or in the journal. */
#include "model/access/tables.h"

#include <string.h>

#include "secrets/secrets.h"

/* ---- the chain ---------------------------------------------------------------------------------
 */
static void digest_text(struct secret_digest *digest, struct bytes text)
{
    uint8_t size[4];
    store_u32(size, (uint32_t)text.size);
    secret_digest_feed(digest, bytes_of(size, sizeof size));
    secret_digest_feed(digest, text);
}

void audit_chain(const uint8_t before[32], const struct audit_view *entry, uint8_t ret_chain[32])
{
    struct secret_digest digest;
    uint8_t head[33];
    store_u64(head, entry->number);
    store_u64(head + 8, entry->position);
    store_u64(head + 16, (uint64_t)entry->wall_ns);
    store_u32(head + 24, entry->tenant);
    store_u32(head + 28, entry->account);
    head[32] = (uint8_t)entry->door;
    secret_digest_init(&digest);
    secret_digest_feed(&digest, bytes_of(before, 32));
    secret_digest_feed(&digest, bytes_of(head, sizeof head));
    digest_text(&digest, entry->actor);
    digest_text(&digest, entry->address);
    digest_text(&digest, entry->action);
    digest_text(&digest, entry->object);
    digest_text(&digest, entry->detail);
    digest_text(&digest, entry->outcome);
    secret_digest_close(&digest, ret_chain);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint64_t access_audit_count(const struct access_model *model)
{
    return model->roots->audit_count;
}

uint64_t access_audit_oldest(const struct access_model *model)
{
    uint64_t count = model->roots->audit_count, kept = model->limits.audit_kept;
    return count > kept ? count - kept + 1 : 1;
}

void access_audit_head(const struct access_model *model, uint8_t chain[32])
{
    memcpy(chain, model->roots->audit_chain, 32);
}

static uint32_t row_of(const struct access_model *model, uint64_t number)
{
    return (uint32_t)((number - 1) % model->limits.audit_kept);
}

/* The parts of an entry, one behind the other in its text. */
static void parts_view(struct bytes text, const uint16_t *sizes, struct audit_view *view)
{
    struct bytes *parts[AUDIT_PARTS] = {&view->actor,  &view->address, &view->action,
                                        &view->object, &view->detail,  &view->outcome};
    size_t at = 0;
    for (size_t i = 0; i < AUDIT_PARTS; i++) {
        *parts[i] = bytes_of(text.at + at, sizes[i]);
        at += sizes[i];
    }
}

static void entry_view(const struct access_model *model, const struct audit_entry *entry,
                       struct audit_view *ret_view)
{
    *ret_view = (struct audit_view){.number = entry->number,
                                    .position = entry->position,
                                    .wall_ns = entry->wall_ns,
                                    .tenant = entry->tenant,
                                    .account = entry->account,
                                    .door = (enum actor_door)entry->door};
    memcpy(ret_view->chain, entry->chain, sizeof entry->chain);
    parts_view(texts_get(&model->texts, entry->text), entry->sizes, ret_view);
}

bool access_audit(const struct access_model *model, uint64_t number, struct audit_view *ret_view)
{
    if (number < access_audit_oldest(model) || number > model->roots->audit_count)
        return false;
    entry_view(model, state_read(&model->audit, row_of(model, number)), ret_view);
    return true;
}

/* ---- entries -----------------------------------------------------------------------------------
 */
#define PARTS_BYTES_MAX (ACTOR_NAME_MAX + ACTOR_ADDRESS_MAX + AUDIT_ACTION_MAX + 3 * AUDIT_TEXT_MAX)
_Static_assert(PARTS_BYTES_MAX <= TEXTS_BYTES_MAX, "an entry's parts are one text");

/* What strangers said is shown to people: bytes that are no UTF-8 and control characters become
 * question marks. Returns how many bytes there are, never more than the text has. */
static uint16_t part_put(uint8_t *at, struct bytes text, size_t most)
{
    size_t size = text.size < most ? text.size : most;
    for (size_t i = 0; i < size;) {
        size_t step = bytes_utf8_step(bytes_of(text.at, size), i);
        bool control = step == 1 && (text.at[i] < 0x20 || text.at[i] == 0x7f);
        control = control || (step == 2 && text.at[i] == 0xc2 && text.at[i + 1] < 0xa0);
        size_t taken = step == 0 ? 1 : step;
        if (step == 0 || control)
            memset(at + i, '?', taken);
        else
            memcpy(at + i, text.at + i, taken);
        i += taken;
    }
    return (uint16_t)size;
}

/* An entry as it is told, its texts not yet judged. */
static enum err audit_add(struct access_model *model, const struct audit_view *told)
{
    static const uint16_t most[AUDIT_PARTS] = {ACTOR_NAME_MAX, ACTOR_ADDRESS_MAX, AUDIT_ACTION_MAX,
                                               AUDIT_TEXT_MAX, AUDIT_TEXT_MAX,    AUDIT_TEXT_MAX};
    const struct bytes parts[AUDIT_PARTS] = {told->actor,  told->address, told->action,
                                             told->object, told->detail,  told->outcome};
    uint8_t text[PARTS_BYTES_MAX];
    size_t size = 0;
    uint64_t number = model->roots->audit_count + 1;
    uint32_t row = row_of(model, number);
    struct audit_view view = *told;
    struct audit_entry made = {.number = number,
                               .position = told->position,
                               .wall_ns = told->wall_ns,
                               .tenant = told->tenant,
                               .account = told->account,
                               .door = (uint8_t)told->door};
    for (size_t i = 0; i < AUDIT_PARTS; i++) {
        made.sizes[i] = part_put(text + size, parts[i], most[i]);
        size += made.sizes[i];
    }
    view.number = number;
    parts_view(bytes_of(text, size), made.sizes, &view);
    audit_chain(model->roots->audit_chain, &view, made.chain);
    enum err err = state_table_grow(&model->audit, row + 1);
    if (err != OK)
        return err;
    struct audit_entry *entry = state_write(&model->audit, row);
    made.text = entry->text; /* of the entry that leaves the ring */
    err = texts_set(&model->texts, &made.text, bytes_of(text, size));
    if (err != OK)
        return err;
    *entry = made;
    struct roots_entry *roots = roots_write(model);
    roots->audit_count = number;
    memcpy(roots->audit_chain, made.chain, sizeof made.chain);
    return OK;
}

/* The word of an outcome: its name in small letters, and never another one: it is in the chain. */
#define OUTCOME_WORD_MAX 32
#define OUTCOME_WORD(name, text) [name] = #name,
static const char *const outcome_names[OUTCOME_COUNT] = {OUTCOME_TABLE(OUTCOME_WORD)};

static struct bytes outcome_word(const struct outcome *outcome, char *word)
{
    if (outcome == NULL || outcome->code >= OUTCOME_COUNT)
        return bytes_text("unknown");
    const char *name = outcome_names[outcome->code] + strlen("OUTCOME_");
    size_t size = 0;
    for (; name[size] != '\0' && size < OUTCOME_WORD_MAX; size++)
        word[size] =
            name[size] >= 'A' && name[size] <= 'Z' ? (char)(name[size] - 'A' + 'a') : name[size];
    return bytes_of(word, size);
}

enum err access_audit_command(struct access_model *model, const struct command *command,
                              const struct audit_told *told, const struct record_stamp *stamp,
                              const struct outcome *outcome)
{
    char word[OUTCOME_WORD_MAX];
    const struct actor *actor = &command->actor;
    return audit_add(model,
                     &(struct audit_view){.position = stamp->position,
                                          .wall_ns = stamp->wall_ns,
                                          .tenant = command->tenant,
                                          .account = actor->account,
                                          .door = (enum actor_door)actor->door,
                                          .actor = actor->name,
                                          .address = actor->address,
                                          .action = told->action,
                                          .object = bytes_of(told->object.at, told->object.size),
                                          .detail = bytes_of(told->detail.at, told->detail.size),
                                          .outcome = outcome_word(outcome, word)});
}

enum err access_audit_fact(struct access_model *model, const struct fact_audit *audit,
                           const struct record_stamp *stamp, const struct outcome *previous)
{
    char word[OUTCOME_WORD_MAX];
    const struct actor *actor = &audit->actor;
    return audit_add(model, &(struct audit_view){.position = stamp->position,
                                                 .wall_ns = stamp->wall_ns,
                                                 .tenant = audit->tenant,
                                                 .account = actor->account,
                                                 .door = (enum actor_door)actor->door,
                                                 .actor = actor->name,
                                                 .address = actor->address,
                                                 .action = audit->action,
                                                 .object = audit->object,
                                                 .detail = audit->detail,
                                                 .outcome = audit->of_previous
                                                                ? outcome_word(previous, word)
                                                                : audit->outcome});
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool entry_is_valid(const struct access_model *model, const struct audit_entry *entry,
                           uint64_t number)
{
    size_t size = 0;
    for (size_t i = 0; i < AUDIT_PARTS; i++)
        size += entry->sizes[i];
    return entry->number == number && entry->door <= ACTOR_SERVER &&
           texts_is_valid(&model->texts, entry->text, PARTS_BYTES_MAX) &&
           texts_get(&model->texts, entry->text).size == size &&
           bytes_are_utf8(texts_get(&model->texts, entry->text));
}

/* What is in memory is chained up to the head. */
enum err access_audit_rebuild(struct access_model *model)
{
    const struct roots_entry *roots = model->roots;
    uint64_t oldest = access_audit_oldest(model), count = roots->audit_count;
    uint64_t rows = count < model->limits.audit_kept ? count : model->limits.audit_kept;
    enum err err = state_table_grow(&model->audit, (uint32_t)rows + 1);
    if (err != OK)
        return err;
    if (count == UINT64_MAX)
        return ERR_CORRUPT;
    uint8_t chain[32] = {0}, made[32];
    for (uint64_t number = oldest; number <= count; number++) {
        const struct audit_entry *entry = state_read(&model->audit, row_of(model, number));
        struct audit_view view;
        if (!entry_is_valid(model, entry, number))
            return ERR_CORRUPT;
        entry_view(model, entry, &view);
        audit_chain(chain, &view, made);
        if ((number > oldest || oldest == 1) && memcmp(made, entry->chain, sizeof made) != 0)
            return ERR_CORRUPT;
        memcpy(chain, entry->chain, sizeof chain);
    }
    return memcmp(chain, roots->audit_chain, sizeof chain) == 0 ? OK : ERR_CORRUPT;
}
