/* Pages from a snapshot that contradict each other are told, whatever is wrong with them; nothing
 * crashes, hangs or reads where nothing is. What only is another value is fine, and then the state
 * must work as any other. */
#include "model/sessions/test_driver.h"

#define TABLES 8

/* A state with something in every table. */
static void fill(struct fixture *f, struct model *model, struct driver *d, uint32_t facts)
{
    for (uint32_t i = 0; i < facts; i++) {
        struct fact fact;
        driver_next(d, model, &fact);
        d->wall_ns += below(d, 1000);
        f->stamp = (struct session_stamp){.engine_ns = d->wall_ns / 2, .wall_ns = d->wall_ns};
        if (model != NULL)
            model_apply(model, &fact, &f->stamp);
        fixture_apply(f, &fact);
    }
}

struct page {
    uint32_t table, number;
    size_t used; /* bytes up to the last that is not zero */
    uint8_t content[STATE_PAGE_SIZE];
};

static uint32_t pages_take(struct fixture *f, struct page *pages, uint32_t most)
{
    uint32_t count = 0;
    assert_int_equal(state_cut_begin(f->state, 4), OK);
    while (count < most && state_cut_next(f->state, pages[count].content, &pages[count].table,
                                          &pages[count].number) == OK) {
        pages[count].used = 0;
        for (size_t i = 0; i < STATE_PAGE_SIZE; i++)
            pages[count].used = pages[count].content[i] != 0 ? i + 1 : pages[count].used;
        count++;
    }
    assert_false(state_cut_active(f->state));
    return count;
}

/* One bit, one small number, or a number copied from elsewhere: links that look right are the
 * dangerous ones. */
static void page_damage(struct driver *d, struct page *page)
{
    uint32_t value, at = below(d, (uint32_t)page->used);
    switch (below(d, 3)) {
    case 0:
        page->content[at] ^= (uint8_t)(1u << below(d, 8));
        return;
    case 1:
        value = below(d, 40);
        break;
    default:
        memcpy(&value, page->content + (below(d, (uint32_t)page->used) & ~3u), sizeof value);
    }
    memcpy(page->content + (at & ~3u), &value, sizeof value);
}

/* Asks for everything that can be asked. */
static void look_at_all(const struct fixture *f)
{
    struct sessions_counts counts = fixture_counts(f);
    uint64_t seen = 0;
    for (uint32_t session = 1; session <= sessions_highest(f->sessions); session++) {
        struct session_view view;
        if (!sessions_view(f->sessions, session, &view))
            continue;
        for (uint32_t entry = sessions_queue_first(f->sessions, session); entry != ENTRY_NONE;
             entry = sessions_queue_next(f->sessions, entry)) {
            struct entry_view of;
            sessions_entry(f->sessions, entry, &of);
            assert_int_equal(sessions_queue_find(f->sessions, session, of.packet_id), entry);
            assert_true(++seen <= counts.entries);
        }
        uint32_t at = SUBSCRIPTION_NONE;
        while ((at = sessions_subscription_next(f->sessions, session, at)) != SUBSCRIPTION_NONE) {
            struct subscription_view of;
            sessions_subscription(f->sessions, at, &of);
            uint8_t *filter = malloc(of.filter_size + 1);
            sessions_subscription_filter(f->sessions, at, filter);
            free(filter);
        }
    }
    for (uint32_t slot = 1; slot <= sessions_retained_highest(f->sessions); slot++) {
        uint32_t message = sessions_retained_at(f->sessions, slot);
        struct message_view of;
        if (message == MESSAGE_NONE)
            continue;
        sessions_message(f->sessions, message, &of);
        uint8_t *text = malloc(of.topic_size + of.payload_size + of.properties_size + 1);
        sessions_message_copy(f->sessions, message, text);
        assert_int_equal(
            sessions_retained_find(f->sessions, of.tenant, bytes_of(text, of.topic_size)), message);
        free(text);
    }
}

/* A session of each number, so that what has no limit here stays small there. */
static void end_all(struct fixture *f)
{
    for (uint32_t session = 1; session <= sessions_highest(f->sessions); session++)
        fixture_about(f, FACT_SESSION_END, session);
    assert_int_equal(sessions_count(f->sessions), 0);
}

