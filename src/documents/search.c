/* The index: FTS5 with our tokenizer, in a temporary file of SQLite's that goes when it is closed.
 * What a person typed never is SQL or the language of FTS5: its words are quoted. */
#include "documents/search.h"

#include "documents/snippet.h"
#include "documents/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
    sqlite3 *db;
    struct words *words;
};

static enum err err_of(int rc)
{
    switch (rc) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return OK;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_FULL:
        return ERR_NO_SPACE;
    default:
        return ERR_IO;
    }
}

/* An empty name: a file of its own that nobody else sees, in memory as long as it is small. */
enum err search_create(struct search **ret_search)
{
    struct search *search = calloc(1, sizeof *search);
    if (search == NULL)
        return ERR_NO_MEMORY;
    enum err err = err_of(sqlite3_open_v2(
        "", &search->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    if (err == OK)
        err = err_of(sqlite3_exec(search->db,
                                  "pragma journal_mode = off; pragma synchronous = off;"
                                  "pragma cache_size = -16384; pragma trusted_schema = off",
                                  NULL, NULL, NULL));
    if (err == OK)
        err = words_register(search->db);
    if (err == OK)
        err = words_create(search->db, &search->words);
    if (err != OK) {
        search_destroy(search);
        return err;
    }
    *ret_search = search;
    return OK;
}

void search_destroy(struct search *search)
{
    if (search == NULL)
        return;
    words_destroy(search->words);
    (void)sqlite3_close(search->db);
    free(search);
}

/* ---- statements --------------------------------------------------------------------------------
 */
#define STATEMENT_SIZE 300

/* Names of tables cannot be bound: a tenant's number stands in the text. */
#define STATEMENT_OF(text, format, tenant)                                                         \
    (void)snprintf(text, STATEMENT_SIZE, format, (unsigned)(tenant))

static enum err prepare(struct search *search, const char *text, sqlite3_stmt **ret_statement)
{
    return err_of(sqlite3_prepare_v2(search->db, text, -1, ret_statement, NULL));
}

static void bind_text(sqlite3_stmt *statement, int index, struct bytes text)
{
    (void)sqlite3_bind_text64(statement, index, text.size == 0 ? "" : (const char *)text.at,
                              text.size, SQLITE_STATIC, SQLITE_UTF8);
}

static enum err run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    (void)sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? OK : err_of(rc == SQLITE_ROW ? SQLITE_ERROR : rc);
}

static enum err table_exists(struct search *search, uint32_t tenant, bool *ret_exists)
{
    char name[32];
    sqlite3_stmt *statement;
    enum err err = prepare(search, "select 1 from sqlite_master where name = ?1", &statement);
    if (err != OK)
        return err;
    bind_text(statement, 1, bytes_of(name, (size_t)snprintf(name, sizeof name, "t%u", tenant)));
    int rc = sqlite3_step(statement);
    *ret_exists = rc == SQLITE_ROW;
    (void)sqlite3_finalize(statement);
    return err_of(rc);
}

/* ---- entries -----------------------------------------------------------------------------------
 */
static enum err entry_delete(struct search *search, uint32_t tenant, uint32_t document)
{
    char text[STATEMENT_SIZE];
    sqlite3_stmt *statement;
    STATEMENT_OF(text, "delete from t%u where rowid = ?1", tenant);
    enum err err = prepare(search, text, &statement);
    if (err != OK)
        return err;
    (void)sqlite3_bind_int64(statement, 1, document);
    return run(statement);
}

static enum err entry_insert(struct search *search, const struct search_entry *entry)
{
    char text[STATEMENT_SIZE];
    sqlite3_stmt *statement;
    STATEMENT_OF(text, "insert into t%u(rowid, name, title, text, made) values(?1, ?2, ?3, ?4, ?5)",
                 entry->tenant);
    enum err err = prepare(search, text, &statement);
    if (err != OK)
        return err;
    (void)sqlite3_bind_int64(statement, 1, entry->document);
    bind_text(statement, 2, entry->name);
    bind_text(statement, 3, entry->title);
    bind_text(statement, 4, entry->text);
    (void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)entry->made);
    return run(statement);
}

enum err search_put(struct search *search, const struct search_entry *entry)
{
    char text[STATEMENT_SIZE];
    STATEMENT_OF(text,
                 "create virtual table if not exists t%u using "
                 "fts5(name, title, text, made unindexed, tokenize = 'mainstem')",
                 entry->tenant);
    enum err err = err_of(sqlite3_exec(search->db, text, NULL, NULL, NULL));
    if (err == OK)
        err = entry_delete(search, entry->tenant, entry->document);
    return err == OK ? entry_insert(search, entry) : err;
}

