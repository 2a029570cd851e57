/* inspect: one line for each kind of fact, of the facts lane and of the messages lane. */
#include "cli/inspect.h"

#include "format/format.h"
#include "wire/json/json.h"

#include <inttypes.h>
#include <stdio.h>

#define PAYLOAD_SHOWN 48 /* bytes of a payload; the rest is only counted */

void inspect_print_text(struct bytes text)
{
    putchar('"');
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 0x20 || text.at[i] == '"' || text.at[i] == '\\' || text.at[i] == 0x7F)
            printf("\\u%04x", text.at[i]);
        else
            putchar(text.at[i]);
    putchar('"');
}

/* ---- the facts lane
 * --------------------------------------------------------------------------------------------- */

static void print_row_fact(const struct fact_row *row)
{
    printf("row %u tenant %u points %u..%u ", row->shape.row, row->tenant, row->shape.first_point,
           row->shape.first_point + row->shape.count - 1);
    inspect_print_text(row->prefix);
    for (uint16_t i = 0; i < row->shape.count; i++) {
        const char *type = value_type_name(row->points[i].type);
        putchar(' ');
        inspect_print_text(row->points[i].metric);
        printf(":%s", type != NULL ? type : "?");
    }
    for (uint16_t i = 0; i < row->label_count; i++) {
        printf(" label ");
        inspect_print_text(row->labels[i].name);
        putchar('=');
        inspect_print_text(row->labels[i].value);
    }
}

/* ---- the messages lane
 * --------------------------------------------------------------------------------------------- */

/* Text where it is text, else the first bytes in hexadecimal. */
static void print_payload(const char *name, struct bytes payload)
{
    size_t shown = payload.size < PAYLOAD_SHOWN ? payload.size : PAYLOAD_SHOWN;
    printf(" %s %zu bytes", name, payload.size);
    if (payload.size == 0)
        return;
    while (shown < payload.size && shown > 0 && (payload.at[shown] & 0xC0) == 0x80)
        shown--; /* not in the middle of a character */
    putchar(' ');
    if (bytes_are_utf8(bytes_of(payload.at, shown)))
        inspect_print_text(bytes_of(payload.at, shown));
    else
        for (size_t i = 0; i < shown; i++)
            printf("%02x", payload.at[i]);
    if (shown < payload.size)
        printf("...");
}

static void print_expiry(const char *name, uint32_t expiry_s)
{
    if (expiry_s == EXPIRY_NEVER)
        printf(" %s never", name);
    else
        printf(" %s %" PRIu32 " s", name, expiry_s);
}

static void print_properties(struct bytes properties)
{
    if (properties.size > 0)
        printf(" properties %zu bytes", properties.size);
}

static void print_session_open(const struct fact_session_open *open)
{
    const struct fact_will *will = &open->will;
    printf(" tenant %" PRIu32 " session %" PRIu32 " version %u%s ", open->tenant, open->session,
           open->version, open->clean ? " clean" : "");
    inspect_print_text(open->client_id);
    print_expiry("expiry", open->expiry_s);
    if (!will->present)
        return;
    printf(" will ");
    inspect_print_text(will->topic);
    printf(" qos %u%s delay %" PRIu32 " s", will->qos, will->retain ? " retain" : "",
           will->delay_s);
    print_expiry("expiry", will->expiry_s);
    print_payload("payload", will->payload);
    print_properties(will->properties);
}

static void print_subscribe(const struct fact_subscribe *subscribe)
{
    printf(" session %" PRIu32 " ", subscribe->session);
    inspect_print_text(subscribe->filter);
    printf(" qos %u retain_handling %u%s%s", subscribe->qos, subscribe->retain_handling,
           subscribe->no_local ? " no_local" : "",
           subscribe->retain_as_published ? " retain_as_published" : "");
    if (subscribe->subscription_id != 0)
        printf(" id %" PRIu32, subscribe->subscription_id);
}

static void print_targets(struct bytes targets)
{
    size_t offset = 0;
    uint32_t last = 0;
    struct message_target target;
    while (message_target_next(targets, &offset, &last, &target)) {
        printf(" to %" PRIu32 " qos %u%s", target.session, target.qos,
               target.retain ? " retain" : "");
        for (unsigned i = 0; i < target.id_count; i++)
            printf("%s%" PRIu32, i == 0 ? " ids " : ",", target.ids[i]);
    }
}

static void print_message(const struct fact_message *message)
{
    printf(" tenant %" PRIu32 " ", message->tenant);
    inspect_print_text(message->topic);
    printf(" qos %u%s", message->qos, message->retain ? " retain" : "");
    if (message->expiry_s != EXPIRY_NEVER)
        print_expiry("expiry", message->expiry_s);
    print_payload("payload", message->payload);
    print_properties(message->properties);
    print_targets(message->targets);
}

static void print_enqueue(const struct fact_enqueue *enqueue)
{
    printf(" session %" PRIu32 " ", enqueue->session);
    inspect_print_text(enqueue->topic);
    printf(" qos %u", enqueue->qos);
    if (enqueue->subscription_id != 0)
        printf(" id %" PRIu32, enqueue->subscription_id);
}

