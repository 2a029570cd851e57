/* Statements that want too much, and processes that do what they should not: the statement fails
 * with a code, and the next one is answered. */
#include "sql/frame.h"
#include "sql/test_house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#define TIME_NS (NS_PER_S / 2)
#define ENDLESS                                                                                    \
    "select count(*) from (with recursive a(n) as (values(1) union all select n + 1 from a) "      \
    "select n from a)"

static int setup(void **state)
{
    struct sql_house *house = house_create();
    house_publish(house, "a/b", "1");
    house_settle(house);
    sql_destroy(house->sql);
    house_open_sql(house, 2, (uint64_t)24 << 20, TIME_NS);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static void is_answered(struct sql_house *house)
{
    assert_sql(house, "select path from points", "path\r\na/b\r\n");
}

/* ---- too much ---------------------------------------------------------------------------------
 */
static void test_time_ends_what_has_no_end(void **state)
{
    int64_t began_ns = now_ns();
    assert_sql_has(*state, ENDLESS, "sql_time: the statement took longer than 500 ms");
    assert_in_range(now_ns() - began_ns, TIME_NS, TIME_NS + 3 * NS_PER_S);
    is_answered(*state);
}

/* One operation of SQLite's machine that never looks at the clock. */
static void test_time_ends_what_does_not_look_at_the_clock(void **state)
{
    assert_sql_has(*state, "select length(printf('%.*c', 2000000000, 'x'))", "sql_time: ");
    is_answered(*state);
}

static void test_memory_ends(void **state)
{
    static const char *const statements[] = {
        "select n from (with recursive a(n) as (values(1) union all select n + 1 from a limit "
        "3000000) select n from a) order by n desc limit 2900000, 1",
        "select count(distinct n) from (with recursive a(n) as (values(1) union all select n + 1 "
        "from a limit 3000000) select n from a)",
        "select percentile(n, 1) from (with recursive a(n) as (values(1) union all select n + 1 "
        "from a limit 9000000) select n from a)",
    };
    sql_destroy(((struct sql_house *)*state)->sql);
    house_open_sql(*state, 2, (uint64_t)24 << 20, 60 * NS_PER_S);
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        assert_sql_has(*state, statements[i],
                       "sql_memory: the statement needs more than 24 MiB of memory");
        is_answered(*state);
    }
}

static void test_sizes_end(void **state)
{
    struct sql_house *house = *state;
    char *text = malloc(SQL_TEXT_MAX + 2);
    assert_non_null(text);
    assert_sql_has(house, "select zeroblob(9000000)", "sql_error: a text, a blob or a row");
    /* A statement as long as may be, and one byte longer. */
    memset(text, ' ', SQL_TEXT_MAX);
    memcpy(text, "select 1", 8);
    text[SQL_TEXT_MAX] = '\0';
    assert_sql(house, text, "1\r\n1\r\n");
    struct sql_question question = {
        .sight = house->sight, .text = bytes_of(text, SQL_TEXT_MAX + 1), .limit = 1};
    struct sql_statement *statement;
    assert_int_equal(sql_ask(house->sql, &question, &statement), ERR_LIMIT);
    question = (struct sql_question){.sight = house->sight,
                                     .text = bytes_text("select 1"),
                                     .parameter_count = SQL_PARAMETERS_MAX + 1};
    assert_int_equal(sql_ask(house->sql, &question, &statement), ERR_LIMIT);
    /* Columns. */
    for (int count = 1000; count <= 1001; count++) {
        int used = snprintf(text, SQL_TEXT_MAX, "select 1");
        for (int i = 1; i < count; i++)
            used += snprintf(text + used, SQL_TEXT_MAX - (size_t)used, ",1");
        assert_sql_has(house, text, count == 1000 ? "1,1,1" : "sql_error: too many columns");
    }
    /* Brackets within brackets. */
    memset(text, '(', 100000);
    text[100000] = '\0';
    memcpy(text, "select ", 7);
    assert_sql_has(house, text, "sql_error: ");
    free(text);
    is_answered(house);
}

