/* Rights of questions and of SQL, through the real room of access: what a person is told is what
 * the owner is told, without the points that the person may not see. Persons, their rights and
 * shares are drawn at random; HOUSE_SEED says how. */
#include "sql/frame.h"
#include "sql/test_people.h"

#define ROUNDS (SANITIZED ? 6 : 24)
#define BEGIN_S INT64_C(1772352000)
#define SAMPLES 6

static uint32_t random_seed = 20260301;

static uint32_t below(uint32_t count)
{
    random_seed = random_seed * 1664525u + 1013904223u;
    return (random_seed >> 8) % count;
}

/* ---- the house --------------------------------------------------------------------------------
 */
static struct people people;
static uint32_t acme, fire;

static void points_publish(uint32_t tenant, const char *const *branches, size_t count)
{
    struct sql_house *house = people.house;
    publisher_init(&house->publisher, tenant, 100000);
    for (int i = 0; i < SAMPLES; i++)
        for (size_t branch = 0; branch < count; branch++)
            for (int device = 0; device < 3; device++) {
                char topic[64], payload[128];
                snprintf(topic, sizeof topic, "%s/d%d", branches[branch], device);
                snprintf(payload, sizeof payload, "{\"temp\":%u.%d,\"smoke\":%d,\"ts\":%lld}",
                         tenant, i, device, (long long)(BEGIN_S + i * 60) * 1000);
                house_publish(house, topic, payload);
            }
    house_settle(house);
}

static int setup(void **state)
{
    static const char *const branches[] = {"north", "south", "fire", "hidden/deep"};
    static const char *const of_acme[] = {"fire/#"};
    static const char *const of_main[] = {"north/+/temp", "fire/d0/#"};
    static const char *const back[] = {"south/#"};
    struct sql_house *house = house_create();
    people_open(&people, house);
    acme = people_tenant(&people, "acme");
    fire = people_tenant(&people, "fire");
    (void)people_tenant(&people, "stranger");
    points_publish(TENANT_MAIN, branches, ARRAY_COUNT(branches));
    points_publish(acme, branches, ARRAY_COUNT(branches));
    points_publish(fire, branches, 2);
    points_publish(fire + 1, branches, ARRAY_COUNT(branches));
    (void)people_share(&people, acme, fire, of_acme, 1);
    (void)people_share(&people, TENANT_MAIN, fire, of_main, 2);
    (void)people_share(&people, acme, TENANT_MAIN, back, 1);
    struct command retire = {
        .kind = COMMAND_RETIRE, .tenant = acme, .path = bytes_text("fire/d2/smoke")};
    (void)people_do(&people, &retire);
    house_seal(house);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    people_close(&people);
    house_destroy(*state);
    return 0;
}

/* ---- somebody, with some rights ----------------------------------------------------------------
 */
static void somebody(struct person *person)
{
    static const char *const patterns[] = {
        "#",          "north/#",     "+/d1/#",          "north/d0/temp", "+/d?/smoke",
        "hidden/#",   "@acme/#",     "@acme/fire/d1/#", "@main/#",       "fire/d0/+",
        "@acme/s*/#", "south/d2/t*", "@stranger/#",     "none/at/all"};
    static const char *const branches[] = {"#", "#", "#", "north/#", "@acme/#", "+/d1/#"};
    const char *chosen[3];
    uint16_t count = (uint16_t)(1 + below(3));
    for (uint16_t i = 0; i < count; i++)
        chosen[i] = patterns[below(ARRAY_COUNT(patterns))];
    const uint32_t tenants[] = {TENANT_MAIN, acme, fire};
    uint32_t tenant = tenants[below(3)];
    *person = (struct person){.people = &people,
                              .tenant = tenant,
                              .principal = people_enter(&people, tenant, chosen, count,
                                                        branches[below(ARRAY_COUNT(branches))])};
}

static bool sees(const struct person *person, uint32_t point)
{
    struct points *points = engine_points(people.house->engine);
    struct point_view view;
    uint8_t path[PATH_MAX_BYTES];
    points_view(points, point, &view);
    return access_may(person->principal, RIGHT_SEE, view.tenant,
                      bytes_of(path, points_path(points, point, path)));
}

