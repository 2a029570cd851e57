/* Commands of this room on their way through the engine. */
#include "access/order.h"

#include <inttypes.h>
#include <stdio.h>

#define ORDER_TIME_NS (60 * NS_PER_S)

/* false: the port is full. */
static bool order_try(struct access *access, struct order *order)
{
    if (!order->admitted)
        order->admitted =
            access->config.port->command(access->config.arg, &order->command, order->tag);
    return order->admitted;
}

void order_put(struct access *access, struct order *order)
{
    order->tag = ACCESS_TAG | ++access->order_last;
    order->admitted = false;
    order->began_ns = access->boot_ns;
    link_init(&order->link);
    link_put(&access->orders, &order->link);
    (void)order_try(access, order);
}

static void order_done(struct order *order, const struct outcome *outcome)
{
    link_take(&order->link);
    order->done(order, outcome);
}

/* Those that done() makes stand behind those that are looked at. */
void orders_step(struct access *access)
{
    struct link old;
    bool room = true;
    link_init(&old);
    link_move_all(&old, &access->orders);
    while (!link_is_alone(&old)) {
        struct order *order = LINK_OWNER(old.next, struct order, link);
        link_take(&order->link);
        link_put(&access->orders, &order->link);
        if (access->boot_ns - order->began_ns > ORDER_TIME_NS)
            order_done(order, NULL);
        else if (room)
            room = order_try(access, order);
    }
}

void orders_outcome(struct access *access, uint64_t tag, const struct outcome *outcome)
{
    for (struct link *at = access->orders.next; at != &access->orders; at = at->next) {
        struct order *order = LINK_OWNER(at, struct order, link);
        if (order->tag == tag) {
            order_done(order, outcome);
            return;
        }
    }
}

struct lone_order {
    struct order order;
    struct access *access;
    char id[20], proof[SECRET_HASH_SIZE]; /* texts of the command */
};

/* When it failed, the next one who shows the secret sets it going again. */
static void lone_done(struct order *order, const struct outcome *outcome)
{
    struct lone_order *lone = LINK_OWNER(order, struct lone_order, order);
    (void)outcome;
    lone->access->lone_count--;
    secret_wipe(lone, sizeof *lone);
    free(lone);
}

static struct lone_order *lone_create(struct access *access, enum command_kind kind,
                                      uint32_t tenant)
{
    struct lone_order *lone = access->lone_count < LONE_ORDERS_MAX ? calloc(1, sizeof *lone) : NULL;
    if (lone == NULL)
        return NULL;
    access->lone_count++;
    lone->access = access;
    lone->order.done = lone_done;
    lone->order.command = (struct command){
        .kind = (uint8_t)kind,
        .tenant = tenant,
        .access = {.expires_wall_ns = INT64_MAX},
        .actor = {.door = ACTOR_SERVER, .tenant = TENANT_MAIN, .name = bytes_text("server")}};
    return lone;
}

void order_remove_secret(struct access *access, uint32_t tenant, uint32_t secret)
{
    struct lone_order *lone = lone_create(access, COMMAND_SECRET_REMOVE, tenant);
    if (lone == NULL)
        return;
    lone->order.command.access.number = secret;
    order_put(access, &lone->order);
}

void order_renew_password(struct access *access, uint32_t account, uint32_t secret,
                          const char *proof)
{
    struct account_view view;
    access_account(access->config.model, account, &view);
    struct lone_order *lone = lone_create(access, COMMAND_SECRET_ADD, view.tenant);
    if (lone == NULL)
        return;
    struct command_access *of = &lone->order.command.access;
    (void)snprintf(lone->id, sizeof lone->id, PASSWORD_RENEWS "%" PRIu32, secret);
    (void)snprintf(lone->proof, sizeof lone->proof, "%s", proof);
    of->owner = account;
    of->secret_kind = SECRET_PASSWORD;
    of->id = bytes_text(lone->id);
    of->proof = bytes_text(lone->proof);
    order_put(access, &lone->order);
}

void orders_done(struct access *access)
{
    while (!link_is_alone(&access->orders))
        order_done(LINK_OWNER(access->orders.next, struct order, link), NULL);
}
