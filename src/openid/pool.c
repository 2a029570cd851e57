/* Questions to providers on their way: a queue, a few threads, and what providers said of
 * themselves a while ago.
 *
 * The cache is the threads' alone, under a lock that is held while texts are copied, never while
 * anybody is asked. Of a question only its thread knows anything from when it is dispatched until
 * it comes back. */
#include "openid/room.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX 4096
#define FORM_MAX ((size_t)16 << 10)

struct known { /* what a provider said of itself */
    struct link link;
    char issuer[OPENID_URL_MAX + 1];
    bool inner;
    struct openid_document document;
    int64_t read_ns, failed_ns, keys_ns, again_ns; /* INT64_MIN: never */
    enum openid_fault fault;                       /* at failed_ns */
    uint8_t *keys;
    size_t keys_size;
};

struct ask;
struct slot { /* a thread */
    struct job job;
    struct openid *openid;
    struct worker *worker;
    struct ask *ask; /* NULL: it is free */
};

struct openid {
    struct openid_config config;
    struct slot slots[OPENID_THREADS];
    struct link queue, all;
    uint32_t count;
    atomic_bool stop;
    pthread_mutex_t lock; /* of what follows */
    struct link known;
    uint32_t known_count;
};

struct ask {
    struct link queued, all;
    openid_done *done; /* NULL: nobody waits for it any more */
    void *arg;
    struct openid_question question; /* views of texts */
    struct openid_flow flow;
    struct openid_answer answer;
    size_t texts_size;
    char texts[];
};

static int64_t now_ns(const struct openid *openid)
{
    return openid->config.clock->boot_ns(openid->config.clock);
}

/* ---- the cache, by the threads ------------------------------------------------------------------
 */
static void known_free(struct openid *openid, struct known *known)
{
    link_take(&known->link);
    openid->known_count--;
    free(known->keys);
    free(known);
}

/* Under the lock. The one used last stands at the end. NULL: no memory. */
static struct known *known_get(struct openid *openid, const struct ask *ask)
{
    struct bytes issuer = ask->question.issuer;
    for (struct link *at = openid->known.next; at != &openid->known; at = at->next) {
        struct known *known = LINK_OWNER(at, struct known, link);
        if (known->inner == ask->question.inner && bytes_equal(bytes_text(known->issuer), issuer)) {
            link_take(&known->link);
            link_put(&openid->known, &known->link);
            return known;
        }
    }
    struct known *known = calloc(1, sizeof *known);
    if (known == NULL)
        return NULL;
    if (openid->known_count == OPENID_ISSUERS_MAX)
        known_free(openid, LINK_OWNER(openid->known.next, struct known, link));
    memcpy(known->issuer, issuer.at, issuer.size);
    known->inner = ask->question.inner;
    known->read_ns = known->failed_ns = known->keys_ns = known->again_ns = INT64_MIN;
    link_put(&openid->known, &known->link);
    openid->known_count++;
    return known;
}

static bool is_younger(int64_t then_ns, int64_t now, int64_t age_s)
{
    return then_ns != INT64_MIN && now - then_ns < age_s * NS_PER_S;
}

/* OPENID_FAULT_COUNT: it has to be asked. */
static enum openid_fault document_find(struct openid *openid, const struct ask *ask,
                                       struct openid_document *ret_document)
{
    enum openid_fault found = OPENID_FAULT_COUNT;
    pthread_mutex_lock(&openid->lock);
    const struct known *known = known_get(openid, ask);
    int64_t now = now_ns(openid);
    if (known == NULL) {
        found = OPENID_MEMORY;
    } else if (is_younger(known->read_ns, now, OPENID_CACHE_S)) {
        *ret_document = known->document;
        found = OPENID_FINE;
    } else if (is_younger(known->failed_ns, now, OPENID_FAILED_S)) {
        found = known->fault;
    }
    pthread_mutex_unlock(&openid->lock);
    return found;
}

