/* Documents are made and given versions by their bytes, changed by JSON, removed. The bytes are on
 * the disk before the command that names them is given. */
#include "web/library.h"

#include <stdlib.h>
#include <string.h>

struct put_order { /* of a PUT */
    struct module_order module;
    struct documents_ask *ask;
    bool given; /* the command was: it may come to be without us */
    uint16_t attached_count;
    uint64_t size;
    uint8_t media;
};

/* ---- answers ------------------------------------------------------------------------------------
 */
static enum handled document_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct document_view view;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "document");
    if (library_document(library_of(exchange), outcome->number, &view) &&
        view.tenant == exchange->tenant && document_seen(exchange, outcome->number))
        document_put(exchange, &view, false, NULL);
    else
        json_put_null(json); /* removed, now or since */
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled put_done(struct exchange *exchange, const struct outcome *outcome)
{
    const struct put_order *put = exchange->state;
    documents_put_settled(put->ask);
    return document_done(exchange, outcome);
}

/* ---- PUT ----------------------------------------------------------------------------------------
 */
static void put_drop(struct order *order)
{
    struct put_order *put = (struct put_order *)order;
    if (put->ask != NULL && !put->given)
        documents_put_settled(put->ask);
    documents_ask_end(put->ask);
}

static enum handled put_written(struct exchange *exchange)
{
    struct put_order *put = exchange->state;
    if (put->ask->err != OK)
        return answer_problem(exchange, put->ask->err == ERR_NO_SPACE ? 507 : 503,
                              put->ask->err == ERR_NO_SPACE ? "disk_full" : "write_failed", NULL,
                              "the document could not be written (%s): nothing was changed",
                              err_text(put->ask->err));
    form_put_text(&put->module.form, DOCUMENT_TAG_HASH,
                  bytes_of(put->ask->hash, DOCUMENT_HASH_SIZE));
    exchange->kept = 0;
    put->given = true;
    return module_give(exchange, 0, put_done);
}

/* The body, so that nothing long is copied: the connection's own where it lies there. */
static uint8_t *body_take_over(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    uint8_t *bytes = client->body;
    if (exchange->body.at == bytes && bytes != NULL) {
        budget_give(exchange->web->config.memory, client->body_capacity);
        client->body = NULL;
        client->body_size = client->body_capacity = 0;
        return bytes;
    }
    bytes = malloc(exchange->body.size);
    if (bytes != NULL)
        memcpy(bytes, exchange->body.at, exchange->body.size);
    return bytes;
}

/* Media type and size. False: it was answered. */
static bool put_judge_body(struct exchange *exchange, struct put_order *put)
{
    const struct http_header *type = http_header_find(exchange->request, "Content-Type");
    uint64_t most = exchange->web->config.settings->documents_size;
    put->media = type == NULL ? 0 : (uint8_t)document_media_parse(type->value);
    put->size = exchange->body.size;
    if (put->media == 0)
        answer_problem(exchange, 415, "media", NULL,
                       "a document is application/pdf, text/markdown, text/plain, image/png, "
                       "image/jpeg or image/svg+xml, and its Content-Type says so");
    else if (put->size == 0)
        answer_problem(exchange, 422, report_outcome_word(OUTCOME_DOCUMENT_INVALID), NULL,
                       "the body is the document, and it is empty");
    else if (put->size > most)
        answer_problem(exchange, 413, "body_long", NULL,
                       "a document has at most %llu bytes (setting documents.size)",
                       (unsigned long long)most);
    else if (!engine_tenant_may_store(exchange->web->config.engine, exchange->tenant, put->size))
        answer_problem(exchange, 507, admit_name(ADMIT_STORAGE_MAX), NULL,
                       "%llu bytes more are more than the tenant may hold (quota storage_bytes): "
                       "nothing was kept",
                       (unsigned long long)put->size);
    else
        return true;
    return false;
}

/* Title and attachments of the query into the form. False: it was answered. */
static bool put_judge_query(struct exchange *exchange, struct put_order *put)
{
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    struct form_writer *form = &put->module.form;
    struct bytes text;
    size_t count = 0;
    if (query_text(exchange, "title", &text))
        form_put_text(form, DOCUMENT_TAG_TITLE, text);
    while (query_text_at(exchange, "attach", (uint32_t)count, &text)) {
        if (count == DOCUMENT_ATTACHED_MAX || !attached_parse(exchange, text, &attached[count])) {
            answer_parameter(exchange, "attach",
                             "up to 32 of type:NAME, asset:PATH, rule:NAME, branch:PATH that are "
                             "there",
                             text);
            return false;
        }
        attached_put(form, &attached[count]); /* the text lives until the next is asked for */
        if (attached[count].branch.size > 0 &&
            !exchange_may(exchange, RIGHT_CONFIGURE, exchange->tenant, attached[count].branch) &&
            !attached_may_change(exchange, &attached[count], 1))
            return false;
        attached[count].branch = bytes_of("", 0);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (attached[i].kind != ATTACHED_BRANCH && !attached_may_change(exchange, &attached[i], 1))
            return false;
    }
    put->attached_count = (uint16_t)count;
    return true;
}

