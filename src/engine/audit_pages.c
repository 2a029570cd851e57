/* Entries of the audit that only the journal has, a run at a time. Whoever wants one asks until it
 * is there: the snapshotter's thread reads the run, in pieces, and it stays for those who ask for
 * its neighbours until others need the place. Nobody owns a page, so nobody has to give one back.
 */
#include "engine/room.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_KEPT_NS (2 * NS_PER_S) /* one that nobody has looked at so far, or that failed */
#define ENTRY_TEXT_MAX (ACTOR_NAME_MAX + ACTOR_ADDRESS_MAX + AUDIT_ACTION_MAX + 3 * AUDIT_TEXT_MAX)

/* ---- on the worker -----------------------------------------------------------------------------
 */
static struct bytes text_keep(struct audit_page *page, struct bytes text)
{
    uint8_t *at = page->texts + page->text_size;
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    page->text_size += text.size;
    return bytes_of(at, text.size);
}

static void page_take(void *arg, const struct fact *fact)
{
    struct audit_page *page = arg;
    struct audit_view view;
    if (fact->kind != FACT_ENTRY || fact->entry.module != MODULE_ACCESS ||
        page->count == AUDIT_RUN ||
        !access_audit_form_get(fact->entry.form, fact->entry.tenant, &view) ||
        view.number < page->run.first || view.number > page->run.last ||
        (page->count > 0 && view.number <= page->views[page->count - 1].number))
        return;
    struct bytes *const parts[] = {&view.actor,  &view.address, &view.action,
                                   &view.object, &view.detail,  &view.outcome};
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        size += parts[i]->size;
    if (size > ENTRY_TEXT_MAX)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        *parts[i] = text_keep(page, *parts[i]);
    page->views[page->count++] = view;
}

static void page_run(struct job *job)
{
    struct audit_page *page = (struct audit_page *)((char *)job - offsetof(struct audit_page, job));
    for (int tries = 0; tries == 0 || (page->err == ERR_MISSING && tries < 4); tries++)
        page->err = journal_facts_between(page->engine->config.disk, page->identity, &page->from,
                                          page->run.end, AUDIT_PAGE_PIECE, page_take, page);
}

/* ---- on the engine's thread --------------------------------------------------------------------
 */
static void page_done(struct job *job)
{
    struct audit_page *page = (struct audit_page *)((char *)job - offsetof(struct audit_page, job));
    struct clock *clock = page->engine->config.clock;
    struct worker *worker = page->engine->config.snapshotter;
    if (page->err == OK && page->from < page->run.end && !page->engine->closing) {
        worker->submit(worker, &page->job); /* behind what came meanwhile */
        return;
    }
    page->state = AUDIT_PAGE_HERE;
    page->seen = false;
    page->used_ns = page->read_ns = clock->boot_ns(clock);
    if (page->err != OK)
        engine_tell(page->engine, LOG_ERROR,
                    "entries %llu to %llu of the audit cannot be read from the journal: %s",
                    (unsigned long long)page->run.first, (unsigned long long)page->run.last,
                    err_text(page->err));
}

/* The one that was used longest ago, and not one that somebody waits for; NULL: none. */
static struct audit_page *page_free(struct engine *engine, int64_t now)
{
    struct audit_page *best = NULL;
    for (size_t i = 0; i < AUDIT_PAGES; i++) {
        struct audit_page *page = &engine->audit_pages[i];
        if (page->state == AUDIT_PAGE_FREE)
            return page;
        bool wanted = !page->seen && now - page->used_ns < PAGE_KEPT_NS;
        if (page->state == AUDIT_PAGE_HERE && !wanted &&
            (best == NULL || page->used_ns < best->used_ns))
            best = page;
    }
    return best;
}

static void page_ask(struct engine *engine, const struct audit_run *run)
{
    struct worker *worker = engine->config.snapshotter;
    struct audit_page *page =
        page_free(engine, engine->config.clock->boot_ns(engine->config.clock));
    if (page == NULL)
        return;
    if (page->views == NULL)
        page->views = malloc(AUDIT_RUN * sizeof page->views[0]);
    if (page->texts == NULL)
        page->texts = malloc((size_t)AUDIT_RUN * ENTRY_TEXT_MAX);
    if (page->views == NULL || page->texts == NULL)
        return; /* whoever asks, asks again */
    page->engine = engine;
    page->run = *run;
    page->from = run->position;
    page->count = page->text_size = 0;
    page->state = AUDIT_PAGE_BUSY;
    page->job = (struct job){.run = page_run, .done = page_done};
    journal_identity(engine->journal, page->identity);
    worker->submit(worker, &page->job);
}

static enum audit_found page_find(struct audit_page *page, uint64_t number,
                                  struct audit_view *ret_view)
{
    size_t low = 0, high = page->count;
    struct clock *clock = page->engine->config.clock;
    page->seen = true;
    page->used_ns = clock->boot_ns(clock);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (page->views[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == page->count || page->views[low].number != number)
        return AUDIT_LOST;
    *ret_view = page->views[low];
    return AUDIT_FOUND;
}

/* What could not be read is tried again after a while, however often it is asked for. */
static bool page_is_stale(const struct audit_page *page)
{
    struct clock *clock = page->engine->config.clock;
    return page->state == AUDIT_PAGE_HERE && page->err != OK &&
           clock->boot_ns(clock) - page->read_ns >= PAGE_KEPT_NS;
}

enum audit_found engine_audit_entry(struct engine *engine, uint64_t number,
                                    struct audit_view *ret_view)
{
    struct audit_run run;
    if (access_audit(engine->access, number, ret_view))
        return AUDIT_FOUND;
    if (!access_audit_run(engine->access, number, &run))
        return AUDIT_LOST;
    for (size_t i = 0; i < AUDIT_PAGES; i++) {
        struct audit_page *page = &engine->audit_pages[i];
        if (page->state == AUDIT_PAGE_FREE || page->run.first > number || page->run.last < number)
            continue;
        if (page_is_stale(page)) {
            page->state = AUDIT_PAGE_FREE;
            continue;
        }
        return page->state == AUDIT_PAGE_BUSY ? AUDIT_LATER : page_find(page, number, ret_view);
    }
    page_ask(engine, &run);
    return AUDIT_LATER;
}

void audit_pages_stop(struct engine *engine)
{
    struct worker *worker = engine->config.snapshotter;
    for (size_t i = 0; i < AUDIT_PAGES; i++) {
        struct audit_page *page = &engine->audit_pages[i];
        while (page->state == AUDIT_PAGE_BUSY) {
            worker->wait(worker);
            worker->poll(worker);
        }
        free(page->views);
        free(page->texts);
    }
}
