/* library: what the handlers of documents and boards share.
 *
 *   library.c            documents: to what they are attached, whose they are, lists, search, one
 *   library_put.c        made, given versions, changed, removed
 *   library_content.c    their bytes
 *   library_boards.c     boards
 *
 * Who may. A document that is attached to something is seen by who sees any of it, and changed by
 * who may configure all of it; one that is attached to nothing, or only to what is gone, is the
 * whole tenant's: who sees anything of it sees it, who may configure "$tenant/documents" changes
 * it. A board is seen by its owner, and by the whole tenant when it is shared; who may configure
 * "$tenant/boards" shares and changes shared ones. Who configures all of the tenant may both. */
#pragma once

#include "web/alarms.h"

#include "documents/documents.h"

struct library *library_of(const struct exchange *exchange);
/* "asset:acme/north/pump-3", "type:pump", "rule:pump-hot", "branch:acme/north". False: it is none
 * of these, or there is no such thing that he sees. A branch is a view of the text. */
bool attached_parse(struct exchange *exchange, struct bytes text, struct attached *ret_attached);
/* May he configure this resource, or all of the tenant? */
bool tenant_may_configure(struct exchange *exchange, const char *resource);
bool document_seen(struct exchange *exchange, uint32_t document);
/* May he change what is attached to these? False: it was answered 403. */
bool attached_may_change(struct exchange *exchange, const struct attached *attached, size_t count);
bool document_may_change(struct exchange *exchange, uint32_t document);
/* The document of the route that he sees; DOCUMENT_NONE: it was answered 404. */
uint32_t document_named(struct exchange *exchange);
/* An object; whole: with its versions. */
void document_put(struct exchange *exchange, const struct document_view *view, bool whole,
                  const struct document_hit *hit);
/* documents, or NULL and it was answered 503. */
struct documents *documents_of(struct exchange *exchange);
/* What an exchange asked of them is done: it goes on, arg is the exchange. */
void library_wake(struct documents_ask *ask);
enum handled answer_many_documents(struct exchange *exchange);
/* A form by itself is wrong: answered 422. */
bool library_form_judge(struct exchange *exchange, struct module_order *module, uint32_t number);
