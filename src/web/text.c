#include "web/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_FIRST ((size_t)16 << 10)

/* Room for `more` bytes behind what is there. */
static bool text_grow(struct text *text, size_t more)
{
    size_t capacity = text->capacity ? text->capacity : TEXT_BYTES_FIRST;
    if (text->failed || more > TEXT_BYTES_MAX - text->size) {
        text->failed = true;
        return false;
    }
    if (text->size + more <= text->capacity)
        return true;
    while (capacity < text->size + more)
        capacity *= 2;
    char *at = realloc(text->at, capacity);
    if (at == NULL) {
        text->failed = true;
        return false;
    }
    text->at = at;
    text->capacity = capacity;
    return true;
}

void text_put(struct text *text, struct bytes bytes)
{
    if (bytes.size == 0 || !text_grow(text, bytes.size))
        return;
    memcpy(text->at + text->size, bytes.at, bytes.size);
    text->size += bytes.size;
}

void text_put_words(struct text *text, const char *words)
{
    text_put(text, bytes_text(words));
}

void text_put_html(struct text *text, const char *words)
{
    static const char *const escapes[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    while (*words != '\0') {
        size_t plain = strcspn(words, "&<>\"'");
        text_put(text, bytes_of(words, plain));
        words += plain;
        if (*words != '\0')
            text_put_words(text, escapes[(size_t)*words++]);
    }
}

void text_put_format(struct text *text, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    if (size >= 0 && text_grow(text, (size_t)size + 1)) { /* vsnprintf ends in a NUL */
        vsnprintf(text->at + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
    } else {
        text->failed = true;
    }
    va_end(again);
    va_end(list);
}

void text_done(struct text *text)
{
    free(text->at);
    *text = (struct text){.at = NULL};
}
