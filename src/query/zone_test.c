/* Time zones: offsets that are known, days of 23 and 25 hours, the rule of the footer, and files
 * that are none. The scenario history_http holds calendar buckets against Python's zoneinfo. */
#include "query/zone.h"

#include "query/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct disk *zones;

static struct zone *zone_named(const char *name)
{
    struct zone *zone = NULL;
    assert_int_equal(zone_open(zones, name, &zone), OK);
    return zone;
}

static int64_t utc_of(const char *text)
{
    int64_t ns = 0;
    assert_true(time_parse(bytes_text(text), &ns));
    return ns / NS_PER_S;
}

static void offsets_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *utc;
        int32_t offset;
    } rows[] = {{"Europe/Berlin", "2026-01-15T00:00:00Z", 3600},
                {"Europe/Berlin", "2026-03-29T00:59:59Z", 3600},
                {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
                {"Europe/Berlin", "2026-10-25T00:59:59Z", 7200},
                {"Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
                {"Europe/Berlin", "2150-07-01T00:00:00Z", 7200}, /* by the rule */
                {"Asia/Shanghai", "1989-07-01T00:00:00Z", 9 * 3600},
                {"Asia/Shanghai", "2026-07-01T00:00:00Z", 8 * 3600},
                {"Asia/Kolkata", "2026-07-01T00:00:00Z", 19800},
                {"Asia/Kathmandu", "2026-07-01T00:00:00Z", 20700},
                {"Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600}, /* half an hour of summer */
                {"Australia/Lord_Howe", "2026-07-01T00:00:00Z", 37800},
                {"Europe/Dublin", "2026-07-01T00:00:00Z", 3600}, /* winter is the exception */
                {"Europe/Dublin", "2100-01-01T00:00:00Z", 0},
                {"America/Sao_Paulo", "2026-01-01T00:00:00Z", -10800},
                {"America/New_York", "1970-01-01T00:00:00Z", -18000},
                {"UTC", "2026-01-01T00:00:00Z", 0},
                {"", "2026-01-01T00:00:00Z", 0}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct zone *zone = zone_named(rows[i].zone);
        int32_t offset = zone_offset(zone, utc_of(rows[i].utc));
        if (offset != rows[i].offset)
            fail_msg("%s at %s: %d, not %d", rows[i].zone, rows[i].utc, offset, rows[i].offset);
        zone_close(zone);
    }
}

static void local_midnights_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int year, month, day;
        const char *utc;
    } rows[] = {{"Europe/Berlin", 2026, 3, 29, "2026-03-28T23:00:00Z"},
                {"Europe/Berlin", 2026, 3, 30, "2026-03-29T22:00:00Z"},
                {"America/Sao_Paulo", 2018, 11, 4, "2018-11-04T03:00:00Z"}, /* 00:00 never was */
                {"Pacific/Apia", 2011, 12, 30, "2011-12-30T10:00:00Z"},     /* nor was this day */
                {"Pacific/Apia", 2011, 12, 31, "2011-12-30T10:00:00Z"},
                {"America/Havana", 2026, 11, 1, "2026-11-01T04:00:00Z"}}; /* 00:00 comes twice */
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct zone *zone = zone_named(rows[i].zone);
        int64_t local = zone_days(rows[i].year, rows[i].month, rows[i].day) * 86400;
        int64_t utc = zone_utc(zone, local);
        if (utc != utc_of(rows[i].utc))
            fail_msg("%s %d-%d-%d: %lld, not %s", rows[i].zone, rows[i].year, rows[i].month,
                     rows[i].day, (long long)utc, rows[i].utc);
        zone_close(zone);
    }
}

/* There and back, for each hour of some years: what local clocks show comes from a second whose
 * local time that is, and it is the first one. */
static void local_times_go_there_and_back(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca",
                                        "America/St_Johns", "Asia/Tehran"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct zone *zone = zone_named(names[i]);
        for (int64_t utc = utc_of("2005-01-01T00:00:00Z"); utc < utc_of("2031-01-01T00:00:00Z");
             utc += 1800) {
            int64_t local = utc + zone_offset(zone, utc), back = zone_utc(zone, local);
            if (back > utc || back + zone_offset(zone, back) != local)
                fail_msg("%s: local second %lld of %lld is said to be %lld", names[i],
                         (long long)local, (long long)utc, (long long)back);
        }
        zone_close(zone);
    }
}

