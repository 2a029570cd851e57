/* snippet: the stretch of a text that says best why it was found. */
#pragma once

#include "documents/documents.h"
#include "documents/words.h"

#define MARKS_MAX 64
struct marks { /* what a question looked for */
    struct {
        uint8_t size, piece;
        uint8_t text[46];
    } words[MARKS_MAX];
    unsigned count;
    uint8_t piece;
    size_t end; /* of the longest word of this piece so far */
};
void marks_begin(struct marks *marks);
void marks_next(struct marks *marks); /* another word or phrase of the question */
/* begin, end: where it stands in its piece; the last character of a run, which is in the pair
 * before, is none. Words past the limits are not marked. */
void marks_add(struct marks *marks, struct bytes word, size_t begin, size_t end);
/* Its size; 0: nothing of it is in the text's first SNIPPET_LOOKED bytes. */
#define SNIPPET_LOOKED ((size_t)256 << 10)
size_t snippet_make(struct words *words, struct bytes text, const struct marks *marks,
                    char ret_snippet[DOCUMENT_SNIPPET_MAX]);
