/* PDFs read by a process that is shut in: real ones, hostile ones, and a reader that was taken
 * over. This program is the process, and the reader that was taken over as well: under the name
 * that the process gives it, it does what the bytes that it is given tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "documents/reader.h"
#include "documents/test_pdf.h"

#define TOOL "/usr/bin/pdftotext"

/* ---- a reader that was taken over --------------------------------------------------------------
 */
static void evil_try(const char *what, bool done)
{
    printf("%s %s\n", what, done ? "DONE" : "refused");
}

/* Reads a word and a path from its input, and tries all that it should not be able to do. */
static void evil_reach(const char *path)
{
    char other[500];
    char *words[] = {other, NULL}, *environment[] = {NULL};
    struct stat about;
    snprintf(other, sizeof other, "%s.new", path);
    evil_try("read", open(path, O_RDONLY) >= 0);
    evil_try("write", open(path, O_WRONLY) >= 0);
    evil_try("truncate", truncate(path, 0) == 0);
    evil_try("make", open(other, O_RDWR | O_CREAT, 0600) >= 0);
    evil_try("remove", unlink(path) == 0);
    evil_try("rename", rename(path, other) == 0);
    evil_try("link", link(path, other) == 0);
    evil_try("chmod", chmod(path, 0777) == 0);
    evil_try("folder", opendir("/tmp") != NULL);
    evil_try("passwd", open("/etc/passwd", O_RDONLY) >= 0);
    evil_try("memory", open("/proc/self/mem", O_RDONLY) >= 0);
    evil_try("socket", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    evil_try("unix", socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    evil_try("fork", fork() >= 0);
    evil_try("kill", kill(getppid(), 0) == 0);
    evil_try("ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
    evil_try("mount", chroot("/usr") == 0);
    evil_try("addresses", mmap(NULL, (size_t)READER_ADDRESSES, PROT_READ,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    evil_try("descriptor", fcntl(3, F_GETFD) >= 0 || fstat(3, &about) == 0);
    evil_try("environment", getenv("PATH") != NULL || getenv("HOME") != NULL);
    evil_try("shell", execve("/tmp/none", words, environment) == 0);
}

static int evil_main(void)
{
    static char said[400];
    size_t size = fread(said, 1, sizeof said - 1, stdin);
    said[size] = 0;
    if (strncmp(said, "reach ", 6) == 0)
        evil_reach(said + 6);
    else if (strcmp(said, "spin") == 0)
        for (volatile unsigned long i = 0;; i++)
            ;
    else if (strcmp(said, "sleep") == 0)
        for (;;)
            (void)poll(NULL, 0, 1000);
    else if (strcmp(said, "flood") == 0)
        while (fputs("words without end, \xe6\xb0\xb4\xe6\xb3\xb5 ", stdout) >= 0)
            ;
    else if (strcmp(said, "say") == 0)
        fputs("all of it", stdout);
    else if (strcmp(said, "bytes") == 0)
        fputs("\xff\xfe no text", stdout);
    else if (strcmp(said, "zero") == 0)
        fwrite("a\0b\n\xe6\xb0", 1, 6, stdout);
    else if (strncmp(said, "fill ", 5) == 0)
        for (long left = atol(said + 5); left > 0; left--)
            putchar('x');
    else if (strcmp(said, "die") == 0)
        __builtin_trap();
    fflush(stdout);
    return strcmp(said, "fail") == 0 ? 1 : 0;
}

/* What is built with sanitizers does not start within the limits. */
static void only_unsanitized(void)
{
    static const bool sanitized = SANITIZED;
    if (sanitized)
        skip();
}

/* ---- asking ------------------------------------------------------------------------------------
 */
static char self[256];

static enum document_text read_by(const char *tool, struct bytes pdf, int64_t wall_ns,
                                  char **ret_text)
{
    const struct documents_config config = {
        .reader = tool, .reader_wall_ns = wall_ns, .reader_cpu_s = wall_ns > READER_WALL_NS};
    struct reader reader;
    uint8_t *text = NULL;
    size_t size = 0;
    assert_int_equal(reader_init(&reader, &config), OK);
    enum document_text found = reader_read(&reader, pdf, &text, &size);
    reader_done(&reader);
    assert_true((text != NULL) == (found == DOCUMENT_TEXT_SEARCHED || found == DOCUMENT_TEXT_PART));
    assert_true(size <= READER_TEXT_MOST);
    *ret_text = malloc(size + 1);
    assert_non_null(*ret_text);
    if (size > 0)
        memcpy(*ret_text, text, size);
    (*ret_text)[size] = 0;
    assert_int_equal(strlen(*ret_text), size);
    free(text);
    return found;
}

#define assert_found(tool, pdf, wanted, text_wanted)                                               \
    do {                                                                                           \
        char *found_text;                                                                          \
        enum document_text found_is = read_by(tool, pdf, 0, &found_text);                          \
        if (found_is != (wanted))                                                                  \
            fail_msg("%s, and not %s: %.200s", document_text_word(found_is),                       \
                     document_text_word(wanted), found_text);                                      \
        if (strstr(found_text, text_wanted) == NULL)                                               \
            fail_msg("no %s in %.400s", text_wanted, found_text);                                  \
        free(found_text);                                                                          \
    } while (0)

static struct bytes file_read(const char *path, uint8_t *at, size_t capacity)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t size = fread(at, 1, capacity, file);
    assert_true(size > 0 && size < capacity);
    fclose(file);
    return bytes_of(at, size);
}

/* ---- real ones ---------------------------------------------------------------------------------
 */
static void test_what_a_browser_printed(void **arg)
{
    (void)arg;
    static uint8_t bytes[1 << 16];
    struct bytes pdf = file_read("tests/golden/documents/procedure.pdf", bytes, sizeof bytes);
    assert_found(TOOL, pdf, DOCUMENT_TEXT_SEARCHED,
                 "\xe6\xb6\x88\xe9\x98\xb2\xe6\xb0\xb4\xe6\xb3\xb5");
    assert_found(TOOL, pdf, DOCUMENT_TEXT_SEARCHED, "fire pump");
}

static void test_both_ways_to_say_chinese(void **arg)
{
    (void)arg;
    struct test_pdf pdf;
    test_pdf_begin(&pdf);
    test_pdf_page(&pdf, "BT /L 12 Tf 72 700 Td (The fire pump) Tj ET");
    assert_found(TOOL, test_pdf_end(&pdf), DOCUMENT_TEXT_SEARCHED, "The fire pump");
    /* GBK without a font in it and without a map: 循环水, then on the next line 泵房压力 */
    test_pdf_begin(&pdf);
    test_pdf_page(&pdf,
                  "BT /C 12 Tf 72 700 Td <d1adbbb7cbae> Tj 0 -14 Td <b1c3b7bfd1b9c1a6> Tj ET");
    assert_found(
        TOOL, test_pdf_end(&pdf), DOCUMENT_TEXT_SEARCHED,
        "\xe5\xbe\xaa\xe7\x8e\xaf\xe6\xb0\xb4\xe6\xb3\xb5\xe6\x88\xbf\xe5\x8e\x8b\xe5\x8a\x9b");
}

static void test_why_there_is_no_text(void **arg)
{
    (void)arg;
    struct test_pdf pdf;
    test_pdf_begin(&pdf);
    test_pdf_page(&pdf, "0 0 100 100 re f");
    assert_found(TOOL, test_pdf_end(&pdf), DOCUMENT_TEXT_EMPTY, "");
    test_pdf_begin(&pdf);
    pdf.locked = true;
    test_pdf_page(&pdf, "BT /L 12 Tf 72 700 Td (hidden) Tj ET");
    assert_found(TOOL, test_pdf_end(&pdf), DOCUMENT_TEXT_PROTECTED, "");
    assert_found(TOOL, bytes_text("no PDF at all"), DOCUMENT_TEXT_DAMAGED, "");
    assert_found(TOOL, bytes_text("%PDF-1.7\n\x01\x02\x03"), DOCUMENT_TEXT_DAMAGED, "");
    assert_found("/usr/bin/there-is-no-such-program", bytes_text("x"), DOCUMENT_TEXT_NO_READER, "");
    assert_found("", bytes_text("x"), DOCUMENT_TEXT_NO_READER, "");
    assert_found(NULL, bytes_text("x"), DOCUMENT_TEXT_NO_READER, "");
}

/* ---- hostile ones ------------------------------------------------------------------------------
 */
/* Forms that draw the next one ten times each, twelve deep. */
static void test_a_bomb_of_forms(void **arg)
{
    (void)arg;
    struct test_pdf pdf;
    char *text;
    test_pdf_begin(&pdf);
    test_pdf_nest(&pdf, 12);
    test_pdf_page(&pdf, "BT /L 12 Tf 72 700 Td (before) Tj ET /F0 Do");
    int64_t began_ns = clock_real()->boot_ns(clock_real());
    enum document_text found = read_by(TOOL, test_pdf_end(&pdf), 2 * NS_PER_S, &text);
    assert_int_equal(found, DOCUMENT_TEXT_LIMITS);
    assert_true(clock_real()->boot_ns(clock_real()) - began_ns < 20 * NS_PER_S);
    free(text);
}

/* Every byte of a real one changed once in a while: whatever is said of it, it comes back. */
static void test_garbage_comes_back(void **arg)
{
    (void)arg;
    static uint8_t bytes[1 << 16];
    struct bytes pdf = file_read("tests/golden/documents/procedure.pdf", bytes, sizeof bytes);
    uint64_t luck = 88172645463325252u;
    for (int round = 0; round < 40; round++) {
        char *text;
        for (int i = 0; i < 20; i++) {
            luck ^= luck << 13;
            luck ^= luck >> 7;
            luck ^= luck << 17;
            bytes[luck % pdf.size] = (uint8_t)(luck >> 32);
        }
        enum document_text found = read_by(TOOL, bytes_of(bytes, pdf.size - luck % 100), 0, &text);
        assert_true(found != DOCUMENT_TEXT_WAITING && found != DOCUMENT_TEXT_NO_READER &&
                    found != DOCUMENT_TEXT_UNCONFINED);
        free(text);
    }
}

/* ---- a reader that was taken over --------------------------------------------------------------
 */
static void test_it_reaches_nothing(void **arg)
{
    (void)arg;
    char path[64] = "/tmp/reader_test_XXXXXX", said[100], *text;
    struct stat about;
    only_unsanitized();
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "secret", 6) == 6);
    size_t size = (size_t)snprintf(said, sizeof said, "reach %s", path);
    assert_int_equal(read_by(self, bytes_of(said, size), 0, &text), DOCUMENT_TEXT_SEARCHED);
    if (strstr(text, "shell refused") == NULL || strstr(text, "DONE") != NULL)
        fail_msg("it reached: %s", text);
    free(text);
    assert_true(fstat(fd, &about) == 0 && about.st_size == 6 && about.st_nlink == 1);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void test_it_ends(void **arg)
{
    (void)arg;
    char *text;
    only_unsanitized();
    int64_t began_ns = clock_real()->boot_ns(clock_real());
    assert_int_equal(read_by(self, bytes_text("sleep"), NS_PER_S / 2, &text), DOCUMENT_TEXT_LIMITS);
    free(text);
    assert_int_equal(read_by(self, bytes_text("spin"), NS_PER_S / 2, &text), DOCUMENT_TEXT_LIMITS);
    free(text);
    assert_true(clock_real()->boot_ns(clock_real()) - began_ns < 10 * NS_PER_S);
}

static void test_its_processor_time_ends(void **arg)
{
    (void)arg;
    char *text; /* the clock on the wall would let it go on */
    only_unsanitized();
    assert_int_equal(read_by(self, bytes_text("spin"), 300 * NS_PER_S, &text),
                     DOCUMENT_TEXT_LIMITS);
    free(text);
}

static void test_what_it_says_is_limited(void **arg)
{
    (void)arg;
    char *text;
    only_unsanitized();
    assert_int_equal(read_by(self, bytes_text("flood"), 0, &text), DOCUMENT_TEXT_PART);
    assert_true(strlen(text) <= READER_TEXT_MOST && strlen(text) > READER_TEXT_MOST - 4);
    free(text);
    assert_found(self, bytes_text("say"), DOCUMENT_TEXT_SEARCHED, "all of it");
    assert_found(self, bytes_text("bytes"), DOCUMENT_TEXT_DAMAGED, "");
    assert_found(self, bytes_text("zero"), DOCUMENT_TEXT_SEARCHED, "a b\n");
    assert_found(self, bytes_text("die"), DOCUMENT_TEXT_DAMAGED, "");
    assert_found(self, bytes_text("fail"), DOCUMENT_TEXT_DAMAGED, "");
}

/* The text's own limit, at both sides: nothing more than the limit is a whole text. */
static void test_a_text_of_just_the_limit(void **arg)
{
    (void)arg;
    char *text;
    only_unsanitized();
    for (int more = 0; more < 2; more++) {
        char said[40];
        size_t size =
            (size_t)snprintf(said, sizeof said, "fill %zu", READER_TEXT_MOST + (size_t)more);
        assert_int_equal(read_by(self, bytes_of(said, size), 0, &text),
                         more ? DOCUMENT_TEXT_PART : DOCUMENT_TEXT_SEARCHED);
        assert_int_equal(strlen(text), READER_TEXT_MOST);
        free(text);
    }
}

static void test_who_stops_waits_for_nobody(void **arg)
{
    (void)arg;
    const struct documents_config config = {.reader = self};
    struct reader reader;
    uint8_t *text;
    size_t size;
    assert_int_equal(reader_init(&reader, &config), OK);
    reader_stop(&reader);
    assert_int_equal(reader_read(&reader, bytes_text("sleep"), &text, &size),
                     DOCUMENT_TEXT_WAITING);
    reader_done(&reader);
}

int main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], DOCUMENTS_READER_VERB) == 0)
        return documents_reader_main(count - 2, words + 2);
    if (strcmp(words[0], "pdftotext") == 0)
        return evil_main();
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size <= 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_browser_printed),
        cmocka_unit_test(test_both_ways_to_say_chinese),
        cmocka_unit_test(test_why_there_is_no_text),
        cmocka_unit_test(test_a_bomb_of_forms),
        cmocka_unit_test(test_garbage_comes_back),
        cmocka_unit_test(test_who_stops_waits_for_nobody),
        cmocka_unit_test(test_it_reaches_nothing),
        cmocka_unit_test(test_it_ends),
        cmocka_unit_test(test_its_processor_time_ends),
        cmocka_unit_test(test_what_it_says_is_limited),
        cmocka_unit_test(test_a_text_of_just_the_limit),
    };
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
