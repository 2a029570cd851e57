/* Fuzzer: what a process that reads a PDF says, whoever speaks for it. What is taken is UTF-8
 * without zeroes, no longer than it was, loses line ends alone, and is settled: made again it is
 * the same. */
#include "documents/reader.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = malloc(2 * size + 1), *again = text == NULL ? NULL : text + size;
    size_t kept = size, settled, at = 0;
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    if (reader_text_make(text, &kept)) {
        check(kept <= size && bytes_are_utf8(bytes_of(text, kept)));
        check(kept == 0 || memchr(text, 0, kept) == NULL);
        for (size_t i = 0; i < kept; i++, at++) {
            while (at < size && data[at] == '\n' && text[i] != '\n')
                at++;
            check(at < size && (text[i] == data[at] || (text[i] == ' ' && data[at] == 0)));
        }
        memcpy(again, text, kept);
        settled = kept;
        check(reader_text_make(again, &settled) && settled == kept);
        check(memcmp(again, text, kept) == 0);
    }
    free(text);
    return 0;
}
