/* transcript: what a stream of bytes means, written down as text, for tests and the fuzzer: the
 * same bytes must give the same transcript however they are cut. */
#pragma once

#include "wire/http/http.h"

#include <stdio.h>
#include <string.h>

#define TRANSCRIPT_BYTES (1u << 20)
struct transcript {
    size_t used;
    size_t taken;  /* bytes of the stream so far */
    bool in_body;  /* body bytes were written last: the next piece follows without a line */
    unsigned ends; /* complete messages */
    enum http_fault fault;
    char text[TRANSCRIPT_BYTES];
};

static inline void transcript_put(struct transcript *transcript, const void *at, size_t size)
{
    check(size < TRANSCRIPT_BYTES - transcript->used);
    if (size > 0)
        memcpy(transcript->text + transcript->used, at, size);
    transcript->used += size;
    transcript->text[transcript->used] = 0;
}

static inline void transcript_text(struct transcript *transcript, const char *text)
{
    transcript_put(transcript, text, strlen(text));
}

static inline void transcript_head(struct transcript *transcript,
                                   const struct http_request *request)
{
    static const char *const FORMS[] = {"origin", "absolute", "asterisk"};
    char line[200];
    (void)snprintf(line, sizeof line, "head %s 1.%u %s%s%s%s%s%s length %llu\n",
                   http_verb_text(request->verb), request->minor, FORMS[request->form],
                   request->keep_alive ? " keep" : " close", request->has_body ? " body" : "",
                   request->chunked ? " chunked" : "", request->gzip ? " gzip" : "",
                   request->awaits_continue ? " continue" : "",
                   (unsigned long long)request->content_length);
    transcript_text(transcript, line);
    transcript_text(transcript, "authority ");
    transcript_put(transcript, request->authority.at, request->authority.size);
    transcript_text(transcript, "\npath");
    for (uint32_t i = 0; i < request->segment_count; i++) {
        transcript_text(transcript, " [");
        transcript_put(transcript, request->segments[i].at, request->segments[i].size);
        transcript_text(transcript, "]");
    }
    if (request->has_query) {
        transcript_text(transcript, " ?");
        transcript_put(transcript, request->query.at, request->query.size);
    }
    transcript_text(transcript, "\n");
    for (uint32_t i = 0; i < request->header_count; i++) {
        transcript_put(transcript, request->headers[i].name.at, request->headers[i].name.size);
        transcript_text(transcript, "=");
        transcript_put(transcript, request->headers[i].value.at, request->headers[i].value.size);
        transcript_text(transcript, "\n");
    }
    if (request->upgrade.size > 0) {
        transcript_text(transcript, "upgrade ");
        transcript_put(transcript, request->upgrade.at, request->upgrade.size);
        transcript_text(transcript, "\n");
    }
}

/* One step; the place is left out where zlib decides how far it read before it saw the fault. */
static inline void transcript_step(struct transcript *transcript, struct http_decoder *decoder,
                                   const struct http_step *step)
{
    char line[160];
    bool inflating = step->fault == HTTP_FAULT_GZIP || step->fault == HTTP_FAULT_INFLATED_LONG;
    if (transcript->in_body && step->event != HTTP_STEP_BODY && step->event != HTTP_STEP_MORE) {
        transcript_text(transcript, "\n");
        transcript->in_body = false;
    }
    switch (step->event) {
    case HTTP_STEP_MORE:
        break;
    case HTTP_STEP_HEAD:
        transcript_head(transcript, http_decoder_request(decoder));
        break;
    case HTTP_STEP_BODY:
        check(step->body.size > 0 && step->body.size <= TRANSCRIPT_BYTES);
        if (!transcript->in_body)
            transcript_text(transcript, "body ");
        transcript->in_body = true;
        transcript_put(transcript, step->body.at, step->body.size);
        break;
    case HTTP_STEP_END:
        transcript->ends++;
        (void)snprintf(line, sizeof line, "end at %zu\n", transcript->taken);
        transcript_text(transcript, line);
        break;
    case HTTP_STEP_FAULT:
        transcript->fault = step->fault;
        (void)snprintf(line, sizeof line, "fault %u %s at %zu\n", http_fault_status(step->fault),
                       http_fault_text(step->fault), inflating ? 0 : transcript->taken);
        transcript_text(transcript, line);
        break;
    }
}

/* Feeds one piece to its end. False: the stream was refused. */
static inline bool transcript_feed(struct transcript *transcript, struct http_decoder *decoder,
                                   struct bytes piece)
{
    for (;;) {
        struct http_step step = http_decoder_feed(decoder, piece);
        check(step.used <= piece.size);
        piece.at += step.used;
        piece.size -= step.used;
        transcript->taken += step.used;
        transcript_step(transcript, decoder, &step);
        if (step.event == HTTP_STEP_FAULT)
            return false;
        if (step.event == HTTP_STEP_MORE) {
            check(piece.size == 0);
            return true;
        }
    }
}

static inline void transcript_start(struct transcript *transcript, struct http_decoder *decoder)
{
    http_decoder_reset(decoder);
    transcript->used = transcript->taken = 0;
    transcript->in_body = false;
    transcript->ends = 0;
    transcript->fault = HTTP_FAULT_NONE;
    transcript->text[0] = 0;
}