/* How he names it. */
static size_t shown_path(const struct person *person, uint32_t point, char *text)
{
    struct points *points = engine_points(people.house->engine);
    struct point_view view;
    uint8_t path[PATH_MAX_BYTES];
    points_view(points, point, &view);
    struct bytes prefix = access_present(people.access, person->principal, view.tenant);
    size_t size = points_path(points, point, path);
    return (size_t)sprintf(text, "%.*s%.*s", (int)prefix.size, (const char *)prefix.at, (int)size,
                           (const char *)path);
}

/* ---- SQL --------------------------------------------------------------------------------------
 */
/* The lines of what the owner was told whose first column is a point that the person sees. */
static char *lines_kept(const struct person *person, const char *text)
{
    char *kept = calloc(1, strlen(text) + 1);
    size_t size = 0;
    assert_non_null(kept);
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        if (line == text || sees(person, (uint32_t)atoi(line))) {
            memcpy(kept + size, line, (size_t)(end + 1 - line));
            size += (size_t)(end + 1 - line);
        }
        line = end + 1;
    }
    return kept;
}

static char *statement_of(struct person *person, uint64_t asker, const char *text)
{
    person_asks(person, asker);
    return house_sql(person->people->house, text);
}

/* Every table by row: what the owner is told, without what is not seen. */
static void sql_is_filtered_by_row(void **state)
{
    static const char *const statements[] = {
        "select point, type, unit, retired from points order by point",
        "select point, time, value, quality from live order by point",
        "select point, time, value from samples order by point, time",
        "select point, count(*), sum(value) from samples group by point order by point",
        ("select point, time, value from samples where time > 1772352100000000000 and "
         "point in (1, 2, 3, 8, 9, 20, 21, 22, 40, 41, 60, 61, 1000) order by point, time"),
        "select point, retired from points where retired = 1 order by point",
        "select point, labels from live where value > 1 order by point",
        "select p.point, l.value from points p join live l on l.point = p.point order by p.point",
    };
    struct person owner = {
        .people = &people, .tenant = TENANT_MAIN, .principal = people_owner(&people)};
    char *told[ARRAY_COUNT(statements)];
    size_t some = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++)
        told[i] = statement_of(&owner, 1, statements[i]);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct person person;
        somebody(&person);
        for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
            char *wanted = lines_kept(&person, told[i]);
            char *found = statement_of(&person, 100 + round, statements[i]);
            if (strcmp(found, wanted) != 0)
                fail_msg("%s\nis      %s\nand not %s", statements[i], found, wanted);
            some += strlen(wanted) > 100 && strlen(wanted) < strlen(told[i]);
            free(wanted);
            free(found);
        }
        principal_release(person.principal);
    }
    assert_true(some > ROUNDS / 4); /* neither all nor nothing */
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++)
        free(told[i]);
    principal_release(owner.principal);
}

/* Paths and names are his; what is pushed down to the search is what SQLite says of each row. */
static void sql_conditions_are_exact(void **state)
{
    static const char *const conditions[] = {"path glob '@acme/*'",
                                             "path glob '@acme/fire/*'",
                                             "path glob '*/d1/*'",
                                             "path glob '@*'",
                                             "path glob 'north/*'",
                                             "path like '@ACME/fire/%'",
                                             "path like 'n%'",
                                             "path = '@acme/fire/d1/temp'",
                                             "path = 'north/d1/temp'",
                                             "path = '@stranger/north/d1/temp'",
                                             "path in ('fire/d0/temp', '@acme/fire/d0/temp')",
                                             "path = '@main/fire/d0/temp'",
                                             "path glob '@ma*/north/*'"};
    char text[300];
    size_t rows = 0;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct person person;
        somebody(&person);
        for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
            snprintf(text, sizeof text, "select point, path from points where +%s order by point",
                     conditions[i]);
            char *wanted = statement_of(&person, 200 + round, text);
            snprintf(text, sizeof text, "select point, path from points where %s order by point",
                     conditions[i]);
            char *found = statement_of(&person, 200 + round, text);
            if (strcmp(found, wanted) != 0)
                fail_msg("%s\nis      %s\nand not %s", text, found, wanted);
            rows += strlen(found) > 12;
            free(wanted);
            free(found);
        }
        principal_release(person.principal);
    }
    assert_true(rows > ROUNDS / 4);
}

