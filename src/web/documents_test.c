/* The document, its page and the metrics are made from tables; these tests hold the tables against
 * each other, against the code that uses them, and against docs/metrics.md. */
#include "web/openapi.h"
#include "web/test_house.h"
#include "web/text.h"

#include <dirent.h>

/* The page and the document are larger than what a reply may hold of a stack. */
static char *text_of(struct test_house *house, const char *line)
{
    struct reply reply = house_ask(house, line);
    if (reply.status != 200)
        fail_msg("%s: %u", line, reply.status);
    char *text = malloc(reply.body.size + 1);
    assert_non_null(text);
    memcpy(text, reply.body.at, reply.body.size);
    text[reply.body.size] = '\0';
    return text;
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("%s: cannot be read", path);
    char *text = calloc(1, (size_t)1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, ((size_t)1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* ---- the document --------------------------------------------------------------------------- */
static void reference_is_there(const json_t *document, const json_t *node)
{
    const char *key;
    json_t *value;
    size_t index;
    json_array_foreach((json_t *)(uintptr_t)node, index, value) reference_is_there(document, value);
    json_object_foreach((json_t *)(uintptr_t)node, key, value)
    {
        reference_is_there(document, value);
        if (strcmp(key, "$ref") != 0)
            continue;
        const char *name = json_string_value(value);
        assert_non_null(name);
        assert_int_equal(strncmp(name, "#/components/schemas/", 21), 0);
        const json_t *components = json_object_get(document, "components");
        if (json_object_get(json_object_get(components, "schemas"), name + 21) == NULL)
            fail_msg("%s is not there", name);
    }
}

static void test_document_has_each_route_and_schema(void **state)
{
    char *text = text_of(*state, "GET /v1/openapi.json");
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    assert_string_equal(json_string_value(json_object_get(document, "openapi")), "3.1.0");
    json_t *paths = json_object_get(document, "paths"), *path, *operation;
    size_t operations = 0;
    const char *verb, *name;
    json_object_foreach(paths, name, path) json_object_foreach(path, verb, operation) operations++;
    assert_int_equal(operations, web_route_count);
    for (size_t i = 0; i < web_route_count; i++) {
        char word[16] = "";
        snprintf(word, sizeof word, "%s", http_verb_text(web_routes[i].verb));
        for (char *at = word; *at != '\0'; at++)
            *at = (char)(*at | 0x20);
        operation = json_object_get(json_object_get(paths, web_routes[i].path), word);
        assert_non_null(operation);
        assert_string_equal(json_string_value(json_object_get(operation, "operationId")),
                            web_routes[i].name);
    }
    assert_int_equal(
        json_object_size(json_object_get(json_object_get(document, "components"), "schemas")),
        schema_count());
    reference_is_there(document, document);
    json_decref(document);
    free(text);
}

static void test_schemas_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_count(); i++) {
        assert_ptr_equal(schema_find(schema_at(i)->name), schema_at(i)); /* each once */
        assert_true((schema_at(i)->members == NULL) != (schema_at(i)->any_of == NULL));
        assert_true(schema_at(i)->line == NULL || schema_find(schema_at(i)->line) != NULL);
        const struct schema_member *members = schema_at(i)->members;
        for (size_t m = 0; members != NULL && members[m].name != NULL; m++) {
            struct kind kind = kind_read(members[m].kind);
            bool named = kind.word[0] >= 'A' && kind.word[0] <= 'Z';
            if (named && kind.schema == NULL)
                fail_msg("%s.%s: no schema %s", schema_at(i)->name, members[m].name, kind.word);
            if (members[m].example != NULL) {
                json_t *example = json_loads(members[m].example, JSON_DECODE_ANY, NULL);
                if (example == NULL)
                    fail_msg("%s.%s: no JSON: %s", schema_at(i)->name, members[m].name,
                             members[m].example);
                json_decref(example);
            }
            for (size_t other = 0; other < m; other++)
                assert_string_not_equal(members[m].name, members[other].name);
        }
    }
    for (size_t i = 0; i < web_route_count; i++)
        if (route_note_find(web_routes[i].name) == NULL)
            fail_msg("notes.c says nothing of %s", web_routes[i].name);
}

/* ---- the page ------------------------------------------------------------------------------- */
static void anchor_is_there(const char *page, const char *prefix, const char *name)
{
    char anchor[128];
    snprintf(anchor, sizeof anchor, " id=\"%s%s\"", prefix, name);
    const char *found = strstr(page, anchor);
    if (found == NULL)
        fail_msg("%s is not on the page", anchor);
    if (strstr(found + 1, anchor) != NULL)
        fail_msg("%s is there twice", anchor);
}

static void test_page_has_a_place_for_each(void **state)
{
    char *page = text_of(*state, "GET /docs");
    for (size_t i = 0; i < web_route_count; i++)
        anchor_is_there(page, "", web_routes[i].name);
    for (size_t i = 0; i < schema_count(); i++)
        anchor_is_there(page, "schema-", schema_at(i)->name);
    for (size_t i = 0; i < problem_word_count; i++)
        anchor_is_there(page, "", problem_words[i].code);
    for (const char *at = page; (at = strstr(at, "href=\"#")) != NULL; at++) { /* no dead link */
        char name[64] = "";
        sscanf(at, "href=\"#%63[^\"]", name);
        anchor_is_there(page, "", name);
    }
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "style="));
    assert_null(strstr(page, "<style"));
    free(page);
}

