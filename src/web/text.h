/* web/text: a text that grows, for answers that are no JSON: metrics and the page of the routes.
 *
 * It takes memory as it grows, up to TEXT_BYTES_MAX. The first failure is kept: nothing more is
 * written, and `failed` tells. One thread a text. */
#pragma once

#include "base/base.h"

#define TEXT_BYTES_MAX ((size_t)16 << 20)
struct text { /* zero is an empty one */
    char *at; /* no NUL at its end */
    size_t size, capacity;
    bool failed;
};
void text_put(struct text *text, struct bytes bytes);
void text_put_words(struct text *text, const char *words); /* as they are */
void text_put_html(struct text *text, const char *words);  /* & < > " and ' escaped */
void text_put_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
static inline struct bytes text_bytes(const struct text *text)
{
    return bytes_of(text->at, text->size);
}
void text_done(struct text *text); /* gives its memory back */
