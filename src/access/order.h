/* order: commands of this room on their way: copied, handed to the port when it takes them, and
 * answered when their outcome is there. Whoever makes them is bounded himself; those that nobody
 * waits for are LONE_ORDERS_MAX at most. */
#pragma once

#include "access/room.h"

#define LONE_ORDERS_MAX 1024

struct order {
    struct link link;
    uint64_t tag;
    bool admitted;
    int64_t began_ns;
    struct command command; /* its texts are the owner's and stay until done() */
    /* outcome NULL: nothing came in time, nobody knows. */
    void (*done)(struct order *order, const struct outcome *outcome);
};
void order_put(struct access *access, struct order *order);
/* Tries those again that the port did not take, and gives up those that are too old. */
void orders_step(struct access *access);
void orders_outcome(struct access *access, uint64_t tag, const struct outcome *outcome);
/* Takes a secret away whose time is over: nobody waits for it. */
void order_remove_secret(struct access *access, uint32_t tenant, uint32_t secret);
/* A password's proof is made anew with today's parameters; the password stays what it is, and who
 * came with it stays. Nothing happens if it is another by then. */
void order_renew_password(struct access *access, uint32_t account, uint32_t secret,
                          const char *proof);
void orders_done(struct access *access); /* as if nothing came in time */
