/* The order of a message: head, body, end. Lines of the head are gathered in one place that does
 * not move, so that a request is views of it. */
#include "wire/http/decoder.h"

#include <stdlib.h>
#include <string.h>

#define VERB_TEXT(name, text) [name] = text,
static const char *const VERB_TEXTS[] = {HTTP_VERB_TABLE(VERB_TEXT)};
#undef VERB_TEXT
const char *http_verb_text(enum http_verb verb)
{
    return verb < HTTP_VERBS ? VERB_TEXTS[verb] : "";
}

#define FAULT_ROW(name, status, text) [name] = {status, text},
static const struct {
    unsigned status;
    const char *text;
} FAULTS[] = {HTTP_FAULT_TABLE(FAULT_ROW)};
#undef FAULT_ROW
unsigned http_fault_status(enum http_fault fault)
{
    return fault < HTTP_FAULTS ? FAULTS[fault].status : 500;
}
const char *http_fault_text(enum http_fault fault)
{
    return fault < HTTP_FAULTS ? FAULTS[fault].text : "";
}

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .head_bytes = 16384,
        .line_bytes = 8192,
        .target_bytes = 8192,
        .headers = 100,
        .body_bytes = UINT64_C(16) << 20,
        .inflated_bytes = UINT64_C(64) << 20,
    };
}

enum err http_decoder_create(const struct http_limits *limits, struct http_decoder **ret_decoder)
{
    if (limits->head_bytes == 0 || limits->head_bytes > HTTP_HEAD_MAX || limits->line_bytes == 0 ||
        limits->target_bytes == 0 || limits->target_bytes > HTTP_HEAD_MAX || limits->headers == 0 ||
        limits->headers > HTTP_HEAD_MAX / 4)
        return ERR_INVALID;
    size_t headers = limits->headers * sizeof(struct http_header);
    struct http_decoder *decoder =
        malloc(sizeof *decoder + headers + limits->head_bytes + 2 * (size_t)limits->target_bytes);
    if (!decoder)
        return ERR_NO_MEMORY;
    decoder->limits = *limits;
    decoder->headers = (struct http_header *)(void *)(decoder + 1);
    decoder->head = (uint8_t *)(decoder + 1) + headers;
    decoder->text = decoder->head + limits->head_bytes;
    decoder->inflater = NULL;
    http_decoder_reset(decoder);
    *ret_decoder = decoder;
    return OK;
}

void http_decoder_destroy(struct http_decoder *decoder)
{
    if (!decoder)
        return;
    inflater_destroy(decoder->inflater);
    free(decoder);
}

void http_decoder_reset(struct http_decoder *decoder)
{
    inflater_destroy(decoder->inflater);
    decoder->inflater = NULL;
    decoder->state = DECODER_HEAD;
    decoder->fault = HTTP_FAULT_NONE;
    decoder->over = false;
    memset(&decoder->request, 0, sizeof decoder->request);
    http_parser_init(&decoder->parser, HTTP_REQUEST);
    decoder->parser.data = decoder;
    decoder->parser_complete = decoder->parser_chunk = false;
    decoder->parser_fields = decoder->header_count = 0;
    decoder->head_used = decoder->line_at = decoder->line_count = 0;
    decoder->line_cr = decoder->skipped = false;
    decoder->body_limit = decoder->limits.body_bytes;
    decoder->inflated_limit = decoder->limits.inflated_bytes;
    decoder->body_left = decoder->body_bytes = decoder->inflated_bytes = 0;
    decoder->extension_bytes = decoder->trailer_bytes = decoder->line_used = 0;
}

const struct http_request *http_decoder_request(const struct http_decoder *decoder)
{
    return &decoder->request;
}

bool http_decoder_limit_body(struct http_decoder *decoder, uint64_t body_bytes,
                             uint64_t inflated_bytes)
{
    if (body_bytes < decoder->limits.body_bytes)
        decoder->body_limit = body_bytes;
    if (inflated_bytes < decoder->limits.inflated_bytes)
        decoder->inflated_limit = inflated_bytes;
    return decoder->request.content_length <= decoder->body_limit;
}

bool http_decoder_is_idle(const struct http_decoder *decoder)
{
    return decoder->state == DECODER_HEAD && decoder->head_used == 0;
}

/* The line from line_at to the LF just taken is complete. */
static enum http_fault line_end(struct http_decoder *decoder, bool *ret_complete)
{
    struct bytes line =
        bytes_of(decoder->head + decoder->line_at, decoder->head_used - 2 - decoder->line_at);
    *ret_complete = false;
    if (line.size == 0 && decoder->line_count == 0) {
        if (decoder->skipped)
            return HTTP_FAULT_REQUEST_LINE;
        decoder->skipped = true;
        decoder->head_used = 0;
        return HTTP_FAULT_NONE;
    }
    *ret_complete = line.size == 0;
    enum http_fault fault = line.size == 0 ? head_judge(decoder) : head_line(decoder, line);
    decoder->line_at = decoder->head_used;
    decoder->line_count++;
    return fault;
}

