/* notify: carries deliveries out. What model/notices says is due goes to where its channel leads: a
 * webhook by HTTP, a mail by SMTP, a message to a topic of our own broker; what became of it goes
 * back as COMMAND_NOTICE_DONE, and is the reducer's to judge.
 *
 *   notices (ready) -> notify_step -> a thread (libcurl), or port->publish -> port->command
 *
 * Guarantees. At least once: a delivery is ready until its command is a record; a process that is
 * killed before sends it again, with the same identity and the same body. One delivery of a channel
 * at a time, in their order; NOTIFY_THREADS at once, of one tenant NOTIFY_THREADS_TENANT. The
 * engine's thread never waits. Tenants that are suspended or deleted are not sent for.
 *
 * A webhook is a POST of JSON (docs/notices.md), signed as Standard Webhooks 1.0 says:
 *   webhook-id          the delivery's identity: the same whenever it is sent again
 *   webhook-timestamp   seconds since 1970 of this try
 *   webhook-signature   "v1," + base64 of HMAC-SHA-256, by the channel's secret, of
 *                       id "." timestamp "." body; not there when the channel has no secret
 * A secret that begins with "whsec_" is base64 behind that, else it is the bytes themselves. 2xx is
 * taken; 400, 410, 413, 415 and 422 are refused for good; anything else failed. Redirections are
 * not followed, of an answer NOTIFY_ANSWER_MAX bytes are read and none believed.
 *
 * Addresses of this machine and of its link are not reached: names are judged by what they resolve
 * to. Webhooks of the tenant main may, when notify.inner says so; the mail server may be one, for
 * whoever runs the server names it.
 *
 * One thread, the engine's, but for what runs inside the workers. This room logs nothing. Secrets
 * are wiped when a try is over. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/access/access.h"
#include "model/notices/notices.h"
#include "os/os.h"
#include "secrets/secrets.h"
#include "settings/settings.h"

#define NOTIFY_THREADS 4
#define NOTIFY_THREADS_TENANT 2
#define NOTIFY_LOOK 256 /* ready deliveries looked at in one step */
#define NOTIFY_ANSWER_MAX ((size_t)16 << 10)
#define NOTIFY_IDENTITY_SIZE 64 /* with NUL */
#define NOTIFY_TARGET_MAX NOTICE_TARGET_MAX

enum notify_taken { NOTIFY_TAKEN, NOTIFY_LATER /* after the engine's step */, NOTIFY_NOT_TAKEN };
/* How the room reaches the rest of the server; arg is the config's. */
struct notify_port {
    /* A command of the server's own; false: try again after the engine's step. */
    bool (*command)(void *arg, const struct command *command);
    /* A message to a topic of the tenant, QoS 1; *ret_fault: why it is not taken. */
    enum notify_taken (*publish)(void *arg, uint32_t tenant, struct bytes topic,
                                 struct bytes payload, const char **ret_fault);
};
struct notify_config {
    const struct settings *settings; /* notify.*, read at each try */
    const struct notices *notices;
    const struct access_model *people; /* tenants */
    const struct secret_key *key;      /* of seals; NULL: no secret can be opened */
    struct clock *clock;
    const struct notify_port *port;
    void *arg;
};
struct notify;
MUST_USE enum err notify_create(const struct notify_config *config, struct notify **ret_notify);
void notify_destroy(struct notify *notify); /* what is under way ends; NULL is fine */
/* Of its threads; readable when notify_step has something to do. */
int notify_fd(const struct notify *notify, unsigned thread);
/* After each engine_step. Returns after how many ns it wants to be called again at the latest;
 * INT64_MAX: when something happens. */
int64_t notify_step(struct notify *notify);
/* Records were lost with a failed write: commands among them are given again. */
void notify_lost(struct notify *notify);
struct notify_counters {
    uint64_t sent, failed, refused; /* tries */
    uint32_t under_way;
};
void notify_describe(const struct notify *notify, struct notify_counters *ret_counters);

/* ---- pure: seals and signatures -----------------------------------------------------------------
 */
/* The context under which a channel's secret is sealed (access_seal): "channel TENANT NAME" with
 * the tenant's number; into context[NOTICE_NAME_MAX + 32]. */
size_t notify_context(uint32_t tenant, struct bytes name, char *context);
#define NOTIFY_SIGNATURE_SIZE 48 /* "v1,", 44 of base64, NUL */
/* Of one try. False: the secret is "whsec_" and no base64 behind. */
MUST_USE bool notify_sign(struct bytes secret, const char *identity, int64_t timestamp_s,
                          struct bytes body, char signature[NOTIFY_SIGNATURE_SIZE]);
/* Can a secret be one? */
bool notify_secret_is_good(struct bytes secret);
