/* import_input: a file as plain bytes: as it is, or inflated (gzip, zstd: known by their first
 * bytes), or standard input. Bounded memory; one thread. */
#pragma once

#include "base/base.h"

#define INPUT_PIECE ((size_t)256 << 10)

struct import_input;
/* path "-": standard input. ERR_MISSING, ERR_REFUSED, ERR_IO, ERR_NO_MEMORY. */
MUST_USE enum err import_input_open(const char *path, struct import_input **ret_input);
void import_input_close(struct import_input *input); /* NULL is fine */
/* The next bytes, at most INPUT_PIECE, valid until the next call; size 0: the end. ERR_CORRUPT:
 * what is packed is damaged or cut short. */
MUST_USE enum err import_input_next(struct import_input *input, struct bytes *ret_bytes);
/* Passes over so many unpacked bytes; a plain file is sought. ERR_CORRUPT: it has not so many. */
MUST_USE enum err import_input_skip(struct import_input *input, uint64_t bytes);
/* Of the file as it lies there: read so far, and all (0: nobody knows). */
uint64_t import_input_read(const struct import_input *input);
uint64_t import_input_all(const struct import_input *input);
/* Which file it is: by size and first bytes. 0 for standard input, which cannot be read again. */
uint64_t import_input_identity(const struct import_input *input);
