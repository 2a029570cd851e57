/* documents: the bytes of documents as files, and what they say, found by words.
 *
 * Files. Each lies in the data folder under `documents/`, named by the SHA-256 of its bytes in
 * hexadecimal; equal documents are one file. documents_put answers when the file and its name are
 * synced: only then a command may name it, so that a command on the disk has its document. A file
 * that no version names (its command was never written, or its document was removed) is removed
 * when it is found: at a start, and when the library released something.
 *
 * Search. The text of what is attached and named (Markdown, plain text, and PDF; of pictures the
 * name and the title alone) stands in an index of SQLite's FTS5 that is made anew after each start,
 * in the background, from the library and the files; until then less is found, and documents_news
 * says so. An index of its own for each tenant: neither matches nor
 * ranks know of others. Words: Latin and other letters as SQLite's unicode61 (case and diacritics
 * folded, whole words), CJK as overlapping pairs and single characters, so that any word of a
 * Chinese text is found, and one of a single character too. All words of a question must be there,
 * those within "..." one behind the other; the best match is the first (BM25, a name counts eight
 * and a title four times as much as the text). The first DOCUMENT_TEXT_MOST bytes of a text are
 * searched, DOCUMENT_PDF_TEXT_MOST of what a PDF says. It is kept in a temporary file that SQLite
 * removes, of about three times the text.
 *
 * PDFs are read by another program, pdftotext, in a process that may do nothing but that
 * (reader.h): one at a time, tenants in turn, after name and title are found already.
 * documents_text says whether the text of a document is searched, and why not.
 *
 * A document whose file is missing or damaged is named by documents_fault_next, its name and title
 * are still found, and nothing else suffers.
 *
 * Threads: one thread owns a documents; it never waits for a file, for SQLite or for a PDF: those
 * have a worker each ("documents", "search", "reader"), and what was asked comes back in
 * documents_poll. Library silence: nothing here logs. */
#pragma once

#include "base/base.h"
#include "model/library/library.h"
#include "os/os.h"

#define DOCUMENTS_FOLDER "documents"
#define DOCUMENT_TEXT_MOST ((size_t)1 << 20)
#define DOCUMENT_PDF_TEXT_MOST ((size_t)2 << 20)
#define DOCUMENTS_ASKS_MAX 64     /* of reads and searches, under way */
#define DOCUMENTS_PUTS_MAX 8      /* under way or not ended */
#define DOCUMENT_QUESTION_MAX 256 /* bytes of a question */
#define DOCUMENT_WORDS_MAX 16     /* of a question; more are not looked at */
#define DOCUMENT_HITS_MAX 100     /* of an answer */
#define DOCUMENT_SNIPPET_MAX 400  /* bytes */
#define DOCUMENT_FILE_SIZE (sizeof DOCUMENTS_FOLDER + 2 * DOCUMENT_HASH_SIZE + 1)

struct documents;
struct document_hit {
    uint32_t document;
    uint64_t made; /* the document's, as struct document_view has it: another may have the number */
    uint16_t snippet_size;
    char snippet[DOCUMENT_SNIPPET_MAX]; /* a stretch of the text, UTF-8; what matched within
                                           U+00AB and U+00BB; empty: name or title matched */
};
/* What was asked. Whoever asked ends it, before it was told (it is not told then) or after. */
struct documents_ask {
    void (*done)(struct documents_ask *ask); /* in documents_poll */
    void *arg;
    /* The answer: */
    enum err err;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint8_t *bytes; /* of a read: the asker may take them and leave NULL */
    size_t size;
    struct document_hit *hits; /* of a search, the best first */
    size_t hit_count;
};

/* The path of a document's file below the data folder. */
void document_file_name(const uint8_t *hash, char ret_path[DOCUMENT_FILE_SIZE]);
struct documents_config {
    struct disk *disk;      /* must outlive it */
    const char *program;    /* that runs documents_reader_main when its first word is
                               DOCUMENTS_READER_VERB; NULL: this very one */
    const char *reader;     /* path of pdftotext; NULL or empty: PDFs are not read */
    int64_t reader_wall_ns; /* for one PDF; 0: 30 s */
    uint32_t reader_cpu_s;  /* processor time for one; 0: 10 s */
};
/* Makes the folder. ERR_NO_MEMORY, or what the disk says. */
MUST_USE enum err documents_create(const struct documents_config *config,
                                   struct documents **ret_documents);
