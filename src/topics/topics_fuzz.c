/* A sequence of adds, removes and questions, against a plain list and topic_matches.
 *
 *      input    byte: filters are stored (0) or names (1), then operations
 *      op       byte: what (2 bits), tenant (1 bit), value (5 bits); byte: size of the text; text
 *
 * Texts are taken as they come, valid or not. One thing the tree does not promise is left out:
 * finding names that hold wildcards. */
#include <stdlib.h>
#include <string.h>

#include "topics/topics.h"

#define ENTRIES_MAX 256
#define VALUES 64
struct entry {
    uint32_t tenant, value;
    struct bytes text; /* in the input */
};
struct fuzz {
    bool names;
    struct topics *topics;
    struct entry entries[ENTRIES_MAX];
    uint32_t count;
};

static bool tell(void *arg, uint32_t value)
{
    uint32_t *times = arg;
    check(value < VALUES);
    times[value]++;
    return true;
}

static uint32_t levels_of_text(struct bytes text)
{
    uint32_t levels = 1;
    for (size_t i = 0; i < text.size; i++)
        levels += text.at[i] == '/';
    return levels;
}

static uint32_t fuzz_find(const struct fuzz *fuzz, const struct entry *entry)
{
    uint32_t i = 0;
    while (i < fuzz->count &&
           (fuzz->entries[i].tenant != entry->tenant || fuzz->entries[i].value != entry->value ||
            !bytes_equal(fuzz->entries[i].text, entry->text)))
        i++;
    return i;
}

static void fuzz_add(struct fuzz *fuzz, const struct entry *entry)
{
    if (fuzz->names && (memchr(entry->text.at, '+', entry->text.size) != NULL ||
                        memchr(entry->text.at, '#', entry->text.size) != NULL))
        return;
    enum err expected = levels_of_text(entry->text) > TOPICS_DEPTH_MAX ? ERR_LIMIT
                        : fuzz_find(fuzz, entry) < fuzz->count         ? ERR_EXISTS
                                                                       : OK;
    if (expected == OK && fuzz->count == ENTRIES_MAX)
        return;
    check(topics_add(fuzz->topics, entry->tenant, entry->text, entry->value) == expected);
    if (expected == OK)
        fuzz->entries[fuzz->count++] = *entry;
}

static void fuzz_remove(struct fuzz *fuzz, const struct entry *entry)
{
    uint32_t at = fuzz_find(fuzz, entry);
    enum err expected = at < fuzz->count ? OK : ERR_MISSING;
    check(topics_remove(fuzz->topics, entry->tenant, entry->text, entry->value) == expected);
    if (expected == OK)
        fuzz->entries[at] = fuzz->entries[--fuzz->count];
}

static void fuzz_ask(const struct fuzz *fuzz, uint32_t tenant, struct bytes asked, size_t most)
{
    uint32_t times[VALUES] = {0}, expected[VALUES] = {0};
    bool all = true;
    if (fuzz->names)
        all = topics_match_names(fuzz->topics, tenant, asked, most, tell, times);
    else
        topics_match_filters(fuzz->topics, tenant, asked, tell, times);
    for (uint32_t i = 0; i < fuzz->count; i++) {
        const struct entry *entry = &fuzz->entries[i];
        bool matches =
            fuzz->names ? topic_matches(entry->text, asked) : topic_matches(asked, entry->text);
        expected[entry->value] += matches && entry->tenant == tenant;
    }
    for (uint32_t value = 0; value < VALUES; value++)
        check(all ? times[value] == expected[value] : times[value] <= expected[value]);
    check(all || most < SIZE_MAX);
}

static void fuzz_step(struct fuzz *fuzz, uint8_t op, struct bytes text)
{
    struct entry entry = {.tenant = op >> 2 & 1, .value = op >> 3, .text = text};
    switch (op & 3) {
    case 0:
        fuzz_add(fuzz, &entry);
        break;
    case 1:
        fuzz_remove(fuzz, &entry);
        break;
    case 2:
        fuzz_ask(fuzz, entry.tenant, text, SIZE_MAX);
        break;
    default: /* many at once: a set grows through all of its forms; or a question with few steps */
        if (entry.value % 2 == 1)
            fuzz_ask(fuzz, entry.tenant, text, entry.value);
        else
            for (entry.value = 0; entry.value < VALUES; entry.value++)
                fuzz_add(fuzz, &entry);
    }
    check(topics_count(fuzz->topics) == fuzz->count);
    check(topics_empty(fuzz->topics) == (fuzz->count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct fuzz *fuzz = calloc(1, sizeof *fuzz);
    check(fuzz != NULL);
    fuzz->names = data[0] & 1;
    check(topics_create_seeded(data[0], &fuzz->topics) == OK);
    for (size_t at = 1; at + 2 <= size;) {
        size_t left = size - at - 2, text_size = data[at + 1] < left ? data[at + 1] : left;
        fuzz_step(fuzz, data[at], bytes_of(data + at + 2, text_size));
        at += 2 + text_size;
    }
    while (fuzz->count > 0) {
        struct entry entry = fuzz->entries[0];
        fuzz_remove(fuzz, &entry);
    }
    check(topics_empty(fuzz->topics));
    topics_destroy(fuzz->topics);
    free(fuzz);
    return 0;
}
