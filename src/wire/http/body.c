/* Bodies: Content-Length or chunks (RFC 9112, 6 and 7), inflated where they are gzip. http_parser
 * gets every byte too, a line or a piece at a time, after it was checked here: it does not look at
 * the CR LF behind a chunk, nor at what stands between a chunk's size and the end of its line. */
#include "wire/http/decoder.h"

#include <string.h>

void body_start(struct http_decoder *decoder)
{
    const struct http_request *request = &decoder->request;
    decoder->body_left = request->content_length;
    decoder->state = request->chunked    ? DECODER_CHUNK_LINE
                     : request->has_body ? DECODER_BODY
                                         : DECODER_END;
}

static bool step_fault(struct http_step *step, enum http_fault fault)
{
    step->event = HTTP_STEP_FAULT;
    step->fault = fault;
    return true;
}

/* ---- lines of chunked framing ---- */

/* Gathers a line with its CR LF. True: it is complete, or wrong (*ret_fault). */
static bool line_gather(struct http_decoder *decoder, struct bytes input, size_t *used,
                        enum http_fault too_long, enum http_fault *ret_fault)
{
    *ret_fault = HTTP_FAULT_NONE;
    while (*used < input.size) {
        uint8_t byte = input.at[(*used)++];
        bool after_cr = decoder->line_used > 0 && decoder->line[decoder->line_used - 1] == '\r';
        if (after_cr != (byte == '\n') ||
            (byte != '\r' && byte != '\n' && !octet_is(byte, OCTET_FIELD))) {
            *ret_fault = HTTP_FAULT_CHUNK;
            return true;
        }
        if (byte != '\r' && byte != '\n' && decoder->line_used == HTTP_CHUNK_LINE_MAX) {
            *ret_fault = too_long;
            return true;
        }
        decoder->line[decoder->line_used++] = byte;
        if (byte == '\n')
            return true;
    }
    return false;
}

/* 1*HEXDIG, then nothing or extensions (RFC 9112, 7.1). */
static bool chunk_size_read(struct bytes line, uint64_t *ret_size)
{
    uint64_t size = 0;
    size_t at = 0;
    while (at < line.size && octet_is(line.at[at], OCTET_HEX)) {
        if (size >> 60)
            return false;
        size = size << 4 | octet_hex(line.at[at++]);
    }
    size_t digits = at;
    while (at < line.size && (line.at[at] == ' ' || line.at[at] == '\t'))
        at++;
    *ret_size = size;
    return digits > 0 && digits <= 16 &&
           (digits == line.size || (at < line.size && line.at[at] == ';'));
}

static enum http_fault chunk_line(struct http_decoder *decoder)
{
    struct bytes line = bytes_of(decoder->line, decoder->line_used - 2);
    uint64_t size;
    if (!chunk_size_read(line, &size))
        return HTTP_FAULT_CHUNK;
    decoder->extension_bytes += (uint32_t)line.size;
    if (line.size <= 16)
        decoder->extension_bytes -= (uint32_t)line.size; /* a size alone */
    if (decoder->extension_bytes > HTTP_EXTENSIONS_MAX)
        return HTTP_FAULT_CHUNK;
    if (size > decoder->body_limit - decoder->body_bytes)
        return HTTP_FAULT_BODY_LONG;
    decoder->parser_chunk = false;
    if (!head_parse(decoder, bytes_of(decoder->line, decoder->line_used)) ||
        !decoder->parser_chunk || decoder->parser_chunk_size != size)
        return HTTP_FAULT_PARSER;
    decoder->body_left = size;
    decoder->state = size > 0 ? DECODER_CHUNK_DATA : DECODER_TRAILER;
    return HTTP_FAULT_NONE;
}

static enum http_fault chunk_end(struct http_decoder *decoder)
{
    if (decoder->line_used != 2)
        return HTTP_FAULT_CHUNK;
    decoder->state = DECODER_CHUNK_LINE;
    return head_parse(decoder, bytes_of(decoder->line, 2)) ? HTTP_FAULT_NONE : HTTP_FAULT_PARSER;
}

/* The gzip stream must be over when the body is. */
static enum http_fault body_end(struct http_decoder *decoder)
{
    if (!decoder->parser_complete)
        return HTTP_FAULT_PARSER;
    if (decoder->inflater && !inflater_is_complete(decoder->inflater))
        return HTTP_FAULT_GZIP;
    decoder->state = DECODER_END; /* the inflater stays: the last piece may be a view of it */
    return HTTP_FAULT_NONE;
}