/* Waits for what is under way (a PDF that is read is let go); asks that were not ended are told no
 * more. NULL is fine. */
void documents_destroy(struct documents *documents);
/* The process that reads a PDF; its words follow the verb. It does not come back. */
#define DOCUMENTS_READER_VERB "document-reader"
int documents_reader_main(int count, char **words);
#define READER_EXIT_OPEN 120    /* it could not be shut in */
#define READER_EXIT_MISSING 121 /* there is no such program */
/* Readable when documents_poll has something to do. */
#define DOCUMENTS_FDS 3
int documents_fd(const struct documents *documents, unsigned index);
/* Tells what is done; how much was. */
size_t documents_poll(struct documents *documents);
/* A piece of keeping up with the library, some 100 us at most: what is new is searched from then
 * on, what is gone is not, files that nobody names go. True: there is more to do at once. */
bool documents_step(struct documents *documents, const struct library *library);

/* ---- asking ------------------------------------------------------------------------------------
 * NULL: too much is under way, or there is no memory. */
/* Takes the bytes, from malloc, whatever it answers. err: OK, or what the disk said. As long as it
 * is not ended no file is removed. It is ended when the outcome of the command that names it is
 * known, or none was given: documents_put_settled says so first. Without that, its file stays until
 * the next start, when the journal tells what became of it. */
struct documents_ask *documents_put(struct documents *documents, uint8_t *bytes, size_t size,
                                    void (*done)(struct documents_ask *), void *arg);
/* Whole. ERR_MISSING: there is no such file; ERR_CORRUPT: it is not what its name says. */
struct documents_ask *documents_read(struct documents *documents, const uint8_t *hash,
                                     uint64_t size, void (*done)(struct documents_ask *),
                                     void *arg);
/* A question without any word finds nothing. most: at most DOCUMENT_HITS_MAX. What was found may
 * have been removed meanwhile: look. */
struct documents_ask *documents_search(struct documents *documents, uint32_t tenant,
                                       struct bytes question, size_t most,
                                       void (*done)(struct documents_ask *), void *arg);
void documents_put_settled(struct documents_ask *ask);
void documents_ask_end(struct documents_ask *ask); /* NULL is fine */

/* Is the text of a document searched? */
enum document_text {
    DOCUMENT_TEXT_WAITING,    /* not yet */
    DOCUMENT_TEXT_SEARCHED,   /* all of it */
    DOCUMENT_TEXT_PART,       /* its first part: it is longer, or took too long to read */
    DOCUMENT_TEXT_PICTURE,    /* a picture has none */
    DOCUMENT_TEXT_EMPTY,      /* a PDF of pictures alone, as scanned paper is */
    DOCUMENT_TEXT_PROTECTED,  /* a PDF that wants a password, or forbids to take its text */
    DOCUMENT_TEXT_DAMAGED,    /* its file is, or it is not what it says it is */
    DOCUMENT_TEXT_LIMITS,     /* nothing came of it within the limits of a process that reads */
    DOCUMENT_TEXT_NO_READER,  /* there is no pdftotext */
    DOCUMENT_TEXT_UNCONFINED, /* the kernel has no Landlock or seccomp: nothing is read without */
    DOCUMENT_TEXT_COUNT
};
const char *document_text_word(enum document_text text); /* "waiting", "searched", "part", ... */
/* Of the document with this number that was made then. */
enum document_text documents_text(const struct documents *documents, uint32_t document,
                                  uint64_t made);

struct documents_news {
    bool behind;      /* documents are not in the index yet, or their text is not */
    uint64_t indexed; /* documents put into the index, since the start */
    uint64_t read;    /* PDFs that were read, or found unreadable */
    uint64_t removed; /* files that nobody named */
    uint64_t faults;  /* files that were missing or damaged */
};
void documents_news(const struct documents *documents, struct documents_news *ret_news);
struct document_fault {
    uint32_t tenant, document;
    enum err err;            /* of the file: ERR_MISSING, ERR_CORRUPT, ... */
    enum document_text text; /* its file is fine: why its text is not searched */
    char file[DOCUMENT_FILE_SIZE];
};
/* What indexing and reading met, each once (a reader that is not there once for all); of very many
 * the first 64 between two questions. False: no more. */
MUST_USE bool documents_fault_next(struct documents *documents, struct document_fault *ret_fault);