static void print_session_close(const struct fact_session_close *close)
{
    printf(" session %" PRIu32, close->session);
    print_expiry("expiry", close->expiry_s);
    printf(" sent %u%s", close->sent, close->will_dropped ? " will_dropped" : "");
}

static void print_message_fact(const struct fact *fact)
{
    static const char *const kinds[] = {"session_open", "session_close", "session_end", "subscribe",
                                        "unsubscribe",  "message",       "enqueue",     "delivery",
                                        "received",     "released",      "will_done"};
    _Static_assert(ARRAY_COUNT(kinds) == FACT_WILL_DONE - FACT_SESSION_OPEN + 1, "a word each");
    printf("    %s", kinds[fact->kind - FACT_SESSION_OPEN]);
    switch (fact->kind) {
    case FACT_SESSION_OPEN:
        print_session_open(&fact->session_open);
        break;
    case FACT_SESSION_CLOSE:
        print_session_close(&fact->session_close);
        break;
    case FACT_SUBSCRIBE:
        print_subscribe(&fact->subscribe);
        break;
    case FACT_UNSUBSCRIBE:
        printf(" session %" PRIu32 " ", fact->unsubscribe.session);
        inspect_print_text(fact->unsubscribe.filter);
        break;
    case FACT_MESSAGE:
        print_message(&fact->message);
        break;
    case FACT_ENQUEUE:
        print_enqueue(&fact->enqueue);
        break;
    case FACT_DELIVERY:
        printf(" session %" PRIu32 " packet %u %s", fact->delivery.session,
               fact->delivery.packet_id,
               fact->delivery.step == DELIVERY_RECEIVED ? "received" : "done");
        break;
    case FACT_RECEIVED:
    case FACT_RELEASED:
        printf(" session %" PRIu32 " packet %u", fact->packet.session, fact->packet.packet_id);
        break;
    default: /* FACT_SESSION_END, FACT_WILL_DONE */
        printf(" session %" PRIu32, fact->session);
    }
    putchar('\n');
}

static void print_named(const char *name, struct bytes text)
{
    if (text.size == 0)
        return;
    printf(" %s ", name);
    inspect_print_text(text);
}

static void print_erase(const struct command_erase *erase)
{
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    if (erase->erasure != 0)
        printf("%u again", erase->erasure);
    else
        printf("%s to %s", time_format(erase->from_ns, from), time_format(erase->to_ns, to));
    print_named("match", erase->pattern);
    for (uint16_t i = 0; i < erase->range_count; i++)
        printf(" %u..%u", erase->ranges[i].first,
               erase->ranges[i].first + erase->ranges[i].count - 1);
    print_named("reason", erase->reason);
    print_named("author", erase->author);
    if (erase->complete)
        printf(" complete");
}

static void print_archive_value(const struct value *value)
{
    char text[32];
    const char *quality = quality_name(value->quality);
    if (!value->present)
        printf("none");
    else if (value->type == VALUE_STRING)
        inspect_print_text(value->text);
    else if (value->type == VALUE_FLOAT64)
        printf("%.*s", (int)real_text_put(text, value_real(value)), text);
    else
        printf("%" PRId64, value->number);
    printf(" (%s)", quality != NULL ? quality : "?");
}

static void print_archive_fact(const struct command *command)
{
    static const char *const kinds[] = {"policy_set", "policy_remove", "policy_move",      "erase",
                                        "correct",    "annotate",      "annotation_remove"};
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    printf("%s ", kinds[command->kind - COMMAND_POLICY_SET]);
    switch (command->kind) {
    case COMMAND_ERASE:
        print_erase(&command->erase);
        break;
    case COMMAND_CORRECT:
        inspect_print_text(command->path);
        printf(" %s ", time_format(command->correct.time_ns, from));
        print_archive_value(&command->correct.value);
        printf(" for ");
        if (command->correct.there)
            print_archive_value(&command->correct.original);
        else
            printf("nothing");
        break;
    case COMMAND_ANNOTATE:
        inspect_print_text(command->path);
        printf(" %s to %s ", time_format(command->annotate.from_ns, from),
               time_format(command->annotate.to_ns, to));
        inspect_print_text(command->annotate.text);
        break;
    case COMMAND_ANNOTATION_REMOVE:
        printf("%" PRIu32, command->annotate.annotation);
        break;
    default:
        inspect_print_text(command->policy.name);
        print_named("match", command->policy.pattern);
        if (command->policy.rank != 0)
            printf(" rank %" PRIu32, command->policy.rank);
    }
}

/* ---- access and the audit: never what proves anything
 * --------------------------------------------------------------------------------------------- */

static void print_actor(const struct actor *actor)
{
    static const char *const doors[] = {"none", "mqtt", "http", "control", "server"};
    if (actor->door == ACTOR_NONE)
        return;
    printf(" by %s", actor->door < ARRAY_COUNT(doors) ? doors[actor->door] : "?");
    if (actor->account != 0)
        printf(" account %" PRIu32, actor->account);
    print_named("name", actor->name);
    print_named("from", actor->address);
}

