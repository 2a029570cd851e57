/* Statements against an engine with its history: answers, what is asked for, what is refused. */
#include "sql/test_house.h"

#define TEMPS 100

/* Two presses with three values each, of which 100 samples were taken a minute apart from
 * 2026-03-01 on; a state as text, a running flag and a counter. */
static void fill(struct sql_house *house)
{
    char payload[256];
    for (int press = 1; press <= 2; press++) { /* JSON's numbers are float64 unless told */
        char path[64];
        snprintf(path, sizeof path, "plant/line-%d/press/parts", press);
        struct command command = {.kind = COMMAND_CREATE,
                                  .tenant = TENANT_DEFAULT,
                                  .path = bytes_text(path),
                                  .settings = {.has = HAS_TYPE, .type = VALUE_INT64}};
        house_command(house, &command);
    }
    for (int i = 0; i < TEMPS; i++)
        for (int press = 1; press <= 2; press++) {
            char topic[64];
            snprintf(topic, sizeof topic, "plant/line-%d/press", press);
            snprintf(payload, sizeof payload,
                     "{\"temp\":%d.5,\"parts\":%d,\"running\":%s,\"state\":\"s%d\","
                     "\"time\":\"2026-03-01T%02d:%02d:00Z\"}",
                     i + press, i * 3, i % 2 ? "true" : "false", i % 5, i / 60, i % 60);
            house_publish(house, topic, payload);
        }
    house_settle(house);
}

