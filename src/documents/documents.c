/* Three workers and what keeps up with the library.
 *
 *      documents_put, _read ---> worker "documents" ---> files
 *      documents_search -------> worker "search" ------> SQLite
 *      documents_step: walks the library a piece a step; a document that changed since it was seen
 *         becomes a task of "search", one that went as well; what the library released becomes a
 *         list of files, judged a piece a step, of which those that nobody names are removed
 *      a PDF is put into the index without its text at once, and waits; one at a time goes to the
 *         worker "reader", the tenants in turn, and into the index again with what was read, if it
 *         is still what the library has
 *
 * Removing against putting: files are removed by the worker that writes them, in order. A list is
 * judged only while no put is under way or waits for its command's outcome, and thrown away when
 * one began meanwhile; a put that comes after the removal was submitted writes its file anew. */
#include "documents/files.h"
#include "documents/reader.h"
#include "documents/search.h"

#include <stdlib.h>
#include <string.h>

#define STEP_ROWS 256   /* of the library, looked at in a step */
#define STEP_HASHES 128 /* of files */
#define TASKS_MAX 32    /* of indexing, under way */
/* Of text that is indexed; a question waits behind it. One that is longer goes alone. */
#define TASKS_BYTES ((size_t)256 << 10)
#define STEP_SEEN 4096 /* of what was seen, looked at for a PDF that waits */
#define FAULTS_MAX 64
#define DOUBTS_MAX 1024 /* past them no file is removed until the next start */

enum task_kind {
    TASK_PUT,
    TASK_READ,
    TASK_SEARCH,
    TASK_INDEX,
    TASK_FORGET,
    TASK_LIST,
    TASK_CLEAN,
    TASK_PDF, /* becomes a TASK_INDEX with what it says */
};
struct task {
    struct documents_ask ask; /* first: an ask is its task */
    struct job job;
    struct documents *documents;
    enum task_kind kind;
    bool finished, ended, settled;
    uint32_t tenant, document;
    uint64_t made, position;
    uint8_t media;
    enum document_text found; /* of an index or a PDF */
    uint8_t *text;            /* of a PDF that was read */
    size_t text_size;
    size_t index_bytes; /* what it puts before a question that comes */
    size_t most;
    uint16_t name_size, title_size, question_size;
    uint8_t name[LIBRARY_NAME_MAX];
    uint8_t title[LIBRARY_TITLE_MAX];
    uint8_t question[DOCUMENT_QUESTION_MAX];
    struct file_list files;
};
struct seen { /* what the index has, or is about to, of the document with this number */
    uint64_t made, position;
    uint32_t tenant;
    uint8_t text;  /* enum document_text */
    uint8_t waits; /* a PDF that nobody reads yet */
};
struct turn_of_pdf { /* the search for the next one: the first tenant's behind `after` */
    uint32_t cursor, after, best, first;
    bool looking;
};
struct documents {
    struct disk *disk;
    struct worker *files, *searcher, *pdfs;
    struct reader reader;
    bool reading, told_no_reader;
    uint32_t waiting; /* PDFs */
    struct turn_of_pdf turn;
    struct search *search;
    unsigned asks, puts, tasks;
    size_t index_bytes;
    uint64_t puts_begun;
    /* keeping up with the library */
    struct seen *seen;
    uint32_t seen_count, cursor; /* cursor: the next number of a walk; 0: none is under way */
    uint64_t walked, walking;    /* the library's version of the last walk, of this one */
    bool begun;
    /* files that nobody names */
    uint64_t released; /* the library's count that was swept */
    bool sweep_wanted, listing;
    struct file_list sweep;
    size_t sweep_at, sweep_kept;
    uint64_t sweep_puts;
    uint8_t (*doubts)[DOCUMENT_HASH_SIZE]; /* of files whose command may still come, or did not */
    size_t doubt_count;
    bool doubts_lost;
    struct documents_news news;
    struct document_fault faults[FAULTS_MAX];
    unsigned fault_first, fault_count;
};

