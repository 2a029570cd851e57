/* Tables of the domain modules: what stands in them, whose rows and branches are left out, what of
 * the journal of alarms is read, and how they are joined with points. */
#include "sql/test_people.h"

static struct people people;
static struct principal *entered[4]; /* left when the house is closed */
static size_t entered_count;
static uint32_t acme;
static uint8_t form_bytes[FORM_BYTES_MAX];

/* ---- what is said ------------------------------------------------------------------------------
 */
static struct form_writer form_new(void)
{
    return (struct form_writer){.at = form_bytes, .capacity = sizeof form_bytes};
}

static uint32_t order(uint32_t tenant, enum command_kind kind, struct form_writer *form)
{
    struct command command = {
        .kind = (uint8_t)kind,
        .tenant = tenant,
        .actor = {.door = ACTOR_HTTP, .account = 7, .name = bytes_text("ann")}};
    assert_true(form_end(form, &command.module.form));
    return people_do(&people, &command);
}

static uint32_t type_make(uint32_t tenant, const char *name, uint32_t parent)
{
    struct form_writer form = form_new();
    form_put_text(&form, ASSET_TAG_NAME, bytes_text(name));
    if (parent != TYPE_NONE)
        form_put_integer(&form, ASSET_TAG_PARENT, parent);
    else
        form_put_integer(&form, ASSET_TAG_LEVEL, ASSET_DEVICE);
    return order(tenant, COMMAND_TYPE_SET, &form);
}

static uint32_t asset_make(uint32_t tenant, const char *name, uint32_t type, const char *branch)
{
    struct form_writer form = form_new();
    form_put_text(&form, ASSET_TAG_NAME, bytes_text(name));
    if (type != TYPE_NONE)
        form_put_integer(&form, ASSET_TAG_TYPE, type);
    form_put_text(&form, ASSET_TAG_BRANCH, bytes_text(branch));
    return order(tenant, COMMAND_ASSET_SET, &form);
}

static struct form_writer rule_form(const char *name, enum rule_kind kind, enum rule_on on,
                                    const char *path)
{
    struct form_writer form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text(name));
    form_put_integer(&form, RULE_TAG_KIND, kind);
    form_put_integer(&form, RULE_TAG_ON, on);
    form_put_text(&form, RULE_TAG_PATH, bytes_text(path));
    return form;
}

static void rule_high(uint32_t tenant, const char *name, enum rule_on on, const char *path)
{
    struct form_writer form = rule_form(name, RULE_HIGH, on, path);
    form_put_real(&form, RULE_TAG_LIMIT, 80);
    form_put_integer(&form, RULE_TAG_PRIORITY, 2);
    form_put_integer(&form, RULE_TAG_CHATTER, 0); /* each change is an entry */
    (void)order(tenant, COMMAND_RULE_SET, &form);
}

static void attach(struct form_writer *form, enum attached_kind kind, uint32_t number,
                   const char *branch)
{
    const struct attached attached = {
        .kind = (uint8_t)kind, .number = number, .branch = bytes_text(branch)};
    attached_put(form, &attached);
}

static struct form_writer document_form(const char *name)
{
    uint8_t hash[DOCUMENT_HASH_SIZE] = {1, 2, 3};
    struct form_writer form = form_new();
    form_put_text(&form, DOCUMENT_TAG_NAME, bytes_text(name));
    form_put_integer(&form, DOCUMENT_TAG_MEDIA, DOCUMENT_MARKDOWN);
    form_put_text(&form, DOCUMENT_TAG_HASH, bytes_of(hash, sizeof hash));
    form_put_integer(&form, DOCUMENT_TAG_SIZE, 1234);
    return form;
}

static void channel_make(uint32_t tenant, const char *name, enum channel_kind kind,
                         const char *target)
{
    struct form_writer form = form_new();
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    form_put_integer(&form, CHANNEL_TAG_KIND, kind);
    if (target != NULL)
        form_put_text(&form, CHANNEL_TAG_TARGET, bytes_text(target));
    (void)order(tenant, COMMAND_CHANNEL_SET, &form);
}

