/* The tokenizer: runs of CJK are cut here, the rest is given to unicode61 of the same SQLite. */
#include "documents/words.h"

#include <stdlib.h>
#include <string.h>

struct words {
    fts5_tokenizer latin;
    Fts5Tokenizer *latin_instance;
};

static fts5_api *api_of(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "select fts5(?1)", -1, &statement, NULL) == SQLITE_OK) {
        (void)sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", NULL);
        (void)sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return api;
}

/* ---- characters --------------------------------------------------------------------------------
 */
struct range {
    uint32_t first, last;
};
/* Scripts that are written without spaces between words: Han, kana, Hangul. */
static const struct range cjk[] = {
    {0x2E80, 0x2FDF}, {0x3005, 0x3007}, {0x3021, 0x3029}, {0x3031, 0x3035}, {0x3041, 0x30FF},
    {0x3105, 0x318E}, {0x31A0, 0x31BF}, {0x31F0, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
    {0xA960, 0xA97C}, {0xAC00, 0xD7AF}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x20000, 0x3FFFF},
};

static bool is_cjk(uint32_t character)
{
    for (size_t i = 0; i < ARRAY_COUNT(cjk); i++) {
        if (character >= cjk[i].first && character <= cjk[i].last)
            return true;
    }
    return false;
}

/* The character at this place and its size; of bytes that are none, one byte that is no CJK. */
static uint32_t character_at(struct bytes text, size_t at, size_t *ret_size)
{
    const uint8_t *b = text.at + at;
    size_t left = text.size - at;
    size_t size = b[0] < 0x80 ? 1 : b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : b[0] >= 0xC0 ? 2 : 1;
    *ret_size = size <= left ? size : 1;
    if (*ret_size == 1)
        return b[0] < 0x80 ? b[0] : 0;
    uint32_t character = b[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (b[i] & 0x3Fu);
    return character;
}

/* ---- walking -----------------------------------------------------------------------------------
 */
struct walk {
    struct bytes text;
    int (*each)(void *context, int flags, const char *word, int size, int begin, int end);
    void *context;
    int flags;  /* of the question to unicode61 */
    int offset; /* where the piece that unicode61 sees begins */
};

static int walk_latin_word(void *arg, int flags, const char *word, int size, int begin, int end)
{
    const struct walk *walk = arg;
    return walk->each(walk->context, flags, word, size, walk->offset + begin, walk->offset + end);
}

static int walk_cjk(const struct walk *walk, size_t begin, size_t end)
{
    const char *text = (const char *)walk->text.at;
    bool question = (walk->flags & FTS5_TOKENIZE_QUERY) != 0;
    size_t size, next_size;
    int rc = SQLITE_OK;
    for (size_t at = begin; rc == SQLITE_OK && at < end; at += size) {
        (void)character_at(walk->text, at, &size);
        bool last = at + size == end;
        if (!last) {
            (void)character_at(walk->text, at + size, &next_size);
            rc = walk->each(walk->context, 0, text + at, (int)(size + next_size), (int)at,
                            (int)(at + size + next_size));
        }
        if (rc == SQLITE_OK && (last || !question)) /* a last one ends the phrase of a question */
            rc = walk->each(walk->context, last ? 0 : FTS5_TOKEN_COLOCATED, text + at, (int)size,
                            (int)at, (int)(at + size));
    }
    return rc;
}

static int walk_run(struct words *words, struct walk *walk)
{
    size_t at = 0, size;
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK && at < walk->text.size) {
        size_t begin = at;
        bool is = is_cjk(character_at(walk->text, at, &size));
        for (at += size; at < walk->text.size; at += size) {
            if (is_cjk(character_at(walk->text, at, &size)) != is)
                break;
        }
        walk->offset = (int)begin;
        rc = is ? walk_cjk(walk, begin, at)
                : words->latin.xTokenize(words->latin_instance, walk, walk->flags,
                                         (const char *)walk->text.at + begin, (int)(at - begin),
                                         walk_latin_word);
    }
    return rc;
}

