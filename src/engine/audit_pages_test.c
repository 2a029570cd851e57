/* The audit beyond memory: what leaves the ring is a record before it does, and is found again by
 * its number, with its neighbours, live, after a replay and from a snapshot; the chain holds over
 * all of it, and a journal that somebody changed, sums and all, is found out. */
#include "engine/room.h"
#include "engine/test_house.h"

#define KEPT 64
#define MADE 3000

static int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    snprintf(house->folder, sizeof house->folder, "/tmp/engine_test.XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    house->audit_kept = KEPT;
    house_open(house);
    *state = house;
    return 0;
}

static int house_teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static void tell(struct house *house, unsigned i)
{
    char object[32];
    struct admitted admitted;
    enum admit answer;
    snprintf(object, sizeof object, "object-%06u-end", i);
    const struct fact_audit audit = {.actor = {.door = ACTOR_HTTP, .name = bytes_text("ann@main")},
                                     .tenant = i < 2000 ? 1 : 2 + i % 2,
                                     .action = bytes_text("denied"),
                                     .object = bytes_text(object),
                                     .outcome = bytes_text("no right")};
    while ((answer = engine_audit(house->engine, &audit, &admitted)) == ADMIT_WAIT)
        (void)engine_step(house->engine);
    assert_int_equal(answer, ADMIT_DONE);
    if (i % 7 == 0) /* other lanes lie between */
        assert_int_equal(engine_publish(house->engine, &house->publisher, bytes_text("plant/a"),
                                        bytes_text("1.5"), &admitted),
                         ADMIT_DONE);
}

static void tell_all(struct house *house, unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        tell(house, i);
    house_settle(house);
}

static enum audit_found entry_of(struct house *house, uint64_t number, struct audit_view *view)
{
    enum audit_found found;
    int tries = 0;
    while ((found = engine_audit_entry(house->engine, number, view)) == AUDIT_LATER) {
        assert_true(tries++ < 10);
        (void)engine_step(house->engine);
    }
    return found;
}

/* Every entry is there and follows; returns the first that does not, 0: none. */
static uint64_t first_wrong(struct house *house)
{
    const struct access_model *model = engine_access(house->engine);
    uint8_t chain[32] = {0}, made[32], head[32];
    char object[32];
    for (uint64_t number = 1; number <= access_audit_count(model); number++) {
        struct audit_view view;
        if (entry_of(house, number, &view) != AUDIT_FOUND)
            return number;
        audit_chain(chain, &view, made);
        if (view.number != number || memcmp(made, view.chain, sizeof made) != 0)
            return number;
        snprintf(object, sizeof object, "object-%06u-end", (unsigned)number);
        assert_true(bytes_equal(view.object, bytes_text(object)));
        memcpy(chain, view.chain, sizeof chain);
    }
    access_audit_head(model, head);
    assert_memory_equal(chain, head, sizeof head);
    return 0;
}

/* ---- the tests ---------------------------------------------------------------------------------
 */
static void test_all_are_found(void **state)
{
    struct house *house = *state;
    struct audit_view view;
    tell_all(house, 1, KEPT / 2);
    const struct access_model *model = engine_access(house->engine);
    assert_int_equal(access_audit_unwritten(model), 0); /* the newest half stays in memory alone */
    tell_all(house, KEPT / 2 + 1, MADE);
    assert_int_equal(access_audit_count(model), MADE);
    assert_int_equal(access_audit_oldest(model), MADE - KEPT + 1);
    assert_int_equal(access_audit_first(model), 1);
    assert_int_equal(access_audit_unwritten(model), 0);
    assert_int_equal(first_wrong(house), 0);
    assert_int_equal(entry_of(house, 0, &view), AUDIT_LOST);
    assert_int_equal(entry_of(house, MADE + 1, &view), AUDIT_LOST);
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.entries_disagreed, 0);
}

static void test_a_restart_finds_them_too(void **state)
{
    struct house *house = *state;
    tell_all(house, 1, MADE);
    uint64_t hash = engine_state_hash(house->engine);
    for (int snapshot = 0; snapshot < 3; snapshot++) {
        house_close(house, snapshot == 1);
        house_open(house);
        struct engine_counters counters;
        engine_describe(house->engine, &counters);
        assert_int_equal(counters.entries_disagreed, 0);
        assert_true((house->start.snapshot_position > 0) == (snapshot > 0));
        assert_true(engine_state_hash(house->engine) == hash);
        assert_int_equal(first_wrong(house), 0);
    }
    tell_all(house, MADE + 1, MADE + 500);
    char path[128];
    snprintf(path, sizeof path, "%s/journal/0000000001.facts", house->folder);
    for (int i = 0; i < 100 && access(path, F_OK) != 0; i++)
        (void)engine_step(house->engine);
    assert_int_equal(access(path, F_OK), 0); /* its lanes apart meanwhile */
    house_close(house, true);                /* nothing of before is in a page */
    house_open(house);
    assert_int_equal(first_wrong(house), 0);
}

