/* A template and a topic, against the plainest way to do the same: the template's text is walked
 * again for each topic, and the topic's levels are counted again for each part.
 *
 *      input    byte: size of the template; template; topic */
#include <stdlib.h>
#include <string.h>

#include "topics/topics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX ((size_t)1 << 20)
struct plain {
    uint8_t *at;
    size_t size;
};

static void plain_put(struct plain *out, struct bytes bytes)
{
    check(out->size + bytes.size <= OUT_MAX);
    for (size_t i = 0; i < bytes.size; i++)
        out->at[out->size++] = bytes.at[i];
}

/* Level `level` of the topic, or from it to the end; false: there is none. */
static bool plain_level(struct bytes topic, unsigned level, bool rest, struct bytes *ret)
{
    size_t from = 0, to;
    for (unsigned i = 1; i < level; i++) {
        while (from < topic.size && topic.at[from] != '/')
            from++;
        if (from == topic.size)
            return false;
        from++;
    }
    for (to = from; to < topic.size && (rest || topic.at[to] != '/'); to++)
        ;
    *ret = bytes_of(topic.at + from, to - from);
    return true;
}

/* What the template that was accepted makes; false: a level is not there. */
static bool plain_apply(struct bytes text, struct bytes topic, struct plain *out)
{
    out->size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '{' && text.at[i] != '}') {
            plain_put(out, bytes_of(&text.at[i], 1));
            continue;
        }
        i++;
        if (text.at[i] == text.at[i - 1]) {
            plain_put(out, bytes_of(&text.at[i], 1));
            continue;
        }
        check(text.at[i - 1] == '{');
        if (text.at[i] == 't') {
            plain_put(out, topic);
            i += strlen("topic");
            continue;
        }
        unsigned level = 0;
        struct bytes part;
        for (; text.at[i] != '-' && text.at[i] != '}'; i++)
            level = level * 10 + text.at[i] - '0';
        bool rest = text.at[i] == '-';
        i += rest;
        check(level >= 1 && level <= TOPICS_DEPTH_MAX && text.at[i] == '}');
        if (!plain_level(topic, level, rest, &part))
            return false;
        plain_put(out, part);
    }
    return true;
}

static void compare(struct bytes text, const struct topic_template *path_template,
                    struct bytes topic)
{
    static uint8_t storage[OUT_MAX];
    struct plain plain = {.at = storage};
    size_t size = 0;
    bool there = plain_apply(text, topic, &plain);
    uint8_t *out = malloc(plain.size + 1);
    check(out);
    enum err err = topic_template_apply(path_template, topic, out, plain.size, &size);
    check(err == (there ? OK : ERR_MISSING));
    check(!there || bytes_equal(bytes_of(out, size), bytes_of(plain.at, plain.size)));
    check(!path_template->plain || bytes_equal(bytes_of(out, size), topic));
    free(out);
    if (there && plain.size > 0) { /* of exactly this size, so that a byte too many is seen */
        out = malloc(plain.size);
        check(out);
        check(topic_template_apply(path_template, topic, out, plain.size - 1, &size) == ERR_LIMIT);
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct topic_template path_template;
    if (size == 0)
        return 0;
    size_t text_size = data[0] < size - 1 ? data[0] : size - 1;
    struct bytes text = bytes_of(data + 1, text_size);
    struct bytes topic = bytes_of(data + 1 + text_size, size - 1 - text_size);
    const char *fault = topic_template_parse(text, &path_template);
    check(!fault || strlen(fault) > 0);
    if (!fault && topic.size <= 2048)
        compare(text, &path_template, topic);
    return 0;
}
