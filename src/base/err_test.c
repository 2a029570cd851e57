#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_every_error_has_a_sentence(void **state)
{
    (void)state;
    for (int err = 0; err < ERR_COUNT; err++) {
        assert_non_null(err_text((enum err)err));
        assert_true(strlen(err_text((enum err)err)) > 0);
        assert_string_not_equal(err_text((enum err)err), "unknown error");
    }
    assert_int_equal(OK, 0);
    assert_string_equal(err_text(ERR_COUNT), "unknown error");
    assert_string_equal(err_text((enum err)200), "unknown error");
}

static void test_check_that_holds_says_nothing(void **state)
{
    (void)state;
    int count = 0;
    check(++count == 1);
    assert_int_equal(count, 1); /* evaluated once */
}

/* Runs check_failed in a child; returns its status and what it said. */
static int child_fail(const char *condition, char *said, size_t said_size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        check_failed(condition, "room/file.c", 42);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t got;
    while (used < said_size - 1 && (got = read(ends[0], said + used, said_size - 1 - used)) > 0)
        used += (size_t)got;
    said[used] = 0;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_check_that_fails_aborts(void **state)
{
    (void)state;
    char said[2048];
    int status = child_fail("a < b", said, sizeof said);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(said, "check failed: a < b at room/file.c:42\n");
}

static void test_check_with_a_long_condition_still_ends_its_line(void **state)
{
    (void)state;
    char said[2048], condition[1024];
    memset(condition, 'x', sizeof condition - 1);
    condition[sizeof condition - 1] = 0;
    child_fail(condition, said, sizeof said);
    assert_int_equal(strlen(said), 511);
    assert_int_equal(said[510], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_a_sentence),
        cmocka_unit_test(test_check_that_holds_says_nothing),
        cmocka_unit_test(test_check_that_fails_aborts),
        cmocka_unit_test(test_check_with_a_long_condition_still_ends_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
