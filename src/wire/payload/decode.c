/* The decoder: one pass over the bytes with a stack of levels. A payload of one object, by far the
 * commonest, is decoded once and kept; of an array every object is decoded to check it, and again
 * when payload_next asks for it, so that the scratch holds one object however long the array is. */
#include "wire/payload/member.h"

#include <stdlib.h>

#define SLOTS 1024u /* of the set of keys: four times what it may hold */
_Static_assert(SLOTS >= 2 * PAYLOAD_METRICS_MAX, "the set of keys never fills");

/* A key of the longest path and a string of the longest value for every metric. */
#define TEXT_BYTES ((size_t)PAYLOAD_METRICS_MAX * (PATH_MAX_BYTES + STRING_VALUE_MAX))

struct level {
    uint16_t path_size; /* of the path before this object's key was added */
};

struct payload_decoder {
    const uint8_t *begin, *at, *end;

    /* the object at hand */
    unsigned depth;
    bool has_time;
    bool object;
    int64_t time_ns;
    size_t count;
    size_t path_size; /* path of the open object, escaped, no '/' at its end */
    size_t text_used;
    uint32_t generation; /* of the slots: older ones are empty */

    /* what payload_next gives */
    bool ready;      /* the scratch holds the next group */
    uint32_t groups; /* still to come, the ready one among them */

    struct level levels[PAYLOAD_DEPTH_MAX];
    uint32_t slots[SLOTS]; /* generation << 9 | reading + 1 */
    struct payload_reading readings[PAYLOAD_METRICS_MAX];
    uint8_t path[PATH_MAX_BYTES];
    uint8_t key[PATH_MAX_BYTES]; /* a key without its escapes */
    uint8_t text[TEXT_BYTES];
};

enum err payload_decoder_create(struct payload_decoder **ret_decoder)
{
    struct payload_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return ERR_NO_MEMORY;
    *ret_decoder = decoder;
    return OK;
}

void payload_decoder_destroy(struct payload_decoder *decoder)
{
    free(decoder);
}

