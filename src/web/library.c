/* Documents: whose they are, lists by page, by what they are attached to, by words; one. */
#include "web/library.h"

#include "web/exchange.h"

#include <stdlib.h>
#include <string.h>

struct library *library_of(const struct exchange *exchange)
{
    return engine_library(exchange->web->config.engine);
}

struct documents *documents_of(struct exchange *exchange)
{
    struct documents *documents = exchange->web->config.documents;
    if (documents == NULL)
        answer_problem(exchange, 503, "documents_off", NULL,
                       "this server keeps no documents: its folder could not be made, see its log");
    return documents;
}

void library_wake(struct documents_ask *ask)
{
    struct exchange *exchange = ask->arg;
    if (exchange->wait == HANDLED_ASK)
        exchange_resume(exchange);
}

enum handled answer_many_documents(struct exchange *exchange)
{
    return answer_problem(exchange, 503, "documents_busy", NULL,
                          "too many documents are read, written or searched now: try again");
}

/* ---- to what they are attached ------------------------------------------------------------------
 */
static const char *const kinds[] = {[ATTACHED_TYPE] = "type",
                                    [ATTACHED_ASSET] = "asset",
                                    [ATTACHED_RULE] = "rule",
                                    [ATTACHED_BRANCH] = "branch"};

bool attached_parse(struct exchange *exchange, struct bytes text, struct attached *ret_attached)
{
    const uint8_t *colon = text.size > 0 ? memchr(text.at, ':', text.size) : NULL;
    if (colon == NULL)
        return false;
    struct bytes kind = bytes_of(text.at, (size_t)(colon - text.at));
    struct bytes name = bytes_of(colon + 1, text.size - kind.size - 1);
    struct attached to = {0};
    for (uint8_t i = ATTACHED_TYPE; i <= ATTACHED_BRANCH; i++) {
        if (bytes_equal(kind, bytes_text(kinds[i])))
            to.kind = i;
    }
    if (to.kind == ATTACHED_TYPE && types_seen(exchange))
        to.number = asset_type_of(exchange, name);
    else if (to.kind == ATTACHED_ASSET)
        to.number = asset_of(exchange, name);
    else if (to.kind == ATTACHED_RULE)
        to.number = rule_named(exchange, name);
    else if (to.kind == ATTACHED_BRANCH && path_fault(name) == NULL)
        to.branch = name;
    *ret_attached = to;
    return to.number != 0 || to.branch.size > 0;
}

/* Is what it is attached to still there, in this tenant? */
static bool attached_is_there(const struct exchange *exchange, const struct attached *to)
{
    struct type_view type;
    struct asset_view asset;
    struct rule_view rule;
    switch (to->kind) {
    case ATTACHED_TYPE:
        if (to->number > assets_types(assets_of(exchange)))
            return false;
        assets_type(assets_of(exchange), to->number, &type);
        return !type.removed && type.tenant == exchange->tenant;
    case ATTACHED_ASSET:
        if (to->number > assets_count(assets_of(exchange)))
            return false;
        assets_asset(assets_of(exchange), to->number, &asset);
        return !asset.retired && asset.tenant == exchange->tenant;
    case ATTACHED_RULE:
        return to->number <= alarms_rules(alarms_of(exchange)) &&
               alarms_rule(alarms_of(exchange), to->number, &rule) &&
               rule.tenant == exchange->tenant;
    default:
        return true;
    }
}

/* Of what is there. */
static bool attached_seen(struct exchange *exchange, const struct attached *to)
{
    struct rule_view rule;
    switch (to->kind) {
    case ATTACHED_TYPE:
        return types_seen(exchange);
    case ATTACHED_ASSET:
        return asset_seen(exchange, to->number);
    case ATTACHED_RULE:
        return alarms_rule(alarms_of(exchange), to->number, &rule) && rule_seen(exchange, &rule);
    default:
        return exchange_may(exchange, RIGHT_SEE, exchange->tenant, to->branch);
    }
}