/* Loads the pages with one of them damaged. True: it was refused. */
static bool round_of(struct driver *d, const struct model *model, struct page *pages,
                     uint32_t count, uint32_t table)
{
    static struct page damaged;
    struct fixture f;
    fixture_open(&f);
    for (uint32_t i = 0; i < count; i++) {
        damaged = pages[i];
        if (damaged.table == table)
            page_damage(d, &damaged);
        assert_int_equal(state_load_page(f.state, damaged.table, damaged.number, damaged.content),
                         OK);
    }
    enum err err = sessions_rebuild(f.sessions);
    assert_true(err == OK || err == ERR_CORRUPT);
    if (err == OK) {
        look_at_all(&f);
        for (uint32_t i = 0; i < 200; i++) {
            struct fact fact;
            driver_next(d, model, &fact);
            fixture_apply(&f, &fact);
        }
        assert_whole(&f);
        end_all(&f);
        assert_whole(&f);
    }
    fixture_close(&f);
    return err != OK;
}

static void test_damaged_pages(void **arg)
{
    (void)arg;
    struct fixture f;
    struct model *model = calloc(1, sizeof *model);
    struct page *pages = calloc(64, sizeof *pages);
    struct driver d = {.random = 42, .wall_ns = WALL_NS};
    fixture_open(&f);
    fill(&f, model, &d, 900);
    uint32_t count = pages_take(&f, pages, 64);
    uint32_t refused[TABLES] = {0}, accepted[TABLES] = {0};
    for (uint32_t round = 0; round < 800; round++) {
        uint32_t table = round % TABLES;
        bool damaged = round_of(&d, model, pages, count, SESSIONS_TABLE_FIRST + table);
        refused[table] += damaged;
        accepted[table] += !damaged;
    }
    for (uint32_t table = 0; table < TABLES; table++) {
        print_message("table %u: %u refused, %u were other values\n", SESSIONS_TABLE_FIRST + table,
                      refused[table], accepted[table]);
        assert_true(refused[table] > 10);
    }
    fixture_close(&f);
    model_done(model);
    free(model);
    free(pages);
}

/* Pages that are missing altogether. */
static void test_missing_pages(void **arg)
{
    (void)arg;
    struct fixture f;
    struct model *model = calloc(1, sizeof *model);
    struct page *pages = calloc(64, sizeof *pages);
    struct driver d = {.random = 43, .wall_ns = WALL_NS};
    fixture_open(&f);
    fill(&f, model, &d, 900);
    uint32_t count = pages_take(&f, pages, 64);
    assert_true(count >= TABLES);
    for (uint32_t missing = 0; missing <= count; missing++) {
        struct fixture loaded;
        fixture_open(&loaded);
        for (uint32_t i = 0; i < count; i++) {
            if (i != missing)
                assert_int_equal(state_load_page(loaded.state, pages[i].table, pages[i].number,
                                                 pages[i].content),
                                 OK);
        }
        assert_int_equal(sessions_rebuild(loaded.sessions), missing == count ? OK : ERR_CORRUPT);
        fixture_close(&loaded);
    }
    fixture_close(&f);
    model_done(model);
    free(model);
    free(pages);
}

/* The only row of each pool, used and free again: a page of zeroes, which no snapshot holds. */
static void test_only_row_free_again(void **arg)
{
    (void)arg;
    struct fixture f, loaded;
    struct page *pages = calloc(64, sizeof *pages);
    fixture_open(&f);
    fixture_open(&loaded);
    fixture_session(&f, 1, "a");
    fixture_packet(&f, FACT_RECEIVED, 1, 7);
    fixture_packet(&f, FACT_RELEASED, 1, 7);
    fixture_subscribe(&f, 1, "t", 1);
    fixture_unsubscribe(&f, 1, "t");
    fixture_queue(&f, 1, 1, "t", "p");
    fixture_delivery(&f, 1, 1, DELIVERY_DONE);
    fixture_retain(&f, "t", "p");
    fixture_retain(&f, "t", "");
    uint32_t count = pages_take(&f, pages, 64);
    for (uint32_t i = 0; i < count; i++) {
        if (pages[i].used > 0)
            assert_int_equal(
                state_load_page(loaded.state, pages[i].table, pages[i].number, pages[i].content),
                OK);
    }
    assert_int_equal(sessions_rebuild(loaded.sessions), OK);
    assert_int_equal(state_hash(loaded.state), state_hash(f.state));
    fixture_packet(&loaded, FACT_RECEIVED, 1, 8);
    fixture_queue(&loaded, 1, 1, "t", "p");
    assert_int_equal(fixture_counts(&loaded).entries, 1);
    fixture_close(&loaded);
    fixture_close(&f);
    free(pages);
}

