/* What viewers are told: the messages of docs/http.md, "Live". */
#include "live/room.h"

#include <stdio.h>
#include <string.h>

#define REMOVED_POINTS 2000
#define WHOLES_LOOKED 4000 /* slots looked at for one message */
#define WORK_A_WHOLE 4

/* ---- answers: not numbered --------------------------------------------------------------------
 */
struct json_writer *answer_begin(struct viewer *viewer, const char *op)
{
    struct json_writer *writer = &viewer->live->writer;
    json_writer_clear(writer);
    json_put_object(writer);
    json_member_text(writer, "op", op);
    return writer;
}

void text_send(struct viewer *viewer, const char *op)
{
    struct json_writer *writer = &viewer->live->writer;
    json_put_object_end(writer);
    if (json_writer_failed(writer)) {
        viewer_fail(viewer, "out of memory");
        return;
    }
    if (!viewer_is_attached(viewer))
        return;
    viewer->live->counters.messages++;
    viewer->sink.send(viewer->arg, op, viewer->seq, json_writer_text(writer));
}

void tell_hello(struct viewer *viewer)
{
    struct json_writer *writer = answer_begin(viewer, "hello");
    json_member_text(writer, "session", viewer->token);
    json_member_count(writer, "seq", viewer->seq);
    json_member_integer(writer, "keep_s", viewer->live->config.settings->http_live_keep / NS_PER_S);
    text_send(viewer, "hello");
}

void tell_resumed(struct viewer *viewer)
{
    json_member_count(answer_begin(viewer, "resumed"), "seq", viewer->seq);
    text_send(viewer, "resumed");
}

void tell_gone(struct viewer *viewer)
{
    json_member_text(
        answer_begin(viewer, "gone"), "detail",
        "the session is not known, or what it missed is not any more: subscribe again");
    text_send(viewer, "gone");
}

void tell_unsubscribed(struct viewer *viewer, int64_t id)
{
    json_member_integer(answer_begin(viewer, "unsubscribed"), "id", id);
    text_send(viewer, "unsubscribed");
}

