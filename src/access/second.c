/* The second factor of a person: a code of the hour, which counts once, or a recovery code. */
#include "access/order.h"
#include "access/second.h"

#include <inttypes.h>
#include <stdio.h>

size_t second_context(uint32_t account, char text[SECOND_CONTEXT_SIZE])
{
    return (size_t)snprintf(text, SECOND_CONTEXT_SIZE, "totp %" PRIu32, account);
}

/* Codes that were used are refused: the model knows up to which; here are those on their way to it.
 */
static int64_t last_step(const struct access *access, uint32_t account)
{
    struct account_view view;
    access_account(access->config.model, account, &view);
    int64_t step = view.used_step <= INT64_MAX ? (int64_t)view.used_step : INT64_MAX;
    for (size_t i = 0; i < SECOND_STEPS; i++)
        if (access->steps[i].account == account && access->steps[i].step > step)
            step = access->steps[i].step;
    return step;
}

bool second_totp_check(struct access *access, uint32_t account,
                       const uint8_t seed[SECRET_TOTP_SEED_SIZE], struct bytes text,
                       int64_t *ret_step)
{
    int64_t wall_s = access->config.clock->wall_ns(access->config.clock) / NS_PER_S;
    if (!secret_totp_check(seed, text, wall_s, last_step(access, account), ret_step))
        return false;
    access->steps[access->step_next++ % SECOND_STEPS] = (struct used_step){account, *ret_step};
    return true;
}

static bool totp_is_right(struct access *access, uint32_t account, struct bytes sealed,
                          struct bytes text, int64_t *ret_step)
{
    uint8_t seed[SECRET_TOTP_SEED_SIZE];
    char context[SECOND_CONTEXT_SIZE];
    size_t size, context_size = second_context(account, context);
    bool right = secret_open(access->config.key, bytes_of(context, context_size), sealed, seed,
                             sizeof seed, &size) == OK &&
                 size == sizeof seed && second_totp_check(access, account, seed, text, ret_step);
    secret_wipe(seed, sizeof seed);
    return right;
}

/* Is it being used by another at this moment? */
static bool recovery_is_taken(const struct access *access, uint32_t secret)
{
    for (struct link *at = access->orders.next; at != &access->orders; at = at->next) {
        const struct command *command = &LINK_OWNER(at, struct order, link)->command;
        if (command->kind == COMMAND_SECRET_REMOVE && command->access.number == secret)
            return true;
    }
    return false;
}

enum second second_check(struct access *access, uint32_t account, struct bytes text,
                         uint32_t *ret_recovery, int64_t *ret_step)
{
    const struct access_model *model = access->config.model;
    uint8_t digest[SECRET_DIGEST_SIZE];
    bool recovery = secret_recovery_read(text, digest);
    for (uint32_t secret = access_secret_next(model, account, SECRET_NONE); secret != SECRET_NONE;
         secret = access_secret_next(model, account, secret)) {
        struct secret_view view;
        if (!access_secret(model, secret, &view))
            continue;
        if (view.kind == SECRET_TOTP && totp_is_right(access, account, view.proof, text, ret_step))
            return SECOND_RIGHT;
        if (recovery && view.kind == SECRET_RECOVERY && view.proof.size == sizeof digest &&
            secret_equal(view.proof.at, digest, sizeof digest) &&
            !recovery_is_taken(access, secret)) {
            *ret_recovery = secret;
            return SECOND_RECOVERY;
        }
    }
    return SECOND_WRONG;
}