static void test_cursors_at_both_sides(void **state)
{
    struct sql_house *house = *state;
    char text[8192];
    for (int count = SQL_CURSORS_MAX; count <= SQL_CURSORS_MAX + 1; count++) {
        int size = snprintf(text, sizeof text, "select 1");
        for (int i = 0; i < count; i++)
            size += snprintf(text + size, sizeof text - (size_t)size,
                             ", (select max(path) from points where point >= %d)", i);
        if (count == SQL_CURSORS_MAX)
            assert_sql_has(house, text, "a/b");
        else
            assert_sql_has(house, text,
                           "sql_error: the statement reads more than 64 tables at once");
    }
    is_answered(house);
}

/* More answer than is held: it waits for the reader, and comes whole. */
static void test_a_slow_reader_gets_all(void **state)
{
    struct sql_house *house = *state;
    sql_destroy(house->sql);
    house_open_sql(house, 1, (uint64_t)24 << 20, 60 * NS_PER_S);
    struct sql_statement *statement =
        house_ask(house,
                  "with recursive a(n) as (values(1) union all select n + 1 from a limit 400000) "
                  "select n from a",
                  SQL_CSV, 1000000, NULL, 0);
    struct timespec nap = {.tv_nsec = 300 * NS_PER_MS};
    nanosleep(&nap, NULL);
    char *text = house_wait(house, statement);
    size_t size = strlen(text);
    assert_true(size > 2000000);
    assert_string_equal(text + size - 16, "399999\r\n400000\r\n");
    free(text);
}

/* ---- many -------------------------------------------------------------------------------------
 */
static void test_a_thousand_at_once(void **state)
{
    struct sql_house *house = *state;
    static struct sql_statement *statements[1000];
    size_t taken = 0, busy = 0, answered = 0;
    struct sql_question question = {.sight = house->sight,
                                    .text = bytes_text("select 1"),
                                    .limit = 1,
                                    .format = SQL_CSV,
                                    .wake = house_woken};
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        enum err err = sql_ask(house->sql, &question, &statements[taken]);
        taken += err == OK;
        busy += err == ERR_BUSY;
    }
    assert_int_equal(taken + busy, ARRAY_COUNT(statements));
    assert_true(taken >= SQL_WAITING_MAX);
    for (size_t i = 0; i < taken; i++) {
        char *text = house_wait(house, statements[i]);
        answered += strcmp(text, "1\r\n1\r\n") == 0;
        free(text);
    }
    assert_int_equal(answered, taken);
    struct sql_state told;
    sql_describe(house->sql, &told);
    assert_int_equal(told.waiting, 0);
    assert_int_equal(told.running, 0);
}

static void test_who_waits_too_long_is_told(void **state)
{
    struct sql_house *house = *state;
    struct sql_statement *statements[5];
    size_t busy = 0, late = 0;
    sql_destroy(house->sql);
    house_open_sql(house, 1, (uint64_t)24 << 20, TIME_NS);
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++)
        statements[i] = house_ask(house, ENDLESS, SQL_CSV, 1, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        char *text = house_wait(house, statements[i]);
        busy += strncmp(text, "sql_busy: ", 10) == 0;
        late += strncmp(text, "sql_time: ", 10) == 0;
        free(text);
    }
    assert_int_equal(busy + late, ARRAY_COUNT(statements));
    assert_true(busy >= 2 && late >= 1);
    is_answered(house);
}

/* Nobody waits any more: its process is free long before its time is over. */
static void test_what_nobody_waits_for_is_stopped(void **state)
{
    struct sql_house *house = *state;
    struct timespec nap = {.tv_nsec = 50 * NS_PER_MS};
    sql_destroy(house->sql);
    house_open_sql(house, 1, (uint64_t)24 << 20, 60 * NS_PER_S);
    for (int i = 0; i < 3; i++) {
        struct sql_statement *statement = house_ask(house, ENDLESS, SQL_CSV, 1, NULL, 0);
        if (i > 0)
            nanosleep(&nap, NULL);
        sql_end(statement);
    }
    int64_t began_ns = now_ns();
    is_answered(house);
    assert_true(now_ns() - began_ns < 10 * NS_PER_S);
    /* And with what is under way the pool itself can end. */
    struct sql_statement *statement = house_ask(house, ENDLESS, SQL_CSV, 1, NULL, 0);
    nanosleep(&nap, NULL);
    sql_end(statement);
}