void tell_error(struct viewer *viewer, const char *code, const int64_t *id, const char *format, ...)
{
    char detail[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    struct json_writer *writer = answer_begin(viewer, "error");
    json_member_text(writer, "code", code);
    if (id != NULL)
        json_member_integer(writer, "id", *id);
    json_member_text(writer, "detail", detail);
    text_send(viewer, "error");
}

/* ---- numbered messages ------------------------------------------------------------------------
 */
struct json_writer *message_begin(struct viewer *viewer, const char *op)
{
    struct json_writer *writer = answer_begin(viewer, op);
    json_member_count(writer, "seq", viewer->seq + 1);
    viewer->live->told_count = 0;
    return writer;
}

static bool message_is_whole(struct viewer *viewer)
{
    if (!json_writer_failed(&viewer->live->writer))
        return true;
    viewer_fail(viewer, "out of memory");
    return false;
}

bool message_is_full(const struct viewer *viewer, size_t most)
{
    const struct live *live = viewer->live;
    return live->told_count >= most || live->writer.size >= TEXT_BYTES_ENOUGH;
}

/* A slot that the message tells has its newest value. */
static inline uint64_t slot_settle(struct slot *slot, uint64_t number)
{
    uint64_t skipped = slot->pending > 0 ? slot->pending - 1 : 0;
    slot->pending = 0;
    slot->seq = number;
    return skipped;
}

void message_send(struct viewer *viewer, const char *op)
{
    if (!message_is_whole(viewer))
        return;
    viewer->seq++;
    text_send(viewer, op);
}

void message_send_wholes(struct viewer *viewer, const char *op, uint64_t bit)
{
    struct live *live = viewer->live;
    if (!message_is_whole(viewer))
        return;
    viewer->seq++;
    for (uint32_t i = 0; i < live->told_count; i++) {
        struct slot *slot = &viewer->slots[live->told[i]];
        viewer->skipped += slot_settle(slot, viewer->seq);
        slot->whole_seq = viewer->seq;
        slot->changed = slot->unknown = false;
        slot->untold &= ~bit;
        slot_list(viewer, live->told[i], slot->untold != 0 ? SLOT_ON_WHOLES : SLOT_ON_NONE);
    }
    live->counters.values += live->told_count;
    live->work += live->told_count * WORK_A_WHOLE;
    text_send(viewer, op);
}

/* ---- points -----------------------------------------------------------------------------------
 */
static const char *const limit_state_names[] = {
    [LIMIT_STATE_NONE] = "none", [LIMIT_STATE_LOW_LOW] = "low_low",
    [LIMIT_STATE_LOW] = "low",   [LIMIT_STATE_NORMAL] = "normal",
    [LIMIT_STATE_HIGH] = "high", [LIMIT_STATE_HIGH_HIGH] = "high_high"};

/* A quality of a version that knew more of them is bad to us. */
static const char *quality_text(uint8_t quality)
{
    const char *name = quality_name(quality);
    return name != NULL ? name : "bad";
}

/* Another tenant's points are shown with its name before them. */
void viewer_path_put(const struct viewer *viewer, uint32_t tenant, struct bytes path)
{
    struct json_writer *writer = &viewer->live->writer;
    const struct access *access = viewer->live->config.access;
    struct bytes prefix = bytes_of("", 0);
    if (access != NULL && viewer->principal != NULL)
        prefix = access_present(access, viewer->principal, tenant);
    if (prefix.size == 0) {
        json_member_string(writer, "path", path);
        return;
    }
    uint8_t text[ACCESS_TENANT_NAME_MAX + 2 + PATH_MAX_BYTES];
    check(prefix.size <= ACCESS_TENANT_NAME_MAX + 2);
    memcpy(text, prefix.at, prefix.size);
    memcpy(text + prefix.size, path.at, path.size);
    json_member_string(writer, "path", bytes_of(text, prefix.size + path.size));
}

void message_put_whole(struct viewer *viewer, uint32_t slot, struct bytes path)
{
    struct live *live = viewer->live;
    struct json_writer *writer = &live->writer;
    struct point_view view;
    points_view(live->points, viewer->slots[slot].watched->point, &view);
    json_put_object(writer);
    json_member_count(writer, "point", view.point);
    viewer_path_put(viewer, view.tenant, path);
    json_member_text(writer, "type", value_type_name(view.value.type));
    json_member_string(writer, "unit", view.unit);
    json_member_text(writer, "limit_state", limit_state_names[view.limit_state]);
    json_put_name(writer, "value");
    json_put_value(writer, &view.value);
    json_member_text(writer, "quality", quality_text(view.value.quality));
    json_member_time(writer, "time", view.time_ns);
    json_put_object_end(writer);
    live->told[live->told_count++] = slot;
}

/* ---- removed ----------------------------------------------------------------------------------
 */
void tell_removed(struct viewer *viewer)
{
    if (viewer->notes_told == viewer->note_count)
        return;
    struct json_writer *writer = message_begin(viewer, "removed");
    json_put_name(writer, "points");
    json_put_array(writer);
    uint32_t end = viewer->notes_told;
    for (; end < viewer->note_count && end - viewer->notes_told < REMOVED_POINTS; end++)
        json_put_count(writer, viewer->notes[end].point);
    json_put_array_end(writer);
    if (!message_is_whole(viewer))
        return;
    viewer->seq++;
    viewer->live->work += end - viewer->notes_told;
    for (; viewer->notes_told < end; viewer->notes_told++)
        viewer->notes[viewer->notes_told].seq = viewer->seq;
    text_send(viewer, "removed");
}

/* ---- added, changed ---------------------------------------------------------------------------
 */
/* Is there still something to tell of this slot? Else it leaves the list. */
static bool whole_is_due(struct viewer *viewer, uint32_t at)
{
    struct slot *slot = &viewer->slots[at];
    uint64_t shown = slot->mask & ~viewer->closing;
    slot->untold &= shown;
    slot->changed = slot->changed && shown != 0;
    if (slot->untold != 0 || slot->changed)
        return true;
    bool valued = shown != 0 && slot->pending > 0 && !slot->unknown;
    slot_list(viewer, at, valued ? SLOT_ON_VALUES : SLOT_ON_NONE);
    return false;
}

/* Puts all that are due for this bit; 0: those that are only changed. */
static void wholes_put(struct viewer *viewer, uint64_t bit)
{
    uint8_t path[PATH_MAX_BYTES];
    uint32_t at = viewer->wholes.first, next;
    for (uint32_t looked = 0; at != SLOT_NONE && looked < WHOLES_LOOKED; at = next, looked++) {
        next = viewer->slots[at].next;
        if (message_is_full(viewer, PAGE_POINTS))
            break;
        if (!whole_is_due(viewer, at) ||
            (bit != 0 ? (viewer->slots[at].untold & bit) == 0 : viewer->slots[at].untold != 0))
            continue;
        size_t size = points_path(viewer->live->points, viewer->slots[at].watched->point, path);
        message_put_whole(viewer, at, bytes_of(path, size));
    }
}

void tell_wholes(struct viewer *viewer)
{
    while (viewer->wholes.first != SLOT_NONE && !whole_is_due(viewer, viewer->wholes.first))
        viewer->live->work++;
    if (viewer->wholes.first == SLOT_NONE)
        return;
    uint64_t untold = viewer->slots[viewer->wholes.first].untold, bit = untold & (0 - untold);
    const char *op = bit != 0 ? "added" : "changed";
    struct json_writer *writer = message_begin(viewer, op);
    if (bit != 0)
        json_member_integer(writer, "id", viewer->subscriptions[__builtin_ctzll(bit)]->id);
    json_put_name(writer, "points");
    json_put_array(writer);
    wholes_put(viewer, bit);
    json_put_array_end(writer);
    message_send_wholes(viewer, op, bit);
}

/* ---- delta ------------------------------------------------------------------------------------
 */
static void delta_put_end(struct json_writer *writer, uint8_t quality, enum limit_state limit_state)
{
    if (quality != QUALITY_GOOD || limit_state != LIMIT_STATE_NONE)
        json_put_text(writer, quality_text(quality));
    if (limit_state != LIMIT_STATE_NONE)
        json_put_text(writer, limit_state_names[limit_state]);
    json_put_array_end(writer);
}

static void delta_put(struct live *live, const struct watched *watched)
{
    struct json_writer *writer = &live->writer;
    json_put_array(writer);
    json_put_count(writer, watched->point);
    /* Limits that many points share come and go without a word about the point. */
    if (LIKELY(watched->plain && points_profile_of(live->points, watched->point) == PROFILE_NONE)) {
        struct value value = {.type = watched->type,
                              .scale = watched->scale,
                              .present = watched->present,
                              .number = watched->number};
        json_put_value(writer, &value);
        json_put_integer(writer, watched->time_ns / NS_PER_MS);
        delta_put_end(writer, watched->quality, LIMIT_STATE_NONE);
        return;
    }
    struct point_view view;
    points_view(live->points, watched->point, &view);
    json_put_value(writer, &view.value);
    json_put_integer(writer, view.time_ns / NS_PER_MS);
    delta_put_end(writer, view.value.quality, view.limit_state);
}

/* Puts the values that came first; returns how many others they replaced. */
static uint64_t values_put(struct viewer *viewer)
{
    struct live *live = viewer->live;
    uint64_t skipped = 0;
    uint32_t next;
    for (uint32_t at = viewer->values.first; at != SLOT_NONE; at = next) {
        struct slot *slot = &viewer->slots[at];
        next = slot->next;
        if (message_is_full(viewer, DELTA_VALUES))
            break;
        if (next != SLOT_NONE)
            __builtin_prefetch(viewer->slots[next].watched);
        if (UNLIKELY((slot->mask & ~viewer->closing) == 0)) {
            slot_list(viewer, at, SLOT_ON_NONE); /* nothing shows it any more */
            continue;
        }
        delta_put(live, slot->watched);
        live->told[live->told_count++] = at;
        skipped += slot->pending > 0 ? slot->pending - 1 : 0;
    }
    return skipped;
}

void tell_values(struct viewer *viewer)
{
    struct live *live = viewer->live;
    struct json_writer *writer = message_begin(viewer, "delta");
    json_put_name(writer, "values");
    json_put_array(writer);
    uint64_t skipped = viewer->skipped + values_put(viewer);
    json_put_array_end(writer);
    json_member_count(writer, "skipped", skipped);
    live->work += live->told_count;
    if (live->told_count == 0 || !message_is_whole(viewer))
        return;
    viewer->seq++;
    viewer->told_ns = live->now_ns;
    viewer->skipped = 0;
    for (uint32_t i = 0; i < live->told_count; i++) {
        (void)slot_settle(&viewer->slots[live->told[i]], viewer->seq);
        slot_list(viewer, live->told[i], SLOT_ON_NONE);
    }
    live->counters.values += live->told_count;
    live->counters.skipped += skipped;
    text_send(viewer, "delta");
}