static bool attached_changeable(struct exchange *exchange, const struct attached *to)
{
    struct rule_view rule;
    struct bytes path;
    switch (to->kind) {
    case ATTACHED_TYPE:
        return types_changeable(exchange);
    case ATTACHED_ASSET:
        return asset_may(exchange, RIGHT_CONFIGURE, to->number);
    case ATTACHED_RULE:
        if (!alarms_rule(alarms_of(exchange), to->number, &rule) || !rule_seen(exchange, &rule))
            return false;
        if (rule.plan.on == RULE_ON_TYPE)
            return types_changeable(exchange);
        path = rule.plan.path.size > 0 ? rule.plan.path : bytes_text("#");
        return pattern_reach(exchange, RIGHT_CONFIGURE, exchange->tenant, path) == REACH_ALL;
    default:
        return exchange_may(exchange, RIGHT_CONFIGURE, exchange->tenant, to->branch);
    }
}

bool document_seen(struct exchange *exchange, uint32_t document)
{
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    size_t count = library_document_attached(library_of(exchange), document, attached), there = 0;
    for (size_t i = 0; i < count; i++) {
        if (!attached_is_there(exchange, &attached[i]))
            continue;
        there++;
        if (attached_seen(exchange, &attached[i]))
            return true;
    }
    return there == 0 && (count == 0 ? types_seen(exchange)
                                     : tenant_may_configure(exchange, "$tenant/documents") ||
                                           tenant_seen_whole(exchange, exchange->tenant));
}

bool tenant_may_configure(struct exchange *exchange, const char *resource)
{
    return exchange_may(exchange, RIGHT_CONFIGURE, exchange->tenant, bytes_text(resource)) ||
           pattern_reach(exchange, RIGHT_CONFIGURE, exchange->tenant, bytes_text("#")) == REACH_ALL;
}

bool attached_may_change(struct exchange *exchange, const struct attached *attached, size_t count)
{
    size_t there = 0;
    bool may = true;
    if (tenant_may_configure(exchange, "$tenant/documents"))
        return true;
    for (size_t i = 0; may && i < count; i++) {
        if (!attached_is_there(exchange, &attached[i]))
            continue;
        there++;
        may = attached_changeable(exchange, &attached[i]);
    }
    if (may && there > 0)
        return true;
    answer_forbidden(exchange, RIGHT_CONFIGURE, bytes_text("$tenant/documents"));
    return false;
}

bool document_may_change(struct exchange *exchange, uint32_t document)
{
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    size_t count = library_document_attached(library_of(exchange), document, attached);
    return attached_may_change(exchange, attached, count);
}

uint32_t document_named(struct exchange *exchange)
{
    uint32_t document =
        library_document_find(library_of(exchange), exchange->tenant, exchange->arg);
    if (document != DOCUMENT_NONE && document_seen(exchange, document))
        return document;
    answer_problem(exchange, 404, "unknown_document", "no such document",
                   "no document is called \"%.*s\", or you may not see it; GET /v1/documents lists "
                   "them",
                   exchange->arg.size < 200 ? (int)exchange->arg.size : 200,
                   (const char *)exchange->arg.at);
    return DOCUMENT_NONE;
}

bool library_form_judge(struct exchange *exchange, struct module_order *module, uint32_t number)
{
    struct bytes form;
    if (!form_end(&module->form, &form))
        return true; /* told by module_give */
    enum command_kind kind = (enum command_kind)module->order.command.kind;
    const char *fault = library_form_fault(kind, number, form);
    if (fault != NULL)
        answer_problem(exchange, 422, report_outcome_word(OUTCOME_DOCUMENT_INVALID),
                       outcome_text(OUTCOME_DOCUMENT_INVALID), "%s", fault);
    return fault == NULL;
}

/* ---- one as an object ---------------------------------------------------------------------------
 */
