/* The list of segments, read while a running house replaces its files. */
#include "journal/segment_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char folder[] = "/tmp/segment_file_test.XXXXXX";
static struct disk *disk;

static int folder_setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(disk_real_open(folder, true, &disk), OK);
    assert_int_equal(disk->make_folder(disk, JOURNAL_FOLDER), OK);
    return 0;
}

static int folder_teardown(void **state)
{
    (void)state;
    char command[64];
    disk_real_close(disk);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void file_put(uint64_t number, enum segment_part part, enum segment_kind kind)
{
    uint8_t block[SEGMENT_HEADER_SIZE];
    char name[SEGMENT_NAME_SIZE];
    struct disk_file *file;
    segment_header_put(block, &(struct segment_header){.version = FORMAT_VERSION,
                                                       .kind = (uint8_t)kind,
                                                       .number = number,
                                                       .epoch = number,
                                                       .generation = (uint32_t)number,
                                                       .first_position = 7});
    segment_name(name, number, part);
    assert_int_equal(disk->open(disk, name, DISK_WRITE | DISK_CREATE, &file), OK);
    assert_int_equal(disk->write(disk, file, 0, block, sizeof block), OK);
    disk->close(disk, file);
}

/* What the house does between the listing and the look at the headers. */
static enum err (*list_real)(struct disk *, const char *, void (*)(void *, const char *, uint64_t),
                             void *);
static enum err list_then_squeeze(struct disk *port, const char *path,
                                  void (*each)(void *, const char *, uint64_t), void *arg)
{
    enum err err = list_real(port, path, each, arg);
    char name[SEGMENT_NAME_SIZE];
    file_put(1, PART_FACTS, SEGMENT_FACTS);
    file_put(1, PART_SAMPLES, SEGMENT_SAMPLES);
    file_put(1, PART_MESSAGES, SEGMENT_MESSAGES);
    segment_name(name, 1, PART_OPEN);
    assert_int_equal(port->remove(port, name), OK);
    return err;
}

static void a_segment_squeezed_meanwhile_is_found(void **state)
{
    (void)state;
    struct segment_list list = {0};
    char newer[SEGMENT_NAME_SIZE];
    uint32_t version;
    file_put(1, PART_OPEN, SEGMENT_OPEN);
    file_put(2, PART_OPEN, SEGMENT_OPEN);
    list_real = disk->list;
    disk->list = list_then_squeeze;
    assert_int_equal(segment_list_read(disk, &list, newer, &version), OK);
    disk->list = list_real;
    assert_int_equal(list.count, 2);
    assert_int_equal(list.at[0].parts,
                     PART_BIT(PART_FACTS) | PART_BIT(PART_SAMPLES) | PART_BIT(PART_MESSAGES));
    assert_int_equal(list.at[0].header_err, OK);
    assert_int_equal(list.at[0].header.first_position, 7);
    assert_int_equal(list.at[1].parts, PART_BIT(PART_OPEN));
    segment_list_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        a_segment_squeezed_meanwhile_is_found, folder_setup, folder_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
