/* Any facts of the facts lane, one after the other: nothing they say can make the reducer fail, and
 * what they leave is whole: a rebuild accepts it, it is the same afterwards, and so is what is
 * asked of it. A tick deletes a tenant. */
#include "model/library/library.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static const struct library_limits limits = {.documents_max = 16,
                                             .versions_max = 32,
                                             .attached_max = 32,
                                             .boards_max = 16,
                                             .bytes_max = 100000000,
                                             .texts_bytes_max = 65536};

struct fuzz {
    struct state *state;
    struct points *points;
    struct library *model;
    struct record_stamp stamp;
};

static uint64_t fuzz_documents(struct fuzz *fuzz)
{
    static struct document_version versions[DOCUMENT_VERSIONS_MAX];
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    uint64_t seen = 0;
    for (uint32_t i = 0; i <= library_documents(fuzz->model) + 1; i++) {
        struct document_view view;
        if (!library_document(fuzz->model, i, &view))
            continue;
        check(library_document_find(fuzz->model, view.tenant, view.name) == i);
        check(library_document_versions(fuzz->model, i, versions, DOCUMENT_VERSIONS_MAX) ==
              view.versions);
        check(library_document_attached(fuzz->model, i, attached) == view.attached);
        for (uint32_t j = 0; j < view.attached; j++) {
            uint32_t documents[16];
            check(library_attached_to(fuzz->model, view.tenant, &attached[j], documents, 16) > 0);
        }
        check(library_holds(fuzz->model, view.newest.hash));
        seen = seen * 31 + view.position + view.versions;
    }
    return seen;
}

static uint64_t fuzz_boards(struct fuzz *fuzz)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i <= library_boards(fuzz->model) + 1; i++) {
        struct board_view view;
        if (!library_board(fuzz->model, i, &view))
            continue;
        check(library_board_find(fuzz->model, view.tenant, view.name) == i);
        check(view.content[0].size + view.content[1].size > 0);
        seen = seen * 31 + view.position + view.content[1].size;
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct fact_storage storage;
    struct fuzz fuzz = {.stamp = {.position = 1, .engine_ns = 1, .wall_ns = 1}};
    struct fact fact;
    size_t offset = 0;
    check(state_create(&fuzz.state) == OK);
    check(points_create(fuzz.state, &points_limits_default, &fuzz.points) == OK);
    check(library_create(fuzz.state, &limits, &fuzz.model) == OK);
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK) {
        struct outcome outcome = {.code = OUTCOME_DONE};
        fuzz.stamp.position++;
        fuzz.stamp.wall_ns += NS_PER_S;
        check(library_apply_fact(fuzz.model, fuzz.points, &fact, &fuzz.stamp, &outcome) == OK);
        check(outcome.code < OUTCOME_COUNT);
        if (fact.kind == FACT_TICK)
            check(library_tenant_deleted(fuzz.model, TENANT_DEFAULT + 1) == OK);
    }
    uint64_t hash = state_hash(fuzz.state);
    uint64_t documents = fuzz_documents(&fuzz), boards = fuzz_boards(&fuzz);
    check(points_rebuild(fuzz.points) == OK);
    check(library_rebuild(fuzz.model) == OK && state_hash(fuzz.state) == hash);
    check(fuzz_documents(&fuzz) == documents && fuzz_boards(&fuzz) == boards);
    library_destroy(fuzz.model);
    points_destroy(fuzz.points);
    state_destroy(fuzz.state);
    return 0;
}
