/* The keeper of certificates: loads them at the start, again on SIGHUP and when a file changed, and
 * says whom they name and until when. Files are read by a thread of its own: a folder of a thousand
 * takes longer than a round may. What cannot be used leaves the old ones in force. */
#include "server/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define LOOK_NS (10 * NS_PER_S)             /* between two looks at the files */
#define WARN_S (INT64_C(14) * 24 * 60 * 60) /* before the end */
#define DAY_NS (INT64_C(24) * 60 * 60 * NS_PER_S)
#define LINES_MAX 20 /* certificates that are told one by one */

struct look {
    struct job job;
    struct tls_keeper *keeper;
    struct tls_files files;
    bool always; /* load, changed or not */
    uint64_t stamp;
    struct tls_set *set; /* what was loaded; NULL: nothing, or err says why */
    enum err err;
    char fault[TLS_FAULT_SIZE];
};
struct tls_keeper {
    struct server *server;
    struct tls_house *house;
    struct worker *worker;
    struct look look;
    bool under_way, again; /* again: SIGHUP came meanwhile */
    uint64_t stamp;        /* of the files in force, or of those that cannot be used */
    struct timer timer;
    int64_t told_ns; /* when ends that are near were last told, boot clock */
    uint64_t loads, failures;
    char fault[TLS_FAULT_SIZE]; /* of the last load; "": it is in force */
};

struct tls_house *keeper_house(const struct server *server)
{
    return server->keeper->house;
}

static void files_of(const struct settings *settings, struct tls_files *ret)
{
    memset(ret, 0, sizeof *ret);
    snprintf(ret->certificate, sizeof ret->certificate, "%s", settings->tls_certificate);
    snprintf(ret->key, sizeof ret->key, "%s", settings->tls_key);
    snprintf(ret->folder, sizeof ret->folder, "%s", settings->tls_folder);
    snprintf(ret->client_ca, sizeof ret->client_ca, "%s", settings->tls_client_ca);
    ret->only_13 = strcmp(settings->tls_version, "1.3") == 0;
}

/* ---- what is said
 * ------------------------------------------------------------------------------------ */
static int64_t wall_s(const struct server *server)
{
    return server->clock->wall_ns(server->clock) / NS_PER_S;
}

static void end_tell(const struct tls_set_entry *entry, int64_t now_s)
{
    char until[TIME_TEXT_SIZE];
    const struct tls_certificate *certificate = entry->certificate;
    time_format_short(certificate->until_s * NS_PER_S, until);
    if (certificate->until_s <= now_s)
        log_error("tls", "the certificate %s ended at %s: clients refuse it; put a new one there",
                  entry->file, until);
    else if (certificate->until_s - now_s < WARN_S)
        log_warn("tls", "the certificate %s ends in %" PRId64 " days, at %s", entry->file,
                 (certificate->until_s - now_s) / (DAY_NS / NS_PER_S), until);
    else if (certificate->from_s > now_s)
        log_warn("tls", "the certificate %s is not valid before %s: is this machine's clock right?",
                 entry->file, time_format_short(certificate->from_s * NS_PER_S, until));
}

/* Ends that are near, once a day. */
static void ends_tell(struct tls_keeper *keeper)
{
    const struct tls_set *set = tls_house_set(keeper->house);
    struct tls_set_entry entry;
    keeper->told_ns = keeper->server->now_ns;
    for (size_t i = 0; tls_set_view(set, i, &entry); i++)
        end_tell(&entry, wall_s(keeper->server));
}

static void set_tell(struct tls_keeper *keeper)
{
    const struct tls_set *set = tls_house_set(keeper->house);
    struct tls_set_entry entry;
    char until[TIME_TEXT_SIZE];
    size_t count = 0;
    for (; tls_set_view(set, count, &entry); count++) {
        if (count < LINES_MAX)
            log_info("tls", "certificate %s for %s, until %s", entry.file, entry.certificate->names,
                     time_format_short(entry.certificate->until_s * NS_PER_S, until));
        if (entry.key_open)
            log_warn("tls", "the key of %s can be read by every user of this machine: chmod o= it",
                     entry.file);
    }
    if (count > LINES_MAX)
        log_info("tls", "and %zu more certificates", count - LINES_MAX);
    ends_tell(keeper);
}

/* ---- loading
 * ----------------------------------------------------------------------------------------- */
/* On the keeper's thread. */
static void look_run(struct job *job)
{
    struct look *look = (struct look *)job;
    uint64_t stamp = tls_files_stamp(&look->files);
    bool changed = stamp != look->stamp;
    look->stamp = stamp;
    if (look->always || changed)
        look->err = tls_set_load(&look->files, &look->set, look->fault);
}

