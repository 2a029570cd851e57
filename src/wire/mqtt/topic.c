/* Topic names and topic filters (MQTT 5, 4.7 and 4.8.2), and the text rules they share. Eight
 * bytes are looked at together: nearly every topic is plain ASCII without anything special. */
#include "wire/mqtt/cursor.h"
#include "wire/mqtt/mqtt.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH EACH(0x80)

/* High bit set in (at least the lowest of) the bytes of v that are zero. */
static inline uint64_t zero_bytes(uint64_t v)
{
    return (v - EACH(1)) & ~v & HIGH;
}

/* The eight bytes at b[offset], zero-filled with '/' (harmless everywhere) past the end. */
static inline uint64_t word_at(struct bytes b, size_t offset)
{
    uint64_t word = EACH('/');
    size_t left = b.size - offset;
    memcpy(&word, b.at + offset, left < 8 ? left : 8);
    return word;
}

static inline bool words_are_plain(struct bytes text, bool wildcards_too)
{
    uint64_t odd = 0;
    size_t offset = 0;
    for (; offset + 8 <= text.size; offset += 8) {
        uint64_t word = load_u64(text.at + offset);
        odd |= (word & HIGH) | zero_bytes(word);
        if (wildcards_too) /* '#' is 0x23 and '+' is 0x2B: one bit apart */
            odd |= zero_bytes((word & EACH(0xF7)) ^ EACH(0x23));
    }
    if (offset < text.size) {
        uint64_t word = word_at(text, offset);
        odd |= (word & HIGH) | zero_bytes(word);
        if (wildcards_too)
            odd |= zero_bytes((word & EACH(0xF7)) ^ EACH(0x23));
    }
    return odd == 0;
}

bool mqtt_text_is_valid(struct bytes text)
{
    if (LIKELY(words_are_plain(text, false)))
        return true;
    return !memchr(text.at, 0, text.size) && bytes_are_utf8(text);
}

bool mqtt_topic_is_valid(struct bytes topic)
{
    if (topic.size == 0 || topic.size > MQTT_TEXT_MAX)
        return false;
    if (LIKELY(words_are_plain(topic, true)))
        return true;
    return !memchr(topic.at, '+', topic.size) && !memchr(topic.at, '#', topic.size) &&
           mqtt_text_is_valid(topic);
}

/* '+' fills a whole level, '#' a whole level and only the last (4.7.1.2, 4.7.1.3). */
static bool wildcards_are_placed(struct bytes filter)
{
    for (size_t i = 0; i < filter.size; i++) {
        uint8_t byte = filter.at[i];
        if (byte != '+' && byte != '#')
            continue;
        if (i > 0 && filter.at[i - 1] != '/')
            return false;
        if (i + 1 < filter.size && (byte == '#' || filter.at[i + 1] != '/'))
            return false;
    }
    return true;
}

bool mqtt_filter_is_shared(struct bytes filter)
{
    return filter.size >= 7 && memcmp(filter.at, "$share/", 7) == 0;
}

/* $share/name/filter: a name of at least one byte without wildcards, and a filter [MQTT-4.8.2-1,
 * MQTT-4.8.2-2]. */
static bool shared_filter_split(struct bytes filter, struct bytes *ret_rest)
{
    struct bytes name = {filter.at + 7, filter.size - 7};
    const uint8_t *slash = name.size ? memchr(name.at, '/', name.size) : NULL;
    if (!slash || slash == name.at)
        return false;
    name.size = (size_t)(slash - name.at);
    if (memchr(name.at, '+', name.size) || memchr(name.at, '#', name.size))
        return false;
    *ret_rest = bytes_of(slash + 1, (size_t)(filter.at + filter.size - (slash + 1)));
    return true;
}

bool mqtt_filter_is_valid(struct bytes filter)
{
    if (filter.size == 0 || filter.size > MQTT_TEXT_MAX || !mqtt_text_is_valid(filter))
        return false;
    struct bytes rest = filter;
    if (mqtt_filter_is_shared(filter) && !shared_filter_split(filter, &rest))
        return false;
    return rest.size > 0 && wildcards_are_placed(rest);
}
