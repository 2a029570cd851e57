/* Files, the index that follows the library, and what goes, on a real folder with real threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "documents/documents.h"
#include "documents/test_pdf.h"

struct house {
    char folder[64];
    struct disk *disk;
    const char *reader; /* of PDFs */
    struct documents *documents;
    struct state *state;
    struct points *points;
    struct library *model;
    struct record_stamp stamp;
    struct outcome outcome;
    unsigned told;
};

static void house_begin(struct house *h) /* the process */
{
    const struct documents_config config = {.disk = h->disk, .reader = h->reader};
    assert_int_equal(documents_create(&config, &h->documents), OK);
}

static void house_open(struct house *h)
{
    memset(h, 0, sizeof *h);
    h->reader = "/usr/bin/pdftotext";
    snprintf(h->folder, sizeof h->folder, "/tmp/documents_test_XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    assert_int_equal(disk_real_open(h->folder, false, &h->disk), OK);
    assert_int_equal(state_create(&h->state), OK);
    assert_int_equal(points_create(h->state, &points_limits_default, &h->points), OK);
    assert_int_equal(library_create(h->state, &library_limits_default, &h->model), OK);
    h->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = NS_PER_S};
    house_begin(h);
}

static void house_close(struct house *h)
{
    char command[128];
    documents_destroy(h->documents);
    library_destroy(h->model);
    points_destroy(h->points);
    state_destroy(h->state);
    disk_real_close(h->disk);
    snprintf(command, sizeof command, "rm -rf %s", h->folder);
    assert_int_equal(system(command), 0);
}

#define PATIENCE_MS 60000
/* A round of the loop: waits for either worker, never longer than it takes. */
static void house_round(struct house *h)
{
    struct pollfd fds[DOCUMENTS_FDS];
    if (documents_step(h->documents, h->model))
        return;
    for (unsigned i = 0; i < DOCUMENTS_FDS; i++)
        fds[i] = (struct pollfd){.fd = documents_fd(h->documents, i), .events = POLLIN};
    assert_true(poll(fds, DOCUMENTS_FDS, PATIENCE_MS) > 0);
    (void)documents_poll(h->documents);
}

/* Until the index has all and nothing is under way. */
static void house_settle(struct house *h)
{
    struct documents_news news;
    for (;;) {
        bool more = documents_step(h->documents, h->model);
        documents_news(h->documents, &news);
        if (!more && !news.behind)
            return;
        if (!more)
            house_round(h);
    }
}

static void told(struct documents_ask *ask)
{
    struct house *h = ask->arg;
    h->told++;
}

static void wait_told(struct house *h)
{
    unsigned before = h->told;
    while (h->told == before)
        house_round(h);
}

static struct documents_ask *put_begin(struct house *h, const char *text)
{
    uint8_t *bytes = malloc(strlen(text));
    assert_non_null(bytes);
    memcpy(bytes, text, strlen(text));
    return documents_put(h->documents, bytes, strlen(text), told, h);
}

static void command_run(struct house *h, struct command *command)
{
    struct fact fact = {.kind = FACT_MODULE, .command = *command};
    h->stamp.position++;
    assert_int_equal(library_apply_fact(h->model, h->points, &fact, &h->stamp, &h->outcome), OK);
    assert_int_equal(h->outcome.code, OUTCOME_DONE);
}

static uint32_t name_it(struct house *h, uint32_t tenant, const char *name, unsigned media,
                        const uint8_t *hash, size_t size)
{
    uint8_t bytes[1024];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct command command = {.kind = COMMAND_DOCUMENT_SET, .tenant = tenant};
    form_put_text(&form, DOCUMENT_TAG_NAME, bytes_text(name));
    form_put_integer(&form, DOCUMENT_TAG_MEDIA, media);
    form_put_text(&form, DOCUMENT_TAG_HASH, bytes_of(hash, DOCUMENT_HASH_SIZE));
    form_put_integer(&form, DOCUMENT_TAG_SIZE, (int64_t)size);
    assert_true(form_end(&form, &command.module.form));
    command_run(h, &command);
    return h->outcome.number;
}

static void forget(struct house *h, uint32_t document)
{
    struct command command = {
        .kind = COMMAND_DOCUMENT_REMOVE, .tenant = TENANT_DEFAULT, .module = {.number = document}};
    command_run(h, &command);
}

