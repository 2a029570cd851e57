/* What is told to the audit: kept in memory until the engine takes it. Denials are rationed, since
 * whoever is denied can ask again without end, and each entry stays for ever. */
#include "access/room.h"

#include <stdio.h>
#include <string.h>

#define DENIAL_TIME_NS (60 * NS_PER_S)

struct told {
    struct link link;
    struct fact_audit audit; /* texts behind the struct */
    size_t size;
    char texts[];
};

size_t text_printable(struct bytes text, size_t room, char *at)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size;) {
        size_t step = bytes_utf8_step(text, i);
        bool control = step == 1 ? text.at[i] < 0x20 || text.at[i] == 0x7f
                                 : step == 2 && text.at[i] == 0xc2 && text.at[i + 1] < 0xa0;
        bool good = step > 0 && !control;
        if (size + (good ? step : 1) > room)
            break;
        if (good)
            memcpy(at + size, text.at + i, step);
        else
            at[size] = '?';
        size += good ? step : 1;
        i += step > 0 ? step : 1;
    }
    return size;
}

static struct bytes told_keep(struct told *told, struct bytes text, size_t most)
{
    size_t room = text.size < most ? text.size : most;
    size_t size = text_printable(text, room, told->texts + told->size);
    struct bytes kept = bytes_of(told->texts + told->size, size);
    told->size += size;
    return kept;
}

void tell_put(struct access *access, const struct actor *actor, uint32_t tenant, const char *action,
              struct bytes object, struct bytes detail, const char *outcome)
{
    size_t room = actor->name.size + actor->address.size + strlen(action) + strlen(outcome) +
                  (object.size < AUDIT_TEXT_MAX ? object.size : AUDIT_TEXT_MAX) +
                  (detail.size < AUDIT_TEXT_MAX ? detail.size : AUDIT_TEXT_MAX);
    struct told *told = NULL;
    if (access->counters.audit_waiting < TOLD_MAX &&
        access->told_bytes + sizeof *told + room <= TOLD_BYTES_MAX)
        told = calloc(1, sizeof *told + room);
    if (told == NULL) {
        access->counters.audit_dropped++;
        return;
    }
    struct fact_audit *audit = &told->audit;
    *audit = (struct fact_audit){.actor = *actor, .tenant = tenant};
    audit->actor.name = told_keep(told, actor->name, ACTOR_NAME_MAX);
    audit->actor.address = told_keep(told, actor->address, ACTOR_ADDRESS_MAX);
    audit->action = told_keep(told, bytes_text(action), AUDIT_ACTION_MAX);
    audit->object = told_keep(told, object, AUDIT_TEXT_MAX);
    audit->detail = told_keep(told, detail, AUDIT_TEXT_MAX);
    audit->outcome = told_keep(told, bytes_text(outcome), AUDIT_ACTION_MAX);
    told->size += sizeof *told;
    access->told_bytes += told->size;
    access->counters.memory += told->size;
    access->counters.audit_waiting++;
    link_put(&access->told, &told->link);
}

bool denial_take(struct denial *denials, size_t count, uint64_t key, int64_t boot_ns,
                 uint32_t *ret_more)
{
    struct denial *oldest = &denials[0];
    key |= 1; /* 0 is free */
    for (size_t i = 0; i < count; i++) {
        struct denial *denial = &denials[i];
        if (denial->key == key && boot_ns - denial->told_ns < DENIAL_TIME_NS) {
            denial->more++;
            return false;
        }
        if (denial->key == key || (oldest->key != key && denial->told_ns < oldest->told_ns))
            oldest = denial;
    }
    /* Many at once, each of another sort or place: they do not push out what the audit lists. */
    if (oldest->key != 0 && oldest->key != key && boot_ns - oldest->told_ns < DENIAL_TIME_NS)
        return false;
    *ret_more = oldest->key == key ? oldest->more : 0;
    *oldest = (struct denial){.key = key, .told_ns = boot_ns};
    return true;
}

void access_tell(struct access *access, const struct principal *principal, const char *action,
                 struct bytes object, struct bytes detail, const char *outcome)
{
    struct actor actor = {.door = ACTOR_SERVER, .tenant = TENANT_MAIN};
    struct principal_view view;
    uint32_t more = 0;
    char text[AUDIT_TEXT_MAX + 64];
    if (principal != NULL) {
        principal_view(principal, &view);
        actor = view.actor;
    }
    if (strcmp(outcome, "done") != 0) {
        /* By account: who comes anew is not told anew. */
        struct denial *denials = principal == NULL ? access->denials : access->account_denials;
        uint64_t seed = principal == NULL ? 0 : actor.account;
        if (!denial_take(denials, principal == NULL ? DENIALS_NOBODY : DENIALS_ACCOUNTS,
                         hash64(action, strlen(action), seed), access->boot_ns, &more)) {
            access->counters.audit_rationed++;
            return;
        }
    }
    if (more > 0) {
        int size = snprintf(text, sizeof text, "%.*s%s%u more since the last entry",
                            (int)(detail.size < AUDIT_TEXT_MAX ? detail.size : AUDIT_TEXT_MAX),
                            detail.size > 0 ? (const char *)detail.at : "",
                            detail.size > 0 ? "; " : "", more);
        detail = bytes_of(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
    }
    tell_put(access, &actor, actor.tenant, action, object, detail, outcome);
}

static void told_take(struct access *access, struct told *told)
{
    link_take(&told->link);
    access->told_bytes -= told->size;
    access->counters.memory -= told->size;
    access->counters.audit_waiting--;
    free(told);
}

bool tell_flush(struct access *access)
{
    while (!link_is_alone(&access->told)) {
        struct told *told = LINK_OWNER(access->told.next, struct told, link);
        if (!access->config.port->audit(access->config.arg, &told->audit))
            return false;
        told_take(access, told);
    }
    return true;
}

void tell_done(struct access *access)
{
    while (!link_is_alone(&access->told))
        told_take(access, LINK_OWNER(access->told.next, struct told, link));
}
