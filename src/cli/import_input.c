#include "cli/import_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };
struct import_input {
    int fd;
    bool regular;
    bool ended; /* the file, not what is unpacked of it */
    enum packing packing;
    uint64_t all, read, identity;
    z_stream gzip;
    bool gzip_begun, gzip_whole; /* the last member ended */
    ZSTD_DStream *zstd;
    bool zstd_whole;
    uint8_t *packed; /* INPUT_PIECE */
    size_t packed_at, packed_size;
    uint8_t *out; /* INPUT_PIECE */
    size_t left;  /* of what was skipped to: stands in out */
};

/* Fills `packed`, which was used up. */
static enum err input_fill(struct import_input *input)
{
    input->packed_at = input->packed_size = 0;
    while (!input->ended) {
        ssize_t got = read(input->fd, input->packed, INPUT_PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        input->ended = got == 0;
        input->packed_size = (size_t)got;
        input->read += (size_t)got;
        break;
    }
    return OK;
}

/* ---- life -------------------------------------------------------------------------------------
 */
static enum err packing_find(struct import_input *input)
{
    static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    const uint8_t *at = input->packed;
    size_t size = input->packed_size;
    if (size >= sizeof gzip && memcmp(at, gzip, sizeof gzip) == 0) {
        input->packing = PACKING_GZIP;
        input->gzip_begun = inflateInit2(&input->gzip, 15 + 16) == Z_OK;
        return input->gzip_begun ? OK : ERR_NO_MEMORY;
    }
    if (size >= sizeof zstd && memcmp(at, zstd, sizeof zstd) == 0) {
        input->packing = PACKING_ZSTD;
        input->zstd = ZSTD_createDStream();
        return input->zstd != NULL ? OK : ERR_NO_MEMORY;
    }
    return OK;
}

static enum err input_begin(struct import_input *input)
{
    struct stat status;
    if (fstat(input->fd, &status) == 0 && S_ISDIR(status.st_mode))
        return ERR_INVALID;
    input->regular = fstat(input->fd, &status) == 0 && S_ISREG(status.st_mode);
    input->all = input->regular ? (uint64_t)status.st_size : 0;
    input->packed = malloc(INPUT_PIECE);
    input->out = malloc(INPUT_PIECE);
    if (input->packed == NULL || input->out == NULL)
        return ERR_NO_MEMORY;
    enum err err = input_fill(input);
    if (err != OK)
        return err;
    size_t first = input->packed_size < 4096 ? input->packed_size : 4096;
    if (input->regular)
        input->identity = hash64(input->packed, first, input->all) | 1;
    return packing_find(input);
}

enum err import_input_open(const char *path, struct import_input **ret_input)
{
    struct import_input *input = calloc(1, sizeof *input);
    if (input == NULL)
        return ERR_NO_MEMORY;
    bool standard = strcmp(path, "-") == 0;
    input->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum err err = OK;
    if (input->fd < 0)
        err = errno == ENOENT ? ERR_MISSING : errno == EACCES ? ERR_REFUSED : ERR_IO;
    if (err == OK)
        err = input_begin(input);
    if (err != OK)
        import_input_close(input);
    else
        *ret_input = input;
    return err;
}

void import_input_close(struct import_input *input)
{
    if (input == NULL)
        return;
    if (input->gzip_begun)
        inflateEnd(&input->gzip);
    ZSTD_freeDStream(input->zstd);
    if (input->fd > STDIN_FILENO)
        close(input->fd);
    free(input->packed);
    free(input->out);
    free(input);
}

/* ---- unpacking --------------------------------------------------------------------------------
 */
/* Members one behind the other are one text (RFC 1952, 2.2). */
static enum err gzip_next(struct import_input *input, size_t *size)
{
    z_stream *gzip = &input->gzip;
    if (input->gzip_whole) {
        if (inflateReset(gzip) != Z_OK)
            return ERR_CORRUPT;
        input->gzip_whole = false;
    }
    gzip->next_in = input->packed + input->packed_at;
    gzip->avail_in = (uInt)(input->packed_size - input->packed_at);
    gzip->next_out = input->out;
    gzip->avail_out = (uInt)INPUT_PIECE;
    int code = inflate(gzip, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return code == Z_MEM_ERROR ? ERR_NO_MEMORY : ERR_CORRUPT;
    input->gzip_whole = code == Z_STREAM_END;
    input->packed_at = input->packed_size - gzip->avail_in;
    *size = INPUT_PIECE - gzip->avail_out;
    return OK;
}

static enum err zstd_next(struct import_input *input, size_t *size)
{
    ZSTD_inBuffer in = {input->packed, input->packed_size, input->packed_at};
    ZSTD_outBuffer out = {input->out, INPUT_PIECE, 0};
    size_t code = ZSTD_decompressStream(input->zstd, &out, &in);
    if (ZSTD_isError(code))
        return ERR_CORRUPT;
    input->zstd_whole = code == 0;
    input->packed_at = in.pos;
    *size = out.pos;
    return OK;
}

static enum err unpack_next(struct import_input *input, struct bytes *ret_bytes)
{
    bool gzip = input->packing == PACKING_GZIP;
    for (;;) {
        size_t size = 0;
        bool used_up = input->packed_at == input->packed_size;
        if (used_up && !input->ended) {
            enum err err = input_fill(input);
            if (err != OK)
                return err;
        }
        bool over = input->packed_at == input->packed_size && input->ended;
        if (over && (gzip ? input->gzip_whole : input->zstd_whole))
            break;
        enum err err = gzip ? gzip_next(input, &size) : zstd_next(input, &size);
        if (err != OK)
            return err;
        *ret_bytes = bytes_of(input->out, size);
        if (size > 0)
            return OK;
        if (over && !(gzip ? input->gzip_whole : input->zstd_whole))
            return ERR_CORRUPT; /* it ends too early */
    }
    *ret_bytes = bytes_of(input->out, 0);
    return OK;
}

enum err import_input_next(struct import_input *input, struct bytes *ret_bytes)
{
    if (input->left > 0) {
        *ret_bytes = bytes_of(input->out, input->left);
        input->left = 0;
        return OK;
    }
    if (input->packing != PACKING_NONE)
        return unpack_next(input, ret_bytes);
    if (input->packed_at == input->packed_size) {
        enum err err = input_fill(input);
        if (err != OK)
            return err;
    }
    *ret_bytes = bytes_of(input->packed + input->packed_at, input->packed_size - input->packed_at);
    input->packed_at = input->packed_size;
    return OK;
}

enum err import_input_skip(struct import_input *input, uint64_t bytes)
{
    if (input->packing == PACKING_NONE && input->regular) {
        if (bytes > input->all || lseek(input->fd, (off_t)bytes, SEEK_SET) < 0)
            return ERR_CORRUPT;
        input->packed_at = input->packed_size = 0;
        input->ended = false;
        input->read = bytes;
        return OK;
    }
    while (bytes > 0) {
        struct bytes piece;
        enum err err = import_input_next(input, &piece);
        if (err != OK)
            return err;
        if (piece.size == 0)
            return ERR_CORRUPT;
        if (piece.size > bytes) { /* what is left is given again by the next call */
            size_t left = piece.size - (size_t)bytes;
            memmove(input->out, piece.at + bytes, left);
            input->left = left;
            return OK;
        }
        bytes -= piece.size;
    }
    return OK;
}

uint64_t import_input_read(const struct import_input *input)
{
    return input->read;
}

uint64_t import_input_all(const struct import_input *input)
{
    return input->all;
}

uint64_t import_input_identity(const struct import_input *input)
{
    return input->identity;
}
