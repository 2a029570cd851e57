/* Golden files of the messages lane, as golden_test.c has them of the others: a small segment as
 * written (segment-messages.open), its lanes as squeezed (segment-messages.facts and .messages; it
 * has no samples), and a listing. They must open for ever. They are a whole journal, too: the
 * scenario "golden" looks at them with the program. */
#include "format/golden_file.h"

#include <inttypes.h>
#include <string.h>

#define WALL_NS INT64_C(1790000000000000000)
#define BATCHES 3

/* ---- listing
 * ------------------------------------------------------------------------------------- */
static void list_hex(struct file *listing, const char *name, struct bytes b)
{
    file_print(listing, " %s=", name);
    for (size_t i = 0; i < b.size; i++)
        file_print(listing, "%02x", b.at[i]);
}

static void list_will(struct file *listing, const struct fact_will *will)
{
    file_print(listing, " will qos=%u retain=%d delay=%u expiry=%u", will->qos, will->retain,
               will->delay_s, will->expiry_s);
    list_text(listing, "topic", will->topic);
    list_text(listing, "payload", will->payload);
    list_hex(listing, "properties", will->properties);
}

static void list_message(struct file *listing, const struct fact_message *message)
{
    struct message_target target;
    size_t offset = 0;
    uint32_t last = 0;
    file_print(listing, " tenant=%u qos=%u retain=%d expiry=%u targets=%u", message->tenant,
               message->qos, message->retain, message->expiry_s, message->target_count);
    list_text(listing, "topic", message->topic);
    list_text(listing, "payload", message->payload);
    list_hex(listing, "properties", message->properties);
    while (message_target_next(message->targets, &offset, &last, &target)) {
        file_print(listing, "\n    to session=%u qos=%u retain=%d", target.session, target.qos,
                   target.retain);
        for (unsigned i = 0; i < target.id_count; i++)
            file_print(listing, " id=%u", target.ids[i]);
    }
}

static void list_fact(struct file *listing, const struct fact *fact)
{
    file_print(listing, "  kind=%u", fact->kind);
    switch (fact->kind) {
    case FACT_TICK:
        break;
    case FACT_SESSION_OPEN:
        file_print(listing, " tenant=%u session=%u version=%u clean=%d expiry=%u",
                   fact->session_open.tenant, fact->session_open.session,
                   fact->session_open.version, fact->session_open.clean,
                   fact->session_open.expiry_s);
        list_text(listing, "client", fact->session_open.client_id);
        if (fact->session_open.will.present)
            list_will(listing, &fact->session_open.will);
        break;
    case FACT_SESSION_CLOSE:
        file_print(listing, " session=%u expiry=%u dropped=%d sent=%u", fact->session_close.session,
                   fact->session_close.expiry_s, fact->session_close.will_dropped,
                   fact->session_close.sent);
        break;
    case FACT_SUBSCRIBE:
        file_print(listing, " session=%u qos=%u handling=%u no_local=%d as_published=%d id=%u",
                   fact->subscribe.session, fact->subscribe.qos, fact->subscribe.retain_handling,
                   fact->subscribe.no_local, fact->subscribe.retain_as_published,
                   fact->subscribe.subscription_id);
        list_text(listing, "filter", fact->subscribe.filter);
        break;
    case FACT_UNSUBSCRIBE:
        file_print(listing, " session=%u", fact->unsubscribe.session);
        list_text(listing, "filter", fact->unsubscribe.filter);
        break;
    case FACT_MESSAGE:
        list_message(listing, &fact->message);
        break;
    case FACT_ENQUEUE:
        file_print(listing, " session=%u qos=%u id=%u", fact->enqueue.session, fact->enqueue.qos,
                   fact->enqueue.subscription_id);
        list_text(listing, "topic", fact->enqueue.topic);
        break;
    case FACT_DELIVERY:
        file_print(listing, " session=%u packet=%u step=%u", fact->delivery.session,
                   fact->delivery.packet_id, fact->delivery.step);
        break;
    case FACT_RECEIVED:
    case FACT_RELEASED:
        file_print(listing, " session=%u packet=%u", fact->packet.session, fact->packet.packet_id);
        break;
    default:
        file_print(listing, " session=%u", fact->session);
    }
    file_print(listing, "\n");
}