static void form_put_part(struct form_writer *form, uint8_t tag, struct form_writer *part)
{
    struct bytes fields;
    assert_true(form_end(part, &fields));
    form_put_form(form, tag, fields);
}

/* Ann and bob, of whom bob is on call at all times of the week. */
static void roster_make(uint32_t tenant, const char *name, const char *channel)
{
    static const char *const members[] = {"ann", "bob"};
    struct form_writer form = form_new();
    uint8_t bytes[128];
    form_put_text(&form, ROSTER_TAG_NAME, bytes_text(name));
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        struct form_writer part = {.at = bytes, .capacity = sizeof bytes};
        form_put_text(&part, MEMBER_TAG_NAME, bytes_text(members[i]));
        form_put_text(&part, MEMBER_TAG_CHANNEL, bytes_text(channel));
        form_put_part(&form, ROSTER_TAG_MEMBER, &part);
    }
    struct form_writer shift = {.at = bytes, .capacity = sizeof bytes};
    form_put_text(&shift, SHIFT_TAG_MEMBER, bytes_text("bob"));
    form_put_integer(&shift, SHIFT_TAG_FROM, 0);
    form_put_integer(&shift, SHIFT_TAG_TO, 1440);
    form_put_part(&form, ROSTER_TAG_SHIFT, &shift);
    struct form_writer step = {.at = bytes, .capacity = sizeof bytes};
    form_put_integer(&step, STEP_TAG_TO, STEP_ON_CALL);
    form_put_part(&form, ROSTER_TAG_STEP, &step);
    (void)order(tenant, COMMAND_ROSTER_SET, &form);
}

/* ---- the house ---------------------------------------------------------------------------------
 */
static void publish(uint32_t tenant, const char *topic, int temp)
{
    char payload[64];
    publisher_init(&people.house->publisher, tenant, 100000);
    snprintf(payload, sizeof payload, "{\"temp\":%d}", temp);
    house_publish(people.house, topic, payload);
}

/* Until no rule is on its way to its points and every entry is written. */
static void rest(void)
{
    const struct alarms *alarms = engine_alarms(people.house->engine);
    do
        house_settle(people.house);
    while (alarms_walk_left(alarms) > 0 || alarms_unwritten(alarms) > 0);
}

static void make_rules(void)
{
    rule_high(TENANT_MAIN, "north-hot", RULE_ON_PATTERN, "north/d0/#");
    rule_high(TENANT_MAIN, "south-hot", RULE_ON_POINT, "south/d0/temp");
    rule_high(TENANT_MAIN, "all-hot", RULE_ON_PATTERN, "+/d1/temp");
    rule_high(acme, "fire-hot", RULE_ON_PATTERN, "fire/#");
    struct form_writer form = rule_form("both", RULE_EXPRESSION, RULE_ON_POINT, "north/d0/temp");
    form_put_text(&form, RULE_TAG_CONDITION,
                  bytes_text("north/d0/temp > 70 and south/d0/temp > 70"));
    (void)order(TENANT_MAIN, COMMAND_RULE_SET, &form);
    form = rule_form("plant", RULE_EXPRESSION, RULE_ON_NOTHING, "south");
    form_put_text(&form, RULE_TAG_CONDITION, bytes_text("south/d0/temp > 90"));
    (void)order(TENANT_MAIN, COMMAND_RULE_SET, &form);
}

static void make_documents(uint32_t pump, const uint32_t assets[3])
{
    struct form_writer form = document_form("manual");
    form_put_text(&form, DOCUMENT_TAG_TITLE, bytes_text("How it is opened"));
    for (int i = 0; i < 3; i++)
        attach(&form, ATTACHED_ASSET, assets[i], "");
    attach(&form, ATTACHED_BRANCH, 0, "south");
    (void)order(TENANT_MAIN, COMMAND_DOCUMENT_SET, &form);
    form = document_form("of-south");
    attach(&form, ATTACHED_BRANCH, 0, "south");
    (void)order(TENANT_MAIN, COMMAND_DOCUMENT_SET, &form);
    form = document_form("of-nothing");
    (void)order(TENANT_MAIN, COMMAND_DOCUMENT_SET, &form);
    form = document_form("of-pumps");
    attach(&form, ATTACHED_TYPE, pump, "");
    (void)order(TENANT_MAIN, COMMAND_DOCUMENT_SET, &form);
    form = document_form("of-acme");
    (void)order(acme, COMMAND_DOCUMENT_SET, &form);
}