/* A tenant's last one takes its table along. */
enum err search_remove(struct search *search, uint32_t tenant, uint32_t document)
{
    char text[STATEMENT_SIZE];
    sqlite3_stmt *statement;
    bool exists = false;
    enum err err = table_exists(search, tenant, &exists);
    if (err != OK || !exists)
        return err;
    err = entry_delete(search, tenant, document);
    if (err != OK)
        return err;
    STATEMENT_OF(text, "select 1 from t%u limit 1", tenant);
    err = prepare(search, text, &statement);
    if (err != OK)
        return err;
    int rc = sqlite3_step(statement);
    (void)sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        return err_of(rc);
    STATEMENT_OF(text, "drop table t%u", tenant);
    return err_of(sqlite3_exec(search->db, text, NULL, NULL, NULL));
}

/* ---- questions ---------------------------------------------------------------------------------
 */
struct question {
    char text[2 * DOCUMENT_QUESTION_MAX + 4 * DOCUMENT_WORDS_MAX + 1]; /* in the language of FTS5 */
    size_t size;
    unsigned words;
    struct marks marks;
};

static bool word_found(void *arg, struct bytes word, size_t begin, size_t end, bool beside)
{
    struct question *question = arg;
    (void)beside;
    marks_add(&question->marks, word, begin, end);
    question->words++;
    return true;
}

static bool is_space(uint8_t byte)
{
    return byte <= ' ' || byte == 0x7f;
}

/* One word, or what stood within quotes: a phrase of FTS5. What holds no word is passed over. */
static void question_add(struct search *search, struct question *question, struct bytes piece)
{
    unsigned before = question->words;
    marks_next(&question->marks);
    words_walk(search->words, piece, true, word_found, question);
    if (question->words == before)
        return;
    question->text[question->size++] = '"';
    for (size_t i = 0; i < piece.size; i++) {
        uint8_t byte = piece.at[i];
        question->text[question->size++] = is_space(byte) ? ' ' : (char)byte;
    }
    question->text[question->size++] = '"';
    question->text[question->size++] = ' ';
}

static void question_read(struct search *search, struct bytes text, struct question *question)
{
    size_t at = 0;
    unsigned pieces = 0;
    question->size = 0;
    question->words = 0;
    marks_begin(&question->marks);
    while (at < text.size && pieces < DOCUMENT_WORDS_MAX) {
        if (is_space(text.at[at])) {
            at++;
            continue;
        }
        bool quoted = text.at[at] == '"';
        size_t begin = quoted ? ++at : at;
        while (at < text.size && (quoted ? text.at[at] != '"' : !is_space(text.at[at])) &&
               text.at[at] != '"')
            at++;
        question_add(search, question, bytes_of(text.at + begin, at - begin));
        at += quoted && at < text.size;
        pieces++;
    }
    question->text[question->size] = 0;
}

static struct bytes column(sqlite3_stmt *statement, int index)
{
    const void *at = sqlite3_column_text(statement, index);
    return bytes_of(at == NULL ? "" : at, (size_t)sqlite3_column_bytes(statement, index));
}

static enum err hits_read(struct search *search, sqlite3_stmt *statement,
                          const struct question *question, struct document_hit *hits, size_t most,
                          size_t *ret_count)
{
    size_t count = 0;
    int rc = SQLITE_ROW;
    while (count < most && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct document_hit *hit = &hits[count++];
        hit->document = (uint32_t)sqlite3_column_int64(statement, 0);
        hit->made = (uint64_t)sqlite3_column_int64(statement, 1);
        hit->snippet_size = (uint16_t)snippet_make(search->words, column(statement, 2),
                                                   &question->marks, hit->snippet);
    }
    *ret_count = count;
    return err_of(rc);
}

enum err search_ask(struct search *search, uint32_t tenant, struct bytes text,
                    struct document_hit *hits, size_t most, size_t *ret_count)
{
    char sql[STATEMENT_SIZE];
    struct question question;
    sqlite3_stmt *statement;
    bool exists = false;
    if (text.size > DOCUMENT_QUESTION_MAX || !bytes_are_utf8(text))
        return ERR_INVALID;
    *ret_count = 0;
    question_read(search, text, &question);
    enum err err = question.words == 0 ? OK : table_exists(search, tenant, &exists);
    if (err != OK || !exists)
        return err;
    STATEMENT_OF(sql,
                 "select rowid, made, text from t%u(?1) where rank match 'bm25(8.0, 4.0, 1.0)' "
                 "order by rank, rowid limit ?2",
                 tenant);
    err = prepare(search, sql, &statement);
    if (err != OK)
        return err;
    bind_text(statement, 1, bytes_of(question.text, question.size));
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)most);
    err = hits_read(search, statement, &question, hits, most, ret_count);
    (void)sqlite3_finalize(statement);
    return err;
}
