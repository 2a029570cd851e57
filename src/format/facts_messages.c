/* Facts of the messages lane. Each is a head of a few numbers, then its texts one after the other,
 * the last without a length: it takes what is left. So the length of the whole is known before a
 * byte is written, a payload is copied once when it is written and never when it is read.
 * docs/format/facts.md. */
#include "format/fact_bytes.h"

#define SUBSCRIPTION_ID_MAX UINT32_C(268435455) /* a variable byte integer, MQTT 5, 1.5.5 */
#define HEAD_BYTES_MAX 64
#define TEXTS_MAX 4

enum { OPEN_CLEAN = 1, OPEN_WILL = 2, OPEN_WILL_RETAIN = 4, OPEN_WILL_QOS_AT = 3, OPEN_BITS = 5 };
/* As in a SUBSCRIBE packet, MQTT 5, 3.8.3.1. */
enum { OPTION_NO_LOCAL = 4, OPTION_AS_PUBLISHED = 8, OPTION_HANDLING_AT = 4, OPTION_BITS = 6 };
enum { QOS_MASK = 3, MESSAGE_RETAIN = 4, MESSAGE_BITS = 3 };
enum { TARGET_RETAIN = 4, TARGET_IDS_AT = 3 };

/* ---- targets -----------------------------------------------------------------------------------
 */
bool message_target_put(uint8_t *at, size_t capacity, size_t *size, uint32_t *last,
                        const struct message_target *target)
{
    check(target->session > *last && target->id_count <= TARGET_IDS_MAX);
    check(target->qos == 1 || target->qos == 2);
    uint8_t bytes[MESSAGE_TARGET_BYTES_MAX];
    struct fact_output out = {bytes};
    put_varint(&out, target->session - *last);
    put_u8(&out, (uint8_t)(target->qos | (target->retain ? TARGET_RETAIN : 0) |
                           target->id_count << TARGET_IDS_AT));
    for (unsigned i = 0; i < target->id_count; i++) {
        check(target->ids[i] >= 1 && target->ids[i] <= SUBSCRIPTION_ID_MAX);
        put_varint(&out, target->ids[i]);
    }
    size_t needed = (size_t)(out.at - bytes);
    check(*size <= capacity);
    if (needed > capacity - *size)
        return false;
    memcpy(at + *size, bytes, needed);
    *size += needed;
    *last = target->session;
    return true;
}

static bool get_subscription_id(struct fact_input *in, uint32_t *ret_id)
{
    return get_u32(in, ret_id) && *ret_id <= SUBSCRIPTION_ID_MAX;
}

static bool get_target(struct fact_input *in, uint32_t *last, struct message_target *target)
{
    uint32_t distance;
    uint8_t flags;
    if (!get_u32(in, &distance) || distance == 0 || distance > UINT32_MAX - *last ||
        !get_u8(in, &flags))
        return false;
    target->session = *last + distance;
    target->qos = flags & QOS_MASK;
    target->retain = (flags & TARGET_RETAIN) != 0;
    target->id_count = flags >> TARGET_IDS_AT;
    if (target->qos < 1 || target->qos > 2 || target->id_count > TARGET_IDS_MAX)
        return false;
    for (unsigned i = 0; i < target->id_count; i++) {
        if (!get_subscription_id(in, &target->ids[i]) || target->ids[i] == 0)
            return false;
    }
    *last = target->session;
    return true;
}

bool message_target_next(struct bytes targets, size_t *offset, uint32_t *last,
                         struct message_target *ret_target)
{
    if (*offset >= targets.size)
        return false;
    struct fact_input in = {targets, *offset};
    if (!get_target(&in, last, ret_target))
        return false;
    *offset = in.offset;
    return true;
}

static bool targets_are_valid(const struct fact_message *message)
{
    struct fact_input in = {message->targets, 0};
    struct message_target target;
    uint32_t last = 0, count = 0;
    while (in.offset < in.payload.size) {
        if (!get_target(&in, &last, &target))
            return false;
        count++;
    }
    return count == message->target_count;
}

/* ---- writing -----------------------------------------------------------------------------------
 */
struct fact_parts {
    struct fact_output out; /* into head */
    uint8_t head[HEAD_BYTES_MAX];
    struct bytes texts[TEXTS_MAX];
    unsigned text_count;
};

static void parts_text(struct fact_parts *parts, struct bytes text)
{
    parts->texts[parts->text_count++] = text;
}

/* A text of 1 to `most` bytes. */
static void parts_name(struct fact_parts *parts, struct bytes text, size_t most)
{
    check(text.size >= 1 && text.size <= most);
    parts_text(parts, text);
}