static enum http_fault trailer_line(struct http_decoder *decoder)
{
    struct bytes line = bytes_of(decoder->line, decoder->line_used - 2);
    struct http_header header;
    decoder->trailer_bytes += decoder->line_used;
    if (decoder->trailer_bytes > HTTP_TRAILER_MAX)
        return HTTP_FAULT_LINE_LONG;
    enum http_fault fault = line.size > 0 ? head_field_line(line, &header) : HTTP_FAULT_NONE;
    if (fault)
        return fault;
    /* Framing that comes too late must not mean anything to anyone (RFC 9110, 6.5.1). */
    if (line.size > 0 && (http_text_equal(header.name, "transfer-encoding") ||
                          http_text_equal(header.name, "content-length")))
        return HTTP_FAULT_CHUNK;
    if (!head_parse(decoder, bytes_of(decoder->line, decoder->line_used)))
        return HTTP_FAULT_PARSER;
    return line.size == 0 ? body_end(decoder) : HTTP_FAULT_NONE;
}

static bool framing_step(struct http_decoder *decoder, struct bytes input, struct http_step *step)
{
    bool trailer = decoder->state == DECODER_TRAILER;
    enum http_fault fault;
    if (!line_gather(decoder, input, &step->used, trailer ? HTTP_FAULT_LINE_LONG : HTTP_FAULT_CHUNK,
                     &fault))
        return false;
    if (!fault)
        fault = trailer                                ? trailer_line(decoder)
                : decoder->state == DECODER_CHUNK_LINE ? chunk_line(decoder)
                                                       : chunk_end(decoder);
    decoder->line_used = 0;
    return fault ? step_fault(step, fault) : false;
}

/* ---- data ---- */
static enum http_fault data_inflate(struct http_decoder *decoder, struct bytes input, size_t *used,
                                    struct bytes *ret_body)
{
    if (!decoder->inflater && inflater_create(&decoder->inflater))
        return HTTP_FAULT_MEMORY;
    /* One byte more than allowed: whether there is more is seen only by asking for it. */
    uint64_t room = decoder->inflated_limit - decoder->inflated_bytes;
    struct inflater_step step = inflater_feed(decoder->inflater, input,
                                              room == 0               ? 1
                                              : room < HTTP_PIECE_MAX ? (size_t)room
                                                                      : HTTP_PIECE_MAX);
    *used = step.used;
    if (step.err)
        return HTTP_FAULT_GZIP;
    if (step.body.size > room)
        return HTTP_FAULT_INFLATED_LONG;
    decoder->inflated_bytes += step.body.size;
    *ret_body = step.body;
    return HTTP_FAULT_NONE;
}

/* Data of a chunk, or of a body with a length. What is inflated may take several steps without
 * input, so the data is over only when the inflater has nothing left. */
static bool data_step(struct http_decoder *decoder, struct bytes input, struct http_step *step)
{
    uint64_t left = decoder->body_left;
    struct bytes data = bytes_of(input.at + step->used, input.size - step->used);
    struct bytes body;
    enum http_fault fault = HTTP_FAULT_NONE;
    data.size = data.size < left ? data.size : (size_t)left;
    size_t taken = data.size;
    body = data;
    if (decoder->request.gzip)
        fault = data_inflate(decoder, data, &taken, &body);
    if (fault)
        return step_fault(step, fault);
    if (taken > 0 && !head_parse(decoder, bytes_of(data.at, taken)))
        return step_fault(step, HTTP_FAULT_PARSER);
    step->used += taken;
    decoder->body_left -= taken;
    decoder->body_bytes += taken;
    if (decoder->body_left == 0 && !(decoder->inflater && inflater_is_busy(decoder->inflater))) {
        if (decoder->state == DECODER_CHUNK_DATA)
            decoder->state = DECODER_CHUNK_END;
        else
            fault = body_end(decoder); /* told once the last piece was */
    }
    if (fault && body.size == 0)
        return step_fault(step, fault);
    step->event = HTTP_STEP_BODY;
    step->body = body;
    return body.size > 0;
}

bool body_step(struct http_decoder *decoder, struct bytes input, struct http_step *step)
{
    if (decoder->state == DECODER_BODY || decoder->state == DECODER_CHUNK_DATA)
        return data_step(decoder, input, step);
    return framing_step(decoder, input, step);
}
