/* The room as a whole: what happens to points, and whose turn it is. */
#include "live/room.h"

#include <stdlib.h>

/* ---- life -------------------------------------------------------------------------------------
 */
enum err live_create(const struct live_config *config, struct live **ret_live)
{
    struct live *live = calloc(1, sizeof *live);
    if (live == NULL)
        return ERR_NO_MEMORY;
    live->config = *config;
    live->points = engine_points(config->engine);
    live->counters.memory = sizeof *live;
    for (size_t place = 0; place < VIEWER_PLACES; place++)
        link_init(&live->places[place]);
    json_writer_init(&live->writer, 0);
    *ret_live = live;
    return OK;
}

static struct viewer *viewer_first(struct live *live, enum viewer_place place)
{
    struct link *list = &live->places[place];
    return link_is_alone(list) ? NULL : LINK_OWNER(list->next, struct viewer, link);
}

void live_destroy(struct live *live)
{
    if (live == NULL)
        return;
    for (enum viewer_place place = 0; place < VIEWER_PLACES; place++) {
        for (struct viewer *viewer; (viewer = viewer_first(live, place)) != NULL;) {
            if (place != VIEWER_DYING)
                viewer_kill(viewer);
            while (place == VIEWER_DYING && !viewer_take_down(viewer))
                continue;
        }
    }
    watch_done(live);
    live_free(live, live->viewers, live->viewer_capacity * sizeof(struct viewer *));
    json_writer_done(&live->writer);
    check(live->counters.memory == sizeof *live);
    free(live);
}

/* ---- what happens -----------------------------------------------------------------------------
 */
void live_point_entered(struct live *live, uint32_t point)
{
    (void)point; /* each viewer counts for itself how far it looked */
    live->entered = true;
}

static void point_gone(struct live *live, uint32_t point)
{
    for (const struct watched *watched; (watched = watch_find(live, point)) != NULL;) {
        struct watcher last = watched->watchers[watched->count - 1];
        slot_gone(last.viewer, last.slot);
    }
}

static void point_settings_changed(struct live *live, struct watched *watched)
{
    watched_refresh(live, watched);
    for (uint32_t i = 0; i < watched->count; i++) {
        struct viewer *viewer = watched->watchers[i].viewer;
        uint32_t at = watched->watchers[i].slot;
        if (viewer->slots[at].unknown)
            continue;
        viewer->slots[at].changed = true;
        slot_list(viewer, at, SLOT_ON_WHOLES);
        viewer_wake(viewer);
    }
}

void live_point_erased(struct live *live, uint32_t point)
{
    struct watched *watched = watch_find(live, point);
    if (watched != NULL)
        point_settings_changed(live, watched);
}

void live_point_changed(struct live *live, uint32_t point)
{
    struct point_view view;
    uint8_t text[PATH_MAX_BYTES];
    if (live->counters.viewers == 0 && live->counters.points == 0)
        return;
    points_view(live->points, point, &view);
    struct bytes path = bytes_of(text, points_path(live->points, point, text));
    struct watched *watched = watch_find(live, point);
    if (watched != NULL) {
        if (view.retired || watched->path_hash != points_path_hash(view.tenant, path))
            point_gone(live, point);
        else
            point_settings_changed(live, watched);
    }
    if (view.retired || point > namespace_entered(live->config.space))
        return;
    for (uint32_t i = 0; i < live->viewer_capacity; i++)
        if (live->viewers[i] != NULL && live->viewers[i]->place != VIEWER_DYING)
            viewer_consider(live->viewers[i], point, view.tenant, path);
}

/* ---- turns ------------------------------------------------------------------------------------
 */
static bool viewer_may_hear(struct viewer *viewer)
{
    if (viewer->place != VIEWER_READY)
        return false; /* a message before ended it */
    if (viewer->failed == NULL && viewer->sink.has_room(viewer->arg))
        return true;
    if (viewer->failed == NULL && viewer->place == VIEWER_READY)
        viewer_move(viewer, VIEWER_CHOKED);
    return false;
}

static int64_t viewer_due_ns(const struct viewer *viewer)
{
    return viewer->told_ns + viewer->pace_ns;
}

/* Removed comes first: a point that was renamed goes before it comes back. */
static void viewer_tell(struct viewer *viewer)
{
    struct live *live = viewer->live;
    while (viewer->notes_told < viewer->note_count) {
        if (!viewer_may_hear(viewer))
            return;
        tell_removed(viewer);
    }
    if (viewer->wholes.count > 0 && viewer_may_hear(viewer))
        tell_wholes(viewer);
    if (viewer->jobs > 0 && viewer_may_hear(viewer))
        snapshot_step(viewer);
    if (follow_is_due(viewer) && viewer_may_hear(viewer))
        viewer_follow_step(viewer);
    if (viewer->values.count > 0 && viewer_due_ns(viewer) <= live->now_ns &&
        viewer_may_hear(viewer))
        tell_values(viewer);
}

static bool viewer_has_work(const struct viewer *viewer)
{
    return viewer->notes_told < viewer->note_count || viewer->wholes.count > 0 ||
           viewer->jobs > 0 || !slots_are_clean(viewer) || entered_is_due(viewer) ||
           follow_is_due(viewer);
}