static void make_assets(void)
{
    uint32_t machine = type_make(TENANT_MAIN, "machine", TYPE_NONE);
    uint32_t pump = type_make(TENANT_MAIN, "pump", machine);
    const uint32_t assets[] = {asset_make(TENANT_MAIN, "p-1", pump, "north/d0"),
                               asset_make(TENANT_MAIN, "p-2", pump, "south/d0"),
                               asset_make(TENANT_MAIN, "p-3", machine, "north/d1")};
    (void)type_make(acme, "hall", TYPE_NONE);
    (void)asset_make(acme, "hall-1", TYPE_NONE, "fire/d0");
    (void)asset_make(acme, "hall-2", TYPE_NONE, "secret/d0");
    make_documents(pump, assets);
    struct form_writer form = form_new();
    struct command retire = {.kind = COMMAND_ASSET_RETIRE,
                             .tenant = TENANT_MAIN,
                             .actor = {.door = ACTOR_HTTP, .name = bytes_text("ann")},
                             .module = {.number = assets[2]}};
    assert_true(form_end(&form, &retire.module.form));
    (void)people_do(&people, &retire);
}

/* Hand-over notes stand between the entries of alarms, with their own numbers: more than there are
 * rules. They are not told here. */
static void notes_make(void)
{
    for (int i = 0; i < 10; i++) {
        struct form_writer form = form_new();
        form_put_text(&form, ALARM_TAG_BRANCH, bytes_text("north"));
        form_put_text(&form, ALARM_TAG_NOTE, bytes_text("the filter was changed"));
        (void)order(TENANT_MAIN, COMMAND_HANDOVER_ADD, &form);
    }
}

static void open_modules(struct sql_house *house)
{
    sql_destroy(house->sql);
    house->config.assets = engine_assets(house->engine);
    house->config.alarms = engine_alarms(house->engine);
    house->config.documents = engine_library(house->engine);
    house->config.notices = engine_notices(house->engine);
    assert_int_equal(sql_create(&house->config, &house->sql), OK);
}

static int setup(void **state)
{
    static const char *const branches[] = {"north/d0", "north/d1", "south/d0", "fire/d0",
                                           "secret/d0"};
    static const char *const shared[] = {"fire/#"};
    struct sql_house *house = house_create();
    people_open(&people, house);
    open_modules(house);
    acme = people_tenant(&people, "acme");
    for (size_t i = 0; i < ARRAY_COUNT(branches); i++)
        publish(i < 3 ? TENANT_MAIN : acme, branches[i], 20);
    make_rules();
    make_assets();
    channel_make(TENANT_MAIN, "ops", CHANNEL_WEBHOOK, "https://example.com/target");
    channel_make(TENANT_MAIN, "screen", CHANNEL_BROWSER, NULL);
    channel_make(acme, "of-acme", CHANNEL_BROWSER, NULL);
    roster_make(TENANT_MAIN, "night", "screen");
    roster_make(acme, "of-acme", "of-acme");
    (void)people_share(&people, acme, TENANT_MAIN, shared, 1);
    notes_make();
    rest();
    for (size_t i = 0; i < ARRAY_COUNT(branches); i++)
        publish(i < 3 ? TENANT_MAIN : acme, branches[i], 95);
    rest();
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    while (entered_count > 0)
        principal_release(entered[--entered_count]);
    people_close(&people);
    house_destroy(*state);
    return 0;
}

/* From now on statements are of somebody who sees this. The person must stay where it is. */
static void asks(struct person *person, uint32_t tenant, const char *pattern)
{
    static uint64_t asker;
    const char *const patterns[] = {pattern, "@acme/#"};
    uint16_t count = tenant == TENANT_MAIN ? 2 : 1;
    *person = (struct person){.people = &people,
                              .tenant = tenant,
                              .principal = people_enter(&people, tenant, patterns, count, "#")};
    entered[entered_count++] = person->principal;
    person_asks(person, ++asker);
}