static void space_skip(struct payload_decoder *decoder)
{
    const uint8_t *at = decoder->at;
    while (at < decoder->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    decoder->at = at;
}

/* The byte at hand, 0 at the end (no grammar below wants a 0). */
static uint8_t byte_at(const struct payload_decoder *decoder)
{
    return decoder->at < decoder->end ? *decoder->at : 0;
}

/* ---- keys -------------------------------------------------------------------------------------
 */
/* The key without JSON's escapes; short-lived. */
static enum payload_fault key_plain(struct payload_decoder *decoder, const struct text *text,
                                    struct bytes *ret_key)
{
    *ret_key = text->inside;
    if (!text->escaped)
        return PAYLOAD_OK;
    size_t size;
    if (!text_unescape(text, decoder->key, sizeof decoder->key, &size))
        return PAYLOAD_KEY_TOO_LONG;
    *ret_key = bytes_of(decoder->key, size);
    return PAYLOAD_OK;
}

/* Writes path '/' key, with the key escaped, at `out` of PATH_MAX_BYTES bytes. */
static bool key_join(const struct payload_decoder *decoder, struct bytes key, uint8_t *out,
                     size_t *ret_size)
{
    uint8_t escaped[3 * PATH_MAX_BYTES];
    if (key.size > PATH_MAX_BYTES)
        return false;
    size_t size = decoder->path_size, added = payload_key_escape(key, escaped);
    if (size + (size > 0) + added > PATH_MAX_BYTES)
        return false;
    if (out != decoder->path)
        memcpy(out, decoder->path, size);
    if (size > 0)
        out[size++] = '/';
    memcpy(out + size, escaped, added);
    *ret_size = size + added;
    return true;
}

/* The whole key of a reading, as long-lived as the group: a view of the payload where the key is
 * that as it stands. */
static enum payload_fault key_take(struct payload_decoder *decoder, const struct text *text,
                                   struct bytes *ret_key)
{
    if (decoder->path_size == 0 && !text->escaped && text_key_is_plain(text->inside)) {
        *ret_key = text->inside;
        return text->inside.size <= PATH_MAX_BYTES ? PAYLOAD_OK : PAYLOAD_KEY_TOO_LONG;
    }
    struct bytes key;
    size_t size;
    uint8_t *out = decoder->text + decoder->text_used;
    enum payload_fault fault = key_plain(decoder, text, &key);
    if (fault)
        return fault;
    if (!key_join(decoder, key, out, &size))
        return PAYLOAD_KEY_TOO_LONG;
    decoder->text_used += size;
    *ret_key = bytes_of(out, size);
    return PAYLOAD_OK;
}

/* Adds the key of the next reading to the set; false when it is there already. */
static bool key_insert(struct payload_decoder *decoder, struct bytes key)
{
    uint32_t stamp = decoder->generation << 9;
    for (size_t at = hash64(key.at, key.size, 0);; at++) {
        uint32_t *slot = &decoder->slots[at % SLOTS];
        if (*slot >> 9 != decoder->generation) {
            *slot = stamp | (uint32_t)(decoder->count + 1);
            return true;
        }
        if (bytes_equal(decoder->readings[(*slot & 511) - 1].key, key))
            return false;
    }
}

/* ---- values -----------------------------------------------------------------------------------
 */
static enum payload_fault text_take(struct payload_decoder *decoder, const struct text *text,
                                    struct value *ret_value)
{
    struct bytes inside = text->inside;
    if (text->escaped) {
        uint8_t *out = decoder->text + decoder->text_used;
        if (!text_unescape(text, out, STRING_VALUE_MAX, &inside.size))
            return PAYLOAD_TEXT_TOO_LONG;
        inside.at = out;
        decoder->text_used += inside.size;
    }
    if (inside.size > STRING_VALUE_MAX)
        return PAYLOAD_TEXT_TOO_LONG;
    *ret_value = member_text(inside);
    return PAYLOAD_OK;
}

static enum payload_fault number_take(struct payload_decoder *decoder, struct value *ret_value)
{
    struct number number;
    const uint8_t *end = number_scan(decoder->at, decoder->end, &number);
    if (!end)
        return PAYLOAD_BAD_JSON;
    enum payload_fault fault = number_to_value(&number, ret_value);
    if (!fault)
        decoder->at = end;
    return fault;
}

/* A value that is no object. */
static enum payload_fault value_take(struct payload_decoder *decoder, struct value *ret_value)
{
    struct text text;
    const uint8_t *begin = decoder->at;
    uint8_t byte = byte_at(decoder);
    if (byte == '-' || number_is_digit(byte))
        return number_take(decoder, ret_value);
    if (byte == '"') {
        enum payload_fault fault = text_scan(&decoder->at, decoder->end, &text);
        if (!fault && (fault = text_take(decoder, &text, ret_value)))
            decoder->at = begin;
        return fault;
    }
    if (byte == '[')
        return PAYLOAD_ARRAY_VALUE;
    const uint8_t *end = member_scan_word(begin, decoder->end, ret_value);
    if (!end)
        return PAYLOAD_BAD_JSON;
    decoder->at = end;
    return PAYLOAD_OK;
}

static enum payload_fault reading_take(struct payload_decoder *decoder, const struct text *name)
{
    struct payload_reading *reading = &decoder->readings[decoder->count];
    struct bytes key;
    if (decoder->count == PAYLOAD_METRICS_MAX)
        return PAYLOAD_TOO_MANY;
    enum payload_fault fault = key_take(decoder, name, &key);
    if (fault)
        return fault;
    if (!key_insert(decoder, key))
        return PAYLOAD_KEY_TWICE;
    reading->key = key;
    fault = value_take(decoder, &reading->value);
    decoder->count += !fault;
    return fault;
}

static enum payload_fault time_scan(struct payload_decoder *decoder, int64_t *ret_time_ns)
{
    struct number number;
    struct text text;
    struct bytes inside;
    uint8_t byte = byte_at(decoder);
    if (byte == '"') {
        const uint8_t *begin = decoder->at;
        enum payload_fault fault = text_scan(&decoder->at, decoder->end, &text);
        if (fault)
            return fault;
        fault = key_plain(decoder, &text, &inside) ? PAYLOAD_TIME_INVALID
                                                   : member_text_to_time(inside, ret_time_ns);
        if (fault)
            decoder->at = begin;
        return fault;
    }
    if (byte != '-' && !number_is_digit(byte))
        return PAYLOAD_TIME_INVALID;
    const uint8_t *end = number_scan(decoder->at, decoder->end, &number);
    if (!end)
        return PAYLOAD_BAD_JSON;
    enum payload_fault fault = number_to_time(&number, ret_time_ns);
    if (!fault)
        decoder->at = end;
    return fault;
}

/* null says that the sender knows no time. Two time members must mean the same instant. */
static enum payload_fault time_take(struct payload_decoder *decoder)
{
    int64_t time_ns = 0;
    if (decoder->end - decoder->at >= 4 && memcmp(decoder->at, "null", 4) == 0) {
        decoder->at += 4;
        return PAYLOAD_OK;
    }
    const uint8_t *begin = decoder->at;
    enum payload_fault fault = time_scan(decoder, &time_ns);
    if (fault)
        return fault;
    if (decoder->has_time && decoder->time_ns != time_ns) {
        decoder->at = begin;
        return PAYLOAD_KEY_TWICE;
    }
    decoder->has_time = true;
    decoder->time_ns = time_ns;
    return PAYLOAD_OK;
}

/* ---- objects ----------------------------------------------------------------------------------
 */
/* Goes into the object at hand; its key becomes a level of the path, but for the wrapper. */
static enum payload_fault level_open(struct payload_decoder *decoder, const struct text *name)
{
    struct bytes key;
    if (decoder->depth == PAYLOAD_DEPTH_MAX)
        return PAYLOAD_TOO_DEEP;
    decoder->levels[decoder->depth].path_size = (uint16_t)decoder->path_size;
    if (name) {
        enum payload_fault fault = key_plain(decoder, name, &key);
        if (fault)
            return fault;
        bool wrapper = decoder->depth == 1 && bytes_equal(key, bytes_of("values", 6));
        if (!wrapper && !key_join(decoder, key, decoder->path, &decoder->path_size))
            return PAYLOAD_KEY_TOO_LONG;
    }
    decoder->depth++;
    decoder->at++;
    return PAYLOAD_OK;
}

static void level_close(struct payload_decoder *decoder)
{
    decoder->depth--;
    decoder->path_size = decoder->levels[decoder->depth].path_size;
    decoder->at++;
}

static bool name_is_time(struct payload_decoder *decoder, const struct text *name)
{
    struct bytes key;
    return key_plain(decoder, name, &key) == PAYLOAD_OK && member_is_time(key);
}

/* "key" : value, or the '{' of an object below; *ret_opened says which. */
static enum payload_fault member_take(struct payload_decoder *decoder, bool *ret_opened)
{
    struct text name;
    *ret_opened = false;
    if (byte_at(decoder) != '"')
        return PAYLOAD_BAD_JSON;
    const uint8_t *begin = decoder->at;
    enum payload_fault fault = text_scan(&decoder->at, decoder->end, &name);
    if (fault)
        return fault;
    space_skip(decoder);
    if (byte_at(decoder) != ':')
        return PAYLOAD_BAD_JSON;
    decoder->at++;
    space_skip(decoder);
    if (decoder->depth == 1 && name_is_time(decoder, &name))
        return time_take(decoder);
    if (byte_at(decoder) == '{') {
        *ret_opened = true;
        fault = level_open(decoder, &name);
    } else {
        fault = reading_take(decoder, &name);
    }
    if (fault == PAYLOAD_KEY_TWICE || fault == PAYLOAD_KEY_TOO_LONG || fault == PAYLOAD_TOO_MANY)
        decoder->at = begin;
    return fault;
}

static void object_start(struct payload_decoder *decoder)
{
    decoder->depth = 0;
    decoder->has_time = false;
    decoder->object = true;
    decoder->count = 0;
    decoder->path_size = 0;
    decoder->text_used = 0;
    if (++decoder->generation == UINT32_C(1) << 23) {
        memset(decoder->slots, 0, sizeof decoder->slots);
        decoder->generation = 1;
    }
}

/* The object whose '{' is at hand, to its '}'. */
static enum payload_fault object_take(struct payload_decoder *decoder)
{
    const uint8_t *begin = decoder->at;
    object_start(decoder);
    enum payload_fault fault = level_open(decoder, NULL);
    bool fresh = true; /* nothing stands in the open object yet */
    while (!fault && decoder->depth > 0) {
        space_skip(decoder);
        if (byte_at(decoder) == '}') {
            level_close(decoder);
            fresh = false;
            continue;
        }
        if (!fresh) {
            if (byte_at(decoder) != ',')
                return PAYLOAD_BAD_JSON;
            decoder->at++;
            space_skip(decoder);
        }
        fault = member_take(decoder, &fresh);
    }
    if (!fault && decoder->count == 0) {
        decoder->at = begin;
        return PAYLOAD_NO_READING;
    }
    return fault;
}

/* After '[' or ',' of an array: to the '{' of the next object. */
static enum payload_fault array_step(struct payload_decoder *decoder)
{
    space_skip(decoder);
    uint8_t byte = byte_at(decoder);
    if (byte == '{')
        return PAYLOAD_OK;
    bool value = byte == '[' || byte == '"' || byte == '-' || number_is_digit(byte) ||
                 byte == 't' || byte == 'f' || byte == 'n';
    return value ? PAYLOAD_ARRAY_VALUE : PAYLOAD_BAD_JSON;
}

static enum payload_fault array_take(struct payload_decoder *decoder)
{
    const uint8_t *begin = decoder->at++, *first = NULL;
    space_skip(decoder);
    if (byte_at(decoder) == ']') {
        decoder->at++;
        space_skip(decoder);
        if (decoder->at < decoder->end)
            return PAYLOAD_BAD_JSON;
        decoder->at = begin;
        return PAYLOAD_NO_READING;
    }
    for (;;) {
        enum payload_fault fault = array_step(decoder);
        if (fault)
            return fault;
        if (decoder->groups == PAYLOAD_GROUPS_MAX)
            return PAYLOAD_TOO_MANY;
        first = first ? first : decoder->at;
        if ((fault = object_take(decoder)))
            return fault;
        decoder->groups++;
        space_skip(decoder);
        if (byte_at(decoder) != ',')
            break;
        decoder->at++;
    }
    if (byte_at(decoder) != ']')
        return PAYLOAD_BAD_JSON;
    decoder->at++;
    space_skip(decoder);
    if (decoder->at < decoder->end)
        return PAYLOAD_BAD_JSON;
    decoder->ready = decoder->groups == 1;
    decoder->at = first;
    return PAYLOAD_OK;
}

/* ---- scalars ----------------------------------------------------------------------------------
 */
/* Text without quotes: no control characters, short. */
static enum payload_fault scalar_take_bare(struct payload_decoder *decoder, struct bytes bare,
                                           struct value *ret_value)
{
    if (!bytes_are_utf8(bare))
        return PAYLOAD_NOT_UTF8;
    for (size_t i = 0; i < bare.size; i++) {
        uint8_t byte = bare.at[i];
        if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) {
            decoder->at = bare.at + i;
            return PAYLOAD_NOT_UTF8;
        }
    }
    if (bare.size > PAYLOAD_BARE_TEXT_MAX)
        return PAYLOAD_TEXT_TOO_LONG;
    *ret_value = member_text(bare);
    return PAYLOAD_OK;
}

