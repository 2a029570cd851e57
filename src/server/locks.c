/* The locks of the house: where the room that decides gets its worker, its key and its way into the
 * journal, and the quotas that others hold. */
#include "openid/openid.h"
#include "server/room.h"

#include <string.h>

/* ---- what the room writes ------------------------------------------------------------------- */
static bool port_audit(void *arg, const struct fact_audit *audit)
{
    const struct server *server = arg;
    struct admitted admitted;
    return engine_audit(server->engine, audit, &admitted) == ADMIT_DONE;
}

static bool port_command(void *arg, const struct command *command, uint64_t tag)
{
    const struct server *server = arg;
    struct admitted admitted;
    return engine_command(server->engine, command, tag | ACCESS_TAG, &admitted) == ADMIT_DONE;
}

static const struct access_port locks_port = {.audit = port_audit, .command = port_command};

bool locks_start(struct server *server)
{
    enum err err = secrets_start();
    if (err == OK)
        err = secret_key_open(server->disk, os_random, &server->key);
    if (err != OK) {
        log_error("server",
                  "the key of the house, %s/" SECRET_KEY_FILE ", cannot be read: %s. Put the file "
                  "back that belongs to this folder; without it second factors and the passwords "
                  "of providers must be set anew, then it may be removed",
                  server->settings.data, err_text(err));
        return false;
    }
    err = worker_thread_create("access", &server->porter);
    const struct access_config config = {.settings = &server->settings,
                                         .model = engine_access(server->engine),
                                         .clock = server->clock,
                                         .worker = server->porter,
                                         .key = server->key,
                                         .port = &locks_port,
                                         .arg = server,
                                         .random = os_random};
    if (err == OK)
        err = loop_watch(server, server->porter->fd(server->porter));
    if (err == OK)
        err = access_create(&config, &server->access);
    if (err != OK)
        log_error("server", "nobody can be let in: %s", err_text(err));
    while (err == OK && locks_tell_quotas(server))
        ;
    return err == OK;
}

/* ---- providers of OpenID -------------------------------------------------------------------- */
bool providers_start(struct server *server)
{
    const struct openid_config config = {.clock = server->clock, .ca = server->settings.openid_ca};
    enum err err = openid_create(&config, &server->openid);
    for (unsigned i = 0; err == OK && i < OPENID_THREADS; i++)
        err = loop_watch(server, openid_fd(server->openid, i));
    if (err != OK)
        log_error("server", "nobody can log in by a provider: %s", err_text(err));
    return err == OK;
}

void providers_stop(struct server *server)
{
    openid_destroy(server->openid);
    server->openid = NULL;
}

/* ---- quotas that others hold ---------------------------------------------------------------- */
#define QUOTAS_PIECE 64 /* tenants in one round */

/* The engine holds the quotas of points, and knows how many there are. */
static bool quotas_tell_one(struct server *server)
{
    struct engine *engine = server->engine;
    const struct access_model *model = engine_access(engine);
    struct tenant_view view;
    if (++server->quota_tenant > access_tenants(model)) {
        server->quota_tenant = 0;
        return false;
    }
    uint32_t tenant = server->quota_tenant;
    if (!access_tenant(model, tenant, &view))
        return true;
    engine_tenant_quota(engine, tenant, view.quotas.points, view.quotas.points_per_second);
    engine_tenant_storage_quota(engine, tenant, view.quotas.storage_bytes);
    quota_set(server->access, tenant, QUOTA_POINTS, engine_tenant_points(engine, tenant),
              engine_tenant_refused(engine, tenant, ADMIT_POINTS_MAX));
    quota_set(server->access, tenant, QUOTA_POINTS_RATE, 0,
              engine_tenant_refused(engine, tenant, ADMIT_POINTS_RATE));
    quota_set(server->access, tenant, QUOTA_STORAGE, engine_tenant_storage(engine, tenant),
              engine_tenant_refused(engine, tenant, ADMIT_STORAGE_MAX));
    return true;
}

bool locks_tell_quotas(struct server *server)
{
    uint64_t version = access_model_version(engine_access(server->engine));
    if (server->quota_tenant == 0) {
        if (version == server->quota_version && server->now_ns < server->quota_due_ns)
            return false;
        server->quota_version = version;
        server->quota_due_ns = server->now_ns + NS_PER_S;
    }
    bool more = true;
    for (int i = 0; i < QUOTAS_PIECE && more; i++)
        more = quotas_tell_one(server);
    return more;
}

void locks_stop(struct server *server)
{
    access_destroy(server->access);
    if (server->porter)
        server->porter->destroy(server->porter);
    secret_key_destroy(server->key);
}
