#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the log wrote since capture_start; stderr is a file in between. */
static char said[1 << 20];
static int stderr_before, capture_fd;

static void capture_start(void)
{
    char path[] = "/tmp/mainstem-log-test-XXXXXX";
    stderr_before = dup(STDERR_FILENO);
    capture_fd = mkstemp(path);
    assert_true(stderr_before >= 0 && capture_fd >= 0);
    unlink(path);
    assert_true(dup2(capture_fd, STDERR_FILENO) >= 0);
}

static const char *capture_end(void)
{
    assert_true(dup2(stderr_before, STDERR_FILENO) >= 0);
    close(stderr_before);
    ssize_t size = pread(capture_fd, said, sizeof said - 1, 0);
    assert_true(size >= 0);
    close(capture_fd);
    said[size] = 0;
    return said;
}

static void configure(enum log_level level, bool json, unsigned lines_per_s)
{
    struct log_settings settings = {.level = level, .json = json, .lines_per_s = lines_per_s};
    log_configure(&settings);
}

/* Sleeps until a second of the rations has just begun, so that a burst stays inside it. */
static void second_begin(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec next = {.tv_sec = now.tv_sec + 1, .tv_nsec = 1000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
}

static size_t lines_count(const char *text)
{
    size_t count = 0;
    for (; *text != 0; text++)
        count += *text == '\n';
    return count;
}

static void test_a_line_of_text(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 0);
    capture_start();
    log_warn("journal", "%d blocks of %s", 3, "segment 7");
    const char *text = capture_end();
    int64_t time_ns;
    assert_true(time_parse(bytes_of(text, 24), &time_ns));
    assert_true(time_ns > INT64_C(1700000000) * NS_PER_S);
    assert_string_equal(text + 24, " warn  journal: 3 blocks of segment 7\n");
}

static void test_levels(void **state)
{
    (void)state;
    static const size_t lines[] = {1, 2, 3, 4};
    for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        configure((enum log_level)level, false, 0);
        capture_start();
        log_error("room", "a");
        log_warn("room", "b");
        log_info("room", "c");
        log_debug("room", "d");
        assert_int_equal(lines_count(capture_end()), lines[level]);
        assert_true(log_enabled(LOG_ERROR));
        assert_int_equal(log_enabled(LOG_DEBUG), level == LOG_DEBUG);
    }
}

static void test_nothing_from_outside_can_forge_a_line(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 0);
    capture_start();
    log_info("mqtt", "client '%s' gone", "a\nb\tc\x1b[31m\x7f\xc2\x9b\xff温");
    assert_string_equal(capture_end() + 24,
                        " info  mqtt: client 'a\\nb\\tc\\x1b[31m\\x7f\\x9b\\xff温' gone\n");
}

static void test_json_is_json(void **state)
{
    (void)state;
    configure(LOG_INFO, true, 0);
    capture_start();
    log_error("mqtt", "\"%s\"", "a\\b\nc\x01\x1f\xc2\x85\xff温");
    json_error_t error;
    json_t *line = json_loads(capture_end(), 0, &error);
    assert_non_null(line);
    const char *level, *room, *text, *time;
    assert_int_equal(json_unpack(line, "{s:s,s:s,s:s,s:s}", "time", &time, "level", &level, "room",
                                 &room, "text", &text),
                     0);
    assert_int_equal(json_object_size(line), 4);
    assert_int_equal(lines_count(said), 1);
    int64_t time_ns;
    assert_true(time_parse(bytes_text(time), &time_ns));
    assert_string_equal(level, "error");
    assert_string_equal(room, "mqtt");
    assert_string_equal(text, "\"a\\b\nc\x01\x1f\xc2\x85\xef\xbf\xbd温\"");
    json_decref(line);
}

static size_t written_text_size(size_t size)
{
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = 0;
    capture_start();
    log_info("room", "%s", text);
    const char *line = capture_end();
    free(text);
    return strlen(line) - strlen("2026-11-22T15:00:00.250Z info  room: \n");
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 0);
    assert_int_equal(written_text_size(LOG_TEXT_MAX), LOG_TEXT_MAX);
    assert_null(strstr(said, "..."));
    assert_int_equal(written_text_size(LOG_TEXT_MAX + 1), LOG_TEXT_MAX);
    assert_non_null(strstr(said, "x...\n"));
    /* never inside a character */
    char text[LOG_TEXT_MAX + 8] = "";
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "温", 4);
    capture_start();
    log_info("room", "%s", text);
    const char *line = capture_end();
    assert_null(strstr(line, "\\x"));
    assert_non_null(strstr(line, "温...\n"));
}

