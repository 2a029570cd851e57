/* Facts: kind (1), length (varint), payload; those of the facts lane here, those of the messages
 * lane in facts_messages.c, commands about history in facts_archive.c, about access and the audit
 * in facts_access.c, of domain modules in facts_modules.c. Texts and label sets are bounded here as
 * they are at the doors, so that what a decoder gives out fits the readers' buffers.
 * docs/format/facts.md. */
#include "format/fact_bytes.h"

#include <math.h>

#define FACT_LENGTH_BYTES 3 /* room kept for the length before the payload is known */
#define COMMAND_SETTINGS_ALL (HAS_TYPE | HAS_UNIT | HAS_DESCRIPTION | HAS_LABELS | HAS_LIMITS)

/* ---- writing -----------------------------------------------------------------------------------
 */
static void labels_put(struct fact_output *out, const struct label *labels, uint16_t count)
{
    check(count <= LABELS_MAX);
    put_u8(out, (uint8_t)count);
    for (unsigned i = 0; i < count; i++) {
        put_text(out, labels[i].name, LABEL_BYTES_MAX);
        put_text(out, labels[i].value, LABEL_BYTES_MAX);
    }
}

static void fact_row_put(struct fact_output *out, const struct fact_row *row)
{
    check(row->shape.count >= 1 && row->shape.count <= COLUMNS_MAX);
    put_varint(out, row->tenant);
    put_varint(out, row->shape.row);
    put_varint(out, row->shape.first_point);
    put_u8(out, (uint8_t)(row->shape.count - 1));
    put_u8(out, row->object);
    put_text(out, row->prefix, PATH_MAX_BYTES);
    for (unsigned i = 0; i < row->shape.count; i++) {
        check(value_type_name(row->points[i].type) != NULL);
        put_u8(out, row->points[i].type);
        put_text(out, row->points[i].metric, PATH_MAX_BYTES);
    }
    if (row->label_count > 0)
        labels_put(out, row->labels, row->label_count);
}

static void settings_put_limits(struct fact_output *out, const double *limits)
{
    unsigned set = 0;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        set |= isnan(limits[i]) ? 0 : 1u << i;
    put_u8(out, (uint8_t)set);
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        uint64_t bits;
        memcpy(&bits, &limits[i], sizeof bits);
        if (set & 1u << i)
            put_u64(out, bits);
    }
}

static void settings_put(struct fact_output *out, const struct point_settings *settings)
{
    check((settings->has & ~(uint32_t)COMMAND_SETTINGS_ALL) == 0);
    put_u8(out, (uint8_t)settings->has);
    if (settings->has & HAS_TYPE) {
        check(value_type_name(settings->type) != NULL);
        put_u8(out, settings->type);
    }
    if (settings->has & HAS_UNIT)
        put_text(out, settings->unit, UNIT_BYTES_MAX);
    if (settings->has & HAS_DESCRIPTION)
        put_text(out, settings->description, DESCRIPTION_BYTES_MAX);
    if (settings->has & HAS_LABELS)
        labels_put(out, settings->labels, settings->label_count);
    if (settings->has & HAS_LIMITS)
        settings_put_limits(out, settings->limits);
}

void command_head_put(struct fact_output *out, const struct command *command)
{
    check(command->key_kind <= KEY_FREE);
    put_u8(out, command->kind);
    put_u8(out, command->key_kind);
    put_varint(out, command->tenant);
    if (command->key_kind == KEY_SEQUENCE) {
        put_text(out, command->client, KEY_BYTES_MAX);
        put_varint(out, command->sequence);
    } else if (command->key_kind == KEY_FREE) {
        put_text(out, command->key, KEY_BYTES_MAX);
        put_u64(out, (uint64_t)command->key_wall_ns);
    }
}

