#include "cli/snapshot_file.h"

#include "state/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_SIZE (SNAPSHOT_PAGE_HEADER_SIZE + STATE_PAGE_SIZE)

static void snapshot_fault(struct snapshot_file *file, const char *what)
{
    snprintf(file->fault, sizeof file->fault, "%s at byte %" PRIu64, what, file->bytes);
}

/* Takes page after page until the end mark or the first fault. */
static void snapshot_read_pages(FILE *from, uint8_t *record, struct snapshot_file *file)
{
    for (;;) {
        size_t got = fread(record, 1, RECORD_SIZE, from);
        uint32_t table, page;
        uint64_t pages;
        enum err err = ERR_CORRUPT;
        /* The end mark is shorter than a page; short of both, the file was cut. */
        if (got == RECORD_SIZE)
            err = snapshot_page_get(bytes_of(record, got), STATE_PAGE_SIZE, &table, &page);
        if (got >= SNAPSHOT_END_SIZE && err != OK &&
            snapshot_end_get(bytes_of(record, got), &pages, &file->state_hash) == OK) {
            if (pages != file->pages)
                snapshot_fault(file, "the end mark counts other pages than there are");
            file->bytes += SNAPSHOT_END_SIZE;
            return;
        }
        if (err != OK) {
            snapshot_fault(file, got == RECORD_SIZE ? "a damaged page" : "the file ends");
            return;
        }
        file->bytes += RECORD_SIZE;
        file->pages++;
        if (table < SNAPSHOT_TABLES_MAX)
            file->table_pages[table]++;
    }
}

enum err snapshot_file_read(const char *path, struct snapshot_file *ret_file)
{
    *ret_file = (struct snapshot_file){0};
    FILE *from = fopen(path, "rbe");
    if (from == NULL)
        return errno == ENOENT ? ERR_MISSING : ERR_IO;
    uint8_t *record = malloc(RECORD_SIZE);
    if (record == NULL) {
        fclose(from);
        return ERR_NO_MEMORY;
    }
    size_t got = fread(record, 1, SNAPSHOT_HEADER_SIZE, from);
    enum err err = snapshot_header_get(bytes_of(record, got), &ret_file->header);
    if (err == ERR_NEWER)
        snprintf(ret_file->fault, sizeof ret_file->fault,
                 "written in format %u; this program reads up to %d", ret_file->header.version,
                 FORMAT_VERSION);
    else if (err != OK)
        snapshot_fault(ret_file, "no snapshot header");
    ret_file->bytes = got;
    if (err == OK)
        snapshot_read_pages(from, record, ret_file);
    bool failed = ferror(from) != 0;
    fclose(from);
    free(record);
    return failed ? ERR_IO : OK;
}