/* What a rebuild says to the pages of f with the bytes `before` of a table replaced by `after`. */
static enum err rebuilt_with(struct fixture *f, uint32_t table, struct bytes before,
                             struct bytes after)
{
    struct page *pages = calloc(16, sizeof *pages);
    struct fixture loaded;
    uint32_t replaced = 0, count = pages_take(f, pages, 16);
    fixture_open(&loaded);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *found = NULL;
        if (pages[i].table == table)
            found = memmem(pages[i].content, STATE_PAGE_SIZE, before.at, before.size);
        if (found != NULL) {
            memcpy(found, after.at, after.size);
            replaced++;
        }
        assert_int_equal(
            state_load_page(loaded.state, pages[i].table, pages[i].number, pages[i].content), OK);
    }
    assert_int_equal(replaced, 1);
    enum err err = sessions_rebuild(loaded.sessions);
    fixture_close(&loaded);
    free(pages);
    return err;
}

/* Two of what must be one: clients of a name, filters of a session, retained messages of a topic.
 */
static void test_doubled_names(void **arg)
{
    (void)arg;
    static const char *const names[] = {"client-2", "filter-2", "topic-2"};
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "client-1");
    fixture_session(&f, 2, "client-2");
    fixture_subscribe(&f, 1, "filter-1", 1);
    fixture_subscribe(&f, 1, "filter-2", 1);
    fixture_subscribe(&f, 2, "filter-1", 1);
    fixture_retain(&f, "topic-1", "1");
    fixture_retain(&f, "topic-2", "1");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char other[16];
        (void)snprintf(other, sizeof other, "%s", names[i]);
        other[strlen(other) - 1] = '3';
        assert_int_equal(
            rebuilt_with(&f, SESSIONS_TABLE_FIRST + 5, bytes_text(names[i]), bytes_text(other)),
            OK);
        other[strlen(other) - 1] = '1';
        assert_int_equal(
            rebuilt_with(&f, SESSIONS_TABLE_FIRST + 5, bytes_text(names[i]), bytes_text(other)),
            ERR_CORRUPT);
    }
    fixture_close(&f);
}

/* Counts in the root that would make a rebuild ask for more memory than there is. */
static void test_counts_out_of_bounds(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, SESSION_NUMBER_MAX - 77, "a");
    fixture_queue(&f, SESSION_NUMBER_MAX - 77, 1, "t", "p");
    uint8_t before[8] = {0}, after[8] = {0};
    store_u32(before, SESSION_NUMBER_MAX - 77); /* highest number used, then sessions */
    store_u32(before + 4, 1);
    memcpy(after, before, sizeof after);
    struct bytes from = bytes_of(before, sizeof before), to = bytes_of(after, sizeof after);
    assert_int_equal(rebuilt_with(&f, SESSIONS_TABLE_FIRST, from, to), OK);
    static const uint32_t highest[] = {SESSION_NUMBER_MAX - 78, SESSION_NUMBER_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(highest); i++) {
        store_u32(after, highest[i]);
        assert_int_equal(rebuilt_with(&f, SESSIONS_TABLE_FIRST, from, to), ERR_CORRUPT);
    }
    store_u32(before, 2); /* cells: of the client id, of the message; two in use */
    store_u32(before + 4, 2);
    store_u32(after + 4, 2);
    static const uint32_t used[] = {1, 3, 1000000, UINT32_MAX - 1, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(used); i++) {
        store_u32(after, used[i]);
        assert_int_equal(rebuilt_with(&f, SESSIONS_TABLE_FIRST, from, to), ERR_CORRUPT);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_pages),        cmocka_unit_test(test_missing_pages),
        cmocka_unit_test(test_only_row_free_again),  cmocka_unit_test(test_doubled_names),
        cmocka_unit_test(test_counts_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
