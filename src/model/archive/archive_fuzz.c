/* Any facts of the facts lane, one after the other, over a few points: nothing they say can make
 * the reducer fail, and what they leave is whole: a rebuild accepts it, it is the same afterwards,
 * and so is what is asked of it. */
#include "model/archive/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ROWS 4
#define COLUMNS 8

static const struct archive_limits limits = {.policies_max = 8,
                                             .erasures_max = 16,
                                             .groups_max = 32,
                                             .ranges_max = 200,
                                             .notes_max = 64,
                                             .texts_bytes_max = 65536};

struct fuzz {
    struct state *state;
    struct points *points;
    struct archive *archive;
    struct effects effects;
    struct record_stamp stamp;
};

/* Rows a/0..7 to d/0..7; the last is another tenant's. */
static void fuzz_row(struct fuzz *fuzz, uint32_t row)
{
    static const char *const names[COLUMNS] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    static const char *const prefixes[ROWS] = {"a", "b", "c", "d"};
    struct fact_row_point columns[COLUMNS];
    for (uint32_t i = 0; i < COLUMNS; i++)
        columns[i] = (struct fact_row_point){(uint8_t)(1 + row % 4), bytes_text(names[i])};
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = row == ROWS - 1 ? 2 : TENANT_DEFAULT,
                                .shape = {row + 1, row * COLUMNS + 1, COLUMNS},
                                .object = true,
                                .prefix = bytes_text(prefixes[row]),
                                .points = columns}};
    check(points_apply_fact(fuzz->points, &fact, &fuzz->stamp, &fuzz->effects) == OK);
}

static void fuzz_sample(struct fuzz *fuzz, const struct archive_effects *effects)
{
    struct point_row row;
    points_row(fuzz->points, points_row_of(fuzz->points, effects->point), &row);
    uint8_t column = (uint8_t)(effects->point - row.shape.first_point);
    struct sample_row sample = {.row = row.shape.row,
                                .count = 1,
                                .time_ns = effects->time_ns,
                                .columns = &column,
                                .values = &effects->value};
    uint64_t before = fuzz->effects.samples;
    check(points_apply_sample(fuzz->points, &row.shape, &sample, 1, &fuzz->effects) == OK);
    check(fuzz->effects.samples == before + 1); /* it is of the point's type */
}

static uint64_t fuzz_look(struct fuzz *fuzz)
{
    struct policy_set *set;
    uint64_t seen = 0;
    check(archive_policies(fuzz->archive, &set) == OK);
    seen += policy_set_match(set, 1, bytes_text("a/0"));
    for (uint32_t i = 0; i < policy_set_count(set); i++)
        check(policy_set_find(set, policy_set_at(set, i)->tenant, policy_set_at(set, i)->name) ==
              i);
    policy_set_release(set);
    for (uint32_t i = 1; i <= archive_erasures(fuzz->archive); i++) {
        struct erasure_view view;
        archive_erasure(fuzz->archive, i, &view);
        check(view.from_ns < view.to_ns && view.groups > 0);
        seen = seen * 31 + view.points;
    }
    for (uint32_t point = 1; point <= ROWS * COLUMNS; point++) {
        uint32_t last = UINT32_MAX;
        for (uint32_t i = archive_correction_newest(fuzz->archive, point); i != 0;
             i = archive_correction_before(fuzz->archive, i)) {
            struct correction_view view;
            archive_correction(fuzz->archive, i, &view);
            check(i < last && view.point == point);
            if (view.value.present && view.value.type == VALUE_FLOAT64)
                (void)value_real(&view.value);
            seen += archive_is_erased(fuzz->archive, point, view.time_ns, view.position);
            last = i;
        }
        for (uint32_t i = archive_annotation_newest(fuzz->archive, point); i != 0;
             i = archive_annotation_before(fuzz->archive, i)) {
            struct annotation_view view;
            archive_annotation(fuzz->archive, i, &view);
            check(view.point == point && view.text.size > 0);
            seen = seen * 31 + i;
        }
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
    check(archive_create(fuzz.state, &limits, &fuzz.archive) == OK);
    for (uint32_t row = 0; row < ROWS; row++)
        fuzz_row(&fuzz, row);
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK) {
        struct archive_effects effects = {.point = POINT_NONE};
        fuzz.stamp.position++;
        fuzz.stamp.wall_ns += NS_PER_S;
        check(archive_apply_fact(fuzz.archive, fuzz.points, &fact, &fuzz.stamp, &effects) == OK);
        if (effects.corrected)
            fuzz_sample(&fuzz, &effects);
    }
    uint64_t hash = state_hash(fuzz.state), seen = fuzz_look(&fuzz);
    check(points_rebuild(fuzz.points) == OK);
    check(archive_rebuild(fuzz.archive, fuzz.points) == OK && state_hash(fuzz.state) == hash);
    check(fuzz_look(&fuzz) == seen);
    archive_destroy(fuzz.archive);
    points_destroy(fuzz.points);
    state_destroy(fuzz.state);
    return 0;
}