/* ---- tasks -------------------------------------------------------------------------------------
 */
static bool media_is_text(unsigned media)
{
    return media == DOCUMENT_MARKDOWN || media == DOCUMENT_TEXT;
}

/* The text of Markdown and of plain text; of another medium its file is only looked at. */
static enum err index_text(struct task *task, uint8_t **ret_bytes, struct bytes *ret_text)
{
    struct disk *disk = task->documents->disk;
    if (!media_is_text(task->media)) {
        task->found = task->media == DOCUMENT_PDF ? DOCUMENT_TEXT_WAITING : DOCUMENT_TEXT_PICTURE;
        return document_file_look(disk, task->ask.hash, task->ask.size);
    }
    enum err err = document_file_read(disk, task->ask.hash, task->ask.size, ret_bytes);
    if (err != OK)
        return err;
    *ret_text = document_file_text(*ret_bytes, task->ask.size, task->media);
    task->found = task->ask.size > DOCUMENT_TEXT_MOST ? DOCUMENT_TEXT_PART : DOCUMENT_TEXT_SEARCHED;
    if (ret_text->size == 0)
        task->found = DOCUMENT_TEXT_DAMAGED;
    return OK;
}

static enum err task_index(struct task *task)
{
    struct documents *documents = task->documents;
    struct search_entry entry = {.tenant = task->tenant,
                                 .document = task->document,
                                 .made = task->made,
                                 .name = bytes_of(task->name, task->name_size),
                                 .title = bytes_of(task->title, task->title_size),
                                 .text = bytes_of(task->text, task->text_size)};
    uint8_t *bytes = NULL;
    enum err read = task->text == NULL ? index_text(task, &bytes, &entry.text) : OK;
    enum err err = search_put(documents->search, &entry);
    free(bytes);
    if (read != OK)
        task->found = DOCUMENT_TEXT_DAMAGED;
    return read != OK ? read : err;
}

static enum err task_pdf(struct task *task)
{
    struct documents *documents = task->documents;
    uint8_t *bytes;
    enum err err = document_file_read(documents->disk, task->ask.hash, task->ask.size, &bytes);
    task->found = DOCUMENT_TEXT_DAMAGED;
    if (err != OK)
        return err;
    task->found = reader_read(&documents->reader, bytes_of(bytes, task->ask.size), &task->text,
                              &task->text_size);
    free(bytes);
    return OK;
}

static enum err task_clean(struct task *task)
{
    enum err err = OK;
    for (size_t i = 0; i < task->files.count; i++) {
        enum err removed = document_file_remove(task->documents->disk, task->files.hashes[i]);
        err = removed != OK && removed != ERR_MISSING ? removed : err;
    }
    return err;
}

static enum err task_run(struct task *task)
{
    struct documents *documents = task->documents;
    struct documents_ask *ask = &task->ask;
    switch (task->kind) {
    case TASK_PUT:
        return document_file_put(documents->disk, bytes_of(ask->bytes, ask->size), ask->hash);
    case TASK_READ:
        return document_file_read(documents->disk, ask->hash, ask->size, &ask->bytes);
    case TASK_SEARCH:
        return search_ask(documents->search, task->tenant,
                          bytes_of(task->question, task->question_size), ask->hits, task->most,
                          &ask->hit_count);
    case TASK_INDEX:
        return task_index(task);
    case TASK_FORGET:
        return search_remove(documents->search, task->tenant, task->document);
    case TASK_LIST:
        return document_files_list(documents->disk, &task->files);
    case TASK_PDF:
        return task_pdf(task);
    default:
        return task_clean(task);
    }
}

static struct task *task_of(struct job *job)
{
    return (struct task *)((uint8_t *)job - offsetof(struct task, job));
}

static void job_run(struct job *job)
{
    struct task *task = task_of(job);
    task->ask.err = task_run(task);
    if (task->kind == TASK_PUT) { /* what was written need not be held until the command is */
        free(task->ask.bytes);
        task->ask.bytes = NULL;
    }
}