static void names_that_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Mars/Olympus",   "America",        "../passwd", "/etc/passwd", "Europe//Berlin",
        "Europe/Berlin/", "Europe/Ber lin", ".",         "tzdata.zi.",  "posixrules\n"};
    struct zone *zone = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_int_equal(zone_open(zones, names[i], &zone), ERR_MISSING);
    assert_int_equal(zone_open(NULL, "Europe/Berlin", &zone), ERR_MISSING);
    assert_int_equal(zone_open(zones, "zone1970_tab", &zone), ERR_MISSING);
}

/* A file with one type and this footer. */
static size_t file_make(uint8_t *at, const char *footer)
{
    size_t size = 0;
    for (int part = 0; part < 2; part++) {
        memset(at + size, 0, 44 + 6 + 4);
        memcpy(at + size, "TZif2", 5);
        at[size + 39] = 1; /* types */
        at[size + 43] = 4; /* characters */
        size += 44 + 6 + 4;
    }
    at[size++] = '\n';
    memcpy(at + size, footer, strlen(footer));
    size += strlen(footer);
    at[size++] = '\n';
    return size;
}

static void footers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *footer;
        enum err err;
        const char *utc;
        int32_t offset;
    } rows[] = {{"<+0330>-3:30", OK, "2026-01-01T00:00:00Z", 12600},
                {"EST5EDT,M3.2.0,M11.1.0", OK, "2026-07-01T00:00:00Z", -14400},
                {"EST5EDT,M3.2.0,M11.1.0", OK, "2026-12-01T00:00:00Z", -18000},
                {"AEST-10AEDT,M10.1.0,M4.1.0/3", OK, "2026-01-01T00:00:00Z", 39600},
                {"XYZ3EDT4,0/0,J365/23", OK, "2026-06-01T00:00:00Z", -14400}, /* RFC 8536, 3.3.1 */
                {"A", ERR_CORRUPT, NULL, 0},
                {"EST", ERR_CORRUPT, NULL, 0},
                {"EST25", ERR_CORRUPT, NULL, 0},
                {"EST5EDT", ERR_CORRUPT, NULL, 0},
                {"EST5EDT,M13.2.0,M11.1.0", ERR_CORRUPT, NULL, 0},
                {"EST5EDT,M3.6.0,M11.1.0", ERR_CORRUPT, NULL, 0},
                {"EST5EDT,M3.2.7,M11.1.0", ERR_CORRUPT, NULL, 0},
                {"EST5EDT,J0,J365", ERR_CORRUPT, NULL, 0},
                {"EST5EDT,M3.2.0/168,M11.1.0", ERR_CORRUPT, NULL, 0},
                {"<+03-3", ERR_CORRUPT, NULL, 0}};
    uint8_t file[512];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct zone *zone = NULL;
        size_t size = file_make(file, rows[i].footer);
        enum err err = zone_read(bytes_of(file, size), &zone);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].footer, err_text(err));
        if (err == OK)
            assert_int_equal(zone_offset(zone, utc_of(rows[i].utc)), rows[i].offset);
        zone_close(zone);
    }
}

/* Cut anywhere, with any byte changed: an answer, and no read outside (under the sanitizers). */
static void damaged_files_are_refused_or_harmless(void **state)
{
    (void)state;
    struct disk_file *file = NULL;
    uint64_t size = 0;
    size_t got = 0;
    assert_int_equal(zones->open(zones, "Europe/Berlin", DISK_READ, &file), OK);
    assert_int_equal(zones->size(zones, file, &size), OK);
    uint8_t *at = malloc((size_t)size);
    assert_int_equal(zones->read(zones, file, 0, at, (size_t)size, &got), OK);
    zones->close(zones, file);
    for (size_t cut = 0; cut < got; cut++) {
        struct zone *zone = NULL;
        uint8_t *part = malloc(cut + 1);
        memcpy(part, at, cut);
        if (zone_read(bytes_of(part, cut), &zone) == OK)
            (void)zone_utc(zone, INT64_C(1700000000));
        zone_close(zone);
        free(part);
    }
    for (size_t i = 0; i < got; i++) {
        struct zone *zone = NULL;
        at[i] ^= 0x81;
        if (zone_read(bytes_of(at, got), &zone) == OK) {
            (void)zone_utc(zone, INT64_C(1700000000));
            (void)zone_utc(zone, INT64_C(7000000000));
        }
        zone_close(zone);
        at[i] ^= 0x81;
    }
    free(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(offsets_are_known),
                                       cmocka_unit_test(local_midnights_are_known),
                                       cmocka_unit_test(local_times_go_there_and_back),
                                       cmocka_unit_test(names_that_are_none),
                                       cmocka_unit_test(footers_are_read),
                                       cmocka_unit_test(damaged_files_are_refused_or_harmless)};
    if (disk_real_open(QUERY_ZONES_FOLDER, false, &zones) != OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    disk_real_close(zones);
    return failed;
}
