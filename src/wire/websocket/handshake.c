/* The opening handshake (RFC 6455, 4.2): http has read the request, this judges what it asks. */
#include "wire/websocket/websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#define REFUSAL_ROW(name, status, text) [name] = {status, text},
static const struct {
    unsigned status;
    const char *text;
} REFUSALS[] = {WEBSOCKET_REFUSAL_TABLE(REFUSAL_ROW)};
#undef REFUSAL_ROW

unsigned websocket_refusal_status(enum websocket_refusal refusal)
{
    return refusal < WEBSOCKET_REFUSALS ? REFUSALS[refusal].status : 500;
}

const char *websocket_refusal_text(enum websocket_refusal refusal)
{
    return refusal < WEBSOCKET_REFUSALS ? REFUSALS[refusal].text : "";
}

static bool is_base64(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

/* 16 bytes are 22 characters and two of padding. */
static bool key_is_valid(struct bytes key)
{
    if (key.size != WEBSOCKET_KEY_SIZE || memcmp(key.at + 22, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < 22; i++)
        if (!is_base64(key.at[i]))
            return false;
    return true;
}

/* The only field of this name. False when there are several; *ret_header is NULL without any. */
static bool field_alone(const struct http_request *request, const char *name,
                        const struct http_header **ret_header)
{
    uint32_t index = 0;
    *ret_header = http_header_next(request, name, &index);
    return !*ret_header || !http_header_next(request, name, &index);
}

static bool upgrade_is_websocket(const struct http_request *request)
{
    struct bytes item;
    for (size_t offset = 0; http_list_next(request->upgrade, &offset, &item);)
        if (http_text_equal(item, "websocket"))
            return true;
    return false;
}

enum websocket_refusal websocket_offer_read(const struct http_request *request,
                                            struct websocket_offer *ret_offer)
{
    const struct http_header *version, *key, *origin;
    if (request->verb != HTTP_VERB_GET)
        return WEBSOCKET_NO_GET;
    if (!upgrade_is_websocket(request))
        return WEBSOCKET_NO_UPGRADE;
    if (!field_alone(request, "sec-websocket-version", &version) || !version ||
        !http_text_equal(version->value, "13"))
        return WEBSOCKET_NO_VERSION;
    if (!field_alone(request, "sec-websocket-key", &key) || !key || !key_is_valid(key->value))
        return WEBSOCKET_NO_KEY;
    if (!field_alone(request, "origin", &origin))
        return WEBSOCKET_NO_ORIGIN;
    if (request->has_body)
        return WEBSOCKET_NO_BODY;
    ret_offer->key = key->value;
    ret_offer->has_origin = origin != NULL;
    ret_offer->origin = origin ? origin->value : bytes_of(NULL, 0);
    return WEBSOCKET_WELCOME;
}

int websocket_protocol_choose(const struct http_request *request, const char *const *protocols,
                              size_t count, bool *ret_named)
{
    const struct http_header *header;
    struct bytes item;
    *ret_named = false;
    for (uint32_t index = 0;
         (header = http_header_next(request, "sec-websocket-protocol", &index)) != NULL;) {
        for (size_t offset = 0; http_list_next(header->value, &offset, &item);) {
            *ret_named = true;
            for (size_t i = 0; i < count; i++)
                if (bytes_equal(item, bytes_text(protocols[i])))
                    return (int)i;
        }
    }
    return -1;
}

void websocket_accept_put(uint8_t at[WEBSOCKET_ACCEPT_SIZE], struct bytes key)
{
    static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t text[WEBSOCKET_KEY_SIZE + sizeof GUID - 1], digest[SHA_DIGEST_LENGTH];
    uint8_t base64[WEBSOCKET_ACCEPT_SIZE + 1]; /* EVP_EncodeBlock ends it with a NUL */
    check(key.size == WEBSOCKET_KEY_SIZE);
    memcpy(text, key.at, key.size);
    memcpy(text + key.size, GUID, sizeof GUID - 1);
    check(SHA1(text, sizeof text, digest) == digest);
    check(EVP_EncodeBlock(base64, digest, sizeof digest) == WEBSOCKET_ACCEPT_SIZE);
    memcpy(at, base64, WEBSOCKET_ACCEPT_SIZE);
}

enum err websocket_welcome_put(uint8_t *at, size_t capacity, const struct http_request *request,
                               const struct websocket_offer *offer, const char *protocol,
                               int64_t now_s, size_t *ret_size)
{
    uint8_t accept[WEBSOCKET_ACCEPT_SIZE];
    enum http_framing framing;
    struct http_writer writer;
    websocket_accept_put(accept, offer->key);
    http_writer_start(&writer, at, capacity, request, 101, now_s);
    http_writer_header_text(&writer, "Upgrade", "websocket");
    http_writer_header(&writer, "Sec-WebSocket-Accept", bytes_of(accept, sizeof accept));
    if (protocol)
        http_writer_header_text(&writer, "Sec-WebSocket-Protocol", protocol);
    enum err err = http_writer_end(&writer, HTTP_BODY_NONE, 0, &framing);
    if (!err)
        *ret_size = writer.used;
    return err;
}