/* buckets(match ...) means what the same pattern means elsewhere. */
static void sql_buckets_are_of_who_is_named(void **state)
{
    static const struct {
        const char *match, *condition;
    } cases[] = {{"#", "path not glob '@*'"},
                 {"@+/#", "path glob '@*'"},
                 {"@*/fire/#", "path glob '@*/fire/*'"},
                 {"@acme/#", "path glob '@acme/*'"},
                 {"@acme/fire/+/temp", "path glob '@acme/fire/*/temp'"},
                 {"@stranger/#", "path glob '@stranger/*'"},
                 {"@nobody/#", "path glob '@nobody/*'"},
                 {"+/d1/#", "path glob '*/d1/*' and path not glob '@*' and path not glob 'h*'"}};
    char text[400];
    (void)state;
    for (unsigned round = 0; round < ROUNDS / 2; round++) {
        struct person person;
        somebody(&person);
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
            if (person.tenant == acme && strncmp(cases[i].match, "@acme", 5) == 0)
                continue; /* himself */
            snprintf(text, sizeof text,
                     "select distinct path from buckets('%s', '2026-01-01', '2027-01-01', '1h') "
                     "order by path",
                     cases[i].match);
            char *found = statement_of(&person, 300 + round, text);
            snprintf(text, sizeof text, "select path from points where %s order by path",
                     cases[i].condition);
            char *wanted = statement_of(&person, 300 + round, text);
            if (strcmp(found, wanted) != 0)
                fail_msg("%s\nis      %s\nand not %s", cases[i].match, found, wanted);
            free(wanted);
            free(found);
        }
        principal_release(person.principal);
    }
}

static void sql_names_tenants(void **state)
{
    static const char *const all[] = {"#"};
    struct person person = {.people = &people, .tenant = fire};
    (void)state;
    person.principal = people_enter(&people, fire, all, 1, "#");
    person_asks(&person, 400);
    assert_sql(people.house,
               "select tenant, count(*), min(path) from points group by tenant order by tenant",
               "tenant,count(*),min(path)\r\n"
               "acme,5,@acme/fire/d0/smoke\r\n"
               "main,5,@main/fire/d0/smoke\r\n"
               "own,12,north/d0/smoke\r\n");
    assert_sql(people.house, "select level1, level2 from points where path = '@acme/fire/d0/temp'",
               "level1,level2\r\n@acme,fire\r\n");
    assert_sql(people.house,
               "select tenant, count(*), avg(value) from live where path glob '@*/fire/*/temp' "
               "group by tenant order by tenant",
               "tenant,count(*),avg(value)\r\nacme,3,2.5\r\nmain,1,1.5\r\n");
    principal_release(person.principal);
}

/* ---- questions to the history ------------------------------------------------------------------
 */
