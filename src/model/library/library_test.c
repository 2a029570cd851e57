/* What commands do to documents and boards, what they are refused for, and each limit at both
 * sides. */
#include "model/library/fixture.h"

#define MAIN TENANT_DEFAULT

/* ---- documents ---------------------------------------------------------------------------------
 */
static void test_a_document_has_versions(void **arg)
{
    (void)arg;
    struct fixture f;
    struct document_view view;
    struct document_version versions[4];
    fixture_open(&f);
    assert_int_equal(fixture_document(&f, MAIN, "pump manual", 1), OUTCOME_DONE);
    uint32_t document = f.outcome.number;
    uint64_t made = f.stamp.position;
    assert_int_equal(fixture_document(&f, MAIN, "pump manual", 2), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, document);
    assert_int_equal(fixture_document(&f, MAIN, "pump manual", 2), OUTCOME_DONE); /* the same */
    assert_true(library_document(f.model, document, &view));
    assert_text(view.name, "pump manual");
    assert_int_equal(view.versions, 2);
    assert_int_equal(view.made, made);
    assert_int_equal(view.newest.number, 2);
    assert_int_equal(view.newest.size, 100);
    assert_int_equal(view.newest.media, DOCUMENT_TEXT);
    assert_text(view.newest.author, "ann");
    assert_int_equal(library_document_versions(f.model, document, versions, 4), 2);
    assert_int_equal(versions[0].number, 2);
    assert_int_equal(versions[1].number, 1);
    assert_int_equal(versions[1].hash[0], 1);
    assert_true(library_document_version(f.model, document, 1, &versions[0]));
    assert_false(library_document_version(f.model, document, 3, &versions[0]));
    fixture_close(&f);
}

static void test_rename_and_title(void **arg)
{
    (void)arg;
    struct fixture f;
    struct document_view view;
    struct said said;
    fixture_open(&f);
    assert_int_equal(fixture_document(&f, MAIN, "a", 1), OUTCOME_DONE);
    uint32_t document = f.outcome.number;
    assert_int_equal(fixture_document(&f, MAIN, "b", 2), OUTCOME_DONE);
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, document);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("b"));
    assert_int_equal(said_run(&said, &f), OUTCOME_NAME_TAKEN);
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, document);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("c"));
    form_put_text(&said.form, DOCUMENT_TAG_TITLE, bytes_text("The third"));
    assert_int_equal(said_run(&said, &f), OUTCOME_DONE);
    assert_int_equal(library_document_find(f.model, MAIN, bytes_text("a")), DOCUMENT_NONE);
    assert_int_equal(library_document_find(f.model, MAIN, bytes_text("c")), document);
    assert_int_equal(library_document_find(f.model, 2, bytes_text("c")), DOCUMENT_NONE);
    assert_true(library_document(f.model, document, &view));
    assert_text(view.title, "The third");
    assert_int_equal(view.versions, 1);
    fixture_close(&f);
}

static void test_attached(void **arg)
{
    (void)arg;
    const struct attached asset = {.kind = ATTACHED_ASSET, .number = 7};
    const struct attached branch = {.kind = ATTACHED_BRANCH, .branch = bytes_text("north/pumps")};
    const struct attached other = {.kind = ATTACHED_BRANCH, .branch = bytes_text("north")};
    struct fixture f;
    struct attached held[DOCUMENT_ATTACHED_MAX];
    struct said said;
    uint32_t documents[4];
    fixture_open(&f);
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("a"));
    said_version(&said, 1, 5);
    attached_put(&said.form, &asset);
    attached_put(&said.form, &branch);
    attached_put(&said.form, &asset); /* said twice is once */
    assert_int_equal(said_run(&said, &f), OUTCOME_DONE);
    uint32_t document = f.outcome.number;
    assert_int_equal(library_document_attached(f.model, document, held), 2);
    assert_int_equal(held[0].number, 7);
    assert_text(held[1].branch, "north/pumps");
    assert_int_equal(library_attached_to(f.model, MAIN, &branch, documents, 4), 1);
    assert_int_equal(documents[0], document);
    assert_int_equal(library_attached_to(f.model, MAIN, &other, documents, 4), 0);
    assert_int_equal(library_attached_to(f.model, 2, &branch, documents, 4), 0);
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, document);
    form_put_integer(&said.form, DOCUMENT_TAG_NO_ATTACHED, 1);
    assert_int_equal(said_run(&said, &f), OUTCOME_DONE);
    assert_int_equal(library_document_attached(f.model, document, held), 0);
    assert_int_equal(library_attached_to(f.model, MAIN, &asset, documents, 4), 0);
    fixture_close(&f);
}