static void test_a_server_that_stops(void **state)
{
    struct sql_house *house = *state;
    struct sql_statement *statements[4];
    struct timespec nap = {.tv_nsec = 50 * NS_PER_MS};
    sql_destroy(house->sql);
    house_open_sql(house, 2, (uint64_t)24 << 20, 60 * NS_PER_S);
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++)
        statements[i] = house_ask(house, ENDLESS, SQL_CSV, 1, NULL, 0);
    nanosleep(&nap, NULL);
    int64_t began_ns = now_ns();
    sql_stop(house->sql);
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        char *text = house_wait(house, statements[i]);
        assert_string_equal(text, "stopping: the server stops: ask again when it is back");
        free(text);
    }
    assert_true(now_ns() - began_ns < 5 * NS_PER_S);
    struct sql_statement *statement;
    struct sql_question question = {
        .sight = house->sight, .text = bytes_text("select 1"), .limit = 1};
    assert_int_equal(sql_ask(house->sql, &question, &statement), ERR_BUSY);
}

/* ---- processes --------------------------------------------------------------------------------
 */
/* Our children; returns how many. */
static size_t children(pid_t *pids, size_t most)
{
    size_t count = 0;
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL && count < most) {
        char name[300], text[512] = "";
        int parent = 0;
        snprintf(name, sizeof name, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(name, "re") : NULL;
        if (file == NULL)
            continue;
        if (fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL)
            (void)sscanf(strrchr(text, ')') + 1, " %*c %d", &parent);
        fclose(file);
        if (parent == (int)getpid())
            pids[count++] = (pid_t)atoi(entry->d_name);
    }
    closedir(folder);
    return count;
}

static void test_a_process_that_is_killed(void **state)
{
    struct sql_house *house = *state;
    pid_t pids[16];
    sql_destroy(house->sql);
    house_open_sql(house, 1, (uint64_t)24 << 20, 60 * NS_PER_S);
    assert_int_equal(children(pids, ARRAY_COUNT(pids)), 0);
    is_answered(house);
    for (int i = 0; i < 3; i++) {
        struct timespec nap = {.tv_nsec = 20 * NS_PER_MS};
        struct sql_statement *statement = house_ask(house, ENDLESS, SQL_CSV, 1, NULL, 0);
        nanosleep(&nap, NULL);
        assert_int_equal(children(pids, ARRAY_COUNT(pids)), 1);
        assert_int_equal(kill(pids[0], SIGKILL), 0);
        char *text = house_wait(house, statement);
        assert_string_equal(text, "sql_process: the SQL process ended with signal 9");
        free(text);
        is_answered(house);
    }
    sql_destroy(house->sql);
    assert_int_equal(children(pids, ARRAY_COUNT(pids)), 0); /* none is left behind */
    house_open_sql(house, 1, (uint64_t)24 << 20, 60 * NS_PER_S);
}

static void test_a_program_that_is_not_there(void **state)
{
    struct sql_house *house = *state;
    sql_destroy(house->sql);
    house->config.program = "/nowhere/at/all";
    assert_int_equal(sql_create(&house->config, &house->sql), OK);
    assert_sql_has(house, "select 1", "sql_process: the SQL process could not be started");
}

/* ---- processes that were taken over ------------------------------------------------------------
 */