static void command_put(struct fact_output *out, const struct command *command)
{
    check(command->kind >= COMMAND_CREATE && command->kind <= COMMAND_RETIRE);
    command_head_put(out, command);
    put_text(out, command->path, PATH_MAX_BYTES);
    if (command->kind == COMMAND_RENAME)
        put_text(out, command->new_path, PATH_MAX_BYTES);
    if (command->kind == COMMAND_CREATE || command->kind == COMMAND_CHANGE)
        settings_put(out, &command->settings);
    if (command->kind == COMMAND_CREATE && command->rows_before != 0) {
        put_varint(out, command->rows_before);
        put_varint(out, command->points_before);
    }
}

static void fact_put(struct fact_output *out, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_START:
        put_varint(out, fact->start.reducer_version);
        put_text(out, fact->start.program, DESCRIPTION_BYTES_MAX);
        break;
    case FACT_ROW:
        fact_row_put(out, &fact->row);
        break;
    case FACT_COMMAND:
        command_put(out, &fact->command);
        break;
    case FACT_ARCHIVE:
        archive_put(out, &fact->command);
        break;
    case FACT_ACCESS:
        access_put(out, &fact->command);
        break;
    case FACT_AUDIT:
        audit_put(out, &fact->audit);
        break;
    case FACT_MODULE:
        module_put(out, &fact->command);
        break;
    case FACT_ENTRY:
        entry_put(out, &fact->entry);
        break;
    case FACT_CLOCK:
        put_u64(out, (uint64_t)fact->clock.wall_before_ns);
        put_u64(out, (uint64_t)fact->clock.wall_after_ns);
        break;
    default:
        check(fact->kind == FACT_TICK);
    }
}

/* Bytes the caller must have left for this fact of the facts lane. */
static size_t fact_bytes_max(const struct fact *fact)
{
    if (fact->kind != FACT_ROW)
        return FACT_BYTES_MAX;
    size_t text_bytes = fact->row.prefix.size;
    for (unsigned i = 0; i < fact->row.shape.count; i++)
        text_bytes += fact->row.points[i].metric.size;
    for (unsigned i = 0; i < fact->row.label_count; i++)
        text_bytes += fact->row.labels[i].name.size + fact->row.labels[i].value.size;
    return FACT_ROW_BYTES_MAX(fact->row.shape.count, text_bytes) +
           FACT_LABELS_BYTES_MAX(fact->row.label_count, 0);
}

/* Labels came later: a reader of before must name a row that has some as newer, not as damage. */
static uint8_t kind_at_rest(const struct fact *fact)
{
    bool labeled = fact->kind == FACT_ROW && fact->row.label_count > 0;
    return labeled ? (uint8_t)FACT_ROW_LABELED : fact->kind;
}

void facts_write(struct facts_writer *writer, const struct fact *fact)
{
    if (fact_is_of_messages(fact->kind)) {
        writer->size +=
            fact_messages_put(writer->at + writer->size, writer->capacity - writer->size, fact);
        writer->count++;
        return;
    }
    check(writer->capacity - writer->size >= fact_bytes_max(fact));
    uint8_t *at = writer->at + writer->size;
    uint8_t *payload = at + 1 + FACT_LENGTH_BYTES;
    struct fact_output out = {payload};
    fact_put(&out, fact);
    size_t payload_bytes = (size_t)(out.at - payload);
    *at++ = kind_at_rest(fact);
    at += varint_put(at, payload_bytes);
    check(at <= payload);
    memmove(at, payload, payload_bytes);
    writer->size = (size_t)(at + payload_bytes - writer->at);
    writer->count++;
}

/* ---- reading: every get says false when the payload is too short or a limit is passed ----------
 */
static bool get_type(struct fact_input *in, uint8_t *ret_type)
{
    return get_u8(in, ret_type) && value_type_name(*ret_type) != NULL;
}

static bool labels_get(struct fact_input *in, struct fact_storage *storage, uint16_t *ret_count)
{
    uint8_t count;
    if (!get_u8(in, &count) || count > LABELS_MAX)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (!get_text(in, LABEL_BYTES_MAX, &storage->labels[i].name) ||
            !get_text(in, LABEL_BYTES_MAX, &storage->labels[i].value))
            return false;
    }
    *ret_count = count;
    return true;
}

