/* guess: who guessed wrong, and how long he has to wait. Three counts for each guess: of this
 * address at this name, of this name from anywhere, of this address at anything; the first slows
 * soonest. Whoever was right before at this name from this address waits for his own mistakes
 * alone: nobody can lock a person out from elsewhere, and no stranger behind the same address can.
 *
 * A guess counts as wrong before it is looked at (guess_begin), and is taken back when it was right
 * (guess_right): as many at once are as slow as one behind the other. The table has a fixed size;
 * what is in it goes by age, then the least wrong. Names that do not exist are slowed as others
 * are. */
#pragma once

#include "base/base.h"

#define GUESS_WAYS 8
#define GUESS_SETS 4096
#define GUESS_NAME_FACTOR                                                                          \
    4 /* a name may be wrong so many times more often than an address at it                        \
       */
#define GUESS_ADDRESS_FACTOR 10

struct guess_entry {
    uint64_t key; /* 0: free */
    int64_t last_ns;
    uint32_t wrong;
    bool known; /* was right before */
};
struct guesses {
    struct guess_entry *entries; /* GUESS_SETS * GUESS_WAYS */
    uint64_t seed;
};
struct guess_keys {
    uint64_t pair, name, address;
};
struct guess_rules {
    uint32_t limit;
    int64_t lock_ns;
};
MUST_USE enum err guesses_init(struct guesses *guesses, uint64_t seed);
void guesses_done(struct guesses *guesses);
/* address: HOST:PORT; the port does not matter, and of an IPv6 address its /64 alone. */
struct guess_keys guess_keys_of(const struct guesses *guesses, uint32_t tenant, struct bytes name,
                                const char *address);
/* 0: it may be looked at, and counts; else after how many ns it may be. */
int64_t guess_begin(struct guesses *guesses, const struct guess_keys *keys,
                    const struct guess_rules *rules, int64_t boot_ns);
/* It was right: what began is taken back, and with `enters` forgotten. */
void guess_right(struct guesses *guesses, const struct guess_keys *keys, bool enters,
                 int64_t boot_ns);
