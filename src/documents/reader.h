/* reader: the text of a PDF, read by another program (pdftotext of Debian's poppler-utils) in a
 * process that may do nothing but that: for the worker "reader", one PDF at a time.
 *
 * The bytes go in and the text comes out over one socket. The process has limits of processor time,
 * addresses and descriptors, reads of the disk what the system has installed and nothing of the
 * data, changes no file, opens no socket, starts no other (os_confine_*), has an empty environment
 * and words that nobody types. What it says is text to be searched, and no more than that: bytes of
 * a limited number that are UTF-8, or none. */
#pragma once

#include "documents/documents.h"

#include <stdatomic.h>

#define READER_TEXT_MOST DOCUMENT_PDF_TEXT_MOST
#define READER_CPU_S 10
#define READER_WALL_NS (30 * NS_PER_S)
#define READER_ADDRESSES ((uint64_t)1 << 30)
#define READER_DESCRIPTORS 32

struct reader {
    const char *program; /* that runs documents_reader_main, NULL: this one */
    char tool[256];      /* path of pdftotext; empty: PDFs are not read */
    int64_t wall_ns;     /* of one document */
    uint32_t cpu_s;
    int nudge_fd; /* readable from when it was stopped */
    atomic_bool stopped;
};
MUST_USE enum err reader_init(struct reader *reader, const struct documents_config *config);
void reader_done(struct reader *reader);
/* From another thread, for good: what is read ends at once, nothing is read any more. */
void reader_stop(struct reader *reader);
/* What a reader said becomes text as it is searched, in place: the first READER_TEXT_MOST bytes,
 * whole characters, no zeroes, CJK that the end of a line cuts put together. False: it is no UTF-8.
 */
MUST_USE bool reader_text_make(uint8_t *text, size_t *size);
/* What is searched of it from now on; *ret_text is the caller's to free, of `most` bytes at most,
 * NULL when there is none. DOCUMENT_TEXT_WAITING: it was stopped, or memory is missing. */
enum document_text reader_read(struct reader *reader, struct bytes pdf, uint8_t **ret_text,
                               size_t *ret_size);