static void attached_name(struct exchange *exchange, const struct attached *to)
{
    uint8_t text[PATH_MAX_BYTES + 16];
    size_t size = strlen(kinds[to->kind]) + 1;
    struct bytes name = to->branch;
    struct type_view type;
    memcpy(text, kinds[to->kind], size - 1);
    text[size - 1] = ':';
    if (to->kind == ATTACHED_TYPE) {
        assets_type(assets_of(exchange), to->number, &type);
        name = type.name;
    } else if (to->kind == ATTACHED_RULE) {
        name = alarms_rule_name(alarms_of(exchange), to->number);
    } else if (to->kind == ATTACHED_ASSET) {
        size += assets_path(assets_of(exchange), to->number, text + size);
        name = bytes_of("", 0);
    }
    if (name.size > 0 && size + name.size <= sizeof text) {
        memcpy(text + size, name.at, name.size);
        size += name.size;
    }
    json_put_string(&exchange->json, bytes_of(text, size));
}

static void put_attached(struct exchange *exchange, uint32_t document)
{
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    size_t count = library_document_attached(library_of(exchange), document, attached);
    json_put_name(&exchange->json, "attached");
    json_put_array(&exchange->json);
    for (size_t i = 0; i < count; i++) {
        if (attached_is_there(exchange, &attached[i]) && attached_seen(exchange, &attached[i]))
            attached_name(exchange, &attached[i]);
    }
    json_put_array_end(&exchange->json);
}

static void put_version(struct json_writer *json, const struct document_version *version)
{
    json_member_text(json, "media", document_media_type(version->media));
    json_member_count(json, "bytes", version->size);
    json_member_count(json, "version", version->number);
    json_member_time(json, "changed", version->wall_ns);
    put_text(json, "author", version->author);
    put_hex(json, "sha256", bytes_of(version->hash, sizeof version->hash));
}

/* Is its text searched, and why not? */
static void put_searched(struct exchange *exchange, const struct document_view *view)
{
    const struct documents *documents = exchange->web->config.documents;
    enum document_text text = documents == NULL
                                  ? DOCUMENT_TEXT_WAITING
                                  : documents_text(documents, view->document, view->made);
    json_member_text(&exchange->json, "text", document_text_word(text));
}

void document_put(struct exchange *exchange, const struct document_view *view, bool whole,
                  const struct document_hit *hit)
{
    struct document_version versions[DOCUMENT_VERSIONS_MAX];
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "name", view->name);
    put_text(json, "title", view->title);
    put_version(json, &view->newest);
    put_searched(exchange, view);
    put_attached(exchange, view->document);
    if (hit != NULL)
        put_text(json, "snippet", bytes_of(hit->snippet, hit->snippet_size));
    if (whole) {
        size_t count = library_document_versions(library_of(exchange), view->document, versions,
                                                 DOCUMENT_VERSIONS_MAX);
        json_put_name(json, "versions");
        json_put_array(json);
        for (size_t i = 0; i < count; i++) {
            json_put_object(json);
            put_version(json, &versions[i]);
            json_put_object_end(json);
        }
        json_put_array_end(json);
    }
    json_put_object_end(json);
}

enum handled handle_document(struct exchange *exchange)
{
    struct document_view view;
    uint32_t document = document_named(exchange);
    if (document == DOCUMENT_NONE || !library_document(library_of(exchange), document, &view))
        return HANDLED;
    document_put(exchange, &view, true, NULL);
    return answer_json(exchange, 200);
}

/* ---- lists --------------------------------------------------------------------------------------
 */
struct documents_list {
    uint64_t limit, after, found; /* after: `made` of the last one that was shown */
    uint32_t last;
    uint64_t last_made;
    struct documents_ask *ask; /* of a search */
    bool attached_said;
    struct attached attached;
    uint8_t branch[PATH_MAX_BYTES];
};

static bool attached_same(const struct attached *a, const struct attached *b)
{
    return a->kind == b->kind && a->number == b->number && bytes_equal(a->branch, b->branch);
}

static bool list_wants(struct exchange *exchange, uint32_t document)
{
    const struct documents_list *list = exchange->state;
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    bool is = !list->attached_said;
    size_t count = is ? 0 : library_document_attached(library_of(exchange), document, attached);
    for (size_t i = 0; i < count && !is; i++)
        is = attached_same(&attached[i], &list->attached);
    return is && document_seen(exchange, document);
}