static void viewer_throw_out(struct viewer *viewer)
{
    struct live_sink sink = viewer->sink;
    const char *why = viewer->failed;
    void *arg = viewer->arg;
    viewer_kill(viewer);
    sink.end(arg, why);
}

static void viewer_turn(struct viewer *viewer)
{
    enum { CLEANED = 512 };
    struct live *live = viewer->live;
    live->work += 2;
    if (viewer->judging && viewer->failed == NULL) {
        judge_step(viewer);
        if (viewer->place == VIEWER_READY)
            viewer_move(viewer, VIEWER_READY); /* behind the others */
        return;
    }
    if (!slots_are_clean(viewer)) {
        slots_clean(viewer, CLEANED);
        live->work += CLEANED;
    }
    if (entered_is_due(viewer))
        entered_step(viewer);
    viewer_tell(viewer);
    if (viewer->place != VIEWER_READY)
        return;
    if (viewer->failed != NULL)
        viewer_throw_out(viewer);
    else if (viewer_has_work(viewer))
        viewer_move(viewer, VIEWER_READY); /* behind the others */
    else if (viewer->values.count == 0)
        viewer_move(viewer, VIEWER_IDLE);
    else
        viewer_move(viewer, viewer_due_ns(viewer) <= live->now_ns ? VIEWER_READY : VIEWER_PACED);
}

/* ---- the step ---------------------------------------------------------------------------------
 */
/* Points were entered: whoever has patterns looks at them in its turn. */
static void wake_for_entered(struct live *live)
{
    struct link *list = &live->places[VIEWER_IDLE], *next;
    for (struct link *at = list->next; at != list; at = next) {
        next = at->next;
        struct viewer *viewer = LINK_OWNER(at, struct viewer, link);
        if (entered_is_due(viewer))
            viewer_move(viewer, VIEWER_READY);
    }
    live->entered = false;
}

/* Something happened to alarms: whoever follows them looks at it in its turn. Entries are rare. */
static void wake_followers(struct live *live)
{
    uint64_t entries = alarms_entries(engine_alarms(live->config.engine));
    struct link *list = &live->places[VIEWER_IDLE], *next;
    if (entries == live->alarm_entries)
        return;
    live->alarm_entries = entries;
    for (struct link *at = list->next; at != list; at = next) {
        next = at->next;
        struct viewer *viewer = LINK_OWNER(at, struct viewer, link);
        if (follow_is_due(viewer))
            viewer_move(viewer, VIEWER_READY);
    }
}

static void wake_paced(struct live *live)
{
    struct link *list = &live->places[VIEWER_PACED], *next;
    for (struct link *at = list->next; at != list; at = next) {
        next = at->next;
        struct viewer *viewer = LINK_OWNER(at, struct viewer, link);
        if (viewer_due_ns(viewer) <= live->now_ns || viewer_has_work(viewer))
            viewer_move(viewer, VIEWER_READY);
    }
}

static int64_t paced_due_ns(const struct live *live)
{
    const struct link *list = &live->places[VIEWER_PACED];
    int64_t due_ns = INT64_MAX;
    for (struct link *at = list->next; at != list; at = at->next) {
        const struct viewer *viewer = LINK_OWNER(at, struct viewer, link);
        if (viewer_due_ns(viewer) < due_ns)
            due_ns = viewer_due_ns(viewer);
    }
    return due_ns;
}

/* Away viewers stand in the order in which they went; returns when the next one expires. */
static int64_t expire(struct live *live)
{
    int64_t keep_ns = live->config.settings->http_live_keep;
    struct link *list = &live->places[VIEWER_AWAY];
    for (struct link *at = list->previous; at != list; at = at->previous) {
        struct viewer *viewer = LINK_OWNER(at, struct viewer, link);
        if (viewer->away_ns != AWAY_UNKNOWN)
            break;
        viewer->away_ns = live->now_ns;
    }
    for (struct viewer *viewer; (viewer = viewer_first(live, VIEWER_AWAY)) != NULL;) {
        if (live->now_ns - viewer->away_ns < keep_ns)
            return viewer->away_ns + keep_ns;
        live->counters.expired++;
        viewer_kill(viewer);
    }
    return INT64_MAX;
}

int64_t live_step(struct live *live, int64_t boot_ns)
{
    live->now_ns = boot_ns;
    live->work = 0;
    for (struct viewer *viewer;
         live->work < STEP_WORK / 4 && (viewer = viewer_first(live, VIEWER_DYING)) != NULL;)
        viewer_take_down(viewer);
    if (live->entered)
        wake_for_entered(live);
    wake_followers(live);
    wake_paced(live);
    for (struct viewer *viewer;
         live->work < STEP_WORK && (viewer = viewer_first(live, VIEWER_READY)) != NULL;)
        viewer_turn(viewer);
    int64_t expires_ns = expire(live), due_ns = paced_due_ns(live);
    if (viewer_first(live, VIEWER_READY) != NULL || viewer_first(live, VIEWER_DYING) != NULL)
        return 0;
    due_ns = due_ns < expires_ns ? due_ns : expires_ns;
    return due_ns == INT64_MAX ? INT64_MAX : due_ns - boot_ns;
}

/* ---- asking -----------------------------------------------------------------------------------
 */
void live_describe(const struct live *live, struct live_counters *ret_counters)
{
    *ret_counters = live->counters;
    ret_counters->viewers -= live->counters.viewers_away;
    ret_counters->memory += live->writer.capacity;
}
