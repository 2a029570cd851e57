/* The words of a question: parameters of a GET, or members of a POST's body. */
#include "web/ask.h"
#include "web/points.h"

#include <stdlib.h>
#include <string.h>

#define BODY_VALUES_MOST 32768

#define BODY_MOST ((size_t)256 << 10) /* more would keep the thread for too long */

#define POINT_PARAMETERS                                                                           \
    {"path", "string", "path of a point", true}, {"point", "integer", "number of a point", true},  \
        {"match", "string", "pattern of paths, as plant/+/temp or plant/#", true},                 \
    {                                                                                              \
        "label", "string", "name:value, or name alone; several must all hold", true                \
    }
#define RANGE_PARAMETERS                                                                           \
    {"from", "string",                                                                             \
     "where the range begins: RFC 3339, a number since 1970, now, now-7d or -1h (units ms s m h "  \
     "d "                                                                                          \
     "w); -1h unless told",                                                                        \
     false},                                                                                       \
    {                                                                                              \
        "to", "string", "where it ends, itself not in it; now unless told", false                  \
    }
#define FORMAT_PARAMETERS                                                                          \
    {"format", "json|csv|ndjson", "of the answer; json unless told", false},                       \
    {                                                                                              \
        "times", "text|s|ms|us|ns", "how times are written: RFC 3339 (text) unless told", false    \
    }
#define LAST_PARAMETER                                                                             \
    {                                                                                              \
        NULL, NULL, NULL, false                                                                    \
    }

const struct parameter ask_samples_parameters[] = {
    POINT_PARAMETERS,
    RANGE_PARAMETERS,
    {"limit", "integer", "samples in all: 1 to 10,000,000; 10,000 unless told", false},
    {"order", "oldest|newest", "which come first; oldest unless told", false},
    {"arrival", "boolean", "with the lateness in s as well", false},
    FORMAT_PARAMETERS,
    LAST_PARAMETER};
const struct parameter ask_buckets_parameters[] = {
    POINT_PARAMETERS,
    RANGE_PARAMETERS,
    {"step", "string",
     "of the buckets: 250ms, 10s, 5m, 1h fixed; 1d, 1w, 1mo, 1y of the calendar of zone", false},
    {"count", "integer", "so many equal buckets instead: 1 to 1,000,000", false},
    {"zone", "string", "time zone of calendar steps, as Asia/Shanghai; UTC unless told", false},
    {"aggregates", "string",
     "some of count, sum, min, max, mean, time_mean, first, last, stddev, pNN, separated by "
     "commas; mean unless told",
     false},
    {"fill", "none|null|previous|linear", "what empty buckets are; none, left out, unless told",
     false},
    {"by", "string", "what is folded together: path (unless told), all, level:N or label:NAME",
     false},
    FORMAT_PARAMETERS,
    LAST_PARAMETER};
const struct parameter ask_trend_parameters[] = {
    POINT_PARAMETERS,
    RANGE_PARAMETERS,
    {"width", "integer", "of the screen in pixels: 1 to 10,000; 1,000 unless told", false},
    {"method", "m4|lttb", "m4 unless told: the line drawn is that of all samples", false},
    FORMAT_PARAMETERS,
    LAST_PARAMETER};
const struct parameter ask_last_parameters[] = {
    POINT_PARAMETERS,
    {"at", "string", "the last sample at this time or before; now unless told", false},
    FORMAT_PARAMETERS,
    LAST_PARAMETER};

static const struct parameter *const parameters_of[] = {[QUERY_SAMPLES] = ask_samples_parameters,
                                                        [QUERY_BUCKETS] = ask_buckets_parameters,
                                                        [QUERY_TREND] = ask_trend_parameters,
                                                        [QUERY_LATEST] = ask_last_parameters};

/* ---- words ------------------------------------------------------------------------------------
 */