static int setup(void **state)
{
    struct sql_house *house = house_create();
    fill(house);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static void test_points_are_listed(void **state)
{
    assert_sql(*state, "select path, type, level1, level3, level4 from points order by path",
               "path,type,level1,level3,level4\r\n"
               "plant/line-1/press/parts,int64,plant,press,parts\r\n"
               "plant/line-1/press/running,bool,plant,press,running\r\n"
               "plant/line-1/press/state,string,plant,press,state\r\n"
               "plant/line-1/press/temp,float64,plant,press,temp\r\n"
               "plant/line-2/press/parts,int64,plant,press,parts\r\n"
               "plant/line-2/press/running,bool,plant,press,running\r\n"
               "plant/line-2/press/state,string,plant,press,state\r\n"
               "plant/line-2/press/temp,float64,plant,press,temp\r\n");
    assert_sql(*state, "select count(*) from points where path glob 'plant/line-1/*'",
               "count(*)\r\n4\r\n");
    assert_sql(*state, "select count(*) from points where path like 'PLANT/LINE-1/%T%'",
               "count(*)\r\n3\r\n");
    assert_sql(*state, "select path from points where path = 'plant/line-2/press/temp'",
               "path\r\nplant/line-2/press/temp\r\n");
    assert_sql(*state,
               "select path from points where path in ('plant/line-2/press/temp', 'x', "
               "'plant/line-1/press/temp', 'x') order by 1",
               "path\r\nplant/line-1/press/temp\r\nplant/line-2/press/temp\r\n");
    assert_sql(*state, "select path from points where point in (1, 1, 2.5, null, -4, 99999)",
               "path\r\nplant/line-1/press/parts\r\n");
    assert_sql(*state, "select path from points where path glob '*[12]/press/t*' order by 1",
               "path\r\nplant/line-1/press/temp\r\nplant/line-2/press/temp\r\n");
}

static void test_live_values(void **state)
{
    assert_sql(*state,
               "select path, value, text, quality, limit_state, time_text(time) as t from live "
               "where path glob 'plant/line-1/*' order by path",
               "path,value,text,quality,limit_state,t\r\n"
               "plant/line-1/press/parts,297,,good,none,2026-03-01T01:39:00Z\r\n"
               "plant/line-1/press/running,1,,good,none,2026-03-01T01:39:00Z\r\n"
               "plant/line-1/press/state,,s4,good,none,2026-03-01T01:39:00Z\r\n"
               "plant/line-1/press/temp,100.5,,good,none,2026-03-01T01:39:00Z\r\n");
}

/* Each in memory and again from parts: the answers are the same. */
static void samples_are_right(struct sql_house *house)
{
    assert_sql(house, "select count(*), count(distinct point) from samples",
               "count(*),count(distinct point)\r\n800,8\r\n");
    assert_sql(house,
               "select count(*), min(value), max(value), avg(value), sum(value) from samples where "
               "path = 'plant/line-1/press/temp'",
               "count(*),min(value),max(value),avg(value),sum(value)\r\n"
               "100,1.5,100.5,51,5100\r\n");
    assert_sql(house,
               "select time_text(time), value from samples where path = 'plant/line-1/press/temp' "
               "and time >= time_ns('2026-03-01T00:10:00Z') and time < "
               "time_ns('2026-03-01T00:12:00Z')",
               "time_text(time),value\r\n"
               "2026-03-01T00:10:00Z,11.5\r\n2026-03-01T00:11:00Z,12.5\r\n");
    assert_sql(house,
               "select time_text(time), value from samples where path = 'plant/line-1/press/temp' "
               "order by time desc limit 2",
               "time_text(time),value\r\n"
               "2026-03-01T01:39:00Z,100.5\r\n2026-03-01T01:38:00Z,99.5\r\n");
    assert_sql(house,
               "select path, count(*), max(time_text(time)) from samples where path glob "
               "'*/temp' group by path",
               "path,count(*),max(time_text(time))\r\n"
               "plant/line-1/press/temp,100,2026-03-01T01:39:00Z\r\n"
               "plant/line-2/press/temp,100,2026-03-01T01:39:00Z\r\n");
    assert_sql(
        house,
        "select text, count(*) from samples where path = 'plant/line-2/press/state' group by "
        "text",
        "text,count(*)\r\ns0,20\r\ns1,20\r\ns2,20\r\ns3,20\r\ns4,20\r\n");
    assert_sql(house,
               "select sum(value), typeof(max(value)), quality from samples where path = "
               "'plant/line-2/press/running'",
               "sum(value),typeof(max(value)),quality\r\n50,integer,good\r\n");
    assert_sql(house, "select point, count(*) from samples group by point having count(*) <> 100",
               "point,count(*)\r\n");
    assert_sql(house, "select point, time from samples order by point, time desc limit 1",
               "point,time\r\n1,1772329140000000000\r\n");
    assert_sql(house,
               "select s.value - t.value as d, count(*) from samples s join samples t on s.time = "
               "t.time where s.path = 'plant/line-2/press/temp' and t.path = "
               "'plant/line-1/press/temp' group by d",
               "d,count(*)\r\n1,100\r\n");
}

static void buckets_are_right(struct sql_house *house)
{
    assert_sql(house,
               "select time_text(time), count, sum, min, max, mean, first, last, time_mean, "
               "round(stddev, 6) from buckets('plant/line-1/press/temp', '2026-03-01', "
               "'2026-03-02', '1h')",
               "time_text(time),count,sum,min,max,mean,first,last,time_mean,"
               "\"round(stddev, 6)\"\r\n"
               "2026-03-01T00:00:00Z,60,1860,1.5,60.5,31,1.5,60.5,31,17.464249\r\n"
               "2026-03-01T01:00:00Z,40,3240,61.5,100.5,81,61.5,100.5,87.5,11.690452\r\n");
    assert_sql(house,
               "select path, sum(count), min(min), max(max) from buckets('plant/+/press/*', "
               "'2026-03-01', '2026-03-02', '10m') group by path",
               "path,sum(count),min(min),max(max)\r\n"
               "plant/line-1/press/parts,100,0,297\r\n"
               "plant/line-1/press/running,100,0,1\r\n"
               "plant/line-1/press/state,100,,\r\n"
               "plant/line-1/press/temp,100,1.5,100.5\r\n"
               "plant/line-2/press/parts,100,0,297\r\n"
               "plant/line-2/press/running,100,0,1\r\n"
               "plant/line-2/press/state,100,,\r\n"
               "plant/line-2/press/temp,100,2.5,101.5\r\n");
    assert_sql(house,
               "select count(*) from buckets('plant/#', '2026-03-01', '2026-03-02', '1mo') where "
               "path glob '*/temp'",
               "count(*)\r\n2\r\n");
}

static void test_samples_and_buckets(void **state)
{
    samples_are_right(*state);
    buckets_are_right(*state);
    house_seal(*state);
    samples_are_right(*state);
    buckets_are_right(*state);
}

static void test_summaries_answer_what_only_counts(void **state)
{
    struct sql_house *house = *state;
    house_seal(house);
    char *text = house_wait(house, house_ask(house, "select path, count(*) from samples group by 1",
                                             SQL_JSON, 100, NULL, 0));
    assert_non_null(strstr(text, "\"rows\":[[\"plant/line-1/press/parts\",100]"));
    assert_non_null(strstr(text, "\"samples\":0,"));
    assert_null(strstr(text, "\"summaries\":0,"));
    free(text);
    text = house_wait(house, house_ask(house,
                                       "select sum from buckets('plant/line-1/press/temp', "
                                       "'2026-03-01', '2026-03-02', '1d')",
                                       SQL_JSON, 100, NULL, 0));
    assert_non_null(strstr(text, "\"rows\":[[5100]]"));
    assert_non_null(strstr(text, "\"samples\":0,"));
    free(text);
}

static void reading(struct sql_house *house, const char *path, int minute, double real,
                    uint8_t quality, bool present)
{
    struct payload_reading reading = {.value = value_of_real(real)};
    struct payload_group group = {.has_time = true,
                                  .time_ns =
                                      INT64_C(1772323200) * NS_PER_S + minute * 60 * NS_PER_S,
                                  .count = 1,
                                  .readings = &reading};
    struct admitted admitted;
    enum admit admit;
    reading.value.quality = quality;
    reading.value.present = present;
    while ((admit = engine_readings(house->engine, &house->publisher, bytes_text(path), &group,
                                    &admitted)) == ADMIT_WAIT)
        (void)house_step(house);
    assert_int_equal(admit, ADMIT_DONE);
}

/* Qualities and the lack of a value are told, and bad values are folded nowhere. */
static void test_qualities(void **state)
{
    struct sql_house *house = *state;
    reading(house, "lab/ph", 0, 10, QUALITY_GOOD, true);
    reading(house, "lab/ph", 1, 99, QUALITY_BAD, true);
    reading(house, "lab/ph", 2, 20, QUALITY_UNCERTAIN, true);
    reading(house, "lab/ph", 3, 0, QUALITY_BAD_NO_VALUE, false);
    house_settle(house);
    for (int sealed = 0; sealed < 2; sealed++) {
        assert_sql(house, "select value, quality from samples where path = 'lab/ph'",
                   "value,quality\r\n10,good\r\n99,bad\r\n20,uncertain\r\n,bad.no_value\r\n");
        assert_sql(house,
                   "select count, sum, max, time_mean from buckets('lab/ph', '2026-03-01', "
                   "'2026-03-02', '1d')",
                   "count,sum,max,time_mean\r\n2,30,20,15\r\n");
        assert_sql(house,
                   "select count, sum, max from buckets('lab/ph', '2026-03-01', '2026-03-02', "
                   "'1d')",
                   "count,sum,max\r\n2,30,20\r\n");
        assert_sql(house, "select count(*), count(value) from samples where path = 'lab/ph'",
                   "count(*),count(value)\r\n4,3\r\n");
        house_seal(house);
    }
}

static void test_labels(void **state)
{
    struct sql_house *house = *state;
    struct label labels[] = {{bytes_text("line"), bytes_text("1")},
                             {bytes_text("a \"b\""), bytes_text("x\ny")}};
    struct command command = {.kind = COMMAND_CHANGE,
                              .tenant = TENANT_DEFAULT,
                              .path = bytes_text("plant/line-1/press/temp"),
                              .settings = {.has = HAS_LABELS, .labels = labels, .label_count = 2}};
    house_command(house, &command);
    assert_sql(house, "select path from points where labels match 'line:1'",
               "path\r\nplant/line-1/press/temp\r\n");
    assert_sql(house, "select count(*) from samples where labels match 'line'",
               "count(*)\r\n100\r\n");
    assert_sql(house, "select count(*) from live where labels match 'line:2'", "count(*)\r\n0\r\n");
    assert_sql(house,
               "select label(labels, 'line'), label(labels, 'a \"b\"'), label(labels, 'c') from "
               "points where label(labels, 'line') = '1'",
               "\"label(labels, 'line')\",\"label(labels, 'a \"\"b\"\"')\",\"label(labels, 'c')\""
               "\r\n1,\"x\ny\",\r\n");
}

static void test_retired_points(void **state)
{
    struct sql_house *house = *state;
    struct command command = {.kind = COMMAND_RETIRE,
                              .tenant = TENANT_DEFAULT,
                              .path = bytes_text("plant/line-1/press/parts")};
    house_command(house, &command);
    assert_sql(house, "select count(*) from points", "count(*)\r\n7\r\n");
    assert_sql(house, "select path, retired from points where retired = 1",
               "path,retired\r\nplant/line-1/press/parts,1\r\n");
    assert_sql(house,
               "select point from points where retired = 1 and path = 'plant/line-1/press/parts'",
               "point\r\n1\r\n");
    assert_sql(house, "select path from points where point = 1",
               "path\r\nplant/line-1/press/parts\r\n");
    assert_sql(house, "select count(*) from samples where point = 1", "count(*)\r\n100\r\n");
    assert_sql(house, "select count(*) from samples where path = 'plant/line-1/press/parts'",
               "count(*)\r\n0\r\n");
}

static void test_plans_are_told(void **state)
{
    static const struct {
        const char *statement, *plan;
    } plans[] = {
        {"select * from samples where path glob 'a/*' and time >= 1 and time < 5",
         "path GLOB, time>=, time<"},
        {"select * from samples where path = 'a' order by time desc limit 1",
         "path=, newest first"},
        {"select path, count(*) from samples group by path", "all points, in order"},
        {"select * from points where labels match 'a:b'", "labels MATCH"},
        {"select * from live where point in (1, 2, 3)", "point IN"},
        {"select * from samples order by point, time", "all points, in order"},
        {"select * from buckets('#', 'now-1d', 'now', '1h') where path like 'a%'",
         "path LIKE, match, from, to, step"},
        {"select * from points p join samples s on s.point = p.point where p.path = 'a'", "point="},
    };
    char text[256];
    for (size_t i = 0; i < ARRAY_COUNT(plans); i++) {
        snprintf(text, sizeof text, "explain query plan %s", plans[i].statement);
        assert_sql_has(*state, text, plans[i].plan);
    }
    /* What the plan says it orders, SQLite does not order again. */
    char *told =
        house_sql(*state, "explain query plan select * from samples where path = 'a' order "
                          "by time desc");
    assert_null(strstr(told, "TEMP B-TREE"));
    free(told);
}

/* The tree is walked in the order of people, m9 before m10; SQL's order is that of bytes. */
static void test_groups_come_in_the_order_asked_for(void **state)
{
    struct sql_house *house = *state;
    house_publish(house, "order/m9", "1");
    house_publish(house, "order/m10", "2");
    house_settle(house);
    assert_sql(house,
               "select path, count(*) as n from samples where path glob 'order/*' group by path "
               "order by path",
               "path,n\r\norder/m10,1\r\norder/m9,1\r\n");
    assert_sql(
        house,
        "select path from samples where path glob 'order/*' group by path order by path desc",
        "path\r\norder/m9\r\norder/m10\r\n");
}

/* A row without a partner is answered, whatever the condition of the join looks like. */
static void test_left_joins_keep_rows(void **state)
{
    static const char *const conditions[] = {"like 'order/%9'",   "like 'ORDER/m9'",
                                             "like '%9'",         "glob 'order/*9'",
                                             "glob '[o]rder/*9'", "= 'order/m9'"};
    struct sql_house *house = *state;
    char text[256];
    house_publish(house, "order/m9", "1");
    house_publish(house, "order/m10", "2");
    house_settle(house);
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
        snprintf(
            text, sizeof text,
            "select p.path, l.value as v from points p left join live l on l.path = p.path and "
            "l.path %s where p.path glob 'order/*' order by p.path",
            conditions[i]);
        assert_sql(house, text, "path,v\r\norder/m10,\r\norder/m9,1\r\n");
    }
}

