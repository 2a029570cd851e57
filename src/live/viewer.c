/* Viewers: who they are, where they stand, how they leave and come back. */
#include "live/room.h"

#include <stdlib.h>
#include <string.h>

#define VIEWERS_FIRST 16u
#define TOKEN_INDEX_DIGITS 8

void viewer_move(struct viewer *viewer, enum viewer_place place)
{
    struct live *live = viewer->live;
    live->counters.viewers_away +=
        (place == VIEWER_AWAY) - (uint64_t)(viewer->place == VIEWER_AWAY);
    link_take(&viewer->link);
    link_put(&live->places[place], &viewer->link);
    viewer->place = place;
}

/* ---- names ------------------------------------------------------------------------------------
 */
/* The index finds the viewer, the rest is the secret: 96 bits. */
static void token_make(struct viewer *viewer)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t secret[(LIVE_TOKEN_SIZE - 1 - TOKEN_INDEX_DIGITS) / 2];
    viewer->live->config.random(secret, sizeof secret);
    char *at = viewer->token;
    for (int shift = 28; shift >= 0; shift -= 4)
        *at++ = digits[viewer->index >> shift & 15];
    for (size_t i = 0; i < sizeof secret; i++) {
        *at++ = digits[secret[i] >> 4];
        *at++ = digits[secret[i] & 15];
    }
    *at = '\0';
}

/* UINT32_MAX: no such token. */
static uint32_t token_index(struct bytes token)
{
    uint32_t index = 0;
    if (token.size != LIVE_TOKEN_SIZE - 1)
        return UINT32_MAX;
    for (size_t i = 0; i < TOKEN_INDEX_DIGITS; i++) {
        uint8_t digit = token.at[i];
        bool decimal = digit >= '0' && digit <= '9', letter = digit >= 'a' && digit <= 'f';
        if (!decimal && !letter)
            return UINT32_MAX;
        index = index << 4 | (uint32_t)(decimal ? digit - '0' : digit - 'a' + 10);
    }
    return index;
}

const char *live_viewer_token(const struct viewer *viewer)
{
    return viewer->token;
}

struct viewer *viewer_known(struct live *live, const struct principal *principal,
                            struct bytes token, uint64_t number)
{
    uint32_t index = token_index(token);
    struct viewer *viewer = index < live->viewer_capacity ? live->viewers[index] : NULL;
    if (viewer == NULL || viewer->place == VIEWER_DYING || viewer->failed != NULL)
        return NULL;
    uint8_t differs = 0; /* all of it is looked at, so that time tells nothing */
    for (size_t i = 0; i < LIVE_TOKEN_SIZE - 1; i++)
        differs |= (uint8_t)(token.at[i] ^ (uint8_t)viewer->token[i]);
    bool fits = number <= viewer->seq && number >= viewer->notes_floor;
    return differs == 0 && fits && viewer_is_of(viewer, principal) ? viewer : NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */
static enum err viewers_reserve(struct live *live)
{
    for (uint32_t i = 0; i < live->viewer_capacity; i++) {
        live->viewer_next = (live->viewer_next + 1) % live->viewer_capacity;
        if (live->viewers[live->viewer_next] == NULL)
            return OK;
    }
    uint32_t before = live->viewer_capacity, after = before == 0 ? VIEWERS_FIRST : before * 2;
    struct viewer **viewers =
        live_resize(live, live->viewers, before * sizeof *viewers, after * sizeof *viewers);
    if (viewers == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = before; i < after; i++)
        viewers[i] = NULL;
    live->viewers = viewers;
    live->viewer_capacity = after;
    live->viewer_next = before;
    return OK;
}

static void viewer_init(struct viewer *viewer, struct live *live, uint32_t index)
{
    *viewer = (struct viewer){.live = live,
                              .index = index,
                              .place = VIEWER_IDLE,
                              .slot_free = SLOT_NONE,
                              .told_ns = INT64_MIN / 2,
                              .values = {SLOT_NONE, SLOT_NONE, 0},
                              .wholes = {SLOT_NONE, SLOT_NONE, 0}};
    token_make(viewer);
    link_init(&viewer->link);
    link_put(&live->places[VIEWER_IDLE], &viewer->link);
    live->viewers[index] = viewer;
    live->counters.viewers++;
}

/* Of all places a tenant that is not the house has a quarter, those it may come back to included.
 */
static bool tenant_has_its_share(const struct live *live, const struct principal *principal)
{
    uint64_t most = live->config.settings->http_viewers, own = 0;
    if (principal == NULL || principal_tenant(principal) == TENANT_MAIN)
        return false;
    uint32_t tenant = principal_tenant(principal);
    for (uint32_t i = 0; i < live->viewer_capacity; i++)
        own += live->viewers[i] != NULL && live->viewers[i]->place != VIEWER_AWAY &&
               live->viewers[i]->principal != NULL &&
               principal_tenant(live->viewers[i]->principal) == tenant;
    return own > 0 && own >= most / 4;
}

/* A place that is kept gives way to one who comes, the oldest first: who comes may be the same
 * person, and can say so only once it is in. */
static bool viewers_have_room(struct live *live, const struct principal *principal)
{
    struct link *away = &live->places[VIEWER_AWAY];
    if (tenant_has_its_share(live, principal))
        return false;
    if (live->counters.viewers < live->config.settings->http_viewers)
        return true;
    if (link_is_alone(away))
        return false;
    live->counters.expired++;
    viewer_kill(LINK_OWNER(away->next, struct viewer, link));
    return true;
}

enum err live_viewer_open(struct live *live, struct principal *principal,
                          const struct live_sink *sink, void *arg, struct viewer **ret_viewer)
{
    if (!viewers_have_room(live, principal))
        return ERR_LIMIT;
    enum err err = viewers_reserve(live);
    if (err != OK)
        return err;
    struct viewer *viewer = live_resize(live, NULL, 0, sizeof *viewer);
    if (viewer == NULL)
        return ERR_NO_MEMORY;
    viewer_init(viewer, live, live->viewer_next);
    viewer_serve(viewer, principal);
    viewer->sink = *sink;
    viewer->arg = arg;
    *ret_viewer = viewer;
    tell_hello(viewer);
    return OK;
}

void viewer_fail(struct viewer *viewer, const char *why)
{
    if (viewer->place == VIEWER_DYING)
        return;
    viewer->failed = why;
    if (viewer_is_attached(viewer))
        viewer_move(viewer, VIEWER_READY);
    else
        viewer_kill(viewer);
}

void viewer_kill(struct viewer *viewer)
{
    check(viewer->place != VIEWER_DYING);
    viewer_serve(viewer, NULL);
    viewer->judging = false;
    viewer->live->counters.viewers--;
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++)
        if (viewer->subscriptions[bit] != NULL)
            subscription_end(viewer, viewer->subscriptions[bit]);
    viewer->restarts = 0;
    viewer->sweep = true;
    viewer->arg = NULL;
    viewer_move(viewer, VIEWER_DYING);
}