static bool is_asked(const struct task *task)
{
    return task->kind <= TASK_SEARCH;
}

static void doubt(struct documents *documents, const uint8_t *hash)
{
    if (documents->doubts == NULL)
        documents->doubts = malloc(DOUBTS_MAX * sizeof documents->doubts[0]);
    documents->doubts_lost = documents->doubts == NULL || documents->doubt_count == DOUBTS_MAX;
    if (!documents->doubts_lost)
        memcpy(documents->doubts[documents->doubt_count++], hash, DOCUMENT_HASH_SIZE);
}

static bool is_doubted(const struct documents *documents, const uint8_t *hash)
{
    for (size_t i = 0; i < documents->doubt_count; i++) {
        if (memcmp(documents->doubts[i], hash, DOCUMENT_HASH_SIZE) == 0)
            return true;
    }
    return false;
}

static void task_free(struct task *task)
{
    struct documents *documents = task->documents;
    if (task->kind == TASK_PUT && !task->settled && task->ask.err == OK)
        doubt(documents, task->ask.hash);
    if (task->kind == TASK_PUT)
        documents->puts--;
    else if (is_asked(task))
        documents->asks--;
    else
        documents->tasks--;
    documents->index_bytes -= task->index_bytes;
    free(task->ask.bytes);
    free(task->ask.hits);
    free(task->files.hashes);
    free(task->text);
    free(task);
}

static void fault_add(struct documents *documents, const struct task *task)
{
    bool of_reader =
        task->found == DOCUMENT_TEXT_NO_READER || task->found == DOCUMENT_TEXT_UNCONFINED;
    if (task->ask.err != OK)
        documents->news.faults++;
    if (documents->fault_count == FAULTS_MAX || (of_reader && documents->told_no_reader))
        return;
    documents->told_no_reader |= of_reader;
    unsigned at = (documents->fault_first + documents->fault_count++) % FAULTS_MAX;
    documents->faults[at] = (struct document_fault){.tenant = task->tenant,
                                                    .document = task->document,
                                                    .err = task->ask.err,
                                                    .text = task->found};
    document_file_name(task->ask.hash, documents->faults[at].file);
}

/* The list becomes what documents_step judges. */
static void listed(struct documents *documents, struct task *task)
{
    documents->listing = false;
    if (task->ask.err != OK)
        return; /* with what is released next, or the next start */
    documents->sweep = task->files;
    task->files = (struct file_list){0};
    documents->sweep_at = documents->sweep_kept = 0;
}

static void index_submit(struct task *task, size_t bytes);

/* Is it still what it was when the task was made? */
static struct seen *task_seen(const struct task *task)
{
    struct documents *documents = task->documents;
    struct seen *seen = &documents->seen[task->document];
    return seen->made == task->made && seen->position == task->position ? seen : NULL;
}

static bool text_is_fault(enum document_text text)
{
    return text >= DOCUMENT_TEXT_EMPTY;
}

static void indexed(struct documents *documents, struct task *task)
{
    struct seen *seen = task_seen(task);
    documents->news.indexed++;
    if (task->ask.err != OK)
        fault_add(documents, task);
    if (seen == NULL)
        return;
    seen->text = (uint8_t)task->found;
    if (task->found == DOCUMENT_TEXT_WAITING && task->ask.err == OK) {
        seen->waits = 1;
        documents->waiting++;
    }
}

/* True: it goes on as what is put into the index. */
static bool pdf_read(struct documents *documents, struct task *task)
{
    struct seen *seen = task_seen(task);
    documents->reading = false;
    documents->news.read++;
    if (seen == NULL)
        return false; /* it changed meanwhile: what it is now went its own way */
    if (task->ask.err != OK || text_is_fault(task->found))
        fault_add(documents, task);
    seen->text = (uint8_t)task->found;
    if (task->text == NULL)
        return false;
    seen->text = DOCUMENT_TEXT_WAITING;
    task->kind = TASK_INDEX;
    index_submit(task, task->text_size);
    return true;
}