static void list_runs(struct file *listing, struct bytes body)
{
    static struct fact_storage storage;
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    enum err err;
    while ((err = batch_next_run(body, &offset, &lane, &records, &ordinal, &run)) == OK) {
        file_print(listing, " run lane=%d records=%u ordinal=%u\n", (int)lane, records, ordinal);
        size_t fact_at = 0;
        struct fact fact;
        while ((err = facts_read(run, &fact_at, &storage, &fact)) == OK)
            list_fact(listing, &fact);
        assert_int_equal(err, ERR_MISSING);
    }
    assert_int_equal(err, ERR_MISSING);
}

static void list_segment(struct file *listing, const struct file *file)
{
    struct segment_header header;
    assert_int_equal(segment_header_get(bytes_of(file->at, file->size), &header), OK);
    file_print(listing, "%s kind=%u first=%" PRIu64 " last=%" PRIu64 " lanes=%u\n", file->name,
               header.kind, header.first_position, header.last_position, header.lanes);
    size_t offset = SEGMENT_HEADER_SIZE;
    while (offset < file->size) {
        struct batch_header batch;
        struct bytes body;
        assert_int_equal(batch_open(bytes_of(file->at + offset, file->size - offset), header.epoch,
                                    &batch, &body),
                         OK);
        file_print(listing, "batch position=%" PRIu64 " records=%u lanes=%u\n", batch.position,
                   batch.records, batch.lanes);
        list_runs(listing, body);
        offset += BATCH_HEADER_SIZE + batch.body_bytes;
        size_t align = header.kind == SEGMENT_OPEN ? FORMAT_BLOCK : LANE_ALIGN;
        offset = (offset + align - 1) / align * align;
    }
}

/* ---- writing them
 * --------------------------------------------------------------------------- */
static void put_sessions(struct facts_writer *writer)
{
    struct fact fact = {.kind = FACT_SESSION_OPEN};
    fact.session_open = (struct fact_session_open){.tenant = 1,
                                                   .session = 1,
                                                   .version = 4,
                                                   .clean = true,
                                                   .expiry_s = EXPIRY_NEVER,
                                                   .client_id = bytes_text("gateway-7")};
    facts_write(writer, &fact);
    fact.session_open = (struct fact_session_open){
        .tenant = 1,
        .session = 300,
        .version = 5,
        .expiry_s = 3600,
        .client_id = bytes_text("panel"),
        .will = {.present = true,
                 .retain = true,
                 .qos = 2,
                 .delay_s = 30,
                 .expiry_s = 0,
                 .topic = bytes_text("site/panel/state"),
                 .payload = bytes_text("gone"),
                 .properties = bytes_of("\x01\x01", 2)},
    };
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_SUBSCRIBE};
    fact.subscribe = (struct fact_subscribe){.session = 300,
                                             .qos = 2,
                                             .retain_handling = 1,
                                             .no_local = true,
                                             .retain_as_published = true,
                                             .subscription_id = 268435455,
                                             .filter = bytes_text("site/+/alarm/#")};
    facts_write(writer, &fact);
    fact.subscribe =
        (struct fact_subscribe){.session = 1, .qos = 1, .filter = bytes_text("$share/a/b")};
    facts_write(writer, &fact);
}