static bool put_may(struct exchange *exchange, const struct put_order *put)
{
    uint32_t document =
        library_document_find(library_of(exchange), exchange->tenant, exchange->arg);
    if (document != DOCUMENT_NONE)
        return document_may_change(exchange, document);
    return put->attached_count > 0 || attached_may_change(exchange, NULL, 0);
}

enum handled handle_document_put(struct exchange *exchange)
{
    struct documents *documents = documents_of(exchange);
    if (documents == NULL)
        return HANDLED;
    struct put_order *put =
        (struct put_order *)module_begin(exchange, sizeof *put, COMMAND_DOCUMENT_SET, false);
    if (put == NULL)
        return HANDLED;
    struct form_writer *form = &put->module.form;
    put->module.order.drop = put_drop;
    module_name(&put->module, exchange->arg);
    form_put_text(form, DOCUMENT_TAG_NAME, exchange->arg);
    if (!put_judge_query(exchange, put) || !put_may(exchange, put) ||
        !put_judge_body(exchange, put) || !library_form_judge(exchange, &put->module, 0))
        return HANDLED;
    form_put_integer(form, DOCUMENT_TAG_MEDIA, put->media);
    form_put_integer(form, DOCUMENT_TAG_SIZE, (int64_t)put->size);
    uint8_t *bytes = body_take_over(exchange);
    if (bytes == NULL)
        return answer_memory(exchange);
    exchange->body = bytes_of("", 0);
    put->ask = documents_put(documents, bytes, (size_t)put->size, library_wake, exchange);
    if (put->ask == NULL)
        return answer_many_documents(exchange);
    exchange->kept = (size_t)put->size;
    exchange->resume = put_written;
    return HANDLED_ASK;
}

/* ---- PATCH --------------------------------------------------------------------------------------
 */
/* Member attached: all of it, in the place of what was. False: it was answered. */
static bool change_attached(struct exchange *exchange, struct module_order *module)
{
    struct wish *wish = &module->order.wish;
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    const json_t *list = json_object_get(wish->json, "attached");
    if (list == NULL || json_is_null(list))
        return true;
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > DOCUMENT_ATTACHED_MAX) {
        wish_fault(wish, "attached", "an array of at most 32 texts");
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_array_get(list, i);
        struct bytes bytes = json_is_string(text)
                                 ? bytes_of(json_string_value(text), json_string_length(text))
                                 : bytes_of("", 0);
        if (!attached_parse(exchange, bytes, &attached[i])) {
            wish_fault(wish, "attached",
                       "type:NAME, asset:PATH, rule:NAME or branch:PATH of what is there");
            return true;
        }
        attached_put(&module->form, &attached[i]);
    }
    if (count == 0)
        form_put_integer(&module->form, DOCUMENT_TAG_NO_ATTACHED, 1);
    return count == 0 || attached_may_change(exchange, attached, count);
}

static void change_members(struct module_order *module)
{
    static const char *const told[] = {"media",  "bytes",  "version",  "changed",
                                       "author", "sha256", "versions", "text"};
    struct wish *wish = &module->order.wish;
    struct bytes text;
    for (size_t i = 0; i < ARRAY_COUNT(told); i++) /* what was asked can be given back */
        (void)json_object_del(wish->json, told[i]);
    wish_members(wish, "name title attached");
    if (wish_text(wish, "name", 1, LIBRARY_NAME_MAX, &text))
        form_put_text(&module->form, DOCUMENT_TAG_NAME, text);
    if (wish_text(wish, "title", 0, LIBRARY_TITLE_MAX, &text))
        form_put_text(&module->form, DOCUMENT_TAG_TITLE, text);
}

enum handled handle_document_change(struct exchange *exchange)
{
    struct module_order *module =
        module_begin(exchange, sizeof *module, COMMAND_DOCUMENT_SET, true);
    if (module == NULL)
        return HANDLED;
    change_members(module);
    if (module->order.wish.wrong)
        return order_refuse(exchange);
    uint32_t document = document_named(exchange);
    if (document == DOCUMENT_NONE || !document_may_change(exchange, document))
        return HANDLED;
    module_name(module, exchange->arg);
    if (!change_attached(exchange, module))
        return HANDLED;
    if (module->order.wish.wrong)
        return order_refuse(exchange);
    if (!library_form_judge(exchange, module, document))
        return HANDLED;
    return module_give(exchange, document, document_done);
}

/* ---- DELETE -------------------------------------------------------------------------------------
 */
enum handled handle_document_remove(struct exchange *exchange)
{
    struct module_order *module =
        module_begin(exchange, sizeof *module, COMMAND_DOCUMENT_REMOVE, false);
    if (module == NULL)
        return HANDLED;
    uint32_t document = document_named(exchange);
    if (document == DOCUMENT_NONE || !document_may_change(exchange, document))
        return HANDLED;
    module_name(module, exchange->arg);
    return module_give(exchange, document, document_done);
}