static void job_done(struct job *job)
{
    struct task *task = task_of(job);
    struct documents *documents = task->documents;
    if (task->kind == TASK_PDF && pdf_read(documents, task))
        return;
    task->finished = true;
    if (task->kind == TASK_INDEX)
        indexed(documents, task);
    else if (task->kind == TASK_LIST)
        listed(documents, task);
    else if (task->kind == TASK_CLEAN)
        documents->news.removed += task->files.count;
    if (!is_asked(task) || task->ended)
        task_free(task);
    else
        task->ask.done(&task->ask);
}

static struct task *task_new(struct documents *documents, enum task_kind kind)
{
    struct task *task = calloc(1, sizeof *task);
    if (task == NULL)
        return NULL;
    task->documents = documents;
    task->kind = kind;
    task->job = (struct job){.run = job_run, .done = job_done};
    if (kind == TASK_PUT)
        documents->puts++;
    else if (is_asked(task))
        documents->asks++;
    else
        documents->tasks++;
    return task;
}

static void task_submit(struct task *task)
{
    bool search =
        task->kind == TASK_SEARCH || task->kind == TASK_INDEX || task->kind == TASK_FORGET;
    struct worker *worker = search                   ? task->documents->searcher
                            : task->kind == TASK_PDF ? task->documents->pdfs
                                                     : task->documents->files;
    worker->submit(worker, &task->job);
}

static void index_submit(struct task *task, size_t bytes)
{
    task->index_bytes = bytes;
    task->documents->index_bytes += bytes;
    task_submit(task);
}

/* ---- life --------------------------------------------------------------------------------------
 */
enum err documents_create(const struct documents_config *config, struct documents **ret_documents)
{
    struct disk *disk = config->disk;
    struct documents *documents = calloc(1, sizeof *documents);
    if (documents == NULL)
        return ERR_NO_MEMORY;
    documents->disk = disk;
    documents->news.behind = true;
    documents->sweep_wanted = true;
    enum err err = reader_init(&documents->reader, config);
    if (err == OK)
        err = disk->make_folder(disk, DOCUMENTS_FOLDER);
    if (err == OK)
        err = disk->sync_folder(disk, ".");
    if (err == OK)
        err = search_create(&documents->search);
    if (err == OK)
        err = worker_thread_create("documents", &documents->files);
    if (err == OK)
        err = worker_thread_create("search", &documents->searcher);
    if (err == OK)
        err = worker_thread_create("reader", &documents->pdfs);
    if (err != OK) {
        documents_destroy(documents);
        return err;
    }
    *ret_documents = documents;
    return OK;
}

static void worker_end(struct worker *worker)
{
    if (worker == NULL)
        return;
    worker->wait(worker);
    (void)worker->poll(worker);
    worker->destroy(worker);
}

void documents_destroy(struct documents *documents)
{
    if (documents == NULL)
        return;
    reader_stop(&documents->reader);
    worker_end(documents->pdfs); /* what it read goes to the searcher */
    worker_end(documents->files);
    worker_end(documents->searcher);
    reader_done(&documents->reader);
    search_destroy(documents->search);
    free(documents->sweep.hashes);
    free(documents->doubts);
    free(documents->seen);
    free(documents);
}

int documents_fd(const struct documents *documents, unsigned index)
{
    struct worker *const workers[DOCUMENTS_FDS] = {documents->files, documents->searcher,
                                                   documents->pdfs};
    return workers[index]->fd(workers[index]);
}

