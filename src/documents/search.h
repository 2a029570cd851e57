/* search: the index of the words of documents, in one connection of SQLite, for one thread at a
 * time: the worker "search". A table for each tenant that has documents. */
#pragma once

#include "documents/documents.h"

struct search;
struct search_entry {
    uint32_t tenant, document;
    uint64_t made;
    struct bytes name, title, text; /* UTF-8 */
};
MUST_USE enum err search_create(struct search **ret_search);
void search_destroy(struct search *search); /* NULL is fine */
/* Puts it in the place of what the document was before. */
MUST_USE enum err search_put(struct search *search, const struct search_entry *entry);
MUST_USE enum err search_remove(struct search *search, uint32_t tenant, uint32_t document);
/* The best first, into hits[most]. */
MUST_USE enum err search_ask(struct search *search, uint32_t tenant, struct bytes question,
                             struct document_hit *hits, size_t most, size_t *ret_count);