/* ---- what stands there -------------------------------------------------------------------------
 */
static void types_and_assets(void **state)
{
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    assert_sql(*state,
               "select name, parent, level, assets, version, tenant from asset_types order by name",
               "name,parent,level,assets,version,tenant\r\n"
               "machine,,device,0,1,own\r\npump,machine,device,2,1,own\r\n");
    assert_sql(*state,
               "select path, title, type, level, branch, longitude, floor, parts, tenant "
               "from assets order by path",
               "path,title,type,level,branch,longitude,floor,parts,tenant\r\n"
               "@acme/hall-1,hall-1,,,@acme/fire/d0,,,0,acme\r\n"
               "p-1,p-1,pump,device,north/d0,,,0,own\r\n"
               "p-2,p-2,pump,device,south/d0,,,0,own\r\n");
    assert_sql(*state, "select count(*) from assets where changed > 0 and asset > 0",
               "count(*)\r\n3\r\n");
}

static void rules_and_alarms(void **state)
{
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    assert_sql(*state,
               "select name, enabled, kind, stands_on, path, priority, limit_value, "
               "condition, points, alarms from alarm_rules order by name",
               "name,enabled,kind,stands_on,path,priority,limit_value,condition,points,alarms\r\n"
               "all-hot,1,high,pattern,+/d1/temp,2,80,,1,1\r\n"
               "both,1,expression,point,north/d0/temp,3,,north/d0/temp > 70 and south/d0/temp > "
               "70,1,1\r\n"
               "channels,1,channel,nothing,,1,,,0,0\r\n"
               "north-hot,1,high,pattern,north/d0/#,2,80,,1,1\r\n"
               "plant,1,expression,nothing,south,3,,south/d0/temp > 90,0,1\r\n"
               "south-hot,1,high,point,south/d0/temp,2,80,,1,1\r\n");
    assert_sql(*state,
               "select path, rule, kind, state, priority, value, count, tenant from alarms "
               "where kind <> 'expression' order by path, rule",
               "path,rule,kind,state,priority,value,count,tenant\r\n"
               "@acme/fire/d0/temp,fire-hot,high,unacknowledged,2,95,1,acme\r\n"
               "north/d0/temp,north-hot,high,unacknowledged,2,95,1,own\r\n"
               "north/d1/temp,all-hot,high,unacknowledged,2,95,1,own\r\n"
               "south/d0/temp,south-hot,high,unacknowledged,2,95,1,own\r\n");
    assert_sql(*state,
               "select path, rule, state, priority, count, tenant from alarms "
               "where kind = 'expression' order by path, rule",
               "path,rule,state,priority,count,tenant\r\n"
               "north/d0/temp,both,unacknowledged,3,1,own\r\n"
               "south,plant,unacknowledged,3,1,own\r\n");
    assert_sql(*state,
               "select count(*) from alarms where raised > 0 and changed > 0 and "
               "acknowledged is null and assignee is null",
               "count(*)\r\n6\r\n");
}

/* What was acknowledged says by whom; what is normal again is gone. */
static void what_is_done_is_told(void **state)
{
    struct form_writer form = form_new();
    struct alarm_view view;
    struct alarms *alarms = engine_alarms(people.house->engine);
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    form = form_new();
    form_put_integer(&form, ALARM_TAG_ACT, ALARM_ACT_ACKNOWLEDGE);
    for (uint32_t row = 1; row <= alarms_rows(alarms); row++)
        if (alarms_row(alarms, row, &view) && view.tenant == TENANT_MAIN)
            form_put_integer(&form, ALARM_TAG_ALARM, (int64_t)view.alarm);
    form_put_text(&form, ALARM_TAG_COMMENT, bytes_text("seen"));
    (void)order(TENANT_MAIN, COMMAND_ALARM_ACT, &form);
    publish(TENANT_MAIN, "north/d1", 20);
    rest();
    assert_sql(*state,
               "select state, acknowledged_by, acknowledged > 0 as at, count(*) as n from "
               "alarms where tenant = 'own' group by 1, 2, 3",
               "state,acknowledged_by,at,n\r\nacknowledged,ann,1,4\r\n");
    assert_sql(*state,
               "select event, who, text, count(*) as n from alarm_journal where who is not "
               "null group by 1, 2, 3",
               "event,who,text,n\r\nacknowledge,ann,seen,5\r\n");
}

