/* Viewers that say anything, while points come, change and go, at moments of their choice. What is
 * sent must be JSON with numbers that count by one; at the end all memory must have come back
 * (live_destroy looks).
 *
 * The input is acts: a byte says which and for which viewer, the bytes behind it what. A text is a
 * length and so many bytes. */
#include "live/test_house.h"

#define FUZZ_VIEWERS 4
#define FUZZ_BYTES_MAX 4096

struct fuzz_viewer {
    struct viewer *viewer;      /* NULL: not connected */
    bool there, choked, leaves; /* leaves: the next message finds the connection gone */
    char token[LIVE_TOKEN_SIZE];
    uint64_t seq;
    struct house *house;
};
struct fuzz {
    struct house *house;
    struct fuzz_viewer viewers[FUZZ_VIEWERS];
    struct bytes input;
};

static uint8_t take(struct fuzz *fuzz)
{
    if (fuzz->input.size == 0)
        return 0;
    uint8_t byte = fuzz->input.at[0];
    fuzz->input = bytes_of(fuzz->input.at + 1, fuzz->input.size - 1);
    return byte;
}

static struct bytes take_text(struct fuzz *fuzz)
{
    size_t size = take(fuzz);
    size = size < fuzz->input.size ? size : fuzz->input.size;
    struct bytes text = bytes_of(fuzz->input.at, size);
    fuzz->input = bytes_of(fuzz->input.at + size, fuzz->input.size - size);
    return text;
}

/* ---- the sink ---- */
static bool fuzz_has_room(void *arg)
{
    return !((struct fuzz_viewer *)arg)->choked;
}

static bool is_numbered(const char *event)
{
    return strcmp(event, "snapshot") == 0 || strcmp(event, "delta") == 0 ||
           strcmp(event, "added") == 0 || strcmp(event, "removed") == 0 ||
           strcmp(event, "changed") == 0;
}

static void fuzz_send(void *arg, const char *event, uint64_t number, struct bytes text)
{
    struct fuzz_viewer *viewer = arg;
    json_t *message = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, NULL);
    check(message != NULL);
    if (is_numbered(event)) {
        check(number == viewer->seq + 1);
        check((uint64_t)json_integer_value(json_object_get(message, "seq")) == number);
        viewer->seq = number;
    } else if (strcmp(event, "hello") == 0) {
        viewer->seq = 0;
    } else if (strcmp(event, "resumed") == 0) {
        viewer->seq = number;
    }
    json_decref(message);
    if (viewer->leaves && viewer->viewer != NULL) {
        struct viewer *gone = viewer->viewer;
        viewer->viewer = NULL;
        viewer->leaves = false;
        live_viewer_detach(viewer->house->live, gone, true);
    }
}

static void fuzz_end(void *arg, const char *why)
{
    check(why != NULL);
    ((struct fuzz_viewer *)arg)->viewer = NULL;
}

static const struct live_sink fuzz_sink = {
    .has_room = fuzz_has_room, .send = fuzz_send, .end = fuzz_end};

/* ---- acts ---- */
static void act_open(struct fuzz *fuzz, struct fuzz_viewer *viewer)
{
    struct viewer *opened = NULL;
    if (viewer->viewer != NULL)
        return;
    viewer->leaves = false;
    if (viewer->there && live_viewer_return(fuzz->house->live, NULL, bytes_text(viewer->token),
                                            take(fuzz) % 2 == 0 ? viewer->seq : take(fuzz),
                                            &fuzz_sink, viewer, &opened) == OK) {
        viewer->viewer = opened;
        return;
    }
    if (live_viewer_open(fuzz->house->live, NULL, &fuzz_sink, viewer, &opened) != OK)
        return;
    viewer->viewer = opened;
    viewer->there = true;
    memcpy(viewer->token, live_viewer_token(opened), sizeof viewer->token);
}

static void act_say(struct fuzz *fuzz, struct fuzz_viewer *viewer, struct bytes text)
{
    if (viewer->viewer == NULL)
        return;
    /* A viewer that leaves while it is answered stays where it is until it has spoken. */
    struct viewer *speaker = viewer->viewer;
    bool leaves = viewer->leaves;
    viewer->leaves = false;
    live_viewer_receive(fuzz->house->live, &speaker, text);
    if (viewer->viewer != NULL)
        viewer->viewer = speaker;
    viewer->leaves = leaves;
}

static void act_resume(struct fuzz *fuzz, struct fuzz_viewer *viewer)
{
    char text[128];
    const struct fuzz_viewer *other = &fuzz->viewers[take(fuzz) % FUZZ_VIEWERS];
    snprintf(text, sizeof text, "{\"op\":\"resume\",\"session\":\"%s\",\"seq\":%d}", other->token,
             (int)take(fuzz));
    act_say(fuzz, viewer, bytes_text(text));
}