/* A JSON value as the text a parameter would be; false: it cannot be one. */
static bool json_word(struct ask *ask, const json_t *value, struct bytes *ret_word)
{
    if (json_is_string(value)) {
        *ret_word = bytes_of(json_string_value(value), json_string_length(value));
        return true;
    }
    if (json_is_integer(value)) {
        int size =
            snprintf(ask->digits, sizeof ask->digits, "%lld", (long long)json_integer_value(value));
        *ret_word = bytes_of(ask->digits, (size_t)size);
        return true;
    }
    if (json_is_real(value)) {
        *ret_word = bytes_of(ask->digits, real_text_put(ask->digits, json_real_value(value)));
        return true;
    }
    *ret_word = bytes_text(json_is_true(value) ? "true" : "false");
    return json_is_boolean(value);
}

/* The index-th word of this name, until the next call. A member that is no array is the first. */
static bool word_at(struct ask *ask, const char *name, size_t index, struct bytes *ret_word)
{
    if (ask->body == NULL)
        return query_text_at(ask->exchange, name, (uint32_t)index, ret_word);
    const json_t *member = json_object_get(ask->body, name);
    if (json_is_array(member))
        member = json_array_get(member, index);
    else if (index > 0)
        return false;
    return member != NULL && json_word(ask, member, ret_word);
}

static bool word_get(struct ask *ask, const char *name, struct bytes *ret_word)
{
    return word_at(ask, name, 0, ret_word);
}

static bool wrong(struct ask *ask, const char *name, const char *wanted, struct bytes found)
{
    answer_parameter(ask->exchange, name, wanted, found);
    return false;
}

/* One of "a|b|c": its place. */
static bool word_choice(struct ask *ask, const char *name, const char *choices, unsigned *ret_place)
{
    struct bytes word;
    char wanted[80];
    if (!word_get(ask, name, &word))
        return true;
    unsigned place = 0;
    for (const char *at = choices;; place++) {
        size_t size = strcspn(at, "|");
        if (bytes_equal(word, bytes_of(at, size))) {
            *ret_place = place;
            return true;
        }
        if (at[size] == '\0')
            break;
        at += size + 1;
    }
    snprintf(wanted, sizeof wanted, "one of %s", choices);
    return wrong(ask, name, wanted, word);
}

static bool word_count(struct ask *ask, const char *name, uint64_t least, uint64_t most,
                       uint64_t *ret_count)
{
    struct bytes word;
    char wanted[80];
    uint64_t count = 0;
    if (!word_get(ask, name, &word))
        return true;
    bool valid = word.size > 0 && word.size <= 18;
    for (size_t i = 0; valid && i < word.size; i++) {
        valid = word.at[i] >= '0' && word.at[i] <= '9';
        count = count * 10 + (uint64_t)(word.at[i] - '0');
    }
    if (valid && count >= least && count <= most) {
        *ret_count = count;
        return true;
    }
    snprintf(wanted, sizeof wanted, "a whole number from %llu to %llu", (unsigned long long)least,
             (unsigned long long)most);
    return wrong(ask, name, wanted, word);
}

static bool word_flag(struct ask *ask, const char *name, bool *ret_flag)
{
    struct bytes word;
    if (!word_get(ask, name, &word))
        return true;
    *ret_flag = bytes_equal(word, bytes_text("true")) || bytes_equal(word, bytes_text("1")) ||
                word.size == 0;
    return *ret_flag || bytes_equal(word, bytes_text("false")) ||
           bytes_equal(word, bytes_text("0")) || wrong(ask, name, "true or false", word);
}

static bool word_time(struct ask *ask, const char *name, int64_t *ret_ns)
{
    struct bytes word;
    return !word_get(ask, name, &word) || query_time_parse(word, ask->request.now_ns, ret_ns) ||
           wrong(ask, name,
                 "a time from 1970 to 2200 (RFC 3339, a number since 1970, now, now-7d or -1h)",
                 word);
}

/* ---- the body ---------------------------------------------------------------------------------
 */
