/* words: a text as words that are searched, the tokenizer of the index.
 *
 *   CJK run  水泵房   水泵 + 水, 泵房 + 泵, 房      the pair first, the single character at its
 * place others   Fire-Pümp  fire, pump                 as SQLite's unicode61
 *
 * A question's run is its pairs and its last character, one behind the other, so that it is found
 * wherever it stands. */
#pragma once

#include "base/base.h"

#include <sqlite3.h>

/* A tokenizer named "mainstem" in this connection; ERR_INVALID: its SQLite has no FTS5. */
MUST_USE enum err words_register(sqlite3 *db);

struct words; /* the same, to be asked by itself */
MUST_USE enum err words_create(sqlite3 *db, struct words **ret_words);
void words_destroy(struct words *words); /* before its connection is closed; NULL is fine */
/* beside: at the place of the word before. False ends the walk. */
typedef bool words_each(void *arg, struct bytes word, size_t begin, size_t end, bool beside);
/* text is below 2 GiB. */
void words_walk(struct words *words, struct bytes text, bool question, words_each *each, void *arg);
/* Where a line ends between two characters of CJK their run goes on: takes that end out, in place.
 * The new size. */
size_t words_join_lines(uint8_t *text, size_t size);