static void act_subscribe(struct fuzz *fuzz, struct fuzz_viewer *viewer)
{
    static const char *const patterns[] = {"#", "a/#", "a/+/x", "b/*", "b/m?/y", "a/m1/x"};
    char text[128];
    uint8_t what = take(fuzz);
    if (what % 4 == 3)
        snprintf(text, sizeof text, "{\"op\":\"unsubscribe\",\"id\":%d}", what / 4 % 8);
    else
        snprintf(text, sizeof text, "{\"op\":\"subscribe\",\"id\":%d,\"match\":\"%s\"}",
                 what / 4 % 8, patterns[take(fuzz) % ARRAY_COUNT(patterns)]);
    act_say(fuzz, viewer, bytes_text(text));
}

static void act_publish(struct fuzz *fuzz)
{
    char topic[32], payload[300];
    uint8_t where = take(fuzz);
    struct bytes text = take_text(fuzz);
    snprintf(topic, sizeof topic, "%c/m%d", where % 2 == 0 ? 'a' : 'b', where / 2 % 8);
    if (where < 128)
        snprintf(payload, sizeof payload, "{\"%c\":%d}", (int)('x' + where % 3), (int)take(fuzz));
    else
        snprintf(payload, sizeof payload, "%.*s", (int)text.size, (const char *)text.at);
    (void)house_say(fuzz->house, topic, payload);
}

static void act_command(struct fuzz *fuzz)
{
    char path[32], other[32];
    uint8_t which = take(fuzz), what = take(fuzz);
    double high = take(fuzz);
    snprintf(path, sizeof path, "a/m%d/%c", which % 8, (int)('x' + which / 8 % 3));
    snprintf(other, sizeof other, "b/m%d/%c", what / 8, (int)('x' + which / 64 % 3));
    struct command command = house_command(COMMAND_CREATE, path);
    if (what % 5 == 0)
        (void)house_rename(fuzz->house, path, other);
    else if (what % 5 == 1)
        (void)house_rename(fuzz->house, other, path);
    else if (what % 5 == 2)
        (void)house_retire(fuzz->house, path);
    else if (what % 5 == 3)
        (void)house_change(fuzz->house, path, "m", &high);
    else
        (void)house_run(fuzz->house, &command);
}

static void act_connection(struct fuzz *fuzz, struct fuzz_viewer *viewer)
{
    uint8_t what = take(fuzz);
    if (viewer->viewer == NULL) {
        act_open(fuzz, viewer);
        return;
    }
    if (what % 4 < 2) {
        live_viewer_detach(fuzz->house->live, viewer->viewer, what % 4 == 0);
        viewer->viewer = NULL;
    } else if (what % 4 == 2) {
        viewer->leaves = true;
    } else {
        viewer->choked = !viewer->choked;
        if (!viewer->choked)
            live_viewer_ready(fuzz->house->live, viewer->viewer);
    }
}

static void act(struct fuzz *fuzz)
{
    uint8_t what = take(fuzz);
    struct fuzz_viewer *viewer = &fuzz->viewers[what / 16 % FUZZ_VIEWERS];
    switch (what % 16) {
    case 0:
        act_say(fuzz, viewer, take_text(fuzz));
        break;
    case 1:
    case 2:
        act_subscribe(fuzz, viewer);
        break;
    case 3:
    case 4:
        act_connection(fuzz, viewer);
        break;
    case 5:
        act_resume(fuzz, viewer);
        break;
    case 6:
        act_command(fuzz);
        break;
    case 7:
        if (viewer->viewer != NULL)
            live_viewer_pace(viewer->viewer, take(fuzz) * NS_PER_MS);
        break;
    case 8:
        house_advance(fuzz->house, (take(fuzz) % 2 == 0 ? NS_PER_MS : NS_PER_S) * take(fuzz));
        break;
    case 9:
        fuzz->house->entering_held = !fuzz->house->entering_held;
        break;
    case 10:
    case 11:
        (void)house_step(fuzz->house);
        break;
    case 12:
        house_settle(fuzz->house);
        break;
    default:
        act_publish(fuzz);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {.house = house_create(),
                        .input = bytes_of(data, size < FUZZ_BYTES_MAX ? size : FUZZ_BYTES_MAX)};
    struct settings *settings = &fuzz.house->settings;
    settings->http_live_points = 4 + take(&fuzz) % 64u;
    settings->http_viewers = 3;
    settings->http_memory = (uint64_t)(1 + take(&fuzz)) << 14;
    for (size_t i = 0; i < FUZZ_VIEWERS; i++) {
        fuzz.viewers[i].house = fuzz.house;
        act_open(&fuzz, &fuzz.viewers[i]);
    }
    while (fuzz.input.size > 0)
        act(&fuzz);
    house_destroy(fuzz.house);
    return 0;
}