/* The one behind the last; where that one went meanwhile, the first that is newer. */
static uint32_t list_next(struct exchange *exchange, struct documents_list *list)
{
    const struct library *library = library_of(exchange);
    struct document_view view;
    bool there = list->last != DOCUMENT_NONE && library_document(library, list->last, &view) &&
                 view.made == list->last_made;
    return library_document_next(library, exchange->tenant, there ? list->last : DOCUMENT_NONE);
}

static enum handled list_step(struct exchange *exchange)
{
    struct documents_list *list = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct document_view view;
    for (uint32_t document = list_next(exchange, list); document != DOCUMENT_NONE;
         document = list_next(exchange, list)) {
        if (!library_document(library_of(exchange), document, &view))
            break;
        bool wanted = view.made > list->after && list_wants(exchange, document);
        if (wanted && list->found == list->limit)
            return answer_list(exchange, list->after);
        list->last = document;
        list->last_made = view.made;
        if (wanted) {
            document_put(exchange, &view, false, NULL);
            list->found++;
            list->after = view.made;
        }
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    return answer_list(exchange, 0);
}

static void list_drop(struct exchange *exchange)
{
    struct documents_list *list = exchange->state;
    if (list != NULL)
        documents_ask_end(list->ask);
    free(list);
}

/* ---- by words -----------------------------------------------------------------------------------
 */
static enum handled search_answer(struct exchange *exchange)
{
    struct documents_list *list = exchange->state;
    const struct documents_ask *ask = list->ask;
    struct document_view view;
    if (ask->err != OK)
        return answer_problem(exchange, 503, "search_failed", NULL,
                              "the index of documents cannot be searched now (%s): try again",
                              err_text(ask->err));
    for (size_t i = 0; i < ask->hit_count && list->found < list->limit; i++) {
        const struct document_hit *hit = &ask->hits[i];
        if (!library_document(library_of(exchange), hit->document, &view) ||
            view.made != hit->made || view.tenant != exchange->tenant ||
            !list_wants(exchange, hit->document))
            continue;
        document_put(exchange, &view, false, hit);
        list->found++;
    }
    return answer_list(exchange, 0);
}

static enum handled search_begin(struct exchange *exchange, struct bytes question)
{
    struct documents_list *list = exchange->state;
    struct documents *documents = documents_of(exchange);
    if (documents == NULL)
        return HANDLED;
    if (question.size > DOCUMENT_QUESTION_MAX || !bytes_are_utf8(question)) {
        answer_parameter(exchange, "search", "a text of at most 256 bytes", question);
        return HANDLED;
    }
    list->ask = documents_search(documents, exchange->tenant, question, DOCUMENT_HITS_MAX,
                                 library_wake, exchange);
    if (list->ask == NULL)
        return answer_many_documents(exchange);
    exchange->resume = search_answer;
    return HANDLED_ASK;
}

static void list_begin(struct exchange *exchange)
{
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "documents");
    json_put_array(&exchange->json);
}

enum handled handle_documents(struct exchange *exchange)
{
    struct documents_list *list = exchange_keep(exchange, sizeof *list);
    struct bytes text;
    if (list == NULL)
        return HANDLED;
    exchange->drop = list_drop;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_after(exchange, &list->after))
        return HANDLED;
    exchange->resume = list_step;
    list_begin(exchange);
    if (query_text(exchange, "attached", &text)) {
        list->attached_said = true;
        if (!attached_parse(exchange, text, &list->attached) ||
            !attached_seen(exchange, &list->attached))
            return answer_list(exchange, 0);
        if (list->attached.branch.size > 0) {
            memcpy(list->branch, list->attached.branch.at, list->attached.branch.size);
            list->attached.branch.at = list->branch;
        }
    }
    if (query_text(exchange, "search", &text)) {
        json_writer_clear(&exchange->json);
        enum handled handled = search_begin(exchange, text);
        if (handled == HANDLED_ASK)
            list_begin(exchange);
        return handled;
    }
    return list_step(exchange);
}