static void test_parameters(void **state)
{
    struct sql_house *house = *state;
    struct sql_parameter parameters[] = {
        {.kind = SQL_PARAMETER_TEXT, .text = bytes_text("plant/line-1/press/temp")},
        {.kind = SQL_PARAMETER_REAL, .real = 98.5},
        {.kind = SQL_PARAMETER_INTEGER, .integer = INT64_MAX},
        {.kind = SQL_PARAMETER_NULL},
    };
    char *text = house_wait(
        house, house_ask(house, "select value, ?3, ?4 from samples where path = ?1 and value > ?2",
                         SQL_NDJSON, 10, parameters, 4));
    assert_non_null(strstr(text, "{\"value\":99.5,\"?3\":9223372036854775807,\"?4\":null}\n"));
    free(text);
    text = house_wait(house, house_ask(house, "select ?", SQL_CSV, 10, parameters, 4));
    assert_string_equal(text, "sql_error: the statement has 1 parameters, and 4 were given");
    free(text);
}

static void test_formats(void **state)
{
    struct sql_house *house = *state;
    static const char statement[] = "select 1 as a, 'x\"y' as a, null as b, 2.5 as c, x'0aff' as d";
    char *text = house_wait(house, house_ask(house, statement, SQL_JSON, 10, NULL, 0));
    static const char wanted[] =
        "{\"columns\":[{\"name\":\"a\",\"type\":null},{\"name\":\"a\",\"type\":null},{\"name\":"
        "\"b\",\"type\":null},{\"name\":\"c\",\"type\":null},{\"name\":\"d\",\"type\":null}],"
        "\"rows\":[[1,\"x\\\"y\",null,2.5,\"0aff\"]],\"truncated\":false,\"cost\":{\"rows\":1,";
    assert_memory_equal(text, wanted, sizeof wanted - 1);
    free(text);
    text = house_wait(house, house_ask(house, statement, SQL_NDJSON, 10, NULL, 0));
    assert_non_null(
        strstr(text, "{\"a\":1,\"a:1\":\"x\\\"y\",\"b\":null,\"c\":2.5,\"d\":\"0aff\"}\n{\"trunc"));
    free(text);
    assert_sql(house, statement, "a,a,b,c,d\r\n1,\"x\"\"y\",,2.5,0aff\r\n");
    text = house_wait(house, house_ask(house, "values (1), (2), (3)", SQL_JSON, 2, NULL, 0));
    assert_non_null(strstr(text, "\"rows\":[[1],[2]],\"truncated\":true"));
    free(text);
    text = house_wait(house, house_ask(house, "values (1), (2)", SQL_JSON, 2, NULL, 0));
    assert_non_null(strstr(text, "\"rows\":[[1],[2]],\"truncated\":false"));
    free(text);
}