static struct query_selection *selection_of(struct person *person, uint32_t *ret_unknown)
{
    const struct bytes matches[] = {bytes_text("#"), bytes_text("@+/#")};
    const struct bytes paths[] = {
        bytes_text("north/d0/temp"),       bytes_text("@acme/fire/d0/temp"),
        bytes_text("@acme/north/d0/temp"), bytes_text("@acme/no/where"),
        bytes_text("@nobody/a"),           bytes_text("@stranger/north/d0/temp")};
    struct sql_house *house = people.house;
    struct query_selection *selection = NULL;
    const char *fault;
    uint32_t ids[200], count = points_count(engine_points(house->engine));
    assert_true(count + 2 <= ARRAY_COUNT(ids));
    for (uint32_t i = 0; i < count + 2; i++)
        ids[i] = i + 1;
    const struct query_filter filter = {.sight = person_sight(person),
                                        .matches = matches,
                                        .match_count = 2,
                                        .paths = paths,
                                        .path_count = ARRAY_COUNT(paths),
                                        .points = ids,
                                        .point_count = count + 2,
                                        .history = engine_history(house->engine),
                                        .live = true,
                                        .most = 1000};
    enum err err = query_selection_create(house->space, engine_points(house->engine), &filter,
                                          &selection, &fault);
    while (err == OK && (err = query_selection_step(selection)) == ERR_BUSY)
        err = OK;
    assert_int_equal(err, OK);
    query_sight_release(filter.sight);
    *ret_unknown = (uint32_t)query_selection_unknown(selection);
    return selection;
}

static void run_news(void *arg)
{
    (void)arg;
}

/* As CSV: path,... */
static char *answer_of(struct query_pool *pool, struct person *person, enum query_question kind)
{
    struct query_request request = {.kind = kind,
                                    .format = QUERY_CSV,
                                    .from_ns = BEGIN_S * NS_PER_S,
                                    .to_ns = (BEGIN_S + 600) * NS_PER_S,
                                    .now_ns = (BEGIN_S + 600) * NS_PER_S,
                                    .limit = 100000,
                                    .width = 100,
                                    .step = {QUERY_FIXED, 120 * NS_PER_S}};
    struct history_view *view = NULL;
    struct query_run *run;
    struct query_status status;
    uint32_t unknown;
    size_t size = 0;
    char *text = calloc(1, 1);
    assert_null(query_aggregates_parse(bytes_text("mean,count"), request.aggregates,
                                       &request.aggregate_count));
    assert_int_equal(history_view_open(engine_history(people.house->engine), &view), OK);
    assert_int_equal(
        query_run_begin(pool, selection_of(person, &unknown), view, &request, run_news, NULL, &run),
        OK);
    do {
        struct bytes block;
        query_run_status(run, &status);
        while ((block = query_run_take(run)).size > 0) {
            text = realloc(text, size + block.size + 1);
            assert_non_null(text);
            memcpy(text + size, block.at, block.size);
            text[size += block.size] = '\0';
        }
        usleep(500);
    } while (status.end == QUERY_RUNS || status.ready > 0);
    assert_int_equal(status.end, QUERY_DONE);
    query_run_cancel(run);
    return text;
}

/* The owner's lines of points that the person sees, as the person names them. */
static char *lines_named(const struct person *owner, const struct person *person, const char *text)
{
    uint32_t count = points_count(engine_points(people.house->engine));
    char *kept = calloc(1, strlen(text) * 2 + 1), name[PATH_MAX_BYTES + 80];
    size_t size = 0;
    assert_non_null(kept);
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n') + 1, *comma = strchr(line, ',');
        uint32_t point = line == text ? count + 1 : 1;
        for (; point <= count; point++)
            if (shown_path(owner, point, name) == (size_t)(comma - line) &&
                memcmp(name, line, (size_t)(comma - line)) == 0)
                break;
        if (line == text)
            size += (size_t)sprintf(kept + size, "%.*s", (int)(end - line), line);
        else if (sees(person, point)) {
            (void)shown_path(person, point, name);
            size += (size_t)sprintf(kept + size, "%s%.*s", name, (int)(end - comma), comma);
        }
        line = end;
    }
    return kept;
}