/* The longest line, without CR LF: the first is as long as its target lets it be. */
static uint32_t line_most(const struct http_decoder *decoder)
{
    return decoder->line_count == 0 ? decoder->limits.target_bytes + HTTP_FIRST_LINE_EXTRA
                                    : decoder->limits.line_bytes;
}

/* Takes the plain bytes at the start of input that fit. */
static size_t line_run(struct http_decoder *decoder, struct bytes input, uint32_t most)
{
    size_t room = most - (decoder->head_used - decoder->line_at), size = 0;
    if (room > decoder->limits.head_bytes - decoder->head_used)
        room = decoder->limits.head_bytes - decoder->head_used;
    if (room > input.size)
        room = input.size;
    while (size < room && octet_is(input.at[size], OCTET_FIELD))
        size++;
    if (size > 0)
        memcpy(decoder->head + decoder->head_used, input.at, size);
    decoder->head_used += (uint32_t)size;
    return size;
}

static enum http_fault byte_fault(const struct http_decoder *decoder, uint8_t byte, uint32_t most)
{
    bool ends = byte == '\r' || byte == '\n';
    if (decoder->line_cr != (byte == '\n'))
        return HTTP_FAULT_LINE_END;
    if (!ends && !octet_is(byte, OCTET_FIELD))
        return HTTP_FAULT_CONTROL;
    if (!ends && decoder->head_used - decoder->line_at == most)
        return decoder->line_count == 0 ? HTTP_FAULT_TARGET_LONG : HTTP_FAULT_LINE_LONG;
    if (decoder->head_used == decoder->limits.head_bytes)
        return HTTP_FAULT_HEAD_LONG;
    return HTTP_FAULT_NONE;
}

/* Takes bytes up to and with the next LF. True: that LF came. A fault belongs to the first byte
 * that is wrong, so each byte is judged before the one behind it. */
static bool line_gather(struct http_decoder *decoder, struct bytes input, size_t *used,
                        enum http_fault *ret_fault)
{
    uint32_t most = line_most(decoder);
    *ret_fault = HTTP_FAULT_NONE;
    while (*used < input.size) {
        if (!decoder->line_cr)
            *used += line_run(decoder, bytes_of(input.at + *used, input.size - *used), most);
        if (*used == input.size)
            return false;
        uint8_t byte = input.at[(*used)++];
        *ret_fault = byte_fault(decoder, byte, most);
        if (*ret_fault)
            return false;
        decoder->head[decoder->head_used++] = byte;
        decoder->line_cr = byte == '\r';
        if (byte == '\n')
            return true;
    }
    return false;
}

/* True: *step is to be told. */
static bool head_step(struct http_decoder *decoder, struct bytes input, struct http_step *step)
{
    bool complete = false;
    enum http_fault fault;
    if (line_gather(decoder, input, &step->used, &fault))
        fault = line_end(decoder, &complete);
    if (fault) {
        step->event = HTTP_STEP_FAULT;
        step->fault = fault;
        return true;
    }
    if (complete) {
        step->event = HTTP_STEP_HEAD;
        body_start(decoder);
    }
    return complete;
}

static void message_end(struct http_decoder *decoder)
{
    inflater_destroy(decoder->inflater);
    decoder->inflater = NULL;
    decoder->state = DECODER_HEAD;
    decoder->head_used = 0;
    decoder->over = true;
}

struct http_step http_decoder_feed(struct http_decoder *decoder, struct bytes input)
{
    struct http_step step = {.event = HTTP_STEP_MORE};
    if (decoder->state == DECODER_FAULT) {
        step.event = HTTP_STEP_FAULT;
        step.fault = decoder->fault;
        return step;
    }
    if (input.size == 0)
        input = bytes_text(""); /* offsets into it are taken below */
    else if (decoder->over)
        http_decoder_reset(decoder);
    for (bool told = false; !told;) {
        enum decoder_state state = decoder->state;
        size_t used = step.used;
        if (state == DECODER_END) {
            message_end(decoder);
            step.event = HTTP_STEP_END;
            break;
        }
        told = state == DECODER_HEAD ? head_step(decoder, input, &step)
                                     : body_step(decoder, input, &step);
        if (!told && decoder->state == state && step.used == used) {
            step.event = HTTP_STEP_MORE;
            break;
        }
    }
    if (step.event == HTTP_STEP_FAULT) {
        if (decoder->state == DECODER_HEAD)
            memset(&decoder->request, 0, sizeof decoder->request);
        decoder->request.keep_alive = false;
        decoder->state = DECODER_FAULT;
        decoder->fault = step.fault;
    }
    return step;
}
