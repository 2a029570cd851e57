/* Templates: a topic's levels in another order, with other text between them. What a template says
 * is judged once, when it is read; to apply it is then a walk over the topic's slashes, as far as
 * the highest level that is named, and copies. */
#include "topics/topics.h"

#include <string.h>

enum part_kind { PART_TEXT, PART_TOPIC, PART_LEVEL, PART_REST };

/* ---- reading a template ---- */
static void parse_text_put(struct topic_template *template, size_t *size, uint8_t byte)
{
    struct topic_template_part *last =
        template->count > 0 ? &template->parts[template->count - 1] : NULL;
    if (!last || last->kind != PART_TEXT) {
        last = &template->parts[template->count++];
        *last = (struct topic_template_part){.kind = PART_TEXT, .at = (uint8_t)*size};
    }
    last->size++;
    template->text[(*size)++] = byte;
}

/* The number that `name` is, all of it; 0: it is none, or one that is not written plainly. */
static unsigned parse_level(struct bytes name)
{
    unsigned level = 0;
    if (name.size == 0 || name.size > 3 || name.at[0] == '0')
        return 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] < '0' || name.at[i] > '9')
            return 0;
        level = level * 10 + (name.at[i] - '0');
    }
    return level;
}

/* What stands between two braces becomes a part. */
static const char *parse_name(struct topic_template *template, struct bytes name)
{
    struct topic_template_part *part = &template->parts[template->count];
    *part = (struct topic_template_part){.kind = PART_TOPIC};
    if (!bytes_equal(name, bytes_text("topic"))) {
        bool rest = name.size > 0 && name.at[name.size - 1] == '-';
        unsigned level = parse_level(bytes_of(name.at, name.size - rest));
        if (level == 0)
            return "between braces stands {topic}, a level as {2}, or levels to the end as {2-}, "
                   "counted from 1; a brace itself is written twice";
        if (level > TOPICS_DEPTH_MAX)
            return "the highest level is 128";
        part->kind = rest ? PART_REST : PART_LEVEL;
        part->level = (uint8_t)level;
        if (level > template->levels)
            template->levels = (uint8_t)level;
    }
    template->count++;
    return NULL;
}

/* The part or the character at *at, moved behind it. */
static const char *parse_next(struct topic_template *template, struct bytes text, size_t *at,
                              size_t *size)
{
    uint8_t byte = text.at[*at];
    bool twice = *at + 1 < text.size && text.at[*at + 1] == byte;
    if (byte == '}' && !twice)
        return "a '}' stands alone; as a character it is written }}";
    if (byte == '{' && !twice) {
        const uint8_t *end = memchr(text.at + *at, '}', text.size - *at);
        if (!end)
            return "a '{' stands alone; as a character it is written {{";
        size_t from = *at + 1;
        *at = (size_t)(end - text.at) + 1;
        return parse_name(template, bytes_of(text.at + from, *at - from - 1));
    }
    if (byte == '+' || byte == '#' || byte < 0x20 || byte == 0x7f)
        return "no path holds '+', '#' or a control character";
    parse_text_put(template, size, byte);
    *at += byte == '{' || byte == '}' ? 2 : 1;
    return NULL;
}

/* What no topic can make right: two slashes with nothing named between them. */
static bool parse_has_empty_level(const struct topic_template *template)
{
    bool slash = true; /* the beginning is as a slash */
    for (size_t i = 0; i < template->count; i++) {
        const struct topic_template_part *part = &template->parts[i];
        if (part->kind != PART_TEXT)
            slash = false;
        for (size_t k = 0; part->kind == PART_TEXT && k < part->size; k++) {
            bool is = template->text[part->at + k] == '/';
            if (is && slash)
                return true;
            slash = is;
        }
    }
    return slash;
}

static bool parse_names_topic(const struct topic_template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->parts[i].kind != PART_TEXT)
            return true;
    return false;
}

const char *topic_template_parse(struct bytes text, struct topic_template *ret_template)
{
    struct topic_template template = {.plain = false};
    size_t size = 0;
    if (text.size > TOPIC_TEMPLATE_BYTES_MAX)
        return "it is longer than 255 bytes";
    if (!bytes_are_utf8(text))
        return "it is not UTF-8";
    for (size_t at = 0; at < text.size;) {
        const char *fault = parse_next(&template, text, &at, &size);
        if (fault)
            return fault;
    }
    if (!parse_names_topic(&template))
        return "it names no part of the topic, as {topic} or {2} do: all readings would have one "
               "path";
    if (template.parts[0].kind == PART_TEXT && template.text[0] == '$')
        return "no path begins with '$'";
    if (parse_has_empty_level(&template))
        return "it makes an empty level: two slashes in a row, or one at an end";
    template.plain = template.count == 1 && template.parts[0].kind == PART_TOPIC;
    *ret_template = template;
    return NULL;
}

/* ---- applying it ---- */
/* Where levels 1 to `levels` begin, and behind them where another would; false: there are fewer. */
static bool apply_find_levels(struct bytes topic, size_t levels, size_t *starts)
{
    starts[0] = 0;
    for (size_t level = 1; level <= levels; level++) {
        size_t from = starts[level - 1];
        const uint8_t *slash =
            from < topic.size ? memchr(topic.at + from, '/', topic.size - from) : NULL;
        if (!slash && level < levels)
            return false;
        starts[level] = slash ? (size_t)(slash - topic.at) + 1 : topic.size + 1;
    }
    return true;
}

static struct bytes apply_part(const struct topic_template *template,
                               const struct topic_template_part *part, struct bytes topic,
                               const size_t *starts)
{
    size_t from = part->level > 0 ? starts[part->level - 1] : 0;
    switch (part->kind) {
    case PART_TEXT:
        return bytes_of(template->text + part->at, part->size);
    case PART_LEVEL:
        return bytes_of(topic.at + from, starts[part->level] - 1 - from);
    default:
        return bytes_of(topic.at + from, topic.size - from);
    }
}

enum err topic_template_apply(const struct topic_template *topic_template, struct bytes topic,
                              uint8_t *out, size_t capacity, size_t *ret_size)
{
    size_t starts[TOPICS_DEPTH_MAX + 1], size = 0;
    if (!apply_find_levels(topic, topic_template->levels, starts))
        return ERR_MISSING;
    for (size_t i = 0; i < topic_template->count; i++) {
        struct bytes part = apply_part(topic_template, &topic_template->parts[i], topic, starts);
        if (part.size > capacity - size)
            return ERR_LIMIT;
        if (part.size > 0)
            memcpy(out + size, part.at, part.size);
        size += part.size;
    }
    *ret_size = size;
    return OK;
}