static void document_keep(struct openid *openid, const struct ask *ask, enum openid_fault fault,
                          const struct openid_document *document)
{
    pthread_mutex_lock(&openid->lock);
    struct known *known = known_get(openid, ask);
    if (known != NULL && fault == OPENID_FINE) {
        known->document = *document;
        known->read_ns = now_ns(openid);
    } else if (known != NULL) {
        known->fault = fault;
        known->failed_ns = now_ns(openid);
    }
    pthread_mutex_unlock(&openid->lock);
}

/* A copy of the keys, the caller's; NULL: they have to be asked for. again: a token is of none of
 * them, and they may be asked for once more, unless that was a short while ago. */
static uint8_t *keys_find(struct openid *openid, const struct ask *ask, bool again,
                          size_t *ret_size)
{
    uint8_t *copy = NULL;
    pthread_mutex_lock(&openid->lock);
    struct known *known = known_get(openid, ask);
    int64_t now = now_ns(openid);
    bool good = known != NULL && known->keys != NULL &&
                is_younger(known->keys_ns, now, OPENID_CACHE_S) &&
                (!again || is_younger(known->again_ns, now, OPENID_KEYS_AGAIN_S));
    if (good)
        copy = malloc(known->keys_size + 1);
    if (copy != NULL) {
        memcpy(copy, known->keys, known->keys_size);
        *ret_size = known->keys_size;
    } else if (again && known != NULL) {
        known->again_ns = now;
    }
    pthread_mutex_unlock(&openid->lock);
    return copy;
}

static void keys_keep(struct openid *openid, const struct ask *ask, const uint8_t *at, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL)
        return;
    memcpy(copy, at, size);
    pthread_mutex_lock(&openid->lock);
    struct known *known = known_get(openid, ask);
    if (known == NULL) {
        free(copy);
    } else {
        free(known->keys);
        known->keys = copy;
        known->keys_size = size;
        known->keys_ns = now_ns(openid);
    }
    pthread_mutex_unlock(&openid->lock);
}

/* ---- asking, by the threads ---------------------------------------------------------------------
 */
static struct fetch fetch_of(const struct openid *openid, const struct ask *ask, const char *url)
{
    return (struct fetch){
        .url = url, .ca = openid->config.ca, .inner = ask->question.inner, .stop = &openid->stop};
}

static enum openid_fault document_ask(struct openid *openid, const struct ask *ask,
                                      struct openid_document *ret_document)
{
    static const char tail[] = "/.well-known/openid-configuration";
    char url[OPENID_URL_MAX + sizeof tail];
    struct bytes issuer = ask->question.issuer;
    size_t size =
        issuer.size > 0 && issuer.at[issuer.size - 1] == '/' ? issuer.size - 1 : issuer.size;
    enum openid_fault fault = document_find(openid, ask, ret_document);
    if (fault != OPENID_FAULT_COUNT)
        return fault;
    memcpy(url, issuer.at, size);
    memcpy(url + size, tail, sizeof tail);
    struct fetch fetch = fetch_of(openid, ask, url);
    fault = fetch_run(&fetch);
    if (fault == OPENID_FINE && fetch.status != 200)
        fault = fetch.status >= 500 ? OPENID_UNREACHABLE : OPENID_ANSWER;
    if (fault == OPENID_FINE)
        fault = openid_document_read(bytes_of(fetch.at, fetch.size), issuer, ask->question.inner,
                                     ret_document);
    free(fetch.at);
    document_keep(openid, ask, fault, ret_document);
    return fault;
}

static enum openid_fault keys_ask(struct openid *openid, const struct ask *ask, bool again,
                                  const char *url, uint8_t **ret_keys, size_t *ret_size)
{
    *ret_keys = keys_find(openid, ask, again, ret_size);
    if (*ret_keys != NULL)
        return OPENID_FINE;
    struct fetch fetch = fetch_of(openid, ask, url);
    enum openid_fault fault = fetch_run(&fetch);
    if (fault == OPENID_FINE && (fetch.status != 200 || fetch.at == NULL))
        fault = OPENID_ANSWER;
    if (fault != OPENID_FINE) {
        free(fetch.at);
        return fault;
    }
    keys_keep(openid, ask, fetch.at, fetch.size);
    *ret_keys = fetch.at;
    *ret_size = fetch.size;
    return OPENID_FINE;
}