static void put_document(struct house *h, const char *name, unsigned media, const char *text,
                         uint8_t *ret_hash)
{
    struct documents_ask *ask = put_begin(h, text);
    assert_non_null(ask);
    wait_told(h);
    assert_int_equal(ask->err, OK);
    name_it(h, TENANT_DEFAULT, name, media, ask->hash, strlen(text));
    memcpy(ret_hash, ask->hash, DOCUMENT_HASH_SIZE);
    documents_put_settled(ask);
    documents_ask_end(ask);
}

static size_t search_tenant(struct house *h, uint32_t tenant, const char *question,
                            uint32_t *ret_first)
{
    struct documents_ask *ask =
        documents_search(h->documents, tenant, bytes_text(question), 10, told, h);
    assert_non_null(ask);
    wait_told(h);
    assert_int_equal(ask->err, OK);
    size_t count = ask->hit_count;
    *ret_first = count > 0 ? ask->hits[0].document : 0;
    documents_ask_end(ask);
    return count;
}

static size_t search_count(struct house *h, const char *question, uint32_t *ret_first)
{
    return search_tenant(h, TENANT_DEFAULT, question, ret_first);
}

static enum err read_it(struct house *h, const uint8_t *hash, uint64_t size, const char *expected)
{
    struct documents_ask *ask = documents_read(h->documents, hash, size, told, h);
    assert_non_null(ask);
    wait_told(h);
    enum err err = ask->err;
    if (err == OK)
        assert_memory_equal(ask->bytes, expected, size);
    documents_ask_end(ask);
    return err;
}

static void file_path(const struct house *h, const uint8_t *hash, char path[256])
{
    char file[DOCUMENT_FILE_SIZE];
    document_file_name(hash, file);
    snprintf(path, 256, "%s/%s", h->folder, file);
}

static bool file_is_there(const struct house *h, const uint8_t *hash)
{
    char path[256];
    file_path(h, hash, path);
    return access(path, F_OK) == 0;
}

/* ---- files -------------------------------------------------------------------------------------
 */
static void test_what_was_put_is_read(void **arg)
{
    (void)arg;
    static const char text[] = "the fire pump";
    /* printf 'the fire pump' | sha256sum */
    static const uint8_t begins[4] = {0x00, 0x27, 0x14, 0xd6};
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    house_open(&h);
    put_document(&h, "a", DOCUMENT_TEXT, text, hash);
    assert_memory_equal(hash, begins, sizeof begins);
    assert_true(file_is_there(&h, hash));
    assert_int_equal(read_it(&h, hash, strlen(text), text), OK);
    assert_int_equal(read_it(&h, hash, strlen(text) - 1, text), ERR_CORRUPT);
    hash[5] ^= 1;
    assert_int_equal(read_it(&h, hash, strlen(text), text), ERR_MISSING);
    house_close(&h);
}

static void test_damage_is_seen_and_healed(void **arg)
{
    (void)arg;
    static const char text[] = "pressure of the boiler";
    struct house h;
    struct document_fault fault;
    uint8_t hash[DOCUMENT_HASH_SIZE], gone[DOCUMENT_HASH_SIZE];
    uint32_t first;
    char path[256];
    house_open(&h);
    put_document(&h, "boiler", DOCUMENT_TEXT, text, hash);
    put_document(&h, "lost picture", DOCUMENT_PNG, "a picture", gone);
    house_settle(&h);
    assert_false(documents_fault_next(h.documents, &fault));
    documents_destroy(h.documents);
    file_path(&h, gone, path);
    assert_int_equal(unlink(path), 0);
    file_path(&h, hash, path);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fputc('P', file), 'P');
    assert_int_equal(fclose(file), 0);
    house_begin(&h);
    house_settle(&h);
    assert_true(documents_fault_next(h.documents, &fault));
    assert_int_equal(fault.err, ERR_CORRUPT);
    assert_int_equal(fault.document, 1);
    assert_true(documents_fault_next(h.documents, &fault));
    assert_int_equal(fault.err, ERR_MISSING);
    assert_int_equal(fault.document, 2);
    assert_false(documents_fault_next(h.documents, &fault));
    assert_int_equal(search_count(&h, "pressure", &first), 0);
    assert_int_equal(search_count(&h, "boiler", &first), 1); /* its name is found all the same */
    assert_int_equal(search_count(&h, "lost", &first), 1);
    assert_int_equal(read_it(&h, hash, strlen(text), text), ERR_CORRUPT);
    put_document(&h, "boiler", DOCUMENT_TEXT, text, hash);
    assert_int_equal(read_it(&h, hash, strlen(text), text), OK);
    house_settle(&h);
    assert_int_equal(search_count(&h, "pressure", &first), 1);
    house_close(&h);
}