static void test_removal_releases_hashes(void **arg)
{
    (void)arg;
    struct fixture f;
    struct document_view view;
    struct library_use use;
    uint8_t one[DOCUMENT_HASH_SIZE], two[DOCUMENT_HASH_SIZE];
    memset(one, 1, sizeof one);
    memset(two, 2, sizeof two);
    fixture_open(&f);
    assert_int_equal(fixture_document(&f, MAIN, "a", 1), OUTCOME_DONE);
    uint32_t document = f.outcome.number;
    assert_int_equal(fixture_document(&f, MAIN, "a", 2), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, 2, "a", 2), OUTCOME_DONE);
    library_use(f.model, MAIN, &use);
    assert_int_equal(use.bytes, 200);
    assert_int_equal(fixture_remove(&f, COMMAND_DOCUMENT_REMOVE, 2, document),
                     OUTCOME_UNKNOWN_DOCUMENT);
    assert_int_equal(library_released(f.model), 0);
    assert_int_equal(fixture_remove(&f, COMMAND_DOCUMENT_REMOVE, MAIN, document), OUTCOME_DONE);
    assert_int_equal(library_released(f.model), 2);
    assert_false(library_holds(f.model, one));
    assert_true(library_holds(f.model, two)); /* the other tenant's */
    assert_false(library_document(f.model, document, &view));
    library_use(f.model, MAIN, &use);
    assert_int_equal(use.bytes + use.documents + use.versions, 0);
    assert_int_equal(fixture_remove(&f, COMMAND_DOCUMENT_REMOVE, MAIN, document),
                     OUTCOME_UNKNOWN_DOCUMENT);
    assert_int_equal(fixture_document(&f, MAIN, "b", 3), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, document); /* its number is used again */
    fixture_close(&f);
}

static void test_what_a_document_must_say(void **arg)
{
    (void)arg;
    static const char *const bad[] = {"", "a/b", " a", "a ", "a\nb", "\xff"};
    struct fixture f;
    struct said said;
    char longest[LIBRARY_NAME_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[LIBRARY_NAME_MAX + 1] = 0;
    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(fixture_document(&f, MAIN, bad[i], 1), OUTCOME_NAME_INVALID);
    assert_int_equal(fixture_document(&f, MAIN, longest, 1), OUTCOME_NAME_INVALID);
    longest[LIBRARY_NAME_MAX] = 0;
    assert_int_equal(fixture_document(&f, MAIN, longest, 1), OUTCOME_DONE);
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("a"));
    assert_int_equal(said_run(&said, &f), OUTCOME_DOCUMENT_INVALID); /* no version */
    for (uint64_t size = DOCUMENT_BYTES_MAX; size <= DOCUMENT_BYTES_MAX + 1; size++) {
        said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
        form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("a"));
        said_version(&said, 1, size);
        assert_int_equal(said_run(&said, &f),
                         size > DOCUMENT_BYTES_MAX ? OUTCOME_DOCUMENT_INVALID : OUTCOME_DONE);
    }
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("a"));
    form_put_integer(&said.form, 99, 1); /* a field that nobody knows */
    assert_int_equal(said_run(&said, &f), OUTCOME_DOCUMENT_INVALID);
    fixture_close(&f);
}

static void test_attached_limit(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    for (uint32_t count = DOCUMENT_ATTACHED_MAX; count <= DOCUMENT_ATTACHED_MAX + 1; count++) {
        struct said said;
        said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
        form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("a"));
        said_version(&said, 1, 5);
        for (uint32_t i = 0; i < count; i++)
            attached_put(&said.form, &(struct attached){.kind = ATTACHED_RULE, .number = 1 + i});
        assert_int_equal(said_run(&said, &f),
                         count > DOCUMENT_ATTACHED_MAX ? OUTCOME_DOCUMENT_INVALID : OUTCOME_DONE);
    }
    fixture_close(&f);
}

