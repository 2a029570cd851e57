#include "cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(uint64_t done, uint64_t all, uint64_t first, int64_t took_ns, const char *extra,
                   const char *wanted)
{
    char text[200];
    progress_text("copying", done, all, first, took_ns, extra, text, sizeof text);
    assert_string_equal(text, wanted);
}

static void test_text(void **state)
{
    (void)state;
    expect(0, 0, 0, 0, "", "copying 0 B");
    expect(1024, 4096, 0, NS_PER_MS, "", "copying 1.0 KiB of 4.0 KiB, 25 %");
    expect(1024, 4096, 0, NS_PER_S, "5 files",
           "copying 1.0 KiB of 4.0 KiB, 25 %, 1.0 KiB/s, 4 s left, 5 files");
    expect(3072, 4096, 1024, NS_PER_S, "", "copying 3.0 KiB of 4.0 KiB, 75 %, 2.0 KiB/s, 1 s left");
    expect(4096, 4096, 0, NS_PER_S, "", "copying 4.0 KiB of 4.0 KiB, 100 %, 4.0 KiB/s");
    expect(5000, 4096, 0, 0, "", "copying 4.9 KiB of 4.0 KiB, 100 %");
}

/* However short the room is, it is kept. */
static void test_room(void **state)
{
    char text[64], whole[200];
    (void)state;
    progress_text("copying", 1024, 4096, 0, NS_PER_S, "much more", whole, sizeof whole);
    for (size_t size = 1; size < sizeof text; size++) {
        memset(text, 'x', sizeof text);
        progress_text("copying", 1024, 4096, 0, NS_PER_S, "much more", text, size);
        assert_true(strlen(text) < size && strncmp(text, whole, strlen(text)) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