/* Runs say whose entries they hold and of when: what holds nothing wanted need not be read. */
static void test_runs_are_passed_over(void **state)
{
    struct house *house = *state;
    const struct access_model *model = engine_access(house->engine);
    struct audit_run run;
    tell_all(house, 1, MADE);
    assert_true(access_audit_run(model, 1, &run));
    assert_int_equal(run.first, 1);
    assert_int_equal(run.last, AUDIT_RUN);
    assert_true(access_audit_run_may_hold(model, &run, 1, INT64_MIN, INT64_MAX));
    assert_true(access_audit_run_may_hold(model, &run, TENANT_NONE, INT64_MIN, INT64_MAX));
    assert_false(access_audit_run_may_hold(model, &run, 2, INT64_MIN, INT64_MAX));
    assert_false(access_audit_run_may_hold(model, &run, 1, INT64_MAX, INT64_MAX));
    assert_false(access_audit_run_may_hold(model, &run, 1, INT64_MIN, 1));
    assert_true(access_audit_run(model, 2500, &run));
    assert_true(access_audit_run_may_hold(model, &run, 2, INT64_MIN, INT64_MAX));
    assert_true(access_audit_run_may_hold(model, &run, 3, INT64_MIN, INT64_MAX));
    assert_false(access_audit_run_may_hold(model, &run, 4, INT64_MIN, INT64_MAX));
    assert_false(access_audit_run(model, MADE, &run)); /* in memory */
    assert_false(access_audit_run(model, 0, &run));
}

/* More runs than there are pages, each entry from another one. */
static void test_pages_make_room(void **state)
{
    struct house *house = *state;
    tell_all(house, 1, 20 * AUDIT_RUN);
    for (unsigned round = 0; round < 3; round++)
        for (uint64_t i = 0; i < 19; i++) {
            struct audit_view view;
            uint64_t number = i * AUDIT_RUN + 1 + round;
            int tries = 0;
            while (engine_audit_entry(house->engine, number, &view) == AUDIT_LATER) {
                assert_true(tries++ < 4000); /* until the oldest page gives way */
                (void)engine_step(house->engine);
                usleep(1000);
            }
            assert_int_equal(view.number, number);
        }
}

/* A worker that does one job each time it is polled. */
static struct single {
    struct worker port;
    struct job *jobs[16];
    size_t count;
} single;

static void single_submit(struct worker *port, struct job *job)
{
    (void)port;
    assert_true(single.count < ARRAY_COUNT(single.jobs));
    single.jobs[single.count++] = job;
}

static size_t single_poll(struct worker *port)
{
    (void)port;
    if (single.count > 0) {
        struct job *job = single.jobs[0];
        memmove(single.jobs, single.jobs + 1, --single.count * sizeof single.jobs[0]);
        job->run(job);
        job->done(job);
    }
    return 0;
}

static void single_wait(struct worker *port)
{
    while (single.count > 0)
        (void)single_poll(port);
}

/* A command that says so much, and is refused. */
static void say_much(struct house *house)
{
    static uint8_t text[6000], bytes[FORM_BYTES_MAX];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct command command = {.kind = COMMAND_BOARD_SET, .tenant = TENANT_DEFAULT};
    struct admitted admitted;
    enum admit answer;
    memset(text, 'x', sizeof text);
    form_put_text(&form, 1, bytes_of(text, sizeof text));
    assert_true(form_end(&form, &command.module.form));
    while ((answer = engine_command(house->engine, &command, 1, &admitted)) == ADMIT_WAIT)
        (void)engine_step(house->engine);
    assert_int_equal(answer, ADMIT_DONE);
    if (house->outcome_count > OUTCOMES / 2)
        house->outcome_count = 0;
}

/* Among the entries of a run lies much else: others use the thread between its pieces. */
static void test_a_long_run_is_read_in_pieces(void **state)
{
    struct house *house = *state;
    struct audit_view view;
    tell_all(house, 1, 100);
    for (unsigned i = 0; i < 5 * AUDIT_PAGE_PIECE / 6000; i++) {
        say_much(house);
        if (i % 8 == 7)
            house_settle(house);
    }
    house_settle(house);
    tell_all(house, 101, 200);
    house_close(house, true);
    single = (struct single){
        .port = {.submit = single_submit, .poll = single_poll, .wait = single_wait}};
    house->snapshotter = &single.port;
    house_open(house);
    int steps = 0;
    while (engine_audit_entry(house->engine, 1, &view) == AUDIT_LATER) {
        assert_true(steps++ < 100);
        (void)engine_step(house->engine);
    }
    assert_in_range(steps, 4, 20);
    for (uint64_t number = 1; number <= 200; number++) {
        assert_int_equal(engine_audit_entry(house->engine, number, &view), AUDIT_FOUND);
        assert_int_equal(view.number, number);
    }
}