static void questions_are_filtered(void **state)
{
    const struct query_pool_config config = {
        .threads = 1, .memory = UINT64_C(64) << 20, .time_ns = 60 * NS_PER_S};
    struct query_pool *pool;
    struct person owner = {
        .people = &people, .tenant = TENANT_MAIN, .principal = people_owner(&people)};
    size_t some = 0;
    (void)state;
    assert_int_equal(query_pool_create(&config, &pool), OK);
    for (unsigned round = 0; round < ROUNDS * 2; round++) {
        struct person person;
        somebody(&person);
        for (unsigned kind = QUERY_SAMPLES; kind <= QUERY_LATEST; kind++) {
            char *told = answer_of(pool, &owner, (enum query_question)kind);
            char *wanted = lines_named(&owner, &person, told);
            char *found = answer_of(pool, &person, (enum query_question)kind);
            if (strcmp(found, wanted) != 0)
                fail_msg("kind %u\nis      %s\nand not %s", kind, found, wanted);
            some += strlen(wanted) > 100 && strlen(wanted) < strlen(told);
            free(told);
            free(wanted);
            free(found);
        }
        principal_release(person.principal);
    }
    assert_true(some > ROUNDS / 4);
    query_pool_destroy(pool);
    principal_release(owner.principal);
}

/* A point that is hidden is named as unknown, in the words in which it was asked for, as one that
 * never was. */
static void hidden_is_as_never(void **state)
{
    static const char *const north[] = {"north/#"};
    struct person person = {.people = &people, .tenant = acme};
    struct points *points = engine_points(people.house->engine);
    uint32_t unknown, seen = 0;
    size_t count;
    (void)state;
    person.principal = people_enter(&people, acme, north, 1, "#");
    struct query_selection *selection = selection_of(&person, &unknown);
    for (uint32_t point = 1; point <= points_count(points); point++)
        seen += sees(&person, point);
    (void)query_selection_points(selection, &count);
    assert_int_equal(count, seen);
    assert_int_equal(seen, 6);
    /* "@acme/north/d0/temp" is his own by name; the other four paths are not for him. */
    assert_int_equal(unknown, points_count(points) + 2 - seen + 4);
    const char *const told[] = {"@acme/fire/d0/temp", "@acme/no/where", "@nobody/a",
                                "@stranger/north/d0/temp"};
    for (size_t i = 0; i < ARRAY_COUNT(told); i++)
        assert_true(bytes_equal(query_selection_unknown_at(selection, i), bytes_text(told[i])));
    query_selection_destroy(selection);
    principal_release(person.principal);
}

/* What a share showed is not seen any more once it ended. */
static void a_share_ends(void **state)
{
    static const char *const all[] = {"#"}, *const deep[] = {"hidden/#"};
    struct person person = {.people = &people, .tenant = fire};
    (void)state;
    uint32_t share = people_share(&people, acme, fire, deep, 1);
    person.principal = people_enter(&people, fire, all, 1, "#");
    uint64_t generation = principal_generation(person.principal);
    person_asks(&person, 500);
    assert_sql(people.house, "select count(*) from live where path glob '@acme/hidden/*'",
               "count(*)\r\n6\r\n");
    people_share_end(&people, acme, share);
    assert_true(principal_generation(person.principal) > generation);
    person_asks(&person, 500);
    assert_sql(people.house, "select count(*) from live where path glob '@acme/hidden/*'",
               "count(*)\r\n0\r\n");
    assert_sql(people.house, "select count(*) from live where path glob '@acme/fire/*'",
               "count(*)\r\n5\r\n");
    principal_release(person.principal);
}

/* ---- processes that were taken over ------------------------------------------------------------
 */
static void forged_put(uint8_t kind, struct frame_writer *writer)
{
    uint8_t head[FRAME_HEAD];
    store_u32(head, (uint32_t)writer->size);
    head[4] = kind;
    if (write(0, head, sizeof head) != (ssize_t)sizeof head ||
        (writer->size > 0 && write(0, writer->at, writer->size) != (ssize_t)writer->size))
        _exit(0);
    frame_writer_done(writer);
    *writer = (struct frame_writer){.at = NULL};
}

static size_t forged_read(uint8_t *at, size_t most)
{
    uint8_t head[FRAME_HEAD];
    size_t size = 0;
    if (read(0, head, sizeof head) != (ssize_t)sizeof head || load_u32(head) > most)
        _exit(0);
    while (size < load_u32(head)) {
        ssize_t n = read(0, at + size, load_u32(head) - size);
        if (n <= 0)
            _exit(0);
        size += (size_t)n;
    }
    return size;
}

