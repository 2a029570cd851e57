/* Any bytes as a run of facts; what is read is within its limits and written again as it was. */
#include "format/format.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static size_t row_texts(const struct fact_row *row)
{
    size_t text_bytes = row->prefix.size;
    for (unsigned i = 0; i < row->shape.count; i++)
        text_bytes += row->points[i].metric.size;
    for (unsigned i = 0; i < row->label_count; i++)
        text_bytes += row->labels[i].name.size + row->labels[i].value.size;
    return text_bytes;
}

/* What the format's header asks a writer to leave. */
static size_t room_of(const struct fact *fact)
{
    const struct fact_will *will = &fact->session_open.will;
    const struct fact_message *message = &fact->message;
    switch (fact->kind) {
    case FACT_ROW:
        return FACT_ROW_BYTES_MAX(fact->row.shape.count, row_texts(&fact->row)) +
               FACT_LABELS_BYTES_MAX(fact->row.label_count, 0);
    case FACT_SESSION_OPEN:
        return FACT_MESSAGE_BYTES_MAX(fact->session_open.client_id.size + will->topic.size +
                                      will->payload.size + will->properties.size);
    case FACT_SUBSCRIBE:
        return FACT_MESSAGE_BYTES_MAX(fact->subscribe.filter.size);
    case FACT_UNSUBSCRIBE:
        return FACT_MESSAGE_BYTES_MAX(fact->unsubscribe.filter.size);
    case FACT_MESSAGE:
        return FACT_MESSAGE_BYTES_MAX(message->topic.size + message->payload.size +
                                      message->properties.size + message->targets.size);
    case FACT_ENQUEUE:
        return FACT_MESSAGE_BYTES_MAX(fact->enqueue.topic.size);
    default:
        return fact->kind < FACT_SESSION_OPEN ? FACT_BYTES_MAX : FACT_MESSAGE_BYTES_MAX(0);
    }
}

/* The targets of a message are as many as it says, and a list of the same is the same. */
static void targets_again(const struct fact_message *message)
{
    static uint8_t bytes[(size_t)1 << 20];
    struct message_target target;
    size_t offset = 0, size = 0;
    uint32_t last = 0, last_again = 0, count = 0;
    while (message_target_next(message->targets, &offset, &last, &target)) {
        check(message_target_put(bytes, sizeof bytes, &size, &last_again, &target));
        check(last == last_again && last == target.session);
        count++;
    }
    check(offset == message->targets.size && count == message->target_count);
    check(size <= offset); /* a padded varint comes out shorter */
}

static void will_same(const struct fact_will *a, const struct fact_will *b)
{
    check(a->present == b->present && a->retain == b->retain && a->qos == b->qos);
    check(a->delay_s == b->delay_s && a->expiry_s == b->expiry_s);
    check(bytes_equal(a->topic, b->topic) && bytes_equal(a->payload, b->payload));
    check(bytes_equal(a->properties, b->properties));
}

/* What a second reading of what was written must give, field by field. */
static void same(const struct fact *a, const struct fact *b)
{
    check(a->kind == b->kind);
    if (a->kind == FACT_MESSAGE) {
        check(a->message.qos == b->message.qos && a->message.retain == b->message.retain);
        check(a->message.tenant == b->message.tenant);
        check(a->message.expiry_s == b->message.expiry_s);
        check(bytes_equal(a->message.topic, b->message.topic));
        check(bytes_equal(a->message.payload, b->message.payload));
        check(bytes_equal(a->message.properties, b->message.properties));
        check(bytes_equal(a->message.targets, b->message.targets));
        check(a->message.target_count == b->message.target_count);
        targets_again(&a->message);
    } else if (a->kind == FACT_SESSION_OPEN) {
        check(a->session_open.session == b->session_open.session);
        check(a->session_open.version == b->session_open.version);
        check(a->session_open.expiry_s == b->session_open.expiry_s);
        check(bytes_equal(a->session_open.client_id, b->session_open.client_id));
        will_same(&a->session_open.will, &b->session_open.will);
    } else if (a->kind == FACT_SUBSCRIBE) {
        check(a->subscribe.session == b->subscribe.session && a->subscribe.qos <= 2);
        check(a->subscribe.retain_handling == b->subscribe.retain_handling);
        check(bytes_equal(a->subscribe.filter, b->subscribe.filter));
    } else if (a->kind == FACT_DELIVERY) {
        check(a->delivery.session == b->delivery.session && a->delivery.session != 0);
        check(a->delivery.packet_id == b->delivery.packet_id && a->delivery.packet_id != 0);
        check(a->delivery.step == b->delivery.step);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static uint8_t bytes[BATCH_BYTES_MAX], twice[BATCH_BYTES_MAX];
    static struct fact_storage storage, storage_again;
    size_t offset = 0;
    struct fact fact, again;
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK) {
        check(offset <= size && room_of(&fact) <= sizeof bytes);
        struct facts_writer writer = {.at = bytes, .capacity = room_of(&fact)};
        facts_write(&writer, &fact);
        size_t end = 0;
        check(facts_read(bytes_of(bytes, writer.size), &end, &storage_again, &again) == OK);
        check(end == writer.size);
        same(&fact, &again);
        struct facts_writer second = {.at = twice, .capacity = room_of(&again)};
        facts_write(&second, &again);
        check(second.size == writer.size && memcmp(bytes, twice, second.size) == 0);
    }
    return 0;
}