/* A certificate that ended does not take the place of one that has not: the files are half
 * replaced, or of another machine. */
static bool set_is_worse(const struct tls_keeper *keeper, const struct tls_set *set)
{
    struct tls_set_entry fresh, now;
    int64_t now_s = wall_s(keeper->server);
    return tls_set_view(set, 0, &fresh) && tls_set_view(tls_house_set(keeper->house), 0, &now) &&
           fresh.certificate->until_s <= now_s && now.certificate->until_s > now_s;
}

static void load_failed(struct tls_keeper *keeper, const char *fault)
{
    keeper->failures++;
    snprintf(keeper->fault, sizeof keeper->fault, "%s", fault);
    log_error("tls", "the certificates stay as they were: %s", fault);
}

static void look_done(struct job *job)
{
    struct look *look = (struct look *)job;
    struct tls_keeper *keeper = look->keeper;
    keeper->under_way = false;
    keeper->stamp = look->stamp;
    if (look->err != OK) {
        load_failed(keeper, look->fault);
    } else if (look->set && set_is_worse(keeper, look->set)) {
        tls_set_destroy(look->set);
        load_failed(keeper, "the new certificate has ended, that in force has not");
    } else if (look->set) {
        tls_house_take(keeper->house, look->set);
        keeper->loads++;
        keeper->fault[0] = '\0';
        set_tell(keeper);
    }
    look->set = NULL;
    if (keeper->again)
        keeper_reload(keeper->server);
}

static void look_begin(struct tls_keeper *keeper, bool always)
{
    struct look *look = &keeper->look;
    *look = (struct look){.job = {.run = look_run, .done = look_done},
                          .keeper = keeper,
                          .always = always,
                          .stamp = keeper->stamp};
    files_of(&keeper->server->settings, &look->files);
    keeper->under_way = true;
    keeper->again = false;
    keeper->worker->submit(keeper->worker, &look->job);
}

void keeper_reload(struct server *server)
{
    struct tls_keeper *keeper = server->keeper;
    if (!keeper)
        return;
    if (keeper->under_way)
        keeper->again = true;
    else
        look_begin(keeper, true);
}

bool keeper_timer_fired(struct server *server, const struct timer *timer)
{
    struct tls_keeper *keeper = server->keeper;
    if (!keeper || timer != &keeper->timer)
        return false;
    timers_set(&server->timers, &keeper->timer, server->now_ns + LOOK_NS);
    tls_house_now(keeper->house, server->now_ns);
    if (server->now_ns - keeper->told_ns >= DAY_NS)
        ends_tell(keeper);
    if (!keeper->under_way)
        look_begin(keeper, false);
    return true;
}

void keeper_step(struct server *server)
{
    struct tls_keeper *keeper = server->keeper;
    if (UNLIKELY(keeper != NULL) && keeper->under_way)
        keeper->worker->poll(keeper->worker);
}

/* ---- life
 * ------------------------------------------------------------------------------------------- */
/* The first certificates: without them no door of TLS can be opened. */
static enum err keeper_load_first(struct tls_keeper *keeper, char *fault)
{
    struct tls_files files;
    struct tls_set *set;
    files_of(&keeper->server->settings, &files);
    keeper->stamp = tls_files_stamp(&files);
    enum err err = tls_set_load(&files, &set, fault);
    if (err != OK)
        return err;
    err = tls_house_create(set, &keeper->house);
    if (err != OK) {
        snprintf(fault, TLS_FAULT_SIZE, "%s", err_text(err));
        tls_set_destroy(set);
        return err;
    }
    tls_house_now(keeper->house, keeper->server->now_ns);
    set_tell(keeper);
    return OK;
}

static enum err keeper_open(struct server *server, char *fault)
{
    struct tls_keeper *keeper = calloc(1, sizeof *keeper);
    server->keeper = keeper;
    server->sealed_in = malloc(SERVER_SEALED_READ);
    server->sealed_out = malloc(SERVER_SEALED_BYTES);
    snprintf(fault, TLS_FAULT_SIZE, "%s", err_text(ERR_NO_MEMORY));
    if (!keeper || !server->sealed_in || !server->sealed_out)
        return ERR_NO_MEMORY;
    keeper->server = server;
    timer_init(&keeper->timer);
    enum err err = keeper_load_first(keeper, fault);
    if (err == OK)
        err = worker_thread_create("certificates", &keeper->worker);
    if (err == OK)
        err = loop_watch(server, keeper->worker->fd(keeper->worker));
    if (err == OK)
        timers_set(&server->timers, &keeper->timer, server->now_ns + LOOK_NS);
    return err;
}