/* `bare` is the payload without the white space around it. */
static enum payload_fault scalar_judge(struct payload_decoder *decoder, struct bytes bare,
                                       struct value *ret_value)
{
    struct number number;
    const uint8_t *end = bare.at + bare.size;
    if (bare.size == 0 || member_text_is_nan(bare)) {
        *ret_value = member_no_value();
        return PAYLOAD_OK;
    }
    if (member_text_to_number(bare, &number))
        return number_to_value(&number, ret_value);
    if (*bare.at == '"') {
        enum payload_fault fault = value_take(decoder, ret_value);
        return !fault && decoder->at < end ? PAYLOAD_BAD_JSON : fault;
    }
    struct value word;
    if (member_scan_word(bare.at, end, &word) == end) {
        *ret_value = word;
        return PAYLOAD_OK;
    }
    return scalar_take_bare(decoder, bare, ret_value);
}

static enum payload_fault scalar_take(struct payload_decoder *decoder)
{
    const uint8_t *end = decoder->end;
    while (end > decoder->at && (end[-1] == ' ' || (end[-1] >= '\t' && end[-1] <= '\r')))
        end--;
    object_start(decoder);
    decoder->object = false;
    decoder->readings[0].key = (struct bytes){NULL, 0};
    struct bytes bare = {decoder->at, (size_t)(end - decoder->at)};
    enum payload_fault fault = scalar_judge(decoder, bare, &decoder->readings[0].value);
    decoder->count = 1;
    return fault;
}

