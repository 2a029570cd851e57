/* May he, for commands about history and their lists: on a point, on all that a pattern matches. */
#include "web/archive.h"

#include "access/access.h"

#include <string.h>

uint32_t point_tenant(const struct exchange *exchange, uint32_t point)
{
    struct point_row row;
    points_row(exchange->web->points, points_row_of(exchange->web->points, point), &row);
    return row.tenant;
}

bool point_may(struct exchange *exchange, enum access_right right, uint32_t point)
{
    uint8_t path[PATH_MAX_BYTES];
    size_t size = points_path(exchange->web->points, point, path);
    return exchange_may(exchange, right, point_tenant(exchange, point), bytes_of(path, size));
}

enum access_reach pattern_reach(struct exchange *exchange, enum access_right right, uint32_t tenant,
                                struct bytes text)
{
    struct pattern pattern;
    if (exchange->web->config.access == NULL)
        return REACH_ALL;
    if (pattern_parse(text, &pattern) != NULL)
        return REACH_NONE;
    return access_reach(exchange->principal, right, tenant, &pattern);
}

/* An author is a text of so many bytes at most. Of a longer "name@tenant" the name is cut, between
 * two characters: the tenant stays. The text is the order's. */
static struct bytes name_cut(struct order *order, struct bytes name)
{
    if (name.size <= AUTHOR_BYTES_MAX)
        return name;
    const uint8_t *sign = memrchr(name.at, '@', name.size);
    size_t behind = sign != NULL ? name.size - (size_t)(sign - name.at) : 0;
    if (behind > AUTHOR_BYTES_MAX)
        behind = 0;
    size_t size = AUTHOR_BYTES_MAX - behind;
    while (size > 0 && (name.at[size] & 0xC0) == 0x80)
        size--;
    memcpy(order->author, name.at, size);
    memcpy(order->author + size, name.at + name.size - behind, behind);
    return bytes_of(order->author, size + behind);
}

struct bytes author_of(const struct exchange *exchange, struct bytes said)
{
    struct principal_view view;
    if (bytes_equal(said, bytes_text("server"))) /* what it does itself is known by that */
        said = bytes_of("", 0);
    if (exchange->principal == NULL)
        return said;
    principal_view(exchange->principal, &view);
    return view.trial ? said : name_cut(exchange->state, bytes_text(view.name));
}

bool order_place(struct exchange *exchange, struct bytes text, enum access_right right,
                 enum access_right other)
{
    struct order *order = exchange->state;
    struct command *command = &order->command;
    if (exchange_place(exchange, text, &command->tenant, &command->path)) {
        if (exchange_may(exchange, right, command->tenant, command->path) ||
            exchange_may(exchange, other, command->tenant, command->path))
            return true;
        if (exchange_may(exchange, RIGHT_SEE, command->tenant, command->path) &&
            points_find(exchange->web->points, command->tenant, command->path) != POINT_NONE) {
            answer_forbidden(exchange, right, text);
            return false;
        }
    }
    answer_no_point(exchange, text);
    return false;
}

enum handled answer_no_point(struct exchange *exchange, struct bytes path)
{
    return answer_problem(exchange, 404, "unknown_point", "no such point",
                          "\"%.*s\" is the path of no point; GET /v1/points?contains= searches",
                          detail_size(path), (const char *)path.at);
}
