/* ask: what the handlers of questions share. A question's words come from the query of a GET or the
 * members of a POST's body; both have the same names and mean the same.
 *
 *   ask_who.c      who asks: what he sees, his tenant's quota, the audit
 *   ask_read.c     words -> selection and request, refused with what was wanted
 *   ask.c          selection, run, and the answer on its way out */
#pragma once

#include "web/room.h"

#include "access/access.h"
#include "query/query.h"

/* ---- ask_who.c: of questions and SQL -----------------------------------------------------------
 */
struct ask_who {
    struct query_sight *sight;
    uint32_t tenant;
    uint64_t number;     /* as struct sql_question's asker */
    uint64_t generation; /* of his rights, when he asked */
    bool counted;        /* among the questions of his tenant */
};
/* False: it was answered, 429 or 503. The sight asks the exchange: both end together. */
bool who_begin(struct exchange *exchange, struct ask_who *who);
void who_end(struct exchange *exchange, struct ask_who *who);
/* May he still what he might when he asked? An answer that is under way ends otherwise. */
bool who_is_same(const struct exchange *exchange, const struct ask_who *who);
enum handled who_has_changed(struct exchange *exchange);
/* The audit is told before the first byte leaves: what was taken out. Cut to WHO_OBJECT_MAX. */
#define WHO_OBJECT_MAX 200
void who_tell(struct exchange *exchange, struct bytes object, const char *detail);

/* ---- a question --------------------------------------------------------------------------------
 */
struct ask {
    struct exchange *exchange;
    struct ask_who who;
    json_t *body;  /* of a POST */
    uint8_t *text; /* of a GET: parameters that stand more than once, decoded */
    size_t text_used, text_capacity;
    char digits[64]; /* of a number in a body */
    struct bytes *paths, *matches;
    uint32_t *points;
    struct label *labels;
    size_t path_count, point_count, match_count, label_count;
    struct bytes group; /* by=label:NAME */
    uint8_t group_text[LABEL_BYTES_MAX];
    struct query_request request;
    struct query_selection *selection;
    uint32_t wanted; /* points there were when it was asked: the index must have them */
    struct query_run *run;
    bool chunked;
};
/* Fills lists and request. False: it was answered. */
bool ask_read(struct ask *ask, enum query_question kind);
extern const struct parameter ask_samples_parameters[], ask_buckets_parameters[],
    ask_trend_parameters[], ask_last_parameters[];