static void test_versions_limit(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    for (int i = 0; i < DOCUMENT_VERSIONS_MAX; i++)
        assert_int_equal(fixture_document(&f, MAIN, "a", (uint8_t)(1 + i)), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, MAIN, "a", 255), OUTCOME_LIBRARY_FULL);
    assert_int_equal(fixture_document(&f, MAIN, "b", 255), OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- the library's limits ----------------------------------------------------------------------
 */
static const struct library_limits small = {.documents_max = 20,
                                            .versions_max = 30,
                                            .attached_max = 40,
                                            .boards_max = 20,
                                            .boards_tenant = 30,
                                            .boards_person = 30,
                                            .bytes_max = 1000000,
                                            .texts_bytes_max = 100000};

static void test_documents_limits(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[16];
    fixture_open_limited(&f, &small);
    /* Of another tenant: a tenth. */
    assert_int_equal(fixture_document(&f, 2, "a", 1), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, 2, "b", 1), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, 2, "c", 1), OUTCOME_LIBRARY_FULL);
    assert_int_equal(fixture_document(&f, 2, "b", 2), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, 2, "b", 3), OUTCOME_LIBRARY_FULL); /* 3 of 30 versions */
    for (int i = 0; i < 18; i++) {
        snprintf(name, sizeof name, "d%d", i);
        assert_int_equal(fixture_document(&f, MAIN, name, 9), OUTCOME_DONE);
    }
    assert_int_equal(fixture_document(&f, MAIN, "more", 9), OUTCOME_LIBRARY_FULL);
    for (int i = 0; i < 9; i++)
        assert_int_equal(fixture_document(&f, MAIN, "d0", (uint8_t)(20 + i)), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, MAIN, "d0", 40), OUTCOME_LIBRARY_FULL); /* 30 versions */
    fixture_close(&f);
}

static enum outcome_code document_of_size(struct fixture *f, const char *name, uint64_t size)
{
    struct said said;
    said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text(name));
    said_version(&said, (uint8_t)name[0], size);
    return said_run(&said, f);
}

static void test_bytes_limits(void **arg)
{
    (void)arg;
    struct fixture f;
    struct library_limits limits = small;
    fixture_open_limited(&f, &limits);
    assert_int_equal(document_of_size(&f, "a", 999999), OUTCOME_DONE);
    assert_int_equal(document_of_size(&f, "b", 2), OUTCOME_LIBRARY_FULL);
    assert_int_equal(document_of_size(&f, "c", 1), OUTCOME_DONE);
    fixture_close(&f);
    limits.texts_bytes_max = texts_cost(1) + texts_cost(3); /* a name and an author */
    fixture_open_limited(&f, &limits);
    assert_int_equal(document_of_size(&f, "a", 1), OUTCOME_DONE);
    assert_int_equal(document_of_size(&f, "b", 1), OUTCOME_LIBRARY_FULL);
    assert_int_equal(fixture_remove(&f, COMMAND_DOCUMENT_REMOVE, MAIN, 1), OUTCOME_DONE);
    assert_int_equal(document_of_size(&f, "b", 1), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_attached_all_limit(void **arg)
{
    (void)arg;
    struct fixture f;
    struct library_limits limits = small;
    limits.attached_max = 2;
    fixture_open_limited(&f, &limits);
    for (uint32_t i = 1; i <= 3; i++) {
        struct said said;
        char name[4] = {(char)('a' + i), 0};
        said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
        form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text(name));
        said_version(&said, 1, 5);
        attached_put(&said.form, &(struct attached){.kind = ATTACHED_RULE, .number = i});
        assert_int_equal(said_run(&said, &f), i > 2 ? OUTCOME_LIBRARY_FULL : OUTCOME_DONE);
    }
    fixture_close(&f);
}

/* ---- boards ------------------------------------------------------------------------------------
 */
static void test_a_board_keeps_its_content(void **arg)
{
    (void)arg;
    static uint8_t content[BOARD_CONTENT_MAX + 1];
    struct fixture f;
    struct board_view view;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)('a' + i % 23);
    assert_int_equal(fixture_board(&f, MAIN, "mine", 5, bytes_of(content, sizeof content)),
                     OUTCOME_DOCUMENT_INVALID);
    assert_int_equal(fixture_board(&f, MAIN, "mine", 5, bytes_of(content, 0)),
                     OUTCOME_DOCUMENT_INVALID);
    for (size_t size = 8191; size <= BOARD_CONTENT_MAX; size += size < 8193 ? 1 : 2047) {
        assert_int_equal(fixture_board(&f, MAIN, "mine", 5, bytes_of(content, size)), OUTCOME_DONE);
        assert_true(library_board(f.model, f.outcome.number, &view));
        assert_int_equal(view.content[0].size + view.content[1].size, size);
        assert_memory_equal(view.content[0].at, content, view.content[0].size);
        assert_memory_equal(view.content[1].at, content + view.content[0].size,
                            view.content[1].size);
    }
    assert_int_equal(view.owner, 5);
    assert_false(view.shared);
    fixture_close(&f);
}