enum evil {
    EVIL_SILENT_START,
    EVIL_WRONG_START,
    EVIL_GONE,
    EVIL_KIND,
    EVIL_LENGTH,
    EVIL_ROWS_FIRST,
    EVIL_ROWS_CUT,
    EVIL_ROWS_MANY,
    EVIL_COLUMNS_TWICE,
    EVIL_COLUMNS_NONE,
    EVIL_CURSOR,
    EVIL_NEXT,
    EVIL_FILTER,
    EVIL_STEP,
    EVIL_DONE_FIRST,
    EVIL_ERROR_CUT,
    EVIL_FLOOD,
    EVIL_SILENT,
    EVILS
};
static const char *const wanted_of[EVILS] = {
    [EVIL_SILENT_START] = NULL, /* takes ten seconds: see below */
    [EVIL_WRONG_START] = "sql_process: the SQL process could not be started",
    [EVIL_GONE] = "sql_process: the SQL process ended",
    [EVIL_ERROR_CUT] = "sql_process: the SQL process said what it should not",
    [EVIL_SILENT] = "sql_time: ",
    [EVIL_FLOOD] = "sql_process: the SQL process said what it should not",
};

static void evil_put(uint8_t kind, const void *at, size_t size)
{
    uint8_t head[FRAME_HEAD];
    store_u32(head, (uint32_t)size);
    head[4] = kind;
    if (write(0, head, sizeof head) != (ssize_t)sizeof head ||
        (size > 0 && write(0, at, size) != (ssize_t)size))
        _exit(0);
}

static void evil_put_written(uint8_t kind, struct frame_writer *writer)
{
    evil_put(kind, writer->at, writer->size);
}

static void evil_columns(uint32_t count)
{
    struct frame_writer writer = {.at = NULL};
    frame_put_u32(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        frame_put_text(&writer, bytes_text("a"));
        frame_put_text(&writer, bytes_text(""));
    }
    evil_put_written(FRAME_COLUMNS, &writer);
}

static void evil_rows(uint32_t claimed, uint32_t real)
{
    struct frame_writer writer = {.at = NULL};
    frame_put_u32(&writer, claimed);
    for (uint32_t i = 0; i < real; i++)
        frame_put_integer(&writer, i);
    evil_put_written(FRAME_ROWS, &writer);
}

static void evil_open(uint8_t cursor, const struct sql_filter *filter)
{
    struct frame_writer writer = {.at = NULL};
    frame_put_u8(&writer, cursor);
    if (filter != NULL)
        filter_put(&writer, filter);
    evil_put_written(FRAME_OPEN, &writer);
}

/* After STATEMENT came. */
static void evil_answer(enum evil evil)
{
    struct sql_filter buckets = {.table = SQL_BUCKETS,
                                 .step = bytes_text("never"),
                                 .glob = bytes_text(""),
                                 .like = bytes_text(""),
                                 .label = bytes_text(""),
                                 .match = bytes_text(""),
                                 .points = bytes_text(""),
                                 .paths = bytes_text("")};
    uint8_t large[FRAME_HEAD] = {0xff, 0xff, 0xff, 0xff, FRAME_ROWS}, byte = 63;
    switch (evil) {
    case EVIL_KIND:
        evil_put(99, NULL, 0);
        break;
    case EVIL_LENGTH:
        (void)!write(0, large, sizeof large);
        break;
    case EVIL_ROWS_FIRST:
        evil_rows(1, 1);
        break;
    case EVIL_ROWS_CUT:
        evil_columns(1);
        evil_rows(5, 4);
        break;
    case EVIL_ROWS_MANY: /* more than the limit of the question, 100000 */
        evil_columns(1);
        for (int i = 0; i < 3; i++)
            evil_rows(50000, 50000);
        break;
    case EVIL_COLUMNS_TWICE:
        evil_columns(1);
        evil_columns(1);
        break;
    case EVIL_COLUMNS_NONE:
        evil_columns(0);
        break;
    case EVIL_CURSOR:
        evil_open(SQL_CURSORS_MAX, &buckets);
        break;
    case EVIL_NEXT:
        evil_put(FRAME_NEXT, &byte, 1);
        break;
    case EVIL_FILTER:
        evil_open(0, NULL);
        break;
    case EVIL_STEP:
        evil_open(0, &buckets);
        break;
    case EVIL_DONE_FIRST:
        evil_put(FRAME_DONE, &byte, 1);
        break;
    case EVIL_ERROR_CUT:
        evil_put(FRAME_ERROR, &byte, 1);
        break;
    case EVIL_FLOOD:
        for (;;)
            evil_put(FRAME_READY, NULL, 0);
    default:
        break;
    }
}