/* ---- files that nobody names -------------------------------------------------------------------
 */
static void test_orphans_go_at_a_start(void **arg)
{
    (void)arg;
    struct house h;
    struct documents_news news;
    uint8_t kept[DOCUMENT_HASH_SIZE], lost[DOCUMENT_HASH_SIZE];
    char path[256];
    house_open(&h);
    put_document(&h, "kept", DOCUMENT_TEXT, "kept", kept);
    struct documents_ask *ask = put_begin(&h, "its command was never written");
    wait_told(&h);
    memcpy(lost, ask->hash, sizeof lost);
    house_settle(&h);
    assert_true(file_is_there(&h, lost)); /* not as long as its outcome is not known */
    documents_ask_end(ask);
    documents_destroy(h.documents);
    snprintf(path, sizeof path, "%s/%s/%064d.new", h.folder, DOCUMENTS_FOLDER, 7);
    FILE *half = fopen(path, "w");
    assert_non_null(half);
    assert_int_equal(fclose(half), 0);
    house_begin(&h);
    for (;;) {
        documents_news(h.documents, &news);
        if (news.removed > 0)
            break;
        house_round(&h);
    }
    assert_int_equal(news.removed, 1);
    assert_true(file_is_there(&h, kept));
    assert_false(file_is_there(&h, lost));
    assert_int_equal(access(path, F_OK), -1); /* what was half written, too */
    house_close(&h);
}

static void test_what_was_released_goes(void **arg)
{
    (void)arg;
    struct house h;
    struct documents_news news;
    uint8_t one[DOCUMENT_HASH_SIZE], two[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    put_document(&h, "one", DOCUMENT_TEXT, "about turbines", one);
    put_document(&h, "two", DOCUMENT_TEXT, "about boilers", two);
    name_it(&h, 2, "theirs", DOCUMENT_TEXT, two, strlen("about boilers")); /* another tenant's */
    house_settle(&h);
    forget(&h, 1);
    forget(&h, 2);
    for (;;) {
        documents_news(h.documents, &news);
        if (news.removed > 0)
            break;
        house_round(&h);
    }
    assert_int_equal(news.removed, 1);
    assert_false(file_is_there(&h, one));
    assert_true(file_is_there(&h, two));
    assert_int_equal(search_count(&h, "about", &first), 0);
    house_close(&h);
}

/* A put that is told, but whose command is not there yet, keeps every file. */
static void test_nothing_goes_while_a_put_is_open(void **arg)
{
    (void)arg;
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    put_document(&h, "a", DOCUMENT_TEXT, "the same", hash);
    house_settle(&h);
    struct documents_ask *again = put_begin(&h, "the same");
    wait_told(&h);
    forget(&h, 1);
    house_settle(&h);
    for (int i = 0; i < 20; i++) /* each goes through both workers */
        (void)search_count(&h, "x", &first);
    assert_true(file_is_there(&h, hash));
    name_it(&h, TENANT_DEFAULT, "b", DOCUMENT_TEXT, again->hash, strlen("the same"));
    documents_ask_end(again);
    house_settle(&h);
    assert_int_equal(read_it(&h, hash, strlen("the same"), "the same"), OK);
    house_close(&h);
}

/* Its entries and its files go, others' stay. */
static void test_a_deleted_tenant_leaves_nothing(void **arg)
{
    (void)arg;
    struct house h;
    uint8_t theirs[DOCUMENT_HASH_SIZE], ours[DOCUMENT_HASH_SIZE], later[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    struct documents_ask *ask = put_begin(&h, "about quinces");
    wait_told(&h);
    memcpy(theirs, ask->hash, sizeof theirs);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "d%d", i);
        name_it(&h, 2, name, DOCUMENT_TEXT, theirs, strlen("about quinces"));
    }
    documents_put_settled(ask);
    documents_ask_end(ask);
    put_document(&h, "ours", DOCUMENT_TEXT, "about walnuts", ours);
    house_settle(&h);
    assert_int_equal(search_tenant(&h, 2, "quinces", &first), 10);
    assert_int_equal(library_tenant_deleted(h.model, 2), OK);
    while (file_is_there(&h, theirs)) {
        put_document(&h, "later", DOCUMENT_TEXT, "each record moves it on", later);
        house_settle(&h);
    }
    assert_int_equal(search_tenant(&h, 2, "quinces", &first), 0);
    assert_int_equal(search_tenant(&h, 2, "d3", &first), 0);
    assert_int_equal(search_count(&h, "walnuts", &first), 1);
    assert_true(file_is_there(&h, ours));
    house_close(&h);
}