#define FORGED_PATHS 4

/* Of three tables all, of these points, of these paths, of what matches. */
static struct sql_filter forged_filter(unsigned way, const struct frame_writer *points,
                                       const struct frame_writer *paths)
{
    const struct bytes none = bytes_text("");
    struct sql_filter filter = {.table = (enum sql_table)(way % 3),
                                .columns = UINT32_MAX,
                                .by_point = way / 3 == 1,
                                .by_path = way / 3 == 2,
                                .by_match = way / 3 == 3,
                                .points = none,
                                .paths = none,
                                .glob = none,
                                .like = none,
                                .label = none,
                                .match = none,
                                .step = none,
                                .from_ns = INT64_MIN,
                                .to_ns = INT64_MAX};
    if (filter.by_point) {
        filter.points = bytes_of(points->at, points->size);
        filter.point_count = (uint32_t)(points->size / 4);
    } else if (filter.by_path) {
        filter.paths = bytes_of(paths->at, paths->size);
        filter.path_count = FORGED_PATHS;
    } else if (filter.by_match) {
        filter.match = bytes_text("@+/hidden/#");
    }
    return filter;
}

/* Asks for everything there is, in every way, and tells how many batches held the word, and how
 * many statements it has served. */
__attribute__((noreturn)) static void forged_main(void)
{
    static uint8_t body[FRAME_BYTES_MAX];
    struct frame_writer writer = {.at = NULL}, points = {.at = NULL}, paths = {.at = NULL};
    uint32_t served = 0, bytes = 0;
    const char *const asked[FORGED_PATHS] = {"hidden/deep/d0/temp", "@acme/hidden/deep/d0/temp",
                                             "@stranger/hidden/deep/d0/temp",
                                             "@main/hidden/deep/d0/temp"};
    for (uint32_t i = 0; i < 200; i++)
        frame_put_u32(&points, i);
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        frame_put_text(&paths, bytes_text(asked[i]));
    forged_put(FRAME_READY, &writer);
    for (;;) {
        uint32_t found = 0;
        (void)forged_read(body, sizeof body);
        served++;
        for (unsigned way = 0; way < 12; way++) {
            struct sql_filter filter = forged_filter(way, &points, &paths);
            frame_put_u8(&writer, 0);
            filter_put(&writer, &filter);
            forged_put(FRAME_OPEN, &writer);
            size_t size = forged_read(body, sizeof body);
            bytes += (uint32_t)size;
            found += memmem(body, size, "hidden", 6) != NULL;
        }
        frame_put_u32(&writer, 3);
        for (unsigned i = 0; i < 3; i++) {
            frame_put_text(&writer, bytes_text(i == 0 ? "served" : i == 1 ? "found" : "some"));
            frame_put_text(&writer, bytes_text(""));
        }
        forged_put(FRAME_COLUMNS, &writer);
        frame_put_u32(&writer, 1);
        frame_put_integer(&writer, served);
        frame_put_integer(&writer, found);
        frame_put_integer(&writer, bytes > 1000);
        forged_put(FRAME_ROWS, &writer);
        frame_put_u8(&writer, 0);
        forged_put(FRAME_DONE, &writer);
    }
}