static const struct parameter *parameter_of(enum query_question kind, const char *name)
{
    for (const struct parameter *p = parameters_of[kind]; p->name != NULL; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static bool member_is_word(const json_t *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static bool body_refuse(struct ask *ask, const char *name, const char *why)
{
    struct bytes text = bytes_text(name);
    answer_problem(ask->exchange, 422, "question_invalid", "the question is not one", "%.*s: %s",
                   detail_size(text), name, why);
    return false;
}

static bool body_read(struct ask *ask, enum query_question kind)
{
    const char *name;
    json_t *member, *item;
    size_t i;
    ask->body = body_json_within(ask->exchange, BODY_MOST, BODY_VALUES_MOST);
    if (ask->body == NULL)
        return false;
    if (!json_is_object(ask->body))
        return body_refuse(ask, "the body", "a JSON object is wanted");
    json_object_foreach(ask->body, name, member)
    {
        const struct parameter *parameter = parameter_of(kind, name);
        if (parameter == NULL)
            return body_refuse(ask, name,
                               "there is no such member; they are named as the "
                               "parameters of the GET");
        if (member_is_word(member))
            continue;
        if (!json_is_array(member) || (!parameter->repeats && strcmp(name, "aggregates") != 0))
            return body_refuse(ask, name,
                               parameter->repeats ? "a text, a number or an array of them is wanted"
                                                  : "a text, a number, true or false is wanted");
        json_array_foreach(member, i, item)
        {
            if (!member_is_word(item))
                return body_refuse(ask, name, "an array of texts or numbers is wanted");
        }
    }
    return true;
}

/* ---- which points -----------------------------------------------------------------------------
 */
/* The words of a name in turn: one walk through the query, which is decoded from its beginning each
 * time it is asked for an index. */
struct word_walk {
    size_t offset, index;
};

static bool word_next(struct ask *ask, const char *name, struct word_walk *walk,
                      struct bytes *ret_word)
{
    struct exchange *exchange = ask->exchange;
    struct bytes found;
    if (ask->body != NULL)
        return word_at(ask, name, walk->index++, ret_word);
    while (http_query_next(exchange->request->query, &walk->offset, exchange->scratch,
                           sizeof exchange->scratch, &found, ret_word))
        if (bytes_equal(found, bytes_text(name)))
            return true;
    return false;
}

static size_t words_count(struct ask *ask, const char *name)
{
    struct bytes word;
    struct word_walk walk = {0};
    size_t count = 0;
    if (ask->body != NULL) {
        const json_t *member = json_object_get(ask->body, name);
        return json_is_array(member) ? json_array_size(member) : member != NULL;
    }
    while (word_next(ask, name, &walk, &word))
        count++;
    return count;
}

/* Words of a body are its own; those of a query are decoded anew with each look. */
static struct bytes word_keep(struct ask *ask, struct bytes word)
{
    if (ask->body != NULL && (const char *)word.at != ask->digits)
        return word;
    if (ask->text_capacity - ask->text_used < word.size)
        return bytes_of(NULL, 0);
    uint8_t *at = ask->text + ask->text_used;
    if (word.size > 0)
        memcpy(at, word.at, word.size);
    ask->text_used += word.size;
    return bytes_of(at, word.size);
}

static bool texts_read(struct ask *ask, const char *name, struct bytes **ret_list,
                       size_t *ret_count)
{
    size_t count = words_count(ask, name);
    struct bytes *list = calloc(count + 1, sizeof *list);
    struct word_walk walk = {0};
    *ret_list = list;
    for (size_t i = 0; list != NULL && i < count; i++) {
        struct bytes word;
        if (!word_next(ask, name, &walk, &word))
            break;
        list[i] = word_keep(ask, word);
        if (list[i].at == NULL)
            return wrong(ask, name, "a text", word);
        *ret_count = i + 1;
    }
    if (list == NULL)
        answer_problem(ask->exchange, 503, "memory", NULL, "there is no memory: try again");
    return list != NULL;
}

static bool points_read(struct ask *ask)
{
    size_t count = words_count(ask, "point");
    struct word_walk walk = {0};
    ask->points = calloc(count + 1, sizeof *ask->points);
    if (ask->points == NULL) {
        answer_problem(ask->exchange, 503, "memory", NULL, "there is no memory: try again");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct bytes word;
        uint64_t number = 0;
        if (!word_next(ask, "point", &walk, &word))
            break;
        bool valid = word.size > 0 && word.size <= 10;
        for (size_t j = 0; valid && j < word.size; j++) {
            valid = word.at[j] >= '0' && word.at[j] <= '9';
            number = number * 10 + (uint64_t)(word.at[j] - '0');
        }
        if (!valid || number == 0 || number > UINT32_MAX)
            return wrong(ask, "point", "the number of a point", word);
        ask->points[ask->point_count++] = (uint32_t)number;
    }
    return true;
}

/* name, or name:value; a name with a colon cannot be told from that. */
static bool labels_read(struct ask *ask)
{
    size_t count = 0;
    struct bytes *words = NULL;
    bool read = texts_read(ask, "label", &words, &count);
    ask->labels = read ? calloc(count + 1, sizeof *ask->labels) : NULL;
    for (size_t i = 0; ask->labels != NULL && i < count && read; i++) {
        const uint8_t *colon = words[i].size > 0 ? memchr(words[i].at, ':', words[i].size) : NULL;
        size_t name = colon != NULL ? (size_t)(colon - words[i].at) : words[i].size;
        ask->labels[i].name = bytes_of(words[i].at, name);
        ask->labels[i].value =
            colon != NULL ? bytes_of(colon + 1, words[i].size - name - 1) : bytes_of("", 0);
        if (name == 0)
            read = wrong(ask, "label", "a name, or name:value", words[i]);
        ask->label_count++;
    }
    if (read && ask->labels == NULL)
        answer_problem(ask->exchange, 503, "memory", NULL, "there is no memory: try again");
    free(words);
    return read && ask->labels != NULL;
}

static bool which_read(struct ask *ask)
{
    ask->text_capacity = ask->body == NULL ? ask->exchange->request->query.size : 4096;
    ask->text = malloc(ask->text_capacity + 1);
    if (ask->text == NULL) {
        answer_problem(ask->exchange, 503, "memory", NULL, "there is no memory: try again");
        return false;
    }
    return texts_read(ask, "path", &ask->paths, &ask->path_count) && points_read(ask) &&
           texts_read(ask, "match", &ask->matches, &ask->match_count) && labels_read(ask);
}

/* ---- which times, and how ---------------------------------------------------------------------
 */
static bool range_read(struct ask *ask)
{
    struct query_request *request = &ask->request;
    request->to_ns = request->now_ns;
    request->from_ns = request->now_ns - 3600 * NS_PER_S;
    if (!word_time(ask, "from", &request->from_ns) || !word_time(ask, "to", &request->to_ns))
        return false;
    if (request->from_ns <= request->to_ns)
        return true;
    answer_problem(ask->exchange, 400, "parameter", "a parameter is wrong",
                   "the range ends before it begins: from is to be before to");
    return false;
}

static bool format_read(struct ask *ask)
{
    unsigned format = QUERY_JSON, times = QUERY_TEXT;
    if (!word_choice(ask, "format", "json|csv|ndjson", &format) ||
        !word_choice(ask, "times", "text|s|ms|us|ns", &times))
        return false;
    ask->request.format = (enum query_format)format;
    ask->request.times = (enum query_times)times;
    return true;
}

static bool samples_read_words(struct ask *ask)
{
    unsigned order = 0;
    ask->request.limit = 10000;
    bool read = range_read(ask) &&
                word_count(ask, "limit", 1, QUERY_SAMPLES_MAX, &ask->request.limit) &&
                word_choice(ask, "order", "oldest|newest", &order) &&
                word_flag(ask, "arrival", &ask->request.arrival);
    ask->request.newest = order == 1;
    return read;
}

static bool step_read(struct ask *ask)
{
    struct bytes word;
    uint64_t count = 0;
    bool steps = word_get(ask, "step", &word);
    if (steps && !query_step_parse(word, &ask->request.step))
        return wrong(ask, "step", "a number and one of ms, s, m, h, d, w, mo, y, as 5m,", word);
    if (!word_count(ask, "count", 1, 1000000, &count))
        return false;
    ask->request.count = (uint32_t)count;
    if (steps != (count > 0))
        return true;
    answer_problem(ask->exchange, 400, "parameter", "a parameter is wrong",
                   "step or count: one of them is wanted, and %s",
                   steps ? "both are there" : "there is none");
    return false;
}

static bool aggregates_read(struct ask *ask)
{
    char joined[256];
    size_t used = 0, count = words_count(ask, "aggregates");
    struct bytes word = bytes_text("mean");
    for (size_t i = 0; i < count; i++) { /* an array is the same as commas */
        if (!word_at(ask, "aggregates", i, &word))
            break;
        if (used + word.size + 1 >= sizeof joined)
            return wrong(ask, "aggregates", "sixteen aggregates at most", word);
        if (i > 0)
            joined[used++] = ',';
        if (word.size > 0)
            memcpy(joined + used, word.at, word.size);
        used += word.size;
    }
    word = count > 0 ? bytes_of(joined, used) : bytes_text("mean");
    const char *wanted =
        query_aggregates_parse(word, ask->request.aggregates, &ask->request.aggregate_count);
    return wanted == NULL || wrong(ask, "aggregates", wanted, word);
}

static bool by_read(struct ask *ask)
{
    struct bytes word;
    struct query_request *request = &ask->request;
    if (!word_get(ask, "by", &word) || bytes_equal(word, bytes_text("path")))
        return true;
    if (bytes_equal(word, bytes_text("all"))) {
        request->by = QUERY_BY_ALL;
        return true;
    }
    if (word.size > 6 && word.size <= 8 && memcmp(word.at, "level:", 6) == 0) {
        unsigned level = 0;
        for (size_t i = 6; i < word.size && level < 100; i++)
            level = word.at[i] >= '0' && word.at[i] <= '9' ? level * 10 + word.at[i] - '0' : 100;
        request->by = QUERY_BY_LEVEL;
        request->level = (uint8_t)level;
        if (level >= 1 && level <= PATH_DEPTH_MAX)
            return true;
    }
    if (word.size > 6 && word.size <= 6 + LABEL_BYTES_MAX && memcmp(word.at, "label:", 6) == 0) {
        request->by = QUERY_BY_LABEL;
        memcpy(ask->group_text, word.at + 6, word.size - 6);
        ask->group = bytes_of(ask->group_text, word.size - 6);
        return true;
    }
    return wrong(ask, "by", "path, all, level:1 to level:16, or label:NAME", word);
}

static bool buckets_read_words(struct ask *ask)
{
    struct bytes word;
    unsigned fill = QUERY_FILL_NONE;
    if (!range_read(ask) || !step_read(ask) || !aggregates_read(ask) || !by_read(ask) ||
        !word_choice(ask, "fill", "none|null|previous|linear", &fill))
        return false;
    ask->request.fill = (enum query_fill)fill;
    if (!word_get(ask, "zone", &word))
        return true;
    if (word.size >= QUERY_ZONE_SIZE || (word.size > 0 && memchr(word.at, 0, word.size) != NULL))
        return wrong(ask, "zone", "the name of a time zone, as Europe/Berlin", word);
    if (word.size > 0)
        memcpy(ask->request.zone, word.at, word.size);
    return true;
}

static bool trend_read_words(struct ask *ask)
{
    uint64_t width = 1000;
    unsigned method = QUERY_M4;
    bool read = range_read(ask) && word_count(ask, "width", 1, QUERY_WIDTH_MAX, &width) &&
                word_choice(ask, "method", "m4|lttb", &method);
    ask->request.width = (uint32_t)width;
    ask->request.method = (enum query_method)method;
    return read;
}

static bool last_read_words(struct ask *ask)
{
    ask->request.to_ns = ask->request.now_ns;
    return word_time(ask, "at", &ask->request.to_ns);
}

bool ask_read(struct ask *ask, enum query_question kind)
{
    static bool (*const readers[])(struct ask *) = {[QUERY_SAMPLES] = samples_read_words,
                                                    [QUERY_BUCKETS] = buckets_read_words,
                                                    [QUERY_TREND] = trend_read_words,
                                                    [QUERY_LATEST] = last_read_words};
    struct clock *clock = ask->exchange->web->config.clock;
    ask->request.kind = kind;
    ask->request.now_ns = clock->wall_ns(clock);
    if (ask->exchange->request->verb == HTTP_VERB_POST && !body_read(ask, kind))
        return false;
    return which_read(ask) && format_read(ask) && readers[kind](ask);
}