/* Who put it left, and its command is still on its way: only the next start may judge. */
static void test_what_is_in_doubt_stays(void **arg)
{
    (void)arg;
    struct house h;
    struct documents_news news;
    uint8_t one[DOCUMENT_HASH_SIZE], doubted[DOCUMENT_HASH_SIZE];
    house_open(&h);
    put_document(&h, "one", DOCUMENT_TEXT, "one", one);
    struct documents_ask *ask = put_begin(&h, "in doubt");
    wait_told(&h);
    memcpy(doubted, ask->hash, sizeof doubted);
    documents_ask_end(ask);
    house_settle(&h);
    forget(&h, 1);
    for (;;) {
        documents_news(h.documents, &news);
        if (news.removed > 0)
            break;
        house_round(&h);
    }
    assert_int_equal(news.removed, 1);
    assert_false(file_is_there(&h, one));
    assert_true(file_is_there(&h, doubted));
    name_it(&h, TENANT_DEFAULT, "late", DOCUMENT_TEXT, doubted, strlen("in doubt"));
    house_settle(&h);
    assert_int_equal(read_it(&h, doubted, strlen("in doubt"), "in doubt"), OK);
    house_close(&h);
}

/* ---- the index ---------------------------------------------------------------------------------
 */
static void test_the_index_follows(void **arg)
{
    (void)arg;
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    put_document(&h, "pumps", DOCUMENT_MARKDOWN,
                 "# \xe6\xb0\xb4\xe6\xb3\xb5\n<b class=x>turbine</b>", hash);
    put_document(&h, "manual pdf", DOCUMENT_PDF, "%PDF turbine", hash);
    house_settle(&h);
    assert_int_equal(search_count(&h, "\xe6\xb0\xb4\xe6\xb3\xb5", &first), 1);
    assert_int_equal(first, 1);
    assert_int_equal(search_count(&h, "turbine", &first), 1); /* what is no PDF has no text */
    assert_int_equal(search_count(&h, "class", &first), 0);   /* no tags */
    assert_int_equal(search_count(&h, "manual", &first), 1);
    put_document(&h, "pumps", DOCUMENT_TEXT, "of valves alone", hash); /* a new version */
    house_settle(&h);
    assert_int_equal(search_count(&h, "turbine", &first), 0);
    assert_int_equal(search_count(&h, "valves", &first), 1);
    documents_destroy(h.documents);
    house_begin(&h); /* made anew from library and files */
    house_settle(&h);
    assert_int_equal(search_count(&h, "valves", &first), 1);
    forget(&h, 1);
    house_settle(&h);
    assert_int_equal(search_count(&h, "valves", &first), 0);
    put_document(&h, "taps", DOCUMENT_TEXT, "of taps", hash); /* its number is used again */
    house_settle(&h);
    assert_int_equal(search_count(&h, "taps", &first), 1);
    assert_int_equal(first, 1);
    house_close(&h);
}

static void test_many_documents(void **arg)
{
    (void)arg;
    struct house h;
    struct documents_news news;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    char name[32];
    house_open(&h);
    put_document(&h, "first", DOCUMENT_TEXT, "boilers", hash);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "copy %d", i);
        name_it(&h, TENANT_DEFAULT, name, DOCUMENT_TEXT, hash, strlen("boilers"));
    }
    house_settle(&h);
    documents_news(h.documents, &news);
    assert_true(news.indexed >= 1001);
    assert_int_equal(search_count(&h, "boilers", &first), 10);
    assert_int_equal(search_count(&h, "\"copy 777\"", &first), 1);
    assert_int_equal(first, 779);
    house_close(&h);
}