static void put_messages(struct facts_writer *writer)
{
    static const struct message_target targets[] = {
        {.session = 1, .qos = 1},
        {.session = 300, .qos = 2, .retain = true, .id_count = 2, .ids = {1, 268435455}},
        {.session = UINT32_MAX, .qos = 1, .id_count = 1, .ids = {128}}};
    uint8_t list[ARRAY_COUNT(targets) * MESSAGE_TARGET_BYTES_MAX];
    size_t size = 0;
    uint32_t last = 0;
    struct fact fact = {.kind = FACT_MESSAGE};
    for (size_t i = 0; i < ARRAY_COUNT(targets); i++)
        assert_true(message_target_put(list, sizeof list, &size, &last, &targets[i]));
    fact.message = (struct fact_message){.tenant = 1,
                                         .qos = 2,
                                         .retain = true,
                                         .expiry_s = 60,
                                         .topic = bytes_text("site/line/alarm/door"),
                                         .payload = bytes_text("open"),
                                         .properties = bytes_of("\x03\x00\x01t", 4),
                                         .target_count = ARRAY_COUNT(targets),
                                         .targets = bytes_of(list, size)};
    facts_write(writer, &fact);
    fact.message = (struct fact_message){
        .tenant = 1, .expiry_s = EXPIRY_NEVER, .topic = bytes_text("a/command/reset")};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_ENQUEUE};
    fact.enqueue = (struct fact_enqueue){.session = 300,
                                         .qos = 1,
                                         .subscription_id = 7,
                                         .topic = bytes_text("site/line/alarm/door")};
    facts_write(writer, &fact);
}

static void put_steps(struct facts_writer *writer)
{
    struct fact fact = {.kind = FACT_DELIVERY};
    fact.delivery = (struct fact_delivery){300, UINT16_MAX, DELIVERY_RECEIVED};
    facts_write(writer, &fact);
    fact.delivery = (struct fact_delivery){1, 1, DELIVERY_DONE};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_RECEIVED, .packet = {1, 4000}};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_RELEASED, .packet = {1, 4000}};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_UNSUBSCRIBE};
    fact.unsubscribe = (struct fact_unsubscribe){1, bytes_text("$share/a/b")};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_SESSION_CLOSE};
    fact.session_close = (struct fact_session_close){300, 7200, true, 65535};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_SESSION_END, .session = 1};
    facts_write(writer, &fact);
    fact = (struct fact){.kind = FACT_WILL_DONE, .session = UINT32_MAX};
    facts_write(writer, &fact);
}

/* Files: as written, facts, messages. A batch: a tick of the facts lane, messages, and in the
 * second batch a set more. */
static void put_batch(struct file *files, unsigned batch, uint64_t *position)
{
    static void (*const puts[BATCHES])(struct facts_writer *) = {put_sessions, put_messages,
                                                                 put_steps};
    static uint8_t bytes[4096];
    const unsigned sets = batch == 1 ? 2 : 1;
    struct facts_writer facts = {.at = bytes, .capacity = sizeof bytes};
    const uint8_t tick[] = {FACT_TICK, 0};
    puts[batch](&facts);
    struct batch_header header = {.epoch = 78,
                                  .position = *position,
                                  .durable = *position,
                                  .engine_ns = 5 + batch,
                                  .wall_ns = WALL_NS + batch,
                                  .records = sets * (facts.count + 1)};
    *position += header.records;
    for (unsigned i = 0; i < 3; i++) {
        struct file *file = &files[i];
        uint8_t *body = file->at + file->size + BATCH_HEADER_SIZE, *at = body;
        for (unsigned set = 0; set < sets; set++) {
            if (i != 2) {
                run_header_put(at, LANE_FACTS, 1, 2 * set, sizeof tick);
                memcpy(at + RUN_HEADER_SIZE, tick, sizeof tick);
                at += RUN_HEADER_SIZE + sizeof tick;
            }
            if (i != 1) {
                run_header_put(at, LANE_MESSAGES, facts.count, 2 * set + 1, (uint32_t)facts.size);
                memcpy(at + RUN_HEADER_SIZE, bytes, facts.size);
                at += RUN_HEADER_SIZE + facts.size;
            }
        }
        header.lanes = i == 0 ? 7 : i == 1 ? 1 : 4;
        header.body_bytes = (uint32_t)(at - body);
        batch_seal(file->at + file->size, &header);
        file->size += BATCH_HEADER_SIZE + header.body_bytes;
        size_t align = i == 0 ? FORMAT_BLOCK : LANE_ALIGN;
        file->size = (file->size + align - 1) / align * align;
    }
}