static void documents_rosters_channels(void **state)
{
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    assert_sql(*state,
               "select name, title, media, size, version, versions, attached, author, "
               "tenant from documents order by name",
               "name,title,media,size,version,versions,attached,author,tenant\r\n"
               "manual,How it is opened,text/markdown,1234,1,1,\"[\"\"asset:p-1\"\","
               "\"\"asset:p-2\"\",\"\"branch:south\"\"]\",ann,own\r\n"
               "of-nothing,,text/markdown,1234,1,1,[],ann,own\r\n"
               "of-pumps,,text/markdown,1234,1,1,\"[\"\"type:pump\"\"]\",ann,own\r\n"
               "of-south,,text/markdown,1234,1,1,\"[\"\"branch:south\"\"]\",ann,own\r\n");
    assert_sql(*state, "select name, members, on_call, steps, shifts, holders, tenant from rosters",
               "name,members,on_call,steps,shifts,holders,tenant\r\n"
               "night,\"[\"\"ann\"\",\"\"bob\"\"]\",\"[\"\"bob\"\"]\",1,1,0,own\r\n");
    assert_sql(*state,
               "select name, kind, dead, dead_since, sent, given_up, waiting, holders, "
               "tenant from channels order by name",
               "name,kind,dead,dead_since,sent,given_up,waiting,holders,tenant\r\n"
               "ops,webhook,0,,0,0,0,0,own\r\nscreen,browser,0,,0,0,0,2,own\r\n");
    assert_sql(*state,
               "select value from documents d, json_each(d.attached) where d.name = "
               "'manual' order by value",
               "value\r\nasset:p-1\r\nasset:p-2\r\nbranch:south\r\n");
}

/* ---- whose -------------------------------------------------------------------------------------
 */
static void branches_that_are_hidden_are_not_there(void **state)
{
    struct person some;
    asks(&some, TENANT_MAIN, "north/#");
    assert_sql(*state, "select path from assets order by path", "path\r\n@acme/hall-1\r\np-1\r\n");
    assert_sql(*state, "select name, condition from alarm_rules order by name",
               "name,condition\r\nboth,\r\nnorth-hot,\r\n");
    assert_sql(*state, "select path, rule, why from alarms order by path, rule",
               "path,rule,why\r\n@acme/fire/d0/temp,fire-hot,\r\nnorth/d0/temp,both,\r\n"
               "north/d0/temp,north-hot,\r\nnorth/d1/temp,all-hot,\r\n");
    assert_sql(*state, "select distinct path, text from alarm_journal order by path",
               "path,text\r\n@acme/fire/d0/temp,\r\nnorth/d0/temp,\r\nnorth/d1/temp,\r\n");
    assert_sql(*state, "select count(*) from alarm_journal where event like '%hand%'",
               "count(*)\r\n0\r\n");
    assert_sql(*state, "select name, attached from documents order by name",
               "name,attached\r\nmanual,\"[\"\"asset:p-1\"\"]\"\r\nof-nothing,[]\r\n"
               "of-pumps,\"[\"\"type:pump\"\"]\"\r\n");
    assert_sql(*state, "select count(*) from asset_types", "count(*)\r\n2\r\n");
    assert_sql(*state, "select count(*) from rosters", "count(*)\r\n1\r\n");
}

/* Who sees all is told why, and what the condition is. */
static void who_sees_all_is_told_why(void **state)
{
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    assert_sql(*state, "select count(*) from alarms where tenant = 'own' and why is null",
               "count(*)\r\n0\r\n");
    assert_sql_has(*state, "select why from alarms where rule = 'both'", "south/d0/temp");
    assert_sql_has(*state, "select text from alarm_journal where rule = 'both'", "south/d0/temp");
}

