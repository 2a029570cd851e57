/* Rights: for whom a viewer looks, and what becomes of what it looks at when he may less. */
#include "live/room.h"

#define JUDGED_AT_ONCE 512
#define WORK_A_JUDGEMENT 2

const char *const LIVE_HIDDEN = "reaches no point that there is for you";

/* ---- matches ----------------------------------------------------------------------------------
 */
static enum access_reach match_reach(const struct principal *principal,
                                     const struct live_match *match)
{
    if (principal == NULL)
        return match->tenant == TENANT_DEFAULT ? REACH_ALL : REACH_NONE;
    return access_reach(principal, RIGHT_SEE, match->tenant, &match->pattern);
}

const char *live_match_read(const struct live *live, const struct principal *principal,
                            struct bytes text, struct live_match *ret_match)
{
    struct bytes path = text;
    ret_match->tenant = TENANT_DEFAULT;
    if (principal != NULL &&
        !access_resolve(live->config.access, principal, text, &ret_match->tenant, &path))
        return LIVE_HIDDEN;
    const char *why = pattern_parse(path, &ret_match->pattern);
    if (why != NULL)
        return why;
    enum access_reach reach = match_reach(principal, ret_match);
    ret_match->reach = (uint8_t)reach;
    return reach == REACH_NONE ? LIVE_HIDDEN : NULL;
}

bool viewer_may_see(const struct viewer *viewer, uint32_t tenant, struct bytes path)
{
    if (viewer->principal == NULL)
        return tenant == TENANT_DEFAULT;
    return access_may(viewer->principal, RIGHT_SEE, tenant, path);
}

bool match_shows(const struct viewer *viewer, const struct live_match *match, uint32_t tenant,
                 struct bytes path)
{
    if (match->tenant != tenant || match->reach == REACH_NONE ||
        !pattern_matches(&match->pattern, path))
        return false;
    return match->reach == REACH_ALL || viewer_may_see(viewer, tenant, path);
}

/* ---- for whom ---------------------------------------------------------------------------------
 */
bool viewer_is_of(const struct viewer *viewer, const struct principal *principal)
{
    if (viewer->principal == NULL || principal == NULL)
        return viewer->principal == principal;
    struct principal_view a, b;
    principal_view(viewer->principal, &a);
    principal_view(principal, &b);
    return a.tenant == b.tenant && a.account == b.account && a.trial == b.trial &&
           a.owner == b.owner;
}

/* From within access_step: nothing is told here. */
static void rights_changed(void *arg)
{
    struct viewer *viewer = arg;
    struct principal_view view;
    principal_view(viewer->principal, &view);
    viewer->live->counters.revoked += view.ended;
    if (view.ended)
        viewer_fail(viewer, "the session ended, or its rights were taken back");
    else
        viewer_judge(viewer);
}

void viewer_serve(struct viewer *viewer, struct principal *principal)
{
    struct principal *before = viewer->principal;
    if (before == principal)
        return;
    if (before != NULL)
        principal_unwatch(&viewer->watch);
    viewer->principal = principal != NULL ? principal_hold(principal) : NULL;
    if (principal != NULL)
        principal_watch(viewer->principal, &viewer->watch, rights_changed, viewer);
    principal_release(before);
}

/* ---- judging anew -----------------------------------------------------------------------------
 */
void viewer_judge(struct viewer *viewer)
{
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++) {
        struct subscription *subscription = viewer->subscriptions[bit];
        for (size_t i = 0; subscription != NULL && i < subscription->match_count; i++) {
            struct live_match *match = &subscription->matches[i];
            match->reach = (uint8_t)match_reach(viewer->principal, match);
        }
    }
    viewer->judging = true;
    viewer->judge_next = 0;
    if (viewer_is_attached(viewer))
        viewer_move(viewer, VIEWER_READY);
}

static bool subscription_reaches(const struct subscription *subscription)
{
    for (size_t i = 0; i < subscription->match_count; i++)
        if (subscription->matches[i].reach != REACH_NONE)
            return true;
    return false;
}

/* Behind the last slot: its points are gone already, and he is told that they went. */
static void judge_subscriptions(struct viewer *viewer)
{
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++) {
        struct subscription *subscription = viewer->subscriptions[bit];
        if (subscription == NULL || subscription_reaches(subscription))
            continue;
        int64_t id = subscription->id;
        subscription_end(viewer, subscription);
        tell_error(viewer, "rights", &id,
                   "the rights to what subscription %lld shows were taken back: it has ended",
                   (long long)id);
    }
}

void judge_step(struct viewer *viewer)
{
    struct live *live = viewer->live;
    uint8_t text[PATH_MAX_BYTES];
    uint32_t left = JUDGED_AT_ONCE;
    for (; left > 0 && viewer->judge_next < viewer->slot_count; left--) {
        uint32_t at = viewer->judge_next++;
        const struct watched *watched = viewer->slots[at].watched;
        if (watched == NULL)
            continue;
        struct point_view view;
        points_view(live->points, watched->point, &view);
        size_t size = points_path(live->points, watched->point, text);
        if (viewer_may_see(viewer, view.tenant, bytes_of(text, size)))
            continue;
        live->counters.revoked++;
        slot_gone(viewer, at);
    }
    live->work += (JUDGED_AT_ONCE - left) * WORK_A_JUDGEMENT;
    if (viewer->judge_next < viewer->slot_count || viewer->place == VIEWER_DYING)
        return;
    viewer->judging = false;
    judge_subscriptions(viewer);
}
