/* How the payload of a fact is put down and taken up again, field by field: shared by the facts of
 * both lanes. Every get says false when the payload is too short or a limit is passed. */
#pragma once

#include "format/format.h"

#include <string.h>

/* ---- writing: the caller made sure of the room --------------------------------------------------
 */
struct fact_output {
    uint8_t *at;
};

static inline void put_u8(struct fact_output *out, uint8_t v)
{
    *out->at++ = v;
}

static inline void put_u64(struct fact_output *out, uint64_t v)
{
    store_u64(out->at, v);
    out->at += sizeof v;
}

static inline void put_varint(struct fact_output *out, uint64_t v)
{
    out->at += varint_put(out->at, v);
}

static inline void put_text(struct fact_output *out, struct bytes text, size_t most)
{
    check(text.size <= most);
    put_varint(out, text.size);
    if (text.size != 0)
        memcpy(out->at, text.at, text.size);
    out->at += text.size;
}

/* ---- reading ------------------------------------------------------------------------------------
 */
struct fact_input {
    struct bytes payload;
    size_t offset;
};

static inline bool get_u8(struct fact_input *in, uint8_t *ret_v)
{
    if (in->offset >= in->payload.size)
        return false;
    *ret_v = in->payload.at[in->offset++];
    return true;
}

static inline bool get_u64(struct fact_input *in, uint64_t *ret_v)
{
    if (in->payload.size - in->offset < sizeof *ret_v)
        return false;
    *ret_v = load_u64(in->payload.at + in->offset);
    in->offset += sizeof *ret_v;
    return true;
}

static inline bool get_i64(struct fact_input *in, int64_t *ret_v)
{
    uint64_t v;
    if (!get_u64(in, &v))
        return false;
    *ret_v = (int64_t)v;
    return true;
}

static inline bool get_u32(struct fact_input *in, uint32_t *ret_v)
{
    uint64_t v;
    if (!varint_get(in->payload, &in->offset, &v) || v > UINT32_MAX)
        return false;
    *ret_v = (uint32_t)v;
    return true;
}

static inline bool get_text(struct fact_input *in, size_t most, struct bytes *ret_text)
{
    uint64_t size;
    if (!varint_get(in->payload, &in->offset, &size) || size > most ||
        size > in->payload.size - in->offset)
        return false;
    *ret_text = bytes_of(in->payload.at + in->offset, (size_t)size);
    in->offset += (size_t)size;
    return true;
}

/* ---- commands: their head (facts.c), and those about history (facts_archive.c) ------------------
 */
/* Kind, key and tenant. */
void command_head_put(struct fact_output *out, const struct command *command);
MUST_USE bool command_head_get(struct fact_input *in, uint8_t least, uint8_t most,
                               struct command *command);
void archive_put(struct fact_output *out, const struct command *command);
MUST_USE bool archive_get(struct fact_input *in, struct fact_storage *storage,
                          struct command *command);

/* ---- commands about access, and the audit (facts_access.c) --------------------------------------
 */
void actor_put(struct fact_output *out, const struct actor *actor);
MUST_USE bool actor_get(struct fact_input *in, struct actor *actor);
void access_put(struct fact_output *out, const struct command *command);
MUST_USE bool access_get(struct fact_input *in, struct command *command);
void audit_put(struct fact_output *out, const struct fact_audit *audit);
MUST_USE bool audit_get(struct fact_input *in, struct fact_audit *audit);

/* ---- commands and entries of domain modules (facts_modules.c) -----------------------------------
 */
void module_put(struct fact_output *out, const struct command *command);
MUST_USE bool module_get(struct fact_input *in, struct command *command);
void entry_put(struct fact_output *out, const struct fact_entry *entry);
MUST_USE bool entry_get(struct fact_input *in, struct fact_entry *entry);

/* ---- facts of the messages lane (facts_messages.c) ----------------------------------------------
 */
static inline bool fact_is_of_messages(uint8_t kind)
{
    return kind >= FACT_SESSION_OPEN && kind <= FACT_WILL_DONE;
}
/* Writes the whole fact, kind and length too; at most `capacity` bytes. Returns how many. */
size_t fact_messages_put(uint8_t *at, size_t capacity, const struct fact *fact);
/* Fills the part of ret_fact that its kind names, which is set. */
MUST_USE bool fact_messages_get(struct fact_input *in, struct fact *fact);