/* Somebody of the house who may do something there, and see nothing. */
static void who_sees_nothing_is_told_nothing(void **state)
{
    static const char *const tables[] = {"asset_types",   "assets",    "alarm_rules", "alarms",
                                         "alarm_journal", "documents", "rosters",     "channels"};
    struct person nobody;
    people.rights = RIGHT_ACKNOWLEDGE;
    asks(&nobody, TENANT_MAIN, "#");
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        char text[64];
        snprintf(text, sizeof text, "select count(*) as n from %s", tables[i]);
        assert_sql(*state, text, "n\r\n0\r\n");
    }
}

/* Another tenant has its own, and nothing of the house's. */
static void tenants_are_apart(void **state)
{
    struct person other;
    asks(&other, acme, "#");
    assert_sql(*state, "select name from asset_types", "name\r\nhall\r\n");
    assert_sql(*state, "select path from assets order by path", "path\r\nhall-1\r\nhall-2\r\n");
    assert_sql(*state, "select name from alarm_rules", "name\r\nfire-hot\r\nchannels\r\n");
    assert_sql(*state, "select path from alarms", "path\r\nfire/d0/temp\r\n");
    assert_sql(*state, "select distinct path from alarm_journal", "path\r\nfire/d0/temp\r\n");
    assert_sql(*state, "select name from documents", "name\r\nof-acme\r\n");
    assert_sql(*state, "select name from rosters", "name\r\nof-acme\r\n");
    assert_sql(*state, "select name from channels", "name\r\nof-acme\r\n");
}

/* Without the modules their tables are empty. */
static void no_modules_no_rows(void **state)
{
    struct sql_house *house = *state;
    sql_destroy(house->sql);
    house_open_sql(house, 1, (uint64_t)64 << 20, 20 * NS_PER_S);
    assert_sql(house,
               "select (select count(*) from alarms) + (select count(*) from documents) + "
               "(select count(*) from rosters) as n",
               "n\r\n0\r\n");
}

/* ---- the journal -------------------------------------------------------------------------------
 */
static int64_t number_of(struct sql_house *house, const char *text)
{
    long long number;
    char *answer = house_sql(house, text);
    if (sscanf(answer, "%*[^\r]\r\n%lld", &number) != 1)
        fail_msg("%s: %s", text, answer);
    free(answer);
    return number;
}

/* How many entries a condition on `arrived` chooses is how many it fits when it stands on an
 * expression, which no table can be asked with. */
static void same_counts(struct sql_house *house, const char *compare, int64_t time_ns)
{
    char asked[256], judged[256];
    snprintf(asked, sizeof asked, "select count(*) from alarm_journal where arrived %s %lld",
             compare, (long long)time_ns);
    snprintf(judged, sizeof judged, "select count(*) from alarm_journal where arrived + 0 %s %lld",
             compare, (long long)time_ns);
    int64_t found = number_of(house, asked), wanted = number_of(house, judged);
    if (found != wanted)
        fail_msg("%s: %lld and not %lld", asked, (long long)found, (long long)wanted);
}

static void the_journal_is_asked_by_arrival(void **state)
{
    static const char *const operators[] = {"=", "<", "<=", ">", ">="};
    struct sql_house *house = *state;
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    for (int i = 0; i < 20; i++) {
        publish(TENANT_MAIN, "north/d1", i % 2 == 0 ? 20 : 95);
        rest();
    }
    int64_t count = number_of(house, "select count(*) from alarm_journal");
    assert_true(count > 20);
    for (int i = 0; i < 5; i++) {
        char text[128];
        snprintf(text, sizeof text,
                 "select arrived from alarm_journal order by entry limit 1 offset %lld",
                 (long long)(i * (count - 1) / 4));
        int64_t at_ns = number_of(house, text);
        for (size_t n = 0; n < ARRAY_COUNT(operators); n++)
            for (int64_t near = -1; near <= 1; near++)
                same_counts(house, operators[n], at_ns + near);
    }
    for (size_t n = 0; n < ARRAY_COUNT(operators); n++) {
        same_counts(house, operators[n], INT64_MAX);
        same_counts(house, operators[n], 0);
    }
    assert_sql_has(house,
                   "explain query plan select * from alarm_journal where arrived >= 5 and "
                   "arrived < 9",
                   "time>=, time<");
    assert_sql_has(house, "explain query plan select * from alarms", "all rows");
    assert_sql(house, "select count(*) from alarm_journal where arrived between 9 and 8",
               "count(*)\r\n0\r\n");
    assert_sql_has(house, "select * from alarm_journal where arrived > '2026-03-01'",
                   "write time_ns('2026-03-01')");
}

