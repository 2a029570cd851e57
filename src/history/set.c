/* Parts and windows of a moment. A set that is current is never changed: who wants to change what
 * there is makes a copy and lets that one become current, so that views and jobs of other threads
 * go on with theirs. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

/* ---- windows -----------------------------------------------------------------------------------
 */
struct window *window_create(uint64_t from, int64_t opened_ns)
{
    struct window *window = calloc(1, sizeof *window);
    if (window == NULL || head_create(&window->head) != OK) {
        free(window);
        return NULL;
    }
    window->from = from;
    window->to = UINT64_MAX;
    window->opened_ns = opened_ns;
    atomic_init(&window->holds, 1);
    return window;
}

void window_release(struct window *window)
{
    if (window == NULL || atomic_fetch_sub(&window->holds, 1) != 1)
        return;
    head_destroy(window->head);
    free(window);
}

/* ---- sets --------------------------------------------------------------------------------------
 */
static void set_free(struct set *set)
{
    for (size_t tier = 0; tier < PART_TIERS; tier++) {
        for (size_t i = 0; i < set->part_count[tier]; i++)
            part_release(set->parts[tier][i]);
        free(set->parts[tier]);
    }
    for (size_t i = 0; i < set->window_count; i++)
        window_release(set->windows[i]);
    erasures_release(set->erasures);
    free(set->missing);
    free(set);
}

void set_release(struct set *set)
{
    if (set != NULL && atomic_fetch_sub(&set->holds, 1) == 1)
        set_free(set);
}

static enum err set_copy_parts(const struct set *set, struct set *copy)
{
    for (size_t tier = 0; tier < PART_TIERS; tier++) {
        for (size_t i = 0; i < set->part_count[tier]; i++) {
            enum err err = set_add_part(copy, set->parts[tier][i]);
            if (err != OK)
                return err;
        }
    }
    return OK;
}

enum err set_copy(const struct set *set, struct set **ret_set)
{
    struct set *copy = calloc(1, sizeof *copy);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&copy->holds, 1);
    enum err err = set_copy_parts(set, copy);
    if (err == OK && set->missing_count > 0) {
        copy->missing = malloc(set->missing_count * sizeof *copy->missing);
        if (copy->missing == NULL)
            err = ERR_NO_MEMORY;
        else
            memcpy(copy->missing, set->missing, set->missing_count * sizeof *copy->missing);
    }
    if (err != OK) {
        set_free(copy);
        return err;
    }
    copy->missing_count = set->missing_count;
    for (size_t i = 0; i < set->window_count; i++) {
        copy->windows[i] = set->windows[i];
        atomic_fetch_add(&copy->windows[i]->holds, 1);
    }
    copy->window_count = set->window_count;
    copy->erasures = set->erasures;
    if (copy->erasures != NULL)
        atomic_fetch_add(&copy->erasures->holds, 1);
    *ret_set = copy;
    return OK;
}

enum err set_add_part(struct set *set, struct part *part)
{
    const struct part_info *info = part_info(part);
    size_t count = set->part_count[info->tier];
    if (count >= PARTS_MAX)
        return ERR_LIMIT;
    if ((count & (count + 1)) == 0) { /* 0, 1, 3, 7 ..: room for as many again */
        struct part **more =
            realloc(set->parts[info->tier], (count * 2 + 1) * sizeof(struct part *));
        if (more == NULL)
            return ERR_NO_MEMORY;
        set->parts[info->tier] = more;
    }
    struct part **parts = set->parts[info->tier];
    size_t at = count;
    while (at > 0 && part_info(parts[at - 1])->from > info->from) {
        parts[at] = parts[at - 1];
        at--;
    }
    parts[at] = part_hold(part);
    set->part_count[info->tier]++;
    return OK;
}

void set_remove_part(struct set *set, const struct part *part)
{
    enum part_tier tier = part_info(part)->tier;
    struct part **parts = set->parts[tier];
    for (size_t i = 0; i < set->part_count[tier]; i++) {
        if (parts[i] != part)
            continue;
        part_release(parts[i]);
        memmove(parts + i, parts + i + 1, (set->part_count[tier] - i - 1) * sizeof *parts);
        /* The growth above knows room by the count: what shrinks keeps room to grow again. */
        set->part_count[tier]--;
        return;
    }
}

void set_remove_window(struct set *set, const struct window *window)
{
    for (size_t i = 0; i < set->window_count; i++) {
        if (set->windows[i] != window)
            continue;
        window_release(set->windows[i]);
        memmove(set->windows + i, set->windows + i + 1,
                (set->window_count - i - 1) * sizeof *set->windows);
        set->window_count--;
        return;
    }
}

/* ---- views -------------------------------------------------------------------------------------
 */
enum err history_view_open(struct history *history, struct history_view **ret_view)
{
    struct history_view *view = malloc(sizeof *view);
    if (view == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&view->holds, 1);
    view->set = history->set;
    atomic_fetch_add(&view->set->holds, 1);
    view->position = history->position;
    *ret_view = view;
    return OK;
}

void history_view_close(struct history_view *view)
{
    if (view == NULL || atomic_fetch_sub(&view->holds, 1) != 1)
        return;
    set_release(view->set);
    free(view);
}

uint64_t history_view_position(const struct history_view *view)
{
    return view->position;
}

size_t history_view_missing(const struct history_view *view, struct history_missing *missing,
                            size_t most)
{
    size_t count = view->set->missing_count;
    if (count > 0 && most > 0)
        memcpy(missing, view->set->missing, (count < most ? count : most) * sizeof *missing);
    return count;
}

void history_view_parts(const struct history_view *view, history_each_part *each, void *arg)
{
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        for (size_t i = 0; i < view->set->part_count[tier]; i++)
            each(arg, part_info(view->set->parts[tier][i]));
}
