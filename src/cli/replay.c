/* replay: the state after record N, computed again from the journal, offline and read-only. */
#include "cli/answer.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include "engine/engine.h"
#include "server/server.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define VERB "replay"

struct replay {
    struct disk *disk;
    struct worker *writer, *background;
    struct engine *engine;
    struct engine_start start;
    struct engine_counters counters;
};

static void replay_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN)
        fprintf(stderr, "mainstem replay: %s\n", text);
}

static void replay_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    (void)arg, (void)tag, (void)outcome;
}

static enum err replay_open(struct replay *replay, const char *folder, uint64_t until)
{
    enum err err = disk_real_open(folder, false, &replay->disk);
    if (err == OK)
        err = worker_inline_create(&replay->writer);
    if (err == OK)
        err = worker_inline_create(&replay->background);
    if (err != OK)
        return err;
    struct engine_config config;
    engine_config_default(&config);
    config.disk = replay->disk;
    config.clock = clock_real();
    config.writer = replay->writer;
    config.background = replay->background;
    config.read_only = true;
    config.until_position = until;
    config.tell = replay_tell;
    config.outcome = replay_outcome;
    err = engine_open(&config, &replay->engine, &replay->start);
    if (err == OK)
        engine_describe(replay->engine, &replay->counters);
    return err;
}

static void replay_close(struct replay *replay)
{
    engine_close(replay->engine, false);
    if (replay->background != NULL)
        replay->background->destroy(replay->background);
    if (replay->writer != NULL)
        replay->writer->destroy(replay->writer);
    if (replay->disk != NULL)
        disk_real_close(replay->disk);
}

/* ---- the point
 * ------------------------------------------------------------------------------------------- */

static json_t *replay_value(const struct value *value)
{
    if (!value->present)
        return json_null();
    switch (value->type) {
    case VALUE_FLOAT64:
        return json_real(value_real(value));
    case VALUE_BOOL:
        return json_boolean(value->number != 0);
    case VALUE_STRING:
        return json_stringn((const char *)value->text.at, value->text.size);
    default:
        return json_integer(value->number);
    }
}

/* The shortest text that reads back as the value. */
static json_t *replay_text(struct value value, bool seen)
{
    char scratch[32];
    if (!seen || !value.present || payload_convert(&value, VALUE_STRING, scratch) != PAYLOAD_OK)
        return json_string("-");
    return json_stringn((const char *)value.text.at, value.text.size);
}

/* The point's value then, or NULL when there was no such point. */
static json_t *replay_point(const struct replay *replay, const char *path)
{
    const struct points *points = engine_points(replay->engine);
    uint32_t point = points_find(points, TENANT_DEFAULT, bytes_text(path));
    if (point == POINT_NONE)
        return NULL;
    struct point_view view;
    char time[TIME_TEXT_SIZE];
    points_view(points, point, &view);
    const char *type = value_type_name(view.value.type),
               *quality = quality_name(view.value.quality);
    bool seen = view.time_ns != 0;
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:s%}", "path", path, "type",
                     type ? type : "none", "value", seen ? replay_value(&view.value) : json_null(),
                     "text", replay_text(view.value, seen), "quality",
                     quality ? quality : "unknown", "time",
                     seen ? json_string(time_format(view.time_ns, time)) : json_null(), "unit",
                     view.unit.size ? (const char *)view.unit.at : "", view.unit.size);
}

/* ---- printing
 * ---------------------------------------------------------------------------------------------- */

static json_t *replay_json(struct replay *replay)
{
    char hash[24];
    snprintf(hash, sizeof hash, "%016" PRIx64, engine_state_hash(replay->engine));
    const struct points *points = engine_points(replay->engine);
    return json_pack(
        "{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "position",
        (json_int_t)replay->counters.position, "state_hash", hash, "points",
        (json_int_t)points_count(points), "retired", (json_int_t)points_retired(points), "values",
        (json_int_t)replay->counters.applied_values, "from_snapshot",
        (json_int_t)replay->start.snapshot_position, "replayed_records",
        (json_int_t)replay->start.replayed_records, "replayed_values",
        (json_int_t)replay->start.replayed_values, "damage", (json_int_t)replay->start.damage);
}

static void replay_line(const char *name, const char *value)
{
    printf("%s%-16s%s %s\n", paint(PAINT_DIM), name, paint(PAINT_NONE), value);
}

static void replay_print(const struct replay *replay, const json_t *answer)
{
    char text[NUMBER_SIZE];
    static const struct {
        const char *name, *title;
    } counts[] = {{"position", "next record"},
                  {"points", "points"},
                  {"retired", "of these retired"},
                  {"values", "values applied"},
                  {"from_snapshot", "from snapshot at"},
                  {"replayed_records", "records replayed"},
                  {"replayed_values", "values replayed"},
                  {"damage", "damaged pieces"}};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
        replay_line(counts[i].title, number_group(answer_count(answer, counts[i].name), text));
    replay_line("took", number_duration(replay->start.total_ns, text));
    replay_line("state hash", answer_text(answer, "state_hash"));
    const json_t *point = json_object_get(answer, "point");
    if (point == NULL)
        return;
    printf("\n%s = %s %s  %s  %s\n", answer_text(point, "path"), answer_text(point, "text"),
           answer_text(point, "unit"), answer_text(point, "quality"), answer_text(point, "time"));
}

static int replay_show(struct replay *replay, const struct words *words)
{
    json_t *answer = replay_json(replay);
    const char *path = words_value(words, "point", 0);
    if (path != NULL) {
        json_t *point = replay_point(replay, path);
        if (point == NULL) {
            json_decref(answer);
            return fail(VERB, "there is no point \"%s\" at position %" PRIu64, path,
                        replay->counters.position);
        }
        json_object_set_new(answer, "point", point);
    }
    if (words_flag(words, "json")) {
        json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(17));
        putchar('\n');
    } else {
        replay_print(replay, answer);
    }
    json_decref(answer);
    return EXIT_DONE;
}

static int replay_run(const struct words *words)
{
    struct replay replay = {0};
    uint64_t until;
    if (!words_count(words, "until", 0, 1, UINT64_MAX, &until))
        return EXIT_USAGE;
    const char *folder = words_folder(words);
    enum err err = replay_open(&replay, folder, until);
    int code = EXIT_FAILED;
    if (err == ERR_MISSING)
        fail(VERB, "there is no data in %s; name its folder with --data", folder);
    else if (err != OK)
        fail(VERB, "%s cannot be replayed: %s", folder, err_text(err));
    else
        code = replay_show(&replay, words);
    replay_close(&replay);
    return code;
}

static const struct option replay_options[] = {
    FOLDER_OPTION,
    {"until", "N", "stop before record N; without it, go to the end"},
    {"point", "PATH", "print this point's value then"},
    JSON_OPTION,
};
const struct verb verb_replay = {
    .name = VERB,
    .arguments = "",
    .summary = "Compute the state as of any record again, and its hash; offline, read-only.",
    .about =
        "The state follows from the journal alone: the same records give the same hash on any\n"
        "machine. Also works while a server runs on the folder; then up to what was durable\n"
        "when it began.",
    .example = "  mainstem replay --data ./mainstem-demo --until 5000 --point "
               "zema/hydraulics/testbench/rig1/TS1",
    .options = replay_options,
    .option_count = ARRAY_COUNT(replay_options),
    .run = replay_run,
};
