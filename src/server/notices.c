/* Notices: how deliveries reach the world, and their commands the engine. */
#include "notify/notify.h"
#include "server/room.h"

/* ---- what the room wants -----------------------------------------------------------------------
 */
static bool port_command(void *arg, const struct command *command)
{
    const struct server *server = arg;
    struct admitted admitted;
    return engine_command(server->engine, command, NOTIFY_TAG, &admitted) == ADMIT_DONE;
}

static enum notify_taken port_publish(void *arg, uint32_t tenant, struct bytes topic,
                                      struct bytes payload, const char **ret_fault)
{
    const struct server *server = arg;
    enum admit admit = broker_say(server->broker, tenant, topic, payload);
    *ret_fault = admit == ADMIT_DONE ? "" : admit_text(admit);
    return admit == ADMIT_DONE   ? NOTIFY_TAKEN
           : admit == ADMIT_WAIT ? NOTIFY_LATER
                                 : NOTIFY_NOT_TAKEN;
}

static const struct notify_port notices_port = {.command = port_command, .publish = port_publish};

/* ---- life --------------------------------------------------------------------------------------
 */
bool notices_start(struct server *server)
{
    const struct notify_config config = {.settings = &server->settings,
                                         .notices = engine_notices(server->engine),
                                         .people = engine_access(server->engine),
                                         .key = server->key,
                                         .clock = server->clock,
                                         .port = &notices_port,
                                         .arg = server};
    enum err err = notify_create(&config, &server->notify);
    for (unsigned i = 0; err == OK && i < NOTIFY_THREADS; i++)
        err = loop_watch(server, notify_fd(server->notify, i));
    if (err != OK)
        log_error("server", "nobody can be told of alarms: %s", err_text(err));
    return err == OK;
}

void notices_stop(struct server *server)
{
    notify_destroy(server->notify);
    server->notify = NULL;
}

void notices_step(struct server *server)
{
    int64_t wait_ns = notify_step(server->notify);
    server->notify_due_ns =
        wait_ns < INT64_MAX - server->now_ns ? server->now_ns + wait_ns : INT64_MAX;
}