static bool fact_row_get(struct fact_input *in, struct fact_storage *storage, struct fact_row *row)
{
    uint8_t last, object;
    if (!get_u32(in, &row->tenant) || !get_u32(in, &row->shape.row) ||
        !get_u32(in, &row->shape.first_point) || !get_u8(in, &last) || !get_u8(in, &object) ||
        object > 1 || !get_text(in, PATH_MAX_BYTES, &row->prefix))
        return false;
    if (row->shape.first_point > UINT32_MAX - last)
        return false;
    row->shape.count = (uint16_t)(last + 1);
    row->object = object != 0;
    row->points = storage->points;
    for (unsigned i = 0; i < row->shape.count; i++) {
        if (!get_type(in, &storage->points[i].type) ||
            !get_text(in, PATH_MAX_BYTES, &storage->points[i].metric))
            return false;
    }
    return true;
}

/* A row with labels says so by its kind: it has one at least. */
static bool fact_row_labeled_get(struct fact_input *in, struct fact_storage *storage,
                                 struct fact_row *row)
{
    row->labels = storage->labels;
    return fact_row_get(in, storage, row) && labels_get(in, storage, &row->label_count) &&
           row->label_count > 0;
}

static bool settings_get_limits(struct fact_input *in, double *limits)
{
    uint8_t set;
    if (!get_u8(in, &set) || set >> LIMIT_KINDS != 0)
        return false;
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        uint64_t bits;
        if (!(set & 1u << i))
            continue;
        if (!get_u64(in, &bits))
            return false;
        memcpy(&limits[i], &bits, sizeof bits);
        if (isnan(limits[i]))
            return false;
    }
    return true;
}

static bool settings_get(struct fact_input *in, struct fact_storage *storage,
                         struct point_settings *settings)
{
    uint8_t has;
    if (!get_u8(in, &has) || (has & ~COMMAND_SETTINGS_ALL) != 0)
        return false;
    settings->has = has;
    if ((has & HAS_TYPE) && !get_type(in, &settings->type))
        return false;
    if ((has & HAS_UNIT) && !get_text(in, UNIT_BYTES_MAX, &settings->unit))
        return false;
    if ((has & HAS_DESCRIPTION) && !get_text(in, DESCRIPTION_BYTES_MAX, &settings->description))
        return false;
    if ((has & HAS_LABELS) && !labels_get(in, storage, &settings->label_count))
        return false;
    settings->labels = settings->has & HAS_LABELS ? storage->labels : NULL;
    return !(has & HAS_LIMITS) || settings_get_limits(in, settings->limits);
}

static bool command_get_key(struct fact_input *in, struct command *command)
{
    switch (command->key_kind) {
    case KEY_NONE:
        return true;
    case KEY_SEQUENCE:
        return get_text(in, KEY_BYTES_MAX, &command->client) &&
               varint_get(in->payload, &in->offset, &command->sequence);
    case KEY_FREE:
        return get_text(in, KEY_BYTES_MAX, &command->key) && get_i64(in, &command->key_wall_ns);
    default:
        return false;
    }
}

/* Rows and points there before: all that may follow the settings of a create. */
static bool command_get_before(struct fact_input *in, struct command *command)
{
    if (command->kind != COMMAND_CREATE || in->offset == in->payload.size)
        return true;
    return get_u32(in, &command->rows_before) && get_u32(in, &command->points_before) &&
           command->rows_before != 0 && command->points_before >= command->rows_before &&
           command->rows_before < UINT32_MAX && command->points_before < UINT32_MAX - COLUMNS_MAX;
}

bool command_head_get(struct fact_input *in, uint8_t least, uint8_t most, struct command *command)
{
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        command->settings.limits[i] = NAN;
    return get_u8(in, &command->kind) && command->kind >= least && command->kind <= most &&
           get_u8(in, &command->key_kind) && get_u32(in, &command->tenant) &&
           command_get_key(in, command);
}