static void test_bytes_that_are_no_text(void **arg)
{
    (void)arg;
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    put_document(&h, "latin", DOCUMENT_TEXT, "caf\xe9 turbine", hash);
    char *longer = malloc(DOCUMENT_TEXT_MOST + 100);
    assert_non_null(longer);
    memset(longer, 'x', DOCUMENT_TEXT_MOST + 100);
    memcpy(longer, "inside ", 7);
    memcpy(longer + DOCUMENT_TEXT_MOST - 8, " border ", 8);
    memcpy(longer + DOCUMENT_TEXT_MOST, "outside", 8);
    put_document(&h, "long", DOCUMENT_TEXT, longer, hash);
    free(longer);
    house_settle(&h);
    assert_int_equal(search_count(&h, "turbine", &first), 0);
    assert_int_equal(search_count(&h, "latin", &first), 1);
    assert_int_equal(search_count(&h, "inside border", &first), 1);
    assert_int_equal(search_count(&h, "outside", &first), 0);
    house_close(&h);
}

/* A question waits behind some text that is indexed, not behind all that came. */
static void test_questions_go_between_long_texts(void **arg)
{
    (void)arg;
    enum { MANY = 30 };
    struct house h;
    struct documents_news news;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    char name[32];
    uint32_t first;
    house_open(&h);
    put_document(&h, "other", DOCUMENT_TEXT, "of boilers", hash);
    house_settle(&h);
    char *text = malloc(DOCUMENT_TEXT_MOST + 1);
    assert_non_null(text);
    for (size_t i = 0; i < DOCUMENT_TEXT_MOST; i++)
        text[i] = i % 7 == 6 ? ' ' : (char)('a' + (i * 2654435761u >> 7) % 26);
    text[DOCUMENT_TEXT_MOST] = 0;
    struct documents_ask *ask = put_begin(&h, text);
    assert_non_null(ask);
    wait_told(&h);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "long %u", i);
        name_it(&h, 3, name, DOCUMENT_TEXT, ask->hash, DOCUMENT_TEXT_MOST);
    }
    documents_put_settled(ask);
    documents_ask_end(ask);
    free(text);
    (void)documents_step(h.documents, h.model);
    assert_int_equal(search_count(&h, "boilers", &first), 1);
    documents_news(h.documents, &news);
    assert_true(news.behind && news.indexed < MANY / 2);
    house_settle(&h);
    documents_news(h.documents, &news);
    assert_int_equal(news.indexed, MANY + 1);
    house_close(&h);
}

/* ---- PDFs --------------------------------------------------------------------------------------
 */
static void put_bytes(struct house *h, uint32_t tenant, const char *name, struct bytes pdf,
                      uint8_t *ret_hash)
{
    uint8_t *bytes = malloc(pdf.size);
    assert_non_null(bytes);
    memcpy(bytes, pdf.at, pdf.size);
    struct documents_ask *ask = documents_put(h->documents, bytes, pdf.size, told, h);
    assert_non_null(ask);
    wait_told(h);
    assert_int_equal(ask->err, OK);
    name_it(h, tenant, name, DOCUMENT_PDF, ask->hash, pdf.size);
    memcpy(ret_hash, ask->hash, DOCUMENT_HASH_SIZE);
    documents_put_settled(ask);
    documents_ask_end(ask);
}

static enum document_text text_of(const struct house *h, uint32_t document)
{
    struct document_view view;
    assert_true(library_document(h->model, document, &view));
    return documents_text(h->documents, document, view.made);
}

static const char *const questions[] = {
    "\xe6\xb0\xb4\xe6\xb3\xb5",                          /* 水泵 */
    "\xe6\xb6\x88\xe9\x98\xb2",                          /* 消防 */
    "\xe9\x98\x80",                                      /* 阀 */
    "\xe6\xb3\xb5\xe6\x88\xbf \xe5\x8e\x8b\xe5\x8a\x9b", /* 泵房 压力 */
    "\"fire pump\"",
};

