/* Subscriptions: whose patterns match which points; snapshots, in pieces. */
#include "live/room.h"

#include <string.h>

#define SEARCH_NODES 512 /* looked at in one piece */
#define ENTERED_POINTS 256
#define WORK_A_POINT 4 /* of a page, in units of STEP_WORK */

/* ---- life -------------------------------------------------------------------------------------
 */
struct subscription *subscription_create(struct live *live, size_t match_count)
{
    size_t size = sizeof(struct subscription) + match_count * sizeof(struct live_match);
    struct subscription *subscription = live_resize(live, NULL, 0, size);
    if (subscription == NULL)
        return NULL;
    memset(subscription, 0, sizeof *subscription);
    subscription->size = size;
    subscription->match_count = match_count;
    return subscription;
}

void subscription_destroy(struct live *live, struct subscription *subscription)
{
    if (subscription == NULL)
        return;
    live_free(live, subscription->job, sizeof *subscription->job);
    live_free(live, subscription, subscription->size);
}

struct subscription *subscription_find(const struct viewer *viewer, int64_t id)
{
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++)
        if (viewer->subscriptions[bit] != NULL && viewer->subscriptions[bit]->id == id)
            return viewer->subscriptions[bit];
    return NULL;
}

static enum err job_create(struct live *live, struct search_job **job)
{
    if (*job == NULL)
        *job = live_resize(live, NULL, 0, sizeof **job);
    if (*job == NULL)
        return ERR_NO_MEMORY;
    (*job)->match = 0;
    (*job)->begun = false;
    (*job)->found_count = 0;
    return OK;
}

/* A bit that no slot has; SUBSCRIPTIONS_MAX: there are that many subscriptions. */
static uint8_t bit_free(struct viewer *viewer)
{
    if (viewer->subscription_count == SUBSCRIPTIONS_MAX)
        return SUBSCRIPTIONS_MAX;
    for (;;) {
        for (uint8_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++)
            if (viewer->subscriptions[bit] == NULL && !(viewer->closing >> bit & 1))
                return bit;
        slots_clean(viewer, UINT32_MAX); /* all that are free are those of ended ones */
    }
}

static const char *subscription_refuse(struct viewer *viewer, struct subscription *subscription,
                                       const char *why)
{
    subscription_destroy(viewer->live, subscription);
    return why;
}

/* So that points of others are passed over when they come. */
static void tenants_note(struct viewer *viewer, const struct subscription *subscription)
{
    if (viewer->subscription_count == 0)
        viewer->only_tenant = subscription->matches[0].tenant;
    for (size_t i = 0; i < subscription->match_count; i++)
        if (subscription->matches[i].tenant != viewer->only_tenant)
            viewer->only_tenant = ANY_TENANT;
}

const char *subscription_begin(struct viewer *viewer, struct subscription *subscription)
{
    uint8_t bit = bit_free(viewer);
    if (bit == SUBSCRIPTIONS_MAX)
        return subscription_refuse(viewer, subscription, "a viewer has at most 64 subscriptions");
    if (job_create(viewer->live, &subscription->job) != OK)
        return subscription_refuse(viewer, subscription, "out of memory");
    if (viewer->subscription_count == 0)
        viewer->entered_next = namespace_entered(viewer->live->config.space) + 1;
    tenants_note(viewer, subscription);
    subscription->bit = bit;
    viewer->subscriptions[bit] = subscription;
    viewer->subscription_count++;
    viewer->jobs++;
    viewer->live->counters.subscriptions++;
    viewer_wake(viewer);
    return NULL;
}

static void job_end(struct viewer *viewer, struct subscription *subscription)
{
    if (subscription->job == NULL)
        return;
    live_free(viewer->live, subscription->job, sizeof *subscription->job);
    subscription->job = NULL;
    viewer->jobs--;
    if (subscription->again) {
        subscription->again = false;
        viewer->restarts--;
        viewer->sweep = true;
    }
}

void subscription_end(struct viewer *viewer, struct subscription *subscription)
{
    job_end(viewer, subscription);
    viewer->subscriptions[subscription->bit] = NULL;
    viewer->closing |= (uint64_t)1 << subscription->bit;
    viewer->subscription_count--;
    viewer->live->counters.subscriptions--;
    subscription_destroy(viewer->live, subscription);
    viewer_wake(viewer);
}

