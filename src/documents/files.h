/* files: the bytes of documents on the disk, for the worker "documents" and, reading, for
 * "search". */
#pragma once

#include "documents/documents.h"

/* Written and synced, under its name and the folder too. */
MUST_USE enum err document_file_put(struct disk *disk, struct bytes bytes,
                                    uint8_t ret_hash[DOCUMENT_HASH_SIZE]);
/* Whole, judged by its name; *ret_bytes is the caller's to free. */
MUST_USE enum err document_file_read(struct disk *disk, const uint8_t *hash, uint64_t size,
                                     uint8_t **ret_bytes);
/* Is it there, and of this size? Its bytes are not read. */
MUST_USE enum err document_file_look(struct disk *disk, const uint8_t *hash, uint64_t size);
struct file_list { /* of hashes, the caller's: free(hashes) */
    uint8_t (*hashes)[DOCUMENT_HASH_SIZE];
    size_t count, capacity;
    bool failed;
};
/* What is there; what a crash left half written is removed. */
MUST_USE enum err document_files_list(struct disk *disk, struct file_list *ret_list);
MUST_USE enum err document_file_remove(struct disk *disk, const uint8_t *hash);
/* Text to be searched: of Markdown without the tags of HTML, up to DOCUMENT_TEXT_MOST bytes, in
 * place; empty: it is no UTF-8, or holds zeroes. */
struct bytes document_file_text(uint8_t *bytes, size_t size, unsigned media);
