/* Bytes of four connections, in pieces, between rounds, failing writes and clients that do not
 * read, vanish or say nothing: nothing of it may reach a check(), what each connection is told must
 * be in the order of what it asked, and when all are gone no memory may be held (house_destroy
 * looks).
 *
 * The input is acts: a byte says what and for which connection; the bytes behind it belong to it.
 * Bytes are sent as they are, or as the payload of a WebSocket frame, so that the fuzzer need not
 * find out what a mask is. Whole requests come from a table; those that ask for a path of their own
 * are numbered, and their answers name it. */

/* The house is one for cmocka; a fuzzer has none, and what it would assert is a check here. */
#define CMOCKA_H_
#define assert_true(condition) check(condition)
#define assert_non_null(pointer) check((pointer) != NULL)
#define assert_int_equal(a, b) check((a) == (b))
#define assert_in_range(value, least, most)                                                        \
    check((size_t)(value) >= (size_t)(least) && (size_t)(value) <= (size_t)(most))
#define fail_msg(...) check(false)
#define print_error(...) (void)0
#include "web/test_house.h"

#include <ctype.h>
#include <inttypes.h>

#define FUZZ_TALKS 4
#define FUZZ_BYTES_MAX 4096
#define FUZZ_OUT_MAX ((size_t)8 << 20) /* of a connection: then it is looked at and dropped */
#define MARK "asked-for-"

struct fuzz {
    struct test_house *house;
    struct talk *talks[FUZZ_TALKS];
    uint32_t asked, answered[FUZZ_TALKS]; /* numbers: the last one given, the last one seen */
    struct bytes input;
};

static uint8_t take(struct fuzz *fuzz)
{
    if (fuzz->input.size == 0)
        return 0;
    uint8_t byte = fuzz->input.at[0];
    fuzz->input = bytes_of(fuzz->input.at + 1, fuzz->input.size - 1);
    return byte;
}

static struct bytes take_bytes(struct fuzz *fuzz)
{
    size_t size = take(fuzz);
    size = size < fuzz->input.size ? size : fuzz->input.size;
    struct bytes bytes = bytes_of(fuzz->input.at, size);
    fuzz->input = bytes_of(fuzz->input.at + size, fuzz->input.size - size);
    return bytes;
}

/* ---- what came --------------------------------------------------------------------------------
 */
/* Answers that name a number must count up. */
static void look(struct fuzz *fuzz, size_t at)
{
    struct talk *talk = fuzz->talks[at];
    struct bytes out = talk_buffer_rest(&talk->out);
    const uint8_t *end = out.at + out.size, *mark;
    while ((mark = memmem(out.at, (size_t)(end - out.at), MARK, sizeof MARK - 1)) != NULL) {
        uint32_t number = 0;
        for (mark += sizeof MARK - 1; mark < end && isdigit(*mark); mark++)
            number = number * 10 + (uint32_t)(*mark - '0');
        check(number >= fuzz->answered[at] && number <= fuzz->asked);
        fuzz->answered[at] = number;
        out.at = mark;
    }
    talk->out.taken = talk->out.size;
}

/* ---- acts -------------------------------------------------------------------------------------
 */
static void act_open(struct fuzz *fuzz, size_t at)
{
    if (fuzz->talks[at] != NULL) {
        look(fuzz, at);
        talk_close(fuzz->talks[at]);
    }
    fuzz->talks[at] = talk_open(fuzz->house);
    fuzz->answered[at] = 0;
}

static void send_bytes(struct talk *talk, struct bytes bytes)
{
    if (memmem(bytes.at, bytes.size, "asked", 5) == NULL) /* only the table may ask for those */
        talk_send(talk, bytes);
}

/* With a length and a mask of its own; first byte: opcode and bits. */
static void act_frame(struct fuzz *fuzz, struct talk *talk)
{
    uint8_t frame[256 + 8] = {take(fuzz)};
    struct bytes payload = take_bytes(fuzz);
    size_t size = 2;
    frame[1] = (uint8_t)(0x80 | (payload.size < 126 ? payload.size : 126));
    if (payload.size >= 126) {
        frame[2] = 0;
        frame[3] = (uint8_t)payload.size;
        size = 4;
    }
    size += 4; /* a mask of zeroes */
    if (payload.size > 0)
        memcpy(frame + size, payload.at, payload.size);
    send_bytes(talk, bytes_of(frame, size + payload.size));
}