static bool opens_fail;
static enum err (*disk_open)(struct disk *, const char *, unsigned, struct disk_file **);

static enum err open_or_fail(struct disk *disk, const char *name, unsigned flags,
                             struct disk_file **ret_file)
{
    return opens_fail ? ERR_NO_MEMORY : disk_open(disk, name, flags, ret_file);
}

/* A run that could not be read is not lost for as long as somebody asks. */
static void test_a_failed_read_is_tried_again(void **state)
{
    struct house *house = *state;
    struct audit_view view;
    tell_all(house, 1, 200);
    disk_open = house->disk->open;
    house->disk->open = open_or_fail;
    opens_fail = true;
    assert_int_equal(entry_of(house, 1, &view), AUDIT_LOST);
    opens_fail = false;
    enum audit_found found = AUDIT_LOST;
    for (int i = 0; i < 50 && found == AUDIT_LOST; i++) {
        found = entry_of(house, 1, &view);
        usleep(100 * 1000);
    }
    assert_int_equal(found, AUDIT_FOUND);
}

/* Changes one byte of what the journal keeps of an entry, and seals the batch again, so that no sum
 * tells. Returns how often it stood there. */
static unsigned journal_change(const char *folder, const char *marker, bool reseal)
{
    char path[128];
    unsigned changed = 0;
    snprintf(path, sizeof path, "%s/journal/0000000001.open", folder);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    uint8_t *all = malloc(size);
    assert_non_null(all);
    rewind(file);
    assert_int_equal(fread(all, 1, size, file), size);
    for (size_t at = SEGMENT_HEADER_SIZE; at < size; at += FORMAT_BLOCK) {
        struct batch_header header;
        struct bytes body, rest = bytes_of(all + at, size - at);
        if (batch_open(rest, 0, &header, &body) != OK)
            continue;
        uint8_t *found = memmem((uint8_t *)(uintptr_t)body.at, body.size, marker, strlen(marker));
        /* The command's own record comes first: what is wanted is the entry, with its chain. */
        uint8_t chained[] = {6, 3, 32};
        if (found == NULL || memmem(all + at, body.size, chained, sizeof chained) == NULL)
            continue;
        while (found != NULL) {
            found[7] ^= 1;
            changed++;
            size_t left = (size_t)(body.at + body.size - found);
            found = memmem(found, left, marker, strlen(marker));
        }
        if (reseal)
            batch_seal(all + at, &header);
    }
    rewind(file);
    assert_int_equal(fwrite(all, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(all);
    return changed;
}

static void test_a_changed_journal_is_found(void **state)
{
    struct house *house = *state;
    tell_all(house, 1, MADE);
    house_close(house, true); /* nothing is replayed that would notice by itself */
    assert_true(journal_change(house->folder, "object-001234-end", true) > 0);
    house_open(house);
    const struct access_model *model = engine_access(house->engine);
    uint8_t chain[32] = {0}, made[32];
    for (uint64_t number = 1; number <= 1234; number++) {
        struct audit_view view;
        assert_int_equal(entry_of(house, number, &view), AUDIT_FOUND);
        audit_chain(chain, &view, made);
        assert_int_equal(memcmp(made, view.chain, sizeof made) == 0, number != 1234);
        memcpy(chain, view.chain, sizeof chain);
    }
    assert_int_equal(access_audit_first(model), 1);
}

/* What a damaged stretch took is missing, and said to be; what stands around it is there. */
static void test_a_damaged_journal_misses_some(void **state)
{
    struct house *house = *state;
    struct audit_view view;
    tell_all(house, 1, MADE);
    house_close(house, true);
    assert_true(journal_change(house->folder, "object-001234-end", false) > 0);
    house_open(house);
    assert_int_equal(entry_of(house, 1234, &view), AUDIT_LOST);
    assert_int_equal(entry_of(house, 1, &view), AUDIT_FOUND);
    assert_int_equal(entry_of(house, MADE - KEPT, &view), AUDIT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_are_found, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_a_restart_finds_them_too, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_runs_are_passed_over, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_pages_make_room, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_a_long_run_is_read_in_pieces, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_read_is_tried_again, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_journal_is_found, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_journal_misses_some, house_setup,
                                        house_teardown),
    };
    return cmocka_run_group_tests_name("audit_pages", tests, NULL, NULL);
}