enum err subscription_restart(struct viewer *viewer, struct subscription *subscription)
{
    bool told = subscription->job == NULL;
    enum err err = job_create(viewer->live, &subscription->job);
    if (err != OK)
        return err;
    viewer->jobs += told;
    viewer->restarts += !subscription->again;
    subscription->again = true;
    subscription->page_seq = 0;
    return OK;
}

static bool subscription_shows(const struct viewer *viewer, const struct subscription *subscription,
                               uint32_t tenant, struct bytes path)
{
    for (size_t i = 0; i < subscription->match_count; i++)
        if (match_shows(viewer, &subscription->matches[i], tenant, path))
            return true;
    return false;
}

const char *live_viewer_subscribe(struct live *live, struct viewer *viewer,
                                  const struct live_match *matches, size_t count)
{
    if (count == 0 || count > PATTERNS_MAX)
        return "a subscription has 1 to 32 patterns";
    if (subscription_find(viewer, 1) != NULL)
        return "this viewer has subscribed before";
    struct subscription *subscription = subscription_create(live, count);
    if (subscription == NULL)
        return "out of memory";
    subscription->id = 1;
    memcpy(subscription->matches, matches, count * sizeof *matches);
    return subscription_begin(viewer, subscription);
}

/* ---- the search -------------------------------------------------------------------------------
 */
static bool search_found(void *arg, uint32_t point)
{
    struct search_job *job = arg;
    job->found[job->found_count++] = point;
    return job->found_count < PAGE_POINTS;
}

/* Fills the page; true: it is full, or there is nothing more to search. */
static bool search_step(struct viewer *viewer, const struct subscription *subscription)
{
    struct search_job *job = subscription->job;
    size_t looked = 0;
    while (job->match < subscription->match_count && job->found_count < PAGE_POINTS &&
           looked < SEARCH_NODES) {
        const struct live_match *match = &subscription->matches[job->match];
        if (!job->begun) /* neither text is too long: there is none */
            check(namespace_search_begin(&job->search, match->tenant, &match->pattern,
                                         bytes_of("", 0), bytes_of("", 0)) == OK);
        job->begun = true;
        size_t before = looked;
        if (!namespace_search_step(viewer->live->config.space, &job->search, SEARCH_NODES - looked,
                                   search_found, job, &looked)) {
            job->match++;
            job->begun = false;
        }
        looked += looked == before; /* each turn costs something */
    }
    viewer->live->work += (uint32_t)looked;
    return job->found_count == PAGE_POINTS || job->match == subscription->match_count;
}

static uint32_t point_tenant(const struct live *live, uint32_t point)
{
    struct point_row row;
    points_row(live->points, points_row_of(live->points, point), &row);
    return row.tenant;
}

/* Only what is in the namespace under this path: not retired since, nor lost. */
static bool point_stands(const struct live *live, uint32_t point, uint32_t tenant,
                         struct bytes path)
{
    struct namespace_node node;
    uint32_t at = namespace_find(live->config.space, tenant, path);
    if (at == NAMESPACE_NONE)
        return false;
    namespace_node(live->config.space, at, &node);
    return node.point == point;
}

static void subscription_refuse_points(struct viewer *viewer, struct subscription *subscription,
                                       enum err err)
{
    int64_t id = subscription->id;
    subscription_end(viewer, subscription);
    if (err == ERR_LIMIT)
        tell_error(viewer, "live_points", &id,
                   "the patterns match more points than the %llu that one viewer may watch "
                   "(http.live_points); subscription %lld does not exist: take a narrower pattern",
                   (unsigned long long)viewer->live->config.settings->http_live_points,
                   (long long)id);
    else
        tell_error(viewer, "memory", &id, "out of memory; subscription %lld does not exist",
                   (long long)id);
}

/* The point is told in this page unless its subscription has told it already. */
static enum err page_put(struct viewer *viewer, const struct subscription *subscription,
                         uint32_t point)
{
    uint8_t text[PATH_MAX_BYTES];
    uint32_t tenant = point_tenant(viewer->live, point);
    struct bytes path = bytes_of(text, points_path(viewer->live->points, point, text));
    uint64_t bit = (uint64_t)1 << subscription->bit;
    if (!subscription_shows(viewer, subscription, tenant, path) ||
        !point_stands(viewer->live, point, tenant, path))
        return OK;
    uint32_t at = slot_find(viewer, point);
    enum err err = at != SLOT_NONE ? OK : slot_take(viewer, point, &at);
    if (err != OK)
        return err;
    struct slot *slot = &viewer->slots[at];
    if (slot->mask & bit)
        return OK;
    slot->mask |= bit;
    message_put_whole(viewer, at, path);
    return OK;
}