static void put_session(struct fact_output *out, uint32_t session)
{
    check(session != 0);
    put_varint(out, session);
}

static void put_packet_id(struct fact_output *out, uint16_t packet_id)
{
    check(packet_id != 0);
    put_varint(out, packet_id);
}

/* One more, so that "never" is the shortest: most messages have none. */
static void put_expiry(struct fact_output *out, uint32_t expiry_s)
{
    put_varint(out, (uint32_t)(expiry_s + 1));
}

static void session_open_put(struct fact_parts *parts, const struct fact_session_open *open)
{
    struct fact_output *out = &parts->out;
    const struct fact_will *will = &open->will;
    unsigned flags = open->clean ? OPEN_CLEAN : 0;
    check(open->version >= 3 && open->version <= 5);
    check(!will->present || will->qos <= 2);
    if (will->present)
        flags |= OPEN_WILL | (will->retain ? OPEN_WILL_RETAIN : 0u) |
                 (unsigned)will->qos << OPEN_WILL_QOS_AT;
    put_varint(out, open->tenant);
    put_session(out, open->session);
    put_u8(out, open->version);
    put_u8(out, (uint8_t)flags);
    put_expiry(out, open->expiry_s);
    parts_name(parts, open->client_id, CLIENT_ID_BYTES_MAX);
    if (!will->present)
        return;
    put_varint(out, open->client_id.size);
    put_varint(out, will->delay_s);
    put_expiry(out, will->expiry_s);
    put_varint(out, will->topic.size);
    put_varint(out, will->properties.size);
    parts_name(parts, will->topic, MESSAGE_TOPIC_MAX);
    parts_text(parts, will->properties);
    parts_text(parts, will->payload);
}

static void subscribe_put(struct fact_parts *parts, const struct fact_subscribe *subscribe)
{
    check(subscribe->qos <= 2 && subscribe->retain_handling <= 2);
    check(subscribe->subscription_id <= SUBSCRIPTION_ID_MAX);
    put_session(&parts->out, subscribe->session);
    put_u8(&parts->out, (uint8_t)(subscribe->qos | (subscribe->no_local ? OPTION_NO_LOCAL : 0) |
                                  (subscribe->retain_as_published ? OPTION_AS_PUBLISHED : 0) |
                                  subscribe->retain_handling << OPTION_HANDLING_AT));
    put_varint(&parts->out, subscribe->subscription_id);
    parts_name(parts, subscribe->filter, MESSAGE_TOPIC_MAX);
}

static void message_put(struct fact_parts *parts, const struct fact_message *message)
{
    struct fact_output *out = &parts->out;
    check(message->qos <= 2 && (message->target_count == 0) == (message->targets.size == 0));
    put_u8(out, (uint8_t)(message->qos | (message->retain ? MESSAGE_RETAIN : 0)));
    put_varint(out, message->tenant);
    put_expiry(out, message->expiry_s);
    put_varint(out, message->topic.size);
    put_varint(out, message->properties.size);
    put_varint(out, message->target_count);
    if (message->target_count != 0)
        put_varint(out, message->targets.size);
    parts_name(parts, message->topic, MESSAGE_TOPIC_MAX);
    parts_text(parts, message->properties);
    parts_text(parts, message->targets);
    parts_text(parts, message->payload);
}

static void enqueue_put(struct fact_parts *parts, const struct fact_enqueue *enqueue)
{
    check(enqueue->qos == 1 || enqueue->qos == 2);
    check(enqueue->subscription_id <= SUBSCRIPTION_ID_MAX);
    put_session(&parts->out, enqueue->session);
    put_u8(&parts->out, enqueue->qos);
    put_varint(&parts->out, enqueue->subscription_id);
    parts_name(parts, enqueue->topic, MESSAGE_TOPIC_MAX);
}