/* RFC 6749, 2.3.1: name and secret are form-encoded before they become Basic. */
static bool basic_put(const struct openid_question *question, char *text, size_t room)
{
    char id[3 * SECRET_BASE64_SIZE(512)] = "?", secret[3 * SECRET_BASE64_SIZE(512)] = "?";
    char pair[sizeof id + sizeof secret], code[SECRET_BASE64_SIZE(sizeof pair)];
    bool fits = form_put(id, sizeof id, "", question->client_id) &&
                form_put(secret, sizeof secret, "", question->secret);
    int size = fits ? snprintf(pair, sizeof pair, "%s:%s", id + 2, secret + 2) : 0;
    if (fits) {
        secret_base64_put(bytes_of(pair, (size_t)size), code);
        for (char *at = code; *at != '\0'; at++)
            *at = (char)(*at == '-' ? '+' : *at == '_' ? '/' : *at);
        size_t pad = (4 - strlen(code) % 4) % 4;
        fits =
            snprintf(text, room, "Authorization: Basic %s%.*s", code, (int)pad, "===") < (int)room;
    }
    secret_wipe(secret, sizeof secret);
    secret_wipe(pair, sizeof pair);
    secret_wipe(code, sizeof code);
    return fits;
}

static bool code_form(const struct openid_question *question, bool in_body, char *form)
{
    form[0] = '\0';
    return form_put(form, FORM_MAX, "grant_type", bytes_text("authorization_code")) &&
           form_put(form, FORM_MAX, "code", question->code) &&
           form_put(form, FORM_MAX, "redirect_uri", question->redirect) &&
           form_put(form, FORM_MAX, "code_verifier", bytes_text(question->flow->verifier)) &&
           (!in_body || form_put(form, FORM_MAX, "client_id", question->client_id)) &&
           (!in_body || question->secret.size == 0 ||
            form_put(form, FORM_MAX, "client_secret", question->secret));
}

static enum openid_fault tokens_refused(const struct fetch *fetch)
{
    struct bytes error;
    enum openid_fault fault = fetch->status >= 500 ? OPENID_UNREACHABLE : OPENID_ANSWER;
    json_t *answer = fetch->at != NULL ? object_read(bytes_of(fetch->at, fetch->size)) : NULL;
    if (answer != NULL && object_text(answer, "error", 64, &error))
        fault = bytes_equal(error, bytes_text("invalid_client")) ||
                        bytes_equal(error, bytes_text("unauthorized_client"))
                    ? OPENID_CLIENT
                    : OPENID_CODE;
    json_decref(answer);
    return fault;
}

/* The code for tokens; *ret_tokens is the caller's. */
static enum openid_fault tokens_ask(struct openid *openid, const struct ask *ask,
                                    const struct openid_document *document, json_t **ret_tokens)
{
    const struct openid_question *question = &ask->question;
    bool in_body = document->secret_in_body || question->secret.size == 0;
    char *form = malloc(FORM_MAX), *basic = malloc(FORM_MAX);
    enum openid_fault fault = OPENID_MEMORY;
    struct fetch fetch = fetch_of(openid, ask, document->token);
    if (form != NULL && basic != NULL && code_form(question, in_body, form) &&
        (in_body || basic_put(question, basic, FORM_MAX))) {
        fetch.form = form;
        fetch.authorization = in_body ? NULL : basic;
        fault = fetch_run(&fetch);
        if (fault == OPENID_FINE && fetch.status != 200)
            fault = tokens_refused(&fetch);
        if (fault == OPENID_FINE) {
            *ret_tokens = fetch.at != NULL ? object_read(bytes_of(fetch.at, fetch.size)) : NULL;
            fault = *ret_tokens == NULL ? OPENID_ANSWER : OPENID_FINE;
        }
        if (fetch.at != NULL)
            secret_wipe(fetch.at, fetch.size);
        free(fetch.at);
        secret_wipe(form, FORM_MAX);
        secret_wipe(basic, FORM_MAX);
    }
    free(form);
    free(basic);
    return fault;
}

