/* How the tables and the indexes beside them come and go, and which command goes where. */
#include "model/archive/tables.h"

#include <stdlib.h>

const struct archive_limits archive_limits_default = {
    .policies_max = POLICIES_MAX,
    .erasures_max = 1000000,
    .groups_max = 300000,
    .ranges_max = 32000000,
    .notes_max = 1000000,
    .texts_bytes_max = UINT64_C(1) << 30,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct archive, roots_table), TABLE_ARCHIVE_ROOTS, sizeof(struct roots_entry)},
    {offsetof(struct archive, policies), TABLE_POLICIES, sizeof(struct policy_entry)},
    {offsetof(struct archive, erasures), TABLE_ERASURES, sizeof(struct erasure_entry)},
    {offsetof(struct archive, groups), TABLE_GROUPS, sizeof(struct group_entry)},
    {offsetof(struct archive, ranges), TABLE_RANGES, sizeof(struct point_range)},
    {offsetof(struct archive, corrections), TABLE_CORRECTIONS, sizeof(struct correction_entry)},
    {offsetof(struct archive, annotations), TABLE_ANNOTATIONS, sizeof(struct annotation_entry)},
    {offsetof(struct archive, texts), TABLE_ARCHIVE_TEXTS, TEXT_UNIT},
};

static void indexes_destroy(struct archive *archive)
{
    index_destroy(archive->corrections_of);
    index_destroy(archive->annotations_of);
    archive->corrections_of = archive->annotations_of = NULL;
}

static enum err indexes_create(struct archive *archive)
{
    enum err err = index_create(&archive->corrections_of);
    return err == OK ? index_create(&archive->annotations_of) : err;
}

enum err archive_create(struct state *state, const struct archive_limits *limits,
                        struct archive **ret_archive)
{
    check(limits->policies_max <= POLICIES_MAX);
    struct archive *archive = calloc(1, sizeof *archive);
    if (archive == NULL)
        return ERR_NO_MEMORY;
    archive->limits = *limits;
    archive->state = state;
    state_tables_init(state, archive, tables, ARRAY_COUNT(tables));
    enum err err = indexes_create(archive);
    if (err == OK)
        err = state_table_grow(&archive->roots_table, 1);
    if (err != OK) {
        archive_destroy(archive);
        return err;
    }
    archive->roots = state_read(&archive->roots_table, 0);
    *ret_archive = archive;
    return OK;
}

void archive_destroy(struct archive *archive)
{
    if (archive == NULL)
        return;
    policy_set_release(archive->set);
    free(archive->tenant_notes);
    indexes_destroy(archive);
    state_tables_done(archive, tables, ARRAY_COUNT(tables));
    free(archive);
}

enum err archive_rebuild(struct archive *archive, const struct points *points)
{
    policy_set_release(archive->set);
    archive->set = NULL;
    indexes_destroy(archive);
    enum err err = indexes_create(archive);
    if (err == OK)
        err = archive_texts_rebuild(archive);
    if (err == OK)
        err = archive_policies_rebuild(archive);
    if (err == OK)
        err = archive_erasures_rebuild(archive);
    if (err == OK)
        err = archive_notes_rebuild(archive, points);
    return err;
}

uint64_t archive_memory(const struct archive *archive)
{
    return sizeof *archive + index_memory(archive->corrections_of) +
           index_memory(archive->annotations_of) +
           archive->tenant_count * sizeof archive->tenant_notes[0];
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum err command_run(struct archive *archive, struct points *points,
                            const struct archive_command *of)
{
    of->effects->outcome.code = OUTCOME_DONE;
    switch (of->command->kind) {
    case COMMAND_ERASE:
        return archive_apply_erase(archive, points, of);
    case COMMAND_CORRECT:
        return archive_apply_correct(archive, points, of);
    case COMMAND_ANNOTATE:
        return archive_apply_annotate(archive, points, of);
    case COMMAND_ANNOTATION_REMOVE:
        return archive_apply_annotation_remove(archive, points, of);
    default:
        return archive_apply_policy(archive, of);
    }
}

enum err archive_apply_fact(struct archive *archive, struct points *points, const struct fact *fact,
                            const struct record_stamp *stamp, struct archive_effects *ret_effects)
{
    if (fact->kind == FACT_START && fact->start.reducer_version >= ARCHIVE_RULES_2 &&
        archive->roots->rules < ARCHIVE_RULES_2)
        roots_write(archive)->rules = ARCHIVE_RULES_2;
    if (fact->kind != FACT_ARCHIVE)
        return OK;
    const struct command *command = &fact->command;
    if (command->kind < COMMAND_POLICY_SET || command->kind > COMMAND_ANNOTATION_REMOVE ||
        command->key_kind > KEY_FREE)
        return ERR_CORRUPT;
    *ret_effects = (struct archive_effects){.outcome = {.position = stamp->position}};
    struct outcome *outcome = &ret_effects->outcome;
    const struct archive_command of = {command, stamp, ret_effects};
    struct key_claim claim;
    bool run;
    enum err err = points_key_claim(points, command, stamp, &claim, outcome, &run);
    if (err == OK && run)
        err = command_run(archive, points, &of);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(points, command, &claim, outcome);
    if (outcome->code != OUTCOME_REPEATED)
        outcome->first_code = outcome->code;
    return OK;
}