static bool command_get(struct fact_input *in, struct fact_storage *storage,
                        struct command *command)
{
    if (!command_head_get(in, COMMAND_CREATE, COMMAND_RETIRE, command) ||
        !get_text(in, PATH_MAX_BYTES, &command->path))
        return false;
    if (command->kind == COMMAND_RENAME)
        return get_text(in, PATH_MAX_BYTES, &command->new_path);
    if (command->kind == COMMAND_CREATE || command->kind == COMMAND_CHANGE)
        return settings_get(in, storage, &command->settings) && command_get_before(in, command);
    return true;
}

static bool fact_get(struct fact_input *in, struct fact_storage *storage, struct fact *fact)
{
    switch (fact->kind) {
    case FACT_START:
        return get_u32(in, &fact->start.reducer_version) &&
               get_text(in, DESCRIPTION_BYTES_MAX, &fact->start.program);
    case FACT_ROW:
        return fact_row_get(in, storage, &fact->row);
    case FACT_ROW_LABELED:
        fact->kind = FACT_ROW;
        return fact_row_labeled_get(in, storage, &fact->row);
    case FACT_COMMAND:
        return command_get(in, storage, &fact->command);
    case FACT_ARCHIVE:
        return archive_get(in, storage, &fact->command);
    case FACT_ACCESS:
        return access_get(in, &fact->command);
    case FACT_AUDIT:
        return audit_get(in, &fact->audit);
    case FACT_MODULE:
        return module_get(in, &fact->command);
    case FACT_ENTRY:
        return entry_get(in, &fact->entry);
    case FACT_CLOCK:
        return get_i64(in, &fact->clock.wall_before_ns) && get_i64(in, &fact->clock.wall_after_ns);
    case FACT_TICK:
        return true; /* its being there is all it says */
    default:
        return fact_messages_get(in, fact);
    }
}

/* How much of a struct fact is filled: commands are large, and most facts are none. What a command
 * would have behind it means nothing with another kind. */
static size_t fact_part(uint8_t kind)
{
    union fact_of_no_command {
        struct fact_start start;
        struct fact_row row;
        struct fact_clock clock;
        struct fact_audit audit;
        struct fact_entry entry;
        struct fact_session_open session_open;
        struct fact_session_close session_close;
        struct fact_subscribe subscribe;
        struct fact_unsubscribe unsubscribe;
        struct fact_message message;
        struct fact_enqueue enqueue;
        struct fact_delivery delivery;
        struct fact_packet packet;
    };
    bool command =
        kind == FACT_COMMAND || kind == FACT_ARCHIVE || kind == FACT_ACCESS || kind == FACT_MODULE;
    return command ? sizeof(struct fact)
                   : offsetof(struct fact, command) + sizeof(union fact_of_no_command);
}

enum err facts_read(struct bytes run, size_t *offset, struct fact_storage *storage,
                    struct fact *ret_fact)
{
    if (*offset == run.size)
        return ERR_MISSING;
    if (*offset > run.size)
        return ERR_CORRUPT;
    struct fact fact;
    size_t part = fact_part(run.at[*offset]);
    memset(&fact, 0, part);
    fact.kind = run.at[*offset];
    size_t at = *offset + 1;
    uint64_t size;
    if (!varint_get(run, &at, &size) || size > run.size - at)
        return ERR_CORRUPT;
    if (fact.kind < FACT_START)
        return ERR_CORRUPT;
    if (fact.kind > FACT_ENTRY && !fact_is_of_messages(fact.kind))
        return ERR_NEWER;
    struct fact_input in = {bytes_of(run.at + at, (size_t)size), 0};
    if (!fact_get(&in, storage, &fact) || in.offset != in.payload.size)
        return ERR_CORRUPT;
    *offset = at + (size_t)size;
    memcpy(ret_fact, &fact, part);
    return OK;
}