static void print_access_number(const struct command_access *access)
{
    if (access->number != 0)
        printf(" %" PRIu32, access->number);
}

static void print_account(const struct command_access *access)
{
    static const char *const kinds[] = {"?", "person", "device", "token", "claim"};
    print_access_number(access);
    if (access->number == 0)
        printf(" %s",
               access->account_kind < ARRAY_COUNT(kinds) ? kinds[access->account_kind] : "?");
    if (access->has & HAS_NAME)
        print_named("name", access->name);
    if (access->has & HAS_STATE)
        printf(" state %u", access->state);
    for (uint16_t i = 0; (access->has & HAS_GRANTS) && i < access->grant_count; i++) {
        print_named("grant", access->grants[i].role);
        print_named("on", access->grants[i].branch);
    }
}

static void print_role(const struct command_access *access)
{
    print_named("name", access->name);
    for (uint16_t i = 0; i < access->rule_count; i++) {
        printf(" rights %" PRIu32, access->rules[i].rights);
        print_named("on", access->rules[i].pattern);
    }
}

static void print_secret(const struct command_access *access)
{
    static const char *const kinds[SECRET_KINDS] = {"?",           "password", "token",
                                                    "certificate", "totp",     "recovery",
                                                    "invitation",  "session",  "openid"};
    print_access_number(access);
    if (access->owner != 0)
        printf(" of account %" PRIu32, access->owner);
    if (access->number == 0)
        printf(" %s", access->secret_kind < SECRET_KINDS ? kinds[access->secret_kind] : "?");
}

static void print_share(const struct command_access *access)
{
    print_access_number(access);
    if (access->other != 0)
        printf(" to tenant %" PRIu32, access->other);
    for (uint16_t i = 0; i < access->pattern_count; i++)
        print_named("match", access->patterns[i]);
}

static void print_access_fact(const struct command *command)
{
    static const char *const kinds[] = {
        "tenant_set",     "tenant_state", "role_set",       "role_remove", "account_set",
        "account_remove", "secret_add",   "secret_remove",  "share_offer", "share_accept",
        "share_end",      "provider_set", "provider_remove"};
    _Static_assert(ARRAY_COUNT(kinds) == COMMAND_PROVIDER_REMOVE - COMMAND_TENANT_SET + 1,
                   "a word each");
    const struct command_access *access = &command->access;
    printf("%s tenant %" PRIu32, kinds[command->kind - COMMAND_TENANT_SET], command->tenant);
    switch (command->kind) {
    case COMMAND_ROLE_SET:
    case COMMAND_ROLE_REMOVE:
        print_role(access);
        break;
    case COMMAND_ACCOUNT_SET:
        print_account(access);
        break;
    case COMMAND_SECRET_ADD:
    case COMMAND_SECRET_REMOVE:
        print_secret(access);
        break;
    case COMMAND_SHARE_OFFER:
        print_share(access);
        break;
    default:
        print_access_number(access);
        print_named("name", access->name);
        if (command->kind == COMMAND_TENANT_STATE)
            printf(" state %u", access->state);
    }
    print_actor(&command->actor);
}

static void print_audit_fact(const struct fact_audit *audit)
{
    printf("audit tenant %" PRIu32 " ", audit->tenant);
    inspect_print_text(audit->action);
    print_named("object", audit->object);
    print_named("detail", audit->detail);
    if (audit->of_previous)
        printf(" outcome of the record before");
    else
        print_named("outcome", audit->outcome);
    print_actor(&audit->actor);
}

void inspect_print_fact(const struct fact *fact)
{
    static const char *const commands[] = {"?", "create", "change", "rename", "retire"};
    char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE];
    if (fact->kind >= FACT_SESSION_OPEN) {
        print_message_fact(fact);
        return;
    }
    printf("    fact ");
    switch (fact->kind) {
    case FACT_START:
        printf("start ");
        inspect_print_text(fact->start.program);
        printf(" reducer %u", fact->start.reducer_version);
        break;
    case FACT_ROW:
        print_row_fact(&fact->row);
        break;
    case FACT_COMMAND:
        printf("command %s ",
               fact->command.kind < ARRAY_COUNT(commands) ? commands[fact->command.kind] : "?");
        inspect_print_text(fact->command.path);
        if (fact->command.new_path.size > 0) {
            printf(" to ");
            inspect_print_text(fact->command.new_path);
        }
        break;
    case FACT_ARCHIVE:
        print_archive_fact(&fact->command);
        break;
    case FACT_ACCESS:
        print_access_fact(&fact->command);
        break;
    case FACT_AUDIT:
        print_audit_fact(&fact->audit);
        break;
    case FACT_CLOCK:
        printf("clock %s to %s", time_format(fact->clock.wall_before_ns, before),
               time_format(fact->clock.wall_after_ns, after));
        break;
    default:
        printf("tick");
        break;
    }
    putchar('\n');
}