/* The longest line there can be: every byte grows to an escape. */
static void test_a_line_of_escapes_fits(void **state)
{
    (void)state;
    char text[LOG_TEXT_MAX + 1];
    memset(text, 1, LOG_TEXT_MAX);
    text[LOG_TEXT_MAX] = 0;
    configure(LOG_INFO, true, 0);
    capture_start();
    log_info("room", "%s", text);
    assert_true(strlen(capture_end()) > 6 * LOG_TEXT_MAX);
}

static void test_a_ration_a_second(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 5);
    second_begin();
    capture_start();
    for (int i = 0; i < 5; i++)
        log_warn("flood", "line %d", i);
    size_t allowed = lines_count(capture_end());
    capture_start();
    for (int i = 5; i < 12; i++)
        log_warn("flood", "line %d", i);
    log_error("flood", "another level has its own");
    log_warn("calm", "another room too");
    assert_int_equal(lines_count(capture_end()), 2);
    assert_int_equal(allowed, 5);
    second_begin();
    capture_start();
    log_info("calm", "a new second");
    const char *text = capture_end();
    assert_int_equal(lines_count(text), 2);
    assert_non_null(
        strstr(text, " warn  flood: 7 more lines of this room and level were not written\n"));
    capture_start();
    log_warn("flood", "again");
    assert_int_equal(lines_count(capture_end()), 1);
}

static void test_flush_tells_at_once(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 1);
    second_begin();
    capture_start();
    log_info("flush", "a");
    log_info("flush", "b");
    log_flush();
    log_flush(); /* nothing is told twice */
    const char *text = capture_end();
    assert_int_equal(lines_count(text), 2);
    assert_non_null(strstr(text, "flush: 1 more lines"));
}

static void test_no_limit(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 0);
    capture_start();
    for (int i = 0; i < 500; i++)
        log_info("free", "line");
    assert_int_equal(lines_count(capture_end()), 500);
}

static void test_more_rooms_than_rations(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 1000);
    capture_start();
    for (int i = 0; i < 100; i++) {
        char room[64];
        snprintf(room, sizeof room, "a-room-with-a-long-name-%d", i);
        log_info(room, "line");
        snprintf(room, sizeof room, "room-%d", i);
        log_info(room, "line");
    }
    assert_int_equal(lines_count(capture_end()), 200);
}

static void test_errno_survives(void **state)
{
    (void)state;
    configure(LOG_INFO, false, 0);
    capture_start();
    close(STDERR_FILENO); /* the write fails */
    errno = EXDEV;
    log_info("room", "nobody hears it");
    assert_int_equal(errno, EXDEV);
    log_flush();
    assert_int_equal(errno, EXDEV);
    assert_string_equal(capture_end(), "");
}

static void *thread_main(void *arg)
{
    for (int i = 0; i < 500; i++)
        log_info("thread", "%s%s%s%s", (const char *)arg, (const char *)arg, (const char *)arg,
                 (const char *)arg);
    return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    static char letters[4][21] = {"aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb",
                                  "cccccccccccccccccccc", "dddddddddddddddddddd"};
    pthread_t threads[4];
    configure(LOG_INFO, false, 0);
    capture_start();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, letters[i]), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    char *text = (char *)(uintptr_t)capture_end();
    assert_int_equal(lines_count(text), 2000);
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        const char *word = end - 80;
        assert_int_equal(end - at, 24 + strlen(" info  thread: ") + 80);
        for (size_t i = 1; i < 80; i++)
            assert_int_equal(word[i], word[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_of_text),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_nothing_from_outside_can_forge_a_line),
        cmocka_unit_test(test_json_is_json),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_a_line_of_escapes_fits),
        cmocka_unit_test(test_a_ration_a_second),
        cmocka_unit_test(test_flush_tells_at_once),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_more_rooms_than_rations),
        cmocka_unit_test(test_errno_survives),
        cmocka_unit_test(test_lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