/* The empty batch behind the last one, of each file. */
static void put_end(struct file *files, uint64_t position)
{
    for (unsigned i = 0; i < 3; i++) {
        struct batch_header mark = {.epoch = 78,
                                    .position = position,
                                    .durable = position,
                                    .engine_ns = 8,
                                    .wall_ns = WALL_NS,
                                    .lanes = i == 2 ? 4 : 1};
        batch_seal(files[i].at + files[i].size, &mark);
        files[i].size += i == 0 ? FORMAT_BLOCK : BATCH_HEADER_SIZE;
    }
}

static void golden_make(struct file *files)
{
    static const uint8_t kinds[] = {SEGMENT_OPEN, SEGMENT_FACTS, SEGMENT_MESSAGES};
    for (unsigned i = 0; i < 3; i++) {
        struct segment_header header = {.version = FORMAT_VERSION,
                                        .kind = kinds[i],
                                        .number = 1,
                                        .epoch = 78,
                                        .generation = 1,
                                        .first_position = 1,
                                        .wall_ns = WALL_NS,
                                        .journal = {UINT64_C(0x0123456789abcdef), 42},
                                        .last_position = i != 0 ? 23 : 0,
                                        .lanes = i != 0 ? 5 : 0};
        segment_header_put(files[i].at, &header);
        files[i].size = SEGMENT_HEADER_SIZE;
    }
    uint64_t position = 1;
    for (unsigned batch = 0; batch < BATCHES; batch++)
        put_batch(files, batch, &position);
    put_end(files, position);
}

/* ---- tests
 * --------------------------------------------------------------------------------------- */
static const char *const golden_names[] = {"segment-messages.open", "segment-messages.facts",
                                           "segment-messages.messages"};
#define FILES ARRAY_COUNT(golden_names)

static void golden_files_open_for_ever(void **state)
{
    (void)state;
    struct file files[FILES], listing, expected;
    bool renew = getenv("MAINSTEM_GOLDEN_WRITE") != NULL;
    file_init(&listing, "listing-messages.txt");
    file_init(&expected, "listing-messages.txt");
    for (size_t i = 0; i < FILES; i++)
        file_init(&files[i], golden_names[i]);
    if (renew)
        golden_make(files);
    for (size_t i = 0; i < FILES; i++) {
        if (renew)
            file_write(&files[i]);
        else
            file_read(&files[i]);
        list_segment(&listing, &files[i]);
        file_done(&files[i]);
    }
    if (renew)
        file_write(&listing);
    file_read(&expected);
    assert_int_equal(listing.size, expected.size);
    assert_memory_equal(listing.at, expected.at, expected.size);
    file_done(&listing);
    file_done(&expected);
}

/* While FORMAT_VERSION is 1, today's encoder writes what it wrote then, byte by byte. */
static void the_encoder_still_writes_them(void **state)
{
    (void)state;
    struct file then, now[FILES];
    file_init(&then, "");
    for (size_t i = 0; i < FILES; i++)
        file_init(&now[i], golden_names[i]);
    golden_make(now);
    for (size_t i = 0; i < FILES; i++) {
        then.name = golden_names[i];
        file_read(&then);
        assert_int_equal(then.size, now[i].size);
        assert_memory_equal(then.at, now[i].at, then.size);
        file_done(&now[i]);
    }
    file_done(&then);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files_open_for_ever),
        cmocka_unit_test(the_encoder_still_writes_them),
    };
    return cmocka_run_group_tests_name("golden_messages", tests, NULL, NULL);
}