#define HEAD "Host: localhost\r\n"
#define JSON_HEAD HEAD "Content-Type: application/json\r\n"
#define LINES_HEAD HEAD "Content-Type: application/x-ndjson\r\n"
static const char *const requests[] = {
    "GET /v1/points HTTP/1.1\r\n" HEAD "\r\n",
    "GET /v1/points?match=f/%23&whole=true&limit=2 HTTP/1.1\r\n" HEAD "\r\n",
    "GET /v1/points/f/a HTTP/1.1\r\n" HEAD "Accept-Encoding: gzip\r\n\r\n",
    "GET /v1/tree?path=f&values=true HTTP/1.1\r\n" HEAD "\r\n",
    "GET /v1/state HTTP/1.1\r\n" HEAD "\r\n",
    "GET /v1/topics HTTP/1.1\r\n" HEAD "\r\n",
    "GET /v1/clients HTTP/1.1\r\n" HEAD "\r\n",
    "GET /metrics HTTP/1.1\r\n" HEAD "\r\n",
    "GET /docs HTTP/1.1\r\n" HEAD "\r\n",
    "GET / HTTP/1.1\r\n" HEAD "Range: bytes=1-2\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n" HEAD "\r\n",
    "POST /write?precision=s HTTP/1.1\r\n" HEAD
    "Content-Length: 24\r\n\r\nf,t=1 v=1 5\nf v=\nf,t=1 v=",
    "POST /api/v2/write HTTP/1.1\r\n" HEAD
    "Transfer-Encoding: chunked\r\n\r\n8\r\nf v=1,w=\r\n5\r\n2 5\nf\r\n0\r\n\r\n",
    "GET /query?q=SHOW+DATABASES HTTP/1.1\r\n" HEAD "\r\n",
    "POST /v1/samples HTTP/1.1\r\n" JSON_HEAD
    "Content-Length: 24\r\n\r\n{\"path\":\"f/a\",\"value\":1",
    "}",
    "POST /v1/samples HTTP/1.1\r\n" JSON_HEAD
    "Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
    "POST /v1/commands HTTP/1.1\r\n" JSON_HEAD
    "Content-Length: 33\r\n\r\n{\"command\":\"create\",\"path\":\"f/b\"}",
    "POST /v1/commands HTTP/1.1\r\n" LINES_HEAD
    "Content-Length: 68\r\n\r\n{\"command\":\"create\",\"path\":\"f/c\"}\n"
    "{\"command\":\"retire\",\"path\":\"f/c\"}\n",
    "DELETE /v1/points/f/b HTTP/1.1\r\n" HEAD "\r\n",
    "PATCH /v1/points/f/a HTTP/1.1\r\n" JSON_HEAD
    "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n{\"unit\":\"K\"}",
    "GET /v1/live HTTP/1.1\r\n" HEAD "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "GET /v1/events?match=f/%23 HTTP/1.1\r\n" HEAD "\r\n",
    "GET /mqtt HTTP/1.1\r\n" HEAD "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n" HEAD "Connection: close\r\n\r\n",
    "POST /v1/topics/dry-run HTTP/1.1\r\n" JSON_HEAD
    "Content-Length: 24\r\n\r\n{\"template\":\"x/{topic}\"}",
};

static void act_request(struct fuzz *fuzz, struct talk *talk)
{
    uint8_t which = take(fuzz);
    char request[256];
    if (which < 128) {
        talk_send_text(talk, requests[which % ARRAY_COUNT(requests)]);
        return;
    }
    snprintf(request, sizeof request, "GET /%s" MARK "%" PRIu32 " HTTP/1.1\r\n" HEAD "\r\n",
             which & 1 ? "v1/points/" : "", ++fuzz->asked);
    talk_send_text(talk, request);
}

static void act_choke(struct fuzz *fuzz, struct talk *talk)
{
    bool choked = talk->unsent > WEB_UNSENT;
    talk->unsent = choked ? 0 : WEB_UNSENT + 1;
    if (choked && !talk->ended && !talk->mqtt)
        web_unchoked(fuzz->house->web, &talk->link);
    talk->held = talk->held && !choked; /* as the transport: what was left is fed again */
}

static void act_world(struct fuzz *fuzz)
{
    switch (take(fuzz) % 4) {
    case 0:
        house_fails = 1;
        break;
    case 1:
        house_advance(fuzz->house, take(fuzz) * NS_PER_S);
        break;
    case 2:
        house_publish(fuzz->house, "f/device", "{\"x\":1,\"y\":2}");
        break;
    default:
        house_settle(fuzz->house);
    }
}

static void act(struct fuzz *fuzz)
{
    uint8_t byte = take(fuzz);
    size_t at = byte & 3;
    struct talk *talk = fuzz->talks[at];
    bool there = !talk->ended && !talk->mqtt;
    switch (byte >> 2 & 7) {
    case 0:
        send_bytes(talk, take_bytes(fuzz));
        break;
    case 1:
        act_request(fuzz, talk);
        break;
    case 2:
        act_frame(fuzz, talk);
        break;
    case 3:
        (void)house_step(fuzz->house);
        break;
    case 4:
        act_choke(fuzz, talk);
        break;
    case 5:
        if (there && byte & 0x80)
            web_silent(fuzz->house->web, &talk->link);
        else if (there && byte & 0x40)
            web_too_much(fuzz->house->web, &talk->link);
        break;
    case 6:
        act_world(fuzz);
        break;
    default:
        act_open(fuzz, at);
        return;
    }
    if (talk->out.size - talk->out.taken > FUZZ_OUT_MAX)
        look(fuzz, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {.house = house_new(),
                        .input = bytes_of(data, size < FUZZ_BYTES_MAX ? size : FUZZ_BYTES_MAX)};
    struct settings *settings = &fuzz.house->settings;
    house_root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* a disk in memory */
    settings->http_memory = (uint64_t)(1 + take(&fuzz) % 16) << 16;
    settings->http_body = 1024;
    settings->http_viewers = 2;
    settings->points_max = fuzz.house->engine_config.points_max = 100;
    house_open(fuzz.house);
    for (size_t i = 0; i < FUZZ_TALKS; i++)
        act_open(&fuzz, i);
    while (fuzz.input.size > 0)
        act(&fuzz);
    for (size_t i = 0; i < FUZZ_TALKS; i++) {
        look(&fuzz, i);
        talk_close(fuzz.talks[i]);
    }
    house_destroy(fuzz.house);
    return 0;
}
