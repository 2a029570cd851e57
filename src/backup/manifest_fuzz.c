/* Any bytes as a manifest: taken apart without a read outside, and what is taken is printed as a
 * text that reads the same. The sum at the end is made right for half of the inputs, so that what
 * lies behind it is seen. */
#include "backup/manifest.h"
#include "backup/segments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void expect_same(const struct backup_manifest *manifest)
{
    struct backup_manifest again;
    size_t size;
    char *text = manifest_print(manifest, &size);
    if (text == NULL)
        return;
    check(manifest_parse(text, size, &again) == OK);
    check(again.serial == manifest->serial && again.count == manifest->count &&
          again.position == manifest->position && again.erasure_count == manifest->erasure_count);
    for (size_t i = 0; i < again.count; i++) {
        const struct backup_file *a = &again.files[i], *b = &manifest->files[i];
        check(strcmp(a->name, b->name) == 0 && strcmp(a->stored, b->stored) == 0 &&
              a->bytes == b->bytes && a->sum == b->sum && a->kind == b->kind);
        check(backup_manifest_find(&again, b->name) == a);
        check(strstr(a->name, "..") != a->name && a->name[0] != '/');
    }
    backup_manifest_done(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct backup_manifest manifest;
    struct segments_released released;
    if (size == 0)
        return 0;
    size_t body = size - 1;
    char *text = malloc(body + 32);
    if (text == NULL)
        return 0;
    memcpy(text, at + 1, body);
    text[body] = 0;
    segments_released_parse(text, &released);
    if ((at[0] & 1) != 0)
        body += (size_t)snprintf(text + body, 32, "end %08x\n", crc32c(0, text, body));
    if (manifest_parse(text, body, &manifest) == OK) {
        expect_same(&manifest);
        backup_manifest_done(&manifest);
    }
    free(text);
    return 0;
}
