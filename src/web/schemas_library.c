/* Shapes of bodies and answers about documents and boards. */
#include "web/schema_words.h"

/* clang-format off */
#define MEDIA_TYPES "application/pdf|text/markdown|text/plain|image/png|image/jpeg|image/svg+xml"
#define TEXT_WORDS "waiting|searched|part|picture|no_text|protected|damaged|limits|no_reader|unconfined"
#define NEXT_MEMBER \
    {"next", "string?", false, "give it as `after` for the next page; null: there is none", "null"}
#define DONE_MEMBERS \
    {"outcome", "string", false, "done, or repeated", "\"done\""}, \
    {"first", "string", true, "the outcome of the first time", "\"done\""}, \
    {"text", "string", true, "the outcome as a sentence", "\"done\""}, \
    {"position", "count", false, "of the command in the journal", "123"}
#define VERSION_MEMBERS \
    {"media", MEDIA_TYPES, false, "media type", "\"text/markdown\""}, \
    {"bytes", "count", false, "size", "4096"}, \
    {"version", "count", false, "counts up from 1 with each of its contents", "2"}, \
    {"changed", "time", false, "when this version came", NULL}, \
    {"author", "string?", false, "who brought it", "\"ann@acme\""}, \
    {"sha256", "string", false, "of its bytes: 64 digits of base 16", NULL}
#define DOCUMENT_HEAD \
    {"name", "string", false, "unique in the tenant", "\"pump-manual\""}, \
    {"title", "string?", false, "as people call it", "\"Manual of the pumps\""}, \
    VERSION_MEMBERS, \
    {"text", TEXT_WORDS, false, "is the text of the newest version searched: all of it, a part, not yet (waiting), or not: a picture, a PDF of pictures alone (no_text), one with a password (protected), damaged, past the limits of a reader; no_reader, unconfined: this server reads no PDFs", "\"searched\""}, \
    {"attached", "[]string", false, "type:NAME, asset:PATH, rule:NAME, branch:PATH; of what you see", "[\"asset:acme/north/pump-3\"]"}

MEMBERS(version_members) = {VERSION_MEMBERS, LAST};
MEMBERS(document_item_members) = {
    DOCUMENT_HEAD,
    {"snippet", "string?", true, "of a search: what matched, within U+00AB and U+00BB, and what stands around it; null: its name or title did", "null"},
    LAST};
MEMBERS(documents_members) = {
    {"documents", "[]DocumentItem", false, "in the order they were made; of a search the best first", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(document_members) = {
    DOCUMENT_HEAD,
    {"versions", "[]DocumentVersion", false, "the newest first", NULL},
    LAST};
MEMBERS(document_change_members) = {
    {"name", "string?", true, "a new name", "\"pump-manual-2\""},
    {"title", "string?", true, "as people call it, up to 256 bytes", "\"Manual of the pumps\""},
    {"attached", "[]string", true, "all that it is attached to from now on, up to 32", "[\"type:pump\"]"},
    KEY_MEMBERS,
    LAST};
MEMBERS(document_done_members) = {
    DONE_MEMBERS,
    {"document", "DocumentItem?", false, "as it is now; null: it was removed", NULL},
    LAST};

#define BOARD_HEAD \
    {"name", "string", false, "unique in the tenant", "\"morning\""}, \
    {"title", "string?", false, "as people call it", "\"Morning round\""}, \
    {"owner", "string?", false, "who made it; null: from the server's own machine", "\"ann\""}, \
    {"mine", "boolean", false, "it is of who asks", "true"}, \
    {"shared", "boolean", false, "all of the tenant see it", "false"}, \
    {"changed", "time", false, "when it was set last", NULL}
MEMBERS(board_item_members) = {BOARD_HEAD, LAST};
MEMBERS(boards_members) = {
    {"boards", "[]BoardItem", false, "yours and those that are shared, in the order they were made", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(board_members) = {
    BOARD_HEAD,
    {"widgets", "[]any", false, "as they were put", "[]"},
    LAST};
MEMBERS(board_put_members) = {
    {"title", "string?", true, "as people call it, up to 256 bytes", "\"Morning round\""},
    {"shared", "boolean", true, "all of the tenant see it; wants the right configure on $tenant/boards", "false"},
    {"widgets", "[]any", false, "what the console makes of them; up to 10,240 bytes, kept as they are", "[]"},
    KEY_MEMBERS,
    LAST};
MEMBERS(board_done_members) = {
    DONE_MEMBERS,
    {"board", "BoardItem?", false, "as it is now; null: it was removed", NULL},
    LAST};

const struct schema schemas_library[] = {
    {"DocumentVersion", "A version of a document.", version_members, NULL, true, NULL, NULL},
    {"DocumentItem", "A document, in short.", document_item_members, NULL, true, NULL, NULL},
    {"Documents", "A page of documents.", documents_members, NULL, true, NULL, NULL},
    {"Document", "A document.", document_members, NULL, true, NULL, NULL},
    {"DocumentChange", "What of a document changes.", document_change_members, NULL, false, NULL, NULL},
    {"DocumentDone", "What became of a command about a document.", document_done_members, NULL, true, NULL, NULL},
    {"DocumentBytes", "The bytes of a document, of the media type that Content-Type says.", NULL, "string", false, NULL, NULL},
    {"BoardItem", "A board, in short.", board_item_members, NULL, true, NULL, NULL},
    {"Boards", "A page of boards.", boards_members, NULL, true, NULL, NULL},
    {"Board", "A board.", board_members, NULL, true, NULL, NULL},
    {"BoardPut", "What a board says, all of it.", board_put_members, NULL, false, NULL, NULL},
    {"BoardDone", "What became of a command about a board.", board_done_members, NULL, true, NULL, NULL},
};
const size_t schemas_library_count = ARRAY_COUNT(schemas_library);
/* clang-format on */