static int evil_main(enum evil evil)
{
    uint8_t body[4096], head[FRAME_HEAD];
    if (evil == EVIL_SILENT_START)
        pause();
    evil_put(evil == EVIL_WRONG_START ? FRAME_DONE : FRAME_READY, NULL, 0);
    if (read(0, head, sizeof head) != (ssize_t)sizeof head || load_u32(head) > sizeof body ||
        read(0, body, load_u32(head)) != (ssize_t)load_u32(head) || evil == EVIL_GONE)
        return 0;
    evil_answer(evil);
    pause();
    return 0;
}

/* The program under another name, by which it knows what to do. */
static void evil_copy(enum evil evil, char *path, size_t size)
{
    char command[512];
    char self[256] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    snprintf(path, size, "/tmp/sql_evil_%d_%d", (int)getpid(), (int)evil);
    snprintf(command, sizeof command, "cp '%s' '%s'", self, path);
    assert_int_equal(system(command), 0);
}

static void test_processes_that_were_taken_over(void **state)
{
    struct sql_house *house = *state;
    for (enum evil evil = EVIL_WRONG_START; evil < EVILS; evil++) {
        char path[256];
        evil_copy(evil, path, sizeof path);
        sql_destroy(house->sql);
        house->config.program = path;
        house->config.limits.time_ns = evil == EVIL_SILENT ? TIME_NS : 20 * NS_PER_S;
        assert_int_equal(sql_create(&house->config, &house->sql), OK);
        char *text = house_sql(house, "select 1");
        const char *wanted = wanted_of[evil] != NULL
                                 ? wanted_of[evil]
                                 : "sql_process: the SQL process said what it should not";
        if (strncmp(text, wanted, strlen(wanted)) != 0)
            fail_msg("evil %d: %s, and not %s", (int)evil, text, wanted);
        free(text);
        assert_int_equal(unlink(path), 0);
    }
}

/* Builds with sanitizers have no filter: worker_sandbox.c says why. */
static const bool sanitized = SANITIZED;

/* What the process may not do: the filter ends it, and its limits hold. */
static void test_the_sandbox_holds(void **state)
{
    pid_t pids[16];
    char name[64], line[256];
    bool filtered = false, privileged = true;
    struct sql_house *house = *state;
    is_answered(house);
    assert_true(children(pids, ARRAY_COUNT(pids)) >= 1);
    snprintf(name, sizeof name, "/proc/%d/status", (int)pids[0]);
    FILE *file = fopen(name, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        filtered |= strcmp(line, "Seccomp:\t2\n") == 0;
        privileged &= strcmp(line, "NoNewPrivs:\t1\n") != 0;
    }
    fclose(file);
    assert_true((filtered && !privileged) || sanitized);
    snprintf(name, sizeof name, "/proc/%d/fd/3", (int)pids[0]);
    struct stat about;
    assert_int_equal(lstat(name, &about), -1); /* three descriptors, no more */
}

int main(int count, char **words)
{
    int code;
    char self[256] = "";
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *evil = length > 0 ? strstr(self, "/sql_evil_") : NULL;
    if (evil != NULL)
        return evil_main((enum evil)atoi(strrchr(evil, '_') + 1));
    if (sql_house_main(count, words, &code))
        return code;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_time_ends_what_has_no_end),
        TEST(test_time_ends_what_does_not_look_at_the_clock),
        TEST(test_memory_ends),
        TEST(test_sizes_end),
        TEST(test_cursors_at_both_sides),
        TEST(test_a_slow_reader_gets_all),
        TEST(test_a_thousand_at_once),
        TEST(test_who_waits_too_long_is_told),
        TEST(test_what_nobody_waits_for_is_stopped),
        TEST(test_a_server_that_stops),
        TEST(test_a_process_that_is_killed),
        TEST(test_a_program_that_is_not_there),
        TEST(test_processes_that_were_taken_over),
        TEST(test_the_sandbox_holds),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