/* Tells what was found as one message; what no longer fits stays for the next. */
static void page_send(struct viewer *viewer, struct subscription *subscription)
{
    struct search_job *job = subscription->job;
    uint64_t bit = (uint64_t)1 << subscription->bit;
    struct json_writer *writer = message_begin(viewer, "snapshot");
    json_member_integer(writer, "id", subscription->id);
    json_put_name(writer, "points");
    json_put_array(writer);
    uint32_t taken = 0;
    for (; taken < job->found_count && !message_is_full(viewer, PAGE_POINTS); taken++) {
        enum err err = page_put(viewer, subscription, job->found[taken]);
        if (err != OK) {
            subscription_refuse_points(viewer, subscription, err);
            return;
        }
    }
    viewer->live->work += taken * WORK_A_POINT;
    job->found_count -= taken;
    memmove(job->found, job->found + taken, job->found_count * sizeof *job->found);
    bool last = job->found_count == 0 && job->match == subscription->match_count;
    json_put_array_end(writer);
    json_member_bool(writer, "last", last);
    subscription->page_seq = viewer->seq + 1;
    if (last)
        job_end(viewer, subscription);
    message_send_wholes(viewer, "snapshot", bit);
}

void snapshot_step(struct viewer *viewer)
{
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++) {
        struct subscription *subscription = viewer->subscriptions[bit];
        if (subscription == NULL || subscription->job == NULL)
            continue;
        if (search_step(viewer, subscription))
            page_send(viewer, subscription);
        return;
    }
}

/* ---- points that come later -------------------------------------------------------------------
 */
static void consider_refused(struct viewer *viewer, struct subscription *subscription, enum err err)
{
    if (err != ERR_LIMIT) {
        viewer_fail(viewer, "out of memory");
        return;
    }
    if (subscription->full_told || !viewer_is_attached(viewer))
        return;
    subscription->full_told = true;
    tell_error(viewer, "live_points", &subscription->id,
               "a point came that subscription %lld matches, but one viewer may watch %llu points "
               "(http.live_points): it is not shown, nor are others that come",
               (long long)subscription->id,
               (unsigned long long)viewer->live->config.settings->http_live_points);
}

void viewer_consider(struct viewer *viewer, uint32_t point, uint32_t tenant, struct bytes path)
{
    uint32_t at = SLOT_NONE;
    bool looked = false;
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++) {
        struct subscription *subscription = viewer->subscriptions[bit];
        if (subscription == NULL || !subscription_shows(viewer, subscription, tenant, path))
            continue;
        if (!looked) {
            if (!point_stands(viewer->live, point, tenant, path))
                return;
            at = slot_find(viewer, point);
            looked = true;
        }
        enum err err = at != SLOT_NONE ? OK : slot_take(viewer, point, &at);
        if (err != OK) {
            consider_refused(viewer, subscription, err);
            return;
        }
        struct slot *slot = &viewer->slots[at];
        if (slot->mask >> bit & 1)
            continue;
        slot->mask |= (uint64_t)1 << bit;
        slot->untold |= (uint64_t)1 << bit;
        slot_list(viewer, at, SLOT_ON_WHOLES);
        viewer_wake(viewer);
    }
}

void entered_step(struct viewer *viewer)
{
    struct live *live = viewer->live;
    uint32_t end = namespace_entered(live->config.space);
    for (uint32_t left = ENTERED_POINTS; left > 0 && viewer->entered_next <= end; left--) {
        uint8_t text[PATH_MAX_BYTES];
        uint32_t point = viewer->entered_next++, tenant = point_tenant(live, point);
        live->work++;
        if (viewer->only_tenant != ANY_TENANT && viewer->only_tenant != tenant)
            continue;
        size_t size = points_path(live->points, point, text);
        viewer_consider(viewer, point, tenant, bytes_of(text, size));
        live->work++;
    }
}