static void test_page_and_style_are_allowed_and_nothing_else(void **state)
{
    struct reply reply = house_ask(*state, "GET /docs");
    struct bytes policy = reply_header(&reply, "Content-Security-Policy");
    assert_non_null(memmem(policy.at, policy.size, "default-src 'none'", 18));
    assert_non_null(memmem(policy.at, policy.size, "style-src 'self'", 16));
    assert_null(memmem(policy.at, policy.size, "unsafe", 6));
    reply = house_ask(*state, "GET /docs.css");
    assert_int_equal(reply.status, 200);
    assert_true(reply_header_is(&reply, "Content-Type", "text/css; charset=utf-8"));
}

/* ---- problem codes -------------------------------------------------------------------------- */
static bool problem_is_known(const char *code)
{
    for (size_t i = 0; i < problem_word_count; i++)
        if (strcmp(problem_words[i].code, code) == 0)
            return true;
    return false;
}

/* Each `answer_problem(..., 404, "word"` of a file. */
static size_t codes_of(const char *path)
{
    char *text = file_text(path);
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, "answer_problem(")) != NULL; at++) {
        unsigned status;
        char code[64];
        const char *comma = strchr(at, ',');
        if (comma == NULL || sscanf(comma, ", %u, \"%63[a-z_]\"", &status, code) != 2)
            continue;
        found++;
        if (!problem_is_known(code))
            fail_msg("%s: the code \"%s\" is not in problems.c", path, code);
    }
    free(text);
    return found;
}

static void test_each_code_is_in_the_table(void **state)
{
    (void)state;
    size_t found = 0;
    DIR *folder = opendir("src/web");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t size = strlen(entry->d_name);
        char path[300];
        if (size < 3 || strcmp(entry->d_name + size - 2, ".c") != 0 ||
            strstr(entry->d_name, "_test.c") != NULL)
            continue;
        snprintf(path, sizeof path, "src/web/%s", entry->d_name);
        found += codes_of(path);
    }
    closedir(folder);
    assert_true(found > 40); /* the search itself works */
    for (size_t i = ADMIT_DONE + 1; i < ADMIT_COUNT; i++)
        if (!problem_is_known(admit_name((enum admit)i)))
            fail_msg("the refusal %s is not in problems.c", admit_name((enum admit)i));
    for (size_t i = OUTCOME_UNKNOWN_POINT; i < OUTCOME_COUNT; i++)
        if (!problem_is_known(report_outcome_word((enum outcome_code)i)))
            fail_msg("%s is not in problems.c", report_outcome_word((enum outcome_code)i));
    for (size_t i = PAYLOAD_OK + 1; i < PAYLOAD_FAULTS; i++)
        if (!problem_is_known(payload_fault_name((enum payload_fault)i)))
            fail_msg("%s is not in problems.c", payload_fault_name((enum payload_fault)i));
}

/* ---- metrics -------------------------------------------------------------------------------- */
/* The row of docs/metrics.md that a metric must have. */
static void row_of(const char *help, const char *kind, char *row, size_t size)
{
    char name[100];
    sscanf(help, "%99s", name);
    snprintf(row, size, "| `%s` | %s | %s |\n", name, kind, help + strlen(name) + 1);
}

static void test_metrics_are_those_of_their_page(void **state)
{
    char *text = text_of(*state, "GET /metrics"), *page = file_text("docs/metrics.md");
    char row[1024];
    size_t told = 0, listed = 0;
    FILE *wanted = fopen("/tmp/mainstem-metrics.md", "we");
    assert_non_null(wanted);
    bool missing = false;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) != 0)
            continue;
        char *kind = strtok(NULL, "\n");
        assert_non_null(kind);
        assert_int_equal(strncmp(kind, "# TYPE mainstem_", 16), 0);
        row_of(line + 7, strrchr(kind, ' ') + 1, row, sizeof row);
        fputs(row, wanted);
        missing = missing || strstr(page, row) == NULL;
        told++;
    }
    fclose(wanted);
    const char *table = strstr(page, "| metric | type |");
    assert_non_null(table);
    for (const char *at = table; (at = strstr(at, "\n| `mainstem_")) != NULL; at++)
        listed++;
    if (missing || told != listed)
        fail_msg("docs/metrics.md lists %zu metrics, there are %zu; what its table should be is in "
                 "/tmp/mainstem-metrics.md",
                 listed, told);
    assert_true(told > 80);
    free(text);
    free(page);
}

static void test_labels_and_text_are_escaped(void **state)
{
    (void)state;
    struct text text = {.at = NULL};
    text_put_html(&text, "a<b>&\"c\" 'd'");
    assert_true(
        bytes_equal(text_bytes(&text), bytes_text("a&lt;b&gt;&amp;&quot;c&quot; &#39;d&#39;")));
    text_done(&text);
    text_put_format(&text, "%s", "");
    assert_int_equal(text.size, 0);
    char *large = malloc(TEXT_BYTES_MAX);
    assert_non_null(large);
    memset(large, 'x', TEXT_BYTES_MAX);
    text_put(&text, bytes_of(large, TEXT_BYTES_MAX));
    assert_false(text.failed);
    text_put(&text, bytes_of(large, 1));
    assert_true(text.failed);
    assert_int_equal(text.size, TEXT_BYTES_MAX);
    text_done(&text);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_document_has_each_route_and_schema, house_setup,
                                        house_teardown),
        cmocka_unit_test(test_schemas_are_sound),
        cmocka_unit_test_setup_teardown(test_page_has_a_place_for_each, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_page_and_style_are_allowed_and_nothing_else,
                                        house_setup, house_teardown),
        cmocka_unit_test(test_each_code_is_in_the_table),
        cmocka_unit_test_setup_teardown(test_metrics_are_those_of_their_page, house_setup,
                                        house_teardown),
        cmocka_unit_test(test_labels_and_text_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