static enum openid_fault token_judge(struct openid *openid, struct ask *ask, const char *url,
                                     const json_t *tokens)
{
    const struct openid_question *question = &ask->question;
    struct clock *clock = openid->config.clock;
    struct openid_wanted wanted = {.issuer = question->issuer,
                                   .client_id = question->client_id,
                                   .nonce = bytes_text(question->flow->nonce),
                                   .now_s = clock->wall_ns(clock) / NS_PER_S};
    struct bytes token;
    if (!object_text(tokens, "id_token", OPENID_TOKEN_MAX, &token))
        return OPENID_ANSWER;
    (void)object_text(tokens, "access_token", OPENID_TOKEN_MAX, &wanted.access_token);
    enum openid_fault fault = OPENID_KEY;
    for (int turn = 0; turn < 2 && fault == OPENID_KEY; turn++) {
        uint8_t *keys;
        size_t size;
        enum openid_fault asked = keys_ask(openid, ask, turn > 0, url, &keys, &size);
        if (asked != OPENID_FINE)
            return asked;
        fault = openid_token_verify(token, bytes_of(keys, size), &wanted, &ask->answer.claims);
        free(keys);
    }
    return fault;
}

static void slot_run(struct job *job)
{
    struct slot *slot = (struct slot *)job;
    struct openid *openid = slot->openid;
    struct ask *ask = slot->ask;
    struct openid_answer *answer = &ask->answer;
    struct openid_document document;
    json_t *tokens = NULL;
    answer->fault = document_ask(openid, ask, &document);
    if (answer->fault == OPENID_FINE && !ask->question.finish)
        answer->fault = target_make(&document, &ask->question, answer->target);
    if (answer->fault == OPENID_FINE && ask->question.finish) {
        answer->fault = tokens_ask(openid, ask, &document, &tokens);
        if (answer->fault == OPENID_FINE)
            answer->fault = token_judge(openid, ask, document.keys, tokens);
        json_decref(tokens);
    }
}

/* ---- the queue, by the engine's thread ----------------------------------------------------------
 */
static void ask_free(struct openid *openid, struct ask *ask)
{
    link_take(&ask->queued);
    link_take(&ask->all);
    openid->count--;
    secret_wipe(ask, sizeof *ask + ask->texts_size);
    free(ask);
}

static bool tenant_has_turn(const struct openid *openid, uint32_t tenant)
{
    uint32_t under_way = 0;
    for (size_t i = 0; i < OPENID_THREADS; i++)
        if (openid->slots[i].ask != NULL && openid->slots[i].ask->question.tenant == tenant)
            under_way++;
    return under_way < OPENID_THREADS_TENANT;
}

static struct ask *ask_next(struct openid *openid)
{
    for (struct link *at = openid->queue.next; at != &openid->queue; at = at->next) {
        struct ask *ask = LINK_OWNER(at, struct ask, queued);
        if (tenant_has_turn(openid, ask->question.tenant))
            return ask;
    }
    return NULL;
}

static void dispatch(struct openid *openid)
{
    for (size_t i = 0; i < OPENID_THREADS; i++) {
        struct slot *slot = &openid->slots[i];
        struct ask *ask = slot->ask == NULL ? ask_next(openid) : NULL;
        if (ask == NULL)
            continue;
        link_take(&ask->queued);
        slot->ask = ask;
        slot->worker->submit(slot->worker, &slot->job);
    }
}

static void slot_done(struct job *job)
{
    struct slot *slot = (struct slot *)job;
    struct openid *openid = slot->openid;
    struct ask *ask = slot->ask;
    slot->ask = NULL;
    if (ask->done != NULL)
        ask->done(ask->arg, &ask->answer);
    ask_free(openid, ask);
}

void openid_step(struct openid *openid)
{
    for (size_t i = 0; i < OPENID_THREADS; i++)
        openid->slots[i].worker->poll(openid->slots[i].worker);
    dispatch(openid);
}

static struct bytes text_keep(struct ask *ask, struct bytes text)
{
    struct bytes kept = bytes_of(ask->texts + ask->texts_size, text.size);
    if (text.size > 0)
        memcpy(ask->texts + ask->texts_size, text.at, text.size);
    ask->texts_size += text.size;
    return kept;
}