static void test_what_stands_in_a_pdf_is_found(void **arg)
{
    (void)arg;
    static uint8_t bytes[1 << 16];
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    FILE *file = fopen("tests/golden/documents/procedure.pdf", "re");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    put_document(&h, "other", DOCUMENT_TEXT, "of nothing that is asked for", hash);
    put_bytes(&h, TENANT_DEFAULT, "procedure", bytes_of(bytes, size), hash);
    for (int life = 0; life < 2; life++) {
        house_settle(&h);
        assert_int_equal(text_of(&h, 2), DOCUMENT_TEXT_SEARCHED);
        for (size_t i = 0; i < ARRAY_COUNT(questions); i++) {
            if (search_count(&h, questions[i], &first) != 1 || first != 2)
                fail_msg("%s is not found", questions[i]);
        }
        documents_destroy(h.documents);
        house_begin(&h); /* made anew */
    }
    put_document(&h, "procedure", DOCUMENT_TEXT, "of valves", hash); /* it is no PDF any more */
    house_settle(&h);
    assert_int_equal(search_count(&h, questions[0], &first), 0);
    assert_int_equal(text_of(&h, 2), DOCUMENT_TEXT_SEARCHED);
    house_close(&h);
}

/* What waits or is read when it is replaced or removed does not come back. */
static void test_what_changes_while_it_is_read(void **arg)
{
    (void)arg;
    struct test_pdf pdf;
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    for (int i = 0; i < 3; i++) {
        test_pdf_begin(&pdf);
        test_pdf_page(&pdf, "BT /L 12 Tf 72 700 Td (turbines) Tj ET");
        put_bytes(&h, TENANT_DEFAULT, i == 0 ? "a" : i == 1 ? "b" : "c", test_pdf_end(&pdf), hash);
        (void)documents_step(h.documents, h.model);
    }
    put_document(&h, "a", DOCUMENT_TEXT, "of valves", hash);
    forget(&h, 2);
    house_settle(&h);
    assert_int_equal(search_count(&h, "turbines", &first), 1);
    assert_int_equal(first, 3);
    assert_int_equal(search_count(&h, "valves", &first), 1);
    house_close(&h);
}

static void test_why_a_pdf_is_not_searched(void **arg)
{
    (void)arg;
    struct test_pdf pdf;
    struct house h;
    struct document_fault fault;
    struct documents_news news;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t first;
    house_open(&h);
    put_document(&h, "no pdf", DOCUMENT_PDF, "of turbines", hash);
    test_pdf_begin(&pdf);
    test_pdf_page(&pdf, "0 0 9 9 re f");
    put_bytes(&h, TENANT_DEFAULT, "scanned", test_pdf_end(&pdf), hash);
    put_document(&h, "photo", DOCUMENT_PNG, "a picture", hash);
    put_document(&h, "note", DOCUMENT_TEXT, "of boilers", hash);
    house_settle(&h);
    assert_int_equal(text_of(&h, 1), DOCUMENT_TEXT_DAMAGED);
    assert_int_equal(text_of(&h, 2), DOCUMENT_TEXT_EMPTY);
    assert_int_equal(text_of(&h, 3), DOCUMENT_TEXT_PICTURE);
    assert_int_equal(text_of(&h, 4), DOCUMENT_TEXT_SEARCHED);
    assert_int_equal(documents_text(h.documents, 99999, 1), DOCUMENT_TEXT_WAITING);
    for (uint32_t i = 1; i <= 2; i++) { /* each is told once */
        assert_true(documents_fault_next(h.documents, &fault));
        assert_int_equal(fault.document, i);
        assert_int_equal(fault.err, OK);
        assert_int_equal(fault.text, text_of(&h, i));
    }
    assert_false(documents_fault_next(h.documents, &fault));
    documents_news(h.documents, &news);
    assert_int_equal(news.faults, 0);
    assert_int_equal(news.read, 2);
    assert_int_equal(search_count(&h, "scanned", &first), 1); /* the name is */
    documents_destroy(h.documents);
    h.reader = "/usr/bin/there-is-no-such-program";
    house_begin(&h);
    house_settle(&h);
    assert_int_equal(text_of(&h, 1), DOCUMENT_TEXT_NO_READER);
    assert_int_equal(text_of(&h, 2), DOCUMENT_TEXT_NO_READER);
    assert_true(documents_fault_next(h.documents, &fault)); /* once for all of them */
    assert_false(documents_fault_next(h.documents, &fault));
    assert_int_equal(search_count(&h, "scanned", &first), 1);
    house_close(&h);
}