/* Whatever it asks for, it is told of nothing hidden; and no process serves two askers. */
static void a_process_that_was_taken_over(void **state)
{
    static const char *const all[] = {"#"}, *const north[] = {"north/#", "@acme/north/#"};
    struct sql_house *house = *state;
    char program[128], command[512], self[256] = "";
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(program, sizeof program, "/tmp/sql_forged_%d", (int)getpid());
    snprintf(command, sizeof command, "cp '%s' '%s'", self, program);
    assert_int_equal(system(command), 0);
    struct person wide = {.people = &people, .tenant = acme}, narrow = wide, other = wide;
    wide.principal = people_enter(&people, acme, all, 1, "#");
    narrow.principal = people_enter(&people, acme, north, 2, "#");
    other.tenant = fire;
    other.principal = people_enter(&people, fire, all, 1, "#");
    sql_destroy(house->sql);
    house->config.program = program;
    house->config.limits.processes = 1;
    assert_int_equal(sql_create(&house->config, &house->sql), OK);
    person_asks(&wide, 1);
    assert_sql(house, "select 1", "served,found,some\r\n1,9,1\r\n");
    assert_sql(house, "select 1", "served,found,some\r\n2,9,1\r\n");
    person_asks(&narrow, 2);
    assert_sql(house, "select 1", "served,found,some\r\n1,0,1\r\n");
    person_asks(&other, 3);
    assert_sql(house, "select 1", "served,found,some\r\n1,0,1\r\n");
    person_asks(&wide, 1);
    assert_sql(house, "select 1", "served,found,some\r\n1,9,1\r\n");
    struct person *persons[] = {&wide, &narrow, &other};
    for (size_t i = 0; i < ARRAY_COUNT(persons); i++)
        principal_release(persons[i]->principal);
    assert_int_equal(unlink(program), 0);
}

/* ---- turns of tenants --------------------------------------------------------------------------
 */
#define ENDLESS                                                                                    \
    "select count(*) from (with recursive a(n) as (values(1) union all select n + 1 from a) "      \
    "select n from a)"

/* One tenant's statements without an end take all the waiting they may, and not the last process.
 */
static void one_tenant_does_not_starve_another(void **state)
{
    static struct sql_statement *statements[SQL_WAITING_MAX + 8];
    struct sql_house *house = *state;
    struct query_sight *of[2];
    size_t taken = 0;
    enum err err = OK;
    for (uint32_t i = 0; i < 2; i++)
        of[i] = query_sight_create(&(struct query_asker){.tenant = 100 + i});
    query_sight_release(house->sight);
    house->sight = query_sight_hold(of[1]);
    sql_destroy(house->sql);
    house_open_sql(house, 2, (uint64_t)24 << 20, 60 * NS_PER_S);
    assert_sql(house, "select 1", "1\r\n1\r\n"); /* so that there are two */
    query_sight_release(house->sight);
    house->sight = query_sight_hold(of[0]);
    assert_sql(house, "select 1", "1\r\n1\r\n");
    struct sql_question question = {.sight = of[0],
                                    .text = bytes_text(ENDLESS),
                                    .limit = 1,
                                    .format = SQL_CSV,
                                    .wake = house_woken};
    while (taken < ARRAY_COUNT(statements) &&
           (err = sql_ask(house->sql, &question, &statements[taken])) == OK)
        taken++;
    assert_int_equal(err, ERR_BUSY);
    assert_in_range(taken, SQL_WAITING_MAX, SQL_WAITING_MAX + 1);
    query_sight_release(house->sight);
    house->sight = query_sight_hold(of[1]);
    for (int i = 0; i < 5; i++)
        assert_sql(house, "select 1", "1\r\n1\r\n");
    struct sql_state told;
    sql_describe(house->sql, &told);
    assert_int_equal(told.running, 1);
    for (size_t i = 0; i < taken; i++)
        sql_end(statements[i]);
    for (uint32_t i = 0; i < 2; i++)
        query_sight_release(of[i]);
}

int main(int count, char **words)
{
    int code;
    char self[256] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) > 0 &&
        strstr(self, "/sql_forged_") != NULL)
        forged_main();
    if (sql_house_main(count, words, &code))
        return code;
    if (getenv("HOUSE_SEED") != NULL)
        random_seed = (uint32_t)strtoul(getenv("HOUSE_SEED"), NULL, 10);
    print_message("HOUSE_SEED=%u\n", random_seed);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(sql_is_filtered_by_row),
        TEST(sql_conditions_are_exact),
        TEST(sql_buckets_are_of_who_is_named),
        TEST(sql_names_tenants),
        TEST(questions_are_filtered),
        TEST(hidden_is_as_never),
        TEST(a_share_ends),
        TEST(a_process_that_was_taken_over),
        TEST(one_tenant_does_not_starve_another),
    };
    return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}