/* ---- payloads ---------------------------------------------------------------------------------
 */
static enum payload_fault decode_top(struct payload_decoder *decoder)
{
    space_skip(decoder);
    uint8_t byte = byte_at(decoder);
    if (byte == '[')
        return array_take(decoder);
    enum payload_fault fault;
    if (byte == '{') {
        fault = object_take(decoder);
        if (!fault) {
            space_skip(decoder);
            fault = decoder->at < decoder->end ? PAYLOAD_BAD_JSON : PAYLOAD_OK;
        }
    } else {
        fault = scalar_take(decoder);
    }
    decoder->ready = true;
    decoder->groups = 1;
    return fault;
}

enum payload_fault payload_decode(struct payload_decoder *decoder, struct bytes payload,
                                  size_t *ret_where)
{
    static const uint8_t nothing = 0;
    decoder->begin = payload.size > 0 ? payload.at : &nothing;
    decoder->at = decoder->begin;
    decoder->end = decoder->begin + payload.size;
    decoder->ready = false;
    decoder->groups = 0;
    enum payload_fault fault = decode_top(decoder);
    if (fault) {
        *ret_where = (size_t)(decoder->at - decoder->begin);
        decoder->groups = 0;
    }
    return fault;
}

bool payload_next(struct payload_decoder *decoder, struct payload_group *ret_group)
{
    if (decoder->groups == 0)
        return false;
    if (!decoder->ready) {
        while (byte_at(decoder) != '{') /* the comma and white space between two checked objects */
            decoder->at++;
        enum payload_fault fault = object_take(decoder);
        check(fault == PAYLOAD_OK);
    }
    decoder->ready = false;
    decoder->groups--;
    *ret_group = (struct payload_group){.has_time = decoder->has_time,
                                        .time_ns = decoder->has_time ? decoder->time_ns : 0,
                                        .object = decoder->object,
                                        .count = (uint16_t)decoder->count,
                                        .readings = decoder->readings};
    return true;
}