size_t documents_poll(struct documents *documents)
{
    return documents->files->poll(documents->files) +
           documents->searcher->poll(documents->searcher) + documents->pdfs->poll(documents->pdfs);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
struct documents_ask *documents_put(struct documents *documents, uint8_t *bytes, size_t size,
                                    void (*done)(struct documents_ask *), void *arg)
{
    struct task *task = documents->puts < DOCUMENTS_PUTS_MAX ? task_new(documents, TASK_PUT) : NULL;
    if (task == NULL) {
        free(bytes);
        return NULL;
    }
    documents->puts_begun++;
    task->ask.done = done;
    task->ask.arg = arg;
    task->ask.bytes = bytes;
    task->ask.size = size;
    task_submit(task);
    return &task->ask;
}

struct documents_ask *documents_read(struct documents *documents, const uint8_t *hash,
                                     uint64_t size, void (*done)(struct documents_ask *), void *arg)
{
    struct task *task =
        documents->asks < DOCUMENTS_ASKS_MAX ? task_new(documents, TASK_READ) : NULL;
    if (task == NULL)
        return NULL;
    task->ask.done = done;
    task->ask.arg = arg;
    task->ask.size = (size_t)size;
    memcpy(task->ask.hash, hash, DOCUMENT_HASH_SIZE);
    task_submit(task);
    return &task->ask;
}

struct documents_ask *documents_search(struct documents *documents, uint32_t tenant,
                                       struct bytes question, size_t most,
                                       void (*done)(struct documents_ask *), void *arg)
{
    check(question.size <= DOCUMENT_QUESTION_MAX && most > 0 && most <= DOCUMENT_HITS_MAX);
    struct task *task =
        documents->asks < DOCUMENTS_ASKS_MAX ? task_new(documents, TASK_SEARCH) : NULL;
    if (task == NULL)
        return NULL;
    task->ask.hits = calloc(most, sizeof task->ask.hits[0]);
    if (task->ask.hits == NULL) {
        task_free(task);
        return NULL;
    }
    task->ask.done = done;
    task->ask.arg = arg;
    task->tenant = tenant;
    task->most = most;
    task->question_size = (uint16_t)question.size;
    if (question.size > 0)
        memcpy(task->question, question.at, question.size);
    task_submit(task);
    return &task->ask;
}

void documents_put_settled(struct documents_ask *ask)
{
    struct task *task = (struct task *)ask;
    check(task->kind == TASK_PUT);
    task->settled = true;
}

void documents_ask_end(struct documents_ask *ask)
{
    struct task *task = (struct task *)ask;
    if (task == NULL)
        return;
    task->ended = true;
    if (task->finished)
        task_free(task);
}

/* ---- the index keeps up ------------------------------------------------------------------------
 */
static bool seen_grow(struct documents *documents, uint32_t count)
{
    if (count <= documents->seen_count)
        return true;
    uint32_t wanted = documents->seen_count == 0 ? 1024 : documents->seen_count * 2;
    if (wanted < count)
        wanted = count;
    struct seen *wider = realloc(documents->seen, wanted * sizeof wider[0]);
    if (wider == NULL)
        return false;
    memset(wider + documents->seen_count, 0, (wanted - documents->seen_count) * sizeof wider[0]);
    documents->seen = wider;
    documents->seen_count = wanted;
    return true;
}

static struct task *task_of_document(struct documents *documents, enum task_kind kind,
                                     const struct document_view *view)
{
    struct task *task = task_new(documents, kind);
    if (task == NULL)
        return NULL;
    task->tenant = view->tenant;
    task->document = view->document;
    task->made = view->made;
    task->position = view->position;
    task->media = view->newest.media;
    task->ask.size = (size_t)view->newest.size;
    memcpy(task->ask.hash, view->newest.hash, DOCUMENT_HASH_SIZE);
    task->name_size = (uint16_t)view->name.size;
    memcpy(task->name, view->name.at, view->name.size);
    task->title_size = (uint16_t)view->title.size;
    if (view->title.size > 0)
        memcpy(task->title, view->title.at, view->title.size);
    return task;
}

/* It is something else from now on. */
static void seen_set(struct documents *documents, uint32_t document, struct seen seen)
{
    documents->waiting -= documents->seen[document].waits;
    documents->seen[document] = seen;
}

/* Bytes of its text that will be indexed; of a PDF none yet. */
static size_t index_size(const struct task *task)
{
    if (!media_is_text(task->media))
        return 0;
    return task->ask.size < DOCUMENT_TEXT_MOST ? task->ask.size : DOCUMENT_TEXT_MOST;
}

static bool index_document(struct documents *documents, const struct document_view *view)
{
    struct task *task = task_of_document(documents, TASK_INDEX, view);
    if (task == NULL)
        return false;
    seen_set(documents, view->document,
             (struct seen){.made = view->made, .position = view->position, .tenant = view->tenant});
    index_submit(task, index_size(task));
    return true;
}

static bool forget_document(struct documents *documents, uint32_t document)
{
    struct task *task = task_new(documents, TASK_FORGET);
    if (task == NULL)
        return false;
    task->tenant = documents->seen[document].tenant;
    task->document = document;
    seen_set(documents, document, (struct seen){0});
    task_submit(task);
    return true;
}

/* What became of this number since it was seen? False: not now, there is no memory for it. */
static bool document_follow(struct documents *documents, const struct library *library,
                            uint32_t document)
{
    struct document_view view;
    const struct seen *seen = &documents->seen[document];
    bool there = library_document(library, document, &view);
    if (seen->made != 0 && (!there || seen->tenant != view.tenant) &&
        !forget_document(documents, document))
        return false;
    return !there || documents->seen[document].position == view.position ||
           index_document(documents, &view);
}

static bool step_index(struct documents *documents, const struct library *library)
{
    uint64_t version = library_version(library);
    if (documents->cursor == 0) {
        if (documents->begun && documents->walked == version) {
            documents->news.behind = documents->tasks > 0 || documents->waiting > 0;
            return false;
        }
        documents->begun = true;
        documents->walking = version;
        documents->cursor = 1;
        documents->news.behind = true;
    }
    uint32_t highest = library_documents(library);
    if (!seen_grow(documents, highest + 1))
        return false;
    for (int i = 0; i < STEP_ROWS && documents->cursor < documents->seen_count; i++) {
        if (documents->tasks >= TASKS_MAX || documents->index_bytes >= TASKS_BYTES ||
            !document_follow(documents, library, documents->cursor))
            return false; /* documents_poll makes room */
        documents->cursor++;
    }
    if (documents->cursor < documents->seen_count)
        return true;
    documents->walked = documents->walking;
    documents->cursor = 0;
    return true;
}

/* ---- PDFs in turn ------------------------------------------------------------------------------
 */
/* The waiting PDF whose tenant comes next, a piece a step; DOCUMENT_NONE: not found yet. */
static uint32_t turn_look(struct documents *documents)
{
    struct turn_of_pdf *turn = &documents->turn;
    const struct seen *seen = documents->seen;
    if (!turn->looking)
        *turn = (struct turn_of_pdf){.cursor = 1, .after = turn->after, .looking = true};
    for (int i = 0; i < STEP_SEEN && turn->cursor < documents->seen_count; i++, turn->cursor++) {
        uint32_t at = turn->cursor;
        if (!seen[at].waits)
            continue;
        if (turn->first == 0 || seen[at].tenant < seen[turn->first].tenant)
            turn->first = at;
        if (seen[at].tenant > turn->after &&
            (turn->best == 0 || seen[at].tenant < seen[turn->best].tenant))
            turn->best = at;
    }
    if (turn->cursor < documents->seen_count)
        return DOCUMENT_NONE;
    turn->looking = false;
    return turn->best != 0 ? turn->best : turn->first;
}

static bool step_pdf(struct documents *documents, const struct library *library)
{
    struct document_view view;
    if (documents->reading || documents->waiting == 0)
        return false;
    uint32_t document = turn_look(documents);
    if (document == DOCUMENT_NONE)
        return documents->turn.looking;
    struct seen *seen = &documents->seen[document];
    if (!seen->waits)
        return true; /* it changed while others were looked at */
    if (!library_document(library, document, &view) || view.made != seen->made ||
        view.position != seen->position)
        return false; /* the walk comes to it, and says what it is now */
    struct task *task = task_of_document(documents, TASK_PDF, &view);
    if (task == NULL)
        return false;
    documents->turn.after = seen->tenant;
    seen->waits = 0;
    documents->waiting--;
    documents->reading = true;
    task_submit(task);
    return false;
}

/* ---- files that nobody names -------------------------------------------------------------------
 */
static void sweep_drop(struct documents *documents)
{
    free(documents->sweep.hashes);
    documents->sweep = (struct file_list){0};
}

static bool sweep_begin(struct documents *documents)
{
    struct task *task = documents->puts > 0 ? NULL : task_new(documents, TASK_LIST);
    if (task == NULL)
        return false;
    documents->sweep_wanted = false;
    documents->listing = true;
    documents->sweep_puts = documents->puts_begun;
    task_submit(task);
    return false;
}

static bool sweep_end(struct documents *documents)
{
    struct task *task = documents->sweep_kept > 0 ? task_new(documents, TASK_CLEAN) : NULL;
    if (task != NULL) {
        task->files = documents->sweep;
        task->files.count = documents->sweep_kept;
        documents->sweep = (struct file_list){0};
        task_submit(task);
    }
    sweep_drop(documents);
    return false;
}

static bool step_sweep(struct documents *documents, const struct library *library)
{
    if (library_released(library) != documents->released) {
        documents->released = library_released(library);
        documents->sweep_wanted = true;
    }
    if (documents->listing || documents->doubts_lost)
        return false;
    if (documents->sweep.hashes == NULL)
        return documents->sweep_wanted ? sweep_begin(documents) : false;
    if (documents->puts_begun != documents->sweep_puts) {
        documents->sweep_wanted = true; /* what was put meanwhile is in no command yet */
        sweep_drop(documents);
        return false;
    }
    struct file_list *list = &documents->sweep;
    for (int i = 0; i < STEP_HASHES && documents->sweep_at < list->count; i++) {
        const uint8_t *hash = list->hashes[documents->sweep_at++];
        if (!library_holds(library, hash) && !is_doubted(documents, hash))
            memmove(list->hashes[documents->sweep_kept++], hash, DOCUMENT_HASH_SIZE);
    }
    return documents->sweep_at < list->count || sweep_end(documents);
}

bool documents_step(struct documents *documents, const struct library *library)
{
    bool index = step_index(documents, library);
    bool pdf = step_pdf(documents, library);
    return step_sweep(documents, library) || index || pdf;
}

/* ---- news --------------------------------------------------------------------------------------
 */
void documents_news(const struct documents *documents, struct documents_news *ret_news)
{
    *ret_news = documents->news;
}

const char *document_text_word(enum document_text text)
{
    static const char *const words[DOCUMENT_TEXT_COUNT] = {
        [DOCUMENT_TEXT_WAITING] = "waiting",     [DOCUMENT_TEXT_SEARCHED] = "searched",
        [DOCUMENT_TEXT_PART] = "part",           [DOCUMENT_TEXT_PICTURE] = "picture",
        [DOCUMENT_TEXT_EMPTY] = "no_text",       [DOCUMENT_TEXT_PROTECTED] = "protected",
        [DOCUMENT_TEXT_DAMAGED] = "damaged",     [DOCUMENT_TEXT_LIMITS] = "limits",
        [DOCUMENT_TEXT_NO_READER] = "no_reader", [DOCUMENT_TEXT_UNCONFINED] = "unconfined",
    };
    return words[text];
}

enum document_text documents_text(const struct documents *documents, uint32_t document,
                                  uint64_t made)
{
    if (document >= documents->seen_count || documents->seen[document].made != made)
        return DOCUMENT_TEXT_WAITING;
    return (enum document_text)documents->seen[document].text;
}

bool documents_fault_next(struct documents *documents, struct document_fault *ret_fault)
{
    if (documents->fault_count == 0)
        return false;
    *ret_fault = documents->faults[documents->fault_first];
    documents->fault_first = (documents->fault_first + 1) % FAULTS_MAX;
    documents->fault_count--;
    return true;
}