static void test_boards_of_others(void **arg)
{
    (void)arg;
    struct fixture f;
    struct board_view view;
    struct said said;
    fixture_open(&f);
    assert_int_equal(fixture_board(&f, MAIN, "mine", 5, bytes_text("{}")), OUTCOME_DONE);
    uint32_t board = f.outcome.number;
    assert_int_equal(fixture_board(&f, MAIN, "mine", 6, bytes_text("[]")), OUTCOME_NAME_TAKEN);
    said_begin(&said, COMMAND_BOARD_SET, MAIN, board); /* by its number whoever may */
    form_put_integer(&said.form, BOARD_TAG_SHARED, 1);
    form_put_text(&said.form, BOARD_TAG_TITLE, bytes_text("Ours"));
    assert_int_equal(said_run(&said, &f), OUTCOME_DONE);
    assert_true(library_board(f.model, board, &view));
    assert_true(view.shared);
    assert_text(view.title, "Ours");
    assert_text(view.content[0], "{}");
    said_begin(&said, COMMAND_BOARD_SET, 2, board);
    assert_int_equal(said_run(&said, &f), OUTCOME_UNKNOWN_BOARD);
    assert_int_equal(fixture_remove(&f, COMMAND_BOARD_REMOVE, 2, board), OUTCOME_UNKNOWN_BOARD);
    assert_int_equal(fixture_remove(&f, COMMAND_BOARD_REMOVE, MAIN, board), OUTCOME_DONE);
    assert_int_equal(library_board_find(f.model, MAIN, bytes_text("mine")), BOARD_NONE);
    assert_false(library_board(f.model, board, &view));
    fixture_close(&f);
}

static void test_boards_limit(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[16];
    fixture_open_limited(&f, &small);
    for (int i = 0; i <= 20; i++) {
        snprintf(name, sizeof name, "b%d", i);
        assert_int_equal(fixture_board(&f, MAIN, name, 1, bytes_text("{}")),
                         i < 20 ? OUTCOME_DONE : OUTCOME_LIBRARY_FULL);
    }
    assert_int_equal(fixture_board(&f, 2, "b", 1, bytes_text("{}")), OUTCOME_LIBRARY_FULL);
    assert_int_equal(fixture_remove(&f, COMMAND_BOARD_REMOVE, MAIN, 7), OUTCOME_DONE);
    assert_int_equal(fixture_board(&f, MAIN, "again", 1, bytes_text("{}")), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_boards_of_a_tenant_and_a_person(void **arg)
{
    (void)arg;
    struct fixture f;
    struct library_limits few = small;
    char name[16];
    few.boards_tenant = 8;
    few.boards_person = 5;
    fixture_open_limited(&f, &few);
    for (uint32_t i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "b%u", i);
        assert_int_equal(fixture_board(&f, MAIN, name, 1, bytes_text("{}")),
                         i < 5 ? OUTCOME_DONE : OUTCOME_BOARDS_FULL);
    }
    assert_int_equal(fixture_board(&f, MAIN, "b3", 1, bytes_text("{\"again\":1}")), OUTCOME_DONE);
    assert_int_equal(library_rebuild(f.model),
                     OK); /* the count is of the index that is made anew */
    assert_int_equal(fixture_board(&f, MAIN, "b5", 1, bytes_text("{}")), OUTCOME_BOARDS_FULL);
    for (uint32_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "c%u", i);
        assert_int_equal(fixture_board(&f, MAIN, name, 2, bytes_text("{}")),
                         i < 3 ? OUTCOME_DONE : OUTCOME_BOARDS_FULL);
    }
    assert_int_equal(fixture_remove(&f, COMMAND_BOARD_REMOVE, MAIN, 2), OUTCOME_DONE);
    assert_int_equal(fixture_board(&f, MAIN, "b5", 1, bytes_text("{}")), OUTCOME_DONE);
    assert_int_equal(fixture_board(&f, MAIN, "b6", 1, bytes_text("{}")), OUTCOME_BOARDS_FULL);
    /* One of the same number elsewhere is another. */
    assert_int_equal(fixture_board(&f, 2, "b", 1, bytes_text("{}")), OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- tenants, walks, keys ----------------------------------------------------------------------
 */
static void test_a_deleted_tenant(void **arg)
{
    (void)arg;
    struct fixture f;
    struct document_view view;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    char name[16];
    fixture_open(&f);
    memset(hash, 1, sizeof hash);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "d%d", i);
        assert_int_equal(fixture_document(&f, 2, name, 1), OUTCOME_DONE);
        assert_int_equal(fixture_board(&f, 2, name, 1, bytes_text("{}")), OUTCOME_DONE);
    }
    assert_int_equal(library_tenant_deleted(f.model, 2), OK);
    assert_int_equal(library_tenant_deleted(f.model, 2), OK);
    assert_int_equal(library_tenant_deleted(f.model, 77), OK);
    assert_false(library_document(f.model, 1, &view));
    assert_int_equal(library_document_find(f.model, 2, bytes_text("d0")), DOCUMENT_NONE);
    assert_int_equal(library_document_next(f.model, 2, 0), DOCUMENT_NONE);
    assert_int_equal(fixture_document(&f, 2, "more", 1), OUTCOME_UNKNOWN_TENANT);
    for (int i = 0; i < 6; i++) { /* any fact moves it on */
        struct fact tick = {.kind = FACT_TICK};
        struct outcome none = {0};
        f.stamp.position++;
        assert_int_equal(library_apply_fact(f.model, f.points, &tick, &f.stamp, &none), OK);
    }
    assert_false(library_holds(f.model, hash));
    assert_int_equal(library_released(f.model), 5);
    assert_int_equal(library_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_walks_are_in_the_order_made(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_document(&f, MAIN, "c", 1), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, 2, "x", 1), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, MAIN, "a", 1), OUTCOME_DONE);
    assert_int_equal(fixture_document(&f, MAIN, "b", 1), OUTCOME_DONE);
    assert_int_equal(fixture_remove(&f, COMMAND_DOCUMENT_REMOVE, MAIN, 3), OUTCOME_DONE);
    assert_int_equal(library_document_next(f.model, MAIN, 0), 1);
    assert_int_equal(library_document_next(f.model, MAIN, 1), 4);
    assert_int_equal(library_document_next(f.model, MAIN, 4), DOCUMENT_NONE);
    assert_int_equal(library_document_next(f.model, MAIN, 2), DOCUMENT_NONE); /* not its own */
    fixture_close(&f);
}