bool keeper_start(struct server *server)
{
    const struct settings *settings = &server->settings;
    char fault[TLS_FAULT_SIZE];
    if (settings->mqtts[0] == '\0' && settings->https[0] == '\0')
        return true;
    /* A browser takes it for all ports of the host (RFC 6797, 8.3): where HTTP in clear is offered
     * to others as well, it would be shut out there. */
    server->strict = settings->http[0] == '\0' || os_address_is_loopback(settings->http);
    if (keeper_open(server, fault) == OK)
        return true;
    log_error("tls", "%s cannot be opened: %s", settings->mqtts[0] ? "mqtts" : "https", fault);
    return false;
}

void keeper_stop(struct server *server)
{
    struct tls_keeper *keeper = server->keeper;
    if (keeper && keeper->worker)
        keeper->worker->destroy(keeper->worker);
    if (keeper) {
        tls_set_destroy(keeper->look.set); /* of a look that nobody waited for */
        tls_house_destroy(keeper->house);
    }
    free(keeper);
    free(server->sealed_in);
    free(server->sealed_out);
    server->keeper = NULL;
    server->sealed_in = server->sealed_out = NULL;
}

/* ---- the state
 * ------------------------------------------------------------------------------------- */
static void put(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static json_t *certificate_json(const struct tls_set_entry *entry)
{
    char from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    const struct tls_certificate *certificate = entry->certificate;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "file", entry->file, "names",
                     certificate->names, "issuer", certificate->issuer, "key", certificate->key,
                     "fingerprint", certificate->fingerprint, "from",
                     time_format_short(certificate->from_s * NS_PER_S, from), "until",
                     time_format_short(certificate->until_s * NS_PER_S, until));
}

static json_t *listener_json(const struct listener *listener, const char *name)
{
    json_t *object = json_object(), *faults = json_object();
    json_object_set_new(object, "name", json_string(name));
    json_object_set_new(object, "address", json_string(listener->address));
    put(object, "connections", listener->connections);
    put(object, "handshakes", listener->handshakes);
    put(object, "resumed", listener->resumed);
    put(object, "certificates", listener->certificates);
    put(object, "verified", listener->verified);
    for (enum tls_fault fault = TLS_FAULT_PLAIN; fault < TLS_FAULTS; fault++)
        put(faults, tls_fault_word(fault), listener->faults[fault]);
    json_object_set_new(object, "faults", faults);
    return object;
}

json_t *keeper_json(const struct server *server)
{
    const struct tls_keeper *keeper = server->keeper;
    struct tls_set_entry entry;
    if (!keeper)
        return json_null();
    json_t *object = json_object(), *list = json_array(), *doors = json_array();
    for (size_t i = 0; i < LINES_MAX && tls_set_view(tls_house_set(keeper->house), i, &entry); i++)
        json_array_append_new(list, certificate_json(&entry));
    for (enum listener_kind kind = 0; kind < LISTENERS; kind++)
        if (listener_is_tls(kind) && server->listeners[kind].address[0])
            json_array_append_new(doors,
                                  listener_json(&server->listeners[kind], listener_name(kind)));
    json_object_set_new(object, "least", json_string(server->settings.tls_version));
    json_object_set_new(object, "certificates", list);
    json_object_set_new(object, "doors", doors);
    put(object, "loads", keeper->loads);
    put(object, "failures", keeper->failures);
    json_object_set_new(object, "fault",
                        keeper->fault[0] ? json_string(keeper->fault) : json_null());
    return object;
}

void keeper_tell(void *arg, struct report_tls *ret)
{
    const struct server *server = arg;
    struct tls_set_entry entry;
    *ret = (struct report_tls){.connections = 0};
    if (!server->keeper)
        return;
    for (enum listener_kind kind = 0; kind < LISTENERS; kind++) {
        const struct listener *listener = &server->listeners[kind];
        ret->connections += listener->connections;
        ret->handshakes += listener->handshakes;
        ret->resumed += listener->resumed;
        ret->certificates += listener->certificates;
        ret->verified += listener->verified;
        for (size_t i = 0; i < TLS_FAULTS; i++)
            ret->faults[i] += listener->faults[i];
    }
    ret->loads = server->keeper->loads;
    ret->failures = server->keeper->failures;
    const struct tls_set *set = tls_house_set(server->keeper->house);
    for (size_t i = 0; tls_set_view(set, i, &entry); i++) {
        uint64_t until_s =
            entry.certificate->until_s > 0 ? (uint64_t)entry.certificate->until_s : 1;
        if (ret->until_s == 0 || until_s < ret->until_s)
            ret->until_s = until_s;
    }
}
