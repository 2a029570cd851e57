/* Flows: what the clients of one tenant publish, together. A tenant that sends more values a second
 * than its quota allows waits until it may again, by not being read; and when several tenants send,
 * each gets its share of a round of the loop, so that a thousand connections of one do not stand
 * before the one connection of another.
 *
 * Who waits stands in its tenant's line and is let in from its front. Values are paid for in
 * advance, a piece at a time, so that src/access is not asked for each message; what a message held
 * beyond that is owed, and paid with the next piece. */
#include "broker/room.h"

#include <stdlib.h>

#define ROUND_MESSAGES 512u /* that tenants share when there are several */
#define ROUND_LEAST 16u     /* of each of them */
#define PIECE_MOST 256u     /* values paid for in advance */
#define PIECES_A_SECOND 50u
#define RESUME_VALUES 16u /* paid for, for each beyond the first that is let in at once */
#define FRESH_ROUNDS                                                                               \
    8u /* then who was let in and is not fed (it does not read) stands in no way                   \
        */
#define TURN_NS (50 * NS_PER_US) /* who was fed goes on before that */
#define WAIT_LEAST_NS NS_PER_MS
#define WAIT_MOST_NS (NS_PER_S / 4)
#define TENANT_MOST ((uint32_t)1 << 20) /* more than there can be */

static bool flows_reserve(struct broker *broker, uint32_t tenant)
{
    if (tenant < broker->flow_capacity)
        return true;
    if (tenant >= TENANT_MOST)
        return false;
    uint32_t capacity = broker->flow_capacity ? broker->flow_capacity : 16;
    while (capacity <= tenant)
        capacity *= 2;
    struct flow **wider = realloc(broker->flows, capacity * sizeof(struct flow *));
    if (!wider)
        return false;
    for (uint32_t i = broker->flow_capacity; i < capacity; i++)
        wider[i] = NULL;
    broker->flows = wider;
    broker->flow_capacity = capacity;
    return true;
}

struct flow *flow_join(struct broker *broker, uint32_t tenant)
{
    if (!flows_reserve(broker, tenant))
        return NULL;
    struct flow *flow = broker->flows[tenant];
    if (!flow) {
        flow = calloc(1, sizeof *flow);
        if (!flow)
            return NULL;
        flow->tenant = tenant;
        link_init(&flow->held);
        link_init(&flow->waits);
        broker->flows[tenant] = flow;
    }
    flow->clients++;
    return flow;
}

void flow_leave(struct broker *broker, struct client *client)
{
    struct flow *flow = client->flow;
    if (!flow)
        return;
    link_take(&client->held);
    flow_pass(client, PASS_NONE);
    if (link_is_alone(&flow->held))
        link_take(&flow->waits);
    client->flow = NULL;
    if (--flow->clients > 0)
        return;
    broker->flows[flow->tenant] = NULL;
    free(flow);
}

void flows_free(struct broker *broker)
{
    for (uint32_t i = 0; i < broker->flow_capacity; i++)
        free(broker->flows[i]);
    free(broker->flows);
}

/* ---- the quota ---- */
static uint64_t flow_piece(const struct broker *broker, const struct flow *flow)
{
    struct quota_view view;
    quota_view(broker->access, flow->tenant, QUOTA_VALUES, &view);
    uint64_t piece = view.most / PIECES_A_SECOND;
    if (view.most == 0 || piece > PIECE_MOST)
        return PIECE_MOST;
    return piece > 0 ? piece : 1;
}

/* Pays for a piece, and for what is owed. */
static bool flow_pay(struct broker *broker, struct flow *flow)
{
    int64_t wait_ns = 0;
    if (broker->now_ns < flow->wait_until_ns)
        return false;
    uint64_t piece = flow_piece(broker, flow);
    if (quota_take(broker->access, flow->tenant, QUOTA_VALUES, flow->debt + piece, &wait_ns)) {
        flow->debt = 0;
        flow->credit = piece;
        return true;
    }
    wait_ns = wait_ns < WAIT_LEAST_NS ? WAIT_LEAST_NS : wait_ns;
    flow->wait_until_ns = broker->now_ns + (wait_ns < WAIT_MOST_NS ? wait_ns : WAIT_MOST_NS);
    return false;
}

/* ---- taking turns ---- */
static void flow_hold(struct broker *broker, struct client *client, uint64_t *counter)
{
    struct flow *flow = client->flow;
    if (!link_is_alone(&client->held)) /* it was fed for another reason: it keeps its place */
        return;
    (*counter)++;
    if (client->pass == PASS_FRESH) /* it stood in front, for nothing */
        link_put_first(&flow->held, &client->held);
    else
        link_put(&flow->held, &client->held);
    flow_pass(client, PASS_NONE);
    if (link_is_alone(&flow->waits))
        link_put(&broker->flows_waiting, &flow->waits);
}

bool flow_wait(struct broker *broker, struct client *client)
{
    struct flow *flow = client->flow;
    if (flow->round != broker->round) {
        flow->round = broker->round;
        flow->round_messages = 0;
        broker->round_flows++;
    }
    bool others = !link_is_alone(&flow->held) && client->pass == PASS_NONE;
    if (others || flow->round_messages >= broker->round_share) {
        flow_hold(broker, client, &broker->counters.held_turn);
        return false;
    }
    if (flow->credit == 0 && !flow_pay(broker, flow)) {
        flow_hold(broker, client, &broker->counters.held_quota);
        return false;
    }
    return true;
}

static void flow_resume(struct broker *broker, struct flow *flow)
{
    uint64_t most = 1 + flow->credit / RESUME_VALUES;
    if (broker->round - flow->resumed_round > FRESH_ROUNDS)
        most += flow->fresh;
    while (flow->fresh < most && !link_is_alone(&flow->held)) {
        flow->resumed_round = broker->round;
        struct client *client = LINK_OWNER(flow->held.next, struct client, held);
        link_take(&client->held);
        flow_pass(client, PASS_FRESH);
        broker->config.port->resume(broker->config.arg, client->link);
    }
    if (link_is_alone(&flow->held))
        link_take(&flow->waits);
}

void flow_round(struct broker *broker)
{
    uint32_t share = broker->round_flows > 1 ? ROUND_MESSAGES / broker->round_flows : UINT32_MAX;
    broker->round_share = share < ROUND_LEAST ? ROUND_LEAST : share;
    broker->round_flows = 0;
    broker->round++;
    struct link *next;
    for (struct link *at = broker->flows_waiting.next; at != &broker->flows_waiting; at = next) {
        struct flow *flow = LINK_OWNER(at, struct flow, waits);
        next = at->next;
        if (flow->credit > 0 || flow_pay(broker, flow))
            flow_resume(broker, flow);
    }
}

int64_t flow_due_ns(const struct broker *broker)
{
    int64_t due_ns = INT64_MAX;
    for (struct link *at = broker->flows_waiting.next; at != &broker->flows_waiting;
         at = at->next) {
        const struct flow *flow = LINK_OWNER(at, struct flow, waits);
        int64_t flow_ns = flow->credit > 0 ? broker->now_ns + TURN_NS : flow->wait_until_ns;
        due_ns = flow_ns < due_ns ? flow_ns : due_ns;
    }
    return due_ns;
}
