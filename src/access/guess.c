/* Counting wrong guesses in a table that does not grow. */
#include "access/guess.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define NETWORK_SIZE 8      /* of an IPv6 address: its /64 */
#define GUESS_KNOWN_WORTH 4 /* one that was right is kept as one that was wrong so often */

enum err guesses_init(struct guesses *guesses, uint64_t seed)
{
    guesses->seed = seed;
    guesses->entries = calloc((size_t)GUESS_SETS * GUESS_WAYS, sizeof guesses->entries[0]);
    return guesses->entries == NULL ? ERR_NO_MEMORY : OK;
}

void guesses_done(struct guesses *guesses)
{
    free(guesses->entries);
    guesses->entries = NULL;
}

/* The HOST of HOST:PORT; of IPv6 the /64, which is one subscriber's: he has all its addresses. An
 * IPv4 address that comes as IPv6 is itself. text[INET6_ADDRSTRLEN]. */
static struct bytes host_of(struct bytes address, char *text, uint8_t *network)
{
    struct in6_addr ip;
    while (address.size > 0 && address.at[address.size - 1] != ':')
        address.size--;
    if (address.size < 3 || address.size - 3 >= INET6_ADDRSTRLEN || address.at[0] != '[' ||
        address.at[address.size - 2] != ']')
        return address;
    memcpy(text, address.at + 1, address.size - 3);
    text[address.size - 3] = '\0';
    if (inet_pton(AF_INET6, text, &ip) != 1 || IN6_IS_ADDR_V4MAPPED(&ip))
        return address;
    memcpy(network, ip.s6_addr, NETWORK_SIZE);
    return bytes_of(network, NETWORK_SIZE);
}

struct guess_keys guess_keys_of(const struct guesses *guesses, uint32_t tenant, struct bytes name,
                                const char *address)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t network[NETWORK_SIZE];
    struct bytes host = host_of(bytes_text(address == NULL ? "" : address), text, network);
    uint64_t named = hash64(name.at, name.size, guesses->seed + tenant);
    uint64_t from = hash64(host.at, host.size, guesses->seed ^ UINT64_C(0xa5a5a5a5a5a5a5a5));
    uint64_t both[2] = {named, from};
    return (struct guess_keys){.pair = hash64(both, sizeof both, guesses->seed) | 1,
                               .name = named | 1,
                               .address = from | 1};
}

/* ---- the table ---------------------------------------------------------------------------------
 */
static uint32_t entry_worth(const struct guess_entry *entry)
{
    return entry->key == 0 ? 0 : 1 + entry->wrong + (entry->known ? GUESS_KNOWN_WORTH : 0);
}

static struct guess_entry *set_of(const struct guesses *guesses, uint64_t key)
{
    return guesses->entries + (key >> 32) % GUESS_SETS * GUESS_WAYS;
}

static struct guess_entry *entry_find(const struct guesses *guesses, uint64_t key)
{
    struct guess_entry *set = set_of(guesses, key);
    for (size_t i = 0; i < GUESS_WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

/* Made when there is none, in place of the one that matters least. */
static struct guess_entry *entry_get(struct guesses *guesses, uint64_t key, int64_t boot_ns)
{
    struct guess_entry *set = set_of(guesses, key), *least = set, *found = entry_find(guesses, key);
    if (found != NULL)
        return found;
    for (size_t i = 1; i < GUESS_WAYS; i++) {
        uint32_t worth = entry_worth(&set[i]), worth_least = entry_worth(least);
        if (worth < worth_least || (worth == worth_least && set[i].last_ns < least->last_ns))
            least = &set[i];
    }
    *least = (struct guess_entry){.key = key, .last_ns = boot_ns};
    return least;
}

/* ---- counting ----------------------------------------------------------------------------------
 */
/* Half of them are forgotten each time that as long as the longest wait has passed. */
static void entry_age(struct guess_entry *entry, int64_t lock_ns, int64_t boot_ns)
{
    int64_t ages = (boot_ns - entry->last_ns) / lock_ns;
    if (ages <= 0 || entry->wrong == 0)
        return;
    entry->wrong = ages < 32 ? entry->wrong >> ages : 0;
    entry->last_ns += ages * lock_ns;
}

static int64_t entry_wait(const struct guess_entry *entry, uint32_t limit, int64_t lock_ns,
                          int64_t boot_ns)
{
    if (entry->wrong < limit)
        return 0;
    uint32_t doublings = entry->wrong - limit;
    int64_t wait_ns = doublings < 30 ? NS_PER_S << doublings : lock_ns;
    int64_t left_ns = entry->last_ns + (wait_ns < lock_ns ? wait_ns : lock_ns) - boot_ns;
    return left_ns > 0 ? left_ns : 0;
}

static void entry_wrong(struct guess_entry *entry, int64_t boot_ns)
{
    entry->wrong += entry->wrong < UINT32_MAX;
    entry->last_ns = boot_ns;
}

int64_t guess_begin(struct guesses *guesses, const struct guess_keys *keys,
                    const struct guess_rules *rules, int64_t boot_ns)
{
    const struct {
        uint64_t key;
        uint32_t limit;
    } counts[] = {{keys->pair, rules->limit},
                  {keys->name, rules->limit * GUESS_NAME_FACTOR},
                  {keys->address, rules->limit * GUESS_ADDRESS_FACTOR}};
    const struct guess_entry *pair = entry_find(guesses, keys->pair);
    size_t count = pair != NULL && pair->known ? 1 : ARRAY_COUNT(counts);
    int64_t longest_ns = 0;
    for (size_t i = 0; i < count; i++) {
        struct guess_entry *entry = entry_find(guesses, counts[i].key);
        if (entry == NULL)
            continue;
        entry_age(entry, rules->lock_ns, boot_ns);
        int64_t wait_ns = entry_wait(entry, counts[i].limit, rules->lock_ns, boot_ns);
        longest_ns = wait_ns > longest_ns ? wait_ns : longest_ns;
    }
    for (size_t i = 0; longest_ns == 0 && i < count; i++)
        entry_wrong(entry_get(guesses, counts[i].key, boot_ns), boot_ns);
    return longest_ns;
}

void guess_right(struct guesses *guesses, const struct guess_keys *keys, bool enters,
                 int64_t boot_ns)
{
    const uint64_t counted[] = {keys->pair, keys->name, keys->address};
    struct guess_entry *pair = entry_get(guesses, keys->pair, boot_ns);
    size_t count = pair->known ? 1 : ARRAY_COUNT(counted);
    for (size_t i = 0; i < count; i++) {
        struct guess_entry *entry = entry_find(guesses, counted[i]);
        if (entry != NULL && entry->wrong > 0)
            entry->wrong--;
    }
    if (!enters)
        return;
    pair->wrong = 0;
    pair->known = true;
    pair->last_ns = boot_ns;
}
