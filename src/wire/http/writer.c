/* Heads of answers. What would end a line early, or say something about framing that only the
 * writer may say, is refused. */
#include "wire/http/decoder.h"

#include <string.h>

const char *http_status_text(unsigned status)
{
    switch (status) {
#define STATUS_CASE(number, name, text)                                                            \
    case number:                                                                                   \
        return #text;
        HTTP_STATUS_MAP(STATUS_CASE)
#undef STATUS_CASE
    default:
        return "Unknown";
    }
}

static void put(struct http_writer *writer, const void *at, size_t size)
{
    if (writer->err)
        return;
    if (size > writer->capacity - writer->used) {
        writer->err = ERR_LIMIT;
        return;
    }
    if (size > 0)
        memcpy(writer->at + writer->used, at, size);
    writer->used += size;
}

static void put_text(struct http_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_number(struct http_writer *writer, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (uint8_t)('0' + number % 10);
    while ((number /= 10) > 0);
    put(writer, digits + at, sizeof digits - at);
}

void http_writer_start(struct http_writer *writer, uint8_t *at, size_t capacity,
                       const struct http_request *request, unsigned status, int64_t now_s)
{
    uint8_t date[HTTP_DATE_SIZE];
    memset(writer, 0, sizeof *writer);
    writer->at = at;
    writer->capacity = capacity;
    writer->status = status;
    writer->head = request && request->verb == HTTP_VERB_HEAD;
    writer->old = request && request->minor == 0;
    writer->closes = !request || !request->keep_alive;
    if (status < 100 || status > 999)
        writer->err = ERR_INVALID;
    put_text(writer, "HTTP/1.1 ");
    put_number(writer, status);
    put_text(writer, " ");
    put_text(writer, http_status_text(status));
    put_text(writer, "\r\nDate: ");
    http_date_put(date, now_s);
    put(writer, date, sizeof date);
    put_text(writer, "\r\n");
}

void http_writer_close(struct http_writer *writer)
{
    writer->closes = true;
}

static bool name_is_ours(struct bytes name)
{
    return http_text_equal(name, "content-length") || http_text_equal(name, "transfer-encoding") ||
           http_text_equal(name, "connection") || http_text_equal(name, "date");
}

void http_writer_header(struct http_writer *writer, const char *name, struct bytes value)
{
    struct bytes text = bytes_text(name);
    bool valid = text.size > 0 && octets_are(text, OCTET_TOKEN) && !name_is_ours(text) &&
                 octets_are(value, OCTET_FIELD);
    if (!valid && !writer->err)
        writer->err = ERR_INVALID;
    put(writer, text.at, text.size);
    put(writer, ": ", 2);
    put(writer, value.at, value.size);
    put(writer, "\r\n", 2);
}

void http_writer_header_text(struct http_writer *writer, const char *name, const char *value)
{
    http_writer_header(writer, name, bytes_text(value));
}

void http_writer_header_number(struct http_writer *writer, const char *name, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (uint8_t)('0' + value % 10);
    while ((value /= 10) > 0);
    http_writer_header(writer, name, bytes_of(digits + at, sizeof digits - at));
}

static enum http_framing framing_put(struct http_writer *writer, enum http_body body,
                                     uint64_t length)
{
    bool bodiless = writer->status < 200 || writer->status == 204 || writer->status == 304;
    if (bodiless)
        return HTTP_FRAMING_NONE;
    if (body == HTTP_BODY_STREAM && writer->old) {
        writer->closes = true;
        return writer->head ? HTTP_FRAMING_NONE : HTTP_FRAMING_CLOSE;
    }
    if (body == HTTP_BODY_STREAM) {
        put_text(writer, "Transfer-Encoding: chunked\r\n");
        return writer->head ? HTTP_FRAMING_NONE : HTTP_FRAMING_CHUNKED;
    }
    put_text(writer, "Content-Length: ");
    put_number(writer, body == HTTP_BODY_SIZED ? length : 0);
    put_text(writer, "\r\n");
    return writer->head || body == HTTP_BODY_NONE || length == 0 ? HTTP_FRAMING_NONE
                                                                 : HTTP_FRAMING_LENGTH;
}

enum err http_writer_end(struct http_writer *writer, enum http_body body, uint64_t length,
                         enum http_framing *ret_framing)
{
    enum http_framing framing = framing_put(writer, body, length);
    bool upgrades = writer->status == 101 || writer->status == 426;
    if (upgrades)
        put_text(writer, writer->closes && writer->status != 101 ? "Connection: close, Upgrade\r\n"
                                                                 : "Connection: Upgrade\r\n");
    else if (writer->closes)
        put_text(writer, "Connection: close\r\n");
    else if (writer->old)
        put_text(writer, "Connection: keep-alive\r\n");
    put_text(writer, "\r\n");
    if (!writer->err)
        *ret_framing = framing;
    return writer->err;
}

size_t http_chunk_head_put(uint8_t *at, uint64_t size)
{
    static const char HEX[] = "0123456789abcdef";
    size_t used = 0;
    unsigned shift = 60;
    while (shift > 0 && size >> shift == 0)
        shift -= 4;
    for (;; shift -= 4) {
        at[used++] = (uint8_t)HEX[size >> shift & 15];
        if (shift == 0)
            break;
    }
    at[used++] = '\r';
    at[used++] = '\n';
    return used;
}

size_t http_chunk_put(uint8_t *at, size_t capacity, struct bytes data)
{
    uint8_t head[HTTP_CHUNK_EXTRA];
    size_t head_size = http_chunk_head_put(head, data.size);
    if (data.size == 0 || capacity < head_size + 2 || data.size > capacity - head_size - 2)
        return 0;
    memcpy(at, head, head_size);
    memcpy(at + head_size, data.at, data.size);
    memcpy(at + head_size + data.size, "\r\n", 2);
    return head_size + data.size + 2;
}