size_t words_join_lines(uint8_t *text, size_t size)
{
    struct bytes whole = bytes_of(text, size);
    bool after_cjk = false;
    size_t kept = 0, length, next;
    for (size_t at = 0; at < size; at += length) {
        uint32_t character = character_at(whole, at, &length);
        bool joins = character == '\n' && after_cjk && at + 1 < size &&
                     is_cjk(character_at(whole, at + 1, &next));
        after_cjk = is_cjk(character);
        if (joins)
            continue;
        memmove(text + kept, text + at, length);
        kept += length;
    }
    return kept;
}

struct told {
    words_each *each;
    void *arg;
};

static int walk_tell(void *context, int flags, const char *word, int size, int begin, int end)
{
    const struct told *told = context;
    bool on = told->each(told->arg, bytes_of(word, (size_t)size), (size_t)begin, (size_t)end,
                         (flags & FTS5_TOKEN_COLOCATED) != 0);
    return on ? SQLITE_OK : SQLITE_ABORT; /* unicode61 takes SQLITE_DONE for OK */
}

void words_walk(struct words *words, struct bytes text, bool question, words_each *each, void *arg)
{
    struct told told = {each, arg};
    struct walk walk = {.text = text,
                        .each = walk_tell,
                        .context = &told,
                        .flags = question ? FTS5_TOKENIZE_QUERY : FTS5_TOKENIZE_DOCUMENT};
    check(text.size < INT32_MAX);
    (void)walk_run(words, &walk);
}

/* ---- life --------------------------------------------------------------------------------------
 */
static int words_open(fts5_api *api, struct words **ret_words)
{
    void *context;
    struct words *words = calloc(1, sizeof *words);
    if (words == NULL)
        return SQLITE_NOMEM;
    int rc = api->xFindTokenizer(api, "unicode61", &context, &words->latin);
    if (rc == SQLITE_OK)
        rc = words->latin.xCreate(context, NULL, 0, &words->latin_instance);
    if (rc != SQLITE_OK) {
        free(words);
        return rc;
    }
    *ret_words = words;
    return SQLITE_OK;
}

enum err words_create(sqlite3 *db, struct words **ret_words)
{
    fts5_api *api = api_of(db);
    int rc = api == NULL ? SQLITE_ERROR : words_open(api, ret_words);
    return rc == SQLITE_OK ? OK : rc == SQLITE_NOMEM ? ERR_NO_MEMORY : ERR_INVALID;
}

void words_destroy(struct words *words)
{
    if (words == NULL)
        return;
    words->latin.xDelete(words->latin_instance);
    free(words);
}

/* ---- as FTS5 wants it --------------------------------------------------------------------------
 */
static int tokenizer_create(void *context, const char **arguments, int count,
                            Fts5Tokenizer **ret_tokenizer)
{
    struct words *words;
    (void)arguments;
    (void)count;
    int rc = words_open(context, &words);
    if (rc == SQLITE_OK)
        *ret_tokenizer = (Fts5Tokenizer *)words;
    return rc;
}

static void tokenizer_delete(Fts5Tokenizer *tokenizer)
{
    words_destroy((struct words *)tokenizer);
}

static int tokenizer_run(Fts5Tokenizer *tokenizer, void *context, int flags, const char *text,
                         int size, int (*each)(void *, int, const char *, int, int, int))
{
    struct walk walk = {
        .text = bytes_of(text, (size_t)size), .each = each, .context = context, .flags = flags};
    return walk_run((struct words *)tokenizer, &walk);
}

enum err words_register(sqlite3 *db)
{
    fts5_tokenizer tokenizer = {tokenizer_create, tokenizer_delete, tokenizer_run};
    fts5_api *api = api_of(db);
    if (api == NULL)
        return ERR_INVALID;
    int rc = api->xCreateTokenizer(api, "mainstem", api, &tokenizer, NULL);
    return rc == SQLITE_OK ? OK : rc == SQLITE_NOMEM ? ERR_NO_MEMORY : ERR_INVALID;
}
