/* What went wrong, in words: the sentence of each error, and the last words of a failed check. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ERR_TEXT(name, text) [name] = text,
static const char *const texts[ERR_COUNT] = {ERR_TABLE(ERR_TEXT)};
#undef ERR_TEXT

const char *err_text(enum err err)
{
    /* The number may come from a byte, so an unknown one gets a sentence, not a check. */
    if ((unsigned)err >= ERR_COUNT)
        return "unknown error";
    return texts[err];
}

_Noreturn void check_failed(const char *condition, const char *file, int line)
{
    /* One write, no stdio buffer: another thread may hold stdio's lock, and we are about to die. */
    char text[512];
    int size = snprintf(text, sizeof text, "check failed: %s at %s:%d\n", condition, file, line);
    if (size > (int)sizeof text - 1) {
        size = (int)sizeof text - 1;
        text[size - 1] = '\n';
    }
    if (size > 0 && write(STDERR_FILENO, text, (size_t)size) < 0)
        abort();
    abort();
}