static void test_keys(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    for (int i = 0; i < 2; i++) {
        said_begin(&said, COMMAND_DOCUMENT_SET, MAIN, 0);
        said.command.key_kind = KEY_FREE;
        said.command.key = bytes_text("once");
        said.command.key_wall_ns = f.stamp.wall_ns;
        form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text("a"));
        said_version(&said, (uint8_t)(1 + i), 5);
        assert_int_equal(said_run(&said, &f), i == 0 ? OUTCOME_DONE : OUTCOME_REPEATED);
        assert_int_equal(f.outcome.first_code, OUTCOME_DONE);
        assert_int_equal(f.outcome.number, 1);
    }
    fixture_close(&f);
}

static void test_media_types(void **arg)
{
    (void)arg;
    assert_int_equal(document_media_parse(bytes_text("application/pdf")), DOCUMENT_PDF);
    assert_int_equal(document_media_parse(bytes_text("Text/Markdown; charset=utf-8")),
                     DOCUMENT_MARKDOWN);
    assert_int_equal(document_media_parse(bytes_text("text/html")), 0);
    assert_int_equal(document_media_parse(bytes_text("")), 0);
    assert_string_equal(document_media_type(DOCUMENT_SVG), "image/svg+xml");
    assert_null(document_media_type(0));
    assert_null(document_media_type(DOCUMENT_MEDIA_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_document_has_versions),
        cmocka_unit_test(test_rename_and_title),
        cmocka_unit_test(test_attached),
        cmocka_unit_test(test_removal_releases_hashes),
        cmocka_unit_test(test_what_a_document_must_say),
        cmocka_unit_test(test_attached_limit),
        cmocka_unit_test(test_versions_limit),
        cmocka_unit_test(test_documents_limits),
        cmocka_unit_test(test_bytes_limits),
        cmocka_unit_test(test_attached_all_limit),
        cmocka_unit_test(test_a_board_keeps_its_content),
        cmocka_unit_test(test_boards_of_others),
        cmocka_unit_test(test_boards_limit),
        cmocka_unit_test(test_boards_of_a_tenant_and_a_person),
        cmocka_unit_test(test_a_deleted_tenant),
        cmocka_unit_test(test_walks_are_in_the_order_made),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_media_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
