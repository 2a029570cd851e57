/* Documents: their folder and their threads, and what the log says of their files. */
#include "server/room.h"

#include <string.h>

/* NULL: the administrator wants none. */
static const char *reader_of(const struct server *server)
{
    const char *reader = server->settings.documents_pdftotext;
    return strcmp(reader, "none") == 0 ? NULL : reader;
}

void library_start(struct server *server)
{
    const struct documents_config config = {.disk = server->disk, .reader = reader_of(server)};
    enum err err = documents_create(&config, &server->documents);
    for (unsigned i = 0; err == OK && i < DOCUMENTS_FDS; i++)
        err = loop_watch(server, documents_fd(server->documents, i));
    if (err == OK)
        return;
    log_error("server", "no documents are kept: their folder %s/%s: %s", server->settings.data,
              DOCUMENTS_FOLDER, err_text(err));
    library_stop(server);
}

void library_stop(struct server *server)
{
    documents_destroy(server->documents);
    server->documents = NULL;
}

static void fault_tell(const struct server *server, const struct document_fault *fault)
{
    if (fault->err != OK)
        log_error("server",
                  "document %u of tenant %u: the file %s: %s; it is found by its name, and cannot "
                  "be read: put it again, or restore it from a backup",
                  fault->document, fault->tenant, fault->file, err_text(fault->err));
    else if (fault->text == DOCUMENT_TEXT_NO_READER && reader_of(server) == NULL)
        log_info("server", "the text of PDFs is not searched: documents.pdftotext is none");
    else if (fault->text == DOCUMENT_TEXT_NO_READER)
        log_warn("server",
                 "the text of PDFs is not searched, their names and titles are: there is no "
                 "program %s (setting documents.pdftotext; Debian: poppler-utils)",
                 server->settings.documents_pdftotext);
    else if (fault->text == DOCUMENT_TEXT_UNCONFINED)
        log_warn("server",
                 "the text of PDFs is not searched, their names and titles are: this kernel, or "
                 "what it allows, cannot shut in the program that reads them (Landlock, "
                 "seccomp)");
    else
        log_info("server",
                 "document %u of tenant %u: the text of %s is not searched, its name and title "
                 "are: %s (docs/documents.md)",
                 fault->document, fault->tenant, fault->file, document_text_word(fault->text));
}

void library_step(struct server *server)
{
    struct document_fault fault;
    if (server->documents == NULL)
        return;
    while (documents_fault_next(server->documents, &fault))
        fault_tell(server, &fault);
}
