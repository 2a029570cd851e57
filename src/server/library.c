/* Documents: their folder and their threads, and what the log says of their files. */
#include "server/room.h"

void library_start(struct server *server)
{
    enum err err = documents_create(server->disk, &server->documents);
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

void library_step(struct server *server)
{
    struct document_fault fault;
    if (server->documents == NULL)
        return;
    while (documents_fault_next(server->documents, &fault))
        log_error("server",
                  "document %u of tenant %u: the file %s: %s; it is found by its name, and cannot "
                  "be read: put it again, or restore it from a backup",
                  fault.document, fault.tenant, fault.file, err_text(fault.err));
}