static void parts_fill(struct fact_parts *parts, const struct fact *fact)
{
    struct fact_output *out = &parts->out;
    switch (fact->kind) {
    case FACT_SESSION_OPEN:
        session_open_put(parts, &fact->session_open);
        break;
    case FACT_SESSION_CLOSE:
        put_session(out, fact->session_close.session);
        put_u8(out, fact->session_close.will_dropped);
        put_expiry(out, fact->session_close.expiry_s);
        put_varint(out, fact->session_close.sent);
        break;
    case FACT_SUBSCRIBE:
        subscribe_put(parts, &fact->subscribe);
        break;
    case FACT_UNSUBSCRIBE:
        put_session(out, fact->unsubscribe.session);
        parts_name(parts, fact->unsubscribe.filter, MESSAGE_TOPIC_MAX);
        break;
    case FACT_MESSAGE:
        message_put(parts, &fact->message);
        break;
    case FACT_ENQUEUE:
        enqueue_put(parts, &fact->enqueue);
        break;
    case FACT_DELIVERY:
        check(fact->delivery.step == DELIVERY_RECEIVED || fact->delivery.step == DELIVERY_DONE);
        put_session(out, fact->delivery.session);
        put_packet_id(out, fact->delivery.packet_id);
        put_u8(out, fact->delivery.step);
        break;
    case FACT_RECEIVED:
    case FACT_RELEASED:
        put_session(out, fact->packet.session);
        put_packet_id(out, fact->packet.packet_id);
        break;
    default:
        check(fact->kind == FACT_SESSION_END || fact->kind == FACT_WILL_DONE);
        put_session(out, fact->session);
    }
}

size_t fact_messages_put(uint8_t *at, size_t capacity, const struct fact *fact)
{
    struct fact_parts parts; /* head and texts are read only as far as they are filled */
    parts.out.at = parts.head;
    parts.text_count = 0;
    parts_fill(&parts, fact);
    size_t head = (size_t)(parts.out.at - parts.head), size = head;
    for (unsigned i = 0; i < parts.text_count; i++)
        size += parts.texts[i].size;
    check(size <= capacity && capacity - size >= 1 + varint_size(size));
    uint8_t *start = at;
    *at++ = fact->kind;
    at += varint_put(at, size);
    memcpy(at, parts.head, head);
    at += head;
    for (unsigned i = 0; i < parts.text_count; i++) {
        if (parts.texts[i].size != 0)
            memcpy(at, parts.texts[i].at, parts.texts[i].size);
        at += parts.texts[i].size;
    }
    return (size_t)(at - start);
}

/* ---- reading -----------------------------------------------------------------------------------
 */
static bool get_session(struct fact_input *in, uint32_t *ret_session)
{
    return get_u32(in, ret_session) && *ret_session != 0;
}

static bool get_u16(struct fact_input *in, uint16_t *ret_v)
{
    uint32_t v;
    if (!get_u32(in, &v) || v > UINT16_MAX)
        return false;
    *ret_v = (uint16_t)v;
    return true;
}

static bool get_packet_id(struct fact_input *in, uint16_t *ret_packet_id)
{
    return get_u16(in, ret_packet_id) && *ret_packet_id != 0;
}

static bool get_expiry(struct fact_input *in, uint32_t *ret_expiry_s)
{
    uint32_t v;
    if (!get_u32(in, &v))
        return false;
    *ret_expiry_s = v - 1; /* 0: never, the largest number there is */
    return true;
}

/* The next text, whose size stood in the head. */
static bool get_part(struct fact_input *in, uint32_t size, struct bytes *ret_text)
{
    if (size > in->payload.size - in->offset)
        return false;
    *ret_text = bytes_of(in->payload.at + in->offset, size);
    in->offset += size;
    return true;
}

static struct bytes get_rest(struct fact_input *in)
{
    struct bytes rest = bytes_of(in->payload.at + in->offset, in->payload.size - in->offset);
    in->offset = in->payload.size;
    return rest;
}

static bool get_name_rest(struct fact_input *in, size_t most, struct bytes *ret_text)
{
    *ret_text = get_rest(in);
    return ret_text->size >= 1 && ret_text->size <= most;
}

/* Client id and will of a session that has one. */
static bool will_get(struct fact_input *in, struct bytes *client_id, struct fact_will *will)
{
    uint32_t client_size, topic_size, properties_size;
    if (!get_u32(in, &client_size) || client_size < 1 || client_size > CLIENT_ID_BYTES_MAX ||
        !get_u32(in, &will->delay_s) || !get_expiry(in, &will->expiry_s) ||
        !get_u32(in, &topic_size) || topic_size < 1 || topic_size > MESSAGE_TOPIC_MAX ||
        !get_u32(in, &properties_size) || !get_part(in, client_size, client_id) ||
        !get_part(in, topic_size, &will->topic) ||
        !get_part(in, properties_size, &will->properties))
        return false;
    will->payload = get_rest(in);
    return true;
}

