/* link: members of a doubly linked list inside the things it lists, so that a connection can be put
 * on a list, or taken off, without asking for memory and without searching. A link alone points to
 * itself. */
#pragma once

#include "base/base.h"

struct link {
    struct link *next, *previous;
};
#define LINK_OWNER(link, type, member) ((type *)(void *)((uint8_t *)(link)-offsetof(type, member)))

static inline void link_init(struct link *link)
{
    link->next = link->previous = link;
}
static inline bool link_is_alone(const struct link *link)
{
    return link->next == link;
}
static inline void link_take(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link_init(link);
}
/* Behind the last of list; link is on no list. */
static inline void link_put(struct link *list, struct link *link)
{
    link->previous = list->previous;
    link->next = list;
    list->previous->next = link;
    list->previous = link;
}
static inline void link_put_first(struct link *list, struct link *link)
{
    link_put(list->next, link);
}
/* All of `from`, in order, behind the last of `to`; `from` is empty afterwards. */
static inline void link_move_all(struct link *to, struct link *from)
{
    if (link_is_alone(from))
        return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    link_init(from);
}