static struct ask *ask_create(const struct openid_question *question)
{
    size_t size = question->issuer.size + question->client_id.size + question->secret.size +
                  question->scopes.size + question->redirect.size + question->code.size;
    struct ask *ask = calloc(1, sizeof *ask + size + 1);
    if (ask == NULL)
        return NULL;
    ask->question = *question;
    ask->question.issuer = text_keep(ask, question->issuer);
    ask->question.client_id = text_keep(ask, question->client_id);
    ask->question.secret = text_keep(ask, question->secret);
    ask->question.scopes = text_keep(ask, question->scopes);
    ask->question.redirect = text_keep(ask, question->redirect);
    ask->question.code = text_keep(ask, question->code);
    ask->flow = *question->flow;
    ask->question.flow = &ask->flow;
    link_init(&ask->queued);
    link_init(&ask->all);
    return ask;
}

bool openid_ask(struct openid *openid, const struct openid_question *question, openid_done *done,
                void *arg)
{
    uint32_t of_tenant = 0;
    for (struct link *at = openid->all.next; at != &openid->all; at = at->next)
        if (LINK_OWNER(at, struct ask, all)->question.tenant == question->tenant)
            of_tenant++;
    if (openid->count >= OPENID_ASKS_MAX || of_tenant >= OPENID_ASKS_TENANT ||
        question->code.size > CODE_MAX || question->issuer.size > OPENID_URL_MAX)
        return false;
    struct ask *ask = ask_create(question);
    if (ask == NULL)
        return false;
    ask->done = done;
    ask->arg = arg;
    link_put(&openid->queue, &ask->queued);
    link_put(&openid->all, &ask->all);
    openid->count++;
    dispatch(openid);
    return true;
}

void openid_forget(struct openid *openid, const void *arg)
{
    for (struct link *at = openid->all.next, *next; at != &openid->all; at = next) {
        struct ask *ask = LINK_OWNER(at, struct ask, all);
        next = at->next;
        if (ask->arg != arg)
            continue;
        ask->done = NULL;
        if (!link_is_alone(&ask->queued)) /* no thread has it yet */
            ask_free(openid, ask);
    }
}

/* ---- life --------------------------------------------------------------------------------------
 */
enum err openid_create(const struct openid_config *config, struct openid **ret_openid)
{
    static const char *const names[OPENID_THREADS] = {"openid-1", "openid-2", "openid-3",
                                                      "openid-4"};
    struct openid *openid = calloc(1, sizeof *openid);
    enum err err = OK;
    if (openid == NULL)
        return ERR_NO_MEMORY;
    openid->config = *config;
    link_init(&openid->queue);
    link_init(&openid->all);
    link_init(&openid->known);
    pthread_mutex_init(&openid->lock, NULL);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        err = ERR_NO_MEMORY;
    for (size_t i = 0; err == OK && i < OPENID_THREADS; i++) {
        struct slot *slot = &openid->slots[i];
        slot->openid = openid;
        slot->job = (struct job){.run = slot_run, .done = slot_done};
        err = worker_thread_create(names[i], &slot->worker);
    }
    if (err == OK)
        *ret_openid = openid;
    else
        openid_destroy(openid);
    return err;
}

void openid_destroy(struct openid *openid)
{
    if (openid == NULL)
        return;
    atomic_store(&openid->stop, true);
    for (size_t i = 0; i < OPENID_THREADS; i++)
        if (openid->slots[i].worker != NULL)
            openid->slots[i].worker->destroy(openid->slots[i].worker);
    while (!link_is_alone(&openid->all))
        ask_free(openid, LINK_OWNER(openid->all.next, struct ask, all));
    while (!link_is_alone(&openid->known))
        known_free(openid, LINK_OWNER(openid->known.next, struct known, link));
    pthread_mutex_destroy(&openid->lock);
    curl_global_cleanup();
    free(openid);
}

int openid_fd(const struct openid *openid, unsigned thread)
{
    const struct worker *worker = openid->slots[thread].worker;
    return worker->fd((struct worker *)(uintptr_t)worker);
}