static bool session_open_get(struct fact_input *in, struct fact_session_open *open)
{
    uint8_t flags;
    if (!get_u32(in, &open->tenant) || !get_session(in, &open->session) ||
        !get_u8(in, &open->version) || open->version < 3 || open->version > 5 ||
        !get_u8(in, &flags) || flags >> OPEN_BITS != 0 || !get_expiry(in, &open->expiry_s))
        return false;
    open->clean = (flags & OPEN_CLEAN) != 0;
    open->will.present = (flags & OPEN_WILL) != 0;
    if (!open->will.present)
        return flags <= OPEN_CLEAN && get_name_rest(in, CLIENT_ID_BYTES_MAX, &open->client_id);
    open->will.retain = (flags & OPEN_WILL_RETAIN) != 0;
    open->will.qos = (uint8_t)(flags >> OPEN_WILL_QOS_AT);
    return open->will.qos <= 2 && will_get(in, &open->client_id, &open->will);
}

static bool session_close_get(struct fact_input *in, struct fact_session_close *close)
{
    uint8_t dropped;
    if (!get_session(in, &close->session) || !get_u8(in, &dropped) || dropped > 1)
        return false;
    close->will_dropped = dropped != 0;
    return get_expiry(in, &close->expiry_s) && get_u16(in, &close->sent);
}

static bool subscribe_get(struct fact_input *in, struct fact_subscribe *subscribe)
{
    uint8_t options;
    if (!get_session(in, &subscribe->session) || !get_u8(in, &options) ||
        options >> OPTION_BITS != 0)
        return false;
    subscribe->qos = options & QOS_MASK;
    subscribe->no_local = (options & OPTION_NO_LOCAL) != 0;
    subscribe->retain_as_published = (options & OPTION_AS_PUBLISHED) != 0;
    subscribe->retain_handling = (uint8_t)(options >> OPTION_HANDLING_AT);
    return subscribe->qos <= 2 && subscribe->retain_handling <= 2 &&
           get_subscription_id(in, &subscribe->subscription_id) &&
           get_name_rest(in, MESSAGE_TOPIC_MAX, &subscribe->filter);
}

static bool message_get(struct fact_input *in, struct fact_message *message)
{
    uint8_t flags;
    uint32_t topic_size, properties_size, targets_size = 0;
    if (!get_u8(in, &flags) || flags >> MESSAGE_BITS != 0 || (flags & QOS_MASK) > 2 ||
        !get_u32(in, &message->tenant) || !get_expiry(in, &message->expiry_s) ||
        !get_u32(in, &topic_size) || topic_size < 1 || topic_size > MESSAGE_TOPIC_MAX ||
        !get_u32(in, &properties_size) || !get_u32(in, &message->target_count) ||
        (message->target_count != 0 && !get_u32(in, &targets_size)) ||
        !get_part(in, topic_size, &message->topic) ||
        !get_part(in, properties_size, &message->properties) ||
        !get_part(in, targets_size, &message->targets))
        return false;
    message->qos = flags & QOS_MASK;
    message->retain = (flags & MESSAGE_RETAIN) != 0;
    message->payload = get_rest(in);
    return targets_are_valid(message);
}

static bool enqueue_get(struct fact_input *in, struct fact_enqueue *enqueue)
{
    return get_session(in, &enqueue->session) && get_u8(in, &enqueue->qos) && enqueue->qos >= 1 &&
           enqueue->qos <= 2 && get_subscription_id(in, &enqueue->subscription_id) &&
           get_name_rest(in, MESSAGE_TOPIC_MAX, &enqueue->topic);
}

static bool delivery_get(struct fact_input *in, struct fact_delivery *delivery)
{
    return get_session(in, &delivery->session) && get_packet_id(in, &delivery->packet_id) &&
           get_u8(in, &delivery->step) && delivery->step >= DELIVERY_RECEIVED &&
           delivery->step <= DELIVERY_DONE;
}

bool fact_messages_get(struct fact_input *in, struct fact *fact)
{
    switch (fact->kind) {
    case FACT_SESSION_OPEN:
        return session_open_get(in, &fact->session_open);
    case FACT_SESSION_CLOSE:
        return session_close_get(in, &fact->session_close);
    case FACT_SUBSCRIBE:
        return subscribe_get(in, &fact->subscribe);
    case FACT_UNSUBSCRIBE:
        return get_session(in, &fact->unsubscribe.session) &&
               get_name_rest(in, MESSAGE_TOPIC_MAX, &fact->unsubscribe.filter);
    case FACT_MESSAGE:
        return message_get(in, &fact->message);
    case FACT_ENQUEUE:
        return enqueue_get(in, &fact->enqueue);
    case FACT_DELIVERY:
        return delivery_get(in, &fact->delivery);
    case FACT_RECEIVED:
    case FACT_RELEASED:
        return get_session(in, &fact->packet.session) && get_packet_id(in, &fact->packet.packet_id);
    default: /* FACT_SESSION_END, FACT_WILL_DONE */
        return get_session(in, &fact->session);
    }
}