void viewer_free(struct viewer *viewer)
{
    struct live *live = viewer->live;
    slots_done(viewer);
    live_free(live, viewer->notes, viewer->note_capacity * sizeof *viewer->notes);
    link_take(&viewer->link);
    live->viewers[viewer->index] = NULL;
    live_free(live, viewer, sizeof *viewer);
}

bool viewer_take_down(struct viewer *viewer)
{
    enum { PIECE = 256 };
    viewer->live->work += PIECE;
    if (slots_clean(viewer, PIECE))
        return false;
    viewer_free(viewer);
    return true;
}

/* ---- leaving and coming back ------------------------------------------------------------------
 */
void live_viewer_detach(struct live *live, struct viewer *viewer, bool keep)
{
    check(viewer_is_attached(viewer));
    viewer->arg = NULL;
    viewer->away_ns = AWAY_UNKNOWN;
    if (keep && viewer->failed == NULL && live->config.settings->http_live_keep > 0)
        viewer_move(viewer, VIEWER_AWAY);
    else
        viewer_kill(viewer);
}

/* Whoever is connected in its place goes. */
static void viewer_supersede(struct viewer *viewer)
{
    if (!viewer_is_attached(viewer))
        return;
    struct live_sink sink = viewer->sink;
    void *arg = viewer->arg;
    viewer->arg = NULL;
    viewer_move(viewer, VIEWER_AWAY);
    sink.end(arg, "another connection goes on with this session");
}

void viewer_resume(struct viewer *viewer, struct principal *principal, uint64_t number,
                   const struct live_sink *sink, void *arg)
{
    viewer_supersede(viewer);
    if (viewer->principal != principal) {
        viewer_serve(viewer, principal);
        viewer_judge(viewer);
    }
    viewer->sink = *sink;
    viewer->arg = arg;
    viewer->spoke = true;
    uint64_t restarting = 0;
    for (size_t bit = 0; bit < SUBSCRIPTIONS_MAX; bit++) {
        struct subscription *subscription = viewer->subscriptions[bit];
        if (subscription == NULL || subscription->page_seq <= number)
            continue;
        restarting |= (uint64_t)1 << bit;
        if (subscription_restart(viewer, subscription) != OK)
            viewer->failed = "out of memory";
    }
    slots_rewind(viewer, number, restarting);
    viewer->seq = number;
    viewer->live->counters.returned++;
    viewer_move(viewer, VIEWER_READY);
    tell_resumed(viewer);
}

enum err live_viewer_return(struct live *live, struct principal *principal, struct bytes token,
                            uint64_t number, const struct live_sink *sink, void *arg,
                            struct viewer **ret_viewer)
{
    struct viewer *viewer = viewer_known(live, principal, token, number);
    if (viewer == NULL)
        return ERR_MISSING;
    *ret_viewer = viewer;
    viewer_resume(viewer, principal, number, sink, arg);
    return OK;
}

/* ---- pace -------------------------------------------------------------------------------------
 */
void live_viewer_pace(struct viewer *viewer, int64_t pace_ns)
{
    viewer->pace_ns = pace_ns < 0 ? 0 : pace_ns;
    if (viewer->place == VIEWER_PACED)
        viewer_move(viewer, VIEWER_READY);
}

void live_viewer_ready(struct live *live, struct viewer *viewer)
{
    (void)live;
    if (viewer->place == VIEWER_CHOKED)
        viewer_move(viewer, VIEWER_READY);
}