/* A rule that is gone leaves what it did. */
static void the_journal_keeps_what_is_gone(void **state)
{
    struct sql_house *house = *state;
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    const char *of_point = "select count(*) from alarm_journal where path = 'north/d1/temp'";
    int64_t before = number_of(house, of_point);
    struct form_writer form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text("all-hot"));
    (void)order(TENANT_MAIN, COMMAND_RULE_REMOVE, &form);
    rest();
    assert_sql(house, "select count(*) from alarms where path = 'north/d1/temp'",
               "count(*)\r\n0\r\n");
    assert_true(before > 0 && number_of(house, of_point) >= before);
    assert_sql(house, "select distinct rule from alarm_journal where path = 'north/d1/temp'",
               "rule\r\nall-hot\r\n");
}

/* ---- joins and orders --------------------------------------------------------------------------
 */
static void they_are_joined(void **state)
{
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    assert_sql(*state,
               "select a.path, l.path as point, l.value from assets a join live l on "
               "l.path glob a.branch || '/*' order by 1, 2",
               "path,point,value\r\n@acme/hall-1,@acme/fire/d0/temp,95\r\n"
               "p-1,north/d0/temp,95\r\np-2,south/d0/temp,95\r\n");
    assert_sql(*state,
               "select m.rule, l.value from alarms m join live l on l.path = m.path where "
               "m.tenant = 'own' order by m.rule desc",
               "rule,value\r\nsouth-hot,95\r\nnorth-hot,95\r\nboth,95\r\nall-hot,95\r\n");
    assert_sql(*state,
               "select t.name, count(a.asset) as n from asset_types t left join assets a "
               "on a.type = t.name group by 1 order by 2 desc, 1",
               "name,n\r\npump,2\r\nmachine,0\r\n");
    assert_sql(*state,
               "select d.name, a.path from documents d, json_each(d.attached) e join "
               "assets a on e.value = 'asset:' || a.path order by 1, 2",
               "name,path\r\nmanual,p-1\r\nmanual,p-2\r\n");
    assert_sql(*state, "select path from assets where path like 'P-%' order by path desc limit 1",
               "path\r\np-2\r\n");
}

/* More than a batch of rows, each once. */
static void many_rows_come_once(void **state)
{
    struct person all;
    asks(&all, TENANT_MAIN, "#");
    for (int i = 0; i < 1500; i++) {
        char name[32];
        snprintf(name, sizeof name, "many-%04d", i);
        (void)asset_make(TENANT_MAIN, name, TYPE_NONE, name);
    }
    assert_sql(*state,
               "select count(*) as n, count(distinct path) as p, min(path) as a, max(path) "
               "as b from assets where path glob 'many-*'",
               "n,p,a,b\r\n1500,1500,many-0000,many-1499\r\n");
}

int main(int count, char **words)
{
    int code;
    if (sql_house_main(count, words, &code))
        return code;
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(types_and_assets),
        TEST(rules_and_alarms),
        TEST(what_is_done_is_told),
        TEST(documents_rosters_channels),
        TEST(branches_that_are_hidden_are_not_there),
        TEST(who_sees_all_is_told_why),
        TEST(who_sees_nothing_is_told_nothing),
        TEST(tenants_are_apart),
        TEST(no_modules_no_rows),
        TEST(the_journal_is_asked_by_arrival),
        TEST(the_journal_keeps_what_is_gone),
        TEST(they_are_joined),
        TEST(many_rows_come_once),
    };
    return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
