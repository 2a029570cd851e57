/* Any body of lines, in any pieces and turns. The first time everything is new, the second time
 * what was learned is used: both must take the same lines, refuse the same lines with the same
 * words, and leave every point as it is.
 *
 * The first byte chooses the template, the second the size of pieces, the third that of turns. */
#include "engine/test_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static const char *const templates[] = {INFLUX_TEMPLATE_DEFAULT, "{measurement}.{field}",
                                        "{tag:a}/{pairs}/{field}", "{tags}/{measurement}-{field}"};

/* A hash of all that a viewer could see. */
static uint64_t house_view(struct lines_house *house)
{
    struct points *points = engine_points(house->engine);
    uint64_t hash = points_count(points);
    for (uint32_t point = 1; point <= points_count(points); point++) {
        uint8_t path[PATH_MAX_BYTES];
        struct point_view view;
        points_view(points, point, &view);
        hash = hash64(path, points_path(points, point, path), hash);
        bool real = view.value.type == VALUE_FLOAT64 && view.value.present;
        double number = real ? value_real(&view.value) : (double)view.value.number;
        hash = hash64(&number, sizeof number, hash + view.value.type);
        hash = hash64(view.value.text.at, view.value.text.size, hash + view.value.present);
        for (uint16_t i = 0; i < view.label_count; i++) {
            hash = hash64(view.labels[i].name.at, view.labels[i].name.size, hash);
            hash = hash64(view.labels[i].value.at, view.labels[i].value.size, hash);
        }
    }
    return hash;
}

struct heard {
    struct lines_counts counts;
    uint64_t refusals; /* a hash of where and why */
};
static struct heard house_hear(struct lines_house *house, struct bytes body, size_t piece,
                               int budget)
{
    check(lines_house_say(house, body, piece, budget));
    struct heard heard = {.counts = house->counts};
    for (size_t i = 0; i < house->refused_count && i < LINES_LISTED; i++) {
        heard.refusals = heard.refusals * 31 + house->refused[i].line;
        heard.refusals =
            hash64(house->refused[i].code, strlen(house->refused[i].code), heard.refusals);
    }
    check(heard.counts.refused == house->refused_count);
    lines_house_settle(house);
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct lines_house *house;
    static unsigned runs;
    if (size < 3 || size > 65536)
        return 0;
    if (house != NULL && ++runs % 256 == 0) {
        lines_house_destroy(house);
        house = NULL;
    }
    if (house == NULL)
        house = lines_house_new(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    struct bytes text = bytes_text(templates[at[0] % ARRAY_COUNT(templates)]);
    check(engine_lines_path(house->engine, text) == NULL);
    size_t piece = 1 + (size_t)at[1] * at[1];
    int budget = 1 + at[2] * 4;
    struct bytes body = bytes_of(at + 3, size - 3);
    struct heard first = house_hear(house, body, size, LINES_BUDGET);
    uint64_t view = house_view(house);
    struct heard second = house_hear(house, body, piece, budget);
    /* A line may meet a point that a later one made: then the first round was another. */
    struct heard third = house_hear(house, body, size, LINES_BUDGET);
    check(first.counts.lines + first.counts.refused == third.counts.lines + third.counts.refused);
    check(second.counts.lines == third.counts.lines && second.refusals == third.refusals);
    check(second.counts.values == third.counts.values);
    if (first.counts.lines == third.counts.lines && first.refusals == third.refusals)
        check(house_view(house) == view);
    return 0;
}