static void test_what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *statement, *wanted;
    } faults[] = {
        {"selekt 1", "sql_error: near \"selekt\": syntax error"},
        {"select nowhere from points", "sql_error: no such column: nowhere"},
        {"", "sql_error: there is no statement that answers with rows"},
        {"-- nothing", "sql_error: there is no statement that answers with rows"},
        {"select 1; select 2", "sql_error: one statement is taken, and another one begins here"},
        {"attach 'x.db' as x", "sql_error: only SELECT is possible here; this is ATTACH"},
        {"pragma journal_mode = wal",
         "sql_error: only SELECT is possible here; this is PRAGMA journal_mode"},
        {"create table t(a)",
         "sql_error: only SELECT is possible here; this is CREATE, DROP and the like"},
        {"delete from points", "sql_error: table points may not be modified"},
        {"begin", "sql_error: only SELECT is possible here; this is a transaction"},
        {"select load_extension('x')",
         "sql_error: only SELECT is possible here; this is load_extension"},
        {"vacuum into '/tmp/x'", "sql_error: there is no statement that answers with rows"},
        {"select * from samples where time > '2026-01-01'",
         "sql_error: time is a number, ns since 1970, and was compared with the text '2026-01-01': "
         "write time_ns('2026-01-01')"},
        {"select * from buckets('#', 'tomorrow', 'now', '1h')",
         "sql_error: buckets(match, from, to, step): from is 'tomorrow'; a time is "
         "'2026-03-01T08:00:00Z', '2026-03-01', 'now', 'now-7d', '-1h', or ns since 1970"},
        {"select * from buckets('#', 'now', 'now', '1 h')", NULL},
        {"select * from buckets('a//b', 'now-1h', 'now', '1h')", "sql_error: match is no pattern"},
        {"select * from buckets", "sql_error: buckets wants four arguments"},
        {"select time_ns('soon')", "sql_error: time_ns('soon'): a time is"},
        {"select bucket(1, 'x')", "sql_error: bucket(ns, 'x'): a step is"},
        {"select percentile(value, 101) from live", "sql_error: percentile(value, p): p is"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
        assert_sql_has(*state, faults[i].statement,
                       faults[i].wanted != NULL ? faults[i].wanted : "sql_error: buckets(match");
}

static void test_offsets_point_at_the_fault(void **state)
{
    struct sql_house *house = *state;
    struct sql_statement *statement =
        house_ask(house, "select value from nowhere", SQL_JSON, 1, NULL, 0);
    struct sql_piece piece;
    enum sql_progress progress;
    while ((progress = sql_read(statement, &piece)) == SQL_WAIT)
        (void)sql_step(house->sql);
    assert_int_equal(progress, SQL_FAULT);
    assert_string_equal(piece.code, "sql_error");
    sql_end(statement);
    statement = house_ask(house, "select valu from live", SQL_JSON, 1, NULL, 0);
    while ((progress = sql_read(statement, &piece)) == SQL_WAIT)
        (void)sql_step(house->sql);
    assert_int_equal(piece.offset, 7);
    sql_end(statement);
}

static void test_functions(void **state)
{
    assert_sql(*state,
               "select time_text(1772323200000000000), time_ns('2026-03-01') - "
               "time_ns('2026-02-28T23:59:59.5Z'), time_text(bucket(1772326861000000000, '1h')), "
               "time_text(bucket(1772326861000000000, '1mo')), time_text(null), time_ns(5)",
               "time_text(1772323200000000000),time_ns('2026-03-01') - "
               "time_ns('2026-02-28T23:59:59.5Z'),\"time_text(bucket(1772326861000000000, "
               "'1h'))\",\"time_text(bucket(1772326861000000000, '1mo'))\",time_text(null),"
               "time_ns(5)\r\n"
               "2026-03-01T00:00:00Z,500000000,2026-03-01T01:00:00Z,2026-03-01T00:00:00Z,,5\r\n");
    assert_sql(*state, "select time_ns('now') - time_ns('now-1h') as h", "h\r\n3600000000000\r\n");
    assert_sql(*state,
               "select percentile(value, 50) as m, percentile(value, 0) as l, percentile(value, "
               "100) as h, percentile(value, 25) as q, round(stddev(value), 4) as s from samples "
               "where path = 'plant/line-1/press/temp'",
               "m,l,h,q,s\r\n51,1.5,100.5,26.25,29.0115\r\n");
    assert_sql(*state, "select group_concat(value) from json_each('[1,2]')",
               "group_concat(value)\r\n\"1,2\"\r\n");
    assert_sql(*state, "select stddev(1) as a, percentile(null, 5) as b", "a,b\r\n,\r\n");
}

/* Texts of one piece that no frame holds together: 5,000 of 4,096 bytes. */
static void test_long_texts(void **state)
{
    struct sql_house *house = *state;
    static char payload[STRING_VALUE_MAX + 200];
    for (int i = 0; i < 5000; i++) {
        int size = snprintf(payload, sizeof payload, "{\"log\":\"%04d%0*d\",\"time\":%lld}", i,
                            STRING_VALUE_MAX - 4, i, 1772323200LL + i);
        assert_true(size > 0 && (size_t)size < sizeof payload);
        house_publish(house, "machine", payload);
    }
    house_settle(house);
    for (int sealed = 0; sealed < 2; sealed++) {
        assert_sql(house,
                   "select count(*), count(distinct text) as texts, min(length(text)) as size, "
                   "max(substr(text, 1, 4)) as last, sum(substr(text, 1, 4) = substr(text, -4)) as "
                   "same from samples where path = 'machine/log'",
                   "count(*),texts,size,last,same\r\n5000,5000,4096,4999,5000\r\n");
        assert_sql(
            house,
            "select substr(text, 1, 4) as at from samples where path = 'machine/log' order by "
            "time desc limit 2",
            "at\r\n4999\r\n4998\r\n");
        house_seal(house);
    }
}

int main(int count, char **words)
{
    int code;
    if (sql_house_main(count, words, &code))
        return code;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_points_are_listed),
        TEST(test_live_values),
        TEST(test_samples_and_buckets),
        TEST(test_summaries_answer_what_only_counts),
        TEST(test_qualities),
        TEST(test_labels),
        TEST(test_retired_points),
        TEST(test_plans_are_told),
        TEST(test_groups_come_in_the_order_asked_for),
        TEST(test_left_joins_keep_rows),
        TEST(test_parameters),
        TEST(test_formats),
        TEST(test_what_is_wrong_is_said),
        TEST(test_offsets_point_at_the_fault),
        TEST(test_functions),
        TEST(test_long_texts),
    };
    return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