/* A tenant with many PDFs lets the one of another pass. */
static void test_tenants_take_turns(void **arg)
{
    (void)arg;
    enum { MANY = 20 };
    struct test_pdf pdf;
    struct house h;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    char name[32];
    unsigned before = 0;
    house_open(&h);
    test_pdf_begin(&pdf);
    test_pdf_page(&pdf, "BT /L 12 Tf 72 700 Td (turbines) Tj ET");
    struct bytes bytes = test_pdf_end(&pdf);
    put_bytes(&h, 3, "the first", bytes, hash);
    for (uint32_t i = 1; i < MANY; i++) {
        snprintf(name, sizeof name, "one %u", i);
        name_it(&h, 3, name, DOCUMENT_PDF, hash, bytes.size);
    }
    name_it(&h, 2, "another's", DOCUMENT_PDF, hash, bytes.size);
    while (text_of(&h, MANY + 1) == DOCUMENT_TEXT_WAITING)
        house_round(&h);
    for (uint32_t i = 1; i <= MANY; i++)
        before += text_of(&h, i) == DOCUMENT_TEXT_SEARCHED;
    assert_true(before <= MANY / 2);
    house_settle(&h);
    for (uint32_t i = 1; i <= MANY + 1; i++)
        assert_int_equal(text_of(&h, i), DOCUMENT_TEXT_SEARCHED);
    house_close(&h);
}

/* ---- asks --------------------------------------------------------------------------------------
 */
static void test_asks_are_limited_and_ended(void **arg)
{
    (void)arg;
    struct house h;
    struct documents_ask *asks[DOCUMENTS_ASKS_MAX], *puts[DOCUMENTS_PUTS_MAX];
    house_open(&h);
    for (size_t i = 0; i < DOCUMENTS_ASKS_MAX; i++) {
        asks[i] = documents_search(h.documents, 1, bytes_text("x"), DOCUMENT_HITS_MAX, told, &h);
        assert_non_null(asks[i]);
    }
    assert_null(documents_search(h.documents, 1, bytes_text("x"), 1, told, &h));
    for (size_t i = 0; i < DOCUMENTS_PUTS_MAX; i++) {
        puts[i] = put_begin(&h, "x");
        assert_non_null(puts[i]);
    }
    assert_null(put_begin(&h, "x"));
    documents_ask_end(NULL);
    for (size_t i = 0; i < DOCUMENTS_ASKS_MAX; i++)
        documents_ask_end(asks[i]); /* told or not */
    for (size_t i = 1; i < DOCUMENTS_PUTS_MAX; i++)
        documents_ask_end(puts[i]);
    wait_told(&h);
    assert_int_equal(h.told, 1);
    documents_ask_end(puts[0]);
    struct documents_ask *late = put_begin(&h, "y");
    assert_non_null(late);
    documents_ask_end(late);
    house_close(&h); /* with something under way */
}

int main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], DOCUMENTS_READER_VERB) == 0)
        return documents_reader_main(count - 2, words + 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put_is_read),
        cmocka_unit_test(test_damage_is_seen_and_healed),
        cmocka_unit_test(test_orphans_go_at_a_start),
        cmocka_unit_test(test_what_was_released_goes),
        cmocka_unit_test(test_nothing_goes_while_a_put_is_open),
        cmocka_unit_test(test_what_is_in_doubt_stays),
        cmocka_unit_test(test_a_deleted_tenant_leaves_nothing),
        cmocka_unit_test(test_the_index_follows),
        cmocka_unit_test(test_many_documents),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_asks_are_limited_and_ended),
        cmocka_unit_test(test_questions_go_between_long_texts),
        cmocka_unit_test(test_what_stands_in_a_pdf_is_found),
        cmocka_unit_test(test_what_changes_while_it_is_read),
        cmocka_unit_test(test_why_a_pdf_is_not_searched),
        cmocka_unit_test(test_tenants_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
